// Package hardware describes what machines can do and what they cost: devices, links, systems, prices, sites.
//
// The types are read from TOML files that people edit ([DecodeDevices], [Overlay], [DecodeInstances]); every value keeps
// its source. What nobody knows is absent from the files and zero here: zero always means unknown, except in a table of
// rates, where it means that the format is not supported. Nothing here knows about models.
package hardware

import (
	"fmt"
	"strings"

	"roofline/hardware/dtype"
	"roofline/hardware/unit"
)

// Kind is the sort of a device.
type Kind string

// The kinds of devices.
const (
	GPU Kind = "gpu"
	CPU Kind = "cpu"
	TPU Kind = "tpu"
	NPU Kind = "npu"
)

// UnmarshalText reads gpu, cpu, tpu or npu.
func (k *Kind) UnmarshalText(text []byte) error {
	switch v := Kind(text); v {
	case GPU, CPU, TPU, NPU:
		*k = v
		return nil
	}
	return fmt.Errorf("unknown kind %q: want gpu, cpu, tpu or npu", text)
}

// Rates are peak rates by arithmetic format, indexed by dtype.DType; 0 means the format is not supported.
type Rates [dtype.ArithmeticCount]unit.FLOPRate

// Of returns the rate of an arithmetic format, 0 if unsupported.
func (r *Rates) Of(d dtype.DType) unit.FLOPRate {
	if int(d) >= len(r) {
		return 0
	}
	return r[d]
}

// Device is one accelerator or processor, as its datasheet describes it.
type Device struct {
	ID           string      `toml:"-"` // the table's name: vendor-product-variant
	Name         string      `toml:"name"`
	Kind         Kind        `toml:"kind"`
	Architecture string      `toml:"architecture"`  // id of an [Architecture]: efficiencies of devices never measured
	FormFactor   string      `toml:"form-factor"`   // sxm, oam, pcie, superchip, mobile, socket, soc, board; "" if unknown
	Released     string      `toml:"released,date"` // date, as precise as known: 2022-09-20, 2022-09, 2022
	Memory       Memory      `toml:"memory"`
	Cache        Cache       `toml:"cache"`
	Cores        Cores       `toml:"cores"`
	Matrix       Rates       `toml:"matrix"`                 // dense peak of the matrix units, fp32 (or int32) accumulate
	MatrixFP16   Rates       `toml:"matrix-fp16-accumulate"` // likewise with fp16 accumulate, where it differs
	Vector       Rates       `toml:"vector"`                 // peak of the vector units
	Links        []Link      `toml:"link"`                   // fastest first
	Power        Power       `toml:"power"`
	Efficiency   Efficiency  `toml:"efficiency"` // where it was measured on this very device; see [Efficiency.Or]
	Purchase     Offer       `toml:"purchase"`   // what one costs to buy
	Note         string      `toml:"note"`
	Source       string      `toml:"source"` // keys of the sources of every value, joined by ";", except:
	Origins      Origins     `toml:"sources"`
	Accepted     Acceptances `toml:"accepted"`
}

// Memory is the device's main memory.
type Memory struct {
	Capacity  unit.Bytes    `toml:"capacity"` // as the driver reports it; 0 if not known
	Nominal   unit.Bytes    `toml:"nominal"`  // the label on the box; 0 if it depends on the machine (CPUs)
	Bandwidth unit.ByteRate `toml:"bandwidth"`
	Kind      string        `toml:"kind"`
}

// Usable returns the capacity a program finds: the driver's figure where known, else the label's, with reported false.
func (m Memory) Usable() (b unit.Bytes, reported bool) {
	if m.Capacity > 0 {
		return m.Capacity, true
	}
	return m.Nominal, false
}

// Cache is the on-chip memory shared by all cores.
type Cache struct {
	LastLevel unit.Bytes `toml:"last-level"`
}

// Cores are the units work is spread over: streaming multiprocessors, compute units, tensor cores, CPU cores.
type Cores struct {
	Count       int        `toml:"count"`
	Threads     int        `toml:"threads"`      // hardware threads of a CPU; 0 if unknown
	TensorClock unit.Hertz `toml:"tensor-clock"` // what the peaks assume, where that is not the boost clock
	BoostClock  unit.Hertz `toml:"boost-clock"`
}

// Link connects a device to others. Bandwidth is of one direction.
type Link struct {
	Kind      string        `toml:"kind"`     // nvlink4, xgmi, pcie5, ethernet …
	Topology  string        `toml:"topology"` // switch, mesh, ring, torus, host; "" if unknown
	Bandwidth unit.ByteRate `toml:"bandwidth"`
	Domain    int           `toml:"domain"` // how many devices it connects at full speed; 0: unknown, see [Device.LinkOf]
}

// hostDevices is how many devices a link of unknown reach is taken to connect: those in one host.
const hostDevices = 8

// LinkOf returns the fastest link that connects n of the devices to each other; ok is false where none is known to.
func (d *Device) LinkOf(n int) (l Link, ok bool) {
	for _, l := range d.Links {
		reach := l.Domain
		if reach == 0 {
			reach = hostDevices
		}
		if l.Bandwidth > 0 && reach >= n {
			return l, true
		}
	}
	return Link{}, false
}

// Power is what the device draws.
type Power struct {
	TDP  unit.Watts `toml:"tdp"`
	Idle unit.Watts `toml:"idle"`
}

// Offer is a purchase price and what it is of.
type Offer struct {
	Price unit.USD `toml:"price"`
	Basis string   `toml:"basis"`
	Date  string   `toml:"date,date"`
}

// Status says how well a value is founded.
type Status string

// The states of a value.
const (
	Published  Status = "published"  // printed by the vendor or by a source that cites it
	Derived    Status = "derived"    // computed from published values
	Measured   Status = "measured"   // measured by a named benchmark
	Fitted     Status = "fitted"     // solved for from measurements
	Assumed    Status = "assumed"    // a guess with a reason
	Unverified Status = "unverified" // from memory
)

// Origin says where one value comes from: written ["source-key", "status"] in TOML.
type Origin struct {
	Field  string // dotted, such as "memory.capacity"
	Source string
	Status Status
}

// Origins are the exceptions to a device's default source, in the order of the file.
type Origins []Origin

// covers reports whether the origin is that of a field or of the table it is in.
func (o Origin) covers(field string) bool {
	return field == o.Field || strings.HasPrefix(field, o.Field+".")
}

// Of returns the origin of a field: the most specific exception, or the default source as published.
func (d *Device) Of(field string) Origin { return d.Origins.Of(field, d.Source) }

// Of returns the most specific of the origins of a field, or the default source as published.
func (os Origins) Of(field, source string) Origin {
	best := Origin{Field: field, Source: source, Status: Published}
	longest := -1
	for _, o := range os {
		if o.covers(field) && len(o.Field) > longest {
			best, longest = Origin{Field: field, Source: o.Source, Status: o.Status}, len(o.Field)
		}
	}
	return best
}

// Peak returns the dense peak of an arithmetic format with 32-bit accumulation: the matrix units' where they support
// it, else the vector units'. 0 means the device lacks the format.
func (d *Device) Peak(f dtype.DType) unit.FLOPRate {
	return max(d.Matrix.Of(f), d.Vector.Of(f))
}

// VectorPeak returns the rate of elementwise work in format f: that of fp32 where f has no vector rate of its own.
func (d *Device) VectorPeak(f dtype.DType) unit.FLOPRate {
	if r := d.Vector.Of(f); r > 0 {
		return r
	}
	if r := d.Vector.Of(dtype.FP32); r > 0 {
		return r
	}
	return d.Vector.Of(dtype.FP16)
}

// Formats returns the arithmetic formats the device supports, in table order.
func (d *Device) Formats() []dtype.DType {
	var out []dtype.DType
	for _, f := range dtype.Arithmetics {
		if d.Peak(f) > 0 {
			out = append(out, f)
		}
	}
	return out
}

// RidgePoint returns the arithmetic intensity above which format f is compute-bound: peak ÷ memory bandwidth.
func (d *Device) RidgePoint(f dtype.DType) unit.Intensity {
	return d.Peak(f).Per(d.Memory.Bandwidth)
}

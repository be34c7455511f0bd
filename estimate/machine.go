// Package estimate predicts what a model does on a machine: time and what limits it, memory and whether it fits, and
// how fast and dear that makes it.
//
// The time of one operation is the roofline's: the longer of computing and moving data, each at the rate the machine
// sustains, plus what launching costs ([Machine.Op]). [Machine.Bound] is the floor no implementation gets under.
package estimate

import (
	"cmp"
	"fmt"
	"strings"

	"roofline/estimate/parallel"
	"roofline/estimate/runtime"
	"roofline/hardware"
	"roofline/hardware/dtype"
	"roofline/hardware/unit"
	"roofline/model"
)

// Limit says what decides a time.
type Limit uint8

// What can limit an operation.
const (
	Compute Limit = iota
	MemoryBandwidth
	Communication
	Overhead
	limitCount
)

var limitNames = [limitCount]string{"compute", "memory", "communication", "overhead"}

func (l Limit) String() string { return limitNames[l] }

// MarshalText writes the limit's name.
func (l Limit) MarshalText() ([]byte, error) { return []byte(limitNames[l]), nil }

// UnmarshalText reads a limit's name.
func (l *Limit) UnmarshalText(text []byte) error {
	for i, name := range limitNames {
		if name == string(text) {
			*l = Limit(i)
			return nil
		}
	}
	return fmt.Errorf("unknown limit %q", text)
}

// Machine is one device as a runtime drives it: all that the time of an operation depends on, resolved to plain
// numbers once, so that an estimate neither looks anything up nor allocates.
type Machine struct {
	Device  *hardware.Device
	Runtime *runtime.Profile
	Fabric  parallel.Fabric // what connects the devices of a replica

	peak        [dtype.ArithmeticCount]unit.FLOPRate                   // dense, published
	matrix      [model.ClassCount][dtype.ArithmeticCount]unit.FLOPRate // attainable
	vector      [model.ClassCount]unit.FLOPRate                        // attainable
	bandwidth   [model.ClassCount]unit.ByteRate                        // attainable
	cacheGain   float64                                                // 1 - memory bandwidth / cache bandwidth
	rows        unit.ByteRate                                          // at which cores read for products of few rows; 0: as the memory delivers
	sharedUnits bool                                                   // matrix and vector work run on the same units
	exposed     float64                                                // share of the shorter of compute and memory that shows
	floor       unit.Seconds
	launch      unit.Seconds
	cores       float64

	tiles     []runtime.Tile
	fill      float64 // elements of K
	splitK    unit.Seconds
	convert   runtime.Convert
	attention runtime.Attention
	blocked   bool // attention kernels work in blocks
	async     bool // and multiply while they do other things

	exponentials float64 // per second
}

// FormatError says that a device can't compute in a number format.
type FormatError struct {
	Device *hardware.Device
	Format dtype.DType
}

func (e *FormatError) Error() string {
	var has []string
	for _, f := range e.Device.Formats() {
		has = append(has, f.String())
	}
	if len(has) == 0 {
		return fmt.Sprintf("%s: no dense peak is known in any number format", e.Device.ID)
	}
	return fmt.Sprintf("%s has no %s arithmetic: it has %s", e.Device.ID, e.Format, strings.Join(has, ", "))
}

// NewMachine resolves what device d sustains under runtime p, with the efficiencies e of its architecture.
// Formats are those the work will be computed in; an unsupported one is a [*FormatError].
func NewMachine(d *hardware.Device, e hardware.Efficiency, p *runtime.Profile, formats ...dtype.DType) (*Machine, error) {
	for _, f := range formats {
		if d.Peak(f) == 0 {
			return nil, &FormatError{d, f}
		}
	}
	if d.Memory.Bandwidth == 0 {
		return nil, fmt.Errorf("%s: its memory bandwidth is not known", d.ID)
	}
	if p.Ideal {
		e = hardware.Efficiency{Default: 1, Bandwidth: 1}
	}
	m := &Machine{
		Device: d, Runtime: p,
		sharedUnits: d.Matrix == hardware.Rates{},
		exposed:     1 - p.Overlap,
		floor:       e.KernelFloor,
		launch:      p.Launch,
		cores:       float64(d.Cores.Count),
		fill:        p.Fill,
		splitK:      p.SplitK,
		convert:     p.Convert,
		attention:   p.Attention,
		blocked:     p.Attention != runtime.Attention{},
		async:       e.Asynchronous,
	}
	if m.cores > 0 {
		m.tiles = p.Tiles
		m.exponentials = m.cores * e.Exponentials * float64(cmp.Or(d.Cores.TensorClock, d.Cores.BoostClock))
	}
	m.rows = unit.ByteRate(float64(p.PerClock) * m.cores * float64(max(d.Cores.TensorClock, d.Cores.BoostClock)))
	if e.CacheBandwidth > 1 && d.Cache.LastLevel > 0 {
		m.cacheGain = 1 - 1/e.CacheBandwidth
	}
	for f := range m.peak {
		m.peak[f] = d.Peak(dtype.DType(f))
		if p.HalfAccumulate {
			m.peak[f] = max(m.peak[f], d.MatrixFP16.Of(dtype.DType(f)))
		}
	}
	// Elementwise work is done in fp32 by all runtimes, whatever the tensors are stored in.
	vector := d.VectorPeak(dtype.FP32)
	if vector == 0 { // not published: nothing is known that would make it slower than the rest
		for _, f := range d.Formats() {
			vector = max(vector, d.Peak(f))
		}
	}
	for c := range model.ClassCount {
		class := model.Class(c)
		for f := range m.peak {
			peak := m.peak[f]
			if class == model.DepthwiseConv && !p.Ideal {
				// One filter per channel fills no matrix unit: the vector units do it.
				if v := d.VectorPeak(dtype.DType(f)); v > 0 {
					peak = min(peak, v)
				}
			}
			m.matrix[c][f] = peak * unit.FLOPRate(e.Of(dtype.DType(f))*p.Compute.Of(class))
		}
		m.vector[c] = vector * unit.FLOPRate(e.Default)
		if !class.Products() {
			m.vector[c] *= unit.FLOPRate(p.Compute.Of(class))
		}
		m.bandwidth[c] = d.Memory.Bandwidth * unit.ByteRate(min(1, e.Bandwidth*p.Bandwidth.Of(class)))
	}
	return m, nil
}

// OpTime is the time of one execution of an operation and its parts.
type OpTime struct {
	Total    unit.Seconds
	Compute  unit.Seconds // at the sustained rates
	Memory   unit.Seconds // at the achieved bandwidth
	Overhead unit.Seconds // launch, and what a shortest kernel takes beyond its work
	Limit    Limit
}

// Op returns the time of one execution of w:
//
//	floor + max(compute, memory) + exposed · min(compute, memory) + launch
//
// (decode attention: [Machine.together]) with compute = the time of the multiply-accumulates ([Machine.product]) and of the
// vector FLOPs at the vector rate, one after the other where the same units do both, and memory = bytes ÷ achieved
// bandwidth, of a cache where they are in one ([Machine.cached]). The floor is what the shortest kernel takes. (S. Williams,
// A. Waterman, D. Patterson, "Roofline", CACM 2009, with additive terms for what doesn't overlap.)
func (m *Machine) Op(w *model.Work) OpTime {
	switch w.Class {
	case model.Free, model.Unknown:
		return OpTime{}
	case model.Collective:
		return m.collective(w)
	}
	c := w.Class
	var compute unit.Seconds
	if w.MACs > 0 {
		compute = m.product(w)
	}
	bytes := w.Bytes()
	if c == model.Attention {
		compute, bytes = m.attend(w, compute)
	}
	if v := w.VectorFLOPs(); v > 0 {
		t := v.At(m.vector[c])
		if m.sharedUnits {
			compute += t
		} else {
			compute = max(compute, t)
		}
	}
	memory := (bytes + m.again(w) - m.cached(w) + w.Weights*unit.Bytes(m.passes(w)-1)).At(m.bandwidth[c])
	if c == model.MatMul && w.M <= runtime.FewRows && m.rows > 0 {
		memory = max(memory, bytes.At(m.rows))
	}
	t := OpTime{Compute: compute, Memory: memory, Overhead: m.floor + m.launch, Limit: Compute}
	if memory >= compute {
		t.Limit = MemoryBandwidth
	}
	switch c {
	case model.Attention:
		t.Overhead += m.setup(w)
	case model.MatMul:
		t.Overhead += m.conversion(w)
	}
	if m.Runtime.Expand && c == model.MatMul && w.Weights > 0 && w.M > runtime.FewRows && w.Stored.Bits() < w.Format.Bits() {
		t.Overhead += unit.Bytes(w.K * w.N * w.Groups * w.Format.Size() * m.passes(w)).At(m.bandwidth[c])
	}
	work := m.together(w, compute, memory)
	t.Total = work + t.Overhead
	if t.Overhead > work {
		t.Limit = Overhead
	}
	return t
}

// onePass is how many elements a kernel can keep at hand to normalise them together; more are read twice, once for their
// statistics.
const onePass = 16384

// again returns the bytes that a norm over many elements reads a second time.
func (m *Machine) again(w *model.Work) unit.Bytes {
	if w.Class != model.Normalization || w.K <= onePass || m.Runtime.Ideal {
		return 0
	}
	return w.Read
}

// cached returns the bytes that the last-level cache spares the memory: activations stay there from one operation to the
// next, all of them where an operation's fit, none where it moves twice what fits. They take the cache's time in the place
// of the memory's.
func (m *Machine) cached(w *model.Work) unit.Bytes {
	moved := w.Read + w.Write
	if m.cacheGain == 0 || moved == 0 {
		return 0
	}
	resident := min(1, max(0, 2-float64(moved/m.Device.Cache.LastLevel)))
	return moved * unit.Bytes(resident*m.cacheGain)
}

// conversion returns the time of a kernel before a product that quantises its activations, or unpacks its weights.
func (m *Machine) conversion(w *model.Work) unit.Seconds {
	t := m.convert.Of(w.Stored)
	if t > 0 && w.Format.Bits() <= 8 {
		// The activations are read in their own format, and written and read in that of the product.
		t += (w.Read + unit.Bytes(2*w.M*w.K*w.Groups*w.Format.Size())).At(m.bandwidth[w.Class])
	}
	return t
}

// collective returns the time of a collective over w.N devices that leaves w.Write bytes on each: [parallel.Fabric.Time].
func (m *Machine) collective(w *model.Work) OpTime {
	total, wire := m.Fabric.Time(w.Kind, int(w.N), w.Write)
	return OpTime{Total: total, Memory: wire, Overhead: total - wire, Limit: Communication}
}

// Times sums the times of a list of work and says what limits it: the limit with the largest share.
func (m *Machine) Times(ws []model.Work) (total unit.Seconds, limit Limit) {
	var by [limitCount]unit.Seconds
	for i := range ws {
		w := &ws[i]
		t := m.Op(w)
		d := t.Total * unit.Seconds(w.Count)
		total += d
		by[t.Limit] += d
	}
	for l := range by {
		if by[l] > by[limit] {
			limit = Limit(l)
		}
	}
	return total, limit
}

// Bound returns the floor of one execution of ws: the larger of its multiply-accumulates at the dense peaks of their
// formats and the compulsory bytes at the published bandwidth, plus its collectives' messages at the links' published
// bandwidth. Compulsory are the weights and the KV cache once, and what goes in and comes out; what the last-level
// cache could hold from run to run is taken off.
func (m *Machine) Bound(ws []model.Work, compulsory unit.Bytes) unit.Seconds {
	var compute, wire unit.Seconds
	for i := range ws {
		compute += m.computeFloor(&ws[i])
		wire += m.wireFloor(&ws[i])
	}
	return max(compute, m.memoryFloor(compulsory)) + wire
}

// computeFloor returns the time of w's multiply-accumulates, all executions, at the dense peak.
func (m *Machine) computeFloor(w *model.Work) unit.Seconds {
	if w.MACs == 0 {
		return 0
	}
	return unit.FLOPs(2 * w.MACs * w.Count).At(m.peak[m.arithmetic(w)])
}

// memoryFloor returns the time to move compulsory bytes, less what the last-level cache could have kept.
func (m *Machine) memoryFloor(compulsory unit.Bytes) unit.Seconds {
	return max(compulsory-m.Device.Cache.LastLevel, 0).At(m.Device.Memory.Bandwidth)
}

// wireFloor returns the floor of a collective, all executions: [parallel.Fabric.Floor].
func (m *Machine) wireFloor(w *model.Work) unit.Seconds {
	if w.Class != model.Collective {
		return 0
	}
	return m.Fabric.Floor(w.Kind, int(w.N), w.Write) * unit.Seconds(w.Count)
}

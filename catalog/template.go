package catalog

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"roofline/hardware"
	"roofline/hardware/unit"
)

// line is one line of a template: a key, an example of its value as TOML, and what it means. The required ones have to
// be filled in; the others start as comments.
type line struct {
	key, example, meaning string
	required              bool
}

var templates = map[string][]line{
	"device": {
		{"name", `"Acme X1 96GB"`, "as on the label", false},
		{"kind", `"npu"`, "gpu, cpu, tpu or npu", true},
		{"architecture", `"hopper"`, "whose efficiencies hold; leave it out for a design nobody knows", false},
		{"form-factor", `"pcie"`, "sxm, oam, pcie, superchip, socket, mobile, module, soc, board, wafer", false},
		{"released", `2026-11-01`, `as precise as known: "2026-11", 2026`, false},
		{"memory.nominal", `"96 GB"`, "the label, in its unit: GB is 10^9 bytes, GiB 2^30", false},
		{"memory.capacity", `"97871 MiB"`, "what the driver reports", false},
		{"memory.bandwidth", `"4000 GB/s"`, "peak", true},
		{"memory.kind", `"HBM3"`, "HBM3e, GDDR6, 8ch DDR5-4800 …", false},
		{"cache.last-level", `"50 MiB"`, "on-chip memory that all cores share", false},
		{"cores.count", `132`, "streaming multiprocessors, compute units, CPU cores", false},
		{"cores.threads", `64`, "hardware threads of a CPU", false},
		{"cores.tensor-clock", `"1830 MHz"`, "what the peaks assume, where it is not the boost clock", false},
		{"cores.boost-clock", `"1980 MHz"`, "", false},
		{"matrix.fp64", `"60 TFLOP/s"`, "dense, 32-bit accumulation: half of what is printed with sparsity", false},
		{"matrix.tf32", `"400 TFLOP/s"`, "", false},
		{"matrix.bf16", `"800 TFLOP/s"`, "", true},
		{"matrix.fp16", `"800 TFLOP/s"`, "", false},
		{"matrix.fp8", `"1600 TFLOP/s"`, "", false},
		{"matrix.fp6", `"1600 TFLOP/s"`, "", false},
		{"matrix.fp4", `"3200 TFLOP/s"`, "", false},
		{"matrix.int8", `"1600 TOP/s"`, "", false},
		{"matrix.int4", `"3200 TOP/s"`, "", false},
		{"matrix-fp16-accumulate.fp16", `"330 TFLOP/s"`, "where 16-bit accumulation is faster", false},
		{"matrix-fp16-accumulate.fp8", `"660 TFLOP/s"`, "", false},
		{"vector.fp64", `"30 TFLOP/s"`, "elementwise work, and formats the matrix units lack", false},
		{"vector.fp32", `"60 TFLOP/s"`, "", false},
		{"vector.fp16", `"120 TFLOP/s"`, "", false},
		{"vector.bf16", `"120 TFLOP/s"`, "", false},
		{"vector.int8", `"240 TOP/s"`, "", false},
		{"link", `[ { kind = "pcie5", topology = "host", bandwidth = "63 GB/s" } ]`, "fastest first, bandwidth of one direction: half of what is printed", false},
		{"power.tdp", `"600 W"`, "", false},
		{"power.idle", `"60 W"`, "", false},
		{"purchase.price", `"30000 USD"`, "of one", false},
		{"purchase.basis", `"list price"`, "", false},
		{"purchase.date", `2026-11-01`, "", false},
	},
	"system": {
		{"name", `"Acme Box 8"`, "as on the label", false},
		{"vendor", `"Acme"`, "", false},
		{"device", `"nvidia-h100-sxm5-80gb"`, "id of the device in it", true},
		{"count", `8`, "how many", true},
		{"host.cpu", `"2 × Xeon Platinum 8480C"`, "", false},
		{"host.memory", `"2048 GB"`, "", false},
		{"link", `{ kind = "nvlink4", topology = "switch", bandwidth = "450 GB/s", domain = 8 }`, "fabric between the devices, of one device in one direction", false},
		{"network.cards", `"8 × 400G"`, "", false},
		{"network.bandwidth", `"400 GB/s"`, "of all cards, one direction: Gb/s ÷ 8", false},
		{"power.max", `"10.2 kW"`, "of the whole machine", false},
		{"power.typical", `"8.5 kW"`, "", false},
		{"rack.units", `8`, "", false},
		{"rack.cooling", `"air"`, "", false},
		{"purchase.price", `"270000 USD"`, "of the whole machine", false},
		{"purchase.basis", `"quotation"`, "", false},
		{"purchase.date", `2026-11-01`, "", false},
	},
	"site": {
		{"name", `"Our hall in Busan"`, "", false},
		{"region", `"Korea"`, "", false},
		{"exchange", `"1380 KRW/USD"`, "of the currency below; not needed for USD", false},
		{"electricity.price", `"182.7 KRW/kWh"`, "on average", true},
		{"electricity.off-peak", `"90.8 KRW/kWh"`, "", false},
		{"electricity.peak", `"150.1 KRW/kWh"`, "", false},
		{"electricity.demand", `"7470 KRW/kW-month"`, "for the highest power drawn", false},
		{"electricity.date", `2026-11-01`, "", false},
		{"pue", `1.3`, "power of the site ÷ power of its machines", false},
		{"colocation.power", `"217.3 USD/kW-month"`, "rented room, without the electricity", false},
		{"colocation.rack-unit", `"25 USD/U-month"`, "", false},
		{"colocation.date", `2026-11-01`, "", false},
		{"carbon.intensity", `"430.6 g/kWh"`, "", false},
		{"carbon.carbon-free", `0.4`, "share matched with carbon-free supply", false},
		{"carbon.date", `2026`, "", false},
	},
	"instance": {
		{"provider", `"Acme Cloud"`, "", true},
		{"id", `"gpu-h100x8"`, "the provider's name of it", true},
		{"devices", `{ nvidia-h100-sxm5-80gb = 8 }`, "the device and how many; 0.5 is half of one", true},
		{"region", `"ap-northeast-2"`, "", false},
		{"on-demand", `"24 USD/h"`, "of the whole instance", true},
		{"spot", `"12 USD/h"`, "", false},
		{"reserved-1y", `"16 USD/h"`, "", false},
		{"reserved-3y", `"12 USD/h"`, "", false},
		{"date", `2026-11-01`, "when the price was seen", true},
		{"scope", `"instance"`, "what the price covers: instance, device or device-only", false},
	},
}

// Blank is what stands in a template for a value to be filled in: it does not decode.
const Blank = `"?"`

// Template returns a commented catalog file for one new record of a kind: device, system, site or instance. Values are
// those of like, a pointer to a record of that kind, or blank.
func Template(kind, id string, like any) (string, error) {
	lines, ok := templates[kind]
	if !ok {
		return "", &UnknownError{What: "kind of record", Query: kind, Suggestions: []string{"device", "system", "site", "instance"}}
	}
	known, from := valuesOf(like)
	var b strings.Builder
	fmt.Fprintf(&b, "# A new %s%s. Replace what is wrong and each %s; delete what you do not know: what nobody knows is\n", kind, from, Blank)
	b.WriteString("# absent, never 0. roofline catalog check FILE says what can't be; --catalog FILE uses it.\n")
	switch kind {
	case "device":
		fmt.Fprintf(&b, "[%s]\n", id)
	case "instance":
		b.WriteString("[[instance]]\n")
	default:
		fmt.Fprintf(&b, "[%s.%s]\n", kind, id)
	}
	for _, l := range lines {
		value, has := known[l.key]
		required := l.required && like == nil // what the other record lacks is not needed
		switch {
		case has:
		case kind == "instance" && l.key == "id" && id != "":
			value, has = strconv.Quote(id), true
		case required:
			value = Blank
		default:
			value = l.example
		}
		text := l.key + " = " + value
		if !has && !required {
			text = "# " + text
		}
		comment := l.meaning
		if value == Blank {
			comment = strings.TrimSuffix("such as "+l.example+": "+l.meaning, ": ")
		}
		if comment != "" {
			text = fmt.Sprintf("%-52s # %s", text, comment)
		}
		b.WriteString(strings.TrimRight(text, " ") + "\n")
	}
	fmt.Fprintf(&b, "%-52s # where the values come from\n", "source = "+Blank)
	return b.String(), nil
}

// valuesOf returns the values of a record as TOML by key, and how a comment calls it.
func valuesOf(like any) (values map[string]string, from string) {
	values = map[string]string{}
	add := func(fields []hardware.Field) {
		for _, f := range fields {
			values[f.Name] = literal(f)
		}
	}
	switch r := like.(type) {
	case *hardware.Device:
		add(hardware.Fields(r))
		var links []string
		for _, l := range r.Links {
			links = append(links, linkLiteral(l))
		}
		if links != nil {
			values["link"] = "[ " + strings.Join(links, ", ") + " ]"
		}
		from = ", like " + r.ID
	case *hardware.System:
		add(hardware.Fields(r))
		if r.Link.Kind != "" {
			values["link"] = linkLiteral(r.Link)
		}
		from = ", like " + r.ID
	case *hardware.Site:
		add(hardware.Fields(r))
		from = ", like " + r.ID
	}
	delete(values, "name") // a new record is not called as the old one
	return values, from
}

func linkLiteral(l hardware.Link) string {
	s := "{ kind = " + strconv.Quote(l.Kind)
	if l.Topology != "" {
		s += ", topology = " + strconv.Quote(l.Topology)
	}
	if l.Bandwidth > 0 {
		s += ", bandwidth = " + quantity(float64(l.Bandwidth), 1e9, "GB/s")
	}
	if l.Domain > 0 {
		s += fmt.Sprintf(", domain = %d", l.Domain)
	}
	return s + " }"
}

// literal prints a value as TOML, exactly.
func literal(f hardware.Field) string {
	switch v := f.Value.(type) {
	case unit.Bytes:
		for _, u := range []struct {
			size   unit.Bytes
			symbol string
		}{{unit.GiB, "GiB"}, {1e9, "GB"}, {unit.MiB, "MiB"}} {
			if n := float64(v / u.size); n == math.Trunc(n) {
				return quantity(float64(v), float64(u.size), u.symbol)
			}
		}
		return quantity(float64(v), 1e9, "GB")
	case unit.ByteRate:
		return quantity(float64(v), 1e9, "GB/s")
	case unit.FLOPRate:
		return quantity(float64(v), 1e12, "TFLOP/s")
	case unit.Hertz:
		return quantity(float64(v), 1e6, "MHz")
	case unit.Watts:
		return quantity(float64(v), 1, "W")
	case unit.USD:
		return quantity(float64(v), 1, "USD")
	case unit.Seconds:
		return quantity(float64(v), 1e-6, "us")
	case hardware.GramsPerKWh:
		return quantity(float64(v), 1, "g/kWh")
	case int, float64:
		return f.String()
	}
	return strconv.Quote(f.String())
}

// quantity prints a number in a unit with as many digits as it has.
func quantity(v, scale float64, symbol string) string {
	return strconv.Quote(strconv.FormatFloat(v/scale, 'g', 12, 64) + " " + symbol)
}

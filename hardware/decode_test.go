package hardware

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"roofline/hardware/document"
	"roofline/hardware/dtype"
	"roofline/hardware/unit"
)

const h100 = `
[nvidia-h100-sxm5-80gb]
name = "NVIDIA H100 SXM5 80GB"
kind = "gpu"
architecture = "hopper"
form-factor = "sxm"
released = 2022-09-20
memory = { capacity = "81559 MiB", nominal = "80 GB", bandwidth = "3.35 TB/s", kind = "HBM3" }
cache = { last-level = "50 MiB" }
cores = { count = 132, tensor-clock = "1830 MHz", boost-clock = "1980 MHz" }
matrix = { bf16 = "989 TFLOP/s", fp8 = "1979 TFLOP/s", int8 = "1979 TOP/s" }
matrix-fp16-accumulate = { fp8 = "2000 TFLOP/s" }
vector = { fp32 = "66.9 TFLOP/s" }
link = [ { kind = "nvlink4", topology = "switch", bandwidth = "450 GB/s", domain = 8 }, { kind = "pcie5", bandwidth = "63 GB/s" } ]
power = { tdp = "700 W" }
efficiency = { sustained = { bf16 = 0.8 }, kernel-floor = "3 us" }
purchase = { price = "30000 USD", basis = "one of a board", date = 2025 }
source = "a;b"
sources = { "cores.tensor-clock" = ["c", "derived"], matrix = ["d", "unverified"] }
`

func TestDecodeDevices(t *testing.T) {
	devices, err := DecodeDevices("x.toml", []byte(h100+"\n[b]\nkind = 'cpu'\nmemory.bandwidth = '50 GB/s'\nmatrix = {}\n[a]\nkind = 'npu'\nvector = {}\n[a.memory]\nbandwidth = '1 TB/s'\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := Device{
		ID: "nvidia-h100-sxm5-80gb", Name: "NVIDIA H100 SXM5 80GB", Kind: GPU, Architecture: "hopper", FormFactor: "sxm",
		Released: "2022-09-20",
		Memory:   Memory{Capacity: 81559 * unit.MiB, Nominal: 80e9, Bandwidth: 3.35e12, Kind: "HBM3"},
		Cache:    Cache{LastLevel: 50 * unit.MiB},
		Cores:    Cores{Count: 132, TensorClock: 1830e6, BoostClock: 1980e6},
		Matrix:   Rates{dtype.BF16: 989e12, dtype.FP8: 1979e12, dtype.INT8: 1979e12},
		Vector:   Rates{dtype.FP32: 66.9e12},
		Links: []Link{
			{Kind: "nvlink4", Topology: "switch", Bandwidth: 450e9, Domain: 8},
			{Kind: "pcie5", Bandwidth: 63e9},
		},
		MatrixFP16: Rates{dtype.FP8: 2000e12},
		Power:      Power{TDP: 700},
		Efficiency: Efficiency{Sustained: Fractions{dtype.BF16: 0.8}, KernelFloor: 3e-6},
		Purchase:   Offer{Price: 30000, Basis: "one of a board", Date: "2025"},
		Source:     "a;b",
		Origins:    Origins{{"cores.tensor-clock", "c", Derived}, {"matrix", "d", Unverified}},
	}
	if !reflect.DeepEqual(devices[0], want) {
		t.Errorf("got  %+v\nwant %+v", devices[0], want)
	}
	if len(devices) != 3 || devices[1].ID != "b" || devices[2].ID != "a" {
		t.Errorf("devices are not in the order of the file: %+v", devices)
	}
	if devices[1].Name != "b" || devices[1].Source != "x.toml" || devices[2].Memory.Bandwidth != 1e12 {
		t.Errorf("defaults: %+v", devices[1])
	}
	for field, want := range map[string]Origin{
		"cores.tensor-clock": {"cores.tensor-clock", "c", Derived},
		"matrix.bf16":        {"matrix.bf16", "d", Unverified},
		"memory.bandwidth":   {"memory.bandwidth", "a;b", Published},
		"matrix-fp16":        {"matrix-fp16", "a;b", Published},
	} {
		if got := devices[0].Of(field); got != want {
			t.Errorf("origin of %s = %v, want %v", field, got, want)
		}
	}
	d := &devices[0]
	if d.Peak(dtype.BF16) != 989e12 || d.Peak(dtype.FP32) != 66.9e12 || d.Peak(dtype.FP4) != 0 || d.VectorPeak(dtype.BF16) != 66.9e12 {
		t.Errorf("peaks: %v %v %v %v", d.Peak(dtype.BF16), d.Peak(dtype.FP32), d.Peak(dtype.FP4), d.VectorPeak(dtype.BF16))
	}
	if got := d.Formats(); !reflect.DeepEqual(got, []dtype.DType{dtype.FP32, dtype.BF16, dtype.FP8, dtype.INT8}) {
		t.Errorf("formats: %v", got)
	}
	if b, reported := d.Memory.Usable(); b != 81559*unit.MiB || !reported {
		t.Errorf("usable memory: %v, %v", b, reported)
	}
}

// Every kind of slip, with the exact text people get. A file is a valid device with lines put in its place.
func TestDecodeErrors(t *testing.T) {
	good := "[my-gpu]\nkind = \"gpu\"\nmemory = { bandwidth = \"3.35 TB/s\" }\nmatrix = { bf16 = \"989 TFLOP/s\" }\n"
	for _, c := range []struct{ name, file, want string }{
		{"no unit", strings.Replace(good, "3.35 TB/s", "3.35", 1), `
my.toml:3:25: memory.bandwidth "3.35": want a number with unit such as "3.35 TB/s"
    3 | memory = { bandwidth = "3.35" }
                                ^^^^`},
		{"a word", strings.Replace(good, "3.35 TB/s", "fast", 1), `
my.toml:3:25: memory.bandwidth "fast": want a number with unit such as "3.35 TB/s"
    3 | memory = { bandwidth = "fast" }
                                ^^^^`},
		{"bare number", strings.Replace(good, `"3.35 TB/s"`, "3.35", 1), `
my.toml:3:24: memory.bandwidth 3.35: want a number with unit such as "3.35 TB/s"
    3 | memory = { bandwidth = 3.35 }
                               ^^^^`},
		{"wrong unit", strings.Replace(good, "3.35 TB/s", "3.35 TFLOP/s", 1), `
my.toml:3:25: memory.bandwidth "3.35 TFLOP/s" has the unknown unit "TFLOP/s": want a number with unit such as "3.35 TB/s"
    3 | memory = { bandwidth = "3.35 TFLOP/s" }
                                ^^^^^^^^^^^^`},
		{"almost a unit", strings.Replace(good, "989 TFLOP/s", "989 TFLOPS", 1), `
my.toml:4:20: matrix.bf16 "989 TFLOPS" has the unknown unit "TFLOPS", did you mean "TFLOP/s"?: want a number with unit such as "989 TFLOP/s"
    4 | matrix = { bf16 = "989 TFLOPS" }
                           ^^^^^^^^^^`},
		{"negative", strings.Replace(good, "3.35 TB/s", "-3 TB/s", 1), `
my.toml:3:25: memory.bandwidth "-3 TB/s" is negative: want a number with unit such as "3.35 TB/s"
    3 | memory = { bandwidth = "-3 TB/s" }
                                ^^^^^^^`},
		{"absurd", strings.Replace(good, "3.35 TB/s", "5 PB/s", 1), `
my.toml:3:25: memory.bandwidth "5 PB/s": want at least 1 GB/s and at most 200 TB/s
    3 | memory = { bandwidth = "5 PB/s" }
                                ^^^^^^`},
		{"zero", strings.Replace(good, "3.35 TB/s", "0 TB/s", 1), `
my.toml:3:25: memory.bandwidth "0 TB/s": want at least 1 GB/s and at most 200 TB/s
    3 | memory = { bandwidth = "0 TB/s" }
                                ^^^^^^`},
		{"not a number", strings.Replace(good, "3.35 TB/s", "nan TB/s", 1), `
my.toml:3:25: memory.bandwidth "nan TB/s": want a number with unit such as "3.35 TB/s"
    3 | memory = { bandwidth = "nan TB/s" }
                                ^^^^^^^^`},
		{"unknown key", good + "vectr = {}\n", `
my.toml:5:1: unknown key "vectr", did you mean "vector"?
    5 | vectr = {}
        ^^^^^`},
		{"unknown inner key", strings.Replace(good, "bandwidth", "bandwith", 1), `
my.toml:1:1: my-gpu lacks memory.bandwidth: want a number with unit such as "3.35 TB/s"
    1 | [my-gpu]
        ^^^^^^^^
my.toml:3:12: unknown key "memory.bandwith", did you mean "bandwidth"?
    3 | memory = { bandwith = "3.35 TB/s" }
                   ^^^^^^^^`},
		{"sparse key nobody knows", good + "sparse-rates-of-the-box = 1\n", `
my.toml:5:1: unknown key "sparse-rates-of-the-box"
    5 | sparse-rates-of-the-box = 1
        ^^^^^^^^^^^^^^^^^^^^^^^`},
		{"unknown top-level key", "colour = 1\n" + good, `
my.toml:1:1: unknown key "colour": want one of architecture, date, instance, link, market, ownership, provider, region, runtime, scope, site, source, system
    1 | colour = 1
        ^^^^^^`},
		{"unknown format", strings.Replace(good, "bf16", "bf15", 1), `
my.toml:4:12: unknown key "matrix.bf15", did you mean "bf16"?
    4 | matrix = { bf15 = "989 TFLOP/s" }
                   ^^^^`},
		{"format that is only stored", strings.Replace(good, "bf16", "q4_k", 1), `
my.toml:4:12: unknown key "matrix.q4_k": want one of bf16, fp16, fp32, fp4, fp6, fp64, fp8, int4, int8, tf32
    4 | matrix = { q4_k = "989 TFLOP/s" }
                   ^^^^`},
		{"missing fields", "# nothing\n[my-gpu]\nname = \"x\"\n", `
my.toml:2:1: my-gpu lacks kind: want gpu, cpu, tpu or npu
    2 | [my-gpu]
        ^^^^^^^^`},
		{"unknown kind", strings.Replace(good, `"gpu"`, `"gup"`, 1), `
my.toml:2:9: kind "gup": want gpu, cpu, tpu or npu
    2 | kind = "gup"
                ^^^`},
		{"no cores", good + "cores = { count = 0 }\n", `
my.toml:5:19: cores.count 0: want at least 1
    5 | cores = { count = 0 }
                          ^`},
		{"half a core", good + "cores.count = 1.5\n", `
my.toml:5:15: cores.count 1.5: want a whole number without quotes
    5 | cores.count = 1.5
                      ^^^`},
		{"not a table", good + "cores = 132\n", `
my.toml:5:9: cores 132: want a table such as { key = value }
    5 | cores = 132
                ^^^`},
		{"not a date", good + "released = \"autumn 2022\"\n", `
my.toml:5:13: released "autumn 2022": want a date such as 2026-07-20, or "2026-07"
    5 | released = "autumn 2022"
                    ^^^^^^^^^^^`},
		{"inf", good + "efficiency = { bandwidth = inf }\n", `
my.toml:5:28: efficiency.bandwidth +Inf: want a finite number
    5 | efficiency = { bandwidth = inf }
                                   ^^^`},
		{"share of 80", good + "efficiency = { sustained = { bf16 = 80 } }\n", `
my.toml:5:37: efficiency.sustained.bf16 80: want a share above 0 and at most 1, such as 0.8
    5 | efficiency = { sustained = { bf16 = 80 } }
                                            ^^`},
		{"second link", good + "link = [\n  { kind = \"pcie5\" },\n  { kind = \"nvlink\", bandwidth = \"900\" },\n]\n", `
my.toml:7:35: link[2].bandwidth "900": want a number with unit such as "3.35 TB/s"
    7 |   { kind = "nvlink", bandwidth = "900" },
                                          ^^^`},
		{"link without kind", good + "[[my-gpu.link]]\nkind = \"pcie5\"\n[[my-gpu.link]]\nbandwidth = \"9 GB/s\"\n", `
my.toml:7:1: my-gpu lacks link[2].kind: want a name such as nvlink4, xgmi or pcie5
    7 | [[my-gpu.link]]
        ^^^^^^^^^^^^^^^`},
		{"capacity above nominal", strings.Replace(good, "bandwidth", `capacity = "100 GiB", nominal = "80 GB", bandwidth`, 1), `
my.toml:3:24: memory.capacity "100 GiB": want no more than the nominal capacity
    3 | memory = { capacity = "100 GiB", nominal = "80 GB", bandwidth = "3.35 TB/s" }
                               ^^^^^^^`},
		{"source of nothing", good + "sources = { \"memory.bandwith\" = [\"a\", \"derived\"] }\n", `
my.toml:5:33: sources: a device has no field "memory.bandwith"
    5 | sources = { "memory.bandwith" = ["a", "derived"] }
                                        ^^^^^^^^^^^^^^^^`},
		{"unknown status", good + "sources = { kind = [\"a\", \"sure\"] }\n", `
my.toml:5:20: sources.kind: want ["source", "status"], with the status published, derived, measured, fitted, assumed or unverified
    5 | sources = { kind = ["a", "sure"] }
                           ^^^^^^^^^^^^^`},
		{"bad id", strings.Replace(good, "my-gpu", `"My GPU"`, 1), `
my.toml:1:1: bad device id "My GPU": want lower-case letters, digits, "-" and ".", such as nvidia-h100-sxm5-80gb
    1 | ["My GPU"]
        ^^^^^^^^^^`},
		{"duplicate table", good + good, `
my.toml:5:2: key 'my-gpu' has already been defined
    5 | [my-gpu]
         ^^^^^^`},
		{"syntax", good + "cores = { count = \n", `
my.toml:5:19: `},
		{"unclosed string", good + "note = \"x\n", `
my.toml:5:10: strings cannot contain newlines
    5 | note = "x
                 ^`},
	} {
		t.Run(c.name, func(t *testing.T) {
			devices, err := DecodeDevices("my.toml", []byte(c.file))
			if err == nil {
				t.Fatalf("no error: %+v", devices)
			}
			if devices != nil {
				t.Error("devices in spite of an error")
			}
			got, want := err.Error(), strings.TrimPrefix(c.want, "\n")
			if c.name == "syntax" || c.name == "missing fields" || c.name == "sparse key nobody knows" {
				got = got[:min(len(got), len(want))]
			}
			if c.name == "sparse key nobody knows" {
				got, want = strings.SplitN(got, ": want", 2)[0], strings.SplitN(want, "\n", 2)[0]
			}
			if got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			var e *DecodeError
			if !errors.As(err, &e) || e.File != "my.toml" || e.Line < 1 || e.Column < 1 || e.Length < 1 {
				t.Errorf("not a DecodeError with a place: %#v", err)
			}
		})
	}
}

func TestOverlay(t *testing.T) {
	base, err := DecodeDevices("base.toml", []byte(h100))
	if err != nil {
		t.Fatal(err)
	}
	before, _ := DecodeDevices("base.toml", []byte(h100))

	// One value of an existing device takes three lines.
	out, err := Overlay(base, "my.toml", []byte(`
[nvidia-h100-sxm5-80gb]
memory = { bandwidth = "4 TB/s" }
`))
	if err != nil {
		t.Fatal(err)
	}
	want := before[0]
	want.Memory.Bandwidth = 4e12
	want.Origins = append(Origins{{"memory.bandwidth", "my.toml", Assumed}}, before[0].Origins...)
	if !reflect.DeepEqual(out[0], want) {
		t.Errorf("got  %+v\nwant %+v", out[0], want)
	}
	if got := out[0].Of("memory.bandwidth"); got.Source != "my.toml" {
		t.Errorf("origin of the overridden value: %+v", got)
	}
	if !reflect.DeepEqual(base, before) {
		t.Error("Overlay changed the base")
	}

	// Tables merge, lists are replaced, new devices come last.
	out, err = Overlay(out, "other.toml", []byte(`
source = "datasheet"
[nvidia-h100-sxm5-80gb]
matrix = { bf16 = "1 PFLOP/s", int8 = "0 TOP/s" }
link = [ { kind = "pcie5" } ]
sources = { "matrix.bf16" = ["lab", "measured"] }
[new]
kind = "gpu"
memory = { bandwidth = "1 TB/s" }
vector = { fp32 = "10 TFLOP/s" }
`))
	if err != nil {
		t.Fatal(err)
	}
	d := out[0]
	if d.Matrix[dtype.BF16] != 1e15 || d.Matrix[dtype.FP8] != 1979e12 || d.Peak(dtype.INT8) != 0 || len(d.Links) != 1 || d.Memory.Bandwidth != 4e12 {
		t.Errorf("merged: %+v", d)
	}
	if len(out) != 2 || out[1].ID != "new" || out[1].Source != "datasheet" {
		t.Errorf("new device: %+v", out)
	}
	if o := d.Of("matrix.int8"); o.Source != "datasheet" || o.Status != Published {
		t.Errorf("origin of int8: %+v", o)
	}
	if o := d.Of("matrix.bf16"); o.Source != "lab" || o.Status != Measured {
		t.Errorf("origin of bf16: %+v", o)
	}

	out, err = Overlay(base, "my.toml", []byte("[nvidia-h100-sxm5-80gb]\nmemory = { bandwidth = \"4 TB/s\" }\nsource = \"our lab\"\n"))
	if err != nil {
		t.Fatal(err)
	}
	if o, rest := out[0].Of("memory.bandwidth"), out[0].Of("memory.capacity"); o.Source != "our lab" || o.Status != Published || rest.Source != "a;b" {
		t.Errorf("a source beside an overridden value: %+v, of the rest %+v", o, rest)
	}

	// A broken file changes nothing.
	for _, bad := range []string{
		"[nvidia-h100-sxm5-80gb]\nmemory = { bandwidth = \"4\" }\n",
		"[nvidia-h100-sxm5-80gb]\nlink = [ { bandwidth = \"1 GB/s\" } ]\nmatrix = { bf16 = \"1 TFLOP/s\" }\n",
		"[other]\nkind = \"gpu\"\n",
		"[",
	} {
		if out, err := Overlay(base, "bad.toml", []byte(bad)); err == nil || out != nil {
			t.Errorf("%q: %v, %v", bad, out, err)
		}
	}
	if !reflect.DeepEqual(base, before) {
		t.Error("a failed Overlay changed the base")
	}
}

func TestDecodeArchitectures(t *testing.T) {
	got, err := DecodeArchitectures("a.toml", []byte(`
[architecture.hopper]
name = "NVIDIA Hopper"
efficiency = { sustained = { bf16 = 0.8, fp8 = 0.72 }, sustained-default = 0.75, bandwidth = 0.85, kernel-floor = "3 us" }
source = "a"
sources = { efficiency = ["a", "measured"] }
`))
	if err != nil {
		t.Fatal(err)
	}
	want := []Architecture{{ID: "hopper", Name: "NVIDIA Hopper", Source: "a", Origins: Origins{{"efficiency", "a", Measured}},
		Efficiency: Efficiency{Sustained: Fractions{dtype.BF16: 0.8, dtype.FP8: 0.72}, Default: 0.75, Bandwidth: 0.85, KernelFloor: 3e-6}}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	e := got[0].Efficiency
	if e.Of(dtype.BF16) != 0.8 || e.Of(dtype.FP4) != 0.75 {
		t.Errorf("sustained: %v, %v", e.Of(dtype.BF16), e.Of(dtype.FP4))
	}
	own := Efficiency{Sustained: Fractions{dtype.BF16: 0.83}, Bandwidth: 0.9}.Or(e)
	if own.Of(dtype.BF16) != 0.83 || own.Of(dtype.FP8) != 0.72 || own.Bandwidth != 0.9 || own.KernelFloor != 3e-6 || own.Default != 0.75 {
		t.Errorf("a device's efficiency over its architecture's: %+v", own)
	}
	_, err = DecodeArchitectures("a.toml", []byte("[architecture.x]\nefficiency = { bandwidth = 85 }\n"))
	if want := "a.toml:2:28: efficiency.bandwidth 85: want a share above 0 and at most 1, such as 0.8\n"; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestOverlayLinkKinds(t *testing.T) {
	base := []LinkKind{{ID: "nvlink4", Latency: 4e-6, Share: 0.78, Source: "a", Status: Fitted}}
	decode := func(text string) ([]LinkKind, error) {
		doc, err := document.Parse("l.toml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		out := OverlayLinkKinds(base, doc)
		return out, doc.Err()
	}
	got, err := decode("[link.nvlink4]\nshare = 0.9\nstatus = \"measured\"\n[link.mine]\nlatency = \"1 us\"\nshare = 1\n")
	want := []LinkKind{{"nvlink4", 4e-6, 0.9, 0, "a", Measured}, {"mine", 1e-6, 1, 0, "l.toml", Assumed}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	for text, want := range map[string]string{
		"[link.nvlink4]\nshare = 90\n":                             "l.toml:2:9: share 90: want a share above 0",
		"[link.nvlink4]\nstatus = \"sure\"\n":                      "l.toml:2:11: status \"sure\": want published, derived",
		"[link.mine]\nlatency = \"1 us\"\n":                        "l.toml:1:1: link.mine lacks share",
		"[link.mine]\nlatency = \"5 min\"\nshare = 1\n":            "l.toml:2:12: latency \"5 min\": want less than a second",
		"[link.mine]\nlatency = \"5\"\nshare = 1\n":                "l.toml:2:12: latency \"5\": want a number with unit",
		"[link.nvlink4]\nlatency = \"5 us\"\nlatence = \"5 us\"\n": "l.toml:3:1: unknown key \"latence\", did you mean \"latency\"?",
	} {
		if _, err := decode(text); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}

func TestDecodeInstances(t *testing.T) {
	got, err := DecodeInstances("p.toml", []byte(`
provider = "AWS"
region = "us-east-1"
date = 2026-07-20
source = "karp"
instance = [
  { id = "p5.48xlarge", devices = { nvidia-h100-sxm5-80gb = 8 }, on-demand = "55.04 USD/h", spot = "20 USD/h" },
  { id = "half", devices = { nvidia-a10 = 0.5 }, on-demand = "$1.6/h", region = "", date = "2026-05", scope = "device", suspect = "odd" },
]
`))
	if err != nil {
		t.Fatal(err)
	}
	want := []Instance{
		{Provider: "AWS", ID: "p5.48xlarge", Device: "nvidia-h100-sxm5-80gb", Count: 8, Region: "us-east-1", OnDemand: 55.04, Spot: 20, Date: "2026-07-20", Scope: WholeInstance, Source: "karp"},
		{Provider: "AWS", ID: "half", Device: "nvidia-a10", Share: 0.5, OnDemand: 1.6, Date: "2026-05", Scope: PerDevice, Suspect: "odd", Source: "karp"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if got[0].Price(OnDemand) != 55.04 || got[0].Price(Spot) != 20 || got[0].Price(Reserved1y) != 0 || got[0].Price(PurchaseBuy) != 0 {
		t.Error("prices by kind")
	}

	for _, c := range []struct{ file, want string }{
		{"[[instance]]\nid = \"x\"\n", "p.toml:1:1: instance lacks devices: want one device and how many"},
		{"[[instance]]\nid = \"x\"\ndevices = { a = 1 }\n", "p.toml:1:1: instance lacks on-demand: want an hourly price such as"},
		{"[[instance]]\nid = \"x\"\ndevices = { a = 0 }\nspot = \"1 USD/h\"\n", "p.toml:3:17: devices.a 0: want how many"},
		{"[[instance]]\nid = \"x\"\ndevices = { a = 1, b = 2 }\nspot = \"1 USD/h\"\n", "p.toml:3:11: devices: want one device and how many"},
		{"[[instance]]\nid = \"x\"\ndevices = { a = 1 }\nspot = \"1 USD\"\n", "p.toml:4:9: spot \"1 USD\" has the unknown unit \"USD\", did you mean \"USD/h\"?: want"},
		{"[[instance]]\nid = \"x\"\ndevices = { a = 1 }\nspot = \"-1 USD/h\"\n", "p.toml:4:9: spot \"-1 USD/h\" is negative: want"},
		{"[[instance]]\nid = \"x\"\ndevices = { a = 1 }\nspot = \"0 USD/h\"\n", "p.toml:4:9: spot \"0 USD/h\": want at least 0.0001 USD/h"},
		{"[[instance]]\nid = \"x\"\ndevices = { a = 1 }\nspott = \"1 USD/h\"\n", "p.toml:1:1: instance lacks on-demand"},
		{"instance = 3\n", "p.toml:1:12: instance 3: want a list of tables"},
		{"instance = [3]\n", "p.toml:1:12: instance: want a list of tables"},
	} {
		t.Run("", func(t *testing.T) {
			instances, err := DecodeInstances("p.toml", []byte(c.file))
			if err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("%q:\ngot  %v\nwant %s", c.file, err, c.want)
			}
			if instances != nil {
				t.Errorf("instances in spite of an error")
			}
		})
	}
}

func FuzzDecodeDevices(f *testing.F) {
	f.Add([]byte(h100))
	f.Add([]byte("[[instance]]\nid='x'\ndevices={a=1}\n[[instance]]\nspot='1 USD/h'"))
	f.Add([]byte("a.b.c = 1\n[a.b]\nd = [[1,{x=2}],\n#c\n'''q''']\n"))
	f.Add([]byte("[a]\nlink = [{}, {kind=1}]\nsources = {x = [1]}\nreleased = 12:00:00\n"))
	f.Add([]byte("[\"a\\\"b\"]\nkind = \"\"\"x\n\"\"\"\n\"\\u00e9\" = {}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		check := func(err error) {
			for _, e := range document.Problems(err) {
				if e.Line < 1 || e.Line > strings.Count(string(data), "\n")+1 || e.Column < 1 || e.Length < 1 || e.Message == "" {
					t.Fatalf("bad place: %#v", e)
				}
			}
			if err != nil && document.Problems(err) == nil {
				t.Fatalf("not a DecodeError: %v", err)
			}
		}
		devices, err := DecodeDevices("f.toml", data)
		check(err)
		for i := range devices {
			d := &devices[i]
			if d.Kind == "" || d.Memory.Bandwidth <= 0 || d.Source == "" && !strings.Contains(string(data), "source") {
				t.Fatalf("incomplete device: %+v", d)
			}
		}
		if err == nil {
			again, err := Overlay(devices, "f.toml", data)
			if err != nil || len(again) != len(devices) {
				t.Fatalf("a file over itself: %v", err)
			}
		}
		_, err = DecodeInstances("f.toml", data)
		check(err)
		_, err = DecodeArchitectures("f.toml", data)
		check(err)
	})
}

func BenchmarkDecodeDevices(b *testing.B) {
	data := []byte(h100)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := DecodeDevices("x.toml", data); err != nil {
			b.Fatal(err)
		}
	}
}

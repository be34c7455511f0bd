package catalog

import (
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"

	"roofline/catalog/internal/source"
	"roofline/hardware"
	"roofline/hardware/dtype"
	"roofline/hardware/unit"
)

// What is compiled in must be what the files say: go generate ./catalog.
func TestGenerated(t *testing.T) {
	data, err := source.Load(os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	const stale = "%s is not what the TOML files say: run go generate ./catalog"
	if !reflect.DeepEqual(data.Devices, devices) {
		t.Errorf(stale, "devices_gen.go")
	}
	if !reflect.DeepEqual(data.Architectures, architectures) {
		t.Errorf(stale, "architectures_gen.go")
	}
	if !reflect.DeepEqual(data.Instances, instances) {
		t.Errorf(stale, "prices_gen.go")
	}
	if !reflect.DeepEqual(data.Links, links) {
		t.Errorf(stale, "links_gen.go")
	}
	if !reflect.DeepEqual(data.Systems, systems) {
		t.Errorf(stale, "systems_gen.go")
	}
	if !reflect.DeepEqual(data.Sites, sites) {
		t.Errorf(stale, "sites_gen.go")
	}
	if !reflect.DeepEqual(data.Ownerships, ownerships) {
		t.Errorf(stale, "ownerships_gen.go")
	}
	if !reflect.DeepEqual(data.Runtimes, runtimes) {
		t.Errorf(stale, "runtimes_gen.go")
	}
	if data.Version != Version || len(data.Sources) != len(sources) {
		t.Errorf(stale, "sources_gen.go")
	}
	for i, s := range data.Sources {
		if i < len(sources) && Source(s) != sources[i] && (s.Key != sources[i].Key || s.Where != sources[i].Where || s.What != sources[i].What || s.Trust != sources[i].Trust) {
			t.Errorf(stale, "sources_gen.go")
		}
	}
}

func TestDeviceData(t *testing.T) {
	c := Default()
	if len(c.Devices) < 120 {
		t.Errorf("%d devices, want at least 120", len(c.Devices))
	}
	known := map[string]bool{}
	for _, s := range Sources() {
		known[s.Key] = true
	}
	sourced := func(what, keys string) {
		for _, key := range strings.Split(keys, ";") {
			if base, _, _ := strings.Cut(key, ":"); !known[base] {
				t.Errorf("%s: unknown source %q", what, key)
			}
		}
	}
	for i := range c.Devices {
		d := &c.Devices[i]
		if d.Memory.Bandwidth <= 0 || d.Source == "" || d.Architecture == "" || d.FormFactor == "" || d.Released == "" {
			t.Errorf("%s lacks bandwidth, source, architecture, form factor or date", d.ID)
		}
		if len(d.Formats()) == 0 && d.ID != "cerebras-wse3" {
			t.Errorf("%s has no peak", d.ID)
		}
		if d.Kind != hardware.CPU && d.Memory.Capacity == 0 && d.Memory.Nominal == 0 {
			t.Errorf("%s has no memory", d.ID)
		}
		sourced(d.ID, d.Source)
		for _, o := range d.Origins {
			sourced(d.ID, o.Source)
			if o.Source == "memory" != (o.Status == hardware.Unverified) {
				t.Errorf("%s: %s is from %s and %s", d.ID, o.Field, o.Source, o.Status)
			}
		}
		if ridge := d.RidgePoint(dtype.BF16); d.Peak(dtype.BF16) > 0 && d.Kind != hardware.CPU && !strings.Contains(d.Memory.Kind, "SRAM") && (ridge < 15 || ridge > 1300) {
			t.Errorf("%s: ridge point of %v in bf16", d.ID, ridge)
		}
		for j, l := range d.Links {
			if l.Bandwidth > 1000e9 {
				t.Errorf("%s: %s carries %v: both directions?", d.ID, l.Kind, l.Bandwidth)
			}
			if l.Topology == "host" && j < len(d.Links)-1 && d.Links[j+1].Topology != "host" {
				t.Errorf("%s: %s to the host is not the last link", d.ID, l.Kind)
			}
		}
		ratios(t, d)
	}
	for _, a := range c.Architectures {
		sourced(a.ID, a.Source)
		for _, o := range a.Origins {
			sourced(a.ID, o.Source)
		}
		if e := a.Efficiency; e.Default <= 0 || e.Bandwidth <= 0 || e.KernelFloor <= 0 {
			t.Errorf("%s: efficiency %+v", a.ID, e)
		}
	}
	for _, i := range instances {
		sourced(i.ID, i.Source)
	}
}

// ratios checks rates of different formats against each other: where one is twice what it can be, it is sparse.
func ratios(t *testing.T, d *hardware.Device) {
	bf16 := d.Matrix.Of(dtype.BF16)
	for _, c := range []struct {
		f    dtype.DType
		most float64
	}{{dtype.TF32, 0.52}, {dtype.FP16, 1.01}, {dtype.FP8, 2.03}, {dtype.FP6, 4.02}, {dtype.FP4, 8.02}, {dtype.INT8, 4.02}, {dtype.INT4, 8.05}} {
		// Known to be so: MI100 runs bf16 at half of fp16, int8 as fp16; the NeuronCore's tf32 is its bf16; Wormhole's
		// fp8 is 3.6 times its fp16; Trainium3's fp8 3.75 times its bf16.
		switch d.ID {
		case "amd-mi100", "aws-inferentia2", "aws-trainium1", "aws-trainium2", "aws-trainium3", "tenstorrent-n150", "tenstorrent-n300":
			continue
		}
		if r := d.Matrix.Of(c.f); bf16 > 0 && float64(r) > c.most*float64(bf16) {
			t.Errorf("%s: %s is %.2f × bf16", d.ID, c.f, float64(r/bf16))
		}
	}
	for f, full := range d.MatrixFP16 {
		if full > 0 && (full < 1.99*d.Matrix[f] || full > 2.01*d.Matrix[f]) {
			t.Errorf("%s: %s with fp16 accumulate is %v, with fp32 %v", d.ID, dtype.DType(f), full, d.Matrix[f])
		}
	}
}

func TestKnownValues(t *testing.T) {
	c := Default()
	for _, v := range []struct {
		id        string
		bf16      unit.FLOPRate
		fp8       unit.FLOPRate
		int8      unit.FLOPRate
		fp32      unit.FLOPRate
		bandwidth unit.ByteRate
		capacity  unit.Bytes
	}{
		{"nvidia-h100-sxm5-80gb", 989e12, 1979e12, 1979e12, 66.9e12, 3350e9, 81559 * unit.MiB},
		{"nvidia-a100-sxm4-80gb", 312e12, 0, 624e12, 19.5e12, 2039e9, 81920 * unit.MiB},
		{"nvidia-rtx-4090", 165.2e12, 330.3e12, 660.6e12, 82.58e12, 1008e9, 24564 * unit.MiB},
		{"nvidia-b300-sxm-288gb", 2250e12, 4500e12, 153.5e12, 75e12, 7750e9, 275040 * unit.MiB},
		{"nvidia-v100-sxm2-16gb", 0, 0, 62.67e12, 15.67e12, 898e9, 16 * unit.GiB},
		{"nvidia-b200-sxm-180gb", 2250e12, 4500e12, 4500e12, 75e12, 7700e9, 180e9},
		{"amd-mi300x", 1307.4e12, 2614.9e12, 2614.9e12, 163.4e12, 5325e9, 192 * unit.GiB},
		{"intel-gaudi3", 1677e12, 1677e12, 0, 14.3e12, 3700e9, 128 * unit.GiB},
		{"google-tpu-v5e", 197e12, 0, 393e12, 0, 819e9, 16e9},
		{"intel-i7-12700h", 0, 0, 4.368e12, 1.092e12, 76.8e9, 0},
		{"apple-m4-max", 0, 0, 0, 18.4e12, 546e9, 128 * unit.GiB},
	} {
		d := c.Device(v.id)
		if d == nil {
			t.Errorf("no %s", v.id)
			continue
		}
		capacity, _ := d.Memory.Usable()
		if d.Peak(dtype.BF16) != v.bf16 || d.Peak(dtype.FP8) != v.fp8 || d.Peak(dtype.INT8) != v.int8 || d.Vector.Of(dtype.FP32) != v.fp32 ||
			d.Memory.Bandwidth != v.bandwidth || capacity != v.capacity {
			t.Errorf("%s: bf16 %v fp8 %v int8 %v fp32 %v, %v, %v", v.id, d.Peak(dtype.BF16), d.Peak(dtype.FP8), d.Peak(dtype.INT8),
				d.Vector.Of(dtype.FP32), d.Memory.Bandwidth, capacity)
		}
	}
	h := c.Device("nvidia-h100-sxm5-80gb")
	if h.Cores.TensorClock != 1830e6 || h.Cores.Count != 132 || h.Links[0] != (hardware.Link{Kind: "nvlink4", Topology: "switch", Bandwidth: 450e9, Domain: 8}) {
		t.Errorf("H100: %+v %+v", h.Cores, h.Links)
	}
	if _, reported := c.Device("nvidia-b200-sxm-180gb").Memory.Usable(); reported {
		t.Error("the driver's figure of a B200's memory is not known")
	}
}

func TestEfficiencyAndLinks(t *testing.T) {
	c := Default()
	own := c.Efficiency(c.Device("amd-mi300x")) // measured on this very device; the rest is its architecture's
	if own.Of(dtype.BF16) != 0.511 || own.Of(dtype.FP16) <= 0 || own.Bandwidth <= 0 || own.KernelFloor <= 0 {
		t.Errorf("MI300X: %+v", own)
	}
	unknown := c.Efficiency(&hardware.Device{ID: "x"})
	if unknown.Default <= 0 || unknown.Bandwidth <= 0 || unknown.KernelFloor <= 0 {
		t.Errorf("a device of unknown architecture: %+v", unknown)
	}
	// Without an architecture what a datasheet says decides: the form factor, the memory, the kind.
	for _, of := range []struct {
		d    hardware.Device
		like string
	}{
		{hardware.Device{Kind: hardware.GPU, Memory: hardware.Memory{Kind: "GDDR6X"}}, "generic-gddr"},
		{hardware.Device{Kind: hardware.GPU, Memory: hardware.Memory{Kind: "HBM3E"}}, "generic-gpu"},
		{hardware.Device{Kind: hardware.CPU, FormFactor: "mobile", Memory: hardware.Memory{Kind: "2ch DDR5-4800"}}, "generic-mobile"},
		{hardware.Device{Kind: hardware.CPU}, "generic-cpu"},
		{hardware.Device{Kind: hardware.NPU}, "generic"},
	} {
		if got, want := c.Efficiency(&of.d), c.Architecture(of.like).Efficiency; got != want {
			t.Errorf("%s of %q: %+v, want %s", of.d.Kind, of.d.Memory.Kind, got, of.like)
		}
	}
	if l := c.LinkKind("nvlink4"); l.ID != "nvlink4" || l.Latency <= 0 || l.Share <= 0 || l.Share > 1 {
		t.Errorf("nvlink4: %+v", l)
	}
	if l := c.LinkKind("carrier-pigeon"); l.ID != defaultLink || l.Share <= 0 {
		t.Errorf("a kind of link nobody knows: %+v", l)
	}
	if c.Version() != Version || len(Version) != len("2026-11") {
		t.Errorf("version %q", c.Version())
	}
}

func TestPriceData(t *testing.T) {
	c := Default()
	n, suspect, shares := 0, 0, 0
	for i := range c.Devices {
		for _, in := range c.Instances(c.Devices[i].ID) {
			n++
			if in.Device != c.Devices[i].ID || in.Provider == "" || in.ID == "" || len(in.Date) < 4 {
				t.Errorf("incomplete: %+v", in)
			}
			if in.Suspect != "" {
				suspect++
				continue
			}
			if in.Share > 0 {
				shares++
				continue
			}
			if in.Spot > 0 && in.OnDemand > 0 && in.Spot >= in.OnDemand {
				t.Errorf("%s %s: spot %v is no less than on-demand %v", in.Provider, in.ID, in.Spot, in.OnDemand)
			}
			if each := max(in.OnDemand, in.Spot) / unit.USDPerHour(in.Count); each < 0.02 || each > 20 {
				t.Errorf("%s %s: %v for each", in.Provider, in.ID, each)
			}
		}
	}
	if n != len(instances) || n < 500 {
		t.Errorf("%d of %d instances reached by device, want at least 500", n, len(instances))
	}
	if suspect < 12 || shares != 6 {
		t.Errorf("%d suspect rows, %d shares", suspect, shares)
	}
	if got := c.Instances("no-such-device"); len(got) != 0 {
		t.Errorf("instances of nothing: %v", got)
	}
}

func TestOverlay(t *testing.T) {
	c := Default()
	err := c.Overlay("my.toml", []byte(`
provider = "our own"
date = 2026-11-01
[nvidia-h100-sxm5-80gb]
memory = { bandwidth = "4 TB/s" }
[architecture.rubin]
efficiency = { sustained-default = 0.7, bandwidth = 0.85, kernel-floor = "3 us" }
[our-chip]
kind = "npu"
architecture = "rubin"
memory = { nominal = "128 GB", bandwidth = "6 TB/s" }
matrix = { bf16 = "1500 TFLOP/s" }
[runtime.ours]
fusion = "full"
[[instance]]
id = "rack"
devices = { our-chip = 4 }
on-demand = "8 USD/h"
[[instance]]
provider = "AWS"
id = "p5.48xlarge"
region = "us-east-1"
devices = { nvidia-h100-sxm5-80gb = 8 }
on-demand = "40 USD/h"
`))
	if err != nil {
		t.Fatal(err)
	}
	if d := c.Device("nvidia-h100-sxm5-80gb"); d.Memory.Bandwidth != 4e12 || d.Peak(dtype.BF16) != 989e12 {
		t.Errorf("overridden: %+v", d)
	}
	if d := Default().Device("nvidia-h100-sxm5-80gb"); d.Memory.Bandwidth != 3.35e12 {
		t.Error("an overlay changed the embedded catalog")
	}
	if c.Device("our-chip") == nil || c.Architecture("rubin") == nil || c.Runtime("ours") == nil {
		t.Error("new device, architecture or runtime is missing")
	}
	if o, ok := c.Cheapest("our-chip", 5, 1, hardware.OnDemand); !ok || o.Instances != 2 || o.USDPerHour != 16 || o.IdleDevices != 3 || o.Instance.Provider != "our own" {
		t.Errorf("offer: %+v", o)
	}
	found := 0
	for _, i := range c.Instances("nvidia-h100-sxm5-80gb") {
		if i.ID == "p5.48xlarge" && i.Region == "us-east-1" {
			found++
			if i.OnDemand != 40 {
				t.Errorf("p5.48xlarge: %v", i.OnDemand)
			}
		}
	}
	if found != 1 {
		t.Errorf("%d rows of p5.48xlarge", found)
	}
	if n := len(Default().Instances("nvidia-h100-sxm5-80gb")); len(c.Instances("nvidia-h100-sxm5-80gb")) != n {
		t.Error("an overriding price row was added, not put in place")
	}

	if err := c.Overlay("later.toml", []byte("[[instance]]\nprovider = \"our own\"\nid = \"rack\"\ndevices = { our-chip = 4 }\non-demand = \"9 USD/h\"\n")); err != nil {
		t.Fatal(err)
	}
	if i := c.Instances("our-chip"); len(i) != 1 || i[0].OnDemand != 9 {
		t.Errorf("of two files the later one holds: %+v", i)
	}

	before := *c
	for _, b := range []struct{ file, want string }{
		{"[our-chip]\nmemory = { bandwidth = \"fast\" }\n", `my.toml:2:25: memory.bandwidth "fast": want a number with unit such as "3.35 TB/s"`},
		{"[our-chip]\narchitecture = \"hoper\"\n", `my.toml:2:17: architecture "hoper": want the id of an architecture, such as hopper; or none, if nothing is known about it`},
		{"[[instance]]\nid = \"x\"\ndevices = { nvidia-h100-sxm-80gb = 1 }\nspot = \"1 USD/h\"\n", `my.toml:3:36: devices.nvidia-h100-sxm-80gb 1: want the id of a device, such as nvidia-h100-sxm5-80gb`},
		{"[runtime.ours]\nfusion = \"half\"\n", `my.toml:2:11: fusion "half": want none, functions, layers, pointwise, generated or full`},
		{"[our-chip]\nname = \"new\"\n[[instance]]\n", `my.toml:3:1: instance lacks devices: want one device and how many`},
		{"[our-chip\n", `my.toml:1:10: `},
	} {
		err := c.Overlay("my.toml", []byte(b.file))
		var e *hardware.DecodeError
		if !errors.As(err, &e) || !strings.HasPrefix(err.Error(), b.want) {
			t.Errorf("got  %v\nwant %s", err, b.want)
		}
		if !reflect.DeepEqual(*c, before) {
			t.Fatalf("%q changed the catalog in spite of the error", b.file)
		}
	}
}

func TestCheapest(t *testing.T) {
	c := &Catalog{instances: []hardware.Instance{
		{Provider: "A", ID: "one", Device: "x", Count: 1, OnDemand: 3, Spot: 1, Date: "2026-01"},
		{Provider: "A", ID: "eight", Device: "x", Count: 8, OnDemand: 16, Date: "2026-01"},
		{Provider: "B", ID: "eight", Device: "x", Count: 8, OnDemand: 16, Date: "2026-02"},
		{Provider: "C", ID: "wrong", Device: "x", Count: 8, OnDemand: 1, Suspect: "typo"},
		{Provider: "D", ID: "floor", Device: "x", Count: 1, OnDemand: 0.5, Spot: 0.2, Market: true},
		{Provider: "D", ID: "bare", Device: "x", Count: 1, OnDemand: 0.6, Scope: hardware.DeviceOnly},
		{Provider: "E", ID: "share", Device: "x", Share: 0.5, OnDemand: 0.1},
		{Provider: "F", ID: "floor", Device: "y", Count: 2, OnDemand: 5, Market: true},
	}}
	for _, v := range []struct {
		device string
		count  int
		kind   hardware.PriceKind
		want   string // provider, id
		n      int
		usd    unit.USDPerHour
		idle   int
	}{
		{"x", 1, hardware.OnDemand, "A one", 1, 3, 0},
		{"x", 5, hardware.OnDemand, "A one", 5, 15, 0},
		{"x", 6, hardware.OnDemand, "B eight", 1, 16, 2}, // 6 × 3 is 18; the newer of two equal prices
		{"x", 9, hardware.OnDemand, "A one", 9, 27, 0},
		{"x", 12, hardware.OnDemand, "B eight", 2, 32, 4},
		{"x", 2, hardware.Spot, "A one", 2, 2, 0},
		{"y", 3, hardware.OnDemand, "F floor", 2, 10, 1}, // a floor where there is nothing better
	} {
		o, ok := c.Cheapest(v.device, v.count, 1, v.kind)
		if !ok || o.Instance.Provider+" "+o.Instance.ID != v.want || o.Instances != v.n || o.USDPerHour != v.usd || o.IdleDevices != v.idle {
			t.Errorf("%d of %s, %s: %+v", v.count, v.device, v.kind, o)
		}
	}
	for _, v := range []struct {
		device string
		count  int
		kind   hardware.PriceKind
	}{{"x", 0, hardware.OnDemand}, {"z", 1, hardware.OnDemand}, {"x", 1, hardware.Reserved1y}, {"x", 1, hardware.PurchaseBuy}} {
		if o, ok := c.Cheapest(v.device, v.count, 1, v.kind); ok {
			t.Errorf("%d of %s, %s: %+v, want none", v.count, v.device, v.kind, o)
		}
	}
	if o, ok := Default().Cheapest("nvidia-h100-sxm5-80gb", 8, 1, hardware.OnDemand); !ok || o.USDPerHour < 8 || o.USDPerHour > 40 || o.IdleDevices != 0 {
		t.Errorf("8 × H100: %+v", o)
	}
}

var sink int

func BenchmarkDefault(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		c := Default()
		for i := range c.Devices {
			sink += len(c.Devices[i].ID)
		}
	}
}

func BenchmarkInstances(b *testing.B) {
	c := Default()
	b.ReportAllocs()
	for b.Loop() {
		for i := range c.Devices {
			sink += len(c.Instances(c.Devices[i].ID))
		}
	}
}

func BenchmarkShortNames(b *testing.B) {
	ids := Default().ids()
	for b.Loop() {
		sink += len(ShortNames(ids))
	}
}

func BenchmarkCheapest(b *testing.B) {
	c := Default()
	for b.Loop() {
		for i := range c.Devices {
			o, _ := c.Cheapest(c.Devices[i].ID, 8, 1, hardware.OnDemand)
			sink += o.Instances
		}
	}
}

// What reading the TOML files at run time would cost, for comparison.
func BenchmarkLoadTOML(b *testing.B) {
	for b.Loop() {
		if _, err := source.Load(os.DirFS(".")); err != nil {
			b.Fatal(err)
		}
	}
}

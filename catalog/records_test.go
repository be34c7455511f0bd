package catalog

import (
	"strings"
	"testing"

	"roofline/hardware"
	"roofline/hardware/dtype"
	"roofline/hardware/unit"
)

func TestSystemData(t *testing.T) {
	c := Default()
	if len(c.Systems) < 20 {
		t.Errorf("%d systems, want at least 20", len(c.Systems))
	}
	for _, v := range []struct {
		id, device string
		count      int
		power      unit.Watts
		link       unit.ByteRate
		rack       int
		usd        unit.USD
	}{
		{"dgx-h100", "nvidia-h100-sxm5-80gb", 8, 10200, 450e9, 8, 270000},
		{"dgx-b200", "nvidia-b200-sxm-180gb", 8, 14300, 900e9, 10, 379273},
		{"gb200-nvl72", "nvidia-gb200-186gb", 72, 120000, 900e9, 48, 3400000},
		{"mi300x-platform-8x", "amd-mi300x", 8, 10000, 448e9, 8, 205870},
		{"gaudi3-8x-ubb", "intel-gaudi3", 8, 9500, 525e9, 8, 125000},
		{"cerebras-cs3", "cerebras-wse3", 1, 23000, 0, 15, 2500000},
	} {
		s := c.System(v.id)
		if s == nil {
			t.Errorf("no %s", v.id)
			continue
		}
		if s.Device != v.device || s.Count != v.count || s.Power.Max != v.power || s.Link.Bandwidth != v.link || s.Rack.Units != v.rack || s.Purchase.Price != v.usd {
			t.Errorf("%s: %+v", v.id, s)
		}
	}
	if o := c.System("mi300x-platform-8x").Of("power.max"); o.Status != hardware.Unverified {
		t.Errorf("power of the MI300X platform: %+v, which is from memory", o)
	}
}

func TestSiteData(t *testing.T) {
	c := Default()
	electricity, carbon := 0, 0
	for i := range c.Sites {
		s := &c.Sites[i]
		if s.Electricity.Price.Currency != "" {
			electricity++
			if usd, ok := s.USD(hardware.Money(s.Electricity.Price)); !ok || usd < 0.05 || usd > 0.3 {
				t.Errorf("%s: %v USD/kWh", s.ID, usd)
			}
		}
		if s.Carbon.Intensity > 0 {
			carbon++
		}
	}
	if electricity < 20 || carbon < 40 {
		t.Errorf("%d sites with a price of electricity, %d with carbon", electricity, carbon)
	}
	korea := c.Site("korea")
	if korea.Electricity.Price != (hardware.EnergyPrice{Amount: 182.7, Currency: "KRW"}) || korea.Exchange.Amount != 1380 || korea.Carbon.Intensity != 430.567 {
		t.Errorf("Korea: %+v", korea)
	}
	byTime := c.Site("korea-hv-a-option-2")
	if byTime.Electricity.Demand.Amount != 7470 || byTime.Electricity.OffPeak.Amount != 90.8 || byTime.Electricity.Peak.Amount != 150.1 {
		t.Errorf("Korea by the time of day: %+v", byTime)
	}
	if g := c.Site("gcp-asia-northeast3").Carbon; g.Intensity != 356.57 || g.CarbonFree != 0.37 {
		t.Errorf("Google's region in Seoul: %+v", g)
	}
	if w := c.Site("world"); w.PUE != 1.54 || w.Colocation.Power.Amount != 217.3 {
		t.Errorf("the world: %+v", w)
	}
	if o := c.Ownership("default"); o == nil || o.Years != 4 || o.Of("years").Status != hardware.Unverified {
		t.Errorf("ownership: %+v", o)
	}
}

// Every name means one thing: an id of a system or site answers to no device, nor the other way round.
func TestNamesDoNotClash(t *testing.T) {
	c := Default()
	for i := range c.Systems {
		s := &c.Systems[i]
		if got, err := c.FindSystem(strings.ToUpper(s.ID)); err != nil || got.ID != s.ID {
			t.Errorf("%s: %v, %v", s.ID, got, err)
		}
		if hits := Match(c.ids(), s.ID); hits != nil {
			t.Errorf("system %s is also the name of %v", s.ID, hits)
		}
	}
	for i := range c.Sites {
		s := &c.Sites[i]
		if got, err := c.FindSite(s.ID); err != nil || got.ID != s.ID {
			t.Errorf("%s: %v, %v", s.ID, got, err)
		}
		if hits := Match(c.ids(), s.ID); hits != nil {
			t.Errorf("site %s is also the name of %v", s.ID, hits)
		}
	}
	systems := idsOf(c.Systems, func(s *hardware.System) string { return s.ID })
	for _, id := range c.ids() {
		if hits := Match(systems, id); hits != nil {
			t.Errorf("device %s is also the name of %v", id, hits)
		}
	}
}

func TestDiff(t *testing.T) {
	before := Default()
	after := *before
	if err := after.Overlay("my.toml", []byte(`
date = 2026-11-01
[nvidia-h100-sxm5-80gb]
memory = { bandwidth = "3.0 TB/s" }
matrix = { fp8 = "0 TFLOP/s" }
note = "ours"
[our-chip]
kind = "npu"
memory = { bandwidth = "6 TB/s" }
matrix = { bf16 = "1500 TFLOP/s" }
[site.korea]
pue = 1.3
[runtime.vllm]
memory-share = 0.8
[[instance]]
provider = "AWS"
id = "p5.48xlarge"
region = "us-east-1"
devices = { nvidia-h100-sxm5-80gb = 8 }
on-demand = "40 USD/h"
[[instance]]
provider = "ours"
id = "rack"
devices = { our-chip = 8 }
on-demand = "4 USD/h"
`)); err != nil {
		t.Fatal(err)
	}
	got := map[string]Change{}
	for _, c := range before.Diff(&after) {
		got[c.Kind+" "+c.ID+" "+c.Field] = c
	}
	near := func(a, b float64) bool { return a > b-1e-9 && a < b+1e-9 }
	for name, want := range map[string]Change{
		"device nvidia-h100-sxm5-80gb memory.bandwidth": {Before: "3.35 TB/s", After: "3.00 TB/s", Ratio: 3 / 3.35},
		"device nvidia-h100-sxm5-80gb matrix.fp8":       {Before: "1.98 PFLOP/s"},
		"device nvidia-h100-sxm5-80gb note":             {After: "ours"},
		"device our-chip ":                              {},
		"site korea pue":                                {After: "1.3"},
		"instance AWS p5.48xlarge us-east-1 on-demand":  {Before: "$55.0/h", After: "$40.0/h", Ratio: 40 / 55.04},
		"instance AWS p5.48xlarge us-east-1 date":       {Before: "2026-07-20", After: "2026-11-01"},
		"instance ours rack ":                           {},
		"runtime vllm memory-share":                     {Before: "0.9", After: "0.8", Ratio: 0.8 / 0.9},
	} {
		c, ok := got[name]
		if !ok || c.Before != want.Before || c.After != want.After || !near(c.Ratio, want.Ratio) {
			t.Errorf("%s: %+v, %v", name, c, ok)
		}
		delete(got, name)
	}
	for name, c := range got {
		if !strings.HasPrefix(name, "instance AWS") { // scope, source and so on of the replaced row
			t.Errorf("unexpected: %s %+v", name, c)
		}
	}
	if d := before.Diff(Default()); d != nil {
		t.Errorf("a catalog differs from itself: %+v", d)
	}
}

// A template like a record says what the record says; a blank one decodes once it is filled in.
func TestTemplate(t *testing.T) {
	c := Default()
	for i := range c.Devices {
		d := &c.Devices[i]
		if len(d.Formats()) == 0 { // nobody publishes its rates: they are to be filled in
			continue
		}
		text, err := Template("device", "new", d)
		if err != nil {
			t.Fatal(err)
		}
		devices, err := hardware.DecodeDevices("new.toml", []byte(text))
		if err != nil {
			t.Errorf("%s: %v", d.ID, err)
			continue
		}
		n := &devices[0]
		for _, f := range dtype.Arithmetics {
			if a, b := n.Matrix[f], d.Matrix[f]; b > 0 && (a < b*0.999999 || a > b*1.000001) {
				t.Errorf("%s: %v becomes %v in %v", d.ID, b, a, f)
			}
		}
		if n.Memory.Capacity != d.Memory.Capacity || n.Memory.Nominal != d.Memory.Nominal || len(n.Links) != len(d.Links) || n.Cores != d.Cores || n.Purchase.Price != d.Purchase.Price {
			t.Errorf("%s: %+v", d.ID, n)
		}
	}
	for _, s := range c.Systems {
		text, _ := Template("system", "new", &s)
		if got, err := hardware.DecodeSystems("new.toml", []byte(text)); err != nil || got[0].Link != s.Link || got[0].Power != s.Power || got[0].Host != s.Host {
			t.Errorf("%s: %v", s.ID, err)
		}
	}
	for _, s := range c.Sites {
		text, _ := Template("site", "new", &s)
		if got, err := hardware.DecodeSites("new.toml", []byte(text)); err != nil || got[0].Carbon != s.Carbon {
			t.Errorf("%s: %v", s.ID, err)
		}
	}
	for kind, lines := range templates {
		text, err := Template(kind, "new", nil)
		if err != nil {
			t.Fatal(err)
		}
		c := Default()
		if err := c.Overlay("blank.toml", []byte(text)); err == nil {
			t.Errorf("a blank %s decodes", kind)
		}
		for _, l := range lines { // the examples of all fields are right
			text = strings.Replace(text, "\n# "+l.key+" = ", "\n"+l.key+" = ", 1)
			if l.required {
				text = strings.Replace(text, "\n"+l.key+" = "+Blank, "\n"+l.key+" = "+l.example, 1)
			}
		}
		if err := Default().Overlay("full.toml", []byte(text)); err != nil {
			t.Errorf("%s with all examples: %v", kind, err)
		}
	}
	if _, err := Template("cloud", "x", nil); err == nil {
		t.Error("a template of nothing known")
	}
}

func TestFiles(t *testing.T) {
	files := Files()
	if len(files) < 60 {
		t.Errorf("%d files", len(files))
	}
	for _, f := range files {
		if !strings.HasPrefix(f.Name, "catalog/") || len(f.Data) == 0 {
			t.Errorf("%s: %d bytes", f.Name, len(f.Data))
		}
	}
}

// Everything an estimate may need: all records by id, and the prices of one device.
func BenchmarkEverything(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		c := Default()
		sink += len(c.System("dgx-h100").Device) + len(c.Site("korea").Name) + len(c.Ownership("default").Name) + len(c.Instances("nvidia-h100-sxm5-80gb"))
	}
}

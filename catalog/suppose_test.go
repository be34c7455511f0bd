package catalog

import (
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"roofline/hardware"
	"roofline/hardware/dtype"
)

var h100 = Subject{Device: "nvidia-h100-sxm5-80gb", Runtime: "vllm", System: "dgx-h100", Site: "korea", Ownership: "default"}

// A setting changes its value and nothing else, and the file makes the same of the catalog.
func TestSuppose(t *testing.T) {
	c := Default()
	for _, s := range []struct {
		path, value, field string
		of                 func(*Catalog) float64
		want               float64
	}{
		{"memory.bandwidth", "4.8TB/s", "", func(c *Catalog) float64 { return float64(c.Device(h100.Device).Memory.Bandwidth) }, 4.8e12},
		{"memory.bandwidth", "*1.2", "", func(c *Catalog) float64 { return float64(c.Device(h100.Device).Memory.Bandwidth) }, 3.35e12 * 1.2},
		{"memory.bandwidth", "-10%", "", func(c *Catalog) float64 { return float64(c.Device(h100.Device).Memory.Bandwidth) }, 3.35e12 * 0.9},
		{"matrix.bf16", "/2", "", func(c *Catalog) float64 { return float64(c.Device(h100.Device).Peak(dtype.BF16)) }, float64(c.Device(h100.Device).Peak(dtype.BF16)) / 2},
		{"cores.count", "*1.01", "", func(c *Catalog) float64 { return float64(c.Device(h100.Device).Cores.Count) }, 133},
		{"link.nvlink4", "900GB/s", "", func(c *Catalog) float64 { return float64(c.Device(h100.Device).Links[0].Bandwidth) }, 900e9},
		{"link.nvlink4.domain", "72", "", func(c *Catalog) float64 { return float64(c.Device(h100.Device).Links[0].Domain) }, 72},
		{"link.nvlink4.latency", "*2", "", func(c *Catalog) float64 { return float64(c.LinkKind("nvlink4").Latency) }, 2 * float64(c.LinkKind("nvlink4").Latency)},
		{"runtime.per-step", "1ms", "", func(c *Catalog) float64 { return float64(c.Runtime("vllm").PerStep) }, 1e-3},
		{"runtime.overlap", "0.5", "", func(c *Catalog) float64 { return c.Runtime("vllm").Overlap }, 0.5},
		{"system.purchase.price", "*0.5", "", func(c *Catalog) float64 { return float64(c.System("dgx-h100").Purchase.Price) }, float64(c.System("dgx-h100").Purchase.Price) / 2},
		{"site.electricity.price", "*2", "", func(c *Catalog) float64 { return c.Site("korea").Electricity.Price.Amount }, 2 * c.Site("korea").Electricity.Price.Amount},
		{"ownership.years", "5", "", func(c *Catalog) float64 { return c.Ownership("default").Years }, 5},
		{"efficiency.bandwidth", "*0.5", "", func(c *Catalog) float64 { return c.Efficiency(c.Device(h100.Device)).Bandwidth }, c.Efficiency(c.Device(h100.Device)).Bandwidth / 2},
	} {
		about := h100
		if strings.HasPrefix(s.path, "link.") {
			about.System = "" // its own link would go before the device's
		}
		after, changes, file, err := c.Suppose(about, Setting{s.path, s.value})
		if err != nil {
			t.Errorf("%s=%s: %v", s.path, s.value, err)
			continue
		}
		if got := s.of(after); math.Abs(got/s.want-1) > 1e-11 {
			t.Errorf("%s=%s: %g, want %g", s.path, s.value, got, s.want)
		}
		if len(changes) != 1 || changes[0].Before == "" || changes[0].After == "" {
			t.Errorf("%s=%s: %+v", s.path, s.value, changes)
		}
		again := Default()
		if err := again.Overlay("my.toml", file); err != nil {
			t.Errorf("%s=%s: its own file: %v\n%s", s.path, s.value, err, file)
		} else if differences := again.Diff(after); len(differences) > 0 {
			t.Errorf("%s=%s: the file makes something else: %+v", s.path, s.value, differences)
		}
		if n := len(c.Diff(after)); s.path != "link.nvlink4.latency" && n != 1 && !strings.HasPrefix(s.path, "runtime.") { // differences of runtimes and kinds of links are not told
			t.Errorf("%s=%s changes %d values", s.path, s.value, n)
		}
		if !strings.Contains(string(file), "hypothetical") {
			t.Errorf("%s=%s: no provenance\n%s", s.path, s.value, file)
		}
	}
	if d := Default().Device(h100.Device); d.Memory.Bandwidth != 3.35e12 {
		t.Error("the embedded catalog has changed")
	}
}

// A machine's own link goes before its devices'.
func TestSupposeLinkOfSystem(t *testing.T) {
	c := Default()
	about := Subject{Device: "amd-mi300x", System: "mi300x-platform-8x"}
	after, changes, _, err := c.Suppose(about, Setting{"link.xgmi", "*2"})
	if err != nil || changes[0].Section != "system" {
		t.Fatalf("%+v, %v", changes, err)
	}
	if was, is := c.System(about.System).Link, after.System(about.System).Link; is.Bandwidth != 2*was.Bandwidth || is.Domain != was.Domain || is.Topology != was.Topology {
		t.Errorf("%+v, was %+v", is, was)
	}
	if len(c.Diff(after)) != 1 {
		t.Errorf("%+v", c.Diff(after))
	}
}

// What was supposed is hypothetical, the rest stands where it stood.
func TestSupposedOrigins(t *testing.T) {
	after, _, _, err := Default().Suppose(Subject{Device: h100.Device}, Setting{"memory.bandwidth", "*2"}, Setting{"link.nvlink4", "*2"})
	if err != nil {
		t.Fatal(err)
	}
	d := after.Device(h100.Device)
	for field, want := range map[string]bool{"memory.bandwidth": true, "link.nvlink4": true, "memory.capacity": false, "matrix.bf16": false} {
		if o := d.Of(field); (o.Source == hypothetical) != want || want && o.Status != hardware.Assumed {
			t.Errorf("%s: %+v", field, o)
		}
	}
	if slices.Equal(d.Links, Default().Device(h100.Device).Links) || len(d.Links) != len(Default().Device(h100.Device).Links) {
		t.Errorf("links %+v", d.Links)
	}
}

func TestSupposeRefuses(t *testing.T) {
	for _, c := range []struct{ path, value, want string }{
		{"memory.bandwith", "4TB/s", "no such field"},
		{"memory.bandwidth", "fast", `want a number with unit such as "3.35 TB/s"`},
		{"memory.bandwidth", "4.8", `want a number with unit such as "3.35 TB/s"`},
		{"memory.bandwidth", "900TB/s", "want at least 1 GB/s and at most 200 TB/s"},
		{"cores.count", "many", "want a whole number such as 132"},
		{"matrix.fp4", "*2", "is not known: give a value"},
		{"link.nvlink9", "*2", "has link.nvlink4"},
		{"name", "*2", "is not a number: give a value"},
		{"runtime.overlap", "much", "want a number such as 0.8"},
		{"kind", "toaster", "gpu, cpu, tpu or npu"},
		{"system.count", "1.5", "whole number"},
	} {
		_, _, _, err := Default().Suppose(h100, Setting{c.path, c.value})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s=%s: %v, want %q", c.path, c.value, err, c.want)
		}
	}
	if _, _, _, err := Default().Suppose(Subject{Device: h100.Device}, Setting{"site.pue", "1.2"}); err == nil {
		t.Error("a site that nobody named has no values")
	}
}

// Whatever is set, the answer is an error or a catalog that reads its own file.
func TestSupposeAnything(t *testing.T) {
	c := Default()
	paths := c.Paths(h100)
	rapid.Check(t, func(t *rapid.T) {
		path := strings.ReplaceAll(rapid.SampledFrom(paths).Draw(t, "path"), "*", "matmul")
		value := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"*1.1", "/3", "1 TB/s", "-5%", "1e300", "0.5", "*1e308", "+200%", "x\"\n[a]"})).Draw(t, "value")
		after, _, file, err := c.Suppose(h100, Setting{path, value})
		if err != nil {
			return
		}
		again := Default()
		if err := again.Overlay("my.toml", file); err != nil {
			t.Fatalf("%s=%q: %v\n%s", path, value, err, file)
		}
		if d := again.Diff(after); len(d) > 0 {
			t.Fatalf("%s=%q: %+v", path, value, d)
		}
	})
}

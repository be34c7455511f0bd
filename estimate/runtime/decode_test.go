package runtime

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"roofline/hardware"
	"roofline/hardware/document"
	"roofline/hardware/unit"
	"roofline/model"
)

const vllm = `
[runtime.vllm]
name = "vLLM"
kinds = ["gpu", "npu"]
serves = "language"
fusion = "full"
overlap = 0.9
compute = { matmul = 0.9, depthwise-conv = 0.5 }
bandwidth = { attention = 0.85 }
launch = "5 us"
per-layer = "35 us"
memory-share = 0.92
reserve = "2 GiB"
band = [
  { class = "served, bf16", kinds = ["gpu"], phase = "decode", low = 0.8, high = 1.4, measurements = 40, coverage = 0.82 },
]
source = "lab"
sources = { per-layer = ["lab", "fitted"] }
`

func TestDecode(t *testing.T) {
	got, err := Decode("r.toml", []byte(vllm+"[runtime.min]\nfusion = \"none\"\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := []Profile{{
		ID: "vllm", Name: "vLLM", Kinds: []hardware.Kind{hardware.GPU, hardware.NPU}, Serves: "language", Fusion: model.FusionFull,
		Overlap: 0.9, Compute: ByClass{model.MatMul: 0.9, model.DepthwiseConv: 0.5}, Bandwidth: ByClass{model.Attention: 0.85},
		Launch: 5e-6, PerLayer: 35e-6, MemoryShare: 0.92, Reserve: 2 << 30,
		Bands:  []Band{{Class: "served, bf16", Kinds: []hardware.Kind{hardware.GPU}, Phase: "decode", Low: 0.8, High: 1.4, Measurements: 40, Coverage: 0.82}},
		Source: "lab", Origins: hardware.Origins{{Field: "per-layer", Source: "lab", Status: hardware.Fitted}},
	}, {ID: "min", Name: "min", Serves: "both", MemoryShare: 1, Source: "r.toml"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}

	doc, err := document.Parse("my.toml", []byte("[runtime.vllm]\nper-layer = \"50 us\"\n"))
	if err != nil {
		t.Fatal(err)
	}
	changed := Overlay(got, doc)
	if doc.Err() != nil || changed[0].PerLayer != 50e-6 || changed[0].Overlap != 0.9 || got[0].PerLayer != 35e-6 {
		t.Errorf("overlay: %v %+v", doc.Err(), changed[0])
	}
}

func TestDecodeErrors(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{"matmul = 0.9", "matmull = 0.9", `r.toml:8:13: unknown key "compute.matmull", did you mean "matmul"?`},
		{"matmul = 0.9", "matmul = 90", `r.toml:8:22: compute.matmul 90: want a factor above 0 and at most 2, such as 0.9`},
		{`fusion = "full"`, `fusion = "some"`, `r.toml:6:11: fusion "some": want none, functions, layers, pointwise, generated or full`},
		{`fusion = "full"`, ``, `r.toml:2:1: runtime.vllm lacks fusion: want none, functions, layers, pointwise, generated or full`},
		{`"gpu", "npu"`, `"gpu", "fpga"`, `r.toml:4:9: kinds: want gpu, cpu, tpu or npu`},
		{`"language"`, `"tea"`, `r.toml:5:11: serves "tea": want graph, language, both or kernel`},
		{`"5 us"`, `5`, `r.toml:10:10: launch 5: want a number with unit such as "50 ms"`},
		{`launch = "5 us"`, `prefill-first = true`, `r.toml:10:17: prefill-first true: want with chunk, the most prompt tokens of a step`},
		{`"5 us"`, `"5 min"`, `r.toml:10:11: launch "5 min": want at most 10 s`},
		{"overlap = 0.9", "overlap = 1.5", `r.toml:7:11: overlap 1.5: want a share of at most 1, such as 0.9`},
		{"high = 1.4", "high = 0.4", `r.toml:15:82: band[1].high 0.4: want a factor of at least 1`},
		{"low = 0.8, ", "", `r.toml:15:3: runtime.vllm lacks band[1].low: want a factor of the expected time, such as 1.2`},
		{`phase = "decode"`, `phase = "lunch"`, `r.toml:15:55: band[1].phase "lunch": want graph, prefill, decode, prefill-moe, decode-moe, gemm, gemm-low-bit, prefill-attention, decode-attention, collective`},
		{"reserve", "reserv", `r.toml:13:1: unknown key "reserv", did you mean "reserve"?`},
	} {
		_, err := Decode("r.toml", []byte(strings.Replace(vllm, c.old, c.new, 1)))
		var e *hardware.DecodeError
		if !errors.As(err, &e) {
			t.Errorf("%s: %v", c.new, err)
			continue
		}
		if got, _, _ := strings.Cut(err.Error(), "\n"); got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.new, got, c.want)
		}
	}
}

func TestClassKeys(t *testing.T) {
	want := []string{"elementwise", "matmul", "conv", "depthwise-conv", "attention", "normalization", "pooling", "copy", "recurrent", "collective", "free", "unknown"}
	if got := classKeys(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestNamed(t *testing.T) {
	profiles := []Profile{{ID: "ort", Kinds: []hardware.Kind{hardware.CPU}}, {ID: "ort-gpu", Kinds: []hardware.Kind{hardware.GPU}}, {ID: "any"}}
	for _, c := range []struct {
		name string
		kind hardware.Kind
		want string
	}{{"ort", hardware.CPU, "ort"}, {"ort", hardware.GPU, "ort-gpu"}, {"ort-gpu", hardware.CPU, ""}, {"ort", hardware.TPU, ""}, {"any", hardware.TPU, "any"}, {"none", hardware.CPU, ""}} {
		got := ""
		if p := Named(profiles, c.name, c.kind); p != nil {
			got = p.ID
		}
		if got != c.want {
			t.Errorf("%s on a %s: %q, want %q", c.name, c.kind, got, c.want)
		}
	}
}

// TestBandOver: the first band that holds for a device, a phase and a time.
func TestBandOver(t *testing.T) {
	p := Profile{Bands: []Band{
		{Class: "long", Phase: "gemm", Over: 20e-6, Low: 0.8, High: 1.2},
		{Class: "short", Phase: "gemm", Low: 0.7, High: 2},
		{Class: "hopper", Architectures: []string{"hopper"}, Low: 0.9, High: 1.1},
	}}
	d := &hardware.Device{Kind: hardware.GPU, Architecture: "hopper"}
	for _, c := range []struct {
		phase    string
		expected unit.Seconds
		want     string
	}{{"gemm", 20e-6, "long"}, {"gemm", 19e-6, "short"}, {"decode", 1, "hopper"}} {
		if got := p.BandOver(d, c.phase, c.expected).Class; got != c.want {
			t.Errorf("%s of %v: %q, want %q", c.phase, c.expected, got, c.want)
		}
	}
	d.Architecture = "ada"
	if got := p.Band(d, "decode"); got.Low != 0.5 || got.Measurements != 0 {
		t.Errorf("no band of its own: %+v", got)
	}
}

// A profile that is like another has its values where it says nothing, but is nobody's default.
func TestLike(t *testing.T) {
	got, err := Decode("r.toml", []byte(strings.Replace(vllm, "fusion", "default-for = [\"gpu\"]\nfusion", 1)+"[runtime.fork]\nlike = \"vllm\"\nper-layer = \"1 us\"\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := got[0]
	want.ID, want.PerLayer, want.DefaultFor = "fork", 1e-6, nil
	if !reflect.DeepEqual(got[1], want) {
		t.Errorf("got  %+v\nwant %+v", got[1], want)
	}
	// What it says of a value goes before what is said of the other's.
	got, err = Decode("r.toml", []byte("[runtime.a]\nfusion = \"full\"\nsource = \"x\"\nsources = { \"per-layer\" = [\"there\", \"fitted\"] }\n[runtime.b]\nlike = \"a\"\nsources = { \"per-layer\" = [\"here\", \"assumed\"] }\n"))
	if err != nil {
		t.Fatal(err)
	}
	if o := got[1].Origins.Of("per-layer", got[1].Source); o.Source != "here" || o.Status != hardware.Assumed {
		t.Errorf("the origin is %+v", o)
	}
	if _, err := Decode("r.toml", []byte("[runtime.fork]\nlike = \"nobody\"\n")); err == nil || !strings.HasPrefix(err.Error(), `r.toml:2:9: like "nobody": want the id of a profile before it in the file`) {
		t.Errorf("got %v", err)
	}
}

// What a catalog lists of a profile includes the factors by class.
func TestEntries(t *testing.T) {
	p := Profile{Overlap: 0.5, Compute: ByClass{model.Conv: 0.65, model.DepthwiseConv: 0.32}}
	var got []string
	for _, f := range hardware.Fields(&p) {
		got = append(got, f.Name+" "+f.String())
	}
	if want := "overlap 0.5, compute.conv 0.65, compute.depthwise-conv 0.32"; strings.Join(got, ", ") != want {
		t.Errorf("got %s, want %s", strings.Join(got, ", "), want)
	}
}

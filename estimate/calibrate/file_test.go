package calibrate

import (
	"math"
	"reflect"
	"strings"
	"testing"

	"roofline/estimate/benchmark"
	"roofline/hardware"
	"roofline/hardware/dtype"
	"roofline/hardware/unit"
	"roofline/model"
	"roofline/model/transformer"
)

// file is a calibration with everything a calibration can have.
func file() *File {
	f := &File{Name: "my.toml", Schema: Schema, Device: "h100", Runtime: "served", Date: "2026-11-22", Command: `roofline calibrate "x"`, Transfer: true,
		Efficiency: hardware.Efficiency{Bandwidth: 0.75, KernelFloor: 4e-6}, Host: Host{PerLayer: 71.3e-6, Reserve: 974 * unit.MiB, MemoryShare: 0.9},
		Link: LinkPart{Kind: "nvlink4", Latency: 12e-6, Share: 0.7}, Models: []ModelFactors{{"llama-3.1-8b", 1.1, 1.05}},
		Bands: []Band{{Phase: "decode", Low: 0.9, High: 1.1, Runs: 2}}, Changes: []Change{{"per-layer", "9 µs", "71.3 µs", 0.05}},
		Runs: []benchmark.Run{{Tool: "vllm bench serve", Place: "a.json", TP: 2, ISL: 1024, OSL: 128, Concurrency: 8, TPOT: 9.1e-3, DType: dtype.BF16}}}
	f.Efficiency.Sustained[dtype.BF16] = 0.72
	f.Host.Compute[model.Conv], f.Host.Bandwidth[model.Elementwise] = 0.61, 0.4
	return f
}

// What is written is read again.
func TestRoundTrip(t *testing.T) {
	want := file()
	got, err := Read("my.toml", []byte(want.TOML()))
	if err != nil {
		t.Fatalf("%v\n%s", err, want.TOML())
	}
	if math.Abs(float64(got.Host.PerLayer/want.Host.PerLayer)-1) > 1e-6 || got.Efficiency.Sustained != want.Efficiency.Sustained || got.Host.Compute != want.Host.Compute ||
		got.Link.Share != want.Link.Share || !got.Transfer || !reflect.DeepEqual(got.Models, want.Models) || !reflect.DeepEqual(got.Bands, want.Bands) ||
		!reflect.DeepEqual(got.Changes, want.Changes) || got.Date != want.Date || got.Command != want.Command || got.Host.Reserve != want.Host.Reserve {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	if r := got.Runs[0]; r.TPOT != want.Runs[0].TPOT || r.TP != 2 || r.Concurrency != 8 || r.DType != dtype.BF16 {
		t.Errorf("run %+v", r)
	}
	if again := got.TOML(); again != want.TOML() {
		t.Errorf("written again it is\n%s\nnot\n%s", again, want.TOML())
	}
	runs, err := benchmark.Read("my.toml", strings.NewReader(want.TOML()))
	if err != nil || len(runs.Runs) != 1 {
		t.Errorf("its runs can't be read for another calibration: %v", err)
	}
}

// The device's part holds under every runtime, the runtime's on the device, the model's elsewhere, and the ideal has none.
func TestApply(t *testing.T) {
	f := file()
	own := target()
	if !f.Apply(own, "llama-3.1-8b") || own.Efficiency.Bandwidth != 0.75 || own.Runtime.PerLayer != 71.3e-6 || own.Runtime.Compute[model.Conv] != 0.61 || own.Runtime.PerStep != 500e-6 {
		t.Errorf("%+v %+v", own.Efficiency, own.Runtime)
	}
	if b := own.Runtime.Band(own.Device, "decode"); b.Low != 0.9 || b.Class != "calibrated on 1 run of h100 with served" {
		t.Errorf("band %+v", b)
	}
	if own.Runtime.Band(own.Device, "prefill").Class != "like it" {
		t.Error("the band of what was not measured changed")
	}
	runtime := target()
	runtime.Runtime.ID = "another"
	if !f.Apply(runtime, "") || runtime.Efficiency.Bandwidth != 0.75 || runtime.Runtime.PerLayer != 15e-6 {
		t.Errorf("another runtime: %+v", runtime.Runtime)
	}
	other := target()
	device := *other.Device
	device.ID, other.Device = "b200", &device
	if !f.Apply(other, "llama-3.1-8b") || other.Efficiency.Bandwidth != 0.85 || other.Runtime.PerLayer != 71.3e-6 || math.Abs(other.Runtime.Compute[model.Conv]-1/1.1) > 1e-9 {
		t.Errorf("another device: %+v", other.Runtime)
	}
	f.Transfer = false
	stranger := target()
	stranger.Device = &device
	if f.Apply(stranger, "another model") {
		t.Error("another model on another device changed without --transfer")
	}
	ideal := target()
	ideal.Runtime.Ideal = true
	if f.Apply(ideal, "llama-3.1-8b") {
		t.Error("the textbook's roofline was calibrated")
	}
}

// Applying a file does what applying the solution does.
func TestFileIsTheSolution(t *testing.T) {
	on := target()
	c := step(t, on, transformer.Step{Batch: 1, Context: 512}, 1.3)
	s, _ := solve(t, c)
	f, err := Read("x", []byte(NewFile(s, on).TOML()))
	if err != nil {
		t.Fatal(err)
	}
	a, b := *on, *on
	s.Apply(&a)
	f.Apply(&b, "")
	_, x, _ := c.Subject.Predict(&a)
	_, y, _ := c.Subject.Predict(&b)
	if math.Abs(float64(x/y)-1) > 1e-5 || math.Abs(float64(y/s.Fits[0].After)-1) > 1e-3 {
		t.Errorf("the solution gives %v, its file %v, and %v was promised", x, y, s.Fits[0].After)
	}
}

// Wrong files are refused with line, column, and what would be right.
func TestReadRefuses(t *testing.T) {
	head := "schema = \"roofline.calibration/v1\"\ndevice = \"h100\"\nruntime = \"vllm\"\n"
	for text, want := range map[string]string{
		"device = \"a\"\nruntime = \"b\"\n":                     "schema",
		"schema = \"roofline.calibration/v9\"\n":                "x.toml:1:11: schema \"roofline.calibration/v9\": want \"roofline.calibration/v1\"",
		head + "[efficiency]\nbandwidth = 3.0\n":                "x.toml:5:13: efficiency.bandwidth 3: want a number above 0 and at most 1",
		head + "[efficiency]\nbandwith = 0.9\n":                 "did you mean",
		head + "[host]\nper-layer = 9\n":                        "host.per-layer 9: want a number with unit",
		head + "[host]\nper-layer = \"-9 us\"\n":                "is negative",
		head + "[host]\nper-layer = \"90 s\"\n":                 "host.per-layer",
		head + "[host]\ncompute = { conv = 9.0 }\n":             "compute.conv",
		head + "[link]\nshare = 0.5\n":                          "link.kind",
		head + "[[model]]\nname=\"m\"\ncompute=0.0\nmemory=1.0": "compute",
		head + "[[band]]\nphase=\"decode\"\nlow=2.0\nhigh=1.0":  "low above 0",
		head + "surprise = 1\n":                                 "surprise",
	} {
		if _, err := Read("x.toml", []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\n%v, want %q", text, err, want)
		}
	}
}

// Whatever is in a file, reading it neither panics nor gives values that predictions can't bear.
func FuzzReadFile(f *testing.F) {
	f.Add([]byte(file().TOML()))
	f.Add([]byte("schema = \"roofline.calibration/v1\"\n[efficiency]\nsustained = { bf16 = 0.5 }\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Read("x.toml", data)
		if err != nil {
			return
		}
		on := target()
		on.Device.ID, on.Runtime.ID = c.Device, c.Runtime
		c.Apply(on, "m")
		if e := on.Efficiency; !(e.Bandwidth > 0 && e.Bandwidth <= 2 && e.KernelFloor > 0 && e.KernelFloor <= mostHostTime) {
			t.Fatalf("%+v", e)
		}
	})
}

package calibrate

import (
	"errors"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"roofline/estimate"
	"roofline/estimate/runtime"
	"roofline/hardware"
	"roofline/hardware/dtype"
	"roofline/hardware/unit"
	"roofline/model/transformer"
	"roofline/model/zoo"
)

// target is an H100 and a runtime with every kind of host time.
func target() *estimate.Target {
	d := &hardware.Device{ID: "h100", Kind: hardware.GPU}
	d.Matrix[dtype.BF16], d.Matrix[dtype.FP8], d.Vector[dtype.FP32] = 989e12, 1979e12, 66.9e12
	d.Memory.Bandwidth, d.Memory.Capacity = 3.35e12, 81559*unit.MiB
	p := &runtime.Profile{ID: "served", Overlap: 0.8, MemoryShare: 0.9, PerLayer: 15e-6, PerStep: 500e-6, PerSequence: 10e-6, PerRequest: 5e-3,
		Bands: []runtime.Band{{Class: "like it", Low: 0.7, High: 1.6}}}
	return &estimate.Target{Device: d, Runtime: p, Count: 1, Efficiency: hardware.Efficiency{Default: 0.8, Bandwidth: 0.85, KernelFloor: 3e-6}}
}

func language(t testing.TB, name string) *transformer.Model {
	t.Helper()
	e, ok := zoo.FindLanguage(name)
	if !ok {
		t.Fatalf("no model %s", name)
	}
	m, err := e.Model()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// step is a bare step measured to take so many times as long as predicted.
func step(t testing.TB, on *estimate.Target, s transformer.Step, times unit.Seconds) Case {
	t.Helper()
	phase := "decode"
	if s.Prompts > 0 {
		phase = "prefill"
	}
	c := Case{Name: phase, Phase: phase, Target: on, Subject: Language{Model: language(t, "llama-3.1-8b"), What: Phase, Step: s}}
	_, expected, err := c.Subject.Predict(on)
	if err != nil {
		t.Fatal(err)
	}
	c.Measured = expected * times
	return c
}

func solve(t testing.TB, cases ...Case) (*Solution, map[string]Solved) {
	t.Helper()
	s, err := Solve(cases)
	if err != nil {
		t.Fatal(err)
	}
	by := map[string]Solved{}
	for _, p := range s.Parameters {
		by[p.Name] = p
	}
	return s, by
}

// unchanged checks that parameters were not identified and are exactly what they were.
func unchanged(t testing.TB, by map[string]Solved, names ...string) {
	t.Helper()
	for _, name := range names {
		if p, ok := by[name]; !ok || p.Identified || p.After != p.Before {
			t.Errorf("%s: %+v", name, p)
		}
	}
}

// A run bound by memory tells of the bandwidth and nothing of the peaks; one bound by compute the other way round.
func TestTellsOnlyWhatBinds(t *testing.T) {
	on := target()
	on.Runtime.PerStep, on.Runtime.PerLayer = 1e-6, 1e-9
	// A decode step of one sequence reads 15 GB at 2.85 TB/s: 5.3 ms; multiplying takes 20 µs.
	s, by := solve(t, step(t, on, transformer.Step{Batch: 1, Context: 2048}, 1.2))
	unchanged(t, by, "sustained.bf16", "sustained.fp8", "per-request", "per-layer", "compute.matmul")
	if p := by["bandwidth"]; !p.Identified || p.After >= p.Before || p.Spread >= p.Prior {
		t.Errorf("bandwidth %+v", p)
	}
	if f := s.Fits[0]; math.Abs(float64(f.After/f.Measured)-1) > 0.06 {
		t.Errorf("after %v, measured %v", f.After, f.Measured)
	}
	// 8 prompts of 4096 tokens: 32,768 · 2 · 7.5e9 ÷ 791e12 = 0.62 s of multiplying, and 20 ms of reading.
	_, by = solve(t, step(t, on, transformer.Step{Prompts: 8, Tokens: 4096}, 1.2))
	unchanged(t, by, "bandwidth", "sustained.fp8", "per-layer", "per-step", "kernel-floor", "bandwidth.matmul")
	if p := by["sustained.bf16"]; !p.Identified || p.After >= p.Before {
		t.Errorf("sustained.bf16 %+v", p)
	}
}

// Other work on a machine, and what is a network's own, slow graphs more than anything makes them faster: the two sides of a
// band from 0.9 to 1.6 are 0.1054 and 0.4700 in logarithms, at 1.2816 standard deviations.
func TestSlowRunsTellLess(t *testing.T) {
	on := target()
	on.Runtime.PerStep, on.Runtime.PerLayer = 1e-6, 1e-9
	on.Runtime.Bands = []runtime.Band{{Class: "wider", Phase: "graph", Low: 0.5, High: 2, Measurements: 9}, {Class: "like it", Phase: "graph", Low: 0.9, High: 1.6, Measurements: 9}}
	run := func(times unit.Seconds) Case {
		c := step(t, on, transformer.Step{Batch: 1, Context: 2048}, times)
		c.Phase = "graph"
		return c
	}
	c := run(1)
	if n := c.noise(); math.Abs(n.fast-0.0822) > 1e-4 || math.Abs(n.slow-0.3667) > 1e-4 {
		t.Errorf("noise %+v", n)
	}
	_, by := solve(t, run(1/1.2))
	if p := by["bandwidth"]; !p.Identified || p.After < 1.1*p.Before {
		t.Errorf("a fast run: bandwidth %+v", p)
	}
	_, by = solve(t, run(1.2))
	unchanged(t, by, "bandwidth")
}

// A run bound by the host tells of the host and leaves the device as it was.
func TestOverheadLeavesTheDevice(t *testing.T) {
	on := target()
	on.Runtime.PerLayer = 400e-6 // · 32 layers = 12.8 ms beside 5.6 ms of kernels
	s, by := solve(t, step(t, on, transformer.Step{Batch: 1, Context: 512}, 1.8))
	unchanged(t, by, "sustained.bf16", "sustained.fp8", "bandwidth", "kernel-floor", "compute.matmul", "bandwidth.matmul")
	if p := by["per-layer"]; !p.Identified || p.After < 1.5*p.Before {
		t.Errorf("per-layer %+v", p)
	}
	if f := s.Fits[0]; math.Abs(float64(f.After/f.Measured)-1) > 0.05 {
		t.Errorf("after %v, measured %v", f.After, f.Measured)
	}
}

// What the parameters really were is found again from runs that tell them apart, within what is said of its spread.
func TestFindsWhatWas(t *testing.T) {
	truth := target()
	truth.Efficiency.Bandwidth, truth.Efficiency.Default, truth.Runtime.PerLayer = 0.7, 0.65, 250e-6
	on := target()
	on.Runtime.PerLayer = 100e-6
	var cases []Case
	for _, s := range []transformer.Step{{Prompts: 4, Tokens: 4096}, {Prompts: 1, Tokens: 8192}, {Batch: 1, Context: 512}, {Batch: 8, Context: 512}, {Batch: 64, Context: 4096}, {Batch: 256, Context: 2048}} {
		c := step(t, truth, s, 1)
		c.Target = on
		cases = append(cases, c)
	}
	s, by := solve(t, cases...)
	// One model can't tell the host's time per layer from that per step: 0.5 ms + 32 · 250 µs = 8.5 ms together.
	if host := by["per-step"].After + 32*by["per-layer"].After; math.Abs(host/8.5e-3-1) > 0.2 {
		t.Errorf("host time of a step %g", host)
	}
	for _, f := range s.Fits {
		if off := float64(f.After / f.Measured); math.Abs(off-1) > 0.06 {
			t.Errorf("%s: %v after, %v measured", f.Name, f.After, f.Measured)
		}
	}
	other := step(t, truth, transformer.Step{Batch: 32, Context: 1024}, 1)
	after := *on
	s.Apply(&after)
	_, before, _ := other.Subject.Predict(on)
	_, now, _ := other.Subject.Predict(&after)
	if math.Abs(float64(now/other.Measured)-1) > 0.05 || math.Abs(float64(before/other.Measured)-1) < 0.15 {
		t.Errorf("a step that was not measured: %v before, %v after, truth %v", before, now, other.Measured)
	}
}

// Every run as expected changes nothing.
func TestNothingNew(t *testing.T) {
	on := target()
	s, _ := solve(t, step(t, on, transformer.Step{Batch: 1, Context: 512}, 1), step(t, on, transformer.Step{Prompts: 1, Tokens: 2048}, 1))
	for _, p := range s.Parameters {
		if math.Abs(p.After/p.Before-1) > 1e-3 {
			t.Errorf("%+v", p)
		}
	}
}

// Times that can't be are refused, and the reason is said.
func TestRefuses(t *testing.T) {
	on := target()
	c := step(t, on, transformer.Step{Batch: 1, Context: 512}, 0.5)
	var faster *FasterError
	if _, err := Solve([]Case{c}); !errors.As(err, &faster) || !strings.Contains(err.Error(), "faster than the hardware allows: speculative decoding, sparsity, cache hits, or the wrong device?") {
		t.Errorf("half the bound: %v", err)
	}
	c.Measured = 0
	if _, err := Solve([]Case{c}); err == nil {
		t.Error("no time at all is taken")
	}
	slow, fast := step(t, on, transformer.Step{Batch: 1, Context: 512}, 2.4), step(t, on, transformer.Step{Batch: 1, Context: 520}, 1)
	slow.Name, fast.Name = "slow", "fast"
	var contradiction *ContradictionError
	if _, err := Solve([]Case{slow, fast}); !errors.As(err, &contradiction) || contradiction.Names != [2]string{"slow", "fast"} {
		t.Errorf("the same step in 1 × and 2.4 × the time: %v", err)
	}
	if _, err := Solve(nil); err == nil {
		t.Error("no runs at all are taken")
	}
}

// Of many runs one that does not agree counts less, and hardly changes what the others say.
func TestOutlier(t *testing.T) {
	on := target()
	var good []Case
	for _, context := range []float64{500, 1000, 2000, 3000} {
		good = append(good, step(t, on, transformer.Step{Batch: 1, Context: context}, 1.1))
	}
	_, alone := solve(t, good...)
	s, with := solve(t, append(good, step(t, on, transformer.Step{Batch: 1, Context: 1500}, 3))...)
	if f := s.Fits[4]; !f.Doubted() || s.Fits[0].Doubted() {
		t.Errorf("weights %g and %g", f.Weight, s.Fits[0].Weight)
	}
	if a, b := alone["bandwidth"].After, with["bandwidth"].After; math.Abs(a/b-1) > 0.1 {
		t.Errorf("bandwidth %g without the outlier, %g with it", a, b)
	}
}

// A model that is slower than predicted takes a part of that with it, never more than all, and nothing where it is as
// predicted.
func TestTransfer(t *testing.T) {
	on := target()
	rapid.Check(t, func(t *rapid.T) {
		times := rapid.Float64Range(1.02, 1.8).Draw(t, "times")
		f, err := Transfer("m", []Case{step(&testing.T{}, on, transformer.Step{Batch: 1, Context: 512}, unit.Seconds(times))})
		if err != nil || f.Memory < 1 || f.Memory > times || f.Compute < 1 || f.Compute > times {
			t.Fatalf("%g: %+v, %v", times, f, err)
		}
	})
	f, err := Transfer("m", []Case{step(t, on, transformer.Step{Batch: 1, Context: 512}, 1)})
	if err != nil || f != (ModelFactors{"m", 1, 1}) {
		t.Errorf("%+v, %v", f, err)
	}
}

// The band narrows for what was measured.
func TestBand(t *testing.T) {
	s, _ := solve(t, step(t, target(), transformer.Step{Batch: 1, Context: 512}, 1.1))
	if len(s.Bands) != 1 || s.Bands[0].Phase != "decode" || !(s.Bands[0].Low > 0.7 && s.Bands[0].Low < 1 && s.Bands[0].High < 1.6 && s.Bands[0].High > 1) {
		t.Errorf("%+v", s.Bands)
	}
}

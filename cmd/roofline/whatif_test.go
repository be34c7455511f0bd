package main

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"roofline/cmd/roofline/internal/metric"
)

// asksWhatif returns the JSON of a what-if.
func asksWhatif(t *testing.T, args ...string) *whatif {
	t.Helper()
	var doc whatif
	if err := json.Unmarshal([]byte(answer(t, 0, append([]string{"whatif"}, append(args, "--format", "json")...)...)), &doc); err != nil {
		t.Fatal(err)
	}
	return &doc
}

// What a target is said to take gives the target when it is set: within 0.1 %, for every parameter that reaches it.
func TestRequireFedBack(t *testing.T) {
	checked := 0
	for _, c := range []struct {
		args    []string
		metric  string
		factors []float64 // of what is now
	}{
		{[]string{"llama-3.1-8b", "--device", "h100-sxm", "--concurrency", "1"}, "tpot", []float64{0.8, 1.3}},
		{[]string{"llama-3.1-8b", "--device", "l4", "--concurrency", "16"}, "tpot", []float64{0.5, 2}},
		{[]string{"llama-3.1-70b", "--device", "h100-sxm", "--count", "4", "--concurrency", "32"}, "tpot", []float64{0.9}},
		{[]string{"qwen3-30b-a3b", "--device", "mi300x", "--concurrency", "64"}, "tpot", []float64{0.9, 1.2}},
		{[]string{"deepseek-v3", "--device", "h200-sxm", "--count", "8", "--concurrency", "8"}, "tpot", []float64{0.95}},
		{[]string{"llama-3.1-8b", "--device", "a100-sxm-80gb", "--concurrency", "4"}, "ttft", []float64{0.8}},
		{[]string{"llama-3.1-8b", "--device", "h200-sxm", "--concurrency", "128"}, "throughput", []float64{1.1}},
		{[]string{"llama-3.1-8b", "--device", "h200-sxm", "--concurrency", "128"}, "cost", []float64{0.5, 1.5}},
		{[]string{"resnet50", "--device", "l4", "--batch", "32"}, "latency", []float64{0.9, 1.5}},
		{[]string{"bert-base", "--device", "rtx-4090", "--batch", "64"}, "throughput", []float64{1.05}},
		{[]string{"llama-3.1-8b", "--device", "rtx-4090", "--phase", "decode", "--batch", "4"}, "tpot", []float64{0.6}},
	} {
		now := metric.Get(c.metric).Of(asksWhatif(t, c.args...).Before[0]).Value
		for _, f := range c.factors {
			target := now * f
			text := fmt.Sprintf("%s=%.9g", c.metric, target)
			if m := metric.Get(c.metric); m.Scale() == 1e-3 {
				text += "s"
			}
			doc := asksWhatif(t, append(c.args, "--require", text)...)
			reached := 0
			for _, n := range doc.Required[0].Takes {
				if n.Needed == "" {
					continue
				}
				reached++
				again := asksWhatif(t, append(c.args, "--set", n.Field+"="+n.Needed)...)
				if got := metric.Get(c.metric).Of(again.After[0]).Value; math.Abs(got/target-1) > 1e-3 {
					t.Errorf("%s: %s=%s gives %g, want %g", strings.Join(c.args, " "), n.Field, n.Needed, got, target)
				}
				checked++
			}
			if reached == 0 {
				t.Errorf("%s: nothing reaches %s", strings.Join(c.args, " "), text)
			}
		}
	}
	if checked < 20 {
		t.Errorf("only %d values fed back", checked)
	}
}

// Less memory makes the requests that run faster, because others wait: that is no way to a target.
func TestRequireTakesNoMemoryAway(t *testing.T) {
	for _, n := range asksWhatif(t, "qwen3-30b-a3b", "--device", "a100-sxm-80gb", "--concurrency", "64", "--require", "tpot=20ms").Required[0].Takes {
		if n.Parameter == "memory capacity" && (n.Reaches || n.Factor != 0) {
			t.Errorf("%+v", n)
		}
	}
}

// By hand: at full peaks and without overhead a decode step of one sequence is bytes ÷ bandwidth: twice the bandwidth,
// half the time. Nothing else matters.
func TestElasticityByHand(t *testing.T) {
	doc := asksWhatif(t, "llama-3.1-8b", "--device", "h100-sxm", "--runtime", "ideal", "--phase", "decode", "--context", "2048", "--sensitivity")
	for _, p := range doc.Sensitivity.Parameters {
		want := 0.0
		if p.Name == "memory bandwidth" {
			want = -1
		}
		if e := p.of("batch 1", "tpot"); e == nil || math.Abs(e.Value-want) > 1e-3 {
			t.Errorf("%s: %+v, want %g", p.Name, e, want)
		}
	}
	// 7 % of a step's time are 7 % of its elasticity: what is proportional to the time adds up to 1.
	doc = asksWhatif(t, "llama-3.1-8b", "--device", "h100-sxm", "--concurrency", "1", "--sensitivity")
	sum := 0.0
	for _, p := range doc.Sensitivity.Parameters {
		v := p.of("one request alone", "tpot").value()
		switch {
		case strings.HasSuffix(p.Name, "overhead"):
			sum += v
		case p.Name == "memory bandwidth" || strings.Contains(p.Name, "peak ") && !strings.HasPrefix(p.Name, "cores"):
			sum -= v
		}
	}
	if math.Abs(sum-1) > 0.02 {
		t.Errorf("the shares of bandwidth, peaks and overheads in the TPOT add up to %g", sum)
	}
}

// The file of a supposed device makes estimate answer what whatif did.
func TestHypothesisFile(t *testing.T) {
	t.Chdir(t.TempDir())
	args := []string{"llama-3.1-70b", "--device", "h100-sxm", "--count", "4", "--concurrency", "16"}
	set := []string{"--set", "memory.bandwidth=4.8TB/s", "--set", "link.nvlink4=*2", "--set", "runtime.per-step=/2", "--set", "memory.capacity=141GB"}
	want := asksWhatif(t, append(args, set...)...).After[0]
	answer(t, 0, append(append([]string{"whatif"}, append(args, set...)...), "-o", "my.toml")...)
	got := estimated(t, "estimate "+strings.Join(args, " ")+" --catalog my.toml")
	if got.Latency.Expected != want.Latency.Expected || got.Memory.Capacity != want.Memory.Capacity || got.Cost.USDPerHour != want.Cost.USDPerHour {
		t.Errorf("estimate says %+v %+v, whatif %+v %+v", got.Latency, got.Memory, want.Latency, want.Memory)
	}
}

// Doubling and halving again changes nothing, and more bandwidth never makes anything slower.
func TestWhatifMonotone(t *testing.T) {
	for _, model := range []string{"resnet50", "llama-3.1-8b"} {
		last := math.Inf(1)
		for _, factor := range []string{"*0.5", "*0.9", "*1", "*1.1", "*2", "*8"} {
			doc := asksWhatif(t, model, "--device", "l4", "--set", "memory.bandwidth="+factor)
			v := float64(doc.After[0].Latency.Expected)
			if v > last*(1+1e-12) {
				t.Errorf("%s: %s of the bandwidth takes %g s, less of it %g s", model, factor, v, last)
			}
			if last = v; factor == "*1" && v != float64(doc.Before[0].Latency.Expected) {
				t.Errorf("%s: once its bandwidth it takes %g s, was %v", model, v, doc.Before[0].Latency.Expected)
			}
		}
	}
}

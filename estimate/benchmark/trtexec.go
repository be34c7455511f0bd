package benchmark

import (
	"fmt"
	"strconv"
	"strings"

	"roofline/hardware/unit"
)

// trtexecTimes reads what `trtexec --exportTimes` writes: the median time on the GPU counts, transfers do not.
type trtexecTimes struct{ compute []float64 }

func (t *trtexecTimes) add(o *object) error {
	key := "computeMs"
	if !o.has("startComputeMs") { // as TensorRT before 8 named it: from the first layer to the last, transfers apart
		key = "latencyMs"
	}
	o.require(key)
	v := o.seconds(key, milliseconds)
	if len(t.compute) < mostSamples {
		t.compute = append(t.compute, float64(v))
	}
	return o.Err()
}

// mostSamples is how many repetitions are kept of one time.
const mostSamples = 1 << 20

func (t *trtexecTimes) runs() ([]Run, error) {
	r := Run{Runtime: "tensorrt", N: len(t.compute), Spread: relativeSpread(t.compute), Latency: unit.Seconds(median(t.compute))}
	r.took("median computeMs of %d runs (GPU time, no transfers)", r.N)
	return []Run{r}, nil
}

// trtexecProfile reads what `trtexec --exportProfile` writes: a count, then the layers.
type trtexecProfile struct {
	count  int
	layers []Layer
}

func (t *trtexecProfile) add(o *object) error {
	if t.count == 0 {
		if t.count = int(o.count("count")); t.count < 1 && o.Err() == nil {
			o.fail("count", "is 0: nothing was run")
		}
		return o.Err()
	}
	o.require("name", "medianMs|averageMs")
	key := o.first("medianMs", "averageMs")
	ms := o.number(key, longestTime*1e3) // layers that were fused away take no time
	if len(t.layers) == mostNodes {
		return fmt.Errorf("more than %d layers", mostNodes)
	}
	if ms > 0 {
		t.layers = append(t.layers, Layer{Name: o.text("name"), Time: unit.Seconds(ms) * milliseconds})
	}
	return o.Err()
}

func (t *trtexecProfile) runs() ([]Run, error) {
	if len(t.layers) == 0 {
		return nil, fmt.Errorf("medianMs: no layer has a time: was the profile cut off?")
	}
	r := Run{Runtime: "tensorrt", N: t.count, Layers: t.layers}
	r.took("median time of %d layers over %d runs", len(t.layers), t.count)
	return []Run{r}, nil
}

// trtexecLog reads the performance summary that trtexec prints.
type trtexecLog struct {
	inside bool
	rate   float64
	run    Run
}

var (
	trtexecBegin  = "=== Performance summary ==="
	trtexecMedian = pattern(`GPU Compute Time:.*\bmedian = (\S+) ms`)
	trtexecRate   = pattern(`Throughput: (\S+) qps`)
	trtexecShape  = pattern(`(?:--(?:opt)?[sS]hapes=|Input shapes?: )(\S{1,500})`)
	firstDim      = pattern(`:(\d{1,9})x`)
)

func (t *trtexecLog) line(line string) error {
	if strings.Contains(line, trtexecBegin) {
		t.inside = true
	}
	if m := trtexecShape().FindStringSubmatch(line); m != nil {
		if d := firstDim().FindStringSubmatch(m[1]); d != nil && t.run.Batch == 0 {
			t.run.Batch, _ = strconv.ParseFloat(d[1], 64)
			t.run.took("batch %g from the shapes of the command", t.run.Batch)
		}
	}
	if !t.inside {
		return nil
	}
	if m := trtexecRate().FindStringSubmatch(line); m != nil {
		o := row([]string{"Throughput"}, []string{m[1]})
		t.rate = o.rate("Throughput")
		return o.Err()
	}
	if strings.Contains(line, "GPU Compute Time:") && t.run.Latency == 0 {
		m := trtexecMedian().FindStringSubmatch(line)
		if m == nil {
			return fmt.Errorf("GPU Compute Time: median is missing: was the line cut off?")
		}
		o := row([]string{"GPU Compute Time: median"}, []string{m[1]})
		t.run.Latency = o.seconds("GPU Compute Time: median", milliseconds)
		return o.Err()
	}
	return nil
}

func (t *trtexecLog) done() (Run, error) {
	if t.run.Latency == 0 {
		return t.run, fmt.Errorf("the performance summary has no line \"GPU Compute Time\": was the log cut off?")
	}
	t.run.Runtime = "tensorrt"
	t.run.took("median GPU Compute Time (no transfers)")
	return t.run, nil
}

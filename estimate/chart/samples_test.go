package chart

import (
	"fmt"
	"math"

	"roofline/hardware/unit"
)

// samples are charts of made-up data, plain and hard: what the picture of an answer may have to cope with.
func samples() map[string]Chart {
	about := func(title string) Caption {
		return Caption{Title: title, Finding: "A sentence says what is to be seen.", Subtitle: "made-up data · bf16 · 1k/1k tokens · runtime vllm", Date: "2026-11-22"}
	}
	return map[string]Chart{
		"roofline":         &Roofline{Caption: about("Decode of 16 tokens at 1.5k of context on h100-sxm"), Roofs: []Roof{sampleRoof("h100-sxm", 3.35e12, 989e12, 1)}},
		"roofline-devices": &Roofline{Caption: about("Decode on three devices"), Roofs: []Roof{sampleRoof("h100-sxm", 3.35e12, 989e12, 1), sampleRoof("mi300x", 5.3e12, 1307e12, 1.3), sampleRoof("l4", 0.3e12, 121e12, 0.1)}},
		"roofline-empty":   &Roofline{Caption: about("No work"), Roofs: []Roof{{Device: "h100-sxm", Bandwidth: 3.35e12, Peaks: []Peak{{"bf16", 989e12}}}}},
		"frontier":         sampleFrontier(about("What llama-3.1-70b costs at each speed"), 3, 7),
		"frontier-one":     &Frontier{Caption: about("One configuration"), X: speedAxis, Y: outputAxis, Series: []Series{{Name: "h100-sxm", Points: []Configuration{{X: 40, Y: 1200, Label: "TP8"}}}}},
		"frontier-sixty":   sampleFrontier(about("Sixty configurations"), 10, 6),
		"frontier-decades": sampleDecades(about("Values over six decades")),
		"frontier-empty":   &Frontier{Caption: about("Nothing to draw"), X: speedAxis, Y: outputAxis, Series: []Series{{Name: "b200-sxm", Points: []Configuration{{X: math.NaN(), Y: 10}}}}},
		"load":             sampleLoad(about("llama-3.1-8b under rising load"), "h100-sxm", "mi300x", "l40s"),
		"load-one":         sampleLoad(about("resnet50 on one device"), "l4"),
		"bars":             sampleBars(about("llama-3.1-8b: speed and cost"), 8),
		"bars-one":         sampleBars(about("One device"), 1),
		"bars-sixty":       sampleBars(about("Sixty devices"), 60),
		"memory":           sampleMemory(about("llama-3.1-70b in the memory of h100-sxm")),
		"times":            sampleTimes(about("Where the time of a decode step goes")),
		"elasticities":     sampleElasticities(about("What would make llama-3.1-8b faster on h100-sxm")),
		"accuracy":         sampleAccuracy(about("Predicted against measured")),
	}
}

var (
	speedAxis  = Measure{Name: "interactivity", Unit: "tok/s per user", Better: Higher}
	outputAxis = Measure{Name: "output per device", Unit: "tok/s", Better: Higher}
)

func sampleRoof(name string, bandwidth unit.ByteRate, peak unit.FLOPRate, speed float64) Roof {
	r := Roof{Device: name, Bandwidth: bandwidth, Peaks: []Peak{{"bf16", peak}, {"fp8", 2 * peak}}}
	for _, w := range []struct {
		name      string
		intensity float64
		ms        float64
		limit     string
	}{
		{"gate_up_proj", 15.9, 2.68, "memory"}, {"down_proj", 15.8, 1.34, "memory"}, {"attention", 4, 1.15, "memory"}, {"qkv_proj", 15.7, 0.58, "memory"},
		{"norms, rope, silu", 1.7, 0.48, "overhead"}, {"o_proj", 15.6, 0.38, "memory"}, {"lm_head", 15.9, 0.37, "memory"}, {"prefill of a very long prompt with a long name", 900, 0.9, "compute"},
		{"all_reduce", 0.3, 0.2, "communication"},
	} {
		rate := min(w.intensity*float64(bandwidth)*0.82, float64(peak)*0.7)
		if w.limit == "overhead" {
			rate /= 9
		}
		r.Work = append(r.Work, Dot{w.name, unit.Intensity(w.intensity), unit.FLOPRate(rate), unit.Seconds(w.ms / 1e3 / speed), w.limit})
	}
	r.Work = append(r.Work, Dot{Name: "embedding", Time: 1e-5, Limit: "memory"})
	return r
}

func sampleFrontier(c Caption, devices, points int) *Frontier {
	f := &Frontier{Caption: c, X: speedAxis, Y: outputAxis, Limits: Limits{XMin: 20}}
	names := []string{"h100-sxm", "mi300x", "l40s", "a100-sxm-80gb", "nvidia-rtx-pro-6000-blackwell-server-edition", "b200-sxm", "gaudi-3", "tpu-v6e", "mi325x", "gh200"}
	for i := range devices {
		s := Series{Name: names[i%len(names)]}
		for k := range points {
			x := 14 * math.Pow(1.35, float64(k)) * (1 - 0.07*float64(i))
			y := (3200 - 500*float64(i)) / (1 + math.Pow(x/45, 1.7))
			s.Points = append(s.Points, Configuration{X: x, Y: y, YBand: Band{y * 0.85, y * 1.1}, Label: fmt.Sprintf("TP%d", 1<<min(k/2, 3)), Answer: i == 1 && k == 2})
			s.Points = append(s.Points, Configuration{X: x * 0.9, Y: y * 0.8, Dominated: true})
		}
		f.Series = append(f.Series, s)
	}
	f.Series = append(f.Series, Series{Name: "b300-sxm", Points: []Configuration{{X: math.NaN(), Y: math.NaN()}}})
	f.Notes = []string{"b300-sxm: no price in the catalog."}
	return f
}

func sampleDecades(c Caption) *Frontier {
	f := &Frontier{Caption: c, X: Measure{Name: "latency of a batch", Scales: unit.TimeScales, Log: true, Better: Lower}, Y: Measure{Name: "$ per M images", Log: true, Better: Lower}}
	for i, name := range []string{"l4", "i7-12700h"} {
		s := Series{Name: name}
		for k := range 9 {
			s.Points = append(s.Points, Configuration{X: 1e-5 * math.Pow(6, float64(k)), Y: 4e3 * float64(i+1) * math.Pow(0.2, float64(k)), Label: fmt.Sprintf("batch %d", 1<<k)})
		}
		s.Points = append(s.Points, Configuration{X: 0, Y: 1})
		f.Series = append(f.Series, s)
	}
	return f
}

func sampleLoad(c Caption, names ...string) *Load {
	l := &Load{Caption: c, Name: "requests in flight", Throughput: Measure{Name: "output", Unit: "tok/s", Better: Higher},
		Latency: Measure{Name: "TPOT", Scales: unit.TimeScales, Better: Lower}, LatencyMax: 0.05}
	for i, name := range names {
		curve := Curve{Name: name, Full: 128, Knee: 64}
		for k := range 9 {
			n := math.Exp2(float64(k))
			if n > curve.Full {
				break
			}
			tpot := (0.007 + 0.00018*n) * (1 + 0.4*float64(i))
			curve.Points = append(curve.Points, AtLoad{n, n / tpot, tpot, Band{n / tpot * 0.85, n / tpot * 1.15}, Band{tpot * 0.87, tpot * 1.18}})
		}
		l.Curves = append(l.Curves, curve)
	}
	return l
}

func sampleBars(c Caption, n int) *Bars {
	b := &Bars{Caption: c, Measures: []Measure{{Name: "TPOT, one request alone", Scales: unit.TimeScales, Better: Lower},
		{Name: "output at full load", Unit: "tok/s", Better: Higher}, {Name: "$ per M output tokens", Better: Lower}}}
	for i := range n {
		f := 1 + 0.35*float64(i)
		row := Bar{Name: fmt.Sprintf("device-%d", i+1), Detail: "TP4", Answer: i == 0, Values: []Estimated{
			{Bound: 0.0032 * f, Low: 0.0042 * f, Value: 0.0049 * f, High: 0.0062 * f}, {Low: 8000 / f, Value: 9839 / f, High: 11000 / f}, {Low: 0.08 * f, Value: 0.101 * f, High: 0.12 * f}}}
		switch i % 5 {
		case 3:
			row.Values[2] = Unknown("no price")
		case 4:
			row.Name = "nvidia-rtx-pro-6000-blackwell-server-edition"
		}
		b.Rows = append(b.Rows, row)
	}
	return b
}

func sampleMemory(c Caption) *Memory {
	gib := func(v float64) unit.Bytes { return unit.Bytes(v) * unit.GiB }
	return &Memory{Caption: c, Rows: []Filled{
		{Name: "1 × h100-sxm", Detail: "TP1", Weights: gib(131.4), Activations: gib(2.1), Reserved: gib(5.5), Capacity: gib(79.6), Short: gib(59.4)},
		{Name: "2 × h100-sxm", Detail: "TP2 · 1 user", Weights: gib(65.7), KVCache: gib(6.4), Activations: gib(2), Reserved: gib(5.5), Capacity: gib(79.6)},
		{Name: "4 × h100-sxm", Detail: "TP4 · 15 users", Weights: gib(32.9), KVCache: gib(39.2), Activations: gib(2), Reserved: gib(5.5), Capacity: gib(79.6)},
		{Name: "8 × h100-sxm", Detail: "TP8 · 44 users", Weights: gib(16.4), KVCache: gib(55.6), Activations: gib(2), Reserved: gib(5.5), Capacity: gib(79.6)},
		{Name: "i7-12700h", Weights: gib(131.4)},
	}}
}

func sampleTimes(c Caption) *Times {
	t := &Times{Caption: c}
	for i, name := range []string{"MatMul", "Attention", "Elementwise", "Norm", "AllReduce", "host"} {
		ms := unit.Seconds(4.6e-3 / float64(i*i+1))
		t.Rows = append(t.Rows, Spent{name, map[string]unit.Seconds{limits[(i+1)%4]: ms, limits[i%4]: ms / 4}})
	}
	return t
}

func sampleElasticities(c Caption) *Elasticities {
	return &Elasticities{Caption: c, Measures: []string{"TPOT", "output tok/s", "$ per M tokens"}, Better: []Direction{Lower, Higher, Lower}, Rows: []Elasticity{
		{"memory bandwidth", []float64{-0.83, 0.62, -0.62}}, {"peak bf16", []float64{-0.02, 0.31, -0.31}}, {"memory capacity", []float64{0, 0.2, -0.2}},
		{"link bandwidth", []float64{-0.05, 0.03, -0.03}}, {"host overhead", []float64{0.1, -0.07, 0.07}}, {"price", []float64{0, 0, 1}}, {"power", []float64{0, 0, math.NaN()}},
	}}
}

func sampleAccuracy(c Caption) *Accuracy {
	a := &Accuracy{Caption: c, Factor: 1.25}
	for i, name := range []string{"served", "step", "graph", "kernel"} {
		class := Class{Name: name}
		for k := range 60 {
			m := 1e-6 * math.Pow(10, float64(i)+4*float64(k)/60)
			class.Points = append(class.Points, Compared{fmt.Sprintf("run %d", k), unit.Seconds(m), unit.Seconds(m * (1 + 0.35*math.Sin(float64(7*k+i))))})
		}
		class.Points = append(class.Points, Compared{"lost", 0, 1})
		a.Classes = append(a.Classes, class)
	}
	return a
}

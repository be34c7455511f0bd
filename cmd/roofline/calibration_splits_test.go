package main

import (
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"roofline/catalog"
	"roofline/estimate"
	"roofline/estimate/calibrate"
	"roofline/estimate/validate"
	"roofline/hardware/dtype"
	"roofline/hardware/unit"
	"roofline/model"
	"roofline/model/transformer"
)

// inSequence are operations that are done one after the other.
type inSequence []model.Work

// Predict implements [calibrate.Subject].
func (k inSequence) Predict(t *estimate.Target) (bound, expected unit.Seconds, err error) {
	m, err := t.Machine(k[0].Format)
	if err != nil {
		return 0, 0, err
	}
	expected, _ = m.Times(k)
	var bytes unit.Bytes
	for i := range k {
		bytes += k[i].Bytes()
	}
	return m.Bound(k, bytes), expected, nil
}

// prefillLayers are the products of a layer of a language model on an A100, all of them together, for prompts of 256 and
// more tokens: most of what prefill is.
func (c *calibrations) prefillLayers() (out []calibrate.Case) {
	type layer struct{ model, tp, tokens string }
	sums := map[layer]*calibrate.Case{}
	parts := map[layer]map[string]bool{}
	var order []layer
	for _, r := range rows(c.T, "llm/vidur_mlp.csv", func(r record) bool { return r.number("m") >= 256 && r.number("n") > 0 && r.number("k") > 0 }) {
		key := layer{r["model"], r["tp"], r["m"]}
		m := validate.Measurement{Quantity: validate.GEMM, Device: r["device"], Weights: dtype.FP16, M: r.number("m"), N: r.number("n"), K: r.number("k")}
		w, err := m.Work()
		if err != nil {
			c.Fatal(err)
		}
		x := sums[key]
		if x == nil {
			target, err := c.world.Target(m.Device, "", validate.GEMM, m.Plan())
			if err != nil {
				c.Fatal(err)
			}
			x = &calibrate.Case{Name: fmt.Sprintf("%s TP%s, %s tokens", r["model"], r["tp"], r["m"]), Phase: "prefill", Target: target, Doubt: c.doubt, Subject: inSequence{}}
			sums[key], parts[key], order = x, map[string]bool{}, append(order, key)
		}
		if parts[key][r["op"]] {
			continue
		}
		parts[key][r["op"]] = true
		x.Subject = append(x.Subject.(inSequence), w)
		x.Measured += unit.Seconds(r.number("measured_value") / 1e3)
	}
	const products = 4
	for _, key := range order {
		if len(parts[key]) == products {
			out = append(out, *sums[key])
		}
	}
	return out
}

// calibrations evaluates what single runs tell of the rest.
type calibrations struct {
	*testing.T
	world  *exports
	doubt  float64
	graphs map[string]*estimate.GraphModel
	table  *strings.Builder
}

// caseOf returns a measurement as a case of a calibration; false if it can't be predicted, or is below its bound.
func (c *calibrations) caseOf(m *validate.Measurement) (calibrate.Case, bool) {
	c.Helper()
	target, err := c.world.Target(m.Device, m.Runtime, m.Quantity, m.Plan())
	if err != nil {
		c.Fatal(err)
	}
	x := calibrate.Case{Name: m.Name(), Measured: m.Measured, Target: target, Phase: m.Quantity.Class(), Doubt: c.doubt}
	switch m.Quantity {
	case validate.TPOT:
		spec, err := c.world.Language(m.Model)
		if err != nil {
			c.Fatal(err)
		}
		x.Phase = phase(spec, "decode")
		x.Subject = calibrate.Language{Model: spec, Formats: transformer.Formats{Weights: m.Weights, Activations: m.Activations, KV: m.KV},
			Request: estimate.Request{ISL: m.ISL, OSL: m.OSL}, Users: m.Concurrency, What: calibrate.TPOT}
	case validate.Latency:
		key := fmt.Sprint(m.Model, target.Runtime.ID, m.Weights)
		if c.graphs[key] == nil {
			g, err := c.world.Graph(m.Model)
			if err != nil {
				c.Fatal(err)
			}
			c.graphs[key] = estimate.NewGraphModel(g, target.Runtime.Fusion, model.Formats{Weights: m.Weights, Activations: m.Weights, Autocast: target.Runtime.Autocast})
		}
		x.Subject = calibrate.Graph{Model: c.graphs[key], Batch: m.Batch}
	default:
		w, err := m.Work()
		if err != nil {
			c.Fatal(err)
		}
		x.Subject = inSequence{w}
	}
	bound, _, err := x.Subject.Predict(target)
	return x, err == nil && m.Measured >= bound
}

func (c *calibrations) cases(ms []validate.Measurement) (out []calibrate.Case) {
	for i := range ms {
		if x, ok := c.caseOf(&ms[i]); ok {
			out = append(out, x)
		}
	}
	return out
}

// errorOf returns the median error of cases, without some of them, on calibrated targets.
func (c *calibrations) errorOf(cases []calibrate.Case, without []int, s *calibrate.Solution) float64 {
	var all []float64
	targets := map[*estimate.Target]*estimate.Target{}
	for i := range cases {
		if slices.Contains(without, i) {
			continue
		}
		x := &cases[i]
		t := targets[x.Target]
		if t == nil {
			own := *x.Target
			if s != nil {
				s.Apply(&own)
			}
			t = &own
			targets[x.Target] = t
		}
		_, expected, err := x.Subject.Predict(t)
		if err != nil {
			c.Fatal(err)
		}
		all = append(all, math.Abs(float64(expected/x.Measured)-1))
	}
	return middle(all)
}

func middle(v []float64) float64 {
	if len(v) == 0 {
		return math.NaN()
	}
	slices.Sort(v)
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

// someChoices is how many choices of the run are tried where nothing is written.
const someChoices = 2

// oneRun calibrates with each run in turn and predicts the rest.
func (c *calibrations) oneRun(what string, cases []calibrate.Case) {
	c.Helper()
	if len(cases) < 5 {
		return
	}
	every := 1
	if !*update {
		every = max(1, len(cases)/someChoices)
	}
	before := c.errorOf(cases, nil, nil)
	type choice struct {
		name  string
		after float64
	}
	var after []choice
	for i := 0; i < len(cases); i += every {
		s, err := calibrate.Solve(cases[i : i+1])
		if err != nil {
			c.Fatal(err)
		}
		after = append(after, choice{cases[i].Name, c.errorOf(cases, []int{i}, s)})
	}
	slices.SortFunc(after, func(a, b choice) int {
		if a.after < b.after {
			return -1
		}
		return 1
	})
	errors := make([]float64, len(after))
	for i := range after {
		errors[i] = after[i].after
	}
	median, asked := middle(slices.Clone(errors)), max(before*2/3, 0.07)
	reached := 0
	for _, e := range errors {
		if e <= asked {
			reached++
		}
	}
	best, worst := after[0], after[len(after)-1]
	c.Logf("%-52s n %3d  before %5.1f %%  after: median %5.1f %%, worst %5.1f %%; asked ≤ %4.1f %%, reached by %3.0f %% of the choices; best %.1f %% with %s", what, len(cases), 100*before,
		100*median, 100*worst.after, 100*asked, 100*float64(reached)/float64(len(errors)), 100*best.after, best.name)
	fmt.Fprintf(c.table, "| %s | %d | %.0f | %.0f | %.0f | %.0f | %s: %.0f |\n", what, len(cases), 100*before, 100*median, 100*worst.after, 100*float64(reached)/float64(len(errors)), best.name, 100*best.after)
}

// TestCalibrationSplits prints what one run tells of the rest, in each regime, all choices of the run tried: against a
// datasheet alone, and against the catalog, which in part was solved for on the same measurements.
//
//	go test ./cmd/roofline -run CalibrationSplits -v            a few choices
//	go test ./cmd/roofline -run CalibrationSplits -v -update    all, and the table of docs/calibration.md
func TestCalibrationSplits(t *testing.T) {
	if testing.Short() {
		t.Skip("solving takes a while")
	}
	t.Parallel()
	rows(t, "splits.csv", func(record) bool { return true })
	bare := fresh()
	for i := range bare.Devices {
		bare.Devices[i].Architecture = ""
	}
	var doc strings.Builder
	for _, of := range []struct {
		name  string
		c     *catalog.Catalog
		doubt float64
	}{{"datasheet alone", bare, 2.5}, {"catalog", catalog.Default(), 1}} {
		c := &calibrations{t, newExports(of.c), of.doubt, map[string]*estimate.GraphModel{}, &doc}
		t.Logf("against the %s:", of.name)
		c.regimes(of.name)
	}
	c := &calibrations{t, newExports(catalog.Default()), 1, map[string]*estimate.GraphModel{}, &strings.Builder{}}
	c.transfer()
	c.processor()
	if *update {
		const file = "../../docs/calibration.md"
		old, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		head := "| regime, device and runtime | n | before: % | after, median: % | after, worst: % | choices that reach it: % | best run, and the error after it: % |\n|:--- | ---:| ---:| ---:| ---:| ---:|:--- |\n"
		text, err := between(string(old), "calibration", head+doc.String())
		if err == nil {
			err = os.WriteFile(file, []byte(text), 0o644)
		}
		if err != nil {
			t.Error(err)
		}
	}
}

// regimes are those in which one run is to tell of the rest.
func (c *calibrations) regimes(against string) {
	names := newNamer(catalog.Default())
	group := func(what string, ms []validate.Measurement) {
		for _, device := range devices(ms) {
			own, _ := among(ms, is(device))
			byRuntime := map[string][]validate.Measurement{}
			var order []string
			for _, m := range own {
				if byRuntime[m.Runtime] == nil {
					order = append(order, m.Runtime)
				}
				byRuntime[m.Runtime] = append(byRuntime[m.Runtime], m)
			}
			for _, r := range order {
				c.oneRun(fmt.Sprintf("%s, %s, against the %s", what, strings.TrimSpace(names[device]+" "+r), against), c.cases(byRuntime[r]))
			}
		}
	}
	c.oneRun("prefill layers, a100-sxm-80gb, against the "+against, c.prefillLayers())
	group("decode, dense", served(c.T, validate.TPOT, func(r record, moe bool) bool { return !moe }))
	for _, m := range []string{"openai/gpt-oss-120b", "deepseek-ai/DeepSeek-R1", "MiniMaxAI/MiniMax-M2.5"} {
		_, name, _ := strings.Cut(m, "/")
		group("decode, "+name, served(c.T, validate.TPOT, func(r record, moe bool) bool { return r["model"] == m }))
	}
	for _, of := range [][4]string{{"nvidia-rtx-3090", "eager", "pytorch-eager", "nchw"}, {"nvidia-rtx-3090", "eager", "pytorch-eager-channels-last", "nhwc"},
		{"nvidia-rtx-4090", "dynamo", "torch-compile", "nchw"}, {"intel-i7-12700h", "dynamo", "torch-compile-cpu", "nchw"}} {
		group("vision "+of[3], imageModels(c.T, c.world, of[0], of[1], of[2], of[3]))
	}
}

// transfer predicts image models on an RTX 4090 from a run of each on an RTX 3090.
func (c *calibrations) transfer() {
	from := imageModels(c.T, c.world, "nvidia-rtx-3090", "eager", "pytorch-eager", "nchw")
	var plain, carried, constant []float64
	var ratios []float64
	for _, to := range imageModels(c.T, c.world, "nvidia-rtx-4090", "dynamo", "torch-compile", "nchw") {
		i := slices.IndexFunc(from, func(m validate.Measurement) bool { return m.Model == to.Model })
		if i < 0 {
			continue
		}
		a, _ := c.caseOf(&from[i])
		b, _ := c.caseOf(&to)
		f, err := calibrate.Transfer(to.Model, []calibrate.Case{a})
		if err != nil {
			c.Fatal(err)
		}
		t := *b.Target
		f.Apply(&t)
		_, before, err1 := b.Subject.Predict(b.Target)
		_, after, err2 := b.Subject.Predict(&t)
		if err := errors.Join(err1, err2); err != nil {
			c.Fatal(err)
		}
		plain = append(plain, math.Abs(float64(before/b.Measured)-1))
		carried = append(carried, math.Abs(float64(after/b.Measured)-1))
		ratios = append(ratios, float64(b.Measured/a.Measured))
	}
	best := math.Inf(1)
	for _, x := range ratios {
		var all []float64
		for _, r := range ratios {
			all = append(all, math.Abs(x/r-1))
		}
		best = min(best, middle(all))
	}
	constant = append(constant, best)
	c.Logf("%d image models, RTX 3090 to RTX 4090: carried over %.1f %%, without a run %.1f %%, the best constant %.1f %%", len(plain), 100*middle(carried), 100*middle(plain), 100*constant[0])
}

// processor calibrates a CPU of which the peaks were measured on three graphs and predicts the others: the three of the
// split, and many other threes.
func (c *calibrations) processor() {
	for _, of := range cpuThreads {
		c.threes(of.name, of.column, of.peak, of.bandwidth)
	}
}

// measuredPeaks is the doubt about shares of rates that were measured on the device.
const measuredPeaks = 0.5

// threes calibrates on threes of graphs.
func (c *calibrations) threes(name, column string, peak unit.FLOPRate, bandwidth unit.ByteRate) {
	d := cpuDevice("cpu", peak, bandwidth)
	k := catalog.Default()
	k.Devices = append(slices.Clone(k.Devices), d)
	own := &calibrations{c.T, c.world.with(k), measuredPeaks, map[string]*estimate.GraphModel{}, c.table}
	runs := cpuRuns(c.T, own.world, d.ID, column)
	cases := make([]calibrate.Case, len(runs))
	at := map[string]int{}
	for i := range runs {
		cases[i], _ = own.caseOf(&runs[i])
		at[runs[i].Model] = i
	}
	three := func(pick []int) (float64, bool) {
		s, err := calibrate.Solve([]calibrate.Case{cases[pick[0]], cases[pick[1]], cases[pick[2]]})
		if err != nil {
			return 0, false
		}
		return own.errorOf(cases, pick, s), true
	}
	var all []float64
	refused := 0
	const choices = 60
	for k := range choices {
		e, ok := three([]int{k * 7 % len(cases), (k*13 + 5) % len(cases), (k*29 + 11) % len(cases)})
		if !ok {
			refused++
			continue
		}
		all = append(all, e)
	}
	split, _ := three([]int{at["resnet50"], at["bert_base_s128"], at["mobilenet_v2"]})
	slices.Sort(all)
	c.Logf("ONNX Runtime, %s: before %.1f %%; on resnet50, bert_base_s128, mobilenet_v2 %.1f %%; on %d other threes median %.1f %%, best %.1f %%, worst %.1f %%, %d refused", name,
		100*own.errorOf(cases, nil, nil), 100*split, len(all), 100*middle(all), 100*all[0], 100*all[len(all)-1], refused)
}

package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"roofline/cmd/roofline/internal/deploy"
	"roofline/estimate"
	"roofline/estimate/benchmark"
	"roofline/estimate/calibrate"
	"roofline/estimate/parallel"
	"roofline/hardware/dtype"
	"roofline/hardware/unit"
	"roofline/model"
	"roofline/model/transformer"
)

// calibrationQuestion is what was run, and on what.
type calibrationQuestion struct {
	cmd      *calibrateCmd
	deployer *deploy.Deployer
	serves   string
	target   *estimate.Target // one device, as the catalog has it
	loaded   map[string]*deploy.Loaded
	doubt    float64
	note     string // what was assumed of the runtime

	graphs  map[graphKey]map[string]*estimate.GraphModel
	targets map[parallel.Plan]*estimate.Target
}

// measuredTime is one time of a run, or why it is not used.
type measuredTime struct {
	calibrate.Case
	run    *benchmark.Run
	usable bool
	why    string // it is not
	memory bool   // the run tells of memory, not of time
}

type measuredTimes []measuredTime

// cases are the times that can be used.
func (ms measuredTimes) cases() []calibrate.Case {
	var out []calibrate.Case
	for _, m := range ms {
		if m.usable {
			out = append(out, m.Case)
		}
	}
	return out
}

func (ms measuredTimes) memory() bool {
	return slices.ContainsFunc(ms, func(m measuredTime) bool { return m.memory })
}

// reasons says why nothing can be used.
func (ms measuredTimes) reasons() string {
	var out []string
	for _, m := range ms {
		if m.why != "" && !slices.Contains(out, m.why) {
			out = append(out, m.why)
		}
	}
	return strings.Join(out, "; ")
}

// runs are those that were used, for the record.
func (ms measuredTimes) runs() []benchmark.Run {
	var out []benchmark.Run
	var last *benchmark.Run
	for _, m := range ms {
		if (m.usable || m.memory) && m.run != last {
			last = m.run
			r := *m.run
			r.Layers = nil // their sums decided; a trace has thousands
			out = append(out, r)
		}
	}
	return out
}

// measured lists the times of all runs.
func (q *calibrationQuestion) measured(s *session, files []*benchmark.File) (measuredTimes, error) {
	var out measuredTimes
	for _, f := range files {
		for i := range f.Runs {
			if _, err := q.model(s, f, &f.Runs[i]); err != nil {
				return nil, err
			}
		}
	}
	for _, f := range files {
		for i := range f.Runs {
			r := &f.Runs[i]
			loaded, err := q.model(s, f, r)
			if err != nil {
				return nil, err
			}
			ms, err := q.times(r, loaded)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", r.Place, err)
			}
			out = append(out, ms...)
		}
	}
	return out, nil
}

// model returns what a run is of: in our own files a run can name its model, other tools name them each in their way.
func (q *calibrationQuestion) model(s *session, f *benchmark.File, r *benchmark.Run) (*deploy.Loaded, error) {
	if f.Tool != "TOML" || r.Model == "" || r.Model == q.cmd.Model {
		if f.Tool == "TOML" {
			r.Model = ""
		}
		return q.loaded[""], nil
	}
	if l := q.loaded[r.Model]; l != nil {
		return l, nil
	}
	l, err := s.files.Model(r.Model, model.Bindings{Inputs: map[string]model.Shape{}})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.Place, err)
	}
	q.loaded[r.Model] = l
	return l, nil
}

// times turns a run into the times it tells.
func (q *calibrationQuestion) times(r *benchmark.Run, loaded *deploy.Loaded) (measuredTimes, error) {
	if loaded.Graph != nil {
		return q.graphTimes(r, loaded)
	}
	if n := r.GPULayers; n > 0 && n < loaded.Language.LayerCount() && q.target.Device.Kind != "cpu" {
		return nil, fmt.Errorf("n_gpu_layers %d: the model has %d layers and ran on the CPU in part; measure with all of them on the GPU (-ngl 99)", n, loaded.Language.LayerCount())
	}
	t, err := q.spread(r)
	if err != nil {
		return nil, err
	}
	if r.Memory.Known() {
		return measuredTimes{{run: r, memory: true, Case: calibrate.Case{Name: "memory", Target: t}}}, nil
	}
	f := q.cmd.formatFlags.language()
	f.Weights, f.KV = cmp.Or(f.Weights, r.DType), cmp.Or(f.KV, r.KVDType)
	l := calibrate.Language{Model: loaded.Language, Formats: f, Users: r.Concurrency, Request: estimate.Request{ISL: r.ISL, OSL: r.OSL}}
	if !r.Served() && r.Batch == 0 { // one alone, or all that vLLM runs at a time
		r.Concurrency = 1
		if r.RequestRate > 0 {
			r.Concurrency = min(float64(max(r.N, 1)), mostAtATime)
		}
		l.Users = r.Concurrency
	}
	if r.Served() {
		return q.served(r, l, t)
	}
	return q.static(r, l, t)
}

// phase names the band a time of a language model falls into.
func phase(m *transformer.Model, name string) string {
	if m.Sparse() {
		return name + "-moe"
	}
	return name
}

// served are the times of requests that were served.
func (q *calibrationQuestion) served(r *benchmark.Run, l calibrate.Language, t *estimate.Target) (measuredTimes, error) {
	if r.ISL == 0 || r.OSL == 0 && (r.TPOT > 0 || r.OutputRate > 0 || r.RequestRate > 0 || r.Latency > 0) {
		return nil, fmt.Errorf("how many tokens did a request have? Give --isl and --osl")
	}
	if l.Request.OSL == 0 {
		l.Request.OSL = 1
	}
	load := fmt.Sprintf("%g × %g/%g tokens", r.Concurrency, r.ISL, l.Request.OSL)
	var out measuredTimes
	add := func(what calibrate.Quantity, name, ph string, measured unit.Seconds, why string) {
		l := l
		l.What = what
		out = append(out, measuredTime{run: r, usable: why == "", why: why, Case: calibrate.Case{Name: name + ", " + load, Phase: phase(l.Model, ph),
			Spread: r.Spread, Measured: measured, Target: t, Subject: l, Doubt: q.doubt}})
	}
	if r.TTFT > 0 {
		why := ""
		if r.Concurrency > 1 {
			why = "queueing included"
		}
		add(calibrate.TTFT, "TTFT", "prefill", r.TTFT, why)
	}
	if r.TPOT > 0 {
		why := ""
		if r.OSL <= 1 {
			why = "one output token has none after it"
		}
		add(calibrate.TPOT, "TPOT", "decode", r.TPOT, why)
	}
	switch inFlight := unit.Seconds(min(r.Concurrency, mostAtATime)); {
	case r.TPOT > 0:
	case r.Latency > 0:
		add(calibrate.EndToEnd, "end to end", "decode", r.Latency, "")
	case r.OutputRate > 0:
		add(calibrate.EndToEnd, "end to end, from tokens/s", "decode", unit.Seconds(r.Concurrency*r.OSL/r.OutputRate), "")
	case r.RequestRate > 0:
		add(calibrate.EndToEnd, "end to end, from requests/s", "decode", inFlight/unit.Seconds(r.RequestRate), "")
	}
	return out, nil
}

// mostAtATime is how many sequences vLLM runs at a time where nothing is said: max_num_seqs.
const mostAtATime = 256

// static are the times of a batch that ran as a whole.
func (q *calibrationQuestion) static(r *benchmark.Run, l calibrate.Language, t *estimate.Target) (measuredTimes, error) {
	var out measuredTimes
	add := func(name, ph string, measured unit.Seconds, of calibrate.Language) {
		out = append(out, measuredTime{run: r, usable: true, Case: calibrate.Case{Name: name, Phase: phase(l.Model, ph), Spread: r.Spread,
			Measured: measured, Target: t, Subject: of, Doubt: q.doubt}})
	}
	prefill, decode, whole := l, l, l
	prefill.What, prefill.Step = calibrate.Phase, transformer.Step{Prompts: r.Batch, Tokens: r.ISL, Prefix: r.Context}
	if r.TTFT > 0 {
		if r.ISL < 1 {
			return nil, fmt.Errorf("how many tokens were in the prompt? Give --isl")
		}
		add(fmt.Sprintf("prefill, %g × %g tokens", r.Batch, r.ISL), "prefill", r.TTFT, prefill)
	}
	if r.TPOT > 0 {
		context := r.ISL + r.OSL/2
		if r.ISL == 0 {
			context = r.Context
		}
		decode.What, decode.Step = calibrate.Phase, transformer.Step{Batch: r.Batch, Context: context}
		add(fmt.Sprintf("decode step, %g × %g tokens", r.Batch, context), "decode", r.TPOT, decode)
	}
	if r.Latency > 0 && r.TTFT == 0 && r.TPOT == 0 {
		if r.ISL < 1 || r.OSL < 1 {
			return nil, fmt.Errorf("how many tokens did a request have? Give --isl and --osl")
		}
		whole.What, whole.Step = calibrate.Batch, prefill.Step
		add(fmt.Sprintf("whole batch, %g × %g/%g tokens", r.Batch, r.ISL, r.OSL), "decode", r.Latency, whole)
	}
	return out, nil
}

// spread returns the devices a run was spread over.
func (q *calibrationQuestion) spread(r *benchmark.Run) (*estimate.Target, error) {
	p := parallel.Plan{TP: r.TP, PP: r.PP, EP: r.EP, DP: r.DP}.Filled()
	if t := q.targets[p]; t != nil {
		return t, nil
	}
	t := *q.target
	d := *q.deployer
	d.Wish.Plan = p
	if err := d.Spread(&t, p.Devices()); err != nil {
		return nil, err
	}
	if q.targets == nil {
		q.targets = map[parallel.Plan]*estimate.Target{}
	}
	q.targets[p] = &t
	return &t, nil
}

// graph returns a graph as the runtime fuses it.
func (q *calibrationQuestion) graph(loaded *deploy.Loaded, t *estimate.Target, d dtype.DType) *estimate.GraphModel {
	f := q.cmd.formatFlags
	f.DType = cmp.Or(f.DType, d)
	key := graphKey{t.Runtime.Fusion, f.graph(t)}
	if q.graphs[key] == nil {
		if q.graphs == nil {
			q.graphs = map[graphKey]map[string]*estimate.GraphModel{}
		}
		q.graphs[key] = map[string]*estimate.GraphModel{}
	}
	m := q.graphs[key][loaded.Name()]
	if m == nil {
		m = estimate.NewGraphModel(loaded.Graph, key.fusion, key.formats)
		q.graphs[key][loaded.Name()] = m
	}
	return m
}

// graphTimes are the times of a graph: of a whole batch, and of its layers by class.
func (q *calibrationQuestion) graphTimes(r *benchmark.Run, loaded *deploy.Loaded) (measuredTimes, error) {
	if r.Language() || r.TTFT > 0 || r.TPOT > 0 {
		return nil, fmt.Errorf("a run of a language model, and %s is a graph", loaded.Name())
	}
	t := q.target
	g := calibrate.Graph{Model: q.graph(loaded, t, r.DType), Batch: r.Batch}
	if g.Batch == 0 {
		g.Batch = float64(max(1, loaded.Graph.Batch))
		r.Batch = g.Batch
	}
	name := fmt.Sprintf("batch %g", g.Batch)
	if len(q.loaded) > 1 {
		name = loaded.Name() + ", " + name
	}
	one := func(name string, measured unit.Seconds, of calibrate.Subject) measuredTime {
		return measuredTime{run: r, usable: true, Case: calibrate.Case{Name: name, Phase: "graph", Spread: r.Spread, Measured: measured, Target: t, Subject: of, Doubt: q.doubt}}
	}
	var out measuredTimes
	switch {
	case r.Latency > 0:
		out = append(out, one(name, r.Latency, g))
	case r.RequestRate > 0:
		out = append(out, one(name+", from samples/s", unit.Seconds(g.Batch/r.RequestRate), g))
	}
	sums, unmatched := layerSums(r.Layers, g.Model.Work(g.Batch))
	for c := range model.ClassCount {
		if sums[c] > 0 {
			class := model.Class(c)
			out = append(out, one(name+", all "+strings.ToLower(class.String()), sums[c], calibrate.Layers{Graph: g, Class: class}))
		}
	}
	if unmatched > 0 {
		r.Notes = append(r.Notes, fmt.Sprintf("%d of %d layers are not known by name or kind", unmatched, len(r.Layers)))
	}
	return out, nil
}

// layerClasses are the classes of operators whose layers are not found by name: runtimes fuse and rename them.
var layerClasses = map[string]model.Class{
	"conv": model.Conv, "fusedconv": model.Conv, "nhwcconv": model.Conv, "convtranspose": model.Conv, "nhwcfusedconv": model.Conv,
	"gemm": model.MatMul, "fusedgemm": model.MatMul, "matmul": model.MatMul, "fusedmatmul": model.MatMul, "matmulnbits": model.MatMul, "einsum": model.MatMul,
	"attention": model.Attention, "multiheadattention": model.Attention, "groupqueryattention": model.Attention,
	"softmax": model.Normalization, "layernormalization": model.Normalization, "skiplayernormalization": model.Normalization, "batchnormalization": model.Normalization,
	"maxpool": model.Pooling, "averagepool": model.Pooling, "globalaveragepool": model.Pooling, "reducemean": model.Pooling,
	"add": model.Elementwise, "mul": model.Elementwise, "sub": model.Elementwise, "div": model.Elementwise, "relu": model.Elementwise, "clip": model.Elementwise,
	"sigmoid": model.Elementwise, "gelu": model.Elementwise, "quickgelu": model.Elementwise, "biasgelu": model.Elementwise, "erf": model.Elementwise, "tanh": model.Elementwise, "hardswish": model.Elementwise, "hardsigmoid": model.Elementwise,
	"transpose": model.Copy, "concat": model.Copy, "slice": model.Copy, "split": model.Copy, "gather": model.Copy, "pad": model.Copy, "resize": model.Copy,
	"reorderinput": model.Copy, "reorderoutput": model.Copy, "lstm": model.Recurrent, "gru": model.Recurrent,
}

// layerSums adds up the times of layers by class of work: by the operation they are named after, else by their kind.
func layerSums(layers []benchmark.Layer, ws []model.Work) (sums [model.ClassCount]unit.Seconds, unmatched int) {
	classes := map[string]model.Class{}
	for i := range ws {
		for _, name := range append([]string{ws[i].Name}, ws[i].Fused...) {
			if name != "" {
				classes[name] = ws[i].Class
			}
		}
	}
	for _, l := range layers {
		class, ok := model.Unknown, false
		for _, part := range strings.Split(l.Name, " + ") {
			part = strings.TrimSuffix(strings.TrimSuffix(part, "_nchwc"), "_output_0")
			if class, ok = classes[part]; ok {
				break
			}
		}
		if !ok {
			class, ok = layerClasses[strings.ToLower(l.Kind)]
		}
		if !ok || class == model.Free || class == model.Unknown {
			unmatched++
			continue
		}
		sums[class] += l.Time
	}
	return sums, unmatched
}

// like returns what was measured, of another model.
func (q *calibrationQuestion) like(s calibrate.Subject, loaded *deploy.Loaded, t *estimate.Target) (calibrate.Subject, error) {
	switch s := s.(type) {
	case calibrate.Graph:
		if loaded.Graph != nil {
			return calibrate.Graph{Model: q.graph(loaded, t, s.Model.Formats.Weights), Batch: s.Batch}, nil
		}
	case calibrate.Language:
		if loaded.Language != nil {
			s.Model = loaded.Language
			return s, nil
		}
	case calibrate.Layers:
		return nil, nil
	}
	return nil, fmt.Errorf("--transfer %s: of another kind than %s; graphs tell of graphs, language models of language models", loaded.Name(), q.loaded[""].Name())
}

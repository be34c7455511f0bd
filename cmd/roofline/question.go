package main

import (
	"context"
	"fmt"
	"runtime"

	"roofline/cmd/roofline/internal/deploy"
	"roofline/estimate"
	"roofline/estimate/parallel"
	"roofline/estimate/serving"
	"roofline/estimate/slo"
	"roofline/estimate/sweep"
	"roofline/model/transformer"
)

// question is what most verbs are asked about: a model, what it runs on, how that is paid for, and the load.
type question struct {
	Model string `arg:"" help:"A file (.onnx, .gguf, .toml, config.json), a folder with a config.json, or a built-in model."`

	deviceFlags  `embed:""`
	moneyFlags   `embed:""`
	formatFlags  `embed:""`
	bindFlags    `embed:""`
	requestFlags `embed:""`

	Batch    string     `help:"Batch sizes of a graph: N, max, or a list. With --phase: sequences in the step. Default: 1 and where a larger batch stops paying." placeholder:"N|max"`
	rates    []float64  // requests per second, in place of users
	kept     slo.Limits // whose goodput is asked for
	simulate *simulation
	traced   *estimate.Request // what a trace asks on average
	disagg   *estimate.Disagg  // replicas that prefill and replicas that decode; none of either: the best split

	Fusion string `help:"How far ops are fused: none, functions, layers, pointwise, generated or full. Default: as the runtime does." enum:",none,functions,layers,pointwise,generated,full" default:""`
}

// simulation is what to simulate beside an estimate.
type simulation struct {
	seed   uint64
	limits slo.Limits        // requests that keep them are counted
	trace  []serving.Arrival // in the place of drawn requests
}

// check reports values that can't be.
func (c *question) check() error {
	if err := c.deviceFlags.check(); err != nil {
		return err
	}
	return c.moneyFlags.check()
}

// deployer resolves the devices and what they cost.
func (c *question) deployer(s *session, serves string) *deploy.Deployer {
	d := c.deviceFlags.deployer(s, serves)
	d.Wish.Money, d.Wish.Batching = c.money(), c.batching()
	return d
}

// load checks the question and reads its model.
func (c *question) load(s *session) (*deploy.Loaded, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	bindings, err := c.bindings(0)
	if err != nil {
		return nil, err
	}
	return s.files.Model(c.Model, bindings)
}

// asked is a question with what was found out: a row per device, and the loads of its results.
type asked struct {
	deployer *deploy.Deployer
	rows     []row

	batches []float64 // of a graph

	request estimate.Request // of a language model that serves
	users   []float64
	rates   []float64         // in place of users
	step    *transformer.Step // of a bare phase
}

// ask answers the question for every device. An error is one of the question, or of the only device that was named.
func (c *question) ask(s *session, loaded *deploy.Loaded, ready *fused) (*asked, error) {
	if loaded.Language != nil {
		return c.askLanguage(s, loaded)
	}
	return c.askGraph(s, loaded, ready)
}

// askGraph estimates a graph at its loads; ready holds the graphs fused so far.
func (c *question) askGraph(s *session, loaded *deploy.Loaded, ready *fused) (*asked, error) {
	if c.Phase != "" {
		return nil, fmt.Errorf("--phase is for language models; %s is a graph", loaded.Name())
	}
	if c.serving() {
		return nil, fmt.Errorf("--isl, --osl, --workload, --concurrency and --context are for language models; %s is a graph: --batch", loaded.Name())
	}
	if c.Tokens != "output" {
		return nil, fmt.Errorf("--tokens is for language models; %s is a graph", loaded.Name())
	}
	if c.plan() != (parallel.Plan{}) || c.TP == auto {
		return nil, fmt.Errorf("--tp, --pp, --ep and --dp are for language models; every device runs its own batches of a graph")
	}
	batches, err := loads("batch", c.Batch, 1, paying)
	if err != nil {
		return nil, err
	}
	x := &asked{deployer: c.deployer(s, deploy.Graph), batches: batches}
	x.deployer.Runs(loaded, c.DType)
	return x, x.each(func(t estimate.Target) row { return c.graphRow(loaded.Graph, t, batches, ready) })
}

// askLanguage estimates a language model serving requests, or one of its bare phases.
func (c *question) askLanguage(s *session, loaded *deploy.Loaded) (*asked, error) {
	if c.Fusion != "" || len(c.Dim) > 0 || len(c.Input) > 0 {
		return nil, fmt.Errorf("--fusion, --dim and --input are for graphs; %s is a language model: --isl, --osl, --context", loaded.Name())
	}
	request, err := c.request()
	if err != nil {
		return nil, err
	}
	if t := c.traced; t != nil {
		request.ISL, request.OSL, request.ISLSpread, request.OSLSpread, request.Uneven = t.ISL, t.OSL, t.ISLSpread, t.OSLSpread, t.Uneven
	}
	x := &asked{request: request, rates: c.rates}
	if x.users, err = loads("concurrency", c.Concurrency, 1, most); err != nil {
		return nil, err
	}
	if x.step, err = c.step(); err != nil {
		return nil, err
	}
	if loaded.Language.Kind == transformer.Encoder && (x.step == nil || x.step.Prompts == 0) {
		return nil, fmt.Errorf("%s encodes and does not generate: use --phase prefill", loaded.Name())
	}
	x.deployer = c.deployer(s, deploy.Language)
	x.deployer.Runs(loaded, c.DType)
	return x, x.each(func(t estimate.Target) row {
		return c.languageRow(x.deployer, loaded.Language, t, x.request, x.users, x.step)
	})
}

// each answers for every target, on all cores. That there is no answer is an error where a single device was named.
func (x *asked) each(answer func(estimate.Target) row) error {
	targets, err := x.deployer.Targets()
	if err != nil {
		return err
	}
	one := func(i int) row { return answer(targets[i]) }
	return sweep.Run(context.Background(), runtime.GOMAXPROCS(0), len(targets), one, func(r row) error {
		x.rows = append(x.rows, r)
		if r.failed() && x.deployer.Named() {
			return r.err
		}
		return nil
	})
}

package main

import (
	"fmt"

	"roofline/catalog/filter"
	"roofline/cmd/roofline/internal/deploy"
	"roofline/estimate"
	"roofline/estimate/parallel"
	"roofline/estimate/sweep"
	"roofline/hardware"
	"roofline/hardware/dtype"
	"roofline/hardware/unit"
	"roofline/model"
	"roofline/model/transformer"
)

// decision is what verbs that choose between deployments are asked about: a model, what it could run on, and its load.
type decision struct {
	Model string `arg:"" help:"A file (.onnx, .gguf, .toml, config.json), a folder with a config.json, or a built-in model."`

	gridFlags    `embed:""`
	moneyFlags   `embed:""`
	bindFlags    `embed:""`
	requestFlags `embed:""`

	Batch  string `help:"Batch sizes of a graph." placeholder:"LIST"`
	Fusion string `help:"How far ops are fused: none, functions, layers, pointwise, generated or full. Default: as the runtime does." enum:",none,functions,layers,pointwise,generated,full" default:""`
}

// gridFlags say which combinations of machines, plans and number formats are tried.
type gridFlags struct {
	Device   string        `help:"Devices: names, a comma list, a glob such as 'h100*', or all." default:"all" placeholder:"ID"`
	Where    string        `help:"Only devices that meet a condition on the catalog, such as 'memory>=80GB && vendor==nvidia'." placeholder:"CONDITION"`
	Count    string        `help:"Numbers of devices. Default: one replica of each plan." placeholder:"LIST"`
	TP       string        `name:"tp" help:"Tensor parallelisms of a language model; auto: 1, 2, 4 … as far as a device's links reach, at most 64." default:"auto" placeholder:"LIST|auto"`
	PP       string        `name:"pp" help:"Pipeline parallelisms." default:"1" placeholder:"LIST"`
	EP       string        `name:"ep" help:"Expert parallelisms." default:"1" placeholder:"LIST"`
	DP       string        `name:"dp" help:"Data-parallel attentions." default:"1" placeholder:"LIST"`
	Runtime  []string      `help:"Runtime profiles. Default: that of each kind of device." placeholder:"LIST"`
	DType    []dtype.DType `name:"dtype" help:"Number formats of the weights, such as bf16,fp8. Default: the model's." placeholder:"LIST"`
	ActDType dtype.DType   `name:"act-dtype" help:"Number format of the activations." placeholder:"FORMAT"`
	KVDType  dtype.DType   `name:"kv-dtype" help:"Number format of the KV cache." placeholder:"FORMAT"`
	Memory   unit.Bytes    `help:"Memory of a device where the catalog has none, such as 64GiB." placeholder:"SIZE"`
}

// formats returns the formats of one dtype of the list.
func (f *gridFlags) formats(weights dtype.DType) *formatFlags {
	return &formatFlags{DType: weights, ActDType: f.ActDType, KVDType: f.KVDType}
}

// dtypes returns the formats of the weights to try; unknown is the model's.
func (f *gridFlags) dtypes() []dtype.DType {
	if len(f.DType) == 0 {
		return []dtype.DType{dtype.Unknown}
	}
	return f.DType
}

// grid returns the combinations that the flags list.
func (f *gridFlags) grid(serves string) (deploy.Grid, error) {
	g := deploy.Grid{Runtimes: f.Runtime, Linked: f.TP == "auto"}
	if len(g.Runtimes) == 0 {
		g.Runtimes = []string{""}
	}
	var err error
	if g.Counts, err = counts("count", f.Count); err != nil {
		return g, err
	}
	if serves == deploy.Graph {
		if f.TP != "auto" || f.PP != "1" || f.EP != "1" || f.DP != "1" {
			return g, fmt.Errorf("--tp, --pp, --ep and --dp are for language models; every device runs its own batches of a graph")
		}
		return g, nil
	}
	var tps []int
	if f.TP == "auto" {
		for n := 1; n <= mostDevices; n *= 2 {
			tps = append(tps, n)
		}
	} else if tps, err = counts("tp", f.TP); err != nil {
		return g, err
	}
	var rest [3][]int
	for i, flag := range []struct{ name, text string }{{"pp", f.PP}, {"ep", f.EP}, {"dp", f.DP}} {
		if rest[i], err = counts(flag.name, flag.text); err != nil {
			return g, err
		}
	}
	if len(tps)*len(rest[0])*len(rest[1])*len(rest[2]) > deploy.MostCombinations {
		return g, deploy.ErrCombinations
	}
	for _, tp := range tps {
		for _, pp := range rest[0] {
			for _, ep := range rest[1] {
				for _, dp := range rest[2] {
					g.Plans = append(g.Plans, parallel.Plan{TP: tp, PP: pp, EP: ep, DP: dp})
				}
			}
		}
	}
	return g, nil
}

// counts reads a list of numbers of devices, such as 1,2,4 or 1..8*2; nothing gives nil.
func counts(flag, text string) ([]int, error) {
	values, err := loads(flag, text)
	if err != nil {
		return nil, err
	}
	var out []int
	for _, v := range values {
		if v < 1 || v > mostParallel {
			return nil, fmt.Errorf("--%s %s: want numbers from 1 to %d, such as 1,2,4 or 1..8*2", flag, text, mostParallel)
		}
		out = append(out, int(v))
	}
	return out, nil
}

// deployer returns what resolves the devices and what they cost.
func (c *decision) deployer(s *session, serves string) (*deploy.Deployer, error) {
	d := &deploy.Deployer{Catalog: s.catalog, Calibrations: s.calibrations, Serves: serves,
		Wish: deploy.Wish{Devices: c.Device, Memory: c.Memory, Money: c.money(), Batching: c.batching()}}
	if c.Where == "" {
		return d, nil
	}
	fields := listFields(s.catalog)
	known := make([]filter.Field, len(fields))
	for i := range fields {
		known[i] = fields[i].Field
	}
	condition, err := filter.Parse(c.Where, known)
	if err != nil {
		return nil, fmt.Errorf("--where: %w", err)
	}
	list := catalogListCmd{Price: c.Price}
	d.Where = func(device *hardware.Device) bool {
		l := list.listed(s, device)
		return condition.Meets(func(name string) filter.Value { return fieldNamed(fields, name).of(&l) })
	}
	return d, nil
}

// space is all combinations of machines, plans and number formats that a verb decides between.
type space struct {
	loaded   *deploy.Loaded
	deployer *deploy.Deployer
	request  estimate.Request // of a language model
	loads    []float64        // that were asked for; nil: none
	cases    []sweep.Case
}

// space reads the model and lays out the combinations.
func (c *decision) space(s *session) (*space, error) {
	if err := c.moneyFlags.check(); err != nil {
		return nil, err
	}
	bindings, err := c.bindings(0)
	if err != nil {
		return nil, err
	}
	loaded, err := s.files.Model(c.Model, bindings)
	if err != nil {
		return nil, err
	}
	p := &space{loaded: loaded}
	if loaded.Language == nil {
		return p, c.graphs(s, p)
	}
	return p, c.languages(s, p)
}

// languages lays out the combinations for a language model.
func (c *decision) languages(s *session, p *space) error {
	m := p.loaded.Language
	switch {
	case m.Kind == transformer.Encoder:
		return fmt.Errorf("%s encodes and does not generate: roofline estimate %s --phase prefill", m.Name, m.Name)
	case c.Fusion != "" || c.Batch != "" || len(c.Dim) > 0 || len(c.Input) > 0:
		return fmt.Errorf("--fusion, --batch, --dim and --input are for graphs; %s is a language model: --isl, --osl, --concurrency", m.Name)
	case c.Phase != "" || c.Context > 0:
		return fmt.Errorf("--phase and --context are for estimate; this is about serving: --isl, --osl, --concurrency")
	}
	var err error
	if p.request, err = c.request(); err != nil {
		return err
	}
	if p.loads, err = loads("concurrency", c.Concurrency); err != nil {
		return err
	}
	placements, err := c.place(s, p, deploy.Language)
	if err != nil {
		return err
	}
	for _, at := range placements {
		if c.TP == "auto" { // degrees that do not divide the heads are nobody's wish
			if _, err := m.Sharded(transformer.Formats{}, sharding(at.Target.Plan)); err != nil {
				continue
			}
		}
		for _, w := range c.dtypes() {
			m := sweep.Language{Model: m, Formats: c.formats(w).language(), Request: p.request}
			p.cases = append(p.cases, sweep.Case{Target: at.Target, Model: m, DType: w, Err: at.Err})
		}
	}
	return nil
}

// sharding returns what a plan does to every layer.
func sharding(p parallel.Plan) transformer.Sharding {
	p = p.Filled()
	return transformer.Sharding{TP: p.TP, ADP: p.DP, EP: p.EP}
}

// graphs lays out the combinations for a graph, which is fused once for every set of formats.
func (c *decision) graphs(s *session, p *space) error {
	if c.Phase != "" || c.serving() || c.Tokens != "output" {
		return fmt.Errorf("--isl, --osl, --workload, --concurrency, --context, --phase and --tokens are for language models; %s is a graph: --batch", p.loaded.Name())
	}
	var err error
	if p.loads, err = loads("batch", c.Batch); err != nil {
		return err
	}
	placements, err := c.place(s, p, deploy.Graph)
	if err != nil {
		return err
	}
	ready := map[graphKey]*estimate.GraphModel{}
	for _, at := range placements {
		tried := map[model.Formats]bool{}
		for _, w := range c.dtypes() {
			key := graphKey{at.Target.Runtime.Fusion, c.formats(w).graph(&at.Target)}
			if c.Fusion != "" {
				_ = key.fusion.UnmarshalText([]byte(c.Fusion)) // kong has checked it
			}
			if tried[key.formats] {
				continue
			}
			tried[key.formats] = true
			if ready[key] == nil {
				ready[key] = estimate.NewGraphModel(p.loaded.Graph, key.fusion, key.formats)
			}
			p.cases = append(p.cases, sweep.Case{Target: at.Target, Model: sweep.Graph{GraphModel: ready[key]}, DType: key.formats.Weights, Err: at.Err})
		}
	}
	return nil
}

// place finds the machines and plans.
func (c *decision) place(s *session, p *space, serves string) ([]deploy.Placement, error) {
	g, err := c.grid(serves)
	if err != nil {
		return nil, err
	}
	if p.deployer, err = c.deployer(s, serves); err != nil {
		return nil, err
	}
	p.deployer.Runs(p.loaded, c.dtypes()...)
	placements, err := p.deployer.Placements(g)
	switch {
	case err != nil:
		return nil, err
	case len(placements) > 0:
		return placements, nil
	case c.Where != "":
		return nil, fmt.Errorf("--where %s: none of the devices meets it; roofline catalog list shows them", c.Where)
	case c.Count != "":
		return nil, fmt.Errorf("--count %s is no multiple of the devices of any plan: count = replicas × tp × pp × dp", c.Count)
	}
	return nil, fmt.Errorf("--tp auto: no links connect the devices of any of these plans; name --tp to take a network for granted")
}

// runtimes returns how many runtimes the combinations have.
func (p *space) runtimes() int {
	seen := map[string]bool{}
	for i := range p.cases {
		seen[p.cases[i].Target.Runtime.ID] = true
	}
	return len(seen)
}

// items returns what a graph's samples are.
func (p *space) items() string {
	for i := range p.cases {
		if g, ok := p.cases[i].Model.(sweep.Graph); ok {
			return g.Items()
		}
	}
	return "items"
}

// counted names what throughput and money count: output tokens, images.
func (p *space) counted() string {
	if p.loaded.Language != nil {
		return p.request.Tokens.String()
	}
	return p.items()
}

// rate is the unit of throughput in words.
func (p *space) rate() string {
	if p.loaded.Language != nil {
		return perSecond(p.request)
	}
	return p.items() + "/s"
}

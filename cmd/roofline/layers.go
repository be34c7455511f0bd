package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"roofline/cmd/roofline/internal/deploy"
	"roofline/cmd/roofline/internal/show"
	"roofline/estimate"
	"roofline/estimate/chart"
	"roofline/hardware/dtype"
	"roofline/hardware/unit"
	"roofline/model"
	"roofline/model/transformer"
)

// layersCmd shows where the work and the time go.
type layersCmd struct {
	Model string `arg:"" help:"A file (.onnx, .gguf, .toml, config.json), a folder with a config.json, or a built-in model."`

	deviceFlags  `embed:""`
	formatFlags  `embed:""`
	bindFlags    `embed:""`
	pictureFlags `embed:""`

	Batch   int    `help:"Samples in a batch, or sequences in a step." placeholder:"N"`
	Fusion  string `help:"How far ops are fused: none, functions, layers, pointwise, generated or full. Default: as the runtime does; none without a device." enum:",none,functions,layers,pointwise,generated,full" default:""`
	Phase   string `help:"Phase of a language model: prefill or decode." enum:"prefill,decode" default:"decode"`
	Context tokens `help:"Tokens attended to (decode) or in the prompt (prefill)." default:"1024" placeholder:"N"`
	Each    bool   `help:"List every layer; identical ones are merged otherwise."`
	Sort    string `help:"Order: graph, name, time, flops or bytes." enum:"graph,name,time,flops,bytes" default:"graph"`
	Top     int    `help:"Only the first so many lines." placeholder:"N"`
	Picture string `help:"Which picture: the roofline, or the time of each kind of layer." enum:"roofline,time" default:"roofline"`
}

// Help shows worked examples.
func (layersCmd) Help() string {
	return `Examples:
  roofline layers resnet50
  roofline layers model.onnx --device a100-sxm-80gb --batch 32 --sort time --top 20
  roofline layers llama-3.1-8b --device h100-sxm --phase decode --batch 16 --context 1536`
}

// layer is one line: identical work, run count times, with its time where there is a device.
type layer struct {
	Name      string         `json:"name"`
	Kind      string         `json:"kind"`
	Class     string         `json:"class"`
	Fused     []string       `json:"fused,omitempty"`
	Count     float64        `json:"count"`
	Shape     []int64        `json:"shape,omitempty"`
	MACs      float64        `json:"macs"`
	FLOPs     unit.FLOPs     `json:"flops"`
	Weights   unit.Bytes     `json:"weight_bytes"`
	KV        unit.Bytes     `json:"kv_bytes,omitempty"`
	Read      unit.Bytes     `json:"read_bytes"`
	Write     unit.Bytes     `json:"write_bytes"`
	Intensity unit.Intensity `json:"intensity,omitempty"`
	Time      *unit.Seconds  `json:"time_s,omitempty"`
	Share     float64        `json:"share,omitempty"`
	BoundBy   string         `json:"bound_by,omitempty"`
}

// Run lists the layers.
func (c *layersCmd) Run(s *session) error {
	if err := c.deviceFlags.check(); err != nil {
		return err
	}
	if c.TP == auto {
		return fmt.Errorf("--tp auto is for estimate; layers shows one plan")
	}
	if c.Batch < 0 || c.Top < 0 {
		return fmt.Errorf("--batch and --top: want a whole number from 1")
	}
	bindings, err := c.bindings(int64(c.Batch))
	if err != nil {
		return err
	}
	loaded, err := s.files.Model(c.Model, bindings)
	if err != nil {
		return err
	}
	targets, err := c.targets(s, loaded)
	if err != nil {
		return err
	}
	breakdowns := make([]*breakdown, len(targets))
	for i, t := range targets {
		if breakdowns[i], err = c.work(loaded, t); err != nil {
			return err
		}
	}
	a := c.answer(s, loaded, targets[0], breakdowns[0])
	switch {
	case targets[0] == nil:
	case c.Picture == "time":
		a.Picture = c.draw(func() chart.Chart { return c.times(s, a, loaded, breakdowns[0]) })
	default:
		a.Picture = c.draw(func() chart.Chart { return c.roofline(s, a, loaded, targets, breakdowns) })
	}
	return s.answer(a)
}

// targets resolves the device that was named; "all", the default, means none. A roofline can show several.
func (c *layersCmd) targets(s *session, loaded *deploy.Loaded) ([]*estimate.Target, error) {
	if c.Device == "all" {
		if s.Format.IsPicture() {
			return nil, fmt.Errorf("the picture of layers shows them on a device: --device h100-sxm")
		}
		return []*estimate.Target{nil}, nil
	}
	serves := deploy.Graph
	if loaded.Language != nil {
		serves = deploy.Language
	}
	d := c.deployer(s, serves)
	d.Runs(loaded, c.DType)
	targets, err := d.Targets()
	if err != nil {
		return nil, err
	}
	if len(targets) > 1 && (!s.Format.IsPicture() || c.Picture != "roofline" || len(targets) > mostRoofs) {
		return nil, fmt.Errorf("layers shows one device at a time, a roofline up to %d; --device %s names %d", mostRoofs, c.Device, len(targets))
	}
	out := make([]*estimate.Target, len(targets))
	for i := range targets {
		if err := d.Spread(&targets[i], max(c.Count, d.Wish.Plan.Devices())); err != nil {
			return nil, err
		}
		out[i] = &targets[i]
	}
	return out, nil
}

// breakdown is the work of one execution and, on a device, how it is timed.
type breakdown struct {
	work     []model.Work
	machine  *estimate.Machine
	bound    unit.Seconds
	expected unit.Seconds
	what     string // "batch of 32", "decode of 16 tokens"
	assumed  []string
}

// work returns what is executed once: a batch of a graph, or a step of a phase.
func (c *layersCmd) work(loaded *deploy.Loaded, t *estimate.Target) (*breakdown, error) {
	if loaded.Language != nil {
		return c.phase(loaded.Language, t)
	}
	g := loaded.Graph
	fusion := model.FusionNone
	formats := model.Formats{Weights: c.DType, Activations: c.ActDType}
	if t != nil {
		fusion = t.Runtime.Fusion
		formats = c.formatFlags.graph(t)
	}
	if c.Fusion != "" {
		_ = fusion.UnmarshalText([]byte(c.Fusion)) // kong has checked it
	}
	m := estimate.NewGraphModel(g, fusion, formats)
	batch := float64(g.Batch)
	if c.Batch > 0 {
		batch = float64(c.Batch)
	}
	b := &breakdown{work: m.Work(batch), what: fmt.Sprintf("batch of %.0f", batch)}
	totals := model.Sum(b.work)
	b.assumed = []string{g.Name, unit.Group(fmt.Sprintf("%.0f", g.Parameters())) + " parameters",
		fmt.Sprintf("%s GMAC per %s", unit.Number(totals.MACs/batch/1e9, 4), strings.TrimSuffix(m.Items(), "s")),
		"fusion " + fusion.String()}
	if t != nil {
		machine, err := m.Machine(t)
		if err != nil {
			return nil, err
		}
		b.machine = machine
		b.bound, b.expected, _ = m.Time(machine, batch)
		b.assumed = append(b.assumed, formats.Weights.String())
	}
	return b, nil
}

// phase returns one step of a language model.
func (c *layersCmd) phase(m *transformer.Model, t *estimate.Target) (*breakdown, error) {
	if c.Fusion != "" || len(c.Dim) > 0 || len(c.Input) > 0 {
		return nil, fmt.Errorf("--fusion, --dim and --input are for graphs; %s is a language model: --phase, --context", m.Name)
	}
	n := float64(max(c.Batch, 1))
	step := transformer.Step{Batch: n, Context: float64(c.Context)}
	what := fmt.Sprintf("decode of %s at %v of context", plural(int(n), "token"), c.Context)
	if c.Phase == "prefill" {
		step = transformer.Step{Prompts: n, Tokens: float64(c.Context)}
		what = fmt.Sprintf("prefill of %s of %v tokens", plural(int(n), "prompt"), c.Context)
	}
	b := &breakdown{what: what, assumed: []string{m.Name, unit.Group(fmt.Sprintf("%.0f", m.Parameters())) + " parameters"}}
	if t == nil {
		w := c.plan().Filled()
		p, err := m.Sharded(c.formatFlags.language(), transformer.Sharding{TP: w.TP, ADP: w.DP, EP: w.EP})
		if err != nil {
			return nil, err
		}
		b.work = p.Step(nil, step)
		b.assumed = append(b.assumed, p.Formats.Weights.String())
		return b, nil
	}
	l, err := estimate.NewLanguage(m, t, c.formatFlags.language())
	if err != nil {
		return nil, err
	}
	time := l.Step(step)
	b.work, b.machine, b.bound, b.expected = l.Work(step), l.Machine, time.Bound, time.Expected
	b.assumed = append(b.assumed, l.Plan.Formats.Weights.String(), plan(t))
	return b, nil
}

// layers merges identical work unless each layer is asked for.
func (c *layersCmd) layers(b *breakdown) []layer {
	type key struct {
		kind                     string
		macs                     float64
		flops                    unit.FLOPs
		weights, kv, read, write unit.Bytes
		shape                    string
	}
	at := map[key]int{}
	var out []layer
	for i := range b.work {
		w := &b.work[i]
		l := layer{Name: w.Name, Kind: w.Kind, Class: w.Class.String(), Fused: w.Fused, Count: w.Count, Shape: w.Shape, MACs: w.MACs, FLOPs: w.FLOPs,
			Weights: w.Weights, KV: w.KV, Read: w.Read, Write: w.Write}
		if w.Bytes() > 0 {
			l.Intensity = w.Intensity()
		}
		if b.machine != nil {
			t := b.machine.Op(w)
			total := t.Total * unit.Seconds(w.Count)
			l.Time, l.Share, l.BoundBy = &total, float64(total/b.expected), t.Limit.String()
			if w.Class == model.Unknown {
				l.BoundBy = "unknown"
			}
		}
		if c.Each {
			l.Count = 1
			for range int(w.Count) {
				if l.Time != nil {
					each := *l.Time / unit.Seconds(w.Count)
					out = append(out, l)
					out[len(out)-1].Time, out[len(out)-1].Share = &each, l.Share/w.Count
					continue
				}
				out = append(out, l)
			}
			continue
		}
		k := key{w.Kind, w.MACs, w.FLOPs, w.Weights, w.KV, w.Read, w.Write, w.Shape.String()}
		if j, ok := at[k]; ok {
			out[j].Count += w.Count
			if l.Time != nil {
				sum := *out[j].Time + *l.Time
				out[j].Time, out[j].Share = &sum, out[j].Share+l.Share
			}
			continue
		}
		at[k] = len(out)
		out = append(out, l)
	}
	if b.machine != nil {
		if host := b.expected - b.sum(); host > b.expected/1e6 {
			out = append(out, layer{Name: "host", Kind: "scheduler", Class: "Host", Count: 1, Time: &host,
				Share: float64(host / b.expected), BoundBy: estimate.Overhead.String()})
		}
	}
	c.sort(out)
	return out
}

func (c *layersCmd) sort(ls []layer) {
	by := map[string]func(l *layer) float64{
		"time": func(l *layer) float64 {
			if l.Time == nil {
				return 0
			}
			return float64(*l.Time)
		},
		"flops": func(l *layer) float64 { return float64(l.FLOPs) * l.Count },
		"bytes": func(l *layer) float64 { return float64(l.Weights+l.KV+l.Read+l.Write) * l.Count },
	}
	if f := by[c.Sort]; f != nil {
		slices.SortStableFunc(ls, func(a, b layer) int { return cmp.Compare(f(&b), f(&a)) })
	}
	if c.Sort == "name" {
		slices.SortStableFunc(ls, func(a, b layer) int { return cmp.Compare(a.Name, b.Name) })
	}
}

func (c *layersCmd) answer(s *session, loaded *deploy.Loaded, t *estimate.Target, b *breakdown) *show.Answer {
	ls := c.layers(b)
	totals := model.Sum(b.work)
	a := &show.Answer{Assumed: strings.Join(b.assumed, " · ")}
	atLeast := ""
	if len(totals.Unknown) > 0 {
		atLeast = "at least "
	}
	n := newNamer(s.catalog)
	if t != nil {
		a.Sentence = fmt.Sprintf("%s: %s%s expected (%s bound) on %s. %s", b.what, atLeast, b.expected, b.bound, n.of(t), b.mainLimit())
		a.Assumed += " · runtime " + t.Runtime.ID
	} else {
		a.Sentence = fmt.Sprintf("%s: %s%s, %s moved, %s of it weights%s.", b.what, atLeast, totals.FLOPs, traffic(totals.Bytes()),
			traffic(totals.Weights), kvText(totals.KV))
	}
	a.Tables = []show.Table{c.table(ls, &totals, t != nil, b.expected)}
	if t != nil {
		a.Notes = append(a.Notes, fmt.Sprintf("%s turns compute-bound above %s (ridge point, %s)", n[t.Device.ID],
			t.Device.RidgePoint(b.mainFormat()), b.mainFormat()))
	}
	if c.Top > 0 && len(ls) > c.Top {
		a.Notes = append(a.Notes, fmt.Sprintf("the first %d of %d lines; the total is of all", c.Top, len(ls)))
	}
	if !c.Each {
		a.Notes = append(a.Notes, "identical layers are merged (×); --each lists all, --sort time --top 20 the slowest")
	}
	if len(totals.Unknown) > 0 {
		a.Warnings = append(a.Warnings, "not counted: unknown ops "+strings.Join(totals.Unknown, ", ")+"; totals say \"at least\"")
	} else {
		a.Notes = append(a.Notes, "unknown ops: none")
	}
	a.Warnings = append(a.Warnings, loaded.Warnings()...)
	a.JSON = c.document(s, loaded, t, b, ls, &totals)
	return a
}

func kvText(kv unit.Bytes) string {
	if kv == 0 {
		return ""
	}
	return ", " + traffic(kv) + " KV cache"
}

// traffic prints bytes moved: decimal, as bandwidths are.
func traffic(b unit.Bytes) string { return unit.TrafficScales.Format(float64(b)) }

// sum is the time of the ops alone.
func (b *breakdown) sum() (t unit.Seconds) {
	t, _ = b.machine.Times(b.work)
	return t
}

// mainLimit says which limit takes most of the time.
func (b *breakdown) mainLimit() string {
	by := map[estimate.Limit]unit.Seconds{}
	for i := range b.work {
		t := b.machine.Op(&b.work[i])
		by[t.Limit] += t.Total * unit.Seconds(b.work[i].Count)
	}
	by[estimate.Overhead] += b.expected - b.sum()
	main := estimate.Compute
	for l, t := range by {
		if t > by[main] || t == by[main] && l < main {
			main = l
		}
	}
	return fmt.Sprintf("%s of the time is limited by %s.", percent(float64(by[main]/b.expected)), limitText(main))
}

// mainFormat is the arithmetic format most multiply-accumulates are done in.
func (b *breakdown) mainFormat() (f dtype.DType) {
	most := map[dtype.DType]float64{}
	for i := range b.work {
		w := &b.work[i]
		most[w.Format] += w.MACs * w.Count
		if most[w.Format] > most[f] || f == 0 {
			f = w.Format
		}
	}
	return f
}

func (c *layersCmd) table(ls []layer, totals *model.Totals, timed bool, expected unit.Seconds) show.Table {
	t := show.Table{Columns: []show.Column{
		{Title: "op", Left: true, Shrink: 10, End: true}, {Title: "kind", Left: true, Shrink: 14}, {Title: "×", Whole: true}, {Title: "output", Left: true},
		{Title: "work", Scales: unit.FLOPScales}, {Title: "weights", Scales: unit.TrafficScales}, {Title: "act.", Scales: unit.TrafficScales},
	}}
	if totals.KV > 0 {
		t.Columns = slices.Insert(t.Columns, 6, show.Column{Title: "KV", Scales: unit.TrafficScales})
	}
	shapes := slices.ContainsFunc(ls, func(l layer) bool { return l.Shape != nil })
	if !shapes {
		t.Columns = slices.Delete(t.Columns, 3, 4)
	}
	t.Columns = append(t.Columns, show.Column{Title: "FLOP", Unit: "/byte"})
	if timed {
		t.Columns = append(t.Columns, show.Column{Title: "time", Scales: unit.TimeScales}, show.Column{Title: "share", Unit: "%"},
			show.Column{Title: "limit", Left: true})
	}
	shown := ls
	if c.Top > 0 && len(ls) > c.Top {
		shown = ls[:c.Top]
	}
	line := func(name, kind string, count float64, shape model.Shape, flops unit.FLOPs, weights, kv, act unit.Bytes, intensity float64) []show.Cell {
		cells := []show.Cell{name, kind, count}
		if shapes {
			text := shape.String()
			if shape == nil {
				text = ""
			}
			cells = append(cells, text)
		}
		cells = append(cells, float64(flops), float64(weights))
		if totals.KV > 0 {
			cells = append(cells, float64(kv))
		}
		return append(cells, float64(act), intensity)
	}
	for i := range shown {
		l := &shown[i]
		k := l.Count
		intensity := show.Unknown
		if l.Weights+l.KV+l.Read+l.Write > 0 {
			intensity = float64(l.Intensity)
		}
		cells := line(l.Name, l.Kind, k, l.Shape, l.FLOPs*unit.FLOPs(k), l.Weights*unit.Bytes(k), l.KV*unit.Bytes(k), (l.Read+l.Write)*unit.Bytes(k), intensity)
		if timed {
			cells = append(cells, float64(*l.Time), 100*l.Share, l.BoundBy)
		}
		t.Add(cells...)
	}
	all := float64(totals.FLOPs.Per(totals.Bytes()))
	if totals.Bytes() == 0 {
		all = math.NaN()
	}
	t.Footer = line("total", "", totals.Ops, nil, totals.FLOPs, totals.Weights, totals.KV, totals.Read+totals.Write, all)
	if timed {
		t.Footer = append(t.Footer, float64(expected), 100.0, "")
	}
	return t
}

// document is the JSON of `layers`: base units, each line summed over its count.
func (c *layersCmd) document(s *session, loaded *deploy.Loaded, t *estimate.Target, b *breakdown, ls []layer, totals *model.Totals) any {
	d := layersDocument{Schema: "roofline.layers/v1", Version: version(), Command: s.command(), Model: loaded.Name(), Layers: ls, Warnings: loaded.Warnings()}
	for i := range d.Layers {
		l := &d.Layers[i]
		k := l.Count
		l.MACs, l.FLOPs = l.MACs*k, l.FLOPs*unit.FLOPs(k)
		for _, v := range []*unit.Bytes{&l.Weights, &l.KV, &l.Read, &l.Write} {
			*v *= unit.Bytes(k)
		}
	}
	d.Total.MACs, d.Total.FLOPs, d.Total.Weights, d.Total.KV = totals.MACs, totals.FLOPs, totals.Weights, totals.KV
	d.Total.Read, d.Total.Write, d.Total.UnknownOps = totals.Read, totals.Write, totals.Unknown
	d.Parameters = loaded.Parameters()
	if t != nil {
		d.Device, d.Runtime = t.Device.ID, t.Runtime.ID
		d.Total.Time, d.Total.Bound = &b.expected, &b.bound
	}
	return d
}

// layersDocument is the JSON of layers.
type layersDocument struct {
	Schema  string  `json:"schema"`
	Version string  `json:"version"`
	Command string  `json:"command"`
	Model   string  `json:"model"`
	Device  string  `json:"device,omitempty"`
	Runtime string  `json:"runtime,omitempty"`
	Layers  []layer `json:"layers"`
	Total   struct {
		MACs       float64       `json:"macs"`
		FLOPs      unit.FLOPs    `json:"flops"`
		Weights    unit.Bytes    `json:"weight_bytes"`
		KV         unit.Bytes    `json:"kv_bytes,omitempty"`
		Read       unit.Bytes    `json:"read_bytes"`
		Write      unit.Bytes    `json:"write_bytes"`
		Time       *unit.Seconds `json:"time_s,omitempty"`
		Bound      *unit.Seconds `json:"bound_s,omitempty"`
		UnknownOps []string      `json:"unknown_ops,omitempty"`
	} `json:"total"`
	Parameters float64  `json:"parameters"`
	Warnings   []string `json:"warnings,omitempty"`
}

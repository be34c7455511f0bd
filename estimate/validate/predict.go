package validate

import (
	"cmp"
	"fmt"
	"math"

	"roofline/estimate"
	"roofline/estimate/parallel"
	"roofline/estimate/runtime"
	"roofline/hardware/dtype"
	"roofline/hardware/unit"
	"roofline/model"
	"roofline/model/transformer"
)

// World is what measurements name.
type World interface {
	// Target returns devices as a runtime drives them, one copy of a model spread over all of them. For a runtime that is
	// not known, or not on this device, it returns the one whose predictions are to stand in.
	Target(device, runtime string, quantity Quantity, plan parallel.Plan) (*estimate.Target, error)
	// Language and Graph return the model of a name.
	Language(name string) (*transformer.Model, error)
	Graph(name string) (*model.Graph, error)
}

// Run predicts every measurement. Those that can't be predicted are listed with the reason.
func Run(ms []Measurement, world World) *Report {
	p := &predictor{world: world, targets: map[place]*estimate.Target{}, machines: map[workplace]*estimate.Machine{},
		languages: map[deployment]*estimate.Language{}, graphs: map[deployment]*fused{}}
	r := &Report{Points: make([]Point, 0, len(ms))}
	for i := range ms {
		point, err := p.predict(&ms[i])
		if err != nil {
			r.Skipped = append(r.Skipped, Skipped{ms[i], err.Error()})
			continue
		}
		r.Points = append(r.Points, point)
	}
	return r
}

// predictor resolves what measurements name once each.
type predictor struct {
	world     World
	targets   map[place]*estimate.Target
	machines  map[workplace]*estimate.Machine
	languages map[deployment]*estimate.Language
	graphs    map[deployment]*fused
}

// What decides a target, a machine, and a model on it.
type (
	place struct {
		device, runtime, class string
		plan                   parallel.Plan
	}
	workplace struct {
		place
		format dtype.DType
	}
	deployment struct {
		place
		model                    string
		weights, activations, kv dtype.DType
	}
	fused struct {
		*estimate.GraphModel
		machine *estimate.Machine
	}
)

func (m *Measurement) place() place {
	return place{m.Device, m.Runtime, m.Quantity.Class(), m.Plan()}
}

func (m *Measurement) deployment() deployment {
	return deployment{m.place(), m.Model, m.Weights, m.Activations, m.KV}
}

func (p *predictor) predict(m *Measurement) (Point, error) {
	t, err := p.target(m)
	if err != nil {
		return Point{}, err
	}
	point := Point{Measurement: *m, As: t.Runtime.ID}
	switch m.Quantity.Class() {
	case "served", "step":
		err = p.language(&point, t)
	case "graph":
		err = p.graph(&point, t)
	default:
		err = p.kernel(&point, t)
	}
	point.Error = float64(point.Predicted.Expected/m.Measured) - 1
	return point, err
}

func (p *predictor) target(m *Measurement) (t *estimate.Target, err error) {
	key := m.place()
	if t = p.targets[key]; t == nil {
		if t, err = p.world.Target(m.Device, m.Runtime, m.Quantity, m.Plan()); err == nil {
			p.targets[key] = t
		}
	}
	return t, err
}

// language predicts a language model, under load or one of its steps.
func (p *predictor) language(point *Point, t *estimate.Target) error {
	m := &point.Measurement
	l := p.languages[m.deployment()]
	if l == nil {
		spec, err := p.world.Language(m.Model)
		if err != nil {
			return err
		}
		f := transformer.Formats{Weights: m.Weights, Activations: m.Activations, KV: m.KV}
		if l, err = estimate.NewLanguage(spec, t, f); err != nil {
			return err
		}
		p.languages[m.deployment()] = l
	}
	switch m.Quantity {
	case Prefill:
		point.take(l.EstimatePhase(transformer.Step{Prompts: m.Batch, Tokens: m.Context}))
		return nil
	case Decode:
		point.take(l.EstimatePhase(transformer.Step{Batch: m.Batch, Context: m.Context}))
		return nil
	}
	r := l.Estimate(m.Concurrency, estimate.Request{ISL: m.ISL, OSL: m.OSL})
	switch {
	case m.Quantity == TTFT:
		point.Predicted, point.Limit = r.Prefill.TTFT, r.Prefill.BoundBy
	case r.Decode == nil:
		return fmt.Errorf("no token after the first")
	default:
		point.Predicted, point.Limit = r.Decode.TPOT, r.Decode.BoundBy
	}
	return nil
}

// graph predicts one batch of a graph.
func (p *predictor) graph(point *Point, t *estimate.Target) error {
	m := &point.Measurement
	g := p.graphs[m.deployment()]
	if g == nil {
		spec, err := p.world.Graph(m.Model)
		if err != nil {
			return err
		}
		f := model.Formats{Weights: cmp.Or(m.Weights, dtype.FP32), Autocast: t.Runtime.Autocast}
		f.Activations = cmp.Or(m.Activations, f.Weights)
		g = &fused{GraphModel: estimate.NewGraphModel(spec, t.Runtime.Fusion, f)}
		if g.machine, err = g.Machine(t); err != nil {
			return err
		}
		p.graphs[m.deployment()] = g
	}
	point.take(g.Estimate(t, g.machine, m.Batch))
	return nil
}

// kernel predicts a single operation.
func (p *predictor) kernel(point *Point, t *estimate.Target) error {
	m := &point.Measurement
	w, err := m.Work()
	if err != nil {
		return err
	}
	machine, err := p.machine(m, t, &w)
	if err != nil {
		return err
	}
	op := machine.Op(&w)
	bound := machine.Bound([]model.Work{w}, w.Bytes())
	if w.Class == model.Collective {
		bound = machine.Bound([]model.Work{w}, 0) // what a device keeps to itself need not be moved
	}
	b := t.Runtime.BandOver(t.Device, m.phase(&w), op.Total)
	point.Predicted, point.Limit = spread(b, bound, op.Total), op.Limit
	return nil
}

// phase is what bands of kernels are of.
func (m *Measurement) phase(w *model.Work) string {
	switch {
	case m.Quantity == GEMM && (w.Format.Bits() <= 8 || m.Weights.Bits() <= 8):
		return "gemm-low-bit"
	case m.Quantity == PrefillAttention, m.Quantity == DecodeAttention:
		return string(m.Quantity)
	}
	return m.Quantity.Class()
}

func (p *predictor) machine(m *Measurement, t *estimate.Target, w *model.Work) (*estimate.Machine, error) {
	key := workplace{m.place(), w.Format}
	if known := p.machines[key]; known != nil {
		return known, nil
	}
	var formats []dtype.DType
	if w.MACs > 0 {
		formats = append(formats, w.Format)
	}
	machine, err := t.Machine(formats...)
	if err == nil {
		p.machines[key] = machine
	}
	return machine, err
}

// spread puts a band around an expected time, never below the bound.
func spread(b runtime.Band, bound, expected unit.Seconds) estimate.Band {
	expected = max(expected, bound)
	return estimate.Band{Bound: bound, Expected: expected,
		Low:  max(bound, expected*unit.Seconds(b.Low)),
		High: max(expected, expected*unit.Seconds(b.High))}
}

// take copies what an answer says of its time.
func (p *Point) take(r *estimate.Result) {
	p.Predicted, p.Limit = *r.Latency, *r.BoundBy
}

// Work returns the work of a kernel.
func (m *Measurement) Work() (model.Work, error) {
	switch m.Quantity {
	case GEMM:
		return m.product(), nil
	case PrefillAttention, DecodeAttention:
		return m.attention()
	case AllReduce:
		return m.collective("AllReduce"), nil
	case AllGather:
		return m.collective("AllGather"), nil
	case AllToAll:
		return m.collective("AllToAll"), nil
	}
	return model.Work{}, fmt.Errorf("%s is not a kernel", m.Quantity)
}

// narrowest is the size of the activations between two operations: a product in a narrower format reads them so and
// quantises them first.
const narrowest = 2

// product is the work of M×K by K×N, the weights being K×N.
func (m *Measurement) product() model.Work {
	activations := cmp.Or(m.Activations, m.Weights)
	format := cmp.Or(activations.Arithmetic(), m.Weights.Arithmetic())
	size := math.Max(activations.Size(), narrowest)
	macs := m.M * m.N * m.K
	return model.Work{
		Name: "gemm", Kind: "MatMul", Class: model.MatMul, Count: 1,
		MACs: macs, FLOPs: unit.FLOPs(2 * macs),
		Weights: unit.Bytes(m.K * m.N * m.Weights.Size()), Read: unit.Bytes(m.M * m.K * size), Write: unit.Bytes(m.M * m.N * size),
		Format: format, Stored: m.Weights, M: m.M, N: m.N, K: m.K, Groups: 1,
	}
}

// attention is the work of the attention of one layer, as language models have it.
func (m *Measurement) attention() (model.Work, error) {
	layer := transformer.Model{
		Hidden: m.Heads * m.HeadDim, DType: m.Activations,
		Layers: []transformer.Layer{{Count: 1, Attention: transformer.Attention{
			Heads: m.Heads, KVHeads: m.KVHeads, HeadDim: m.HeadDim, Window: m.Window}}},
	}
	plan, err := layer.Plan(transformer.Formats{Weights: m.Activations, Activations: m.Activations, KV: m.KV}, 1)
	if err != nil {
		return model.Work{}, err
	}
	step := transformer.Step{Prompts: m.Batch, Tokens: m.Context}
	if m.Quantity == DecodeAttention {
		step = transformer.Step{Batch: m.Batch, Context: m.Context + 1} // its own token, too
	}
	for _, w := range plan.Step(nil, step) {
		if w.Class == model.Attention {
			return w, nil
		}
	}
	return model.Work{}, fmt.Errorf("no attention in a layer of %d heads", m.Heads)
}

func (m *Measurement) collective(kind string) model.Work {
	return model.Work{Name: string(m.Quantity), Kind: kind, Class: model.Collective, Count: 1, Write: m.Bytes, N: float64(m.Plan().Devices())}
}

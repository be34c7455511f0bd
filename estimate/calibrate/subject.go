package calibrate

import (
	"fmt"

	"roofline/estimate"
	"roofline/hardware/unit"
	"roofline/model"
	"roofline/model/transformer"
)

// Graph is one execution of a batch of a graph.
type Graph struct {
	Model *estimate.GraphModel
	Batch float64
}

// Predict implements [Subject].
func (g Graph) Predict(t *estimate.Target) (bound, expected unit.Seconds, err error) {
	m, err := g.Model.Machine(t)
	if err != nil {
		return 0, 0, err
	}
	bound, expected, _ = g.Model.Time(m, g.Batch)
	return bound, expected, nil
}

// Layers is the time of all operations of some classes in one execution of a batch of a graph: what a per-layer profile
// tells.
type Layers struct {
	Graph
	Class model.Class
}

// Predict implements [Subject].
func (l Layers) Predict(t *estimate.Target) (bound, expected unit.Seconds, err error) {
	m, err := l.Model.Machine(t)
	if err != nil {
		return 0, 0, err
	}
	ws := l.Model.Work(l.Batch)
	own := ws[:0]
	for i := range ws {
		if ws[i].Class == l.Class {
			own = append(own, ws[i])
		}
	}
	expected, _ = m.Times(own)
	if expected == 0 {
		return 0, 0, fmt.Errorf("the graph has no %v", l.Class)
	}
	// What moves between the operations of a class need not: the bound is that of the products alone.
	return m.Bound(own, 0), expected, nil
}

// Language is something that was measured of a language model.
type Language struct {
	Model   *transformer.Model
	Formats transformer.Formats
	What    Quantity
	Request estimate.Request
	Users   float64 // requests in flight, in all
	Step    transformer.Step
}

// Quantity is what was measured of a language model.
type Quantity uint8

// The quantities.
const (
	TTFT     Quantity = iota // of Users requests in flight
	TPOT                     // of Users requests in flight
	EndToEnd                 // of Users requests in flight
	Phase                    // one bare step
	Batch                    // Step.Prompts prompts and all their output, one batch alone
)

// Predict implements [Subject].
func (l Language) Predict(t *estimate.Target) (bound, expected unit.Seconds, err error) {
	unpaid := *t
	unpaid.Terms, unpaid.Rental = nil, nil // what it costs does not matter here
	m, err := estimate.NewLanguage(l.Model, &unpaid, l.Formats)
	if err != nil {
		return 0, 0, err
	}
	switch l.What {
	case Phase:
		s := m.Step(l.Step)
		return s.Bound, s.Expected, nil
	case Batch:
		prefill := m.Step(l.Step)
		decode := m.Decode(l.Step.Prompts, l.Step.Tokens+l.Request.OSL/2)
		steps := unit.Seconds(l.Request.OSL - 1)
		return prefill.Bound + steps*decode.Bound, prefill.Expected + steps*decode.Expected, nil
	}
	r := m.Estimate(max(l.Users, float64(t.Replicas())), l.Request)
	of := r.Latency
	switch {
	case l.What == TTFT:
		of = &r.Prefill.TTFT
	case l.What == TPOT && r.Decode == nil:
		return 0, 0, fmt.Errorf("one output token has none after it")
	case l.What == TPOT:
		of = &r.Decode.TPOT
	}
	return of.Bound, of.Expected, nil
}

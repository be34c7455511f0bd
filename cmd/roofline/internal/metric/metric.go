// Package metric is the one table of what roofline reports: names, labels, units, definitions, and what others call the
// same. Headers, explain, comparisons and docs/definitions.md are taken from it, so that no two of them can differ.
package metric

import (
	"math"
	"strings"

	"roofline/catalog"
	"roofline/estimate"
)

// Metric is one quantity of an answer.
type Metric struct {
	ID         string      `json:"id"`    // what explain takes
	Label      string      `json:"label"` // in headers
	Also       []string    `json:"also,omitempty"`
	Field      string      `json:"field,omitempty"` // in the JSON of estimate
	Unit       string      `json:"unit,omitempty"`  // as shown
	Better     Direction   `json:"better,omitempty"`
	Definition string      `json:"definition"`
	Formula    string      `json:"formula,omitempty"`
	Example    string      `json:"example,omitempty"` // worked by hand
	Elsewhere  []Elsewhere `json:"elsewhere,omitempty"`

	Section Section `json:"-"` // of docs/definitions.md
	scale   float64 // base units in a shown one; 0: 1
	of      func(*estimate.Result) Reading
}

// Direction says which way a quantity is better.
type Direction string

// The directions.
const (
	Lower  Direction = "lower"
	Higher Direction = "higher"
)

// Section is a part of docs/definitions.md.
type Section string

// The sections.
const (
	Work    Section = "work"
	Time    Section = "time"
	Serving Section = "serving"
	Memory  Section = "memory"
	Money   Section = "money"
)

// Elsewhere is what another tool calls a quantity, and how its number differs from ours.
type Elsewhere struct {
	Who  string `json:"who"`
	Name string `json:"name"`
	Trap string `json:"trap,omitempty"` // "": the same
}

// Reading is the value of a metric in an answer, in base units, and its band where it has one.
type Reading struct {
	Value, Low, High float64
	Unit             string // in place of the metric's, where it depends on what is counted
}

// Known reports a value.
func (r Reading) Known() bool { return !math.IsNaN(r.Value) }

// Banded reports a band.
func (r Reading) Banded() bool { return r.High > 0 && !math.IsNaN(r.Low) }

// Overlaps reports whether two readings could be of the same: their bands have a value in common.
func (r Reading) Overlaps(o Reading) bool {
	return r.Banded() && o.Banded() && r.Low <= o.High && o.Low <= r.High
}

var unknown = Reading{Value: math.NaN(), Low: math.NaN(), High: math.NaN()}

// exact is a value without a band, 0 standing for one that is not known.
func exact(v float64) Reading {
	if v == 0 {
		return unknown
	}
	return Reading{Value: v, Low: math.NaN(), High: math.NaN()}
}

func banded(b estimate.Band) Reading {
	return Reading{Value: float64(b.Expected), Low: float64(b.Low), High: float64(b.High)}
}

// Of returns the metric's value in an answer, in base units.
func (m *Metric) Of(r *estimate.Result) Reading {
	if m.of == nil || r == nil {
		return unknown
	}
	return m.of(r)
}

// Scale is how many base units a shown unit has: 0.001 for milliseconds.
func (m *Metric) Scale() float64 {
	if m.scale == 0 {
		return 1
	}
	return m.scale
}

// Measured reports whether an answer has values of the metric.
func (m *Metric) Measured() bool { return m.of != nil }

// All lists every metric, in the order people read them.
func All() []Metric { return all }

// Get returns the metric with exactly this id; it panics if there is none, because ids are written in code.
func Get(id string) *Metric {
	for i := range all {
		if all[i].ID == id {
			return &all[i]
		}
	}
	panic("no metric " + id)
}

// Find returns the metric a name means: its id, label, field, or what it is called elsewhere.
func Find(name string) (*Metric, error) {
	want := normal(name)
	names := map[string]*Metric{}
	var known []string
	for i := range all {
		for _, n := range all[i].names() {
			if n = normal(n); names[n] == nil {
				names[n] = &all[i]
				known = append(known, n)
			}
		}
	}
	if m := names[want]; m != nil {
		return m, nil
	}
	err := &catalog.UnknownError{What: "metric", Query: name}
	if near := catalog.Nearest(want, known); near != "" {
		err.Suggestions = []string{names[near].ID}
	}
	return nil, err
}

// names lists what a metric answers to, the likeliest first.
func (m *Metric) names() []string {
	out := append([]string{m.ID, m.Label, m.Field}, m.Also...)
	if _, last, ok := strings.Cut(m.Field, "."); ok {
		out = append(out, last)
	}
	for _, e := range m.Elsewhere {
		out = append(out, e.Name)
	}
	return out
}

// normal returns a name in lower case, letters and digits only but for what sets units apart.
func normal(name string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" -_.`", r) {
			return -1
		}
		return r
	}, strings.ToLower(name))
}

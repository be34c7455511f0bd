package validate

import (
	"math"
	"slices"
	"strings"

	"roofline/estimate"
)

// Point is a measurement and what was predicted for it.
type Point struct {
	Measurement
	Predicted estimate.Band  `json:"predicted_s"`
	Error     float64        `json:"error"` // expected ÷ measured − 1
	Limit     estimate.Limit `json:"bound_by"`
	As        string         `json:"predicted_as"` // the runtime profile, which can stand in for another runtime
}

// Inside reports whether the measurement is in the predicted band.
func (p *Point) Inside() bool {
	return p.Measured >= p.Predicted.Low && p.Measured <= p.Predicted.High
}

// BelowBound reports a measurement below the floor that was computed for it: one of the two is wrong.
func (p *Point) BelowBound() bool { return p.Measured < p.Predicted.Bound }

// Skipped is a measurement without a prediction.
type Skipped struct {
	Measurement
	Reason string `json:"reason"`
}

// Report is predictions beside measurements.
type Report struct {
	Points  []Point   `json:"points"`
	Skipped []Skipped `json:"skipped,omitempty"`
}

// Summary says how right the predictions of some points are.
type Summary struct {
	N           int     `json:"n"`
	MedianError float64 `json:"median_error"` // of |expected ÷ measured − 1|
	MeanError   float64 `json:"mean_error"`
	// Bias is the geometric mean of expected ÷ measured, less 1: above 0 where predictions are too slow.
	Bias float64 `json:"bias"`
	// RankCorrelation is Spearman's: 1 where predictions order the measurements rightly. Absent where it is not defined.
	RankCorrelation *float64 `json:"rank_correlation,omitempty"`
	Inside          float64  `json:"inside_band"`        // share of measurements from low to high
	HighOverLow     float64  `json:"median_high_to_low"` // the width of the bands
	BelowBound      int      `json:"below_bound,omitempty"`
}

// Summarize returns the summary of points; the zero value of none.
func Summarize(points []*Point) Summary {
	s := Summary{N: len(points)}
	if s.N == 0 {
		return s
	}
	n := float64(s.N)
	var errors, widths, expected, measured []float64
	for _, p := range points {
		e := math.Abs(p.Error)
		errors = append(errors, e)
		s.MeanError += e / n
		s.Bias += math.Log1p(p.Error) / n
		if p.Inside() {
			s.Inside += 1 / n
		}
		if p.BelowBound() {
			s.BelowBound++
		}
		widths = append(widths, float64(p.Predicted.High/p.Predicted.Low))
		expected = append(expected, float64(p.Predicted.Expected))
		measured = append(measured, float64(p.Measured))
	}
	s.Bias = math.Expm1(s.Bias)
	s.MedianError, s.HighOverLow = median(errors), median(widths)
	if r := spearman(expected, measured); !math.IsNaN(r) {
		s.RankCorrelation = &r
	}
	return s
}

// Key names the group a point belongs to.
type Key func(*Point) string

// Keys are the ways to group points, by name.
var Keys = map[string]Key{
	"quantity": func(p *Point) string { return string(p.Quantity) },
	"class":    func(p *Point) string { return p.Quantity.Class() },
	"phase":    func(p *Point) string { return p.Quantity.Phase() },
	"device":   func(p *Point) string { return p.Device },
	"runtime":  func(p *Point) string { return p.Runtime },
	"model":    func(p *Point) string { return p.Model },
	"format":   func(p *Point) string { return p.format() },
	"limit":    func(p *Point) string { return p.Limit.String() },
	"source":   func(p *Point) string { return p.Source },
}

// Group is the points that agree in some keys.
type Group struct {
	Names   []string `json:"names"` // one per key; "" where a point has no such thing
	Summary `json:"summary"`
	Points  []*Point `json:"-"`
}

// By groups the points by the given keys, in the order of the keys' values.
func (r *Report) By(keys ...Key) []Group {
	var groups []Group
	at := map[string]int{}
	for i := range r.Points {
		p := &r.Points[i]
		names := make([]string, len(keys))
		for k, key := range keys {
			names[k] = key(p)
		}
		id := strings.Join(names, "\x00")
		g, ok := at[id]
		if !ok {
			g = len(groups)
			at[id] = g
			groups = append(groups, Group{Names: names})
		}
		groups[g].Points = append(groups[g].Points, p)
	}
	for i := range groups {
		groups[i].Summary = Summarize(groups[i].Points)
	}
	slices.SortStableFunc(groups, func(a, b Group) int { return slices.Compare(a.Names, b.Names) })
	return groups
}

// Select returns the points a test holds for.
func (r *Report) Select(holds func(*Point) bool) []*Point {
	var out []*Point
	for i := range r.Points {
		if p := &r.Points[i]; holds(p) {
			out = append(out, p)
		}
	}
	return out
}

// All returns the points.
func (r *Report) All() []*Point { return r.Select(func(*Point) bool { return true }) }

// BelowBound returns the points whose measurement is below the bound.
func (r *Report) BelowBound() []*Point { return r.Select((*Point).BelowBound) }

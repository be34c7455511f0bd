package main

import (
	"math"

	"roofline/cmd/roofline/internal/metric"
	"roofline/cmd/roofline/internal/show"
	"roofline/estimate/chart"
)

// bars draws the elasticities at the largest load.
func (x *experiment) bars(a *show.Answer, all *sensitivities) *chart.Elasticities {
	last := x.before.results[len(x.before.results)-1]
	e := &chart.Elasticities{Caption: x.s.caption(a, x.loaded.Name()+" on "+newNamer(x.s.catalog).of(&x.before.target)+": what decides "+at(loadName(last)))}
	var ids []string
	for _, id := range elasticMetrics {
		m := metric.Get(id)
		if !m.Of(last).Known() {
			continue
		}
		ids = append(ids, id)
		e.Measures = append(e.Measures, m.Label)
		better := chart.Lower
		if m.Better == metric.Higher {
			better = chart.Higher
		}
		e.Better = append(e.Better, better)
	}
	for _, s := range all.Parameters {
		row := chart.Elasticity{Name: s.Name}
		for _, id := range ids {
			value := math.NaN()
			if v := s.of(loadName(last), id); v != nil {
				value = v.Value
			}
			row.Values = append(row.Values, value)
		}
		e.Rows = append(e.Rows, row)
	}
	return e
}

package main

import (
	"cmp"
	"strings"

	"roofline/cmd/roofline/internal/show"
	"roofline/estimate/chart"
	"roofline/estimate/validate"
)

// acceptable is how far off a prediction may be to lie in the shaded band of the picture.
const acceptable = 1.25

// scatter draws every measurement against its prediction.
func (c *validateCmd) scatter(s *session, a *show.Answer, groups []validate.Group) *chart.Accuracy {
	n := newNamer(s.catalog)
	x := &chart.Accuracy{Caption: s.caption(a, "Predictions against measurements, by "+strings.Join(c.By, ", ")), Factor: acceptable}
	x.Subtitle = "catalog " + s.catalog.Version()
	for i := range groups {
		g := &groups[i]
		names := make([]string, len(g.Names))
		for k, name := range g.Names {
			if c.By[k] == "device" {
				name = n[name]
			}
			names[k] = cmp.Or(name, "–")
		}
		class := chart.Class{Name: strings.Join(names, " ")}
		for _, p := range g.Points {
			class.Points = append(class.Points, chart.Compared{Name: n[p.Device] + " " + p.Name(), Measured: p.Measured, Predicted: p.Predicted.Expected})
		}
		x.Classes = append(x.Classes, class)
	}
	return x
}

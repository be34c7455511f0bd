package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"roofline/estimate"
)

// assumptions lists what the combinations rest on that nobody said.
func (p *space) assumptions(c *decision) []assumption {
	d := &document{}
	d.assume(assumption{Name: "model", Value: p.loaded.Name(), Source: p.loaded.Source})
	if p.loaded.Language != nil {
		d.assume(assumption{Name: "isl", Value: p.request.ISL})
		d.assume(assumption{Name: "osl", Value: p.request.OSL})
	}
	d.assume(c.utilization())
	for i := range p.cases {
		if terms := p.cases[i].Target.Terms; terms != nil {
			for _, x := range terms.Assumptions {
				d.assume(assumption{x.Name, x.Value, x.Origin.Source, string(x.Origin.Status)})
			}
		}
	}
	return d.Assumptions
}

// assumed says in one line what all combinations have in common.
func (p *space) assumed(c *decision) string {
	parts := []string{p.loaded.Name(), parameters(p.loaded.Parameters())}
	if p.loaded.Language != nil {
		parts = append(parts, fmt.Sprintf("%v/%v tokens in/out", tokens(p.request.ISL), tokens(p.request.OSL)))
	}
	formats, runtimes := map[string]bool{}, map[string]bool{}
	for i := range p.cases {
		runtimes[p.cases[i].Target.Runtime.ID] = true
		if w := p.cases[i].DType; w != 0 {
			formats[w.String()] = true
		}
	}
	if len(formats) > 0 {
		parts = append(parts, strings.Join(keys(formats), ", "))
	}
	first, last := p.priceDates()
	price := c.offer()
	switch {
	case c.USDPerHour > 0:
		price = fmt.Sprintf("$%g per device-hour", c.USDPerHour)
	case first != "" && first == last:
		price += " of " + first
	case first != "":
		price += "s of " + first + " to " + last
	}
	return strings.Join(append(parts, "runtime "+strings.Join(keys(runtimes), ", "), price, c.busy()), " · ")
}

// priceDates returns of when the prices are.
func (p *space) priceDates() (first, last string) {
	for i := range p.cases {
		if t := p.cases[i].Target.Terms; t != nil && t.Priced() && t.AsOf != "" {
			if first == "" || t.AsOf < first {
				first = t.AsOf
			}
			last = max(last, t.AsOf)
		}
	}
	return first, last
}

// warnings says of which of the devices in an answer the price is missing or old, and which are not sure.
func (p *space) warnings(s *session, n namer, c *decision, targets []estimate.Target) (warnings []string) {
	var rows []row
	var idle []string
	for _, t := range targets {
		if name := n[t.Device.ID]; t.Terms.Idle > 0 && !slices.Contains(idle, name) {
			idle = append(idle, name)
		}
		if slices.ContainsFunc(rows, func(r row) bool { return r.target.Device == t.Device }) {
			continue
		}
		terms := *t.Terms
		t.Terms, t.Count, terms.Idle = &terms, 1, 0 // about the device, not about how many
		rows = append(rows, row{target: t})
	}
	_, warnings = s.priceNotes(n, rows, c.Price)
	if len(idle) > 0 {
		warnings = append(warnings, "to be had in larger blocks only, $/h includes devices without work: "+list(idle))
	}
	return slices.Concat(warnings, deviceNotes(n, rows), p.loaded.Warnings())
}

// targets returns the targets of the combinations on devices that an answer tells of.
func (p *space) targets(told func(device string) bool) (out []estimate.Target) {
	for i := range p.cases {
		if t := p.cases[i].Target; told(t.Device.ID) {
			out = append(out, t)
		}
	}
	return out
}

// pointBasis says what the bands of points rest on.
func pointBasis(points []*estimate.Result) string {
	var r row
	for _, e := range points {
		if e.Basis != nil {
			r.results = append(r.results, e)
		}
	}
	return cmp.Or(basisNote([]row{r}), "")
}

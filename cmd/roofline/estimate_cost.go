package main

import (
	"fmt"
	"strings"

	"roofline/cmd/roofline/internal/show"
	"roofline/estimate"
	"roofline/hardware"
	"roofline/hardware/unit"
)

// explain adds the cost trees of the rows, and what they rest on, to an answer.
func (c *estimateCmd) explain(s *session, a *show.Answer, rows []row) {
	if !c.Explain {
		return
	}
	n := newNamer(s.catalog)
	tree := show.Table{Columns: []show.Column{{Title: "component", Left: true}, {Title: "quantity"}, {Title: "unit", Left: true},
		{Title: "$/unit·h", Digits: 4}, {Title: "$/h", Digits: 4}, {Title: "how", Left: true, Shrink: 24}}}
	rests := show.Table{Columns: []show.Column{{Title: "assumed", Left: true}, {Title: "value", Left: true, Shrink: 24},
		{Title: "source", Left: true, Shrink: 12}, {Title: "status", Left: true}}}
	seen := map[[2]string]bool{}
	var notes []string
	for i := range rows {
		r := &rows[i]
		e := r.last()
		if r.failed() || e == nil {
			continue
		}
		notes = append(notes, moneyNotes(n.of(&r.target), e)...)
		if e.Cost != nil {
			costTree(&tree, n.of(&r.target), e.Cost)
		} else {
			tree.Add(n.of(&r.target), show.Unknown, "", show.Unknown, "not found", "give "+r.target.Terms.Capacity[0].Basis)
		}
		for _, x := range r.target.Terms.Assumptions {
			if !seen[[2]string{x.Name, x.Value}] {
				seen[[2]string{x.Name, x.Value}] = true
				rests.Add(x.Name, x.Value, x.Origin.Source, string(x.Origin.Status))
			}
		}
	}
	a.Notes = append(notes, a.Notes...)
	a.Tables = append(a.Tables, tree, rests)
}

// costTree adds a device's components, indented below its total.
func costTree(t *show.Table, name string, c *estimate.Cost) {
	how := "total"
	if c.AtLeast {
		how = "total, at least"
	}
	t.Add(name, show.Unknown, "", show.Unknown, float64(c.USDPerHour), how)
	for _, p := range c.Components {
		if p.Missing {
			t.Add("  "+p.Name, show.Unknown, "", show.Unknown, "not found", "give "+p.Basis)
			continue
		}
		how := p.Basis
		if p.Status != hardware.Published && p.Status != "" {
			how += " (" + string(p.Status) + ")"
		}
		t.Add("  "+p.Name, p.Quantity, p.Unit, float64(p.UnitPrice), float64(p.Money), how)
	}
}

// moneyNotes says what a row costs for every unit, what it draws, and when buying it pays.
func moneyNotes(name string, e *estimate.Result) (notes []string) {
	if c := e.Cost; c != nil {
		var parts []string
		for _, p := range c.Per {
			parts = append(parts, fmt.Sprintf("%s %s", unit.Number(float64(p.Value), 4), p.Unit))
		}
		notes = append(notes, name+": "+atLeast(c)+strings.Join(parts, " · "))
		if b := c.BreakEven; b != nil {
			after := "after"
			if b.AtLeast {
				after = "not before"
			}
			notes = append(notes, fmt.Sprintf("%s: buying beats renting at %s %s %.1f months (%s)", name, b.USDPerHour, after, b.Months, b.Source))
		}
	}
	if p := e.Power; p != nil {
		item := strings.TrimSuffix(p.Unit, "s")
		text := fmt.Sprintf("%s: %s at this load, %s Wh per 1000 %ss", name, p.Watts, unit.Number(1000*p.WattHours, 3), item)
		if p.Grams > 0 {
			text += fmt.Sprintf(", %s g CO2e", unit.Number(1000*p.Grams, 3))
		}
		notes = append(notes, text)
	}
	return notes
}

// atLeast marks an amount that lacks parts.
func atLeast(c *estimate.Cost) string {
	if c != nil && c.AtLeast {
		return "at least "
	}
	return ""
}

// gaps warns of parts of the cost that were not found.
func gaps(rows []row) (warnings []string) {
	var names []string
	seen := map[string]bool{}
	for i := range rows {
		e := rows[i].last()
		if e == nil || e.Cost == nil {
			continue
		}
		for _, p := range e.Cost.Components {
			if p.Missing && !seen[p.Name] {
				seen[p.Name] = true
				names = append(names, p.Name)
			}
		}
	}
	if len(names) > 0 {
		warnings = append(warnings, "cost is at least this, not found: "+list(names)+"; --explain says how to give them")
	}
	return warnings
}

// offer names the prices an answer rests on.
func (f *moneyFlags) offer() string {
	if f.Price == hardware.PurchaseBuy {
		return "purchase price"
	}
	return fmt.Sprintf("cheapest %s offer", f.Price)
}

// busy says how much of the paid time there is work.
func (f *moneyFlags) busy() string {
	if f.Utilization == 1 {
		return "devices always busy"
	}
	return fmt.Sprintf("devices busy %s of the time", percent(f.Utilization))
}

// utilization is the assumption about it.
func (f *moneyFlags) utilization() assumption {
	a := assumption{Name: "utilization", Value: f.Utilization}
	if f.Utilization == 1 {
		a.Source, a.Status = "default", "assumed"
	}
	return a
}

// perSecond and perMillion are the titles of columns about the tokens a request counts.
func perSecond(q estimate.Request) string {
	if q.Tokens == estimate.OutputTokens {
		return "tok/s"
	}
	return string(q.Tokens) + " tok/s"
}

func perMillion(q estimate.Request) string {
	if q.Tokens == estimate.OutputTokens {
		return "$/M out"
	}
	return "$/M " + string(q.Tokens)
}

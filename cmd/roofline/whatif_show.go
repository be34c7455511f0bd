package main

import (
	"fmt"
	"strings"

	"roofline/cmd/roofline/internal/metric"
	"roofline/cmd/roofline/internal/show"
	"roofline/hardware/unit"
)

// showSet lays out what is before and after.
func (x *experiment) showSet(a *show.Answer, doc *whatif, after *altered) {
	n := len(x.before.results)
	a.Sentence = x.setSentence(after)
	loads := make([]string, n)
	for i, r := range x.before.results {
		loads[i] = loadName(r)
		if b := after.row.results[i]; b != nil && loadName(b) != loads[i] {
			loads[i] += " → " + loadName(b)
		}
	}
	shown := min(n, mostSides)
	t := sides(loads[:shown], x.before.results, after.row.results)
	a.Tables = append(a.Tables, t)
	if shown < n {
		a.Warnings = append(a.Warnings, fmt.Sprintf("%d more loads; --format json has all", n-shown))
	}
	var set []string
	for _, c := range after.changes {
		set = append(set, strings.TrimSpace(fmt.Sprintf("%s %s", c.path(), was(c))))
	}
	a.Notes = append(a.Notes, "set: "+strings.Join(set, " · "))
	if note := basisNote([]row{after.row}); note != "" {
		a.Notes = append(a.Notes, note+"; the same before and after")
	}
	names := newNamer(x.s.catalog)
	rows := []row{after.row}
	for _, w := range unfit(names, []row{x.before}, "what is before has no meaning") {
		a.Warnings = append(a.Warnings, "before: "+w)
	}
	for _, w := range unfit(names, rows, "give it more with --set") {
		a.Warnings = append(a.Warnings, "after: "+w)
	}
	a.Warnings = append(a.Warnings, resultWarnings(names, rows)...)
	for _, c := range after.changes {
		if c.Before == "" && c.Kind != "flag" {
			a.Warnings = append(a.Warnings, fmt.Sprintf("%s was not known: what is before goes without it", c.path()))
		}
	}
	if x.unmoved(doc) {
		a.Warnings = append(a.Warnings, "nothing that is compared here changes: --sensitivity says what would")
	}
}

// mostSides is how many loads stand side by side.
const mostSides = 2

// unmoved reports an answer in which no value has changed.
func (x *experiment) unmoved(doc *whatif) bool {
	for _, d := range doc.Differences {
		if d.Ratio == nil || *d.Ratio != 1 {
			return false
		}
	}
	return true
}

// was says what a value was: (was 3.35 TB/s).
func was(c change) string {
	if c.Before == "" {
		return c.After
	}
	return c.Before + " → " + c.After
}

// setSentence says what the largest load is like, before and after.
func (x *experiment) setSentence(after *altered) string {
	last := len(x.before.results) - 1
	a, b := x.before.results[last], after.row.results[last]
	var parts []string
	for _, id := range []string{"latency", "tpot", "throughput", "cost"} {
		m := metric.Get(id)
		p, q := m.Of(a), m.Of(b)
		if !p.Known() || !q.Known() {
			continue
		}
		unitText, dollar := unitOf(m, p, q), ""
		if rest, ok := strings.CutPrefix(unitText, "USD/"); ok {
			unitText, dollar = "per "+rest, "$"
		}
		text := fmt.Sprintf("%s%s → %s%s %s (%s %%)", dollar, unit.Number(p.Value/m.Scale(), 3), dollar, unit.Number(q.Value/m.Scale(), 3), unitText, percentChange(p, q))
		if id == "tpot" || id == "latency" {
			text = m.Label + " " + text
		}
		parts = append(parts, text)
	}
	return fmt.Sprintf("%s: %s.", strings.ToUpper(loadName(b)[:1])+loadName(b)[1:], strings.Join(parts, ", "))
}

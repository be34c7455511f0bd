package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"roofline/cmd/roofline/internal/report"
	"roofline/cmd/roofline/internal/show"
	"roofline/estimate"
	"roofline/hardware/unit"
)

// scorecard is the cheapest way of each device to be so fast for one user: a language model at fixed speeds, a graph
// within fixed latencies.
func (r *reporter) scorecard() (*report.Part, error) {
	if r.loaded.Language == nil {
		return r.latencyTiers()
	}
	x, err := r.ask("frontier", given{"tiers", tiers}, given{"budget", ""})
	if err != nil {
		return nil, err
	}
	p := partOf("scorecard", "Scorecard: $ per million output tokens at fixed speeds for each user", x, nil, 0)
	p.Lead, p.Warnings = "", nil
	return r.short(p), nil
}

// tiers are the speeds a scorecard has, tokens per second for each user.
const tiers = "30,50,75,100"

// short leaves the first rows of a table that has more than the first page has room for.
func (r *reporter) short(p *report.Part) *report.Part {
	t := &p.Tables[0]
	if all := len(t.Rows); all > mostDrawn {
		t.Rows = t.Rows[:mostDrawn]
		t.Filter = false
		p.Notes = append(report.Notes([]string{fmt.Sprintf("the first %d of %d devices; the command has all", mostDrawn, all)}), p.Notes...)
	}
	return p
}

// tierLatencies are the latencies a scorecard of a graph has.
var tierLatencies = []unit.Seconds{0.001, 0.005, 0.020, 0.100}

// latencyTiers is the scorecard of a graph: for each device the cheapest batch that is done in time.
func (r *reporter) latencyTiers() (*report.Part, error) {
	x, err := r.ask("sweep", given{"batch", "1..256*2"})
	if err != nil {
		return nil, err
	}
	var d struct {
		Points []*estimate.Result `json:"points"`
	}
	if err := reread(x.JSON, &d); err != nil {
		return nil, err
	}
	t := show.Table{Columns: []show.Column{{Title: "device", Left: true}}}
	for _, tier := range tierLatencies {
		group := "within " + tier.String()
		t.Columns = append(t.Columns, show.Column{Group: group, Title: "$/M"}, show.Column{Group: group, Title: "with", Left: true})
	}
	var devices []string
	best := map[string][]*estimate.Result{}
	for _, e := range d.Points {
		if best[e.Device] == nil {
			devices = append(devices, e.Device)
			best[e.Device] = make([]*estimate.Result, len(tierLatencies))
		}
		for i, tier := range tierLatencies {
			if b := &best[e.Device][i]; e.Latency != nil && e.Latency.Expected <= tier && perUnit(e) > 0 && (*b == nil || perUnit(e) < perUnit(*b)) {
				*b = e
			}
		}
	}
	last := len(tierLatencies) - 1
	slices.SortStableFunc(devices, func(a, b string) int { return cmp.Compare(rankOf(best[a][last]), rankOf(best[b][last])) })
	for _, id := range devices {
		cells := []show.Cell{r.name[id]}
		for i := range tierLatencies {
			switch e := best[id][i]; {
			case e != nil:
				cells = append(cells, perUnit(e), fmt.Sprintf("batch %.0f", e.Workload.Batch))
			case best[id][last] == nil && !r.priced(id):
				cells = append(cells, show.Unknown, "no price")
			default:
				cells = append(cells, show.Unknown, "too slow")
			}
		}
		t.Add(cells...)
	}
	p := &report.Part{ID: "scorecard", Title: "Scorecard: $ per million within fixed latencies", Tables: []report.Table{{Table: t}}, Command: x.Command}
	return r.short(p), nil
}

// perUnit is what a million costs, 0 where that is not known; rankOf puts what is not known last.
func perUnit(e *estimate.Result) float64 {
	if e.Cost == nil || len(e.Cost.Per) == 0 {
		return 0
	}
	return float64(e.Cost.Per[0].Value)
}

func rankOf(e *estimate.Result) float64 {
	if e == nil {
		return math.Inf(1)
	}
	return perUnit(e)
}

// priced reports whether a device of the comparison has a price.
func (r *reporter) priced(id string) bool {
	return slices.ContainsFunc(r.estimates(), func(e *estimate.Result) bool { return e.Device == id && perUnit(e) > 0 })
}

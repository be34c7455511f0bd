package main

import (
	"fmt"
	"math"
	"strings"

	"roofline/cmd/roofline/internal/show"
	"roofline/estimate"
	"roofline/estimate/recommend"
	"roofline/hardware"
	"roofline/hardware/unit"
)

// choice is an answer of recommend with what it is told with.
type choice struct {
	*recommendCmd
	*recommend.Answer
	space  *space
	demand *recommend.Demand
	names  namer
}

// mostRunners is how many rows of runners-up people get.
const mostRunners = 8

// answer lays out what was chosen.
func (c *recommendCmd) answer(s *session, p *space, d *recommend.Demand, chosen *recommend.Answer) *show.Answer {
	x := &choice{c, chosen, p, d, newNamer(s.catalog)}
	a := &show.Answer{Sentence: x.sentence(), Assumed: x.assumed(), JSON: x.document(s)}
	if rows := x.shown(); len(rows) > 0 {
		a.Tables = []show.Table{x.table(rows)}
	}
	note := func(label, text string) {
		if text != "" {
			a.Notes = append(a.Notes, hanging(label, text))
		}
	}
	if x.uncertain() {
		note("?", "the band crosses a limit, which may be missed; --slo-at high plans for its slow end")
	}
	note("surest", x.surest())
	note("made of", x.madeOf())
	note("decided by", x.decidedBy())
	note("measure", x.measure())
	note("fell out", x.fellOut())
	note("spare copy", x.spare())
	if o := x.Best(); o != nil {
		note("look closer", x.closer(o))
	}
	var results []*estimate.Result
	var targets []estimate.Target
	for _, o := range x.shown() {
		results, targets = append(results, o.Result), append(targets, o.Target)
	}
	if note := pointBasis(results); note != "" {
		a.Notes = append(a.Notes, note)
	}
	a.Warnings = append(x.batching(), gaps(pricedRows(results))...)
	a.Warnings = append(a.Warnings, p.warnings(s, x.names, &c.decision, targets)...)
	return a
}

// shown are the options that people get to see.
func (x *choice) shown() []*recommend.Option {
	all := x.PerDevice()
	return all[:min(len(all), mostRunners)]
}

// job names the target: 2,000 tok/s, and what is beyond it.
func (x *choice) job() string {
	text := unit.Number(x.demand.Rate, 3) + " " + x.space.rate()
	if x.Target.Of == "req" && x.space.loaded.Language != nil {
		text = fmt.Sprintf("%s req/s (%s)", unit.Number(x.Target.Rate, 3), text)
	}
	return text
}

// unlimited stands where nothing has to be kept.
const unlimited = "no limits set"

// limits names what has to be kept.
func (x *choice) limits() string {
	var parts []string
	if len(x.SLO) > 0 {
		parts = append(parts, x.SLO.String())
	}
	if x.Budget > 0 {
		parts = append(parts, fmt.Sprintf("%v a month", unit.USD(x.Budget)))
	}
	if x.MaxPower > 0 {
		parts = append(parts, x.MaxPower.String())
	}
	if len(parts) == 0 {
		return unlimited
	}
	return strings.Join(parts, ", ")
}

// sentence says what to rent or buy, for how much, or what came nearest.
func (x *choice) sentence() string {
	o := x.Best()
	switch {
	case o != nil:
		text := fmt.Sprintf("%s %s (%s): %s. Meets %s at %s load", x.verb(), x.bought(o), x.replicas(o), x.price(o), x.job(), percent(o.Use))
		for _, v := range o.Uncertain {
			text += fmt.Sprintf("; %s may be up to %v", v.Limit, v.Value)
		}
		return text + "."
	case len(x.Options) > 0:
		o = x.Options[0]
		return fmt.Sprintf("No price is known of anything that does this; the fewest devices are %s (%s). Give prices with --usd-per-hour.", x.names.counted(o.Result), x.replicas(o))
	}
	m := x.Nearest()
	at := ""
	if m.Result != nil && m.Kind == recommend.Limit {
		at = " at " + m.Result.Workload.String()
	}
	within := ""
	if limits := x.limits(); limits != unlimited {
		within = " within " + limits
	}
	return fmt.Sprintf("Nothing meets %s%s. Nearest: %s%s.", x.job(), within, x.miss(m), at)
}

// verb is how machines are had.
func (x *choice) verb() string {
	if x.Price == hardware.PurchaseBuy {
		return "Buy"
	}
	return "Rent"
}

// bought names the devices that are paid for, and how many of them have no work.
func (x *choice) bought(o *recommend.Option) string {
	idle := o.Target.Terms.Idle
	text := fmt.Sprintf("%d × %s", o.Result.Count+idle, x.names[o.Result.Device])
	if idle > 0 {
		text += fmt.Sprintf(", %d of them idle", idle)
	}
	return text
}

// counted names the devices of an answer, also when it is one.
func (n namer) counted(e *estimate.Result) string {
	return fmt.Sprintf("%d × %s", e.Count, n[e.Device])
}

// replicas says how the devices are used: 2 replicas, TP4; or of a graph each with a batch of 32.
func (x *choice) replicas(o *recommend.Option) string {
	if x.space.loaded.Language == nil {
		return fmt.Sprintf("each batches of %.0f", o.Load)
	}
	return fmt.Sprintf("%s, %s", several(o.Result.Replicas, "replica"), plan(&estimate.Target{Plan: o.Target.Plan, Count: o.Target.Plan.Devices()}))
}

func several(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%s %ss", count(n), noun)
}

// price says what an hour and a month cost, and what is paid up front.
func (x *choice) price(o *recommend.Option) string {
	c := o.Result.Cost
	text := fmt.Sprintf("%s%s, %s a month", atLeast(c), c.USDPerHour, dollars(o.PerMonth()))
	if once := upfront(o); once > 0 {
		text = fmt.Sprintf("%s up front, in all %s", dollars(once), text)
	}
	return text
}

// dollars prints an amount to the dollar.
func dollars(v unit.USD) string { return "$" + unit.Group(fmt.Sprintf("%.0f", float64(v))) }

// assumed says what all options have in common.
func (x *choice) assumed() string {
	parts := []string{x.space.assumed(&x.decision), x.limits()}
	if x.demand.At == recommend.High {
		parts = append(parts, "planned for the slow end of the bands")
	}
	if x.demand.Headroom > 0 {
		parts = append(parts, fmt.Sprintf("%s headroom", percent(x.demand.Headroom)))
	}
	if x.Spare {
		parts = append(parts, "one replica spare")
	}
	return strings.Join(append(parts, fmt.Sprintf("searched %s combinations", count(x.Tried))), " · ")
}

// table ranks the options, one per device and number format.
func (x *choice) table(rows []*recommend.Option) show.Table {
	language := x.space.loaded.Language != nil
	t := show.Table{Columns: []show.Column{{Title: "#", Whole: true}, {Title: "devices", Left: true, Shrink: 12}}}
	if language {
		t.Columns = append(t.Columns, show.Column{Title: "replicas × plan", Left: true})
	}
	t.Columns = append(t.Columns, show.Column{Title: "dtype", Left: true})
	if language {
		t.Columns = append(t.Columns, show.Column{Title: "TTFT", Scales: milliseconds, Base: "s"}, show.Column{Title: "TPOT", Scales: milliseconds, Base: "s"})
	} else {
		t.Columns = append(t.Columns, show.Column{Title: "batch", Whole: true}, show.Column{Title: "time", Scales: milliseconds, Base: "s"})
	}
	t.Columns = append(t.Columns, show.Column{Title: "low–high", Scales: milliseconds, Base: "s", Digits: 2}, show.Column{Title: "?", Left: true},
		show.Column{Title: "max " + x.space.rate(), Digits: 3}, show.Column{Title: "load", Unit: "%", Digits: 2}, show.Column{Title: "$/h"},
		show.Column{Title: "$/month", Whole: true}, show.Column{Title: "vs 1", Unit: "%"})
	for i, o := range rows {
		t.Add(x.cells(i, o)...)
	}
	return t
}

// cells is one option.
func (x *choice) cells(i int, o *recommend.Option) []show.Cell {
	e := o.Result
	cells := []show.Cell{float64(i + 1), x.names.counted(e)}
	var band estimate.Band
	if x.space.loaded.Language != nil {
		band = tpot(e)
		if math.IsNaN(float64(band.Expected)) {
			band = ttft(e)
		}
		cells = append(cells, fmt.Sprintf("%d × %v", e.Replicas, o.Target.Plan), e.Workload.DType.String(), seconds(ttft(e).Expected), seconds(tpot(e).Expected))
	} else {
		band = latency(e)
		cells = append(cells, e.Workload.DType.String(), e.Workload.Batch, seconds(band.Expected))
	}
	mark := ""
	if len(o.Uncertain) > 0 {
		mark = "?"
	}
	cells = append(cells, show.Range{Low: seconds(band.Low), High: seconds(band.High)}, mark, o.Capacity, 100*o.Use)
	if !o.Priced() {
		return append(cells, show.Unknown, show.Unknown, show.Unknown)
	}
	return append(cells, o.USDPerHour(), float64(o.PerMonth()), x.delta(i, o))
}

// delta is how much more than rank 1 an option costs: a number between equals, else no comparison.
func (x *choice) delta(i int, o *recommend.Option) show.Cell {
	d, ok := x.against(o)
	switch {
	case i == 0:
		return ""
	case !ok:
		return show.NotSupported
	}
	return fmt.Sprintf("%+.0f", 100*d)
}

// against returns how much more an option costs than the best, as a share; not between different number formats.
func (x *choice) against(o *recommend.Option) (float64, bool) {
	best := x.Best()
	if best == nil || !o.Priced() || unlike(best, o) != "" {
		return 0, false
	}
	return o.USDPerHour()/best.USDPerHour() - 1, true
}

// unlike says why two options can't be compared, "" if they can.
func unlike(a, b *recommend.Option) string {
	v, w := a.Result.Workload, b.Result.Workload
	if v.DType != w.DType || v.ActDType != w.ActDType || v.KVDType != w.KVDType {
		return fmt.Sprintf("%s is not %s", w.DType, v.DType)
	}
	return ""
}

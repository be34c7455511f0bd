package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"
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

// pricedRows are the rows that warnings about costs speak of.
func pricedRows(results []*estimate.Result) (rows []row) {
	for _, e := range results {
		rows = append(rows, row{results: []*estimate.Result{e}})
	}
	return rows
}

// hanging prints a note beside its label.
func hanging(label, text string) string {
	const width = 12
	lines := strings.ReplaceAll(show.Wrap(text, show.Width-width-1), "\n  ", "\n"+strings.Repeat(" ", width+1))
	return fmt.Sprintf("%-*s %s", width, label, lines)
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

// uncertain reports whether an option that is shown may miss a limit.
func (x *choice) uncertain() bool {
	return slices.ContainsFunc(x.shown(), func(o *recommend.Option) bool { return len(o.Uncertain) > 0 })
}

// surest names the cheapest option that does the job at the slow end of its band, where that is not the answer.
func (x *choice) surest() string {
	o := x.Sure()
	switch best := x.Best(); {
	case best == nil || x.demand.At == recommend.High:
		return ""
	case o == nil:
		return "none does the job at the slow end of its band"
	case o.Result.Device == best.Result.Device && o.Result.Count == best.Result.Count && o.Target.Plan == best.Target.Plan:
		return "the same, at the slow end of its band too"
	}
	return fmt.Sprintf("%s (%s) does it at the slow end of its band too: %s", x.names.counted(o.Result), x.replicas(o), x.price(o))
}

// madeOf takes the answer apart: devices = replicas × devices of each, and how they are had.
func (x *choice) madeOf() string {
	o := x.Best()
	if o == nil {
		return ""
	}
	r := o.Result
	var parts []string
	if x.space.loaded.Language != nil {
		parts = append(parts, fmt.Sprintf("%s = %s × %s (%v)", several(r.Count, "device"), several(r.Replicas, "replica"), several(r.Count/r.Replicas, "device"), o.Target.Plan),
			fmt.Sprintf("%.0f of at most %.0f requests in flight each", o.Load, o.Most))
	} else {
		parts = append(parts, fmt.Sprintf("%s, batches of %.0f where up to %.0f keep the limits", several(r.Count, "device"), o.Load, o.Most))
	}
	if r.Cost.Source != "" {
		parts = append(parts, r.Cost.Source)
	}
	if idle := o.Target.Terms.Idle; idle > 0 {
		parts = append(parts, several(idle, "device")+" more in the block, without work")
	}
	return strings.Join(parts, " · ")
}

// mostNamed is how many devices a note names.
const mostNamed = 3

// decidedBy says what would change rank 1: a price, or what the devices really do.
func (x *choice) decidedBy() string {
	best := x.Best()
	if best == nil {
		return ""
	}
	var parts, unpriced []string
	for _, f := range x.PriceFlips() {
		name := x.names[f.Device]
		switch {
		case f.Now > 0 && f.Share > 1-1e-9 && len(parts) < mostNamed:
			parts = append(parts, name+" costs the same")
		case f.Now == 0 && len(unpriced) < mostNamed:
			unpriced = append(unpriced, fmt.Sprintf("%s $%s", name, unit.Number(f.Below, 3)))
		case f.Now > 0 && len(parts) < mostNamed && x.Price == hardware.PurchaseBuy:
			parts = append(parts, fmt.Sprintf("%s would win if it cost %s less", name, percent(1-f.Share)))
		case f.Now > 0 && len(parts) < mostNamed:
			parts = append(parts, fmt.Sprintf("%s would win below $%s a device-hour, now $%s", name, unit.Number(f.Below, 3), unit.Number(f.Now, 3)))
		}
	}
	if more := len(x.PriceFlips()) - len(parts) - len(unpriced); more > 0 {
		parts = append(parts, fmt.Sprintf("%d more in --format json", more))
	}
	if len(unpriced) > 0 && x.Price != hardware.PurchaseBuy {
		parts = append(parts, "without a price, would win below: "+strings.Join(unpriced, ", "))
	}
	if len(x.PriceFlips()) == 0 {
		return "no other device does it"
	}
	name := x.names[best.Result.Device]
	switch f := x.Slowdown(); {
	case x.Settled():
		parts = append(parts, "the bands cannot change rank 1")
	case f != nil && f.Within:
		parts = append(parts, fmt.Sprintf("%s loses rank 1 to %s if everything takes %s × as long as planned, which is within its band", name, x.names[f.Then.Result.Device], unit.Number(f.Factor, 3)))
	case f != nil:
		parts = append(parts, fmt.Sprintf("within its band %s keeps rank 1 (up to %s × the planned times), unless others are at the fast end of theirs", name, unit.Number(f.Factor, 3)))
	default:
		parts = append(parts, fmt.Sprintf("within its band %s keeps rank 1, unless others are at the fast end of theirs", name))
	}
	return strings.Join(parts, " · ")
}

// measure names the measurement that narrows the answer most.
func (x *choice) measure() string {
	m := x.Measurement()
	if m == nil {
		return ""
	}
	o := m.Option
	replica := o.Target
	replica.Count = replica.Plan.Devices()
	what := x.names.of(&replica)
	if x.space.loaded.Language != nil {
		what += fmt.Sprintf(" (%v) with %.0f requests in flight", replica.Plan, o.Load)
	} else {
		what += fmt.Sprintf(" with batches of %.0f", o.Load)
	}
	text := fmt.Sprintf("%s on %s: the cheapest is $%s to $%s an hour by what comes out", x.space.loaded.Name(), what, unit.Number(m.Cheapest, 3), unit.Number(m.Dearest, 3))
	switch best := x.Best(); {
	case m.Decides && best.Result.Device == m.Device:
		text += "; at the slow end another device wins"
	case m.Decides:
		text += fmt.Sprintf("; at the fast end %s wins", x.names[m.Device])
	}
	return text
}

// miss says what a miss is about and why.
func (x *choice) miss(m *recommend.Miss) string {
	e := m.Result
	if e == nil {
		return strings.ReplaceAll(m.Reason, x.deviceOf(m), x.names[x.deviceOf(m)])
	}
	what := x.names.deployed(e)
	if e.Count > 1 && x.space.loaded.Language != nil {
		what += " " + planned(e)
	}
	text := what + ": " + m.Reason
	if m.Kind == recommend.Limit && e.BoundBy != nil {
		text += fmt.Sprintf(" (%s)", limitText(*e.BoundBy))
	}
	return text
}

func (x *choice) deviceOf(m *recommend.Miss) string { return x.space.cases[m.Case].Target.Device.ID }

// fellOut gives each device that is no option one reason with its number.
func (x *choice) fellOut() string {
	var parts []string
	var memory, unavailable []string
	fallen := x.FellOut()
	slices.SortStableFunc(fallen, func(m, o *recommend.Miss) int { return cmp.Compare(m.Ratio(), o.Ratio()) })
	for _, m := range fallen {
		name := x.names[x.deviceOf(m)]
		switch m.Kind {
		case recommend.Memory:
			memory = append(memory, name)
		case recommend.Unavailable:
			unavailable = append(unavailable, name)
		default:
			parts = append(parts, x.miss(m))
		}
	}
	if more := len(parts) - mostNamed; more > 0 {
		parts = append(parts[:mostNamed], fmt.Sprintf("%d more like these", more))
	}
	if len(memory) > 0 {
		parts = append(parts, "does not fit: "+few(memory))
	}
	if len(unavailable) > 0 {
		parts = append(parts, fmt.Sprintf("can't run it: %s (--format json says why)", few(unavailable)))
	}
	return strings.Join(parts, " · ")
}

// few joins the first names of many.
func few(names []string) string {
	if more := len(names) - mostNamed; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:mostNamed], ", "), more)
	}
	return strings.Join(names, ", ")
}

// spare says what one replica more costs.
func (x *choice) spare() string {
	if x.Spare {
		return ""
	}
	o := x.Spared()
	if o == nil || !o.Priced() {
		return ""
	}
	return fmt.Sprintf("--n+1 adds one for the failure of one: %s, %s a month", x.names.counted(o.Result), dollars(o.PerMonth()))
}

// closer is the command that shows the answer in detail.
func (x *choice) closer(o *recommend.Option) string {
	e := o.Result
	device := x.names[e.Device]
	if x.Device != "all" && !strings.ContainsAny(x.Device, ",*?") { // a system is not its device
		device = x.Device
	}
	text := fmt.Sprintf("roofline estimate %s --device %s --count %d", x.Model, device, e.Count)
	flag := func(name string, value any, there bool) {
		if there {
			text += fmt.Sprintf(" --%s %v", name, value)
		}
	}
	p := e.Plan
	language := x.space.loaded.Language != nil
	flag("tp", p.TP, language)
	flag("pp", p.PP, p.PP > 1)
	flag("ep", p.EP, p.EP > 1)
	flag("dp", p.DP, p.DP > 1)
	flag("dtype", e.Workload.DType, len(x.DType) > 0)
	flag("runtime", e.Runtime, len(x.Runtime) > 0)
	flag("isl", tokens(x.space.request.ISL), language && x.space.request.ISL != 1024)
	flag("osl", tokens(x.space.request.OSL), language && x.space.request.OSL != 1024)
	flag("price", x.Price, x.Price != hardware.OnDemand)
	flag("site", x.Site, x.Site != "")
	flag("utilization", x.Utilization, x.Utilization != 1)
	if language {
		return text + fmt.Sprintf(" --concurrency %.0f --explain", e.Workload.Concurrency)
	}
	return text + fmt.Sprintf(" --batch %.0f --explain", e.Workload.Batch)
}

// batching warns of what a batch's time leaves out.
func (x *choice) batching() []string {
	if x.space.loaded.Language != nil || len(x.Options) == 0 {
		return nil
	}
	return []string{"times are of a batch on its device: the wait for a batch to fill and the way to the device come on top"}
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

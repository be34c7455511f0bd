package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"roofline/cmd/roofline/internal/show"
	"roofline/estimate"
	"roofline/estimate/recommend"
	"roofline/hardware"
	"roofline/hardware/unit"
)

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

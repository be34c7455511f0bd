package cost

import (
	"cmp"
	"fmt"

	"roofline/hardware"
	"roofline/hardware/unit"
)

// Terms say how a deployment is paid for, and what it draws.
type Terms struct {
	Capacity    []Component // due every paid hour whatever the load; the first is the machines themselves
	Power       Power
	Site        *hardware.Site // nil: not known
	Owned       bool           // electricity is on one's own bill; the rent of others includes theirs
	Utilization float64        // share of the paid hours at the stated load
	AsOf        string         // date of the price
	Source      string         // who asks the price, for what
	Idle        int            // devices of whole machines that are paid for and have no work
	Assumptions []Assumption
}

// Assumption is a value that a bill rests on.
type Assumption struct {
	Name   string
	Value  string
	Origin hardware.Origin
}

// Priced reports whether it is known what the machines themselves cost. A bill without them says nothing.
func (t *Terms) Priced() bool { return len(t.Capacity) > 0 && !t.Capacity[0].Missing }

// PUE returns the factor from the machines' power to the site's, 1 where it is not known.
func (t *Terms) PUE() (factor float64, known bool) {
	if t.Site == nil || t.Site.PUE == 0 {
		return 1, false
	}
	return t.Site.PUE, true
}

// Energy returns the watt-hours of size units where perSecond of them are produced at a draw, and the grams of CO2
// equivalent that they stand for, 0 where not known. Hours without work are not in it.
func (t *Terms) Energy(draw unit.Watts, perSecond, size float64) (wattHours, grams float64) {
	pue, _ := t.PUE()
	wattHours = float64(draw) * pue * size / perSecond / unit.SecondsPerHour
	if t.Site != nil {
		grams = wattHours / 1000 * float64(t.Site.Carbon.Intensity)
	}
	return wattHours, grams
}

// Bill returns what a paid hour costs with so much power drawn at the stated load.
func (t *Terms) Bill(draw unit.Watts) Bill {
	components := append([]Component(nil), t.Capacity...)
	if t.Owned {
		components = append(components, t.electricity(draw)...)
	}
	return newBill(t.Utilization, components)
}

// electricity lists what the power drawn costs: load for the share of the hours with work, idle for the rest, and where
// the tariff has one the charge for the highest power. All of it is the site's power, machines · PUE.
func (t *Terms) electricity(draw unit.Watts) []Component {
	const remedy = "--site, or --electricity '0.1 USD/kWh'"
	if t.Site == nil {
		return []Component{missing("electricity", remedy)}
	}
	tariff := &t.Site.Electricity
	price, ok := t.Site.USD(hardware.Money(tariff.Price))
	switch {
	case !ok:
		return []Component{missing("electricity", remedy)}
	case draw == 0:
		return []Component{missing("electricity", "power.tdp of the device")}
	}
	pue, known := t.PUE()
	hour := func(name string, p unit.Watts, share float64) Component {
		basis := fmt.Sprintf("%s · PUE %.3g · %.3g %% of the time, %s", p, pue, 100*share, tariff.Price)
		return Component{Name: name, Basis: basis}.from(t.Site.Of("electricity.price")).
			priced(float64(p)/1000*pue*share, "kW", unit.USDPerHour(price))
	}
	out := []Component{hour("electricity at load", draw, t.Utilization)}
	if t.Utilization < 1 {
		out = append(out, hour("electricity idle", t.Power.Idle, 1-t.Utilization))
	}
	if demand, ok := t.Site.USD(hardware.Money(tariff.Demand)); ok {
		out = append(out, Component{Name: "demand charge", Basis: tariff.Demand.String()}.from(t.Site.Of("electricity.demand")).
			priced(float64(draw)/1000*pue, "kW", unit.USDPerHour(demand/unit.HoursPerMonth)))
	}
	if !known {
		out = append(out, missing("cooling and losses", "--pue 1.3"))
	}
	if !t.Power.Host {
		out = append(out, missing("electricity of the host", "a --device that is a system, such as dgx-h100"))
	}
	return out
}

// terms returns what all terms of the deployment share.
func (d *Deployment) terms(source string, capacity ...Component) *Terms {
	t := &Terms{Capacity: capacity, Power: d.Power(), Site: d.Site, Utilization: d.Utilization, Source: source}
	if o := d.Owner; t.Power.Nameplate > 0 {
		t.assume("power at work", fmt.Sprintf("%.3g %% of the nameplate where compute binds, else %.3g %%", 100*o.Load, 100*cmp.Or(o.LoadMemory, o.Load)), o.Of("load"))
		t.assume("power idle", fmt.Sprintf("%.3g %% of the nameplate", 100*o.Idle), o.Of("idle"))
	}
	if pue, known := t.PUE(); known {
		t.assume("PUE", fmt.Sprintf("%.3g", pue), t.Site.Of("pue"))
	}
	if s := t.Site; s != nil && s.Carbon.Intensity > 0 {
		t.assume("carbon", s.Carbon.Intensity.String(), s.Of("carbon.intensity"))
	}
	if s := t.Site; s != nil && s.Exchange.Amount > 0 {
		t.assume("exchange rate", s.Exchange.String(), s.Of("exchange"))
	}
	return t
}

func (t *Terms) assume(name, value string, o hardware.Origin) {
	t.Assumptions = append(t.Assumptions, Assumption{name, value, o})
}

// Rental is a number of whole instances.
type Rental struct {
	Instance  *hardware.Instance
	Instances int
	Price     unit.USDPerHour // of all of them
	Idle      int             // devices of theirs that have no work
	Label     string          // who rents out what
}

// Rent returns the terms of a rental. The devices without work are a component of their own: they are paid for like the others.
func (d *Deployment) Rent(r Rental) *Terms {
	perDevice := r.Price / unit.USDPerHour(d.Count+r.Idle)
	rent := Component{Name: "rent", Basis: fmt.Sprintf("%s, %s", r.Label, r.Instance.Date), Source: r.Instance.Source, Status: hardware.Published}
	t := d.terms(r.Label, rent.priced(float64(d.Count), "device", perDevice))
	if r.Idle > 0 {
		rent.Name = "rent of idle devices"
		rent.Basis = fmt.Sprintf("rented only as %d × %d", r.Instances, r.Instance.Count)
		t.Capacity = append(t.Capacity, rent.priced(float64(r.Idle), "device", perDevice))
	}
	if r.Instance.Scope == hardware.DeviceOnly {
		t.Capacity = append(t.Capacity, missing("host", "--usd-per-hour: billed apart here"))
	}
	t.AsOf, t.Idle = r.Instance.Date, r.Idle
	return t
}

// Given returns the terms of devices whose hourly price the user knows.
func (d *Deployment) Given(perDevice unit.USDPerHour, source string) *Terms {
	rent := Component{Name: "rent", Basis: source, Source: source, Status: hardware.Assumed}
	return d.terms(source, rent.priced(float64(d.Count), "device", perDevice))
}

// Unpriced returns the terms of devices nobody is known to rent out.
func (d *Deployment) Unpriced(remedy string) *Terms { return d.terms("", missing("rent", remedy)) }

package cost

import (
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
	switch {
	case t.Utilization < 1 && t.Power.Idle == 0:
		out = append(out, missing("electricity idle", "idle of the ownership"))
	case t.Utilization < 1:
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

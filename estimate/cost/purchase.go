package cost

import (
	"fmt"

	"roofline/hardware"
	"roofline/hardware/unit"
)

// hoursPerYear is twelve months of 730 hours.
const hoursPerYear = 12 * unit.HoursPerMonth

// Buy returns the terms of machines of one's own: written off in a straight line over the owner's years, down to what they
// fetch then, with what comes on top. Shares of the price that the owner reckons with are of the price of the machines; a
// network and an installation are worth nothing afterwards.
func (d *Deployment) Buy() *Terms {
	o := d.Owner
	capacity, price, date := d.machinery()
	t := d.terms(fmt.Sprintf("%s, written off over %.3g years", d.label(), o.Years), capacity...)
	t.Owned, t.AsOf = true, date
	if d.System != nil {
		t.Idle = d.machines()*d.System.Count - d.Count
	}
	t.assume("years", fmt.Sprintf("%.3g", o.Years), o.Of("years"))
	if o.Residual > 0 {
		t.assume("resale", fmt.Sprintf("%.3g %% of the price of the machines", 100*o.Residual), o.Of("residual"))
	}
	share := func(name, field string, share float64) Component {
		if price == 0 || share == 0 {
			return missing(name, fmt.Sprintf("ownership.%s.%s", o.ID, field))
		}
		return Component{Name: name, Basis: fmt.Sprintf("%.3g %% of %s", 100*share, price)}.from(o.Of(field))
	}
	for _, once := range []struct {
		name, field string
		share       float64
	}{{"network", "network", o.Network}, {"installation", "installation", o.Installation}} {
		c := share(once.name, once.field, once.share)
		if !c.Missing {
			c.Basis += fmt.Sprintf(" over %.3g years", o.Years)
			c = c.writtenOff(1, "deployment", price*unit.USD(once.share), 0, o.Years)
		}
		t.Capacity = append(t.Capacity, c)
	}
	maintenance := share("maintenance", "maintenance", o.Maintenance)
	if !maintenance.Missing {
		maintenance.Basis += " a year"
		maintenance = maintenance.priced(1, "deployment", unit.USDPerHour(float64(price)*o.Maintenance/hoursPerYear))
	}
	t.Capacity = append(t.Capacity, maintenance)
	for _, yearly := range []struct {
		name, field string
		amount      unit.USD
	}{{"licences", "licence", o.Licence}, {"staff", "staff", o.Staff}} {
		if yearly.amount > 0 { // optional: free software and nobody paid extra are not gaps
			t.Capacity = append(t.Capacity, Component{Name: yearly.name, Basis: fmt.Sprintf("%s a year", yearly.amount)}.
				from(o.Of(yearly.field)).priced(float64(d.Count), "device", unit.USDPerHour(yearly.amount/hoursPerYear)))
		}
	}
	t.Capacity = append(t.Capacity, d.room(t.Power.Nameplate))
	return t
}

// label names what is bought.
func (d *Deployment) label() string {
	if d.System != nil {
		return fmt.Sprintf("%d × %s", d.machines(), d.System.ID)
	}
	return fmt.Sprintf("%d × %s", d.Count, d.Device.ID)
}

// machinery returns the machines as components, what they cost together, and when that was the price: whole ones where
// their price is known, else the devices and, in proportion, the rest of a server.
func (d *Deployment) machinery() (components []Component, price unit.USD, date string) {
	o := d.Owner
	if s := d.System; s != nil && s.Purchase.Price > 0 {
		n := d.machines()
		c := Component{Name: "servers", Basis: d.basis(s.ID, s.Purchase)}.from(s.Of("purchase.price")).
			writtenOff(float64(n), "server", s.Purchase.Price, o.Residual, o.Years)
		return []Component{c}, s.Purchase.Price * unit.USD(n), s.Purchase.Date
	}
	offer := d.Device.Purchase
	if offer.Price == 0 {
		return []Component{missing("devices", "purchase.price of "+d.Device.ID)}, 0, ""
	}
	count := d.Count
	if d.System != nil {
		count = d.machines() * d.System.Count
	}
	c := Component{Name: "devices", Basis: d.basis(d.Device.ID, offer)}.from(d.Device.Of("purchase.price")).
		writtenOff(float64(count), "device", offer.Price, o.Residual, o.Years)
	devices := offer.Price * unit.USD(count)
	if o.Host == 0 || o.Host == 1 {
		return []Component{c, missing("host", fmt.Sprintf("ownership.%s.host", o.ID))}, devices, offer.Date
	}
	rest := devices * unit.USD(o.Host/(1-o.Host))
	host := Component{Name: "host", Basis: fmt.Sprintf("%.3g %% of a server's price", 100*o.Host)}.from(o.Of("host")).
		writtenOff(1, "deployment", rest, o.Residual, o.Years)
	return []Component{c, host}, devices + rest, offer.Date
}

// basis says how the price of a machine becomes one for an hour, and what price that is.
func (d *Deployment) basis(id string, offer hardware.Offer) string {
	text := offer.Price.String()
	if d.Owner.Residual > 0 {
		text += fmt.Sprintf(" less %.3g %%", 100*d.Owner.Residual)
	}
	text += fmt.Sprintf(" over %.3g years; %s", d.Owner.Years, id)
	for _, detail := range []string{offer.Basis, offer.Date} {
		if detail != "" {
			text += ", " + detail
		}
	}
	return text
}

// writtenOff completes a component that is paid for once: price · (1 − residual) ÷ (years · 8760 h) for each.
//
// By hand: 270 000 USD less 30 % over 4 years: 189 000 ÷ 35 040 = 5.394 $/h.
func (c Component) writtenOff(quantity float64, unitName string, price unit.USD, residual, years float64) Component {
	c.Upfront = price * unit.USD(quantity)
	return c.priced(quantity, unitName, unit.USDPerHour(float64(price)*(1-residual)/(years*hoursPerYear)))
}

// room returns what rented room costs: for each kW of the nameplate where the site has such a price, else for each rack unit.
func (d *Deployment) room(nameplate unit.Watts) Component {
	const name = "colocation"
	if d.Site == nil {
		return missing(name, "--site")
	}
	perKW, ok := d.Site.USD(hardware.Money(d.Site.Colocation.Power))
	if ok && nameplate > 0 {
		return Component{Name: name, Basis: d.Site.Colocation.Power.String()}.from(d.Site.Of("colocation.power")).
			priced(float64(nameplate)/1000, "kW", unit.USDPerHour(perKW/unit.HoursPerMonth))
	}
	perUnit, ok := d.Site.USD(hardware.Money(d.Site.Colocation.RackUnit))
	if ok && d.System != nil && d.System.Rack.Units > 0 {
		return Component{Name: name, Basis: d.Site.Colocation.RackUnit.String()}.from(d.Site.Of("colocation.rack-unit")).
			priced(float64(d.machines()*d.System.Rack.Units), "rack unit", unit.USDPerHour(perUnit/unit.HoursPerMonth))
	}
	return missing(name, fmt.Sprintf("site.%s.colocation", d.Site.ID))
}

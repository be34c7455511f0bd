package cost

import (
	"fmt"

	"roofline/hardware"
	"roofline/hardware/unit"
)

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
	if r.Instance.Market {
		rent.Basis += ", lowest of a marketplace"
	}
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

package catalog

import (
	"cmp"

	"roofline/hardware"
	"roofline/hardware/unit"
)

// Offer is a way to rent a number of devices: several of one instance.
type Offer struct {
	Instance    hardware.Instance
	Instances   int             // how many of it
	USDPerHour  unit.USDPerHour // of all of them together
	IdleDevices int             // paid for beyond what was asked
}

// Cheapest returns the cheapest way to rent at least count devices as whole instances of one type; ok is false where
// there is none. Groups of together devices must be in one machine, connected to each other: instances with fewer don't
// do, but prices per device do, as what they are a share of is larger. Suspect prices are never used, and floors of
// marketplaces and prices without the host (see [hardware.Instance.Firm]) only where there is nothing better. What costs
// the same is decided by fewer instances, then by the newer price, then by name.
func (c *Catalog) Cheapest(deviceID string, count, together int, kind hardware.PriceKind) (Offer, bool) {
	var best Offer
	found := false
	if count < 1 {
		return best, false
	}
	for _, i := range c.Instances(deviceID) {
		price := i.Price(kind)
		if price <= 0 || i.Count < 1 || i.Suspect != "" {
			continue
		}
		if i.Count < together && i.Scope == hardware.WholeInstance {
			continue
		}
		n := (count-1)/i.Count + 1
		o := Offer{Instance: i, Instances: n, USDPerHour: price * unit.USDPerHour(n), IdleDevices: n*i.Count - count}
		if !found || o.compare(&best) < 0 {
			best, found = o, true
		}
	}
	return best, found
}

// compare orders offers, the better first.
func (o *Offer) compare(p *Offer) int {
	soft := func(o *Offer) int {
		if o.Instance.Firm() {
			return 0
		}
		return 1
	}
	a, b := &o.Instance, &p.Instance
	return cmp.Or(
		cmp.Compare(soft(o), soft(p)),
		cmp.Compare(o.USDPerHour, p.USDPerHour),
		cmp.Compare(o.Instances, p.Instances),
		cmp.Compare(b.Date, a.Date),
		cmp.Compare(a.Provider, b.Provider),
		cmp.Compare(a.ID, b.ID),
		cmp.Compare(a.Region, b.Region),
	)
}

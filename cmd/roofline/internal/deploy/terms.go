package deploy

import (
	"cmp"
	"fmt"
	"strings"

	"roofline/catalog"
	"roofline/estimate"
	"roofline/estimate/cost"
	"roofline/hardware"
	"roofline/hardware/unit"
)

// Money is what the user said about paying; zero values leave the choice to the tool.
type Money struct {
	Price       hardware.PriceKind
	USDPerHour  float64 // of a device, in place of the catalog's prices
	Site        string
	Ownership   string
	Utilization float64
	Years       float64
	PUE         float64
	Electricity hardware.EnergyPrice
	Exchange    hardware.ExchangeRate
}

// defaultOwnership is how owners reckon where the user does not say.
const defaultOwnership = "default"

// site returns where the machines stand, with the user's values in the place of the catalog's; nil if nothing was said.
func (m *Money) site(c *catalog.Catalog) (*hardware.Site, error) {
	site := hardware.Site{ID: "given"}
	if m.Site != "" {
		found, err := c.FindSite(m.Site)
		if err != nil {
			return nil, err
		}
		site = *found
	} else if m.PUE == 0 && m.Electricity.Currency == "" {
		return nil, nil
	}
	given := func(field, flag string) {
		site.Origins = append(hardware.Origins{{Field: field, Source: flag, Status: hardware.Assumed}}, site.Origins...)
	}
	if m.PUE > 0 {
		site.PUE = m.PUE
		given("pue", "--pue")
	}
	if m.Exchange.Amount > 0 {
		site.Exchange = m.Exchange
		given("exchange", "--exchange")
	}
	if m.Electricity.Currency != "" {
		site.Electricity = hardware.Electricity{Price: m.Electricity}
		given("electricity.price", "--electricity")
		if _, ok := site.USD(hardware.Money(m.Electricity)); !ok {
			return nil, fmt.Errorf("--electricity %s: want USD, or its rate with --exchange '1.5 %s/USD'", m.Electricity, m.Electricity.Currency)
		}
	}
	return &site, nil
}

// owner returns how the buyer reckons.
func (m *Money) owner(c *catalog.Catalog) (*hardware.Ownership, error) {
	ids := make([]string, len(c.Ownerships))
	for i := range c.Ownerships {
		ids[i] = c.Ownerships[i].ID
	}
	id, err := catalog.Resolve("ownership", ids, cmp.Or(m.Ownership, defaultOwnership))
	if err != nil {
		return nil, fmt.Errorf("%w; there are %s", err, strings.Join(ids, ", "))
	}
	owner := *c.Ownership(id)
	if m.Years > 0 {
		owner.Years = m.Years
		owner.Origins = append(hardware.Origins{{Field: "years", Source: "--years", Status: hardware.Assumed}}, owner.Origins...)
	}
	return &owner, nil
}

// parties returns who pays and where the machines stand.
func (m *Money) parties(c *catalog.Catalog) (*hardware.Ownership, *hardware.Site, error) {
	site, err := m.site(c)
	if err != nil {
		return nil, nil, err
	}
	owner, err := m.owner(c)
	return owner, site, err
}

// pay sets how a target is paid for: as the user asked, and where that is buying also what renting the same would cost.
func (d *Deployer) pay(t *estimate.Target) error {
	m := &d.Wish.Money
	owner, site, err := m.parties(d.Catalog)
	if err != nil {
		return err
	}
	deployment := cost.Deployment{Device: t.Device, Count: t.Count, System: d.machine(t), Owner: owner, Site: site, Utilization: cmp.Or(m.Utilization, 1)}
	t.Rental = nil
	if m.Price == hardware.PurchaseBuy {
		t.Terms = deployment.Buy()
		if rental, ok := d.rental(t, hardware.OnDemand); ok {
			t.Rental = deployment.Rent(rental)
		}
		return nil
	}
	if d.system(t.Device.ID) == nil {
		deployment.System = nil // the host of what is rented is the provider's
	}
	if m.USDPerHour > 0 {
		t.Terms = deployment.Given(unit.USDPerHour(m.USDPerHour), "--usd-per-hour")
	} else if rental, ok := d.rental(t, m.Price); ok {
		t.Terms = deployment.Rent(rental)
	} else {
		t.Terms = deployment.Unpriced("--usd-per-hour")
	}
	return nil
}

// machine returns the machine a target is in: the one the user named, or one that is sold with exactly so many devices,
// those with a price first.
func (d *Deployer) machine(t *estimate.Target) *hardware.System {
	if s := d.system(t.Device.ID); s != nil {
		return s
	}
	var best *hardware.System
	for i := range d.Catalog.Systems {
		s := &d.Catalog.Systems[i]
		if s.Device == t.Device.ID && s.Count == t.Count && (best == nil || best.Purchase.Price == 0 && s.Purchase.Price > 0) {
			best = s
		}
	}
	return best
}

// rental returns the cheapest offer of whole instances that hold a replica's devices together.
func (d *Deployer) rental(t *estimate.Target, kind hardware.PriceKind) (cost.Rental, bool) {
	offer, ok := d.Catalog.Cheapest(t.Device.ID, t.Count, min(t.Plan.Devices(), t.Fabric.Domain), kind)
	if !ok {
		return cost.Rental{}, false
	}
	label := strings.Join(strings.Fields(offer.Instance.Provider+" "+offer.Instance.ID+" "+offer.Instance.Region), " ") + ", " + string(kind)
	if offer.Instances > 1 {
		label = fmt.Sprintf("%d × %s", offer.Instances, label)
	}
	return cost.Rental{Instance: &offer.Instance, Instances: offer.Instances, Price: offer.USDPerHour, Idle: offer.IdleDevices, Label: label}, true
}

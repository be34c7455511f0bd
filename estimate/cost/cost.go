// Package cost reckons what a deployment costs: named components that add up to money for an hour, and from there for
// anything it produces. A [Deployment] is rented ([Deployment.Rent]) or bought ([Deployment.Buy]); either gives [Terms],
// which with the power drawn at a load give a [Bill]. What is not known is a component that is missing, and the total is
// then a lower limit.
package cost

import (
	"roofline/hardware"
	"roofline/hardware/unit"
)

// Component is one part of what an hour costs: Money = Quantity · UnitPrice, where the unit price is that of an hour.
type Component struct {
	Name      string          `json:"name"`
	Quantity  float64         `json:"quantity,omitempty"`
	Unit      string          `json:"unit,omitempty"`
	UnitPrice unit.USDPerHour `json:"unit_price,omitempty"`
	Money     unit.USDPerHour `json:"usd_per_hour,omitempty"`
	Upfront   unit.USD        `json:"upfront_usd,omitempty"` // paid at the purchase, of which Money is the share of an hour
	Basis     string          `json:"basis,omitempty"`       // how the unit price comes about; of a missing component, how to give it
	Source    string          `json:"source,omitempty"`
	Status    hardware.Status `json:"status,omitempty"`
	Missing   bool            `json:"missing,omitempty"`
}

// missing returns a component whose price nobody knows.
func missing(name, remedy string) Component {
	return Component{Name: name, Basis: remedy, Missing: true}
}

// priced completes a component with its money.
func (c Component) priced(quantity float64, unitName string, price unit.USDPerHour) Component {
	c.Quantity, c.Unit, c.UnitPrice, c.Money = quantity, unitName, price, price*unit.USDPerHour(quantity)
	return c
}

// from sets where a component's price comes from.
func (c Component) from(o hardware.Origin) Component {
	c.Source, c.Status = o.Source, o.Status
	return c
}

// Bill is what a paid hour costs.
type Bill struct {
	Components  []Component
	USDPerHour  unit.USDPerHour
	AtLeast     bool     // a component is missing
	Upfront     unit.USD // of all components
	Utilization float64  // share of the paid hours at the stated load
}

func newBill(utilization float64, components []Component) Bill {
	b := Bill{Components: components, Utilization: utilization}
	for i := range components {
		c := &components[i]
		b.USDPerHour += c.Money
		b.Upfront += c.Upfront
		b.AtLeast = b.AtLeast || c.Missing
	}
	return b
}

// Per returns what size units cost where perSecond of them are produced at the stated load: the whole bill on the units of
// the share of the hours that have work.
//
// By hand: 2.69 $/h, 1571 tokens/s, always busy: 2.69 ÷ (1571 · 3600) · 10⁶ = 0.476 $ per million.
func (b *Bill) Per(perSecond, size float64) unit.USD {
	return b.USDPerHour.For(unit.Seconds(size / (perSecond * b.Utilization)))
}

// PerMonth returns what 730 hours cost.
func (b *Bill) PerMonth() unit.USD { return b.USDPerHour.For(unit.HoursPerMonth * unit.SecondsPerHour) }

// Running returns what an hour of something bought costs beyond the purchase.
func (b *Bill) Running() unit.USDPerHour {
	var sum unit.USDPerHour
	for i := range b.Components {
		if b.Components[i].Upfront == 0 {
			sum += b.Components[i].Money
		}
	}
	return sum
}

// BreakEven returns the months of 730 hours after which buying has cost no more than renting the same: what is paid up
// front ÷ (rent − running cost) of a month. What the machines could be sold for is not counted. ok is false where renting
// costs no more than running what was bought.
func BreakEven(buy, rent *Bill) (months float64, ok bool) {
	saved := rent.USDPerHour - buy.Running()
	if saved <= 0 || buy.Upfront == 0 {
		return 0, false
	}
	return float64(buy.Upfront) / float64(saved) / unit.HoursPerMonth, true
}

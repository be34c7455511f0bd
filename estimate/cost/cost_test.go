package cost

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"roofline/hardware"
	"roofline/hardware/unit"
)

// eight is a machine of eight devices, at a place in Korea, as an owner reckons who knows everything.
func eight() *Deployment {
	device := &hardware.Device{ID: "card", Power: hardware.Power{TDP: 700}, Purchase: hardware.Offer{Price: 30000, Date: "2025-01"}}
	system := &hardware.System{ID: "box", Device: "card", Count: 8, Power: hardware.SystemPower{Max: 10200}, Rack: hardware.Rack{Units: 8},
		Purchase: hardware.Offer{Price: 270000, Date: "2023-05"}}
	owner := &hardware.Ownership{Years: 4, Residual: 0.3, Maintenance: 0.1, Network: 0.11, Installation: 0.05, Host: 0.25,
		Load: 0.83, LoadMemory: 0.64, Idle: 0.15}
	site := &hardware.Site{ID: "korea", Exchange: hardware.ExchangeRate{Amount: 1380, Currency: "KRW"}, PUE: 1.3,
		Electricity: hardware.Electricity{Price: hardware.EnergyPrice{Amount: 182.7, Currency: "KRW"}, Demand: hardware.CapacityPrice{Amount: 7470, Currency: "KRW"}},
		Colocation:  hardware.Colocation{Power: hardware.CapacityPrice{Amount: 200, Currency: "USD"}},
		Carbon:      hardware.Carbon{Intensity: 430}}
	return &Deployment{Device: device, Count: 8, System: system, Owner: owner, Site: site, Utilization: 0.6}
}

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 5e-4*math.Abs(want) {
		t.Errorf("%s: %.5g, want %.5g", what, got, want)
	}
}

func component(t *testing.T, b *Bill, name string) Component {
	t.Helper()
	for _, c := range b.Components {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("no component %q in %+v", name, b.Components)
	return Component{}
}

// Every part of a bought machine against arithmetic on paper.
func TestBuy(t *testing.T) {
	terms := eight().Buy()
	draw := terms.Power.Draw(false)
	b := terms.Bill(draw)
	for name, want := range map[string]float64{
		"servers":             5.3938,  // 270000 · 0.7 ÷ (4 · 8760)
		"network":             0.84760, // 29700 ÷ 35040
		"installation":        0.38527, // 13500 ÷ 35040
		"maintenance":         3.0822,  // 27000 ÷ 8760
		"colocation":          2.7945,  // 10.2 · 200 ÷ 730
		"electricity at load": 0.67412, // 10.2 · 0.64 · 1.3 · 0.6 · 182.7 ÷ 1380
		"electricity idle":    0.10533, // 10.2 · 0.15 · 1.3 · 0.4 · 182.7 ÷ 1380
		"demand charge":       0.06293, // 10.2 · 0.64 · 1.3 · 7470 ÷ 1380 ÷ 730
	} {
		near(t, name, float64(component(t, &b, name).Money), want)
	}
	if b.AtLeast {
		t.Errorf("nothing is missing: %+v", b.Components)
	}
	near(t, "an hour", float64(b.USDPerHour), 13.3457)
	near(t, "up front", float64(b.Upfront), 313200)
	near(t, "M tokens at 6000/s", float64(b.Per(6000, 1e6)), 1.02976) // 13.3457 ÷ (6000 · 0.6 · 3600) · 10⁶
	near(t, "a month", float64(b.PerMonth()), 9742.4)

	wattHours, grams := terms.Energy(draw, 6000, 1e6)
	near(t, "Wh for a M tokens", wattHours, 392.89) // 6528 · 1.3 ÷ 6000 ÷ 3600 · 10⁶
	near(t, "g CO2e", grams, 168.94)
}

// Components add up, each is its quantity times its price, and one that is missing has no money but marks the total.
func TestComponentsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := eight()
		d.Count = rapid.IntRange(1, 40).Draw(t, "count")
		d.Utilization = rapid.Float64Range(0.01, 1).Draw(t, "utilization")
		d.Owner.Licence, d.Owner.Staff = unit.USD(rapid.Float64Range(0, 5000).Draw(t, "licence")), unit.USD(rapid.Float64Range(0, 5000).Draw(t, "staff"))
		for i, drop := range []func(){func() { d.System = nil }, func() { d.Site = nil }, func() { d.Owner.Network = 0 }, func() { d.Device.Purchase.Price = 0 }} {
			if rapid.Bool().Draw(t, string(rune('a'+i))) {
				drop()
			}
		}
		terms := d.Buy()
		b := terms.Bill(terms.Power.Draw(true))
		var sum unit.USDPerHour
		gap := false
		for _, c := range b.Components {
			sum += c.Money
			gap = gap || c.Missing
			if c.Missing != (c.Money == 0) || math.Abs(float64(c.Money)-c.Quantity*float64(c.UnitPrice)) > 1e-9 {
				t.Fatalf("%+v", c)
			}
		}
		if math.Abs(float64(sum-b.USDPerHour)) > 1e-9 || gap != b.AtLeast {
			t.Fatalf("total %v of %v, at least %v", b.USDPerHour, sum, b.AtLeast)
		}
	})
}

// Halving utilization doubles what capacity costs each token, rented or bought, and leaves the energy of the load alone.
func TestUtilization(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		u := rapid.Float64Range(0.02, 1).Draw(t, "utilization")
		rate := rapid.Float64Range(1, 1e5).Draw(t, "rate")
		per := func(rented bool, u float64) (capacity, load, wattHours float64) {
			d := eight()
			d.Utilization = u
			terms := d.Buy()
			if rented {
				terms = d.Rent(Rental{Instance: &hardware.Instance{Count: 8}, Instances: 1, Price: 15.6})
			}
			b := terms.Bill(terms.Power.Draw(false))
			for _, c := range b.Components {
				switch part := (&Bill{USDPerHour: c.Money, Utilization: u}).Per(rate, 1e6); c.Name {
				case "electricity at load":
					load = float64(part)
				case "electricity idle":
				default:
					capacity += float64(part)
				}
			}
			wattHours, _ = terms.Energy(terms.Power.Draw(false), rate, 1e6)
			return
		}
		for _, rented := range []bool{true, false} {
			capacity, load, energy := per(rented, u)
			halfCapacity, halfLoad, halfEnergy := per(rented, u/2)
			if math.Abs(halfCapacity/capacity-2) > 1e-9 || math.Abs(halfLoad-load) > 1e-9*load || halfEnergy != energy {
				t.Fatalf("rented %v: capacity %g → %g, load %g → %g, energy %g → %g", rented, capacity, halfCapacity, load, halfLoad, energy, halfEnergy)
			}
		}
	})
}

// A block of eight is paid for whole; the devices nobody uses stand on a line of their own.
func TestBlocks(t *testing.T) {
	d := eight()
	d.Count = 1
	terms := d.Rent(Rental{Instance: &hardware.Instance{Count: 8, Date: "2026-11"}, Instances: 1, Price: 24, Idle: 7, Label: "Cloud box, on-demand"})
	b := terms.Bill(0)
	near(t, "one device of a block of eight", float64(b.USDPerHour), 24)
	if c := component(t, &b, "rent of idle devices"); c.Quantity != 7 || c.Money != 21 || terms.Idle != 7 {
		t.Errorf("%+v, %d idle", c, terms.Idle)
	}
	buy := d.Buy()
	b = buy.Bill(0)
	if c := component(t, &b, "servers"); buy.Idle != 7 || c.Upfront != 270000 {
		t.Errorf("one device of a server of eight costs %v up front, %d idle", c.Upfront, buy.Idle)
	}
}

// Devices without a price have no cost, and bare ones bring the rest of a server with them.
func TestDevices(t *testing.T) {
	d := eight()
	d.System, d.Count = nil, 2
	b := d.Buy().Bill(1000)
	near(t, "host of two devices", float64(component(t, &b, "host").Upfront), 20000) // 60000 · 0.25 ÷ 0.75
	if c := component(t, &b, "electricity of the host"); !c.Missing || !b.AtLeast {
		t.Errorf("a bare device's host draws nothing: %+v", c)
	}
	d.Device.Purchase.Price = 0
	if d.Buy().Priced() || d.Unpriced("").Priced() {
		t.Error("priced without a price")
	}
	if !d.Given(2, "--usd-per-hour").Priced() {
		t.Error("not priced with one")
	}
	d.Device.Power = hardware.Power{TDP: 300, Idle: 20}
	if p := d.Power(); p.Idle != 40 || p.Draw(false) >= p.Draw(true) || p.Draw(false) <= p.Idle {
		t.Errorf("%+v", p)
	}
}

// Months until the rent would have paid for the machine and its running.
func TestBreakEven(t *testing.T) {
	terms := eight().Buy()
	buy := terms.Bill(terms.Power.Draw(false))
	months, ok := BreakEven(&buy, &Bill{USDPerHour: 15.6})
	near(t, "months", months, 48.308) // 313200 ÷ (15.6 − 6.71897) ÷ 730
	if _, never := BreakEven(&buy, &Bill{USDPerHour: 6}); !ok || never {
		t.Error("a rent below the running cost is never caught up with")
	}
}

// Room is paid for by the kW, or else by the rack unit.
func TestRoom(t *testing.T) {
	d := eight()
	d.Site.Colocation = hardware.Colocation{RackUnit: hardware.RackPrice{Amount: 36.5, Currency: "USD"}}
	b := d.Buy().Bill(0)
	near(t, "eight rack units", float64(component(t, &b, "colocation").Money), 0.4) // 8 · 36.5 ÷ 730
	d.Site.Colocation = hardware.Colocation{}
	b = d.Buy().Bill(0)
	if !component(t, &b, "colocation").Missing {
		t.Error("room without a price")
	}
}

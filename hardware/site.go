package hardware

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"roofline/hardware/document"
	"roofline/hardware/unit"
)

// Site is a place where hardware runs: what its electricity and its room cost, and how dirty the electricity is. Money
// is in the currency it is charged in; the exchange rate is a value like any other, to be replaced with today's.
type Site struct {
	ID          string       `toml:"-"` // the table's name: korea
	Name        string       `toml:"name"`
	Region      string       `toml:"region"`
	Exchange    ExchangeRate `toml:"exchange"` // of the currency below; not needed for USD
	Electricity Electricity  `toml:"electricity"`
	PUE         float64      `toml:"pue"` // power of the whole site ÷ power of its machines
	Colocation  Colocation   `toml:"colocation"`
	Carbon      Carbon       `toml:"carbon"`
	Note        string       `toml:"note"`
	Source      string       `toml:"source"`
	Origins     Origins      `toml:"sources"`
	Accepted    Acceptances  `toml:"accepted"`
}

// Electricity is a tariff.
type Electricity struct {
	Price   EnergyPrice   `toml:"price"` // on average; where it depends on the time of day, that of the hours between the others
	OffPeak EnergyPrice   `toml:"off-peak"`
	Peak    EnergyPrice   `toml:"peak"`
	Demand  CapacityPrice `toml:"demand"` // on top, for the highest power drawn
	Date    string        `toml:"date,date"`
}

// Colocation is rented room, without the electricity.
type Colocation struct {
	Power    CapacityPrice `toml:"power"`
	RackUnit RackPrice     `toml:"rack-unit"`
	Date     string        `toml:"date,date"`
}

// Carbon is what generating the electricity emits.
type Carbon struct {
	Intensity  GramsPerKWh `toml:"intensity"`   // CO2 equivalent
	CarbonFree float64     `toml:"carbon-free"` // share of the energy used there that is matched with carbon-free supply, by the hour
	Date       string      `toml:"date,date"`
}

// Of returns the origin of a field, in the manner of [Device.Of].
func (s *Site) Of(field string) Origin { return s.Origins.Of(field, s.Source) }

// USD converts an amount charged at the site; ok is false where it is not known, or its currency's rate isn't.
func (s *Site) USD(m Money) (usd float64, ok bool) {
	switch {
	case m.Currency == "":
		return 0, false
	case m.Currency == dollar:
		return m.Amount, true
	case m.Currency == s.Exchange.Currency && s.Exchange.Amount > 0:
		return m.Amount / s.Exchange.Amount, true
	}
	return 0, false
}

const dollar = "USD"

// Money is an amount of a currency, by its ISO 4217 code; without a currency it is not known.
type Money struct {
	Amount   float64
	Currency string
}

// Money by what it is paid for.
type (
	EnergyPrice   Money // for a kWh
	CapacityPrice Money // for a kW during a month
	RackPrice     Money // for a rack unit during a month
	ExchangeRate  Money // for a USD
)

// UnmarshalText reads "182.7 KRW/kWh".
func (p *EnergyPrice) UnmarshalText(text []byte) error {
	return (*Money)(p).unmarshal(text, perKWh, "182.7 KRW/kWh")
}

// UnmarshalText reads "7470 KRW/kW-month".
func (p *CapacityPrice) UnmarshalText(text []byte) error {
	return (*Money)(p).unmarshal(text, perKWMonth, "7470 KRW/kW-month")
}

// UnmarshalText reads "25 USD/U-month".
func (p *RackPrice) UnmarshalText(text []byte) error {
	return (*Money)(p).unmarshal(text, perUnitMonth, "25 USD/U-month")
}

// UnmarshalText reads "1380 KRW/USD".
func (p *ExchangeRate) UnmarshalText(text []byte) error {
	return (*Money)(p).unmarshal(text, perDollar, "1380 KRW/USD")
}

// What money is paid for, as written.
const (
	perKWh       = "/kWh"
	perKWMonth   = "/kW-month"
	perUnitMonth = "/U-month"
	perDollar    = "/USD"
)

func (p EnergyPrice) String() string   { return Money(p).String() + perKWh }
func (p CapacityPrice) String() string { return Money(p).String() + perKWMonth }
func (p RackPrice) String() string     { return Money(p).String() + perUnitMonth }
func (p ExchangeRate) String() string  { return Money(p).String() + perDollar }

func (m Money) String() string {
	return strconv.FormatFloat(m.Amount, 'f', -1, 64) + " " + m.Currency
}

func (m *Money) unmarshal(text []byte, per, example string) error {
	amount, found := strings.CutSuffix(strings.TrimSpace(string(text)), per)
	number, currency, _ := strings.Cut(amount, " ")
	v, err := strconv.ParseFloat(number, 64)
	if !found || err != nil || !(v >= 0 && v < 1e12) || len(currency) != 3 || strings.Trim(currency, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return fmt.Errorf("want an amount with currency such as %q", example)
	}
	*m = Money{v, currency}
	return nil
}

// GramsPerKWh is a mass of CO2 equivalent for each kWh.
type GramsPerKWh float64

// UnmarshalText reads "430.6 g/kWh".
func (g *GramsPerKWh) UnmarshalText(text []byte) error {
	number, found := strings.CutSuffix(strings.TrimSpace(string(text)), "g/kWh")
	v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if !found || err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return fmt.Errorf("want a number with unit such as %q", "430.6 g/kWh")
	}
	*g = GramsPerKWh(v)
	return nil
}

func (g GramsPerKWh) String() string { return unit.Number(float64(g), 3) + " g/kWh" }

// SiteSection is the table of a catalog file that holds sites by id.
const SiteSection = "site"

// OverlaySites returns base with the sites of a parsed file, [site.korea], in the manner of [Overlay].
func OverlaySites(base []Site, doc *document.Document) []Site {
	return overlaySection(base, doc, SiteSection, func(s *Site) head {
		return head{&s.ID, &s.Name, &s.Source, &s.Origins, &s.Accepted}
	}, (*Site).check)
}

// DecodeSites reads the sites of a catalog file, in its order.
func DecodeSites(file string, data []byte) ([]Site, error) {
	return decodeSection(file, data, OverlaySites)
}

// check reports values of a site that can't be.
func (s *Site) check(t document.Table, isNew bool) {
	within(t, "pue", s.PUE, 1, 10, "at least 1, such as 1.3")
	carbon := t.Table("carbon")
	within(carbon, "intensity", s.Carbon.Intensity, 0, 3000, "grams, at most 3000 g/kWh")
	within(carbon, "carbon-free", s.Carbon.CarbonFree, 0, 1, "a share from 0 to 1")
	s.checkCurrency(t.Table("electricity"), "price", Money(s.Electricity.Price))
	s.checkCurrency(t.Table("electricity"), "demand", Money(s.Electricity.Demand))
	s.checkCurrency(t.Table("colocation"), "power", Money(s.Colocation.Power))
	s.checkCurrency(t.Table("colocation"), "rack-unit", Money(s.Colocation.RackUnit))
	checkOriginFields(t, Site{}, "site")
}

// checkCurrency reports an amount that cannot be converted: sites are compared in USD.
func (s *Site) checkCurrency(t document.Table, key string, m Money) {
	if _, ok := s.USD(m); t.Has(key) && m.Currency != "" && !ok {
		t.Bad(key, fmt.Sprintf("USD, or beside the table exchange = \"1.5 %s/USD\" with its rate", m.Currency))
	}
}

package check

import (
	"fmt"
	"slices"
	"time"

	"roofline/hardware"
	"roofline/hardware/unit"
)

// spotPrice compares the kinds of prices of one instance: commitment and interruption are paid for with a discount.
func spotPrice(i *hardware.Instance, s *scope) {
	if i.Suspect != "" || i.OnDemand == 0 {
		return
	}
	for _, kind := range []hardware.PriceKind{hardware.Spot, hardware.Reserved1y, hardware.Reserved3y} {
		if p := i.Price(kind); p >= i.OnDemand {
			s.found(string(kind), fmt.Sprintf("%v is no less than on-demand, %v", p, i.OnDemand), "one of the two corrected, or suspect = \"why\"")
		}
	}
}

const (
	fewestPrices  = 4 // from which a median says something
	mostOfMedian  = 4
	leastOfMedian = 0.25
)

// priceOutlier compares a price per device with the others of its device, offers of marketplaces with each other: a slip of a digit, a placeholder, a price of
// one device for eight.
func priceOutlier(i *hardware.Instance, s *scope) {
	median, ok := s.median(i.Device, i.Market)
	if i.Suspect != "" || i.Count == 0 || i.OnDemand == 0 || !ok {
		return
	}
	if each := perDevice(i); each > mostOfMedian*median || each < leastOfMedian*median {
		s.found("on-demand", fmt.Sprintf("$%.3g/h for one device is %.2f × the median of %s, $%.3g/h", each, each/median, i.Device, median),
			"the price of the whole instance, or suspect = \"why\"")
	}
}

func perDevice(i *hardware.Instance) float64 { return float64(i.OnDemand / unit.USDPerHour(i.Count)) }

// median returns the median price of one device, on marketplaces or elsewhere; ok is false where there are too few.
func (c *checker) median(device string, market bool) (float64, bool) {
	key := medianOf{device, market}
	if m, known := c.medians[key]; known {
		return m, m > 0
	}
	var prices []float64
	for _, i := range c.catalog.Instances(device) {
		if i.Suspect == "" && i.Count > 0 && i.OnDemand > 0 && i.Market == market {
			prices = append(prices, perDevice(&i))
		}
	}
	slices.Sort(prices)
	median := 0.0
	if n := len(prices); n >= fewestPrices {
		median = (prices[(n-1)/2] + prices[n/2]) / 2
	}
	c.medians[key] = median
	return median, median > 0
}

type medianOf struct {
	device string
	market bool
}

// priceDate finds prices without a date: what a price was is worth nothing without when.
func priceDate(i *hardware.Instance, s *scope) {
	if i.Date == "" {
		s.found("", "a price without a date", "date = 2026-07-20, here or at the top of the file")
	}
}

const (
	staleMonths = 6
	oldMonths   = 36
)

// stalePrice finds prices that may have changed.
func stalePrice(i *hardware.Instance, s *scope) {
	if s.older(i.Date, staleMonths) {
		s.found("date", fmt.Sprintf("seen %s, more than %d months ago", i.Date, staleMonths), "today's price")
	}
}

func oldPurchase(d *hardware.Device, s *scope) {
	s.old("purchase.date", "purchase price", d.Purchase.Date)
}

func oldSystemPrice(y *hardware.System, s *scope) {
	s.old("purchase.date", "purchase price", y.Purchase.Date)
}

func oldTariff(y *hardware.Site, s *scope) { s.old("electricity.date", "tariff", y.Electricity.Date) }

func (s *scope) old(field, what, date string) {
	if s.older(date, oldMonths) {
		s.found(field, fmt.Sprintf("a %s of %s, more than %d years ago", what, date, oldMonths/12), "a newer one")
	}
}

// older reports whether a date, as precise as known, is more than some months before today.
func (c *checker) older(date string, months int) bool {
	for _, layout := range []string{time.DateOnly, "2006-01", "2006"} {
		t, err := time.Parse(layout, date)
		if err != nil {
			continue
		}
		switch layout { // the end of the month or year
		case "2006-01":
			t = t.AddDate(0, 1, -1)
		case "2006":
			t = t.AddDate(1, 0, -1)
		}
		return t.AddDate(0, months, 0).Before(c.today)
	}
	return false
}

// siteRange finds what no site asks: cents for dollars, a currency without its rate, kg for g.
func siteRange(y *hardware.Site, s *scope) {
	if usd, ok := y.USD(hardware.Money(y.Electricity.Price)); ok && (usd < 0.01 || usd > 0.6) {
		s.found("electricity.price", fmt.Sprintf("%v is %.3g USD/kWh", y.Electricity.Price, usd), "between 0.01 and 0.60 USD/kWh: is the exchange rate units of the currency per USD?")
	}
	if usd, ok := y.USD(hardware.Money(y.Colocation.Power)); ok && (usd < 50 || usd > 600) {
		s.found("colocation.power", fmt.Sprintf("%v is %.3g USD/kW-month", y.Colocation.Power, usd), "between 50 and 600 USD/kW-month")
	}
	if g := y.Carbon.Intensity; g > 1100 {
		s.found("carbon.intensity", fmt.Sprintf("%v is more than coal emits", g), "at most 1100 g/kWh")
	}
}

package main

import (
	"roofline/catalog"
	"roofline/hardware"
)

// catalogCmd knows the devices, and judges catalog files.
type catalogCmd struct {
	List  catalogListCmd  `cmd:"" help:"Devices side by side: memory, bandwidth, dense peaks by number format, price. Also systems, sites, runtimes, links."`
	Show  catalogShowCmd  `cmd:"" help:"One device, system, site, runtime or link: every value with its source."`
	Check catalogCheckCmd `cmd:"" help:"What can't be in catalog files: sparse peaks, GB for GiB, links counted both ways, odd prices."`
	Diff  catalogDiffCmd  `cmd:"" help:"What a file changes against the catalog."`
	New   catalogNewCmd   `cmd:"" help:"A commented file for a new device, system, site or instance."`
}

// devicePrice is what one device costs in the cheapest way to get it.
type devicePrice struct {
	USD   float64 // an hour, or to buy
	AsOf  string
	Offer string // provider, instance, region; or the basis of a purchase price
}

// priceOf returns the price of one device of a kind; ok is false where none is known.
func priceOf(c *catalog.Catalog, d *hardware.Device, kind hardware.PriceKind) (devicePrice, bool) {
	if kind == hardware.PurchaseBuy {
		p := d.Purchase
		return devicePrice{float64(p.Price), p.Date, p.Basis}, p.Price > 0
	}
	offer, ok := c.Cheapest(d.ID, 1, 1, kind)
	if !ok {
		return devicePrice{}, false
	}
	i := &offer.Instance
	each := float64(offer.USDPerHour) / float64(offer.Instances*max(i.Count, 1))
	return devicePrice{each, i.Date, joined(i.Provider, i.ID, i.Region)}, true
}

// month cuts a date to its month.
func month(date string) string { return date[:min(len(date), len("2006-01"))] }

package main

import (
	"cmp"
	"slices"
	"strings"

	"roofline/catalog"
	"roofline/cmd/roofline/internal/show"
	"roofline/hardware"
	"roofline/hardware/unit"
)

// offerLine is something that a device can be rented in.
type offerLine struct {
	Provider string          `json:"provider"`
	Instance string          `json:"instance"`
	Region   string          `json:"region,omitempty"`
	Devices  int             `json:"devices"`
	OnDemand unit.USDPerHour `json:"on_demand_usd_per_hour,omitempty"`
	Spot     unit.USDPerHour `json:"spot_usd_per_hour,omitempty"`
	Date     string          `json:"as_of"`
	Suspect  string          `json:"suspect,omitempty"`
	Accepted string          `json:"accepted,omitempty"` // why the price is right though it looks odd
	Source   string          `json:"source"`
}

// each is the on-demand price of one device; 0 where there is none to believe.
func (o *offerLine) each() float64 {
	if o.OnDemand == 0 || o.Suspect != "" || o.Devices == 0 {
		return 0
	}
	return float64(o.OnDemand) / float64(o.Devices)
}

// offers lists what a device can be rented in, as the catalog has it.
func offers(k *catalog.Catalog, d *hardware.Device) []offerLine {
	var out []offerLine
	for _, i := range k.Instances(d.ID) {
		var reasons []string
		for _, a := range i.Accepted {
			reasons = append(reasons, a.Reason)
		}
		out = append(out, offerLine{i.Provider, i.ID, i.Region, i.Count, i.OnDemand, i.Spot, i.Date, i.Suspect, strings.Join(reasons, "; "), i.Source})
	}
	return out
}

// mostOffers is how many offers a sheet shows.
const mostOffers = 8

// offerTable lists offers by the price of a device, the cheapest ones unless all are asked for.
func offerTable(all []offerLine, whole bool) show.Table {
	rented := slices.DeleteFunc(slices.Clone(all), func(o offerLine) bool { return o.each() == 0 })
	slices.SortStableFunc(rented, func(a, b offerLine) int { return cmp.Compare(a.each(), b.each()) })
	t := show.Table{Columns: []show.Column{{Title: "provider", Left: true}, {Title: "instance", Left: true}, {Title: "region", Left: true},
		{Title: "devices", Whole: true}, {Title: "$/h"}, {Title: "$/h each"}, {Title: "as of", Left: true}}}
	for i := range rented {
		if i == mostOffers && !whole {
			break
		}
		o := &rented[i]
		t.Add(o.Provider, o.Instance, o.Region, float64(o.Devices), float64(o.OnDemand), o.each(), o.Date)
	}
	return t
}

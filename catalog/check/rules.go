package check

import (
	"fmt"
	"slices"

	"roofline/catalog"
)

// Rules returns what is checked, in the order it is documented.
func Rules() []Rule { return append(slices.Clone(rules), others...) }

// rules are those that look at one record, each one function. Of two errors at one place only the first is told: what
// follows from it would only confuse.
var rules = []Rule{
	{ID: "contradiction", Severity: Error, Doc: "a published value is within 3 % of the catalog's of that device", device: contradiction},
	{ID: "derived-peak", Severity: Error, Doc: "a dense rate is cores × operations per clock × clock, within 5 %", device: derivedPeak},
	{ID: "sparse-peak", Severity: Error, Doc: "a rate is not 1.5 to 2.2 times what the cores can do dense", device: sparsePeak},
	{ID: "format-ratio", Severity: Error, Doc: "rates of two number formats stand in the ratio of the architecture", device: formatRatio},
	{ID: "accumulate-rate", Severity: Error, Doc: "matrix holds rates with 32-bit accumulation: half of the other on GeForce", device: accumulateRate},
	{ID: "memory-unit", Severity: Error, Doc: "a capacity is what the driver reports: a round number of GB is a label", device: memoryUnit},
	{ID: "reported-memory", Severity: Error, Doc: "a driver reports 90 to 100 % of the label, read as GiB", device: reportedMemory},
	{ID: "memory-label", Severity: Error, Doc: "a capacity in the name is that of the device", device: memoryLabel},
	{ID: "memory-bandwidth", Severity: Error, Doc: "a bandwidth is one that memory of that kind can have", device: memoryBandwidth},
	{ID: "link-direction", Severity: Error, Doc: "a link's bandwidth is that of one direction, and of its generation", device: linkDirection, system: fabricDirection},
	{ID: "system-power", Severity: Error, Doc: "a system draws at least what its devices do", system: systemPower},
	{ID: "site-range", Severity: Warning, Doc: "tariffs, rents and carbon of a site are such as exist", site: siteRange},
	{ID: "spot-price", Severity: Error, Doc: "spot and reserved prices are below on-demand", instance: spotPrice},
	{ID: "price-outlier", Severity: Warning, Doc: "a price per device is a quarter to four times the median of its device", instance: priceOutlier},
	{ID: "price-date", Severity: Warning, Doc: "a price says when it was seen", instance: priceDate},
	{ID: "duplicate-id", Severity: Error, Doc: "a record is in the files once", device: duplicateDevice, system: duplicateSystem, site: duplicateSite, instance: duplicateInstance},
	{ID: "no-source", Severity: Warning, Doc: "a new record says where its values come from", device: deviceSource, system: systemSource, site: siteSource, instance: instanceSource},
	{ID: "unknown-source", Severity: Warning, Doc: "a source is a key of sources.toml, a page or a text", device: deviceSourceKeys, system: systemSourceKeys, site: siteSourceKeys, instance: instanceSourceKeys},
	{ID: "stale-price", Severity: Info, Doc: "a price is less than six months old", instance: stalePrice},
	{ID: "old-value", Severity: Info, Doc: "a purchase price or tariff is less than three years old", device: oldPurchase, system: oldSystemPrice, site: oldTariff},
	{ID: "unverified", Severity: Info, Doc: "no value is from memory", device: unverifiedDevice, system: unverifiedSystem, site: unverifiedSite},
	{ID: "missing-field", Severity: Info, Doc: "a record says what an estimate can use", device: missingDevice, system: missingSystem, site: missingSite},
}

// Findings of no rule that looks at a record.
const (
	unreadableFile   = "unreadable"
	unneededAccepted = "unneeded-accepted"
)

var others = []Rule{
	{ID: unreadableFile, Severity: Error, Doc: "a file is right TOML, with keys, units and values that can be"},
	{ID: unneededAccepted, Severity: Warning, Doc: "accepted names rules that find something"},
}

// unneeded reports acceptances of rules that are not there or find nothing: they would hide the next error.
func (s *scope) unneeded() {
	for _, a := range s.accepted {
		known := slices.ContainsFunc(rules, func(r Rule) bool { return r.ID == a.Rule })
		switch {
		case !known:
			var ids []string
			for i := range rules {
				ids = append(ids, rules[i].ID)
			}
			want := "a rule of the catalog's check"
			if near := catalog.Nearest(a.Rule, ids); near != "" {
				want = near
			}
			s.add(unneededAccepted, Warning, "accepted."+a.Rule, "no such rule", want)
		case !s.needed[a.Rule] && s.table.Table("accepted").Has(a.Rule):
			s.add(unneededAccepted, Warning, "accepted."+a.Rule, fmt.Sprintf("%s finds nothing here", a.Rule), "the line removed")
		}
	}
}

package hardware

import (
	"roofline/hardware/document"
	"roofline/hardware/unit"
)

// Ownership is how somebody who buys reckons: over how many years, and what comes on top of the price of the machines.
// What is not known is 0.
type Ownership struct {
	ID           string      `toml:"-"`
	Name         string      `toml:"name"`
	Years        float64     `toml:"years"`        // over which machines are written off
	Residual     float64     `toml:"residual"`     // share of the price that they fetch after those years
	Maintenance  float64     `toml:"maintenance"`  // share of the price, for each year
	Network      float64     `toml:"network"`      // switches and cables, as a share of the price of the machines
	Host         float64     `toml:"host"`         // share of a server's price that is not its devices, where only the devices' price is known
	Installation float64     `toml:"installation"` // racks, cables, setting up, as a share of the price of the machines
	Licence      unit.USD    `toml:"licence"`      // software, for each device and year
	Staff        unit.USD    `toml:"staff"`        // people, for each device and year
	Load         float64     `toml:"load"`         // share of its nameplate power that a machine draws at work that arithmetic binds
	LoadMemory   float64     `toml:"load-memory"`  // likewise at work that waits for memory, links or the host; 0: as load
	Idle         float64     `toml:"idle"`         // likewise when it waits for work
	Note         string      `toml:"note"`
	Source       string      `toml:"source"`
	Origins      Origins     `toml:"sources"`
	Accepted     Acceptances `toml:"accepted"`
}

// Of returns the origin of a field, in the manner of [Device.Of].
func (o *Ownership) Of(field string) Origin { return o.Origins.Of(field, o.Source) }

// OwnershipSection is the table of a catalog file that holds ways of owning by id.
const OwnershipSection = "ownership"

// OverlayOwnerships returns base with the ways of owning of a parsed file, [ownership.default], in the manner of [Overlay].
func OverlayOwnerships(base []Ownership, doc *document.Document) []Ownership {
	return overlaySection(base, doc, OwnershipSection, func(o *Ownership) head {
		return head{&o.ID, &o.Name, &o.Source, &o.Origins, &o.Accepted}
	}, (*Ownership).check)
}

// check reports values of a way of owning that can't be.
func (o *Ownership) check(t document.Table, isNew bool) {
	if isNew && !t.Has("years") {
		t.Missing("years", "over how many years machines are written off, such as 4")
	}
	within(t, "years", o.Years, 0.5, 50, "at least 0.5 and at most 50")
	within(t, "licence", o.Licence, 0, 1e6, "at most 1 MUSD")
	within(t, "staff", o.Staff, 0, 1e6, "at most 1 MUSD")
	for _, share := range []struct {
		key   string
		value float64
	}{{"residual", o.Residual}, {"maintenance", o.Maintenance}, {"network", o.Network}, {"host", o.Host},
		{"installation", o.Installation}, {"load", o.Load}, {"load-memory", o.LoadMemory}, {"idle", o.Idle}} {
		within(t, share.key, share.value, 0, 1, "a share from 0 to 1")
	}
	checkOriginFields(t, Ownership{}, "way of owning")
}

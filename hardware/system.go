package hardware

import (
	"fmt"
	"slices"

	"roofline/hardware/document"
	"roofline/hardware/unit"
)

// System is a machine as it is sold: a number of one device, the fabric between them, a host, and what they need.
type System struct {
	ID       string      `toml:"-"` // the table's name: dgx-h100
	Name     string      `toml:"name"`
	Vendor   string      `toml:"vendor"`
	Device   string      `toml:"device"` // id of the device in it
	Count    int         `toml:"count"`  // how many of it
	Host     Host        `toml:"host"`
	Link     Link        `toml:"link"` // the fabric between the devices, for each of them in one direction; without a kind: the device's own
	Network  Network     `toml:"network"`
	Power    SystemPower `toml:"power"`
	Rack     Rack        `toml:"rack"`
	Purchase Offer       `toml:"purchase"` // what the whole machine costs to buy
	Note     string      `toml:"note"`
	Source   string      `toml:"source"`
	Origins  Origins     `toml:"sources"`
	Accepted Acceptances `toml:"accepted"`
}

// Host is the processors and the memory that serve the devices, of the whole machine.
type Host struct {
	CPU    string     `toml:"cpu"`
	Memory unit.Bytes `toml:"memory"`
}

// Network is what leaves the machine.
type Network struct {
	Cards     string        `toml:"cards"`
	Bandwidth unit.ByteRate `toml:"bandwidth"` // of all cards for scale-out together, in one direction
}

// SystemPower is what the whole machine draws, host and fans included.
type SystemPower struct {
	Max     unit.Watts `toml:"max"`
	Typical unit.Watts `toml:"typical"`
}

// Rack is the room a machine takes.
type Rack struct {
	Units   int    `toml:"units"` // of 44.45 mm; 0: does not go into a rack, or not known
	Cooling string `toml:"cooling"`
}

// Of returns the origin of a field, in the manner of [Device.Of].
func (s *System) Of(field string) Origin { return s.Origins.Of(field, s.Source) }

// Fabric returns the link between the devices of the machine; ok is false where neither it nor the device has one.
func (s *System) Fabric(d *Device) (l Link, ok bool) {
	if s.Link.Bandwidth > 0 {
		l = s.Link
		if l.Domain == 0 {
			l.Domain = s.Count
		}
		return l, true
	}
	return d.LinkOf(s.Count)
}

// SystemSection is the table of a catalog file that holds systems by id.
const SystemSection = "system"

// OverlaySystems returns base with the systems of a parsed file, [system.dgx-h100], in the manner of [Overlay].
func OverlaySystems(base []System, doc *document.Document) []System {
	return overlaySection(base, doc, SystemSection, func(s *System) head {
		return head{&s.ID, &s.Name, &s.Source, &s.Origins, &s.Accepted}
	}, (*System).check)
}

// DecodeSystems reads the systems of a catalog file, in its order.
func DecodeSystems(file string, data []byte) ([]System, error) {
	return decodeSection(file, data, OverlaySystems)
}

// check reports what a system lacks and values that can't be.
func (s *System) check(t document.Table, isNew bool) {
	if isNew {
		if !t.Has("device") {
			t.Missing("device", "the id of the device in it, such as nvidia-h100-sxm5-80gb")
		}
		if !t.Has("count") {
			t.Missing("count", "how many devices it holds")
		}
	}
	within(t, "count", s.Count, 1, 1_000_000, "at least 1")
	within(t.Table("host"), "memory", s.Host.Memory, unit.GiB, 1000*unit.TiB, "at least 1 GiB and at most 1000 TiB")
	link := t.Table("link")
	if t.Has("link") && !link.Has("kind") && s.Link.Kind == "" {
		link.Missing("kind", "a name such as nvlink4, xgmi or pcie5")
	}
	within(link, "bandwidth", s.Link.Bandwidth, 10e6, 20*tera, "for one device in one direction, at most 20 TB/s")
	within(link, "domain", s.Link.Domain, 1, 1_000_000, "at least 1")
	within(t.Table("network"), "bandwidth", s.Network.Bandwidth, 10e6, 1000*tera, "of all cards in one direction, at most 1000 TB/s")
	power := t.Table("power")
	within(power, "max", s.Power.Max, 1, 100e6, "at least 1 W and at most 100 MW")
	within(power, "typical", s.Power.Typical, 1, 100e6, "at least 1 W and at most 100 MW")
	if s.Power.Typical > s.Power.Max && s.Power.Max > 0 && power.Has("typical") {
		power.Bad("typical", "no more than power.max")
	}
	within(t.Table("rack"), "units", s.Rack.Units, 1, 1000, "at least 1; leave it out where it does not go into a rack")
	within(t.Table("purchase"), "price", s.Purchase.Price, 1, 10e9, "at least 1 USD and at most 10 GUSD")
	checkOriginFields(t, System{}, "system")
}

// head is what all records of a catalog file have: pointers into one of them.
type head struct {
	id, name, source *string
	origins          *Origins
	accepted         *Acceptances
}

// overlaySection returns base with the records of one section of a parsed file: of a record that is there only the named
// fields change, a new one starts empty. Problems are left in the file.
func overlaySection[T any](base []T, doc *document.Document, section string, headOf func(*T) head, check func(*T, document.Table, bool)) []T {
	root := doc.Root()
	var source string
	if root.Has("source") {
		root.Value("source", &source)
	}
	out := slices.Clone(base)
	records := root.Table(section)
	for _, id := range records.Keys() {
		t := records.Table(id).Topic()
		if !validID(id) {
			records.Fail(id, fmt.Sprintf("bad %s id %q: want lower-case letters, digits, \"-\" and \".\"", section, id))
			continue
		}
		i := slices.IndexFunc(out, func(r T) bool { return *headOf(&r).id == id })
		isNew := i < 0
		if isNew {
			i = len(out)
			out = append(out, *new(T))
			h := headOf(&out[i])
			*h.id, *h.name, *h.source = id, id, doc.File
			if source != "" {
				*h.source = source
			}
		}
		r := &out[i]
		h := headOf(r)
		before, origins := *h.source, *h.origins
		*h.origins, *h.accepted = nil, slices.Clone(*h.accepted)
		t.Decode(r)
		if !isNew {
			origin := overriddenBy(doc, t, *h.source, source)
			*h.source = before
			*h.origins = append(*h.origins, overridden(t, *h.origins, origin)...)
			*h.origins = append(*h.origins, origins...)
		}
		check(r, t, isNew)
	}
	return out
}

// decodeSection reads the records of one section of a catalog file.
func decodeSection[T any](file string, data []byte, overlay func([]T, *document.Document) []T) ([]T, error) {
	doc, err := document.Parse(file, data)
	if err != nil {
		return nil, err
	}
	CheckTopLevel(doc.Root())
	out := overlay(nil, doc)
	if err := doc.Err(); err != nil {
		return nil, err
	}
	return out, nil
}

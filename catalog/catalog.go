// Package catalog is the data: devices, systems, architectures, links, runtimes, sites and prices, compiled from the TOML files beside it.
//
// The files are what people edit and what docs/catalog.md describes; go generate compiles them into static Go data, so
// that the embedded catalog costs nothing at start-up, and a test keeps the two equal. Users' files are read at run time
// ([Catalog.Overlay]) and add to the embedded catalog or override single values of it.
package catalog

//go:generate go run ./internal/generate

import (
	"fmt"
	"slices"
	"strings"

	"roofline/estimate/runtime"
	"roofline/hardware"
	"roofline/hardware/document"
)

// Catalog is what the command knows of the world. Its slices are shared with the embedded data: replace, never modify.
type Catalog struct {
	Devices       []hardware.Device
	Architectures []hardware.Architecture
	Runtimes      []runtime.Profile
	Links         []hardware.LinkKind
	Systems       []hardware.System
	Sites         []hardware.Site
	Ownerships    []hardware.Ownership

	instances []hardware.Instance // of users' files; those of the embedded catalog stay where they are
}

// Source says where the values with a key come from, and how far to trust them.
type Source struct{ Key, Where, What, Trust string }

// Default returns the embedded catalog.
func Default() *Catalog {
	return &Catalog{
		Devices:       slices.Clip(devices),
		Architectures: slices.Clip(architectures),
		Runtimes:      slices.Clip(runtimes),
		Links:         slices.Clip(links),
		Systems:       slices.Clip(systems),
		Sites:         slices.Clip(sites),
		Ownerships:    slices.Clip(ownerships),
	}
}

// Overlay adds the devices, systems, sites and so on of a user's file, or overrides single values of those
// that are there. The file's instances replace those of the same provider, id and region. On an error, which names
// every problem of the file by line and column, the catalog stays as it was.
func (c *Catalog) Overlay(file string, data []byte) error {
	doc, err := document.Parse(file, data)
	if err != nil {
		return err
	}
	next := Catalog{
		Devices:       hardware.OverlayDevices(c.Devices, doc),
		Architectures: hardware.OverlayArchitectures(c.Architectures, doc),
		Runtimes:      runtime.Overlay(c.Runtimes, doc),
		Links:         hardware.OverlayLinkKinds(c.Links, doc),
		Systems:       hardware.OverlaySystems(c.Systems, doc),
		Sites:         hardware.OverlaySites(c.Sites, doc),
		Ownerships:    hardware.OverlayOwnerships(c.Ownerships, doc),
		instances:     append(slices.Clip(c.instances), hardware.Instances(doc)...),
	}
	next.checkReferences(doc, len(c.instances))
	if err := doc.Err(); err != nil {
		return err
	}
	*c = next
	return nil
}

// checkReferences reports ids in a user's file that nothing has.
func (c *Catalog) checkReferences(doc *document.Document, from int) {
	root := doc.Root()
	architectureIDs := idsOf(c.Architectures, func(a *hardware.Architecture) string { return a.ID })
	for _, id := range root.Keys() {
		if c.Device(id) == nil || !root.IsTable(id) {
			continue
		}
		if t := root.Table(id).Topic(); t.Has("architecture") && c.Architecture(c.Device(id).Architecture) == nil {
			want := "the id of an architecture"
			if near := document.Nearest(c.Device(id).Architecture, architectureIDs); near != "" {
				want += ", such as " + near
			}
			t.Bad("architecture", want+"; or none, if nothing is known about it")
		}
	}
	for i, t := range root.Tables("instance") {
		t = t.Topic()
		if id := c.instances[from+i].Device; id != "" && c.Device(id) == nil {
			t.Table("devices").Bad(id, c.wantDevice(id))
		}
	}
	machines := root.Table(hardware.SystemSection)
	for _, id := range machines.Keys() {
		s := c.System(id)
		if s == nil || !machines.IsTable(id) {
			continue
		}
		t := machines.Table(id).Topic()
		if t.Has("device") && c.Device(s.Device) == nil {
			t.Bad("device", c.wantDevice(s.Device))
		}
		if c.Device(id) != nil {
			machines.Fail(id, fmt.Sprintf("%q is the id of a device: want another one for the system", id))
		}
	}
}

// wantDevice says what would be right in place of the id of a device nobody knows.
func (c *Catalog) wantDevice(id string) string {
	if near := document.Nearest(id, c.ids()); near != "" {
		return "the id of a device, such as " + near
	}
	return "the id of a device"
}

func (c *Catalog) ids() []string {
	return idsOf(c.Devices, func(d *hardware.Device) string { return d.ID })
}

func idsOf[T any](records []T, id func(*T) string) []string {
	ids := make([]string, len(records))
	for i := range records {
		ids[i] = id(&records[i])
	}
	return ids
}

// Device returns the device with exactly this id, or nil.
func (c *Catalog) Device(id string) *hardware.Device {
	for i := range c.Devices {
		if c.Devices[i].ID == id {
			return &c.Devices[i]
		}
	}
	return nil
}

// System returns the system with exactly this id, or nil.
func (c *Catalog) System(id string) *hardware.System {
	for i := range c.Systems {
		if c.Systems[i].ID == id {
			return &c.Systems[i]
		}
	}
	return nil
}

// Site returns the site with exactly this id, or nil.
func (c *Catalog) Site(id string) *hardware.Site {
	for i := range c.Sites {
		if c.Sites[i].ID == id {
			return &c.Sites[i]
		}
	}
	return nil
}

// Ownership returns the way of owning with exactly this id, or nil.
func (c *Catalog) Ownership(id string) *hardware.Ownership {
	for i := range c.Ownerships {
		if c.Ownerships[i].ID == id {
			return &c.Ownerships[i]
		}
	}
	return nil
}

// Architecture returns the architecture with exactly this id, or nil.
func (c *Catalog) Architecture(id string) *hardware.Architecture {
	for i := range c.Architectures {
		if c.Architectures[i].ID == id {
			return &c.Architectures[i]
		}
	}
	return nil
}

// Runtime returns the runtime with exactly this id, or nil.
func (c *Catalog) Runtime(id string) *runtime.Profile {
	for i := range c.Runtimes {
		if c.Runtimes[i].ID == id {
			return &c.Runtimes[i]
		}
	}
	return nil
}

// What stands in for an architecture, alone or with a form factor or kind, and for a kind of link that the catalog does not
// know.
const (
	genericArchitecture = "generic"
	defaultLink         = "default"
)

// Efficiency returns what kernels sustain on a device: as measured on it, or else as its architecture lets expect, or what
// devices of its form factor, memory or kind have in common.
func (c *Catalog) Efficiency(d *hardware.Device) hardware.Efficiency {
	memory := strings.ToLower(strings.TrimRight(d.Memory.Kind, "0123456789XE")) // GDDR6X: gddr
	for _, id := range []string{d.Architecture, genericArchitecture + "-" + d.FormFactor, genericArchitecture + "-" + memory,
		genericArchitecture + "-" + string(d.Kind), genericArchitecture} {
		if a := c.Architecture(id); a != nil {
			return d.Efficiency.Or(a.Efficiency)
		}
	}
	return d.Efficiency
}

// LinkKind returns what links of a kind have in common; the assumption for any link where the catalog does not know it.
func (c *Catalog) LinkKind(id string) hardware.LinkKind {
	for _, name := range []string{id, defaultLink} {
		for _, l := range c.Links {
			if l.ID == name {
				return l
			}
		}
	}
	return hardware.LinkKind{ID: defaultLink, Share: 1}
}

// Version returns the version of the embedded catalog.
func (c *Catalog) Version() string { return Version }

// Sources returns what the source keys of the embedded catalog mean.
func Sources() []Source { return sources }

// Instances returns what can be rented with a device in it: the user's instances first, then the embedded catalog's.
func (c *Catalog) Instances(deviceID string) []hardware.Instance {
	start, _ := slices.BinarySearchFunc(instances, deviceID, func(i hardware.Instance, id string) int { return strings.Compare(i.Device, id) })
	end := start
	for end < len(instances) && instances[end].Device == deviceID {
		end++
	}
	embedded := instances[start:end:end]
	var own []hardware.Instance
	for n := len(c.instances) - 1; n >= 0; n-- { // of two files that say the same, the later one holds
		if i := c.instances[n]; i.Device == deviceID && !slices.ContainsFunc(own, sameAs(i)) {
			own = append(own, i)
		}
	}
	if own == nil {
		return embedded
	}
	slices.Reverse(own)
	users := own
	for _, i := range embedded {
		if !slices.ContainsFunc(users, sameAs(i)) {
			own = append(own, i)
		}
	}
	return own
}

// sameAs reports whether an instance is the one i is, at whatever price.
func sameAs(i hardware.Instance) func(hardware.Instance) bool {
	return func(o hardware.Instance) bool {
		return o.Provider == i.Provider && o.ID == i.ID && o.Region == i.Region
	}
}

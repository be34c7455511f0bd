package catalog

import (
	"math"
	"slices"

	"roofline/hardware"
)

// Change is a value that differs between two catalogs.
type Change struct {
	Kind, ID      string  // of the record: device, system, site, ownership, link, instance …
	Field         string  // "" where the whole record is new
	Before, After string  // "" where there was, or is, none
	Ratio         float64 // after ÷ before; 0 where that says nothing
}

// Diff returns what another catalog changes and adds, in its order: records that are new, and the fields of the others.
func (c *Catalog) Diff(after *Catalog) []Change {
	var out []Change
	out = differences(out, "device", c.Devices, after.Devices, func(d *hardware.Device) string { return d.ID })
	out = differences(out, "system", c.Systems, after.Systems, func(s *hardware.System) string { return s.ID })
	out = differences(out, "site", c.Sites, after.Sites, func(s *hardware.Site) string { return s.ID })
	out = differences(out, "ownership", c.Ownerships, after.Ownerships, func(o *hardware.Ownership) string { return o.ID })
	out = differences(out, "architecture", c.Architectures, after.Architectures, func(a *hardware.Architecture) string { return a.ID })
	out = differences(out, "link", c.Links, after.Links, func(l *hardware.LinkKind) string { return l.ID })
	for i := range after.Runtimes {
		if r := &after.Runtimes[i]; c.Runtime(r.ID) == nil {
			out = append(out, Change{Kind: "runtime", ID: r.ID})
		} else {
			out = append(out, fieldChanges("runtime", r.ID, hardware.Fields(c.Runtime(r.ID)), hardware.Fields(r))...)
		}
	}
	for _, i := range after.instances[min(len(c.instances), len(after.instances)):] {
		id := i.Provider + " " + i.ID
		if i.Region != "" {
			id += " " + i.Region
		}
		known := c.Instances(i.Device)
		if n := slices.IndexFunc(known, sameAs(i)); n >= 0 {
			out = append(out, fieldChanges("instance", id, hardware.Fields(&known[n]), hardware.Fields(&i))...)
		} else {
			out = append(out, Change{Kind: "instance", ID: id})
		}
	}
	return out
}

func differences[T any](out []Change, kind string, before, after []T, id func(*T) string) []Change {
	for i := range after {
		name := id(&after[i])
		n := slices.IndexFunc(before, func(r T) bool { return id(&r) == name })
		if n < 0 {
			out = append(out, Change{Kind: kind, ID: name})
			continue
		}
		out = append(out, fieldChanges(kind, name, hardware.Fields(&before[n]), hardware.Fields(&after[i]))...)
	}
	return out
}

// fieldChanges compares two versions of one record.
func fieldChanges(kind, id string, before, after []hardware.Field) []Change {
	var out []Change
	find := func(fields []hardware.Field, name string) *hardware.Field {
		for i := range fields {
			if fields[i].Name == name {
				return &fields[i]
			}
		}
		return nil
	}
	for i := range after {
		a := &after[i]
		b := find(before, a.Name)
		switch {
		case b == nil:
			out = append(out, Change{Kind: kind, ID: id, Field: a.Name, After: a.String()})
		case b.Value != a.Value:
			c := Change{Kind: kind, ID: id, Field: a.Name, Before: b.String(), After: a.String()}
			if ratio := a.Number / b.Number; !math.IsNaN(ratio) && !math.IsInf(ratio, 0) && ratio != 1 {
				c.Ratio = ratio
			}
			out = append(out, c)
		}
	}
	for i := range before {
		if b := &before[i]; find(after, b.Name) == nil {
			out = append(out, Change{Kind: kind, ID: id, Field: b.Name, Before: b.String()})
		}
	}
	return out
}

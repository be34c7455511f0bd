package catalog

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"roofline/hardware"
)

// LinksOf returns the links that connect a subject's devices: those of the device, and in the place of one of the same kind
// that of its machine.
func (c *Catalog) LinksOf(about Subject) []hardware.Link {
	links := slices.Clone(c.Device(about.Device).Links)
	y := c.System(about.System)
	if y == nil || y.Link.Bandwidth == 0 {
		return links
	}
	if i := slices.IndexFunc(links, func(l hardware.Link) bool { return l.Kind == y.Link.Kind }); i >= 0 {
		links[i] = y.Link
		return links
	}
	return append([]hardware.Link{y.Link}, links...)
}

// supposeLink resolves a setting of a link, by its kind: link.nvlink4 or link.nvlink4.bandwidth and .domain are the
// device's or its machine's, .latency and .share those of all links of the kind.
func (c *Catalog) supposeLink(about Subject, s Setting, rest string) (Supposed, error) {
	kind, field, _ := strings.Cut(rest, ".")
	links := c.LinksOf(about)
	i := slices.IndexFunc(links, func(l hardware.Link) bool { return l.Kind == kind })
	if i < 0 {
		var kinds []string
		for _, l := range links {
			kinds = append(kinds, "link."+l.Kind)
		}
		if kinds == nil {
			return Supposed{}, &SettingError{s, "no link of " + about.Device + " is known"}
		}
		return Supposed{}, &SettingError{s, fmt.Sprintf("%s has %s", about.Device, strings.Join(kinds, " and "))}
	}
	l := links[i]
	x := Supposed{Section: "device", ID: about.Device}
	if y := c.System(about.System); y != nil && y.Link == l {
		x.Section, x.ID = "system", y.ID
	}
	switch field {
	case "latency", "share":
		k := c.LinkKind(kind)
		return supposed(s, Supposed{Section: "link", ID: kind, Field: field}, &k)
	case "", "bandwidth":
		x.Field, x.Before = "link."+kind+".bandwidth", l.Bandwidth.String()
		return x.with(s, hardware.Field{Value: l.Bandwidth, Number: float64(l.Bandwidth)}, reflect.TypeOf(l.Bandwidth))
	case "domain":
		x.Field, x.Before = "link."+kind+".domain", strconv.Itoa(l.Domain)
		return x.with(s, hardware.Field{Value: l.Domain, Number: float64(l.Domain)}, reflect.TypeOf(l.Domain))
	}
	return Supposed{}, &SettingError{s, "want link." + kind + " with .bandwidth, .domain, .latency or .share"}
}

// linksWith writes the link of a system, or all links of a device, with changes.
func (c *Catalog) linksWith(of Supposed, changes []Supposed) string {
	changed := func(l hardware.Link) string {
		text := linkLiteral(l)
		for _, x := range changes {
			if kind, field, _ := strings.Cut(strings.TrimPrefix(x.Field, "link."), "."); kind == l.Kind {
				text = withKey(text, field, x.literal)
			}
		}
		return text
	}
	if of.Section == "system" {
		return changed(c.System(of.ID).Link)
	}
	var out []string
	for _, l := range c.Device(of.ID).Links {
		out = append(out, changed(l))
	}
	return "[ " + strings.Join(out, ", ") + " ]"
}

// withKey gives a key of an inline table another value.
func withKey(table, key, value string) string {
	parts := strings.Split(strings.Trim(table, "{ }"), ", ")
	parts = slices.DeleteFunc(parts, func(p string) bool { return strings.HasPrefix(p, key+" = ") })
	return "{ " + strings.Join(append(parts, key+" = "+value), ", ") + " }"
}

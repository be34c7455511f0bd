package check

import (
	"fmt"
	"slices"
	"strings"

	"roofline/catalog"
	"roofline/hardware"
)

// A record that the catalog has already may be changed by several files: only new ones can be there twice.
func duplicateDevice(d *hardware.Device, s *scope)     { s.once(s.before.Device(d.ID) == nil) }
func duplicateSystem(y *hardware.System, s *scope)     { s.once(s.before.System(y.ID) == nil) }
func duplicateSite(y *hardware.Site, s *scope)         { s.once(s.before.Site(y.ID) == nil) }
func duplicateInstance(_ *hardware.Instance, s *scope) { s.once(true) }

// once reports a new record that another file, or the same one further up, has as well.
func (s *scope) once(isNew bool) {
	key := s.kind + " " + s.id
	if file, twice := s.seen[key]; twice && isNew {
		s.found("", fmt.Sprintf("the %s is in %s as well", s.kind, file), "one of the two removed")
	}
	s.seen[key] = s.table.At().File
}

func deviceSource(d *hardware.Device, s *scope)     { s.source(d.Source) }
func systemSource(y *hardware.System, s *scope)     { s.source(y.Source) }
func siteSource(y *hardware.Site, s *scope)         { s.source(y.Source) }
func instanceSource(i *hardware.Instance, s *scope) { s.source(i.Source) }

// source finds records whose source is nothing but the file they are in.
func (s *scope) source(source string) {
	if source == s.table.At().File {
		s.found("", "no source", `source = "where the values come from", here or at the top of the file`)
	}
}

func deviceSourceKeys(d *hardware.Device, s *scope)     { s.keys(d.Source, d.Origins) }
func systemSourceKeys(y *hardware.System, s *scope)     { s.keys(y.Source, y.Origins) }
func siteSourceKeys(y *hardware.Site, s *scope)         { s.keys(y.Source, y.Origins) }
func instanceSourceKeys(i *hardware.Instance, s *scope) { s.keys(i.Source, nil) }

// keys finds sources that look like keys and are none. A text with a space, a file or an address speaks for itself.
func (s *scope) keys(source string, origins hardware.Origins) {
	check := func(field, source string) {
		for _, key := range strings.Split(source, ";") {
			base, _, _ := strings.Cut(key, ":")
			if base == "" || strings.ContainsAny(base, " ./") || base == s.table.At().File || slices.Contains(sourceKeys, base) {
				continue
			}
			want := "a key of sources.toml, a page or a text in words"
			if near := catalog.Nearest(base, sourceKeys); near != "" {
				want = near
			}
			s.found(field, fmt.Sprintf("no source %q is known", base), want)
		}
	}
	check("source", source)
	for _, o := range origins {
		check("sources", o.Source)
	}
}

var sourceKeys = func() []string {
	var keys []string
	for _, s := range catalog.Sources() {
		keys = append(keys, s.Key)
	}
	return keys
}()

func unverifiedDevice(d *hardware.Device, s *scope) { s.unverified(d.Origins) }
func unverifiedSystem(y *hardware.System, s *scope) { s.unverified(y.Origins) }
func unverifiedSite(y *hardware.Site, s *scope)     { s.unverified(y.Origins) }

// unverified lists the values that are from memory.
func (s *scope) unverified(origins hardware.Origins) {
	var fields []string
	for _, o := range origins {
		if o.Status == hardware.Unverified {
			fields = append(fields, o.Field)
		}
	}
	if fields != nil {
		s.found("sources", "from memory: "+strings.Join(fields, ", "), "a page or a document")
	}
}

// missing lists what an estimate could use and the record lacks.
func (s *scope) missing(fields ...string) {
	fields = slices.DeleteFunc(fields, func(f string) bool { return f == "" })
	if len(fields) > 0 {
		s.found("", "lacks "+strings.Join(fields, ", "), "")
	}
}

func unless(known bool, field string) string {
	if known {
		return ""
	}
	return field
}

func missingDevice(d *hardware.Device, s *scope) {
	isCPU := d.Kind == hardware.CPU
	s.missing(
		unless(d.Architecture != "", "architecture"),
		unless(d.Memory.Capacity > 0 || isCPU, "memory.capacity"),
		unless(d.Cores.Count > 0, "cores.count"),
		unless(d.Cores.BoostClock > 0 || d.Cores.TensorClock > 0, "cores.boost-clock"),
		unless(d.Cache.LastLevel > 0, "cache.last-level"),
		unless(len(d.Formats()) > 0, "matrix"),
		unless(len(d.Links) > 0 || isCPU, "link"),
		unless(d.Power.TDP > 0, "power.tdp"),
		unless(d.Purchase.Price > 0 || len(s.catalog.Instances(d.ID)) > 0, "a price"),
	)
}

func missingSystem(y *hardware.System, s *scope) {
	s.missing(
		unless(y.Host.CPU != "", "host.cpu"),
		unless(y.Host.Memory > 0, "host.memory"),
		unless(y.Link.Bandwidth > 0 || y.Count == 1, "link"),
		unless(y.Network.Bandwidth > 0, "network.bandwidth"),
		unless(y.Power.Max > 0, "power.max"),
		unless(y.Rack.Units > 0, "rack.units"),
		unless(y.Purchase.Price > 0, "purchase"),
	)
}

func missingSite(y *hardware.Site, s *scope) {
	s.missing(
		unless(y.Electricity.Price.Currency != "", "electricity.price"),
		unless(y.PUE > 0, "pue"),
		unless(y.Colocation.Power.Currency != "", "colocation.power"),
		unless(y.Carbon.Intensity > 0, "carbon.intensity"),
	)
}

package main

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"roofline/catalog"
	"roofline/cmd/roofline/internal/show"
	"roofline/estimate/runtime"
	"roofline/hardware"
	"roofline/hardware/dtype"
	"roofline/hardware/unit"
)

type catalogShowCmd struct {
	Name string `arg:"" help:"The name of a device, system, site, runtime, link, architecture or way of owning."`
}

// Help shows the command at work.
func (catalogShowCmd) Help() string {
	return `Example:
  roofline catalog show h100-sxm      where each value comes from, and what it can be rented in
  roofline catalog show dgx-h100      a system; korea is a site, vllm a runtime, nvlink4 a link`
}

// value is one line of a sheet.
type value struct {
	Field  string          `json:"field"`
	Text   string          `json:"value"`
	Source string          `json:"source"`
	Status hardware.Status `json:"status"`
}

// sheet is everything that is known of one record.
type sheet struct {
	Schema   string            `json:"schema"`
	ID       string            `json:"id"`
	Name     string            `json:"name"`
	Values   []value           `json:"values"`
	Note     string            `json:"note,omitempty"`
	Accepted map[string]string `json:"accepted,omitempty"`
	Sources  []sourceLine      `json:"sources"`
	Systems  []string          `json:"systems,omitempty"`
	Also     []string          `json:"also,omitempty"` // what else answers to the name
	Offers   []offerLine       `json:"offers,omitempty"`

	source string // of values that name no other
}

// sourceLine says what a key among the sources means.
type sourceLine struct {
	Key   string `json:"key"`
	Trust string `json:"trust,omitempty"`
	Where string `json:"where,omitempty"`
}

// Run explains one record.
func (c *catalogShowCmd) Run(s *session) error {
	y, err := c.find(s.catalog)
	if err != nil {
		return err
	}
	y.Sources = y.cited()
	t := show.Table{Columns: []show.Column{{Title: "field", Left: true}, {Title: "value", Left: true, Shrink: 24}, {Title: "status", Left: true}, {Title: "source", Left: true, Shrink: 16}}}
	for _, v := range y.Values {
		source := v.Source
		if source == y.source {
			source = "" // said once, below
		}
		t.Add(v.Field, v.Text, string(v.Status), source)
	}
	a := &show.Answer{Sentence: y.Name + " (" + y.ID + ")", Tables: []show.Table{t}, JSON: y}
	if len(y.Offers) > 0 {
		a.Tables = append(a.Tables, offerTable(y.Offers, s.Wide))
	}
	a.Notes = append(a.Notes, "source where none is printed: "+orDash(y.source))
	for _, k := range y.Sources {
		line := k.Key + ": " + orDash(k.Where)
		if k.Trust != "" {
			line += " (trust: " + k.Trust + ")"
		}
		a.Notes = append(a.Notes, "  "+line)
	}
	if y.Note != "" {
		a.Notes = append(a.Notes, "note: "+y.Note)
	}
	for _, rule := range slices.Sorted(maps.Keys(y.Accepted)) {
		a.Notes = append(a.Notes, "accepted by the check, "+rule+": "+y.Accepted[rule])
	}
	if len(y.Systems) > 0 {
		a.Notes = append(a.Notes, "in systems: "+strings.Join(y.Systems, ", "))
	}
	if len(y.Also) > 0 {
		a.Notes = append(a.Notes, "the name could also mean: "+strings.Join(y.Also, ", "))
	}
	return s.answer(a)
}

// find returns the sheet of what a name means: of a device, else of a system, and so on. An exact id goes first.
func (c *catalogShowCmd) find(k *catalog.Catalog) (*sheet, error) {
	searches := []struct {
		what string
		ids  []string
		show func(id string) *sheet
	}{
		{"device", recordIDs(k.Devices, func(d *hardware.Device) string { return d.ID }), func(id string) *sheet { return deviceSheet(k, k.Device(id)) }},
		{"system", recordIDs(k.Systems, func(y *hardware.System) string { return y.ID }), func(id string) *sheet { return systemSheet(k, k.System(id)) }},
		{"site", recordIDs(k.Sites, func(y *hardware.Site) string { return y.ID }), func(id string) *sheet { return siteSheet(k.Site(id)) }},
		{"runtime", recordIDs(k.Runtimes, func(p *runtime.Profile) string { return p.ID }), func(id string) *sheet { return runtimeSheet(k.Runtime(id)) }},
		{"link", recordIDs(k.Links, func(l *hardware.LinkKind) string { return l.ID }), func(id string) *sheet { return linkSheet(k.LinkKind(id)) }},
		{"architecture", recordIDs(k.Architectures, func(a *hardware.Architecture) string { return a.ID }), func(id string) *sheet { return architectureSheet(k.Architecture(id)) }},
		{"ownership", recordIDs(k.Ownerships, func(o *hardware.Ownership) string { return o.ID }), func(id string) *sheet { return ownershipSheet(k.Ownership(id)) }},
	}
	for _, search := range searches {
		if slices.Contains(search.ids, strings.ToLower(c.Name)) {
			return search.show(strings.ToLower(c.Name)), nil
		}
	}
	var failed *catalog.UnknownError
	for n, search := range searches {
		id, err := catalog.Resolve(search.what, search.ids, c.Name)
		var unknown *catalog.UnknownError
		switch {
		case err == nil:
			y := search.show(id)
			for _, other := range searches[n+1:] {
				y.Also = append(y.Also, catalog.Match(other.ids, c.Name)...)
			}
			return y, nil
		case !errors.As(err, &unknown):
			return nil, err // several answer to it
		case failed == nil || len(failed.Suggestions) == 0 && len(unknown.Suggestions) > 0:
			failed = unknown
		}
	}
	if len(failed.Suggestions) == 0 {
		failed.What = "device, system, site, runtime, link, architecture or way of owning"
	}
	return nil, failed
}

func recordIDs[T any](records []T, id func(*T) string) []string {
	ids := make([]string, len(records))
	for i := range records {
		ids[i] = id(&records[i])
	}
	return ids
}

// newSheet lists the fields of a record with their origins.
func newSheet(schema, id, name, note, source string, accepted hardware.Acceptances, fields []hardware.Field, of func(string) hardware.Origin) *sheet {
	y := &sheet{Schema: "roofline." + schema + "/v1", ID: id, Name: name, Note: note, source: source}
	for _, f := range fields {
		if f.Name == "name" || f.Name == "note" {
			continue
		}
		text := f.String()
		if b, ok := f.Value.(unit.Bytes); ok && f.Name == "memory.nominal" {
			text = fmt.Sprintf("%s (%s)", b, unit.TrafficScales.Format(float64(b)))
		}
		o := of(f.Name)
		y.Values = append(y.Values, value{f.Name, text, o.Source, o.Status})
	}
	for _, a := range accepted {
		if y.Accepted == nil {
			y.Accepted = map[string]string{}
		}
		y.Accepted[a.Rule] = a.Reason
	}
	return y
}

func deviceSheet(k *catalog.Catalog, d *hardware.Device) *sheet {
	y := newSheet("device", d.ID, d.Name, d.Note, d.Source, d.Accepted, hardware.Fields(d), d.Of)
	if d.Memory.Bandwidth > 0 {
		for _, f := range d.Formats() {
			y.Values = append(y.Values, value{"ridge point " + f.String(), d.RidgePoint(f).String(), "peak ÷ bandwidth", hardware.Derived})
		}
	}
	e := k.Efficiency(d)
	for _, f := range d.Formats() {
		if d.Efficiency.Sustained[f] == 0 && (f == dtype.BF16 || f == dtype.FP8 || len(d.Formats()) == 1) {
			y.Values = append(y.Values, value{"sustained " + f.String(), percent(e.Of(f)) + " of peak", "architecture " + cmp.Or(d.Architecture, "default"), hardware.Assumed})
		}
	}
	for i := range k.Systems {
		if k.Systems[i].Device == d.ID {
			y.Systems = append(y.Systems, k.Systems[i].ID)
		}
	}
	y.Offers = offers(k, d)
	return y
}

func systemSheet(k *catalog.Catalog, s *hardware.System) *sheet {
	y := newSheet("system", s.ID, s.Name, s.Note, s.Source, s.Accepted, hardware.Fields(s), s.Of)
	d := k.Device(s.Device)
	if d == nil {
		return y
	}
	derived := func(field, text string, known bool) {
		if known {
			y.Values = append(y.Values, value{field, text, fmt.Sprintf("%d × %s", s.Count, d.ID), hardware.Derived})
		}
	}
	n := float64(s.Count)
	memory, _ := d.Memory.Usable()
	derived("memory of all", unit.Bytes(n*float64(memory)).String(), memory > 0)
	derived("bandwidth of all", unit.ByteRate(n*float64(d.Memory.Bandwidth)).String(), true)
	if f, ok := mainFormat(d); ok {
		derived("dense "+f.String()+" of all", unit.FLOPRate(n*float64(d.Peak(f))).String(), true)
	}
	if host := float64(s.Power.Max) - n*float64(d.Power.TDP); s.Power.Max > 0 && d.Power.TDP > 0 {
		derived("power beside the devices", unit.Watts(host).String(), true)
	}
	return y
}

func siteSheet(s *hardware.Site) *sheet {
	y := newSheet("site", s.ID, s.Name, s.Note, s.Source, s.Accepted, hardware.Fields(s), s.Of)
	if usd, ok := s.USD(hardware.Money(s.Electricity.Price)); ok && s.Exchange.Amount > 0 {
		y.Values = append(y.Values, value{"electricity in USD", unit.Number(usd, 3) + " USD/kWh", "price ÷ exchange", hardware.Derived})
	}
	return y
}

func runtimeSheet(p *runtime.Profile) *sheet {
	return newSheet("runtime", p.ID, p.Name, "", p.Source, nil, hardware.Fields(p), originsOf(p.Origins, p.Source))
}

func architectureSheet(a *hardware.Architecture) *sheet {
	return newSheet("architecture", a.ID, a.Name, "", a.Source, nil, hardware.Fields(a), originsOf(a.Origins, a.Source))
}

func ownershipSheet(o *hardware.Ownership) *sheet {
	return newSheet("ownership", o.ID, o.Name, o.Note, o.Source, o.Accepted, hardware.Fields(o), o.Of)
}

func linkSheet(l hardware.LinkKind) *sheet {
	y := newSheet("link", l.ID, "links of kind "+l.ID, "", l.Source, nil, hardware.Fields(&l), originsOf(nil, l.Source))
	y.Values = slices.DeleteFunc(y.Values, func(v value) bool { return v.Field == "status" })
	for i := range y.Values {
		y.Values[i].Status = l.Status
	}
	return y
}

func originsOf(origins hardware.Origins, source string) func(string) hardware.Origin {
	return func(field string) hardware.Origin { return origins.Of(field, source) }
}

// cited resolves the source keys of the values, each once, in their order.
func (y *sheet) cited() []sourceLine {
	var out []sourceLine
	seen := map[string]bool{}
	cite := func(keys string) {
		for _, key := range strings.Split(keys, ";") {
			base, part, _ := strings.Cut(key, ":")
			i := slices.IndexFunc(catalog.Sources(), func(s catalog.Source) bool { return s.Key == base })
			if i < 0 || seen[key] {
				continue
			}
			seen[key] = true
			s := catalog.Sources()[i]
			where := s.Where
			if part != "" {
				where = part
			}
			out = append(out, sourceLine{key, s.Trust, where})
		}
	}
	cite(y.source)
	for _, v := range y.Values {
		cite(v.Source)
	}
	return out
}

package main

import (
	"fmt"
	"math"
	"strings"

	"roofline/cmd/roofline/internal/show"
	"roofline/estimate/runtime"
	"roofline/hardware"
	"roofline/hardware/unit"
)

// others lists what is not a device.
func (c *catalogListCmd) others(s *session) error {
	var t show.Table
	var sentence, what string
	var records recordsDocument
	k := s.catalog
	switch {
	case c.Systems:
		what, sentence, t = "systems", fmt.Sprintf("%d systems; link: of one device, one way.", len(k.Systems)), systemTable(s)
		records.Systems = objects(k.Systems, func(y *hardware.System) string { return y.ID })
	case c.Sites:
		what, sentence, t = "sites", fmt.Sprintf("%d sites; money at their own exchange rates.", len(k.Sites)), siteTable(s)
		records.Sites = objects(k.Sites, func(y *hardware.Site) string { return y.ID })
	case c.Runtimes:
		what, sentence, t = "runtimes", fmt.Sprintf("%d runtime profiles; choose with --runtime.", len(k.Runtimes)), runtimeTable(s)
		records.Runtimes = objects(k.Runtimes, func(p *runtime.Profile) string { return p.ID })
	default:
		what, sentence, t = "links", fmt.Sprintf("%d kinds of links.", len(k.Links)), linkTable(s)
		records.Links = objects(k.Links, func(l *hardware.LinkKind) string { return l.ID })
	}
	records.Schema = schemaID(what)
	return s.answer(&show.Answer{
		Sentence: sentence,
		Tables:   []show.Table{t},
		Notes:    []string{"roofline catalog show NAME tells where each value comes from"},
		JSON:     records,
	})
}

// recordsDocument is the JSON of catalog list of what is not a device: fields by their names in the files, numbers in
// base units.
type recordsDocument struct {
	Schema   string           `json:"schema"`
	Systems  []map[string]any `json:"systems,omitempty"`
	Sites    []map[string]any `json:"sites,omitempty"`
	Runtimes []map[string]any `json:"runtimes,omitempty"`
	Links    []map[string]any `json:"links,omitempty"`
}

func systemTable(s *session) show.Table {
	kilowatts := unit.Scales{{Factor: 1e3, Symbol: "kW"}}
	t := show.Table{Columns: []show.Column{{Title: "system", Left: true}, {Title: "devices", Whole: true}, {Title: "of", Left: true, Shrink: 12}, {Title: "link", Scales: gigabytesRate, Base: "B/s"},
		{Title: "network", Scales: gigabytesRate, Base: "B/s"}, {Title: "power", Scales: kilowatts, Base: "W"}, {Title: "rack", Unit: "U", Whole: true}, {Title: "price", Unit: "$", Whole: true}, {Title: "as of", Left: true}}}
	n := newNamer(s.catalog)
	for i := range s.catalog.Systems {
		y := &s.catalog.Systems[i]
		link := show.Unknown
		if d := s.catalog.Device(y.Device); d != nil {
			if l, ok := y.Fabric(d); ok && y.Count > 1 {
				link = float64(l.Bandwidth)
			}
		}
		t.Add(y.ID, float64(y.Count), n[y.Device], link, orUnknown(float64(y.Network.Bandwidth)), orUnknown(float64(y.Power.Max)),
			orUnknown(float64(y.Rack.Units)), orUnknown(float64(y.Purchase.Price)), orDash(month(y.Purchase.Date)))
	}
	return t
}

func siteTable(s *session) show.Table {
	t := show.Table{Columns: []show.Column{{Title: "site", Left: true}, {Title: "electricity", Unit: "$/kWh"}, {Title: "demand", Unit: "$/kW-month"}, {Title: "PUE"},
		{Title: "colocation", Unit: "$/kW-month"}, {Title: "carbon", Unit: "g/kWh"}, {Title: "as of", Left: true}}}
	for i := range s.catalog.Sites {
		y := &s.catalog.Sites[i]
		usd := func(m hardware.Money) show.Cell {
			if v, ok := y.USD(m); ok {
				return v
			}
			return show.Unknown
		}
		date := y.Electricity.Date
		if date == "" {
			date = y.Carbon.Date
		}
		t.Add(y.ID, usd(hardware.Money(y.Electricity.Price)), usd(hardware.Money(y.Electricity.Demand)), orUnknown(y.PUE),
			usd(hardware.Money(y.Colocation.Power)), orUnknown(float64(y.Carbon.Intensity)), orDash(month(date)))
	}
	return t
}

func runtimeTable(s *session) show.Table {
	t := show.Table{Columns: []show.Column{{Title: "runtime", Left: true}, {Title: "name", Left: true, Shrink: 16}, {Title: "serves", Left: true},
		{Title: "runs on", Left: true}, {Title: "default for", Left: true}, {Title: "fusion", Left: true}}}
	for i := range s.catalog.Runtimes {
		p := &s.catalog.Runtimes[i]
		t.Add(p.ID, p.Name, p.Serves, kinds(p.Kinds), kinds(p.DefaultFor), p.Fusion.String())
	}
	return t
}

func kinds(ks []hardware.Kind) string {
	var out []string
	for _, k := range ks {
		out = append(out, string(k))
	}
	return orDash(strings.Join(out, ", "))
}

func linkTable(s *session) show.Table {
	t := show.Table{Columns: []show.Column{{Title: "link", Left: true}, {Title: "latency", Scales: unit.TimeScales, Base: "s"}, {Title: "share"}, {Title: "status", Left: true}, {Title: "source", Left: true}}}
	for _, l := range s.catalog.Links {
		t.Add(l.ID, float64(l.Latency), l.Share, string(l.Status), l.Source)
	}
	return t
}

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

// objects returns the fields of records for programs: by their names in the files, numbers in base units, money as text.
func objects[T any](records []T, id func(*T) string) []map[string]any {
	out := []map[string]any{}
	for i := range records {
		object := map[string]any{"id": id(&records[i])}
		for _, f := range hardware.Fields(&records[i]) {
			if object[f.Name] = f.Number; math.IsNaN(f.Number) || isMoney(f.Value) {
				object[f.Name] = f.String()
			}
		}
		out = append(out, object)
	}
	return out
}

func isMoney(v any) bool {
	switch v.(type) {
	case hardware.EnergyPrice, hardware.CapacityPrice, hardware.RackPrice, hardware.ExchangeRate:
		return true
	}
	return false
}

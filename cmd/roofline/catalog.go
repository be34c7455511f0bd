package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"roofline/cmd/roofline/internal/deploy"
	"roofline/cmd/roofline/internal/show"
	"roofline/hardware"
	"roofline/hardware/dtype"
	"roofline/hardware/unit"
)

// catalogCmd knows the devices.
type catalogCmd struct {
	List catalogListCmd `cmd:"" help:"Devices side by side: memory, bandwidth, dense peaks by number format, price."`
	Show catalogShowCmd `cmd:"" help:"One device: every value with its source."`
}

type catalogListCmd struct {
	Devices  string             `arg:"" optional:"" default:"all" help:"Names, a comma list, a glob, or all."`
	Sort     string             `help:"Order: catalog, name, memory, bandwidth, price, or a number format such as bf16." default:"catalog" placeholder:"COLUMN"`
	Price    hardware.PriceKind `help:"Kind of price." enum:"on-demand,spot,reserved-1y,reserved-3y" default:"on-demand"`
	Runtimes bool               `help:"List the runtime profiles instead."`
}

// listed is a device in the list, for programs: base units, unknown values absent.
type listed struct {
	ID        string             `json:"id"`
	Name      string             `json:"name"`
	Kind      hardware.Kind      `json:"kind"`
	Memory    unit.Bytes         `json:"memory_bytes,omitempty"`
	Nominal   bool               `json:"memory_is_nominal,omitempty"`
	Bandwidth unit.ByteRate      `json:"bandwidth_bytes_per_s"`
	Peaks     map[string]float64 `json:"dense_peak_flops"`
	TDP       unit.Watts         `json:"tdp_w,omitempty"`
	Price     *float64           `json:"usd_per_device_hour,omitempty"`
	AsOf      string             `json:"price_as_of,omitempty"`
	Offer     string             `json:"offer,omitempty"`
	device    *hardware.Device
}

// shownFormats are the peaks in the table; the order is that of decreasing width.
var shownFormats = []dtype.DType{dtype.FP32, dtype.BF16, dtype.FP8, dtype.FP4, dtype.INT8}

// Run lists devices.
func (c *catalogListCmd) Run(s *session) error {
	if c.Runtimes {
		return c.runtimes(s)
	}
	d := deploy.Deployer{Catalog: s.catalog, Wish: deploy.Wish{Devices: c.Devices}}
	devices, err := d.Devices()
	if err != nil {
		return err
	}
	ls := make([]listed, len(devices))
	for i := range devices {
		ls[i] = c.listed(s, &devices[i])
	}
	if err := c.sort(ls); err != nil {
		return err
	}
	n := newNamer(s.catalog)
	const peaks = "dense TFLOP/s"
	gib := unit.Scales{{Factor: float64(unit.GiB), Symbol: "GiB"}}
	gb := unit.Scales{{Factor: 1e9, Symbol: "GB/s"}}
	tera := unit.Scales{{Factor: 1e12}}
	t := show.Table{Columns: []show.Column{{Title: "device", Left: true, Shrink: 12}, {Title: "memory", Scales: gib, Base: "B"}, {Left: true}, {Title: "bandw.", Scales: gb, Base: "B/s"}}}
	for _, f := range shownFormats {
		t.Columns = append(t.Columns, show.Column{Group: peaks, Title: f.String(), Scales: tera, Base: "FLOP/s"})
	}
	t.Columns = append(t.Columns, show.Column{Title: "ridge"}, show.Column{Title: "power", Unit: "W", Whole: true},
		show.Column{Title: "$/h"}, show.Column{Title: "as of", Left: true})
	for i := range ls {
		t.Add(c.cells(n, &ls[i])...)
	}
	return s.answer(&show.Answer{
		Sentence: fmt.Sprintf("%d of %d devices; all peaks dense, 32-bit accumulate.", len(ls), len(s.catalog.Devices)),
		Tables:   []show.Table{t},
		Notes: []string{"* vendor's label, driver's figure unknown · ? unverified · ridge: FLOP/byte at bf16, else fp16, fp32 · $/h: cheapest " + string(c.Price) + " offer, per device",
			"roofline catalog show NAME tells where each value comes from"},
		JSON: struct {
			Schema  string   `json:"schema"`
			Catalog string   `json:"catalog"`
			Devices []listed `json:"devices"`
		}{"roofline.catalog/v1", s.catalog.Version(), ls},
	})
}

func (c *catalogListCmd) listed(s *session, d *hardware.Device) listed {
	l := listed{ID: d.ID, Name: d.Name, Kind: d.Kind, Bandwidth: d.Memory.Bandwidth, TDP: d.Power.TDP, Peaks: map[string]float64{}, device: d}
	var reported bool
	l.Memory, reported = d.Memory.Usable()
	l.Nominal = !reported && l.Memory > 0
	for _, f := range d.Formats() {
		l.Peaks[f.String()] = float64(d.Peak(f))
	}
	if offer, ok := s.catalog.Cheapest(d.ID, 1, 1, c.Price); ok {
		price := float64(offer.USDPerHour) / float64(offer.Instances*max(offer.Instance.Count, 1))
		l.Price, l.AsOf = &price, offer.Instance.Date
		l.Offer = strings.TrimSpace(offer.Instance.Provider + " " + offer.Instance.ID + " " + offer.Instance.Region)
	}
	return l
}

func (c *catalogListCmd) cells(n namer, l *listed) []show.Cell {
	known := func(v float64) float64 {
		if v == 0 {
			return show.Unknown
		}
		return v
	}
	mark := ""
	if l.Nominal {
		mark = "*"
	}
	for _, field := range []string{"matrix", "vector", "memory.bandwidth"} {
		if l.device.Of(field).Status == hardware.Unverified {
			mark += "?"
			break
		}
	}
	cells := []show.Cell{n[l.ID], known(float64(l.Memory)), mark, known(float64(l.Bandwidth))}
	for _, f := range shownFormats {
		if p := l.device.Peak(f); p > 0 {
			cells = append(cells, float64(p))
		} else {
			cells = append(cells, show.NotSupported)
		}
	}
	ridge := show.Unknown
	for _, f := range []dtype.DType{dtype.BF16, dtype.FP16, dtype.FP32} {
		if l.device.Peak(f) > 0 && l.Bandwidth > 0 {
			ridge = float64(l.device.RidgePoint(f))
			break
		}
	}
	price, asOf := show.Unknown, "–"
	if l.Price != nil {
		price, asOf = *l.Price, month(l.AsOf)
	}
	return append(cells, ridge, known(float64(l.TDP)), price, asOf)
}

// month cuts a date to its month.
func month(date string) string { return date[:min(len(date), len("2006-01"))] }

func (c *catalogListCmd) sort(ls []listed) error {
	by := map[string]func(a, b listed) int{
		"catalog":   nil,
		"name":      func(a, b listed) int { return cmp.Compare(a.ID, b.ID) },
		"memory":    func(a, b listed) int { return cmp.Compare(b.Memory, a.Memory) },
		"bandwidth": func(a, b listed) int { return cmp.Compare(b.Bandwidth, a.Bandwidth) },
		"price": func(a, b listed) int {
			value := func(l listed) float64 {
				if l.Price == nil {
					return 1e18 // unknown prices come last
				}
				return *l.Price
			}
			return cmp.Compare(value(a), value(b))
		},
	}
	f, ok := by[c.Sort]
	if !ok {
		format, err := dtype.Parse(c.Sort)
		if err != nil {
			return fmt.Errorf("--sort %s: want catalog, name, memory, bandwidth, price or a number format", c.Sort)
		}
		f = func(a, b listed) int { return cmp.Compare(b.device.Peak(format), a.device.Peak(format)) }
	}
	if f != nil {
		slices.SortStableFunc(ls, f)
	}
	return nil
}

// runtimes lists the runtime profiles.
func (c *catalogListCmd) runtimes(s *session) error {
	t := show.Table{Columns: []show.Column{{Title: "runtime", Left: true}, {Title: "name", Left: true}, {Title: "serves", Left: true},
		{Title: "runs on", Left: true}, {Title: "default for", Left: true}, {Title: "fusion", Left: true}}}
	for i := range s.catalog.Runtimes {
		p := &s.catalog.Runtimes[i]
		t.Add(p.ID, p.Name, p.Serves, kinds(p.Kinds), kinds(p.DefaultFor), p.Fusion.String())
	}
	return s.answer(&show.Answer{
		Sentence: fmt.Sprintf("%d runtime profiles; choose with --runtime.", len(s.catalog.Runtimes)),
		Tables:   []show.Table{t},
		JSON: struct {
			Schema   string `json:"schema"`
			Runtimes any    `json:"runtimes"`
		}{"roofline.runtimes/v1", t.Rows},
	})
}

func kinds(ks []hardware.Kind) string {
	if len(ks) == 0 {
		return "–"
	}
	var out []string
	for _, k := range ks {
		out = append(out, string(k))
	}
	return strings.Join(out, ", ")
}

type catalogShowCmd struct {
	Device string `arg:"" help:"A device's name."`
}

// value is one line of a device's sheet.
type value struct {
	Field  string          `json:"field"`
	Text   string          `json:"value"`
	Source string          `json:"source"`
	Status hardware.Status `json:"status"`
}

// Run explains one device.
func (c *catalogShowCmd) Run(s *session) error {
	d, err := s.catalog.Find(c.Device)
	if err != nil {
		return err
	}
	values := sheet(d)
	if d.Memory.Bandwidth > 0 {
		for _, f := range d.Formats() {
			values = append(values, value{"ridge point " + f.String(), d.RidgePoint(f).String(), "peak ÷ bandwidth", hardware.Derived})
		}
	}
	e := s.catalog.Efficiency(d)
	for _, f := range d.Formats() {
		if f == dtype.BF16 || f == dtype.FP8 || len(d.Formats()) == 1 {
			values = append(values, value{"sustained " + f.String(), percent(e.Of(f)) + " of peak", "architecture " + cmp.Or(d.Architecture, "default"), hardware.Assumed})
		}
	}
	t := show.Table{Columns: []show.Column{{Title: "field", Left: true}, {Title: "value", Left: true}, {Title: "status", Left: true}, {Title: "source", Left: true}}}
	for _, v := range values {
		source := v.Source
		if source == d.Source {
			source = "" // said once, below
		}
		t.Add(v.Field, v.Text, string(v.Status), source)
	}
	a := &show.Answer{Sentence: d.Name + " (" + d.ID + ")", Tables: []show.Table{t},
		Notes: []string{"source where none is printed: " + d.Source + " (what the keys mean: catalog/sources.toml)"}}
	if d.Note != "" {
		a.Notes = append(a.Notes, d.Note)
	}
	a.Tables = append(a.Tables, c.offers(s, d)...)
	a.JSON = struct {
		Schema string  `json:"schema"`
		ID     string  `json:"id"`
		Name   string  `json:"name"`
		Values []value `json:"values"`
		Note   string  `json:"note,omitempty"`
		Offers any     `json:"offers"`
	}{"roofline.device/v1", d.ID, d.Name, values, d.Note, offersJSON(s, d)}
	return s.answer(a)
}

// sheet lists what is known of a device, field by field.
func sheet(d *hardware.Device) []value {
	var out []value
	add := func(field, text string, known bool) {
		if known {
			o := d.Of(field)
			out = append(out, value{field, text, o.Source, o.Status})
		}
	}
	add("kind", string(d.Kind), true)
	add("architecture", d.Architecture, d.Architecture != "")
	add("form-factor", d.FormFactor, d.FormFactor != "")
	add("released", d.Released, d.Released != "")
	add("memory.capacity", d.Memory.Capacity.String(), d.Memory.Capacity > 0)
	add("memory.nominal", fmt.Sprintf("%s (%s)", d.Memory.Nominal, unit.TrafficScales.Format(float64(d.Memory.Nominal))), d.Memory.Nominal > 0)
	add("memory.bandwidth", d.Memory.Bandwidth.String(), d.Memory.Bandwidth > 0)
	add("memory.kind", d.Memory.Kind, d.Memory.Kind != "")
	add("cache.last-level", d.Cache.LastLevel.String(), d.Cache.LastLevel > 0)
	add("cores.count", fmt.Sprint(d.Cores.Count), d.Cores.Count > 0)
	add("cores.tensor-clock", d.Cores.TensorClock.String(), d.Cores.TensorClock > 0)
	add("cores.boost-clock", d.Cores.BoostClock.String(), d.Cores.BoostClock > 0)
	for _, group := range []struct {
		name  string
		rates *hardware.Rates
	}{{"matrix", &d.Matrix}, {"matrix-fp16-accumulate", &d.MatrixFP16}, {"vector", &d.Vector}} {
		for _, f := range dtype.Arithmetics {
			add(group.name+"."+f.String(), group.rates.Of(f).String(), group.rates.Of(f) > 0)
		}
	}
	for _, l := range d.Links {
		text := fmt.Sprintf("%s one way", l.Bandwidth)
		if l.Topology != "" {
			text += ", " + l.Topology
		}
		if l.Domain > 0 {
			text += fmt.Sprintf(" of %d", l.Domain)
		}
		add("link."+l.Kind, text, true)
	}
	add("power.tdp", d.Power.TDP.String(), d.Power.TDP > 0)
	add("power.idle", d.Power.Idle.String(), d.Power.Idle > 0)
	add("purchase.price", fmt.Sprintf("%s, %s %s", d.Purchase.Price, d.Purchase.Basis, d.Purchase.Date), d.Purchase.Price > 0)
	return out
}

// mostOffers is how many offers a sheet shows.
const mostOffers = 8

// offers lists what the device can be rented in, cheapest per device first.
func (c *catalogShowCmd) offers(s *session, d *hardware.Device) []show.Table {
	all := s.catalog.Instances(d.ID)
	if len(all) == 0 {
		return nil
	}
	var rented []hardware.Instance
	for _, i := range all {
		if i.OnDemand > 0 && i.Suspect == "" && i.Count > 0 {
			rented = append(rented, i)
		}
	}
	each := func(i *hardware.Instance) float64 { return float64(i.OnDemand) / float64(i.Count) }
	slices.SortStableFunc(rented, func(a, b hardware.Instance) int { return cmp.Compare(each(&a), each(&b)) })
	t := show.Table{Columns: []show.Column{{Title: "provider", Left: true}, {Title: "instance", Left: true}, {Title: "region", Left: true},
		{Title: "devices", Whole: true}, {Title: "$/h"}, {Title: "$/h each"}, {Title: "as of", Left: true}}}
	for i := range rented {
		if i == mostOffers && !s.Wide {
			break
		}
		r := &rented[i]
		t.Add(r.Provider, r.ID, r.Region, float64(r.Count), float64(r.OnDemand), each(r), r.Date)
	}
	return []show.Table{t}
}

func offersJSON(s *session, d *hardware.Device) any {
	type offer struct {
		Provider string          `json:"provider"`
		Instance string          `json:"instance"`
		Region   string          `json:"region,omitempty"`
		Devices  int             `json:"devices"`
		OnDemand unit.USDPerHour `json:"on_demand_usd_per_hour,omitempty"`
		Spot     unit.USDPerHour `json:"spot_usd_per_hour,omitempty"`
		Date     string          `json:"as_of"`
		Suspect  string          `json:"suspect,omitempty"`
		Source   string          `json:"source"`
	}
	out := []offer{}
	for _, i := range s.catalog.Instances(d.ID) {
		out = append(out, offer{i.Provider, i.ID, i.Region, i.Count, i.OnDemand, i.Spot, i.Date, i.Suspect, i.Source})
	}
	return out
}

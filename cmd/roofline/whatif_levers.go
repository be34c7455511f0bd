package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"roofline/catalog"
	"roofline/estimate"
	"roofline/hardware"
	"roofline/hardware/dtype"
	"roofline/hardware/unit"
)

// lever is something a result may depend on: one field of the catalog, or several that move together.
type lever struct {
	name   string
	flag   string   // a flag in place of fields
	fields []string // as --set takes them
	now    float64  // of the first field, in base units
	text   string   // as people read it
	whole  bool     // a count
	least  float64  // values that can be asked for
	most   float64
	parse  func(v float64) string // writes a value as --set takes it
}

// paid reports a price.
func (p *lever) paid() bool { return strings.HasPrefix(p.name, "price ") || p.name == "electricity" }

// settings returns the parameter scaled by a factor, in a question.
func (p *lever) settings(q question, factor float64) settings {
	s := settings{question: q}
	if p.flag != "" { // the only one is the price of a device-hour
		s.question.USDPerHour = p.now * factor
		return s
	}
	for _, f := range p.fields {
		s.fields = append(s.fields, catalog.Setting{Path: f, Value: "*" + strconv.FormatFloat(factor, 'g', -1, 64)})
	}
	return s
}

// levers lists what a result may depend on: what is known of the device and of what is around it.
func (x *experiment) levers() []lever {
	k := x.catalog
	t := &x.before.target
	d := k.Device(x.about.Device)
	var out []lever
	add := func(p lever) {
		if p.now > 0 {
			out = append(out, p)
		}
	}
	quantity := func(name, field string, v fmt.Stringer, now, least, most float64, parse func(float64) string) {
		add(lever{name: name, fields: []string{field}, now: now, text: v.String(), least: least, most: max(most, now), parse: parse})
	}
	byteRate := func(v float64) string { return inUnit(v, 1e9, "GB/s") }
	flopRate := func(v float64) string { return inUnit(v, 1e12, "TFLOP/s") }
	quantity("memory bandwidth", "memory.bandwidth", d.Memory.Bandwidth, float64(d.Memory.Bandwidth), 1e9, 200e12, byteRate)
	capacity := "memory.capacity"
	if d.Memory.Capacity == 0 {
		capacity = "memory.nominal"
	}
	usable, _ := d.Memory.Usable()
	quantity("memory capacity", capacity, usable, float64(usable), float64(unit.MiB), 100*float64(unit.TiB), func(v float64) string { return inUnit(v, float64(unit.GiB), "GiB") })
	for _, f := range dtype.Arithmetics {
		quantity("peak "+f.String(), "matrix."+f.String(), d.Matrix.Of(f), float64(d.Matrix.Of(f)), 1e6, 1e18, flopRate)
		quantity("vector peak "+f.String(), "vector."+f.String(), d.Vector.Of(f), float64(d.Vector.Of(f)), 1e6, 1e18, flopRate)
	}
	quantity("last-level cache", "cache.last-level", d.Cache.LastLevel, float64(d.Cache.LastLevel), float64(unit.KiB), float64(unit.TiB), func(v float64) string { return inUnit(v, float64(unit.MiB), "MiB") })
	add(lever{name: "cores at this peak", fields: []string{"cores.count"}, now: float64(d.Cores.Count), text: unit.Group(strconv.Itoa(d.Cores.Count)), whole: true})
	if t.Count > 1 {
		for _, l := range k.LinksOf(x.about) {
			quantity("link "+l.Kind, "link."+l.Kind+".bandwidth", l.Bandwidth, float64(l.Bandwidth), 10e6, 20e12, byteRate)
			latency := k.LinkKind(l.Kind).Latency
			quantity("latency of "+l.Kind, "link."+l.Kind+".latency", latency, float64(latency), 0, 1, nil)
		}
	}
	out = append(out, x.overheads(d)...)
	return append(out, x.prices(d)...)
}

// overheads are the times that are not work, taken together: those of a kernel, and those of the host.
func (x *experiment) overheads(d *hardware.Device) []lever {
	r := x.catalog.Runtime(x.about.Runtime)
	kernel := lever{name: "kernel overhead"}
	host := lever{name: "host overhead"}
	e := x.catalog.Efficiency(d)
	for _, f := range []struct {
		p     *lever
		field string
		v     unit.Seconds
	}{
		{&kernel, "efficiency.kernel-floor", e.KernelFloor}, {&kernel, "runtime.launch", r.Launch},
		{&kernel, "runtime.attention.prefill", r.Attention.Prefill}, {&kernel, "runtime.attention.decode", r.Attention.Decode},
		{&kernel, "runtime.split-k", r.SplitK}, {&host, "runtime.per-step", r.PerStep}, {&host, "runtime.per-layer", r.PerLayer},
		{&host, "runtime.per-sequence", r.PerSequence}, {&host, "runtime.per-request", r.PerRequest},
	} {
		if f.v > 0 && !r.Ideal {
			f.p.fields = append(f.p.fields, f.field)
			f.p.now += float64(f.v)
			f.p.text = strings.TrimPrefix(f.p.text+" + "+f.v.String(), " + ")
		}
	}
	var out []lever
	for _, p := range []lever{kernel, host} {
		if p.fields != nil {
			out = append(out, p)
		}
	}
	return out
}

// prices are what is paid: the rent of a device-hour, or the price of what is bought, and electricity.
func (x *experiment) prices(d *hardware.Device) []lever {
	dollars := func(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) + "USD" }
	if x.question.Price != hardware.PurchaseBuy {
		last := x.before.results[len(x.before.results)-1]
		if last.Cost == nil {
			return nil
		}
		each := float64(last.Cost.USDPerHour) / float64(last.Count)
		return []lever{{name: "price of a device-hour", flag: "usd-per-hour", now: each, text: unit.USDPerHour(each).String(), least: 1e-6, most: 1e6,
			parse: func(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }}}
	}
	var out []lever
	price := lever{name: "price of a device", fields: []string{"purchase.price"}, now: float64(d.Purchase.Price), text: d.Purchase.Price.String(), least: 1, most: 100e6, parse: dollars}
	if s := x.catalog.System(x.about.System); s != nil && s.Purchase.Price > 0 {
		price = lever{name: "price of a system", fields: []string{"system.purchase.price"}, now: float64(s.Purchase.Price), text: s.Purchase.Price.String(), least: 1, most: 100e6, parse: dollars}
	}
	if price.now > 0 {
		out = append(out, price)
	}
	if s := x.catalog.Site(x.about.Site); s != nil && s.Electricity.Price.Amount > 0 && x.question.Electricity.Amount == 0 {
		out = append(out, lever{name: "electricity", fields: []string{"site.electricity.price"}, now: s.Electricity.Price.Amount, text: s.Electricity.Price.String()})
	}
	return out
}

// inUnit prints a value with six digits in a unit, as --set takes it.
func inUnit(v, factor float64, symbol string) string {
	return strconv.FormatFloat(v/factor, 'g', 6, 64) + symbol
}

// at returns the answers where a parameter is scaled by a factor; ok is false where it can't be.
func (x *experiment) at(q question, p *lever, factor float64) (results []*estimate.Result, ok bool) {
	s := p.settings(q, factor)
	k, _, _, err := x.catalog.Suppose(x.about, s.fields...)
	if err != nil {
		return nil, false
	}
	r, err := x.answer(s.question, k)
	return r.results, err == nil
}

// step is by how much a parameter is moved for its elasticity: what makes a whole number of a count.
func (p *lever) step(h float64) float64 {
	if p.whole {
		return math.Max(1, math.Round(p.now*h)) / p.now
	}
	return h
}

package chart

import (
	"math"

	"roofline/hardware/unit"
)

// Roofline shows work under the roofs of devices: arithmetic intensity against the rate it is done at, both logarithmic. A
// dot's area is its share of the time. (S. Williams, A. Waterman, D. Patterson, "Roofline", CACM 2009.)
type Roofline struct {
	Caption
	Roofs []Roof
}

// Roof is what a device could do, and what it does.
type Roof struct {
	Device    string
	Bandwidth unit.ByteRate // the diagonal
	Peaks     []Peak        // the flat roofs
	Work      []Dot
}

// Peak is the rate of a number format.
type Peak struct {
	Format string
	Rate   unit.FLOPRate
}

// Dot is work that was done. What has no FLOPs or moves no bytes has no place in the picture and is named below it.
type Dot struct {
	Name      string
	Intensity unit.Intensity // of the work: FLOP per byte
	Rate      unit.FLOPRate  // achieved: FLOPs ÷ time
	Time      unit.Seconds   // the dot's area
	Limit     string         // compute, memory, communication, overhead
}

func (d *Dot) drawable() bool {
	return positive(float64(d.Intensity)) && positive(float64(d.Rate))
}

// drawable reports whether a device has a roof that can be drawn.
func (r *Roof) drawable() bool { return positive(float64(r.Bandwidth)) && r.top().Rate > 0 }

// ridge is the intensity from which a peak, and not the bandwidth, is the limit.
func (r *Roof) ridge(peak Peak) float64 { return float64(peak.Rate) / float64(r.Bandwidth) }

// top is the highest peak.
func (r *Roof) top() (top Peak) {
	for _, k := range r.Peaks {
		if k.Rate > top.Rate && finite(float64(k.Rate)) {
			top = k
		}
	}
	return top
}

func (*Roofline) height(p *pen, width float64) float64 { return min(0.62*width, 36*p.em) }

var (
	intensityAxis = Measure{Name: "arithmetic intensity", Unit: "FLOP/byte", Log: true}
	rateAxis      = Measure{Name: "rate", Scales: unit.FLOPRateScales, Log: true}
)

// leaves names the work that has no place under a roofline.
func (r *Roofline) leaves() []string {
	var names, roofless []string
	for i := range r.Roofs {
		for j := range r.Roofs[i].Work {
			if d := &r.Roofs[i].Work[j]; !d.drawable() {
				names = append(names, d.Name)
			}
		}
		if !r.Roofs[i].drawable() {
			roofless = append(roofless, r.Roofs[i].Device)
		}
	}
	var out []string
	if len(names) > 0 {
		out = append(out, "Not drawn, for they compute nothing or move nothing: "+listed(names)+".")
	}
	if len(roofless) > 0 {
		out = append(out, "Without a roof, for its peak or bandwidth is not known: "+listed(roofless)+".")
	}
	return out
}

func (r *Roofline) draw(p *pen, area box) {
	area = p.keyed(r.key(p), area)
	xs, ys := r.extent()
	f := p.axes(area, &intensityAxis, &rateAxis, intensityAxis.span(xs), rateAxis.span(ys))
	p.grid(f)
	o := &obstacles{within: f.box}
	for i := range r.Roofs {
		if r.Roofs[i].drawable() {
			r.drawRoof(p, f, o, i)
		}
	}
	named := r.drawWork(p, f, o)
	if len(r.Roofs) == 1 && r.Roofs[0].drawable() {
		r.nameRoof(p, f, o)
	}
	p.place(o, named)
	if len(xs) == 0 {
		p.nothing(f.box)
	}
}

// extent returns the values that the axes have to hold: all work, and of every roof the ridge and some way to both sides.
func (r *Roofline) extent() (xs, ys []float64) {
	for i := range r.Roofs {
		roof := &r.Roofs[i]
		for j := range roof.Work {
			if d := &roof.Work[j]; d.drawable() {
				xs, ys = append(xs, float64(d.Intensity)), append(ys, float64(d.Rate))
			}
		}
		if roof.drawable() {
			top := roof.top()
			xs = append(xs, roof.ridge(top)/10, roof.ridge(top)*10)
			ys = append(ys, float64(top.Rate)*1.4, float64(top.Rate)/30)
		}
	}
	return xs, ys
}

// stroke of a device's roofs: of several devices each has its own.
func (r *Roofline) stroke(p *pen, i int) stroke {
	if len(r.Roofs) == 1 {
		return stroke{color: p.text, width: 0.13 * p.em}
	}
	l := p.look(i)
	return stroke{color: l.color, width: 0.13 * p.em, dash: l.dash}
}

// slope is the line along which the bandwidth is the limit, up to the highest roof.
func (r *Roof) slope(f *field) [2]point {
	first := max(f.x.min, f.y.min/float64(r.Bandwidth))
	corner := f.x.clamp(r.ridge(r.top()))
	return [2]point{f.at(first, f.y.clamp(first*float64(r.Bandwidth))), f.at(corner, f.y.clamp(min(corner*float64(r.Bandwidth), float64(r.top().Rate))))}
}

// flat is the line along which a peak is the limit.
func (r *Roof) flat(f *field, k Peak) [2]point {
	y := f.y.at(f.y.clamp(float64(k.Rate)))
	return [2]point{{f.x.at(f.x.clamp(r.ridge(k))), y}, {f.x1, y}}
}

// drawRoof draws the roofs of a device.
func (r *Roofline) drawRoof(p *pen, f *field, o *obstacles, i int) {
	roof, s := &r.Roofs[i], r.stroke(p, i)
	for _, k := range roof.Peaks {
		line := roof.flat(f, k)
		if f.x.holds(roof.ridge(k)) {
			p.line(stroke{color: p.axis, width: 0.06 * p.em, dash: []float64{1.5, 3}}, line[0], point{line[0].x, f.y0})
		}
		p.line(s, line[:]...)
		o.curve(line[:]...)
	}
	slope := roof.slope(f)
	p.line(s, slope[:]...)
	o.curve(slope[:]...)
}

// nameRoof writes peaks on the flat roofs, the bandwidth beside the slope, and the ridges at their feet. Roofs of several
// devices lie too close for words: there the legend says all that.
func (r *Roofline) nameRoof(p *pen, f *field, o *obstacles) {
	roof := &r.Roofs[0]
	for _, k := range roof.Peaks {
		r.nameFlat(p, o, joinWords(k.Format, k.Rate.String()), roof.flat(f, k))
		if f.x.holds(roof.ridge(k)) {
			r.nameRidge(p, f, o, roof.ridge(k))
		}
	}
	slope := roof.slope(f)
	at := point{slope[0].x + 0.3*(slope[1].x-slope[0].x), slope[0].y + 0.3*(slope[1].y-slope[0].y)}
	p.place(o, []label{{lines: []string{roof.Bandwidth.String()}, color: p.text, at: at, far: true}})
}

// said is the roof in words, for a legend.
func (r *Roof) said() string {
	parts := []string{r.Device}
	if r.drawable() {
		for _, k := range r.Peaks {
			parts = append(parts, joinWords(k.Format, k.Rate.String()))
		}
		parts = append(parts, r.Bandwidth.String(), "ridge "+unit.Number(r.ridge(r.top()), 3))
	}
	return join(parts...)
}

// nameFlat writes the name of a flat roof above or below it, near its end, where it covers least.
func (r *Roofline) nameFlat(p *pen, o *obstacles, text string, roof [2]point) {
	style := lettering{color: p.text, size: labelSize, align: 1}
	w, h := p.width(style, text), (capital+descender)*labelSize*p.em
	var best box
	least := math.Inf(1)
	for k, base := range []float64{roof[1].y + 0.2*p.em, roof[1].y - h - 0.2*p.em} {
		for x := roof[1].x; x-w >= roof[0].x || x == roof[1].x; x -= w / 2 {
			b := box{x - w, base, x, base + h}
			cost, free := o.cost(b)
			if cost += 0.5*float64(k) + (roof[1].x-x)/w; free && cost < least {
				best, least = b, cost
			}
		}
	}
	if math.IsInf(least, 1) {
		return
	}
	o.words = append(o.words, best)
	if least >= 4 {
		p.rectangle(p.background, best)
	}
	p.write(style, best.x1, best.y0+descender*labelSize*p.em, text)
}

// nameRidge writes the intensity of a ridge at the foot of its line.
func (r *Roofline) nameRidge(p *pen, f *field, o *obstacles, ridge float64) {
	style := lettering{color: p.muted, size: labelSize}
	text := "ridge " + unit.Number(ridge, 3)
	w, h := p.width(style, text), (capital+descender)*labelSize*p.em
	var best box
	least := math.Inf(1)
	for row := range 4 {
		y := f.y0 + (0.35+1.1*float64(row))*p.em
		for k, x := range []float64{f.x.at(ridge) + 0.3*p.em, f.x.at(ridge) - w - 0.3*p.em} {
			b := box{x, y, x + w, y + h}
			cost, free := o.cost(b)
			if cost += float64(row) + 0.5*float64(k); free && cost < least {
				best, least = b, cost
			}
		}
	}
	if !math.IsInf(least, 1) {
		o.words = append(o.words, best)
		p.write(style, best.x0, best.y0+descender*labelSize*p.em, text)
	}
}

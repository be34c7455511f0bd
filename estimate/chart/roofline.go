package chart

import (
	"fmt"
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
	return d.Intensity > 0 && d.Rate > 0 && !math.IsInf(float64(d.Intensity), 0) && !math.IsInf(float64(d.Rate), 0)
}

func (*Roofline) height(p *pen, width float64) float64 { return min(0.62*width, 34*p.em) }

var (
	intensityAxis = Measure{Name: "arithmetic intensity", Unit: "FLOP/byte", Log: true}
	rateAxis      = Measure{Name: "rate", Scales: unit.FLOPRateScales, Log: true}
)

// leaves names the work that has no place under a roofline.
func (r *Roofline) leaves() []string {
	var names []string
	for i := range r.Roofs {
		for j := range r.Roofs[i].Work {
			if d := &r.Roofs[i].Work[j]; !d.drawable() {
				names = append(names, d.Name)
			}
		}
	}
	if len(names) == 0 {
		return nil
	}
	return []string{"Not drawn, because they compute nothing or move nothing: " + listed(names) + "."}
}

// ridge is the intensity from which a peak, and not the bandwidth, is the limit.
func (r *Roof) ridge(peak Peak) float64 { return float64(peak.Rate) / float64(r.Bandwidth) }

// top is the highest peak.
func (r *Roof) top() (top Peak) {
	for _, k := range r.Peaks {
		if k.Rate > top.Rate {
			top = k
		}
	}
	return top
}

func (r *Roofline) draw(p *pen, area box) {
	var xs, ys []float64
	for i := range r.Roofs {
		roof := &r.Roofs[i]
		for j := range roof.Work {
			if d := &roof.Work[j]; d.drawable() {
				xs, ys = append(xs, float64(d.Intensity)), append(ys, float64(d.Rate))
			}
		}
		if roof.Bandwidth > 0 && len(roof.Peaks) > 0 {
			top := roof.top()
			ridge := roof.ridge(top)
			xs, ys = append(xs, ridge/10, ridge*10), append(ys, float64(top.Rate)*2, float64(top.Rate)/30)
		}
	}
	key := r.key(p)
	p.legend(key, area.x0, area.y1, area.width())
	area.y1 -= p.legendHeight(key, area.width())
	f := p.axes(area, &intensityAxis, &rateAxis, intensityAxis.span(xs), rateAxis.span(ys))
	o := &obstacles{within: f.box}
	for i := range r.Roofs {
		r.drawRoof(p, f, o, i)
	}
	r.drawWork(p, f, o)
}

// drawRoof draws the roofs of a device and names them.
func (r *Roofline) drawRoof(p *pen, f *field, o *obstacles, i int) {
	roof := &r.Roofs[i]
	if roof.Bandwidth <= 0 || len(roof.Peaks) == 0 {
		return
	}
	l := p.look(i)
	s := stroke{color: p.text, width: 0.13 * p.em}
	if len(r.Roofs) > 1 {
		s = stroke{color: l.color, width: 0.13 * p.em, dash: l.dash}
	}
	under := func(x float64) float64 { return min(x*float64(roof.Bandwidth), float64(roof.top().Rate)) }
	first := max(f.x.min, f.y.min/float64(roof.Bandwidth))
	corner := f.x.clamp(roof.ridge(roof.top()))
	slope := []point{f.at(first, f.y.clamp(under(first))), f.at(corner, f.y.clamp(under(corner)))}
	p.line(s, slope...)
	o.curve(slope)
	name := ""
	if len(r.Roofs) > 1 {
		name = roof.Device + " "
	}
	for _, k := range roof.Peaks {
		ridge := f.x.clamp(roof.ridge(k))
		y := f.y.at(f.y.clamp(float64(k.Rate)))
		line := []point{{f.x.at(ridge), y}, {f.x1, y}}
		p.line(s, line...)
		o.curve(line)
		r.nameAbove(p, o, fmt.Sprintf("%s%s %s", name, k.Format, k.Rate), f.x1, y, s)
		if f.x.holds(roof.ridge(k)) {
			p.line(stroke{color: p.axis, width: 0.06 * p.em, dash: []float64{1.5, 3}}, point{f.x.at(ridge), y}, point{f.x.at(ridge), f.y0})
			o.curve([]point{{f.x.at(ridge), y}, {f.x.at(ridge), f.y0}})
			r.nameRidge(p, f, o, roof.ridge(k), s)
		}
	}
	r.nameSlope(p, f, o, slope, fmt.Sprintf("%s%s", name, roof.Bandwidth), s)
}

// nameAbove writes the name of a flat roof on it, at its right end.
func (r *Roofline) nameAbove(p *pen, o *obstacles, text string, x, y float64, s stroke) {
	style := lettering{color: s.color, size: 0.88, align: 1}
	w, h := p.width(style, text), (capital+descender)*0.88*p.em
	for _, base := range []float64{y + 0.25*p.em, y - h - 0.1*p.em} {
		b := box{x - w, base, x, base + h}
		if b.within(o.within) && !overlapsAny(b, o.boxes) {
			o.boxes = append(o.boxes, b)
			p.write(style, x, base+descender*0.88*p.em, text)
			return
		}
	}
}

// nameRidge writes the intensity of a ridge at the foot of its line.
func (r *Roofline) nameRidge(p *pen, f *field, o *obstacles, ridge float64, s stroke) {
	style := lettering{color: p.muted, size: 0.85}
	text := "ridge " + unit.Number(ridge, 3)
	w, h := p.width(style, text), (capital+descender)*0.85*p.em
	for row := range 4 {
		x, y := f.x.at(ridge)+0.3*p.em, f.y0+0.35*p.em+float64(row)*1.1*p.em
		for _, left := range []float64{x, x - w - 0.6*p.em} {
			b := box{left, y, left + w, y + h}
			if b.within(f.box) && !overlapsAny(b, o.boxes) {
				o.boxes = append(o.boxes, b)
				p.write(style, left, y+descender*0.85*p.em, text)
				return
			}
		}
	}
}

// nameSlope writes the bandwidth along the diagonal.
func (r *Roofline) nameSlope(p *pen, f *field, o *obstacles, slope []point, text string, s stroke) {
	dx, dy := slope[1].x-slope[0].x, slope[1].y-slope[0].y
	long := math.Hypot(dx, dy)
	style := lettering{color: s.color, size: 0.88, turn: math.Atan2(dy, dx)}
	w := p.width(style, text)
	if long < w {
		return
	}
	cos, sin := dx/long, dy/long
	for _, share := range []float64{0.5, 0.25, 0.75, 0.1} {
		d := (long - w) * share
		from := point{slope[0].x + cos*d - sin*0.35*p.em, slope[0].y + sin*d + cos*0.35*p.em}
		var covered []box // small boxes along the slanted word
		for k := 0.0; k <= w; k += 0.5 * p.em {
			x, y := from.x+cos*k-sin*0.3*p.em, from.y+sin*k+cos*0.3*p.em
			covered = append(covered, box{x - 0.4*p.em, y - 0.4*p.em, x + 0.4*p.em, y + 0.4*p.em})
		}
		free := true
		for _, b := range covered {
			free = free && b.within(f.box) && !overlapsAny(b, o.boxes)
		}
		if free {
			o.boxes = append(o.boxes, covered...)
			p.write(style, from.x, from.y, text)
			return
		}
	}
}

// limits in the order of their looks.
var limits = []string{"compute", "memory", "communication", "overhead"}

// limitLook is how work with a limit is drawn.
func (p *pen) limitLook(limit string) look {
	at := map[string]int{"memory": 0, "compute": 1, "communication": 2, "overhead": 3}
	if i, ok := at[limit]; ok {
		return p.look(i)
	}
	return p.look(6)
}

// dotLook is by limit where there is one device, else by device.
func (r *Roofline) dotLook(p *pen, roof int, d *Dot) look {
	if len(r.Roofs) > 1 {
		return p.look(roof)
	}
	return p.limitLook(d.Limit)
}

// key explains the looks of the dots.
func (r *Roofline) key(p *pen) []keyed {
	var out []keyed
	if len(r.Roofs) > 1 {
		for i := range r.Roofs {
			out = append(out, keyed{look: p.look(i), text: r.Roofs[i].Device, line: true, marker: true})
		}
		return out
	}
	seen := map[string]bool{}
	for i := range r.Roofs {
		for j := range r.Roofs[i].Work {
			seen[r.Roofs[i].Work[j].Limit] = r.Roofs[i].Work[j].drawable() || seen[r.Roofs[i].Work[j].Limit]
		}
	}
	for _, limit := range limits {
		if seen[limit] {
			out = append(out, keyed{look: p.limitLook(limit), text: "limited by " + limit, marker: true})
		}
	}
	return out
}

// drawWork draws the dots, the largest first, and names those that take the most time.
func (r *Roofline) drawWork(p *pen, f *field, o *obstacles) {
	var total unit.Seconds
	var ls []label
	for i := range r.Roofs {
		total = 0
		for _, d := range r.Roofs[i].Work {
			total += d.Time
		}
		dots := drawables(r.Roofs[i].Work)
		for _, d := range dots {
			share := float64(d.Time / total)
			if total == 0 {
				share = 0
			}
			at := f.at(float64(d.Intensity), float64(d.Rate))
			radius := max(0.22*p.em, 1.9*p.em*math.Sqrt(share))
			l := r.dotLook(p, i, d)
			p.tagged(fmt.Sprintf("%s: %s, %s, %s, limited by %s", d.Name, d.Intensity, d.Rate, d.Time, d.Limit), func() {
				p.marker(l.shape, l.color, at.x, at.y, radius)
			})
			o.mark(at, radius)
			text := d.Name
			if total > 0 {
				text = fmt.Sprintf("%s %s", d.Name, shareText(share))
			}
			ls = append(ls, label{text: text, color: p.text, at: at, radius: radius, rank: share})
		}
	}
	p.place(o, largest(ls, mostNamed))
}

// mostNamed is how many dots of a roofline are named.
const mostNamed = 9

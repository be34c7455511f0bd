package chart

import (
	"fmt"
	"math"
	"strconv"

	"roofline/hardware/unit"
)

// Measure is what an axis or a row of bars shows.
type Measure struct {
	Name   string      // "output tokens per device"
	Unit   string      // "tok/s"; where there are Scales, theirs is printed
	Scales unit.Scales // of a quantity in base units
	Log    bool
	Better Direction

	doubling bool // ticks at powers of two
}

// Direction says which end of an axis is better.
type Direction uint8

// The better ends.
const (
	Neither Direction = iota
	Higher
	Lower
)

// drawable reports whether a value can be drawn on the measure's axis.
func (m *Measure) drawable(v float64) bool {
	return !math.IsNaN(v) && !math.IsInf(v, 0) && (!m.Log || v > 0)
}

// title returns the axis's title with the unit of a scale.
func (m *Measure) title(s unit.Scale) string {
	u := m.Unit
	if s.Symbol != "" {
		u = s.Symbol
	}
	if u == "" {
		return m.Name
	}
	return fmt.Sprintf("%s (%s)", m.Name, u)
}

// scale returns the scale values up to most are printed in.
func (m *Measure) scale(most float64) unit.Scale {
	if len(m.Scales) == 0 {
		return unit.Scale{Factor: 1}
	}
	return m.Scales.For(most)
}

// axis maps values to places between two ends of the canvas.
type axis struct {
	min, max float64
	log      bool
	doubling bool
	from, to float64
}

// span returns the axis that holds values, with some room at the ends; a linear one of positive values begins at zero.
func (m *Measure) span(values []float64) axis {
	a := axis{min: math.Inf(1), max: math.Inf(-1), log: m.Log, doubling: m.doubling}
	for _, v := range values {
		if m.drawable(v) {
			a.min, a.max = min(a.min, v), max(a.max, v)
		}
	}
	switch {
	case a.min > a.max: // nothing to draw
		a.min, a.max = 1, 10
		if !m.Log {
			a.min = 0
		}
	case m.Log:
		room := math.Pow(max(a.max/a.min, 2), 0.06)
		a.min, a.max = a.min/room, a.max*room
	default:
		if a.min > 0 {
			a.min = 0
		}
		if a.max < 0 {
			a.max = 0
		}
		if a.max == a.min {
			a.max = 1
		}
		if a.max > 0 {
			a.max += (a.max - a.min) * 0.06
		}
		if a.min < 0 {
			a.min -= (a.max - a.min) * 0.06
		}
	}
	return a
}

// at returns the place of a value.
func (a *axis) at(v float64) float64 {
	if a.log {
		return a.from + (a.to-a.from)*math.Log(v/a.min)/math.Log(a.max/a.min)
	}
	return a.from + (a.to-a.from)*(v-a.min)/(a.max-a.min)
}

// holds reports whether a value lies on the axis.
func (a *axis) holds(v float64) bool { return v >= a.min*(1-1e-12) && v <= a.max*(1+1e-12) }

// clamp moves a value onto the axis.
func (a *axis) clamp(v float64) float64 { return max(a.min, min(a.max, v)) }

// tick is a mark of an axis; those without a label are minor.
type tick struct {
	value float64
	label string
}

// ticks marks round values of an axis, about so many of them labelled, printed in a scale.
func (a *axis) ticks(about int, s unit.Scale) []tick {
	var values []float64
	switch {
	case a.doubling:
		values = a.powersOfTwo(about)
	case a.log:
		values = a.decades(about)
	default:
		values = round125(a.min/s.Factor, a.max/s.Factor, about)
		for i := range values {
			values[i] *= s.Factor
		}
	}
	var out []tick
	for _, v := range values {
		like := v / s.Factor
		if !a.log && len(values) > 0 { // one prefix for all
			like = max(math.Abs(values[0]), math.Abs(values[len(values)-1])) / s.Factor
		}
		out = append(out, tick{v, tickLabel(v/s.Factor, like)})
	}
	if a.log && !a.doubling && a.max/a.min < 1e5 {
		for k := math.Floor(math.Log10(a.min)); k <= math.Log10(a.max); k++ {
			for m := 1.0; m < 10; m++ {
				if v := m * math.Pow(10, k); a.holds(v) {
					out = append(out, tick{value: v})
				}
			}
		}
	}
	return out
}

// powersOfTwo returns powers of two on the axis, or of four, eight … where those are too many.
func (a *axis) powersOfTwo(about int) (out []float64) {
	first, last := math.Ceil(math.Log2(a.min)-1e-9), math.Floor(math.Log2(a.max)+1e-9)
	step := math.Max(1, math.Ceil((last-first+1)/float64(about)))
	for k := first; k <= last; k += step {
		out = append(out, math.Exp2(k))
	}
	return out
}

// mantissas of labelled ticks on a logarithmic axis, from few to many.
var mantissas = [][]float64{{1}, {1, 3}, {1, 2, 5}, {1, 1.5, 2, 3, 5, 7}}

// decades returns round values of a logarithmic axis: whole decades where there are enough, else parts of them, else round
// steps.
func (a *axis) decades(about int) []float64 {
	span := math.Log10(a.max / a.min)
	step := math.Max(1, math.Ceil(span/float64(about)))
	for _, ms := range mantissas {
		var out []float64
		for k := math.Floor(math.Log10(a.min)/step) * step; k <= math.Log10(a.max); k += step {
			for _, m := range ms {
				if v := m * math.Pow(10, k); a.holds(v) {
					out = append(out, v)
				}
			}
		}
		if len(out) >= 3 && len(out) <= about+2 || len(out) >= 2 && span > 2 {
			return out
		}
	}
	return round125(a.min, a.max, about)
}

// round125 returns multiples of 1, 2 or 5 times a power of ten between two values, at most about so many.
func round125(from, to float64, about int) []float64 {
	raw := (to - from) / float64(max(about, 1))
	power := math.Pow(10, math.Floor(math.Log10(raw)))
	step := 10 * power
	for _, m := range []float64{1, 2, 5} {
		if m*power >= raw*(1-1e-9) {
			step = m * power
			break
		}
	}
	var out []float64
	for i := math.Ceil(from/step - 1e-9); i*step <= to*(1+1e-12); i++ {
		out = append(out, i*step+0) // +0: not -0
	}
	return out
}

// tickLabel prints a round number with the SI prefix that suits another, where that is long.
func tickLabel(v, like float64) string {
	for _, p := range prefixes {
		if math.Abs(like) >= p.from*(1-1e-9) {
			if v == 0 {
				return "0"
			}
			return number(v/p.factor) + p.symbol
		}
	}
	return number(v)
}

// prefixes of numbers from a size on.
var prefixes = []struct {
	from, factor float64
	symbol       string
}{{1e15, 1e15, " P"}, {1e12, 1e12, " T"}, {1e9, 1e9, " G"}, {1e6, 1e6, " M"}, {1e5, 1e3, " k"}, {1e-4, 1, ""}, {1e-6, 1e-6, " µ"}, {1e-15, 1e-9, " n"}}

// number prints a number without the noise of its last bits.
func number(v float64) string {
	r, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 10, 64), 64)
	if r < 0 {
		return "−" + unit.Group(strconv.FormatFloat(-r, 'f', -1, 64))
	}
	return unit.Group(strconv.FormatFloat(r, 'f', -1, 64))
}

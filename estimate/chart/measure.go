package chart

import (
	"fmt"
	"math"
	"slices"
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

// outOfReach is more than any quantity there is; its inverse is less.
const outOfReach = 1e30

// finite reports a value that is known and within reach.
func finite(v float64) bool { return math.Abs(v) < outOfReach }

// positive reports a finite value that is above zero.
func positive(v float64) bool { return v > 1/outOfReach && finite(v) }

// drawable reports whether a value can be drawn on the measure's axis.
func (m *Measure) drawable(v float64) bool { return finite(v) && (!m.Log || positive(v)) }

// base returns the symbol of the unit that values are in.
func (m *Measure) base() string {
	for _, s := range m.Scales {
		if s.Factor == 1 {
			return s.Symbol
		}
	}
	return m.Unit
}

// spelled reports whether ticks carry the unit: on a logarithmic axis of a quantity with a short one, 10 µs to 1 s.
func (m *Measure) spelled() bool { return m.Log && len(m.Scales) > 0 && len(m.base()) == 1 }

// title returns the axis's title with the unit of a scale.
func (m *Measure) title(s unit.Scale) string {
	if s.Symbol == "" || m.spelled() {
		return m.Name
	}
	return fmt.Sprintf("%s (%s)", m.Name, s.Symbol)
}

// scale returns the scale that values up to most are printed in: on a logarithmic axis the base unit, with prefixes.
func (m *Measure) scale(most float64) unit.Scale {
	if len(m.Scales) == 0 || m.Log {
		return unit.Scale{Factor: 1, Symbol: m.base()}
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
		room := max(1.1, math.Pow(a.max/a.min, 0.03))
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

// widened returns the axis with a share of its length added at the far end.
func (a axis) widened(share float64) axis {
	if a.log {
		a.max *= math.Pow(a.max/a.min, share)
	} else {
		a.max += (a.max - a.min) * share
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
func (m *Measure) ticks(a *axis, about int, s unit.Scale) []tick {
	var out []tick
	switch {
	case a.doubling:
		for _, v := range a.powersOfTwo(about) {
			out = append(out, tick{v, number(v)})
		}
	case a.log:
		for _, v := range a.decades(about) {
			out = append(out, tick{v, m.prefixed(v, v)})
		}
		out = append(out, a.minor()...)
	default:
		values := rounded(a.min/s.Factor, a.max/s.Factor, about)
		for _, v := range values {
			out = append(out, tick{v * s.Factor, m.prefixed(v, max(math.Abs(values[0]), math.Abs(values[len(values)-1])))})
		}
	}
	return out
}

// minor marks the parts of decades, unless there are too many.
func (a *axis) minor() (out []tick) {
	if a.max/a.min > 1e5 {
		return nil
	}
	for k := math.Floor(math.Log10(a.min)); k <= math.Log10(a.max); k++ {
		for m := 1.0; m < 10; m++ {
			if v := m * math.Pow(10, k); a.holds(v) {
				out = append(out, tick{value: v})
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

// mantissas of labelled ticks on a logarithmic axis, from many to few.
var mantissas = [][]float64{{1, 1.5, 2, 3, 5, 7}, {1, 2, 5}, {1, 3}, {1}}

// decades returns round values of a logarithmic axis: as many parts of decades as there is room for, else whole ones, or
// every second, third …; on an axis that holds none of them, round steps.
func (a *axis) decades(about int) []float64 {
	for _, ms := range mantissas {
		if out := a.multiples(ms, 1); len(out) >= 2 && len(out) <= about {
			return out
		}
	}
	step := math.Ceil(math.Log10(a.max/a.min) / float64(about))
	if out := a.multiples([]float64{1}, max(step, 1)); len(out) >= 2 || step > 1 && len(out) == 1 {
		return out
	}
	return slices.DeleteFunc(rounded(a.min, a.max, about), func(v float64) bool { return !a.holds(v) })
}

// multiples returns what lies on the axis of some mantissas times every so-manieth power of ten.
func (a *axis) multiples(mantissas []float64, step float64) (out []float64) {
	for k := math.Floor(math.Log10(a.min)/step) * step; k <= math.Log10(a.max); k += step {
		for _, m := range mantissas {
			if v := m * math.Pow(10, k); a.holds(v) {
				out = append(out, v)
			}
		}
	}
	return out
}

// rounded returns multiples of 1, 2 or 5 times a power of ten between two values, about so many and never many more.
func rounded(from, to float64, about int) (out []float64) {
	raw := (to - from) / float64(max(about, 1))
	power := math.Pow(10, math.Floor(math.Log10(raw)))
	step := 10 * power
	for _, m := range []float64{1, 2, 5} {
		if m*power >= raw*0.85 {
			step = m * power
			break
		}
	}
	for i := math.Ceil(from/step - 1e-9); i*step <= to*(1+1e-12); i++ {
		out = append(out, i*step+0) // +0: not -0
	}
	return out
}

// prefixed prints a number with the prefix that suits another, and the unit where ticks carry it.
func (m *Measure) prefixed(v, like float64) string {
	from := prefixes[:]
	u := ""
	if m.Log && len(m.Scales) > 0 {
		from = siPrefixes[:]
		if m.spelled() {
			u = m.base()
		}
	}
	for _, p := range from {
		if math.Abs(like) >= p.from*(1-1e-9) {
			if v == 0 {
				return "0"
			}
			return joinWords(number(v/p.factor), p.symbol+u)
		}
	}
	return joinWords(number(v), u)
}

type prefix struct {
	from, factor float64
	symbol       string
}

// prefixes shorten bare numbers that are long; siPrefixes go with units.
var (
	prefixes   = [...]prefix{{1e15, 1e15, "P"}, {1e12, 1e12, "T"}, {1e9, 1e9, "G"}, {1e6, 1e6, "M"}, {1e5, 1e3, "k"}, {1e-4, 1, ""}, {1e-6, 1e-6, "µ"}, {1e-15, 1e-9, "n"}}
	siPrefixes = [...]prefix{{1e15, 1e15, "P"}, {1e12, 1e12, "T"}, {1e9, 1e9, "G"}, {1e6, 1e6, "M"}, {1e3, 1e3, "k"}, {1, 1, ""}, {1e-3, 1e-3, "m"}, {1e-6, 1e-6, "µ"}, {1e-15, 1e-9, "n"}}
)

// number prints a number without the noise of its last bits.
func number(v float64) string {
	r, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 10, 64), 64)
	if r < 0 {
		return "−" + unit.Group(strconv.FormatFloat(-r, 'f', -1, 64))
	}
	return unit.Group(strconv.FormatFloat(r, 'f', -1, 64))
}

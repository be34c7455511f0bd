// Package sensitivity says how much a result depends on what goes into it: elasticities, and the inverse, how much of
// one input a result takes.
//
// An input is scaled by a factor, everything else held; the functions here know nothing of models or machines.
package sensitivity

import (
	"errors"
	"math"
)

// Step is by how much inputs that can have any value are moved either way, as a share: small against any change a buyer
// would pay for, large against the rounding of an estimate.
const Step = 0.01

// kink is the difference of the slopes on both sides from which a point counts as an edge.
const kink = 0.05

// Elasticity is d ln y ÷ d ln x: by how many per cent a result changes for each per cent of an input. −1 is a time that
// halves when the input doubles, 0 one that does not depend on it.
type Elasticity struct {
	Value float64 // of the central difference
	Below float64 // of the step down alone
	Above float64 // of the step up alone
	// Known are the sides that could be evaluated; Value is that side's alone where it is one.
	Known Sides
}

// Sides are the sides of a point a difference was taken on.
type Sides uint8

// The sides.
const (
	None Sides = iota
	Down       // the result is only known for less of the input
	Up         // … for more of it
	Both
)

// Kinked reports an edge: more of the input does not change the result as less of it does.
func (e Elasticity) Kinked() bool { return e.Known == Both && math.Abs(e.Above-e.Below) > kink }

// Of returns the elasticity of y at factor 1 by the central difference in logarithms over ±h, [Step] or what makes a
// whole number of what has to be one,
//
//	(ln y(1+h) − ln y(1−h)) ÷ (ln(1+h) − ln(1−h))
//
// and those of both sides by themselves. Y may have no value on a side (ok is false): then the other side counts.
func Of(y func(factor float64) (value float64, ok bool), h float64) Elasticity {
	middle, ok := logarithm(y, 1)
	if !ok {
		return Elasticity{}
	}
	var e Elasticity
	low, below := logarithm(y, 1-h)
	high, above := logarithm(y, 1+h)
	if below {
		e.Below = (middle - low) / -math.Log1p(-h)
		e.Value, e.Known = e.Below, Down
	}
	if above {
		e.Above = (high - middle) / math.Log1p(h)
		e.Value, e.Known = e.Above, Up
	}
	if below && above {
		e.Value, e.Known = (high-low)/(math.Log1p(h)-math.Log1p(-h)), Both
	}
	return e
}

func logarithm(y func(float64) (float64, bool), factor float64) (float64, bool) {
	v, ok := y(factor)
	return math.Log(v), ok && v > 0 && !math.IsInf(v, 0)
}

// ErrOutOfReach says that no factor in the bracket reaches the target: the result nearest to it is in [Root].
var ErrOutOfReach = errors.New("out of reach")

// Root is where a result crosses its target.
type Root struct {
	Factor float64 // of the input; on the side of the target that was asked for
	Value  float64 // of the result there; the nearest to the target, and at which factor, if it is out of reach
}

// tolerance ends a search: the bracket's width, as a share of the factor.
const tolerance = 1e-10

// Solve returns the least change of an input, as a factor between low and high, with which y meets a target: is at most
// the target or, if atLeast, at least. Y is taken to be monotone in the factor, in either direction, and may jump. The
// search is by bisection of the logarithm: it needs no derivative, and ends on a jump as well as on a crossing.
//
// Where y is not known, it does not meet the target.
func Solve(y func(factor float64) (value float64, ok bool), target float64, atLeast bool, low, high float64) (Root, error) {
	meets := func(v float64, ok bool) bool {
		return ok && (atLeast && v >= target || !atLeast && v <= target)
	}
	at := func(factor float64) (Root, bool) {
		v, ok := y(factor)
		if !ok {
			v = math.NaN()
		}
		return Root{factor, v}, meets(v, ok)
	}
	middle, met := at(1)
	from, to := reach(at, low), reach(at, high)
	// From 1 the search goes to where the target changes sides: if it is met, to the end where it no longer is.
	var good, bad Root
	switch {
	case met && !from.met:
		good, bad = middle, from.Root
	case met && !to.met:
		good, bad = middle, to.Root
	case met: // met everywhere: the input does not matter
		return middle, nil
	case to.met:
		good, bad = to.Root, middle
	case from.met:
		good, bad = from.Root, middle
	default:
		return nearest(target, middle, from.Root, to.Root), ErrOutOfReach
	}
	for math.Abs(math.Log(good.Factor/bad.Factor)) > tolerance {
		r, ok := at(math.Sqrt(good.Factor * bad.Factor))
		if ok {
			good = r
		} else {
			bad = r
		}
	}
	return good, nil
}

type end struct {
	Root
	met bool
}

// reach evaluates one end of the bracket.
func reach(at func(float64) (Root, bool), factor float64) end {
	r, met := at(factor)
	return end{r, met}
}

// nearest returns the root whose value is closest to the target; the first of equals.
func nearest(target float64, roots ...Root) Root {
	best := roots[0]
	for _, r := range roots[1:] {
		if d := math.Abs(r.Value - target); d < math.Abs(best.Value-target) || math.IsNaN(best.Value) {
			best = r
		}
	}
	return best
}

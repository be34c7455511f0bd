// Package calibrate solves for what real runs say of a machine.
//
// The unknowns are the parameters that predictions are made of and that have a meaning of their own: the share of its
// peak and of its memory bandwidth a device sustains, the time of its shortest kernel, the host time per kernel, layer,
// step and sequence, the latency and share of its links ([Parameter]). The catalog's values are the prior: each has a
// spread, and [Solve] looks for the values that are most probable given the prior and the runs (regularised least squares
// in logarithms, after A. Tarantola, "Inverse Problem Theory", 2005, chapter 3).
//
// A run tells of what binds it and of nothing else. A parameter whose uncertainty the runs leave nearly as large as it was
// is not identified and keeps the catalog's value exactly. There is no factor that scales everything.
package calibrate

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"roofline/estimate"
	"roofline/hardware"
	"roofline/hardware/unit"
)

// Case is one measured time and what predicts it.
type Case struct {
	Name     string  // what was measured, for people
	Phase    string  // of the band it falls into, see runtime.Band
	Spread   float64 // standard deviation ÷ mean of the measurement; 0: not known
	Measured unit.Seconds
	Target   *estimate.Target // what it ran on, as the catalog has it
	// Doubt is how much less the device's shares of its published rates are known than where they were measured on others
	// of its architecture: their spreads are so many times as large. 0 is 1; less where they were measured on the device.
	Doubt   float64
	Subject Subject
}

// Subject predicts a time on a target.
type Subject interface {
	Predict(t *estimate.Target) (bound, expected unit.Seconds, err error)
}

// Limits of [Case.noise]: where no band was measured it is otherwiseNoise. A step of a language model is off by no more than
// mostNoise where its parameters are right: what its band has beyond is of parameters that were carried over.
const (
	leastNoise     = 0.05
	otherwiseNoise = 0.08
	mostNoise      = 0.09
)

// noise is how far measurements are from predictions where every parameter is right, as standard deviations of the
// logarithm.
type noise struct{ fast, slow float64 }

// of returns the deviation to the side on which a measurement lies: of it is the logarithm of predicted ÷ measured.
func (n noise) of(residual float64) float64 {
	if residual < 0 {
		return n.slow
	}
	return n.fast
}

// noise returns the case's: repeated runs differ by 5–10 %, other work on the machine slows some of them, and the model leaves
// things out that are one network's own. It is that of the two sides of the runtime's narrowest measured band of the phase,
// within limits: where the band was measured, its parameters were solved for.
func (c *Case) noise() noise {
	width, out := math.Inf(1), noise{otherwiseNoise, otherwiseNoise}
	for _, b := range c.Target.Runtime.Bands {
		if b.Measurements > 0 && b.Phase == c.Phase && b.Low > 0 && b.High/b.Low < width {
			width, out = b.High/b.Low, noise{-math.Log(b.Low) / percentile90, math.Log(b.High) / percentile90}
		}
	}
	if c.Phase != "graph" {
		both := min((out.fast+out.slow)/2, mostNoise)
		out = noise{both, both}
	}
	return noise{math.Hypot(max(out.fast, leastNoise), min(c.Spread, 1)), math.Hypot(max(out.slow, leastNoise), min(c.Spread, 1))}
}

// identifiable is the share of its prior spread above which the runs have told nothing of a parameter.
const identifiable = 0.9

// Solution is what runs say of a machine.
type Solution struct {
	Parameters []Solved // all that could matter, in order
	Fits       []Fit    // one per case
	Bands      []Band   // for the phases that were measured
}

// Solved is a parameter and what became of it.
type Solved struct {
	Parameter
	Before, After float64
	// Spread is the standard deviation of the logarithm that the runs leave.
	Spread     float64
	Matters    bool // the predictions of the runs depend on it
	Identified bool
}

// Fit is a measured time and its predictions.
type Fit struct {
	Case
	Bound, Before, After unit.Seconds
	// Weight is what the run counts: 1, or less where it lies far from what all the others say.
	Weight float64
}

// Doubted reports whether a run counts less than half, because it does not agree with the others.
func (f *Fit) Doubted() bool { return f.Weight < 0.5 }

// FasterError says that a measurement is below what any software could reach.
type FasterError struct {
	Name            string
	Measured, Bound unit.Seconds
	CPU             bool
}

func (e *FasterError) Error() string {
	also := ""
	if e.CPU {
		also = ", or does it hold a higher clock than its published peak is of"
	}
	return fmt.Sprintf("%s: %v measured, and no software gets under %v there: faster than the hardware allows: speculative decoding, sparsity, cache hits, or the wrong device%s?",
		e.Name, e.Measured, e.Bound, also)
}

// ContradictionError says that runs don't agree with each other under any values of the parameters.
type ContradictionError struct{ Names [2]string }

func (e *ContradictionError) Error() string {
	return fmt.Sprintf("the runs contradict each other: no machine is this slow at %s and this fast at %s; leave one of them out", e.Names[0], e.Names[1])
}

// How much a measurement may be below the bound: published rates are rounded, and clocks vary; on CPUs by as much as the
// clock is above that of the peak.
const (
	tolerance          = 0.03
	processorTolerance = 0.2
)

// Solve returns the most probable parameters of the machine the cases ran on.
func Solve(cases []Case) (*Solution, error) {
	s, err := newSolver(cases)
	if err != nil {
		return nil, err
	}
	for i := range cases {
		c := &cases[i]
		cpu, allowed := c.Target.Device.Kind == hardware.CPU, unit.Seconds(tolerance)
		if cpu {
			allowed = processorTolerance
		}
		if c.Measured < s.bound[i]*(1-allowed) {
			return nil, &FasterError{c.Name, c.Measured, s.bound[i], cpu}
		}
	}
	if err := s.identify(); err != nil {
		return nil, err
	}
	return s.solution()
}

// solution reports what was found.
func (s *solver) solution() (*Solution, error) {
	out := &Solution{}
	after, err := s.predict(s.u)
	if err != nil {
		return nil, err
	}
	sd := s.posterior()
	for j, p := range s.parameters {
		v := Solved{Parameter: p, Before: s.before[j], Spread: p.Prior, Matters: slices.Contains(s.sensitive, j)}
		v.After = v.Before
		if k := slices.Index(s.active, j); k >= 0 {
			v.After, v.Spread, v.Identified = rounded(p.value(v.Before, s.u[j])), sd[k]*p.Prior, true
		} else if s.u[j] > 0 { // at its limit
			v.After, v.Spread, v.Identified = p.value(v.Before, s.u[j]), 0, true
		}
		out.Parameters = append(out.Parameters, v)
	}
	for i, c := range s.cases {
		out.Fits = append(out.Fits, Fit{Case: c, Bound: s.bound[i], Before: unit.Seconds(math.Exp(s.prior[i])), After: unit.Seconds(math.Exp(after[i])),
			Weight: agreement(s.residual(i, after))})
	}
	if err := s.contradiction(out.Fits); err != nil {
		return nil, err
	}
	out.Bands = s.bands(after)
	return out, nil
}

// contradiction reports two runs that no parameter can tell apart and that differ nevertheless, where as many runs are
// doubted as are believed. Otherwise the majority decides, and those it doubts are named.
func (s *solver) contradiction(fits []Fit) error {
	const (
		apart = 0.35 // logarithm: more than four standard deviations of the difference of two runs
		alike = 0.97 // cosine between what two runs depend on
	)
	doubted := 0
	for i := range fits {
		if fits[i].Doubted() {
			doubted++
		}
	}
	if len(fits) >= majority && 2*doubted < len(fits) {
		return nil
	}
	all := *s
	all.active = s.sensitive
	if len(all.active) == 0 {
		return nil
	}
	j, err := all.jacobian(make([]float64, len(s.u)))
	if err != nil {
		return err
	}
	for i := range fits {
		for k := range i {
			a, b := j.RowView(i), j.RowView(k)
			off := math.Log(float64(fits[i].Measured/fits[i].Before)) - math.Log(float64(fits[k].Measured/fits[k].Before))
			if math.Abs(off) < apart || mat.Dot(a, b) < alike*mat.Norm(a, 2)*mat.Norm(b, 2) {
				continue
			}
			slow, fast := i, k
			if off < 0 {
				slow, fast = k, i
			}
			return &ContradictionError{[2]string{fits[slow].Name, fits[fast].Name}}
		}
	}
	return nil
}

// Apply puts the identified values into a target of the machine that was calibrated.
func (s *Solution) Apply(t *estimate.Target) {
	prepare(t)
	for _, p := range s.Parameters {
		if p.Identified {
			*p.at(t) = p.After
		}
	}
}

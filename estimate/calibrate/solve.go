package calibrate

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/optimize"

	"roofline/estimate"
	"roofline/hardware/unit"
)

// solver looks for the parameters u, in prior spreads from the catalog's values, that minimise
//
//	Σ ρ((ln predicted(u) − ln measured) ÷ σ) + ½ Σ u²
//
// ρ is a square for residuals within about [doubtful] σ and linear beyond, so that a run that does not agree with the
// others does not decide alone (P. Huber, "Robust Estimation of a Location Parameter", 1964). That takes a majority: of
// fewer than three runs none is doubted, and ρ is the square.
type solver struct {
	cases      []Case
	parameters []Parameter
	before     []float64 // values of the parameters

	measured []float64 // logarithms
	noises   []noise
	bound    []unit.Seconds // at the catalog's values
	prior    []float64      // logarithms of the predictions there

	sensitive []int     // parameters that predictions depend on
	active    []int     // those of them that are solved for
	limited   []int     // and those that are at their limits
	u         []float64 // of all parameters; 0 where not active
}

// doubtful is the residual, in standard deviations, from which a run counts less.
const doubtful = 2.0

// majority is the number of runs from which one of them can be doubted.
const majority = 3

// agreement returns what a run with a residual of r standard deviations would count among many, 1 for none.
func agreement(r float64) float64 { return 1 / math.Sqrt(1+(r/doubtful)*(r/doubtful)) }

// weight returns what a run counts: ρ'(r) ÷ r.
func (s *solver) weight(r float64) float64 {
	if len(s.cases) < majority {
		return 1
	}
	return agreement(r)
}

// residual returns how far a prediction is from its measurement, in standard deviations.
func (s *solver) residual(i int, predicted []float64) float64 {
	r := predicted[i] - s.measured[i]
	return r / s.noises[i].of(r)
}

// loss returns ρ(r).
func (s *solver) loss(r float64) float64 {
	if len(s.cases) < majority {
		return r * r / 2
	}
	return doubtful * doubtful * (math.Sqrt(1+(r/doubtful)*(r/doubtful)) - 1)
}

func newSolver(cases []Case) (*solver, error) {
	if len(cases) == 0 {
		return nil, errors.New("no run with a time that can be used")
	}
	first := cases[0].Target
	s := &solver{cases: cases}
	for i := range cases {
		c := &cases[i]
		if c.Target.Device.ID != first.Device.ID || c.Target.Runtime.ID != first.Runtime.ID {
			return nil, fmt.Errorf("%s: a calibration is of one device and runtime, %s with %s", c.Name, first.Device.ID, first.Runtime.ID)
		}
		bound, expected, err := c.Subject.Predict(c.Target)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.Name, err)
		}
		if !(c.Measured > 0) || !(expected > 0) || math.IsInf(float64(expected), 0) {
			return nil, fmt.Errorf("%s: %v measured, %v expected: want times above 0", c.Name, c.Measured, expected)
		}
		s.bound, s.prior = append(s.bound, bound), append(s.prior, math.Log(float64(expected)))
		s.measured = append(s.measured, math.Log(float64(c.Measured)))
		s.noises = append(s.noises, c.noise())
	}
	// Only parameters that have a value, and on which something depends, can be solved for.
	t := *first
	prepare(&t)
	for _, p := range parameters(first, cmp.Or(cases[0].Doubt, 1)) {
		if v := *p.at(&t); v > 0 {
			s.parameters, s.before = append(s.parameters, p), append(s.before, v)
		}
	}
	s.u = make([]float64, len(s.parameters))
	for j := range s.parameters {
		s.active = append(s.active, j)
	}
	j, err := s.jacobian(s.u)
	if err != nil {
		return nil, err
	}
	s.active = slices.DeleteFunc(s.active, func(k int) bool { return insensitive(j, k) })
	s.sensitive = slices.Clone(s.active)
	return s, nil
}

// insensitive reports whether nothing depends on a column's parameter.
func insensitive(j *mat.Dense, column int) bool {
	const negligible = 1e-4 // logarithm, for one prior spread
	rows, _ := j.Dims()
	for i := range rows {
		if math.Abs(j.At(i, column)) > negligible {
			return false
		}
	}
	return true
}

// target returns a case's target with the parameters at u.
func (s *solver) target(of *estimate.Target, u []float64) *estimate.Target {
	t := *of
	prepare(&t)
	for j := range s.parameters {
		if u[j] == 0 {
			continue // exactly the catalog's value
		}
		place := s.parameters[j].at(&t)
		*place = s.parameters[j].value(*place, u[j])
	}
	return &t
}

// predict returns the logarithms of the predictions at u.
func (s *solver) predict(u []float64) ([]float64, error) {
	out := make([]float64, len(s.cases))
	for i := range s.cases {
		_, expected, err := s.cases[i].Subject.Predict(s.target(s.cases[i].Target, u))
		if err != nil {
			return nil, err
		}
		out[i] = math.Log(float64(expected))
	}
	return out, nil
}

// jacobian returns how the predictions change per prior spread of each active parameter.
func (s *solver) jacobian(u []float64) (*mat.Dense, error) {
	if len(s.active) == 0 {
		return &mat.Dense{}, nil
	}
	j := mat.NewDense(len(s.cases), len(s.active), nil)
	for k, p := range s.active {
		d, err := s.derivative(u, p, u[p])
		if err != nil {
			return nil, err
		}
		j.SetCol(k, d)
	}
	return j, nil
}

// derivative returns how the predictions change per prior spread of a parameter around a value, by differences to both
// sides; of one at its limit from just below it, where the predictions still depend on it.
func (s *solver) derivative(u []float64, p int, around float64) ([]float64, error) {
	const step = 0.05
	at := slices.Clone(u)
	around = min(around, s.most(p)-step)
	at[p] = around + step
	up, err := s.predict(at)
	if err != nil {
		return nil, err
	}
	at[p] = around - step
	down, err := s.predict(at)
	if err != nil {
		return nil, err
	}
	for i := range up {
		up[i] = (up[i] - down[i]) / (2 * step)
	}
	return up, nil
}

// information returns the jacobian by which is judged what the cases tell: where a parameter is, or at the catalog's value,
// whichever matters more. A host time that was found to be nothing no longer changes a prediction, and yet is known.
func (s *solver) information() (*mat.Dense, error) {
	j, err := s.jacobian(s.u)
	if err != nil {
		return nil, err
	}
	for k, p := range s.active {
		if s.u[p] == 0 {
			continue
		}
		d, err := s.derivative(s.u, p, 0)
		if err != nil {
			return nil, err
		}
		if now := j.ColView(k); norm(d) > mat.Norm(now, 2) {
			j.SetCol(k, d)
		}
	}
	return j, nil
}

func norm(v []float64) float64 { return mat.Norm(mat.NewVecDense(len(v), v), 2) }

// most returns the most a parameter can be, in prior spreads from the catalog's value.
func (s *solver) most(p int) float64 {
	q := &s.parameters[p]
	if q.Most == 0 {
		return math.Inf(1)
	}
	return math.Log(max(q.Most, s.before[p])/s.before[p]) / q.Prior
}

// precision returns the inverse covariance of the active parameters, in prior spreads: 1 + JᵀWJ ÷ σ².
func (s *solver) precision(j *mat.Dense, predicted []float64) *mat.SymDense {
	n := len(s.active)
	if n == 0 {
		return &mat.SymDense{}
	}
	a := mat.NewSymDense(n, nil)
	for k := range n {
		a.SetSym(k, k, 1)
	}
	for i := range s.cases {
		sigma := s.noises[i].of(predicted[i] - s.measured[i])
		w := s.weight(s.residual(i, predicted)) / (sigma * sigma)
		for k := range n {
			for l := k; l < n; l++ {
				a.SetSym(k, l, a.At(k, l)+w*j.At(i, k)*j.At(i, l))
			}
		}
	}
	return a
}

// inverse returns the covariance of an inverse covariance.
func inverse(a *mat.SymDense) *mat.SymDense {
	n, _ := a.Dims()
	if n == 0 {
		return &mat.SymDense{}
	}
	var chol mat.Cholesky
	out := mat.NewSymDense(n, nil)
	if !chol.Factorize(a) || chol.InverseTo(out) != nil { // can't be: the prior alone is positive definite
		for k := range n {
			out.SetSym(k, k, 1)
		}
	}
	return out
}

// spreads returns the standard deviations that an inverse covariance leaves.
func spreads(a *mat.SymDense) []float64 {
	covariance := inverse(a)
	n, _ := a.Dims()
	sd := make([]float64, n)
	for k := range sd {
		sd[k] = math.Sqrt(covariance.At(k, k))
	}
	return sd
}

// identify solves for the parameters that the cases identify. Those they don't are given up one after the other, the least
// known first, until each that is left is known better than before. A parameter that ends at its limit explains no more
// than that: it stays there, and what is left is explained by others, those given up included.
func (s *solver) identify() error {
	for {
		s.active = slices.DeleteFunc(slices.Clone(s.sensitive), func(p int) bool { return slices.Contains(s.limited, p) })
		for p := range s.u {
			if !slices.Contains(s.limited, p) {
				s.u[p] = 0
			}
		}
		for again := true; again; {
			if err := s.minimise(); err != nil {
				return err
			}
			predicted, err := s.predict(s.u)
			if err != nil {
				return err
			}
			j, err := s.information()
			if err != nil {
				return err
			}
			again = s.giveUp(j, predicted)
		}
		if !s.limit() {
			return nil
		}
	}
}

// limit fixes the active parameters that are at their limits and reports whether there are any.
func (s *solver) limit() bool {
	n := len(s.limited)
	for _, p := range s.active {
		if most := s.most(p); s.u[p] >= most {
			s.u[p] = most
			s.limited = append(s.limited, p)
		}
	}
	return len(s.limited) > n
}

// giveUp takes parameters out of the active ones until all that are left are identified, and reports whether it took any.
func (s *solver) giveUp(j *mat.Dense, predicted []float64) bool {
	n := len(s.active)
	for len(s.active) > 0 {
		sd := spreads(s.precision(j, predicted))
		worst := 0
		for k := range sd {
			if sd[k] > sd[worst] {
				worst = k
			}
		}
		if sd[worst] < identifiable {
			break
		}
		s.u[s.active[worst]] = 0
		s.active = slices.Delete(s.active, worst, worst+1)
		j = without(j, worst)
	}
	return len(s.active) < n
}

// without returns a matrix without one column.
func without(m *mat.Dense, column int) *mat.Dense {
	rows, columns := m.Dims()
	if columns == 1 {
		return m
	}
	out := mat.NewDense(rows, columns-1, nil)
	for i := range rows {
		for k, to := 0, 0; k < columns; k++ {
			if k != column {
				out.Set(i, to, m.At(i, k))
				to++
			}
		}
	}
	return out
}

// minimise moves the active parameters to the minimum.
func (s *solver) minimise() error {
	if len(s.active) == 0 {
		return nil
	}
	var failed error
	full := func(x []float64) []float64 {
		u := make([]float64, len(s.u))
		for k, p := range s.active {
			u[p] = x[k]
		}
		return u
	}
	problem := optimize.Problem{
		Func: func(x []float64) float64 {
			predicted, err := s.predict(full(x))
			if err != nil {
				failed = err
				return math.Inf(1)
			}
			sum := 0.0
			for i := range predicted {
				sum += s.loss(s.residual(i, predicted))
			}
			for _, v := range x {
				sum += v * v / 2
			}
			return sum
		},
		Grad: func(grad, x []float64) {
			u := full(x)
			predicted, err := s.predict(u)
			var j *mat.Dense
			if err == nil {
				j, err = s.jacobian(u)
			}
			if err != nil {
				failed = err
				return
			}
			copy(grad, x)
			for i := range predicted {
				r, sigma := s.residual(i, predicted), s.noises[i].of(predicted[i]-s.measured[i])
				for k := range grad {
					if x[k] > s.most(s.active[k]) {
						continue // it is at its limit: nothing changes any more
					}
					grad[k] += r * s.weight(r) * j.At(i, k) / sigma
				}
			}
		},
	}
	start := make([]float64, len(s.active))
	for k, p := range s.active {
		start[k] = s.u[p]
	}
	before := problem.Func(start)
	// Where limits change over, the gradient jumps and the line search ends early: what it has found by then counts.
	result, _ := optimize.Minimize(problem, start, &optimize.Settings{GradientThreshold: 1e-3, MajorIterations: 40}, &optimize.BFGS{})
	if failed != nil {
		return failed
	}
	if result != nil && result.F < before {
		copy(s.u, full(result.X))
	}
	return nil
}

// rounded keeps four significant digits: what is written to a file is what was computed with.
func rounded(v float64) float64 {
	out, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'e', 3, 64), 64)
	return out
}

// posterior returns the spreads that the cases leave of the active parameters, as shares of their prior spreads.
func (s *solver) posterior() []float64 {
	if len(s.active) == 0 {
		return nil
	}
	predicted, err := s.predict(s.u)
	if err != nil {
		return nil
	}
	j, err := s.jacobian(s.u)
	if err != nil {
		return nil
	}
	return spreads(s.precision(j, predicted))
}

package calibrate

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"roofline/estimate"
	"roofline/model"
)

// ModelFactors is what a model takes beyond what the device and the runtime explain: factors of its time computing and
// moving data. They belong to the model and go with it to another device.
type ModelFactors struct {
	Name    string  `toml:"name"`
	Compute float64 `toml:"compute"`
	Memory  float64 `toml:"memory"`
}

// modelSpread is how far single models are from what holds for all, as the standard deviation of the logarithm.
const modelSpread = 0.12

// Transfer returns what runs say of the model itself. A run that is slower than predicted may be so because of the
// device, because of the runtime, or because of the model: what falls to the model is in proportion to how much each may
// be off (the posterior mean of linear Gaussian inversion, u = Jᵀ(JJᵀ + σ²)⁻¹r, over the model's two factors and all the
// parameters of the machine). One model alone is asked for: cases are of the same one.
func Transfer(name string, cases []Case) (ModelFactors, error) {
	f := ModelFactors{Name: name, Compute: 1, Memory: 1}
	s, err := newSolver(cases)
	if err != nil {
		return f, err
	}
	n, machine := len(cases), len(s.active)
	j, err := s.jacobian(s.u)
	if err != nil {
		return f, err
	}
	all := mat.NewDense(n, machine+2, nil)
	r := mat.NewVecDense(n, nil)
	for i := range cases {
		for k := range machine {
			all.Set(i, k, j.At(i, k))
		}
		for k, g := range []ModelFactors{{Compute: math.Exp(modelSpread), Memory: 1}, {Compute: 1, Memory: math.Exp(modelSpread)}} {
			t := *cases[i].Target
			g.Apply(&t)
			_, expected, err := cases[i].Subject.Predict(&t)
			if err != nil {
				return f, err
			}
			all.Set(i, machine+k, math.Log(float64(expected))-s.prior[i])
		}
		r.SetVec(i, s.measured[i]-s.prior[i])
	}
	a := mat.NewSymDense(n, nil)
	for i := range n {
		for k := i; k < n; k++ {
			a.SetSym(i, k, mat.Dot(all.RowView(i), all.RowView(k)))
		}
		sigma := s.noises[i].of(s.prior[i] - s.measured[i])
		a.SetSym(i, i, a.At(i, i)+sigma*sigma)
	}
	var chol mat.Cholesky
	var x, u mat.VecDense
	if !chol.Factorize(a) || chol.SolveVecTo(&x, r) != nil {
		return f, nil // can't be: σ² is on the diagonal
	}
	u.MulVec(all.T(), &x)
	f.Compute, f.Memory = rounded(math.Exp(u.AtVec(machine)*modelSpread)), rounded(math.Exp(u.AtVec(machine+1)*modelSpread))
	return f, nil
}

// Apply makes a target run the model as much slower as it was found to be elsewhere.
func (f ModelFactors) Apply(t *estimate.Target) {
	prepare(t)
	for c := range model.ClassCount {
		t.Runtime.Compute[c] /= f.Compute
		t.Runtime.Bandwidth[c] /= f.Memory
	}
}

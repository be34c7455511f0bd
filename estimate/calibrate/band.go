package calibrate

import (
	"math"
	"slices"
)

// Band is how far measurements of a phase are expected from the calibrated time, as factors of it: its 10th and 90th
// percentile.
type Band struct {
	Phase string  `toml:"phase"`
	Low   float64 `toml:"low"`
	High  float64 `toml:"high"`
	Runs  int     `toml:"runs"`

	Low0, High0 float64 // the catalog's
}

// percentile90 is the 90th percentile of the normal distribution, in standard deviations.
const percentile90 = 1.2816

// bands returns the bands of the phases that were measured. Of the catalog's band the part that is due to parameters
// shrinks as their uncertainty does; what the model leaves out stays:
//
//	width² = noise² + (catalog's width² − noise²) · variance after ÷ variance before
//
// with widths in logarithms and variances those of the predictions of the runs, by the spreads of the parameters. The noise
// is what predictions are off where all parameters are right, or what is left between the runs and their predictions.
func (s *solver) bands(predicted []float64) []Band {
	share := s.remaining()
	var out []Band
	var squares, weights []float64 // of what is left between the runs of a phase and their predictions
	var noises []noise
	for i := range s.cases {
		c := &s.cases[i]
		k := slices.IndexFunc(out, func(b Band) bool { return b.Phase == c.Phase })
		if k < 0 {
			k = len(out)
			old := c.Target.Runtime.Band(c.Target.Device, c.Phase)
			out = append(out, Band{Phase: c.Phase, Low0: old.Low, High0: old.High})
			squares, weights, noises = append(squares, 0), append(weights, 0), append(noises, c.noise())
		}
		b := &out[k]
		b.Runs++
		b.Low += share[i] // summed here, averaged below
		r := predicted[i] - s.measured[i]
		w := s.weight(s.residual(i, predicted))
		squares[k], weights[k] = squares[k]+w*r*r, weights[k]+w
	}
	for k := range out {
		b := &out[k]
		left, rest := b.Low/float64(b.Runs), math.Sqrt(squares[k]/weights[k])
		width := func(factor, noise float64) float64 {
			old, least := math.Log(factor), percentile90*max(noise, rest)
			return math.Sqrt(least*least + max(0, old*old-least*least)*left)
		}
		b.Low, b.High = rounded(math.Exp(-width(b.Low0, noises[k].fast))), rounded(math.Exp(width(b.High0, noises[k].slow)))
	}
	return out
}

// remaining returns, for each case, the share of the variance of its prediction that is left.
func (s *solver) remaining() []float64 {
	share := make([]float64, len(s.cases))
	all, identified := *s, *s
	all.active = s.sensitive
	before, err1 := all.jacobian(s.u)
	after, err2 := identified.jacobian(s.u)
	predicted, err3 := s.predict(s.u)
	if err1 != nil || err2 != nil || err3 != nil || len(all.active) == 0 {
		for i := range share {
			share[i] = 1
		}
		return share
	}
	covariance := inverse(s.precision(after, predicted))
	for i := range share {
		total, left := 0.0, 0.0
		for k, p := range all.active {
			v := before.At(i, k) * before.At(i, k)
			total += v
			if !slices.Contains(s.active, p) {
				left += v
			}
		}
		for k := range s.active {
			for l := range s.active {
				left += after.At(i, k) * covariance.At(k, l) * after.At(i, l)
			}
		}
		share[i] = 1
		if total > 0 {
			share[i] = min(1, left/total)
		}
	}
	return share
}

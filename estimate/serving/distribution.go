package serving

import (
	"math"

	"roofline/hardware/unit"
)

// Standard normal quantiles.
const (
	z95 = 1.6449
	z99 = 2.3263
)

// spreadOut returns the times of a gamma distribution above a least value, with the given mean and standard deviation:
// the exponential is one, and so nearly is the normal. Its quantiles are those of E. Wilson and M. Hilferty (1931).
func spreadOut(least, mean, deviation unit.Seconds) Times {
	return Times{mean, quantile(z95, least, mean, deviation), quantile(z99, least, mean, deviation)}
}

func quantile(z float64, least, mean, deviation unit.Seconds) unit.Seconds {
	above := float64(mean - least)
	if above <= 0 || deviation <= 0 {
		return mean
	}
	shape := above * above / float64(deviation*deviation)
	cube := 1 - 1/(9*shape) + z/(3*math.Sqrt(shape))
	return least + unit.Seconds(above*max(0, cube*cube*cube))
}

// exceeds returns the probability that such a time is above t.
func exceeds(t, least, mean, deviation unit.Seconds) float64 {
	above := float64(mean - least)
	switch {
	case t <= least:
		return 1
	case above <= 0 || deviation <= 0:
		if t < mean {
			return 1
		}
		return 0
	}
	shape := above * above / float64(deviation*deviation)
	z := (math.Cbrt(float64(t-least)/above) - 1 + 1/(9*shape)) * 3 * math.Sqrt(shape)
	return math.Erfc(z/math.Sqrt2) / 2
}

// solve returns the least time that is exceeded with the given probability, by bisection: tail must not rise.
func solve(probability float64, low, high unit.Seconds, tail func(unit.Seconds) float64) unit.Seconds {
	for range 40 {
		mid := (low + high) / 2
		if tail(mid) > probability {
			low = mid
		} else {
			high = mid
		}
	}
	return high
}

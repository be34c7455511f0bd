package sweep

import (
	"errors"
	"math"

	"roofline/estimate"
)

// LargestBatch ends searches for a load of a graph where memory does not.
const LargestBatch = 4096

// ErrMemory says that not even the smallest load fits.
var ErrMemory = errors.New("does not fit")

// Asked answers at any load up to the most.
type Asked interface {
	At(load float64) *estimate.Result
	Most() (float64, error)
	// Tries returns how many loads below the largest a search for the busiest takes at least.
	Tries() float64
}

// Busiest returns the load that puts through most among those that fit and keep a condition, and the answer there. Where no
// load keeps it the answer is that of the smallest, and the load 0. The error is [ErrMemory], with the answer of the smallest
// load, or [estimate.ErrCapacity] without one.
//
// Times never fall as the load rises, so the largest load that keeps the condition is found by bisection. Throughput can
// fall, where a last wave of tiles is begun: of the loads below the largest so many are tried as well, the multiples of a
// power of two, and from the best of them those beside it as long as they are better.
func Busiest(d Asked, keeps func(*estimate.Result) bool, rate func(*estimate.Result) float64) (load float64, r *estimate.Result, err error) {
	most, err := d.Most()
	if err != nil {
		return 0, nil, err
	}
	least := d.At(1)
	switch {
	case most < 1:
		return 0, least, ErrMemory
	case !keeps(least):
		return 0, least, nil
	}
	load, r = largest(d, min(math.Floor(most), LargestBatch), keeps)
	top := load
	step := math.Exp2(math.Floor(math.Log2(max(load/d.Tries(), 1))))
	for n := math.Ceil(top/step-1) * step; n >= 1; n -= step {
		if at := d.At(n); rate(at) > rate(r) {
			load, r = n, at
		}
	}
	for _, side := range []float64{1, -1} {
		for n := load + side; n >= 1 && n <= top; n += side {
			at := d.At(n)
			if rate(at) <= rate(r) {
				break
			}
			load, r = n, at
		}
	}
	return load, r, nil
}

// largest returns the largest whole load up to most that keeps a condition which 1 keeps, and the answer there.
func largest(d Asked, most float64, keeps func(*estimate.Result) bool) (load float64, r *estimate.Result) {
	if r = d.At(most); keeps(r) {
		return most, r
	}
	low, high, r := 1.0, most, d.At(1)
	for high-low > 1 {
		middle := math.Floor((low + high) / 2)
		if at := d.At(middle); keeps(at) {
			low, r = middle, at
		} else {
			high = middle
		}
	}
	return low, r
}

// Smallest returns the smallest whole load up to most that reaches a condition which most reaches, and the answer there.
func Smallest(d Asked, most float64, reaches func(*estimate.Result) bool) (load float64, r *estimate.Result) {
	low, high := 0.0, most
	for high-low > 1 {
		middle := math.Floor((low + high) / 2)
		if at := d.At(middle); reaches(at) {
			high, r = middle, at
		} else {
			low = middle
		}
	}
	if r == nil {
		r = d.At(high)
	}
	return high, r
}

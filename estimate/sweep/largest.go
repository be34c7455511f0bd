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
}

// Largest returns the largest whole load that fits and that keeps a condition, and the answer there, by bisection: times
// never fall as the load rises. Where no load keeps it the answer is that of the smallest, and the load 0. The error is
// [ErrMemory], with the answer of the smallest load, or [estimate.ErrCapacity] without one.
func Largest(d Asked, keeps func(*estimate.Result) bool) (load float64, r *estimate.Result, err error) {
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
	most = min(math.Floor(most), LargestBatch)
	if r = d.At(most); keeps(r) {
		return most, r, nil
	}
	low, high, r := 1.0, most, least
	for high-low > 1 {
		middle := math.Floor((low + high) / 2)
		if at := d.At(middle); keeps(at) {
			low, r = middle, at
		} else {
			high = middle
		}
	}
	return low, r, nil
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

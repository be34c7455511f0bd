package model

import (
	"math"

	"roofline/hardware/dtype"
)

// maxValue bounds the constants inference computes with. Shape arithmetic needs a few dozen elements; tables of weights
// only cost time.
const maxValue = 4096

// Len returns the number of elements.
func (v *Value) Len() int {
	if v.Floats != nil {
		return len(v.Floats)
	}
	return len(v.Ints)
}

// Int returns element i as an integer, truncated as a Cast would.
func (v *Value) Int(i int) int64 {
	if v.Floats != nil {
		return truncate(v.Floats[i])
	}
	return v.Ints[i]
}

// Float returns element i as a real number.
func (v *Value) Float(i int) float64 {
	if v.Floats != nil {
		return v.Floats[i]
	}
	return float64(v.Ints[i])
}

// truncate converts to an integer without the undefined result Go gives out of range.
func truncate(f float64) int64 {
	switch {
	case math.IsNaN(f):
		return 0
	case f >= math.MaxInt64:
		return math.MaxInt64
	case f <= math.MinInt64:
		return math.MinInt64
	}
	return int64(f)
}

// newValue makes room for n elements of the kind d holds.
func newValue(n int, d dtype.DType) *Value {
	if d.Float() {
		return &Value{Floats: make([]float64, n)}
	}
	return &Value{Ints: make([]int64, n)}
}

// copyElem copies one element between values of the same kind; the other kind is converted.
func (v *Value) copyElem(i int, src *Value, j int) {
	if v.Floats != nil {
		v.Floats[i] = src.Float(j)
	} else {
		v.Ints[i] = src.Int(j)
	}
}

// like makes room for n elements of the same kind.
func (v *Value) like(n int) *Value {
	if v.Floats != nil {
		return &Value{Floats: make([]float64, n)}
	}
	return &Value{Ints: make([]int64, n)}
}

// remap builds the value of a movement op: element i of the result is element from(index of i) of v.
func (v *Value) remap(out Shape, from func(index []int64) int64) *Value {
	n := int(out.Elems())
	r := v.like(n)
	index := make([]int64, len(out))
	for i := range n {
		if j := from(index); j >= 0 && j < int64(v.Len()) {
			r.copyElem(i, v, int(j))
		}
		next(index, out)
	}
	return r
}

// next advances a row-major index.
func next(index []int64, s Shape) {
	for k := len(index) - 1; k >= 0; k-- {
		index[k]++
		if index[k] < s[k] {
			return
		}
		index[k] = 0
	}
}

// strides returns the row-major strides of s, in elements.
func strides(s Shape) []int64 {
	st := make([]int64, len(s))
	step := int64(1)
	for k := len(s) - 1; k >= 0; k-- {
		st[k] = step
		step *= s[k]
	}
	return st
}

// expand gives v, of shape from, the shape to by numpy broadcasting.
func (v *Value) expand(from, to Shape) *Value {
	if v.Len() == int(to.Elems()) {
		return v
	}
	if v.Len() == 1 {
		return v.remap(to, func([]int64) int64 { return 0 })
	}
	st := strides(from)
	lead := len(to) - len(from)
	return v.remap(to, func(index []int64) int64 {
		j := int64(0)
		for k := range from {
			if from[k] != 1 {
				j += index[lead+k] * st[k]
			}
		}
		return j
	})
}

// cast converts a value to the kind of elements d holds.
func (v *Value) cast(d dtype.DType) *Value {
	if d.Float() == (v.Floats != nil) && d != dtype.BOOL {
		return v
	}
	r := newValue(v.Len(), d)
	for i := range v.Len() {
		if d == dtype.BOOL {
			r.Ints[i] = truth(v.Float(i) != 0)
		} else {
			r.copyElem(i, v, i)
		}
	}
	return r
}

// truth is a boolean as it is stored.
func truth(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

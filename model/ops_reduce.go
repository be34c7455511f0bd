package model

import (
	"fmt"
	"math"

	"roofline/hardware/dtype"
)

// reduceOps collapse dimensions: one FLOP per input element unless said otherwise.
var reduceOps = map[string]spec{
	"ReduceSum":       {Pooling, reduce(func(a, b float64) float64 { return a + b }, 0), perInput(1)},
	"ReduceProd":      {Pooling, reduce(func(a, b float64) float64 { return a * b }, 1), perInput(1)},
	"ReduceMax":       {Pooling, reduce(math.Max, math.Inf(-1)), perInput(1)},
	"ReduceMin":       {Pooling, reduce(math.Min, math.Inf(1)), perInput(1)},
	"ReduceMean":      {Pooling, reduce(nil, 0), perInput(1)},
	"ReduceL1":        {Pooling, reduce(nil, 0), perInput(2)},
	"ReduceL2":        {Pooling, reduce(nil, 0), perInput(2)},
	"ReduceSumSquare": {Pooling, reduce(nil, 0), perInput(2)},
	"ReduceLogSum":    {Pooling, reduce(nil, 0), perInput(1)},
	"ReduceLogSumExp": {Pooling, reduce(nil, 0), perInput(softmaxFLOPs)},
	"ArgMax":          {Pooling, argExtreme, perInput(1)},
	"ArgMin":          {Pooling, argExtreme, perInput(1)},
	"CumSum":          {Pooling, cumSum, perInput(1)},
	"TopK":            {Pooling, topK, topKWork},
}

// reduce: the given axes, or all, become 1 or go. Over a known operand that shrinks to one element it is computed.
func reduce(fold func(a, b float64) float64, start float64) func(*node) error {
	return func(n *node) error {
		s, err := n.rank(0, 0)
		if err != nil {
			return err
		}
		as, known := n.ints(1, "axes")
		if !known {
			return errGuess
		}
		if len(as) == 0 && n.op.Attrs.Int("noop_with_empty_axes", 0) != 0 {
			n.view()
			return n.set(0, s, n.dtype(0))
		}
		drop, err := axes(as, len(s))
		if err != nil {
			return err
		}
		keep := n.op.Attrs.Int("keepdims", 1) != 0
		out := n.dims(len(s))[:0]
		for k, d := range s {
			reduced := len(drop) == 0
			for _, a := range drop {
				reduced = reduced || a == k
			}
			switch {
			case !reduced:
				out = append(out, d)
			case keep:
				out = append(out, 1)
			}
		}
		if err := n.set(0, out, n.dtype(0)); err != nil {
			return err
		}
		if v := n.value(0); v != nil && fold != nil && out.Elems() == 1 && v.Len() > 0 {
			acc := start
			for i := range v.Len() {
				acc = fold(acc, v.Float(i))
			}
			n.keep(0, (&Value{Floats: []float64{acc}}).cast(n.dtype(0)))
		}
		return nil
	}
}

func argExtreme(n *node) error {
	s, err := n.rank(0, 0)
	if err != nil {
		return err
	}
	at, err := axis(n.op.Attrs.Int("axis", 0), len(s))
	if err != nil {
		return err
	}
	one := []int64{1}
	if n.op.Attrs.Int("keepdims", 1) == 0 {
		one = nil
	}
	return n.set(0, n.join(s[:at], one, s[at+1:]), dtype.INT64)
}

// cumSum computes the known running sum of a vector, which positions are made of.
func cumSum(n *node) error {
	if err := sameAsInput(n); err != nil {
		return err
	}
	s, v := n.shape(0), n.value(0)
	if v == nil || s.Elems() != float64(lastDim(s)) || n.op.Attrs.Int("exclusive", 0) != 0 || n.op.Attrs.Int("reverse", 0) != 0 {
		return nil
	}
	r := v.like(v.Len())
	sum, isum := 0.0, int64(0)
	for i := range v.Len() {
		if v.Floats != nil {
			sum += v.Floats[i]
			r.Floats[i] = sum
		} else {
			isum += v.Ints[i]
			r.Ints[i] = isum
		}
	}
	n.keep(0, r)
	return nil
}

// lastDim returns the innermost dimension; that of a scalar is 1.
func lastDim(s Shape) int64 {
	if len(s) == 0 {
		return 1
	}
	return s[len(s)-1]
}

// topK: the k largest along an axis, values and indices. Where k depends on the data it is all of them at most.
func topK(n *node) error {
	s, err := n.rank(0, 1)
	if err != nil {
		return err
	}
	at, err := axis(n.op.Attrs.Int("axis", -1), len(s))
	if err != nil {
		return err
	}
	k := n.op.Attrs.Int("k", -1)
	if k < 0 {
		known := false
		if k, known = n.scalar(1); !known {
			n.upperBound()
			k = s[at]
		}
	}
	out := n.join(s)
	out[at] = k
	if err := n.set(0, out, n.dtype(0)); err != nil {
		return err
	}
	if err := n.set(1, out, dtype.INT64); err != nil {
		return err
	}
	if k > s[at] {
		return fmt.Errorf("the largest %d of %d", k, s[at])
	}
	return nil
}

// topKWork: a partial sort, log₂ k comparisons per input element.
func topKWork(n *node, w *Work) {
	s, out := n.shape(0), n.outShape()
	at, err := axis(n.op.Attrs.Int("axis", -1), len(s))
	if err != nil || len(out) != len(s) {
		return
	}
	w.addFLOPs(s.Elems() * math.Log2(math.Max(float64(out[at]), 2)))
}

package model

import (
	"fmt"
	"slices"

	"roofline/hardware/dtype"
)

// Limits of a plausible shape: they keep products of dimensions within an int64, whatever a file claims.
const (
	maxRank  = 32
	maxDim   = 1 << 40
	maxElems = 1 << 60
)

// node is what the rules of one op see: its attributes and the tensors it reads and writes.
type node struct {
	g     *Graph
	op    *Op
	index int // of the op

	run     *inference // nil when only the work is asked for
	tainted bool       // an operand is a guess
	formats Formats    // of the work asked for
}

// in returns input i, or nil where it isn't given.
func (n *node) in(i int) *Tensor {
	if i >= len(n.op.Inputs) || n.op.Inputs[i] == NoTensor {
		return nil
	}
	return &n.g.Tensors[n.op.Inputs[i]]
}

// out returns output i, or nil where nobody reads it.
func (n *node) out(i int) *Tensor {
	if i >= len(n.op.Outputs) || n.op.Outputs[i] == NoTensor {
		return nil
	}
	return &n.g.Tensors[n.op.Outputs[i]]
}

// outShape returns the shape of the first output anybody reads.
func (n *node) outShape() Shape {
	for i := range n.op.Outputs {
		if t := n.out(i); t != nil {
			return t.Shape
		}
	}
	return nil
}

// shape returns the shape of input i, nil where it isn't given.
func (n *node) shape(i int) Shape {
	if t := n.in(i); t != nil {
		return t.Shape
	}
	return nil
}

// dtype returns the number format of input i.
func (n *node) dtype(i int) dtype.DType {
	if t := n.in(i); t != nil {
		return t.DType
	}
	return dtype.Unknown
}

// value returns the content of input i, or nil where it isn't known before the run.
func (n *node) value(i int) *Value {
	if t := n.in(i); t != nil {
		return t.Value
	}
	return nil
}

// ints returns the integers of an operand that is an attribute in old operator sets and input i in newer ones.
// known is false where the input exists but depends on the data.
func (n *node) ints(i int, attr string) (v []int64, known bool) {
	if a := n.op.Attrs.Get(attr); a != nil {
		return a.Ints, true
	}
	t := n.in(i)
	if t == nil {
		return nil, true
	}
	if t.Value == nil {
		return nil, t.Shape != nil && t.Shape.Elems() == 0
	}
	if t.Value.Floats != nil {
		return t.Value.cast(dtype.INT64).Ints, true
	}
	return t.Value.Ints, true
}

// scalar returns the single integer of input i.
func (n *node) scalar(i int) (int64, bool) {
	if v := n.value(i); v != nil && v.Len() == 1 {
		return v.Int(0), true
	}
	return 0, false
}

// rank wants input i to be known with at least r dimensions.
func (n *node) rank(i, r int) (Shape, error) {
	s := n.shape(i)
	if s == nil {
		return nil, fmt.Errorf("input %d is missing", i)
	}
	if len(s) < r {
		return nil, fmt.Errorf("input %d is %v: want at least %d dimensions", i, s, r)
	}
	return s, nil
}

// axis turns an axis that counts from the end when negative into an index below rank.
func axis(a int64, rank int) (int, error) {
	k := a
	if k < 0 {
		k += int64(rank)
	}
	if k < 0 || k >= int64(rank) {
		return 0, fmt.Errorf("axis %d is outside a tensor of %d dimensions", a, rank)
	}
	return int(k), nil
}

// axes does the same for several.
func axes(as []int64, rank int) ([]int, error) {
	out := make([]int, len(as))
	for i, a := range as {
		k, err := axis(a, rank)
		if err != nil {
			return nil, err
		}
		out[i] = k
	}
	return out, nil
}

// set gives output i its shape and number format. An output nobody reads is left alone.
func (n *node) set(i int, s Shape, d dtype.DType) error {
	t := n.out(i)
	if t == nil {
		return nil
	}
	if err := plausible(s); err != nil {
		return err
	}
	t.Shape = s
	if d != dtype.Unknown {
		t.DType = d
	}
	return nil
}

// plausible rejects shapes no tensor can have.
func plausible(s Shape) error {
	if len(s) > maxRank {
		return fmt.Errorf("a tensor of %d dimensions: at most %d are supported", len(s), maxRank)
	}
	for _, d := range s {
		if d < 0 || d > maxDim {
			return fmt.Errorf("a dimension of %d", d)
		}
	}
	if s.Elems() > maxElems {
		return fmt.Errorf("a tensor of %v elements", s)
	}
	return nil
}

// dims allocates a shape. Shapes are small and many, so they share blocks of memory.
func (n *node) dims(size int) Shape {
	a := n.run.arena
	if len(a) < size {
		a = make([]int64, max(2048, size))
	}
	n.run.arena = a[size:]
	return a[:size:size]
}

// dimsOf allocates a shape with these dimensions.
func (n *node) dimsOf(ds ...int64) Shape {
	s := n.dims(len(ds))
	copy(s, ds)
	return s
}

// join allocates a shape of several parts one after the other.
func (n *node) join(parts ...[]int64) Shape {
	size := 0
	for _, p := range parts {
		size += len(p)
	}
	s := n.dims(size)
	at := 0
	for _, p := range parts {
		at += copy(s[at:], p)
	}
	return s
}

// keep gives output i a value where it is small enough.
func (n *node) keep(i int, v *Value) {
	if t := n.out(i); t != nil && v != nil && v.Len() <= maxValue {
		t.Value = v
	}
}

// foldable reports that a result of this shape is small enough to compute.
func foldable(s Shape) bool { return s.Elems() <= maxValue }

// broadcast returns the shape two operands have together, by numpy's rule.
func (n *node) broadcast(a, b Shape) (Shape, error) {
	if len(a) < len(b) {
		a, b = b, a
	}
	if slices.Equal(a, b) {
		return a, nil
	}
	lead := len(a) - len(b)
	out := n.join(a)
	for k, d := range b {
		switch have := out[lead+k]; {
		case have == d || d == 1:
		case have == 1:
			out[lead+k] = d
		default:
			return nil, fmt.Errorf("%v and %v cannot be broadcast together", a, b)
		}
	}
	return out, nil
}

// warnf adds a warning to the result, once.
func (n *node) warnf(format string, args ...any) { n.run.root.Warnf(format, args...) }

// upperBound marks the outputs as a guess, because their size depends on the data.
func (n *node) upperBound() {
	n.run.guessed = true
	n.warnf("how many elements %s finds depends on the data: counted as the most there can be (first at op %q)",
		n.op.Kind, n.run.first(n))
}

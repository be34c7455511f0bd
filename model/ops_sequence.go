package model

import (
	"fmt"
	"slices"

	"roofline/hardware/dtype"
)

// sequenceOps handle lists of tensors: free, but for those that cut and join.
var sequenceOps = map[string]spec{
	"SequenceConstruct":  {Free, sequenceConstruct, nil},
	"SequenceEmpty":      {Free, sequenceConstruct, nil},
	"SequenceInsert":     {Free, sequenceInsert, nil},
	"SequenceErase":      {Free, sequenceErase, nil},
	"SequenceAt":         {Free, sequenceAt, nil},
	"SequenceLength":     {Free, sequenceLength, nil},
	"SplitToSequence":    {Copy, splitToSequence, nil},
	"ConcatFromSequence": {Copy, concatFromSequence, nil},
	"Optional":           {Free, identity, nil},
	"OptionalGetElement": {Free, identity, nil},
	"OptionalHasElement": {Free, optionalHasElement, nil},
}

// sequence is a list of tensors: shape and format of each.
type sequence []Tensor

// maxSequence bounds the lists inference keeps; a longer one is known by its first elements only.
const maxSequence = 4096

// passSequence hands a list on with the tensor that stands for it.
func (run *inference) passSequence(from, to *Tensor) {
	if s, ok := run.sequences[from]; ok {
		run.sequences[to] = s
	}
}

// setSequence makes output 0 a list. As a tensor it counts all its elements.
func (n *node) setSequence(s sequence) error {
	o := n.out(0)
	if o == nil {
		return nil
	}
	if len(s) > maxSequence {
		return fmt.Errorf("a list of %d tensors", len(s))
	}
	total, d := 0.0, dtype.FP32
	for i := range s {
		total += s[i].Shape.Elems()
		d = s[i].DType
	}
	n.run.sequences[o] = s
	return n.set(0, n.dimsOf(truncate(total)), d)
}

// sequence returns the list input 0 stands for.
func (n *node) sequence() (sequence, error) {
	if t := n.in(0); t != nil {
		if s, ok := n.run.sequences[t]; ok {
			return s, nil
		}
	}
	return nil, errGuess
}

func sequenceConstruct(n *node) error {
	var s sequence
	for i := range n.op.Inputs {
		if t := n.in(i); t != nil {
			s = append(s, *t)
		}
	}
	return n.setSequence(s)
}

func sequenceInsert(n *node) error {
	s, err := n.sequence()
	if err != nil {
		return err
	}
	if n.in(1) == nil {
		return fmt.Errorf("input 1 is missing")
	}
	at := int64(len(s))
	if v, known := n.scalar(2); known {
		at = clampIndex(v, at)
	}
	return n.setSequence(slices.Insert(slices.Clone(s), int(at), *n.in(1)))
}

func sequenceErase(n *node) error {
	s, err := n.sequence()
	if err != nil {
		return err
	}
	if len(s) == 0 {
		return fmt.Errorf("an empty list")
	}
	at := int64(len(s)) - 1
	if v, known := n.scalar(1); known {
		at = min(clampIndex(v, int64(len(s))), at)
	}
	return n.setSequence(slices.Delete(slices.Clone(s), int(at), int(at)+1))
}

// sequenceAt gives the element, or the largest where the position depends on the data.
func sequenceAt(n *node) error {
	s, err := n.sequence()
	if err != nil {
		return err
	}
	if len(s) == 0 {
		return fmt.Errorf("an empty list")
	}
	at := 0
	if v, known := n.scalar(1); known {
		at = int(min(clampIndex(v, int64(len(s))), int64(len(s)-1)))
	} else {
		for i := range s {
			if s[i].Shape.Elems() > s[at].Shape.Elems() {
				at = i
			}
		}
	}
	n.keep(0, s[at].Value)
	return n.set(0, s[at].Shape, s[at].DType)
}

func sequenceLength(n *node) error {
	s, err := n.sequence()
	if err != nil {
		return err
	}
	n.keep(0, &Value{Ints: []int64{int64(len(s))}})
	return n.set(0, Shape{}, dtype.INT64)
}

// splitToSequence cuts an axis into pieces of one (dropping the axis unless keepdims), of one size, or of given sizes.
func splitToSequence(n *node) error {
	s, err := n.rank(0, 1)
	if err != nil {
		return err
	}
	at, err := axis(n.op.Attrs.Int("axis", 0), len(s))
	if err != nil {
		return err
	}
	sizes, known := n.ints(1, "")
	if !known {
		return errGuess
	}
	if t := n.in(1); t == nil || len(t.Shape) == 0 {
		size := int64(1)
		if t != nil && len(sizes) == 1 {
			size = max(sizes[0], 1)
		}
		if s[at]/size > maxSequence {
			return fmt.Errorf("a list of %d tensors", s[at]/size)
		}
		sizes = nil
		for rest := s[at]; rest > 0; rest -= size {
			sizes = append(sizes, min(size, rest))
		}
	}
	drop := n.in(1) == nil && n.op.Attrs.Int("keepdims", 1) == 0
	var list sequence
	for _, size := range sizes {
		piece := n.join(s)
		if piece[at] = size; drop {
			piece = n.join(s[:at], s[at+1:])
		}
		list = append(list, Tensor{Shape: piece, DType: n.dtype(0), Role: Activation})
	}
	return n.setSequence(list)
}

func concatFromSequence(n *node) error {
	s, err := n.sequence()
	if err != nil {
		return err
	}
	if len(s) == 0 {
		return fmt.Errorf("an empty list")
	}
	rank := len(s[0].Shape)
	stack := n.op.Attrs.Int("new_axis", 0) != 0
	if stack {
		rank++
	}
	at, err := axis(n.op.Attrs.Int("axis", 0), rank)
	if err != nil {
		return err
	}
	if stack {
		return n.set(0, n.join(s[0].Shape[:at], []int64{int64(len(s))}, s[0].Shape[at:]), s[0].DType)
	}
	out := n.join(s[0].Shape)
	for i := 1; i < len(s); i++ {
		if len(s[i].Shape) != rank {
			return fmt.Errorf("its elements are %v and %v", out, s[i].Shape)
		}
		out[at] += s[i].Shape[at]
	}
	return n.set(0, out, s[0].DType)
}

func optionalHasElement(n *node) error {
	n.keep(0, &Value{Ints: []int64{truth(n.in(0) != nil)}})
	return n.set(0, Shape{}, dtype.BOOL)
}

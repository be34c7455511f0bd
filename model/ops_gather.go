package model

import (
	"fmt"

	"roofline/hardware/dtype"
	"roofline/hardware/unit"
)

// gatherOps read or write some of the elements of a tensor, by index.
var gatherOps = map[string]spec{
	"Gather":          {Copy, gather, readsOutput},
	"GatherElements":  {Copy, gatherElements, readsOutput},
	"GatherND":        {Copy, gatherND, readsOutput},
	"Scatter":         {Copy, sameAsInput, nil},
	"ScatterElements": {Copy, sameAsInput, nil},
	"ScatterND":       {Copy, scatterND, nil},
	"TensorScatter":   {Copy, sameAsInput, nil},
	"Compress":        {Copy, compress, readsOutput},
	"NonZero":         {Copy, nonZero, perInput(1)},
	"Unique":          {Copy, unique, perInput(transcendental)},
}

// readsOutput: the op reads the elements it gives out, and its indices, but not the rest of its first operand. Rows
// read from a stored table count as activations, because a larger batch reads more of them.
func readsOutput(n *node, w *Work) {
	rest := Work{}
	for i := 1; i < len(n.op.Inputs); i++ {
		if t := n.in(i); t != nil {
			rest.read(t, n.formats, 1)
		}
	}
	w.Weights, w.Read = rest.Weights, rest.Read
	t, o := n.in(0), n.out(0)
	if t == nil || o == nil {
		return
	}
	share := unit.Bytes(o.Shape.Elems() * t.bytesPerElement(n.formats))
	w.Read += share
}

// bytesPerElement returns the size of one element in the format the run keeps it in.
func (t *Tensor) bytesPerElement(f Formats) float64 {
	if t.Role == Weight || t.Role == Constant {
		return t.held(f.Weights).Size()
	}
	return t.held(f.Activations).Size()
}

// gather: the indices replace the axis.
func gather(n *node) error {
	s, err := n.rank(0, 1)
	if err != nil {
		return err
	}
	index, err := n.rank(1, 0)
	if err != nil {
		return err
	}
	at, err := axis(n.op.Attrs.Int("axis", 0), len(s))
	if err != nil {
		return err
	}
	out := n.join(s[:at], index, s[at+1:])
	if err := n.set(0, out, n.dtype(0)); err != nil {
		return err
	}
	v, iv := n.value(0), n.value(1)
	if v == nil || iv == nil || !foldable(out) {
		return nil
	}
	outer, inner := int(s[:at].Elems()), int(s[at+1:].Elems())
	r := v.like(int(out.Elems()))
	to := 0
	for o := range outer {
		for i := range iv.Len() {
			j := iv.Int(i)
			if j < 0 {
				j += s[at]
			}
			if j < 0 || j >= s[at] {
				return fmt.Errorf("index %d is outside a dimension of %d", iv.Int(i), s[at])
			}
			for k := range inner {
				r.copyElem(to, v, (o*int(s[at])+int(j))*inner+k)
				to++
			}
		}
	}
	n.keep(0, r)
	return nil
}

func gatherElements(n *node) error {
	s, err := n.rank(1, 1)
	if err != nil {
		return err
	}
	return n.set(0, s, n.dtype(0))
}

// gatherND: indices […, k] pick from the first k dimensions after the batch ones.
func gatherND(n *node) error {
	s, err := n.rank(0, 1)
	if err != nil {
		return err
	}
	index, err := n.rank(1, 1)
	if err != nil {
		return err
	}
	from := n.op.Attrs.Int("batch_dims", 0) + index[len(index)-1]
	if from < 0 || from > int64(len(s)) {
		return fmt.Errorf("indices %v into %v", index, s)
	}
	out := n.join(index[:len(index)-1], s[from:])
	if err := n.set(0, out, n.dtype(0)); err != nil {
		return err
	}
	if v, iv := n.value(0), n.value(1); v != nil && iv != nil && len(s) == 1 && foldable(out) {
		n.keep(0, v.remap(index[:len(index)-1], func(at []int64) int64 {
			j := int64(0)
			for k := range at {
				j = j*index[k] + at[k]
			}
			if e := iv.Int(int(j)); e >= 0 {
				return e
			}
			return iv.Int(int(j)) + s[0]
		}))
	}
	return nil
}

// scatterND copies its first operand; a known vector takes known updates.
func scatterND(n *node) error {
	if err := sameAsInput(n); err != nil {
		return err
	}
	s, v, iv, uv := n.shape(0), n.value(0), n.value(1), n.value(2)
	index := n.shape(1)
	if v == nil || iv == nil || uv == nil || len(s) != 1 || len(index) == 0 || index[len(index)-1] != 1 || iv.Len() != uv.Len() {
		return nil
	}
	r := v.remap(s, func(at []int64) int64 { return at[0] })
	for k := range iv.Len() {
		if j := clampIndex(iv.Int(k), s[0]); j < s[0] {
			r.copyElem(int(j), uv, k)
		}
	}
	n.keep(0, r)
	return nil
}

// compress keeps the elements a mask selects: all of them at most.
func compress(n *node) error {
	s, err := n.rank(0, 0)
	if err != nil {
		return err
	}
	count := func(size int64) int64 {
		c := n.value(1)
		if c == nil {
			n.upperBound()
			return size
		}
		kept := int64(0)
		for i := range c.Len() {
			kept += truth(c.Int(i) != 0)
		}
		return kept
	}
	a := n.op.Attrs.Get("axis")
	if a == nil {
		return n.set(0, n.dimsOf(count(truncate(s.Elems()))), n.dtype(0))
	}
	at, err := axis(a.Int, len(s))
	if err != nil {
		return err
	}
	out := n.join(s)
	out[at] = count(s[at])
	return n.set(0, out, n.dtype(0))
}

// nonZero gives the indices of the elements that aren't zero: all of them at most.
func nonZero(n *node) error {
	s, err := n.rank(0, 0)
	if err != nil {
		return err
	}
	rank := int64(max(len(s), 1))
	v := n.value(0)
	if v == nil {
		n.upperBound()
		return n.set(0, n.dimsOf(rank, truncate(s.Elems())), dtype.INT64)
	}
	var found []int64 // flat positions
	for i := range v.Len() {
		if v.Float(i) != 0 {
			found = append(found, int64(i))
		}
	}
	r := &Value{Ints: make([]int64, int(rank)*len(found))}
	st := strides(s)
	for i, at := range found {
		for k := range s {
			r.Ints[k*len(found)+i] = at / max(st[k], 1) % max(s[k], 1)
		}
	}
	n.keep(0, r)
	return n.set(0, n.dimsOf(rank, int64(len(found))), dtype.INT64)
}

func unique(n *node) error {
	s, err := n.rank(0, 0)
	if err != nil {
		return err
	}
	n.upperBound()
	count := truncate(s.Elems())
	out := n.dimsOf(count)
	if a := n.op.Attrs.Get("axis"); a != nil {
		k, err := axis(a.Int, len(s))
		if err != nil {
			return err
		}
		out, count = s, s[k]
	}
	for i := 1; i < 4; i++ {
		if err := n.set(i, n.dimsOf(count), dtype.INT64); err != nil {
			return err
		}
	}
	return n.set(0, out, n.dtype(0))
}

package model

import (
	"fmt"
	"math"

	"roofline/hardware/dtype"
)

// shapeOps change what a tensor is called, not where it lies, or make constants: all of them are free at run time.
var shapeOps = map[string]spec{
	"Constant":        {Free, constant, nil},
	"Shape":           {Free, shapeOf, nil},
	"Size":            {Free, sizeOf, nil},
	"Reshape":         {Free, reshape, nil},
	"Flatten":         {Free, flatten, nil},
	"Squeeze":         {Free, squeeze, nil},
	"Unsqueeze":       {Free, unsqueeze, nil},
	"ConstantOfShape": {Copy, constantOfShape, nil},
	"Range":           {Copy, rangeOf, nil},
	"EyeLike":         {Copy, sameAsInput, nil},
	"OneHot":          {Copy, oneHot, nil},
}

func constant(n *node) error {
	for i := range n.op.Attrs {
		switch a := &n.op.Attrs[i]; a.Name {
		case "value":
			if a.Tensor != nil {
				n.keep(0, a.Tensor.Value)
				return n.set(0, a.Tensor.Shape, a.Tensor.DType)
			}
		case "value_int":
			n.keep(0, &Value{Ints: []int64{a.Int}})
			return n.set(0, Shape{}, dtype.INT64)
		case "value_ints":
			n.keep(0, &Value{Ints: a.Ints})
			return n.set(0, n.dimsOf(int64(len(a.Ints))), dtype.INT64)
		case "value_float":
			n.keep(0, &Value{Floats: []float64{a.Float}})
			return n.set(0, Shape{}, dtype.FP32)
		case "value_floats":
			n.keep(0, &Value{Floats: a.Floats})
			return n.set(0, n.dimsOf(int64(len(a.Floats))), dtype.FP32)
		case "value_string", "value_strings":
			return n.set(0, Shape{}, dtype.STRING)
		}
	}
	return fmt.Errorf("it has no value")
}

// shapeOf: the dimensions from start to end, as a known value.
func shapeOf(n *node) error {
	s, err := n.rank(0, 0)
	if err != nil {
		return err
	}
	r := int64(len(s))
	start, end := n.op.Attrs.Int("start", 0), n.op.Attrs.Int("end", r)
	start, end = clampIndex(start, r), clampIndex(end, r)
	s = s[start:max(start, end)]
	n.keep(0, &Value{Ints: s})
	return n.set(0, n.dimsOf(int64(len(s))), dtype.INT64)
}

// clampIndex turns an index that counts from the end when negative into one between 0 and size.
func clampIndex(i, size int64) int64 {
	if i < 0 {
		i += size
	}
	return min(max(i, 0), size)
}

func sizeOf(n *node) error {
	s, err := n.rank(0, 0)
	if err != nil {
		return err
	}
	n.keep(0, &Value{Ints: []int64{truncate(s.Elems())}})
	return n.set(0, Shape{}, dtype.INT64)
}

// reshape: 0 keeps the dimension of the input (unless allowzero), one −1 takes what is left.
func reshape(n *node) error {
	s, err := n.rank(0, 0)
	if err != nil {
		return err
	}
	target, known := n.ints(1, "shape")
	if !known {
		if t := n.in(1); len(t.Shape) == 1 && t.Shape[0] > 0 && t.Shape[0] <= maxRank {
			out := n.dims(int(t.Shape[0]))
			for k := range out {
				out[k] = 1
			}
			out[0] = truncate(s.Elems())
			if err := n.set(0, out, n.dtype(0)); err != nil {
				return err
			}
		}
		return errGuess
	}
	out := n.join(target)
	rest, free := 1.0, -1
	for k, d := range out {
		switch {
		case d == -1 && free < 0:
			free = k
			continue
		case d == 0 && n.op.Attrs.Int("allowzero", 0) == 0:
			if k >= len(s) {
				return fmt.Errorf("dimension %d of the target %v is kept, but the input is %v", k, target, s)
			}
			out[k] = s[k]
		case d < 0:
			return fmt.Errorf("the target %v has a dimension of %d", target, d)
		}
		rest *= float64(out[k])
	}
	total := s.Elems()
	if free >= 0 {
		out[free] = 0
		if rest > 0 {
			out[free] = truncate(total / rest)
			rest *= float64(out[free])
		}
	}
	if rest != total {
		return fmt.Errorf("%v cannot become %v", s, Shape(target))
	}
	n.view()
	return n.set(0, out, n.dtype(0))
}

func flatten(n *node) error {
	s, err := n.rank(0, 0)
	if err != nil {
		return err
	}
	k := n.op.Attrs.Int("axis", 1)
	k = clampIndex(k, int64(len(s)))
	n.view()
	return n.set(0, n.dimsOf(truncate(s[:k].Elems()), truncate(s[k:].Elems())), n.dtype(0))
}

// squeeze drops dimensions of one: the given axes, or all.
func squeeze(n *node) error {
	s, err := n.rank(0, 0)
	if err != nil {
		return err
	}
	as, known := n.ints(1, "axes")
	if !known {
		return errGuess
	}
	given := as != nil
	drop, err := axes(as, len(s))
	if err != nil {
		return err
	}
	out := n.dims(len(s))[:0]
	for k, d := range s {
		dropped := d == 1 && !given
		for _, a := range drop {
			if a == k {
				if dropped = true; d != 1 {
					return fmt.Errorf("dimension %d of %v is not 1 and cannot be dropped", k, s)
				}
			}
		}
		if !dropped {
			out = append(out, d)
		}
	}
	n.view()
	return n.set(0, out, n.dtype(0))
}

func unsqueeze(n *node) error {
	s, err := n.rank(0, 0)
	if err != nil {
		return err
	}
	as, known := n.ints(1, "axes")
	if !known {
		return errGuess
	}
	if len(as) > maxRank {
		return fmt.Errorf("%d new dimensions", len(as))
	}
	insert, err := axes(as, len(s)+len(as))
	if err != nil {
		return err
	}
	out := n.dims(len(s) + len(as))
	for k := range out {
		out[k] = 0
	}
	for _, a := range insert {
		out[a] = -1
	}
	from := 0
	for k := range out {
		switch {
		case out[k] == -1 || from == len(s):
			out[k] = 1
		default:
			out[k] = s[from]
			from++
		}
	}
	n.view()
	return n.set(0, out, n.dtype(0))
}

// constantOfShape fills a shape with one number; where that is known it costs nothing, because it is folded.
func constantOfShape(n *node) error {
	target, known := n.ints(0, "shape")
	if !known {
		return errGuess
	}
	d, fill := dtype.FP32, (*Value)(nil)
	if a := n.op.Attrs.Get("value"); a != nil && a.Tensor != nil {
		d, fill = a.Tensor.DType, a.Tensor.Value
	}
	s := n.join(target)
	if err := n.set(0, s, d); err != nil {
		return err
	}
	if foldable(s) {
		v := newValue(int(s.Elems()), d)
		if fill != nil && fill.Len() == 1 {
			for i := range v.Len() {
				v.copyElem(i, fill, 0)
			}
		}
		n.keep(0, v)
	}
	return nil
}

// rangeOf: max(⌈(limit − start) ÷ delta⌉, 0) numbers.
func rangeOf(n *node) error {
	for i := range 3 {
		if v := n.value(i); v == nil || v.Len() != 1 {
			return errGuess
		}
	}
	start, limit, delta := n.value(0), n.value(1), n.value(2)
	if delta.Float(0) == 0 {
		return fmt.Errorf("its step is 0")
	}
	count := math.Max(math.Ceil((limit.Float(0)-start.Float(0))/delta.Float(0)), 0)
	if !finite(count) || count > maxDim {
		return fmt.Errorf("a range of %g numbers", count)
	}
	s := n.dimsOf(int64(count))
	if err := n.set(0, s, n.dtype(0)); err != nil || !foldable(s) {
		return err
	}
	v := start.like(int(count))
	for i := range v.Len() {
		if v.Floats != nil {
			v.Floats[i] = start.Float(0) + float64(i)*delta.Float(0)
		} else {
			v.Ints[i] = start.Int(0) + int64(i)*delta.Int(0)
		}
	}
	n.keep(0, v)
	return nil
}

// oneHot inserts the depth as a new axis.
func oneHot(n *node) error {
	s, err := n.rank(0, 0)
	if err != nil {
		return err
	}
	depth, known := n.scalar(1)
	if !known {
		return errGuess
	}
	at, err := axis(n.op.Attrs.Int("axis", -1), len(s)+1)
	if err != nil {
		return err
	}
	return n.set(0, n.join(s[:at], []int64{depth}, s[at:]), n.dtype(2))
}

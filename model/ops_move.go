package model

import (
	"fmt"
	"math"
	"slices"
)

// moveOps copy data: no arithmetic, only traffic.
var moveOps = map[string]spec{
	"Transpose":       {Copy, transpose, transposeWork},
	"Concat":          {Copy, concat, nothingMoved},
	"Split":           {Copy, split, nil},
	"Slice":           {Copy, slice, with(nothingMoved, readsOutput)},
	"Expand":          {Copy, expand, nothingMoved},
	"Tile":            {Copy, tile, nothingMoved},
	"Pad":             {Copy, pad, nothingMoved},
	"DepthToSpace":    {Copy, depthToSpace, nil},
	"SpaceToDepth":    {Copy, spaceToDepth, nil},
	"ReverseSequence": {Copy, sameAsInput, nil},
	"Trilu":           {Copy, sameAsInput, nil},
	"CenterCropPad":   {Copy, centerCropPad, with(nothingMoved, readsOutput)},
}

// nothingMoved makes an op free that happens to change nothing, and keeps the general traffic otherwise.
func nothingMoved(n *node, w *Work) {
	if o := n.out(0); o != nil && slices.Equal(n.shape(0), o.Shape) {
		w.Class = Free
	}
}

func transpose(n *node) error {
	s, err := n.rank(0, 0)
	if err != nil {
		return err
	}
	perm, err := permutation(n.op.Attrs.Ints("perm"), len(s))
	if err != nil {
		return err
	}
	out := n.dims(len(s))
	for k, p := range perm {
		out[k] = s[p]
	}
	if err := n.set(0, out, n.dtype(0)); err != nil {
		return err
	}
	if v := n.value(0); v != nil {
		st := strides(s)
		n.keep(0, v.remap(out, func(index []int64) int64 {
			j := int64(0)
			for k, p := range perm {
				j += index[k] * st[p]
			}
			return j
		}))
	}
	return nil
}

// permutation returns the order of axes of a Transpose: the given one, or all reversed.
func permutation(perm []int64, rank int) ([]int, error) {
	out := make([]int, rank)
	if perm == nil {
		for k := range out {
			out[k] = rank - 1 - k
		}
		return out, nil
	}
	if len(perm) != rank {
		return nil, fmt.Errorf("perm has %d axes, its input %d dimensions", len(perm), rank)
	}
	for k, p := range perm {
		a, err := axis(p, rank)
		if err != nil {
			return nil, err
		}
		if slices.Contains(out[:k], a) {
			return nil, fmt.Errorf("perm %v names an axis twice", perm)
		}
		out[k] = a
	}
	return out, nil
}

// transposeWork: a permutation that leaves the order of the dimensions over 1 alone moves nothing.
func transposeWork(n *node, w *Work) {
	s := n.shape(0)
	perm, err := permutation(n.op.Attrs.Ints("perm"), len(s))
	if err != nil {
		return
	}
	last := -1
	for _, p := range perm {
		if s[p] == 1 {
			continue
		}
		if p < last {
			return
		}
		last = p
	}
	w.Class = Free
}

func concat(n *node) error {
	s, err := n.rank(0, 1)
	if err != nil {
		return err
	}
	at, err := axis(n.op.Attrs.Int("axis", 0), len(s))
	if err != nil {
		return err
	}
	out := n.join(s)
	out[at] = 0
	known := true
	for i := range n.op.Inputs {
		t := n.in(i)
		if t == nil {
			continue
		}
		if len(t.Shape) != len(out) {
			return fmt.Errorf("its inputs are %v and %v", s, t.Shape)
		}
		for k, d := range t.Shape {
			if k != at && d != out[k] {
				return fmt.Errorf("its inputs are %v and %v", s, t.Shape)
			}
		}
		if out[at] += t.Shape[at]; out[at] > maxDim {
			return fmt.Errorf("a dimension of %d", out[at])
		}
		known = known && t.Value != nil
	}
	if err := n.set(0, out, n.dtype(0)); err != nil || !known || !foldable(out) {
		return err
	}
	n.keep(0, n.concatValues(out, at))
	return nil
}

// concatValues lays known operands one after the other along an axis.
func (n *node) concatValues(out Shape, at int) *Value {
	r := newValue(int(out.Elems()), n.dtype(0))
	if n.value(0).Floats != nil != (r.Floats != nil) {
		r = n.value(0).like(int(out.Elems()))
	}
	blocks := int(out[:at].Elems())
	to := 0
	for b := range blocks {
		for i := range n.op.Inputs {
			if v := n.value(i); v != nil {
				size := v.Len() / max(blocks, 1)
				for k := range size {
					r.copyElem(to, v, b*size+k)
					to++
				}
			}
		}
	}
	return r
}

func split(n *node) error {
	s, err := n.rank(0, 1)
	if err != nil {
		return err
	}
	at, err := axis(n.op.Attrs.Int("axis", 0), len(s))
	if err != nil {
		return err
	}
	sizes, known := n.ints(1, "split")
	parts := int64(len(n.op.Outputs))
	guess := !known
	if sizes == nil || !known { // equal parts, the last one smaller
		size := (s[at] + parts - 1) / parts
		sizes = nil
		for rest, i := s[at], int64(0); i < parts; i++ {
			sizes = append(sizes, min(size, rest))
			rest -= sizes[i]
		}
	}
	if int64(len(sizes)) != parts {
		return fmt.Errorf("%d sizes for %d outputs", len(sizes), parts)
	}
	from := int64(0)
	for i, size := range sizes {
		out := n.join(s)
		if out[at] = size; from+size > s[at] || size < 0 {
			return fmt.Errorf("sizes %v of a dimension of %d", sizes, s[at])
		}
		if err := n.set(i, out, n.dtype(0)); err != nil {
			return err
		}
		if v := n.value(0); v != nil {
			n.keep(i, v.window(s, out, at, from))
		}
		from += size
	}
	if guess {
		return errGuess
	}
	return nil
}

// window cuts the part of a value that starts at from along an axis.
func (v *Value) window(s, out Shape, at int, from int64) *Value {
	st := strides(s)
	return v.remap(out, func(index []int64) int64 {
		j := from * st[at]
		for k := range index {
			j += index[k] * st[k]
		}
		return j
	})
}

// slice: per axis, the elements from start to end (exclusive, both clamped) in steps.
func slice(n *node) error {
	s, err := n.rank(0, 0)
	if err != nil {
		return err
	}
	starts, ok1 := n.ints(1, "starts")
	ends, ok2 := n.ints(2, "ends")
	as, ok3 := n.ints(3, "axes")
	steps, ok4 := n.ints(4, "steps")
	out := n.join(s)
	if !ok1 || !ok2 || !ok3 || !ok4 { // at most everything
		if err := n.set(0, out, n.dtype(0)); err != nil {
			return err
		}
		return errGuess
	}
	if len(starts) != len(ends) || as != nil && len(as) != len(starts) || steps != nil && len(steps) != len(starts) || len(starts) > len(s) {
		return fmt.Errorf("starts %v, ends %v, axes %v, steps %v of %v", starts, ends, as, steps, s)
	}
	first, step := make([]int64, len(s)), make([]int64, len(s))
	for k := range step {
		step[k] = 1
	}
	for i := range starts {
		k := i
		if as != nil {
			if k, err = axis(as[i], len(s)); err != nil {
				return err
			}
		}
		if steps != nil {
			step[k] = steps[i]
		}
		if step[k] == 0 {
			return fmt.Errorf("its step is 0")
		}
		first[k], out[k] = sliceRange(starts[i], ends[i], step[k], s[k])
	}
	if err := n.set(0, out, n.dtype(0)); err != nil {
		return err
	}
	if v := n.value(0); v != nil {
		st := strides(s)
		n.keep(0, v.remap(out, func(index []int64) int64 {
			j := int64(0)
			for k := range index {
				j += (first[k] + index[k]*step[k]) * st[k]
			}
			return j
		}))
	}
	return nil
}

// sliceRange returns the first index and the number of elements of one axis of a Slice.
func sliceRange(start, end, step, size int64) (first, count int64) {
	if start < 0 {
		start += size
	}
	if end < 0 && end > math.MinInt64+size {
		end += size
	}
	if step > 0 {
		start, end = min(max(start, 0), size), min(max(end, 0), size)
		step = min(step, size+1)
		return start, max((end-start+step-1)/step, 0)
	}
	step = max(step, -size-1)
	start, end = min(max(start, 0), size-1), min(max(end, -1), size-1)
	return start, max((end-start+step+1)/step, 0)
}

func expand(n *node) error {
	s, err := n.rank(0, 0)
	if err != nil {
		return err
	}
	target, known := n.ints(1, "shape")
	if !known {
		return errGuess
	}
	if err := plausible(target); err != nil {
		return err
	}
	out, err := n.broadcast(s, target)
	if err != nil {
		return err
	}
	if err := n.set(0, out, n.dtype(0)); err != nil {
		return err
	}
	if v := n.value(0); v != nil && foldable(out) {
		n.keep(0, v.expand(s, out))
	}
	return nil
}

func tile(n *node) error {
	s, err := n.rank(0, 0)
	if err != nil {
		return err
	}
	repeats, known := n.ints(1, "repeats")
	if !known {
		return errGuess
	}
	if len(repeats) != len(s) {
		return fmt.Errorf("%d repeats of %v", len(repeats), s)
	}
	out := n.join(s)
	for k, r := range repeats {
		if r < 0 || float64(r)*float64(s[k]) > maxDim {
			return fmt.Errorf("%d repeats of a dimension of %d", r, s[k])
		}
		out[k] *= r
	}
	if err := n.set(0, out, n.dtype(0)); err != nil {
		return err
	}
	if v := n.value(0); v != nil && foldable(out) {
		st := strides(s)
		n.keep(0, v.remap(out, func(index []int64) int64 {
			j := int64(0)
			for k := range index {
				j += index[k] % max(s[k], 1) * st[k]
			}
			return j
		}))
	}
	return nil
}

// pad: pads are all begins, then all ends, of the given axes or of all; negative ones crop.
func pad(n *node) error {
	s, err := n.rank(0, 0)
	if err != nil {
		return err
	}
	pads, known := n.ints(1, "pads")
	as, knownAxes := n.ints(3, "axes")
	if !known || !knownAxes {
		return errGuess
	}
	if a := n.op.Attrs.Ints("paddings"); pads == nil { // opset 1
		pads = a
	}
	which := make([]int, len(s))
	for k := range which {
		which[k] = k
	}
	if as != nil {
		if which, err = axes(as, len(s)); err != nil {
			return err
		}
	}
	if len(pads) != 2*len(which) {
		return fmt.Errorf("pads %v of %v", pads, s)
	}
	out := n.join(s)
	begin := make([]int64, len(s))
	for i, k := range which {
		b, e := pads[i], pads[len(which)+i]
		if max(b, -b, e, -e) > maxDim {
			return fmt.Errorf("pads %v of %v", pads, s)
		}
		begin[k] = b
		out[k] += b + e
	}
	if err := n.set(0, out, n.dtype(0)); err != nil {
		return err
	}
	v, mode := n.value(0), n.op.Attrs.Text("mode", "constant")
	if fill := n.value(2); v != nil && foldable(out) && mode == "constant" && (n.in(2) == nil || fill != nil && fill.Len() == 1) {
		n.keep(0, v.padded(s, out, begin, fill))
	}
	return nil
}

// padded surrounds a value with fill, zero where nil.
func (v *Value) padded(s, out Shape, begin []int64, fill *Value) *Value {
	st := strides(s)
	inside := func(index []int64) int64 {
		j := int64(0)
		for k := range index {
			i := index[k] - begin[k]
			if i < 0 || i >= s[k] {
				return -1
			}
			j += i * st[k]
		}
		return j
	}
	r := v.remap(out, inside)
	if fill != nil {
		index := make([]int64, len(out))
		for i := range r.Len() {
			if inside(index) < 0 {
				r.copyElem(i, fill, 0)
			}
			next(index, out)
		}
	}
	return r
}

func depthToSpace(n *node) error {
	s, err := n.rank(0, 4)
	if err != nil {
		return err
	}
	b := n.op.Attrs.Int("blocksize", 1)
	if b < 1 || b > 1<<15 || s[1]%(b*b) != 0 {
		return fmt.Errorf("a block of %d in %v", b, s)
	}
	return n.set(0, n.dimsOf(s[0], s[1]/(b*b), s[2]*b, s[3]*b), n.dtype(0))
}

func spaceToDepth(n *node) error {
	s, err := n.rank(0, 4)
	if err != nil {
		return err
	}
	b := n.op.Attrs.Int("blocksize", 1)
	if b < 1 || b > 1<<15 || s[2]%b != 0 || s[3]%b != 0 {
		return fmt.Errorf("a block of %d in %v", b, s)
	}
	return n.set(0, n.dimsOf(s[0], s[1]*b*b, s[2]/b, s[3]/b), n.dtype(0))
}

func centerCropPad(n *node) error {
	s, err := n.rank(0, 0)
	if err != nil {
		return err
	}
	target, known := n.ints(1, "")
	if !known {
		return errGuess
	}
	out := n.join(s)
	which := n.op.Attrs.Ints("axes")
	for i, d := range target {
		k := int64(i)
		if which != nil && i < len(which) {
			k = which[i]
		}
		a, err := axis(k, len(s))
		if err != nil {
			return err
		}
		out[a] = d
	}
	return n.set(0, out, n.dtype(0))
}

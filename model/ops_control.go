package model

import (
	"fmt"
	"math"
	"slices"

	"roofline/hardware/dtype"
	"roofline/hardware/unit"
)

// controlOps run subgraphs, and handle lists of tensors. The work of the former is that of their [Body].
var controlOps = map[string]spec{
	"If":                 {Copy, branch, nil},
	"Loop":               {Copy, loop, nil},
	"Scan":               {Copy, scan, nil},
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

// subgraph returns the graph of an attribute.
func (n *node) subgraph(attr string) (*Graph, error) {
	if a := n.op.Attrs.Get(attr); a != nil && a.Graph != nil {
		return a.Graph, nil
	}
	return nil, fmt.Errorf("attribute %q holds no graph", attr)
}

// enter infers a subgraph whose inputs have been given: what it captures is constant or computed, never an own weight.
func (n *node) enter(body *Graph) error {
	for _, c := range body.Captures {
		outer, inner := &n.g.Tensors[c.Outer], &body.Tensors[c.Inner]
		n.pass(outer, inner)
		if inner.Role = Activation; outer.Role == Weight || outer.Role == Constant {
			inner.Role, inner.Value = Constant, outer.Value
		}
	}
	body.Opset = n.g.Opset
	if err := n.run.graph(body, n.tainted); err != nil {
		return &fatalError{err}
	}
	return nil
}

// pass gives a tensor of a subgraph the shape and format of one outside, or the other way.
func (n *node) pass(from, to *Tensor) {
	to.Shape, to.DType, to.Storage, to.Value = from.Shape, from.DType, from.Storage, nil
	n.run.passSequence(from, to)
}

// runs records what the op runs, for its work.
func (n *node) runs(body *Graph, times float64) {
	if n.g.bodies == nil {
		n.g.bodies = map[int]Body{}
	}
	n.g.bodies[n.index] = Body{body, times}
}

// branch: If(condition). A known condition takes its branch; otherwise the costlier one counts.
func branch(n *node) error {
	yes, err := n.subgraph("then_branch")
	if err != nil {
		return err
	}
	no, err := n.subgraph("else_branch")
	if err != nil {
		return err
	}
	taken := yes
	if c := n.value(0); c != nil && c.Len() == 1 {
		if c.Int(0) == 0 {
			taken = no
		}
		if err := n.enter(taken); err != nil {
			return err
		}
	} else {
		if err := n.enter(yes); err != nil {
			return err
		}
		if err := n.enter(no); err != nil {
			return err
		}
		name := "then"
		if costlier(no.total(), yes.total()) {
			taken, name = no, "else"
		}
		n.warnf("op %q (If) depends on the data: the costlier branch (%s) is counted", n.label(), name)
		n.run.guessed = true
	}
	n.runs(taken, 1)
	for i, id := range taken.Outputs {
		if o := n.out(i); o != nil {
			t := &taken.Tensors[id]
			n.pass(t, o)
			o.Value = t.Value
		}
	}
	return nil
}

// total sums the work of a graph as the file has it.
func (g *Graph) total() Work { return Body{g, 1}.work(Work{}, Formats{}) }

// costlier compares first multiply-accumulates, then all arithmetic, then traffic.
func costlier(a, b Work) bool {
	if a.MACs != b.MACs {
		return a.MACs > b.MACs
	}
	if a.FLOPs != b.FLOPs {
		return a.FLOPs > b.FLOPs
	}
	return a.Bytes() > b.Bytes()
}

// work adds up what a body costs into w. Its weights are read once, as a recurrent layer's are; its class, format and
// matrix form are those of its heaviest op.
func (b Body) work(w Work, f Formats) Work {
	w.Class = Free
	heaviest := -1.0
	times := unit.Bytes(b.Times)
	for i := range b.Graph.Ops {
		o := b.Graph.OpWork(i, f)
		w.addMACs(o.MACs * b.Times)
		w.addFLOPs((float64(o.FLOPs) - 2*o.MACs) * b.Times)
		w.Weights += o.Weights
		w.KV += o.KV * times
		w.Read += o.Read * times
		w.Write += o.Write * times
		if cost := float64(o.FLOPs) + float64(o.Bytes()); o.Class != Free && cost > heaviest {
			heaviest = cost
			w.Class, w.Format, w.Stored = o.Class, o.Format, o.Stored
			w.M, w.N, w.K, w.Groups = o.M, o.N, o.K, o.Groups*b.Times
		}
	}
	return w
}

// loop: Loop(trip count, condition, carried…) runs its body on (iteration, condition, carried…), which returns
// (condition, carried…, scanned…). What is carried may grow by the same amount at every iteration.
func loop(n *node) error {
	body, err := n.subgraph("body")
	if err != nil {
		return err
	}
	carried := len(body.Inputs) - 2
	if carried < 0 || len(n.op.Inputs) < 2+carried || len(body.Outputs) < 1+carried {
		return fmt.Errorf("its body has %d inputs and %d outputs for %d operands", len(body.Inputs), len(body.Outputs), len(n.op.Inputs))
	}
	for i, d := range []dtype.DType{dtype.INT64, dtype.BOOL} {
		t := &body.Tensors[body.Inputs[i]]
		t.Shape, t.DType = Shape{}, d
	}
	for i := range carried {
		if t := n.in(2 + i); t != nil {
			n.pass(t, &body.Tensors[body.Inputs[2+i]])
		}
	}
	if err := n.enter(body); err != nil {
		return err
	}
	trips := n.trips(body)
	n.runs(body, float64(trips))
	for i := range n.op.Outputs {
		o := n.out(i)
		if o == nil || 1+i >= len(body.Outputs) {
			continue
		}
		result := &body.Tensors[body.Outputs[1+i]]
		n.pass(result, o)
		if i < carried {
			err = n.set(i, n.grown(n.shape(2+i), result.Shape, trips), result.DType)
		} else {
			err = n.set(i, n.join([]int64{trips}, result.Shape), result.DType)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// trips returns how often a loop runs: as often as it says, as bound, or at least once.
func (n *node) trips(body *Graph) int64 {
	most, bounded := n.scalar(0)
	if n.in(0) == nil {
		bounded = false
	}
	next := body.Tensors[body.Outputs[0]].Value
	stays := next != nil && next.Len() == 1 && next.Int(0) != 0 || body.Outputs[0] == body.Inputs[1]
	switch {
	case bounded && stays:
		return clampIndex(max(most, 0), maxDim)
	case n.run.bindings.TripCount > 0:
		return n.run.bindings.TripCount
	case bounded && most < math.MaxInt32:
		n.warnf("op %q (Loop) may end early, depending on the data: all %d iterations are counted", n.label(), most)
		return max(most, 0)
	}
	n.warnf("how often op %q (Loop) runs depends on the data: one iteration is counted; a trip count changes that", n.label())
	n.run.guessed = true
	return 1
}

// grown extends a carried shape by its growth of one iteration, times the iterations.
func (n *node) grown(from, to Shape, trips int64) Shape {
	if len(from) != len(to) || slices.Equal(from, to) {
		return to
	}
	out := n.join(to)
	for k := range out {
		out[k] = truncate(float64(from[k]) + float64(trips)*float64(to[k]-from[k]))
	}
	return out
}

// scan: Scan(states…, scanned…) runs its body once per slice of what is scanned; the body returns (states…, slices…).
func scan(n *node) error {
	body, err := n.subgraph("body")
	if err != nil {
		return err
	}
	scanned := int(n.op.Attrs.Int("num_scan_inputs", 1))
	states := len(n.op.Inputs) - scanned
	if scanned < 1 || states < 0 || len(body.Inputs) != len(n.op.Inputs) || len(body.Outputs) < states {
		return fmt.Errorf("its body has %d inputs and %d outputs for %d operands", len(body.Inputs), len(body.Outputs), len(n.op.Inputs))
	}
	steps := int64(1)
	for i := range n.op.Inputs {
		s, err := n.rank(i, 0)
		if err != nil {
			return err
		}
		inner := &body.Tensors[body.Inputs[i]]
		n.pass(n.in(i), inner)
		if i >= states {
			at, err := axis(nth(n.op.Attrs.Ints("scan_input_axes"), i-states), len(s))
			if err != nil {
				return err
			}
			steps = s[at]
			inner.Shape = n.join(s[:at], s[at+1:])
		}
	}
	if err := n.enter(body); err != nil {
		return err
	}
	n.runs(body, float64(steps))
	for i := range n.op.Outputs {
		o := n.out(i)
		if o == nil || i >= len(body.Outputs) {
			continue
		}
		result := &body.Tensors[body.Outputs[i]]
		s := result.Shape
		if i >= states {
			at, err := axis(nth(n.op.Attrs.Ints("scan_output_axes"), i-states), len(s)+1)
			if err != nil {
				return err
			}
			s = n.join(s[:at], []int64{steps}, s[at:])
		}
		if err := n.set(i, s, result.DType); err != nil {
			return err
		}
	}
	return nil
}

// nth returns element i of a list attribute, 0 where it isn't given.
func nth(v []int64, i int) int64 {
	if i < len(v) {
		return v[i]
	}
	return 0
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

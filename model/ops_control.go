package model

import (
	"fmt"
	"math"
	"slices"

	"roofline/hardware/dtype"
	"roofline/hardware/unit"
)

// controlOps run subgraphs: their work is that of their [Body].
var controlOps = map[string]spec{
	"If":   {Copy, branch, nil},
	"Loop": {Copy, loop, nil},
	"Scan": {Copy, scan, nil},
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

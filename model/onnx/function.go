package onnx

import (
	"fmt"
	"slices"

	"roofline/model"
)

// function is a model-local function: a graph to put in the place of its calls.
type function struct {
	g        *model.Graph
	refs     map[int][]reference // by op, the attributes that come from the call
	defaults model.Attrs
}

// reference is an attribute that takes the value of an attribute of the call.
type reference struct{ name, ref string }

// maxInlined bounds the ops of an inlined graph: functions that call functions twice grow exponentially.
const maxInlined = 1 << 17

// inline replaces every call of a function by its body, in subgraphs too.
func (d *decoder) inline(g *model.Graph) error {
	if len(d.functions) == 0 {
		return nil
	}
	in := &inliner{functions: d.functions, g: g}
	return in.graph(0)
}

// inliner rewrites the ops of one graph.
type inliner struct {
	functions map[string]*function
	g         *model.Graph
	out       []model.Op
}

func (in *inliner) graph(depth int) error {
	ops := in.g.Ops
	for i := range ops {
		if err := in.op(ops[i], depth); err != nil {
			return err
		}
	}
	in.g.Ops = in.out
	return nil
}

// op appends an op, or the body of the function it calls.
func (in *inliner) op(op model.Op, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("malformed: function %s calls functions more than %d deep", op.Kind, maxDepth)
	}
	if len(in.out) >= maxInlined {
		return fmt.Errorf("malformed: its functions expand to more than %d nodes", maxInlined)
	}
	fn := in.functions[op.Kind]
	if fn == nil {
		for j := range op.Attrs {
			if sub := op.Attrs[j].Graph; sub != nil {
				nested := &inliner{functions: in.functions, g: sub}
				if err := nested.graph(depth + 1); err != nil {
					return err
				}
			}
		}
		in.out = append(in.out, op)
		return nil
	}
	ids := in.bind(fn, &op)
	for i := range fn.g.Ops {
		inner := fn.g.Ops[i]
		inner.Name = op.Name + "/" + inner.Name
		inner.Inputs, inner.Outputs = mapped(inner.Inputs, ids), mapped(inner.Outputs, ids)
		inner.Attrs = fn.attrs(inner.Attrs, fn.refs[i], op.Attrs)
		for j := range inner.Attrs {
			if sub := inner.Attrs[j].Graph; sub != nil {
				inner.Attrs[j].Graph = clone(sub, ids)
			}
		}
		if err := in.op(inner, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// bind returns the tensor of the calling graph for every tensor of the function.
func (in *inliner) bind(fn *function, call *model.Op) []model.TensorID {
	const unbound = model.NoTensor - 1
	ids := slices.Repeat([]model.TensorID{unbound}, len(fn.g.Tensors))
	for i, id := range fn.g.Inputs {
		ids[id] = model.NoTensor
		if i < len(call.Inputs) {
			ids[id] = call.Inputs[i]
		}
	}
	for i, id := range fn.g.Outputs {
		switch {
		case i >= len(call.Outputs) || call.Outputs[i] == model.NoTensor:
		case ids[id] == unbound:
			ids[id] = call.Outputs[i]
		default: // an input handed through
			in.out = append(in.out, model.Op{Name: call.Name, Kind: "Identity", Inputs: []model.TensorID{ids[id]},
				Outputs: []model.TensorID{call.Outputs[i]}})
		}
	}
	for i := range ids {
		if ids[i] == unbound {
			t := fn.g.Tensors[i]
			t.Name = call.Name + "/" + t.Name
			ids[i] = model.TensorID(len(in.g.Tensors))
			in.g.Tensors = append(in.g.Tensors, t)
		} else if t := &fn.g.Tensors[i]; t.Role == model.Constant && ids[i] != model.NoTensor { // a constant handed out
			name := in.g.Tensors[ids[i]].Name
			in.g.Tensors[ids[i]] = *t
			in.g.Tensors[ids[i]].Name = name
		}
	}
	return ids
}

// attrs returns the attributes of an op of the body: its own and those it takes from the call, else from the defaults.
func (fn *function) attrs(own model.Attrs, refs []reference, call model.Attrs) model.Attrs {
	out := slices.Clone(own)
	for _, r := range refs {
		a := call.Get(r.ref)
		if a == nil {
			a = fn.defaults.Get(r.ref)
		}
		if a != nil {
			given := *a
			given.Name = r.name
			out = append(out, given)
		}
	}
	return out
}

// mapped translates tensor ids.
func mapped(ids, to []model.TensorID) []model.TensorID {
	out := make([]model.TensorID, len(ids))
	for i, id := range ids {
		out[i] = model.NoTensor
		if id != model.NoTensor {
			out[i] = to[id]
		}
	}
	return out
}

// clone copies a subgraph, whose shapes are inferred for every call anew. to translates what it captures; nil keeps it.
func clone(g *model.Graph, to []model.TensorID) *model.Graph {
	c := *g
	c.Tensors, c.Ops, c.Captures = slices.Clone(g.Tensors), slices.Clone(g.Ops), slices.Clone(g.Captures)
	if to != nil {
		for i := range c.Captures {
			c.Captures[i].Outer = to[c.Captures[i].Outer]
		}
		c.Captures = slices.DeleteFunc(c.Captures, func(x model.Capture) bool { return x.Outer == model.NoTensor })
	}
	for i := range c.Ops {
		c.Ops[i].Attrs = slices.Clone(c.Ops[i].Attrs)
		for j := range c.Ops[i].Attrs {
			if sub := c.Ops[i].Attrs[j].Graph; sub != nil {
				c.Ops[i].Attrs[j].Graph = clone(sub, nil)
			}
		}
	}
	return &c
}

// Package model describes what must be computed: a graph of operations on tensors, and the work of each operation.
//
// A reader ([roofline/model/onnx], [roofline/model/native], [roofline/model/zoo]) gives a [Graph]; [Infer] fills in the
// shapes; [Graph.Work] turns it into a list of [Work], fused as a runtime would. Language models take the short way: a
// [roofline/model/transformer.Model] gives the list of work of a phase directly, because its layers repeat.
// Nothing here knows about hardware.
package model

import (
	"fmt"
	"math"
	"strings"

	"roofline/hardware/dtype"
	"roofline/hardware/unit"
)

// Shape holds the dimensions of a tensor, outermost first. A nil Shape is unknown; an empty one is a scalar.
type Shape []int64

// Elems returns the number of elements: the product of the dimensions, as a float so that it can't overflow.
func (s Shape) Elems() float64 {
	n := 1.0
	for _, d := range s {
		n *= float64(d)
	}
	return n
}

// String prints a shape as users type it: 1x3x224x224.
func (s Shape) String() string {
	if s == nil {
		return "?"
	}
	if len(s) == 0 {
		return "scalar"
	}
	var b strings.Builder
	for i, d := range s {
		if i > 0 {
			b.WriteByte('x')
		}
		fmt.Fprint(&b, d)
	}
	return b.String()
}

// TensorID indexes Graph.Tensors. NoTensor stands for an optional input that is not given.
type TensorID int32

// NoTensor marks a missing optional input or an output nobody reads.
const NoTensor TensorID = -1

// Role says where a tensor comes from, and so whether its traffic grows with the batch.
type Role uint8

// The roles of a tensor.
const (
	Activation Role = iota // computed from the inputs: grows with the batch
	Input                  // given by the caller at every run
	Weight                 // stored in the model
	Constant               // computed from weights and shapes only: folded before the first run
)

// Tensor is one edge of the graph.
type Tensor struct {
	Name  string
	Shape Shape // nil until inferred
	DType dtype.DType
	Role  Role
	// Declared is the shape the file states, -1 where it is open; nil where it states none. Of an input, it is what
	// bindings start from.
	Declared Shape
	// Symbols names the dimensions of an input that are not numbers ("batch", "seq"); the shape holds -1 there.
	Symbols []string
	// Value is the content of a small constant where shape inference needs it, else nil.
	Value *Value
	// Parameters is the logical number of elements of a packed or quantised weight (two int4 in a byte); 0 means
	// Shape.Elems(), NoParameters that they don't count.
	Parameters float64
	// Storage is the format a real-valued tensor is really held in, where the graph only dequantises it: its consumers
	// read that. Unknown means DType.
	Storage dtype.DType
}

// NoParameters marks stored numbers that are not parameters, such as the scales of a quantised weight.
const NoParameters = -1

// Bytes returns the memory the tensor takes when its real-valued elements are stored as f (Unknown: as in the file).
// Integers, booleans and formats already quantised in the file keep their own size.
func (t *Tensor) Bytes(f dtype.DType) unit.Bytes {
	size := t.DType.Size()
	switch {
	case t.Storage != dtype.Unknown:
		size = t.Storage.Size()
	case f != dtype.Unknown && castable(t.DType):
		size = f.Size()
	}
	return unit.Bytes(t.Shape.Elems() * size)
}

// castable reports the formats an inference runtime converts freely when it is asked for another precision.
func castable(d dtype.DType) bool {
	switch d {
	case dtype.FP64, dtype.FP32, dtype.TF32, dtype.BF16, dtype.FP16:
		return true
	}
	return false
}

// Value is the content of a small constant, flat in row-major order: integers or floats, never both.
type Value struct {
	Ints   []int64
	Floats []float64
}

// Op is one node of the graph. Kind is the ONNX operator type; operators of other domains carry it as a prefix
// ("com.microsoft.Attention").
type Op struct {
	Name    string
	Kind    string
	Inputs  []TensorID
	Outputs []TensorID
	Attrs   Attrs
}

// reads calls visit for every tensor the op reads: its operands, and what its subgraphs capture.
func (op *Op) reads(visit func(TensorID)) {
	for _, id := range op.Inputs {
		if id != NoTensor {
			visit(id)
		}
	}
	for i := range op.Attrs {
		if sub := op.Attrs[i].Graph; sub != nil {
			for _, c := range sub.Captures {
				visit(c.Outer)
			}
		}
	}
}

// Attr is one attribute of an op. Only the field of its type is set.
type Attr struct {
	Name   string
	Int    int64
	Float  float64
	String string
	Ints   []int64
	Floats []float64
	Tensor *Tensor // a constant: shape, dtype, and its value where small
	Graph  *Graph  // a subgraph: If, Loop, Scan
}

// Attrs are the attributes of an op. There are few, so look-up is a scan.
type Attrs []Attr

// Get returns the attribute of that name, or nil.
func (a Attrs) Get(name string) *Attr {
	for i := range a {
		if a[i].Name == name {
			return &a[i]
		}
	}
	return nil
}

// Int returns an integer attribute or its default.
func (a Attrs) Int(name string, def int64) int64 {
	if v := a.Get(name); v != nil {
		return v.Int
	}
	return def
}

// Ints returns a list attribute or nil.
func (a Attrs) Ints(name string) []int64 {
	if v := a.Get(name); v != nil {
		return v.Ints
	}
	return nil
}

// Float returns a float attribute or its default.
func (a Attrs) Float(name string, def float64) float64 {
	if v := a.Get(name); v != nil {
		return v.Float
	}
	return def
}

// Text returns a string attribute or its default.
func (a Attrs) Text(name, def string) string {
	if v := a.Get(name); v != nil {
		return v.String
	}
	return def
}

// Graph is a model as a list of operations in an order in which they can run.
type Graph struct {
	Name    string
	Tensors []Tensor
	Ops     []Op
	Inputs  []TensorID
	Outputs []TensorID
	// Opset is the version of the default ONNX operator set the ops follow.
	Opset int
	// Batch is the number of samples the bound shapes stand for; [Work.Scaled] goes to any other.
	Batch int64
	// Captures are the tensors a subgraph reads from the graph around it.
	Captures []Capture
	// bodies are the subgraphs that run, by op, once inferred.
	bodies map[int]Body
	// read is the number of warnings from reading plus one, 0 before the first inference: later ones are repeated.
	read int
	// Warnings say what was guessed while reading and inferring, each a whole sentence.
	Warnings []string
}

// Capture is a tensor of the outer graph under the id it has in a subgraph.
type Capture struct{ Outer, Inner TensorID }

// Body is the subgraph an op runs, and how many times in one execution.
type Body struct {
	Graph *Graph
	Times float64
}

// Body returns what a control-flow op runs, known after [Infer]: the branch an If takes, the body of a Loop or Scan.
// Any other op has a nil Graph.
func (g *Graph) Body(i int) Body { return g.bodies[i] }

// Warnf adds a warning once.
func (g *Graph) Warnf(format string, args ...any) {
	w := fmt.Sprintf(format, args...)
	for _, have := range g.Warnings {
		if have == w {
			return
		}
	}
	g.Warnings = append(g.Warnings, w)
}

// Tensor returns the tensor of an id, or nil for NoTensor.
func (g *Graph) Tensor(id TensorID) *Tensor {
	if id == NoTensor {
		return nil
	}
	return &g.Tensors[id]
}

// Parameters counts the logical elements of the stored real-valued weights, each tensor once: subgraphs included,
// integer index tables and quantisation zero points left out.
func (g *Graph) Parameters() float64 {
	n := 0.0
	for i := range g.Tensors {
		t := &g.Tensors[i]
		if t.Role != Weight {
			continue
		}
		switch {
		case t.Parameters > 0:
			n += t.Parameters
		case t.Parameters == 0 && t.DType.Float():
			n += t.Shape.Elems()
		}
	}
	for i := range g.Ops {
		for j := range g.Ops[i].Attrs {
			if sub := g.Ops[i].Attrs[j].Graph; sub != nil {
				n += sub.Parameters()
			}
		}
	}
	return n
}

// WeightBytes returns the memory of the stored weights when real-valued ones are kept as f (Unknown: as in the file).
func (g *Graph) WeightBytes(f dtype.DType) unit.Bytes {
	var b unit.Bytes
	for i := range g.Tensors {
		if t := &g.Tensors[i]; t.Role == Weight {
			b += t.Bytes(f)
		}
	}
	for i := range g.Ops {
		for j := range g.Ops[i].Attrs {
			if sub := g.Ops[i].Attrs[j].Graph; sub != nil {
				b += sub.WeightBytes(f)
			}
		}
	}
	return b
}

// InterfaceBytes returns the bytes of the graph's inputs and outputs at its bound batch: with the weights,
// the traffic no implementation can avoid.
func (g *Graph) InterfaceBytes(f dtype.DType) unit.Bytes {
	var b unit.Bytes
	for _, ids := range [][]TensorID{g.Inputs, g.Outputs} {
		for _, id := range ids {
			if t := g.Tensor(id); t != nil && t.Shape != nil {
				b += t.Bytes(f)
			}
		}
	}
	return b
}

// finite guards counts that were multiplied up from a file's dimensions.
func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

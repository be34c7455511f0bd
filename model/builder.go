package model

import "roofline/hardware/dtype"

// Builder makes a graph op by op, in an order in which the ops can run:
//
//	b := model.NewBuilder("tiny", 17)
//	x := b.Input("image", dtype.FP32, model.Shape{-1, 3, 224, 224}, "batch")
//	w := b.Weight("conv1.weight", dtype.FP32, model.Shape{64, 3, 7, 7})
//	x = b.Op("Conv", "conv1", []model.TensorID{x, w}, model.IntsAttr("strides", 2, 2), model.IntsAttr("pads", 3, 3, 3, 3))
//	b.Output(x)
//	g := b.Graph() // shapes are still to be inferred: model.Infer
type Builder struct{ g Graph }

// NewBuilder starts an empty graph whose ops follow a version of the default ONNX operator set.
func NewBuilder(name string, opset int) *Builder {
	return &Builder{Graph{Name: name, Opset: opset}}
}

// Input declares a graph input. A dimension of -1 is bound later; symbols name the dimensions ("" where a number stands).
func (b *Builder) Input(name string, d dtype.DType, shape Shape, symbols ...string) TensorID {
	id := b.add(Tensor{Name: name, Shape: shape, DType: d, Role: Input, Symbols: symbols})
	b.g.Inputs = append(b.g.Inputs, id)
	return id
}

// Weight declares a stored parameter.
func (b *Builder) Weight(name string, d dtype.DType, shape Shape) TensorID {
	return b.add(Tensor{Name: name, Shape: shape, DType: d, Role: Weight})
}

// Buffer declares stored values that are not parameters, such as the running mean of a batch norm.
func (b *Builder) Buffer(name string, d dtype.DType, shape Shape) TensorID {
	return b.add(Tensor{Name: name, Shape: shape, DType: d, Role: Constant})
}

// Const declares a one-dimensional constant of integers: the target of a Reshape, the axes of a reduction.
func (b *Builder) Const(name string, ints ...int64) TensorID {
	return b.constant(name, dtype.INT64, Shape{int64(len(ints))}, &Value{Ints: ints})
}

// Scalar declares a constant integer without dimensions, such as the index of a Gather that drops its axis.
func (b *Builder) Scalar(name string, v int64) TensorID {
	return b.constant(name, dtype.INT64, Shape{}, &Value{Ints: []int64{v}})
}

// ConstFloat declares a constant number without dimensions, such as the divisor of attention scores.
func (b *Builder) ConstFloat(name string, d dtype.DType, v float64) TensorID {
	return b.constant(name, d, Shape{}, &Value{Floats: []float64{v}})
}

func (b *Builder) constant(name string, d dtype.DType, s Shape, v *Value) TensorID {
	return b.add(Tensor{Name: name, Shape: s, DType: d, Role: Constant, Value: v})
}

// Op appends an operation with one output, named after the op, and returns that output.
func (b *Builder) Op(kind, name string, inputs []TensorID, attrs ...Attr) TensorID {
	return b.Ops(kind, name, inputs, []string{name}, attrs...)[0]
}

// Ops appends an operation with several outputs and returns them; an empty name is an output nobody reads.
func (b *Builder) Ops(kind, name string, inputs []TensorID, outputs []string, attrs ...Attr) []TensorID {
	ids := make([]TensorID, len(outputs))
	for i, out := range outputs {
		ids[i] = NoTensor
		if out != "" {
			ids[i] = b.add(Tensor{Name: out})
		}
	}
	b.g.Ops = append(b.g.Ops, Op{Name: name, Kind: kind, Inputs: inputs, Outputs: ids, Attrs: attrs})
	return ids
}

// Output declares what the caller of the graph gets.
func (b *Builder) Output(ids ...TensorID) { b.g.Outputs = append(b.g.Outputs, ids...) }

// Graph returns the graph built so far; the builder must not be used afterwards.
func (b *Builder) Graph() *Graph { return &b.g }

func (b *Builder) add(t Tensor) TensorID {
	b.g.Tensors = append(b.g.Tensors, t)
	return TensorID(len(b.g.Tensors) - 1)
}

// IntAttr makes an integer attribute.
func IntAttr(name string, v int64) Attr { return Attr{Name: name, Int: v} }

// IntsAttr makes an attribute that is a list of integers.
func IntsAttr(name string, v ...int64) Attr { return Attr{Name: name, Ints: v} }

// FloatAttr makes a real-valued attribute.
func FloatAttr(name string, v float64) Attr { return Attr{Name: name, Float: v} }

// StringAttr makes a text attribute.
func StringAttr(name, v string) Attr { return Attr{Name: name, String: v} }

package model

import "slices"

// view reports ops whose output shares the memory of their first input. Frameworks and compilers take parts of tensors
// where they lie and read them in any order; a framework copies a transposed tensor once a Reshape merges its dimensions, or a
// product with weights reads it.
func (fu *fuser) view(i int) bool {
	op := &fu.g.Ops[i]
	if len(op.Inputs) == 0 || op.Inputs[0] == NoTensor {
		return false
	}
	switch {
	case fu.works[i].Class == Free:
		return true
	case op.Kind == "Transpose":
		return fu.level.generates() || fu.level.strided() && !fu.reshaped(i) && !fu.linear(i)
	}
	return fu.level.strided() && (fu.part(i) || fu.scales(i))
}

// part reports ops that take a part of an activation: Slice, Split, and Gather of one known index.
func (fu *fuser) part(i int) bool {
	op := &fu.g.Ops[i]
	if r := fu.g.Tensors[op.Inputs[0]].Role; fu.works[i].Class == Free || r != Activation && r != Input {
		return false
	}
	if op.Kind == "Gather" {
		index := &fu.g.Tensors[op.Inputs[1]]
		return index.Value != nil && len(index.Shape) == 0
	}
	return op.Kind == "Slice" || op.Kind == "Split"
}

// reshaped reports a transposed tensor that a Reshape reads: its dimensions no longer lie side by side. Attention writes
// its result in the order in which it is read.
func (fu *fuser) reshaped(i int) bool {
	if p := fu.producer[fu.rootOf(fu.g.Ops[i].Inputs[0])]; p >= 0 && fu.activations(p) {
		return false
	}
	return slices.ContainsFunc(fu.readers[fu.g.Ops[i].Outputs[0]], func(j int) bool { return fu.g.Ops[j].Kind == "Reshape" })
}

// linear reports a transposed tensor that a product with weights reads: frameworks hand libraries rows that lie one after the
// other.
func (fu *fuser) linear(i int) bool {
	return slices.ContainsFunc(fu.readers[fu.g.Ops[i].Outputs[0]], func(j int) bool { return fu.works[j].Class == MatMul && fu.works[j].Weights > 0 })
}

// scales reports a multiplication by a scalar on the way to a product of activations, of which it is an argument.
func (fu *fuser) scales(i int) bool {
	op := &fu.g.Ops[i]
	if op.Kind != "Mul" && op.Kind != "Div" || op.Inputs[1] == NoTensor || !fu.stored(op.Inputs[1]) || fu.g.Tensors[op.Inputs[1]].Shape.Elems() != 1 {
		return false
	}
	for out := op.Outputs[0]; len(fu.readers[out]) == 1; {
		j := fu.readers[out][0]
		if fu.g.Ops[j].Kind != "Transpose" {
			return fu.activations(j)
		}
		out = fu.g.Ops[j].Outputs[0]
	}
	return false
}

// stored reports weights and constants.
func (fu *fuser) stored(t TensorID) bool {
	role := fu.g.Tensors[t].Role
	return role == Weight || role == Constant
}

// activations reports a product of activations, as in attention.
func (fu *fuser) activations(i int) bool {
	return fu.works[i].Class == MatMul && fu.works[i].Weights == 0
}

func (fu *fuser) rootOf(t TensorID) TensorID {
	if t == NoTensor {
		return NoTensor
	}
	return fu.root[t]
}

package model

import (
	"slices"
	"strings"
)

// compatible reports whether a kernel doing the group's work can take in op i, which reads its result in.
func (fu *fuser) compatible(gr *group, i int, in TensorID) bool {
	anchor, op := &fu.works[gr.anchor], &fu.works[i]
	switch {
	case op.Class == Elementwise, fu.folds(anchor, i):
		switch anchor.Class {
		case MatMul, Conv, DepthwiseConv, Attention:
			// An epilogue works on what the kernel has at hand: it does not broadcast to something larger.
			return op.Shape.Elems() == fu.g.Tensors[in].Shape.Elems() && (fu.level.epilogues() || fu.folds(anchor, i) || fu.biases(gr, i) || fu.attending(gr, i) || fu.activates(gr, i, in))
		case Pooling, Copy:
			// Libraries' pooling and copying kernels take no epilogue; compilers generate one.
			return fu.level.generates() || fu.reduces(gr.anchor) && fu.function(gr, i)
		case Recurrent, Unknown:
			return false
		}
		return fu.level.chains() || fu.function(gr, i)
	case !fu.level.functions():
		return false
	case op.Class == Normalization || op.Class == Pooling:
		if anchor.Class == MatMul {
			// softmax of a product of activations, on the way to attention
			return fu.level.attention() && anchor.Weights == 0 && fu.g.Ops[i].Kind == "Softmax"
		}
		// Reductions and the elementwise work around them make one pass over a tensor; pooling windows do not.
		return (anchor.Class == Elementwise || fu.reduces(gr.anchor)) && fu.reduces(i) && (fu.level.chains() || fu.function(gr, i)) && fu.alike(gr, i)
	case op.Class == MatMul:
		// softmax(QKᵀ) V: the second product joins the first.
		return fu.level.attention() && op.Weights == 0 && anchor.Class == MatMul && anchor.Weights == 0 && fu.hasSoftmax(gr)
	}
	return false
}

// alike reports whether a reduction leaves what the reductions of a group leave: over other axes it is another pass.
func (fu *fuser) alike(gr *group, i int) bool {
	for _, j := range gr.ops {
		if fu.reduces(j) && !slices.Equal(fu.works[j].Shape, fu.works[i].Shape) {
			return false
		}
	}
	return true
}

// biased reports an elementwise op with a value of its own for every query and key: kernels of attention take none.
func (fu *fuser) biased(gr *group, i int) bool {
	return slices.ContainsFunc(fu.g.Ops[i].Inputs, func(in TensorID) bool {
		if in == NoTensor || fu.inside(fu.rootOf(in), gr) {
			return false
		}
		s := fu.g.Tensors[in].Shape
		return len(s) > 1 && s[len(s)-1] > 1 && s[len(s)-2] > 1
	})
}

// inside reports a tensor that a group makes.
func (fu *fuser) inside(t TensorID, gr *group) bool {
	p := fu.producer[t]
	return p >= 0 && fu.groupOf[p] == fu.groupOf[gr.anchor]
}

// activates reports what libraries of layers do at the end of a convolution, where nothing else needs the bare result: add
// a tensor, then apply an activation function that is a single op.
func (fu *fuser) activates(gr *group, i int, in TensorID) bool {
	if c := fu.works[gr.anchor].Class; fu.level != FusionLayers || c != Conv && c != DepthwiseConv || len(fu.consumers[in]) > 1 {
		return false
	}
	bare := gr.last == gr.anchor || fu.folds(&fu.works[gr.anchor], gr.last)
	switch fu.g.Ops[i].Kind {
	case "Add":
		return bare
	case "Relu", "LeakyRelu", "Clip", "Sigmoid", "HardSigmoid", "Tanh":
		return bare || fu.g.Ops[gr.last].Kind == "Add"
	}
	return false
}

// biases reports an addition of a stored vector to the bare result of a product with weights: GPU libraries' products do it.
func (fu *fuser) biases(gr *group, i int) bool {
	op := &fu.g.Ops[i]
	return fu.level != FusionLayers && op.Kind == "Add" && len(gr.ops) == 1 && fu.works[gr.anchor].Class == MatMul && fu.works[i].Weights > 0
}

// attending reports elementwise work, a scale or a mask, between the two products of attention.
func (fu *fuser) attending(gr *group, i int) bool {
	second := len(gr.ops) > 1 && fu.works[gr.last].Class == MatMul
	return fu.level.attention() && fu.activations(gr.anchor) && !second && !fu.biased(gr, i)
}

// function reports whether group and op together still are a function of a single tensor, stored parameters apart.
func (fu *fuser) function(gr *group, i int) bool {
	source := NoTensor
	for _, j := range append(gr.ops[:len(gr.ops):len(gr.ops)], i) {
		for _, in := range fu.g.Ops[j].Inputs {
			r := fu.rootOf(in)
			if r == NoTensor || fu.stored(r) || fu.inside(r, gr) {
				continue
			}
			if source != NoTensor && r != source {
				return false
			}
			source = r
		}
	}
	return true
}

// folds reports a batch norm with stored statistics behind a product: it scales the product's weights, as exporters have it.
func (fu *fuser) folds(anchor *Work, i int) bool {
	return fu.level != FusionNone && fu.g.Ops[i].Kind == "BatchNormalization" && (anchor.Class == Conv || anchor.Class == DepthwiseConv || anchor.Class == MatMul)
}

// reduces reports norms, softmax and reductions over whole axes.
func (fu *fuser) reduces(i int) bool {
	c := fu.works[i].Class
	return c == Normalization || c == Pooling && strings.HasPrefix(fu.g.Ops[i].Kind, "Reduce")
}

func (fu *fuser) hasSoftmax(gr *group) bool {
	for _, i := range gr.ops {
		if fu.g.Ops[i].Kind == "Softmax" {
			return true
		}
	}
	return false
}

// better returns which of two ops names a kernel: the one with the heavier kind of work, the first among equals.
func (fu *fuser) better(a, b int) int {
	rank := func(i int) int {
		switch fu.works[i].Class {
		case MatMul, Conv, DepthwiseConv, Attention, Recurrent:
			return 3
		case Normalization, Pooling:
			return 2
		case Copy:
			return 1
		}
		return 0
	}
	if rank(b) > rank(a) {
		return b
	}
	return a
}

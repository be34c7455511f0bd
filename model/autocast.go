package model

import (
	"slices"

	"roofline/hardware/unit"
)

// wideBytes is the size of what autocasting keeps in fp32.
const wideBytes = 4

// widens reports an op whose result autocasting leaves in fp32: a norm, elementwise work with stored parameters, which are
// in fp32 themselves, and what reads such a result and is no product. A bias joins its product and is narrow.
func (fu *fuser) widens(i int) bool {
	op, class := &fu.g.Ops[i], fu.works[i].Class
	switch {
	case class.Products():
		return false
	case class == Normalization && op.Kind != "BatchNormalization":
		return true
	}
	parameters := class == Elementwise && !(op.Kind == "Add" && slices.ContainsFunc(op.Inputs, fu.multiplied))
	return slices.ContainsFunc(op.Inputs, func(in TensorID) bool {
		return in != NoTensor && (fu.wide[fu.rootOf(in)] || parameters && fu.stored(in) && fu.g.Tensors[in].Shape.Elems() > 1)
	})
}

// multiplied reports the result of a matrix product.
func (fu *fuser) multiplied(t TensorID) bool {
	r := fu.rootOf(t)
	return r != NoTensor && fu.producer[r] >= 0 && fu.works[fu.producer[r]].Class == MatMul
}

// widened returns what a group reads and writes more because results are in fp32. What products read is cast first: by a
// framework in a kernel of its own, which reads and writes once more; a generated kernel writes the cast itself.
func (fu *fuser) widened(gr *group, f Formats) (read, write unit.Bytes) {
	more := wideBytes - f.Activations.Size()
	seen := map[TensorID]bool{}
	for _, i := range gr.ops {
		for _, in := range fu.g.Ops[i].Inputs {
			r := fu.rootOf(in)
			if r == NoTensor || !fu.wide[r] || seen[fu.piece[in]] || fu.inside(r, gr) || fu.works[i].Class.Products() {
				continue
			}
			seen[fu.piece[in]] = true
			read += unit.Bytes(fu.g.Tensors[fu.piece[in]].Shape.Elems() * more)
		}
		for _, out := range fu.g.Ops[i].Outputs {
			if out == NoTensor || !fu.wide[out] || !fu.leaves(out, gr) {
				continue
			}
			elems := fu.g.Tensors[out].Shape.Elems()
			cast, kept := fu.castFor(out, gr)
			switch {
			case cast && !fu.level.generates():
				read += unit.Bytes(elems * wideBytes)
				write += unit.Bytes(elems * (more + f.Activations.Size()))
			case cast && kept:
				write += unit.Bytes(elems * wideBytes)
			case kept:
				write += unit.Bytes(elems * more)
			}
		}
	}
	return read, write
}

// castFor reports whether products outside a group read its result, and whether anything else does.
func (fu *fuser) castFor(t TensorID, gr *group) (cast, kept bool) {
	kept = len(fu.consumers[t]) == 0
	for _, c := range fu.consumers[t] {
		switch {
		case fu.groupOf[c] == fu.groupOf[gr.anchor]:
		case fu.works[c].Class.Products():
			cast = true
		default:
			kept = true
		}
	}
	return cast, kept
}

package model

import (
	"slices"

	"roofline/hardware/dtype"
	"roofline/hardware/unit"
)

// Formats are the number formats a graph is asked to run in; Unknown leaves them as the file has them.
type Formats struct {
	Weights, Activations dtype.DType
	// Autocast says that only products run in a half-precision format of the activations: norms, and elementwise work with
	// stored parameters, come out in fp32 (mixed precision, as frameworks do it).
	Autocast bool
}

// autocasts reports whether that makes a difference.
func (f Formats) autocasts() bool {
	return f.Autocast && (f.Activations == dtype.FP16 || f.Activations == dtype.BF16)
}

// OpWork returns what op i computes and moves in one execution, on its own: not fused with any other. The graph must
// have been inferred.
//
// Traffic is that of a kernel that reads every operand once and writes every output once: activations into Read and
// Write, stored parameters and folded constants into Weights. Ops that touch only a part of an operand (Gather, Slice)
// read that part; views, and whatever is computed from weights and shapes alone, cost nothing.
func (g *Graph) OpWork(i int, f Formats) Work {
	n := &node{g: g, op: &g.Ops[i]}
	w := Work{Name: n.label(), Kind: n.op.Kind, Count: 1, Class: Unknown, Shape: n.outShape()}
	if n.folded() {
		w.Class = Free
		return w
	}
	s, known := lookup(n.op.Kind)
	if known {
		w.Class = s.class
	}
	if w.Class == Free {
		return w
	}
	if body := g.bodies[i]; body.Graph != nil {
		return body.work(w, f)
	}
	n.traffic(&w, f)
	if s.work != nil {
		n.formats = f
		s.work(n, &w)
	}
	if w.MACs > 0 {
		format, stored := n.arithmetic(&w, f)
		if w.Stored = stored; w.Format == dtype.Unknown {
			w.Format = format
		}
	}
	if w.Class == Free {
		w = Work{Name: w.Name, Kind: w.Kind, Count: 1, Class: Free, Shape: w.Shape}
	}
	return w
}

// folded reports an op whose results are known before the first run.
func (n *node) folded() bool {
	for i := range n.op.Outputs {
		if t := n.out(i); t != nil && t.Role != Constant {
			return false
		}
	}
	return len(n.op.Outputs) > 0
}

// traffic adds the operands and the outputs, each tensor once.
func (n *node) traffic(w *Work, f Formats) {
	for i, id := range n.op.Inputs {
		if t := n.in(i); t != nil && !slices.Contains(n.op.Inputs[:i], id) {
			w.read(t, f, 1)
		}
	}
	for i := range n.op.Outputs {
		if t := n.out(i); t != nil {
			w.Write += t.Bytes(f.Activations)
		}
	}
}

// read adds the reading of a share of a tensor.
func (w *Work) read(t *Tensor, f Formats, share float64) {
	switch {
	case t.Value != nil && (t.Role == Constant || !t.DType.Float()) && foldable(t.Shape) && t.immediate():
		// Axes, sizes and scalars are arguments of the kernel, not memory it reads.
	case t.Role == Weight || t.Role == Constant:
		w.Weights += t.Bytes(f.Weights) * unit.Bytes(share)
	default:
		w.Read += t.Bytes(f.Activations) * unit.Bytes(share)
	}
}

// immediate reports a known operand small enough to travel with the launch.
func (t *Tensor) immediate() bool {
	return len(t.Shape) == 0 || t.Shape.Elems() == 1 || !t.DType.Float()
}

// addFLOPs adds arithmetic outside the matrix units.
func (w *Work) addFLOPs(n float64) { w.FLOPs += unit.FLOPs(n) }

// product makes w a matrix product: groups independent ones of m×k by k×n.
func (w *Work) product(groups, m, n, k float64) {
	w.Groups, w.M, w.N, w.K = groups, m, n, k
	w.addMACs(groups * m * n * k)
}

// addMACs adds multiply-accumulates, two FLOPs each.
func (w *Work) addMACs(n float64) {
	w.MACs += n
	w.addFLOPs(2 * n)
}

// arithmetic returns the format the multiply-accumulates run in, and the one the weights are stored in.
func (n *node) arithmetic(w *Work, f Formats) (format, stored dtype.DType) {
	act := dtype.Unknown
	for i := range n.op.Inputs {
		t := n.in(i)
		if t == nil || t.Shape == nil || t.Value != nil && !t.DType.Float() {
			continue
		}
		if t.Role == Weight || t.Role == Constant {
			if stored == dtype.Unknown && t.Shape.Elems() > 1 {
				stored = t.held(f.Weights)
			}
		} else if act == dtype.Unknown {
			act = t.held(f.Activations)
		}
	}
	switch {
	case w.Stored != dtype.Unknown:
		stored = w.Stored
	case w.Weights == 0:
		stored = dtype.Unknown
	}
	if stored == f.Weights && !castable(stored) && stored.Arithmetic() != dtype.Unknown && w.Stored == dtype.Unknown {
		return stored.Arithmetic(), stored // asked for: quantised weights and activations
	}
	return multiplies(act, stored), stored
}

// held returns the format a tensor is in when real-valued ones are kept as f.
func (t *Tensor) held(f dtype.DType) dtype.DType {
	switch {
	case t.Storage != dtype.Unknown:
		return t.Storage
	case f != dtype.Unknown && castable(t.DType):
		return f
	}
	return t.DType
}

// multiplies returns the arithmetic format of activations times weights; either may be Unknown, where there are none.
//
// Weight-only formats are expanded to that of the activations, and integer weights too where the activations are real:
// a product is in integers only where the graph quantises both. Two real formats meet in the wider one; TF32 and FP32
// are stored alike, and TF32 is the faster.
func multiplies(act, weights dtype.DType) dtype.DType {
	a, b := act.Arithmetic(), weights.Arithmetic()
	switch {
	case b == dtype.Unknown:
		return a
	case a == dtype.Unknown:
		return b
	case a == dtype.TF32 && b == dtype.FP32, a == dtype.FP32 && b == dtype.TF32:
		return dtype.TF32
	case castable(a) && !b.Float():
		return a
	case castable(a) && castable(b) && a.Bits() >= b.Bits():
		return a
	}
	return b
}

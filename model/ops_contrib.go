package model

import (
	"fmt"
	"math"

	"roofline/hardware/dtype"
	"roofline/hardware/unit"
)

// contribOps are the fused operators of ONNX Runtime, but for those of attention.
var contribOps = map[string]spec{
	contribDomain + "MatMulNBits":             {MatMul, matMulNBits, matMulNBitsWork},
	contribDomain + "FusedMatMul":             {MatMul, fusedMatMul, fusedMatMulWork},
	contribDomain + "TransposeMatMul":         {MatMul, fusedMatMul, fusedMatMulWork},
	contribDomain + "FusedGemm":               {MatMul, gemm, with(gemmWork, perElement(1))},
	contribDomain + "FusedConv":               {Conv, conv(1), with(convWork(1), perElement(2))}, // residual and activation
	contribDomain + "BiasGelu":                {Elementwise, sameAsInput, perElement(geluFLOPs + 1)},
	contribDomain + "FastGelu":                {Elementwise, sameAsInput, perElement(geluFLOPs + 1)},
	contribDomain + "QuickGelu":               {Elementwise, sameAsInput, perElement(transcendental + 2)}, // x · sigmoid(αx)
	contribDomain + "BiasAdd":                 {Elementwise, sameAsInput, perElement(2)},
	contribDomain + "BiasDropout":             {Elementwise, sameAsInput, perElement(2)},
	contribDomain + "BiasSplitGelu":           {Elementwise, halved, perElement(geluFLOPs + 3)},
	contribDomain + "BiasSoftmax":             {Normalization, sameAsInput, perElement(softmaxFLOPs + 1)},
	contribDomain + "GroupNorm":               {Normalization, sameAsInput, perElement(normFLOPs + transcendental)},
	contribDomain + "SkipGroupNorm":           {Normalization, sameAsInput, perElement(normFLOPs + transcendental + 1)},
	contribDomain + "SkipLayerNormalization":  {Normalization, skipNorm, perElement(normFLOPs + 2)},
	contribDomain + "EmbedLayerNormalization": {Normalization, embedNorm, embedNormWork},
	contribDomain + "MoE":                     {MatMul, sameAsInput, moeWork(2, 4, 6, 1)},
	contribDomain + "QMoE":                    {MatMul, qMoE, qMoEWork},

	contribDomain + "SkipSimplifiedLayerNormalization": {Normalization, skipNorm, perElement(rmsNormFLOPs + 1)},
}

// matMulNBits: A is …×K; B holds N×K integers of a few bits, packed in blocks along K, with a scale per block.
func matMulNBits(n *node) error {
	a, err := n.rank(0, 1)
	if err != nil {
		return err
	}
	k, cols := n.op.Attrs.Int("K", 0), n.op.Attrs.Int("N", 0)
	if err := plausible(Shape{k, cols}); err != nil {
		return err
	}
	quantisedWeight(nil, n.in(2), n.in(3))
	if b := n.in(1); b != nil && b.Role == Weight {
		b.Parameters = float64(k) * float64(cols)
	}
	if err := n.set(0, n.join(a[:len(a)-1], []int64{cols}), n.dtype(0)); err != nil {
		return err
	}
	if lastDim(a) != k {
		return fmt.Errorf("its input is %v, its weight has K = %d", a, k)
	}
	return nil
}

// matMulNBitsWork is the product of weight-only quantisation: real arithmetic, packed weights.
func matMulNBitsWork(n *node, w *Work) {
	a, k, cols := n.shape(0), float64(n.op.Attrs.Int("K", 1)), float64(n.op.Attrs.Int("N", 1))
	w.product(1, a.Elems()/math.Max(k, 1), cols, k)
	if n.in(5) != nil {
		w.addFLOPs(n.outShape().Elems())
	}
	if w.Stored = dtype.INT8; n.op.Attrs.Int("bits", 4) <= 4 {
		switch block := n.op.Attrs.Int("block_size", 32); {
		case block >= 128:
			w.Stored = dtype.INT4Group128
		case block >= 64:
			w.Stored = dtype.INT4Group64
		default:
			w.Stored = dtype.INT4Group32
		}
	}
}

// fusedMatMul is a MatMul that transposes its operands on the way.
func fusedMatMul(n *node) error {
	a, b, err := n.transposed()
	if err != nil {
		return err
	}
	batch, err := n.broadcast(a[:len(a)-2], b[:len(b)-2])
	if err != nil {
		return err
	}
	if err := n.set(0, n.join(batch, []int64{a[len(a)-2], b[len(b)-1]}), n.dtype(0)); err != nil {
		return err
	}
	if a[len(a)-1] != b[len(b)-2] {
		return fmt.Errorf("%v times %v", a, b)
	}
	return nil
}

// transposed returns the operands of a FusedMatMul as it multiplies them.
func (n *node) transposed() (a, b Shape, err error) {
	for i, s := range []*Shape{&a, &b} {
		in, err := n.rank(i, 2)
		if err != nil {
			return nil, nil, err
		}
		t := append(Shape(nil), in...)
		side := [...]string{"A", "B"}[i]
		if r := len(t); n.op.Attrs.Int("transBatch"+side, 0) != 0 && r >= 3 { // the first dimension moves before the last
			copy(t, in[1:r-1])
			t[r-2] = in[0]
		}
		if r := len(t); n.op.Attrs.Int("trans"+side, 0) != 0 {
			t[r-2], t[r-1] = t[r-1], t[r-2]
		}
		*s = t
	}
	return a, b, nil
}

func fusedMatMulWork(n *node, w *Work) {
	a, b, err := n.transposed()
	if err != nil {
		return
	}
	m, k, cols := float64(a[len(a)-2]), float64(a[len(a)-1]), float64(b[len(b)-1])
	if out := n.outShape().Elems(); b[:len(b)-2].Elems() == 1 {
		w.product(1, out/math.Max(cols, 1), cols, k)
	} else {
		w.product(out/math.Max(m*cols, 1), m, cols, k)
	}
}

// halved: the last dimension is split in two, one half gating the other.
func halved(n *node) error {
	s, err := n.rank(0, 1)
	if err != nil {
		return err
	}
	return n.set(0, n.join(s[:len(s)-1], []int64{lastDim(s) / 2}), n.dtype(0))
}

// skipNorm: output, mean, inverse deviation, and the sum before the norm.
func skipNorm(n *node) error {
	if err := layerNorm(n); err != nil {
		return err
	}
	return n.set(3, n.shape(0), n.dtype(0))
}

// embedNorm: word and segment ids, the word, position and segment tables, gamma, beta, mask. Outputs the normalised
// embedding, the lengths and the sum before the norm.
func embedNorm(n *node) error {
	ids, err := n.rank(0, 2)
	if err != nil {
		return err
	}
	table, err := n.rank(2, 2)
	if err != nil {
		return err
	}
	out := n.dimsOf(ids[0], ids[1], table[1])
	if err := n.set(1, n.dimsOf(ids[0]), dtype.INT32); err != nil {
		return err
	}
	if err := n.set(2, out, n.dtype(2)); err != nil {
		return err
	}
	return n.set(0, out, n.dtype(2))
}

// embedNormWork reads one row of each table per token.
func embedNormWork(n *node, w *Work) {
	out := n.outShape()
	w.addFLOPs((normFLOPs + 2) * out.Elems())
	w.Weights, w.Read = 0, 0
	for i := range n.op.Inputs {
		t := n.in(i)
		switch {
		case t == nil:
		case i >= 2 && i <= 4: // a larger batch reads more rows, so they count as activations
			w.Read += unit.Bytes(out.Elems() * t.bytesPerElement(n.formats))
		default:
			w.read(t, n.formats, 1)
		}
	}
}

// moeWork: tokens, router probabilities (tokens×experts), and the first, second and optional third layer of all experts
// (experts×…). Each token goes through k of them:
//
//	MACs = tokens · k · Σ elements of a layer ÷ experts
//
// packing is the number of weights in a stored element. The weights of no more experts than there are routed tokens
// are read.
func moeWork(first, second, third int, packing float64) func(*node, *Work) {
	return func(n *node, w *Work) {
		x, router := n.shape(0), n.shape(1)
		if len(x) < 2 || len(router) < 2 {
			return
		}
		tokens := x.Elems() / math.Max(float64(lastDim(x)), 1)
		experts := math.Max(float64(lastDim(router)), 1)
		k := math.Min(float64(n.op.Attrs.Int("k", 1)), experts)
		idle := 1 - math.Min(tokens*k, experts)/experts
		routed := tokens * k
		for _, i := range []int{first, second, third} {
			t := n.in(i)
			if t == nil {
				continue
			}
			w.addMACs(routed * t.Shape.Elems() * packing / experts)
			if t.Role == Weight || t.Role == Constant {
				w.Weights -= t.Bytes(n.formats.Weights) * unit.Bytes(idle)
			}
		}
		w.Groups, w.M = math.Min(routed, experts), routed/math.Min(math.Max(routed, 1), experts)
		if s := n.shape(first); len(s) == 3 {
			w.K = float64(lastDim(x))
			w.N = s[1:].Elems() * packing / math.Max(w.K, 1)
		}
		w.addFLOPs((softmaxFLOPs+transcendental)*tokens*experts + transcendental*routed*w.N)
	}
}

// qMoE: as MoE, with a scale after each layer; the layers hold expert_weight_bits each.
func qMoE(n *node) error {
	packing := qMoEPacking(n)
	for _, i := range []int{2, 5, 8} {
		if t := n.in(i); t != nil && t.Role == Weight {
			t.Parameters = t.Shape.Elems() * packing
		}
		quantisedWeight(nil, n.in(i+1))
	}
	return sameAsInput(n)
}

func qMoEPacking(n *node) float64 {
	return 8 / float64(max(n.op.Attrs.Int("expert_weight_bits", 4), 1))
}

func qMoEWork(n *node, w *Work) {
	moeWork(2, 5, 8, qMoEPacking(n))(n, w)
	if w.Stored = dtype.INT8; n.op.Attrs.Int("expert_weight_bits", 4) <= 4 {
		w.Stored = dtype.INT4Group32
	}
}

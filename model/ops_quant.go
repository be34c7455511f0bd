package model

import "roofline/hardware/dtype"

// quantOps move between real numbers and integers, and compute on the integers.
var quantOps = map[string]spec{
	"QuantizeLinear":        {Elementwise, quantizeLinear, perElement(quantizeFLOPs)},
	"DynamicQuantizeLinear": {Elementwise, dynamicQuantizeLinear, perElement(quantizeFLOPs + 2)}, // and the extremes
	// What is dequantised is read in its stored form by whoever needs it: every runtime folds the two.
	"DequantizeLinear": {Free, dequantizeLinear, nil},

	contribDomain + "QuantizeLinear":           {Elementwise, quantizeLinear, perElement(quantizeFLOPs)},
	contribDomain + "DequantizeLinear":         {Free, dequantizeLinear, nil},
	contribDomain + "QLinearAdd":               {Elementwise, qLinearBinary, perElement(1 + quantizeFLOPs)},
	contribDomain + "QLinearMul":               {Elementwise, qLinearBinary, perElement(1 + quantizeFLOPs)},
	contribDomain + "QLinearSigmoid":           {Elementwise, sameAsInput, perElement(transcendental + quantizeFLOPs)},
	contribDomain + "QLinearLeakyRelu":         {Elementwise, sameAsInput, perElement(2 + quantizeFLOPs)},
	contribDomain + "QLinearSoftmax":           {Normalization, sameAsInput, perElement(softmaxFLOPs + quantizeFLOPs)},
	contribDomain + "QLinearAveragePool":       {Pooling, pool, poolWork},
	contribDomain + "QLinearGlobalAveragePool": {Pooling, qLinearGlobalPool, perInput(1)},
	contribDomain + "QLinearReduceMean":        {Pooling, reduce(nil, 0), perInput(1)},
	contribDomain + "QLinearConcat":            {Copy, qLinearConcat, perElement(quantizeFLOPs)},
	contribDomain + "QGemm":                    {MatMul, qGemm, qGemmWork},
	contribDomain + "DynamicQuantizeMatMul":    {MatMul, dynamicQuantizeMatMul, integerMatMulWork},
	contribDomain + "MatMulIntegerToFloat":     {MatMul, matMulIntegerToFloat, integerMatMulWork},
}

// quantisedWeight makes the elements of a stored integer weight count as parameters, and its scales and zero points not.
func quantisedWeight(weight *Tensor, besides ...*Tensor) {
	if weight != nil && weight.Role == Weight && weight.Parameters == 0 {
		weight.Parameters = weight.Shape.Elems()
	}
	for _, t := range besides {
		if t != nil && t.Role == Weight {
			t.Parameters = NoParameters
		}
	}
}

// quantizeLinear: x, scale, zero point; the format is that of the zero point.
func quantizeLinear(n *node) error {
	s, err := n.rank(0, 0)
	if err != nil {
		return err
	}
	d := ElemType(n.op.Attrs.Int("output_dtype", 0))
	if n.in(2) != nil {
		d = n.dtype(2)
	}
	if d == dtype.Unknown {
		d = dtype.UINT8
	}
	quantisedWeight(nil, n.in(1), n.in(2))
	return n.set(0, s, d)
}

func dequantizeLinear(n *node) error {
	s, err := n.rank(0, 0)
	if err != nil {
		return err
	}
	quantisedWeight(n.in(0), n.in(1), n.in(2))
	if o := n.out(0); o != nil {
		o.Storage = n.dtype(0)
	}
	return n.set(0, s, n.dtype(1))
}

// choosing are the ops that give out some of the numbers they take in (or zero), so that what is quantised stays so.
var choosing = map[string]bool{"MaxPool": true, "GlobalMaxPool": true, "Relu": true, "Slice": true, "Split": true, "Gather": true,
	"Expand": true, "Tile": true, "Pad": true, "DepthToSpace": true, "SpaceToDepth": true, "Transpose": true, "Concat": true}

// passStorage hands the stored form of dequantised operands on through ops that only choose among them.
func (n *node) passStorage() {
	t := n.in(0)
	if t == nil || t.Storage == dtype.Unknown || !choosing[n.op.Kind] {
		return
	}
	if n.op.Kind == "Concat" {
		for i := range n.op.Inputs {
			if o := n.in(i); o == nil || o.Storage != t.Storage {
				return
			}
		}
	}
	for i := range n.op.Outputs {
		if o := n.out(i); o != nil && o.DType == t.DType {
			o.Storage = t.Storage
		}
	}
}

// dynamicQuantizeLinear: y, its scale and its zero point.
func dynamicQuantizeLinear(n *node) error {
	s, err := n.rank(0, 0)
	if err != nil {
		return err
	}
	if err := n.set(1, Shape{}, dtype.FP32); err != nil {
		return err
	}
	if err := n.set(2, Shape{}, dtype.UINT8); err != nil {
		return err
	}
	return n.set(0, s, dtype.UINT8)
}

// qLinearBinary: a, its scale and zero point, b likewise, the scale and zero point of the result.
func qLinearBinary(n *node) error {
	a, err := n.rank(0, 0)
	if err != nil {
		return err
	}
	b, err := n.rank(3, 0)
	if err != nil {
		return err
	}
	quantisedWeight(nil, n.in(1), n.in(4), n.in(6))
	s, err := n.broadcast(a, b)
	if err != nil {
		return err
	}
	return n.set(0, s, n.dtype(0))
}

func qLinearGlobalPool(n *node) error {
	x, err := n.rank(0, 2)
	if err != nil {
		return err
	}
	out := n.join(x)
	first := 2
	if n.op.Attrs.Int("channels_last", 0) != 0 {
		first = 1
	}
	for k := first; k < len(out)-(2-first); k++ {
		out[k] = 1
	}
	return n.set(0, out, n.dtype(0))
}

// qLinearConcat: the scale and zero point of y, then every operand with its own.
func qLinearConcat(n *node) error {
	first, err := n.rank(2, 1)
	if err != nil {
		return err
	}
	at, err := axis(n.op.Attrs.Int("axis", 0), len(first))
	if err != nil {
		return err
	}
	out := n.join(first)
	for i := 5; i < len(n.op.Inputs); i += 3 {
		s, err := n.rank(i, len(first))
		if err != nil {
			return err
		}
		if out[at] += s[at]; out[at] > maxDim {
			return errGuess
		}
	}
	return n.set(0, out, n.dtype(2))
}

// qGemm: a, its scale and zero point, b likewise, c, the scale and zero point of y; without the latter y is real.
func qGemm(n *node) error {
	m, _, cols, err := n.gemmSizes(3)
	if err != nil {
		return err
	}
	quantisedWeight(n.in(3), n.in(1), n.in(4), n.in(7))
	d := n.dtype(8)
	if n.in(8) == nil {
		d = dtype.FP32
	}
	return n.set(0, n.dimsOf(m, cols), d)
}

func qGemmWork(n *node, w *Work) {
	if m, k, cols, err := n.gemmSizes(3); err == nil {
		w.product(1, float64(m), float64(cols), float64(k))
		w.addFLOPs((1 + quantizeFLOPs) * float64(m) * float64(cols))
	}
}

// dynamicQuantizeMatMul: a, b, the scale and zero point of b, bias.
func dynamicQuantizeMatMul(n *node) error {
	quantisedWeight(n.in(1), n.in(2), n.in(3))
	return n.matmul(1, n.dtype(0))
}

// matMulIntegerToFloat: a, b, their scales, their zero points, bias.
func matMulIntegerToFloat(n *node) error {
	quantisedWeight(n.in(1), n.in(2), n.in(3))
	return n.matmul(1, n.dtype(2))
}

// integerMatMulWork multiplies integers whatever comes in and goes out.
func integerMatMulWork(n *node, w *Work) {
	n.matmulWork(w, 1)
	w.Format = dtype.INT8
	w.addFLOPs(quantizeFLOPs * n.outShape().Elems())
}

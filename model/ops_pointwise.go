package model

import (
	"fmt"
	"math"
	"strings"

	"roofline/hardware/dtype"
)

// pointwiseOps work on each element by itself. The known results of small operands are computed, because exporters
// compute shapes with them.
var pointwiseOps = map[string]spec{
	// Arithmetic, one FLOP per element of the (broadcast) output.
	"Add":        arith(func(a, b int64) int64 { return a + b }, func(a, b float64) float64 { return a + b }),
	"Sub":        arith(func(a, b int64) int64 { return a - b }, func(a, b float64) float64 { return a - b }),
	"Mul":        arith(func(a, b int64) int64 { return a * b }, func(a, b float64) float64 { return a * b }),
	"Div":        arith(quotient, func(a, b float64) float64 { return a / b }),
	"Max":        arith(func(a, b int64) int64 { return max(a, b) }, math.Max),
	"Min":        arith(func(a, b int64) int64 { return min(a, b) }, math.Min),
	"Sum":        arith(func(a, b int64) int64 { return a + b }, func(a, b float64) float64 { return a + b }),
	"Mod":        {Elementwise, modulo, perElement(1)},
	"Pow":        {Elementwise, binary(power, math.Pow, false), perElement(transcendental)},
	"Mean":       {Elementwise, binary(nil, nil, false), perElement(1)},
	"PRelu":      {Elementwise, sameAsInput, perElement(2)},
	"BitShift":   {Elementwise, binary(nil, nil, false), perElement(1)},
	"BitwiseAnd": arith(func(a, b int64) int64 { return a & b }, nil),
	"BitwiseOr":  arith(func(a, b int64) int64 { return a | b }, nil),
	"BitwiseXor": arith(func(a, b int64) int64 { return a ^ b }, nil),

	// Comparison and logic give booleans.
	"Equal":          compare(func(a, b int64) bool { return a == b }, func(a, b float64) bool { return a == b }),
	"Greater":        compare(func(a, b int64) bool { return a > b }, func(a, b float64) bool { return a > b }),
	"GreaterOrEqual": compare(func(a, b int64) bool { return a >= b }, func(a, b float64) bool { return a >= b }),
	"Less":           compare(func(a, b int64) bool { return a < b }, func(a, b float64) bool { return a < b }),
	"LessOrEqual":    compare(func(a, b int64) bool { return a <= b }, func(a, b float64) bool { return a <= b }),
	"And":            compare(func(a, b int64) bool { return a != 0 && b != 0 }, nil),
	"Or":             compare(func(a, b int64) bool { return a != 0 || b != 0 }, nil),
	"Xor":            compare(func(a, b int64) bool { return (a != 0) != (b != 0) }, nil),
	"Not":            {Elementwise, unary(func(a int64) int64 { return 1 - a }, nil), perElement(1)},
	"IsInf":          {Elementwise, toBool, perElement(1)},
	"IsNaN":          {Elementwise, toBool, perElement(1)},
	"Where":          {Elementwise, selects, perElement(1)},

	// Plain functions of one operand.
	"Abs":         cheap(func(a int64) int64 { return max(a, -a) }, math.Abs),
	"Neg":         cheap(func(a int64) int64 { return -a }, func(a float64) float64 { return -a }),
	"Ceil":        cheap(nil, math.Ceil),
	"Floor":       cheap(nil, math.Floor),
	"Round":       cheap(nil, math.RoundToEven),
	"Sign":        cheap(func(a int64) int64 { return truth(a > 0) - truth(a < 0) }, nil),
	"Reciprocal":  cheap(nil, func(a float64) float64 { return 1 / a }),
	"Relu":        cheap(func(a int64) int64 { return max(a, 0) }, func(a float64) float64 { return max(a, 0) }),
	"BitwiseNot":  cheap(func(a int64) int64 { return ^a }, nil),
	"Clip":        {Elementwise, clip, perElement(2)},
	"LeakyRelu":   {Elementwise, sameAsInput, perElement(2)},
	"HardSigmoid": {Elementwise, sameAsInput, perElement(4)}, // scale, shift, two bounds
	"HardSwish":   {Elementwise, sameAsInput, perElement(5)}, // and a product

	// Functions with an exponential, a logarithm or a root: see the constant transcendental.
	"Sqrt": {Elementwise, unary(nil, math.Sqrt), perElement(transcendental)},
	"Exp":  {Elementwise, unary(nil, math.Exp), perElement(transcendental)},
	"Log":  {Elementwise, unary(nil, math.Log), perElement(transcendental)},
	"Acos": slow, "Acosh": slow, "Asin": slow, "Asinh": slow, "Atan": slow, "Atanh": slow, "Cos": slow, "Cosh": slow,
	"Sin": slow, "Sinh": slow, "Tan": slow, "Tanh": slow, "Erf": slow, "Sigmoid": slow, "Softplus": slow, "Softsign": slow,
	"Celu": slow, "Elu": slow, "Selu": slow, "Shrink": slow, "ThresholdedRelu": slow,
	"Mish":  {Elementwise, sameAsInput, perElement(2*transcendental + 1)}, // x · tanh(softplus(x))
	"Swish": {Elementwise, sameAsInput, perElement(transcendental + 1)},   // x · sigmoid(x)
	"Gelu":  {Elementwise, sameAsInput, perElement(geluFLOPs)},

	// What changes the format only.
	"Cast":     {Copy, castTo, sameFormat},
	"CastLike": {Copy, castLike, sameFormat},

	// Identities of inference.
	"Identity": {Free, identity, nil},
	"Dropout":  {Free, dropout, nil},

	// Random numbers: a generator costs about as much as a transcendental function.
	"RandomNormal":      {Elementwise, randomShape, perElement(transcendental)},
	"RandomUniform":     {Elementwise, randomShape, perElement(transcendental)},
	"RandomNormalLike":  {Elementwise, sameAsInput, perElement(transcendental)},
	"RandomUniformLike": {Elementwise, sameAsInput, perElement(transcendental)},
	"Bernoulli":         {Elementwise, sameAsInput, perElement(transcendental)},
	"Multinomial":       {Elementwise, multinomial, perElement(transcendental)},
}

// slow is a transcendental function of each element.
var slow = spec{Elementwise, sameAsInput, perElement(transcendental)}

// cheap is a plain function of each element.
func cheap(i func(int64) int64, f func(float64) float64) spec {
	return spec{Elementwise, unary(i, f), perElement(1)}
}

// arith is a plain function of two or more broadcast operands: with k of them, k−1 FLOPs per element.
func arith(i func(a, b int64) int64, f func(a, b float64) float64) spec {
	return spec{Elementwise, binary(i, f, false), func(n *node, w *Work) {
		w.addFLOPs(float64(max(len(n.op.Inputs)-1, 1)) * n.outShape().Elems())
	}}
}

// compare is a relation of two broadcast operands.
func compare(i func(a, b int64) bool, f func(a, b float64) bool) spec {
	fi := func(a, b int64) int64 { return truth(i(a, b)) }
	ff := func(a, b float64) float64 { return 0 }
	if f != nil {
		ff = func(a, b float64) float64 { return float64(truth(f(a, b))) }
	}
	return spec{Elementwise, binary(fi, ff, true), perElement(1)}
}

// quotient divides integers as ONNX does, towards zero; a quotient by zero never reaches a shape.
func quotient(a, b int64) int64 {
	if b == 0 {
		return 0
	}
	return a / b
}

func power(a, b int64) int64 { return truncate(math.Pow(float64(a), float64(b))) }

// unary is the shape rule of a function of each element, computed where the operand is known.
func unary(i func(int64) int64, f func(float64) float64) func(*node) error {
	return func(n *node) error {
		if err := sameAsInput(n); err != nil {
			return err
		}
		v := n.value(0)
		switch {
		case v == nil:
		case v.Floats != nil && f != nil:
			r := v.like(v.Len())
			for k, x := range v.Floats {
				r.Floats[k] = f(x)
			}
			n.keep(0, r)
		case v.Floats == nil && i != nil:
			r := v.like(v.Len())
			for k, x := range v.Ints {
				r.Ints[k] = i(x)
			}
			n.keep(0, r)
		}
		return nil
	}
}

// binary is the shape rule of a function of broadcast operands, computed where all are known.
func binary(i func(a, b int64) int64, f func(a, b float64) float64, toBool bool) func(*node) error {
	return func(n *node) error {
		shape, err := n.rank(0, 0)
		if err != nil {
			return err
		}
		known := n.value(0) != nil
		for k := 1; k < len(n.op.Inputs); k++ {
			s, err := n.rank(k, 0)
			if err != nil {
				return err
			}
			if shape, err = n.broadcast(shape, s); err != nil {
				return err
			}
			known = known && n.value(k) != nil
		}
		d := n.dtype(0)
		if toBool {
			d = dtype.BOOL
		}
		if err := n.set(0, shape, d); err != nil || !known || !foldable(shape) {
			return err
		}
		if v := n.reduceOperands(shape, i, f); v != nil {
			n.keep(0, v.cast(d))
		}
		return nil
	}
}

// reduceOperands computes a known result, or nil where the function isn't defined for its kind of operand.
func (n *node) reduceOperands(shape Shape, fi func(a, b int64) int64, ff func(a, b float64) float64) *Value {
	acc := n.value(0).expand(n.shape(0), shape)
	for k := 1; k < len(n.op.Inputs); k++ {
		b := n.value(k).expand(n.shape(k), shape)
		r := acc.like(acc.Len())
		switch {
		case acc.Floats != nil && ff != nil:
			for e := range r.Floats {
				r.Floats[e] = ff(acc.Floats[e], b.Float(e))
			}
		case acc.Floats == nil && b.Floats == nil && fi != nil:
			for e := range r.Ints {
				r.Ints[e] = fi(acc.Ints[e], b.Ints[e])
			}
		default:
			return nil
		}
		acc = r
	}
	return acc
}

// modulo: the sign of an integer result follows the divisor (fmod = 0) or the dividend (fmod = 1).
func modulo(n *node) error {
	fmod := n.op.Attrs.Int("fmod", 0) == 1
	return binary(func(a, b int64) int64 {
		if b == 0 {
			return 0
		}
		if r := a % b; !fmod && r != 0 && (r < 0) != (b < 0) {
			return r + b
		}
		return a % b
	}, math.Mod, false)(n)
}

func toBool(n *node) error {
	s, err := n.rank(0, 0)
	if err != nil {
		return err
	}
	return n.set(0, s, dtype.BOOL)
}

// selects: Where(condition, x, y).
func selects(n *node) error {
	for i := range 3 {
		if _, err := n.rank(i, 0); err != nil {
			return err
		}
	}
	s, err := n.broadcast(n.shape(0), n.shape(1))
	if err != nil {
		return err
	}
	if s, err = n.broadcast(s, n.shape(2)); err != nil {
		return err
	}
	if err := n.set(0, s, n.dtype(1)); err != nil || !foldable(s) {
		return err
	}
	c, x, y := n.value(0), n.value(1), n.value(2)
	if c == nil || x == nil || y == nil {
		return nil
	}
	c, x, y = c.expand(n.shape(0), s), x.expand(n.shape(1), s), y.expand(n.shape(2), s)
	r := x.like(x.Len())
	for k := range x.Len() {
		if c.Int(k) != 0 {
			r.copyElem(k, x, k)
		} else {
			r.copyElem(k, y, k)
		}
	}
	n.keep(0, r)
	return nil
}

// clip computes known results, which bound the k of a TopK.
func clip(n *node) error {
	if err := sameAsInput(n); err != nil {
		return err
	}
	v := n.value(0)
	if v == nil || n.in(1) != nil && n.value(1) == nil || n.in(2) != nil && n.value(2) == nil {
		return nil
	}
	lo, hi := n.op.Attrs.Float("min", math.Inf(-1)), n.op.Attrs.Float("max", math.Inf(1))
	if b := n.value(1); b != nil && b.Len() == 1 {
		lo = b.Float(0)
	}
	if b := n.value(2); b != nil && b.Len() == 1 {
		hi = b.Float(0)
	}
	r := v.like(v.Len())
	for k := range v.Len() {
		if v.Floats != nil {
			r.Floats[k] = min(max(v.Floats[k], lo), hi)
		} else {
			r.Ints[k] = min(max(v.Ints[k], truncate(lo)), truncate(hi))
		}
	}
	n.keep(0, r)
	return nil
}

// elemTypes maps the TensorProto.DataType numbers of the ONNX schema.
var elemTypes = [...]dtype.DType{1: dtype.FP32, 2: dtype.UINT8, 3: dtype.INT8, 4: dtype.UINT16, 5: dtype.INT16, 6: dtype.INT32,
	7: dtype.INT64, 8: dtype.STRING, 9: dtype.BOOL, 10: dtype.FP16, 11: dtype.FP64, 12: dtype.UINT32, 13: dtype.UINT64,
	14: dtype.COMPLEX64, 15: dtype.COMPLEX128, 16: dtype.BF16, 17: dtype.FP8, 18: dtype.FP8, 19: dtype.FP8E5M2, 20: dtype.FP8E5M2,
	21: dtype.UINT4, 22: dtype.INT4, 23: dtype.FP4, 24: dtype.FP8}

// ElemType returns the number format of a TensorProto.DataType of the ONNX schema, Unknown for one it doesn't define.
func ElemType(onnx int64) dtype.DType {
	if onnx < 0 || onnx >= int64(len(elemTypes)) {
		return dtype.Unknown
	}
	return elemTypes[onnx]
}

func castTo(n *node) error {
	to := n.op.Attrs.Get("to")
	if to == nil {
		return fmt.Errorf("attribute \"to\" is missing")
	}
	d := ElemType(to.Int)
	if to.String != "" { // the native format names it
		var err error
		if d, err = dtype.Parse(to.String); err != nil {
			return err
		}
	}
	return n.cast(d)
}

func castLike(n *node) error { return n.cast(n.dtype(1)) }

func (n *node) cast(d dtype.DType) error {
	s, err := n.rank(0, 0)
	if err != nil {
		return err
	}
	if err := n.set(0, s, d); err != nil {
		return err
	}
	if v := n.value(0); v != nil {
		n.keep(0, v.cast(d))
	}
	return nil
}

// sameFormat makes a conversion between formats the run keeps alike free of charge.
func sameFormat(n *node, w *Work) {
	if a, b := n.in(0), n.out(0); a == nil || b == nil || a.held(n.formats.Activations) == b.held(n.formats.Activations) {
		w.Class = Free
	}
}

func identity(n *node) error {
	if err := sameAsInput(n); err != nil {
		return err
	}
	n.view()
	return nil
}

// view hands the known content and the storage of input 0 on to output 0, which has as many elements.
func (n *node) view() {
	if t, o := n.in(0), n.out(0); o != nil {
		n.keep(0, t.Value)
		o.Storage = t.Storage
		n.run.passSequence(t, o)
	}
}

// dropout passes its input through; the mask, where asked for, is all true.
func dropout(n *node) error {
	if err := identity(n); err != nil {
		return err
	}
	return n.set(1, n.shape(0), dtype.BOOL)
}

func randomShape(n *node) error {
	return n.set(0, n.join(n.op.Attrs.Ints("shape")), randomFormat(n))
}

func randomFormat(n *node) dtype.DType { return ElemType(n.op.Attrs.Int("dtype", 1)) }

func multinomial(n *node) error {
	s, err := n.rank(0, 2)
	if err != nil {
		return err
	}
	return n.set(0, n.dimsOf(s[0], n.op.Attrs.Int("sample_size", 1)), ElemType(n.op.Attrs.Int("dtype", 6)))
}

// random reports an op whose result differs from run to run, and so isn't folded though its operands are constant.
func random(kind string) bool {
	return strings.HasPrefix(kind, "Random") || kind == "Bernoulli" || kind == "Multinomial"
}

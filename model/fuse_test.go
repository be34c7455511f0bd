package model

import (
	"strings"
	"testing"

	"roofline/hardware/dtype"
	"roofline/hardware/unit"
)

// residual is two convolutions, the first with a batch norm, and a shortcut around them.
func residual(b *Builder) TensorID {
	x := b.Input("x", dtype.FP16, Shape{1, 64, 8, 8})
	w1, w2 := b.Weight("w1", dtype.FP16, Shape{64, 64, 1, 1}), b.Weight("w2", dtype.FP16, Shape{64, 64, 1, 1})
	norm := []TensorID{0, b.Weight("scale", dtype.FP16, Shape{64}), b.Weight("shift", dtype.FP16, Shape{64}),
		b.Buffer("mean", dtype.FP16, Shape{64}), b.Buffer("variance", dtype.FP16, Shape{64})}
	norm[0] = b.Op("Conv", "conv1", []TensorID{x, w1})
	y := b.Op("Relu", "relu1", []TensorID{b.Op("BatchNormalization", "bn", norm)})
	y = b.Op("Add", "add", []TensorID{b.Op("Conv", "conv2", []TensorID{y, w2}), x})
	return b.Op("Relu", "relu2", []TensorID{y})
}

// gelu is a product with a bias, and the five ops that an exporter makes of the activation function.
func gelu(b *Builder) TensorID {
	x := b.Input("x", dtype.FP16, Shape{1, 128, 64})
	y := b.Op("MatMul", "product", []TensorID{x, b.Weight("w", dtype.FP16, Shape{64, 256})})
	y = b.Op("Add", "bias", []TensorID{y, b.Weight("b", dtype.FP16, Shape{256})})
	half := b.Op("Div", "div", []TensorID{y, b.ConstFloat("root2", dtype.FP16, 1.4142)})
	erf := b.Op("Add", "add1", []TensorID{b.Op("Erf", "erf", []TensorID{half}), b.ConstFloat("one", dtype.FP16, 1)})
	return b.Op("Mul", "mul2", []TensorID{b.Op("Mul", "mul", []TensorID{y, erf}), b.ConstFloat("half", dtype.FP16, 0.5)})
}

// swish is a convolution and its result times the sigmoid of it.
func swish(b *Builder) TensorID {
	y := b.Op("Conv", "conv", []TensorID{b.Input("x", dtype.FP16, Shape{1, 64, 8, 8}), b.Weight("w", dtype.FP16, Shape{64, 64, 1, 1})})
	return b.Op("Mul", "mul", []TensorID{y, b.Op("Sigmoid", "sigmoid", []TensorID{y})})
}

// attentionOf takes queries, keys and values out of one tensor, as exporters do, and adds a bias of a shape to the scores.
func attentionOf(bias ...int64) func(*Builder) TensorID {
	return func(b *Builder) TensorID {
		qkv := b.Input("qkv", dtype.FP16, Shape{3, 4, 128, 32})
		part := func(i int64, name string) TensorID {
			return b.Op("Gather", name, []TensorID{qkv, b.Scalar(name+"_index", i)}, IntAttr("axis", 0))
		}
		q, k, v := part(0, "q"), part(1, "k"), part(2, "v")
		q = b.Op("Mul", "scale", []TensorID{q, b.ConstFloat("s", dtype.FP16, 0.18)})
		k = b.Op("Transpose", "kT", []TensorID{k}, IntsAttr("perm", 0, 2, 1))
		scores := b.Op("MatMul", "qk", []TensorID{q, k})
		if bias != nil {
			scores = b.Op("Add", "bias", []TensorID{scores, b.Input("table", dtype.FP16, Shape(bias))})
		}
		return b.Op("MatMul", "av", []TensorID{b.Op("Softmax", "softmax", []TensorID{scores}, IntAttr("axis", -1)), v})
	}
}

// kernels lists the kinds of the kernels of a graph.
func kernels(t *testing.T, make func(*Builder) TensorID, level Fusion) string {
	t.Helper()
	var kinds []string
	for _, w := range builtWork(t, make, level, Formats{}) {
		kinds = append(kinds, w.Kind)
	}
	return strings.Join(kinds, " ")
}

func builtWork(t *testing.T, make func(*Builder) TensorID, level Fusion, f Formats) []Work {
	t.Helper()
	b := NewBuilder("test", 17)
	b.Output(make(b))
	g := b.Graph()
	if err := Infer(g, Bindings{}); err != nil {
		t.Fatal(err)
	}
	return g.Work(level, f)
}

func TestFusionLevels(t *testing.T) {
	for _, c := range []struct {
		name  string
		make  func(*Builder) TensorID
		level Fusion
		want  string
	}{
		{"residual", residual, FusionNone, "Conv BatchNormalization Relu Conv Add Relu"},
		{"residual", residual, FusionFunctions, "Conv Relu Conv Add Relu"},
		{"residual", residual, FusionLayers, "Conv+Relu Conv+Add+Relu"},
		{"residual", residual, FusionPointwise, "Conv+Relu Conv+Add+Relu"},
		{"residual", residual, FusionGenerated, "Conv Relu Conv Add+Relu"},
		{"residual", residual, FusionFull, "Conv+Relu Conv+Add+Relu"},

		{"gelu", gelu, FusionNone, "MatMul Add Div Erf Add Mul Mul"},
		{"gelu", gelu, FusionFunctions, "MatMul+Add Div+4"},
		{"gelu", gelu, FusionLayers, "MatMul Add+5"},
		{"gelu", gelu, FusionPointwise, "MatMul+6"},
		{"gelu", gelu, FusionGenerated, "MatMul+Add Div+4"},

		{"attention", attentionOf(), FusionNone, "Gather Gather Gather Mul Transpose MatMul Softmax MatMul"},
		{"swish", swish, FusionLayers, "Conv Sigmoid+Mul"},
		{"swish", swish, FusionPointwise, "Conv+Sigmoid+Mul"},

		{"attention", attentionOf(), FusionLayers, "Gather Gather Gather Mul Transpose MatMul Softmax MatMul"},
		{"attention", attentionOf(), FusionFunctions, "MatMul+Softmax+MatMul"},
		{"a mask over keys", attentionOf(128), FusionFunctions, "MatMul+Add+Softmax+MatMul"},
		{"a bias for every query and key", attentionOf(4, 128, 128), FusionFunctions, "MatMul Add Softmax MatMul"},
		{"a bias for every query and key", attentionOf(4, 128, 128), FusionGenerated, "MatMul Softmax+Add MatMul"},
	} {
		if got := kernels(t, c.make, c.level); got != c.want {
			t.Errorf("%s, %v:\ngot  %s\nwant %s", c.name, c.level, got, c.want)
		}
	}
}

// Queries, keys and values are parts of one tensor: attention reads each once, 3·4·128·32 elements, and writes a third.
func TestAttentionReadsParts(t *testing.T) {
	w := builtWork(t, attentionOf(), FusionFunctions, Formats{})[0]
	if part := unit.Bytes(4 * 128 * 32 * 2); w.Read != 3*part || w.Write != part || w.Class != Attention {
		t.Errorf("%v reads %v and writes %v", w.Class, w.Read, w.Write)
	}
}

// A framework copies a transposed tensor that is reshaped afterwards; a generated kernel reads it where it lies.
func TestTransposedForReshape(t *testing.T) {
	windows := func(b *Builder) TensorID {
		x := b.Op("Transpose", "t", []TensorID{b.Input("x", dtype.FP16, Shape{8, 7, 8, 7, 32})}, IntsAttr("perm", 0, 2, 1, 3, 4))
		return b.Op("Relu", "relu", []TensorID{b.Op("Reshape", "r", []TensorID{x, b.Const("to", 64, 49, 32)})})
	}
	for level, want := range map[Fusion]string{FusionFunctions: "Transpose Relu", FusionGenerated: "Relu"} {
		if got := kernels(t, windows, level); got != want {
			t.Errorf("%v: got %s, want %s", level, got, want)
		}
	}
}

// A framework copies a transposed tensor for a product with weights, as where the tokens of an image are mixed; a product of
// activations reads it where it lies.
func TestTransposedForProduct(t *testing.T) {
	mixed := func(b *Builder) TensorID {
		x := b.Op("Transpose", "t", []TensorID{b.Input("x", dtype.FP16, Shape{1, 196, 512})}, IntsAttr("perm", 0, 2, 1))
		return b.Op("MatMul", "product", []TensorID{x, b.Weight("w", dtype.FP16, Shape{196, 256})})
	}
	activations := func(b *Builder) TensorID {
		x := b.Op("Transpose", "t", []TensorID{b.Input("x", dtype.FP16, Shape{1, 196, 512})}, IntsAttr("perm", 0, 2, 1))
		return b.Op("MatMul", "product", []TensorID{x, b.Input("y", dtype.FP16, Shape{1, 196, 256})})
	}
	for _, c := range []struct {
		make  func(*Builder) TensorID
		level Fusion
		want  string
	}{{mixed, FusionFunctions, "Transpose MatMul"}, {mixed, FusionGenerated, "MatMul"}, {activations, FusionFunctions, "MatMul"}} {
		if got := kernels(t, c.make, c.level); got != c.want {
			t.Errorf("%v: got %s, want %s", c.level, got, c.want)
		}
	}
}

// By hand: a norm of e elements that a product reads. In mixed precision a framework writes 4 bytes per element, reads
// them again and writes 2 for the product; a generated kernel writes the 2. Where the residual stream reads them, too,
// it keeps the 4, and adding to them makes 4.
func TestAutocast(t *testing.T) {
	const e = 1000 * 512
	normed := func(kept bool) func(*Builder) TensorID {
		return func(b *Builder) TensorID {
			x := b.Input("x", dtype.FP16, Shape{1, 1000, 512})
			y := b.Op("LayerNormalization", "norm", []TensorID{x, b.Weight("scale", dtype.FP16, Shape{512})})
			z := b.Op("MatMul", "product", []TensorID{y, b.Weight("w", dtype.FP16, Shape{512, 512})})
			if kept {
				return b.Op("Add", "add", []TensorID{z, y})
			}
			return z
		}
	}
	mixed := Formats{Weights: dtype.FP16, Activations: dtype.FP16, Autocast: true}
	for _, c := range []struct {
		name        string
		kept        bool
		level       Fusion
		formats     Formats
		read, write unit.Bytes // of the norm
		product     unit.Bytes // read by the product
		added       unit.Bytes // read and written by the addition
	}{
		{"fp16", false, FusionFunctions, Formats{Weights: dtype.FP16, Activations: dtype.FP16}, 2 * e, 2 * e, 2 * e, 0},
		{"fp32 stays", false, FusionFunctions, Formats{Weights: dtype.FP32, Activations: dtype.FP32, Autocast: true}, 4 * e, 4 * e, 4 * e, 0},
		{"a framework casts", false, FusionFunctions, mixed, (2 + 4) * e, (4 + 2) * e, 2 * e, 0},
		{"a generated kernel writes the cast", false, FusionGenerated, mixed, 2 * e, 2 * e, 2 * e, 0},
		{"and what is kept", true, FusionGenerated, mixed, 2 * e, (2 + 4) * e, 2 * e, (2 + 4 + 4) * e},
		{"a framework, kept", true, FusionFunctions, mixed, (2 + 4) * e, (4 + 2) * e, 2 * e, (2 + 4 + 4) * e},
	} {
		ws := builtWork(t, normed(c.kept), c.level, c.formats)
		if got := [3]unit.Bytes{ws[0].Read, ws[0].Write, ws[1].Read}; got != [3]unit.Bytes{c.read, c.write, c.product} {
			t.Errorf("%s: norm reads and writes, product reads: %v, want %v %v %v", c.name, got, c.read, c.write, c.product)
		}
		if ws[1].Format != c.formats.Activations.Arithmetic() {
			t.Errorf("%s: the product is in %v", c.name, ws[1].Format)
		}
		if c.kept && ws[2].Read+ws[2].Write != c.added {
			t.Errorf("%s: the addition moves %v, want %v", c.name, ws[2].Read+ws[2].Write, c.added)
		}
	}
}

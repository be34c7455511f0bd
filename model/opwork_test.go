package model

import (
	"testing"

	"roofline/hardware/dtype"
)

// operand is an input of a test op: an activation, or a stored weight.
type operand struct {
	shape  Shape
	weight bool
	dtype  dtype.DType
	value  []int64
	floats []float64
}

func act(dims ...int64) operand    { return operand{shape: dims} }
func weight(dims ...int64) operand { return operand{shape: dims, weight: true} }
func ints(v ...int64) operand      { return operand{value: v} }

// none leaves an optional operand out.
var none = operand{}

func (o operand) as(d dtype.DType) operand { o.dtype = d; return o }

// build makes a graph of one op.
func build(t testing.TB, kind string, operands []operand, outputs int, attrs ...Attr) *Graph {
	t.Helper()
	b := NewBuilder("test", 17)
	var ids []TensorID
	for i, o := range operands {
		d, name := o.dtype, string(rune('a'+i))
		if d == dtype.Unknown {
			d = dtype.FP32
		}
		switch {
		case o.value != nil:
			ids = append(ids, b.Const(name, o.value...))
		case o.floats != nil:
			ids = append(ids, b.constant(name, d, Shape{int64(len(o.floats))}, &Value{Floats: o.floats}))
		case o.shape == nil:
			ids = append(ids, NoTensor)
		case o.weight:
			ids = append(ids, b.Weight(name, d, o.shape))
		default:
			ids = append(ids, b.Input(name, d, o.shape))
		}
	}
	names := make([]string, outputs)
	for i := range names {
		names[i] = "out" + string(rune('0'+i))
	}
	b.Output(b.Ops(kind, "op", ids, names, attrs...)...)
	g := b.Graph()
	if err := Infer(g, Bindings{}); err != nil {
		t.Fatal(err)
	}
	return g
}

// TestWork checks rules against numbers worked out by hand, the arithmetic beside each.
func TestWork(t *testing.T) {
	for _, test := range []struct {
		name     string
		kind     string
		operands []operand
		attrs    []Attr
		out      string
		class    Class
		macs     float64
		vector   float64 // FLOPs besides
		form     [4]float64
	}{
		// Output ⌊(224 + 6 − 7)/2⌋ + 1 = 112; 112² · 64 outputs of 3 · 7 · 7 = 147 each; a bias each.
		{"conv", "Conv", []operand{act(1, 3, 224, 224), weight(64, 3, 7, 7), weight(64)},
			[]Attr{IntsAttr("strides", 2, 2), IntsAttr("pads", 3, 3, 3, 3)}, "1x64x112x112", Conv,
			112 * 112 * 64 * 147, 112 * 112 * 64, [4]float64{1, 12544, 64, 147}},
		// 32 groups: each output sees 128/32 = 4 channels · 9 = 36; two samples of 56² positions.
		{"grouped conv", "Conv", []operand{act(2, 128, 56, 56), weight(128, 4, 3, 3)},
			[]Attr{IntAttr("group", 32), IntsAttr("pads", 1, 1, 1, 1)}, "2x128x56x56", Conv,
			2 * 56 * 56 * 128 * 36, 0, [4]float64{32, 2 * 3136, 4, 36}},
		// One filter of 9 per channel.
		{"depthwise conv", "Conv", []operand{act(1, 96, 28, 28), weight(96, 1, 3, 3)},
			[]Attr{IntAttr("group", 96), IntsAttr("pads", 1, 1, 1, 1)}, "1x96x28x28", DepthwiseConv,
			28 * 28 * 96 * 9, 0, [4]float64{96, 784, 1, 9}},
		// Dilation 2 makes a kernel of 3 span 5: 32 + 4 − 5 + 1 = 32.
		{"dilated conv", "Conv", []operand{act(1, 8, 32, 32), weight(16, 8, 3, 3)},
			[]Attr{IntsAttr("dilations", 2, 2), IntsAttr("pads", 2, 2, 2, 2)}, "1x16x32x32", Conv,
			32 * 32 * 16 * 72, 0, [4]float64{1, 1024, 16, 72}},
		// auto_pad: ⌈15/2⌉ = 8.
		{"conv same", "Conv", []operand{act(1, 4, 15, 15), weight(4, 4, 3, 3)},
			[]Attr{IntsAttr("strides", 2, 2), StringAttr("auto_pad", "SAME_UPPER")}, "1x4x8x8", Conv,
			64 * 4 * 36, 0, [4]float64{1, 64, 4, 36}},
		// Counted on the input: 7² positions · 256 channels · 128 · 16 taps; output 2·6 + 4 − 2 = 14.
		{"transposed conv", "ConvTranspose", []operand{act(1, 256, 7, 7), weight(256, 128, 4, 4)},
			[]Attr{IntsAttr("strides", 2, 2), IntsAttr("pads", 1, 1, 1, 1)}, "1x128x14x14", Conv,
			49 * 256 * 128 * 16, 0, [4]float64{1, 49, 2048, 256}},
		// 8 × 512 by (1000 × 512)ᵀ, and a bias.
		{"gemm", "Gemm", []operand{act(8, 512), weight(1000, 512), weight(1000)}, []Attr{IntAttr("transB", 1)}, "8x1000", MatMul,
			8 * 512 * 1000, 8000, [4]float64{1, 8, 1000, 512}},
		// Rows of both samples are one product: 2 · 128 rows.
		{"matmul with weight", "MatMul", []operand{act(2, 128, 768), weight(768, 3072)}, nil, "2x128x3072", MatMul,
			256 * 768 * 3072, 0, [4]float64{1, 256, 3072, 768}},
		// Scores: 12 heads of 128 × 64 by 64 × 128.
		{"batched matmul", "MatMul", []operand{act(1, 12, 128, 64), act(1, 12, 64, 128)}, nil, "1x12x128x128", MatMul,
			12 * 128 * 128 * 64, 0, [4]float64{12, 128, 128, 64}},
		// A vector is one column: the dimension goes.
		{"matmul vector", "MatMul", []operand{act(5, 7), act(7)}, nil, "5", MatMul, 35, 0, [4]float64{1, 5, 1, 7}},
		// b, h batch; i rows; j columns; d summed: 2 · 4 · 10 · 20 · 32.
		{"einsum", "Einsum", []operand{act(2, 4, 10, 32), act(2, 4, 20, 32)}, []Attr{StringAttr("equation", "bhid,bhjd->bhij")},
			"2x4x10x20", MatMul, 2 * 4 * 10 * 20 * 32, 0, [4]float64{8, 10, 20, 32}},
		{"einsum ellipsis", "Einsum", []operand{act(3, 5, 10, 32), weight(32, 6)}, []Attr{StringAttr("equation", "...k,kn->...n")},
			"3x5x10x6", MatMul, 150 * 6 * 32, 0, [4]float64{1, 150, 6, 32}},
		// A transposition as an Einsum multiplies nothing.
		{"einsum of one", "Einsum", []operand{act(2, 3)}, []Attr{StringAttr("equation", "ij->ji")}, "3x2", Copy, 0, 0, [4]float64{}},
		// Projection 128 · 768 · 2304; QKᵀ and AV, 12 · 128 · 128 · 64 each; a bias of 2304 and 5 FLOPs per score.
		{"packed attention", "com.microsoft.Attention", []operand{act(1, 128, 768), weight(768, 2304), weight(2304)}, []Attr{IntAttr("num_heads", 12)},
			"1x128x768", Attention, 128*768*2304 + 2*12*128*128*64, 128*2304 + 5*12*128*128, [4]float64{1, 128, 2304, 768}},
		// One query against 127 past keys and itself, 32 heads of 128, 8 of them stored: 32 · 128 · (128 + 128).
		{"group query attention", "com.microsoft.GroupQueryAttention",
			[]operand{act(1, 1, 4096), act(1, 1, 1024), act(1, 1, 1024), act(1, 8, 127, 128), act(1, 8, 127, 128)},
			[]Attr{IntAttr("num_heads", 32), IntAttr("kv_num_heads", 8)}, "1x1x4096", Attention,
			32 * 128 * 256, 5 * 32 * 128, [4]float64{32, 1, 128, 128}},
		// A prompt of 16 in a causal kernel: 16 · 17 / 2 = 136 pairs of 2 heads, 8 wide.
		{"causal attention", "com.microsoft.GroupQueryAttention", []operand{act(1, 16, 16), act(1, 16, 16), act(1, 16, 16)},
			[]Attr{IntAttr("num_heads", 2), IntAttr("kv_num_heads", 2)}, "1x16x16", Attention,
			2 * 136 * 16, 5 * 2 * 136, [4]float64{2, 16, 16, 8}},
		// The standard's: 4 query heads on 2 stored ones, 10 queries, 20 keys, 16 wide: 4 · 10 · 20 · 32.
		{"attention", "Attention", []operand{act(1, 4, 10, 16), act(1, 2, 20, 16), act(1, 2, 20, 16)}, nil, "1x4x10x16", Attention,
			4 * 10 * 20 * 32, 5 * 4 * 10 * 20, [4]float64{4, 10, 20, 16}},
		// 5 heads of 64, 9 queries, 77 keys of a text.
		{"cross attention", "com.microsoft.MultiHeadAttention", []operand{act(2, 9, 320), act(2, 77, 320), act(2, 77, 320)},
			[]Attr{IntAttr("num_heads", 5)}, "2x9x320", Attention, 2 * 5 * 9 * 77 * 128, 5 * 2 * 5 * 9 * 77, [4]float64{10, 9, 77, 64}},
		// 50 steps, batch 3, two directions, 4 gates · 256 from 128 inputs and 256 states; 24 FLOPs per unit.
		{"lstm", "LSTM", []operand{act(50, 3, 128), weight(2, 1024, 128), weight(2, 1024, 256)},
			[]Attr{IntAttr("hidden_size", 256), StringAttr("direction", "bidirectional")}, "50x2x3x256", Recurrent,
			50 * 3 * 2 * 1024 * 384, 24 * 50 * 2 * 3 * 256, [4]float64{100, 3, 1024, 384}},
		// 3 gates, one direction.
		{"gru", "GRU", []operand{act(10, 1, 32), weight(1, 192, 32), weight(1, 192, 64)}, []Attr{IntAttr("hidden_size", 64)}, "10x1x1x64",
			Recurrent, 10 * 192 * 96, 17 * 10 * 64, [4]float64{10, 1, 192, 96}},
		// 4 tokens · 2 of 8 experts, two layers of 64 × 256.
		{"mixture of experts", "com.microsoft.MoE",
			[]operand{act(1, 4, 64), act(4, 8), weight(8, 256, 64), none, weight(8, 64, 256)}, []Attr{IntAttr("k", 2)}, "1x4x64", MatMul,
			8 * 2 * 64 * 256, 9*4*8 + 4*8*256, [4]float64{8, 1, 256, 64}},
		// Weights of 4 bits: the product is that of 3 × 64 by 64 × 32.
		{"packed weights", "com.microsoft.MatMulNBits", []operand{act(1, 3, 64), weight(32, 2, 16).as(dtype.UINT8), weight(64)},
			[]Attr{IntAttr("K", 64), IntAttr("N", 32), IntAttr("bits", 4), IntAttr("block_size", 32)}, "1x3x32", MatMul,
			3 * 64 * 32, 0, [4]float64{1, 3, 32, 64}},
		{"softmax", "Softmax", []operand{act(2, 10)}, nil, "2x10", Normalization, 0, 5 * 20, [4]float64{}},
		{"layer norm", "LayerNormalization", []operand{act(2, 10), weight(10), weight(10)}, nil, "2x10", Normalization, 0, 7 * 20, [4]float64{}},
		{"add", "Add", []operand{act(2, 1, 10), act(3, 1)}, nil, "2x3x10", Elementwise, 0, 60, [4]float64{}},
		{"sigmoid", "Sigmoid", []operand{act(8)}, nil, "8", Elementwise, 0, 4 * 8, [4]float64{}},
		// 9 comparisons per output; ceil mode adds a window: (6 − 3)/2 = 1.5.
		{"max pool", "MaxPool", []operand{act(1, 4, 6, 6)}, []Attr{IntsAttr("kernel_shape", 3, 3), IntsAttr("strides", 2, 2), IntAttr("ceil_mode", 1)},
			"1x4x3x3", Pooling, 0, 9 * 36, [4]float64{}},
		// Four neighbours, 2 FLOPs each.
		{"bilinear resize", "Resize", []operand{act(1, 2, 4, 4), none, none, ints(1, 2, 8, 8)}, []Attr{StringAttr("mode", "linear")},
			"1x2x8x8", Copy, 0, 8 * 128, [4]float64{}},
		{"reduce", "ReduceMean", []operand{act(2, 3, 4)}, []Attr{IntsAttr("axes", -1), IntAttr("keepdims", 0)}, "2x3", Pooling, 0, 24, [4]float64{}},
		{"reshape", "Reshape", []operand{act(2, 3, 4), ints(0, -1)}, nil, "2x12", Free, 0, 0, [4]float64{}},
		{"transpose", "Transpose", []operand{act(2, 3, 4)}, []Attr{IntsAttr("perm", 0, 2, 1)}, "2x4x3", Copy, 0, 0, [4]float64{}},
		{"transpose of ones", "Transpose", []operand{act(1, 12, 1, 64)}, []Attr{IntsAttr("perm", 0, 2, 1, 3)}, "1x1x12x64", Free, 0, 0, [4]float64{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			g := build(t, test.kind, test.operands, 1, test.attrs...)
			w := g.OpWork(0, Formats{})
			if len(g.Warnings) > 0 {
				t.Errorf("warnings %q", g.Warnings)
			}
			if got := w.Shape.String(); got != test.out {
				t.Errorf("output %s, want %s", got, test.out)
			}
			if w.Class != test.class {
				t.Errorf("class %v, want %v", w.Class, test.class)
			}
			if w.MACs != test.macs || float64(w.VectorFLOPs()) != test.vector {
				t.Errorf("MACs %.0f and %.0f other FLOPs, want %.0f and %.0f", w.MACs, float64(w.VectorFLOPs()), test.macs, test.vector)
			}
			if form := [4]float64{w.Groups, w.M, w.N, w.K}; form != test.form {
				t.Errorf("groups, M, N, K = %v, want %v", form, test.form)
			}
		})
	}
}

// TestTraffic checks bytes.
func TestTraffic(t *testing.T) {
	half := Formats{Weights: dtype.FP16, Activations: dtype.FP16}
	for _, test := range []struct {
		name                 string
		kind                 string
		operands             []operand
		attrs                []Attr
		formats              Formats
		weights, read, write float64
	}{
		// Weights 4·6, activations 2·4 in and 2·6 out, 4 bytes each.
		{"product", "MatMul", []operand{act(2, 4), weight(4, 6)}, nil, Formats{}, 96, 32, 48},
		{"product in half precision", "MatMul", []operand{act(2, 4), weight(4, 6)}, nil, half, 48, 16, 24},
		// 5 ids of 8 bytes, 5 rows of 16: not the table of 1000.
		{"gather", "Gather", []operand{weight(1000, 16), act(5).as(dtype.INT64)}, nil, Formats{}, 0, 40 + 320, 320},
		{"slice", "Slice", []operand{act(100, 4), ints(0), ints(10)}, nil, Formats{}, 0, 160, 160},
		{"add to itself", "Add", []operand{act(10), act(10)}, nil, Formats{}, 0, 80, 40},
		{"view", "Flatten", []operand{act(2, 3, 4)}, nil, Formats{}, 0, 0, 0},
		// The same format before and after.
		{"cast that changes nothing", "Cast", []operand{act(8)}, []Attr{IntAttr("to", 10)}, half, 0, 0, 0},
		{"cast", "Cast", []operand{act(8)}, []Attr{IntAttr("to", 7)}, Formats{}, 0, 32, 64},
		{"folded", "Transpose", []operand{weight(4, 6)}, nil, Formats{}, 0, 0, 0},
		// 2 of 8 experts are touched by one token: a quarter of two layers of 8·64·256, and the activations.
		{"mixture of experts", "com.microsoft.MoE", []operand{act(1, 1, 64), act(1, 8), weight(8, 256, 64), none, weight(8, 64, 256)},
			[]Attr{IntAttr("k", 2)}, Formats{}, 2 * 2 * 64 * 256 * 4, 64*4 + 8*4, 64 * 4},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := build(t, test.kind, test.operands, 1, test.attrs...).OpWork(0, test.formats)
			if got := [3]float64{float64(w.Weights), float64(w.Read), float64(w.Write)}; got != [3]float64{test.weights, test.read, test.write} {
				t.Errorf("weights, read, write = %v, want %v", got, [3]float64{test.weights, test.read, test.write})
			}
		})
	}
}

// TestCacheTraffic: of a buffer for 1024 positions, attention reads the 127 that are filled and writes one.
func TestCacheTraffic(t *testing.T) {
	b := NewBuilder("decode", 17)
	q, k, v := b.Input("q", dtype.FP16, Shape{1, 1, 4096}), b.Input("k", dtype.FP16, Shape{1, 1, 1024}), b.Input("v", dtype.FP16, Shape{1, 1, 1024})
	pk, pv := b.Input("pk", dtype.FP16, Shape{1, 8, 1024, 128}), b.Input("pv", dtype.FP16, Shape{1, 8, 1024, 128})
	lengths, total := b.Input("lengths", dtype.INT32, Shape{1}), b.Scalar("total", 128)
	out := b.Ops("com.microsoft.GroupQueryAttention", "attention", []TensorID{q, k, v, pk, pv, lengths, total}, []string{"y", "nk", "nv"},
		IntAttr("num_heads", 32), IntAttr("kv_num_heads", 8))
	b.Output(out...)
	g := b.Graph()
	if err := Infer(g, Bindings{}); err != nil {
		t.Fatal(err)
	}
	w := g.OpWork(0, Formats{})
	const position = 8 * 128 * 2 // bytes of a key, or of a value, in all heads
	if want := 2.0 * 127 * position; float64(w.KV) != want {
		t.Errorf("KV %v, want %v", w.KV, want)
	}
	if want := 4096*2 + 2.0*position; float64(w.Write) != want {
		t.Errorf("write %v, want %v", w.Write, want)
	}
	if want := 4096*2 + 2*1024*2 + 4.0; float64(w.Read) != want {
		t.Errorf("read %v, want %v", w.Read, want)
	}
}

// TestFormat checks in what products are computed.
func TestFormat(t *testing.T) {
	product := []operand{act(2, 4), weight(4, 6)}
	for _, test := range []struct {
		name           string
		kind           string
		operands       []operand
		formats        Formats
		format, stored dtype.DType
	}{
		{"as in the file", "MatMul", product, Formats{}, dtype.FP32, dtype.FP32},
		{"half", "MatMul", product, Formats{Weights: dtype.FP16, Activations: dtype.FP16}, dtype.FP16, dtype.FP16},
		{"tf32", "MatMul", product, Formats{Weights: dtype.TF32, Activations: dtype.TF32}, dtype.TF32, dtype.TF32},
		{"fp8 weights", "MatMul", product, Formats{Weights: dtype.FP8, Activations: dtype.BF16}, dtype.FP8, dtype.FP8},
		{"int8 asked for", "MatMul", product, Formats{Weights: dtype.INT8, Activations: dtype.FP16}, dtype.INT8, dtype.INT8},
		{"four-bit groups", "MatMul", product, Formats{Weights: dtype.INT4Group128, Activations: dtype.BF16}, dtype.BF16, dtype.INT4Group128},
		{"half weights only", "MatMul", product, Formats{Weights: dtype.FP16, Activations: dtype.FP32}, dtype.FP32, dtype.FP16},
		{"no weights", "MatMul", []operand{act(2, 4), act(4, 6)}, Formats{Weights: dtype.FP8, Activations: dtype.BF16}, dtype.BF16, dtype.Unknown},
		{"integers", "MatMulInteger", []operand{act(2, 4).as(dtype.UINT8), weight(4, 6).as(dtype.INT8)}, Formats{Weights: dtype.FP16, Activations: dtype.FP16}, dtype.INT8, dtype.INT8},
		{"dynamic", "com.microsoft.DynamicQuantizeMatMul", []operand{act(2, 4), weight(4, 6).as(dtype.INT8), weight(6)}, Formats{}, dtype.INT8, dtype.INT8},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := build(t, test.kind, test.operands, 1).OpWork(0, test.formats)
			if w.Format != test.format || w.Stored != test.stored {
				t.Errorf("format %v, stored %v; want %v, %v", w.Format, w.Stored, test.format, test.stored)
			}
		})
	}
}

// TestQDQ: a convolution between DequantizeLinear and QuantizeLinear multiplies int8, and reads bytes.
func TestQDQ(t *testing.T) {
	b := NewBuilder("qdq", 17)
	x := b.Input("x", dtype.FP32, Shape{1, 8, 4, 4})
	s, z := b.ConstFloat("s", dtype.FP32, 0.1), b.Weight("z", dtype.INT8, Shape{})
	ws, wz := b.Weight("ws", dtype.FP32, Shape{16}), b.Weight("wz", dtype.INT8, Shape{16})
	w := b.Weight("w", dtype.INT8, Shape{16, 8, 3, 3})
	q := b.Op("QuantizeLinear", "q", []TensorID{x, s, z})
	dq := b.Op("DequantizeLinear", "dq", []TensorID{q, s, z})
	pooled := b.Op("MaxPool", "pool", []TensorID{dq}, IntsAttr("kernel_shape", 1, 1))
	dw := b.Op("DequantizeLinear", "dw", []TensorID{w, ws, wz}, IntAttr("axis", 0))
	b.Output(b.Op("Conv", "conv", []TensorID{pooled, dw}))
	g := b.Graph()
	if err := Infer(g, Bindings{}); err != nil {
		t.Fatal(err)
	}
	conv := g.OpWork(4, Formats{Weights: dtype.FP16, Activations: dtype.FP16})
	if conv.Format != dtype.INT8 || conv.Stored != dtype.INT8 {
		t.Errorf("format %v, stored %v", conv.Format, conv.Stored)
	}
	if conv.Weights != 16*8*9 || conv.Read != 8*16 {
		t.Errorf("weights %v, read %v", conv.Weights, conv.Read)
	}
	if got := g.Parameters(); got != 16*8*9 {
		t.Errorf("parameters %v: scales and zero points don't count", got)
	}
	if dequantise := g.OpWork(1, Formats{}); dequantise.Class != Free {
		t.Errorf("DequantizeLinear is %v", dequantise.Class)
	}
}

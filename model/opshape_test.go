package model

import (
	"math"
	"slices"
	"strings"
	"testing"

	"roofline/hardware/dtype"
)

// floats is a constant operand of real numbers.
func floats(v ...float64) operand { return operand{floats: v} }

// TestShapes checks outputs and arithmetic against the operators' specifications, by hand.
func TestShapes(t *testing.T) {
	for _, test := range []struct {
		kind     string
		operands []operand
		attrs    []Attr
		out      string  // of all outputs
		macs     float64 // multiply-accumulates
		vector   float64 // other FLOPs
	}{
		// Indices and selections.
		{"GatherElements", []operand{act(3, 4), act(2, 4).as(dtype.INT64)}, nil, "2x4", 0, 0},
		{"GatherND", []operand{act(5, 6, 7), act(8, 2).as(dtype.INT64)}, nil, "8x7", 0, 0},
		{"GatherND", []operand{act(2, 6, 7), act(2, 3, 1).as(dtype.INT64)}, []Attr{IntAttr("batch_dims", 1)}, "2x3x7", 0, 0},
		{"ScatterND", []operand{act(5, 6), act(2, 1).as(dtype.INT64), act(2, 6)}, nil, "5x6", 0, 0},
		{"ScatterElements", []operand{act(5, 6), act(2, 6).as(dtype.INT64), act(2, 6)}, nil, "5x6", 0, 0},
		{"Compress", []operand{act(4, 3), ints(1, 0, 1, 1)}, []Attr{IntAttr("axis", 0)}, "3x3", 0, 0},
		{"TopK", []operand{act(2, 100), ints(5)}, nil, "2x5 2x5", 0, 200 * math.Log2(5)}, // log₂ k comparisons an element
		{"ArgMax", []operand{act(2, 10, 4)}, []Attr{IntAttr("axis", 1), IntAttr("keepdims", 0)}, "2x4", 0, 80},
		{"ArgMin", []operand{act(2, 10, 4)}, []Attr{IntAttr("axis", -1)}, "2x10x1", 0, 80},
		{"CumSum", []operand{act(2, 10), ints(1)}, nil, "2x10", 0, 20},
		{"OneHot", []operand{act(2, 3).as(dtype.INT64), ints(10), act(2)}, nil, "2x3x10", 0, 0},
		{"OneHot", []operand{act(2, 3).as(dtype.INT64), ints(10), act(2)}, []Attr{IntAttr("axis", 0)}, "10x2x3", 0, 0},

		// Moves.
		{"Split", []operand{act(6, 8)}, []Attr{IntAttr("axis", 1), IntAttr("num_outputs", 2)}, "6x4 6x4", 0, 0},
		{"Split", []operand{act(6, 8), ints(1, 2, 5)}, []Attr{IntAttr("axis", 1)}, "6x1 6x2 6x5", 0, 0},
		{"Expand", []operand{act(3, 1), ints(2, 1, 6)}, nil, "2x3x6", 0, 0},
		{"Tile", []operand{act(2, 3), ints(4, 2)}, nil, "8x6", 0, 0},
		{"Pad", []operand{act(2, 3), ints(1, 0, 0, 2)}, nil, "3x5", 0, 0},
		{"DepthToSpace", []operand{act(1, 16, 2, 3)}, []Attr{IntAttr("blocksize", 4)}, "1x1x8x12", 0, 0},
		{"SpaceToDepth", []operand{act(1, 3, 8, 12)}, []Attr{IntAttr("blocksize", 4)}, "1x48x2x3", 0, 0},
		{"CenterCropPad", []operand{act(20, 10, 3), ints(10, 12, 3)}, nil, "10x12x3", 0, 0},
		{"Slice", []operand{act(10, 8), ints(2), ints(9), ints(0), ints(3)}, nil, "3x8", 0, 0}, // 2, 5, 8
		{"Slice", []operand{act(10, 8), ints(-1), ints(-100), ints(1), ints(-2)}, nil, "10x4", 0, 0},
		{"Concat", []operand{act(2, 3), act(2, 5)}, []Attr{IntAttr("axis", -1)}, "2x8", 0, 0},
		{"Squeeze", []operand{act(1, 3, 1, 4), ints(0, 2)}, nil, "3x4", 0, 0},
		{"Squeeze", []operand{act(1, 3, 1, 4)}, nil, "3x4", 0, 0},
		{"Unsqueeze", []operand{act(3, 4), ints(0, -1)}, nil, "1x3x4x1", 0, 0},
		{"Flatten", []operand{act(2, 3, 4, 5)}, []Attr{IntAttr("axis", 2)}, "6x20", 0, 0},
		{"Size", []operand{act(3, 4)}, nil, "scalar", 0, 0},
		{"Range", []operand{ints(3), ints(12), ints(4)}, nil, "3", 0, 0}, // 3, 7, 11
		{"ConstantOfShape", []operand{ints(2, 5)}, nil, "2x5", 0, 0},
		{"Identity", []operand{act(2, 5)}, nil, "2x5", 0, 0},
		{"Reshape", []operand{act(2, 3, 4), ints(4, -1)}, nil, "4x6", 0, 0},
		{"EyeLike", []operand{act(3, 5)}, nil, "3x5", 0, 0},

		// Pointwise.
		{"Pow", []operand{act(4, 5), ints(2)}, nil, "4x5", 0, 20 * transcendental},
		{"Mod", []operand{act(4, 5), act(5)}, nil, "4x5", 0, 20},
		{"Where", []operand{act(4, 1).as(dtype.BOOL), act(5), act(4, 5)}, nil, "4x5", 0, 20},
		{"Greater", []operand{act(4, 1), act(5)}, nil, "4x5", 0, 20},
		{"Clip", []operand{act(4, 5)}, nil, "4x5", 0, 40},
		{"CastLike", []operand{act(4, 5), act(1).as(dtype.FP16)}, nil, "4x5", 0, 0},
		{"Dropout", []operand{act(4, 5)}, nil, "4x5", 0, 0},
		{"Erf", []operand{act(4, 5)}, nil, "4x5", 0, 20 * transcendental},
		{"RandomNormal", nil, []Attr{IntsAttr("shape", 3, 4)}, "3x4", 0, 12 * transcendental},
		{"Multinomial", []operand{act(2, 10)}, []Attr{IntAttr("sample_size", 3)}, "2x3", 0, 0},

		// Norms.
		{"BatchNormalization", []operand{act(2, 8, 4, 4), weight(8), weight(8), weight(8), weight(8)}, nil, "2x8x4x4", 0, 2 * 256},
		{"LRN", []operand{act(1, 8, 4, 4)}, []Attr{IntAttr("size", 5)}, "1x8x4x4", 0, 128 * (2*5 + transcendental + 1)},
		{"GroupNormalization", []operand{act(1, 8, 4), weight(8), weight(8)}, []Attr{IntAttr("num_groups", 2)}, "1x8x4", 0, 7 * 32},

		// Products of integers: the arithmetic of the real ones.
		{"ConvInteger", []operand{act(1, 4, 8, 8).as(dtype.UINT8), weight(6, 4, 3, 3).as(dtype.INT8)}, nil, "1x6x6x6", 36 * 6 * 36, 0},
		{"MatMulInteger", []operand{act(5, 7).as(dtype.UINT8), weight(7, 3).as(dtype.INT8)}, nil, "5x3", 105, 0},
		{"QLinearMatMul", []operand{act(5, 7).as(dtype.UINT8), act(1), act(1), weight(7, 3).as(dtype.INT8), act(1), act(1), act(1), act(1)}, nil, "5x3", 105, 3 * 15},
		{"com.microsoft.MatMulIntegerToFloat", []operand{act(5, 7).as(dtype.UINT8), weight(7, 3).as(dtype.INT8), act(1), act(1)}, nil, "5x3", 105, 3 * 15},
		{"com.microsoft.QGemm", []operand{act(5, 7).as(dtype.UINT8), act(1), act(1), weight(7, 3).as(dtype.INT8), act(1), act(1)}, nil, "5x3", 105, (1 + 3) * 15},
		{"com.microsoft.FusedMatMul", []operand{act(2, 7, 5), act(2, 7, 3)}, []Attr{IntAttr("transA", 1)}, "2x5x3", 210, 0},
		{"QuantizeLinear", []operand{act(4, 5), act(1), act(1).as(dtype.UINT8)}, nil, "4x5", 0, 60},
		{"DynamicQuantizeLinear", []operand{act(4, 5)}, nil, "4x5 scalar scalar", 0, 20 * (2 + quantizeFLOPs)},
		{"com.microsoft.QLinearAdd", []operand{act(4, 5).as(dtype.UINT8), act(1), act(1), act(5).as(dtype.UINT8), act(1), act(1), act(1), act(1)}, nil, "4x5", 0, 20 * (1 + quantizeFLOPs)},
		{"com.microsoft.QLinearGlobalAveragePool", []operand{act(1, 8, 4, 4).as(dtype.UINT8), act(1), act(1), act(1), act(1)}, nil, "1x8x1x1", 0, 128},
		{"com.microsoft.QLinearConcat", []operand{act(1), act(1), act(2, 3).as(dtype.UINT8), act(1), act(1), act(2, 4).as(dtype.UINT8), act(1), act(1)}, []Attr{IntAttr("axis", 1)}, "2x7", 0, 0},
		{"Det", []operand{act(3, 6, 6)}, nil, "3", 0, 3 * 6 * 6 * 6 * 2 / 3},

		// Images.
		{"GridSample", []operand{act(1, 3, 8, 8), act(1, 5, 6, 2)}, nil, "1x3x5x6", 0, 8 * 90},
		{"AffineGrid", []operand{act(2, 2, 3), ints(2, 3, 5, 6)}, nil, "2x5x6x2", 0, 6 * 120},
		{"Col2Im", []operand{act(1, 36, 16), ints(6, 6), ints(3, 3)}, nil, "1x4x6x6", 0, 36 * 16},
		{"RoiAlign", []operand{act(1, 3, 16, 16), act(10, 4), act(10).as(dtype.INT64)}, []Attr{IntAttr("output_height", 7), IntAttr("output_width", 5), IntAttr("sampling_ratio", 2)}, "10x3x7x5", 0, 10 * 3 * 35 * 4 * 8},
		{"MaxRoiPool", []operand{act(1, 3, 16, 16), act(10, 5)}, []Attr{IntsAttr("pooled_shape", 7, 5)}, "10x3x7x5", 0, 3 * 256},
		{"MaxUnpool", []operand{act(1, 2, 4, 4), act(1, 2, 4, 4).as(dtype.INT64)}, []Attr{IntsAttr("kernel_shape", 2, 2), IntsAttr("strides", 2, 2)}, "1x2x8x8", 0, 0},
		{"GlobalAveragePool", []operand{act(2, 3, 7, 7)}, nil, "2x3x1x1", 0, 2 * 3 * 49},
		{"Upsample", []operand{act(1, 2, 3, 4), floats(1, 1, 2, 3)}, nil, "1x2x6x12", 0, 0},
		{"Resize", []operand{act(1, 2, 3, 4), none, floats(1, 1, 2.5, 2)}, nil, "1x2x7x8", 0, 0},

		// Sound.
		{"DFT", []operand{act(1, 16, 1)}, nil, "1x16x2", 0, 5 * 4 * 16},
		{"DFT", []operand{act(1, 16, 1)}, []Attr{IntAttr("onesided", 1)}, "1x9x2", 0, 0},
		{"STFT", []operand{act(1, 400), ints(160), act(200)}, nil, "1x2x101x2", 0, 0}, // frames at 0 and 160; 200/2 + 1 bins
		{"HannWindow", []operand{ints(200)}, nil, "200", 0, 0},
		{"MelWeightMatrix", []operand{ints(80), ints(400), ints(16000), act(1), act(1)}, nil, "201x80", 0, 201 * 80 * transcendental},
	} {
		t.Run(test.kind, func(t *testing.T) {
			want := strings.Split(test.out, " ")
			g := build(t, test.kind, test.operands, len(want), test.attrs...)
			if len(g.Warnings) > 0 {
				t.Errorf("warnings %q", g.Warnings)
			}
			var got []string
			for _, id := range g.Outputs {
				got = append(got, g.Tensor(id).Shape.String())
			}
			if !slices.Equal(got, want) {
				t.Errorf("outputs %q, want %q", got, want)
			}
			w := g.OpWork(0, Formats{})
			if w.MACs != test.macs || test.vector > 0 && float64(w.VectorFLOPs()) != test.vector {
				t.Errorf("%.0f MACs and %.0f other FLOPs, want %.0f and %.0f", w.MACs, float64(w.VectorFLOPs()), test.macs, test.vector)
			}
		})
	}
}

// TestGuessedShapes: operands that can't be get a warning that says what does not go together, and a guess.
func TestGuessedShapes(t *testing.T) {
	for _, test := range []struct {
		kind     string
		operands []operand
		attrs    []Attr
		want     string
	}{
		{"MatMul", []operand{act(2, 3), act(4, 5)}, nil, "2x3 times 4x5: 3 columns and 4 rows"},
		{"Gemm", []operand{act(2, 3), act(4, 5)}, nil, "2x3 times 4x5: inner dimensions of 3 and 4"},
		{"Conv", []operand{act(1, 3, 8, 8), weight(4, 5, 3, 3)}, nil, "its input 1x3x8x8 has 3 channels, its weight 4x5x3x3 wants 5"},
		{"Conv", []operand{act(1, 3, 2, 2), weight(4, 3, 5, 5)}, nil, "a window of 5 on 2"},
		{"Concat", []operand{act(2, 3), act(3, 5)}, []Attr{IntAttr("axis", 1)}, "its inputs are 2x3 and 3x5"},
		{"Add", []operand{act(2, 3), act(2, 4)}, nil, "2x3 and 2x4 cannot be broadcast together"},
		{"Transpose", []operand{act(2, 3)}, []Attr{IntsAttr("perm", 0, 0)}, "perm [0 0] names an axis twice"},
		{"Reshape", []operand{act(2, 3), ints(4, 2)}, nil, "2x3 cannot become 4x2"},
		{"Split", []operand{act(2, 3), ints(1, 1)}, []Attr{IntAttr("axis", 1)}, "2 sizes for 1 outputs"},
		{"GatherND", []operand{act(5, 6), act(8, 3).as(dtype.INT64)}, nil, "indices 8x3 into 5x6"},
		{"STFT", []operand{act(1, 100), ints(0), act(50)}, nil, "frames of 50 every 0 in a signal of 100"},
		{"DepthToSpace", []operand{act(1, 6, 2, 2)}, []Attr{IntAttr("blocksize", 4)}, "a block of 4 in 1x6x2x2"},
		{"Tile", []operand{act(2, 3), ints(2)}, nil, "1 repeats of 2x3"},
		{"Squeeze", []operand{act(2, 3), ints(0)}, nil, "dimension 0 of 2x3 is not 1"},
		{"Expand", []operand{act(2, 3), ints(2, 5)}, nil, "2x3 and 2x5 cannot be broadcast together"},
	} {
		g := build(t, test.kind, test.operands, 1, test.attrs...)
		if len(g.Warnings) != 1 || !strings.Contains(g.Warnings[0], test.want) || !strings.Contains(g.Warnings[0], "its shape is a guess") {
			t.Errorf("%s: warnings %q, want %q", test.kind, g.Warnings, test.want)
		}
	}
}

package safetensors

import (
	"slices"
	"strings"

	"roofline/hardware/dtype"
)

// helpers end the names of tensors that are no weights: what a quantisation stores beside them, and tables some old
// checkpoints hold.
var helpers = []string{
	"_scale", "_scales", "_scale_inv", "_scale_2", ".scales", ".SCB", // of blocks, groups, rows, whole tensors
	"_zero_point", ".qzeros", "_g_idx", ".g_idx", ".weight_shape", ".weight_format", // AWQ, GPTQ, compressed-tensors
	".absmax", ".nested_absmax", ".quant_map", ".nested_quant_map", // bitsandbytes
	".inv_freq", ".masked_bias",
}

// auxiliary reports a tensor that is no weight.
func (t *Tensor) auxiliary() bool {
	mask := len(t.Shape) == 4 && t.Shape[0] == 1 && t.Shape[1] == 1 && strings.HasSuffix(t.Name, ".bias") // GPT-2's
	return mask || t.DType == dtype.BOOL || strings.Contains(t.Name, ".quant_state.") ||
		slices.ContainsFunc(helpers, func(end string) bool { return strings.HasSuffix(t.Name, end) })
}

// parameters returns the logical elements of a tensor.
func (x *Index) parameters(t *Tensor) float64 {
	if t.auxiliary() {
		return 0
	}
	return float64(t.Elements()) * x.packed(t)
}

// packed returns how many weights an element holds.
//
//	AWQ                 qweight [in, out·bits/32] of int32, beside scales [groups, out]
//	GPTQ                qweight [in·bits/32, out] of int32, beside qzeros [groups, out·bits/32] and scales [groups, out]
//	compressed-tensors  weight_packed [out, in·bits/32] of int32; how many bits is not in the header: 4 are assumed
//	4-bit floats        two to a byte (modelopt, compressed-tensors, bitsandbytes, and gpt-oss's blocks)
func (x *Index) packed(t *Tensor) float64 {
	const nibbles = 8 // of 4 bits in 32
	layer, quantized := strings.CutSuffix(t.Name, "qweight")
	switch {
	case t.DType == dtype.UINT8:
		return 2
	case t.DType == dtype.INT32 && strings.HasSuffix(t.Name, ".weight_packed"):
		return nibbles
	case t.DType != dtype.INT32 || !quantized:
		return 1
	}
	zeros, hasZeros := x.Tensor(layer + "qzeros")
	scales, hasScales := x.Tensor(layer + "scales")
	if !hasZeros || !hasScales || len(zeros.Shape) != 2 || len(scales.Shape) != 2 || zeros.Shape[1] == 0 {
		return nibbles
	}
	return float64(scales.Shape[1]) / float64(zeros.Shape[1]) // 32/bits: zero points are packed as weights are
}

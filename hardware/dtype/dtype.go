// Package dtype holds the number formats of tensors: how many bits an element really takes, scales included,
// and in which arithmetic format a device multiplies it.
package dtype

import (
	"fmt"
	"math"
	"strings"
)

// DType is a number format of a stored tensor. The zero value is Unknown.
type DType uint8

// The arithmetic formats come first: a device has a rate for each of them ([Arithmetic]). Storage formats follow.
const (
	Unknown DType = iota
	FP64
	FP32
	TF32
	BF16
	FP16
	FP8
	FP6
	FP4
	INT8
	INT4

	// arithmeticEnd closes the formats a device can have a rate for.
	arithmeticEnd

	// Whole formats that are stored but not a matrix rate of their own.
	FP8E5M2
	INT64
	INT32
	INT16
	UINT64
	UINT32
	UINT16
	UINT8
	UINT4
	BOOL
	STRING
	COMPLEX64
	COMPLEX128

	// Block formats: elements share a scale, so an element takes more bits than its digits.
	NVFP4
	MXFP4
	MXFP6
	MXFP8
	FP8Block
	INT4Group128
	INT4Group64
	INT4Group32
	NF4

	// Those of GGUF, to the end ([DType.GGUF]).
	Q4_0
	Q4_1
	Q5_0
	Q5_1
	Q8_0
	Q2_K
	Q3_K
	Q4_K
	Q5_K
	Q6_K
	IQ4_NL
	IQ1_S
	IQ1_M
	IQ2_XXS
	IQ2_XS
	IQ2_S
	IQ3_XXS
	IQ3_S
	IQ4_XS
	TQ1_0
	TQ2_0
	Q1_0
	Q2_0
	Q8_1
	Q8_K

	// Mixtures of block formats that llama.cpp has names for.
	Q3_K_S
	Q3_K_M
	Q3_K_L
	Q4_K_S
	Q4_K_M
	Q5_K_S
	Q5_K_M

	count
)

// ArithmeticCount sizes an array with one entry per arithmetic format, indexed by DType (entry 0, Unknown, is unused).
const ArithmeticCount = int(arithmeticEnd)

// Arithmetic formats in the order tables print them.
var Arithmetics = []DType{FP64, FP32, TF32, BF16, FP16, FP8, FP6, FP4, INT8, INT4}

// info describes one format. Bits per element of block formats include the scales, by the layout stated beside each.
type info struct {
	name       string
	bits       float64
	arithmetic DType // Unknown: weight-only, multiplied in the format of the activations
	aliases    []string
}

var table = [count]info{
	Unknown:    {"unknown", 0, Unknown, nil},
	FP64:       {"fp64", 64, FP64, []string{"float64", "double", "f64"}},
	FP32:       {"fp32", 32, FP32, []string{"float32", "float", "f32"}},
	TF32:       {"tf32", 32, TF32, []string{"tensorfloat32"}}, // stored as fp32, multiplied with 10 bits of mantissa
	BF16:       {"bf16", 16, BF16, []string{"bfloat16"}},
	FP16:       {"fp16", 16, FP16, []string{"float16", "half", "f16"}},
	FP8:        {"fp8", 8, FP8, []string{"fp8_e4m3", "e4m3", "float8_e4m3fn", "f8_e4m3"}},
	FP8E5M2:    {"fp8_e5m2", 8, FP8, []string{"e5m2", "float8_e5m2", "f8_e5m2"}},
	FP6:        {"fp6", 6, FP6, []string{"fp6_e3m2", "fp6_e2m3"}},
	FP4:        {"fp4", 4, FP4, []string{"fp4_e2m1", "e2m1", "float4_e2m1fn"}},
	INT8:       {"int8", 8, INT8, []string{"i8", "w8a8"}},
	INT4:       {"int4", 4, INT4, []string{"i4"}},
	INT64:      {"int64", 64, INT64, []string{"i64"}},
	INT32:      {"int32", 32, INT32, []string{"i32"}},
	INT16:      {"int16", 16, INT16, []string{"i16"}},
	UINT64:     {"uint64", 64, UINT64, []string{"u64"}},
	UINT32:     {"uint32", 32, UINT32, []string{"u32"}},
	UINT16:     {"uint16", 16, UINT16, []string{"u16"}},
	UINT8:      {"uint8", 8, INT8, []string{"u8"}},
	UINT4:      {"uint4", 4, INT4, []string{"u4"}},
	BOOL:       {"bool", 8, BOOL, nil},
	STRING:     {"string", 0, Unknown, nil},
	COMPLEX64:  {"complex64", 64, FP32, nil},
	COMPLEX128: {"complex128", 128, FP64, nil},

	NVFP4:    {"nvfp4", 4.5, FP4, []string{"modelopt_fp4"}}, // 16 elements share an 8-bit e4m3 scale
	MXFP4:    {"mxfp4", 4.25, FP4, nil},                     // 32 elements share an 8-bit e8m0 scale (OCP MX v1.0)
	MXFP6:    {"mxfp6", 6.25, FP6, nil},                     // likewise
	MXFP8:    {"mxfp8", 8.25, FP8, nil},                     // likewise
	FP8Block: {"fp8_block", 8 + 32.0/(128*128), FP8, nil},   // a 32-bit scale per 128 × 128 block

	// 4-bit integers in groups with a 16-bit scale and a 4-bit zero point each (AWQ, GPTQ); weight-only.
	INT4Group128: {"int4_g128", 4 + 20.0/128, Unknown, []string{"awq", "gptq", "w4a16"}},
	INT4Group64:  {"int4_g64", 4 + 20.0/64, Unknown, nil},
	INT4Group32:  {"int4_g32", 4 + 20.0/32, Unknown, nil},
	NF4:          {"nf4", 4 + 8.0/64 + 32.0/(64*256), Unknown, []string{"bnb4", "bitsandbytes"}}, // 8-bit scale per 64, fp32 scale per 256 of those (double quantisation)

	// GGUF block types: bytes per block × 8 ÷ elements, from the block structures of ggml.
	Q4_0:   {"q4_0", 18 * 8.0 / 32, Unknown, nil},
	Q4_1:   {"q4_1", 20 * 8.0 / 32, Unknown, nil},
	Q5_0:   {"q5_0", 22 * 8.0 / 32, Unknown, nil},
	Q5_1:   {"q5_1", 24 * 8.0 / 32, Unknown, nil},
	Q8_0:   {"q8_0", 34 * 8.0 / 32, Unknown, nil},
	Q2_K:   {"q2_k", 84 * 8.0 / 256, Unknown, nil},
	Q3_K:   {"q3_k", q3, Unknown, nil},
	Q4_K:   {"q4_k", q4, Unknown, nil},
	Q5_K:   {"q5_k", q5, Unknown, nil},
	Q6_K:   {"q6_k", q6, Unknown, nil},
	IQ4_NL: {"iq4_nl", 18 * 8.0 / 32, Unknown, nil},

	IQ1_S:   {"iq1_s", 50 * 8.0 / 256, Unknown, nil},
	IQ1_M:   {"iq1_m", 56 * 8.0 / 256, Unknown, nil},
	IQ2_XXS: {"iq2_xxs", 66 * 8.0 / 256, Unknown, nil},
	IQ2_XS:  {"iq2_xs", 74 * 8.0 / 256, Unknown, nil},
	IQ2_S:   {"iq2_s", 82 * 8.0 / 256, Unknown, nil},
	IQ3_XXS: {"iq3_xxs", 98 * 8.0 / 256, Unknown, nil},
	IQ3_S:   {"iq3_s", 110 * 8.0 / 256, Unknown, nil},
	IQ4_XS:  {"iq4_xs", 136 * 8.0 / 256, Unknown, nil},
	TQ1_0:   {"tq1_0", 54 * 8.0 / 256, Unknown, nil},
	TQ2_0:   {"tq2_0", 66 * 8.0 / 256, Unknown, nil},
	Q1_0:    {"q1_0", 18 * 8.0 / 128, Unknown, nil},
	Q2_0:    {"q2_0", 18 * 8.0 / 64, Unknown, nil},
	Q8_1:    {"q8_1", 36 * 8.0 / 32, Unknown, nil},
	Q8_K:    {"q8_k", 292 * 8.0 / 256, Unknown, nil},

	Q3_K_S: {"q3_k_s", q3 + head*(q6-q3), Unknown, nil},
	Q3_K_M: {"q3_k_m", q3 + head*(q6-q3) + (2*values+2*down)*(q5-q3) + (30*values+30*down+32*outputs)*(q4-q3), Unknown, nil},
	Q3_K_L: {"q3_k_l", q3 + head*(q6-q3) + 32*(values+down+outputs)*(q5-q3), Unknown, nil},
	Q4_K_S: {"q4_k_s", q4 + head*(q6-q4) + 4*(values+down)*(q5-q4), Unknown, nil},
	Q4_K_M: {"q4_k_m", q4 + (head+16*(values+down))*(q6-q4), Unknown, nil},
	Q5_K_S: {"q5_k_s", q5 + head*(q6-q5), Unknown, nil},
	Q5_K_M: {"q5_k_m", q5 + (head+16*(values+down))*(q6-q5), Unknown, nil},
}

// What llama.cpp calls Q4_K_M is a file, not a format: most weights in Q4_K, and in wider formats the head, values, down
// and output projections of all layers or of some (llama_tensor_get_type). Its bits per weight depend on the model; here
// they are the mean of Llama-3.1-8B, within 2 % of other models. A GGUF file has the format of each tensor.
const (
	all     = 8_029_995_008.0 // weights that are quantised
	head    = 128_256 * 4096 / all
	values  = 1024 * 4096 / all // of one of 32 layers
	outputs = 4096 * 4096 / all
	down    = 14_336 * 4096 / all

	q3 = 110 * 8.0 / 256
	q4 = 144 * 8.0 / 256
	q5 = 176 * 8.0 / 256
	q6 = 210 * 8.0 / 256
)

// String returns the name users write: "bf16", "fp8_e5m2", "q4_k".
func (d DType) String() string {
	if d >= count {
		return "unknown"
	}
	return table[d].name
}

// Bits returns the bits one element takes in memory, its share of the block's scales included; 0 if unknown.
func (d DType) Bits() float64 {
	if d >= count {
		return 0
	}
	return table[d].bits
}

// Size returns the bytes one element takes in memory: Bits ÷ 8.
func (d DType) Size() float64 { return d.Bits() / 8 }

// Arithmetic returns the format in which weights of format d are multiplied, or Unknown for a weight-only format,
// which is expanded to the format of the activations first.
func (d DType) Arithmetic() DType {
	if d >= count {
		return Unknown
	}
	return table[d].arithmetic
}

// WeightOnly reports a format that only weights are stored in; the arithmetic runs in the format of the activations.
func (d DType) WeightOnly() bool {
	return d < count && table[d].bits > 0 && table[d].arithmetic == Unknown
}

// GGUF reports the block formats of GGUF files and their mixtures. Such files have all matrices in them, embedding and head
// included.
func (d DType) GGUF() bool { return d >= Q4_0 && d < count }

// Mixture returns the mixture of llama.cpp whose bits per weight are the nearest to those of a file that stores most of its
// weights in format d, or d itself where none is within 2 %.
func (d DType) Mixture(bits float64) DType {
	best, off := d, 0.02
	for mix := Q3_K_S; mix <= Q5_K_M; mix++ {
		if o := math.Abs(mix.Bits()/bits - 1); o < off && strings.HasPrefix(mix.String(), d.String()+"_") {
			best, off = mix, o
		}
	}
	return best
}

// Float reports whether d holds real numbers, packed and quantised formats included.
func (d DType) Float() bool {
	switch d {
	case FP64, FP32, TF32, BF16, FP16, FP8, FP8E5M2, FP6, FP4, NVFP4, MXFP4, MXFP6, MXFP8, FP8Block:
		return true
	}
	return d.WeightOnly()
}

// All returns every named format, arithmetic formats first.
func All() []DType {
	var out []DType
	for d := DType(1); d < count; d++ {
		if d != arithmeticEnd && table[d].name != "" {
			out = append(out, d)
		}
	}
	return out
}

// Parse reads a format by its name or a usual other name, in any case and with "-" for "_".
func Parse(name string) (DType, error) {
	key := strings.ReplaceAll(strings.ToLower(strings.TrimSpace(name)), "-", "_")
	for d := DType(1); d < count; d++ {
		if table[d].name == "" {
			continue
		}
		if table[d].name == key {
			return d, nil
		}
		for _, alias := range table[d].aliases {
			if alias == key {
				return d, nil
			}
		}
	}
	return Unknown, fmt.Errorf("unknown number format %q: want one of %s", name, strings.Join(names(), ", "))
}

func names() []string {
	var out []string
	for _, d := range All() {
		switch d {
		case INT64, INT32, INT16, UINT64, UINT32, UINT16, UINT8, UINT4, BOOL, STRING, COMPLEX64, COMPLEX128:
		default:
			out = append(out, d.String())
		}
	}
	return out
}

// UnmarshalText reads a format as [Parse] does.
func (d *DType) UnmarshalText(text []byte) error {
	v, err := Parse(string(text))
	if err == nil {
		*d = v
	}
	return err
}

// MarshalText writes the format's name.
func (d DType) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

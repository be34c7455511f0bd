package gguf

import "roofline/hardware/dtype"

// format is how one type of tensor is stored: its elements come in blocks.
type format struct {
	dtype.DType
	block int64 // elements of a block; a row is a whole number of them
}

// formats are the tensor types by their number, as in enum ggml_type of ggml.h and type_traits of ggml.c. The numbers
// left out, 4, 5, 31–33 and 36–38, were types that are no longer written.
var formats = [...]format{
	0: {dtype.FP32, 1}, 1: {dtype.FP16, 1}, 30: {dtype.BF16, 1}, 28: {dtype.FP64, 1},
	24: {dtype.INT8, 1}, 25: {dtype.INT16, 1}, 26: {dtype.INT32, 1}, 27: {dtype.INT64, 1},

	2: {dtype.Q4_0, 32}, 3: {dtype.Q4_1, 32}, 6: {dtype.Q5_0, 32}, 7: {dtype.Q5_1, 32}, 8: {dtype.Q8_0, 32},
	9: {dtype.Q8_1, 32}, 20: {dtype.IQ4_NL, 32}, 39: {dtype.MXFP4, 32}, 40: {dtype.NVFP4, 64},
	41: {dtype.Q1_0, 128}, 42: {dtype.Q2_0, 64},

	10: {dtype.Q2_K, 256}, 11: {dtype.Q3_K, 256}, 12: {dtype.Q4_K, 256}, 13: {dtype.Q5_K, 256}, 14: {dtype.Q6_K, 256},
	15: {dtype.Q8_K, 256}, 16: {dtype.IQ2_XXS, 256}, 17: {dtype.IQ2_XS, 256}, 18: {dtype.IQ3_XXS, 256},
	19: {dtype.IQ1_S, 256}, 21: {dtype.IQ3_S, 256}, 22: {dtype.IQ2_S, 256}, 23: {dtype.IQ4_XS, 256}, 29: {dtype.IQ1_M, 256},
	34: {dtype.TQ1_0, 256}, 35: {dtype.TQ2_0, 256},
}

// blockBytes returns the bytes of one block: a whole number.
func (f format) blockBytes() int64 { return int64(float64(f.block) * f.Size()) }

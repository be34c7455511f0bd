package dtype

import (
	"math"
	"testing"
)

// Bits per element by hand, from the layout of one block: payload bits and scale bits over elements.
func TestBits(t *testing.T) {
	for _, c := range []struct {
		d       DType
		payload float64 // bits of the elements
		scales  float64 // bits of scales, minima and zero points
		n       float64 // elements
	}{
		{FP64, 64, 0, 1}, {FP32, 32, 0, 1}, {TF32, 32, 0, 1}, {BF16, 16, 0, 1}, {FP16, 16, 0, 1},
		{FP8, 8, 0, 1}, {FP8E5M2, 8, 0, 1}, {FP6, 6, 0, 1}, {FP4, 4, 0, 1}, {INT8, 8, 0, 1}, {INT4, 4, 0, 1}, {UINT4, 4, 0, 1},
		{BOOL, 8, 0, 1}, {INT64, 64, 0, 1}, {COMPLEX64, 64, 0, 1},
		{NVFP4, 16 * 4, 8, 16},
		{MXFP4, 32 * 4, 8, 32},
		{MXFP6, 32 * 6, 8, 32},
		{MXFP8, 32 * 8, 8, 32},
		{FP8Block, 128 * 128 * 8, 32, 128 * 128},
		{INT4Group128, 128 * 4, 16 + 4, 128},
		{INT4Group64, 64 * 4, 16 + 4, 64},
		{INT4Group32, 32 * 4, 16 + 4, 32},
		{NF4, 64 * 256 * 4, 256*8 + 32, 64 * 256},
		{Q4_0, 32 * 4, 16, 32},
		{Q4_1, 32 * 4, 16 + 16, 32},
		{Q5_0, 32 * 5, 16, 32},
		{Q5_1, 32 * 5, 16 + 16, 32},
		{Q8_0, 32 * 8, 16, 32},
		{Q2_K, 256 * 2, 16*(4+4) + 16 + 16, 256},
		{Q3_K, 256 * 3, 16*6 + 16, 256},
		{Q4_K, 256 * 4, 8*(6+6) + 16 + 16, 256},
		{Q5_K, 256 * 5, 8*(6+6) + 16 + 16, 256},
		{Q6_K, 256 * 6, 16*8 + 16, 256},
		{IQ4_NL, 32 * 4, 16, 32},

		// Of the codebook types the payload is what indexes it: grids, signs and high bits.
		{IQ1_S, 256 + 256.0/8*4, 16, 256},         // 8-bit index per 8, 3 more bits and 1 of a scale or shift
		{IQ1_M, 256 + 256.0/8*4, 8 * 8, 256},      // likewise; scales of 3 bits, and the 16-bit one spread among them
		{IQ2_XXS, 256 * 2, 16, 256},               // per 32: four 8-bit indices, four 7-bit signs and a 4-bit scale
		{IQ2_XS, 256 * 2, 8*8 + 16, 256},          // per 8: a 9-bit index and 7 bits of signs
		{IQ2_S, 256*2 + 8*8, 8*8 + 16, 256},       // per 8: 8 + 2 bits of index and 8 signs
		{IQ3_XXS, 256 * 3, 16, 256},               // per 4 an 8-bit index; per 32 28 bits of signs and a 4-bit scale
		{IQ3_S, 256*2 + 8*8 + 256, 4*8 + 16, 256}, // per 4: 8 + 1 bits of index and 4 signs
		{IQ4_XS, 256 * 4, 8*6 + 16, 256},
		{TQ1_0, 240/5*8 + 16/4*8, 16, 256}, // five digits of base 3 to a byte, the last 16 four to a byte
		{TQ2_0, 256 * 2, 16, 256},
		{Q1_0, 128, 16, 128},
		{Q2_0, 64 * 2, 16, 64},
		{Q8_1, 32 * 8, 16 + 16, 32},
		{Q8_K, 256 * 8, 32 + 16*16, 256},
	} {
		want := (c.payload + c.scales) / c.n
		if got := c.d.Bits(); math.Abs(got-want) > 1e-12 {
			t.Errorf("%s takes %g bits, want (%g + %g) / %g = %g", c.d, got, c.payload, c.scales, c.n, want)
		}
		if c.d.Size() != c.d.Bits()/8 {
			t.Errorf("%s: size is not bits / 8", c.d)
		}
	}
}

// By hand, Llama-3.1-8B in Q4_K_M: head 525,336,576 and in 16 layers values 4,194,304 and down 58,720,256 in Q6_K, together
// 1,531,969,536 of 8,029,995,008: 4.5 + 0.1908 · 2.0625 = 4.8935 bits; with the norms in fp32 the file's 4,912,898,304 bytes less
// its header, 4.8944. The other files' bits are as llama.cpp's documentation lists them, from memory (unverified).
func TestMixtures(t *testing.T) {
	for _, c := range []struct {
		d    DType
		file float64
	}{{Q3_K_S, 3.6429}, {Q3_K_M, 3.9960}, {Q3_K_L, 4.2979}, {Q4_K_S, 4.6672}, {Q4_K_M, 4.8944}, {Q5_K_S, 5.5704}, {Q5_K_M, 5.7036}} {
		norms := 266_240.0 / (all + 266_240)
		if got := c.d.Bits()*(1-norms) + 32*norms; math.Abs(got-c.file) > 0.0015 || !c.d.WeightOnly() {
			t.Errorf("%s takes %.4f bits with norms, llama.cpp says %.4f", c.d, got, c.file)
		}
	}
}

func TestMixture(t *testing.T) {
	for _, c := range []struct {
		of, want DType
		bits     float64
	}{{Q4_K, Q4_K_M, 4.83}, {Q4_K, Q4_K_S, 4.67}, {Q4_K, Q4_K, 4.5}, {Q5_K, Q5_K_M, 5.68}, {Q5_K, Q5_K_S, 5.57}, {Q6_K, Q6_K, 6.56}, {Q3_K, Q3_K_L, 4.3}, {Q4_K, Q4_K, math.NaN()}} {
		if got := c.of.Mixture(c.bits); got != c.want {
			t.Errorf("%s at %g bits is %s, want %s", c.of, c.bits, got, c.want)
		}
	}
}

func TestArithmetic(t *testing.T) {
	for _, c := range []struct {
		d, want    DType
		weightOnly bool
		float      bool
	}{
		{BF16, BF16, false, true}, {NVFP4, FP4, false, true}, {MXFP6, FP6, false, true}, {FP8E5M2, FP8, false, true}, {FP8Block, FP8, false, true},
		{UINT8, INT8, false, false}, {INT4Group128, Unknown, true, true}, {Q4_K, Unknown, true, true}, {STRING, Unknown, false, false}, {Unknown, Unknown, false, false},
	} {
		if got := c.d.Arithmetic(); got != c.want {
			t.Errorf("%s is multiplied in %s, want %s", c.d, got, c.want)
		}
		if c.d.WeightOnly() != c.weightOnly || c.d.Float() != c.float {
			t.Errorf("%s: weight-only %v, float %v; want %v, %v", c.d, c.d.WeightOnly(), c.d.Float(), c.weightOnly, c.float)
		}
	}
	for i, d := range Arithmetics {
		if int(d) >= ArithmeticCount || d.Arithmetic() != d {
			t.Errorf("%s is no arithmetic format", d)
		}
		if i > 0 && Arithmetics[i-1] == d {
			t.Errorf("%s is there twice", d)
		}
	}
	if len(Arithmetics) != ArithmeticCount-1 {
		t.Errorf("%d arithmetic formats in the table's order, %d in all", len(Arithmetics), ArithmeticCount-1)
	}
}

func TestParse(t *testing.T) {
	for _, c := range []struct {
		text string
		want DType
	}{
		{"bf16", BF16}, {"BFloat16", BF16}, {" FP16 ", FP16}, {"half", FP16}, {"fp8-e4m3", FP8}, {"Q4-K", Q4_K}, {"w4a16", INT4Group128}, {"float", FP32},
	} {
		if got, err := Parse(c.text); err != nil || got != c.want {
			t.Errorf("%q = %s, %v; want %s", c.text, got, err, c.want)
		}
	}
	seen := map[string]DType{}
	for _, d := range All() {
		if got, err := Parse(d.String()); err != nil || got != d {
			t.Errorf("%s reads as %s, %v", d, got, err)
		}
		for _, name := range append([]string{d.String()}, table[d].aliases...) {
			if other, ok := seen[name]; ok {
				t.Errorf("%q names both %s and %s", name, d, other)
			}
			seen[name] = d
		}
		text, _ := d.MarshalText()
		var back DType
		if err := back.UnmarshalText(text); err != nil || back != d {
			t.Errorf("%s does not survive being written and read", d)
		}
	}
	before := FP16
	if err := before.UnmarshalText([]byte("bf17")); err == nil || before != FP16 {
		t.Errorf("bf17 = %s, %v", before, err)
	}
	for _, d := range []DType{count, count + 1, 255, arithmeticEnd} {
		if d.Bits() != 0 || d.WeightOnly() {
			t.Errorf("format %d, which is none, takes %g bits", d, d.Bits())
		}
	}
}

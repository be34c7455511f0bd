package gguf

import (
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"roofline/hardware/dtype"
	"roofline/model/transformer"
	"roofline/model/zoo"
)

// Bytes of one block by hand, from the structures of ggml-common.h: scales and payload.
func TestFormats(t *testing.T) {
	blocks := map[dtype.DType]int64{
		dtype.FP32: 4, dtype.FP16: 2, dtype.BF16: 2, dtype.FP64: 8, dtype.INT8: 1, dtype.INT16: 2, dtype.INT32: 4, dtype.INT64: 8,
		dtype.Q4_0: 2 + 16, dtype.Q4_1: 4 + 16, dtype.Q5_0: 2 + 4 + 16, dtype.Q5_1: 4 + 4 + 16, dtype.Q8_0: 2 + 32, dtype.Q8_1: 4 + 32,
		dtype.Q2_K: 16 + 64 + 4, dtype.Q3_K: 32 + 64 + 12 + 2, dtype.Q4_K: 4 + 12 + 128, dtype.Q5_K: 4 + 12 + 32 + 128,
		dtype.Q6_K: 128 + 64 + 16 + 2, dtype.Q8_K: 4 + 256 + 32, dtype.IQ4_NL: 2 + 16, dtype.IQ4_XS: 2 + 2 + 4 + 128,
		dtype.IQ1_S: 2 + 32 + 16, dtype.IQ1_M: 32 + 16 + 8, dtype.IQ2_XXS: 2 + 64, dtype.IQ2_XS: 2 + 64 + 8, dtype.IQ2_S: 2 + 64 + 8 + 8,
		dtype.IQ3_XXS: 2 + 96, dtype.IQ3_S: 2 + 64 + 8 + 32 + 4, dtype.TQ1_0: 48 + 4 + 2, dtype.TQ2_0: 64 + 2,
		dtype.MXFP4: 1 + 16, dtype.NVFP4: 4 + 32, dtype.Q1_0: 2 + 16, dtype.Q2_0: 2 + 16,
	}
	b := new(builder).key("general.architecture", "llama")
	want := 0.0
	for kind, f := range formats {
		if f.block == 0 {
			continue
		}
		if f.blockBytes() != blocks[f.DType] {
			t.Errorf("a block of %s takes %d bytes, want %d", f, f.blockBytes(), blocks[f.DType])
		}
		delete(blocks, f.DType)
		b.tensor(f.String(), uint32(kind), 512, 3)
		want += float64(3 * 512 / f.block * f.blockBytes())
	}
	if len(blocks) > 0 {
		t.Errorf("no type for %v", blocks)
	}
	f, err := Open(b.write(t, t.TempDir(), "all.gguf"))
	if err != nil {
		t.Fatal(err)
	}
	if float64(f.Bytes()) != want || len(f.Tensors) != 35 {
		t.Errorf("%d tensors of %v bytes, want 35 of %v", len(f.Tensors), float64(f.Bytes()), want)
	}
}

// A model written out as tensors and read back is the same, layer by layer.
func TestFamilies(t *testing.T) {
	for _, c := range []struct {
		model, arch string
		fused       bool
	}{
		{"llama-3.1-8b", "llama", false}, {"llama-3.1-70b", "llama", false}, {"llama-3.2-1b", "llama", false},
		{"llama-2-70b", "llama", false}, {"mistral-7b", "llama", false},
		{"qwen2.5-7b", "qwen2", false}, {"qwen3-0.6b", "qwen3", false}, {"qwen3-32b", "qwen3", false},
		{"gemma-2-9b", "gemma2", false}, {"gemma-3-27b", "gemma3", false},
		{"phi-4", "phi3", true}, {"gpt2", "gpt2", true},
	} {
		t.Run(c.model, func(t *testing.T) {
			entry, ok := zoo.FindLanguage(c.model)
			if !ok {
				t.Fatal("not built in")
			}
			want, err := entry.Model()
			if err != nil {
				t.Fatal(err)
			}
			b := build(want, c.arch, c.fused, plain(f16))
			b.key(c.arch+".rope.dimension_count", want.Layers[0].Attention.HeadDim)
			path := b.write(t, t.TempDir(), c.model+"-F16.gguf")
			got, err := ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if got.Parameters() != entry.Parameters {
				t.Errorf("%.0f parameters, want %.0f", got.Parameters(), entry.Parameters)
			}
			if got.Name != c.model+"-F16" || got.Family != c.arch || len(got.Warnings) > 0 && got.Positions == 0 {
				t.Errorf("read as %q of %q, with %q", got.Name, got.Family, got.Warnings)
			}
			want.Name, want.Family, want.DType, want.Warnings = got.Name, got.Family, got.DType, got.Warnings
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		})
	}
}

// llama8B has the dimensions of Llama-3.1-8B.
func llama8B(layers int) *transformer.Model {
	return &transformer.Model{
		Hidden: 4096, Vocab: 128_256, MaxContext: 131_072,
		Layers: []transformer.Layer{{Count: layers, Norms: 2,
			Attention: transformer.Attention{Heads: 32, KVHeads: 8, HeadDim: 128, Rotary: 128},
			MLP:       transformer.MLP{Intermediate: 14_336, Gated: true}}},
	}
}

// By hand, Llama-3.1-8B in Q4_K_M. Of 32 layers, 16 have values and down projection in Q6_K: 4 and 4 at the ends, and
// 8 of the 24 between. Elements in Q6_K: head 128256·4096 = 525 336 576; values 16·1024·4096 = 67 108 864;
// down 16·14336·4096 = 939 524 096; 1 531 969 536 in all. Norms: 65·4096 = 266 240 in fp32. The others, 6 498 025 472, in
// Q4_K. Bytes: 6 498 025 472·144/256 + 1 531 969 536·210/256 + 266 240·4 = 3 655 139 328 + 1 256 693 760 + 1 064 960,
// and 64 fp32 of the rotation's table.
func TestMixedQuantization(t *testing.T) {
	m := llama8B(32)
	b := build(m, "llama", false, q4km).tensor("rope_freqs.weight", f32, 64)
	path := b.write(t, t.TempDir(), "Llama-3.1-8B-Q4_K_M.gguf")
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if f.Parameters() != 8_030_261_248 {
		t.Errorf("%.0f parameters, want 8030261248", f.Parameters())
	}
	if want := 3_655_139_328.0 + 1_256_693_760 + 1_064_960 + 256; float64(f.Bytes()) != want {
		t.Errorf("%.0f bytes, want %.0f", float64(f.Bytes()), want)
	}
	if bpw := f.BitsPerWeight(); math.Abs(bpw-4.894) > 0.001 {
		t.Errorf("%g bits per weight, want 4.894", bpw)
	}
	var mix []string
	for _, s := range f.ByDType() {
		mix = append(mix, fmt.Sprintf("%s %d %.0f", s.DType, s.Tensors, s.Parameters))
	}
	if got, want := strings.Join(mix, ", "), "q4_k 193 6498025472, q6_k 33 1531969536, fp32 66 266240"; got != want {
		t.Errorf("stored as %s, want %s", got, want)
	}
	got, err := f.Model()
	if err != nil {
		t.Fatal(err)
	}
	q := transformer.Quantization{Method: "gguf", Weights: dtype.Q4_K_M, WeightOnly: true, Head: true}
	if got.Quantization != q || got.DType != dtype.FP16 {
		t.Errorf("quantised as %+v of %s, want %+v of fp16", got.Quantization, got.DType, q)
	}
	if r := got.WeightBytes(got.Resolve(transformer.Formats{})) / f.Bytes(); math.Abs(float64(r)-1) > 0.001 || len(got.Warnings) > 0 {
		t.Errorf("its weights count as %.4f of the file's, warnings %q", float64(r), got.Warnings)
	}
	if r := got.Resolve(transformer.Formats{}); r.Weights != dtype.Q4_K_M || r.Compute != dtype.FP16 || r.KV != dtype.FP16 {
		t.Errorf("runs in %+v, want q4_k_m weights, the rest fp16", r)
	}
	if got.Parameters() != f.Parameters() {
		t.Errorf("the model has %.0f parameters, the file %.0f", got.Parameters(), f.Parameters())
	}
}

// Keys with one number per layer, and windows listed layer by layer.
func TestPerLayer(t *testing.T) {
	b := build(llama8B(2), "llama", false, plain(q8_0))
	b.key("llama.attention.sliding_window", 1024).key("llama.attention.sliding_window_pattern", []bool{true, false})
	m, err := ReadFile(b.write(t, t.TempDir(), "x.gguf"))
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Layers) != 2 || m.Layers[0].Attention.Window != 1024 || m.Layers[1].Attention.Window != 0 {
		t.Errorf("layers %+v, want one with a window of 1024 and one without", m.Layers)
	}

	b = new(builder).key("general.architecture", "llama").key("llama.block_count", 2).key("llama.embedding_length", 64)
	b.key("llama.feed_forward_length", []int{128, 256}).key("llama.attention.head_count", []int{4, 2})
	b.key("llama.attention.head_count_kv", []int{2, 1}).key("llama.attention.key_length", 16)
	b.tensor("token_embd.weight", f16, 64, 100).tensor("output_norm.weight", f32, 64)
	for i, n := range []int{4, 2} {
		p := fmt.Sprintf("blk.%d.", i)
		b.tensor(p+"attn_norm.weight", f32, 64).tensor(p+"ffn_norm.weight", f32, 64)
		b.tensor(p+"attn_q.weight", f16, 64, 16*n).tensor(p+"attn_k.weight", f16, 64, 8*n).tensor(p+"attn_v.weight", f16, 64, 8*n)
		b.tensor(p+"attn_output.weight", f16, 16*n, 64)
		b.tensor(p+"ffn_gate.weight", f16, 64, 128<<i).tensor(p+"ffn_up.weight", f16, 64, 128<<i).tensor(p+"ffn_down.weight", f16, 128<<i, 64)
	}
	m, err = ReadFile(b.write(t, t.TempDir(), "x.gguf"))
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Layers) != 2 || m.Layers[1].Attention.Heads != 2 || m.Layers[1].MLP.Intermediate != 256 || m.Parameters() != b.parameters {
		t.Errorf("layers %+v of %.0f parameters, want two kinds of %.0f", m.Layers, m.Parameters(), b.parameters)
	}
}

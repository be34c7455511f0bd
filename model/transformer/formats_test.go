package transformer

import (
	"testing"

	"roofline/hardware/dtype"
	"roofline/model"
)

func TestResolve(t *testing.T) {
	plain := llama8B()
	fp8 := llama8B()
	fp8.Quantization = Quantization{Method: "fp8", Weights: dtype.FP8, KV: dtype.FP8}
	w8a16 := llama8B()
	w8a16.Quantization = Quantization{Method: "gptq", Weights: dtype.INT8, WeightOnly: true}
	for _, c := range []struct {
		name string
		m    *Model
		f    Formats
		want Formats
	}{
		{"the checkpoint's", plain, Formats{}, Formats{dtype.BF16, dtype.BF16, dtype.BF16, dtype.BF16}},
		{"--dtype fp16", plain, Formats{Weights: dtype.FP16}, Formats{dtype.FP16, dtype.FP16, dtype.FP16, dtype.FP16}},
		{"--dtype fp8", plain, Formats{Weights: dtype.FP8}, Formats{dtype.FP8, dtype.BF16, dtype.BF16, dtype.FP8}},
		{"--dtype int4", plain, Formats{Weights: dtype.INT4Group128},
			Formats{dtype.INT4Group128, dtype.BF16, dtype.BF16, dtype.BF16}},
		{"--kv-dtype fp8", plain, Formats{KV: dtype.FP8}, Formats{dtype.BF16, dtype.BF16, dtype.FP8, dtype.BF16}},
		{"fp8 checkpoint", fp8, Formats{}, Formats{dtype.FP8, dtype.BF16, dtype.FP8, dtype.FP8}},
		{"fp8 checkpoint expanded", fp8, Formats{Weights: dtype.BF16},
			Formats{dtype.BF16, dtype.BF16, dtype.BF16, dtype.BF16}},
		{"8-bit weights only", w8a16, Formats{}, Formats{dtype.INT8, dtype.BF16, dtype.BF16, dtype.BF16}},
		{"8-bit weights only, fp16", w8a16, Formats{Activations: dtype.FP16},
			Formats{dtype.INT8, dtype.FP16, dtype.FP16, dtype.FP16}},
		{"on a device without fp8", fp8, Formats{Compute: dtype.BF16}, Formats{dtype.FP8, dtype.BF16, dtype.FP8, dtype.BF16}},
	} {
		if got := c.m.Resolve(c.f); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// By hand: the linear layers of Llama-3.1-8B hold 32·(4096·6144 + 4096² + 3·4096·14 336) = 6 979 321 856 weights, one
// byte each in fp8; the head's 525 336 576 and the norms' 65·4096 = 266 240 stay at two.
func TestQuantizedWeights(t *testing.T) {
	m := llama8B()
	const linear, rest = 6_979_321_856, 525_336_576 + 266_240
	p := plan(t, m, Formats{Weights: dtype.FP8}, 1)
	if got, want := float64(p.StepWeightBytes()), float64(linear+2*rest); got != want {
		t.Errorf("fp8: a step reads %.0f bytes of weights, want %.0f", got, want)
	}
	ws := p.Decode(nil, 1, 1)
	if w := named(t, ws, "down_proj"); w.Stored != dtype.FP8 || w.Format != dtype.FP8 {
		t.Errorf("down_proj is stored as %v, multiplied in %v, want fp8", w.Stored, w.Format)
	}
	if w := named(t, ws, "lm_head"); w.Stored != dtype.BF16 || w.Format != dtype.BF16 {
		t.Errorf("lm_head is stored as %v, multiplied in %v, want bf16", w.Stored, w.Format)
	}
	// Weight-only: 4.15625 bits each, multiplied in bf16.
	p = plan(t, m, Formats{Weights: dtype.INT4Group128}, 1)
	if got, want := float64(p.StepWeightBytes()), linear*4.15625/8+2*rest; got != want {
		t.Errorf("int4: a step reads %.0f bytes of weights, want %.0f", got, want)
	}
	if w := named(t, p.Decode(nil, 1, 1), "down_proj"); w.Format != dtype.BF16 {
		t.Errorf("int4 down_proj is multiplied in %v, want bf16", w.Format)
	}
	// GGUF: 6.5625 bits each, head and embedding too; norms alone stay at two bytes.
	p = plan(t, m, Formats{Weights: dtype.Q6_K}, 1)
	if got, want := float64(p.StepWeightBytes()), (linear+525_336_576)*6.5625/8+2*266_240; got != want {
		t.Errorf("q6_k: a step reads %.0f bytes of weights, want %.0f", got, want)
	}
	if got, want := float64(p.WeightBytes()), (linear+2*525_336_576)*6.5625/8+2*266_240; got != want {
		t.Errorf("q6_k: %.0f bytes of weights, want %.0f", got, want)
	}
}

func TestUnquantizedParts(t *testing.T) {
	m := llama8B()
	m.Quantization = Quantization{Weights: dtype.FP8, Head: true}
	first := m.Layers[0]
	first.Count, first.Attention.Unquantized = 2, true
	m.Layers[0].Count = 30
	m.Layers = append(m.Layers, first)
	ws := plan(t, m, Formats{}, 1).Decode(nil, 1, 1)
	stored := map[string]map[dtype.DType]float64{}
	for _, w := range ws {
		if w.Class == model.MatMul {
			if stored[w.Name] == nil {
				stored[w.Name] = map[dtype.DType]float64{}
			}
			stored[w.Name][w.Stored] += w.Count
		}
	}
	for _, c := range []struct {
		name      string
		bf16, fp8 float64
	}{{"qkv_proj", 2, 30}, {"o_proj", 2, 30}, {"gate_up_proj", 0, 32}, {"lm_head", 0, 1}} {
		if got := stored[c.name]; got[dtype.BF16] != c.bf16 || got[dtype.FP8] != c.fp8 {
			t.Errorf("%s is stored as %v, want %v in bf16 and %v in fp8", c.name, got, c.bf16, c.fp8)
		}
	}
}

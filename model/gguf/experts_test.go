package gguf

import (
	"cmp"
	"fmt"
	"strings"
	"testing"

	"roofline/hardware/dtype"
	"roofline/model/transformer"
)

// spec is a mixture of experts as a converter writes it.
type spec struct {
	arch                 string
	layers, dense        int // the first layers have an MLP instead
	hidden, vocab, ff    int // ff of an MLP
	heads, kv, dim       int
	experts, used, inner int
	shared               int
}

func (s *spec) start() *builder {
	b := new(builder).key("general.architecture", s.arch)
	for name, v := range map[string]int{
		"block_count": s.layers, "embedding_length": s.hidden, "feed_forward_length": s.ff, "attention.head_count": s.heads,
		"attention.head_count_kv": s.kv, "expert_count": s.experts, "expert_used_count": s.used, "expert_feed_forward_length": s.inner,
	} {
		if v > 0 {
			b.key(s.arch+"."+name, v)
		}
	}
	return b.tensor("token_embd.weight", q8_0, s.hidden, s.vocab).tensor("output_norm.weight", f32, s.hidden).tensor("output.weight", q8_0, s.hidden, s.vocab)
}

// attention adds the projections of grouped-query attention.
func (s *spec) attention(b *builder, p string) {
	q, kv := s.heads*s.dim, s.kv*s.dim
	b.tensor(p+"attn_q.weight", q8_0, s.hidden, q).tensor(p+"attn_k.weight", q8_0, s.hidden, kv).tensor(p+"attn_v.weight", q8_0, s.hidden, kv)
	b.tensor(p+"attn_output.weight", q8_0, q, s.hidden)
}

// feedForward adds experts, or the MLP of a dense layer.
func (s *spec) feedForward(b *builder, p string, layer int, kind uint32) {
	b.tensor(p+"attn_norm.weight", f32, s.hidden).tensor(p+"ffn_norm.weight", f32, s.hidden)
	if layer < s.dense {
		b.tensor(p+"ffn_gate.weight", q4_k, s.hidden, s.ff).tensor(p+"ffn_up.weight", q4_k, s.hidden, s.ff).tensor(p+"ffn_down.weight", q4_k, s.ff, s.hidden)
		return
	}
	inner := cmp.Or(s.inner, s.ff)
	b.tensor(p+"ffn_gate_inp.weight", f32, s.hidden, s.experts)
	b.tensor(p+"ffn_gate_exps.weight", kind, s.hidden, inner, s.experts).tensor(p+"ffn_up_exps.weight", kind, s.hidden, inner, s.experts)
	b.tensor(p+"ffn_down_exps.weight", kind, inner, s.hidden, s.experts)
	if s.shared > 0 {
		b.tensor(p+"ffn_gate_shexp.weight", q5_k, s.hidden, s.shared).tensor(p+"ffn_up_shexp.weight", q5_k, s.hidden, s.shared)
		b.tensor(p+"ffn_down_shexp.weight", q5_k, s.shared, s.hidden)
	}
}

func read(t *testing.T, b *builder) *transformer.Model {
	t.Helper()
	f, err := Open(b.write(t, t.TempDir(), "x.gguf"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := f.Model()
	if err != nil {
		t.Fatal(err)
	}
	if m.Parameters() != f.Parameters() || f.Parameters() != b.parameters || float64(f.Bytes()) != b.bytes {
		t.Errorf("%.0f parameters, in the file %.0f in %.0f bytes, want %.0f in %.0f", m.Parameters(), f.Parameters(), float64(f.Bytes()), b.parameters, b.bytes)
	}
	return m
}

const mxfp4 = 39

// Published sizes, and the layers by hand.
func TestExperts(t *testing.T) {
	only := func(d dtype.DType) transformer.Storage { return transformer.Storage{Weights: d, WeightOnly: true} }
	for _, c := range []struct {
		name               string
		spec               spec
		kind               uint32 // of the experts
		extra              func(s *spec, b *builder, p string)
		parameters, active float64
		want               []transformer.Layer
	}{
		{"Mixtral 8x7B", spec{arch: "llama", layers: 32, hidden: 4096, vocab: 32_000, ff: 14_336, heads: 32, kv: 8, dim: 128, experts: 8, used: 2}, q4_k,
			func(s *spec, b *builder, p string) { s.attention(b, p) }, 46_702_792_704, 12_879_925_248 - 32_000*4096,
			[]transformer.Layer{{Count: 32, Norms: 2,
				Attention: transformer.Attention{Heads: 32, KVHeads: 8, HeadDim: 128, Rotary: 128, Storage: only(dtype.Q8_0)},
				MoE:       transformer.MoE{Experts: 8, TopK: 2, Intermediate: 14_336, Gated: true}}}},
		{"Qwen3 235B A22B", spec{arch: "qwen3moe", layers: 94, hidden: 4096, vocab: 151_936, ff: 12_288, heads: 64, kv: 4, dim: 128, experts: 128, used: 8, inner: 1536}, q4_k,
			func(s *spec, b *builder, p string) {
				s.attention(b, p)
				b.tensor(p+"attn_q_norm.weight", f32, 128).tensor(p+"attn_k_norm.weight", f32, 128)
			}, 235_093_634_560, 0,
			[]transformer.Layer{{Count: 94, Norms: 2,
				Attention: transformer.Attention{Heads: 64, KVHeads: 4, HeadDim: 128, Rotary: 128, QKNorm: transformer.QKNormHead, Storage: only(dtype.Q8_0)},
				MoE:       transformer.MoE{Experts: 128, TopK: 8, Intermediate: 1536, Gated: true}}}},
		{"gpt-oss 120B", spec{arch: "gpt-oss", layers: 36, hidden: 2880, vocab: 201_088, heads: 64, kv: 8, dim: 64, experts: 128, used: 4, inner: 2880}, mxfp4,
			func(s *spec, b *builder, p string) {
				s.attention(b, p)
				b.tensor(p+"attn_q.bias", f32, 4096).tensor(p+"attn_k.bias", f32, 512).tensor(p+"attn_v.bias", f32, 512).tensor(p+"attn_output.bias", f32, 2880)
				b.tensor(p+"attn_sinks.weight", f32, 64).tensor(p+"ffn_gate_inp.bias", f32, 128)
				for _, name := range []string{"gate", "up", "down"} {
					b.tensor(p+"ffn_"+name+"_exps.bias", f32, 2880, 128)
				}
			}, 116_829_156_672, 0,
			[]transformer.Layer{
				{Count: 18, Norms: 2, Attention: transformer.Attention{Heads: 64, KVHeads: 8, HeadDim: 64, Rotary: 64, Window: 128, QKVBias: true, OutBias: true, Sinks: true, Storage: only(dtype.Q8_0)},
					MoE: transformer.MoE{Experts: 128, TopK: 4, Intermediate: 2880, Gated: true, Bias: true, RouterBias: true}},
				{Count: 18, Norms: 2, Attention: transformer.Attention{Heads: 64, KVHeads: 8, HeadDim: 64, Rotary: 64, QKVBias: true, OutBias: true, Sinks: true, Storage: only(dtype.Q8_0)},
					MoE: transformer.MoE{Experts: 128, TopK: 4, Intermediate: 2880, Gated: true, Bias: true, RouterBias: true}},
			}},
		{"DeepSeek V3", spec{arch: "deepseek2", layers: 61, dense: 3, hidden: 7168, vocab: 129_280, ff: 18_432, heads: 128, kv: 1, experts: 256, used: 8, inner: 2048, shared: 2048}, q4_k,
			func(s *spec, b *builder, p string) {
				b.tensor(p+"attn_q_a.weight", q8_0, 7168, 1536).tensor(p+"attn_q_a_norm.weight", f32, 1536).tensor(p+"attn_q_b.weight", q8_0, 1536, 128*192)
				b.tensor(p+"attn_kv_a_mqa.weight", q8_0, 7168, 576).tensor(p+"attn_kv_a_norm.weight", f32, 512)
				b.tensor(p+"attn_k_b.weight", q8_0, 128, 512, 128).tensor(p+"attn_v_b.weight", q8_0, 512, 128, 128).tensor(p+"attn_output.weight", q8_0, 128*128, 7168)
				if !strings.HasPrefix(p, "blk.0.") && !strings.HasPrefix(p, "blk.1.") && !strings.HasPrefix(p, "blk.2.") {
					b.tensor(p+"exp_probs_b.bias", f32, 256)
				}
			}, 671_026_419_200, 0,
			[]transformer.Layer{
				{Count: 3, Norms: 2, Latent: transformer.Latent{Heads: 128, QueryRank: 1536, Rank: 512, NopeDim: 128, RopeDim: 64, ValueDim: 128, Storage: only(dtype.Q8_0)},
					MLP: transformer.MLP{Intermediate: 18_432, Gated: true}},
				{Count: 58, Norms: 2, Latent: transformer.Latent{Heads: 128, QueryRank: 1536, Rank: 512, NopeDim: 128, RopeDim: 64, ValueDim: 128, Storage: only(dtype.Q8_0)},
					MoE: transformer.MoE{Experts: 256, TopK: 8, Intermediate: 2048, Gated: true, ScoreBias: true, Shared: 2048, SharedStorage: only(dtype.Q5_K)}},
			}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := c.spec.start()
			switch c.spec.arch {
			case "gpt-oss":
				b.key("gpt-oss.attention.sliding_window", 128).key("gpt-oss.attention.key_length", 64).key("gpt-oss.attention.value_length", 64)
			case "qwen3moe":
				b.key("qwen3moe.attention.key_length", 128).key("qwen3moe.attention.value_length", 128)
			case "deepseek2":
				for name, v := range map[string]int{"attention.q_lora_rank": 1536, "attention.kv_lora_rank": 512, "rope.dimension_count": 64,
					"attention.key_length": 576, "attention.value_length": 512, "attention.key_length_mla": 192, "attention.value_length_mla": 128} {
					b.key("deepseek2."+name, v)
				}
			}
			for i := range c.spec.layers {
				p := fmt.Sprintf("blk.%d.", i)
				c.extra(&c.spec, b, p)
				c.spec.feedForward(b, p, i, c.kind)
			}
			m := read(t, b)
			if m.Parameters() != c.parameters {
				t.Errorf("%.0f parameters, want %.0f", m.Parameters(), c.parameters)
			}
			if c.active > 0 && m.ActiveParameters() != c.active {
				t.Errorf("%.0f active parameters, want %.0f", m.ActiveParameters(), c.active)
			}
			if len(m.Layers) != len(c.want) {
				t.Fatalf("%d kinds of layers, want %d: %+v", len(m.Layers), len(c.want), m.Layers)
			}
			for i, want := range c.want {
				if m.Layers[i] != want {
					t.Errorf("layer\n got %+v\nwant %+v", m.Layers[i], want)
				}
			}
		})
	}
}

// older is a model in the tensors of older files: the expansion of keys and values as one, queries straight from the
// residual; and, which is newer, gate and up of the experts as one.
func older() *builder {
	b := new(builder).key("general.architecture", "deepseek2")
	for name, v := range map[string]int{"block_count": 1, "embedding_length": 256, "attention.head_count": 2, "attention.kv_lora_rank": 256,
		"rope.dimension_count": 64, "attention.key_length": 192, "attention.value_length": 128, "expert_count": 4, "expert_used_count": 2,
		"expert_feed_forward_length": 512} {
		b.key("deepseek2."+name, v)
	}
	b.tensor("token_embd.weight", f16, 256, 10).tensor("output_norm.weight", f32, 256)
	b.tensor("blk.0.attn_norm.weight", f32, 256).tensor("blk.0.ffn_norm.weight", f32, 256)
	b.tensor("blk.0.attn_q.weight", f16, 256, 2*192).tensor("blk.0.attn_kv_a_mqa.weight", f16, 256, 320).tensor("blk.0.attn_kv_a_norm.weight", f32, 256)
	b.tensor("blk.0.attn_kv_b.weight", f16, 256, 2*256).tensor("blk.0.attn_output.weight", f16, 2*128, 256)
	b.tensor("blk.0.ffn_gate_inp.weight", f32, 256, 4).tensor("blk.0.ffn_gate_up_exps.weight", q4_k, 256, 1024, 4).tensor("blk.0.ffn_down_exps.weight", q4_k, 512, 256, 4)
	b.tensor("blk.0.ffn_gate_inp_shexp.weight", f32, 256).tensor("blk.0.ffn_gate_shexp.weight", q4_k, 256, 256).
		tensor("blk.0.ffn_up_shexp.weight", q4_k, 256, 256).tensor("blk.0.ffn_down_shexp.weight", q4_k, 256, 256)
	return b
}

func TestOlderTensors(t *testing.T) {
	l := read(t, older()).Layers[0]
	if a := (transformer.Latent{Heads: 2, Rank: 256, NopeDim: 128, RopeDim: 64, ValueDim: 128, Unquantized: true}); l.Latent != a {
		t.Errorf("latent attention %+v, want %+v", l.Latent, a)
	}
	if e := (transformer.MoE{Experts: 4, TopK: 2, Intermediate: 512, Gated: true, Shared: 256, SharedGate: true}); l.MoE != e {
		t.Errorf("experts %+v, want %+v", l.MoE, e)
	}
}

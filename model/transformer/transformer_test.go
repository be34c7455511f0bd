package transformer

import (
	"testing"

	"roofline/hardware/dtype"
	"roofline/hardware/unit"
	"roofline/model"
)

// tiny is small enough to count by hand.
func tiny() *Model {
	return &Model{
		Name: "tiny", Hidden: 8, Vocab: 10, DType: dtype.BF16,
		Layers: []Layer{{
			Count: 1, Norms: 2,
			Attention: Attention{Heads: 2, KVHeads: 1, HeadDim: 4, Rotary: 4},
			MLP:       MLP{Intermediate: 16, Gated: true},
		}},
	}
}

func llama8B() *Model {
	return &Model{
		Name: "llama-3.1-8b", Hidden: 4096, Vocab: 128_256, DType: dtype.BF16,
		Layers: []Layer{{
			Count: 32, Norms: 2,
			Attention: Attention{Heads: 32, KVHeads: 8, HeadDim: 128, Rotary: 128},
			MLP:       MLP{Intermediate: 14_336, Gated: true},
		}},
	}
}

// gemma3 has Gemma-3-27B's layers: 52 with a window of 1024 tokens, 10 without.
func gemma3() *Model {
	layer := Layer{
		Count: 52, Norms: 4,
		Attention: Attention{Heads: 32, KVHeads: 16, HeadDim: 128, Rotary: 128, QKNorm: QKNormHead, Window: 1024},
		MLP:       MLP{Intermediate: 21_504, Gated: true},
	}
	global := layer
	global.Count, global.Attention.Window = 10, 0
	return &Model{
		Name: "gemma-3-27b", Hidden: 5376, Vocab: 262_208, TiedEmbeddings: true, DType: dtype.BF16,
		Layers: []Layer{layer, global},
	}
}

func plan(t testing.TB, m *Model, f Formats, tp int) *Plan {
	t.Helper()
	p, err := m.Plan(f, tp)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// named returns the work of an operation.
func named(t testing.TB, ws []model.Work, name string) *model.Work {
	t.Helper()
	for i := range ws {
		if ws[i].Name == name {
			return &ws[i]
		}
	}
	t.Fatalf("no operation %q", name)
	return nil
}

// By hand:
//
//	embedding and head   2 · 10·8                    = 160
//	attention            8·(8 + 4 + 4) + 8·8         = 192
//	MLP                  3 · 8·16                    = 384
//	norms                2·8 + 8                     =  24
//	                                                   760
//
// of which a token reads all but the input embedding: 680.
func TestTinyParameters(t *testing.T) {
	m := tiny()
	if got := m.Parameters(); got != 760 {
		t.Errorf("%v parameters, want 760", got)
	}
	if got := m.ActiveParameters(); got != 680 {
		t.Errorf("%v active parameters, want 680", got)
	}
	m.TiedEmbeddings = true
	if got := m.Parameters(); got != 680 {
		t.Errorf("tied: %v parameters, want 680", got)
	}
	if got := m.ActiveParameters(); got != 680 {
		t.Errorf("tied: %v active parameters, want 680: the head reads the table", got)
	}
}

// By hand, per token: qkv 8·16 = 128, o 8·8 = 64, gate and up 8·32 = 256, down 16·8 = 128: 576; per head run 8·10 = 80;
// per (query, key) pair 2·2·4 = 16.
//
//	decode  2 sequences at context 3:  2·576 + 2·80 + 2·3·16             = 1408
//	prefill 3 tokens:                  3·576 + 80 + (1+2+3)·16           = 1904
//	prefill 3 tokens after 5:          3·576 + 80 + (6+7+8)·16           = 2144
//	both decode and the last:          1408 + 2144                       = 3552
func TestTinyMACs(t *testing.T) {
	p := plan(t, tiny(), Formats{}, 1)
	for _, c := range []struct {
		name string
		work []model.Work
		want float64
	}{
		{"decode", p.Decode(nil, 2, 3), 1408},
		{"prefill", p.Prefill(nil, 1, 3, 0), 1904},
		{"prefill after a prefix", p.Prefill(nil, 1, 3, 5), 2144},
		{"mixed", p.Step(nil, Step{Batch: 2, Context: 3, Prompts: 1, Tokens: 3, Prefix: 5}), 3552},
	} {
		if got := model.Sum(c.work).MACs; got != c.want {
			t.Errorf("%s: %v MACs, want %v", c.name, got, c.want)
		}
	}
}

// By hand, in bf16, decode of 2 sequences at context 3. A token keeps 2·4 elements, 16 bytes.
//
//	qkv_proj   weights 128·2 = 256; reads 2·8·2 = 32; writes 2·16·2 = 64
//	attention  KV 2·3·16 = 96; reads q, k and v 2·16·2 = 64; writes its result 2·8·2 = 32 and the cache 2·16 = 32
//	           FLOPs 2·96 + 5·6·2 heads = 252
//	activation reads gate and up 2·32·2 = 128; writes 2·16·2 = 64
func TestTinyTraffic(t *testing.T) {
	ws := plan(t, tiny(), Formats{}, 1).Decode(nil, 2, 3)
	for _, want := range []model.Work{
		{Name: "qkv_proj", FLOPs: 512, Weights: 256, Read: 32, Write: 64},
		{Name: "attention", FLOPs: 252, KV: 96, Read: 64, Write: 64},
		{Name: "activation", FLOPs: 2 * (5 + 1) * 16, Read: 128, Write: 64},
	} {
		got := named(t, ws, want.Name)
		if got.FLOPs != want.FLOPs || got.Weights != want.Weights || got.KV != want.KV || got.Read != want.Read || got.Write != want.Write {
			t.Errorf("%s: %v FLOP, weights %v, KV %v, read %v, write %v; want %v, %v, %v, %v, %v", want.Name, got.FLOPs, got.Weights,
				got.KV, got.Read, got.Write, want.FLOPs, want.Weights, want.KV, want.Read, want.Write)
		}
	}
}

// By hand: 8 030 261 248 parameters without the 128 256·4096 of the input embedding are 7 504 924 672, two bytes each.
// A token keeps 32·2·8·128·2 = 131 072 bytes, 2048 of them 268 435 456.
func TestLlamaDecodeBytes(t *testing.T) {
	m := llama8B()
	if got := m.Parameters(); got != 8_030_261_248 {
		t.Errorf("%.0f parameters, want 8030261248", got)
	}
	if got := m.KVBytesPerToken(dtype.BF16); got != 131_072 {
		t.Errorf("%.0f bytes of KV cache per token, want 131072", float64(got))
	}
	p := plan(t, m, Formats{}, 1)
	sum := model.Sum(p.Decode(nil, 1, 2048))
	if sum.Weights != 15_009_849_344 || sum.KV != 268_435_456 {
		t.Errorf("decode reads %.0f bytes of weights and %.0f of cache, want 15009849344 and 268435456",
			float64(sum.Weights), float64(sum.KV))
	}
	if got := p.ActivationBytes(2, 1); got != 2*102_400+513_024 {
		t.Errorf("activations of 2 tokens, 1 sequence: %.0f bytes, want 717824", float64(got))
	}
}

// By hand: a layer of Gemma-3-27B keeps 2·16·128·2 = 8192 bytes per token; 10 layers keep all of 4096 tokens, 52 keep
// 1024 of them: 8192·(10·4096 + 52·1024) = 771 751 936.
func TestSlidingWindow(t *testing.T) {
	m := gemma3()
	if got := m.KVBytes(4096, dtype.BF16); got != 771_751_936 {
		t.Errorf("cache of 4096 tokens: %.0f bytes, want 771751936", float64(got))
	}
	p := plan(t, m, Formats{}, 1)
	if got := p.KVBytes(4096); got != 771_751_936 {
		t.Errorf("plan: cache of 4096 tokens: %.0f bytes, want 771751936", float64(got))
	}
	ws := p.Decode(nil, 1, 4096)
	if got := model.Sum(ws).KV; got != 771_751_936 {
		t.Errorf("decode reads %.0f bytes of cache, want 771751936", float64(got))
	}
	// The kinds of layers differ only in attention, so everything else is one entry.
	if got := named(t, ws, "qkv_proj").Count; got != 62 {
		t.Errorf("qkv_proj runs %v times, want 62", got)
	}
	if got := named(t, ws, "sliding_attention").Count; got != 52 {
		t.Errorf("sliding_attention runs %v times, want 52", got)
	}
	window := span{size: 3}
	if got := window.pairs(5); got != 12 {
		t.Errorf("5 tokens in a window of 3: %v pairs, want 1 + 2 + 3 + 3 + 3 = 12", got)
	}
}

// Tensor parallelism over 4 of Llama-3.1-8B: 8 query heads and 2 key-value heads each; norms are replicated, and four
// kinds of messages appear.
func TestTensorParallel(t *testing.T) {
	ws := plan(t, llama8B(), Formats{}, 4).Decode(nil, 16, 2048)
	if w := named(t, ws, "qkv_proj"); w.N != 8*128+2*2*128 || w.M != 16 || w.K != 4096 {
		t.Errorf("qkv_proj is %v × %v × %v, want 16 × 1536 × 4096", w.M, w.N, w.K)
	}
	if w := named(t, ws, "attn_norm"); w.Weights != 2*4096 {
		t.Errorf("attn_norm: %v of weights, want all of them", w.Weights)
	}
	var messages unit.Bytes
	for i := range ws {
		if ws[i].Class == model.Collective {
			messages += unit.Bytes(ws[i].Count) * ws[i].Write
		}
	}
	// 1 + 2·32 all-reduces of 16·4096·2 bytes, and the gathered logits 16·128 256·2.
	if want := unit.Bytes(65*131_072 + 4_104_192); messages != want {
		t.Errorf("messages of %.0f bytes, want %.0f", float64(messages), float64(want))
	}
	// 16 devices are twice the key-value heads: each holds one, so all together hold the cache twice.
	if got := plan(t, llama8B(), Formats{}, 16).KVBytesPerToken(); got != 131_072/8 {
		t.Errorf("KV cache per token and device at TP16: %v, want an eighth", got)
	}
}

func TestCheckTP(t *testing.T) {
	odd := llama8B()
	odd.Layers[0].MLP.Intermediate = 14_340 // 4 · 3585
	six := llama8B()
	six.Layers[0].Attention = Attention{Heads: 24, KVHeads: 6, HeadDim: 128}
	for _, c := range []struct {
		m    *Model
		tp   int
		want string
	}{
		{llama8B(), 8, ""},
		{llama8B(), 32, ""},
		{llama8B(), 0, "llama-3.1-8b: tensor parallelism 0: want at least 1"},
		{llama8B(), 3, "llama-3.1-8b: tensor parallelism 3 does not divide its 32 attention heads; it can be 1, 2, 4, 8, 16 or 32"},
		{llama8B(), 64, "llama-3.1-8b: tensor parallelism 64 does not divide its 32 attention heads; it can be 1, 2, 4, 8, 16 or 32"},
		{odd, 8, "llama-3.1-8b: tensor parallelism 8 does not divide the 14340 columns of its MLP; it can be 1, 2 or 4"},
		{six, 4, "llama-3.1-8b: tensor parallelism 4 does not divide its 6 key-value heads, nor is divided by them; it can be 1 or 2"},
	} {
		got := ""
		if err := c.m.CheckTP(c.tp); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("CheckTP(%d) = %q, want %q", c.tp, got, c.want)
		}
	}
}

func TestParallelLayerReducesOnce(t *testing.T) {
	m := llama8B()
	m.Layers[0].Parallel = true
	reduces := 0.0
	for _, w := range plan(t, m, Formats{}, 2).Decode(nil, 1, 1) {
		if w.Kind == "AllReduce" {
			reduces += w.Count
		}
	}
	if reduces != 1+32 {
		t.Errorf("%v all-reduces, want one after the embedding and one in each of 32 layers", reduces)
	}
}

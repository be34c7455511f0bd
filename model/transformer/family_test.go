package transformer

import (
	"math"
	"testing"

	"roofline/hardware/dtype"
	"roofline/hardware/unit"
	"roofline/model"
)

// By hand, DeepSeek-V3 without the modules that predict further tokens:
//
//	latent attention  187 107 328 a layer (see [Latent.parameters])
//	dense layer       3·7168·18 432 = 396 361 728; norms 2·7168
//	expert            3·7168·2048 = 44 040 192; 256 and the shared one 11 318 329 344; router 256·7168 + 256 = 1 835 264
//	layers            3·(187 107 328 + 396 361 728 + 14 336) + 58·(187 107 328 + 11 318 329 344 + 1 835 264 + 14 336)
//	embedding, head   2·129 280·7168 = 1 853 358 080; final norm 7168
//
// A token is sent to 8 of 256 experts, and reads not the embedding: 671 026 419 200 − 58·248·44 040 192 − 926 679 040.
func TestDeepSeekParameters(t *testing.T) {
	m := deepseekV3()
	latent, _ := m.Layers[0].Latent.parameters(7168)
	if latent != 187_107_328 {
		t.Errorf("latent attention of %.0f parameters, want 187107328", latent)
	}
	if got := m.Parameters(); got != 671_026_419_200 {
		t.Errorf("%.0f parameters, want 671026419200", got)
	}
	if got := m.ActiveParameters(); got != 36_625_618_432 {
		t.Errorf("%.0f active parameters, want 36625618432", got)
	}
}

// By hand, decode of DeepSeek-V3 in bf16 on one device, 64 sequences at context 4096.
//
//	distinct experts  256·(1 − (1 − 8/256)⁶⁴) = 222.4425
//	weights           2·(36 625 618 432 + 58·(222.4425 − 8)·44 040 192)
//	cache             64·4096 tokens · 61 layers · (512 + 64)·2 bytes = 262 144·70 272 = 18 421 383 168
//	attention         per (query, key) pair and layer 128 heads·(2·512 + 64) = 139 264 MACs
func TestDeepSeekDecode(t *testing.T) {
	m := deepseekV3()
	distinct := 256 * (1 - math.Pow(1-8.0/256, 64))
	if got := m.Layers[1].MoE.Distinct(64); !closeTo(got, distinct) || math.Abs(got-222.4425) > 1e-4 {
		t.Errorf("64 tokens reach %v experts, want 222.4425", got)
	}
	p := plan(t, m, Formats{}, 1)
	ws := p.Decode(nil, 64, 4096)
	sum := model.Sum(ws)
	if want := 2 * (36_625_618_432 + 58*(distinct-8)*44_040_192); !closeTo(float64(sum.Weights), want) {
		t.Errorf("a step reads %.0f bytes of weights, want %.0f", float64(sum.Weights), want)
	}
	if got := p.StepWeights(64); !closeTo(float64(got), float64(sum.Weights)) {
		t.Errorf("StepWeights says %.0f bytes, the operations %.0f", float64(got), float64(sum.Weights))
	}
	if sum.KV != 18_421_383_168 {
		t.Errorf("a step reads %.0f bytes of cache, want 18421383168", float64(sum.KV))
	}
	attention := named(t, ws, "latent_attention")
	if attention.Count != 61 {
		t.Errorf("latent_attention runs %v times, want 61", attention.Count)
	}
	if attention.MACs != 64*4096*139_264 || attention.M != 128 || attention.K != 1088 || attention.Groups != 64 {
		t.Errorf("latent_attention: %v MACs as %v × %v × %v in %v groups", attention.MACs, attention.M, attention.N, attention.K, attention.Groups)
	}
	if has(ws, "kv_b_proj") || !has(ws, "absorb") {
		t.Error("decode expands keys and values, want them absorbed")
	}
}

// By hand, prefill of one prompt of 1000 tokens after 200: per pair and layer 128 heads·(128 + 64 + 128) = 40 960 MACs,
// 1000·1001/2 + 200·1000 pairs; the vectors of all 1200 are expanded by 512 × 32 768 weights.
func TestLatentPrefillExpands(t *testing.T) {
	ws := plan(t, deepseekV3(), Formats{}, 1).Prefill(nil, 1, 1000, 200)
	if w := named(t, ws, "latent_attention"); w.MACs != 700_500*40_960 || w.KV != 200*1152 {
		t.Errorf("latent_attention: %v MACs, %v of cache; want %v and %v", w.MACs, w.KV, 700_500*40_960, 200*1152)
	}
	if w := named(t, ws, "kv_b_proj"); w.MACs != 1200*512*32_768 {
		t.Errorf("kv_b_proj: %v MACs, want %v", w.MACs, 1200*512*32_768)
	}
	if has(ws, "absorb") {
		t.Error("prefill absorbs")
	}
}

// Every device of a tensor-parallel group keeps the whole vector: 61·576·2 = 70 272 bytes per token.
func TestLatentCacheIsReplicated(t *testing.T) {
	m := deepseekV3()
	for _, tp := range []int{1, 2, 8, 16, 128} {
		if got := plan(t, m, Formats{}, tp).KVBytesPerToken(); got != 70_272 {
			t.Errorf("TP%d: %.0f bytes per token, want 70272", tp, float64(got))
		}
	}
	if got := m.KVBytesPerToken(dtype.FP8); got != 35_136 {
		t.Errorf("fp8: %.0f bytes per token, want 35136", float64(got))
	}
	// The indexer's keys, 128 bytes in fp8 and a scale of 4, come on top.
	if got := plan(t, deepseekV32(), Formats{}, 8).KVBytesPerToken(); got != 70_272+61*132 {
		t.Errorf("V3.2: %.0f bytes per token, want %d", float64(got), 70_272+61*132)
	}
}

// By hand, at context 10 000: the indexer scores all keys with 64·128 = 8192 MACs each, attention sees 2048 of them; the
// cache keeps all.
func TestSparseAttention(t *testing.T) {
	p := plan(t, deepseekV32(), Formats{}, 1)
	ws := p.Decode(nil, 2, 10_000)
	if w := named(t, ws, "indexer"); w.MACs != 2*10_000*8192 || w.KV != 2*10_000*132 {
		t.Errorf("indexer: %v MACs and %v of cache, want %v and %v", w.MACs, w.KV, 2*10_000*8192, 2*10_000*132)
	}
	if w := named(t, ws, "sparse_attention"); w.MACs != 2*2048*139_264 || w.KV != 2*2048*1152 {
		t.Errorf("sparse_attention: %v MACs and %v of cache, want %v and %v", w.MACs, w.KV, 2*2048*139_264, 2*2048*1152)
	}
	if got := p.KVBytes(10_000); got != 10_000*(70_272+61*132) {
		t.Errorf("%.0f bytes for a sequence, want all of them", float64(got))
	}
	// Prefill: 1 + … + 2048 pairs, then 2048 for each token.
	if w := named(t, p.Prefill(nil, 1, 3000, 0), "sparse_attention"); w.MACs != (2048*2049/2+952*2048)*139_264 {
		t.Errorf("prefill: %v MACs", w.MACs)
	}
}

// By hand: 18 of gpt-oss-120b's 36 layers see everything, the others 128 tokens, each 2·8·64·2 = 2048 bytes per token; of
// Gemma-3-27B's 62 layers 10 see everything, the others 1024, each 8192 bytes.
func TestCacheSplit(t *testing.T) {
	for _, c := range []struct {
		m                *Model
		growing, bounded unit.Bytes
		window           float64
	}{{gptOSS(), 36_864, 36_864, 128}, {gemma3(), 81_920, 425_984, 1024}, {scout(), 12 * 4096, 36 * 4096, 8192}} {
		split := plan(t, c.m, Formats{}, 1).KVSplit()
		if split.Growing != c.growing || split.Constant != 0 || len(split.Bounded) != 1 || split.Bounded[0] != (KVWindow{c.window, c.bounded}) {
			t.Errorf("%s keeps %+v, want %v per token and %v up to %v", c.m.Name, split, c.growing, c.bounded, c.window)
		}
	}
	if got := plan(t, gptOSS(), Formats{}, 1).KVBytes(10_000); got != 36_864*(10_000+128) {
		t.Errorf("gpt-oss-120b at 10 000: %.0f bytes, want %d", float64(got), 36_864*(10_000+128))
	}
}

// By hand, Qwen3-Next in bf16: a linear layer keeps 32·128·128 elements of 4 bytes and 3 tokens of 2·16·128 + 32·128 =
// 8192 channels, 2 146 304 bytes; 36 of them 77 266 944. Twelve layers keep 2·2·256·2 = 2048 bytes per token.
// Nemotron-3-Super: 40·(128·64·128·4 + 3·(8192 + 2·8·128)·2) = 170 229 760, and 8·2·2·128·2 = 8192 per token.
func TestRecurrentState(t *testing.T) {
	for _, c := range []struct {
		m                   *Model
		constant, per, half unit.Bytes
	}{{qwenHybrid(), 77_266_944, 24_576, 38_633_472}, {nemotron(), 170_229_760, 8192, 85_114_880}} {
		p := plan(t, c.m, Formats{}, 1)
		if got := p.KVSplit(); got.Constant != c.constant || got.Growing != c.per {
			t.Errorf("%s keeps %.0f bytes and %.0f per token, want %.0f and %.0f", c.m.Name, float64(got.Constant), float64(got.Growing),
				float64(c.constant), float64(c.per))
		}
		if got := p.KVBytes(1000); got != c.constant+1000*c.per {
			t.Errorf("%s: %.0f bytes at 1000 tokens", c.m.Name, float64(got))
		}
		if got := plan(t, c.m, Formats{}, 2).KVSplit().Constant; got != c.half {
			t.Errorf("%s at TP2 keeps %.0f bytes, want half: %.0f", c.m.Name, float64(got), float64(c.half))
		}
		if got := p.KVBytesPerToken(); got != c.per {
			t.Errorf("%s: %.0f bytes per token, want %.0f", c.m.Name, float64(got), float64(c.per))
		}
	}
}

// By hand: a token of Qwen3-Next multiplies 32 states of 128 × 128 three times, 1 572 864 MACs; three sequences read
// and write theirs. A prompt reads none, after a prefix one.
func TestRecurrence(t *testing.T) {
	p := plan(t, qwenHybrid(), Formats{}, 1)
	const state = 32*128*128*4 + 3*8192*2
	if w := named(t, p.Decode(nil, 3, 5000), "delta_rule"); w.MACs != 3*1_572_864 || w.KV != 3*state || w.Write != 3*(state+4096*2) {
		t.Errorf("decode: %v MACs, %v read, %v written", w.MACs, w.KV, w.Write)
	}
	for prefix, want := range map[float64]unit.Bytes{0: 0, 50: state} {
		if w := named(t, p.Prefill(nil, 1, 100, prefix), "delta_rule"); w.MACs != 100*1_572_864 || w.KV != want || w.Write != 100*8192+state {
			t.Errorf("prefill after %v: %v MACs, %v read, %v written", prefix, w.MACs, w.KV, w.Write)
		}
	}
}

// By hand, E = 4 and k = 2: one token reaches 2 experts, two 4·(1 − ½²) = 3, three 4·(1 − ½³) = 3.5.
func TestDistinctExperts(t *testing.T) {
	e := MoE{Experts: 4, TopK: 2}
	for tokens, want := range map[float64]float64{0: 0, 1: 2, 2: 3, 3: 3.5} {
		if got := e.Distinct(tokens); !closeTo(got, want) {
			t.Errorf("%v tokens reach %v experts, want %v", tokens, got, want)
		}
	}
	all := MoE{Experts: 8, TopK: 8}
	if got := all.Distinct(1); got != 8 {
		t.Errorf("a token sent to all reaches %v experts, want 8", got)
	}
}

// Tokens of prompts and of sequences choose experts together; rows and weights are those of the step.
func TestExperts(t *testing.T) {
	p := plan(t, mixtral(), Formats{}, 1)
	ws := p.Step(nil, Step{Batch: 2, Context: 100, Prompts: 1, Tokens: 3})
	w := named(t, ws, "experts_gate_up")
	distinct := 8 * (1 - math.Pow(0.75, 5))
	if w.MACs != 5*2*4096*28_672 || !closeTo(w.Groups, distinct) || !closeTo(float64(w.Weights), distinct*4096*28_672*2) {
		t.Errorf("experts: %v MACs, %v groups, %v of weights; want %v, %v, %v", w.MACs, w.Groups, float64(w.Weights), 5*2*4096*28_672,
			distinct, distinct*4096*28_672*2)
	}
	if w := named(t, ws, "router"); w.MACs != 5*4096*8 || w.Weights != 4096*8*2 {
		t.Errorf("router: %v MACs, %v of weights", w.MACs, w.Weights)
	}
	if got, want := p.WeightBytes(), unit.Bytes(2*46_702_792_704); got != want {
		t.Errorf("%.0f bytes held, want all experts: %.0f", float64(got), float64(want))
	}
	if got, want := p.StepWeightBytes(), unit.Bytes(2*12_748_853_248); !closeTo(float64(got), float64(want)) {
		t.Errorf("%.0f bytes read for one token, want %.0f", float64(got), float64(want))
	}
}

func TestMixedFormats(t *testing.T) {
	m := gptOSS()
	ws := plan(t, m, Formats{}, 1).Decode(nil, 1, 100)
	for name, want := range map[string]struct{ stored, compute dtype.DType }{
		"experts_gate_up": {dtype.MXFP4, dtype.BF16}, "qkv_proj": {dtype.BF16, dtype.BF16}, "router": {dtype.BF16, dtype.BF16},
		"lm_head": {dtype.BF16, dtype.BF16},
	} {
		if w := named(t, ws, name); w.Stored != want.stored || w.Format != want.compute {
			t.Errorf("%s is stored as %v, multiplied in %v, want %v and %v", name, w.Stored, w.Format, want.stored, want.compute)
		}
	}
	// fp8 attention beside nvfp4 experts, as long as the checkpoint's weights are used.
	m = mixtral()
	m.Quantization = Quantization{Method: "modelopt", Weights: dtype.NVFP4, Head: true, HeadStorage: Storage{Weights: dtype.FP8}}
	m.Layers[0].Attention.Storage = Storage{Weights: dtype.FP8}
	for _, c := range []struct {
		f                        Formats
		attention, experts, head dtype.DType
		compute                  dtype.DType // of attention
	}{
		{Formats{}, dtype.FP8, dtype.NVFP4, dtype.FP8, dtype.FP8},
		{Formats{Compute: dtype.BF16}, dtype.FP8, dtype.NVFP4, dtype.FP8, dtype.BF16},
		{Formats{Weights: dtype.INT8}, dtype.INT8, dtype.INT8, dtype.BF16, dtype.INT8},
		{Formats{Weights: dtype.BF16}, dtype.BF16, dtype.BF16, dtype.BF16, dtype.BF16},
	} {
		ws := plan(t, m, c.f, 1).Decode(nil, 1, 100)
		a, e, h := named(t, ws, "qkv_proj"), named(t, ws, "experts_down"), named(t, ws, "lm_head")
		if a.Stored != c.attention || e.Stored != c.experts || h.Stored != c.head || a.Format != c.compute {
			t.Errorf("%+v: attention in %v multiplied in %v, experts in %v, head in %v", c.f, a.Stored, a.Format, e.Stored, h.Stored)
		}
	}
}

// By hand, Llama 4's chunks of 3: 5 tokens see 1 + 2 + 3 + 1 + 2 = 9.
func TestChunks(t *testing.T) {
	s := span{size: 3, chunked: true}
	for n, want := range map[float64]float64{1: 1, 3: 6, 4: 7, 5: 9, 6: 12} {
		if got := s.pairs(n); got != want {
			t.Errorf("%v tokens: %v pairs, want %v", n, got, want)
		}
	}
	if got := s.visible(100); got != 2 {
		t.Errorf("the newest of 100 tokens sees %v on the mean, want (1 + 2 + 3)/3", got)
	}
}

// An encoder sees both ways and keeps nothing. By hand, 12 layers of 128 × 128 pairs, each 2·768 MACs.
func TestEncoder(t *testing.T) {
	p := plan(t, bert(), Formats{}, 1)
	ws := p.Prefill(nil, 1, 128, 0)
	if w := named(t, ws, "encoder_attention"); w.MACs != 128*128*2*768 || w.Count != 12 {
		t.Errorf("attention: %v MACs, %v times", w.MACs, w.Count)
	}
	if has(ws, "lm_head") || !has(ws, "pooler") || p.KVBytes(1000) != 0 {
		t.Error("want a pooler, no head and no cache")
	}
	if got, want := p.WeightBytes(), unit.Bytes(4*109_482_240); got != want {
		t.Errorf("%.0f bytes of weights, want %.0f", float64(got), float64(want))
	}
}

// Whisper encodes 1500 positions whatever the prompt, and every decoded token attends to all of them; its cache holds
// their keys and values, 4 layers·1500·2·384·2 bytes, beside 4·2·384·2 per token.
func TestEncoderDecoder(t *testing.T) {
	p := plan(t, whisperTiny(), Formats{}, 1)
	decode, prefill := p.Decode(nil, 2, 10), p.Prefill(nil, 2, 4, 0)
	if w := named(t, decode, "cross_attention"); w.MACs != 2*1500*2*384 || w.KV != 2*1500*2*384*2 {
		t.Errorf("cross_attention: %v MACs, %v of cache", w.MACs, w.KV)
	}
	if has(decode, "encoder_attention") || has(decode, "cross_kv_proj") || has(decode, "conv1") {
		t.Error("a decode step encodes again")
	}
	if w := named(t, prefill, "encoder_attention"); w.MACs != 2*1500*1500*2*384 {
		t.Errorf("encoder_attention: %v MACs", w.MACs)
	}
	if w := named(t, prefill, "conv1"); w.MACs != 2*3000*3*80*384 {
		t.Errorf("conv1: %v MACs, want 3000 frames of 3·80·384 for each of 2", w.MACs)
	}
	if w := named(t, prefill, "cross_attention"); w.MACs != 2*4*1500*2*384 {
		t.Errorf("cross_attention in prefill: %v MACs", w.MACs)
	}
	if got := p.KVSplit(); got.Constant != 4*1500*2*384*2 || got.Growing != 4*2*384*2 {
		t.Errorf("keeps %+v", got)
	}
	if got, want := p.WeightBytes(), unit.Bytes(2*37_760_640); got != want {
		t.Errorf("%.0f bytes of weights, want %.0f", float64(got), float64(want))
	}
	// T5 reads the prompt in the encoder and starts with one token; context is both together, whatever the split.
	p = plan(t, t5Base(), Formats{}, 1)
	whole := model.Sum(p.Decode(nil, 3, 100))
	split := model.Sum(p.Step(nil, Step{Batch: 3, Context: 100, Source: 60}))
	if !closeTo(whole.MACs, split.MACs) || whole.KV != split.KV {
		t.Errorf("T5 decodes %+v, with 60 tokens encoded %+v: want the same", whole, split)
	}
	if w := named(t, p.Prefill(nil, 1, 50, 0), "lm_head"); w.MACs != 768*32_128 {
		t.Errorf("T5's head: %v MACs", w.MACs)
	}
}

func has(ws []model.Work, name string) bool {
	for i := range ws {
		if ws[i].Name == name {
			return true
		}
	}
	return false
}

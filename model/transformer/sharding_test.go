package transformer

import (
	"testing"

	"pgregory.net/rapid"

	"roofline/hardware/unit"
	"roofline/model"
)

func sharded(t testing.TB, m *Model, s Sharding) *Plan {
	t.Helper()
	p, err := m.Sharded(Formats{}, s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// By hand, DeepSeek-V3 in bf16 on 8 devices, 64 tokens: with expert parallelism a device holds 32 experts whole and
// computes 64·8/8 = 64 rows, without it an eighth of each expert and all 512 rows.
func TestExpertParallel(t *testing.T) {
	m := deepseekV3()
	whole := named(t, sharded(t, m, Sharding{TP: 8, EP: 8}).Decode(nil, 64, 1000), "experts_gate_up")
	slices := named(t, sharded(t, m, Sharding{TP: 8}).Decode(nil, 64, 1000), "experts_gate_up")
	if whole.N != 4096 || slices.N != 512 || !closeTo(whole.M*whole.Groups, 64) || !closeTo(slices.M*slices.Groups, 512) {
		t.Errorf("whole experts: %v rows of %v columns; slices: %v of %v", whole.M*whole.Groups, whole.N, slices.M*slices.Groups, slices.N)
	}
	if whole.MACs != slices.MACs || !closeTo(float64(whole.Weights), float64(slices.Weights)) {
		t.Errorf("whole experts %v MACs, %v of weights; slices %v, %v", whole.MACs, whole.Weights, slices.MACs, slices.Weights)
	}
	for _, s := range []Sharding{{TP: 8, EP: 8}, {TP: 8}} {
		held := sharded(t, m, s).WeightBytes()
		experts := unit.Bytes(58 * 32 * 44_040_192 * 2)
		if held < experts || held > experts*105/100 {
			t.Errorf("%+v holds %.0f bytes, of which experts are %.0f", s, float64(held), float64(experts))
		}
	}
}

// The busiest device has more rows, never more than all.
func TestImbalance(t *testing.T) {
	p := sharded(t, deepseekV3(), Sharding{TP: 8, EP: 8})
	rows := func() float64 {
		w := named(t, p.Decode(nil, 64, 1000), "experts_down")
		return w.M * w.Groups
	}
	for factor, want := range map[float64]float64{0: 64, 1: 64, 1.5: 96, 8: 512, 100: 512} {
		p.Imbalance = factor
		if got := rows(); !closeTo(got, want) {
			t.Errorf("imbalance %v: %v rows, want %v", factor, got, want)
		}
	}
}

// By hand, DeepSeek-V3 with attention on each of 8 devices for itself: 64 sequences are 8 a device. A token's 8 experts
// lie on 8·(1 − (7/8)⁸) = 5.251 of 8 devices, each of which gets its 7168 elements, and gives them back.
func TestDataParallelAttention(t *testing.T) {
	p := sharded(t, deepseekV3(), Sharding{TP: 1, ADP: 8, EP: 8})
	ws := p.Decode(nil, 64, 1000)
	if w := named(t, ws, "latent_attention"); w.Groups != 8 || w.M != 128 {
		t.Errorf("a device attends for %v sequences with %v heads, want 8 with 128", w.Groups, w.M)
	}
	if w := named(t, ws, "qkv_a_proj"); w.M != 8 {
		t.Errorf("projects %v tokens, want 8", w.M)
	}
	if w := named(t, ws, "experts_down"); !closeTo(w.M*w.Groups, 64) {
		t.Errorf("experts get %v rows, want 64·8/8", w.M*w.Groups)
	}
	for _, name := range []string{"moe_dispatch", "moe_combine"} {
		w := named(t, ws, name)
		if want := 8 * 5.2511286 * 7168 * 2; w.Kind != "AllToAll" || w.Count != 58 || w.Class != model.Collective || float64(w.Write) < want*0.99999 || float64(w.Write) > want*1.00001 {
			t.Errorf("%s: %s of %.0f bytes %v times, want AllToAll of %.0f 58 times", name, w.Kind, float64(w.Write), w.Count, want)
		}
	}
	if has(ws, "attn_all_reduce") || has(ws, "mlp_all_reduce") {
		t.Error("attention for itself needs no all-reduce")
	}
	// Slices of all experts instead: everybody needs everybody's tokens.
	ws = sharded(t, deepseekV3(), Sharding{TP: 1, ADP: 8}).Decode(nil, 64, 1000)
	if w := named(t, ws, "moe_all_gather"); w.Write != 64*7168*2 {
		t.Errorf("moe_all_gather of %v, want 64 tokens", w.Write)
	}
	// Attention that is shared has every token everywhere: partial sums are reduced, nothing is sent to experts.
	ws = sharded(t, deepseekV3(), Sharding{TP: 8, EP: 8}).Decode(nil, 64, 1000)
	if has(ws, "moe_dispatch") || named(t, ws, "mlp_all_reduce").Count != 61 {
		t.Error("want an all-reduce in each layer and no all-to-all")
	}
}

func TestCheck(t *testing.T) {
	six := mixtral()
	six.Layers[0].MoE.Experts = 6
	for _, c := range []struct {
		m    *Model
		s    Sharding
		want string
	}{
		{deepseekV3(), Sharding{TP: 8}, ""},
		{deepseekV3(), Sharding{ADP: 32, EP: 32}, ""},
		{deepseekV3(), Sharding{TP: 4, ADP: 4, EP: 16}, ""},
		{qwenHybrid(), Sharding{TP: 4, EP: 4}, ""},
		{nemotron(), Sharding{TP: 8, EP: 8}, ""},
		{deepseekV3(), Sharding{TP: 3}, "deepseek-v3: tensor parallelism 3 does not divide its 128 attention heads; it can be 1, 2, 4, 8, 16, 32, 64 or 128"},
		{deepseekV3(), Sharding{TP: 8, EP: 3}, "deepseek-v3: expert parallelism 3 does not divide the 8 devices of tensor parallelism 8 × " +
			"attention data parallelism 1"},
		{six, Sharding{TP: 4, EP: 4}, "mixtral-8x7b: tensor parallelism 4, attention data parallelism 1 and expert parallelism 4 do not " +
			"divide its 6 experts; with these expert parallelism can be 1 or 2"},
		{llama8B(), Sharding{TP: 2, EP: 2}, "llama-3.1-8b: expert and attention data parallelism are for a mixture of experts, which it " +
			"is not: want 1, and replicas instead"},
		{mixtral(), Sharding{TP: -1}, "mixtral-8x7b: tensor parallelism -1: want at least 1"},
		{mixtral(), Sharding{TP: 2, EP: -2}, "mixtral-8x7b: expert parallelism -2: want at least 1"},
		{qwenHybrid(), Sharding{TP: 32}, "qwen3-next-80b-a3b: tensor parallelism 32 does not divide the 16 key heads of its linear attention; " +
			"it can be 1, 2, 4, 8 or 16"},
		{gptOSS(), Sharding{TP: 128}, "gpt-oss-120b: tensor parallelism 128 does not divide its 64 attention heads; it can be 1, 2, 4, 8, 16, " +
			"32 or 64"},
		{nemotron(), Sharding{TP: 64}, "nemotron-3-super: tensor parallelism 64 does not divide its 32 attention heads; it can be 1, 2, 4, 8, " +
			"16 or 32"},
	} {
		got := ""
		if err := c.m.Check(c.s); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("Check(%+v) = %q\n want %q", c.s, got, c.want)
		}
	}
}

// layouts are the ways to lay out the models of [every] that they allow.
func layouts(m *Model) []Sharding {
	var list []Sharding
	for _, s := range []Sharding{{TP: 2}, {TP: 4}, {TP: 2, EP: 2}, {TP: 4, EP: 2}, {ADP: 4}, {ADP: 4, EP: 4}, {TP: 2, ADP: 2, EP: 4}, {TP: 2, ADP: 2}} {
		if m.Check(s) == nil {
			list = append(list, s)
		}
	}
	return list
}

// The devices together do at least the work of one, in every layout of every kind of model, and hold at least its weights.
func TestLayoutsSumToTheWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := rapid.SampledFrom(every()).Draw(t, "model")
		s := Step{Batch: 4 * tokens(64).Draw(t, "batch ÷ 4"), Context: tokens(20_000).Draw(t, "context"),
			Prompts: 4 * tokens(2).Draw(t, "prompts ÷ 4"), Tokens: tokens(5000).Draw(t, "tokens"), Prefix: tokens(3000).Draw(t, "prefix")}
		one := m.alone(Formats{})
		a := model.Sum(one.Step(nil, s))
		for _, layout := range layouts(m) {
			p, err := m.Sharded(Formats{}, layout)
			if err != nil {
				t.Fatal(err)
			}
			b := model.Sum(p.Step(nil, s))
			n := float64(p.Sharding.devices()) * (1 + 1e-9)
			if b.MACs*n < a.MACs || float64(b.FLOPs)*n < float64(a.FLOPs) || float64(b.Weights)*n < float64(a.Weights) ||
				float64(b.KV)*n < float64(a.KV) || float64(p.WeightBytes())*n < float64(one.WeightBytes()) {
				t.Errorf("%s: %+v: %d devices do %+v each, one does %+v", m.Name, layout, p.Sharding.devices(), b, a)
			}
		}
	})
}

package transformer

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"roofline/hardware/dtype"
	"roofline/model"
)

// anyModel draws a model that up to 8 devices can share.
func anyModel(t *rapid.T) *Model {
	m := &Model{
		Name:           "any",
		Hidden:         8 * rapid.IntRange(1, 1024).Draw(t, "hidden ÷ 8"),
		Vocab:          rapid.IntRange(1, 300_000).Draw(t, "vocab"),
		TiedEmbeddings: rapid.Bool().Draw(t, "tied"),
		HeadBias:       rapid.Bool().Draw(t, "head bias"),
		Positions:      rapid.SampledFrom([]int{0, 1024}).Draw(t, "positions"),
		DType:          rapid.SampledFrom([]dtype.DType{dtype.BF16, dtype.FP16, dtype.FP32}).Draw(t, "dtype"),
	}
	for range rapid.IntRange(1, 3).Draw(t, "kinds") {
		group := rapid.SampledFrom([]int{1, 2, 4, 8}).Draw(t, "group")
		kvHeads := rapid.SampledFrom([]int{1, 2, 4, 8, 16}).Draw(t, "kv heads")
		group = max(group, 8/kvHeads)
		dim := 8 * rapid.IntRange(1, 32).Draw(t, "head dim ÷ 8")
		m.Layers = append(m.Layers, Layer{
			Count: rapid.IntRange(1, 100).Draw(t, "count"),
			Attention: Attention{
				Heads: group * kvHeads, KVHeads: kvHeads, HeadDim: dim, Rotary: dim,
				Window:  rapid.SampledFrom([]int{0, 1, 7, 1024}).Draw(t, "window"),
				QKNorm:  QKNorm(rapid.IntRange(0, 2).Draw(t, "qk norm")),
				QKVBias: rapid.Bool().Draw(t, "qkv bias"), OutBias: rapid.Bool().Draw(t, "out bias"),
				Unquantized: rapid.Bool().Draw(t, "unquantized"),
			},
			MLP: MLP{
				Intermediate: 8 * rapid.IntRange(1, 4096).Draw(t, "intermediate ÷ 8"),
				Gated:        rapid.Bool().Draw(t, "gated"), Bias: rapid.Bool().Draw(t, "mlp bias"),
			},
			Norm:     Norm(rapid.IntRange(0, 2).Draw(t, "norm")),
			Norms:    rapid.SampledFrom([]int{1, 2, 4}).Draw(t, "norms"),
			Parallel: rapid.Bool().Draw(t, "parallel"),
		})
	}
	return m
}

func anyPlan(t *rapid.T, m *Model, tp int) *Plan {
	p, err := m.Plan(Formats{}, tp)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func tokens(most int) *rapid.Generator[float64] {
	return rapid.Map(rapid.IntRange(1, most), func(n int) float64 { return float64(n) })
}

// closeTo reports equality up to rounding.
func closeTo(a, b float64) bool { return math.Abs(a-b) <= 1e-12*max(math.Abs(a), math.Abs(b)) }

// The bytes a plan holds are those of the parameters, each tensor counted in another place.
func TestPlanHoldsTheParameters(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := anyModel(t)
		p := anyPlan(t, m, 1)
		if got, want := float64(p.WeightBytes()), m.Parameters()*m.DType.Size(); !closeTo(got, want) {
			t.Errorf("plan holds %v bytes, want %v", got, want)
		}
		if got, want := float64(p.StepWeightBytes()), m.ActiveParameters()*m.DType.Size(); !closeTo(got, want) {
			t.Errorf("a step reads %v bytes, want %v", got, want)
		}
		context := tokens(10_000).Draw(t, "context")
		if got, want := p.KVBytes(context), m.KVBytes(context, m.DType); !closeTo(float64(got), float64(want)) {
			t.Errorf("cache of %v, want %v", got, want)
		}
	})
}

// The devices together do at least the work of one.
func TestShardsSumToTheWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := anyModel(t)
		tp := rapid.SampledFrom([]int{2, 4, 8}).Draw(t, "tp")
		s := Step{
			Batch: tokens(256).Draw(t, "batch"), Context: tokens(10_000).Draw(t, "context"),
			Prompts: tokens(8).Draw(t, "prompts"), Tokens: tokens(10_000).Draw(t, "tokens"),
		}
		whole, shard := anyPlan(t, m, 1), anyPlan(t, m, tp)
		a, b := model.Sum(whole.Step(nil, s)), model.Sum(shard.Step(nil, s))
		n := float64(tp) * (1 + 1e-12)
		if b.MACs*n < a.MACs || float64(b.FLOPs)*n < float64(a.FLOPs) || float64(b.Weights)*n < float64(a.Weights) ||
			float64(b.KV)*n < float64(a.KV) || float64(shard.WeightBytes())*n < float64(whole.WeightBytes()) {
			t.Errorf("%d devices do %+v each, one does %+v", tp, b, a)
		}
	})
}

func TestWorkIsMonotone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := anyPlan(t, anyModel(t), 1)
		batch, context := tokens(256).Draw(t, "batch"), tokens(10_000).Draw(t, "context")
		base := model.Sum(p.Decode(nil, batch, context))
		for _, more := range []model.Totals{
			model.Sum(p.Decode(nil, batch+1, context)), model.Sum(p.Decode(nil, batch, context+1)),
		} {
			if more.MACs < base.MACs || more.FLOPs < base.FLOPs || more.Bytes() < base.Bytes() || more.Weights != base.Weights {
				t.Errorf("more work is %+v, less is %+v", more, base)
			}
		}
	})
}

// A prompt in chunks computes what the whole prompt does, and the head once more per chunk.
func TestChunksSumToThePrompt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := anyPlan(t, anyModel(t), 1)
		first, second := tokens(5000).Draw(t, "first"), tokens(5000).Draw(t, "second")
		macs := func(ws []model.Work) float64 { return model.Sum(ws).MACs }
		whole := macs(p.Prefill(nil, 1, first+second, 0))
		chunks := macs(p.Prefill(nil, 1, first, 0)) + macs(p.Prefill(nil, 1, second, first))
		head := 0.0
		for _, w := range p.Prefill(nil, 1, 1, 0) {
			if w.Name == "lm_head" {
				head = w.MACs
			}
		}
		if !closeTo(chunks, whole+head) {
			t.Errorf("chunks take %v MACs, the whole prompt %v and a head %v", chunks, whole, head)
		}
	})
}

// The matrix form of every product multiplies up to its multiply-accumulates.
func TestMatrixForm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := anyPlan(t, anyModel(t), rapid.SampledFrom([]int{1, 2, 8}).Draw(t, "tp"))
		ws := p.Step(nil, Step{Batch: tokens(256).Draw(t, "batch"), Context: tokens(10_000).Draw(t, "context"),
			Prompts: 2, Tokens: tokens(5000).Draw(t, "tokens"), Prefix: tokens(5000).Draw(t, "prefix")})
		if len(ws) > p.Len() {
			t.Errorf("%d entries, Len says %d", len(ws), p.Len())
		}
		for _, w := range ws {
			if !closeTo(w.M*w.N*w.K*w.Groups, w.MACs) {
				t.Errorf("%s: %v × %v × %v in %v groups is not %v MACs", w.Name, w.M, w.N, w.K, w.Groups, w.MACs)
			}
			if w.FLOPs < 0 || float64(w.FLOPs) < 2*w.MACs*(1-1e-12) {
				t.Errorf("%s: %v for %v MACs", w.Name, w.FLOPs, w.MACs)
			}
		}
	})
}

// Every kind of model: its plan holds its parameters, reads the active ones for a token, and its entries add up.
func TestEveryModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := rapid.SampledFrom(every()).Draw(t, "model")
		p := m.alone(Formats{Weights: m.DType})
		if got, want := float64(p.WeightBytes()), m.Parameters()*m.DType.Size(); !closeTo(got, want) {
			t.Errorf("%s: the plan holds %v bytes, want %v", m.Name, got, want)
		}
		if got, want := float64(p.StepWeightBytes()), m.ActiveParameters()*m.DType.Size(); !closeTo(got, want) {
			t.Errorf("%s: a step reads %v bytes, want %v", m.Name, got, want)
		}
		s := Step{Batch: tokens(256).Draw(t, "batch"), Context: tokens(20_000).Draw(t, "context"),
			Prompts: tokens(4).Draw(t, "prompts"), Tokens: tokens(5000).Draw(t, "tokens"), Prefix: tokens(5000).Draw(t, "prefix")}
		ws := p.Step(nil, s)
		if len(ws) > p.Len() {
			t.Errorf("%s: %d entries, Len says %d", m.Name, len(ws), p.Len())
		}
		for _, w := range ws {
			if product := w.M * w.N * w.K * w.Groups; math.Abs(product-w.MACs) > 1e-9*w.MACs {
				t.Errorf("%s: %s: %v × %v × %v in %v groups is not %v MACs", m.Name, w.Name, w.M, w.N, w.K, w.Groups, w.MACs)
			}
			if !(float64(w.FLOPs) >= 2*w.MACs*(1-1e-9)) || !(w.Weights >= 0) || !(w.KV >= 0) || !(w.Read >= 0) || !(w.Write >= 0) || !(w.Count > 0) {
				t.Errorf("%s: %+v", m.Name, w)
			}
		}
	})
}

// More sequences, longer contexts and longer prompts are more work; a chunked window's newest token may see fewer.
func TestEveryModelIsMonotone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := rapid.SampledFrom(every()).Draw(t, "model")
		p := m.alone(Formats{})
		s := Step{Batch: tokens(256).Draw(t, "batch"), Context: tokens(20_000).Draw(t, "context"),
			Prompts: tokens(4).Draw(t, "prompts"), Tokens: tokens(5000).Draw(t, "tokens")}
		base := model.Sum(p.Step(nil, s))
		for name, change := range map[string]func(*Step){
			"batch": func(s *Step) { s.Batch++ }, "prompts": func(s *Step) { s.Prompts++ }, "tokens": func(s *Step) { s.Tokens++ },
			"context": func(s *Step) { s.Context++ },
		} {
			if name == "context" && m.Name == "llama-4-scout" {
				continue
			}
			larger := s
			change(&larger)
			more := model.Sum(p.Step(nil, larger))
			if more.MACs < base.MACs || more.FLOPs < base.FLOPs || more.Bytes() < base.Bytes()*(1-1e-12) || more.Weights < base.Weights*(1-1e-12) {
				t.Errorf("%s: one more of %s is %+v, before %+v", m.Name, name, more, base)
			}
		}
		if p.KVBytes(s.Context) > p.KVBytes(s.Context+1) {
			t.Errorf("%s: a longer sequence keeps less", m.Name)
		}
	})
}

func TestStepDoesNotAllocate(t *testing.T) {
	for _, m := range every() {
		p := m.alone(Formats{})
		buf := make([]model.Work, 0, p.Len())
		if allocs := testing.AllocsPerRun(100, func() {
			buf = p.Step(buf[:0], Step{Batch: 16, Context: 2048, Prompts: 1, Tokens: 512})
		}); allocs != 0 {
			t.Errorf("%s: a step allocates %v times", m.Name, allocs)
		}
		if allocs := testing.AllocsPerRun(100, func() { p.KVBytes(1000) }); allocs != 0 {
			t.Errorf("%s: KVBytes allocates %v times", m.Name, allocs)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	for _, m := range []*Model{llama8B(), mixtral(), deepseekV3(), deepseekV32(), gptOSS(), qwenHybrid()} {
		b.Run(m.Name, func(b *testing.B) {
			p := m.alone(Formats{})
			buf := make([]model.Work, 0, p.Len())
			b.ReportAllocs()
			for b.Loop() {
				buf = p.Decode(buf[:0], 16, 2048)
			}
		})
	}
}

func BenchmarkPlan(b *testing.B) {
	for _, m := range []*Model{llama8B(), deepseekV3()} {
		b.Run(m.Name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				plan(b, m, Formats{}, 8)
			}
		})
	}
}

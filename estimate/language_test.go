package estimate

import (
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"

	"roofline/estimate/cost"
	"roofline/estimate/parallel"
	"roofline/estimate/runtime"
	"roofline/hardware"
	"roofline/hardware/dtype"
	"roofline/hardware/unit"
	"roofline/model/transformer"
	"roofline/model/zoo"
)

func h100() *hardware.Device {
	d := &hardware.Device{ID: "nvidia-h100-sxm5-80gb", Kind: hardware.GPU}
	d.Matrix[dtype.BF16], d.Matrix[dtype.FP8], d.Vector[dtype.FP32] = 989e12, 1979e12, 66.9e12
	d.Memory.Bandwidth, d.Memory.Capacity, d.Cache.LastLevel = 3.35e12, 81559*unit.MiB, 50e6
	d.Links = []hardware.Link{{Kind: "nvlink4", Bandwidth: 450e9, Domain: 8}}
	d.Cores.Count = 132
	return d
}

// served is a runtime with every kind of overhead.
var served = &runtime.Profile{ID: "served", Kinds: []hardware.Kind{hardware.GPU}, Overlap: 0.8, MemoryShare: 0.9,
	PerLayer: 15e-6, PerStep: 200e-6, PerSequence: 10e-6, PerRequest: 5e-3, Fill: 64, SplitK: 3e-6, Reduce: runtime.DirectReduce{OneStep: 8 * unit.MiB, TwoStep: 8 * unit.MiB},
	Convert: runtime.Convert{FP8: 4e-6}, Attention: runtime.Attention{Prefill: 9e-6, Decode: 8e-6, Block: 2e-6, Ramp: 45e6},
	Tiles: []runtime.Tile{{M: 256, N: 128, Rate: 1}, {M: 128, N: 256, Rate: 1}, {M: 128, N: 128, Rate: 1}, {M: 128, N: 64, Rate: 1},
		{M: 64, N: 128, Rate: 1}, {M: 64, N: 64, Rate: 0.5}, {M: 16, N: 64, Rate: 0.1}}}

// prefillFirst is that runtime with prompts before decode.
func prefillFirst() runtime.Profile {
	p := *served
	p.PrefillFirst, p.Chunk = true, 16384
	return p
}

func language(t testing.TB, name string, p *runtime.Profile, devices, tp int, f transformer.Formats) *Language {
	t.Helper()
	e, ok := zoo.FindLanguage(name)
	if !ok {
		t.Fatalf("no model %s", name)
	}
	m, err := e.Model()
	if err != nil {
		t.Fatal(err)
	}
	kind := func(string) hardware.LinkKind { return hardware.LinkKind{Latency: 15e-6, Share: 0.8} }
	fabric, err := parallel.Place(h100(), parallel.Plan{TP: tp}, kind, parallel.Network{})
	if err != nil {
		t.Fatal(err)
	}
	l, err := NewLanguage(m, &Target{Device: h100(), Runtime: p, Count: devices, Plan: parallel.Plan{TP: tp}, Fabric: fabric,
		Efficiency: hardware.Efficiency{Default: 0.75, Bandwidth: 0.85, KernelFloor: 3e-6}}, f)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestDecodeBound: a decode step must read the weights but for the input embedding, and every sequence's cache.
//
//	Llama-3.1-8B in bf16: 7 504 924 672 · 2 = 15.010 GB, and 2048 · 131 072 = 0.268 GB per sequence, at 3.35 TB/s:
//	batch 1: 15.278 GB → 4.56 ms; 16: 19.305 GB → 5.76 ms; 64: 32.190 GB → 9.61 ms;
//	Llama-3.1-70B over 4 devices, batch 1: (139.006 + 0.671) GB ÷ 4 → 10.42 ms, and 16 KiB · 160 over the links
//
// of which the last-level cache could hold 50 MB (15 µs).
func TestDecodeBound(t *testing.T) {
	for _, c := range []struct {
		model          string
		tp             int
		batch, wantMs  float64
		toleranceShare float64
	}{
		{"llama-3.1-8b", 1, 1, 4.56, 0.005},
		{"llama-3.1-8b", 1, 16, 5.76, 0.005},
		{"llama-3.1-8b", 1, 64, 9.61, 0.005},
		{"llama-3.1-70b", 4, 1, 10.4, 0.005},
	} {
		got := float64(language(t, c.model, ideal, c.tp, c.tp, transformer.Formats{}).Decode(c.batch, 2048).Bound) * 1e3
		if math.Abs(got-c.wantMs) > c.toleranceShare*c.wantMs {
			t.Errorf("%s at batch %.0f on %d: bound %.4f ms, want %.2f", c.model, c.batch, c.tp, got, c.wantMs)
		}
	}
}

// TestLittle is the worked point of docs/definitions.md.
func TestLittle(t *testing.T) {
	r := Request{ISL: 1024, OSL: 1024}
	e2e := r.EndToEnd(0.4, 0.020)
	near(t, "end to end", float64(e2e), 20.86)
	if got := r.OutputRate(32, e2e); math.Round(got) != 1571 {
		t.Errorf("output rate %.2f, want 1571 tokens/s", got)
	}
	// At $2.69/h: 2.69 ÷ (1570.9 · 3600) per token is $0.476 per million.
	bill := cost.Bill{USDPerHour: 2.69, Utilization: 1}
	if got := float64(bill.Per(r.OutputRate(32, e2e), 1e6)); math.Abs(got-0.476) > 0.0005 {
		t.Errorf("$%.4f per M tokens, want 0.476", got)
	}
}

// TestServe checks the identities of every answer: concurrency · OSL = tokens/s · end to end, end to end = TTFT +
// (OSL−1) · TPOT, nothing below its bound, and one user waits for nobody.
func TestServe(t *testing.T) {
	first := prefillFirst()
	for _, p := range []*runtime.Profile{ideal, served, &first} {
		l := language(t, "llama-3.1-8b", p, 2, 1, transformer.Formats{})
		rapid.Check(t, func(t *rapid.T) {
			r := Request{ISL: math.Floor(rapid.Float64Range(1, 32768).Draw(t, "isl")), OSL: math.Floor(rapid.Float64Range(1, 4096).Draw(t, "osl"))}
			users := math.Floor(rapid.Float64Range(1, 512).Draw(t, "users")) // 1: one of the two replicas idles
			e := l.Estimate(users, r)
			same := func(what string, a, b float64) {
				if math.Abs(a-b) > 1e-9*math.Max(math.Abs(a), math.Abs(b)) {
					t.Fatalf("%s: %g and %g", what, a, b)
				}
			}
			same("Little's law", users*r.OSL, e.Throughput.Value*float64(e.Latency.Expected))
			if e.Decode != nil {
				same("end to end", float64(e.Latency.Expected), float64(e.Prefill.TTFT.Expected)+(r.OSL-1)*float64(e.Decode.TPOT.Expected))
				ordered(t, e.Decode.TPOT)
			}
			ordered(t, e.Prefill.TTFT)
			ordered(t, *e.Latency)
			alone, more := l.Serve(users, r), l.Serve(users+1, r)
			if more.Latency.Mean < alone.Latency.Mean {
				t.Fatalf("another user makes requests faster: %v, then %v", alone.Latency.Mean, more.Latency.Mean)
			}
		})
		one, prefill := l.Serve(1, Request{ISL: 1000, OSL: 100}), l.Prefill(1, 1000, 0)
		near(t, "TTFT alone", float64(one.TTFT.Mean), float64(prefill.Expected+p.PerRequest))
		near(t, "TPOT alone", float64(one.TPOT.Mean), float64(l.Decode(1, 1050).Expected))
	}
}

func ordered(t *rapid.T, b Band) {
	if !(b.Bound > 0 && b.Bound <= b.Low && b.Low <= b.Expected && b.Expected <= b.High) || math.IsInf(float64(b.High), 0) {
		t.Fatalf("band out of order: %+v", b)
	}
}

// TestPrefillFirst: a runtime that prefills before it decodes takes its own chunk where none is said, and the one that is
// said else. The first token comes later than where prompts share the steps, and the others sooner.
func TestPrefillFirst(t *testing.T) {
	r := Request{ISL: 1024, OSL: 256}
	first := prefillFirst()
	shared := language(t, "llama-3.1-8b", served, 1, 1, transformer.Formats{}).Serve(64, r)
	l := language(t, "llama-3.1-8b", &first, 1, 1, transformer.Formats{})
	large := l.Serve(64, r)
	if large.TTFT.Mean < 2*shared.TTFT.Mean || large.TPOT.Mean > shared.TPOT.Mean {
		t.Errorf("TTFT %v and TPOT %v where prompts go first, %v and %v where they don't", large.TTFT.Mean, large.TPOT.Mean, shared.TTFT.Mean, shared.TPOT.Mean)
	}
	l.Target.Batching.Chunk = 2048
	if small := l.Serve(64, r); small.TTFT.Mean >= large.TTFT.Mean {
		t.Errorf("TTFT %v in chunks of 2048, %v of 16384", small.TTFT.Mean, large.TTFT.Mean)
	}
}

// TestRoom: Llama-3.1-8B on an 80 GB H100 with 90 % of its memory in use. By hand, in GiB: 79.647 · 0.9 = 71.683, less
// 14.958 of weights, 8192 · 102 400 bytes = 0.781 and 256 · 513 024 bytes = 0.122 of activations, leaves 55.821, which
// is 457 289 tokens of 131 072 bytes.
func TestRoom(t *testing.T) {
	l := language(t, "llama-3.1-8b", served, 1, 1, transformer.Formats{})
	r, err := l.Room(8192)
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(r.Tokens-457_289) > 50 {
		t.Errorf("%.0f tokens of KV cache, want 457,289", r.Tokens)
	}
	near(t, "users", r.Users, math.Floor(r.Tokens/8192))
	if r.LongestContext != 131072 {
		t.Errorf("longest context %.0f, want the model's 131,072", r.LongestContext)
	}
	if m := r.Memory; m.Total > m.Capacity || float64(m.Total) < 0.9999*float64(m.Capacity) {
		t.Errorf("the cache does not fill the memory: %v of %v", m.Total, m.Capacity)
	}
	big, err := language(t, "llama-3.1-70b", served, 1, 1, transformer.Formats{}).Room(8192)
	if err != nil || big.Users != 0 || big.Short <= 0 {
		t.Errorf("70B on one device: %+v, %v", big, err)
	}
}

// TestEstimateDoesNotAllocate keeps the inner loop of sweeps free of garbage.
func TestEstimateDoesNotAllocate(t *testing.T) {
	l := language(t, "llama-3.1-70b", served, 8, 8, transformer.Formats{Weights: dtype.FP8})
	if n := testing.AllocsPerRun(100, func() { l.Decode(16, 2048) }); n != 0 {
		t.Errorf("%v allocations per step", n)
	}
	if n := testing.AllocsPerRun(100, func() { l.Serve(16, Request{ISL: 1024, OSL: 1024}) }); n != 0 {
		t.Errorf("%v allocations per load", n)
	}
}

func BenchmarkDecode(b *testing.B) {
	for _, c := range []struct {
		name    string
		profile *runtime.Profile
		tp      int
	}{{"llama-3.1-8b", ideal, 1}, {"llama-3.1-8b", served, 1}, {"llama-3.1-8b", served, 8}, {"deepseek-v3", ideal, 8}, {"deepseek-v3", served, 8}} {
		b.Run(fmt.Sprintf("%s-%s-tp%d", c.name, c.profile.ID, c.tp), func(b *testing.B) {
			l := language(b, c.name, c.profile, c.tp, c.tp, transformer.Formats{})
			b.ReportAllocs()
			batch := 1.0
			for b.Loop() {
				l.Decode(batch, 2048)
				batch++
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "estimates/s")
		})
	}
}

// planned compiles a model for a plan on H100s in one domain.
func planned(t *rapid.T, m *transformer.Model, p *runtime.Profile, plan parallel.Plan) (*Language, error) {
	d := h100()
	d.Links[0].Domain = 1024
	fabric, err := parallel.Place(d, plan, func(string) hardware.LinkKind { return hardware.LinkKind{Share: 1} }, parallel.Network{})
	if err != nil {
		t.Fatal(err)
	}
	return NewLanguage(m, &Target{Device: d, Runtime: p, Count: plan.Devices(), Plan: plan, Fabric: fabric, Efficiency: hardware.Efficiency{Default: 0.75, Bandwidth: 0.85}}, transformer.Formats{})
}

// TestPlansObeyPhysics: n devices never beat 1/n of the floor of one for the same step (their last-level caches, which
// add up, aside), and a pipeline never shortens what one sequence waits for.
func TestPlansObeyPhysics(t *testing.T) {
	var models []*transformer.Model
	for _, name := range []string{"llama-3.1-8b", "qwen3-30b-a3b", "deepseek-v3", "gpt-oss-120b"} {
		e, ok := zoo.FindLanguage(name)
		if !ok {
			t.Fatalf("no model %s", name)
		}
		m, err := e.Model()
		if err != nil {
			t.Fatal(err)
		}
		models = append(models, m)
	}
	checked := 0
	rapid.Check(t, func(t *rapid.T) {
		m := rapid.SampledFrom(models).Draw(t, "model")
		degree := func(name string) int { return rapid.SampledFrom([]int{1, 2, 4, 8}).Draw(t, name) }
		plan := parallel.Plan{TP: degree("tp"), PP: degree("pp"), DP: degree("dp")}
		if plan.DP > 1 {
			plan.EP = degree("ep")
		}
		spread, err := planned(t, m, ideal, plan)
		if err != nil {
			return // does not divide
		}
		checked++
		one, err := planned(t, m, ideal, parallel.Plan{})
		if err != nil {
			t.Fatal(err)
		}
		batch := float64(rapid.IntRange(1, 1024).Draw(t, "batch")) // also fewer than ranks
		context := float64(rapid.IntRange(1, 8192).Draw(t, "context"))
		n := float64(plan.Devices())
		cache := h100().Cache.LastLevel.At(h100().Memory.Bandwidth)
		if got, least := spread.Decode(batch, context).Bound, one.Decode(batch, context).Bound/unit.Seconds(n)-cache; got < least*(1-1e-9) {
			t.Fatalf("%s %v: bound %v on %v devices, %v of one ÷ n", m.Name, plan, got, n, least)
		}
		stages, err := planned(t, m, served, parallel.Plan{PP: plan.PP})
		if err != nil {
			t.Fatal(err)
		}
		alone, err := planned(t, m, served, parallel.Plan{})
		if err != nil {
			t.Fatal(err)
		}
		if got, least := stages.Decode(1, context).Expected, alone.Decode(1, context).Expected; got < least*(1-1e-12) {
			t.Fatalf("%s: %d stages give a token in %v, one in %v", m.Name, plan.PP, got, least)
		}
	})
	if checked < 20 {
		t.Errorf("only %d plans checked", checked)
	}
}

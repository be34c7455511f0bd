package serving

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"roofline/estimate/slo"
	"roofline/hardware/unit"
)

// linear is a replica whose steps take a fixed time, more for each sequence and each prompt token, and whose cache has so
// many places.
type linear struct {
	fixed, sequence, token unit.Seconds
	places                 float64
}

func (e linear) Pass(s Step) (busy, latency unit.Seconds) {
	t := e.fixed + e.sequence*unit.Seconds(s.Batch) + e.token*unit.Seconds(s.Prompts*s.Tokens)
	return t, t
}

func (e linear) Share(float64, float64) float64 { return 1 / e.places }

func near(t *testing.T, what string, got, want, within float64) {
	t.Helper()
	if !(math.Abs(got-want) <= within*math.Abs(want)) {
		t.Errorf("%s %g, want %g", what, got, want)
	}
}

// By hand: a prompt of 1000 tokens takes 10 + 100 ms, a decode step of one sequence 11 ms, and the host 40 ms. One user
// alone has the first token after 150 ms and the 10 others after 110 ms more.
func TestAlone(t *testing.T) {
	s := &Server{Engine: linear{0.010, 0.001, 0.0001, 8}, Host: 0.040}
	l := Lengths{ISL: 1000, OSL: 11}
	a := s.Closed(1, l)
	near(t, "TTFT", float64(a.TTFT.Mean), 0.150, 1e-9)
	near(t, "TPOT", float64(a.TPOT.Mean), 0.011, 1e-9)
	near(t, "latency", float64(a.Latency.Mean), 0.260, 1e-9)
	near(t, "rate", a.Rate, 1/0.260, 1e-9)
	// The host alone spreads the TTFT: 110 ms and an exponential of mean 40 ms, whose 95th percentile is ln 20 · 40 ms.
	near(t, "TTFT p95", float64(a.TTFT.P95), 0.110+0.040*math.Log(20), 0.02)
	s.Host = 0
	near(t, "TTFT without a host", float64(s.Closed(1, l).TTFT.Mean), 0.110, 1e-9)
	half := &Server{Engine: s.Engine, Hit: 0.5}
	near(t, "TTFT with half of the prompt in the cache", float64(half.Closed(1, l).TTFT.Mean), 0.060, 1e-9)
}

// By hand: the capacity of 8 places, each taken for 10 steps of 18 ms and the prefill of 8 prompts of 110 ms: 8 ÷ 1.06 s.
func TestCapacity(t *testing.T) {
	s := &Server{Engine: linear{0.010, 0.001, 0.0001, 8}}
	l := Lengths{ISL: 1000, OSL: 11}
	a := s.Open(1, 1, l)
	if a.Capacity < 8/1.06 || a.Capacity > 8/(8*0.110+10*0.011) {
		t.Errorf("capacity %g requests/s", a.Capacity)
	}
	above := s.Open(a.Capacity*1.01, 1, l)
	if above.Stable || above.Utilization() != 1 || !math.IsInf(float64(above.TTFT.Mean), 1) || above.Capacity != a.Capacity {
		t.Errorf("above its capacity: %+v", above)
	}
}

// By hand, TestMD1 has no decode: prompts of 110 ms come 5 per second, a load of 0.55, and wait 0.55 · 110 ÷ (2 · 0.45) =
// 67.2 ms on average.
func TestMD1(t *testing.T) {
	s := &Server{Engine: linear{0.010, 0, 0.0001, 1e9}}
	l := Lengths{ISL: 1000, OSL: 1}
	a := s.Open(5, 1, l)
	near(t, "TTFT", float64(a.TTFT.Mean), 0.110+0.0672, 0.05)
	near(t, "latency", float64(a.Latency.Mean), float64(a.TTFT.Mean), 1e-9)
	o := s.Simulate(Traffic{Rate: 5, Requests: 50_000, Lengths: l})
	near(t, "simulated TTFT", float64(o.Times((*Served).TTFT).Mean), 0.110+0.0672, 0.05)
	even := s.Open(5, 0, l)
	near(t, "TTFT of evenly spaced arrivals", float64(even.TTFT.Mean), 0.110, 0.06)
}

// TestSaturated: answers so short that there are always prompts to prefill. By hand, 32 users and 10 steps: 10 requests
// decode, 22 wait, a gap of 110 + 20 ms each, and the prefill.
func TestSaturated(t *testing.T) {
	s := &Server{Engine: linear{0.010, 0.001, 0.0001, 1e9}, Host: 0.001}
	l := Lengths{ISL: 1000, OSL: 11}
	a := s.Closed(32, l)
	o := s.Simulate(Traffic{Users: 32, Lengths: l})
	near(t, "TTFT", float64(a.TTFT.Mean), 0.9*(22*0.130+0.110)+0.1*33/2*0.130, 0.03)
	near(t, "simulated TTFT", float64(o.Times((*Served).TTFT).Mean), float64(a.TTFT.Mean), 0.05)
	near(t, "utilization", a.Utilization(), 1, 0.02)
}

// TestPrefillFirst: batches of 4 prompts, each 10 ms and 100 ms per prompt. By hand, of 9 that come together the first is
// done after 110 ms, four after 520 and four after 930 ms, on average after 656.7; the 273.3 until 930 are between the tokens
// of a request, which has 10 steps of 19 ms beside them.
func TestPrefillFirst(t *testing.T) {
	s := &Server{Engine: linear{0.010, 0.001, 0.0001, 1e9}, Host: 1e-6, Chunk: 4000, PrefillFirst: true}
	l := Lengths{ISL: 1000, OSL: 11}
	a, o := s.Closed(9, l), s.Simulate(Traffic{Users: 9, Lengths: l})
	near(t, "TTFT", float64(a.TTFT.Mean), 0.6567, 1e-3)
	near(t, "TPOT", float64(a.TPOT.Mean), 0.019+0.02733, 1e-3)
	near(t, "latency", float64(a.Latency.P99), 0.930+10*0.019, 1e-3)
	near(t, "simulated TTFT", float64(o.Times((*Served).TTFT).Mean), 0.6567, 0.01)
	near(t, "simulated TPOT", float64(o.Times((*Served).TPOT).Mean), 0.04633, 0.01)
	// A prompt of 110 ms every 275 ms is 40 % of the time, and a bit less where some share a batch.
	s.Engine, l.OSL = linear{0.010, 0, 0.0001, 1e9}, 1001
	open := s.Open(1/0.275, 1, l)
	near(t, "TPOT at a rate", float64(open.TPOT.Mean/open.Step), 1/(1-0.39), 0.03)
}

func TestPerStep(t *testing.T) {
	near(t, "tokens per step", Draft{Tokens: 4, Accept: 0.8}.PerStep(), 3.3616, 1e-9)
	for _, c := range []struct {
		d    Draft
		want float64
	}{{Draft{}, 1}, {Draft{Tokens: 3}, 1}, {Draft{Tokens: 3, Accept: 1}, 4}} {
		if got := c.d.PerStep(); got != c.want {
			t.Errorf("%+v: %g tokens per step, want %g", c.d, got, c.want)
		}
	}
	s := &Server{Engine: linear{0.010, 0.001, 0.0001, 8}, Draft: Draft{Tokens: 4, Accept: 0.8}}
	l := Lengths{ISL: 1000, OSL: 1001}
	a, o := s.Closed(4, l), s.Simulate(Traffic{Users: 4, Lengths: l})
	near(t, "simulated TPOT with a draft", float64(o.Times((*Served).TPOT).Mean), float64(a.TPOT.Mean), 0.05)
	s.Draft = Draft{}
	near(t, "TPOT by the draft", float64(s.Closed(4, l).TPOT.Mean/a.TPOT.Mean), 3.3616, 0.15)
}

// server draws a replica, and requests for it.
func server(t *rapid.T) (*Server, Lengths) {
	e := linear{
		fixed:    unit.Seconds(rapid.Float64Range(0.001, 0.05).Draw(t, "fixed")),
		sequence: unit.Seconds(rapid.Float64Range(0, 0.001).Draw(t, "sequence")),
		token:    unit.Seconds(rapid.Float64Range(1e-6, 3e-4).Draw(t, "token")),
		places:   rapid.Float64Range(1, 300).Draw(t, "places"),
	}
	s := &Server{Engine: e, MaxRunning: 256, Host: unit.Seconds(rapid.Float64Range(0, 0.1).Draw(t, "host")),
		Chunk: rapid.SampledFrom([]float64{0, 0, 512, 2048}).Draw(t, "chunk"),
		Lanes: rapid.SampledFrom([]float64{0, 1, 4}).Draw(t, "lanes"),
		Hit:   rapid.SampledFrom([]float64{0, 0.5, 0.9}).Draw(t, "hit")}
	s.PrefillFirst = s.Chunk > 0 && rapid.Bool().Draw(t, "first")
	if rapid.Bool().Draw(t, "draft") {
		s.Draft = Draft{Tokens: 3, Accept: 0.7}
	}
	l := Lengths{ISL: math.Floor(rapid.Float64Range(1, 20_000).Draw(t, "isl")), OSL: math.Floor(rapid.Float64Range(1, 4000).Draw(t, "osl"))}
	if rapid.Bool().Draw(t, "spread") {
		l.ISLSpread, l.OSLSpread = 0.5, 0.8
	}
	return s, l
}

// TestConservation: in every answer Little's law holds, no time is below the mean's parts, percentiles are in order, and
// the load is at most what can be taken.
func TestConservation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, l := server(t)
		check := func(a State) {
			if !a.Stable {
				return
			}
			if d := a.Rate*float64(a.Latency.Mean)/a.Users - 1; math.Abs(d) > 1e-9 {
				t.Fatalf("Little's law: %g/s · %v is not %g", a.Rate, a.Latency.Mean, a.Users)
			}
			if d := float64(a.TTFT.Mean+a.TPOT.Mean*unit.Seconds(l.OSL-1))/float64(a.Latency.Mean) - 1; math.Abs(d) > 1e-9 {
				t.Fatalf("latency %v is not TTFT %v and %g times TPOT %v", a.Latency.Mean, a.TTFT.Mean, l.OSL-1, a.TPOT.Mean)
			}
			if u := a.Utilization(); !(u > 0 && u <= 1) || a.Rate > a.Capacity*(1+1e-9) {
				t.Fatalf("utilization %g: %g of %g requests/s", u, a.Rate, a.Capacity)
			}
			for _, x := range []Times{a.TTFT, a.TPOT, a.Latency} {
				if !(x.Mean >= 0 && x.P95 <= x.P99) || math.IsInf(float64(x.P99), 0) {
					t.Fatalf("%+v", x)
				}
			}
		}
		check(s.Closed(rapid.Float64Range(1, 500).Draw(t, "users"), l))
		open := s.Open(1e-9, 1, l)
		check(open)
		check(s.Open(open.Capacity*rapid.Float64Range(0.01, 0.99).Draw(t, "load"), 1, l))
	})
}

// TestMonotone: more users, and more requests per second, never make requests faster.
func TestMonotone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, l := server(t)
		users := math.Floor(rapid.Float64Range(1, 400).Draw(t, "users"))
		few, many := s.Closed(users, l), s.Closed(users+math.Floor(rapid.Float64Range(1, 50).Draw(t, "more")), l)
		if many.Latency.Mean < few.Latency.Mean*(1-1e-9) {
			t.Fatalf("latency falls from %v at %g users to %v at %g", few.Latency.Mean, few.Users, many.Latency.Mean, many.Users)
		}
		load := rapid.Float64Range(0.01, 0.9).Draw(t, "load") * few.Capacity
		slow, fast := s.Open(load, 1, l), s.Open(load*1.05, 1, l)
		if fast.TTFT.Mean < slow.TTFT.Mean*(1-1e-9) || fast.TPOT.Mean < slow.TPOT.Mean*(1-1e-9) {
			t.Fatalf("at %g of %g requests/s TTFT %v, TPOT %v; at 1.05 of that %v and %v", load, few.Capacity, slow.TTFT.Mean, slow.TPOT.Mean, fast.TTFT.Mean, fast.TPOT.Mean)
		}
	})
}

// TestSimulatedLittle: in the simulation requests in flight = rate · latency, tokens are conserved, nothing is faster than
// alone, replicas are never busier than all the time, and equal traffic has equal outcomes.
func TestSimulatedLittle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, l := server(t)
		l.OSL = min(l.OSL, 500)
		users := rapid.IntRange(1, 24).Draw(t, "users")
		traffic := Traffic{Users: users, Lengths: l, Seed: rapid.Uint64().Draw(t, "seed"), Replicas: rapid.IntRange(1, min(2, users)).Draw(t, "replicas")}
		o := s.Simulate(traffic)
		if len(o.Served) != users*Rounds {
			t.Fatalf("%d requests of %d users", len(o.Served), users)
		}
		// Requests that are still in flight at the end are missing: at most one per user in ten rounds. Where prompts go first and
		// answers of one token come back at once, others starve.
		starve := s.PrefillFirst && l.OSLSpread > 0 && math.Round(l.OSL*(1-l.OSLSpread)) <= 1
		if n := o.Rate() * float64(o.Times((*Served).Latency).Mean); traffic.Replicas == 1 && (n > float64(users)*1.0001 || n < float64(users)*0.75 && !starve) {
			t.Fatalf("%g in flight of %d", n, users)
		}
		if o.Busy > 1 {
			t.Fatalf("busy %g of the time", o.Busy)
		}
		for i := range o.Served {
			if x := &o.Served[i]; x.First <= x.At || x.Done < x.First || x.OSL > 1 && x.Done == x.First {
				t.Fatalf("%+v", x)
			}
		}
		again := s.Simulate(traffic)
		for i := range o.Served {
			if o.Served[i] != again.Served[i] {
				t.Fatal("the same traffic has another outcome")
			}
		}
	})
}

// TestWithin: goodput counts the requests that keep every limit.
func TestWithin(t *testing.T) {
	o := &Outcome{Served: []Served{
		{Arrival{0, 10, 11}, 1, 2}, // TTFT 1 s, TPOT 0.1 s
		{Arrival{1, 10, 11}, 3, 8}, // 2 s, 0.5 s
		{Arrival{2, 10, 1}, 3, 3},  // 1 s, none
	}}
	for _, c := range []struct {
		limits string
		want   float64
	}{{"ttft=1s", 2. / 3}, {"tpot=200ms", 2. / 3}, {"ttft=2s,latency=3s", 2. / 3}, {"ttft=1ms", 0}, {"chat", 1. / 3}} {
		var limits slo.Limits
		if err := limits.UnmarshalText([]byte(c.limits)); err != nil {
			t.Fatal(err)
		}
		if got := o.Within(limits); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%s: %g of the requests, want %g", c.limits, got, c.want)
		}
	}
}

func BenchmarkClosed(b *testing.B) {
	s := &Server{Engine: linear{0.010, 0.001, 0.0001, 100}, Host: 0.040}
	b.ReportAllocs()
	for b.Loop() {
		s.Closed(64, Lengths{ISL: 1024, OSL: 1024})
	}
}

func BenchmarkSimulate(b *testing.B) {
	s := &Server{Engine: linear{0.010, 0.001, 0.0001, 100}, Host: 0.040}
	for b.Loop() {
		s.Simulate(Traffic{Users: 64, Lengths: Lengths{ISL: 1024, OSL: 1024}})
	}
}

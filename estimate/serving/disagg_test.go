package serving

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"roofline/hardware/unit"
)

// By hand, a prompt takes 110 ms and a step of one sequence 11 ms: alone, with 20 ms to hand the cache over and 40 ms of
// the host, the first token comes after 170 ms and 10 others after 110 ms more. One prefilling replica does 1 ÷ 0.110 =
// 9.09 requests per second; two that decode, 8 places each, 2 · 8 ÷ (10 · 18 ms) = 88.9.
func TestSplit(t *testing.T) {
	s := &Split{Server: Server{Engine: linear{0.010, 0.001, 0.0001, 8}, Host: 0.040}, Prefill: 1, Decode: 2, Transfer: 0.020}
	l := Lengths{ISL: 1000, OSL: 11}
	a := s.Closed(1, l)
	near(t, "TTFT", float64(a.TTFT.Mean), 0.170, 1e-9)
	near(t, "TPOT", float64(a.TPOT.Mean), 0.011, 1e-9)
	near(t, "capacity", s.Capacity(l), 1/0.110, 1e-9)
	s.Prefill = 20
	near(t, "capacity of decoding", s.Capacity(l), 88.9, 1e-3)
	if above := s.Open(100, 1, l); above.Stable || above.Utilization() != 1 {
		t.Errorf("above its capacity: %+v", above)
	}
}

// split draws a deployment with room for all.
func split(t *rapid.T) (*Split, Lengths) {
	s := &Split{Server: Server{Engine: linear{
		fixed:    unit.Seconds(rapid.Float64Range(0.004, 0.03).Draw(t, "fixed")),
		sequence: unit.Seconds(rapid.Float64Range(0.0001, 0.001).Draw(t, "sequence")),
		token:    unit.Seconds(rapid.Float64Range(1e-5, 2e-4).Draw(t, "token")),
		places:   rapid.Float64Range(32, 256).Draw(t, "places"),
	}, Host: 0.020}, Prefill: rapid.IntRange(1, 8).Draw(t, "prefill"), Decode: rapid.IntRange(2, 8).Draw(t, "decode"), Transfer: 0.005}
	return s, Lengths{ISL: math.Floor(rapid.Float64Range(100, 8000).Draw(t, "isl")), OSL: math.Floor(rapid.Float64Range(10, 2000).Draw(t, "osl"))}
}

// TestBestSplit: the search finds what trying every split finds.
func TestBestSplit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, l := split(t)
		n := rapid.IntRange(2, 40).Draw(t, "replicas")
		best := 0.0
		for x := 1; x < n; x++ {
			best = max(best, (&Split{s.Server, x, n - x, s.Transfer}).Capacity(l))
		}
		found := s.Best(n, l)
		if found.Prefill+found.Decode != n || found.Prefill < 1 || found.Decode < 1 {
			t.Fatalf("%dP%dD of %d", found.Prefill, found.Decode, n)
		}
		if got := found.Capacity(l); got < best*(1-1e-12) {
			t.Fatalf("%dP%dD does %g requests/s, the best split %g", found.Prefill, found.Decode, got, best)
		}
	})
}

// TestMoveReplica: a replica that goes from prefilling to decoding never makes a first token earlier, the wait for room where it
// decodes apart, nor a further token later.
func TestMoveReplica(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, l := split(t)
		s.Prefill++
		moved := &Split{s.Server, s.Prefill - 1, s.Decode + 1, s.Transfer}
		rate := min(s.Capacity(l), moved.Capacity(l)) * rapid.Float64Range(0.05, 0.95).Draw(t, "load")
		before, after := s.Open(rate, 1, l), moved.Open(rate, 1, l)
		if after.TTFT.Mean-after.Wait < (before.TTFT.Mean-before.Wait)*(1-1e-9) || after.TPOT.Mean > before.TPOT.Mean*(1+1e-9) {
			t.Fatalf("%dP%dD: TTFT %v, TPOT %v; one moved to decoding: %v, %v", s.Prefill, s.Decode, before.TTFT.Mean, before.TPOT.Mean, after.TTFT.Mean, after.TPOT.Mean)
		}
		if d := before.Rate*float64(before.Latency.Mean)/before.Users - 1; math.Abs(d) > 1e-9 {
			t.Fatal("Little's law")
		}
	})
}

// TestSplitSimulation holds the closed form against the simulation, by rate and by users.
func TestSplitSimulation(t *testing.T) {
	for _, e := range []linear{{0.008, 0.0001, 0.00002, 200}, {0.015, 0.0002, 0.00008, 200}} {
		for _, shape := range [][2]int{{1, 1}, {1, 2}, {3, 2}} {
			s := &Split{Server: Server{Engine: e, Host: 0.020}, Prefill: shape[0], Decode: shape[1], Transfer: 0.010}
			l := Lengths{ISL: 2048, OSL: 512}
			check := func(what string, a State, o *Outcome) {
				t.Helper()
				ttft, tpot := o.Times((*Served).TTFT), o.Times((*Served).TPOT)
				near(t, what+" TPOT", float64(a.TPOT.Mean), float64(tpot.Mean), 0.05)
				near(t, what+" TTFT", float64(a.TTFT.Mean), float64(ttft.Mean), 0.15)
				near(t, what+" TTFT p95", float64(a.TTFT.P95), float64(ttft.P95), 0.25)
			}
			for _, load := range []float64{0.4, 0.8} {
				rate := load * s.Capacity(l)
				check("by rate", s.Open(rate, 1, l), s.Simulate(Traffic{Rate: rate, Requests: 20_000, Lengths: l, Seed: 1}))
			}
			for _, users := range []int{8, 32} {
				o := &Outcome{}
				for seed := range uint64(5) {
					o.Served = append(o.Served, s.Simulate(Traffic{Users: users, Lengths: l, Seed: seed}).Served...)
				}
				check("by users", s.Closed(float64(users), l), o)
			}
		}
	}
}

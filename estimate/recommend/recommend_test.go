package recommend

import (
	"context"
	"errors"
	"math"
	"testing"

	"roofline/estimate"
	"roofline/estimate/cost"
	"roofline/estimate/parallel"
	"roofline/estimate/slo"
	"roofline/estimate/sweep"
	"roofline/hardware"
	"roofline/hardware/unit"
)

// machine takes start + each · users for a token, so that a replica of one device with n users puts through
// n ÷ (start + each · n) tokens a second: prefill takes no time.
type machine struct {
	start, each unit.Seconds
	low, high   float64 // ends of its band
	most        float64 // users that fit
	price       float64 // of a device-hour; 0: not known
}

func (m machine) Deploy(t *estimate.Target) (sweep.Deployment, error) {
	if m.start == 0 {
		return nil, errors.New("it has no such arithmetic")
	}
	return deployed{m, t}, nil
}

type deployed struct {
	machine
	target *estimate.Target
}

func (d deployed) Shares() float64        { return float64(d.target.Count) }
func (d deployed) Most() (float64, error) { return d.most * d.Shares(), nil }

func (d deployed) Tries() float64 { return 16 }

func (d deployed) At(users float64) *estimate.Result {
	t := d.start + d.each*unit.Seconds(users/d.Shares())
	band := estimate.Band{Low: t * unit.Seconds(d.low), Expected: t, High: t * unit.Seconds(d.high)}
	rate := users / float64(t)
	limit := estimate.MemoryBandwidth
	r := &estimate.Result{Device: d.target.Device.ID, Count: d.target.Count, Replicas: d.target.Count, BoundBy: &limit,
		Workload: estimate.Workload{Concurrency: users}, Latency: &band, Decode: &estimate.Decode{TPOT: band},
		Throughput: &estimate.Throughput{Value: rate, Unit: "output tokens/s"},
		Memory:     &estimate.Footprint{Total: 3 * unit.GiB, Capacity: 2 * unit.GiB}}
	if d.price > 0 {
		r.Cost = &estimate.Cost{USDPerHour: unit.USDPerHour(d.price * float64(d.target.Count))}
	}
	return r
}

func candidates(machines map[string]machine, order ...string) (out []Candidate) {
	for _, id := range order {
		target := estimate.Target{Device: &hardware.Device{ID: id}, Plan: parallel.Plan{TP: 1}, Count: 1, Terms: &cost.Terms{}}
		out = append(out, Candidate{Case: sweep.Case{Target: target, Model: machines[id]}, Scale: func(n int) (estimate.Target, error) {
			t := target
			t.Count = n
			return t, nil
		}})
	}
	return out
}

func limits(t *testing.T, text string) (ls slo.Limits) {
	t.Helper()
	if err := ls.UnmarshalText([]byte(text)); err != nil {
		t.Fatal(err)
	}
	return ls
}

func choose(t *testing.T, cs []Candidate, d Demand) *Answer {
	t.Helper()
	a, err := Choose(context.Background(), 2, cs, d)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestByHand is the example of docs/decide.md. Machine a takes 10 ms + 1 ms · users for a token: within 50 ms it holds 40
// users, 800 tokens/s; 2000 tokens/s are three replicas, 83 % of 2400, with 20 users each at 30 ms; 6 $/h.
func TestByHand(t *testing.T) {
	machines := map[string]machine{
		"a": {start: 0.010, each: 0.001, low: 0.8, high: 1.25, most: 256, price: 2},
		"b": {start: 0.005, each: 0.0005, low: 1, high: 1, most: 256, price: 7}, // 90 users, 1800 tokens/s: two, 14 $/h
		"c": {start: 0.010, each: 0.0001, low: 1, high: 1, most: 256},           // 256 users at 35.6 ms, 7191 tokens/s: one, no price
		"d": {start: 0.060, each: 0.001, low: 1, high: 1, most: 256, price: 1},  // 61 ms alone
		"e": {start: 0.010, each: 0.001, low: 1, high: 1, most: 0, price: 1},
		"f": {},
	}
	cs := candidates(machines, "f", "e", "d", "c", "b", "a")
	d := Demand{Rate: 2000, Limits: limits(t, "tpot=50ms")}
	a := choose(t, cs, d)
	best := a.Best()
	if best == nil || best.Result.Device != "a" || best.Result.Replicas != 3 || best.Load != 20 || best.Most != 40 ||
		math.Abs(best.Capacity-2400) > 1e-9 || math.Abs(best.Use-2000.0/2400) > 1e-9 || math.Abs(best.USDPerHour()-6) > 1e-9 ||
		math.Abs(float64(best.PerMonth())-4380) > 1e-9 || len(best.Uncertain) != 0 {
		t.Fatalf("best %+v of %+v", best, best.Result)
	}
	if len(a.Options) != 3 || a.Options[1].Result.Device != "b" || a.Options[1].Result.Replicas != 2 || a.Options[2].Priced() {
		t.Errorf("options %+v", a.Options)
	}
	for i, want := range []struct{ kind, reason string }{
		{Unavailable, "it has no such arithmetic"}, {Memory, "does not fit, 3.00 GiB needed and 2.00 GiB there on each device"},
		{Limit, "tpot 61.0 ms, above 50.0 ms"},
	} {
		if m := a.FellOut()[i]; m.Kind != want.kind || m.Reason != want.reason {
			t.Errorf("fell out: %+v, want %+v", m, want)
		}
	}
	// b wins below 6 ÷ 2 = 3 $/h, c below 6 $/h.
	flips := a.PriceFlips()
	if len(flips) != 2 || math.Abs(flips[0].Below-3) > 1e-9 || flips[0].Now != 7 || math.Abs(flips[1].Below-6) > 1e-9 || flips[1].Now != 0 {
		t.Errorf("price flips %+v", flips)
	}
	// If everything takes f × as long, a holds 50/f − 10 users. From f = 2 on these are 14 at 24·f ms; seven replicas put
	// 2000 tokens/s through up to f = 7 · 14 ÷ (0.024 · 2000) = 2.0417, eight cost 16 $/h, more than b. The band ends at 1.25.
	if s := a.Slowdown(); s == nil || math.Abs(s.Factor-2.0417) > 0.004 || s.Within || s.Then.Result.Device != "b" {
		t.Errorf("slowdown %+v", s)
	}
	if !a.Settled() {
		t.Error("a at 1.25: 30 users, 600 tokens/s, four replicas, 8 $/h, still less than b's 14")
	}
	// At 0.8: limit 62.5 ms, 52 users, 1048 tokens/s: two replicas, 4 $/h.
	if m := a.Measurement(); m == nil || m.Device != "a" || m.Cheapest != 4 || m.Dearest != 8 || m.Decides {
		t.Errorf("measurement %+v", m)
	}
	if o := a.Sure(); o == nil || o.Result.Device != "a" || o.Result.Replicas != 4 {
		t.Errorf("surest %+v", o)
	}
	if o := a.Spared(); o == nil || o.Result.Replicas != 4 || o.USDPerHour() != 8 {
		t.Errorf("with a spare %+v", o)
	}
	// 30 % more are 2600 tokens/s: four; the slow end of the band: four too.
	d.Headroom = 0.3
	if o := choose(t, cs, d).Best(); o.Result.Replicas != 4 {
		t.Errorf("with headroom %d replicas", o.Result.Replicas)
	}
	d.Headroom, d.At = 0, High
	if o := choose(t, cs, d).Best(); o.Result.Replicas != 4 || o.Most != 30 {
		t.Errorf("at the slow end %d replicas with %g users", o.Result.Replicas, o.Most)
	}
	// A budget nothing keeps: the nearest is a, and what has no price is not taken for cheap.
	d.At, d.Budget = Expected, 4000
	a = choose(t, cs, d)
	if m := a.Nearest(); len(a.Options) != 0 || m.Kind != Budget || m.Reason != "$4,380 a month, above $4,000" || math.Abs(m.Ratio()-1.095) > 1e-9 {
		t.Errorf("nearest %+v, options %d", a.Nearest(), len(a.Options))
	}
}

// TestUncertain: b's band reaches beyond the limit at the demanded rate.
func TestUncertain(t *testing.T) {
	cs := candidates(map[string]machine{"a": {start: 0.010, each: 0.001, low: 0.5, high: 2, most: 256, price: 2}}, "a")
	o := choose(t, cs, Demand{Rate: 2000, Limits: limits(t, "tpot=50ms")}).Best()
	if len(o.Uncertain) != 1 || math.Abs(float64(o.Uncertain[0].Value)-0.060) > 1e-9 {
		t.Errorf("uncertain %+v", o.Uncertain)
	}
}

// TestFixed: what there is, is neither more nor less.
func TestFixed(t *testing.T) {
	cs := candidates(map[string]machine{"a": {start: 0.010, each: 0.001, low: 1, high: 1, most: 256, price: 2}}, "a")
	cs[0].Fixed = true
	cs[0].Target.Count = 4
	d := Demand{Rate: 2000, Limits: limits(t, "tpot=50ms")}
	if o := choose(t, cs, d).Best(); o.Result.Replicas != 4 || math.Abs(o.Capacity-3200) > 1e-9 {
		t.Errorf("%+v", o)
	}
	d.Rate = 3300
	if m := choose(t, cs, d).Nearest(); m.Kind != Throughput || m.Reason != "puts through 3,200 of 3,300 output tokens/s" {
		t.Errorf("%+v", m)
	}
}

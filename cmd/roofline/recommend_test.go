package main

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"roofline/cmd/roofline/internal/deploy"
	"roofline/estimate"
	"roofline/estimate/slo"
)

// recommended runs recommend and returns its JSON.
func recommended(t *testing.T, want int, args ...string) (d struct {
	Met     bool
	Answer  string
	Options []struct {
		Estimate  estimate.Result
		PerHour   float64  `json:"usd_per_hour"`
		Against   *float64 `json:"against_first"`
		Unlike    string   `json:"no_comparison"`
		Most      float64  `json:"most_per_replica"`
		Load      float64  `json:"load_per_replica"`
		Uncertain []slo.Verdict
	}
	FellOut []struct{ Device, Kind, Reason string } `json:"fell_out"`
	Nearest *struct {
		Kind, What     string
		Value, At_most float64
	}
}) {
	t.Helper()
	if err := json.Unmarshal([]byte(answer(t, want, append(append([]string{"recommend"}, args...), "--format", "json")...)), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// cheapest tries every number of replicas of every plan at every load that fits, and returns the least that an hour of
// those costs that keep the limits with so much to spare.
func cheapest(t *testing.T, c *decision, limits slo.Limits, rate, peak float64, most int) float64 {
	t.Helper()
	s, err := newSession(&globals{}, call{files: deploy.Disk{}}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	p, err := c.space(s)
	if err != nil {
		t.Fatal(err)
	}
	least := math.Inf(1)
	tried := 0
	for i := range p.cases {
		d, err := p.cases[i].Deploy()
		if err != nil {
			continue
		}
		fits, err := d.Most()
		if err != nil {
			continue
		}
		capacity, demanded := false, false
		var price float64
		for n := 1.0; n*d.Shares() <= min(fits, float64(most)*d.Shares()); n++ {
			e := d.At(n * d.Shares())
			tried++
			if !limits.Met(e.Time) || e.Cost == nil {
				continue
			}
			price = float64(e.Cost.USDPerHour)
			capacity = capacity || e.Throughput.Value >= peak
			demanded = demanded || e.Throughput.Value >= rate
		}
		if capacity && demanded {
			least = min(least, price)
		}
	}
	if tried < 1000 {
		t.Errorf("only %d points tried", tried)
	}
	return least
}

// TestRecommendIsBruteForce: nothing in a dense sweep over replicas, plans and loads does the job for less.
func TestRecommendIsBruteForce(t *testing.T) {
	grid := func(device string) gridFlags {
		return gridFlags{Device: device, TP: "1,2,4,8", PP: "1", EP: "1", DP: "1", Count: "1..16"}
	}
	for _, c := range []struct {
		decision
		slo, target string
		rate, peak  float64
		headroom    string
		most        int
	}{
		{decision{Model: "llama-3.1-70b", gridFlags: grid("mi300x,h200-sxm,h100-sxm,a100-sxm-80gb")}, "tpot=50ms,ttft=2s", "2000tok/s", 2000, 2000, "0", 256},
		{decision{Model: "llama-3.1-8b", gridFlags: grid("l4,l40s,rtx-4090,a10g")}, "tpot=40ms,ttft=450ms", "3000tok/s", 3000, 3900, "30%", 256},
		{decision{Model: "llama-3.1-8b", gridFlags: grid("l4,rtx-4090,h100-sxm")}, "latency=15s", "4req/s", 4096, 4096, "0", 256},
		{decision{Model: "resnet50", gridFlags: gridFlags{Device: "l4,rtx-4090,a10g,t4", TP: "auto", PP: "1", EP: "1", DP: "1", Count: "1..12"}}, "latency=20ms", "15000img/s", 15000, 15000, "0", 512},
	} {
		c.decision.moneyFlags = moneyFlags{Price: "on-demand", Utilization: 1}
		c.decision.Tokens = "output"
		var limits slo.Limits
		if err := limits.UnmarshalText([]byte(c.slo)); err != nil {
			t.Fatal(err)
		}
		want := cheapest(t, &c.decision, limits, c.rate, c.peak, c.most)
		got := recommended(t, 0, c.Model, "--device", c.Device, "--target", c.target, "--slo", c.slo, "--headroom", c.headroom)
		if math.Abs(got.Options[0].PerHour-want) > 1e-9*want {
			t.Errorf("%s for %s: recommended %s; brute force finds $%g/h", c.Model, c.target, got.Answer, want)
		}
		for i, o := range got.Options {
			if !limits.Met(o.Estimate.Time) || o.Estimate.Throughput.Value < c.rate*(1-1e-9) || o.Load > o.Most || i > 0 && o.PerHour > 0 && o.PerHour < got.Options[i-1].PerHour {
				t.Errorf("option %d: %+v", i, o)
			}
		}
	}
}

// TestRecommendIsBruteForceEverywhere: over the whole catalog no load of any combination makes a cheaper deployment.
func TestRecommendIsBruteForceEverywhere(t *testing.T) {
	for _, c := range []struct {
		model, target, slo string
		rate               float64
	}{
		{"llama-3.1-70b", "2000tok/s", "tpot=50ms,ttft=2s", 2000},
		{"resnet50", "5000img/s", "latency=20ms", 5000},
	} {
		d := &decision{Model: c.model, gridFlags: gridFlags{Device: "all", TP: "auto", PP: "1", EP: "1", DP: "1"}, moneyFlags: moneyFlags{Price: "on-demand", Utilization: 1}}
		d.Tokens = "output"
		s, err := newSession(&globals{}, call{files: deploy.Disk{}}, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		p, err := d.space(s)
		if err != nil {
			t.Fatal(err)
		}
		var limits slo.Limits
		if err := limits.UnmarshalText([]byte(c.slo)); err != nil {
			t.Fatal(err)
		}
		least, options := math.Inf(1), 0
		for i := range p.cases {
			ready, err := p.cases[i].Deploy()
			if err != nil {
				continue
			}
			fits, err := ready.Most()
			if err != nil {
				continue
			}
			capacity := 0.0
			for n := 1.0; n <= min(fits, 512); n++ {
				if e := ready.At(n); limits.Met(e.Time) {
					capacity = max(capacity, e.Throughput.Value)
				} else if n > 256 { // batches this large only get slower
					break
				}
			}
			if capacity == 0 {
				continue
			}
			options++
			target, err := p.deployer.Replicate(p.cases[i].Target, int(math.Ceil(c.rate/capacity)))
			if err != nil {
				t.Fatal(err)
			}
			if target.Terms.Priced() {
				bill := target.Terms.Bill(0)
				least = min(least, float64(bill.USDPerHour))
			}
		}
		got := recommended(t, 0, c.model, "--target", c.target, "--slo", c.slo)
		if options < 50 || math.Abs(got.Options[0].PerHour-least) > 1e-9*least {
			t.Errorf("%s: recommended %s; of %d options brute force finds $%g/h", c.model, got.Answer, options, least)
		}
	}
}

// TestRecommendTightens: stricter demands never cost less.
func TestRecommendTightens(t *testing.T) {
	price := func(args ...string) float64 {
		d := recommended(t, 0, append([]string{"llama-3.1-8b", "--device", "l4,l40s,h100-sxm,mi300x"}, args...)...)
		return d.Options[0].PerHour
	}
	last := 0.0
	for _, args := range [][]string{
		{"--target", "3000tok/s"}, {"--target", "3000tok/s", "--slo", "tpot=60ms"}, {"--target", "3000tok/s", "--slo", "tpot=30ms"},
		{"--target", "3000tok/s", "--slo", "tpot=30ms", "--slo-at", "high"}, {"--target", "3000tok/s", "--slo", "tpot=30ms", "--slo-at", "high", "--headroom", "1"},
		{"--target", "3000tok/s", "--slo", "tpot=30ms", "--slo-at", "high", "--headroom", "1", "--n+1"},
		{"--target", "9000tok/s", "--slo", "tpot=30ms", "--slo-at", "high", "--headroom", "1", "--n+1"},
	} {
		now := price(args...)
		if now < last || now == 0 {
			t.Errorf("%v: $%g/h, less than the $%g/h of a weaker demand", args, now, last)
		}
		last = now
	}
}

// TestRecommendComparesLike: differences are told between equal number formats only.
func TestRecommendComparesLike(t *testing.T) {
	d := recommended(t, 0, "llama-3.1-8b", "--device", "h100-sxm,mi300x", "--dtype", "bf16,fp8", "--target", "5000tok/s", "--slo", "tpot=30ms")
	first := d.Options[0].Estimate.Workload.DType
	like, unlike := 0, 0
	for _, o := range d.Options[1:] {
		switch same := o.Estimate.Workload.DType == first; {
		case same && o.Against != nil && math.Abs(*o.Against-(o.PerHour/d.Options[0].PerHour-1)) < 1e-9:
			like++
		case !same && o.Against == nil && o.Unlike != "":
			unlike++
		default:
			t.Errorf("%v against %v: %v, %q", o.Estimate.Workload.DType, first, o.Against, o.Unlike)
		}
	}
	if like == 0 || unlike == 0 {
		t.Errorf("%d like, %d unlike", like, unlike)
	}
}

// TestNearestMiss: where nothing meets the limits, the complete answer says what came nearest, and by how much.
func TestNearestMiss(t *testing.T) {
	d := recommended(t, exitLimitMissed, "llama-3.1-70b", "--device", "l4,l40s", "--target", "2000tok/s", "--slo", "tpot=2ms")
	if d.Met || len(d.Options) != 0 || len(d.FellOut) != 2 || d.Nearest == nil || d.Nearest.What != "tpot" || d.Nearest.At_most != 0.002 || d.Nearest.Value <= 0.002 {
		t.Errorf("%+v", d)
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(answer(t, exitLimitMissed, "recommend", "llama-3.1-70b", "--target", "2000tok/s", "--slo", "tpot=2ms", "--format", "json")))
	if err != nil {
		t.Fatal(err)
	}
	if err := compiled(t, "recommend").Validate(doc); err != nil {
		t.Error(err)
	}
}

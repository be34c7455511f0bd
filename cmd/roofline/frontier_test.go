package main

import (
	"encoding/json"
	"math"
	"testing"

	"roofline/estimate"
	"roofline/estimate/frontier"
)

// TestFrontierOfSweep: held against every point of the same sweep, no point of the frontier is beaten, and every other point is.
func TestFrontierOfSweep(t *testing.T) {
	grid := []string{"llama-3.1-8b", "--device", "h100-sxm,mi300x,l4,l40s,mi325x", "--concurrency", "1,4,16,64,256", "--dtype", "bf16,fp8", "--format", "json"}
	var swept sweepDocument
	if err := json.Unmarshal([]byte(answer(t, 0, append([]string{"sweep"}, grid...)...)), &swept); err != nil {
		t.Fatal(err)
	}
	for _, by := range []string{"speed,cost", "ttft,throughput,energy", "devices,headroom,latency"} {
		var found frontierDocument
		if err := json.Unmarshal([]byte(answer(t, 0, append([]string{"frontier", "--by", by, "--all"}, grid...)...)), &found); err != nil {
			t.Fatal(err)
		}
		var objectives []frontier.Objective
		for _, o := range found.By {
			x, _, _ := frontier.Find(o.Name)
			objectives = append(objectives, x)
		}
		var all [][]float64
		for _, e := range swept.Points {
			if e.Unavailable == "" && holds(e) {
				if v, _, ok := frontier.Coordinates(e, objectives); ok {
					all = append(all, v)
				}
			}
		}
		if len(all) != len(found.Points) || len(all) < 50 {
			t.Errorf("%s: %d points of the sweep, %d of the frontier", by, len(all), len(found.Points))
		}
		counts := map[string]int{}
		for _, p := range found.Points {
			counts[p.Status]++
			v, _, _ := frontier.Coordinates(p.Estimate, objectives)
			beaten := false
			for _, q := range all {
				beaten = beaten || frontier.Dominates(q, v)
			}
			if beaten == (p.Status == "frontier") {
				t.Errorf("%s: %v is beaten: %v, and its status is %s", by, v, beaten, p.Status)
			}
		}
		if counts["frontier"] == 0 || counts["dominated"] == 0 || counts["overlaps"] == 0 {
			t.Errorf("%s: %v", by, counts)
		}
	}
}

// TestTiers: a cell keeps its speed, and no load of any plan is cheaper at that speed.
func TestTiers(t *testing.T) {
	var found frontierDocument
	if err := json.Unmarshal([]byte(answer(t, 0, "frontier", "llama-3.1-70b", "--device", "h100-sxm,mi300x,l40s", "--tiers", "20,45", "--slo", "ttft=1s", "--format", "json")), &found); err != nil {
		t.Fatal(err)
	}
	if len(found.Tiers) != 6 {
		t.Fatalf("%d cells", len(found.Tiers))
	}
	var swept sweepDocument
	if err := json.Unmarshal([]byte(answer(t, 0, "sweep", "llama-3.1-70b", "--device", "h100-sxm,mi300x,l40s", "--concurrency", "1..256", "--format", "json")), &swept); err != nil {
		t.Fatal(err)
	}
	for _, cell := range found.Tiers {
		if cell.Why == "" && cell.Estimate.Decode.UserSpeed < cell.Speed*(1-1e-9) {
			t.Errorf("%s at %g: %g tok/s for a user", cell.Device, cell.Speed, cell.Estimate.Decode.UserSpeed)
		}
		least := math.Inf(1)
		for _, e := range swept.Points {
			if e.Device == cell.Device && keepsTier(e, cell.Speed) {
				least = min(least, money(e))
			}
		}
		switch {
		case cell.Why == "" && math.Abs(cell.Cost-least) > 1e-9*least:
			t.Errorf("%s at %g: $%g/M, the sweep has $%g/M", cell.Device, cell.Speed, cell.Cost, least)
		case cell.Why != "" && !math.IsInf(least, 1):
			t.Errorf("%s at %g: %s, the sweep has $%g/M", cell.Device, cell.Speed, cell.Why, least)
		}
	}
}

// keepsTier reports whether a point holds its requests at their full length, at the speed and with the TTFT of TestTiers.
func keepsTier(e *estimate.Result, speed float64) bool {
	return e.Unavailable == "" && holds(e) && len(e.Warnings) == 0 && userSpeed(e) >= speed && ttft(e).Expected <= 1 && !math.IsNaN(money(e))
}

package main

import (
	"fmt"
	"regexp"
	"strings"

	"roofline/cmd/roofline/internal/report"
	"roofline/estimate"
	"roofline/hardware/unit"
)

// title is the model and the question.
func (r *reporter) title() string {
	parts := []string{r.loaded.Name()}
	for _, name := range []string{"target", "slo", "budget"} {
		v := r.cmd.flag(name, r.given)
		if name == "slo" {
			v = limitsInWords(v)
		} else if m := leadingNumber.FindString(v); m != "" {
			v = unit.Group(m) + " " + strings.TrimSpace(v[len(m):])
		}
		if v != "" {
			parts = append(parts, v)
		}
	}
	if len(parts) == 1 {
		parts = append(parts, "speed, memory and cost")
	}
	return strings.Join(parts, ", ")
}

// leadingNumber is the whole number a rate or an amount begins with.
var leadingNumber = regexp.MustCompile(`^[0-9]+`)

// limitsInWords writes ttft=2s,tpot=50ms as TTFT ≤ 2s, TPOT ≤ 50ms.
func limitsInWords(text string) string {
	var out []string
	for _, limit := range strings.Split(text, ",") {
		metric, most, ok := strings.Cut(limit, "=")
		if !ok {
			out = append(out, limit)
			continue
		}
		name, statistic, _ := strings.Cut(metric, ".")
		if name != "latency" {
			name = strings.ToUpper(name)
		}
		out = append(out, strings.TrimSpace(name+" "+statistic)+" ≤ "+most)
	}
	return strings.Join(out, ", ")
}

// facts are the cheapest, the fastest and the one with the least energy of those that fit.
func (r *reporter) facts() []report.Fact {
	var cheap, fast, frugal *estimate.Result
	better := func(best **estimate.Result, e *estimate.Result, value func(*estimate.Result) float64) {
		if *best == nil || value(e) < value(*best) {
			*best = e
		}
	}
	for _, e := range r.estimates() {
		if e.Throughput == nil || e.Memory != nil && e.Memory.Fits != nil && !*e.Memory.Fits {
			continue
		}
		if e.Cost != nil && len(e.Cost.Per) > 0 {
			better(&cheap, e, func(e *estimate.Result) float64 { return float64(e.Cost.Per[0].Value) })
		}
		better(&fast, e, latencyOf)
		if e.Power != nil {
			better(&frugal, e, func(e *estimate.Result) float64 { return e.Power.WattHours })
		}
	}
	var out []report.Fact
	if cheap != nil {
		out = append(out, report.Fact{Value: fmt.Sprintf("$%s / %s", unit.Number(float64(cheap.Cost.Per[0].Value), 3), strings.TrimPrefix(cheap.Cost.Per[0].Unit, "USD/")),
			What: "cheapest: " + r.label(cheap)})
	}
	if fast != nil {
		out = append(out, report.Fact{Value: unit.Seconds(latencyOf(fast)).String() + map[bool]string{true: " a token", false: " a batch"}[fast.Decode != nil], What: "fastest: " + r.label(fast)})
	}
	if frugal != nil {
		item := strings.TrimSuffix(frugal.Power.Unit, "s")
		out = append(out, report.Fact{Value: fmt.Sprintf("%s J / %s", unit.Number(frugal.Power.WattHours*unit.SecondsPerHour, 3), item), What: "least energy: " + r.label(frugal)})
	}
	return out
}

// latencyOf is what one user waits for: the next token, or a batch.
func latencyOf(e *estimate.Result) float64 {
	if e.Decode != nil {
		return float64(e.Decode.TPOT.Expected)
	}
	return float64(e.Latency.Expected)
}

// label names a deployment.
func (r *reporter) label(e *estimate.Result) string {
	if e.Count > 1 {
		return fmt.Sprintf("%d × %s", e.Count, r.name[e.Device])
	}
	return r.name[e.Device]
}

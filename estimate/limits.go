package estimate

import (
	"math"

	"roofline/estimate/slo"
	"roofline/hardware/unit"
)

// Time returns what is expected of a quantity that limits speak of: not a number where the answer has none, infinite
// where it grows without end.
func (r *Result) Time(q slo.Quantity) unit.Seconds {
	of := func(mean, p95, p99 unit.Seconds) unit.Seconds {
		switch {
		case q.Statistic == slo.P95 && p95 > 0:
			return p95
		case q.Statistic == slo.P99 && p99 > 0:
			return p99
		}
		return mean // also of a bare step, which has one time
	}
	switch {
	case r.Load != nil && !r.Load.Stable:
		return unit.Seconds(math.Inf(1))
	case q.Metric == slo.TTFT && r.Prefill != nil:
		return of(r.Prefill.TTFT.Expected, r.Prefill.P95, r.Prefill.P99)
	case q.Metric == slo.TPOT && r.Decode != nil:
		return of(r.Decode.TPOT.Expected, r.Decode.P95, r.Decode.P99)
	case q.Metric == slo.Latency && r.Latency != nil:
		return of(r.Latency.Expected, r.LatencyP95, r.LatencyP99)
	}
	return unit.Seconds(math.NaN())
}

// Check holds the answer against limits and keeps the verdicts.
func (r *Result) Check(limits slo.Limits) { r.Limits = limits.Check(r.Time) }

// Missed returns the limits the answer misses.
func (r *Result) Missed() (missed []slo.Verdict) {
	for _, v := range r.Limits {
		if !v.Met {
			missed = append(missed, v)
		}
	}
	return missed
}

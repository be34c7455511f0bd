package estimate

import (
	"math"

	"roofline/estimate/slo"
	"roofline/hardware/unit"
)

// Time returns what is expected of a quantity that limits speak of: not a number where the answer has none.
func (r *Result) Time(q slo.Quantity) unit.Seconds {
	if q.Statistic != slo.Mean {
		return unit.Seconds(math.NaN())
	}
	switch {
	case q.Metric == slo.TTFT && r.Prefill != nil:
		return r.Prefill.TTFT.Expected
	case q.Metric == slo.TPOT && r.Decode != nil:
		return r.Decode.TPOT.Expected
	case q.Metric == slo.Latency && r.Latency != nil:
		return r.Latency.Expected
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

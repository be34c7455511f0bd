package estimate

import (
	"roofline/estimate/serving"
	"roofline/estimate/slo"
	"roofline/hardware/unit"
)

// Goodput returns the most requests per second, in total over the replicas, at which limits are kept: 0 if they are not
// even by one request alone. Times do not fall with the rate, so it is found by bisection.
func (l *Language) Goodput(limits slo.Limits, r Request) float64 {
	kept := func(rate float64) bool {
		s := l.ServeRate(rate, r)
		return s.Stable && limits.Met(func(q slo.Quantity) unit.Seconds { return timeOf(&s, q) })
	}
	lone := l.ServeRate(aloneRate, r)
	low, high := 0.0, lone.Capacity
	if !kept(aloneRate) {
		return 0
	}
	for range 30 {
		if mid := (low + high) / 2; kept(mid) {
			low = mid
		} else {
			high = mid
		}
	}
	return low * float64(l.Target.Replicas())
}

// aloneRate is a rate at which requests meet no other.
const aloneRate = 1e-9

// timeOf returns a statistic of a time.
func timeOf(s *serving.State, q slo.Quantity) unit.Seconds {
	t := s.Latency
	switch q.Metric {
	case slo.TTFT:
		t = s.TTFT
	case slo.TPOT:
		t = s.TPOT
	}
	switch q.Statistic {
	case slo.P95:
		return t.P95
	case slo.P99:
		return t.P99
	}
	return t.Mean
}

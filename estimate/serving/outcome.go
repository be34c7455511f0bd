package serving

import (
	"cmp"
	"math"
	"slices"

	"roofline/estimate/slo"
	"roofline/hardware/unit"
)

// Outcome is what came of simulated traffic.
type Outcome struct {
	Served  []Served     // that are counted
	Elapsed unit.Seconds // from the first arrival to the last answer
	Busy    float64      // share of the time the replicas worked
}

// count keeps n requests after the first tenth as many, by arrival: those before find an empty server, those after them
// an emptying one.
func (o *Outcome) count(n int) {
	slices.SortStableFunc(o.Served, func(a, b Served) int { return cmp.Compare(a.At, b.At) })
	warm := n / 10
	o.Served = o.Served[warm : warm+n]
	o.Elapsed = o.Served[n-1].At - o.Served[0].At
}

// TTFT returns the time to the first token.
func (s *Served) TTFT() unit.Seconds { return s.First - s.At }

// TPOT returns the time per token after the first; not a number where there is none.
func (s *Served) TPOT() unit.Seconds {
	if s.OSL < 2 {
		return unit.Seconds(math.NaN())
	}
	return (s.Done - s.First) / unit.Seconds(s.OSL-1)
}

// Latency returns the time to the last token.
func (s *Served) Latency() unit.Seconds { return s.Done - s.At }

// Rate returns the requests per second.
func (o *Outcome) Rate() float64 { return float64(len(o.Served)) / float64(o.Elapsed) }

// Tokens returns the output tokens per second.
func (o *Outcome) Tokens() float64 {
	sum := 0.0
	for i := range o.Served {
		sum += o.Served[i].OSL
	}
	return sum / float64(o.Elapsed)
}

// Times returns the mean and the percentiles of a time over the requests that have it.
func (o *Outcome) Times(of func(*Served) unit.Seconds) Times {
	var ts []unit.Seconds
	var sum unit.Seconds
	for i := range o.Served {
		if t := of(&o.Served[i]); !math.IsNaN(float64(t)) {
			ts = append(ts, t)
			sum += t
		}
	}
	if len(ts) == 0 {
		return Times{}
	}
	slices.Sort(ts)
	at := func(share float64) unit.Seconds { return ts[int(math.Ceil(share*float64(len(ts))))-1] }
	return Times{sum / unit.Seconds(len(ts)), at(0.95), at(0.99)}
}

// Within returns the share of requests that keep limits, each taken for every request: goodput is that share of the rate.
func (o *Outcome) Within(limits slo.Limits) float64 {
	kept := 0
	for i := range o.Served {
		s := &o.Served[i]
		if limits.Met(func(q slo.Quantity) unit.Seconds {
			switch q.Metric {
			case slo.TTFT:
				return s.TTFT()
			case slo.TPOT:
				return s.TPOT()
			}
			return s.Latency()
		}) {
			kept++
		}
	}
	return float64(kept) / float64(len(o.Served))
}

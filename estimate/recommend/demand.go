// Package recommend chooses what to rent or buy: of all machines and plans the cheapest that does a job within limits,
// how far the others are from it, and what would change the choice.
package recommend

import (
	"roofline/estimate"
	"roofline/estimate/slo"
	"roofline/hardware/unit"
)

// Demand is the job, and the limits it has to be done within.
type Demand struct {
	Rate     float64 // items a second: tokens of the kind that is counted, images
	Headroom float64 // share of the rate that must be possible beyond it, for peaks
	Spare    int     // replicas beyond those the rate takes, for failures
	Limits   slo.Limits
	Budget   unit.USD   // a month; 0: no limit
	Power    unit.Watts // of all machines at work; 0: no limit
	At       End        // end of the bands that is planned for
}

// Peak returns the rate that must be possible: rate · (1 + headroom).
func (d *Demand) Peak() float64 { return d.Rate * (1 + d.Headroom) }

// End is a place within a band.
type End int

// The ends of a band, and what is expected.
const (
	Expected End = iota
	Low
	High
)

// of returns how many times what is expected the band has at its end.
func (e End) of(b *estimate.Band) float64 {
	switch {
	case b == nil || e == Expected:
		return 1
	case e == Low:
		return float64(b.Low / b.Expected)
	}
	return float64(b.High / b.Expected)
}

// view is how answers are taken: at an end of their bands, all times so many times as long.
type view struct {
	end  End
	slow float64
}

// time returns a time that is limited.
func (v view) time(r *estimate.Result, q slo.Quantity) unit.Seconds {
	return r.Time(q) * unit.Seconds(v.slow*v.end.of(bandOf(r, q.Metric)))
}

// keeps reports whether an answer keeps the limits.
func (v view) keeps(r *estimate.Result, limits slo.Limits) bool {
	return limits.Met(func(q slo.Quantity) unit.Seconds { return v.time(r, q) })
}

// rate returns what an answer puts through: by Little's law it falls as the time of a request or batch grows.
func (v view) rate(r *estimate.Result) float64 {
	return r.Throughput.Value / (v.slow * v.end.of(r.Latency))
}

// bandOf returns the band of a metric, nil where the answer has none.
func bandOf(r *estimate.Result, m slo.Metric) *estimate.Band {
	switch {
	case m == slo.TTFT && r.Prefill != nil:
		return &r.Prefill.TTFT
	case m == slo.TPOT && r.Decode != nil:
		return &r.Decode.TPOT
	case m == slo.Latency:
		return r.Latency
	}
	return nil
}

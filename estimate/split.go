package estimate

import (
	"fmt"

	"roofline/estimate/parallel"
	"roofline/estimate/serving"
	"roofline/hardware/unit"
)

// Disagg is a deployment in which some replicas prefill prompts and others decode.
type Disagg struct {
	Prefill  int          `json:"prefill_replicas"`
	Decode   int          `json:"decode_replicas"`
	Transfer unit.Seconds `json:"transfer_s"` // to hand the cache of a prompt over, part of TTFT
}

// String prints a split as people do: 1P2D.
func (d Disagg) String() string { return fmt.Sprintf("%dP%dD", d.Prefill, d.Decode) }

// transfer returns the time to hand the cache of a prompt over: every device sends its part to its like.
func (l *Language) transfer(r Request) unit.Seconds {
	f := parallel.Fabric{Handoff: l.Target.Between}
	return f.Send(l.sequence(r.ISL))
}

func (l *Language) divided(d Disagg, r Request) serving.Split {
	return serving.Split{Server: l.server(r), Prefill: d.Prefill, Decode: d.Decode, Transfer: l.transfer(r)}
}

// BestSplit returns the split of the target's replicas, two at least, that keeps up with most requests.
func (l *Language) BestSplit(r Request) Disagg {
	s := l.divided(Disagg{Prefill: 1, Decode: 1}, r)
	best := s.Best(l.Target.Replicas(), r.lengths())
	return Disagg{Prefill: best.Prefill, Decode: best.Decode}
}

// EstimateSplit returns the answer for replicas that prefill or decode, together all of the target's: for a number of
// requests in flight, or, where it is given, for a rate.
func (l *Language) EstimateSplit(d Disagg, users, rate float64, r Request) *Result {
	s := l.divided(d, r)
	d.Transfer = s.Transfer
	var state serving.State
	if rate > 0 {
		state = s.Open(rate, r.irregularity(), r.lengths())
	} else {
		state = s.Closed(users, r.lengths())
	}
	res := l.result(Workload{ISL: r.ISL, OSL: r.OSL, Rate: rate})
	res.Disagg = &d
	if state.Stable {
		l.times(res, &state, r)
		users = max(users, rate*float64(res.Latency.Expected))
		res.Workload.Concurrency = users
	}
	perSecond := rate
	if rate == 0 {
		perSecond = users / float64(res.Latency.Expected)
	}
	running := state.Running
	state.Running = max(1, running/float64(d.Decode)) // of the fullest device
	state.Capacity /= float64(l.Target.Replicas())
	l.outcome(res, &state, r, perSecond)
	res.Load.Running = running
	if l.Target.Between.Assumed {
		res.Warnings = append(res.Warnings, "the network between replicas is not known; 400 Gbit/s per device are taken for granted")
	}
	if !state.Stable {
		res.Warnings = append(res.Warnings, unstable(rate, res.Load.Capacity))
	}
	return res
}

// SimulateSplit runs the scheduler of the replicas on simulated requests.
func (l *Language) SimulateSplit(d Disagg, t serving.Traffic, r Request) *serving.Outcome {
	s := l.divided(d, r)
	t.Lengths = r.lengths()
	return s.Simulate(t)
}

func unstable(rate, capacity float64) string {
	return fmt.Sprintf("unstable: %s requests/s come and %s/s can be served, so the line grows without end", unit.Number(rate, 3), unit.Number(capacity, 3))
}

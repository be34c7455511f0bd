package estimate

import (
	"fmt"
	"math"

	"roofline/estimate/runtime"
	"roofline/estimate/serving"
	"roofline/hardware/unit"
	"roofline/model"
	"roofline/model/transformer"
)

// maxUsers is the most requests in flight the full load takes, per replica.
const maxUsers = 256

// Estimate returns the answer for a number of requests in flight, in total over the replicas.
func (l *Language) Estimate(users float64, r Request) *Result {
	replicas := float64(l.Target.Replicas())
	state := l.Serve(max(1, users/replicas), r) // with fewer requests than replicas, some replicas idle
	res := l.result(Workload{ISL: r.ISL, OSL: r.OSL, Concurrency: users})
	l.times(res, &state, r)
	l.outcome(res, &state, r, users/float64(res.Latency.Expected))
	if state.Running < state.Users {
		res.Warnings = append(res.Warnings, fmt.Sprintf("the KV cache holds %.0f of %.0f requests at a time; the others wait", state.Running*replicas, users))
	}
	return res
}

// EstimateRate returns the answer for requests per second, in total over the replicas. Above what they can keep up with
// there is no steady state: the answer has what they can, and no times.
func (l *Language) EstimateRate(rate float64, r Request) *Result {
	state := l.ServeRate(rate/float64(l.Target.Replicas()), r)
	res := l.result(Workload{ISL: r.ISL, OSL: r.OSL, Rate: rate})
	if state.Stable {
		l.times(res, &state, r)
		res.Workload.Concurrency = rate * float64(res.Latency.Expected)
	}
	l.outcome(res, &state, r, rate)
	if !state.Stable {
		res.Warnings = append(res.Warnings, unstable(rate, res.Load.Capacity))
	}
	return res
}

// times fills in what users feel.
func (l *Language) times(res *Result, s *serving.State, r Request) {
	prefill := transformer.Step{Prompts: 1, Tokens: r.ISL * (1 - r.Hit), Prefix: r.ISL * r.Hit}
	decode := transformer.Step{Batch: max(1, s.Decoding), Context: r.context()}
	first, step := l.Step(prefill), l.Step(decode)
	perStep := unit.Seconds(l.Target.Batching.Draft.PerStep())
	tpot := band(l.measured("decode"), step.Bound/perStep, s.TPOT.Mean)
	ttft := band(l.measured("prefill"), first.Bound, s.TTFT.Mean-s.Wait)
	// Those that wait for room in the cache wait for others' decode steps.
	ttft = ttft.plus(band(l.measured("decode"), 0, s.Wait))
	if r.OSL <= 1 {
		tpot = Band{}
	}
	latency := r.span(ttft, tpot)
	res.Latency, res.LatencyP95, res.LatencyP99 = &latency, max(latency.Expected, s.Latency.P95), max(latency.Expected, s.Latency.P99)
	res.Prefill = l.prefillResult(ttft, first.Limit, prefill)
	res.Prefill.P95, res.Prefill.P99 = max(ttft.Expected, s.TTFT.P95), max(ttft.Expected, s.TTFT.P99)
	if r.OSL > 1 {
		res.Decode = l.decodeResult(tpot, step.Limit, decode)
		res.Decode.P95, res.Decode.P99 = max(tpot.Expected, s.TPOT.P95), max(tpot.Expected, s.TPOT.P99)
	}
}

// outcome fills in what the operator gets from requests per second.
func (l *Language) outcome(res *Result, s *serving.State, r Request, rate float64) {
	t := l.Target
	replicas := float64(t.Replicas())
	res.Load = &Load{Rate: rate, Capacity: s.Capacity * replicas, Utilization: s.Utilization(), Stable: s.Stable, Running: s.Running * replicas, Wait: s.Wait}
	limit := l.Decode(max(1, s.Running), r.context()).Limit
	switch {
	case res.Decode != nil:
		limit = res.Decode.BoundBy
	case res.Prefill != nil:
		limit = res.Prefill.BoundBy
	}
	res.BoundBy = &limit
	perSecond := min(rate, res.Load.Capacity) * r.OSL * r.counted()
	if s.Stable {
		perSecond = rate * r.OSL * r.counted()
	}
	res.Throughput = &Throughput{Value: perSecond, Unit: r.Tokens.String() + "/s", PerDevice: perSecond / float64(t.Count)}
	res.Memory = l.occupied(s.Running, r)
	t.pay(res, 1e6, "USD/M "+r.Tokens.String())
	if res.Cost != nil {
		res.Cost.Per = append(res.Cost.Per, CostPer{Unit: "USD/request", Value: res.Cost.Per[0].Value / 1e6 * unit.USD(r.OSL*r.counted())})
	}
	res.Basis = basis(l.measured("decode"))
}

// measured returns the band of a phase. What was measured of dense models says little about mixtures of experts.
func (l *Language) measured(phase string) runtime.Band {
	if l.Model.Sparse() {
		phase += "-moe"
	}
	return l.Target.Runtime.Band(l.Target.Device, phase)
}

// EstimatePhase returns the answer for one bare step on one replica: no scheduler, no other work in it.
func (l *Language) EstimatePhase(s transformer.Step) *Result {
	t := l.Target
	step := l.Step(s)
	name, context := "decode", s.Context
	if s.Prompts > 0 {
		name, context = "prefill", s.Prefix+s.Tokens
	}
	sequences := s.Batch + s.Prompts
	b := l.measured(name)
	latency := band(b, step.Bound, step.Expected)
	res := l.result(Workload{Batch: sequences, Context: context})
	res.Latency = &latency
	res.BoundBy = &step.Limit
	tokens := sequences
	kind := "output tokens/s"
	if s.Prompts > 0 {
		tokens, kind = s.Prompts*s.Tokens, "input tokens/s"
		res.Prefill = l.prefillResult(latency, step.Limit, s)
	} else {
		res.Decode = l.decodeResult(latency, step.Limit, s)
	}
	perSecond := tokens / float64(latency.Expected) * float64(t.Replicas())
	res.Throughput = &Throughput{Value: perSecond, Unit: kind, PerDevice: perSecond / float64(t.Count)}
	res.Memory = l.footprint(l.sequence(context)*unit.Bytes(math.Ceil(l.share(sequences))), sequences)
	t.pay(res, 1e6, "USD/M "+kind[:len(kind)-2])
	res.Basis = basis(b)
	return res
}

func (l *Language) prefillResult(b Band, limit Limit, s transformer.Step) *Prefill {
	w := l.total(s)
	return &Prefill{TTFT: b, BoundBy: limit, FLOPs: w.FLOPs, MACs: w.MACs, Bytes: w.Bytes()}
}

func (l *Language) decodeResult(b Band, limit Limit, s transformer.Step) *Decode {
	w := l.total(s)
	return &Decode{TPOT: b, BoundBy: limit, UserSpeed: 1 / float64(b.Expected), FLOPs: w.FLOPs, MACs: w.MACs, Bytes: w.Bytes()}
}

// total returns what a step computes and moves in all, however it is spread.
func (l *Language) total(s transformer.Step) model.Totals {
	l.buf = l.whole.Step(l.buf[:0], s)
	return model.Sum(l.buf)
}

// result fills in what all answers about the model on the target share.
func (l *Language) result(w Workload) *Result {
	t, f := l.Target, l.Plan.Formats
	w.DType, w.ActDType, w.KVDType = f.Weights, f.Activations, f.KV
	r := &Result{
		Model: ModelInfo{Name: l.Model.Name, Parameters: l.Model.Parameters(), ActiveParameters: l.Model.ActiveParameters(),
			WeightBytes: l.whole.WeightBytes()},
		Device: t.Device.ID, Count: t.Count, Replicas: t.Replicas(), Runtime: t.Runtime.ID,
		Plan: Plan(t.Plan.Filled()), Workload: w,
	}
	if t.Fabric.Assumed() {
		r.Warnings = append(r.Warnings, "the network between hosts is not known; 400 Gbit/s per device are taken for granted")
	}
	if most := float64(l.Model.MaxContext); most > 0 && max(w.Context, w.ISL+w.OSL) > most {
		r.Warnings = append(r.Warnings, fmt.Sprintf("%s is made for %.0f tokens of context; %.0f are asked for", l.Model.Name, most, max(w.Context, w.ISL+w.OSL)))
	}
	return r
}

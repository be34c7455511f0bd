package estimate

import (
	"fmt"
	"math"

	"roofline/estimate/runtime"
	"roofline/hardware/unit"
	"roofline/model"
	"roofline/model/transformer"
)

// maxUsers is the most requests in flight the full load takes, per replica.
const maxUsers = 256

// Load is how a replica does with so many requests in flight.
type Load struct {
	Users    float64  // per replica
	Running  float64  // of them at a time: as many as the KV cache holds; the others wait
	TTFT     StepTime // expected: with the wait
	TPOT     StepTime
	Wait     unit.Seconds // for room in the cache
	EndToEnd unit.Seconds // expected
}

// Serve returns the steady state of a closed loop: each of users requests in flight is replaced as it ends.
//
// While one request gets its OSL−1 tokens by decode steps, the prompts of all the others that start meanwhile are
// prefilled between and in those steps. A request thus lasts
//
//	end to end = host + (OSL−1) · decode step(users) + prefill + (users−1) · busy
//	TTFT       = host + prefill + ρ/(2(1−ρ)) · busy + half a decode step,  ρ = (users−1) · busy ÷ (end to end − host)
//	TPOT       = (end to end − TTFT) ÷ (OSL−1)
//
// where host is the runtime's time per request, prefill that of one prompt alone, and busy what another prompt adds: the
// stages of a pipeline and the ranks of data-parallel attention work on several at a time. The wait is that of an M/D/1
// queue for prompts that arrive independently of each other, and of the step in progress. One user alone waits for
// nobody, and the three reduce to prefill + (OSL−1) · decode.
//
// Where the KV cache does not hold all the requests, those it holds run and the others wait for their turn: every
// request then lasts users ÷ running times as long, the difference being part of its TTFT.
func (l *Language) Serve(users float64, r Request) Load {
	load := Load{Users: users, Running: users}
	if held, err := l.held(r); err == nil && held >= 1 {
		load.Running = min(users, held)
	}
	running := load.Running
	load.TTFT, load.TPOT = l.Prefill(1, r.ISL, 0), l.Decode(running, r.context())
	prefill, busy := load.TTFT.Expected, load.TTFT.Expected
	if l.ranks > 1 {
		busy = l.Prefill(l.ranks, r.ISL, 0).Expected / unit.Seconds(l.ranks)
	}
	busy /= unit.Seconds(l.stages)
	step, steps := load.TPOT.Expected, unit.Seconds(r.OSL-1)
	load.EndToEnd = steps*step + prefill + unit.Seconds(running-1)*busy
	if running > 1 {
		rho := float64(unit.Seconds(running-1) * busy / load.EndToEnd)
		load.TTFT.Expected = min(load.EndToEnd, prefill+unit.Seconds(rho/(2*(1-rho)))*busy+step/2)
	}
	if r.OSL <= 1 { // nothing is decoded: a request is its prefill and its wait for those of the others
		load.TTFT.Expected, load.TPOT = load.EndToEnd, StepTime{}
	} else {
		load.TPOT.Expected = (load.EndToEnd - load.TTFT.Expected) / steps
	}
	load.Wait = load.EndToEnd * unit.Seconds(users/running-1)
	load.TTFT.Expected += l.Target.Runtime.PerRequest + load.Wait
	load.EndToEnd += l.Target.Runtime.PerRequest + load.Wait
	return load
}

// Estimate returns the answer for a number of requests in flight, in total over the replicas.
func (l *Language) Estimate(users float64, r Request) *Result {
	t := l.Target
	replicas := float64(t.Replicas())
	load := l.Serve(max(1, users/replicas), r) // with fewer requests than replicas, some replicas idle
	tpot := band(l.measured("decode"), load.TPOT.Bound, load.TPOT.Expected)
	ttft := band(l.measured("prefill"), load.TTFT.Bound, load.TTFT.Expected-load.Wait)
	// Those that wait for room in the cache wait for others' decode steps.
	ttft = ttft.plus(band(l.measured("decode"), 0, load.Wait))
	latency := r.span(ttft, tpot)
	perSecond := r.OutputRate(users, latency.Expected) * r.counted()
	res := l.result(Workload{ISL: r.ISL, OSL: r.OSL, Concurrency: users})
	res.Latency = &latency
	res.Throughput = &Throughput{Value: perSecond, Unit: r.Tokens.String() + "/s", PerDevice: perSecond / float64(t.Count)}
	res.Prefill = l.prefillResult(ttft, load.TTFT.Limit, transformer.Step{Prompts: 1, Tokens: r.ISL})
	res.Decode = l.decodeResult(tpot, load.TPOT.Limit, transformer.Step{Batch: load.Running, Context: r.context()})
	res.BoundBy = &res.Decode.BoundBy
	if r.OSL <= 1 {
		res.Decode, res.BoundBy = nil, &res.Prefill.BoundBy
	}
	res.Memory = l.occupied(load, r)
	if load.Running < load.Users {
		res.Warnings = append(res.Warnings, fmt.Sprintf("the KV cache holds %.0f of %.0f requests at a time; the others wait", load.Running*replicas, users))
	}
	t.pay(res, 1e6, "USD/M "+r.Tokens.String())
	if res.Cost != nil {
		res.Cost.Per = append(res.Cost.Per, CostPer{Unit: "USD/request", Value: res.Cost.Per[0].Value / 1e6 * unit.USD(r.OSL*r.counted())})
	}
	res.Basis = basis(l.measured("decode"))
	return res
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

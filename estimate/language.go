package estimate

import (
	"fmt"
	"math"

	"roofline/estimate/runtime"
	"roofline/hardware/dtype"
	"roofline/hardware/unit"
	"roofline/model"
	"roofline/model/transformer"
)

// Language is a language model on a target: compiled once, then evaluated at any step without allocating.
// It is not safe for concurrent use, because steps share a buffer.
type Language struct {
	Model   *transformer.Model
	Plan    *transformer.Plan
	Target  *Target
	Machine *Machine

	host   unit.Seconds // of a step, whatever it computes
	stages float64      // of the pipeline
	stage  unit.Bytes   // share of the model the fullest stage holds
	ranks  float64      // of data-parallel attention: each has its share of the sequences
	buf    []model.Work
}

// NewLanguage compiles a model for a target in the given formats; those left out are the checkpoint's.
func NewLanguage(m *transformer.Model, t *Target, f transformer.Formats) (*Language, error) {
	p := t.Plan.Filled()
	if p.PP > m.LayerCount() {
		return nil, fmt.Errorf("%s: pipeline parallelism %d: it has %d layers", m.Name, p.PP, m.LayerCount())
	}
	plan, err := m.Sharded(f, transformer.Sharding{TP: p.TP, ADP: p.DP, EP: p.EP})
	if err != nil {
		return nil, err
	}
	machine, err := t.Machine(formatsOf(plan.Decode(nil, 1, 1))...)
	if err != nil {
		return nil, err
	}
	return &Language{
		Model: m, Plan: plan, Target: t, Machine: machine,
		stages: float64(p.PP),
		stage:  unit.Bytes(t.Plan.Stages(m.LayerCount())),
		ranks:  float64(p.DP),
		host:   t.Runtime.PerStep + t.Runtime.PerLayer*unit.Seconds(m.LayerCount()),
		buf:    make([]model.Work, 0, plan.Len()),
	}, nil
}

// StepTime is the time of one forward pass of a replica.
type StepTime struct {
	Bound, Expected unit.Seconds
	Limit           Limit
}

// Step returns the time of a step: the sum over its operations, and the host's time per step, layer and sequence.
// Its floor counts the weights that the step's tokens touch and the cached keys and values once.
//
// In a pipeline the sequences that decode run as so many batches as there are stages, one per stage, so that all stages
// work; a token then passes all layers with its batch, and the activations are handed on between the stages.
func (l *Language) Step(s transformer.Step) StepTime {
	if l.stages > 1 && s.Batch > 0 {
		s.Batch = max(1, s.Batch/l.stages)
	}
	l.buf = l.Plan.Step(l.buf[:0], s)
	var by [limitCount]unit.Seconds
	var compute, wire, expected unit.Seconds
	var kv unit.Bytes
	for i := range l.buf {
		w := &l.buf[i]
		t := l.Machine.Op(w)
		d := t.Total * unit.Seconds(w.Count)
		expected += d
		by[t.Limit] += d
		compute += l.Machine.computeFloor(w)
		wire += l.Machine.wireFloor(w)
		kv += w.KV * unit.Bytes(w.Count)
	}
	tokens := s.Batch + s.Prompts*s.Tokens
	if l.stages > 1 {
		handed := l.Machine.Fabric.Send(unit.Bytes(tokens*float64(l.Model.Hidden)*l.Plan.Formats.Activations.Size())) * unit.Seconds(l.stages-1)
		expected += handed
		by[Communication] += handed
	}
	host := l.host + l.Target.Runtime.PerSequence*unit.Seconds((s.Batch+s.Prompts)/l.ranks)
	by[Overhead] += host
	t := StepTime{Bound: max(compute, l.Machine.memoryFloor(l.Plan.StepWeights(tokens)+kv)) + wire}
	t.Expected = max(expected+host, t.Bound)
	for limit := range by {
		if by[limit] > by[t.Limit] {
			t.Limit = Limit(limit)
		}
	}
	return t
}

// Decode returns the time of a step in which batch sequences get one token each, attending to context tokens.
func (l *Language) Decode(batch, context float64) StepTime {
	return l.Step(transformer.Step{Batch: batch, Context: context})
}

// Prefill returns the time to prefill prompts of so many new tokens after a cached prefix.
func (l *Language) Prefill(prompts, tokens, prefix float64) StepTime {
	return l.Step(transformer.Step{Prompts: prompts, Tokens: tokens, Prefix: prefix})
}

// Request is what every user asks: tokens in and tokens out.
type Request struct{ ISL, OSL float64 }

// context returns the mean tokens a decode step attends to: a request's k-th token after the first sees ISL + k, for
// k = 1 … OSL−1. As the work is linear in the context, the mean step is the step at the mean context.
func (r Request) context() float64 { return r.ISL + r.OSL/2 }

// EndToEnd returns the time of a request: TTFT and OSL−1 further tokens.
func (r Request) EndToEnd(ttft, tpot unit.Seconds) unit.Seconds {
	return ttft + unit.Seconds(r.OSL-1)*tpot
}

// span is [Request.EndToEnd] part by part: the errors of both times are taken to move together.
func (r Request) span(ttft, tpot Band) Band {
	return Band{
		Bound:    r.EndToEnd(ttft.Bound, tpot.Bound),
		Low:      r.EndToEnd(ttft.Low, tpot.Low),
		Expected: r.EndToEnd(ttft.Expected, tpot.Expected),
		High:     r.EndToEnd(ttft.High, tpot.High),
	}
}

// OutputRate returns the output tokens per second of users requests in flight, each lasting endToEnd: Little's law.
//
// By hand: 32 users, 1024/1024 tokens, TTFT 0.4 s, TPOT 20 ms: end to end 0.4 + 1023 · 0.020 = 20.86 s, and
// 32 · 1024 ÷ 20.86 = 1571 tokens/s.
func (r Request) OutputRate(users float64, endToEnd unit.Seconds) float64 {
	return users * r.OSL / float64(endToEnd)
}

// maxUsers is the most requests in flight the full load takes, per replica.
const maxUsers = 256

// prefillTokens is the largest number of prompt tokens in one step: what chunked prefill is set to where it matters for
// the activations' memory (vLLM's default for max_num_batched_tokens).
const prefillTokens = 8192

// Footprint returns the memory of one device with so many requests in flight per replica, each at its full length.
func (l *Language) Footprint(users float64, r Request) *Footprint {
	return l.footprint(l.cache(r.ISL+r.OSL)*unit.Bytes(users), users)
}

// cache returns what one sequence of context tokens of the replica takes of a device's cache, on average: under
// data-parallel attention a device keeps only its share of the sequences, in a pipeline only its stage's layers.
func (l *Language) cache(context float64) unit.Bytes {
	return l.Plan.KVBytes(context) * l.stage / unit.Bytes(l.ranks)
}

func (l *Language) footprint(kv unit.Bytes, users float64) *Footprint {
	return l.Target.footprint(l.Plan.WeightBytes()*l.stage, kv, l.Plan.ActivationBytes(prefillTokens, users))
}

// KVCapacity returns the memory left for the KV cache on each device when users' logits are provided for; not above 0 if the
// weights don't fit. The error is [ErrCapacity] where the capacity is not known.
func (l *Language) KVCapacity(users float64) (unit.Bytes, error) {
	capacity, _ := l.Target.Capacity()
	if capacity == 0 {
		return 0, ErrCapacity
	}
	return capacity - l.Target.reserved() - l.Plan.WeightBytes()*l.stage - l.Plan.ActivationBytes(prefillTokens, users), nil
}

// MaxUsers returns how many requests of full length fit one replica at a time, at most 256; 0 if the model doesn't fit.
func (l *Language) MaxUsers(r Request) (float64, error) {
	free, err := l.KVCapacity(maxUsers)
	if err != nil {
		return 0, err
	}
	each := l.cache(r.ISL + r.OSL)
	return max(0, min(maxUsers, math.Floor(float64(free/each)))), nil
}

// Room says how a model lies in the memory of a replica and what is left for requests.
type Room struct {
	Memory         *Footprint // of one device, the KV cache filling what is free
	Short          unit.Bytes // missing on each device for one request of the context
	Tokens         float64    // the KV cache holds, in requests of the context
	Users          float64    // requests of the context it holds, not rounded
	LongestContext float64    // of one request alone
}

// Room measures the memory left for requests of context tokens; see [Language.KVCapacity] for its error.
func (l *Language) Room(context float64) (Room, error) {
	free, err := l.KVCapacity(maxUsers)
	if err != nil {
		return Room{Memory: l.footprint(0, maxUsers)}, err
	}
	each := l.cache(context)
	r := Room{Memory: l.footprint(max(free, 0), maxUsers), Users: max(0, float64(free/each)), Short: max(0, each-free)}
	r.Tokens = math.Floor(r.Users * context)
	r.LongestContext = l.longestContext(free)
	return r, nil
}

// longestContext returns the longest request a KV cache of so many bytes holds, at most what the model is made for.
// The cache grows with the context, slower beyond sliding windows: the largest whole number is found by bisection.
func (l *Language) longestContext(free unit.Bytes) float64 {
	low, high := 0.0, float64(1<<30)
	if l.Model.MaxContext > 0 {
		high = float64(l.Model.MaxContext)
	}
	if l.cache(high) <= free {
		return high
	}
	for high-low > 1 {
		if mid := math.Floor((low + high) / 2); l.cache(mid) <= free {
			low = mid
		} else {
			high = mid
		}
	}
	return low
}

// Load is how a replica does with so many requests in flight.
type Load struct {
	Users         float64 // per replica
	Running       float64 // of them at a time: as many as the KV cache holds; the others wait
	TTFT          StepTime
	TPOT          StepTime
	EndToEnd      unit.Seconds // expected
	EndToEndBound unit.Seconds
}

// Serve returns the steady state of a closed loop: each of users requests in flight is replaced as it ends.
//
// While one request gets its OSL−1 tokens by decode steps, the prompts of all the others that start meanwhile are
// prefilled between and in those steps. A request thus lasts
//
//	end to end = host + (OSL−1) · decode step(users) + users · prefill(1 prompt)
//	TTFT       = host + prefill + wait,  wait = ρ/(2(1−ρ)) · prefill + half a decode step
//	ρ          = (users−1) · prefill ÷ end to end, without host
//	TPOT       = (end to end − TTFT) ÷ (OSL−1)
//
// where host is the runtime's time per request, and the wait that of an M/D/1 queue for the prefill of prompts that arrive independently of each other, and of
// the step in progress. One user alone waits for nobody, and the three reduce to prefill + (OSL−1) · decode.
//
// Where the KV cache does not hold all the requests, those it holds run and the others wait for their turn: every
// request then lasts users ÷ running times as long, the difference being part of its TTFT.
func (l *Language) Serve(users float64, r Request) Load {
	load := Load{Users: users, Running: users}
	if held, err := l.held(r); err == nil && held >= 1 {
		load.Running = min(users, held)
	}
	running := load.Running
	prefill := l.Prefill(1, r.ISL, 0)
	load.TTFT, load.TPOT = prefill, l.Decode(running, r.context())
	step, steps := load.TPOT.Expected, unit.Seconds(r.OSL-1)
	// A prompt keeps only one stage of a pipeline busy at a time; the others work on other prompts.
	busy := prefill.Expected / unit.Seconds(l.stages)
	load.EndToEnd = steps*step + prefill.Expected + unit.Seconds(running-1)*busy
	load.EndToEndBound = prefill.Bound + steps*load.TPOT.Bound
	if running > 1 {
		rho := float64(unit.Seconds(running-1) * busy / load.EndToEnd)
		load.TTFT.Expected = min(load.EndToEnd, prefill.Expected+unit.Seconds(rho/(2*(1-rho)))*busy+step/2)
	}
	if r.OSL <= 1 { // nothing is decoded: a request is its prefill and its wait for those of the others
		load.TTFT.Expected, load.TPOT = load.EndToEnd, StepTime{}
	} else {
		load.TPOT.Expected = (load.EndToEnd - load.TTFT.Expected) / steps
	}
	wait := l.Target.Runtime.PerRequest + load.EndToEnd*unit.Seconds(users/running-1)
	load.TTFT.Expected += wait
	load.EndToEnd += wait
	return load
}

// held returns how many requests the KV cache of a replica holds on the average of their lives, not rounded: a request
// that has just begun needs its ISL tokens, one that ends ISL + OSL.
func (l *Language) held(r Request) (float64, error) {
	free, err := l.KVCapacity(maxUsers)
	return float64(free / l.cache(r.context())), err
}

// Estimate returns the answer for a number of requests in flight, in total over the replicas.
func (l *Language) Estimate(users float64, r Request) *Result {
	t := l.Target
	replicas := float64(t.Replicas())
	load := l.Serve(users/replicas, r)
	phase := func(name string, s StepTime) Band {
		return band(l.measured(name), s.Bound, s.Expected)
	}
	ttft, tpot := phase("prefill", load.TTFT), phase("decode", load.TPOT)
	latency := r.span(ttft, tpot)
	perSecond := r.OutputRate(users, latency.Expected)
	res := l.result(Workload{ISL: r.ISL, OSL: r.OSL, Concurrency: users})
	res.Latency = &latency
	res.Throughput = &Throughput{Value: perSecond, Unit: "output tokens/s", PerDevice: perSecond / float64(t.Count)}
	res.Prefill = l.prefillResult(ttft, load.TTFT.Limit, transformer.Step{Prompts: 1, Tokens: r.ISL})
	res.Decode = l.decodeResult(tpot, load.TPOT.Limit, transformer.Step{Batch: users / replicas, Context: r.context()})
	res.BoundBy = &res.Decode.BoundBy
	if r.OSL <= 1 {
		res.Decode, res.BoundBy = nil, &res.Prefill.BoundBy
	}
	res.Memory = l.Footprint(min(users/replicas, max(1, math.Floor(load.Running))), r)
	if load.Running < load.Users {
		res.Warnings = append(res.Warnings, fmt.Sprintf("the KV cache holds %.0f of %.0f requests at a time; the others wait", load.Running*replicas, users))
	}
	res.Cost = t.cost(perSecond, 1e6, "USD/M output tokens")
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
	res.Memory = l.footprint(l.cache(context)*unit.Bytes(sequences), sequences)
	res.Cost = t.cost(perSecond, 1e6, "USD/M "+kind[:len(kind)-2])
	res.Basis = basis(b)
	return res
}

func (l *Language) prefillResult(b Band, limit Limit, s transformer.Step) *Prefill {
	w := model.Sum(l.Work(s))
	return &Prefill{TTFT: b, BoundBy: limit, FLOPs: w.FLOPs, MACs: w.MACs, Bytes: w.Bytes()}
}

func (l *Language) decodeResult(b Band, limit Limit, s transformer.Step) *Decode {
	w := model.Sum(l.Work(s))
	return &Decode{TPOT: b, BoundBy: limit, UserSpeed: 1 / float64(b.Expected), FLOPs: w.FLOPs, MACs: w.MACs, Bytes: w.Bytes()}
}

// Work returns the work of a step on one device, for [Machine.Op] and for people.
func (l *Language) Work(s transformer.Step) []model.Work { return l.Plan.Step(nil, s) }

// result fills in what all answers about the model on the target share.
func (l *Language) result(w Workload) *Result {
	t, f := l.Target, l.Plan.Formats
	w.DType, w.ActDType, w.KVDType = f.Weights, f.Activations, f.KV
	return &Result{
		Model: ModelInfo{Name: l.Model.Name, Parameters: l.Model.Parameters(), ActiveParameters: l.Model.ActiveParameters(),
			WeightBytes: l.Model.WeightBytes(f)},
		Device: t.Device.ID, Count: t.Count, Replicas: t.Replicas(), Runtime: t.Runtime.ID,
		Plan: Plan(t.Plan.Filled()), Workload: w,
	}
}

// formatsOf lists the distinct arithmetic formats of a list of work.
func formatsOf(ws []model.Work) []dtype.DType {
	var seen [dtype.ArithmeticCount]bool
	var out []dtype.DType
	for i := range ws {
		if w := &ws[i]; w.MACs > 0 && !seen[w.Format] {
			seen[w.Format] = true
			out = append(out, w.Format)
		}
	}
	return out
}

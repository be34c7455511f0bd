// Package serving says what users of a language model feel when many requests share a replica, and how many requests it
// can take: the steady state of continuous batching in closed form, and a simulation of the scheduler to hold it against.
//
// It knows nothing of models and devices. An [Engine] says how long a forward pass takes and how much of the cache a
// request fills; all else here is queueing.
package serving

import (
	"math"

	"roofline/hardware/unit"
)

// Step is what one forward pass of a replica computes: sequences that decode, prompts in prefill, or both.
type Step struct {
	Batch   float64 // sequences that decode
	Context float64 // tokens each of them attends to
	Draft   float64 // tokens proposed to each of them, to be checked in the same pass

	Prompts float64 // in prefill
	Tokens  float64 // new tokens of each
	Prefix  float64 // tokens of each that are in the cache already
}

// Engine is a replica as far as serving is concerned.
type Engine interface {
	// Pass returns how long a step keeps the next one waiting, and after what time its tokens are there. They differ in a
	// pipeline, whose first stage is free before the last one is done.
	Pass(Step) (busy, latency unit.Seconds)
	// Share returns which part of the KV cache a request of so many tokens takes, prefix of them found there already; 0
	// where nobody knows how large the cache is.
	Share(context, prefix float64) float64
}

// Server is a replica and how it batches.
type Server struct {
	Engine Engine
	// Chunk is the most prompt tokens a step takes: prompts are cut, and what is cut off them shares the step with those
	// that decode (A. Agrawal and others, "Taming Throughput-Latency Tradeoff in LLM Inference with Sarathi-Serve", 2024).
	// 0: prompts are prefilled whole, one between two decode steps.
	Chunk float64
	// PrefillFirst says that prompts go before those that decode: while any waits, steps are of up to Chunk tokens of prompts
	// and nothing else.
	PrefillFirst bool
	// Lanes are the prompts that are prefilled whole at a time: one per rank of data-parallel attention. 0 counts as 1.
	Lanes      float64
	MaxRunning float64      // most requests at a time
	Host       unit.Seconds // mean time before a request reaches the scheduler, exponentially distributed
	Hit        float64      // share of every prompt that is found in the cache
	Draft      Draft
}

// Draft is speculative decoding: a cheap model proposes tokens, one pass of the model checks them all.
type Draft struct {
	Tokens float64 // proposed per step
	Accept float64 // probability that a proposed token is right where those before it were
}

// PerStep returns the tokens a sequence gets in a step: those of the draft up to the first wrong one, and one of the
// model itself,
//
//	1 + p + p² + … + p^k = (1 − p^(k+1)) ÷ (1 − p)
//
// (Y. Leviathan, M. Kalman, Y. Matias, "Fast Inference from Transformers via Speculative Decoding", 2023). By hand,
// k = 4 and p = 0.8: 3.3616.
func (d Draft) PerStep() float64 {
	if d.Accept == 1 {
		return d.Tokens + 1
	}
	return (1 - math.Pow(d.Accept, d.Tokens+1)) / (1 - d.Accept)
}

// deviation returns the standard deviation of the steps that requests decode: their lengths differ, and so does what the
// draft is right about. The square of the tokens in a step is 1 + 3p + 5p² + … + (2k+1)·p^k on average.
func (d Draft) deviation(l Lengths) float64 {
	perStep, square, p := d.PerStep(), 0.0, 1.0
	for i := 0.0; i <= d.Tokens; i++ {
		square += (2*i + 1) * p
		p *= d.Accept
	}
	steps := l.after() / perStep
	return math.Sqrt(steps*steps*variance(l.OSLSpread) + steps*(square-perStep*perStep)/(perStep*perStep))
}

// Lengths are the tokens of requests in and out. Each is drawn evenly from mean · (1 ± spread).
type Lengths struct {
	ISL, OSL             float64
	ISLSpread, OSLSpread float64 // 0: all requests are alike
}

// variance returns the squared coefficient of variation of what is even over 1 ± spread.
func variance(spread float64) float64 { return spread * spread / 3 }

// after returns the mean tokens after the first.
func (l Lengths) after() float64 { return max(0, l.OSL-1) }

// context returns the mean tokens a decode step attends to. Long answers are longer in the batch: of lengths with a
// squared coefficient of variation v the mean one at a time is 1 + v times as long.
func (l Lengths) context() float64 { return l.ISL + l.OSL*(1+variance(l.OSLSpread))/2 }

// Times is a time over requests.
type Times struct {
	Mean unit.Seconds `json:"mean"`
	P95  unit.Seconds `json:"p95"`
	P99  unit.Seconds `json:"p99"`
}

// plus returns the times later by d.
func (t Times) plus(d unit.Seconds) Times { return Times{t.Mean + d, t.P95 + d, t.P99 + d} }

// State is how a replica does under a load.
type State struct {
	Users    float64      // requests in flight on average: rate · latency, by Little's law
	Running  float64      // of them in the machine; the others wait for room in the cache
	Decoding float64      // of them past their first token
	Rate     float64      // requests per second
	Capacity float64      // the most requests per second it can keep up with
	Stable   bool         // the load is not above it; else there is no steady state, and times grow without end
	Wait     unit.Seconds // for room in the cache, part of TTFT
	Step     unit.Seconds // of those that decode, without prompts
	TTFT     Times
	TPOT     Times
	Latency  Times
}

// Utilization returns the load as a part of what can be taken, at most 1.
func (s *State) Utilization() float64 {
	if !s.Stable || s.Capacity == 0 {
		return 1
	}
	return min(1, s.Rate/s.Capacity)
}

// slots returns how many requests run at a time: as many as the cache holds on the average of their lives, a request
// that has just begun needing its prompt only.
func (s *Server) slots(l Lengths) float64 {
	most := s.MaxRunning
	if most == 0 {
		most = math.Inf(1)
	}
	if share := s.Engine.Share(l.ISL+l.OSL/2, s.Hit*l.ISL); share > 0 {
		most = min(most, 1/share)
	}
	return max(1, most)
}

// decode returns the mean time of a decode step of so many sequences on average: in each there is a whole number of them.
func (s *Server) decode(batch, context float64) unit.Seconds {
	batch = max(1, batch)
	whole, part := math.Modf(batch)
	step := Step{Batch: whole, Context: context, Draft: s.Draft.Tokens}
	time, _ := s.Engine.Pass(step)
	if part > 0 {
		step.Batch++
		more, _ := s.Engine.Pass(step)
		time += (more - time) * unit.Seconds(part)
	}
	return time
}

// pace says how prompts and decode steps share a replica.
type pace struct {
	step      unit.Seconds // of those that decode
	full      unit.Seconds // step that takes as many prompt tokens as it can
	each      float64      // such steps per prompt
	alone     unit.Seconds // prefill of a prompt that finds no other
	own       unit.Seconds // prefill of a prompt among others
	single    unit.Seconds // by how much a prompt that finds no other lengthens the decode of others
	steps     float64      // of a request that decodes
	deviation float64      // of the steps, between requests
	first     bool         // prompts go before those that decode: full is a step of prompts alone
}

// gap returns the time between prompts that follow one another.
func (p *pace) gap() unit.Seconds { return p.full * unit.Seconds(p.each) }

// extra returns by how much a prompt lengthens the decode of others: the steps it fills would have been decode steps,
// where it shares them.
func (p *pace) extra() unit.Seconds {
	if p.first {
		return p.gap()
	}
	return (p.full - p.step) * unit.Seconds(p.each)
}

// company returns which part of the prompts that come at a rate share their step with others: those that come in the
// same one. A step lasts 1 ÷ the steps per second, which are those with prompts and those without.
func (p *pace) company(rate, load float64) unit.Seconds {
	if p.step == 0 {
		return unit.Seconds(load)
	}
	perSecond := rate*p.each + (1-load)/float64(p.step)
	return unit.Seconds(1 - math.Exp(-rate/perSecond))
}

// among returns by how much a prompt lengthens the decode of others when so many of them share their steps.
func (p *pace) among(company unit.Seconds) unit.Seconds {
	return p.single + (p.extra()-p.single)*company
}

// prompts returns what does not depend on who decodes: the times of prompts that are prefilled whole.
func (s *Server) prompts(l Lengths) pace {
	p := pace{steps: l.after() / s.Draft.PerStep(), deviation: s.Draft.deviation(l), first: s.PrefillFirst}
	switch {
	case s.PrefillFirst:
		p.chunked(s, s.chunk(l), l)
		return p
	case s.Chunk > 0:
		return p
	}
	lanes := max(1, s.Lanes)
	found := s.Hit * l.ISL
	step := Step{Prompts: 1, Tokens: l.ISL - found, Prefix: found}
	busy, latency := s.Engine.Pass(step)
	p.alone, p.own, p.single, p.each, p.full = latency, latency, busy, 1/lanes, busy
	if lanes > 1 {
		step.Prompts = lanes
		p.full, _ = s.Engine.Pass(step)
	}
	return p
}

// chunk returns a step full of prompt tokens.
func (s *Server) chunk(l Lengths) Step {
	found := s.Hit * l.ISL
	fresh := l.ISL - found
	return Step{Prompts: max(1, s.Chunk/fresh), Tokens: min(s.Chunk, fresh), Prefix: found + max(0, fresh-s.Chunk)/2}
}

// beside returns the times of prompts beside so many sequences that decode, on average: as many more or fewer at a time as
// their standard deviation says. From some number on steps are longer by a tile, which the average may not reach.
func (s *Server) beside(p pace, decoding, deviation float64, l Lengths) pace {
	var mixed Step
	if s.Chunk > 0 {
		mixed = s.chunk(l)
	}
	if p.steps > 0 {
		mixed.Batch, mixed.Context, mixed.Draft = max(1, decoding), l.context(), s.Draft.Tokens
		p.step = s.decode(decoding-deviation, l.context())
		if deviation > 0 {
			p.step = (p.step + s.decode(decoding+deviation, l.context())) / 2
		}
	}
	switch {
	case s.PrefillFirst:
	case s.Chunk == 0:
		p.full += p.step
	default:
		p.chunked(s, mixed, l)
	}
	return p
}

// chunked fills in the times of prompts that are cut, from those of a step that is full of them.
func (p *pace) chunked(s *Server, mixed Step, l Lengths) {
	busy, latency := s.Engine.Pass(mixed)
	p.full, p.each = busy, l.ISL*(1-s.Hit)/s.Chunk
	p.own = latency
	if p.each > 1 {
		p.own = busy*unit.Seconds(p.each-1) + latency
		p.alone, p.single = p.own, p.extra()
		return
	}
	mixed.Prompts = 1
	busy, p.alone = s.Engine.Pass(mixed)
	p.single = busy - p.step
}

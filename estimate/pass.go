package estimate

import (
	"roofline/estimate/serving"
	"roofline/estimate/slo"
	"roofline/hardware/unit"
	"roofline/model/transformer"
)

// Pass returns how long a step keeps the next one waiting, and after what time its tokens are there: a pipeline takes up
// further prompts when its first stage is done with one.
//
// Proposed tokens are checked in the same pass: attention reads the cache once for all tokens of a sequence, and all else
// is done for each of them. The draft is a head of one layer, asked once per proposed token.
func (l *Language) Pass(s serving.Step) (busy, latency unit.Seconds) {
	step := transformer.Step{Batch: s.Batch, Context: s.Context, Prompts: s.Prompts, Tokens: s.Tokens, Prefix: s.Prefix}
	latency = l.Step(step).Expected
	if s.Draft > 0 && s.Batch > 0 {
		latency += l.checked(s)
	}
	busy = latency
	if l.stages > 1 && s.Prompts > 0 {
		var decode unit.Seconds
		if s.Batch > 0 {
			decode = l.Decode(s.Batch, s.Context).Expected
		}
		busy = decode + (latency-decode)/unit.Seconds(l.stages)
	}
	return busy, latency
}

// checked returns what it takes to propose tokens to the sequences that decode and to check them.
func (l *Language) checked(s serving.Step) unit.Seconds {
	one, all := l.Decode(s.Batch, 1), l.Decode(s.Batch*(1+s.Draft), 1)
	host := l.Target.Runtime.PerSequence * unit.Seconds(l.share(s.Batch*(1+s.Draft))-l.share(s.Batch))
	draft := l.Decode(s.Batch, s.Context).Expected / unit.Seconds(l.Model.LayerCount())
	return max(0, all.Expected-one.Expected-host) + draft*unit.Seconds(s.Draft)
}

// Share returns which part of the KV cache of a replica a request of so many tokens takes. The prefix that requests share
// lies in the cache of each rank once.
func (l *Language) Share(context, prefix float64) float64 {
	free, err := l.KVCapacity(maxUsers)
	if err != nil {
		return 0
	}
	var shared unit.Bytes
	if prefix > 0 {
		shared = l.sequence(prefix)
	}
	if free <= shared {
		return 1
	}
	return float64((l.sequence(context)-shared)/(free-shared)) / l.ranks
}

// server returns the replica as its scheduler sees it.
func (l *Language) server(r Request) serving.Server {
	t := l.Target
	chunk := t.Batching.Chunk
	if chunk == 0 && t.Runtime.PrefillFirst {
		chunk = t.Runtime.Chunk
	}
	return serving.Server{Engine: l, Chunk: chunk, PrefillFirst: t.Runtime.PrefillFirst, Draft: t.Batching.Draft, Lanes: l.ranks, MaxRunning: mostRunning,
		Host: t.Runtime.PerRequest, Hit: r.Hit}
}

// mostRunning is the most requests a replica has in one step (vLLM's default for max_num_seqs on large devices).
const mostRunning = 1024

// Serve returns the steady state of a replica with so many requests in flight, each replaced as it ends.
func (l *Language) Serve(users float64, r Request) serving.State {
	s := l.server(r)
	return s.Closed(users, r.lengths())
}

// ServeRate returns the steady state of a replica to which requests come at a rate, dealt in turn to it and its like.
func (l *Language) ServeRate(rate float64, r Request) serving.State {
	s := l.server(r)
	return s.Open(rate, r.irregularity()/float64(l.Target.Replicas()), r.lengths())
}

// Simulate runs the scheduler of the replicas on simulated requests.
func (l *Language) Simulate(t serving.Traffic, r Request) *serving.Outcome {
	s := l.server(r)
	t.Replicas, t.Lengths = l.Target.Replicas(), r.lengths()
	return s.Simulate(t)
}

// SimulatedRequests is how many requests of a rate are simulated.
const SimulatedRequests = 10_000

// Summarize returns what is said of a simulation: beside the times, how many requests keep every limit.
func Summarize(o *serving.Outcome, seed uint64, limits slo.Limits) *Simulated {
	s := &Simulated{Seed: seed, Requests: len(o.Served), Rate: o.Rate(), Busy: o.Busy, TTFT: o.Times((*serving.Served).TTFT),
		Latency: o.Times((*serving.Served).Latency)}
	if tpot := o.Times((*serving.Served).TPOT); tpot.Mean > 0 {
		s.TPOT = &tpot
	}
	if len(limits) > 0 {
		within := o.Within(limits)
		goodput := within * o.Rate()
		s.Within, s.Goodput = &within, &goodput
	}
	return s
}

package estimate

import (
	"fmt"

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

	whole  *transformer.Plan // the model on one device: what a step computes, however it is spread
	host   unit.Seconds      // of a step, whatever it computes
	stages float64           // of the pipeline
	stage  float64           // share of the layers the fullest stage holds
	ranks  float64           // of data-parallel attention: each has its share of the sequences
	buf    []model.Work
}

// NewLanguage compiles a model for a target in the given formats; those left out are the checkpoint's.
func NewLanguage(m *transformer.Model, t *Target, f transformer.Formats) (*Language, error) {
	p := t.Plan.Filled()
	if p.PP > m.LayerCount() {
		return nil, fmt.Errorf("%s: pipeline parallelism %d: want at most its %d layers", m.Name, p.PP, m.LayerCount())
	}
	f = Formats(m, t, f)
	plan, err := m.Sharded(f, transformer.Sharding{TP: p.TP, ADP: p.DP, EP: p.EP})
	if err != nil {
		return nil, err
	}
	whole, err := m.Plan(f, 1)
	if err != nil {
		return nil, err
	}
	machine, err := t.Machine(formatsOf(plan.Step(nil, transformer.Step{Batch: 1, Context: 1, Prompts: 1, Tokens: 1}))...)
	if err != nil {
		return nil, err
	}
	return &Language{
		Model: m, Plan: plan, Target: t, Machine: machine, whole: whole,
		stages: float64(p.PP),
		stage:  t.Plan.Stages(m.LayerCount()),
		ranks:  float64(p.DP),
		host:   t.Runtime.PerStep + t.Runtime.PerLayer*unit.Seconds(m.LayerCount()),
		buf:    make([]model.Work, 0, plan.Len()),
	}, nil
}

// Formats returns the formats that are taken on a target where they are not given: the cache of quantised models may have
// its own, and weights that are expanded anyway are so to a format that the device has. The others are left to
// [transformer.Model.Resolve].
func Formats(m *transformer.Model, t *Target, f transformer.Formats) transformer.Formats {
	if own := m.Resolve(f); own.Weights.WeightOnly() && f.Activations == dtype.Unknown && t.Device.Peak(own.Activations) == 0 {
		for _, d := range []dtype.DType{dtype.FP16, dtype.FP32} {
			if t.Device.Peak(d) > 0 {
				f.Activations = d
				break
			}
		}
	}
	if f.KV == dtype.Unknown && m.Quantization.KV == dtype.Unknown && m.Resolve(f).Weights.Bits() < 9 { // scales of blocks included
		f.KV = t.Runtime.LowBitKV
	}
	return f
}

// StepTime is the time of one forward pass of a replica.
type StepTime struct {
	Bound, Expected unit.Seconds
	Limit           Limit
}

// Step returns the time of a step: the sum over its operations, and the host's time per step, layer and sequence.
//
// Its floor counts the weights that the step's tokens touch and the cached keys and values once; a pipeline has the
// last-level caches of all its stages, and prompts could be cut so that all its stages compute at a time.
func (l *Language) Step(s transformer.Step) StepTime {
	s = l.split(s)
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
	handoff := l.handoff(tokens)
	by[Communication] += handoff
	host := l.host + l.Target.Runtime.PerSequence*unit.Seconds(l.share(s.Batch+s.Prompts))
	by[Overhead] += host
	if s.Prompts > 0 {
		compute /= unit.Seconds(l.stages)
	}
	cached := l.Machine.Device.Cache.LastLevel * unit.Bytes(l.stages-1) // one device's is taken off by memoryFloor
	t := StepTime{Bound: max(compute, l.Machine.memoryFloor(l.Plan.StepWeights(tokens)+kv-cached)) + wire}
	t.Expected = max(expected+handoff+host, t.Bound)
	for limit := range by {
		if by[limit] > by[t.Limit] {
			t.Limit = Limit(limit)
		}
	}
	return t
}

// split returns the part of a step that passes through a pipeline at a time. The sequences that decode run as so many
// batches as there are stages, one per stage, so that all stages work; a token then passes all layers with its batch.
func (l *Language) split(s transformer.Step) transformer.Step {
	if l.stages > 1 && s.Batch > 0 {
		s.Batch = max(1, s.Batch/l.stages)
	}
	return s
}

// handoff returns the time in which the activations of so many tokens go from stage to stage.
func (l *Language) handoff(tokens float64) unit.Seconds {
	if l.stages == 1 {
		return 0
	}
	bytes := unit.Bytes(l.share(tokens) * float64(l.Model.Hidden) * l.Plan.Formats.Activations.Size())
	return l.Machine.Fabric.Send(bytes) * unit.Seconds(l.stages-1)
}

// share returns the busiest rank's part of what is spread over data-parallel attention: one sequence can't be.
func (l *Language) share(n float64) float64 { return max(min(1, n), n/l.ranks) }

// Work returns the work of a step on one device, as much of it as runs at a time: for [Machine.Op] and for people.
func (l *Language) Work(s transformer.Step) []model.Work { return l.Plan.Step(nil, l.split(s)) }

// Decode returns the time of a step in which batch sequences get one token each, attending to context tokens.
func (l *Language) Decode(batch, context float64) StepTime {
	return l.Step(transformer.Step{Batch: batch, Context: context})
}

// Prefill returns the time to prefill prompts of so many new tokens after a cached prefix.
func (l *Language) Prefill(prompts, tokens, prefix float64) StepTime {
	return l.Step(transformer.Step{Prompts: prompts, Tokens: tokens, Prefix: prefix})
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

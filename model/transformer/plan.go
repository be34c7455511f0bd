package transformer

import (
	"roofline/hardware/unit"
	"roofline/model"
)

// Plan is a model compiled for number formats and a layout: the work of one device as a function of the step.
// Every operation is linear in the tokens or the sequences of the step, except attention and the experts.
//
// Under tensor parallelism a device holds 1/tp of the heads, of the MLP's width and of the vocabulary; key-value heads
// are replicated where tp exceeds them; norms, routers and the latent vectors of [Latent] are replicated.
type Plan struct {
	Formats  Formats // resolved
	TP       int
	Sharding Sharding

	// Imbalance is how many times the mean work the busiest device has under expert parallelism, which the others wait
	// for: the plan's experts work as if that many times the tokens were in the step. 1 is even.
	Imbalance float64

	ops         []op
	attention   []attention
	recurrences []recurrence
	routings    []routing

	adp        float64
	fixed      float64    // tokens of the encoder whatever the prompt
	encodes    bool       // the prompt's tokens are the encoder's, not the decoder's
	tables     unit.Bytes // weights no step reads whole: input embedding unless tied, positions
	activation unit.Bytes // largest live set per token
	logits     unit.Bytes // fp32 logits per sequence
	cache      KVSplit
}

// op is the work of an operation for one unit of its driver; weights do not depend on the step, except those of experts.
type op struct {
	model.Work
	per   driver
	at    int  // index into the attention, recurrences or routings of the plan
	again bool // its weights are those of another entry, which runs in other steps
}

// driver is what the work of an operation is proportional to.
type driver uint8

const (
	perToken        driver = iota // tokens of the step; under data-parallel attention the device's share of them
	perReplicaToken               // tokens of the step, whatever the share
	perSequence
	perDecoded  // tokens that are decoded
	perExpanded // tokens in prefill and their cached prefixes
	perSource   // tokens of the encoder
	perQuery    // attention: depends on the context too
	perState    // a recurrence: on tokens and sequences
	perRouted   // rows through an expert; the weights are those of one expert
	drivers
)

// Plan compiles the model for tensor parallelism. Formats left out are the checkpoint's; the error is that of
// [Model.CheckTP].
func (m *Model) Plan(f Formats, tp int) (*Plan, error) {
	if err := m.CheckTP(tp); err != nil {
		return nil, err
	}
	return m.plan(f, Sharding{TP: tp}.filled()), nil
}

// Sharded compiles the model for a layout over devices. The error is that of [Model.Check].
func (m *Model) Sharded(f Formats, s Sharding) (*Plan, error) {
	if err := m.Check(s); err != nil {
		return nil, err
	}
	return m.plan(f, s.filled()), nil
}

func (m *Model) plan(f Formats, s Sharding) *Plan {
	c := newCompiler(m, f, s)
	if m.Source != nil {
		c.source(m.Source)
	}
	c.embed(m)
	for i := range m.Layers {
		c.layer(&m.Layers[i])
	}
	c.head(m)
	return c.Plan
}

// StepWeightBytes returns the weights a device reads in a step of one token: the least a step reads. With more tokens
// more experts are read, see [Plan.StepWeights]; without experts all steps read the same.
func (p *Plan) StepWeightBytes() unit.Bytes { return p.StepWeights(1) }

// StepWeights returns the weights a device reads in a step of so many tokens, of prompts and of sequences that decode:
// all of them but the tables, and of the experts those that are expected to be chosen.
func (p *Plan) StepWeights(tokens float64) unit.Bytes {
	return p.weights(func(r *routing) float64 { return r.touched(tokens * p.imbalance()) }, false)
}

// WeightBytes returns the weights a device holds.
func (p *Plan) WeightBytes() unit.Bytes {
	return p.weights(func(r *routing) float64 { return r.local }, true) + p.tables
}

// StageBytes returns the weights the fullest device of a pipeline holds whose stages have a share of the layers each: the
// input embedding lies whole on the first stage, the head on the last.
func (p *Plan) StageBytes(share float64) unit.Bytes {
	all := p.WeightBytes()
	if share >= 1 {
		return all
	}
	var head unit.Bytes
	for i := range p.ops {
		if p.ops[i].Name == "lm_head" {
			head = p.ops[i].Weights
		}
	}
	return (all-p.tables-head)*unit.Bytes(share) + max(p.tables, head)
}

// weights sums the weights of all operations, with so many experts of each mixture; an encoder's are held, but not read
// when a token is decoded.
func (p *Plan) weights(experts func(*routing) float64, encoder bool) unit.Bytes {
	var b unit.Bytes
	for i := range p.ops {
		o := &p.ops[i]
		n := o.Count
		switch {
		case o.again, o.per == perSource && !encoder:
			continue
		case o.per == perRouted:
			n *= experts(&p.routings[o.at])
		}
		b += unit.Bytes(n) * o.Weights
	}
	return b
}

// imbalance returns the factor that is in effect: no device can be busier than all together.
func (p *Plan) imbalance() float64 { return max(1, min(p.Imbalance, float64(p.Sharding.EP))) }

// ActivationBytes returns the memory for the activations of a step on one device: for each token the largest set alive
// at once in a layer, and fp32 logits of the whole vocabulary for each sequence.
//
// Alive are the residual and the normalised input, and beside them either q, k, v and the attention's result or the
// MLP's first output and the activation of it; of a mixture these and the input for each expert of a token.
//
// By hand: Llama-3.1-8B in bf16 per token: (2·4096 + max(6144 + 4096, 28 672 + 14 336)) · 2 bytes = 102 400 bytes;
// per sequence 128 256 · 4 = 513 024 bytes.
func (p *Plan) ActivationBytes(tokens, sequences float64) unit.Bytes {
	return unit.Bytes(tokens)*p.activation + unit.Bytes(sequences/p.adp)*p.logits
}

package transformer

import (
	"roofline/hardware/dtype"
	"roofline/hardware/unit"
	"roofline/model"
)

// Operations per element, by the arithmetic they stand for.
const (
	softmaxFLOPs    = 5 // maximum, subtract, exponential, sum, divide
	rotaryFLOPs     = 3 // two products and a sum
	activationFLOPs = 5 // SiLU: negate, exponential, add, divide, multiply; GELU's polynomial is about as long
)

// logitBytes is the size of a logit: samplers work in fp32.
const logitBytes = 4

// Plan is a model compiled for number formats and tensor parallelism: the work of one device as a function of the step.
// Every operation is linear in the tokens or the sequences of the step, except attention.
//
// Under tensor parallelism a device holds 1/tp of the heads, of the MLP's width and of the vocabulary; key-value heads
// are replicated where tp exceeds them; norms are replicated.
type Plan struct {
	Formats Formats // resolved
	TP      int

	ops       []op
	attention []attention

	tables     unit.Bytes // weights no step reads whole: input embedding unless tied, positions
	activation unit.Bytes // largest live set per token
	logits     unit.Bytes // fp32 logits per sequence
}

// op is the work of an operation for one token or one sequence; weights do not depend on the step.
type op struct {
	model.Work
	per       driver
	attention int // index into Plan.attention, for perQuery
}

// driver is what the work of an operation is proportional to.
type driver uint8

const (
	perToken driver = iota
	perSequence
	perQuery // attention: depends on the context too
)

// Plan compiles the model. Formats left out are the checkpoint's; the error is that of [Model.CheckTP].
func (m *Model) Plan(f Formats, tp int) (*Plan, error) {
	if err := m.CheckTP(tp); err != nil {
		return nil, err
	}
	return m.plan(f, tp), nil
}

// StepWeightBytes returns the weights a device reads in a step.
func (p *Plan) StepWeightBytes() unit.Bytes {
	var b unit.Bytes
	for i := range p.ops {
		b += unit.Bytes(p.ops[i].Count) * p.ops[i].Weights
	}
	return b
}

// WeightBytes returns the weights a device holds.
func (p *Plan) WeightBytes() unit.Bytes { return p.StepWeightBytes() + p.tables }

// KVBytes returns the cache a device holds for one sequence of context tokens.
func (p *Plan) KVBytes(context float64) unit.Bytes {
	var b unit.Bytes
	for i := range p.ops {
		if o := &p.ops[i]; o.per == perQuery {
			a := &p.attention[o.attention]
			b += unit.Bytes(o.Count*a.visible(context)) * a.kv
		}
	}
	return b
}

// KVBytesPerToken returns the cache a device holds for one token, inside every window.
func (p *Plan) KVBytesPerToken() unit.Bytes { return p.KVBytes(1) }

// ActivationBytes returns the memory for the activations of a step on one device: for each token the largest set alive
// at once in a layer, and fp32 logits of the whole vocabulary for each sequence.
//
// Alive are the residual and the normalised input, and beside them either q, k, v and the attention's result or the
// MLP's first output and the activation of it.
//
// By hand: Llama-3.1-8B in bf16 per token: (2·4096 + max(6144 + 4096, 28 672 + 14 336)) · 2 bytes = 102 400 bytes;
// per sequence 128 256 · 4 = 513 024 bytes.
func (p *Plan) ActivationBytes(tokens, sequences float64) unit.Bytes {
	return unit.Bytes(tokens)*p.activation + unit.Bytes(sequences)*p.logits
}

func (m *Model) plan(f Formats, tp int) *Plan {
	f = m.Resolve(f)
	c := &compiler{
		Plan:   &Plan{Formats: f, TP: tp},
		tp:     float64(tp),
		hidden: float64(m.Hidden),
		wide:   f.wide(),
		act:    f.Activations.Size(),
		vector: f.Activations.Arithmetic(),
	}
	c.embed(m)
	for i := range m.Layers {
		c.layer(&m.Layers[i])
	}
	c.head(m)
	return c.Plan
}

// same reports operations that differ only in how often they run, so that kinds of layers share an entry.
func (o *op) same(b *op) bool {
	return o.Name == b.Name && o.per == b.per && o.per != perQuery && o.Weights == b.Weights && o.FLOPs == b.FLOPs &&
		o.Read == b.Read && o.Write == b.Write && o.Stored == b.Stored && o.Format == b.Format
}

// storedAs returns the formats a linear layer is stored and multiplied in.
func (f *Formats) storedAs(quantize bool) (stored, compute dtype.DType) {
	wide := f.wide()
	if quantize && quantized(f.Weights) {
		return f.Weights, f.Compute
	}
	return wide, wide.Arithmetic()
}

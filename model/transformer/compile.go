package transformer

import (
	"math"

	"roofline/hardware/dtype"
	"roofline/hardware/unit"
	"roofline/model"
)

// Operations per element, by the arithmetic they stand for.
const (
	softmaxFLOPs    = 5 // maximum, subtract, exponential, sum, divide
	rotaryFLOPs     = 3 // two products and a sum
	activationFLOPs = 5 // SiLU: negate, exponential, add, divide, multiply; GELU's polynomial is about as long
	sigmoidFLOPs    = 4 // negate, exponential, add, divide
)

// logitBytes is the size of a logit: samplers work in fp32.
const logitBytes = 4

// compiler builds the operations of a plan, in the order in which they run.
type compiler struct {
	*Plan
	model      *Model
	given      Formats // as asked for
	tp, hidden float64
	wide       dtype.DType // format of what is never quantised
	act        float64     // bytes of an activation
	vector     dtype.DType // arithmetic outside the products with weights
	kind       driver      // what per-token operations are proportional to: the encoder's tokens, or the decoder's
}

func newCompiler(m *Model, given Formats, s Sharding) *compiler {
	f := m.Resolve(given)
	return &compiler{
		Plan: &Plan{Formats: f, TP: s.TP, Sharding: s, Imbalance: 1, adp: float64(s.ADP),
			ops: make([]op, 0, 32)},
		model:  m,
		given:  given,
		tp:     float64(s.TP),
		hidden: float64(m.Hidden),
		wide:   f.wide(),
		act:    f.Activations.Size(),
		vector: f.Activations.Arithmetic(),
	}
}

// add appends an operation, or counts it to an equal one of another kind of layer.
func (c *compiler) add(o op) {
	if o.per == perToken {
		o.per = c.kind
	}
	for i := range c.ops {
		if c.ops[i].same(&o) {
			c.ops[i].Count += o.Count
			return
		}
	}
	c.ops = append(c.ops, o)
}

// same reports operations that differ only in how often they run, so that kinds of layers share an entry.
func (o *op) same(b *op) bool {
	return o.Name == b.Name && o.per == b.per && o.at == b.at && o.Weights == b.Weights && o.FLOPs == b.FLOPs &&
		o.Read == b.Read && o.Write == b.Write && o.Stored == b.Stored && o.Format == b.Format
}

// embed gathers a row of the embedding table per token, and one of the learned positions where there are some.
// The table is sharded by vocabulary, so under tensor parallelism the rows are summed over the devices.
func (c *compiler) embed(m *Model) {
	tables := m.tables()
	if !m.headReads() { // else the head holds it
		tables += math.Ceil(float64(m.Vocab)/c.tp) * c.hidden
	}
	stored := c.wide
	if c.Formats.Weights.GGUF() {
		stored = c.Formats.Weights
	}
	c.tables += unit.Bytes(tables * stored.Size())
	rows := c.hidden / c.tp
	if m.Positions > 0 {
		rows += c.hidden
	}
	if m.Segments > 0 {
		rows += c.hidden
	}
	c.add(op{Work: model.Work{Name: "embed", Kind: "Gather", Class: model.Copy, Count: 1,
		Read: unit.Bytes(rows * stored.Size()), Write: c.activations(c.hidden), Format: c.vector, Stored: stored}})
	c.groupCollective("embed_all_reduce", "AllReduce", 1, c.hidden, perToken)
}

// layer appends the operations of one kind of layer.
func (c *compiler) layer(l *Layer) {
	n := float64(l.Count)
	mixer, feedForward := l.mixer(), l.feedForward()

	// A residual addition joins each norm; a layer that has one norm for two parts does both there.
	adds := 1.0
	if l.Norms == 1 && mixer != nil && feedForward != nil {
		adds = 2
	}
	if mixer != nil {
		c.norm("attn_norm", l.Norm, n, adds)
		mixer.compile(c, n)
		if !l.Parallel {
			c.groupCollective("attn_all_reduce", "AllReduce", n, c.hidden, perToken)
		}
		if l.Norms == 4 {
			c.norm("attn_post_norm", l.Norm, n, 0)
		}
	}
	if l.Cross.Heads > 0 {
		c.norm("cross_norm", l.Norm, n, 1)
		cross := crossAttention{&l.Cross}
		cross.compile(c, n)
		c.groupCollective("cross_all_reduce", "AllReduce", n, c.hidden, perToken)
	}
	if feedForward == nil {
		return
	}
	if l.Norms > 1 || mixer == nil {
		c.norm("mlp_norm", l.Norm, n, adds)
	}
	feedForward.compile(c, n)
	if l.MoE.Experts == 0 { // a mixture has collectives of its own
		c.groupCollective("mlp_all_reduce", "AllReduce", n, c.hidden, perToken)
	}
	if l.Norms == 4 {
		c.norm("mlp_post_norm", l.Norm, n, 0)
	}
}

// head appends the final norm, the language-model head and the sampling of its logits, which are gathered from the
// shards of the vocabulary and turned to fp32. An encoder has a norm only, and maybe a pooler.
func (c *compiler) head(m *Model) {
	c.norm("final_norm", m.FinalNorm, 1, 1)
	if m.Kind == Encoder {
		if m.Pooler {
			pooler := c.biased(c.linear("pooler", 1, c.hidden, c.hidden, c.unquantized()), c.hidden)
			pooler.per = perSequence
			c.add(pooler)
		}
		return
	}
	vocab := float64(m.Vocab)
	f := c.unquantized()
	switch {
	case m.Quantization.Head && c.Formats.Weights == m.Quantization.Weights:
		f = c.format(false, m.Quantization.HeadStorage)
	case c.Formats.Weights.GGUF() && c.Formats.Weights != m.Quantization.Weights:
		f = c.format(false, Storage{})
	}
	rows := math.Ceil(vocab / c.tp)
	head := c.linear("lm_head", 1, rows, c.hidden, f)
	if m.HeadBias {
		head = c.biased(head, rows)
	}
	head.per = perSequence
	c.add(head)
	c.groupCollective("logits_all_gather", "AllGather", 1, vocab, perSequence)
	c.add(op{per: perSequence, Work: model.Work{Name: "sample", Kind: "Softmax", Class: model.Normalization, Count: 1,
		FLOPs: unit.FLOPs(softmaxFLOPs * vocab), Read: unit.Bytes(logitBytes * vocab), Format: dtype.FP32}})
	c.logits = unit.Bytes(logitBytes * vocab)
}

// linear returns the product of a row of k elements with k × n weights.
func (c *compiler) linear(name string, count, n, k float64, f format) op {
	return op{Work: model.Work{Name: name, Kind: "MatMul", Class: model.MatMul, Count: count,
		MACs: n * k, FLOPs: unit.FLOPs(2 * n * k), Weights: unit.Bytes(n * k * f.stored.Size()),
		Read: c.activations(k), Write: c.activations(n), Format: f.compute, Stored: f.stored, M: 1, N: n, K: k, Groups: 1}}
}

// biased adds a bias over so many columns to a product.
func (c *compiler) biased(o op, columns float64) op {
	o.FLOPs += unit.FLOPs(columns)
	o.Weights += c.bytes(columns)
	return o
}

// biasIf returns the columns of a bias where there is one.
func biasIf(has bool, columns float64) float64 {
	if has {
		return columns
	}
	return 0
}

// norm appends a norm of the hidden width, fused with so many additions to the residual: the input and the residual are
// read, the normalised input and the new residual are written.
func (c *compiler) norm(name string, norm Norm, count, adds float64) {
	written := 1.0
	if adds > 0 {
		written = 2
	}
	c.add(op{Work: model.Work{Name: name, Kind: norm.String(), Class: model.Normalization, Count: count,
		FLOPs: unit.FLOPs((norm.flops() + adds) * c.hidden), Weights: c.bytes(norm.parameters(c.hidden)),
		Read: c.activations((1 + adds) * c.hidden), Write: c.activations(written * c.hidden),
		Format: c.vector, Stored: c.wide}})
}

// groupCollective appends a communication within the tensor-parallel group, if there is one.
func (c *compiler) groupCollective(name, kind string, count, elements float64, per driver) {
	if c.tp > 1 {
		c.collective(name, kind, c.tp, count, elements, per)
	}
}

// collective appends a communication between so many devices of a replica, noted in N. Write is the size of the result every device
// ends with, for a reduce-scatter of what it starts with: the message size as nccl-tests counts it.
func (c *compiler) collective(name, kind string, devices, count, elements float64, per driver) {
	if devices == 1 {
		return
	}
	c.add(op{per: per, Work: model.Work{Name: name, Kind: kind, Class: model.Collective, Count: count,
		Write: c.activations(elements), Format: c.vector, N: devices}})
}

// alive notes elements that a token needs at once in a part, beside the residual and the normalised input.
func (c *compiler) alive(elements float64) {
	if c.kind == perToken {
		c.activation = max(c.activation, c.activations(2*c.hidden+elements)/unit.Bytes(c.adp))
	}
}

// aliveEverywhere is [compiler.alive] for what every token of the replica may bring to every device.
func (c *compiler) aliveEverywhere(elements float64) {
	c.activation = max(c.activation, c.activations(2*c.hidden/c.adp+elements))
}

// bytes returns the size of weights that are never quantised.
func (c *compiler) bytes(elements float64) unit.Bytes { return unit.Bytes(elements * c.wide.Size()) }

// activations returns the size of activations.
func (c *compiler) activations(elements float64) unit.Bytes { return unit.Bytes(elements * c.act) }

// cached returns the size of what the cache holds.
func (c *compiler) cached(elements float64) unit.Bytes {
	return unit.Bytes(elements * c.Formats.KV.Size())
}

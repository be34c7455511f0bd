package transformer

import (
	"math"

	"roofline/hardware/dtype"
	"roofline/hardware/unit"
	"roofline/model"
)

// compiler builds the operations of a plan, in the order in which they run.
type compiler struct {
	*Plan
	tp, hidden float64
	wide       dtype.DType // format of what is never quantised
	act        float64     // bytes of an activation
	vector     dtype.DType // arithmetic outside the products with weights
}

// add appends an operation, or counts it to an equal one of another kind of layer.
func (c *compiler) add(o op) {
	for i := range c.ops {
		if c.ops[i].same(&o) {
			c.ops[i].Count += o.Count
			return
		}
	}
	c.ops = append(c.ops, o)
}

// embed gathers a row of the embedding table per token, and one of the learned positions where there are some.
// The table is sharded by vocabulary, so under tensor parallelism the rows are summed over the devices.
func (c *compiler) embed(m *Model) {
	tables := m.positions()
	if !m.TiedEmbeddings { // else the head holds it
		tables += math.Ceil(float64(m.Vocab)/c.tp) * c.hidden
	}
	c.tables = c.bytes(tables)
	rows := c.hidden / c.tp
	if m.Positions > 0 {
		rows += c.hidden
	}
	c.add(op{Work: model.Work{Name: "embed", Kind: "Gather", Class: model.Copy, Count: 1,
		Read: c.bytes(rows), Write: c.activations(c.hidden), Format: c.vector, Stored: c.wide}})
	c.collective("embed_all_reduce", "AllReduce", 1, c.hidden, perToken)
}

// layer appends the operations of one kind of layer.
func (c *compiler) layer(l *Layer) {
	n := float64(l.Count)
	a, mlp := &l.Attention, &l.MLP
	heads := float64(a.Heads) / c.tp
	kvHeads := max(1, float64(a.KVHeads)/c.tp)
	q, kv := heads*float64(a.HeadDim), kvHeads*float64(a.HeadDim)
	up, inner := mlp.up()/c.tp, float64(mlp.Intermediate)/c.tp

	// Both residual additions join the norms before attention and MLP; a layer with one norm does both there.
	adds := 1.0
	if l.Norms == 1 {
		adds = 2
	}

	c.norm("attn_norm", l.Norm, n, adds)
	c.add(c.linear("qkv_proj", n, q+2*kv, c.hidden, a.QKVBias, !a.Unquantized))
	if a.QKNorm != NoQKNorm {
		c.add(op{Work: model.Work{Name: "qk_norm", Kind: RMSNorm.String(), Class: model.Normalization, Count: n,
			FLOPs: unit.FLOPs(RMSNorm.flops() * (q + kv)), Weights: c.bytes(a.QKNorm.parameters(q, kv, float64(a.HeadDim))),
			Read: c.activations(q + kv), Write: c.activations(q + kv), Format: c.vector}})
	}
	if a.Rotary > 0 {
		rotated := (heads + kvHeads) * float64(a.Rotary)
		c.add(op{Work: model.Work{Name: "rope", Kind: "RotaryEmbedding", Class: model.Elementwise, Count: n,
			FLOPs: unit.FLOPs(rotaryFLOPs * rotated), Read: c.activations(rotated), Write: c.activations(rotated),
			Format: c.vector}})
	}
	c.attend(a, n, heads, kvHeads)
	c.add(c.linear("o_proj", n, c.hidden, q, a.OutBias, !a.Unquantized))
	if !l.Parallel {
		c.collective("attn_all_reduce", "AllReduce", n, c.hidden, perToken)
	}
	if l.Norms == 4 {
		c.norm("attn_post_norm", l.Norm, n, 0)
	}
	if l.Norms > 1 {
		c.norm("mlp_norm", l.Norm, n, adds)
	}

	first, act := "up_proj", "Activation"
	if mlp.Gated {
		first, act = "gate_up_proj", "Activation+Mul"
	}
	c.add(c.linear(first, n, up, c.hidden, mlp.Bias, !mlp.Unquantized))
	// The product with the gate is one more operation per element.
	c.add(op{Work: model.Work{Name: "activation", Kind: act, Class: model.Elementwise, Count: n,
		FLOPs: unit.FLOPs(activationFLOPs*inner + (up - inner)), Read: c.activations(up), Write: c.activations(inner),
		Format: c.vector}})
	c.add(c.linear("down_proj", n, c.hidden, inner, mlp.Bias, !mlp.Unquantized))
	c.collective("mlp_all_reduce", "AllReduce", n, c.hidden, perToken)
	if l.Norms == 4 {
		c.norm("mlp_post_norm", l.Norm, n, 0)
	}

	c.activation = max(c.activation, c.activations(2*c.hidden+max(2*(q+kv), up+inner)))
}

// attend appends the fused attention of a kind of layer; the step says how large it is.
func (c *compiler) attend(a *Attention, n, heads, kvHeads float64) {
	name := "attention"
	if a.Window > 0 {
		name = "sliding_attention"
	}
	dim := float64(a.HeadDim)
	macs := 2 * heads * dim
	c.ops = append(c.ops, op{per: perQuery, attention: len(c.attention), Work: model.Work{Name: name,
		Class: model.Attention, Count: n, Format: c.vector, Stored: c.Formats.KV}})
	c.attention = append(c.attention, attention{
		Attention: *a,
		group:     heads / kvHeads,
		kvHeads:   kvHeads,
		macs:      macs,
		flops:     unit.FLOPs(2*macs + softmaxFLOPs*heads),
		kv:        unit.Bytes(2 * kvHeads * dim * c.Formats.KV.Size()),
		in:        c.activations((heads + 2*kvHeads) * dim),
		out:       c.activations(heads * dim),
		twoDims:   2 * dim,
	})
}

// head appends the final norm, the language-model head and the sampling of its logits, which are gathered from the
// shards of the vocabulary and turned to fp32.
func (c *compiler) head(m *Model) {
	c.norm("final_norm", m.FinalNorm, 1, 1)
	vocab := float64(m.Vocab)
	quantize := m.Quantization.Head && c.Formats.Weights == m.Quantization.Weights
	head := c.linear("lm_head", 1, math.Ceil(vocab/c.tp), c.hidden, m.HeadBias, quantize)
	head.per = perSequence
	c.add(head)
	c.collective("logits_all_gather", "AllGather", 1, vocab, perSequence)
	c.add(op{per: perSequence, Work: model.Work{Name: "sample", Kind: "Softmax", Class: model.Normalization, Count: 1,
		FLOPs: unit.FLOPs(softmaxFLOPs * vocab), Read: unit.Bytes(logitBytes * vocab), Format: dtype.FP32}})
	c.logits = unit.Bytes(logitBytes * vocab)
}

// linear returns the product of a row of k elements with k × n weights.
func (c *compiler) linear(name string, count, n, k float64, bias, quantize bool) op {
	stored, compute := c.Formats.storedAs(quantize)
	w := model.Work{Name: name, Kind: "MatMul", Class: model.MatMul, Count: count,
		MACs: n * k, FLOPs: unit.FLOPs(2 * n * k), Weights: unit.Bytes(n * k * stored.Size()),
		Read: c.activations(k), Write: c.activations(n), Format: compute, Stored: stored, M: 1, N: n, K: k, Groups: 1}
	if bias {
		w.FLOPs += unit.FLOPs(n)
		w.Weights += c.bytes(n)
	}
	return op{Work: w}
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

// collective appends a communication between the devices, if there are several. Write is the size of the result every
// device ends with: the message size as nccl-tests counts it.
func (c *compiler) collective(name, kind string, count, elements float64, per driver) {
	if c.tp == 1 {
		return
	}
	c.add(op{per: per, Work: model.Work{Name: name, Kind: kind, Class: model.Collective, Count: count,
		Write: c.activations(elements), Format: c.vector}})
}

// bytes returns the size of weights that are never quantised.
func (c *compiler) bytes(elements float64) unit.Bytes { return unit.Bytes(elements * c.wide.Size()) }

// activations returns the size of activations.
func (c *compiler) activations(elements float64) unit.Bytes { return unit.Bytes(elements * c.act) }

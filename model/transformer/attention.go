package transformer

import (
	"fmt"

	"roofline/hardware/unit"
	"roofline/model"
)

// Attention is grouped-query attention: multi-head where KVHeads = Heads, multi-query where KVHeads = 1.
type Attention struct {
	Heads, KVHeads, HeadDim int

	Window           int  // tokens a query sees, its own included; 0 for all
	Chunked          bool // the window does not slide: a query sees the tokens of its own chunk (Llama 4)
	Bidirectional    bool // a query sees the tokens after it, too: an encoder's
	Rotary           int  // dimensions of a head that are rotated by position
	QKNorm           QKNorm
	QKVBias, OutBias bool
	NoKeyBias        bool // QKVBias leaves out the keys (Whisper)
	Gate             bool // the result is multiplied by a gate that is projected beside the queries (Qwen3-Next)
	Sinks            bool // a learned logit per head takes its share of the softmax (gpt-oss)
	Indexer          Indexer

	// Unquantized projections stay in the 16-bit format when the checkpoint's quantisation is used.
	Unquantized bool
	Storage     Storage // of the projections, where it is not the model's
}

// QKNorm says how queries and keys are normalised before the rotation.
type QKNorm uint8

// The norms of queries and keys.
const (
	NoQKNorm         QKNorm = iota
	QKNormHead              // one weight per dimension of a head, shared by the heads (Qwen3, Gemma 3)
	QKNormFull              // one weight per dimension of every head (OLMo 2, Cohere, MiniMax-M2)
	QKNormUnweighted        // none (Llama 4)
)

func (n QKNorm) parameters(q, kv, headDim float64) float64 {
	switch n {
	case QKNormHead:
		return 2 * headDim
	case QKNormFull:
		return q + kv
	}
	return 0
}

// queries returns the width of all query heads side by side.
func (a *Attention) queries() float64 { return float64(a.Heads) * float64(a.HeadDim) }

// keys returns the width of all key heads side by side; the values' is the same.
func (a *Attention) keys() float64 { return float64(a.KVHeads) * float64(a.HeadDim) }

// parameters of queries, keys, values, gate and result:
//
//	hidden·(q + 2kv) + q·hidden, with q = heads·head_dim and kv = kv_heads·head_dim, and hidden·q more with a gate;
//	biases; the norm of queries and keys; a sink per head
func (a *Attention) parameters(hidden float64) (all, idle float64) {
	q, kv := a.queries(), a.keys()
	all = hidden*a.projected(q, kv) + q*hidden + a.QKNorm.parameters(q, kv, float64(a.HeadDim)) + a.biases(q, kv)
	if a.OutBias {
		all += hidden
	}
	if a.Sinks {
		all += float64(a.Heads)
	}
	return all + a.Indexer.parameters(hidden), 0
}

// projected returns the columns of the product that makes queries, keys and values, and the gate.
func (a *Attention) projected(q, kv float64) float64 {
	if a.Gate {
		return 2*q + 2*kv
	}
	return q + 2*kv
}

// biases returns how many of those columns have a bias.
func (a *Attention) biases(q, kv float64) float64 {
	switch {
	case !a.QKVBias:
		return 0
	case a.NoKeyBias:
		return a.projected(q, kv) - kv
	}
	return a.projected(q, kv)
}

func (a *Attention) undivided(s *Sharding) string {
	switch tp := s.TP; {
	case a.Heads%tp != 0:
		return fmt.Sprintf("its %d attention heads", a.Heads)
	case a.KVHeads%tp != 0 && tp%a.KVHeads != 0:
		return fmt.Sprintf("its %d key-value heads, nor is divided by them", a.KVHeads)
	}
	return ""
}

func (a *Attention) compile(c *compiler, n float64) {
	heads, kvHeads := c.heads(a)
	dim := float64(a.HeadDim)
	q, kv := heads*dim, kvHeads*dim
	f := c.format(a.Unquantized, a.Storage)

	columns := a.projected(q, kv)
	c.add(c.biased(c.linear("qkv_proj", n, columns, c.hidden, f), a.biases(q, kv)))
	c.queryKeyNorm(a, n, q, kv)
	c.rotate(n, (heads+kvHeads)*float64(a.Rotary))
	a.Indexer.compile(c, n, c.hidden, f)
	c.attend(a, n, heads, kvHeads)
	if a.Gate {
		c.elementwise("attn_gate", "Sigmoid+Mul", n, (sigmoidFLOPs+1)*q, 2*q, q)
	}
	c.add(c.biased(c.linear("o_proj", n, c.hidden, q, f), biasIf(a.OutBias, c.hidden)))
	c.alive(columns + q)
}

// heads returns the query and key-value heads of a device: key-value heads are replicated where there are too few.
func (c *compiler) heads(a *Attention) (q, kv float64) {
	return float64(a.Heads) / c.tp, max(1, float64(a.KVHeads)/c.tp)
}

// queryKeyNorm appends the norms of queries and of keys, a kernel each, if there are any.
func (c *compiler) queryKeyNorm(a *Attention, n, q, kv float64) {
	if a.QKNorm == NoQKNorm {
		return
	}
	for _, part := range []struct {
		name  string
		width float64
	}{{"q_norm", q}, {"k_norm", kv}} {
		c.add(op{Work: model.Work{Name: part.name, Kind: RMSNorm.String(), Class: model.Normalization, Count: n,
			FLOPs: unit.FLOPs(RMSNorm.flops() * part.width), Weights: c.bytes(a.QKNorm.parameters(part.width, 0, float64(a.HeadDim)/2)),
			Read: c.activations(part.width), Write: c.activations(part.width), Format: c.vector}})
	}
}

// rotate appends the rotation of so many dimensions of a token's queries and keys.
func (c *compiler) rotate(n, dimensions float64) {
	if dimensions > 0 {
		c.elementwise("rope", "RotaryEmbedding", n, rotaryFLOPs*dimensions, dimensions, dimensions)
	}
}

// attend appends the fused attention of a kind of layer; the step says how large it is.
func (c *compiler) attend(a *Attention, n, heads, kvHeads float64) {
	name := "attention"
	switch {
	case a.Indexer.Heads > 0:
		name = "sparse_attention"
	case a.Chunked:
		name = "chunked_attention"
	case a.Window > 0:
		name = "sliding_attention"
	case a.Bidirectional:
		name = "encoder_attention"
	}
	dim := float64(a.HeadDim)
	p := product{
		group: heads / kvHeads, heads: kvHeads, depth: 2 * dim,
		in: c.activations((heads + 2*kvHeads) * dim), out: c.activations(heads * dim),
	}
	at := attention{
		span:    span{size: float64(a.Window), chunked: a.Chunked, both: a.Bidirectional},
		kv:      c.cached(2 * kvHeads * dim),
		decode:  p.done(),
		prefill: p.done(),
	}
	if a.Bidirectional { // nothing is decoded later
		at.kv = 0
	}
	if top := a.Indexer.TopK; top > 0 {
		at.span, at.keepsAll = span{size: float64(top)}, true
	}
	weights := unit.Bytes(0)
	if a.Sinks {
		weights = c.bytes(heads)
	}
	c.addAttention(name, n, weights, at)
}

// crossAttention is the attention of a decoder to the encoder's output, whose keys and values are made once per prompt
// and kept as long as the sequence lives.
type crossAttention struct{ *Attention }

// parameters: keys and values of the encoder's output are not projected again for a token.
func (x *crossAttention) parameters(hidden float64) (all, idle float64) {
	all, _ = x.Attention.parameters(hidden)
	kv := x.keys()
	idle = 2 * hidden * kv
	if x.QKVBias {
		idle += kv
		if !x.NoKeyBias {
			idle += kv
		}
	}
	return all, idle
}

func (x *crossAttention) compile(c *compiler, n float64) {
	a := x.Attention
	heads, kvHeads := c.heads(a)
	dim := float64(a.HeadDim)
	q, kv := heads*dim, kvHeads*dim
	f := c.format(a.Unquantized, a.Storage)
	c.add(c.biased(c.linear("cross_q_proj", n, q, c.hidden, f), biasIf(a.QKVBias, q)))
	keys := c.biased(c.linear("cross_kv_proj", n, 2*kv, c.hidden, f), max(0, a.biases(q, kv)-q))
	keys.per = perSource
	keys.Write = 0 // the attention counts what is cached
	c.add(keys)
	p := product{group: heads / kvHeads, heads: kvHeads, depth: 2 * dim, in: c.activations(q), out: c.activations(q)}
	c.addAttention("cross_attention", n, 0, attention{
		span: span{both: true}, source: true, kv: c.cached(2 * kv), decode: p.done(), prefill: p.done(),
	})
	c.add(c.biased(c.linear("cross_o_proj", n, c.hidden, q, f), biasIf(a.OutBias, c.hidden)))
}

package transformer

import (
	"slices"

	"roofline/hardware/unit"
	"roofline/model"
)

// Step is what a server computes in one forward pass: sequences that decode one token each, prompts in prefill,
// or both (continuous batching with chunked prefill).
type Step struct {
	Batch   float64 // sequences that decode one token
	Context float64 // tokens each of them attends to, the one being computed included

	Prompts float64 // sequences in prefill
	Tokens  float64 // new tokens of each
	Prefix  float64 // tokens of each that are in the cache already
}

// Decode appends the work of one decode step of batch sequences, each attending to context tokens.
func (p *Plan) Decode(buf []model.Work, batch, context float64) []model.Work {
	return p.Step(buf, Step{Batch: batch, Context: context})
}

// Prefill appends the work of prefilling batch prompts with tokens new tokens each, after prefix cached ones.
// The head runs on the last token of each prompt only.
func (p *Plan) Prefill(buf []model.Work, batch, tokens, prefix float64) []model.Work {
	return p.Step(buf, Step{Prompts: batch, Tokens: tokens, Prefix: prefix})
}

// Step appends the work of a step. It does not allocate where buf has room for [Plan.Len] more entries.
//
// Entries carry M, N, K and Groups but no Shape, because a shape would have to be allocated. A step of both kinds has
// two attention entries per kind of layer: they are different kernels.
func (p *Plan) Step(buf []model.Work, s Step) []model.Work {
	tokens := s.Batch + s.Prompts*s.Tokens
	sequences := s.Batch + s.Prompts
	buf = slices.Grow(buf, p.Len())
	for i := range p.ops {
		o := &p.ops[i]
		if o.per == perQuery {
			a := &p.attention[o.attention]
			if s.Batch > 0 {
				buf = append(buf, o.Work)
				a.decode(&buf[len(buf)-1], s.Batch, s.Context)
			}
			if s.Prompts > 0 {
				buf = append(buf, o.Work)
				a.prefill(&buf[len(buf)-1], s.Prompts, s.Tokens, s.Prefix)
			}
			continue
		}
		n := tokens
		if o.per == perSequence {
			n = sequences
		}
		buf = append(buf, o.Work)
		w := &buf[len(buf)-1]
		w.MACs *= n
		w.FLOPs *= unit.FLOPs(n)
		w.Read *= unit.Bytes(n)
		w.Write *= unit.Bytes(n)
		w.M *= n
	}
	return buf
}

// Len returns the most entries a step appends.
func (p *Plan) Len() int { return len(p.ops) + len(p.attention) }

// attention holds what the attention of one kind of layer costs one device.
type attention struct {
	Attention // of the whole model: its window

	group   float64    // query heads per key-value head
	kvHeads float64    // on this device
	macs    float64    // per (query, key) pair: 2·heads·head_dim
	flops   unit.FLOPs // per pair: 2·macs + softmax
	kv      unit.Bytes // cache per token: keys and values
	in, out unit.Bytes // activations per query: its q, k and v; its result
	twoDims float64    // 2·head_dim: K of the two products taken as one
}

// decode fills in one query per sequence, which reads the context's keys and values from the cache, its own included.
//
//	MACs  = batch·context·2·heads·head_dim          (QKᵀ and AV)
//	FLOPs = 2·MACs + 5·batch·context·heads          (softmax)
//	KV    = batch·context·2·kv_heads·head_dim·bytes
//
// As a product it is batch·kv_heads groups of (heads ÷ kv_heads) × context × 2·head_dim.
func (a *attention) decode(w *model.Work, batch, context float64) {
	context = a.visible(context)
	w.Kind = "DecodeAttention"
	a.fill(w, batch, batch*context)
	w.KV = unit.Bytes(batch*context) * a.kv
	w.M, w.N, w.K, w.Groups = a.group, context, a.twoDims, batch*a.kvHeads
}

// prefill fills in tokens queries per prompt. A query sees the prefix and the tokens up to itself: per prompt
// S(S+1)/2 + P·S pairs, fewer where a window bounds them. The prefix comes from the cache, the new keys and values are
// activations that are also written to it.
//
// As a product, M counts the queries that share a key-value head, and N is the mean number of keys a query sees.
func (a *attention) prefill(w *model.Work, prompts, tokens, prefix float64) {
	pairs := a.pairs(prefix+tokens) - a.pairs(prefix)
	w.Kind = "PrefillAttention"
	a.fill(w, prompts*tokens, prompts*pairs)
	cached := prefix
	if a.Window > 0 {
		cached = min(prefix, float64(a.Window-1)) // the first new token takes one place in the window
	}
	w.KV = unit.Bytes(prompts*cached) * a.kv
	w.M, w.N, w.K, w.Groups = tokens*a.group, pairs/max(tokens, 1), a.twoDims, prompts*a.kvHeads
}

// fill sets what depends only on the number of queries and of (query, key) pairs.
func (a *attention) fill(w *model.Work, queries, pairs float64) {
	w.MACs = pairs * a.macs
	w.FLOPs = unit.FLOPs(pairs) * a.flops
	w.Read = unit.Bytes(queries) * a.in
	w.Write = unit.Bytes(queries) * (a.out + a.kv)
}

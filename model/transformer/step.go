package transformer

import (
	"slices"

	"roofline/hardware/dtype"
	"roofline/hardware/unit"
	"roofline/model"
)

// Step is what a server computes in one forward pass of a replica: sequences that decode one token each, prompts in
// prefill, or both (continuous batching with chunked prefill).
type Step struct {
	Batch   float64 // sequences that decode one token
	Context float64 // tokens each of them attends to, the one being computed included; of an encoder–decoder, Source included

	Prompts float64 // sequences in prefill
	Tokens  float64 // new tokens of each
	Prefix  float64 // tokens of each that are in the cache already

	// Source is how many of the Context are the encoder's of an encoder–decoder; 0 if not known, which changes nothing
	// in total where both attentions have the same heads.
	Source float64
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
// two attention entries per kind of layer: they are different kernels. Under data-parallel attention the step is that of
// the replica, and a device attends for its share of the sequences.
func (p *Plan) Step(buf []model.Work, s Step) []model.Work {
	buf = slices.Grow(buf, p.Len())
	own := s // of the busiest device: its share of the sequences, of which one can't be shared
	if p.adp > 1 {
		own.Batch = max(min(1, s.Batch), s.Batch/p.adp)
		own.Prompts = max(min(1, s.Prompts), s.Prompts/p.adp)
	}
	source := p.fixed
	if p.encodes { // the encoder reads the prompt, the decoder begins
		source, own.Tokens, own.Prefix = own.Tokens, 1, 0
	}
	var n [drivers]float64
	n[perToken] = own.Batch + own.Prompts*own.Tokens
	n[perReplicaToken] = s.Batch + s.Prompts*own.Tokens
	n[perSequence] = own.Batch + own.Prompts
	n[perDecoded] = own.Batch
	n[perExpanded] = own.Prompts * (own.Tokens + own.Prefix)
	n[perSource] = own.Prompts * source

	routed := n[perReplicaToken] * p.imbalance()
	last, experts := -1, 0.0 // consecutive entries share a routing, and its logarithm is costly
	for i := range p.ops {
		o := &p.ops[i]
		switch o.per {
		case perQuery:
			buf = p.attend(buf, o, &own, source)
			continue
		case perState:
			buf = p.recur(buf, o, &own)
			continue
		case perRouted:
			r := &p.routings[o.at]
			if o.at != last {
				last, experts = o.at, r.touched(routed)
			}
			if routed > 0 {
				buf = append(buf, o.Work)
				r.scale(&buf[len(buf)-1], routed*r.rows, experts)
			}
			continue
		}
		n := n[o.per]
		if n == 0 {
			continue
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
func (p *Plan) Len() int { return len(p.ops) + len(p.attention) + len(p.recurrences) }

// attend appends the attention of a kind of layer, decode and prefill apart.
func (p *Plan) attend(buf []model.Work, o *op, s *Step, source float64) []model.Work {
	a := &p.attention[o.at]
	context, prompt, prefix := s.Context, s.Tokens, s.Prefix
	switch {
	case a.encoder:
		context, prompt = 0, source
	case a.source && p.fixed > 0:
		context, prefix = p.fixed, p.fixed
	case a.source:
		context, prefix = s.Source, source
	case p.encodes:
		context -= s.Source
	}
	if s.Batch > 0 && context > 0 {
		buf = append(buf, o.Work)
		a.decoding(&buf[len(buf)-1], s.Batch, context)
	}
	if s.Prompts > 0 {
		buf = append(buf, o.Work)
		a.prefilling(&buf[len(buf)-1], s.Prompts, prompt, prefix)
	}
	return buf
}

// recur appends the recurrence of a kind of layer, decode and prefill apart.
func (p *Plan) recur(buf []model.Work, o *op, s *Step) []model.Work {
	r := &p.recurrences[o.at]
	if s.Batch > 0 {
		buf = append(buf, o.Work)
		w := &buf[len(buf)-1]
		w.Kind = "DecodeRecurrence"
		r.step(w, s.Batch, 1, true)
	}
	if s.Prompts > 0 {
		buf = append(buf, o.Work)
		w := &buf[len(buf)-1]
		w.Kind = "PrefillRecurrence"
		r.step(w, s.Prompts, s.Tokens, s.Prefix > 0)
	}
	return buf
}

// attention holds what the attention of one kind of layer costs one device.
type attention struct {
	span     span // tokens a query sees
	keepsAll bool // the cache holds all tokens, though a query sees few: they are chosen by content
	source   bool // keys and values are the encoder's
	encoder  bool // queries are the encoder's

	kv              unit.Bytes // cache per token
	decode, prefill product
	format          dtype.DType // arithmetic, if not the usual
}

// product is attention as a matrix product: QKᵀ and AV taken as one.
type product struct {
	group, heads, depth float64    // query heads per key-value head, key-value heads on this device, dimensions of both
	macs                float64    // per (query, key) pair: group·heads·depth
	perPair             float64    // arithmetic per pair beside them; 0 for softmax
	flops               unit.FLOPs // per pair, of both
	in, out             unit.Bytes // activations per query: its q, k and v; its result
}

// done fills in what follows from the rest.
func (p product) done() product {
	p.macs = p.group * p.heads * p.depth
	beside := p.perPair
	if beside == 0 {
		beside = softmaxFLOPs * p.group * p.heads
	}
	p.flops = unit.FLOPs(2*p.macs + beside)
	return p
}

// addAttention appends the attention of a kind of layer and what it caches.
func (c *compiler) addAttention(name string, n float64, weights unit.Bytes, a attention) {
	o := op{per: perQuery, at: len(c.attention), Work: model.Work{Name: name, Class: model.Attention, Count: n,
		Weights: weights, Format: c.vector, Stored: c.Formats.KV}}
	if a.format != dtype.Unknown {
		o.Format = a.format
	}
	a.encoder = c.kind == perSource
	c.cache.add(&a, unit.Bytes(n), c.fixed)
	if at := slices.Index(c.attention, a); at >= 0 {
		o.at = at
	} else {
		c.attention = append(c.attention, a)
	}
	c.add(o)
}

// decoding fills in one query per sequence, which reads the context's keys and values from the cache, its own included.
//
//	MACs  = batch·context·2·heads·head_dim          (QKᵀ and AV)
//	FLOPs = 2·MACs + 5·batch·context·heads          (softmax)
//	KV    = batch·context·2·kv_heads·head_dim·bytes
//
// As a product it is batch·kv_heads groups of (heads ÷ kv_heads) × context × 2·head_dim.
func (a *attention) decoding(w *model.Work, batch, context float64) {
	p := &a.decode
	context = a.span.visible(context)
	w.Kind = "DecodeAttention"
	a.fill(w, p, batch, batch*context)
	w.KV = unit.Bytes(batch*context) * a.kv
	w.M, w.N, w.K, w.Groups = p.group, context, p.depth, batch*p.heads
}

// prefilling fills in tokens queries per prompt. A query sees the prefix and the tokens up to itself: per prompt
// S(S+1)/2 + P·S pairs, fewer where a window bounds them, all S·S in an encoder. The prefix comes from the cache, the
// new keys and values are activations that are also written to it.
//
// As a product, M counts the queries that share a key-value head, and N is the mean number of keys a query sees.
func (a *attention) prefilling(w *model.Work, prompts, tokens, prefix float64) {
	p := &a.prefill
	var pairs float64
	switch {
	case a.source: // each query sees the whole of what was encoded
		w.Kind, pairs = "CrossAttention", tokens*prefix
	case a.span.both:
		w.Kind, pairs = "EncoderAttention", tokens*a.span.visible(tokens)
	default:
		w.Kind, pairs = "PrefillAttention", a.span.pairs(prefix+tokens)-a.span.pairs(prefix)
	}
	a.fill(w, p, prompts*tokens, prompts*pairs)
	w.KV = unit.Bytes(prompts*a.span.resumed(prefix, tokens, a.keepsAll)) * a.kv
	if a.source { // written once, then read
		w.Write += unit.Bytes(prompts*(prefix-tokens)) * a.kv
	}
	w.M, w.N, w.K, w.Groups = tokens*p.group, pairs/max(tokens, 1), p.depth, prompts*p.heads
}

// fill sets what depends only on the number of queries and of (query, key) pairs.
func (a *attention) fill(w *model.Work, p *product, queries, pairs float64) {
	w.MACs = pairs * p.macs
	w.FLOPs = unit.FLOPs(pairs) * p.flops
	w.Read = unit.Bytes(queries) * p.in
	w.Write = unit.Bytes(queries) * (p.out + a.kv)
}

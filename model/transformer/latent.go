package transformer

import (
	"fmt"

	"roofline/hardware/dtype"
	"roofline/hardware/unit"
	"roofline/model"
)

// Latent is multi-head latent attention: keys and values are expanded from one small vector per token, and that vector
// is what the cache holds (DeepSeek-AI, "DeepSeek-V2", 2024, arXiv:2405.04434).
//
// In prefill keys and values are expanded, and every head attends in nope + rope and value dimensions. In decode the
// expansion is absorbed into the query and the result instead, and all heads attend to the one vector: fewer bytes, more
// arithmetic.
//
// The vector belongs to all heads, so every device of a tensor-parallel group keeps all of it.
type Latent struct {
	Heads     int
	QueryRank int // q_lora_rank: queries go through a vector, too; 0 for straight from the residual
	Rank      int // kv_lora_rank: width of the vector

	NopeDim, RopeDim, ValueDim int // of a head: without position, with position (a key all heads share), of the values

	Indexer Indexer

	Unquantized bool    // as in [Attention]
	Storage     Storage // as in [Attention]
}

// kept returns the elements a token keeps in the cache.
func (l *Latent) kept() float64 { return float64(l.Rank) + float64(l.RopeDim) }

// queryDim returns the dimensions a head's query and expanded key have.
func (l *Latent) queryDim() float64 { return float64(l.NopeDim) + float64(l.RopeDim) }

// expanded returns the dimensions of a head's key and value that are expanded from the vector.
func (l *Latent) expanded() float64 { return float64(l.NopeDim) + float64(l.ValueDim) }

// parameters of the products down to and up from the query's vector q and the cached one r, and of the result:
//
//	hidden·q + q·heads·(nope + rope) + hidden·(r + rope) + r·heads·(nope + value) + heads·value·hidden, norms q + r
//
// By hand, DeepSeek-V3: 7168·1536 + 1536·128·192 + 7168·576 + 512·128·256 + 128·128·7168 + 2048 = 187 107 328.
func (l *Latent) parameters(hidden float64) (all, idle float64) {
	heads, q, r := float64(l.Heads), float64(l.QueryRank), float64(l.Rank)
	from := hidden // what queries are made from
	if q > 0 {
		all += hidden*q + q
		from = q
	}
	all += from*heads*l.queryDim() + hidden*l.kept() + r + r*heads*l.expanded() + heads*float64(l.ValueDim)*hidden
	return all + l.Indexer.parameters(hidden), 0
}

func (l *Latent) undivided(s *Sharding) string {
	if l.Heads%s.TP != 0 {
		return fmt.Sprintf("its %d attention heads", l.Heads)
	}
	return ""
}

func (l *Latent) compile(c *compiler, n float64) {
	heads, r := float64(l.Heads)/c.tp, float64(l.Rank)
	nope, rope, value := float64(l.NopeDim), float64(l.RopeDim), float64(l.ValueDim)
	q, from := heads*l.queryDim(), c.hidden
	f := c.format(l.Unquantized, l.Storage)

	down, normed, name := l.kept(), r, "kv_a_proj"
	if l.QueryRank > 0 {
		down, normed, name = down+float64(l.QueryRank), normed+float64(l.QueryRank), "qkv_a_proj"
		from = float64(l.QueryRank)
	}
	c.add(c.linear(name, n, down, c.hidden, f))
	c.add(op{Work: model.Work{Name: "latent_norm", Kind: RMSNorm.String(), Class: model.Normalization, Count: n,
		FLOPs: unit.FLOPs(RMSNorm.flops() * normed), Weights: c.bytes(normed),
		Read: c.activations(normed), Write: c.activations(normed), Format: c.vector}})
	c.add(c.linear("q_b_proj", n, q, from, f))
	c.rotate(n, (heads+1)*rope)

	// The same weights, once per phase: for decode they are multiplied with the query and the result, of which heads
	// differ; for prefill with the vectors, those in the cache included.
	absorb := c.linear("absorb", n, heads*l.expanded(), r, format{f.stored, c.vector})
	absorb.per = perDecoded
	absorb.Read, absorb.Write = c.activations(heads*(nope+r)), c.activations(heads*(r+value))
	expand := c.linear("kv_b_proj", n, heads*l.expanded(), r, f)
	expand.per, expand.again = perExpanded, true
	absorbed := product{
		group: heads, heads: 1, depth: 2*r + rope,
		in: c.activations(heads*(r+rope) + l.kept()), out: c.activations(heads * r),
	}
	at := attention{
		kv:     c.cached(l.kept()),
		decode: absorbed.done(),
		prefill: product{
			group: 1, heads: heads, depth: nope + rope + value,
			in: c.activations(heads*(l.queryDim()+nope+rope+value) + l.kept()), out: c.activations(heads * value),
		}.done(),
	}
	name = "latent_attention"
	if top := l.Indexer.TopK; top > 0 {
		// A query's own choice of keys would have to be expanded for it alone: kernels stay absorbed in prefill, too.
		name = "sparse_attention"
		at.span, at.keepsAll = span{size: float64(top)}, true
		at.prefill = at.decode
		absorb.per = perToken
	} else {
		c.add(expand)
	}
	c.add(absorb)
	l.Indexer.compile(c, n, from, f)
	c.addAttention(name, n, 0, at)
	c.add(c.linear("o_proj", n, c.hidden, heads*value, f))
	c.alive(down + 2*q + heads*(l.expanded()+value))
}

// Indexer chooses the keys that a query attends to, by scores of a small attention of its own over the whole context
// (DeepSeek-AI, "DeepSeek-V3.2", 2025: DeepSeek sparse attention). The zero value chooses none: attention is dense.
//
// All heads share the keys, so every device of a tensor-parallel group has the whole indexer.
type Indexer struct {
	Heads, HeadDim int
	TopK           int // tokens a query attends to
	QueryRank      int // width of what its queries are made from; 0 for the residual
	Weighted       bool
	KeyNorm        bool // a layer norm of the keys
	FP8            bool // keys are cached in fp8 with a 32-bit scale each, whatever the cache's format
}

// parameters: from·heads·dim for queries, hidden·dim for the key all heads share, hidden·heads for the weights of the
// heads, 2·dim for the norm.
func (x *Indexer) parameters(hidden float64) float64 {
	heads, dim := float64(x.Heads), float64(x.HeadDim)
	from := hidden
	if x.QueryRank > 0 {
		from = float64(x.QueryRank)
	}
	n := from*heads*dim + hidden*dim
	if x.Weighted {
		n += hidden * heads
	}
	if x.KeyNorm {
		n += 2 * dim
	}
	return n
}

// compile appends the indexer's products and scores: per (query, key) pair heads·dim multiply-accumulates, and a
// rectifier, a weight and a sum per head.
func (x *Indexer) compile(c *compiler, n, from float64, f format) {
	if x.Heads == 0 {
		return
	}
	heads, dim := float64(x.Heads), float64(x.HeadDim)
	keys := dim
	if x.Weighted {
		keys += heads
	}
	c.add(c.linear("index_q_proj", n, heads*dim, from, f))
	c.add(c.linear("index_k_proj", n, keys, c.hidden, f))
	if x.KeyNorm {
		c.add(op{Work: model.Work{Name: "index_norm", Kind: LayerNorm.String(), Class: model.Normalization, Count: n,
			FLOPs: unit.FLOPs(LayerNorm.flops() * dim), Weights: c.bytes(2 * dim), Read: c.activations(dim),
			Write: c.activations(dim), Format: c.vector}})
	}
	p := product{group: heads, heads: 1, depth: dim, perPair: 3 * heads,
		in: c.activations(heads*dim + keys), out: unit.Bytes(4 * x.TopK)}
	at := attention{kv: c.cached(dim), decode: p.done(), prefill: p.done(), format: c.vector}
	if x.FP8 {
		at.kv = unit.Bytes(dim + 4)
		if f.compute == dtype.FP8 { // else the device may have no such arithmetic
			at.format = dtype.FP8
		}
	}
	c.addAttention("indexer", n, 0, at)
}

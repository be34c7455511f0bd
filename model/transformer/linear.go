package transformer

import (
	"cmp"
	"fmt"
	"slices"

	"roofline/hardware/dtype"
	"roofline/hardware/unit"
	"roofline/model"
)

// DeltaNet is linear attention with the gated delta rule: each value head has a state of key × value dimensions, in which
// a token replaces what its key holds (S. Yang, J. Kautz, A. Hatamizadeh, "Gated Delta Networks", 2024,
// arXiv:2412.06464). The state takes the place of the cache: it does not grow with the context.
type DeltaNet struct {
	KeyHeads, ValueHeads int
	KeyDim, ValueDim     int // of a head
	Kernel               int // of the causal convolution over queries, keys and values

	State dtype.DType // format of the state; fp32 if Unknown

	Unquantized bool    // as in [Attention]
	Storage     Storage // as in [Attention]
}

// channels returns the width of queries, keys and values together.
func (d *DeltaNet) channels() float64 {
	return 2*float64(d.KeyHeads)*float64(d.KeyDim) + d.values()
}

func (d *DeltaNet) values() float64 { return float64(d.ValueHeads) * float64(d.ValueDim) }

// parameters: hidden·(queries + keys + 2·values) with the output's gate, hidden·2 per value head for decay and write
// strength, the convolution's kernel per channel, a decay and a step bias per head, a norm over a value head, and
// values·hidden.
func (d *DeltaNet) parameters(hidden float64) (all, idle float64) {
	heads := float64(d.ValueHeads)
	return hidden*(d.channels()+d.values()) + hidden*2*heads + float64(d.Kernel)*d.channels() + 2*heads +
		float64(d.ValueDim) + d.values()*hidden, 0
}

func (d *DeltaNet) undivided(s *Sharding) string {
	switch {
	case d.ValueHeads%s.TP != 0:
		return fmt.Sprintf("the %d value heads of its linear attention", d.ValueHeads)
	case d.KeyHeads%s.TP != 0:
		return fmt.Sprintf("the %d key heads of its linear attention", d.KeyHeads)
	}
	return ""
}

// compile: a token multiplies the state three times per head (what the key holds, its replacement, what the query
// finds), 3·key·value multiply-accumulates, and decays it. Kernels for prefill work in chunks and spend about twice that
// to use matrix units; what is counted is the recurrence.
func (d *DeltaNet) compile(c *compiler, n float64) {
	heads, key, value := float64(d.ValueHeads)/c.tp, float64(d.KeyDim), float64(d.ValueDim)
	channels, values := d.channels()/c.tp, heads*value
	f := c.format(d.Unquantized, d.Storage)
	c.add(c.linear("linear_qkvz_proj", n, channels+values, c.hidden, f))
	c.add(c.linear("linear_ba_proj", n, 2*heads, c.hidden, c.unquantized()))
	c.convolve(n, channels, float64(d.Kernel), false)
	c.recur("delta_rule", n, recurrence{
		heads: heads, rows: value, depth: 3 * key,
		flops: unit.FLOPs(heads * (key*value + gateFLOPs)),
		state: c.stateOf(d.State, heads*key*value) + c.activations((float64(d.Kernel)-1)*channels),
		in:    c.activations(channels + 2*heads), out: c.activations(values),
	}, 2*heads)
	c.gatedNorm("linear_norm", n, values, value)
	c.add(c.linear("linear_out_proj", n, c.hidden, values, f))
	c.alive(2 * (channels + values))
}

// Mamba is the Mamba-2 mixer: a state of head × state dimensions per head, which decays by a scalar and takes up the
// outer product of a token's input and key (T. Dao, A. Gu, "Transformers are SSMs", 2024, arXiv:2405.21060). The state
// does not grow with the context.
type Mamba struct {
	Heads, HeadDim int
	Groups         int // of heads that share keys and queries (B and C)
	StateDim       int
	Kernel         int // of the causal convolution over input, keys and queries
	ConvBias       bool
	Bias           bool // of both projections

	State dtype.DType // format of the state; fp32 if Unknown

	Unquantized bool    // as in [Attention]
	Storage     Storage // as in [Attention]
}

func (s *Mamba) inner() float64 { return float64(s.Heads) * float64(s.HeadDim) }

// shared returns the width of the keys and queries of all groups.
func (s *Mamba) shared() float64 { return 2 * float64(s.Groups) * float64(s.StateDim) }

// parameters: hidden·(2·inner + 2·groups·state + heads), the convolution's kernel per channel, decay, skip and step bias
// per head, a norm of the inner width, and inner·hidden.
func (s *Mamba) parameters(hidden float64) (all, idle float64) {
	inner, channels, heads := s.inner(), s.inner()+s.shared(), float64(s.Heads)
	all = hidden*(inner+channels+heads) + float64(s.Kernel)*channels + 3*heads + inner + inner*hidden
	if s.ConvBias {
		all += channels
	}
	if s.Bias {
		all += inner + channels + heads + hidden
	}
	return all, 0
}

func (s *Mamba) undivided(l *Sharding) string {
	switch tp := l.TP; {
	case s.Heads%tp != 0:
		return fmt.Sprintf("its %d Mamba heads", s.Heads)
	case s.Groups%tp != 0 && tp%s.Groups != 0:
		return fmt.Sprintf("its %d Mamba groups, nor is divided by them", s.Groups)
	}
	return ""
}

// compile: a token multiplies the state twice per head, with its key and its query: 2·head·state multiply-accumulates.
// Groups are replicated where there are more devices than groups.
func (s *Mamba) compile(c *compiler, n float64) {
	heads, dim, state := float64(s.Heads)/c.tp, float64(s.HeadDim), float64(s.StateDim)
	inner := heads * dim
	channels := inner + 2*max(1, float64(s.Groups)/c.tp)*state
	f := c.format(s.Unquantized, s.Storage)
	columns := inner + channels + heads
	c.add(c.biased(c.linear("mamba_in_proj", n, columns, c.hidden, f), biasIf(s.Bias, columns)))
	c.convolve(n, channels, float64(s.Kernel), s.ConvBias)
	c.recur("ssm", n, recurrence{
		heads: heads, rows: dim, depth: 2 * state,
		flops: unit.FLOPs(heads * (dim*state + gateFLOPs)),
		state: c.stateOf(s.State, heads*dim*state) + c.activations((float64(s.Kernel)-1)*channels),
		in:    c.activations(channels + heads), out: c.activations(inner),
	}, 3*heads)
	c.gatedNorm("mamba_norm", n, inner, inner)
	c.add(c.biased(c.linear("mamba_out_proj", n, c.hidden, inner, f), biasIf(s.Bias, c.hidden)))
	c.alive(columns + channels + 2*inner)
}

// gateFLOPs is what decay and write strength take per head: an exponential, softplus and sigmoid.
const gateFLOPs = 12

// recurrence is a linear recurrence of one kind of layer on one device, per token and sequence.
type recurrence struct {
	heads, rows, depth float64    // a token is heads products of 1 × depth × rows
	flops              unit.FLOPs // beside them; completed by [compiler.recur]
	state              unit.Bytes // of a sequence
	in, out            unit.Bytes // activations per token
}

// stateOf returns the size of a recurrent state.
func (c *compiler) stateOf(d dtype.DType, elements float64) unit.Bytes {
	return unit.Bytes(elements * cmp.Or(d, dtype.FP32).Size())
}

// convolve appends the short causal convolution, one filter per channel, and its activation.
func (c *compiler) convolve(n, channels, kernel float64, bias bool) {
	weights := kernel * channels
	if bias {
		weights += channels
	}
	c.add(op{Work: model.Work{Name: "conv1d", Kind: "CausalConv1d", Class: model.DepthwiseConv, Count: n,
		MACs: kernel * channels, FLOPs: unit.FLOPs((2*kernel + activationFLOPs) * channels), Weights: c.bytes(weights),
		Read: c.activations(channels), Write: c.activations(channels), Format: c.vector, Stored: c.wide,
		M: 1, N: 1, K: kernel, Groups: channels}})
}

// recur appends a recurrence with so many weights per layer.
func (c *compiler) recur(name string, n float64, r recurrence, weights float64) {
	r.flops += unit.FLOPs(2 * r.heads * r.rows * r.depth)
	c.cache.Constant += unit.Bytes(n) * r.state
	at := slices.Index(c.recurrences, r)
	if at < 0 {
		at = len(c.recurrences)
		c.recurrences = append(c.recurrences, r)
	}
	c.add(op{per: perState, at: at, Work: model.Work{Name: name, Class: model.Attention, Count: n, Weights: c.bytes(weights),
		Format: c.vector, Stored: c.wide}})
}

// gatedNorm appends the norm of a recurrence's result, multiplied by a gate; weights is the width it has weights for.
func (c *compiler) gatedNorm(name string, n, width, weights float64) {
	c.add(op{Work: model.Work{Name: name, Kind: "RMSNorm+Gate", Class: model.Normalization, Count: n,
		FLOPs: unit.FLOPs((RMSNorm.flops() + activationFLOPs + 1) * width), Weights: c.bytes(weights),
		Read: c.activations(2 * width), Write: c.activations(width), Format: c.vector}})
}

// step fills in a token of each of batch sequences, or tokens of each of prompts: the state is read and written once.
//
//	MACs = tokens·heads·rows·depth,  KV = sequences·state
func (r *recurrence) step(w *model.Work, sequences, tokens float64, resumed bool) {
	n := sequences * tokens
	w.MACs = n * r.heads * r.rows * r.depth
	w.FLOPs = unit.FLOPs(n) * r.flops
	w.Read = unit.Bytes(n) * r.in
	w.Write = unit.Bytes(n)*r.out + unit.Bytes(sequences)*r.state
	if resumed {
		w.KV = unit.Bytes(sequences) * r.state
	}
	w.M, w.N, w.K, w.Groups = tokens, r.rows, r.depth, sequences*r.heads
}

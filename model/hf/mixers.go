package hf

import (
	"math"

	"roofline/hardware/dtype"
	"roofline/model/transformer"
)

// attention reads heads, biases and norms.
func (c *config) attention(fam *family, m *transformer.Model) transformer.Attention {
	heads := c.size("num_attention_heads", maxHeads)
	kvHeads := c.sizeOr("num_key_value_heads", maxHeads, heads)
	headDim := c.sizeOr("head_dim", maxHeads, 0)
	switch {
	case *c.err != nil:
	case heads%kvHeads != 0:
		c.failf("num_key_value_heads %d does not divide num_attention_heads %d", kvHeads, heads)
	case headDim == 0 && m.Hidden%heads != 0:
		c.failf("num_attention_heads %d does not divide hidden_size %d, and there is no head_dim", heads, m.Hidden)
	case headDim == 0:
		headDim = m.Hidden / heads
	}
	a := transformer.Attention{
		Heads: heads, KVHeads: kvHeads, HeadDim: headDim,
		QKNorm:        c.queryKeyNorm(fam, m),
		QKVBias:       c.flagOr("attention_bias", c.flagOr("use_bias", fam.qkvBias)),
		OutBias:       c.flagOr("attention_bias", c.flagOr("use_bias", fam.outBias)) && !fam.outUnbiased,
		Gate:          c.flagOr("attn_output_gate", c.flagOr("attention_output_gate", fam.outputGate)),
		Sinks:         fam.sinks,
		Bidirectional: fam.encoder,
	}
	if !fam.learned && !fam.encoder {
		a.Rotary = c.rotary(fam, headDim)
	}
	if c.has("sparse_attention_config") {
		a.Indexer = c.blockIndexer(m)
	}
	return a
}

// rotary returns how many dimensions of a head are rotated. Newer files nest the share.
func (c *config) rotary(fam *family, headDim int) int {
	if n := c.sizeOr("rotary_dim", maxHeads, 0); n > 0 {
		return min(n, headDim)
	}
	fallback := fam.rotary
	if c.has("rope_parameters") {
		o := c.object("rope_parameters")
		fallback = o.fractionOr("partial_rotary_factor", fallback)
	}
	share := c.fractionOr("partial_rotary_factor", c.fractionOr("rotary_pct", fallback))
	if share == 0 {
		share = 1
	}
	return int(math.Round(float64(headDim) * share))
}

// queryKeyNorm reads which norm use_qk_norm stands for; most families have no choice.
func (c *config) queryKeyNorm(fam *family, m *transformer.Model) transformer.QKNorm {
	if !c.flagOr("use_qk_norm", false) {
		return fam.qkNorm
	}
	switch {
	case m.Family == "llama4":
		return transformer.QKNormUnweighted
	case m.Family == "glm4_moe", c.text("qk_norm_type") == "per_head":
		return transformer.QKNormHead
	}
	return transformer.QKNormFull // Cohere's and MiniMax-M2's
}

// latent reads multi-head latent attention.
func (c *config) latent() transformer.Latent {
	l := transformer.Latent{
		Heads:     c.size("num_attention_heads", maxHeads),
		QueryRank: c.sizeOr("q_lora_rank", maxHidden, 0),
		Rank:      c.size("kv_lora_rank", maxHidden),
		NopeDim:   c.size("qk_nope_head_dim", maxHeads),
		RopeDim:   c.size("qk_rope_head_dim", maxHeads),
		ValueDim:  c.size("v_head_dim", maxHeads),
	}
	if c.has("index_topk") {
		l.Indexer = transformer.Indexer{
			Heads:     c.size("index_n_heads", maxHeads),
			HeadDim:   c.size("index_head_dim", maxHeads),
			TopK:      c.size("index_topk", maxVocab),
			QueryRank: l.QueryRank, Weighted: true, KeyNorm: true, FP8: true,
		}
		for _, t := range c.texts("indexer_types") {
			if t != "full" {
				c.failf("an indexer of type %s is not read yet: indexer_types has it", clip(t))
			}
		}
	}
	return l
}

// blockIndexer reads sparse attention over blocks of keys (MiniMax-M3).
func (c *config) blockIndexer(m *transformer.Model) transformer.Indexer {
	o := c.object("sparse_attention_config")
	if !o.flagOr("use_sparse_attention", true) {
		return transformer.Indexer{}
	}
	m.Warnings = append(m.Warnings, "the tensors of the sparse attention's indexer are not published in the configuration: a product "+
		"for the queries of its heads and one for a key they share are counted")
	block, blocks := o.size("sparse_block_size", maxVocab), o.size("sparse_topk_blocks", maxVocab)
	if block > maxVocab/blocks {
		o.failf("%ssparse_topk_blocks is %d, of %d tokens each: want at most %d tokens", o.prefix, blocks, block, maxVocab)
	}
	return transformer.Indexer{Heads: o.size("sparse_num_index_heads", maxHeads), HeadDim: o.size("sparse_index_dim", maxHeads),
		TopK: block * blocks}
}

// deltaNet reads gated linear attention.
func (c *config) deltaNet() transformer.DeltaNet {
	d := transformer.DeltaNet{
		KeyHeads:   c.size("linear_num_key_heads", maxHeads),
		ValueHeads: c.size("linear_num_value_heads", maxHeads),
		KeyDim:     c.size("linear_key_head_dim", maxHeads),
		ValueDim:   c.size("linear_value_head_dim", maxHeads),
		Kernel:     c.sizeOr("linear_conv_kernel_dim", maxHeads, 4),
		State:      c.stateFormat("mamba_ssm_dtype"),
	}
	if d.ValueHeads%d.KeyHeads != 0 {
		c.failf("linear_num_key_heads %d does not divide linear_num_value_heads %d", d.KeyHeads, d.ValueHeads)
	}
	return d
}

// mamba reads the Mamba-2 mixer.
func (c *config) mamba() transformer.Mamba {
	s := transformer.Mamba{
		Heads:    c.size("mamba_num_heads", maxHeads),
		HeadDim:  c.size("mamba_head_dim", maxHeads),
		Groups:   c.size("n_groups", maxHeads),
		StateDim: c.size("ssm_state_size", maxHeads),
		Kernel:   c.sizeOr("conv_kernel", maxHeads, 4),
		ConvBias: c.flagOr("use_conv_bias", true),
		Bias:     c.flagOr("mamba_proj_bias", c.flagOr("use_bias", false)),
		State:    c.stateFormat("mamba_ssm_cache_dtype"),
	}
	if s.Heads%s.Groups != 0 {
		c.failf("n_groups %d does not divide mamba_num_heads %d", s.Groups, s.Heads)
	}
	return s
}

// stateFormat reads the format of a recurrent state, fp32 if it is not given.
func (c *config) stateFormat(key string) dtype.DType {
	name := c.text(key)
	if name == "" {
		return dtype.FP32
	}
	d, err := dtype.Parse(name)
	if err != nil || d.Bits() < 16 {
		c.failf("%s%s is %q: want float32, bfloat16 or float16", c.prefix, key, clip(name))
	}
	return d
}

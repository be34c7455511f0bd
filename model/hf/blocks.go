package hf

import (
	"encoding/json"
	"math"
	"strings"

	"roofline/model/transformer"
)

// blocks reads nemotron-nas: a search left each layer with an attention and an MLP of its own, or without (A. Bercovich
// et al., "Puzzle: Distillation-Based NAS for Inference-Optimized LLMs", 2024).
func (c *config) blocks(fam *family, m *transformer.Model, q *quantization) {
	count := c.size("num_hidden_layers", maxLayers)
	heads := c.size("num_attention_heads", maxHeads)
	headDim := c.sizeOr("head_dim", maxHeads, 0)
	var list []json.RawMessage
	name, v := c.get("block_configs")
	if v == nil {
		c.failf("%s is missing: want a list of num_hidden_layers, %d, objects", name, count)
		return
	}
	if json.Unmarshal(v, &list) != nil || len(list) != count {
		c.failf("%s is %s: want a list of num_hidden_layers, %d, objects", name, excerpt(v), count)
		return
	}
	switch {
	case headDim == 0 && m.Hidden%heads != 0:
		c.failf("num_attention_heads %d does not divide hidden_size %d, and there is no head_dim", heads, m.Hidden)
		return
	case headDim == 0:
		headDim = m.Hidden / heads
	}
	var g grouped
	for i, raw := range list {
		block := c.part(raw, "block_configs")
		var l transformer.Layer
		if a := block.object("attention"); a.flagOr("replace_with_linear", false) {
			l.Dense = transformer.Dense{Width: m.Hidden}
		} else if !a.flagOr("no_op", false) {
			group := a.size("n_heads_in_group", maxHeads)
			if heads%group != 0 {
				a.failf("%sn_heads_in_group %d does not divide num_attention_heads %d", a.prefix, group, heads)
				return
			}
			l.Attention = transformer.Attention{Heads: heads, KVHeads: heads / group, HeadDim: headDim, Rotary: headDim,
				Window: a.sizeOr("window_length", maxContext, 0), QKVBias: c.flagOr("attention_bias", false),
				OutBias: c.flagOr("attention_bias", false)}
		}
		if f := block.object("ffn"); f.flagOr("replace_with_linear", false) {
			f.failf("an MLP replaced by a linear layer is not read yet: %sreplace_with_linear is true", f.prefix)
		} else if !f.flagOr("no_op", false) {
			l.MLP = transformer.MLP{Intermediate: f.multiple(m.Hidden), Gated: true, Bias: c.flagOr("mlp_bias", false)}
		}
		if *c.err != nil {
			return
		}
		for _, has := range []bool{l.Attention.Heads > 0 || l.Dense.Width > 0, l.MLP.Intermediate > 0} {
			if has {
				l.Norms++
			}
		}
		q.apply(i, &l)
		g.add(l)
	}
	m.Layers = g.kinds
}

// multiple reads ffn_mult: the width is two thirds of so many times the hidden one, rounded up to a multiple of 256.
func (c *config) multiple(hidden int) int {
	const unit, most = 256, 1024
	name, v := c.get("ffn_mult")
	var f float64
	if v == nil || json.Unmarshal(v, &f) != nil || !(f > 0 && f <= most) {
		c.failf("%s is %s: want a number above 0 and at most %d", name, excerpt(v), most)
		return 1
	}
	width := int(2 * f * float64(hidden) / 3)
	return max(unit, (width+unit-1)/unit*unit)
}

// part wraps an element of a list.
func (c *config) part(raw json.RawMessage, name string) *config {
	o := &config{prefix: c.prefix + name + ".", root: c.outermost(), err: c.err}
	if json.Unmarshal(raw, &o.fields) != nil {
		o.failf("%s has %s: want an object", c.prefix+name, excerpt(raw))
	}
	return o
}

// hybrid reads nemotron_h: every layer is one part, a Mamba-2 mixer, an attention, an MLP or a mixture of experts.
func (c *config) hybrid(fam *family, m *transformer.Model, q *quantization) {
	types := c.blockTypes("layers_block_type", "hybrid_override_pattern")
	if n := c.sizeOr("num_hidden_layers", maxLayers, len(types)); n != len(types) {
		c.failf("num_hidden_layers is %d, but %d layers are listed", n, len(types))
	}
	if len(types) == 0 || len(types) > maxLayers {
		c.failf("layers_block_type has %d entries: want 1 to %d", len(types), maxLayers)
	}
	predictors := c.blockTypes("mtp_layers_block_type", "mtp_hybrid_override_pattern")
	if *c.err != nil {
		return
	}
	kinds := map[string]transformer.Layer{}
	build := func(kind string) transformer.Layer {
		if l, ok := kinds[kind]; ok {
			return l
		}
		l := transformer.Layer{Norms: 1}
		switch kind {
		case "mamba":
			l.Mamba = c.mamba()
		case "attention":
			l.Attention = c.attention(fam, m)
			l.Attention.Rotary = 0 // the state knows the order
		case "mlp":
			l.MLP = c.mlp(fam, m.Hidden)
		case "moe":
			l.MoE = c.mixture(fam)
		default:
			c.failf("a layer of type %s is not read yet: want mamba, attention, mlp or moe", clip(kind))
		}
		kinds[kind] = l
		return l
	}
	var g, further grouped
	for i, kind := range types {
		l := build(kind)
		q.apply(i, &l)
		g.add(l)
	}
	m.Layers = g.kinds
	if n := c.countOr("num_nextn_predict_layers", 0); n > 0 && n <= maxLayers && len(predictors) <= maxLayers {
		for _, kind := range predictors {
			further.add(build(kind))
		}
		m.MTP, m.MTPModules = further.kinds, n
	}
}

// blockTypes reads a list of layer types, or the older pattern of letters.
func (c *config) blockTypes(list, pattern string) []string {
	types := c.texts(list)
	if types != nil {
		return types
	}
	for _, letter := range strings.TrimSpace(c.text(pattern)) {
		name, ok := map[rune]string{'M': "mamba", '*': "attention", '-': "mlp", 'E': "moe"}[letter]
		if !ok {
			c.failf("%s%s has %q: want M, *, - or E", c.prefix, pattern, letter)
			return nil
		}
		types = append(types, name)
		if len(types) > math.MaxInt16 {
			break
		}
	}
	return types
}

package hf

import (
	"cmp"
	"math"

	"roofline/model/transformer"
)

// layers reads the layers and groups those that are alike.
func (c *config) layers(fam *family, hidden int, q *quantization) []transformer.Layer {
	count := c.size("num_hidden_layers", maxLayers)
	windows := c.windows(fam, count)
	layer := transformer.Layer{
		Count:     1,
		Attention: c.attention(fam, hidden),
		MLP:       c.mlp(fam, hidden),
		Norm:      fam.norm,
		Norms:     cmp.Or(fam.norms, 2),
		Parallel:  c.flagOr("use_parallel_residual", fam.parallel),
	}
	var kinds []transformer.Layer
	for i, window := range windows {
		layer.Attention.Window = window
		layer.Attention.Unquantized, layer.MLP.Unquantized = q.kept(i)
		kinds = addLayer(kinds, layer)
	}
	return kinds
}

// addLayer counts a layer to the kind it is of, or starts a new kind.
func addLayer(kinds []transformer.Layer, layer transformer.Layer) []transformer.Layer {
	for i := range kinds {
		have := kinds[i]
		have.Count = layer.Count
		if have == layer {
			kinds[i].Count += layer.Count
			return kinds
		}
	}
	return append(kinds, layer)
}

// attention reads heads and biases.
func (c *config) attention(fam *family, hidden int) transformer.Attention {
	heads := c.size("num_attention_heads", maxHeads)
	kvHeads := c.sizeOr("num_key_value_heads", maxHeads, heads)
	headDim := c.sizeOr("head_dim", maxHeads, 0)
	switch {
	case *c.err != nil:
	case heads%kvHeads != 0:
		c.failf("num_key_value_heads %d does not divide num_attention_heads %d", kvHeads, heads)
	case headDim == 0 && hidden%heads != 0:
		c.failf("num_attention_heads %d does not divide hidden_size %d, and there is no head_dim", heads, hidden)
	case headDim == 0:
		headDim = hidden / heads
	}
	a := transformer.Attention{
		Heads: heads, KVHeads: kvHeads, HeadDim: headDim,
		QKNorm:  fam.qkNorm,
		QKVBias: c.flagOr("attention_bias", c.flagOr("use_bias", fam.qkvBias)),
		OutBias: c.flagOr("attention_bias", c.flagOr("use_bias", fam.outBias)),
	}
	if c.flagOr("use_qk_norm", false) {
		a.QKNorm = transformer.QKNormFull // Cohere's; the others don't ask
	}
	if !fam.learned {
		share := c.fractionOr("partial_rotary_factor", c.fractionOr("rotary_pct", fam.rotary))
		if share == 0 {
			share = 1
		}
		a.Rotary = int(math.Round(float64(headDim) * share))
	}
	return a
}

// mlp reads the feed-forward part. GPT-2's is four times as wide as the model unless it says otherwise.
func (c *config) mlp(fam *family, hidden int) transformer.MLP {
	p := transformer.MLP{
		Gated: !fam.ungated,
		Bias:  c.flagOr("mlp_bias", c.flagOr("use_bias", fam.mlpBias)),
	}
	if fam.learned {
		p.Intermediate = c.sizeOr("intermediate_size", maxVocab, 4*hidden)
	} else {
		p.Intermediate = c.size("intermediate_size", maxVocab)
	}
	return p
}

// windows returns the sliding window of each layer, 0 for none.
func (c *config) windows(fam *family, count int) []int {
	windows := make([]int, count)
	types := c.texts("layer_types")
	if types != nil && len(types) != count {
		c.failf("layer_types has %d entries: want num_hidden_layers, %d", len(types), count)
		return windows
	}
	if types == nil && !c.slides(fam) {
		return windows
	}
	window := c.sizeOr("sliding_window", maxContext, 0)
	above := c.sizeOr("max_window_layers", maxLayers, 0)
	pattern := c.sizeOr("sliding_window_pattern", maxLayers, 1)
	for i := range windows {
		sliding := true
		switch {
		case types != nil:
			sliding = types[i] == "sliding_attention"
		case fam.window == windowAbove:
			sliding = i >= above
		case fam.window == windowPattern:
			sliding = (i+1)%pattern != 0
		}
		if sliding {
			windows[i] = window
		}
		if sliding && window == 0 && types != nil {
			c.failf("sliding_window is missing, and layer_types has sliding_attention")
		}
	}
	return windows
}

// slides reports whether the family uses the window it may have.
func (c *config) slides(fam *family) bool {
	switch fam.window {
	case windowIgnored:
		return false
	case windowAbove:
		return c.flagOr("use_sliding_window", false)
	}
	return c.flagOr("use_sliding_window", true)
}

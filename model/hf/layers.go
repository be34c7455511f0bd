package hf

import (
	"cmp"

	"roofline/model/transformer"
)

// grouped collects layers and counts those that are alike, in the order in which kinds first appear.
type grouped struct {
	kinds []transformer.Layer
	index map[transformer.Layer]int // of a kind, by the layer with a count of 0
}

func (g *grouped) add(l transformer.Layer) {
	l.Count = 0
	if g.index == nil {
		g.index = map[transformer.Layer]int{}
	}
	i, ok := g.index[l]
	if !ok {
		i = len(g.kinds)
		g.index[l] = i
		g.kinds = append(g.kinds, l)
	}
	g.kinds[i].Count++
}

// layers reads the layers of a model whose layers all have attention of some kind and a feed-forward network.
func (c *config) layers(fam *family, m *transformer.Model, q *quantization) {
	count := c.size("num_hidden_layers", maxLayers)
	mixers := c.mixers(fam, count)
	sparse := c.sparse(fam, count)
	if *c.err != nil {
		return
	}
	layer := transformer.Layer{
		Norm:     fam.norm,
		Norms:    cmp.Or(fam.norms, 2),
		Parallel: c.flagOr("use_parallel_residual", fam.parallel),
	}
	template := c.templates(fam, m, mixers, sparse)
	c.falcon(fam, m, &layer, &template.Attention)
	build := func(i int) transformer.Layer {
		l := layer
		switch mixer := mixers[i]; {
		case mixer.linear:
			l.DeltaNet = template.DeltaNet
		case template.Latent.Heads > 0:
			l.Latent = template.Latent
		default:
			l.Attention = template.Attention
			l.Attention.Window, l.Attention.Chunked = mixer.window, mixer.chunked
			if mixer.unrotated {
				l.Attention.Rotary, l.Attention.QKNorm = 0, transformer.NoQKNorm
			}
			if mixer.dense {
				l.Attention.Indexer = transformer.Indexer{}
			}
		}
		if sparse[i] {
			l.MoE = template.MoE
		} else {
			l.MLP = template.MLP
		}
		return l
	}
	var g grouped
	for i := range count {
		l := build(i)
		q.apply(i, &l)
		g.add(l)
	}
	m.Layers = g.kinds
	c.predictors(m, mixers, build)
}

// templates reads what the layers are made of: only those parts that some layer has.
func (c *config) templates(fam *family, m *transformer.Model, mixers []mixer, sparse []bool) transformer.Layer {
	var t transformer.Layer
	linear, full, dense, mixed := false, false, false, false
	for i := range mixers {
		linear, full = linear || mixers[i].linear, full || !mixers[i].linear
		dense, mixed = dense || !sparse[i], mixed || sparse[i]
	}
	if linear {
		t.DeltaNet = c.deltaNet()
	}
	switch {
	case !full:
	case c.has("kv_lora_rank"):
		t.Latent = c.latent()
	default:
		t.Attention = c.attention(fam, m)
	}
	if dense {
		t.MLP = c.mlp(fam, m.Hidden)
	}
	if mixed {
		t.MoE = c.mixture(fam)
	}
	return t
}

// predictors reads the modules that predict further tokens: each is a layer like the last one, with full attention.
func (c *config) predictors(m *transformer.Model, mixers []mixer, build func(int) transformer.Layer) {
	modules := c.countOr("num_nextn_predict_layers", c.countOr("mtp_num_hidden_layers", 0))
	if modules == 0 && c.flagOr("use_mtp", false) {
		modules = c.countOr("num_mtp_modules", 0) * c.sizeOr("mtp_transformer_layers", maxLayers, 1)
	}
	if modules == 0 || modules > maxLayers || *c.err != nil {
		return
	}
	last := len(mixers) - 1
	for i := last; i >= 0; i-- {
		if !mixers[i].linear {
			last = i
			break
		}
	}
	l := build(last)
	l.Count = modules
	m.MTP, m.MTPModules = []transformer.Layer{l}, modules
}

// falcon reads the switches of Falcon's three generations: one norm or two, and whose key-value heads.
func (c *config) falcon(fam *family, m *transformer.Model, l *transformer.Layer, a *transformer.Attention) {
	if m.Family != "falcon" {
		return
	}
	grouped := c.flagOr("new_decoder_architecture", false)
	l.Parallel = grouped || c.flagOr("parallel_attn", true)
	switch {
	case grouped:
		l.Norms = c.sizeOr("num_ln_in_parallel_attn", 2, 2)
	case l.Parallel:
		l.Norms = 1
	}
	if !grouped {
		a.KVHeads = a.Heads
		if c.flagOr("multi_query", true) {
			a.KVHeads = 1
		}
	}
	bias := c.flagOr("bias", false)
	a.QKVBias, a.OutBias = bias, bias
}

// mixer is what the attention of a layer sees.
type mixer struct {
	linear    bool
	window    int
	chunked   bool
	unrotated bool // without positions
	dense     bool // attends to all, though the others choose
}

// mixers reads which layer has which attention.
func (c *config) mixers(fam *family, count int) []mixer {
	mixers := make([]mixer, count)
	types := c.texts("layer_types")
	if types != nil && len(types) != count {
		c.failf("layer_types has %d entries: want num_hidden_layers, %d", len(types), count)
		return mixers
	}
	window := c.sizeOr("sliding_window", maxContext, 0)
	for i, t := range types {
		switch m := &mixers[i]; t {
		case "full_attention":
		case "linear_attention":
			m.linear = true
		case "sliding_attention":
			if m.window = window; window == 0 {
				c.failf("sliding_window is missing, and layer_types has sliding_attention")
			}
		case "chunked_attention":
			m.window, m.chunked = c.size("attention_chunk_size", maxContext), true
		default:
			c.failf("%s is not read yet: layer_types has it, beside full_attention, sliding_attention, chunked_attention and "+
				"linear_attention", clip(t))
		}
	}
	switch {
	case types != nil:
	case fam.window == windowChunks:
		c.chunks(mixers)
	case c.slides(fam):
		c.slide(fam, mixers, window)
	}
	c.linear(types, mixers)
	c.choosing(mixers)
	return mixers
}

// slide sets the sliding windows of a family that has no layer_types.
func (c *config) slide(fam *family, mixers []mixer, window int) {
	above := c.sizeOr("max_window_layers", maxLayers, 0)
	pattern := c.sizeOr("sliding_window_pattern", maxLayers, 1)
	for i := range mixers {
		sliding := true
		switch fam.window {
		case windowAbove:
			sliding = i >= above
		case windowPattern:
			sliding = (i+1)%pattern != 0
			if pattern == 2 {
				sliding = i%2 == 0
			}
		}
		if sliding {
			mixers[i].window = window
		}
	}
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

// chunks sets Llama 4's: every fourth layer is without positions and attends to all, the others are rotated and attend
// within their chunk.
func (c *config) chunks(mixers []mixer) {
	chunk := c.sizeOr("attention_chunk_size", maxContext, 8192)
	interval := c.sizeOr("no_rope_layer_interval", maxLayers, 4)
	rotated := c.numbers("no_rope_layers", 0, 1) // 1 where there are positions, for all its name
	if len(rotated) > 0 && len(rotated) != len(mixers) {
		c.failf("no_rope_layers has %d entries: want num_hidden_layers, %d", len(rotated), len(mixers))
		return
	}
	for i := range mixers {
		plain := (i+1)%interval == 0
		if len(rotated) > 0 {
			plain = rotated[i] == 0
		}
		if plain {
			mixers[i].unrotated = true
		} else {
			mixers[i].window, mixers[i].chunked = chunk, true
		}
	}
}

// linear sets linear attention where only an interval of full attention is given.
func (c *config) linear(types []string, mixers []mixer) {
	if types != nil || !c.has("linear_num_value_heads") {
		return
	}
	interval := c.size("full_attention_interval", maxLayers)
	for i := range mixers {
		mixers[i].linear = (i+1)%interval != 0
	}
}

// choosing sets which layers attend to all although there is an indexer.
func (c *config) choosing(mixers []mixer) {
	if !c.has("sparse_attention_config") {
		return
	}
	o := c.object("sparse_attention_config")
	chooses := o.numbers("sparse_attention_freq", 0, 1)
	if len(chooses) > 0 && len(chooses) != len(mixers) {
		c.failf("sparse_attention_config.sparse_attention_freq has %d entries: want num_hidden_layers, %d", len(chooses), len(mixers))
		return
	}
	for i, yes := range chooses {
		mixers[i].dense = yes == 0
	}
}

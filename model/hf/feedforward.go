package hf

import (
	"cmp"
	"slices"

	"roofline/model/transformer"
)

// maxExperts bounds the experts of a layer.
const maxExperts = 1 << 16

// mlp reads the feed-forward part of layers without a mixture.
func (c *config) mlp(fam *family, hidden int) transformer.MLP {
	p := transformer.MLP{
		Gated: !fam.ungated,
		Bias:  c.flagOr("mlp_bias", c.flagOr("use_bias", fam.mlpBias)),
	}
	key := "intermediate_size"
	if dense := fam.experts.dense; dense != "" && c.has(dense) {
		key = dense
	}
	if fam.fourfold {
		p.Intermediate = c.sizeOr(key, maxVocab, 4*hidden)
	} else {
		p.Intermediate = c.size(key, maxVocab)
	}
	return p
}

// expertsField returns the field with the number of experts, "" for a model without. Families differ in its name; one
// that must have them is asked by its own.
func (c *config) expertsField(fam *family) string {
	if fam.experts.required {
		return "num_experts"
	}
	for _, key := range []string{"num_experts", "num_local_experts", "n_routed_experts", "moe_num_experts"} {
		switch _, v := c.get(key); string(v) {
		case "", "0", "1":
		default:
			return key
		}
	}
	return ""
}

// mixture reads a mixture of experts.
func (c *config) mixture(fam *family) transformer.MoE {
	conventions := &fam.experts
	width := cmp.Or(conventions.width, "moe_intermediate_size")
	if !c.has(width) && c.has("intermediate_size") && !conventions.required {
		width = "intermediate_size"
	}
	key := c.expertsField(fam)
	e := transformer.MoE{
		Experts:      c.size(key, maxExperts),
		Intermediate: c.size(width, maxVocab),
		Gated:        !fam.ungated,
		Bias:         conventions.bias, RouterBias: conventions.bias,
		ScoreBias: conventions.scoreBias || c.text("topk_method") == "noaux_tc" || c.flagOr("use_routing_bias", false),
		Latent:    c.sizeOr("moe_latent_size", maxHidden, 0),
	}
	chosen := "num_experts_per_tok"
	if !c.has(chosen) && c.has("experts_per_token") {
		chosen = "experts_per_token"
	}
	e.TopK = c.size(chosen, maxExperts)
	if e.TopK > e.Experts {
		c.failf("%s is %d, of only %d experts: want at most that", chosen, e.TopK, e.Experts)
	}
	e.Shared = c.shared(conventions, e.Intermediate)
	e.SharedGate = e.Shared > 0 && conventions.sharedGate
	return e
}

// shared reads the width of the shared experts together, 0 for none.
func (c *config) shared(conventions *experts, width int) int {
	count := c.countOr("n_shared_experts", 1)
	for _, key := range []string{"moe_shared_expert_intermediate_size", "shared_expert_intermediate_size", "shared_intermediate_size"} {
		if c.has(key) {
			return c.product(count, c.countOr(key, 0))
		}
	}
	switch {
	case conventions.sharedAlways:
		return width
	case c.has("n_shared_experts"):
		return c.product(count, width)
	}
	return 0
}

// product multiplies sizes that are in their limits each.
func (c *config) product(a, b int) int {
	if b > 0 && a > maxVocab/b {
		c.failf("n_shared_experts is %d, of %d columns each: want at most %d columns", a, b, maxVocab)
		return 1
	}
	return a * b
}

// sparse reads which layers have a mixture of experts: those after the first dense ones, every so many, but those that
// are excepted. Each family says it in its own way.
func (c *config) sparse(fam *family, count int) []bool {
	sparse := make([]bool, count)
	if c.expertsField(fam) == "" {
		return sparse
	}
	dense := c.countOr("first_k_dense_replace", 0)
	step := c.sizeOr("decoder_sparse_step", maxLayers, c.sizeOr("interleave_moe_layer_step", maxLayers, 1))
	only := c.numbers("mlp_only_layers", 0, maxLayers)
	listed := c.numbers("moe_layers", 0, maxLayers)
	types := c.texts("mlp_layer_types")
	var flags []int
	every := 1
	if _, v := c.get("moe_layer_freq"); len(v) > 0 && v[0] == '[' {
		flags = c.numbers("moe_layer_freq", 0, 1)
	} else {
		every = c.sizeOr("moe_layer_freq", maxLayers, 1)
	}
	for _, list := range []struct {
		name    string
		entries int
	}{{"mlp_layer_types", len(types)}, {"moe_layer_freq", len(flags)}} {
		if list.entries > 0 && list.entries != count {
			c.failf("%s has %d entries: want num_hidden_layers, %d", list.name, list.entries, count)
			return sparse
		}
	}
	for i := range sparse {
		sparse[i] = i >= dense && i%every == 0 && (i+1)%step == 0 &&
			(len(flags) == 0 || flags[i] == 1) && (len(types) == 0 || types[i] == "sparse") &&
			(len(listed) == 0 || slices.Contains(listed, i)) && !slices.Contains(only, i)
	}
	return sparse
}

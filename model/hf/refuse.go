package hf

import "strings"

// unread are architectures whose cost the dimensions don't give, by the fields that tell them, and the family that is
// read all the same.
var unread = []struct{ field, what, except string }{
	{"mamba_d_state", "a Mamba hybrid", ""},
	{"mamba_num_heads", "a Mamba hybrid", "nemotron_h"},
	{"ssm_state_size", "a state-space model", "nemotron_h"},
	{"state_size", "a state-space model", ""},
	{"linear_attn_config", "a linear attention that is not the gated delta rule", ""},
	{"block_configs", "a shape of its own for each layer", "nemotron-nas"},
	{"cross_attention_layers", "cross-attention to images", ""},
	{"encoder_layers", "an encoder", "whisper"},
	{"is_encoder_decoder", "an encoder–decoder", "t5 mt5 whisper"},
}

// refuse fails on a model that is none of those that are read.
func (c *config) refuse() {
	kind := c.modelType()
	for _, u := range unread {
		name, v := c.get(u.field)
		switch string(v) {
		case "", "0", "false", "[]":
			continue
		}
		if !contains(u.except, kind) {
			c.failf("%s is not read yet: %s is %s", u.what, name, excerpt(v))
		}
	}
	for _, t := range c.numbers("attn_type_list", 0, 1) {
		if t != 1 {
			c.failf("lightning attention is not read yet: attn_type_list has %d, beside 1", t)
		}
	}
	if fam, known := families[kind]; known && (fam.encoder || fam.read != nil) {
		return
	}
	for _, a := range c.outermost().texts("architectures") {
		switch {
		case strings.Contains(a, "CausalLM"), strings.Contains(a, "ConditionalGeneration"), strings.Contains(a, "LMHead"):
		default:
			c.failf("architecture %s is not read yet: want a language model that generates, such as LlamaForCausalLM", clip(a))
		}
	}
}

// contains reports a word in a list of them.
func contains(list, word string) bool {
	for w := range strings.FieldsSeq(list) {
		if w == word {
			return true
		}
	}
	return false
}

package hf

import "strings"

// unread are architectures whose cost the dimensions of a dense decoder don't give, by the fields that tell them.
var unread = []struct{ field, what string }{
	{"num_experts", "mixture of experts"},
	{"num_local_experts", "mixture of experts"},
	{"n_routed_experts", "mixture of experts"},
	{"moe_num_experts", "mixture of experts"},
	{"kv_lora_rank", "multi-head latent attention"},
	{"mamba_num_heads", "a Mamba hybrid"},
	{"mamba_d_state", "a Mamba hybrid"},
	{"ssm_state_size", "a state-space model"},
	{"state_size", "a state-space model"},
	{"linear_num_value_heads", "linear attention"},
	{"block_configs", "a shape of its own for each layer"},
	{"cross_attention_layers", "cross-attention"},
	{"encoder_layers", "an encoder"},
	{"is_encoder_decoder", "an encoder–decoder"},
}

// refuse fails on a model that is not a dense decoder.
func (c *config) refuse() {
	for _, u := range unread {
		name, v := c.get(u.field)
		switch string(v) {
		case "", "0", "false", "[]":
			continue
		}
		c.failf("%s is not read yet: %s is %s", u.what, name, excerpt(v))
	}
	for _, t := range c.texts("layer_types") {
		if t != "full_attention" && t != "sliding_attention" {
			c.failf("%s is not read yet: layer_types has it beside full_attention and sliding_attention", clip(t))
		}
	}
	for _, a := range c.outermost().texts("architectures") {
		switch {
		case strings.Contains(a, "CausalLM"), strings.Contains(a, "ConditionalGeneration"), strings.Contains(a, "LMHead"):
		default:
			c.failf("architecture %s is not read yet: want a language model that generates, such as LlamaForCausalLM", clip(a))
		}
	}
}

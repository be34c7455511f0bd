package hf

import (
	"strings"
	"testing"
)

// llama is a configuration with something wrong in it.
func llama(changed string) string {
	fields := map[string]string{
		"model_type": `"llama"`, "hidden_size": "64", "intermediate_size": "128", "num_hidden_layers": "2",
		"num_attention_heads": "4", "vocab_size": "100", "torch_dtype": `"bfloat16"`,
	}
	for line := range strings.SplitSeq(changed, "\n") {
		key, value, _ := strings.Cut(line, " ")
		fields[key] = value
	}
	var list []string
	for key, value := range fields {
		if value != "" {
			list = append(list, `"`+key+`": `+value)
		}
	}
	return "{" + strings.Join(list, ", ") + "}"
}

// mixtral is a mixture of experts with something wrong in it.
func mixtral(changed string) string {
	return llama("model_type \"mixtral\"\nnum_local_experts 8\nnum_experts_per_tok 2\n" + changed)
}

var bad = []struct{ config, want string }{
	{``, `c.json:1:1: not JSON: unexpected end of JSON input`},
	{`hello`, `c.json:1:1: not JSON: invalid character 'h' looking for beginning of value`},
	{"{\n  \"hidden_size\": 64,\n  \"vocab_size\" 100\n}", `c.json:3:16: not JSON: invalid character '1' after object key`},
	{`[1, 2]`, `c.json: is [1, 2]: want a JSON object with the model's dimensions`},
	{`null`, `c.json: is null: want a JSON object with the model's dimensions`},
	{strings.Repeat(`[`, 20_000), `c.json:1:10001: not JSON: invalid character '[' exceeded max depth`},
	{`{"a":` + strings.Repeat(`{"a":`, 20_000), `c.json:1:50001: not JSON: invalid character '{' exceeded max depth`},
	{strings.Repeat(" ", maxSize+1), `c.json: too large for a configuration: want at most 8 MiB`},

	{llama("hidden_size"), `c.json: hidden_size is missing: want a whole number from 1 to 1048576`},
	{llama("hidden_size null"), `c.json: hidden_size is missing: want a whole number from 1 to 1048576`},
	{llama(`hidden_size "64"`), `c.json: hidden_size is "64": want a whole number from 1 to 1048576`},
	{llama("hidden_size -64"), `c.json: hidden_size is -64: want a whole number from 1 to 1048576`},
	{llama("hidden_size 0"), `c.json: hidden_size is 0: want a whole number from 1 to 1048576`},
	{llama("hidden_size 64.5"), `c.json: hidden_size is 64.5: want a whole number from 1 to 1048576`},
	{llama("hidden_size 1e999"), `c.json: hidden_size is 1e999: want a whole number from 1 to 1048576`},
	{llama(`hidden_size {"a": [1, {"b": 2}]}`), `c.json: hidden_size is {"a": [1, {"b": 2}]}: want a whole number from 1 to 1048576`},
	{llama("num_hidden_layers 10001"), `c.json: num_hidden_layers is 10001: want a whole number from 1 to 1000`},
	{llama("vocab_size 16777217"), `c.json: vocab_size is 16777217: want a whole number from 1 to 16777216`},
	{llama("intermediate_size"), `c.json: intermediate_size is missing: want a whole number from 1 to 16777216`},
	{llama("num_attention_heads 3"), `c.json: num_attention_heads 3 does not divide hidden_size 64, and there is no head_dim`},
	{llama("num_key_value_heads 3"), `c.json: num_key_value_heads 3 does not divide num_attention_heads 4`},
	{llama("num_key_value_heads 8"), `c.json: num_key_value_heads 8 does not divide num_attention_heads 4`},
	{llama("head_dim -1"), `c.json: head_dim is -1: want a whole number from 1 to 65536`},
	{llama("partial_rotary_factor 2"), `c.json: partial_rotary_factor is 2: want a number from 0 to 1`},
	{llama(`tie_word_embeddings "yes"`), `c.json: tie_word_embeddings is "yes": want true or false`},
	{llama(`torch_dtype "int8"`), `c.json: torch_dtype is "int8": want bfloat16, float16 or float32`},
	{llama(`model_type 7`), `c.json: model_type is 7: want text`},
	{llama(`layer_types ["full_attention"]`), `c.json: layer_types has 1 entries: want num_hidden_layers, 2`},
	{llama(`layer_types {}`), `c.json: layer_types is {}: want a list of texts`},
	{llama(`layer_types ["full_attention", "sliding_attention"]`),
		`c.json: sliding_window is missing, and layer_types has sliding_attention`},
	{llama(`text_config [1]`), `c.json: text_config is [1]: want an object`},
	{`{"model_type": "qwen3_vl", "text_config": {"hidden_size": -1}}`,
		`c.json: text_config.hidden_size is -1: want a whole number from 1 to 1048576`},
	{llama("model_type \"opt\"\nintermediate_size"), `c.json: model_type "opt" is not known, and its fields do not ` +
		`suffice: intermediate_size is missing: want a whole number from 1 to 16777216`},
	{`{}`, `c.json: model_type "" is not known, and its fields do not suffice: hidden_size is missing: want a whole number ` +
		`from 1 to 1048576`},

	{llama("num_local_experts 8"), `c.json: num_experts_per_tok is missing: want a whole number from 1 to 65536`},
	{llama("kv_lora_rank 512"), `c.json: qk_nope_head_dim is missing: want a whole number from 1 to 65536`},
	{llama("ssm_state_size 128"), `c.json: a state-space model is not read yet: ssm_state_size is 128`},
	{llama("is_encoder_decoder true"), `c.json: an encoder–decoder is not read yet: is_encoder_decoder is true`},
	{llama("cross_attention_layers [3, 8]"), `c.json: cross-attention to images is not read yet: cross_attention_layers is [3, 8]`},
	{llama("attn_type_list [1, 0]"), `c.json: lightning attention is not read yet: attn_type_list has 0, beside 1`},
	{llama(`layer_types ["linear_attention", "full_attention"]`),
		`c.json: linear_num_key_heads is missing: want a whole number from 1 to 65536`},
	{llama(`layer_types ["rw\nkv", "full_attention"]`), `c.json: rw kv is not read yet: layer_types has it, beside full_attention, ` +
		`sliding_attention, chunked_attention and linear_attention`},
	{llama(`layer_types ["rwkv", "full_attention"]`), `c.json: rwkv is not read yet: layer_types has it, beside full_attention, ` +
		`sliding_attention, chunked_attention and linear_attention`},

	{mixtral("num_local_experts 0"), `c.json: num_local_experts is 0: want a whole number from 1 to 65536`},
	{mixtral("num_local_experts"), `c.json: num_local_experts is missing: want a whole number from 1 to 65536`},
	{mixtral("num_local_experts 99999999"), `c.json: num_local_experts is 99999999: want a whole number from 1 to 65536`},
	{mixtral("num_experts_per_tok 9"), `c.json: num_experts_per_tok is 9, of only 8 experts: want at most that`},
	{mixtral("num_experts_per_tok 0"), `c.json: num_experts_per_tok is 0: want a whole number from 1 to 65536`},
	{mixtral("num_experts_per_tok"), `c.json: num_experts_per_tok is missing: want a whole number from 1 to 65536`},
	{mixtral("intermediate_size"), `c.json: intermediate_size is missing: want a whole number from 1 to 16777216`},
	{mixtral("n_shared_experts 16777216"),
		`c.json: n_shared_experts is 16777216, of 128 columns each: want at most 16777216 columns`},
	{mixtral("moe_layer_freq [1]"), `c.json: moe_layer_freq has 1 entries: want num_hidden_layers, 2`},
	{mixtral("moe_layer_freq [1, 2]"), `c.json: moe_layer_freq is 2: want a whole number from 0 to 1`},
	{mixtral(`mlp_layer_types ["sparse"]`), `c.json: mlp_layer_types has 1 entries: want num_hidden_layers, 2`},
	{mixtral("mlp_only_layers 3"), `c.json: mlp_only_layers is 3: want a list of at most 1000 whole numbers`},
	{llama("kv_lora_rank 32\nqk_nope_head_dim 16\nqk_rope_head_dim 8\nv_head_dim 16\nindex_topk 64\nindex_n_heads 0\nindex_head_dim 16"),
		`c.json: index_n_heads is 0: want a whole number from 1 to 65536`},
	{llama("linear_num_key_heads 3\nlinear_num_value_heads 4\nlinear_key_head_dim 8\nlinear_value_head_dim 8\nfull_attention_interval 2"),
		`c.json: linear_num_key_heads 3 does not divide linear_num_value_heads 4`},
	{llama("model_type \"nemotron_h\"\nhybrid_override_pattern \"M?\""), `c.json: hybrid_override_pattern has '?': want M, *, - or E`},
	{llama("model_type \"nemotron_h\""), `c.json: num_hidden_layers is 2, but 0 layers are listed`},
	{llama("model_type \"nemotron-nas\""), `c.json: block_configs is missing: want a list of num_hidden_layers, 2, objects`},
	{llama("model_type \"nemotron-nas\"\nblock_configs [1]"), `c.json: block_configs is [1]: want a list of num_hidden_layers, 2, objects`},
	{llama("model_type \"nemotron-nas\"\nblock_configs [{\"attention\": {\"no_op\": true}, \"ffn\": {\"ffn_mult\": -1}}, {}]"),
		`c.json: block_configs.ffn.ffn_mult is -1: want a number above 0 and at most 1024`},
	{llama("model_type \"t5\""), `c.json: d_model is missing: want a whole number from 1 to 1048576`},

	{llama(`architectures ["BertForMaskedLM"]`), `c.json: architecture BertForMaskedLM is not read yet: want a language model ` +
		`that generates, such as LlamaForCausalLM`},

	{llama(`quantization_config "fp8"`), `c.json: quantization_config is "fp8": want an object`},
	{llama(`quantization_config {"quant_method": "quip"}`), `c.json: quantization_config.quant_method is "quip": want fp8, awq, ` +
		`gptq, bitsandbytes, compressed-tensors, modelopt or mxfp4`},
	{llama(`quantization_config {"quant_method": "gptq", "bits": 3, "group_size": 128}`), `c.json: quantization_config: 3-bit ` +
		`integers in groups of 128 are not known: want 8 bits, or 4 bits in groups of 32, 64 or 128`},
	{llama(`quantization_config {"quant_method": "awq"}`),
		`c.json: quantization_config.bits is missing: want a whole number from 1 to 16`},
	{llama(`quantization_config {"quant_algo": "MIXED_PRECISION"}`), `c.json: quantization_config.quant_algo is MIXED_PRECISION, ` +
		`but quantized_layers is missing`},
	{llama(`quantization_config {"quant_algo": "Q4"}`), `c.json: quantization_config.quant_algo is "Q4": want FP8, ` +
		`FP8_PB_REAL, FP8_PB_WO, FP8_PER_CHANNEL_PER_TOKEN, INT8_SQ, MXFP8, NVFP4, NVFP4_AWQ, W4A16_AWQ, W4A16_MXFP4, W4A16_NVFP4, ` +
		`W4A8_AWQ, W4A8_MXFP4_FP8, W8A16, W8A8_SQ_PER_CHANNEL`},
	{llama(`quantization_config {"config_groups": {}}`),
		`c.json: quantization_config.config_groups is empty: want the format of the weights`},
	{llama(`quantization_config {"config_groups": {"group_0": {"weights": {"num_bits": 4, "type": "float"}}}}`),
		`c.json: quantization_config.config_groups.group_0.weights: 4-bit "float" in groups of 0 is not known: want 8-bit float ` +
			`or int, 4-bit int, or 4-bit float in groups of 16 or 32`},
	{llama(`quantization_config {"config_groups": {"a": {"weights": {"num_bits": 8, "type": "float"}}, "b": {"weights": {"num_bits": 8, ` +
		`"type": "int"}}}}`),
		`c.json: quantization_config.config_groups has fp8 and int8, both for all linear layers: want one`},
}

func TestBadConfigs(t *testing.T) {
	for _, c := range bad {
		_, err := Read([]byte(c.config), "c.json")
		if err == nil {
			t.Errorf("%.200s: read, want %q", c.config, c.want)
		} else if err.Error() != c.want {
			t.Errorf("%.200s\n  says %q\n  want %q", c.config, err, c.want)
		}
	}
}

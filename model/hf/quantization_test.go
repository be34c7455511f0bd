package hf

import (
	"testing"

	"roofline/hardware/dtype"
	"roofline/model/transformer"
)

var quantized = []struct {
	name, config string
	want         transformer.Quantization
}{
	{"fp8 with a scale per tensor", `{"quant_method": "fp8", "activation_scheme": "dynamic"}`,
		transformer.Quantization{Method: "fp8", Weights: dtype.FP8}},
	{"fp8 in blocks", `{"quant_method": "fp8", "weight_block_size": [128, 128]}`,
		transformer.Quantization{Method: "fp8", Weights: dtype.FP8Block}},
	{"AWQ", `{"quant_method": "awq", "bits": 4, "group_size": 128, "zero_point": true}`,
		transformer.Quantization{Method: "awq", Weights: dtype.INT4Group128, WeightOnly: true}},
	{"GPTQ in groups of 64", `{"quant_method": "gptq", "bits": 4, "group_size": 64}`,
		transformer.Quantization{Method: "gptq", Weights: dtype.INT4Group64, WeightOnly: true}},
	{"GPTQ with a scale per row", `{"quant_method": "gptq", "bits": 4, "group_size": -1}`,
		transformer.Quantization{Method: "gptq", Weights: dtype.INT4, WeightOnly: true}},
	{"GPTQ with 8 bits and the head", `{"quant_method": "gptq", "bits": 8, "group_size": 128, "lm_head": true}`,
		transformer.Quantization{Method: "gptq", Weights: dtype.INT8, WeightOnly: true, Head: true}},
	{"bitsandbytes", `{"quant_method": "bitsandbytes", "load_in_4bit": true}`,
		transformer.Quantization{Method: "bitsandbytes", Weights: dtype.NF4, WeightOnly: true}},
	{"compressed-tensors W8A8 fp8", `{"quant_method": "compressed-tensors", "ignore": ["lm_head"], "config_groups": {"group_0":
		{"weights": {"num_bits": 8, "type": "float"}, "input_activations": {"num_bits": 8, "type": "float"}}}}`,
		transformer.Quantization{Method: "compressed-tensors", Weights: dtype.FP8}},
	{"compressed-tensors W8A8 int8", `{"quant_method": "compressed-tensors", "ignore": ["lm_head"], "config_groups": {"group_0":
		{"weights": {"num_bits": 8, "type": "int"}, "input_activations": {"num_bits": 8, "type": "int"}}}}`,
		transformer.Quantization{Method: "compressed-tensors", Weights: dtype.INT8}},
	{"compressed-tensors W4A16", `{"quant_method": "compressed-tensors", "ignore": ["lm_head"], "config_groups": {"group_0":
		{"weights": {"num_bits": 4, "type": "int", "group_size": 128}, "input_activations": null}}}`,
		transformer.Quantization{Method: "compressed-tensors", Weights: dtype.INT4Group128, WeightOnly: true}},
	{"modelopt FP8 with a cache", `{"quant_method": "modelopt", "quant_algo": "FP8", "exclude_modules": ["lm_head"],
		"kv_cache_quant_algo": "FP8"}`,
		transformer.Quantization{Method: "modelopt", Weights: dtype.FP8, KV: dtype.FP8}},
	{"modelopt NVFP4 with the head", `{"quant_method": "modelopt", "config_groups": {"group_0":
		{"weights": {"num_bits": 4, "type": "float", "group_size": 16},
		"input_activations": {"num_bits": 4, "type": "float", "group_size": 16}}},
		"kv_cache_scheme": {"num_bits": 8, "type": "float"}}`,
		transformer.Quantization{Method: "modelopt", Weights: dtype.NVFP4, KV: dtype.FP8, Head: true}},
}

func TestQuantization(t *testing.T) {
	for _, c := range quantized {
		m := read(t, `{"model_type": "llama", `+base+`, "quantization_config": `+c.config+`}`)
		if m.Quantization != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, m.Quantization, c.want)
		}
	}
}

func TestExclusions(t *testing.T) {
	for _, c := range []struct {
		name, modules  string
		attention, mlp int // layers of 6 whose part stays in 16 bits
		warns          bool
	}{
		{"none", `"lm_head", "mtp*", "visual.blocks.0.attn.qkv", "model.layers.0.post_attention_layernorm"`, 0, 0, false},
		{"a layer", `"model.layers.0"`, 1, 1, false},
		{"two layers' attention", `"model.layers.0.self_attn", "model.language_model.layers.5.self_attn*"`, 2, 0, false},
		{"every MLP", `"re:.*mlp.*"`, 0, 6, false},
		{"each projection", `"model.layers.2.mlp.gate_up_proj", "model.layers.2.mlp.down_proj"`, 0, 1, false},
		{"some projections", `"model.layers.2.mlp.down_proj"`, 0, 0, true},
		{"some everywhere, the rest in one", `"o_proj", "model.layers.3.self_attn.qkv_proj"`, 1, 0, true},
		{"a layer there is not", `"model.layers.61.self_attn", "model.layers.99999999999999999999"`, 0, 0, false},
	} {
		m := read(t, `{"model_type": "llama", `+base+`, "quantization_config": {"quant_method": "fp8", "modules_to_not_convert": [`+c.modules+`]}}`)
		attention, mlp := 0, 0
		for _, l := range m.Layers {
			if l.Attention.Unquantized {
				attention += l.Count
			}
			if l.MLP.Unquantized {
				mlp += l.Count
			}
		}
		if attention != c.attention || mlp != c.mlp || (len(m.Warnings) > 0) != c.warns {
			t.Errorf("%s: %d attention and %d MLP parts left out, warnings %q; want %d, %d, %v", c.name, attention, mlp, m.Warnings,
				c.attention, c.mlp, c.warns)
		}
	}
}

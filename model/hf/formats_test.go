package hf

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"roofline/hardware/dtype"
	"roofline/model/transformer"
)

// stored returns the format of each operation with weights, one token long: "mxfp4", or "fp8 bf16" where layers differ.
func stored(t testing.TB, m *transformer.Model, name string) string {
	t.Helper()
	p, err := m.Plan(transformer.Formats{}, 1)
	if err != nil {
		t.Fatal(err)
	}
	var formats []string
	for _, w := range p.Decode(nil, 1, 10) {
		if w.Name == name && !slices.Contains(formats, w.Stored.String()) {
			formats = append(formats, w.Stored.String())
		}
	}
	slices.Sort(formats)
	return strings.Join(formats, " ")
}

// What public quantised checkpoints keep in which format: the lists of what they leave out come in every dialect.
func TestPublishedFormats(t *testing.T) {
	type formats map[string]string
	for name, want := range map[string]formats{
		"openai--gpt-oss-120b": {"qkv_proj": "bf16", "o_proj": "bf16", "router": "bf16", "experts_gate_up": "mxfp4", "lm_head": "bf16"},
		"moonshotai--Kimi-K2.5": {"qkv_a_proj": "bf16", "absorb": "bf16", "experts_down": "int4_g32", "gate_up_proj": "bf16",
			"shared_down": "bf16", "lm_head": "bf16"},
		"moonshotai--Kimi-K2-Instruct": {"qkv_a_proj": "fp8_block", "experts_down": "fp8_block", "gate_up_proj": "fp8_block",
			"lm_head": "bf16", "router": "bf16"},
		"nvidia--Kimi-K2.5-NVFP4": {"o_proj": "bf16", "experts_down": "nvfp4", "shared_down": "nvfp4", "gate_up_proj": "nvfp4",
			"lm_head": "bf16"},
		"nvidia--Kimi-K2.6-NVFP4": {"o_proj": "bf16", "experts_down": "nvfp4", "shared_down": "bf16", "gate_up_proj": "bf16"},
		"nvidia--GLM-5.1-NVFP4": {"o_proj": "bf16", "index_q_proj": "bf16", "gate_up_proj": "bf16", "experts_down": "nvfp4",
			"shared_down": "bf16", "lm_head": "bf16"},
		"nvidia--MiniMax-M2.5-NVFP4": {"qkv_proj": "bf16", "experts_down": "nvfp4", "lm_head": "bf16"},
		"MiniMaxAI--MiniMax-M2.5":    {"qkv_proj": "fp8_block", "experts_down": "fp8_block", "router": "bf16", "lm_head": "bf16"},
		"nvidia--Qwen3.5-122B-A10B-NVFP4": {"qkv_proj": "bf16", "linear_qkvz_proj": "bf16", "experts_down": "nvfp4",
			"shared_down": "bf16", "lm_head": "bf16"},
		"nvidia--Qwen3.6-27B-NVFP4": {"qkv_proj": "fp8", "linear_qkvz_proj": "fp8", "linear_ba_proj": "bf16", "gate_up_proj": "nvfp4",
			"lm_head": "nvfp4"},
		"nvidia--Qwen3.6-35B-A3B-NVFP4": {"qkv_proj": "fp8", "linear_out_proj": "fp8", "experts_down": "nvfp4",
			"shared_down": "nvfp4", "shared_gate": "bf16", "lm_head": "nvfp4"},
		"zai-org--GLM-5-FP8":        {"o_proj": "fp8_block", "gate_up_proj": "fp8_block", "experts_down": "fp8_block", "lm_head": "bf16"},
		"Qwen--Qwen3-235B-A22B-FP8": {"qkv_proj": "fp8_block", "experts_down": "fp8_block", "router": "bf16", "lm_head": "bf16"},
	} {
		path := filepath.Join(published, name+"_config.json")
		if _, err := os.Stat(path); err != nil {
			t.Skip("no published configurations in " + published)
		}
		m, err := ReadFile(path)
		if err != nil {
			t.Error(err)
			continue
		}
		for op, format := range want {
			if got := stored(t, m, op); got != format {
				t.Errorf("%s: %s is stored as %q, want %q", name, op, got, format)
			}
		}
	}
}

// The quantiser's own file is read where it lies beside config.json, and nowhere else.
func TestFormatsBeside(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "Small-NVFP4")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	write := func(name, content string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("config.json", mixtral(""))
	m, err := ReadFile(folder)
	if err != nil {
		t.Fatal(err)
	}
	if want := "the name says NVFP4, but the configuration has no quantization_config and no hf_quant_config.json lies beside it: " +
		"bf16 weights are assumed; --dtype changes it"; !slices.Contains(m.Warnings, want) {
		t.Errorf("warns %q, want %q", m.Warnings, want)
	}
	write("hf_quant_config.json", `{"producer": {"name": "modelopt"}, "quantization": {"quant_algo": "NVFP4", "kv_cache_quant_algo": "FP8",
		"group_size": 16, "exclude_modules": ["lm_head", "model.layers.0.self_attn*", "model.layers.*.block_sparse_moe.gate"]}}`)
	for _, path := range []string{folder, filepath.Join(folder, "config.json")} {
		if m, err = ReadFile(path); err != nil {
			t.Fatal(err)
		}
		if len(m.Warnings) > 0 || m.Quantization.Weights != dtype.NVFP4 || m.Quantization.KV != dtype.FP8 || m.Quantization.Head {
			t.Errorf("%+v, warnings %q", m.Quantization, m.Warnings)
		}
		if got := stored(t, m, "qkv_proj") + ", " + stored(t, m, "experts_down"); got != "bf16 nvfp4, nvfp4" {
			t.Errorf("attention and experts are stored as %s", got)
		}
	}
	write("hf_quant_config.json", `{"quantization": {"quant_algo": "MIXED_PRECISION", "quantized_layers": {
		"model.layers.0.self_attn.q_proj": {"quant_algo": "FP8"}, "model.layers.0.self_attn.k_proj": {"quant_algo": "FP8"},
		"model.layers.0.self_attn.v_proj": {"quant_algo": "FP8"}, "model.layers.0.self_attn.o_proj": {"quant_algo": "FP8"},
		"model.layers.0.block_sparse_moe.experts": {"quant_algo": "NVFP4"}, "model.layers.1.block_sparse_moe.experts": {"quant_algo": "NVFP4"}}}}`)
	if m, err = ReadFile(folder); err != nil {
		t.Fatal(err)
	}
	if got := stored(t, m, "qkv_proj") + ", " + stored(t, m, "experts_down") + ", " + stored(t, m, "lm_head"); got != "bf16 fp8, nvfp4, bf16" {
		t.Errorf("attention, experts and head are stored as %s", got)
	}
	write("hf_quant_config.json", `{"quantization": {"quant_algo": "FP3"}}`)
	if _, err = ReadFile(folder); err == nil || !strings.Contains(err.Error(), `hf_quant_config.json: quantization.quant_algo is "FP3": want FP8, `) {
		t.Errorf("says %v", err)
	}
	write("hf_quant_config.json", `{`)
	if _, err = ReadFile(folder); err == nil || !strings.Contains(err.Error(), `hf_quant_config.json:1:1: not JSON`) {
		t.Errorf("says %v", err)
	}
}

func TestFormatInName(t *testing.T) {
	for name, want := range map[string]bool{"Llama-3.1-8B": false, "Llama-3.1-70B-Instruct-FP8": true, "x-AWQ": true, "GPTQ_model": true,
		"fp8": true, "gpt-oss-120b": false, "Qwen3.5-awqward": false} {
		if got := formatInName.MatchString(name); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestModules(t *testing.T) {
	for _, c := range []struct {
		pattern, name string
		layer         int
		want          bool
	}{
		{"model.layers.3", "mlp.up_proj", 3, true},
		{"model.layers.3", "mlp.up_proj", 30, false},
		{"model.layers.3*", "mlp.up_proj", 30, true}, // as the quantiser's wildcards have it
		{"model.layers.3.*", "mlp.up_proj", 3, true},
		{"model.layers.3.*", "mlp.up_proj", 30, false},
		{"language_model.model.layers.3.self_attn*", "self_attn.q_proj", 3, true},
		{"model.layers.3.self_attn", "self_attn.q_proj", 3, true},
		{"model.layers.3.self_attn", "self_attn_2.q_proj", 3, false},
		{"model.layers.*.self_attn", "self_attn.q_proj", 7, true},
		{"model.layers.*.mlp.router", "mlp.up_proj", 7, false},
		{"*.mlp", "mlp.up_proj", 7, true},
		{"gate", "mlp.gate_proj", 7, false},
		{"o_proj", "self_attn.o_proj", 7, true},
		{`re:.*mlp\.(gate|up|gate_up|down)_proj.*`, "mlp.up_proj", 7, true},
		{`re:.*mlp\.(gate|up|gate_up|down)_proj.*`, "mlp.experts.0.up_proj", 7, false},
		{`re:self_attn`, "self_attn.q_proj", 7, false}, // from the start of the name
		{"mtp*", "mlp.up_proj", 7, false},
		{"mtp.layers.0*", "mlp.up_proj", 0, false},
		{"model.visual*", "mlp.up_proj", 7, false},
		{"model.layers.99999999999999999999", "mlp.up_proj", 7, false},
	} {
		var s modules
		if !s.add(c.pattern) {
			t.Errorf("%s: not understood", c.pattern)
		}
		if got := s.has(c.layer, c.name); got != c.want {
			t.Errorf("%s has %s of layer %d: %v, want %v", c.pattern, c.name, c.layer, got, c.want)
		}
	}
	var s modules
	for _, bad := range []string{"re:(", "re:" + strings.Repeat("a", maxPatternLength+1)} {
		if s.add(bad) {
			t.Errorf("%.20s: understood", bad)
		}
	}
}

// Which layers are which, by each family's way to say it: layers with experts, without.
func TestSparseLayers(t *testing.T) {
	for _, c := range []struct {
		name, fields string
		sparse       int // of 6
	}{
		{"all", "", 6},
		{"after the first", `"first_k_dense_replace": 2`, 4},
		{"every other", `"decoder_sparse_step": 2`, 3},
		{"but some", `"mlp_only_layers": [0, 5, 99]`, 4},
		{"interleaved", `"interleave_moe_layer_step": 3`, 2},
		{"every so many from the first", `"moe_layer_freq": 2`, 3},
		{"listed", `"moe_layer_freq": [0, 1, 1, 0, 0, 1]`, 3},
		{"by type", `"mlp_layer_types": ["dense", "sparse", "sparse", "dense", "sparse", "sparse"]`, 4},
		{"by number", `"moe_layers": [1, 3]`, 2},
	} {
		m := read(t, `{"model_type": "qwen3_moe", `+base+`, "num_experts": 8, "num_experts_per_tok": 2, "moe_intermediate_size": 32`+
			strings.TrimSuffix(", "+c.fields, ", ")+`}`)
		sparse, dense := 0, 0
		for _, l := range m.Layers {
			if l.MoE.Experts > 0 {
				sparse += l.Count
			} else {
				dense += l.Count
			}
		}
		if sparse != c.sparse || dense != 6-c.sparse {
			t.Errorf("%s: %d layers with experts and %d without, want %d and %d", c.name, sparse, dense, c.sparse, 6-c.sparse)
		}
	}
}

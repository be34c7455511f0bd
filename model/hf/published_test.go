package hf

import (
	"path/filepath"
	"strings"
	"testing"

	"roofline/model/transformer"
)

// What a checkpoint of each public configuration holds, and how much of it is read for a token (docs/language-models.md
// says how that compares with the names, layer by layer). Checkpoints that differ in their formats only share a row.
var exact = []struct {
	names                  string
	parameters, active, mp float64 // mp: of the modules that predict further tokens
}{
	{"Qwen--Qwen3-0.6B", 596_049_920, 596_049_920, 0},
	{"Qwen--Qwen3-8B", 8_190_735_360, 7_568_405_504, 0},
	{"Qwen--Qwen3-32B Qwen--Qwen3-32B-FP8 Qwen--Qwen3-32B-FP8-Static-PerTensor", 32_762_123_264, 31_984_210_944, 0},
	{"Qwen--Qwen3-VL-2B-Instruct", 1_720_574_976, 1_720_574_976, 0}, // the language models of Qwen3-1.7B, 4B, 8B and 32B
	{"Qwen--Qwen3-VL-4B-Instruct", 4_022_468_096, 4_022_468_096, 0},
	{"Qwen--Qwen3-VL-8B-Instruct", 8_190_735_360, 7_568_405_504, 0},
	{"Qwen--Qwen3-VL-32B-Instruct", 32_762_123_264, 31_984_210_944, 0},
	{"Qwen--Qwen3-30B-A3B Qwen--Qwen3-30B-A3B-FP8 Qwen--Qwen3-VL-30B-A3B-Instruct", 30_532_122_624, 3_041_867_776, 0},
	{"Qwen--Qwen3-235B-A22B Qwen--Qwen3-235B-A22B-FP8 Qwen--Qwen3-VL-235B-A22B-Instruct nvidia--Qwen3-235B-A22B-NVFP4",
		235_093_634_560, 21_568_433_664, 0},
	{"Qwen--Qwen3.5-27B nvidia--Qwen3.6-27B-NVFP4", 26_895_998_464, 25_624_600_064, 424_699_392},
	{"Qwen--Qwen3.5-35B-A3B nvidia--Qwen3.6-35B-A3B-NVFP4", 34_660_610_688, 2_946_429_568, 844_640_768},
	{"Qwen--Qwen3.5-122B-A10B nvidia--Qwen3.5-122B-A10B-NVFP4", 122_111_526_912, 9_008_449_536, 2_523_679_232},
	{"deepseek-ai--DeepSeek-V3 deepseek-ai--DeepSeek-R1 nvidia--DeepSeek-V3.1-NVFP4",
		671_026_419_200, 36_625_618_432, 11_610_068_224},
	{"deepseek-ai--DeepSeek-V3.2 nvidia--DeepSeek-V3.2-NVFP4", 671_877_944_064, 37_477_143_296, 11_624_027_648},
	{"moonshotai--Kimi-K2-Instruct moonshotai--Kimi-K2.5 nvidia--Kimi-K2.5-NVFP4 nvidia--Kimi-K2.6-NVFP4",
		1_026_408_232_448, 31_687_095_808, 0},
	{"zai-org--GLM-5 zai-org--GLM-5-FP8 zai-org--GLM-5.1 zai-org--GLM-5.1-FP8 nvidia--GLM-5-NVFP4 nvidia--GLM-5.1-NVFP4",
		743_911_218_432, 40_833_146_112, 9_952_920_576},
	{"meta-llama--Meta-Llama-3.1-8B", 8_030_261_248, 7_504_924_672, 0},
	{"meta-llama--Meta-Llama-3.1-70B nvidia--Llama-3.1-70B-Instruct-FP8", 70_553_706_496, 69_503_033_344, 0},
	{"meta-llama--Llama-4-Scout-17B-16E-Instruct", 107_769_861_120, 16_138_408_960, 0},
	{"meta-llama--Llama-4-Maverick-17B-128E-Instruct", 400_711_848_960, 16_150_205_440, 0},
	{"mistralai--Mixtral-8x7B-v0.1", 46_702_792_704, 12_748_853_248, 0},
	{"openai--gpt-oss-120b", 116_829_156_672, 5_132_849_472, 0},
	{"MiniMaxAI--MiniMax-M2.5 nvidia--MiniMax-M2.5-NVFP4", 228_689_764_864, 10_415_956_480, 11_062_807_296},
	{"MiniMaxAI--MiniMax-M3", 426_174_558_336, 24_733_266_048, 7_491_582_336},
	{"nvidia--Llama-3_3-Nemotron-Super-49B-v1", 49_867_145_216, 48_816_472_064, 0},
	{"nvidia--NVIDIA-Nemotron-3-Nano-30B-A3B-BF16 nvidia--NVIDIA-Nemotron-3-Nano-30B-A3B-NVFP4", 31_577_940_288, 3_227_754_816, 0},
	{"nvidia--NVIDIA-Nemotron-3.5-Lightning-30B-A3B-NVFP4", 31_577_940_288, 3_227_754_816, 1_335_325_952},
	{"nvidia--NVIDIA-Nemotron-3-Super-120B-A12B-FP8 nvidia--NVIDIA-Nemotron-3-Super-120B-A12B-NVFP4",
		120_668_707_840, 12_233_366_528, 2_942_325_248},
}

// Every public configuration is read, and holds what is known of it.
func TestPublishedConfigs(t *testing.T) {
	paths, _ := filepath.Glob(filepath.Join(published, "*.json"))
	if len(paths) == 0 {
		t.Skip("no published configurations in " + published)
	}
	seen := map[string]bool{}
	for _, path := range paths {
		name := modelName(path)
		m, err := ReadFile(path)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, e := range exact {
			if !contains(e.names, name) {
				continue
			}
			seen[name] = true
			if p, a, mp := m.Parameters(), m.ActiveParameters(), m.MTPParameters(); p != e.parameters || a != e.active || mp != e.mp {
				t.Errorf("%s: %.0f parameters, %.0f active, %.0f to predict further; want %.0f, %.0f, %.0f", name, p, a, mp, e.parameters,
					e.active, e.mp)
			}
		}
		if !seen[name] {
			t.Errorf("%s: nobody says how many parameters it has", name)
		}
		for _, tp := range []int{1, 2} {
			if _, err := m.Plan(transformer.Formats{}, tp); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	for _, e := range exact {
		for name := range strings.FieldsSeq(e.names) {
			if !seen[name] {
				t.Errorf("%s is gone", name)
			}
		}
	}
}

// The parameters of more families, from the dimensions of the repository named.
func TestMoreFamilies(t *testing.T) {
	for _, c := range []struct {
		id, config   string
		want, active float64
	}{
		{"mistralai/Mixtral-8x22B-v0.1", `{"model_type": "mixtral", "hidden_size": 6144, "intermediate_size": 16384, "num_hidden_layers": 56,
			"num_attention_heads": 48, "num_key_value_heads": 8, "vocab_size": 32000, "num_local_experts": 8, "num_experts_per_tok": 2}`,
			140_620_634_112, 38_955_423_744},
		{"Qwen/Qwen1.5-MoE-A2.7B", `{"model_type": "qwen2_moe", "hidden_size": 2048, "intermediate_size": 5632, "num_hidden_layers": 24,
			"num_attention_heads": 16, "num_key_value_heads": 16, "vocab_size": 151936, "num_experts": 60, "num_experts_per_tok": 4,
			"moe_intermediate_size": 1408, "shared_expert_intermediate_size": 5632, "decoder_sparse_step": 1}`, 14_315_784_192, 0},
		{"Qwen/Qwen2-57B-A14B", `{"model_type": "qwen2_moe", "hidden_size": 3584, "intermediate_size": 18944, "num_hidden_layers": 28,
			"num_attention_heads": 28, "num_key_value_heads": 4, "vocab_size": 151936, "num_experts": 64, "num_experts_per_tok": 8,
			"moe_intermediate_size": 2560, "shared_expert_intermediate_size": 20480, "decoder_sparse_step": 1}`, 57_408_658_944, 0},
		{"Qwen/Qwen3-Next-80B-A3B-Instruct", qwen3Next, 79_674_391_296, 0},
		{"deepseek-ai/DeepSeek-V2", `{"model_type": "deepseek_v2", "hidden_size": 5120, "intermediate_size": 12288, "num_hidden_layers": 60,
			"num_attention_heads": 128, "num_key_value_heads": 128, "vocab_size": 102400, "n_routed_experts": 160, "n_shared_experts": 2,
			"num_experts_per_tok": 6, "moe_intermediate_size": 1536, "first_k_dense_replace": 1, "q_lora_rank": 1536, "kv_lora_rank": 512,
			"qk_nope_head_dim": 128, "qk_rope_head_dim": 64, "v_head_dim": 128, "topk_method": "group_limited_greedy"}`,
			235_741_434_880, 0},
		{"deepseek-ai/DeepSeek-V2-Lite", `{"model_type": "deepseek_v2", "hidden_size": 2048, "intermediate_size": 10944,
			"num_hidden_layers": 27, "num_attention_heads": 16, "num_key_value_heads": 16, "vocab_size": 102400, "n_routed_experts": 64,
			"n_shared_experts": 2, "num_experts_per_tok": 6, "moe_intermediate_size": 1408, "first_k_dense_replace": 1, "q_lora_rank": null,
			"kv_lora_rank": 512, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64, "v_head_dim": 128, "topk_method": "greedy"}`,
			15_706_484_224, 0},
		{"allenai/OLMoE-1B-7B-0924", `{"model_type": "olmoe", "hidden_size": 2048, "intermediate_size": 1024, "num_hidden_layers": 16,
			"num_attention_heads": 16, "num_key_value_heads": 16, "vocab_size": 50304, "num_experts": 64, "num_experts_per_tok": 8}`,
			6_919_161_856, 0},
		{"openai/gpt-oss-20b", `{"model_type": "gpt_oss", "hidden_size": 2880, "intermediate_size": 2880, "num_hidden_layers": 24,
			"num_attention_heads": 64, "num_key_value_heads": 8, "head_dim": 64, "vocab_size": 201088, "num_local_experts": 32,
			"num_experts_per_tok": 4, "attention_bias": true}`, 20_914_757_184, 0},
		{"zai-org/GLM-4.5-Air", glmAir, 106_852_251_264, 0},
		{"tiiuae/falcon-7b", `{"model_type": "falcon", "hidden_size": 4544, "num_hidden_layers": 32, "num_attention_heads": 71,
			"vocab_size": 65024, "multi_query": true, "parallel_attn": true, "new_decoder_architecture": false, "bias": false}`,
			6_921_720_704, 0},
		{"tiiuae/falcon-40b", `{"model_type": "falcon", "hidden_size": 8192, "num_hidden_layers": 60, "num_attention_heads": 128,
			"num_kv_heads": 8, "vocab_size": 65024, "new_decoder_architecture": true, "bias": false}`, 41_303_293_952, 0},
		{"google-bert/bert-base-uncased", `{"model_type": "bert", "architectures": ["BertForMaskedLM"], "hidden_size": 768,
			"intermediate_size": 3072, "num_hidden_layers": 12, "num_attention_heads": 12, "vocab_size": 30522,
			"max_position_embeddings": 512, "type_vocab_size": 2}`, 109_482_240, 0},
		{"FacebookAI/roberta-base", `{"model_type": "roberta", "hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12,
			"num_attention_heads": 12, "vocab_size": 50265, "max_position_embeddings": 514, "type_vocab_size": 1}`, 124_645_632, 0},
		{"FacebookAI/xlm-roberta-base", `{"model_type": "xlm-roberta", "hidden_size": 768, "intermediate_size": 3072,
			"num_hidden_layers": 12, "num_attention_heads": 12, "vocab_size": 250002, "max_position_embeddings": 514,
			"type_vocab_size": 1}`, 278_043_648, 0},
		{"distilbert/distilbert-base-uncased", `{"model_type": "distilbert", "dim": 768, "hidden_dim": 3072, "n_layers": 6, "n_heads": 12,
			"vocab_size": 30522, "max_position_embeddings": 512}`, 66_362_880, 0},
		{"google-t5/t5-base", `{"model_type": "t5", "d_model": 768, "d_kv": 64, "d_ff": 3072, "num_layers": 12, "num_heads": 12,
			"vocab_size": 32128, "is_encoder_decoder": true, "relative_attention_num_buckets": 32}`, 222_903_552, 0},
		{"google/flan-t5-xxl", `{"model_type": "t5", "d_model": 4096, "d_kv": 64, "d_ff": 10240, "num_layers": 24, "num_heads": 64,
			"vocab_size": 32128, "is_encoder_decoder": true, "feed_forward_proj": "gated-gelu", "tie_word_embeddings": false}`,
			11_135_332_352, 0},
		{"openai/whisper-tiny", `{"model_type": "whisper", "d_model": 384, "encoder_layers": 4, "decoder_layers": 4,
			"encoder_attention_heads": 6, "decoder_attention_heads": 6, "encoder_ffn_dim": 1536, "decoder_ffn_dim": 1536,
			"vocab_size": 51865, "num_mel_bins": 80, "max_source_positions": 1500, "max_target_positions": 448,
			"is_encoder_decoder": true}`, 37_760_640, 0},
		{"openai/whisper-large-v3", whisperLarge, 1_543_490_560, 0},
	} {
		m := read(t, c.config)
		if got := m.Parameters(); got != c.want {
			t.Errorf("%s: %.0f parameters, want %.0f", c.id, got, c.want)
		}
		if got := m.ActiveParameters(); c.active > 0 && got != c.active {
			t.Errorf("%s: %.0f active parameters, want %.0f", c.id, got, c.active)
		}
	}
}

const (
	qwen3Next = `{"model_type": "qwen3_next", "hidden_size": 2048, "intermediate_size": 5120, "num_hidden_layers": 48,
		"num_attention_heads": 16, "num_key_value_heads": 2, "head_dim": 256, "vocab_size": 151936, "num_experts": 512,
		"num_experts_per_tok": 10, "moe_intermediate_size": 512, "shared_expert_intermediate_size": 512, "decoder_sparse_step": 1,
		"full_attention_interval": 4, "linear_num_key_heads": 16, "linear_num_value_heads": 32, "linear_key_head_dim": 128,
		"linear_value_head_dim": 128, "linear_conv_kernel_dim": 4}`
	glmAir = `{"model_type": "glm4_moe", "hidden_size": 4096, "intermediate_size": 10944, "num_hidden_layers": 46,
		"num_attention_heads": 96, "num_key_value_heads": 8, "head_dim": 128, "vocab_size": 151552, "n_routed_experts": 128,
		"n_shared_experts": 1, "num_experts_per_tok": 8, "moe_intermediate_size": 1408, "first_k_dense_replace": 1,
		"attention_bias": true, "partial_rotary_factor": 0.5, "use_qk_norm": false, "num_nextn_predict_layers": 1}`
	whisperLarge = `{"model_type": "whisper", "d_model": 1280, "encoder_layers": 32, "decoder_layers": 32,
		"encoder_attention_heads": 20, "decoder_attention_heads": 20, "encoder_ffn_dim": 5120, "decoder_ffn_dim": 5120,
		"vocab_size": 51866, "num_mel_bins": 128, "max_source_positions": 1500, "max_target_positions": 448,
		"is_encoder_decoder": true, "torch_dtype": "float16"}`
)

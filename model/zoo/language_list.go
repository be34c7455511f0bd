package zoo

// Where the dimensions are published. The parameters follow from the shapes of the tensors.
const (
	llama2   = "Touvron et al. 2023, arXiv:2307.09288, and the repository's config.json"
	llama3   = "Grattafiori et al. 2024, arXiv:2407.21783, table 3, and the repository's config.json"
	llama32  = "the repository's config.json and model card"
	llama4   = "the repository's config.json; text model only: with the vision tower and its projector 871 932 416 more"
	mistral7 = "Jiang et al. 2023, arXiv:2310.06825, table 1, and the repository's config.json"
	mixtral  = "Jiang et al. 2024, arXiv:2401.04088, table 1, and the repository's config.json"
	qwen25   = "Qwen team 2024, arXiv:2412.15115, and the repository's config.json"
	qwen3    = "Qwen team 2025, arXiv:2505.09388, table 1, and the repository's config.json"
	qwen3VL  = "the repository's config.json; text model only, without the vision tower"
	gemma2   = "Gemma team 2024, arXiv:2408.00118, table 1, and the repository's config.json"
	gemma3   = "Gemma team 2025, arXiv:2503.19786, and the repository's config.json; text model only: with the SigLIP tower " +
		"and its projector 27 432 406 640 parameters"
	gemma3Text = "Gemma team 2025, arXiv:2503.19786; text model only" + remembered
	deepSeek2  = "DeepSeek-AI 2024, arXiv:2405.04434" + remembered
	deepSeek3  = "DeepSeek-AI 2024, arXiv:2412.19437, and the repository's config.json; without the module that predicts a further token"
	kimi2      = "Kimi team 2025, arXiv:2507.20534, and the repository's config.json"
	glm45      = "GLM-4.5 team 2025, arXiv:2508.06471; without the module that predicts a further token" + remembered
	gptOSS     = "OpenAI 2025, arXiv:2508.10925, and the repository's config.json"
	miniMax    = "the repository's config.json"
	nemotron   = "the repository's config.json and model card"
	phi4       = "Abdin et al. 2024, arXiv:2412.08905, and the repository's config.json"
	openGPT2   = "Radford et al. 2019, table 2, and the repository's config.json"
	card       = "the model card" + remembered
	falcon     = "Almazrouei et al. 2023, arXiv:2311.16867" + remembered
	t5         = "Raffel et al. 2020, arXiv:1910.10683, and Chung et al. 2022, arXiv:2210.11416" + remembered
	whisper    = "Radford et al. 2022, arXiv:2212.04356" + remembered

	// remembered marks dimensions that were not taken from the repository's file.
	remembered = "; status: unverified, dimensions from memory and not from the repository's config.json"
)

var languages = []LanguageEntry{
	{"llama-3.1-8b", "meta-llama/Llama-3.1-8B", []string{"Llama-3.1-8B-Instruct", "Meta-Llama-3.1-8B",
		"Meta-Llama-3.1-8B-Instruct"}, 8_030_261_248, llama3},
	{"llama-3.1-70b", "meta-llama/Llama-3.1-70B", []string{"Llama-3.1-70B-Instruct", "Meta-Llama-3.1-70B",
		"Meta-Llama-3.1-70B-Instruct", "Llama-3.3-70B", "Llama-3.3-70B-Instruct"}, 70_553_706_496, llama3},
	{"llama-3.1-405b", "meta-llama/Llama-3.1-405B", []string{"Llama-3.1-405B-Instruct", "Meta-Llama-3.1-405B",
		"Meta-Llama-3.1-405B-Instruct"}, 405_853_388_800, llama3},
	{"llama-3.2-1b", "meta-llama/Llama-3.2-1B", []string{"Llama-3.2-1B-Instruct"}, 1_235_814_400, llama32},
	{"llama-3.2-3b", "meta-llama/Llama-3.2-3B", []string{"Llama-3.2-3B-Instruct"}, 3_212_749_824, llama32},
	{"llama-4-scout", "meta-llama/Llama-4-Scout-17B-16E", []string{"Llama-4-Scout-17B-16E-Instruct"}, 107_769_861_120, llama4},
	{"llama-4-maverick", "meta-llama/Llama-4-Maverick-17B-128E", []string{"Llama-4-Maverick-17B-128E-Instruct"}, 400_711_848_960, llama4},
	{"llama-2-7b", "meta-llama/Llama-2-7b-hf", []string{"Llama-2-7b-chat-hf", "Llama-2-7b-chat"}, 6_738_415_616, llama2},
	{"llama-2-13b", "meta-llama/Llama-2-13b-hf", []string{"Llama-2-13b-chat-hf", "Llama-2-13b-chat"}, 13_015_864_320, llama2},
	{"llama-2-70b", "meta-llama/Llama-2-70b-hf", []string{"Llama-2-70b-chat-hf", "Llama-2-70b-chat"}, 68_976_648_192, llama2},

	{"mistral-7b", "mistralai/Mistral-7B-v0.1", []string{"Mistral-7B-Instruct-v0.1"}, 7_241_732_096, mistral7},
	{"mistral-nemo-12b", "mistralai/Mistral-Nemo-Instruct-2407", []string{"Mistral-Nemo-Base-2407"}, 12_247_782_400, card},
	{"mistral-small-24b", "mistralai/Mistral-Small-24B-Instruct-2501", []string{"Mistral-Small-24B-Base-2501"}, 23_572_403_200, card},
	{"mistral-large-123b", "mistralai/Mistral-Large-Instruct-2407", []string{"Mistral-Large-Instruct-2411"}, 122_610_069_504, card},
	{"mixtral-8x7b", "mistralai/Mixtral-8x7B-v0.1", []string{"Mixtral-8x7B-Instruct-v0.1"}, 46_702_792_704, mixtral},
	{"mixtral-8x22b", "mistralai/Mixtral-8x22B-v0.1", nil, 140_620_634_112, card},

	{"qwen3-0.6b", "Qwen/Qwen3-0.6B", nil, 596_049_920, qwen3},
	{"qwen3-1.7b", "Qwen/Qwen3-1.7B", nil, 1_720_574_976, qwen3},
	{"qwen3-4b", "Qwen/Qwen3-4B", nil, 4_022_468_096, qwen3},
	{"qwen3-8b", "Qwen/Qwen3-8B", nil, 8_190_735_360, qwen3},
	{"qwen3-14b", "Qwen/Qwen3-14B", nil, 14_768_307_200, "Qwen team 2025, arXiv:2505.09388, table 1" + remembered},
	{"qwen3-32b", "Qwen/Qwen3-32B", nil, 32_762_123_264, qwen3},
	{"qwen3-30b-a3b", "Qwen/Qwen3-30B-A3B", nil, 30_532_122_624, qwen3},
	{"qwen3-235b-a22b", "Qwen/Qwen3-235B-A22B", nil, 235_093_634_560, qwen3},
	{"qwen3-coder-480b", "Qwen/Qwen3-Coder-480B-A35B-Instruct", nil, 480_154_875_392, card},
	{"qwen3-next-80b-a3b", "Qwen/Qwen3-Next-80B-A3B-Instruct", []string{"Qwen3-Next-80B-A3B-Thinking"}, 79_674_391_296, card},
	{"qwen3-vl-8b", "Qwen/Qwen3-VL-8B-Instruct", nil, 8_190_735_360, qwen3VL},
	{"qwen3-vl-30b-a3b", "Qwen/Qwen3-VL-30B-A3B-Instruct", nil, 30_532_122_624, qwen3VL},
	{"qwen3-vl-235b-a22b", "Qwen/Qwen3-VL-235B-A22B-Instruct", nil, 235_093_634_560, qwen3VL},
	{"qwen3.5-27b", "Qwen/Qwen3.5-27B", []string{"Qwen3.6-27B"}, 26_895_998_464, qwen3VL},
	{"qwen3.5-35b-a3b", "Qwen/Qwen3.5-35B-A3B", []string{"Qwen3.6-35B-A3B"}, 34_660_610_688, qwen3VL},
	{"qwen3.5-122b-a10b", "Qwen/Qwen3.5-122B-A10B", nil, 122_111_526_912, qwen3VL},
	{"qwen2.5-0.5b", "Qwen/Qwen2.5-0.5B", []string{"Qwen2.5-0.5B-Instruct"}, 494_032_768, "arXiv:2412.15115" + remembered},
	{"qwen2.5-1.5b", "Qwen/Qwen2.5-1.5B", []string{"Qwen2.5-1.5B-Instruct"}, 1_543_714_304, "arXiv:2412.15115" + remembered},
	{"qwen2.5-3b", "Qwen/Qwen2.5-3B", []string{"Qwen2.5-3B-Instruct"}, 3_085_938_688, "arXiv:2412.15115" + remembered},
	{"qwen2.5-7b", "Qwen/Qwen2.5-7B", []string{"Qwen2.5-7B-Instruct"}, 7_615_616_512, qwen25},
	{"qwen2.5-14b", "Qwen/Qwen2.5-14B", []string{"Qwen2.5-14B-Instruct"}, 14_770_033_664, "arXiv:2412.15115" + remembered},
	{"qwen2.5-32b", "Qwen/Qwen2.5-32B", []string{"Qwen2.5-32B-Instruct", "QwQ-32B"}, 32_763_876_352, "arXiv:2412.15115" + remembered},
	{"qwen2.5-72b", "Qwen/Qwen2.5-72B", []string{"Qwen2.5-72B-Instruct"}, 72_706_203_648, qwen25},

	{"deepseek-v3", "deepseek-ai/DeepSeek-V3", []string{"DeepSeek-R1", "DeepSeek-V3.1", "DeepSeek-V3-0324", "DeepSeek-R1-0528"},
		671_026_419_200, deepSeek3},
	{"deepseek-v3.2", "deepseek-ai/DeepSeek-V3.2", []string{"DeepSeek-V3.2-Exp"}, 671_877_944_064,
		"the repository's config.json; without the module that predicts a further token"},
	{"deepseek-v2", "deepseek-ai/DeepSeek-V2", []string{"DeepSeek-V2-Chat", "DeepSeek-V2.5"}, 235_741_434_880, deepSeek2},
	{"deepseek-v2-lite", "deepseek-ai/DeepSeek-V2-Lite", []string{"DeepSeek-V2-Lite-Chat", "DeepSeek-Coder-V2-Lite-Instruct"},
		15_706_484_224, deepSeek2},
	{"kimi-k2", "moonshotai/Kimi-K2-Instruct", []string{"Kimi-K2-Base"}, 1_026_408_232_448, kimi2},
	{"kimi-k2.5", "moonshotai/Kimi-K2.5", nil, 1_026_408_232_448, "the repository's config.json; text model only, without the vision tower"},
	{"glm-5", "zai-org/GLM-5", []string{"GLM-5.1"}, 743_911_218_432,
		"the repository's config.json; without the module that predicts a further token"},
	{"glm-4.5", "zai-org/GLM-4.5", []string{"GLM-4.6"}, 352_797_829_024, glm45},
	{"glm-4.5-air", "zai-org/GLM-4.5-Air", nil, 106_852_251_264, glm45},
	{"gpt-oss-120b", "openai/gpt-oss-120b", nil, 116_829_156_672, gptOSS},
	{"gpt-oss-20b", "openai/gpt-oss-20b", nil, 20_914_757_184, "OpenAI 2025, arXiv:2508.10925" + remembered},
	{"minimax-m2.5", "MiniMaxAI/MiniMax-M2.5", []string{"MiniMax-M2"}, 228_689_764_864, miniMax},
	{"minimax-m3", "MiniMaxAI/MiniMax-M3", nil, 426_174_558_336,
		"the repository's config.json; status: unverified, the tensors of its indexer (224 133 120 parameters) are a guess"},

	{"nemotron-super-49b", "nvidia/Llama-3_3-Nemotron-Super-49B-v1", nil, 49_867_145_216, nemotron},
	{"nemotron-3-nano", "nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16", nil, 31_577_940_288, nemotron},
	{"nemotron-3-super", "nvidia/NVIDIA-Nemotron-3-Super-120B-A12B", []string{"NVIDIA-Nemotron-3-Super-120B-A12B-BF16",
		"NVIDIA-Nemotron-3-Super-120B-A12B-FP8"}, 120_668_707_840, nemotron},

	{"gemma-3-1b", "google/gemma-3-1b-it", []string{"gemma-3-1b-pt"}, 999_885_952, gemma3Text},
	{"gemma-3-4b", "google/gemma-3-4b-it", []string{"gemma-3-4b-pt"}, 3_880_263_168, gemma3Text},
	{"gemma-3-12b", "google/gemma-3-12b-it", []string{"gemma-3-12b-pt"}, 11_766_034_176, gemma3Text},
	{"gemma-3-27b", "google/gemma-3-27b-it", []string{"gemma-3-27b-pt"}, 27_009_346_304, gemma3},
	{"gemma-2-9b", "google/gemma-2-9b-it", []string{"gemma-2-9b"}, 9_241_705_984, gemma2},
	{"gemma-2-27b", "google/gemma-2-27b-it", []string{"gemma-2-27b"}, 27_227_128_320, gemma2},

	{"phi-4", "microsoft/phi-4", nil, 14_659_507_200, phi4},
	{"phi-3-mini", "microsoft/Phi-3-mini-128k-instruct", nil, 3_821_079_552, card},
	{"phi-2", "microsoft/phi-2", nil, 2_779_683_840, card},
	{"olmo-2-7b", "allenai/OLMo-2-1124-7B", []string{"OLMo-2-1124-7B-Instruct"}, 7_298_617_344, card},
	{"olmoe-1b-7b", "allenai/OLMoE-1B-7B-0924", nil, 6_919_161_856, card},
	{"command-r", "CohereForAI/c4ai-command-r-v01", nil, 34_980_831_232, card},
	{"falcon-7b", "tiiuae/falcon-7b", []string{"falcon-7b-instruct"}, 6_921_720_704, falcon},
	{"falcon-40b", "tiiuae/falcon-40b", []string{"falcon-40b-instruct"}, 41_303_293_952, falcon},
	{"gpt2", "openai-community/gpt2", []string{"gpt-2"}, 124_439_808, openGPT2},

	{"flan-t5-xxl", "google/flan-t5-xxl", nil, 11_135_332_352, t5},
	{"whisper-large-v3", "openai/whisper-large-v3", nil, 1_543_490_560, whisper},
	{"whisper-turbo", "openai/whisper-large-v3-turbo", nil, 808_878_080, whisper},
}

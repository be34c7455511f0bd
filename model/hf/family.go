package hf

import "roofline/model/transformer"

// family holds the conventions of a model_type: what its implementation fixes, and what its configuration class fills
// in where a file says nothing. The zero value is Llama's.
type family struct {
	names    map[string]string // fields by other names
	defaults map[string]int

	norm     transformer.Norm
	norms    int  // per layer; 0 for the usual 2
	ungated  bool // an MLP of two products
	parallel bool // attention and MLP side by side
	tied     bool // the head is the embedding
	learned  bool // learned positions
	fourfold bool // an MLP is four times as wide as the model unless it says otherwise

	qkNorm                              transformer.QKNorm
	qkvBias, outBias, mlpBias, headBias bool
	outUnbiased                         bool // attention_bias is about queries, keys and values only
	outputGate                          bool // attention has a gate where the file does not say
	sinks                               bool
	rotary                              float64 // share of a head that is rotated; 0 for all
	window                              windowing

	experts experts

	encoder bool // not a decoder, but an encoder of BERT's kind
	pooler  bool
	read    func(*config, *family, *transformer.Model, *quantization) // a shape of its own: layers are not alike
}

// experts are the conventions of a family's mixture of experts.
type experts struct {
	required     bool   // a file without is broken
	width        string // field of an expert's width; moe_intermediate_size if not said
	dense        string // field of the width of layers without a mixture; intermediate_size if not said
	sharedAlways bool   // one shared expert as wide as the others, which the file does not mention
	sharedGate   bool
	bias         bool // of experts and router
	scoreBias    bool // where topk_method and use_routing_bias do not say
}

// windowing is how a family spreads its sliding window over the layers, where the file has no layer_types.
type windowing uint8

const (
	windowIgnored windowing = iota
	windowAlways            // every layer
	windowAbove             // layers from max_window_layers on, if use_sliding_window
	windowPattern           // all but every sliding_window_pattern-th layer
	windowChunks            // the rotated layers, in chunks: all but every fourth
)

// unknownFamily reads a model_type nobody has described: as Llama's, but a sliding window is believed.
var unknownFamily = family{window: windowAlways}

// families are the conventions of the implementations in the transformers library, and of the code that repositories
// bring along. Set up at start, because the readers of some refer to it.
var families map[string]family

func init() {
	qwen := family{qkNorm: transformer.QKNormHead, window: windowAbove}
	qwenMoE := qwen
	qwenMoE.experts = experts{required: true}
	qwenHybrid := family{qkNorm: transformer.QKNormHead, outputGate: true, rotary: 0.25,
		experts:  experts{sharedGate: true},
		defaults: map[string]int{"full_attention_interval": 4}}
	qwenHybridMoE := qwenHybrid
	qwenHybridMoE.experts = experts{required: true, sharedGate: true}
	deepseek := family{names: map[string]string{"num_experts": "n_routed_experts"}}
	local := map[string]string{"num_experts": "num_local_experts"}
	bert := family{encoder: true, pooler: true, norm: transformer.LayerNorm, ungated: true, learned: true,
		qkvBias: true, outBias: true, mlpBias: true}

	families = map[string]family{
		"llama":   {},
		"granite": {},
		"mistral": {window: windowAlways},
		"phi3":    {window: windowAlways},
		"mixtral": {names: local, window: windowAlways, experts: experts{required: true, width: "intermediate_size"}},
		"llama4": {names: local, window: windowChunks, experts: experts{width: "intermediate_size", dense: "intermediate_size_mlp",
			sharedAlways: true}},
		"nemotron-nas": {read: (*config).blocks},
		"nemotron_h": {names: map[string]string{"num_experts": "n_routed_experts"}, ungated: true, read: (*config).hybrid,
			experts: experts{scoreBias: true}},

		"qwen2": {qkvBias: true, window: windowAbove},
		"qwen2_moe": {qkvBias: true, window: windowAbove, defaults: map[string]int{"decoder_sparse_step": 1},
			experts: experts{required: true, sharedGate: true}},
		"qwen3":        qwen,
		"qwen3_moe":    qwenMoE,
		"qwen3_vl":     {qkNorm: transformer.QKNormHead},
		"qwen3_vl_moe": {qkNorm: transformer.QKNormHead, experts: experts{required: true}},
		"qwen3_next":   qwenHybridMoE,
		"qwen3_5":      qwenHybrid,
		"qwen3_5_moe":  qwenHybridMoE,

		"deepseek_v2":  deepseek,
		"deepseek_v3":  deepseek,
		"deepseek_v32": deepseek,
		"kimi_k2":      deepseek,
		"glm_moe_dsa":  deepseek,
		"glm4_moe": {names: deepseek.names, outUnbiased: true, rotary: 0.5,
			experts: experts{required: true, scoreBias: true}},

		"gpt_oss": {names: local, sinks: true, qkvBias: true, outBias: true, window: windowPattern,
			defaults: map[string]int{"sliding_window": 128, "sliding_window_pattern": 2},
			experts:  experts{required: true, width: "intermediate_size", bias: true}},
		"minimax_m2": {names: local, experts: experts{required: true, width: "intermediate_size"}},
		"minimax_m3": {names: local, experts: experts{required: true, dense: "dense_intermediate_size"}},
		"olmoe":      {qkNorm: transformer.QKNormFull, experts: experts{required: true, width: "intermediate_size"}},

		"gemma": {tied: true, defaults: map[string]int{
			"vocab_size": 256_000, "head_dim": 256, "num_key_value_heads": 16, "max_position_embeddings": 8192}},
		"gemma2": {tied: true, norms: 4, window: windowPattern, defaults: map[string]int{
			"vocab_size": 256_000, "head_dim": 256, "num_key_value_heads": 4, "max_position_embeddings": 8192,
			"sliding_window": 4096, "sliding_window_pattern": 2}},
		"gemma3": {tied: true, norms: 4, qkNorm: transformer.QKNormHead, window: windowPattern, defaults: map[string]int{
			"vocab_size": 262_208, "head_dim": 256, "num_attention_heads": 8, "num_key_value_heads": 4,
			"max_position_embeddings": 131_072, "sliding_window": 4096, "sliding_window_pattern": 6}},

		"phi": {norm: transformer.LayerNorm, norms: 1, ungated: true, parallel: true, rotary: 0.5,
			qkvBias: true, outBias: true, mlpBias: true, headBias: true},
		"gpt_neox": {norm: transformer.LayerNorm, ungated: true, parallel: true, rotary: 0.25,
			qkvBias: true, outBias: true, mlpBias: true},
		"gpt2": {norm: transformer.LayerNorm, ungated: true, tied: true, learned: true, fourfold: true,
			qkvBias: true, outBias: true, mlpBias: true,
			names: map[string]string{"hidden_size": "n_embd", "num_hidden_layers": "n_layer", "num_attention_heads": "n_head",
				"intermediate_size": "n_inner", "max_position_embeddings": "n_positions"}},
		"falcon": {norm: transformer.LayerNorm, ungated: true, tied: true, fourfold: true, parallel: true,
			names: map[string]string{"num_key_value_heads": "num_kv_heads", "intermediate_size": "ffn_hidden_size"}},
		"starcoder2": {norm: transformer.LayerNorm, ungated: true, tied: true, window: windowAlways,
			qkvBias: true, outBias: true, mlpBias: true},
		"olmo2":  {qkNorm: transformer.QKNormFull},
		"cohere": {norm: transformer.LayerNormUnbiased, norms: 1, parallel: true, tied: true},

		"bert":        bert,
		"roberta":     bert,
		"xlm-roberta": bert,
		"camembert":   bert,
		"distilbert": {encoder: true, norm: transformer.LayerNorm, ungated: true, learned: true,
			qkvBias: true, outBias: true, mlpBias: true,
			names: map[string]string{"hidden_size": "dim", "num_hidden_layers": "n_layers", "num_attention_heads": "n_heads",
				"intermediate_size": "hidden_dim"}},
		"t5":  {tied: true, read: (*config).t5, names: t5Names},
		"mt5": {read: (*config).t5, names: t5Names},
		"whisper": {tied: true, read: (*config).whisper, norm: transformer.LayerNorm,
			names: map[string]string{"hidden_size": "d_model", "max_position_embeddings": "max_target_positions"}},
	}
}

var t5Names = map[string]string{"hidden_size": "d_model", "num_attention_heads": "num_heads", "head_dim": "d_kv",
	"intermediate_size": "d_ff", "num_hidden_layers": "num_layers"}

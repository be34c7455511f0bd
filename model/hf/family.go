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

	qkNorm                              transformer.QKNorm
	qkvBias, outBias, mlpBias, headBias bool
	rotary                              float64 // share of a head that is rotated; 0 for all
	window                              windowing
}

// windowing is how a family spreads its sliding window over the layers, where the file has no layer_types.
type windowing uint8

const (
	windowIgnored windowing = iota
	windowAlways            // every layer
	windowAbove             // layers from max_window_layers on, if use_sliding_window
	windowPattern           // all but every sliding_window_pattern-th layer
)

// unknownFamily reads a model_type nobody has described: as Llama's, but a sliding window is believed.
var unknownFamily = family{window: windowAlways}

// families are the conventions of the implementations in the transformers library.
var families = map[string]family{
	"llama":   {},
	"granite": {},
	"mistral": {window: windowAlways},
	"phi3":    {window: windowAlways},

	"qwen2":    {qkvBias: true, window: windowAbove},
	"qwen3":    {qkNorm: transformer.QKNormHead, window: windowAbove},
	"qwen3_vl": {qkNorm: transformer.QKNormHead},

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
	"gpt2": {norm: transformer.LayerNorm, ungated: true, tied: true, learned: true,
		qkvBias: true, outBias: true, mlpBias: true,
		names: map[string]string{"hidden_size": "n_embd", "num_hidden_layers": "n_layer", "num_attention_heads": "n_head",
			"intermediate_size": "n_inner", "max_position_embeddings": "n_positions"}},
	"starcoder2": {norm: transformer.LayerNorm, ungated: true, tied: true, window: windowAlways,
		qkvBias: true, outBias: true, mlpBias: true},
	"olmo2":  {qkNorm: transformer.QKNormFull},
	"cohere": {norm: transformer.LayerNormUnbiased, norms: 1, parallel: true, tied: true},
}

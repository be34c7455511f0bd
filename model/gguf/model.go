package gguf

import (
	"fmt"
	"strings"

	"roofline/hardware/dtype"
	"roofline/model/transformer"
)

// Limits no real model comes near, as those of the header.
const (
	maxWidth   = 1 << 24
	maxHeads   = 1 << 16
	maxContext = 1 << 40
)

// known are the architectures whose tensors and keys are understood, and how they spread a sliding window over the
// layers where no key says so: over all but every n-th, as llama.cpp's set_swa_pattern does; 1 stands for all.
var known = map[string]int{
	"llama": 1, "mistral3": 1, "qwen2": 1, "qwen2vl": 1, "qwen3": 1, "qwen3vl": 1, "gemma": 1, "gemma2": 2, "gemma3": 6,
	"phi2": 1, "phi3": 1, "gpt2": 1, "gptneox": 1, "starcoder2": 1, "granite": 1, "smollm3": 1, "glm4": 1, "internlm2": 1,
	"command-r": 1, "cohere2": 4, "olmo2": 4, "exaone": 1, "exaone4": 4, "seed_oss": 1, "stablelm": 1,
	"qwen2moe": 1, "qwen3moe": 1, "qwen3vlmoe": 1, "olmoe": 1, "granitemoe": 1, "minimax-m2": 1, "deepseek2": 1, "gpt-oss": 2,
}

// Model puts the language model together. Every tensor must find its place in it; a model with other tensors is refused.
func (f *File) Model() (*transformer.Model, error) {
	l := &layout{file: f, tensors: make(map[string]*Tensor, len(f.Tensors))}
	for i := range f.Tensors {
		if t := &f.Tensors[i]; !t.auxiliary() {
			l.tensors[t.Name] = t
		}
	}
	l.refuse()
	m := &transformer.Model{Name: f.Name, Family: f.Architecture}
	if _, ok := known[f.Architecture]; !ok {
		m.Warnings = append(m.Warnings, fmt.Sprintf("architecture %q is not known: its layers are taken for what their tensors look like",
			clip(f.Architecture)))
	}
	f.quantize(m)
	l.fill(m)
	l.done()
	if l.err != nil {
		return nil, fmt.Errorf("%s: %w", f.path, l.err)
	}
	if !l.apart {
		f.mixed(m)
	}
	f.compare(m)
	return m, nil
}

// fill reads what is there once, and the layers.
func (l *layout) fill(m *transformer.Model) {
	m.Hidden = l.size("embedding_length", maxWidth, 0)
	m.MaxContext = l.size("context_length", maxContext, -1)
	m.Vocab = l.width("token_embd.weight", 1)
	l.take("token_embd.weight", m.Hidden, m.Vocab)
	if l.there("position_embd.weight") {
		m.Positions = l.width("position_embd.weight", 1)
		l.take("position_embd.weight", m.Hidden, m.Positions)
	}
	m.TiedEmbeddings = !l.may("output.weight", m.Hidden, m.Vocab)
	m.HeadBias = l.may("output.bias", m.Vocab)
	m.FinalNorm = l.norm("output_norm", m.Hidden)
	layers := l.size("block_count", maxLayers, 0)
	windows := l.windows(layers)
	l.storage(m) // embedding and head are none of a layer's
	l.apart = false
	for i := 0; i < layers && l.err == nil; i++ {
		layer := l.layer(i, m)
		if layer.Attention.Heads > 0 {
			layer.Attention.Window = windows[i]
		}
		m.Layers = add(m.Layers, layer)
	}
}

// add counts a layer to the kind it is of, or starts a new kind.
func add(kinds []transformer.Layer, layer transformer.Layer) []transformer.Layer {
	for i := range kinds {
		alike := layer
		if alike.Count = kinds[i].Count; kinds[i] == alike {
			kinds[i].Count++
			return kinds
		}
	}
	layer.Count = 1
	return append(kinds, layer)
}

// quantize says in which format the linear layers are stored: the one most of their bytes are in. ggml multiplies all but
// the widest in 16 bits, so a quantisation is weight-only.
func (f *File) quantize(m *transformer.Model) {
	m.DType = dtype.FP16
	linear := shares(f.Tensors, func(t *Tensor) bool { return strings.HasPrefix(t.Name, "blk.") && len(t.Shape) > 1 })
	if len(linear) == 0 {
		return
	}
	main := linear[0].DType
	if main.Bits() >= 16 {
		m.DType = main
		return
	}
	m.Quantization = transformer.Quantization{Method: "gguf", Weights: main, WeightOnly: true}
	if head := f.head(); head.Bits() < 16 {
		m.Quantization.Head = true
		if head != main {
			m.Quantization.HeadStorage = transformer.Storage{Weights: head, WeightOnly: true}
		}
	}
}

// mixed takes the mixture that has the file's bits per weight, if there is one, for a model whose parts are all stored
// alike: what is in wider formats are single matrices of a part, and the head.
func (f *File) mixed(m *transformer.Model) {
	q := &m.Quantization
	if mix := q.Weights.Mixture(f.BitsPerWeight()); mix != q.Weights {
		q.Weights, q.Head, q.HeadStorage = mix, true, transformer.Storage{}
	}
}

// head returns the format of the head, or of the embedding that is one.
func (f *File) head() dtype.DType {
	var head dtype.DType
	for i := range f.Tensors {
		if t := &f.Tensors[i]; t.Name == "output.weight" || t.Name == "token_embd.weight" && head == dtype.Unknown {
			head = t.DType
		}
	}
	return head
}

// compare warns where the formats the model can express don't add up to what the file holds: each part of a layer has one
// format, and the input embedding that of most. Mixtures are right as a whole.
func (f *File) compare(m *transformer.Model) {
	stored, counted := f.Bytes(), m.WeightBytes(m.Resolve(transformer.Formats{}))
	if off := float64(counted/stored) - 1; off > 0.01 || off < -0.01 {
		m.Warnings = append(m.Warnings, fmt.Sprintf("the file stores %s, %.3g bits per weight (%s); counted with one format for each "+
			"part of a layer the weights take %s", stored, f.BitsPerWeight(), f.mix(), counted))
	}
}

// mix names the formats that hold at least a hundredth of the bytes, such as "85 % q4_k, 14 % q6_k".
func (f *File) mix() string {
	var parts []string
	for _, s := range f.ByDType() {
		if share := float64(s.Bytes / f.Bytes()); share >= 0.01 {
			parts = append(parts, fmt.Sprintf("%.0f %% %s", 100*share, s.DType))
		}
	}
	return strings.Join(parts, ", ")
}

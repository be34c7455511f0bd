package gguf

import (
	"fmt"
	"strings"

	"roofline/model/transformer"
)

// unread are parts of models that have no place here, by what tells them in the names of tensors.
var unread = []struct{ name, what string }{
	{"ssm_", "a state-space model"},
	{"time_mix_", "RWKV"},
	{"shortconv.", "a convolution in place of attention"},
	{"cross_attn_", "cross-attention"},
	{"enc.", "an encoder"},
	{"v.patch_embd.", "a vision tower"},
	{"per_layer_", "embeddings for each layer"},
	{".nextn.", "multi-token prediction"},
	{".indexer.", "sparse attention"},
}

// refuse fails on a model that has one of them.
func (l *layout) refuse() {
	for i := range l.file.Tensors {
		name := l.file.Tensors[i].Name
		for _, u := range unread {
			if strings.Contains(name, u.name) {
				l.failf("%s is not read yet from GGUF files: architecture %s has the tensor %s", u.what, clip(l.file.Architecture), clip(name))
				return
			}
		}
	}
}

// layer puts a decoder layer together. Which parts it has, its tensors say.
func (l *layout) layer(i int, m *transformer.Model) transformer.Layer {
	block := fmt.Sprintf("blk.%d.", i)
	var layer transformer.Layer
	if l.there(block + "attn_kv_a_mqa.weight") {
		layer.Latent = l.latent(i, block, m)
	} else {
		layer.Attention = l.attention(i, block, m)
	}
	if l.there(block + "ffn_gate_inp.weight") {
		layer.MoE = l.experts(i, block, m)
	} else {
		layer.MLP = l.mlp(i, block, m)
	}
	for _, name := range []string{"attn_norm", "post_attention_norm", "ffn_norm", "post_ffw_norm"} {
		if l.there(block + name + ".weight") {
			layer.Norm = l.norm(block+name, m.Hidden)
			layer.Norms++
		}
	}
	switch layer.Norms {
	case 0:
		l.failf("tensor %sattn_norm.weight is missing: want a layer with norms", block)
	case 1:
		layer.Parallel = true // attention and MLP have to share the one
	default:
		layer.Parallel = l.file.keys[m.Family+".use_parallel_residual"].number == 1
	}
	return layer
}

// attention reads heads from keys and checks them against the tensors. Queries, keys and values may be one tensor.
func (l *layout) attention(i int, block string, m *transformer.Model) transformer.Attention {
	a := transformer.Attention{Heads: l.sizeOf("attention.head_count", i, maxHeads, 0)}
	if l.err != nil {
		return a
	}
	a.KVHeads = l.sizeOf("attention.head_count_kv", i, maxHeads, a.Heads)
	a.HeadDim = l.sizeOf("attention.key_length", i, maxHeads, max(m.Hidden/a.Heads, 1))
	if value := l.sizeOf("attention.value_length", i, maxHeads, a.HeadDim); l.err == nil && value != a.HeadDim {
		l.failf("attention.value_length %d is not read yet where it differs from key_length, %d", value, a.HeadDim)
	}
	if l.err == nil && a.Heads%a.KVHeads != 0 {
		l.failf("attention.head_count_kv %d does not divide head_count %d", a.KVHeads, a.Heads)
	}
	if m.Positions == 0 {
		a.Rotary = min(l.size("rope.dimension_count", maxHeads, a.HeadDim), a.HeadDim)
	}
	q, kv := a.Heads*a.HeadDim, a.KVHeads*a.HeadDim
	if l.may(block+"attn_qkv.weight", m.Hidden, q+2*kv) {
		a.QKVBias = l.may(block+"attn_qkv.bias", q+2*kv)
	} else {
		l.take(block+"attn_q.weight", m.Hidden, q)
		l.take(block+"attn_k.weight", m.Hidden, kv)
		l.take(block+"attn_v.weight", m.Hidden, kv)
		if a.QKVBias = l.may(block+"attn_q.bias", q); a.QKVBias {
			l.take(block+"attn_k.bias", kv)
			l.take(block+"attn_v.bias", kv)
		}
	}
	l.take(block+"attn_output.weight", q, m.Hidden)
	a.OutBias = l.may(block+"attn_output.bias", m.Hidden)
	a.Sinks = l.may(block+"attn_sinks.weight", a.Heads)
	a.QKNorm = l.qkNorm(block, &a)
	a.Unquantized, a.Storage = l.storage(m)
	return a
}

// qkNorm gives the norms of queries and keys their places: one weight per dimension of a head, or of all heads, which
// some files store with a dimension for the heads.
func (l *layout) qkNorm(block string, a *transformer.Attention) transformer.QKNorm {
	q, k := block+"attn_q_norm.weight", block+"attn_k_norm.weight"
	t, ok := l.tensors[q]
	switch {
	case !ok:
		return transformer.NoQKNorm
	case len(t.Shape) == 2:
		l.take(q, a.HeadDim, a.Heads)
		l.take(k, a.HeadDim, a.KVHeads)
	case t.Shape[0] != int64(a.HeadDim):
		l.take(q, a.Heads*a.HeadDim)
		l.take(k, a.KVHeads*a.HeadDim)
	default:
		l.take(q, a.HeadDim)
		l.take(k, a.HeadDim)
		return transformer.QKNormHead
	}
	return transformer.QKNormFull
}

// mlp reads the feed-forward part. Where gate and up are one tensor, it is twice as wide as the key says.
func (l *layout) mlp(i int, block string, m *transformer.Model) transformer.MLP {
	p := transformer.MLP{Intermediate: l.sizeOf("feed_forward_length", i, maxWidth, 0)}
	up := p.Intermediate
	if p.Gated = l.may(block+"ffn_gate.weight", m.Hidden, p.Intermediate); !p.Gated && l.width(block+"ffn_up.weight", 1) == 2*up {
		p.Gated, up = true, 2*up
	}
	l.take(block+"ffn_up.weight", m.Hidden, up)
	l.take(block+"ffn_down.weight", p.Intermediate, m.Hidden)
	if p.Bias = l.may(block+"ffn_up.bias", up); p.Bias {
		l.take(block+"ffn_down.bias", m.Hidden)
		if p.Gated && up == p.Intermediate {
			l.take(block+"ffn_gate.bias", p.Intermediate)
		}
	}
	p.Unquantized, p.Storage = l.storage(m)
	return p
}

// windows returns the sliding window of each layer, 0 for none.
func (l *layout) windows(layers int) []int {
	windows := make([]int, layers)
	arch := l.file.Architecture
	if l.file.keys[arch+".attention.sliding_window"].number == 0 {
		return windows
	}
	window := l.size("attention.sliding_window", maxContext, 0)
	pattern, listed := l.file.keys[arch+".attention.sliding_window_pattern"]
	every := max(known[arch], 1)
	switch {
	case listed && pattern.typ == typeArray && len(pattern.list) != layers:
		l.failf("attention.sliding_window_pattern has %d entries: want %d, one for each layer", len(pattern.list), layers)
	case listed && pattern.typ != typeArray:
		every = l.size("attention.sliding_window_pattern", maxLayers, 0)
	}
	for i := range windows {
		slides := every == 1 || (i+1)%max(every, 1) != 0
		if listed && pattern.typ == typeArray {
			slides = i < len(pattern.list) && pattern.list[i] != 0
		}
		if slides {
			windows[i] = window
		}
	}
	return windows
}

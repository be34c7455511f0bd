package gguf

import "roofline/model/transformer"

// experts reads a mixture of experts. The matrices of all experts are one tensor, and gate and up may be one, too.
func (l *layout) experts(i int, block string, m *transformer.Model) transformer.MoE {
	e := transformer.MoE{
		Experts: l.size("expert_count", maxHeads, 0),
		TopK:    l.size("expert_used_count", maxHeads, 0),
	}
	if l.err == nil && e.TopK > e.Experts {
		l.failf("expert_used_count is %d: want at most expert_count, %d", e.TopK, e.Experts)
	}
	if l.file.keys[m.Family+".expert_feed_forward_length"].typ != 0 || l.err != nil {
		e.Intermediate = l.sizeOf("expert_feed_forward_length", i, maxWidth, 0)
	} else {
		e.Intermediate = l.sizeOf("feed_forward_length", i, maxWidth, 0)
	}
	width, inner := m.Hidden, e.Intermediate
	l.take(block+"ffn_gate_inp.weight", width, e.Experts)
	e.RouterBias = l.may(block+"ffn_gate_inp.bias", e.Experts)
	e.ScoreBias = l.may(block+"exp_probs_b.bias", e.Experts)
	l.storage(m) // the router's is its own

	first, up := "ffn_up_exps", inner
	switch {
	case l.may(block+"ffn_gate_exps.weight", width, inner, e.Experts):
		e.Gated = true
	case l.there(block + "ffn_gate_up_exps.weight"):
		e.Gated, first, up = true, "ffn_gate_up_exps", 2*inner
	}
	l.take(block+first+".weight", width, up, e.Experts)
	l.take(block+"ffn_down_exps.weight", inner, width, e.Experts)
	if e.Bias = l.may(block+first+".bias", up, e.Experts); e.Bias {
		l.take(block+"ffn_down_exps.bias", width, e.Experts)
		if e.Gated && up == inner {
			l.take(block+"ffn_gate_exps.bias", inner, e.Experts)
		}
	}
	e.Unquantized, e.Storage = l.storage(m)
	l.shared(block, m, &e)
	return e
}

// shared reads the shared experts, which are one MLP as wide as all of them.
func (l *layout) shared(block string, m *transformer.Model, e *transformer.MoE) {
	e.Shared = l.width(block+"ffn_up_shexp.weight", 1)
	if e.Shared == 0 {
		return
	}
	if e.Gated {
		l.take(block+"ffn_gate_shexp.weight", m.Hidden, e.Shared)
	}
	l.take(block+"ffn_up_shexp.weight", m.Hidden, e.Shared)
	l.take(block+"ffn_down_shexp.weight", e.Shared, m.Hidden)
	e.SharedUnquantized, e.SharedStorage = l.storage(m)
	e.SharedGate = l.may(block+"ffn_gate_inp_shexp.weight", m.Hidden)
}

// latent reads multi-head latent attention. Newer files store the expansion of keys and values as two tensors with a
// dimension for the heads, ready to be absorbed, and give the widths of the heads under keys of their own; older ones
// store it as one and the widths as everybody's.
func (l *layout) latent(i int, block string, m *transformer.Model) transformer.Latent {
	a := transformer.Latent{
		Heads:   l.sizeOf("attention.head_count", i, maxHeads, 0),
		Rank:    l.size("attention.kv_lora_rank", maxWidth, 0),
		RopeDim: l.size("rope.dimension_count", maxHeads, 0),
	}
	suffix := ""
	if _, ok := l.file.keys[m.Family+".attention.key_length_mla"]; ok {
		suffix = "_mla"
	}
	head := l.size("attention.key_length"+suffix, maxHeads, 0)
	a.ValueDim = l.size("attention.value_length"+suffix, maxHeads, 0)
	if a.NopeDim = head - a.RopeDim; l.err == nil && a.NopeDim <= 0 {
		l.failf("attention.key_length%s is %d: want more than the %d dimensions that are rotated", suffix, head, a.RopeDim)
	}
	if l.there(block + "attn_q_a.weight") {
		a.QueryRank = l.size("attention.q_lora_rank", maxWidth, 0)
		l.take(block+"attn_q_a.weight", m.Hidden, a.QueryRank)
		l.take(block+"attn_q_a_norm.weight", a.QueryRank)
		l.take(block+"attn_q_b.weight", a.QueryRank, a.Heads*head)
	} else {
		l.take(block+"attn_q.weight", m.Hidden, a.Heads*head)
	}
	l.take(block+"attn_kv_a_mqa.weight", m.Hidden, a.Rank+a.RopeDim)
	l.take(block+"attn_kv_a_norm.weight", a.Rank)
	if !l.may(block+"attn_kv_b.weight", a.Rank, a.Heads*(a.NopeDim+a.ValueDim)) {
		l.take(block+"attn_k_b.weight", a.NopeDim, a.Rank, a.Heads)
		l.take(block+"attn_v_b.weight", a.Rank, a.ValueDim, a.Heads)
	}
	l.take(block+"attn_output.weight", a.Heads*a.ValueDim, m.Hidden)
	a.Unquantized, a.Storage = l.storage(m)
	return a
}

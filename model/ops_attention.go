package model

import (
	"fmt"
	"math"

	"roofline/hardware/dtype"
	"roofline/hardware/unit"
)

// attentionOps are the fused attentions of the standard (opset 23) and of ONNX Runtime.
var attentionOps = map[string]spec{
	"Attention":                           {Attention, attention, attentionWork},
	"RotaryEmbedding":                     {Elementwise, rotary(1, 2), rotaryWork(1, 2)},
	contribDomain + "Attention":           {Attention, packedAttention(0, 1, 4), packedAttentionWork(0, 1, 4)},
	contribDomain + "QAttention":          {Attention, packedAttention(0, 1, 8), packedAttentionWork(0, 1, 8)},
	contribDomain + "MultiHeadAttention":  {Attention, multiHeadAttention, multiHeadAttentionWork},
	contribDomain + "GroupQueryAttention": {Attention, groupQueryAttention, groupQueryAttentionWork},
	contribDomain + "RotaryEmbedding":     {Elementwise, rotary(2, 3), rotaryWork(2, 3)},
}

// heads describes one attention: batch, queries, keys in all, heads, and the widths of a key and of a value head.
type heads struct {
	batch, queries, keys, count, width, valueWidth float64
	causal                                         bool
}

// attend adds softmax(Q·Kᵀ)·V. A fused causal kernel skips the keys after the query, so of the last S positions
// query i sees i of them:
//
//	pairs = S·T, causal S·(T − S) + S·(S + 1)/2     MACs = batch · heads · pairs · (width of K + width of V)
func (w *Work) attend(h heads) {
	pairs := h.queries * h.keys
	if h.causal && h.keys >= h.queries {
		pairs = h.queries*(h.keys-h.queries) + h.queries*(h.queries+1)/2
	}
	if w.MACs == 0 {
		w.Groups, w.M, w.N, w.K = h.batch*h.count, h.queries, h.keys, h.width
	}
	w.addMACs(h.batch * h.count * pairs * (h.width + h.valueWidth))
	w.addFLOPs(softmaxFLOPs * h.batch * h.count * pairs)
}

// cache moves the reading of past keys and values from Read to KV.
func (w *Work) cache(n *node, inputs ...int) {
	for _, i := range inputs {
		if t := n.in(i); t != nil && t.Role != Weight && t.Role != Constant {
			b := t.Bytes(n.formats.Activations)
			w.Read -= b
			w.KV += b
		}
	}
}

// table makes a stored table of positions no parameter: cosines and sines could be computed.
func table(ts ...*Tensor) { quantisedWeight(nil, ts...) }

// rows corrects the reading of a whole table to that of the rows it is used for.
func (w *Work) rows(n *node, input int, rows float64) {
	t := n.in(input)
	if t == nil || len(t.Shape) == 0 || t.Role != Weight && t.Role != Constant {
		return
	}
	w.Weights -= t.Bytes(n.formats.Weights)
	w.Read += unit.Bytes(math.Min(rows, float64(t.Shape[0])) * t.Shape[1:].Elems() * t.bytesPerElement(n.formats))
}

// rotaryFLOPs per element: two products and a sum.
const rotaryFLOPs = 3

// rotary: the tables of cosines and sines are inputs cos and sin.
func rotary(cos, sin int) func(*node) error {
	return func(n *node) error {
		table(n.in(cos), n.in(sin))
		return sameAsInput(n)
	}
}

// rotaryWork reads a row of each table per position.
func rotaryWork(cos, sin int) func(*node, *Work) {
	return func(n *node, w *Work) {
		x := n.shape(0)
		w.addFLOPs(rotaryFLOPs * x.Elems())
		if len(x) < 3 {
			return
		}
		positions := float64(x[0]) * float64(x[len(x)-2])
		w.rows(n, cos, positions)
		w.rows(n, sin, positions)
	}
}

// attention is the standard's: Q, K, V as batch×heads×sequence×width or batch×sequence×(heads·width), mask, past K and V.
func attention(n *node) error {
	h, err := n.attentionHeads()
	if err != nil {
		return err
	}
	q := n.shape(0)
	out := n.join(q)
	out[len(q)-1] = int64(h.valueWidth)
	if len(q) == 3 {
		out[2] = int64(h.valueWidth * h.count)
	}
	kv := n.op.Attrs.Int("kv_num_heads", 0)
	if k := n.shape(1); len(k) == 4 {
		kv = k[1]
	}
	for i, width := range []float64{h.width, h.valueWidth} {
		if err := n.set(1+i, n.dimsOf(q[0], kv, int64(h.keys), int64(width)), n.dtype(0)); err != nil {
			return err
		}
	}
	if err := n.set(3, n.dimsOf(q[0], int64(h.count), int64(h.queries), int64(h.keys)), n.dtype(0)); err != nil {
		return err
	}
	return n.set(0, out, n.dtype(0))
}

func (n *node) attentionHeads() (h heads, err error) {
	q, err := n.rank(0, 3)
	if err != nil {
		return h, err
	}
	k, err := n.rank(1, len(q))
	if err != nil {
		return h, err
	}
	v, err := n.rank(2, len(q))
	if err != nil {
		return h, err
	}
	h = heads{batch: float64(q[0]), causal: n.op.Attrs.Int("is_causal", 0) != 0}
	if len(q) == 4 {
		h.count, h.queries, h.keys, h.width, h.valueWidth = float64(q[1]), float64(q[2]), float64(k[2]), float64(q[3]), float64(v[3])
	} else {
		qh := float64(max(n.op.Attrs.Int("q_num_heads", 1), 1))
		kvh := float64(max(n.op.Attrs.Int("kv_num_heads", int64(qh)), 1))
		h.count, h.queries, h.keys, h.width, h.valueWidth = qh, float64(q[1]), float64(k[1]), float64(q[2])/qh, float64(v[2])/kvh
	}
	if past := n.shape(4); len(past) == 4 {
		h.keys += float64(past[2])
	}
	return h, nil
}

func attentionWork(n *node, w *Work) {
	if h, err := n.attentionHeads(); err == nil {
		w.attend(h)
		w.cache(n, 4, 5)
	}
}

// packed describes ONNX Runtime's Attention: the projection of the input to Q, K and V, then attention.
type packed struct {
	heads
	hidden, projected float64
}

func (n *node) packed(input, weight, past int) (p packed, err error) {
	x, err := n.rank(input, 3)
	if err != nil {
		return p, err
	}
	wt, err := n.rank(weight, 2)
	if err != nil {
		return p, err
	}
	count := float64(max(n.op.Attrs.Int("num_heads", 1), 1))
	p = packed{hidden: float64(x[2]), projected: float64(wt[1])}
	q, v := p.projected/3, p.projected/3
	if sizes := n.op.Attrs.Ints("qkv_hidden_sizes"); len(sizes) == 3 {
		q, v = float64(sizes[0]), float64(sizes[2])
	}
	p.heads = heads{batch: float64(x[0]), queries: float64(x[1]), keys: float64(x[1]), count: count, width: q / count,
		valueWidth: v / count, causal: n.op.Attrs.Int("unidirectional", 0) != 0}
	if s := n.shape(past); len(s) == 5 {
		p.keys += float64(s[3])
	}
	return p, nil
}

// packedAttention: output batch×sequence×value width, present 2×batch×heads×keys×width.
func packedAttention(input, weight, past int) func(*node) error {
	return func(n *node) error {
		p, err := n.packed(input, weight, past)
		if err != nil {
			return err
		}
		x := n.shape(input)
		d := n.dtype(2) // the bias is real where QAttention's operands are not
		if d == dtype.Unknown {
			d = n.dtype(input)
		}
		if n.op.Kind == contribDomain+"QAttention" {
			quantisedWeight(n.in(weight), n.in(3), n.in(4))
		}
		if err := n.set(1, n.dimsOf(2, x[0], int64(p.count), int64(p.keys), int64(p.width)), d); err != nil {
			return err
		}
		return n.set(0, n.dimsOf(x[0], x[1], int64(p.valueWidth*p.count)), d)
	}
}

// packedAttentionWork: MACs = batch · sequence · hidden · projected, and those of attend.
func packedAttentionWork(input, weight, past int) func(*node, *Work) {
	return func(n *node, w *Work) {
		p, err := n.packed(input, weight, past)
		if err != nil {
			return
		}
		w.product(1, p.batch*p.queries, p.projected, p.hidden)
		w.addFLOPs(p.batch * p.queries * p.projected) // bias
		w.attend(p.heads)
		w.cache(n, past)
	}
}

// multiHead describes MultiHeadAttention: query, key, value, bias, padding mask, attention bias, past key, past value.
// Without a key the query packs all three as batch×sequence×heads×3×width; a key of four dimensions is already
// batch×heads×sequence×width.
func (n *node) multiHead() (h heads, err error) {
	q, err := n.rank(0, 3)
	if err != nil {
		return h, err
	}
	count := float64(max(n.op.Attrs.Int("num_heads", 1), 1))
	h = heads{batch: float64(q[0]), queries: float64(q[1]), keys: float64(q[1]), count: count,
		causal: n.op.Attrs.Int("unidirectional", 0) != 0}
	switch k, v := n.shape(1), n.shape(2); {
	case len(q) == 5:
		h.width, h.valueWidth = float64(q[4]), float64(q[4])
	case k == nil:
		return h, fmt.Errorf("it has no key")
	case len(k) == 4 && len(v) == 4:
		h.width, h.keys, h.valueWidth = float64(q[2])/count, float64(k[2]), float64(v[3])
	case len(k) == 5:
		h.width, h.keys, h.valueWidth = float64(q[2])/count, float64(k[1]), float64(k[4])
	case len(k) == 3 && len(v) == 3:
		h.width, h.keys, h.valueWidth = float64(q[2])/count, float64(k[1]), float64(v[2])/count
	default:
		return h, fmt.Errorf("query %v, key %v, value %v", q, k, v)
	}
	if past := n.shape(6); len(past) == 4 {
		h.keys += float64(past[2])
	}
	return h, nil
}

func multiHeadAttention(n *node) error {
	h, err := n.multiHead()
	if err != nil {
		return err
	}
	q := n.shape(0)
	for i, width := range []float64{h.width, h.valueWidth} {
		if err := n.set(1+i, n.dimsOf(q[0], int64(h.count), int64(h.keys), int64(width)), n.dtype(0)); err != nil {
			return err
		}
	}
	return n.set(0, n.dimsOf(q[0], q[1], int64(h.valueWidth*h.count)), n.dtype(0))
}

func multiHeadAttentionWork(n *node, w *Work) {
	if h, err := n.multiHead(); err == nil {
		w.attend(h)
		w.cache(n, 6, 7)
	}
}

// groupQuery describes GroupQueryAttention: query, key, value, past key, past value (batch×kv heads×past×width), lengths,
// total length. Without a key the query packs all three. It is always causal.
func (n *node) groupQuery() (h heads, kv int64, err error) {
	q, err := n.rank(0, 3)
	if err != nil {
		return h, 0, err
	}
	count := max(n.op.Attrs.Int("num_heads", 1), 1)
	kv = max(n.op.Attrs.Int("kv_num_heads", 1), 1)
	width := q[2] / count
	if n.in(1) == nil {
		width = q[2] / (count + 2*kv)
	}
	h = heads{batch: float64(q[0]), queries: float64(q[1]), keys: float64(q[1]), count: float64(count), width: float64(width),
		valueWidth: float64(width), causal: true}
	if past := n.shape(3); len(past) == 4 {
		h.keys += float64(past[2])
	}
	if total, known := n.scalar(6); known && total >= q[1] {
		h.keys = float64(total)
	}
	return h, kv, nil
}

// groupQueryAttention: present keys and values hold the total length, or the whole buffer where past is one.
func groupQueryAttention(n *node) error {
	h, kv, err := n.groupQuery()
	if err != nil {
		return err
	}
	table(n.in(7), n.in(8))
	q := n.shape(0)
	held := int64(h.keys)
	if past := n.shape(3); len(past) == 4 {
		held = max(held, past[2])
	}
	for i := 1; i < 3; i++ {
		if err := n.set(i, n.dimsOf(q[0], kv, held, int64(h.width)), n.dtype(0)); err != nil {
			return err
		}
	}
	return n.set(0, n.dimsOf(q[0], q[1], int64(h.count*h.width)), n.dtype(0))
}

// groupQueryAttentionWork reads of the cache what is filled, and writes only the new positions: the runtime appends in
// place.
func groupQueryAttentionWork(n *node, w *Work) {
	h, kv, err := n.groupQuery()
	if err != nil {
		return
	}
	w.attend(h)
	w.rows(n, 7, h.batch*h.queries)
	w.rows(n, 8, h.batch*h.queries)
	if n.op.Attrs.Int("do_rotary", 0) != 0 {
		w.addFLOPs(rotaryFLOPs * h.batch * h.queries * (h.count + float64(kv)) * h.width)
	}
	w.cache(n, 3, 4)
	for i := 1; i < 3; i++ {
		past, present := n.in(i+2), n.out(i)
		if past == nil || present == nil || h.keys == 0 {
			continue
		}
		position := unit.Bytes(h.batch * float64(kv) * h.width * present.bytesPerElement(n.formats))
		w.Write -= present.Bytes(n.formats.Activations) - position*unit.Bytes(h.queries)
		w.KV -= past.Bytes(n.formats.Activations) - position*unit.Bytes(math.Max(h.keys-h.queries, 0))
	}
}

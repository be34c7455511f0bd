package transformer

import (
	"roofline/hardware/dtype"
	"roofline/hardware/unit"
)

// Parameters returns the exact number of stored weights, each tensor once.
//
//	embedding  vocab·hidden, twice where the head is not tied; positions·hidden
//	attention  hidden·(q + 2kv) + q·hidden, with q = heads·head_dim and kv = kv_heads·head_dim; biases; qk-norm
//	MLP        3·hidden·intermediate with a gate, else 2·hidden·intermediate; biases
//	norms      hidden each (twice that with a bias), and a final one
func (m *Model) Parameters() float64 {
	n := m.embedding() + m.positions() + m.FinalNorm.parameters(float64(m.Hidden))
	if !m.TiedEmbeddings {
		n += m.embedding()
	}
	if m.HeadBias {
		n += float64(m.Vocab)
	}
	for i := range m.Layers {
		n += float64(m.Layers[i].Count) * m.Layers[i].parameters(float64(m.Hidden))
	}
	return n
}

// ActiveParameters returns the weights read to compute one token. Tables of which a token reads one row are left out:
// learned positions, and the input embedding unless it is tied and so read whole by the head.
func (m *Model) ActiveParameters() float64 {
	n := m.Parameters() - m.positions()
	if !m.TiedEmbeddings {
		n -= m.embedding()
	}
	return n
}

// LayerCount returns the number of layers of all kinds.
func (m *Model) LayerCount() int {
	n := 0
	for i := range m.Layers {
		n += m.Layers[i].Count
	}
	return n
}

// WeightBytes returns the memory of all weights on one device.
func (m *Model) WeightBytes(f Formats) unit.Bytes { return m.plan(f, 1).WeightBytes() }

// StepWeightBytes returns the weights a step reads on one device: all but the tables [Model.ActiveParameters] leaves out.
func (m *Model) StepWeightBytes(f Formats) unit.Bytes { return m.plan(f, 1).StepWeightBytes() }

// KVBytesPerToken returns the memory one more token takes in the cache: 2·kv_heads·head_dim elements in every layer.
// Beyond a sliding window the layers that have one take no more; [Model.KVBytes] knows.
//
// By hand: Llama-3.1-8B in bf16: 32 layers · 2 · 8 heads · 128 · 2 bytes = 131 072 bytes.
func (m *Model) KVBytesPerToken(kv dtype.DType) unit.Bytes { return m.KVBytes(1, kv) }

// KVBytes returns the cache of one sequence of context tokens. A layer with a sliding window keeps a window of it.
func (m *Model) KVBytes(context float64, kv dtype.DType) unit.Bytes {
	elements := 0.0
	for i := range m.Layers {
		l := &m.Layers[i]
		elements += float64(l.Count) * 2 * l.Attention.keys() * l.Attention.visible(context)
	}
	return unit.Bytes(elements * kv.Size())
}

func (m *Model) embedding() float64 { return float64(m.Vocab) * float64(m.Hidden) }
func (m *Model) positions() float64 { return float64(m.Positions) * float64(m.Hidden) }

func (l *Layer) parameters(hidden float64) float64 {
	return l.Attention.parameters(hidden) + l.MLP.parameters(hidden) + float64(l.Norms)*l.Norm.parameters(hidden)
}

func (a *Attention) parameters(hidden float64) float64 {
	q, kv := a.queries(), a.keys()
	n := hidden*(q+2*kv) + q*hidden + a.QKNorm.parameters(q, kv, float64(a.HeadDim))
	if a.QKVBias {
		n += q + 2*kv
	}
	if a.OutBias {
		n += hidden
	}
	return n
}

func (n QKNorm) parameters(q, kv, headDim float64) float64 {
	switch n {
	case QKNormHead:
		return 2 * headDim
	case QKNormFull:
		return q + kv
	}
	return 0
}

func (p *MLP) parameters(hidden float64) float64 {
	n := hidden*p.up() + float64(p.Intermediate)*hidden
	if p.Bias {
		n += p.up() + hidden
	}
	return n
}

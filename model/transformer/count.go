package transformer

import (
	"roofline/hardware/dtype"
	"roofline/hardware/unit"
)

// Parameters returns the exact number of stored weights, each tensor once; the modules that predict further tokens are
// apart ([Model.MTPParameters]).
//
//	embedding  vocab·hidden, twice where there is a head that is not tied; positions·hidden
//	layers     mixer, feed-forward and norms of hidden each (twice that with a bias), and a final norm
//
// See the parameters of [Attention], [Latent], [DeltaNet], [Mamba], [MLP] and [MoE] for theirs.
func (m *Model) Parameters() float64 {
	all, _ := m.count()
	return all
}

// ActiveParameters returns the weights read to compute one token. Tables of which a token reads one row are left out
// (learned positions, and the input embedding unless it is tied and so read whole by the head), the experts it is not
// sent to, and of an encoder–decoder what only reads the prompt.
func (m *Model) ActiveParameters() float64 {
	all, idle := m.count()
	return all - idle
}

func (m *Model) count() (all, idle float64) {
	hidden := float64(m.Hidden)
	all, idle = countLayers(m.Layers, hidden)
	all += m.FinalNorm.parameters(hidden)
	if m.Kind != Encoder {
		all += m.embedding() // the head
		if m.HeadBias {
			all += float64(m.Vocab)
		}
	} else if m.Pooler {
		all += hidden*hidden + hidden
	}
	tables := m.tables()
	if !m.headReads() {
		tables += m.embedding()
	}
	all, idle = all+tables, idle+tables
	if m.Source != nil {
		n := m.Source.parameters(hidden)
		all, idle = all+n, idle+n
	}
	return all, idle
}

// headReads reports a head that is the embedding table, so that every step reads all of it.
func (m *Model) headReads() bool { return m.TiedEmbeddings && m.Kind != Encoder }

// tables returns the weights beside the embedding of which a token reads a row.
func (m *Model) tables() float64 {
	rows := float64(m.Positions) + float64(m.Segments)
	return rows*float64(m.Hidden) + float64(m.Buckets)*firstHeads(m.Layers)
}

// firstHeads returns the attention heads of a stack's first layer, which hold the biases of all.
func firstHeads(layers []Layer) float64 {
	if len(layers) == 0 {
		return 0
	}
	return float64(layers[0].Attention.Heads)
}

// MTPParameters returns the weights of the modules that predict further tokens: their layers, and in each a product of
// 2·hidden by hidden that joins the last state and the next token's embedding, and three norms. The embedding and the
// head are the model's.
func (m *Model) MTPParameters() float64 {
	hidden := float64(m.Hidden)
	all, _ := countLayers(m.MTP, hidden)
	return all + float64(m.MTPModules)*(2*hidden*hidden+3*m.FinalNorm.parameters(hidden))
}

// countLayers sums the parameters of layers, and those the mean token needs not.
func countLayers(layers []Layer, hidden float64) (all, idle float64) {
	for i := range layers {
		l := &layers[i]
		n := float64(l.Count)
		all += n * float64(l.Norms) * l.Norm.parameters(hidden)
		for _, p := range l.parts() {
			a, b := p.parameters(hidden)
			all, idle = all+n*a, idle+n*b
		}
	}
	return all, idle
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
func (m *Model) WeightBytes(f Formats) unit.Bytes { return m.alone(f).WeightBytes() }

// StepWeightBytes returns the weights a step of one token reads on one device: those of [Model.ActiveParameters].
func (m *Model) StepWeightBytes(f Formats) unit.Bytes { return m.alone(f).StepWeightBytes() }

// KVBytesPerToken returns the memory one more token takes in the cache: 2·kv_heads·head_dim elements in every layer, or
// a latent vector. Beyond a sliding window the layers that have one take no more; [Model.KVBytes] knows.
//
// By hand: Llama-3.1-8B in bf16: 32 layers · 2 · 8 heads · 128 · 2 bytes = 131 072 bytes. DeepSeek-V3 in bf16: 61 layers ·
// (512 + 64) · 2 bytes = 70 272 bytes.
func (m *Model) KVBytesPerToken(kv dtype.DType) unit.Bytes {
	return m.alone(Formats{KV: kv}).KVBytesPerToken()
}

// KVBytes returns what is kept for one sequence of context tokens: a layer with a sliding window keeps a window of it, a
// recurrent one its state.
func (m *Model) KVBytes(context float64, kv dtype.DType) unit.Bytes {
	return m.alone(Formats{KV: kv}).KVBytes(context)
}

// KVSplit returns what is kept for one sequence, by how it grows with the context.
func (m *Model) KVSplit(kv dtype.DType) KVSplit { return m.alone(Formats{KV: kv}).KVSplit() }

// alone compiles the model for one device, which it can always be laid out on.
func (m *Model) alone(f Formats) *Plan { return m.plan(f, Sharding{}.filled()) }

func (m *Model) embedding() float64 { return float64(m.Vocab) * float64(m.Hidden) }

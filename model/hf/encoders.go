package hf

import (
	"strings"

	"roofline/model/transformer"
)

// bert completes an encoder of BERT's kind. It normalises behind the residual addition instead of before the parts, so
// the norm outside the layers is the embeddings' and there is none at the end: as many weights.
func (c *config) bert(fam *family, m *transformer.Model) {
	m.Kind = transformer.Encoder
	m.Pooler = fam.pooler
	m.TiedEmbeddings = true
	m.Segments = c.sizeOr("type_vocab_size", maxHidden, 0)
	m.Warnings = append(m.Warnings, "an encoder is counted without what a task puts on top of it, such as BERT's head for masked words")
}

// t5 reads an encoder–decoder with biases by distance in the first layer of each stack (C. Raffel et al., "Exploring the
// Limits of Transfer Learning with a Unified Text-to-Text Transformer", 2020).
func (c *config) t5(fam *family, m *transformer.Model, q *quantization) {
	m.Kind = transformer.EncoderDecoder
	m.Buckets = c.sizeOr("relative_attention_num_buckets", maxHidden, 32)
	encoding := c.size("num_hidden_layers", maxLayers)
	decoding := c.sizeOr("num_decoder_layers", maxLayers, encoding)
	attention := transformer.Attention{Heads: c.size("num_attention_heads", maxHeads), HeadDim: c.size("head_dim", maxHeads)}
	attention.KVHeads = attention.Heads
	mlp := transformer.MLP{Intermediate: c.size("intermediate_size", maxVocab),
		Gated: strings.HasPrefix(c.text("feed_forward_proj"), "gated")}
	c.stacks(m, q, encoding, decoding, transformer.Layer{Attention: attention, MLP: mlp}, transformer.Layer{Attention: attention,
		Cross: attention, MLP: mlp})
	m.Source.Buckets = m.Buckets
}

// whisper reads an encoder of sound and its decoder.
func (c *config) whisper(fam *family, m *transformer.Model, q *quantization) {
	m.Kind = transformer.EncoderDecoder
	m.Positions = c.size("max_position_embeddings", maxHidden)
	attention := func(heads string) transformer.Attention {
		n := c.size(heads, maxHeads)
		if m.Hidden%n != 0 {
			c.failf("%s %d does not divide d_model %d", heads, n, m.Hidden)
		}
		return transformer.Attention{Heads: n, KVHeads: n, HeadDim: max(1, m.Hidden/n), QKVBias: true, NoKeyBias: true, OutBias: true}
	}
	mlp := func(width string) transformer.MLP {
		return transformer.MLP{Intermediate: c.size(width, maxVocab), Bias: true}
	}
	decoder := attention("decoder_attention_heads")
	c.stacks(m, q, c.size("encoder_layers", maxLayers), c.size("decoder_layers", maxLayers),
		transformer.Layer{Norm: fam.norm, Attention: attention("encoder_attention_heads"), MLP: mlp("encoder_ffn_dim")},
		transformer.Layer{Norm: fam.norm, Attention: decoder, Cross: decoder, MLP: mlp("decoder_ffn_dim")})
	m.Source.FinalNorm = fam.norm
	m.Source.Tokens = c.size("max_source_positions", maxHidden)
	m.Source.Positions = m.Source.Tokens
	m.Source.Mels = c.size("num_mel_bins", maxHidden)
}

// stacks sets so many layers of an encoder and a decoder, whose only quantisation is that of all linear layers.
func (c *config) stacks(m *transformer.Model, q *quantization, encoding, decoding int, encoder, decoder transformer.Layer) {
	q.apply(0, &encoder)
	q.apply(0, &decoder)
	encoder.Count, encoder.Norms, encoder.Attention.Bidirectional = encoding, 2, true
	decoder.Count, decoder.Norms = decoding, 3
	m.Source = &transformer.Source{Layers: []transformer.Layer{encoder}}
	m.Layers = []transformer.Layer{decoder}
}

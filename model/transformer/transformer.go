// Package transformer describes a transformer by its dimensions and says what one step of it computes and moves.
//
// A [Model] is the sum of its [Layer] kinds; identical layers are held once with a count. A layer is a mixer, which moves
// information between tokens ([Attention], [Latent], [DeltaNet], [Mamba]), and a feed-forward network ([MLP], [MoE]);
// either may be missing. [Model.Plan] and [Model.Sharded] compile a model for number formats and a layout over devices
// into a [Plan], whose [Plan.Decode], [Plan.Prefill] and [Plan.Step] append the [roofline/model.Work] of one device
// without allocating. Nothing here knows how fast a device is.
package transformer

import "roofline/hardware/dtype"

// Model is a language model: a decoder, an encoder, or both.
type Model struct {
	Name   string
	Family string // the model_type of its configuration: llama, qwen3, …
	Kind   Kind

	Hidden int     // width of the residual stream
	Vocab  int     // rows of the embedding table and of the language-model head
	Layers []Layer // of the decoder, or of the only stack there is

	FinalNorm      Norm
	TiedEmbeddings bool // the head is the embedding table
	HeadBias       bool
	Positions      int // rows of a learned position table; 0 for rotary embeddings
	Segments       int // rows of a learned table of token types (BERT)
	Buckets        int // learned biases by distance, per head, shared by the layers of a stack (T5)
	MaxContext     int // longest context the model is made for; 0 if not said

	Source *Source // the encoder of an encoder–decoder, else nil
	Pooler bool    // an encoder's dense layer on the first token

	// MTP are the layers of the modules that predict further tokens, which are apart from the model: they are used in
	// speculative decoding only. Modules also hold a product of 2·hidden by hidden and three norms each.
	MTP        []Layer
	MTPModules int

	DType        dtype.DType // format of the weights that are not quantised
	Quantization Quantization

	// Warnings say what was guessed while reading, each a whole sentence.
	Warnings []string
}

// Kind says what a model does with its tokens.
type Kind uint8

// The kinds of models.
const (
	Decoder        Kind = iota // continues its prompt, token by token
	Encoder                    // turns a text into vectors: no head, no cache, nothing to decode
	EncoderDecoder             // encodes its prompt and decodes an answer that attends to it
)

// Layer is one kind of layer and how many of it the model has. Of the mixers and of the feed-forward networks one each
// is used: the one that is not zero.
type Layer struct {
	Count int

	Attention Attention
	Latent    Latent
	DeltaNet  DeltaNet
	Mamba     Mamba
	Dense     Dense

	Cross Attention // to the encoder's output, after the mixer

	MLP MLP
	MoE MoE

	Norm Norm
	// Norms is the number of norms of the hidden width: 2 before mixer and feed-forward; 4 where their outputs are
	// normalised too (Gemma 2 and 3); 1 where both read the same normalised input (Phi, Cohere), or where there is
	// only one of them.
	Norms int
	// Parallel layers add attention and MLP to the same input, so their outputs share one all-reduce.
	Parallel bool
}

// part is a mixer or a feed-forward network.
type part interface {
	// parameters returns the weights for a residual stream of hidden width, and how many of them the mean token needs not.
	parameters(hidden float64) (all, idle float64)
	// undivided names what a layout does not divide, or "".
	undivided(s *Sharding) string
	// compile appends the operations of count layers, all but the norms and the collectives around them.
	compile(c *compiler, count float64)
}

// mixer returns the part that moves information between tokens, or nil.
func (l *Layer) mixer() part {
	switch {
	case l.Attention.Heads > 0:
		return &l.Attention
	case l.Latent.Heads > 0:
		return &l.Latent
	case l.DeltaNet.ValueHeads > 0:
		return &l.DeltaNet
	case l.Mamba.Heads > 0:
		return &l.Mamba
	case l.Dense.Width > 0:
		return &l.Dense
	}
	return nil
}

// feedForward returns the part that works on each token alone, or nil.
func (l *Layer) feedForward() part {
	switch {
	case l.MoE.Experts > 0:
		return &l.MoE
	case l.MLP.Intermediate > 0:
		return &l.MLP
	}
	return nil
}

// parts lists what a layer is made of.
func (l *Layer) parts() []part {
	var list []part
	if p := l.mixer(); p != nil {
		list = append(list, p)
	}
	if l.Cross.Heads > 0 {
		list = append(list, &crossAttention{&l.Cross})
	}
	if p := l.feedForward(); p != nil {
		list = append(list, p)
	}
	return list
}

// Norm is a normalisation over the hidden width.
type Norm uint8

// The norms. They differ in parameters and in arithmetic per element.
const (
	RMSNorm           Norm = iota // a weight
	LayerNorm                     // a weight and a bias
	LayerNormUnbiased             // a weight; the mean is still subtracted
)

func (n Norm) String() string {
	if n == RMSNorm {
		return "RMSNorm"
	}
	return "LayerNorm"
}

// parameters returns the weights of a norm over width elements.
func (n Norm) parameters(width float64) float64 {
	if n == LayerNorm {
		return 2 * width
	}
	return width
}

// flops returns the operations per element: square, sum, scale and weight; with a mean also sum and subtract; bias.
func (n Norm) flops() float64 { return [...]float64{RMSNorm: 4, LayerNorm: 7, LayerNormUnbiased: 6}[n] }

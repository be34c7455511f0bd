// Package transformer describes a decoder-only language model by its dimensions and says what one step of it computes
// and moves.
//
// A [Model] is the sum of its [Layer] kinds; identical layers are held once with a count. [Model.Plan] compiles it for
// number formats and a tensor-parallel degree into a [Plan], whose [Plan.Decode], [Plan.Prefill] and [Plan.Step] append
// the [roofline/model.Work] of one device without allocating. Nothing here knows how fast a device is.
package transformer

import "roofline/hardware/dtype"

// Model is a decoder-only language model.
type Model struct {
	Name   string
	Family string // the model_type of its configuration: llama, qwen3, …

	Hidden int // width of the residual stream
	Vocab  int // rows of the embedding table and of the language-model head
	Layers []Layer

	FinalNorm      Norm
	TiedEmbeddings bool // the head is the embedding table
	HeadBias       bool
	Positions      int // rows of a learned position table; 0 for rotary embeddings
	MaxContext     int // longest context the model is made for; 0 if not said

	DType        dtype.DType // format of the weights that are not quantised
	Quantization Quantization

	// Warnings say what was guessed while reading, each a whole sentence.
	Warnings []string
}

// Layer is one kind of decoder layer and how many of it the model has.
type Layer struct {
	Count     int
	Attention Attention
	MLP       MLP

	Norm Norm
	// Norms is the number of norms of the hidden width: 2 before attention and MLP; 4 where their outputs are
	// normalised too (Gemma 2 and 3); 1 where both read the same normalised input (Phi, Cohere).
	Norms int
	// Parallel layers add attention and MLP to the same input, so their outputs share one all-reduce.
	Parallel bool
}

// Attention is grouped-query attention: multi-head where KVHeads = Heads, multi-query where KVHeads = 1.
type Attention struct {
	Heads, KVHeads, HeadDim int

	Window           int // tokens a query sees, its own included; 0 for all
	Rotary           int // dimensions of a head that are rotated by position
	QKNorm           QKNorm
	QKVBias, OutBias bool

	// Unquantized projections stay in the 16-bit format when the checkpoint's quantisation is used.
	Unquantized bool
}

// MLP is the feed-forward part: two products, or three where a gate multiplies the first (SwiGLU, GeGLU).
type MLP struct {
	Intermediate int
	Gated        bool
	Bias         bool

	Unquantized bool // as in Attention
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

// QKNorm says how queries and keys are normalised before the rotation.
type QKNorm uint8

// The norms of queries and keys.
const (
	NoQKNorm   QKNorm = iota
	QKNormHead        // one weight per dimension of a head, shared by the heads (Qwen3, Gemma 3)
	QKNormFull        // one weight per dimension of every head (OLMo 2, Cohere)
)

// queries returns the width of all query heads side by side.
func (a *Attention) queries() float64 { return float64(a.Heads) * float64(a.HeadDim) }

// keys returns the width of all key heads side by side; the values' is the same.
func (a *Attention) keys() float64 { return float64(a.KVHeads) * float64(a.HeadDim) }

// visible returns how many of context tokens the newest one attends to, itself included.
func (a *Attention) visible(context float64) float64 {
	if a.Window > 0 {
		return min(context, float64(a.Window))
	}
	return context
}

// pairs returns the (query, key) pairs of n tokens from the first one on: Σ min(i, window) for i = 1…n,
// which is the causal n(n+1)/2 as long as the window is not full.
//
// By hand: n = 5, window 3: 1 + 2 + 3 + 3 + 3 = 12 = 3·4/2 + 2·3.
func (a *Attention) pairs(n float64) float64 {
	if w := float64(a.Window); w > 0 && n > w {
		return w*(w+1)/2 + (n-w)*w
	}
	return n * (n + 1) / 2
}

// up returns the width of the first product's output: gate and up together where there is a gate.
func (p *MLP) up() float64 {
	if p.Gated {
		return 2 * float64(p.Intermediate)
	}
	return float64(p.Intermediate)
}

package zoo

import (
	"fmt"
	"math"

	"roofline/hardware/dtype"
	"roofline/model"
)

// encoder is the size of a transformer encoder with full attention.
type encoder struct{ layers, hidden, heads, intermediate, tokens int64 }

// vitB16 cuts the image into 14×14 patches and puts a class token before them.
func vitB16(n *net, _ map[string]int64) {
	e := encoder{layers: 12, hidden: 768, heads: 12, intermediate: 3072, tokens: 197}
	x := n.b.Input("input", storage, model.Shape{1, 3, 224, 224})
	x = n.b.Op("Conv", "conv_proj", []tensor{x, n.b.Weight("conv_proj.weight", storage, model.Shape{e.hidden, 3, 16, 16}),
		n.b.Weight("conv_proj.bias", storage, model.Shape{e.hidden})}, model.IntsAttr("kernel_shape", 16, 16), model.IntsAttr("strides", 16, 16))
	x = n.op("Reshape", "patches", x, n.b.Const("patches.shape", 1, e.hidden, e.tokens-1))
	x = n.b.Op("Transpose", "tokens", []tensor{x}, model.IntsAttr("perm", 0, 2, 1))
	x = n.b.Op("Concat", "class_token.concat", []tensor{n.b.Weight("class_token", storage, model.Shape{1, 1, e.hidden}), x}, model.IntAttr("axis", 1))
	x = n.op("Add", "pos_embedding.add", x, n.b.Weight("encoder.pos_embedding", storage, model.Shape{1, e.tokens, e.hidden}))
	for i := range e.layers {
		name := fmt.Sprintf("encoder.%d", i)
		x = n.op("Add", name+".add_1", x, n.selfAttention(name+".self_attention", n.layerNorm(name+".ln_1", x, e.hidden), e))
		x = n.op("Add", name+".add_2", x, n.mlp(name+".mlp", n.layerNorm(name+".ln_2", x, e.hidden), e))
	}
	x = n.layerNorm("encoder.ln", x, e.hidden)
	x = n.b.Op("Gather", "class", []tensor{x, n.b.Scalar("class.index", 0)}, model.IntAttr("axis", 1))
	n.b.Output(n.linear("heads.head", x, e.hidden, 1000))
}

// bertBase embeds tokens, positions and segments, normalises after each block, and pools the first token.
func bertBase(n *net, dims map[string]int64) {
	e := encoder{layers: 12, hidden: 768, heads: 12, intermediate: 3072, tokens: dims["seq"]}
	ids := n.b.Input("input_ids", dtype.INT64, model.Shape{1, e.tokens})
	segments := n.b.Input("token_type_ids", dtype.INT64, model.Shape{1, e.tokens})
	x := n.op("Gather", "embeddings.word", n.b.Weight("embeddings.word.weight", storage, model.Shape{30522, e.hidden}), ids)
	s := n.op("Gather", "embeddings.token_type", n.b.Weight("embeddings.token_type.weight", storage, model.Shape{2, e.hidden}), segments)
	x = n.op("Add", "embeddings.add", x, s)
	// Positions are the first rows of their table.
	p := n.b.Op("Slice", "embeddings.position", []tensor{n.b.Weight("embeddings.position.weight", storage, model.Shape{512, e.hidden}),
		n.b.Const("position.start", 0), n.b.Const("position.end", e.tokens), n.b.Const("position.axis", 0)})
	x = n.layerNorm("embeddings.ln", n.op("Add", "embeddings.position.add", x, p), e.hidden)
	for i := range e.layers {
		name := fmt.Sprintf("encoder.%d", i)
		x = n.layerNorm(name+".ln_1", n.op("Add", name+".add_1", x, n.selfAttention(name+".attention", x, e)), e.hidden)
		x = n.layerNorm(name+".ln_2", n.op("Add", name+".add_2", x, n.mlp(name+".mlp", x, e)), e.hidden)
	}
	n.b.Output(x)
	x = n.b.Op("Gather", "pooler.first", []tensor{x, n.b.Scalar("pooler.index", 0)}, model.IntAttr("axis", 1))
	n.b.Output(n.op("Tanh", "pooler.tanh", n.linear("pooler", x, e.hidden, e.hidden)))
}

// selfAttention is softmax(QKᵀ/√d) V over all tokens, written out as exporters do.
func (n *net) selfAttention(name string, x tensor, e encoder) tensor {
	d := e.hidden / e.heads
	head := func(part string) tensor {
		y := n.linear(name+"."+part, x, e.hidden, e.hidden)
		y = n.op("Reshape", name+"."+part+".heads", y, n.b.Const(name+"."+part+".shape", 1, e.tokens, e.heads, d))
		perm := []int64{0, 2, 1, 3}
		if part == "key" {
			perm = []int64{0, 2, 3, 1}
		}
		return n.b.Op("Transpose", name+"."+part+".transpose", []tensor{y}, model.IntsAttr("perm", perm...))
	}
	scores := n.op("MatMul", name+".scores", head("query"), head("key"))
	scores = n.op("Div", name+".scale", scores, n.b.ConstFloat(name+".sqrt_d", storage, math.Sqrt(float64(d))))
	probs := n.b.Op("Softmax", name+".softmax", []tensor{scores}, model.IntAttr("axis", -1))
	y := n.op("MatMul", name+".context", probs, head("value"))
	y = n.b.Op("Transpose", name+".merge", []tensor{y}, model.IntsAttr("perm", 0, 2, 1, 3))
	y = n.op("Reshape", name+".tokens", y, n.b.Const(name+".tokens.shape", 1, e.tokens, e.hidden))
	return n.linear(name+".out", y, e.hidden, e.hidden)
}

// mlp is two linear layers with a GELU between.
func (n *net) mlp(name string, x tensor, e encoder) tensor {
	y := n.op("Gelu", name+".gelu", n.linear(name+".0", x, e.hidden, e.intermediate))
	return n.linear(name+".3", y, e.intermediate, e.hidden)
}

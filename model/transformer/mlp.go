package transformer

import (
	"fmt"

	"roofline/hardware/unit"
	"roofline/model"
)

// MLP is the feed-forward part: two products, or three where a gate multiplies the first (SwiGLU, GeGLU).
type MLP struct {
	Intermediate int
	Gated        bool
	Bias         bool

	Unquantized bool    // as in [Attention]
	Storage     Storage // as in [Attention]
}

// up returns the width of the first product's output: gate and up together where there is a gate.
func (p *MLP) up() float64 {
	if p.Gated {
		return 2 * float64(p.Intermediate)
	}
	return float64(p.Intermediate)
}

// parameters: 3·hidden·intermediate with a gate, else 2·hidden·intermediate; biases.
func (p *MLP) parameters(hidden float64) (all, idle float64) {
	all = hidden*p.up() + float64(p.Intermediate)*hidden
	if p.Bias {
		all += p.up() + hidden
	}
	return all, 0
}

func (p *MLP) undivided(s *Sharding) string {
	if p.Intermediate%s.TP != 0 {
		return fmt.Sprintf("the %d columns of its MLP", p.Intermediate)
	}
	return ""
}

func (p *MLP) compile(c *compiler, n float64) {
	names := mlpNames{"up_proj", "activation", "down_proj"}
	if p.Gated {
		names.up = "gate_up_proj"
	}
	c.mlp(p, n, names)
}

// mlpNames are the names of an MLP's operations.
type mlpNames struct{ up, activation, down string }

// mlp appends an MLP that is split by its width.
func (c *compiler) mlp(p *MLP, n float64, names mlpNames) {
	f := c.format(p.Unquantized, p.Storage)
	up, inner := p.up()/c.tp, float64(p.Intermediate)/c.tp
	c.add(c.biased(c.linear(names.up, n, up, c.hidden, f), biasIf(p.Bias, up)))
	// The product with the gate is one more operation per element.
	c.elementwise(names.activation, p.activation(), n, activationFLOPs*inner+(up-inner), up, inner)
	c.add(c.biased(c.linear(names.down, n, c.hidden, inner, f), biasIf(p.Bias, c.hidden)))
	c.alive(up + inner)
}

// activation returns the kind of the operation between the products.
func (p *MLP) activation() string {
	if p.Gated {
		return "Activation+Mul"
	}
	return "Activation"
}

// Dense is a mixer that mixes nothing: one product in place of attention that was pruned (nemotron-nas).
type Dense struct {
	Width int // the hidden width

	Unquantized bool
	Storage     Storage
}

func (d *Dense) parameters(hidden float64) (all, idle float64) { return hidden * float64(d.Width), 0 }

func (d *Dense) undivided(s *Sharding) string {
	if d.Width%s.TP != 0 {
		return fmt.Sprintf("the %d columns of a layer", d.Width)
	}
	return ""
}

func (d *Dense) compile(c *compiler, n float64) {
	c.add(c.linear("attn_linear", n, c.hidden, float64(d.Width)/c.tp, c.format(d.Unquantized, d.Storage)))
}

// elementwise appends pointwise arithmetic on the elements of a token.
func (c *compiler) elementwise(name, kind string, n, flops, read, write float64) {
	c.add(op{Work: model.Work{Name: name, Kind: kind, Class: model.Elementwise, Count: n, FLOPs: unit.FLOPs(flops),
		Read: c.activations(read), Write: c.activations(write), Format: c.vector}})
}

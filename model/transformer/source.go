package transformer

import "roofline/model"

// Source is the encoder of an encoder–decoder: layers over the prompt, or over sound, whose output every layer of the
// decoder attends to (T5, Whisper). Its width is the decoder's.
type Source struct {
	Layers []Layer
	Tokens int // positions it always works on (1500 for Whisper's 30 seconds); 0 for those of the prompt

	FinalNorm Norm
	Positions int // rows of a learned or stored position table
	Buckets   int // as in [Model]
	Mels      int // bands of a spectrum that two convolutions turn into positions; 0 for tokens that are embedded
}

// soundKernel is the width of both convolutions over a spectrum; the second one halves its length (A. Radford et al.,
// "Robust Speech Recognition via Large-Scale Weak Supervision", 2022).
const soundKernel = 3

// parameters of the layers, the final norm, positions and the convolutions: 3·mels·hidden and 3·hidden·hidden, biases.
func (s *Source) parameters(hidden float64) float64 {
	all, _ := countLayers(s.Layers, hidden)
	all += s.FinalNorm.parameters(hidden) + s.tables(hidden)
	if s.Mels > 0 {
		all += soundKernel*hidden*(float64(s.Mels)+hidden) + 2*hidden
	}
	return all
}

// tables returns the weights of which a position reads a row.
func (s *Source) tables(hidden float64) float64 {
	return float64(s.Positions)*hidden + float64(s.Buckets)*firstHeads(s.Layers)
}

// source appends the operations of the encoder, which are proportional to its own tokens.
func (c *compiler) source(s *Source) {
	c.kind = perSource
	c.fixed, c.encodes = float64(s.Tokens), s.Tokens == 0
	c.tables += c.bytes(s.tables(c.hidden))
	if s.Mels > 0 {
		// Two frames make a position, so the first convolution runs twice as often.
		mels := float64(s.Mels)
		first := c.biased(c.linear("conv1", 1, c.hidden, soundKernel*mels, c.unquantized()), c.hidden)
		first.MACs, first.FLOPs, first.M = 2*first.MACs, 2*first.FLOPs, 2
		first.Read, first.Write = c.activations(2*mels), c.activations(2*c.hidden)
		second := c.biased(c.linear("conv2", 1, c.hidden, soundKernel*c.hidden, c.unquantized()), c.hidden)
		second.Read = c.activations(2 * c.hidden)
		for _, o := range []op{first, second} {
			o.Kind, o.Class = "Conv", model.Conv
			c.add(o)
		}
	} else {
		// The decoder's embedding table serves both.
		c.add(op{Work: model.Work{Name: "source_embed", Kind: "Gather", Class: model.Copy, Count: 1,
			Read: c.bytes(c.hidden / c.tp), Write: c.activations(c.hidden), Format: c.vector, Stored: c.wide}})
	}
	for i := range s.Layers {
		c.layer(&s.Layers[i])
	}
	c.norm("source_norm", s.FinalNorm, 1, 1)
	c.kind = perToken
}

package transformer

import (
	"fmt"
	"strings"
)

// String describes a layer for people: "latent attention, 128 heads, rank 512; 256 experts of 2048, 8 a token, 2048 shared".
func (l *Layer) String() string {
	var parts []string
	for _, p := range l.parts() {
		parts = append(parts, fmt.Sprint(p))
	}
	return strings.Join(parts, "; ")
}

func (a *Attention) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d heads, %d key-value heads of %d", a.Heads, a.KVHeads, a.HeadDim)
	switch {
	case a.Chunked:
		fmt.Fprintf(&b, ", chunks of %d", a.Window)
	case a.Window > 0:
		fmt.Fprintf(&b, ", window %d", a.Window)
	case a.Bidirectional:
		b.WriteString(", both ways")
	}
	b.WriteString(a.Indexer.String())
	return b.String()
}

func (x *crossAttention) String() string { return "cross-attention, " + x.Attention.String() }

func (l *Latent) String() string {
	return fmt.Sprintf("latent attention, %d heads, rank %d + %d%s", l.Heads, l.Rank, l.RopeDim, l.Indexer.String())
}

// String describes the choice of keys, after something else; "" for none.
func (x *Indexer) String() string {
	if x.Heads == 0 {
		return ""
	}
	return fmt.Sprintf(", top %d of the context", x.TopK)
}

func (d *DeltaNet) String() string {
	return fmt.Sprintf("linear attention, %d states of %d × %d", d.ValueHeads, d.KeyDim, d.ValueDim)
}

func (s *Mamba) String() string {
	return fmt.Sprintf("Mamba-2, %d states of %d × %d", s.Heads, s.HeadDim, s.StateDim)
}

func (d *Dense) String() string { return fmt.Sprintf("linear %d", d.Width) }

func (p *MLP) String() string { return fmt.Sprintf("MLP %d", p.Intermediate) }

func (e *MoE) String() string {
	s := fmt.Sprintf("%d experts of %d, %d a token", e.Experts, e.Intermediate, e.TopK)
	if e.Latent > 0 {
		s += fmt.Sprintf(" in %d dimensions", e.Latent)
	}
	if e.Shared > 0 {
		s += fmt.Sprintf(", %d shared", e.Shared)
	}
	return s
}

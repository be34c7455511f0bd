package transformer

import (
	"math"

	"roofline/hardware/unit"
)

// span is which tokens a query sees: those before it and itself, of a window if size > 0.
type span struct {
	size    float64
	chunked bool
	both    bool // those after it, too
}

// visible returns how many of context tokens the newest one attends to, itself included. In chunked windows that goes
// up and down; beyond the first chunk it is the mean over the positions in one, (size + 1)/2, because the sequences of a
// batch are at different ones.
func (s *span) visible(context float64) float64 {
	switch {
	case s.size == 0 || context <= s.size:
		return context
	case s.chunked:
		return (s.size + 1) / 2
	}
	return s.size
}

// pairs returns the (query, key) pairs of n tokens from the first one on: Σ min(i, window) for i = 1…n,
// which is the causal n(n+1)/2 as long as the window is not full. In chunks every window starts anew.
//
// By hand: n = 5, window 3: 1 + 2 + 3 + 3 + 3 = 12 = 3·4/2 + 2·3; in chunks 1 + 2 + 3 + 1 + 2 = 9.
func (s *span) pairs(n float64) float64 {
	w := s.size
	switch {
	case w == 0 || n <= w:
		return n * (n + 1) / 2
	case s.chunked:
		whole := math.Floor(n / w)
		rest := n - whole*w
		return whole*w*(w+1)/2 + rest*(rest+1)/2
	}
	return w*(w+1)/2 + (n-w)*w
}

// resumed returns how many of a cached prefix the next tokens attend to.
func (s *span) resumed(prefix, tokens float64, chosen bool) float64 {
	switch {
	case s.size == 0:
		return prefix
	case chosen: // each token chooses its own
		return min(prefix, tokens*s.size)
	case s.chunked:
		return math.Mod(prefix, s.size)
	}
	return min(prefix, s.size-1) // the first new token takes one place in the window
}

// KVSplit is what a device keeps for one sequence, by how it grows with the context.
//
// By hand, gpt-oss-120b in bf16: 18 of 36 layers see everything, 18·2·8 heads·64·2 bytes = 36 864 bytes per token, the
// others 128 tokens, 36 864·128 = 4 718 592 bytes.
type KVSplit struct {
	Growing  unit.Bytes // per token of the context, without end
	Bounded  []KVWindow // per token, up to a window
	Constant unit.Bytes // whatever the context: recurrent states, the keys and values of a fixed-length encoder
}

// KVWindow is the cache of the layers with one window.
type KVWindow struct {
	Tokens   float64
	PerToken unit.Bytes
}

// add counts the cache of n layers.
func (s *KVSplit) add(a *attention, n unit.Bytes, fixed float64) {
	switch {
	case a.kv == 0 || a.encoder:
	case a.source && fixed > 0:
		s.Constant += n * a.kv * unit.Bytes(fixed)
	case a.source:
		// Encoded and decoded tokens make up the context together, and take the same room: counted with the others.
	case a.span.size == 0 || a.keepsAll:
		s.Growing += n * a.kv
	default:
		for i := range s.Bounded {
			if s.Bounded[i].Tokens == a.span.size {
				s.Bounded[i].PerToken += n * a.kv
				return
			}
		}
		s.Bounded = append(s.Bounded, KVWindow{a.span.size, n * a.kv})
	}
}

// Bytes returns the cache of one sequence of context tokens.
func (s *KVSplit) Bytes(context float64) unit.Bytes {
	b := s.Constant + s.Growing*unit.Bytes(context)
	for i := range s.Bounded {
		b += s.Bounded[i].PerToken * unit.Bytes(min(context, s.Bounded[i].Tokens))
	}
	return b
}

// PerToken returns the cache of one more token, inside every window.
func (s *KVSplit) PerToken() unit.Bytes {
	b := s.Growing
	for i := range s.Bounded {
		b += s.Bounded[i].PerToken
	}
	return b
}

// KVSplit returns what a device keeps for one sequence. The list of windows is the plan's own: do not change it.
func (p *Plan) KVSplit() KVSplit { return p.cache }

// KVBytes returns what a device keeps for one sequence of context tokens, recurrent states included. Under data-parallel
// attention a device keeps that for its share of the sequences only.
func (p *Plan) KVBytes(context float64) unit.Bytes { return p.cache.Bytes(context) }

// KVBytesPerToken returns the cache a device holds for one token, inside every window.
func (p *Plan) KVBytesPerToken() unit.Bytes { return p.cache.PerToken() }

// Package validate compares predictions with measurements: published ones, which ship with the catalog, and the user's.
//
// A measurement is one time of one thing on one machine ([Read] reads tables of them). [Run] predicts each, and the
// [Report] says how right that was, by whatever the measurements can be grouped by.
package validate

import (
	"fmt"
	"slices"
	"strings"

	"roofline/estimate/parallel"
	"roofline/hardware/dtype"
	"roofline/hardware/unit"
)

// Quantity is what was measured.
type Quantity string

// The quantities.
const (
	TTFT Quantity = "ttft" // a language model under load: time to first token
	TPOT Quantity = "tpot" // and time per further token

	Prefill Quantity = "prefill" // a bare step of a language model: batch prompts of context tokens
	Decode  Quantity = "decode"  // one token for each of batch sequences, attending to context tokens

	Latency Quantity = "latency" // one batch of a graph

	GEMM             Quantity = "gemm"              // m×k by k×n, the weights being k×n
	PrefillAttention Quantity = "prefill-attention" // causal, of batch prompts of context tokens
	DecodeAttention  Quantity = "decode-attention"  // of batch sequences with context tokens in the cache

	AllReduce Quantity = "all-reduce" // collectives of tp devices that leave so many bytes on each
	AllGather Quantity = "all-gather"
	AllToAll  Quantity = "all-to-all"
)

// Quantities are all of them.
var Quantities = []Quantity{TTFT, TPOT, Prefill, Decode, Latency, GEMM, PrefillAttention, DecodeAttention, AllReduce, AllGather, AllToAll}

// UnmarshalText reads a quantity's name.
func (q *Quantity) UnmarshalText(text []byte) error {
	if *q = Quantity(text); !slices.Contains(Quantities, *q) {
		names := make([]string, len(Quantities))
		for i, known := range Quantities {
			names[i] = string(known)
		}
		return fmt.Errorf("unknown quantity %q: want one of %s", text, strings.Join(names, ", "))
	}
	return nil
}

// Class returns the kind of thing that was measured: served, step, graph, gemm, attention or collective.
func (q Quantity) Class() string {
	switch q {
	case TTFT, TPOT:
		return "served"
	case Prefill, Decode:
		return "step"
	case Latency:
		return "graph"
	case PrefillAttention, DecodeAttention:
		return "attention"
	case AllReduce, AllGather, AllToAll:
		return "collective"
	}
	return string(q)
}

// Phase returns the phase of a language model a quantity is about; "–" for what is of either, or of none.
func (q Quantity) Phase() string {
	switch q {
	case TTFT, Prefill, PrefillAttention:
		return "prefill"
	case TPOT, Decode, DecodeAttention:
		return "decode"
	}
	return "–"
}

// Measurement is one measured time and what it is of. Which fields a quantity needs is up to [Run]; the others stay
// zero. Formats that are not given are the model's own.
type Measurement struct {
	Quantity Quantity `json:"quantity"`
	Device   string   `json:"device"`
	Runtime  string   `json:"runtime,omitempty"` // profile id of the runtime or engine
	Version  string   `json:"version,omitempty"` // of the runtime
	Model    string   `json:"model,omitempty"`

	Weights     dtype.DType `json:"weights,omitzero"`
	Activations dtype.DType `json:"activations,omitzero"`
	KV          dtype.DType `json:"kv,omitzero"`

	// How it was spread over devices, as [parallel.Plan] says; 0 is 1. Single kernels and collectives have TP alone.
	TP int `json:"tp,omitempty"`
	PP int `json:"pp,omitempty"`
	EP int `json:"ep,omitempty"`
	DP int `json:"dp,omitempty"`

	Concurrency float64 `json:"concurrency,omitempty"` // requests in flight, in all
	ISL         float64 `json:"isl,omitempty"`
	OSL         float64 `json:"osl,omitempty"`
	Batch       float64 `json:"batch,omitempty"`
	Context     float64 `json:"context,omitempty"`

	M       float64    `json:"m,omitempty"`
	N       float64    `json:"n,omitempty"`
	K       float64    `json:"k,omitempty"`
	Heads   int        `json:"heads,omitempty"`
	KVHeads int        `json:"kv_heads,omitempty"`
	HeadDim int        `json:"head_dim,omitempty"`
	Window  int        `json:"window,omitempty"` // tokens a query sees; 0: all
	Bytes   unit.Bytes `json:"bytes,omitempty"`  // a collective leaves on each device

	Measured unit.Seconds `json:"measured_s"`

	Source string `json:"source,omitempty"`
	Date   string `json:"date,omitempty"`
	Note   string `json:"note,omitempty"`
	Place  string `json:"place,omitempty"` // file and line it was read from
}

// Plan returns how it was spread over devices.
func (m *Measurement) Plan() parallel.Plan {
	return parallel.Plan{TP: m.TP, PP: m.PP, EP: m.EP, DP: m.DP}.Filled()
}

// Name says what was measured, short enough for a line: "tpot qwen3-32b fp8 TP2, 48 requests of 4000/1000".
func (m *Measurement) Name() string {
	words := []string{string(m.Quantity)}
	for _, w := range []string{m.Model, m.format()} {
		if w != "" {
			words = append(words, w)
		}
	}
	if p := m.Plan(); p.Devices() > 1 {
		words = append(words, p.String())
	}
	return strings.Join(words, " ") + m.load()
}

// format names the formats that were said.
func (m *Measurement) format() string {
	var names []string
	for _, f := range []dtype.DType{m.Weights, m.Activations, m.KV} {
		if f != dtype.Unknown && !slices.Contains(names, f.String()) {
			names = append(names, f.String())
		}
	}
	return strings.Join(names, "/")
}

// load names the size of what was run.
func (m *Measurement) load() string {
	switch m.Quantity {
	case TTFT, TPOT:
		return fmt.Sprintf(", %g requests of %g/%g", m.Concurrency, m.ISL, m.OSL)
	case Prefill, Decode:
		return fmt.Sprintf(", %g × %g tokens", m.Batch, m.Context)
	case Latency:
		return fmt.Sprintf(", batch %g", m.Batch)
	case GEMM:
		return fmt.Sprintf(" %g×%g×%g", m.M, m.N, m.K)
	case PrefillAttention, DecodeAttention:
		return fmt.Sprintf(" %g × %g tokens, %d/%d heads of %d", m.Batch, m.Context, m.Heads, m.KVHeads, m.HeadDim)
	}
	return fmt.Sprintf(", %g B", float64(m.Bytes))
}

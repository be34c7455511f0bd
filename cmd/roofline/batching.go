package main

import (
	"fmt"
	"strconv"
	"strings"

	"roofline/estimate"
	"roofline/estimate/serving"
)

// batchFlags say how requests differ and how the runtime batches them.
type batchFlags struct {
	Spread     fraction `help:"Lengths lie evenly within their mean ± this share of it, such as 30%. Default: all alike." placeholder:"SHARE"`
	PrefixHit  fraction `name:"prefix-hit" help:"Share of every prompt that is found in the prefix cache, such as 0.5." placeholder:"SHARE"`
	Chunk      tokens   `help:"Chunked prefill: most prompt tokens of a step. Default: prompts are prefilled whole, one between two steps, or as the runtime is known to." placeholder:"N"`
	SpecTokens int      `name:"spec-tokens" help:"Speculative decoding: tokens that are proposed per step." placeholder:"N"`
	SpecAccept fraction `name:"spec-accept" help:"Probability that a proposed token is right." placeholder:"SHARE"`
}

// mostProposed is more tokens than any draft proposes.
const mostProposed = 64

// check reports values that can't be.
func (f *batchFlags) check() error {
	for name, v := range map[string]fraction{"spread": f.Spread, "prefix-hit": f.PrefixHit, "spec-accept": f.SpecAccept} {
		if v > 1 {
			return fmt.Errorf("--%s %g: want a share of at most 1, such as 0.5 or 50%%", name, float64(v))
		}
	}
	switch {
	case f.SpecTokens < 0 || f.SpecTokens > mostProposed:
		return fmt.Errorf("--spec-tokens %d: want 1 to %d", f.SpecTokens, mostProposed)
	case (f.SpecTokens > 0) != (f.SpecAccept > 0):
		return fmt.Errorf("speculative decoding takes both --spec-tokens and --spec-accept, such as 4 and 0.7")
	case f.PrefixHit == 1:
		return fmt.Errorf("--prefix-hit 1: the last token of a prompt is always computed; want less than 1")
	}
	return nil
}

// said reports whether any of the flags was given.
func (f *batchFlags) said() bool { return *f != batchFlags{} }

// batching returns what the flags say of the scheduler.
func (f *batchFlags) batching() estimate.Batching {
	return estimate.Batching{Chunk: float64(f.Chunk), Draft: serving.Draft{Tokens: float64(f.SpecTokens), Accept: float64(f.SpecAccept)}}
}

// words says what was assumed of requests and scheduler beyond the usual.
func (f *batchFlags) words() (parts []string) {
	if f.Spread > 0 {
		parts = append(parts, fmt.Sprintf("lengths ± %s", percent(float64(f.Spread))))
	}
	if f.PrefixHit > 0 {
		parts = append(parts, fmt.Sprintf("%s of prompts cached", percent(float64(f.PrefixHit))))
	}
	if f.Chunk > 0 {
		parts = append(parts, fmt.Sprintf("prompts in chunks of %v", f.Chunk))
	}
	if f.SpecTokens > 0 {
		parts = append(parts, fmt.Sprintf("draft of %d, %s right: %.3g tokens per step", f.SpecTokens, percent(float64(f.SpecAccept)), f.batching().Draft.PerStep()))
	}
	return parts
}

// rates reads requests per second: 2.5, or a list.
func rates(text string) ([]float64, error) {
	if text == "" {
		return nil, nil
	}
	var out []float64
	for _, part := range strings.Split(text, ",") {
		v, err := strconv.ParseFloat(strings.TrimSpace(part), 64)
		if err != nil || !(v > 0) || v > 1e9 || len(out) == maxLoads {
			return nil, fmt.Errorf("--rate %s: want requests per second such as 2.5, or a list such as 1,2,4", text)
		}
		out = append(out, v)
	}
	return out, nil
}

package estimate

import (
	"roofline/estimate/serving"
	"roofline/hardware/unit"
)

// Tokens says which tokens of a request are counted. The whole cost falls on those that are: the three don't add up.
type Tokens string

// The tokens that can be counted.
const (
	OutputTokens Tokens = "output" // also where nothing is said
	AllTokens    Tokens = "total"
	InputTokens  Tokens = "input"
)

func (t Tokens) String() string {
	if t == "" {
		t = OutputTokens
	}
	return string(t) + " tokens"
}

// Request is what every user asks: tokens in and tokens out.
type Request struct {
	ISL, OSL             float64
	ISLSpread, OSLSpread float64 // lengths lie evenly within mean · (1 ± spread)
	Uneven               float64 // squared coefficient of variation of the time between arrivals at a rate; 0: 1, as of independent ones
	Hit                  float64 // share of every prompt that is in the cache already: a prefix that requests share
	Tokens               Tokens  // which of them throughput and money count
}

func (r Request) lengths() serving.Lengths {
	return serving.Lengths{ISL: r.ISL, OSL: r.OSL, ISLSpread: r.ISLSpread, OSLSpread: r.OSLSpread}
}

// counted returns the tokens that are counted for each output token.
func (r Request) counted() float64 {
	switch r.Tokens {
	case InputTokens:
		return r.ISL / r.OSL
	case AllTokens:
		return (r.ISL + r.OSL) / r.OSL
	}
	return 1
}

// context returns the mean tokens a decode step attends to: a request's k-th token after the first sees ISL + k, for
// k = 1 … OSL−1. Work grows linearly with the context, sliding windows aside, so the mean step is about the step at the
// mean context.
func (r Request) context() float64 { return r.ISL + r.OSL/2 }

// EndToEnd returns the time of a request: TTFT and OSL−1 further tokens.
func (r Request) EndToEnd(ttft, tpot unit.Seconds) unit.Seconds {
	return ttft + unit.Seconds(r.OSL-1)*tpot
}

// span is [Request.EndToEnd] part by part: the errors of both times are taken to move together.
func (r Request) span(ttft, tpot Band) Band {
	return Band{
		Bound:    r.EndToEnd(ttft.Bound, tpot.Bound),
		Low:      r.EndToEnd(ttft.Low, tpot.Low),
		Expected: r.EndToEnd(ttft.Expected, tpot.Expected),
		High:     r.EndToEnd(ttft.High, tpot.High),
	}
}

// OutputRate returns the output tokens per second of users requests in flight, each lasting endToEnd: Little's law.
//
// By hand: 32 users, 1024/1024 tokens, TTFT 0.4 s, TPOT 20 ms: end to end 0.4 + 1023 · 0.020 = 20.86 s, and
// 32 · 1024 ÷ 20.86 = 1571 tokens/s.
func (r Request) OutputRate(users float64, endToEnd unit.Seconds) float64 {
	return users * r.OSL / float64(endToEnd)
}

// irregularity returns the squared coefficient of variation of the time between arrivals.
func (r Request) irregularity() float64 {
	if r.Uneven == 0 {
		return 1
	}
	return r.Uneven
}

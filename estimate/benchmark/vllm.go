package benchmark

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"roofline/hardware/unit"
)

// milliseconds is the unit of most serving benchmarks.
const milliseconds = 1e-3

// mostFailed is the share of failed requests above which a run says nothing.
const mostFailed = 0.05

// vllmServe reads what `vllm bench serve --save-result` or --append-result writes.
func vllmServe(o *object) Run {
	o.require("completed", "median_ttft_ms", "total_input_tokens", "total_output_tokens")
	r := Run{Model: o.text("model_id"), Device: o.text("gpu"), TP: o.integer(o.first("tp", "tensor_parallel_size")),
		Version: o.text("version"), DType: o.format("dtype")}
	if b := cmp.Or(o.text("backend"), o.text("endpoint_type")); b == "vllm" || strings.HasPrefix(b, "openai") {
		r.Runtime = "vllm"
	}
	completed := o.count("completed")
	r.N = int(completed)
	served(o, &r, completed, o.count("failed"))
	speculative(o, "spec_decode_acceptance_length", "spec_decode_acceptance_rate")
	r.lengths(o.total("total_input_tokens"), o.total("total_output_tokens"), completed)
	medians(o, &r)
	r.Latency = o.seconds("median_e2el_ms", milliseconds)
	r.OutputRate = o.rate("output_throughput")
	r.took("output tok/s")
	inFlight(o, &r, o.count("max_concurrency"), o.count("max_concurrent_requests"), o.number("duration", longestTime))
	return r
}

// medians takes the TTFT and the TPOT, which SGLang's benchmark names as vLLM's does.
func medians(o *object, r *Run) {
	r.TTFT = o.seconds("median_ttft_ms", milliseconds)
	r.took("TTFT p50")
	if r.OSL > 1 {
		r.TPOT = o.seconds("median_tpot_ms", milliseconds)
		r.Spread = o.spread("std_tpot_ms", milliseconds, r.TPOT)
		r.took("TPOT p50")
	}
}

// first returns the first of the keys that is there, or the first of all.
func (o *object) first(keys ...string) string {
	for _, key := range keys {
		if o.has(key) {
			return key
		}
	}
	return keys[0]
}

// served refuses runs in which requests failed.
func served(o *object, r *Run, completed, failed float64) {
	if completed < 1 {
		o.fail("completed", "%g: no request was answered", completed)
	}
	if failed > mostFailed*(completed+failed) {
		o.fail("failed", "%g of %g requests: too many for a measurement", failed, completed+failed)
	} else if failed > 0 {
		r.note("%g of %g requests failed", failed, completed+failed)
	}
}

// speculative refuses runs with speculative decoding: their times are not those of steps.
func speculative(o *object, keys ...string) {
	for _, key := range keys {
		if v := o.number(key, 1e6); v > 1 || v > 0 && strings.HasSuffix(key, "rate") {
			o.fail(key, "%g: speculative decoding gives several tokens a step, so that a time per token is none per step; measure without", v)
		}
	}
}

// inFlight takes the requests in flight: the limit the client kept, or what was seen, or what Little's law says.
func inFlight(o *object, r *Run, limit, seen, duration float64) {
	switch {
	case limit > 0:
		r.Concurrency = min(limit, max(1, float64(r.N)))
		r.took("concurrency %g", r.Concurrency)
	case o.text("request_rate") != "" && o.text("request_rate") != "inf" && r.mean() > 0 && duration > 0:
		r.Concurrency = max(1, math.Round(float64(r.N)*float64(r.mean())/duration))
		r.took("concurrency %g (requests · mean time ÷ duration)", r.Concurrency)
	case seen > 0:
		r.Concurrency = seen
		r.took("concurrency %g (most seen)", seen)
	default:
		r.Concurrency = max(1, float64(r.N))
		r.took("concurrency %g (all at once: no limit is stated)", r.Concurrency)
	}
}

// mean returns the time of a request, as far as it is known.
func (r *Run) mean() unit.Seconds {
	if r.Latency > 0 {
		return r.Latency
	}
	return r.TTFT + unit.Seconds(max(r.OSL-1, 0))*r.TPOT
}

// vllmLatency reads what `vllm bench latency --output-json` writes: the time of a whole batch, lengths unsaid.
func vllmLatency(o *object) Run {
	p := o.object("percentiles")
	p.require("50")
	samples := o.numbers("latencies")
	r := Run{Runtime: "vllm", language: true, Latency: p.seconds("50", 1), N: len(samples), Spread: relativeSpread(samples)}
	r.took("latency p50 of a whole batch: prompt and all output")
	return r
}

// vllmThroughput reads what `vllm bench throughput --output-json` writes. tokens_per_second counts the input, too.
func vllmThroughput(o *object) Run {
	o.require("num_requests", "elapsed_time", "requests_per_second")
	r := Run{Runtime: "vllm", language: true, N: int(o.count("num_requests")), RequestRate: o.rate("requests_per_second")}
	elapsed, perSecond := o.seconds("elapsed_time", 1), r.RequestRate
	o.total("total_num_tokens")
	o.rate("tokens_per_second")
	if o.Err() == nil && perSecond == 0 {
		o.fail("requests_per_second", "is 0: nothing was answered")
	}
	if off := math.Abs(perSecond*float64(elapsed)/float64(max(r.N, 1)) - 1); o.Err() == nil && off > contradiction {
		o.fail("requests_per_second", "%g contradicts %d requests in %v", perSecond, r.N, elapsed)
	}
	r.took("requests/s (tokens_per_second counts input and output)")
	return r
}

// Lines of vLLM's start-up log.
var (
	vllmFree   = pattern(`Available KV cache memory: ([-+.\deEnaifNI]+) GiB`)
	vllmTokens = pattern(`GPU KV cache size: ([-\d,]+) tokens`)
	vllmLoaded = pattern(`Model loading took ([-+.\deEnaifNI]+) Gi?B`)
	vllmShare  = pattern(`gpu_memory_utilization['"]?[=:]\s*([-+.\deEnaifNI]+)`)
	vllmTP     = pattern(`tensor_parallel_size['"]?[=:]\s*(\d{1,4})\b`)
	vllmModel  = pattern(`\bmodel='([^']{1,200})'`)
	vllmDType  = pattern(`\bdtype=(?:torch\.)?(\w{1,20})`)
)

// vllmLog collects what vLLM says of memory as it starts. Every rank says it; the least free one counts.
type vllmLog struct{ run Run }

func (l *vllmLog) line(line string) error {
	take := func(re *regexp.Regexp, key string, most float64, to func(float64)) error {
		m := re.FindStringSubmatch(line)
		if m == nil {
			return nil
		}
		v, err := strconv.ParseFloat(strings.ReplaceAll(m[1], ",", ""), 64)
		if err != nil || !(v > 0 && v <= most) {
			return fmt.Errorf("%s: %s: want a number above 0", key, shortened(m[1]))
		}
		to(v)
		return nil
	}
	m := &l.run.Memory
	for _, err := range []error{
		take(vllmFree(), "Available KV cache memory", 1e6, func(v float64) {
			if b := unit.Bytes(v) * unit.GiB; m.KVCache == 0 || b < m.KVCache {
				m.KVCache = b
			}
		}),
		take(vllmTokens(), "GPU KV cache size", 1e12, func(v float64) { m.KVTokens = v }),
		take(vllmLoaded(), "Model loading took", 1e6, func(v float64) { m.Weights = max(m.Weights, unit.Bytes(v)*unit.GiB) }),
		take(vllmShare(), "gpu_memory_utilization", 1, func(v float64) { m.Share = v }),
		take(vllmTP(), "tensor_parallel_size", 1<<16, func(v float64) { l.run.TP = int(v) }),
	} {
		if err != nil {
			return err
		}
	}
	if name := vllmModel().FindStringSubmatch(line); name != nil && l.run.Model == "" {
		l.run.Model = clean(name[1])
	}
	if name := vllmDType().FindStringSubmatch(line); name != nil {
		o := row([]string{"dtype"}, []string{name[1]})
		l.run.DType = cmp.Or(o.format("dtype"), l.run.DType)
	}
	return nil
}

func (l *vllmLog) done() (Run, error) {
	m := &l.run.Memory
	l.run.Runtime = "vllm"
	if m.KVCache == 0 {
		return l.run, fmt.Errorf("no line \"Available KV cache memory: … GiB\": the cache in tokens alone does not tell what is reserved")
	}
	l.run.took("%v free for the KV cache", m.KVCache)
	if m.Weights > 0 {
		l.run.took("%v of weights", m.Weights)
	}
	if m.Share > 0 {
		l.run.took("%g of the memory allowed", m.Share)
	}
	return l.run, nil
}

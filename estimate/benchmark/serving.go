package benchmark

import (
	"cmp"
	"fmt"
	"math"
	"strings"

	"roofline/hardware/dtype"
	"roofline/hardware/unit"
)

// guideLLM reads GuideLLM's benchmarks.json: one run for each load it tried.
type guideLLM struct{ all []Run }

func (g *guideLLM) add(o *object) error {
	for _, b := range o.objects("benchmarks") {
		m := b.object("metrics")
		m.require("time_to_first_token_ms")
		stat := func(name string) *object { return m.object(name).object("successful") }
		r := Run{ISL: math.Round(stat("prompt_token_count").median()), OSL: math.Round(stat("output_token_count").median()),
			TTFT: stat("time_to_first_token_ms").seconds("median", milliseconds), Latency: stat("request_latency").seconds("median", 1),
			OutputRate: stat("output_tokens_per_second").number("mean", highestRate)}
		if r.OSL > 1 {
			itl := stat("inter_token_latency_ms")
			r.TPOT = itl.seconds("median", milliseconds)
			r.Spread = itl.spread("std_dev", milliseconds, r.TPOT)
		}
		r.Concurrency = max(1, math.Round(stat("request_concurrency").number("mean", mostRequests)))
		r.N = int(b.object("metrics").object("request_totals").count("successful"))
		r.took("%g/%g tokens", r.ISL, r.OSL)
		r.took("concurrency %g (mean seen)", r.Concurrency)
		r.took("TTFT p50, TPOT p50 from inter_token_latency_ms (its time_per_output_token_ms has the first token in it)")
		if g.all = append(g.all, r); len(g.all) > mostRuns {
			return fmt.Errorf("more than %d runs", mostRuns)
		}
	}
	return o.Err()
}

func (g *guideLLM) runs() ([]Run, error) {
	if len(g.all) == 0 {
		return nil, fmt.Errorf("benchmarks is empty")
	}
	return g.all, nil
}

// median returns the median of a distribution.
func (o *object) median() float64 { return o.number(o.first("median", "mean"), mostTokens) }

// trtllmBench reads the report of trtllm-bench, which names device, format and parallelism itself.
func trtllmBench(o *object) Run {
	engine, machine, world := o.object("engine"), o.object("machine"), o.object("world_info")
	request, performance, streaming := o.object("request_info"), o.object("performance"), o.object("streaming_metrics")
	if o.has("decoding_stats") {
		speculative(o.object("decoding_stats"), "acceptance_length")
	}
	performance.require("system_output_throughput_tok_s")
	r := Run{Runtime: "tensorrt-llm", Version: engine.text("version"), Model: engine.text("model"), Device: machine.text("name"),
		TP: world.integer("tp_size"), PP: world.integer("pp_size"), EP: world.integer("ep_size"), N: int(request.count("num_requests")),
		ISL: math.Round(request.count("avg_input_length")), OSL: math.Round(request.count("avg_output_length")),
		Concurrency: max(1, math.Round(request.count("avg_num_concurrent_requests"))),
		DType:       cmp.Or(engine.format("quantization"), engine.format("dtype")), KVDType: engine.format("kv_cache_dtype")}
	if r.DType == dtype.Unknown {
		r.note("number format %q is not known", shortened(cmp.Or(engine.text("quantization"), engine.text("dtype"))))
	}
	r.took("%g/%g tokens, concurrency %g (mean)", r.ISL, r.OSL, r.Concurrency)
	percentiles := performance.object("request_latency_percentiles_ms")
	if r.Latency = percentiles.seconds("p50", milliseconds); r.Latency == 0 {
		r.Latency = performance.seconds("avg_request_latency_ms", milliseconds)
	}
	r.OutputRate = performance.rate("system_output_throughput_tok_s")
	r.TTFT = streaming.middleTime("ttft_percentiles", "avg_ttft_ms")
	if r.OSL > 1 {
		r.TPOT = streaming.middleTime("tpot_percentiles", "avg_tpot_ms")
	}
	r.took("request latency, output tok/s")
	if r.TTFT > 0 {
		r.took("TTFT, TPOT")
	} else {
		r.note("no TTFT and TPOT: measured without streaming")
	}
	return r
}

// inferenceX reads a result of InferenceX. Its times are seconds, its rates per GPU.
func inferenceX(o *object) Run {
	o.require("hw", "isl", "osl", "conc")
	r := Run{Model: cmp.Or(o.text("model"), o.text("infmax_model_prefix")), Device: o.text("hw"), Runtime: o.text("framework"),
		DType: o.format("precision"), TP: o.integer("tp"), PP: o.integer("pp"), EP: o.integer("ep"),
		ISL: o.count("isl"), OSL: o.count("osl"), Concurrency: o.count("conc")}
	r.Runtime, _, _ = strings.Cut(strings.ToLower(r.Runtime), " ")
	if r.Runtime == "trt" || r.Runtime == "trtllm" {
		r.Runtime = "tensorrt-llm"
	}
	if o.text("disagg") == "true" {
		o.fail("disagg", "is true: prefill and decode on devices of their own can't be calibrated")
	}
	speculative(o, "spec_decode_acceptance_length")
	if o.text("dp_attention") == "true" {
		r.DP, r.TP = r.TP, 1
	}
	r.TTFT = o.seconds("median_ttft", 1)
	r.TPOT = o.seconds("median_tpot", 1)
	r.Latency = o.seconds("median_e2el", 1)
	if devices := max(r.TP, 1) * max(r.PP, 1) * max(r.DP, 1); o.has("output_tput_per_gpu") {
		r.OutputRate = o.rate("output_tput_per_gpu") * float64(devices)
	}
	r.took("%g/%g tokens, concurrency %g", r.ISL, r.OSL, r.Concurrency)
	r.took("TTFT p50, TPOT p50, end to end p50")
	return r
}

// ollama reads the last object of an answer of Ollama's API: prefill and decoding of one request.
func ollama(o *object) Run {
	r := Run{Runtime: "llama-cpp", Model: o.text("model"), Batch: 1, N: 1}
	if o.text("done") != "true" {
		o.fail("done", "is not true: the answer had not ended")
	}
	prompt := o.count("prompt_eval_count") - o.count("prompt_eval_cached_count")
	out := o.count("eval_count")
	if prompt >= 1 && o.has("prompt_eval_duration") {
		r.ISL, r.TTFT = prompt, o.seconds("prompt_eval_duration", nanoseconds)
		r.took("prefill of %g tokens", prompt)
	} else {
		r.note("the prompt is not used: it was cached")
	}
	if out >= 1 {
		r.OSL, r.TPOT = out+1, o.seconds("eval_duration", nanoseconds)/unit.Seconds(out)
		r.took("decoding of %g tokens", out)
	} else {
		o.fail("eval_count", "is 0: no token was generated")
	}
	return r
}

// middleTime returns the median of a distribution, else the mean beside it.
func (o *object) middleTime(percentiles, mean string) unit.Seconds {
	if t := o.object(percentiles).seconds("p50", milliseconds); t > 0 {
		return t
	}
	return o.seconds(mean, milliseconds)
}

package benchmark

import "strings"

// sglangOneBatch reads a line of the result file of SGLang's bench_one_batch: one batch, prefill and decode apart.
func sglangOneBatch(o *object) Run {
	o.require("batch_size", "input_len", "output_len", "prefill_latency")
	r := Run{Runtime: "sglang", Batch: o.count("batch_size"), ISL: o.count("input_len"), OSL: o.count("output_len")}
	if r.Batch < 1 || r.ISL < 1 {
		o.fail("batch_size and input_len", "%g and %g: want at least 1", r.Batch, r.ISL)
	}
	r.TTFT = o.seconds("prefill_latency", 1)
	r.took("batch %g of %g/%g tokens", r.Batch, r.ISL, r.OSL)
	r.took("prefill")
	if r.OSL > 1 && o.has("median_decode_latency") {
		r.TPOT = o.seconds("median_decode_latency", 1)
		r.took("median decode step")
	}
	o.seconds("total_latency", 1) // checked; its first decode steps are slower, so the parts are taken
	return r
}

// sglangServing reads a line of the output file of SGLang's bench_serving.
func sglangServing(o *object) Run {
	o.require("completed", "total_output_tokens", "median_ttft_ms")
	r := Run{Model: o.text("model_id"), TP: o.integer(o.first("tp", "tensor_parallel_size"))}
	if strings.HasPrefix(o.text("backend"), "sglang") {
		r.Runtime = "sglang"
	}
	completed := o.count("completed")
	r.N = int(completed)
	served(o, &r, completed, 0)
	speculative(o, "accept_length")
	r.lengths(o.total("total_input_tokens"), o.total("total_output_tokens"), completed)
	medians(o, &r)
	r.Latency = o.seconds("median_e2e_latency_ms", milliseconds)
	r.OutputRate = o.rate("output_throughput")
	inFlight(o, &r, o.count("max_concurrency"), o.count("concurrency"), o.number("duration", longestTime))
	return r
}

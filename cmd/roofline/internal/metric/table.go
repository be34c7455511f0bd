package metric

import (
	"roofline/estimate"
	"roofline/hardware/unit"
)

const served = "32 users, 1024/1024 tokens, TTFT 0.4 s, TPOT 20 ms: end to end = 0.4 + 1023 · 0.020 = 20.86 s"

var all = []Metric{
	{
		ID: "macs", Label: "MACs", Field: "model.macs", Unit: "MAC", Section: Work,
		Definition: "multiply-accumulates of convolutions, transposed convolutions (on their input), GEMM, matmul, einsum, attention products and RNN gates, for one execution with the bound batch; of a language model per prefill of one prompt and per decode step",
		Example:    "one convolution of resnet50 (layer1.0.conv2, 64 → 64 channels, 3×3, 56×56): 56² · 64 · 64 · 9 = 115 605 504 MACs",
		Elsewhere:  []Elsewhere{{"fvcore, thop, many papers", "FLOPs", "they count a multiply-accumulate once: their FLOPs are our MACs, half of our FLOPs"}},
	},
	{
		ID: "flops", Label: "FLOPs", Field: "model.flops", Unit: "FLOP", Also: []string{"work", "operations"}, Section: Work,
		Definition: "2 per MAC plus elementwise, norm and softmax work (5 per element of a softmax)",
		Formula:    "2 · MACs + vector work",
		Example:    "115 605 504 MACs of a convolution are 231 211 008 FLOPs",
		Elsewhere:  []Elsewhere{{"datasheets", "FLOPS", "a rate, which is FLOP/s here"}},
	},
	{
		ID: "parameters", Label: "parameters", Field: "model.parameters", Also: []string{"params", "size"}, Section: Work,
		Definition: "logical elements of the stored real-valued weights, each tensor once, packed ones unpacked; quantisation scales apart. A batch norm that an exporter folded is gone, so an export and the built-in of the same network may differ",
		Example:    "a 3×3 convolution of 64 → 64 channels without bias: 64 · 64 · 9 = 36 864",
	},
	{
		ID: "active-parameters", Label: "active parameters", Field: "model.active_parameters", Section: Work,
		Definition: "read to compute one token; the input embedding table is left out unless it is tied to the head",
		Example:    "Llama-3.1-8B: 8 030 261 248 parameters less 128 256 · 4096 of the embedding table = 7 504 924 672",
		Elsewhere:  []Elsewhere{{"model cards of mixtures of experts", "activated parameters", "some count the embedding table too"}},
	},
	{
		ID: "bytes", Label: "weights, activations, KV", Field: "decode.bytes", Unit: "GB", Also: []string{"traffic"}, Section: Work,
		Definition: "bytes read from stored weights; read and written activations; read from the key-value cache",
		Example:    "weights of that convolution in fp32: 36 864 · 4 = 147 456 bytes",
	},
	{
		ID: "intensity", Label: "arithmetic intensity", Unit: "FLOP/byte", Also: []string{"FLOP/byte", "operational intensity"}, Section: Work,
		Definition: "FLOPs ÷ bytes moved",
		Formula:    "FLOPs ÷ (weights + activations + KV)",
		Example:    "a decode step in bf16 with a batch of B: each weight is 2 bytes and takes 2 · B FLOPs, so B FLOP/byte",
		Elsewhere:  []Elsewhere{{"NVIDIA Nsight Compute", "Arithmetic Intensity", "of the DRAM traffic measured: what caches save is taken off"}},
	},
	{
		ID: "ridge-point", Label: "ridge point", Unit: "FLOP/byte", Also: []string{"ridge", "machine balance", "ops:byte ratio"}, Section: Work,
		Definition: "dense peak ÷ memory bandwidth: above it a device is compute-bound",
		Formula:    "peak of the format ÷ memory bandwidth",
		Example:    "H100 SXM in bf16: 989.4 TFLOP/s ÷ 3.35 TB/s = 295 FLOP/byte",
		Elsewhere:  []Elsewhere{{"brochures", "TFLOPS", "often with 2:4 sparsity, twice the dense peak that counts here"}},
	},

	{
		ID: "bound", Label: "bound", Field: "latency_s.bound", Unit: "ms", Also: []string{"floor", "roofline"}, Section: Time,
		Definition: "the floor nobody gets under: max(ΣMACs · 2 ÷ dense peak of their number format with 32-bit accumulation, compulsory bytes ÷ published bandwidth), and for collectives each device's missing share of the result ÷ one-way bandwidth. Compulsory are the weights and the KV cache once and the inputs and outputs of a graph; what the last-level cache could hold from run to run is taken off. Under load it is that of a decode step with all running requests in it",
		Formula:    "max(2 · MACs ÷ peak, compulsory bytes ÷ bandwidth) + collectives",
		Example:    "a decode step of Llama-3.1-8B in bf16 on an H100 SXM, one sequence, 2048 tokens of context: 15.010 GB of weights and 0.268 GB of KV, less 0.050 of cache: 15.228 GB ÷ 3.35 TB/s = 4.55 ms",
		Elsewhere:  []Elsewhere{{"textbooks", "roofline", "the sum over kernels of max(compute, memory), which is --runtime ideal here"}},
	},
	{
		ID: "expected", Label: "expected", Field: "latency_s.expected", Unit: "ms", Section: Time,
		Definition: "the sum over kernels of a floor + max(compute, memory) + what does not overlap, at the rates the device sustains, plus launches and the host; never below `bound`. Matrix products are cut into tiles, one per core at a time, so a last wave that is not full costs as much as a full one",
		Example:    "15.3 GB read at 92 % of 3.35 TB/s take 4.96 ms, 200 kernels of 2 µs at least 0.4 ms more: 5.4 ms",
	},
	{
		ID: "band", Label: "low … high", Field: "latency_s.low", Unit: "ms", Also: []string{"low", "high", "bound–high", "low–high", "uncertainty"}, Section: Time,
		Definition: "the 10th and 90th percentile of measured ÷ expected for the class of device, runtime and phase that is printed, times `expected`. A class without measurements has a wide, assumed band, and says so",
		Example:    "10 ms expected, and a class that was measured at 0.9 to 1.3 times what was expected: 9 to 13 ms",
	},
	{
		ID: "ideal", Label: "runtime ideal", Section: Time,
		Definition: "the familiar textbook number: Σ max(FLOPs ÷ peak, bytes ÷ bandwidth) over kernels",
		Example:    "two kernels, one of 2 ms compute and 1 ms memory, one of 1 and 3: 2 + 3 = 5 ms, where `bound` says max(3, 4) = 4 ms",
	},
	{
		ID: "latency", Label: "latency", Field: "latency_s.expected", Unit: "ms", Better: Lower, Section: Time, scale: 1e-3,
		Definition: "latency of a graph: one batch, on the device: no transfer from or to the host",
		Example:    "a batch of 8 that takes 4 ms: 8 ÷ 0.004 = 2000 images/s",
		Elsewhere: []Elsewhere{
			{"trtexec", "GPU Compute Time", ""},
			{"trtexec", "Latency", "with the copies to the device and back"},
			{"ONNX Runtime profile", "model_run", ""},
		},
		of: func(r *estimate.Result) Reading {
			if r.Latency == nil || r.Prefill != nil || r.Decode != nil {
				return unknown
			}
			return banded(*r.Latency)
		},
	},
	{
		ID: "ttft", Label: "TTFT", Field: "prefill.ttft_s", Unit: "ms", Better: Lower, Also: []string{"time to first token"}, Section: Time, scale: 1e-3,
		Definition: "queue + prefill of the prompt; \"alone\" has no queue",
		Formula:    "queue + prefill",
		Example:    "a prompt of 1024 tokens and 15 TFLOP on a device that sustains 600 TFLOP/s: 25 ms alone, 50 ms behind another whole prompt",
		Elsewhere: []Elsewhere{
			{"vLLM, SGLang", "TTFT", "measured at load it includes the queue"},
			{"genai-perf", "time_to_first_token", ""},
			{"MLPerf", "First Token latency", "in nanoseconds"},
		},
		of: func(r *estimate.Result) Reading {
			if r.Prefill == nil {
				return unknown
			}
			return banded(r.Prefill.TTFT)
		},
	},
	{
		ID: "tpot", Label: "TPOT", Field: "decode.tpot_s", Unit: "ms", Better: Lower, Also: []string{"time per output token"}, Section: Time, scale: 1e-3,
		Definition: "mean over the output tokens after the first: (end to end − TTFT) ÷ (OSL − 1). Elsewhere also called ITL",
		Formula:    "(end to end − TTFT) ÷ (OSL − 1)",
		Example:    "end to end 20.86 s, TTFT 0.4 s, 1024 output tokens: 20.46 ÷ 1023 = 20 ms",
		Elsewhere: []Elsewhere{
			{"vLLM, SGLang, TensorRT-LLM", "TPOT", ""},
			{"genai-perf, AIPerf", "inter_token_latency", ""},
			{"genai-perf, AIPerf", "ITL", ""},
			{"GuideLLM", "inter_token_latency_ms", ""},
			{"GuideLLM", "time_per_output_token_ms", "includes the first token"},
			{"AIConfigurator --inclusive-tpot", "tpot", "(TTFT + TPOT · (OSL − 1)) ÷ OSL"},
		},
		of: func(r *estimate.Result) Reading {
			if r.Decode == nil {
				return unknown
			}
			return banded(r.Decode.TPOT)
		},
	},
	{
		ID: "speed", Label: "tok/s per user", Field: "decode.tokens_per_s_per_user", Unit: "tok/s", Better: Higher, Also: []string{"tok/s/user", "interactivity"}, Section: Time,
		Definition: "1 ÷ TPOT",
		Formula:    "1 ÷ TPOT",
		Example:    "TPOT 20 ms: 50 tok/s per user",
		Elsewhere: []Elsewhere{
			{"InferenceX", "intvty", ""},
			{"AIPerf", "Output Token Throughput Per User", ""},
			{"vLLM plot_pareto", "tokens/s/user", "output throughput ÷ max concurrency: the TTFT is inside"},
		},
		of: func(r *estimate.Result) Reading {
			if r.Decode == nil {
				return unknown
			}
			t := r.Decode.TPOT
			return Reading{Value: r.Decode.UserSpeed, Low: 1 / float64(t.High), High: 1 / float64(t.Low)}
		},
	},

	{
		ID: "concurrency", Label: "users", Field: "workload.concurrency", Also: []string{"requests in flight", "load"}, Section: Serving,
		Definition: "requests in flight in a closed loop, in all replicas together: each is replaced as it ends. \"Full load\" is the most whose whole length fits in the KV cache, at most 256 per replica",
		Example:    "a cache of 457 289 tokens holds 457 289 ÷ 2048 = 223 requests of 1024/1024 tokens",
		Elsewhere:  []Elsewhere{{"vLLM", "max concurrency", ""}, {"Artificial Analysis", "parallel queries", ""}},
		of:         func(r *estimate.Result) Reading { return exact(r.Workload.Concurrency) },
	},
	{
		ID: "batch", Label: "batch", Field: "workload.batch", Section: Serving,
		Definition: "samples of one execution of a graph, or sequences in a bare step of a language model",
		Example:    "trtexec --shapes=input:32x3x224x224 has a batch of 32",
		of:         func(r *estimate.Result) Reading { return exact(r.Workload.Batch) },
	},
	{
		ID: "e2e", Label: "end to end", Field: "latency_s.expected", Unit: "s", Better: Lower, Also: []string{"request latency"}, Section: Serving,
		Definition: "one request from its arrival to its last token: TTFT + (OSL − 1) · TPOT",
		Formula:    "TTFT + (OSL − 1) · TPOT",
		Example:    served,
		Elsewhere:  []Elsewhere{{"vLLM", "E2EL", ""}, {"genai-perf", "request_latency", ""}},
		of: func(r *estimate.Result) Reading {
			if r.Latency == nil || r.Prefill == nil || r.Workload.OSL == 0 {
				return unknown
			}
			return banded(*r.Latency)
		},
	},
	{
		ID: "throughput", Label: "throughput", Field: "throughput.value", Unit: "tok/s", Better: Higher, Also: []string{"tok/s", "output tok/s", "images/s"}, Section: Serving,
		Definition: "what the whole deployment puts out: of a language model concurrency · OSL ÷ mean end-to-end time (Little's law), of a graph batches · batch ÷ time",
		Formula:    "concurrency · OSL ÷ end to end",
		Example:    served + "; 32 · 1024 ÷ 20.86 = 1571 tok/s",
		Elsewhere: []Elsewhere{
			{"vLLM bench serve", "output_throughput", ""},
			{"vllm bench throughput", "tokens_per_second", "input and output tokens together: --tokens total"},
			{"InferenceX", "tput_per_gpu", "input and output tokens together, for each device"},
			{"trtexec", "qps", "queries, each of a whole batch"},
		},
		of: func(r *estimate.Result) Reading {
			if r.Throughput == nil {
				return unknown
			}
			x := Reading{Value: r.Throughput.Value, Low: r.Throughput.Value, High: r.Throughput.Value, Unit: r.Throughput.Unit}
			if l := r.Latency; l != nil && l.Low > 0 { // it follows the latency by Little's law
				x.Low *= float64(l.Expected / l.High)
				x.High *= float64(l.Expected / l.Low)
			}
			return x
		},
	},
	{
		ID: "goodput", Label: "goodput", Unit: "req/s", Section: Serving,
		Definition: "requests per second that meet every limit on their times. `roofline` predicts means: it holds limits against them (`--slo`) and gives no share of requests",
		Example:    "10 requests/s of which 9 meet ttft ≤ 2 s and tpot ≤ 50 ms: a goodput of 9",
		Elsewhere: []Elsewhere{
			{"vLLM bench serve", "--goodput ttft:2000 tpot:50", "in milliseconds"},
			{"genai-perf", "--goodput time_to_first_token:75", "in milliseconds"},
		},
	},

	{
		ID: "memory", Label: "memory per device", Field: "memory.total_bytes", Unit: "GiB", Better: Lower, Also: []string{"footprint", "VRAM"}, Section: Memory, scale: float64(unit.GiB),
		Definition: "weights + KV cache + activations + what the runtime reserves, of the fullest device",
		Formula:    "weights + KV cache + activations + reserved",
		Example:    "Llama-3.1-8B in bf16 at full load on an H100 of which vLLM uses 90 %: 14.96 + 55.82 + 0.90 = 71.68 GiB",
		Elsewhere:  []Elsewhere{{"nvidia-smi", "Memory-Usage", "vLLM takes its whole share at once, so it shows that from the start"}},
		of: func(r *estimate.Result) Reading {
			if r.Memory == nil {
				return unknown
			}
			return exact(float64(r.Memory.Total))
		},
	},
	{
		ID: "memory-use", Label: "memory", Field: "memory.ratio", Unit: "%", Section: Memory,
		Definition: "footprint ÷ capacity as the driver reports it, or the label's figure, marked `*`",
		Formula:    "footprint ÷ capacity",
		Example:    "71.68 of 79.65 GiB: 90 %",
		Elsewhere:  []Elsewhere{{"labels", "80 GB", "10^9 bytes each, and more than the driver reports: 79.65 GiB of an H100"}},
	},
	{
		ID: "kv-tokens", Label: "KV tokens", Field: "kv_tokens (fit)", Also: []string{"KV cache size"}, Section: Memory,
		Definition: "tokens of keys and values that the memory left over holds, in requests of the context's length",
		Example:    "55.82 GiB ÷ 131 072 bytes for each token of Llama-3.1-8B = 457 289",
		Elsewhere:  []Elsewhere{{"vLLM's log", "GPU KV cache size", ""}},
	},

	{
		ID: "cost", Label: "cost", Field: "cost.per[0].value", Unit: "$", Better: Lower, Also: []string{"$/M", "$/M out", "$/M output tokens", "price per token"}, Section: Money,
		Definition: "the whole hourly cost ÷ what is put out in the paid hours, by the million: output tokens, unless --tokens says others",
		Formula:    "$/h ÷ (throughput · 3600 · utilization) · 10⁶",
		Example:    "1571 tok/s at 2.69 $/h: 2.69 ÷ (1571 · 3600) · 10⁶ = 0.476 $ per million output tokens",
		Elsewhere: []Elsewhere{
			{"InferenceX", "$/M input, output, total", "the whole cost on each kind of token: the three do not add up, nor do ours"},
			{"API price lists", "$/M input + $/M output", "prices somebody asks, not what it costs"},
		},
		of: func(r *estimate.Result) Reading {
			if r.Cost == nil || len(r.Cost.Per) == 0 {
				return unknown
			}
			c := r.Cost.Per[0]
			x := Reading{Value: float64(c.Value), Low: float64(c.Value), High: float64(c.Value), Unit: c.Unit}
			if l := r.Latency; l != nil && l.Expected > 0 {
				x.Low *= float64(l.Low / l.Expected)
				x.High *= float64(l.High / l.Expected)
			}
			return x
		},
	},
	{
		ID: "usd-per-hour", Label: "$/h", Field: "cost.usd_per_hour", Unit: "$/h", Better: Lower, Also: []string{"price", "rent"}, Section: Money,
		Definition: "what a paid hour costs: the rent, or what is bought written off, with what comes on top; `--explain` lists the parts",
		Example:    "270 000 USD less 30 % over 4 years of 8760 hours: 189 000 ÷ 35 040 = 5.394 $/h",
		of: func(r *estimate.Result) Reading {
			if r.Cost == nil {
				return unknown
			}
			return exact(float64(r.Cost.USDPerHour))
		},
	},
	{
		ID: "utilization", Label: "utilization", Field: "cost.utilization", Section: Money,
		Definition: "the share of the paid hours at the stated load; the rest is paid for and idles: half of it doubles what capacity costs each token",
		Example:    "0.476 $ per million at 1 is 0.793 $ at 0.6",
		Elsewhere:  []Elsewhere{{"nvidia-smi", "GPU-Util", "the share of time in which any kernel runs: another thing"}},
	},
	{
		ID: "power", Label: "power", Field: "power.watts", Unit: "W", Better: Lower, Section: Money,
		Definition: "what the machines draw at the stated load: a share of their nameplate, an estimate",
		Example:    "a server of 10 200 W at 64 %: 6528 W",
		Elsewhere:  []Elsewhere{{"datasheets", "TDP", "the most a device draws, not what it draws"}},
		of: func(r *estimate.Result) Reading {
			if r.Power == nil {
				return unknown
			}
			return exact(float64(r.Power.Watts))
		},
	},
	{
		ID: "energy", Label: "energy", Field: "power.wh_per_unit", Unit: "Wh", Better: Lower, Also: []string{"J/token", "joules per token"}, Section: Money,
		Definition: "energy of a unit of output at the stated load, PUE included where the site's is known and hours without work not",
		Formula:    "watts · PUE ÷ throughput ÷ 3600",
		Example:    "6528 W · 1.3 ÷ 6000 tok/s ÷ 3600 · 10⁶ = 393 Wh per million tokens",
		Elsewhere:  []Elsewhere{{"InferenceX", "All-in Provisioned J per Token", "of the provisioned watts, not of those drawn"}},
	},
}

package benchmark

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"roofline/hardware/dtype"
	"roofline/hardware/unit"
)

const ms = 1e-3

// samples are what each file holds, as its first run.
var samples = []struct {
	file, tool string
	runs       int
	want       Run
	lacks      string
}{
	{"llama_bench.json", "llama-bench", 2, Run{Runtime: "llama-cpp", DType: dtype.Q4_K_M, Batch: 1, ISL: 512, TTFT: 106.9 * ms, N: 5}, "tp"},
	{"llama_bench.jsonl", "llama-bench", 2, Run{Runtime: "llama-cpp", DType: dtype.Q4_K_M, Batch: 1, ISL: 512, TTFT: 106.9 * ms, N: 5}, "tp"},
	{"llama_bench.csv", "llama-bench", 2, Run{Runtime: "llama-cpp", DType: dtype.Q4_K_M, Batch: 1, ISL: 512, TTFT: 107 * ms}, "tp"},
	{"llama_bench.md", "llama-bench", 2, Run{Runtime: "llama-cpp", DType: dtype.Q4_K_M, Batch: 1, ISL: 512, TTFT: 512 / 4785.10}, "device tp"},
	{"vllm_serve.json", "vllm bench serve", 1, Run{Runtime: "vllm", TP: 1, ISL: 1024, OSL: 1024, Concurrency: 64, TTFT: 412 * ms, TPOT: 11.01 * ms, Latency: 11.69, OutputRate: 5544.5, N: 640}, "device dtype"},
	{"vllm_serve.jsonl", "vllm bench serve", 2, Run{Runtime: "vllm", TP: 1, ISL: 1024, OSL: 1024, Concurrency: 64, TTFT: 412 * ms, TPOT: 11.01 * ms, Latency: 11.69, OutputRate: 5544.5, N: 640}, "device dtype"},
	{"vllm_latency.json", "vllm bench latency", 1, Run{Runtime: "vllm", Latency: 1.071, N: 4}, "device dtype tp isl osl concurrency"},
	{"vllm_throughput.json", "vllm bench throughput", 1, Run{Runtime: "vllm", RequestRate: 24.21, N: 1000}, "device dtype tp isl osl concurrency"},
	{"sglang_one_batch.jsonl", "sglang bench_one_batch", 2, Run{Runtime: "sglang", Batch: 1, ISL: 1024, OSL: 128, TTFT: 31.2 * ms, TPOT: 7.41 * ms}, "device dtype tp"},
	{"sglang_serving.jsonl", "sglang bench_serving", 1, Run{Runtime: "sglang", ISL: 1024, OSL: 512, Concurrency: 16, TTFT: 98 * ms, TPOT: 11.56 * ms, Latency: 6.005, OutputRate: 1356.3, N: 160}, "device dtype tp"},
	{"trtexec_times.json", "trtexec times", 1, Run{Runtime: "tensorrt", Latency: 1.20 * ms, N: 5}, "device dtype batch"},
	{"trtexec_profile.json", "trtexec profile", 1, Run{Runtime: "tensorrt", N: 812}, "device dtype batch"},
	{"trtexec.log", "trtexec log", 1, Run{Runtime: "tensorrt", Batch: 8, Latency: 1.21 * ms}, "device dtype"},
	{"onnxruntime.json", "onnxruntime profile", 1, Run{Runtime: "onnxruntime", Batch: 1, Latency: 0.935 * ms, N: 3}, "device dtype"},
	{"onnxruntime_events.json", "onnxruntime profile", 1, Run{Runtime: "onnxruntime", Batch: 1, Latency: 0.935 * ms, N: 3}, "device dtype"},
	{"genai_perf.json", "genai-perf", 1, Run{ISL: 2000, OSL: 512, Concurrency: 8, TTFT: 78 * ms, TPOT: 19.71 * ms, Latency: 10.155, OutputRate: 403}, "device dtype tp runtime"},
	{"genai_perf.csv", "genai-perf", 1, Run{ISL: 2000, OSL: 512, Concurrency: 8, TTFT: 78 * ms, TPOT: 19.71 * ms, Latency: 10.155, OutputRate: 403}, "device dtype tp runtime"},
	{"aiperf.json", "aiperf", 1, Run{ISL: 2000, OSL: 512, Concurrency: 8, TTFT: 78 * ms, TPOT: 19.71 * ms, Latency: 10.155, OutputRate: 403, N: 96}, "device dtype tp runtime"},
	{"aiperf.csv", "aiperf", 1, Run{ISL: 2000, OSL: 512, Concurrency: 8, TTFT: 78 * ms, TPOT: 19.71 * ms, Latency: 10.155, OutputRate: 403, N: 96}, "device dtype tp runtime"},
	{"aiperf_records.jsonl", "aiperf records", 1, Run{ISL: 2000, OSL: 512, TTFT: 79 * ms, TPOT: 19.7 * ms, Latency: 10.146, N: 3}, "device dtype tp runtime concurrency"},
	{"guidellm.json", "guidellm", 2, Run{ISL: 512, OSL: 256, Concurrency: 1, TTFT: 24.25 * ms, TPOT: 7.2 * ms, Latency: 1.86025, OutputRate: 950 / 7.2, N: 90}, "device dtype tp runtime"},
	{"trtllm_bench.json", "trtllm-bench", 1, Run{Runtime: "tensorrt-llm", DType: dtype.FP8, TP: 1, ISL: 1024, OSL: 512, Concurrency: 32, TTFT: 55 * ms, TPOT: 5.84 * ms, Latency: 3.047, OutputRate: 5349.9, N: 512}, ""},
	{"inferencex.json", "inferencex", 1, Run{Runtime: "vllm", DType: dtype.FP8, TP: 4, ISL: 1024, OSL: 1024, Concurrency: 32, TTFT: 310 * ms, TPOT: 19.2 * ms, Latency: 19.95, OutputRate: 1640}, ""},
	{"mlperf_log_summary.txt", "mlperf summary", 1, Run{OSL: 295, OutputRate: 31956.3, Latency: 312.345678901, Concurrency: 33865}, "device dtype tp runtime"},
	{"vllm.log", "vllm log", 1, Run{Runtime: "vllm", DType: dtype.BF16, TP: 1}, "device"},
	{"ollama.json", "ollama", 1, Run{Runtime: "llama-cpp", Batch: 1, ISL: 320, OSL: 258, TTFT: 110 * ms, TPOT: 2.55 / 257, N: 1}, "device dtype tp"},
	{"runs.toml", "TOML", 2, Run{Batch: 32, Latency: 21.3 * ms}, "device dtype runtime"},
}

// Every file is recognised by what is in it, whatever its name, and read as its tool documents.
func TestRead(t *testing.T) {
	for _, s := range samples {
		data, err := os.ReadFile(filepath.Join("testdata", s.file))
		if err != nil {
			t.Fatal(err)
		}
		f, err := Read("some.file", bytes.NewReader(data))
		if err != nil {
			t.Errorf("%s: %v", s.file, err)
			continue
		}
		if f.Tool != s.tool || len(f.Runs) != s.runs {
			t.Errorf("%s: %d runs of %q, want %d of %q", s.file, len(f.Runs), f.Tool, s.runs, s.tool)
			continue
		}
		got := &f.Runs[0]
		for _, x := range []struct {
			name      string
			got, want float64
		}{
			{"isl", got.ISL, s.want.ISL}, {"osl", got.OSL, s.want.OSL}, {"concurrency", got.Concurrency, s.want.Concurrency}, {"batch", got.Batch, s.want.Batch},
			{"ttft", float64(got.TTFT), float64(s.want.TTFT)}, {"tpot", float64(got.TPOT), float64(s.want.TPOT)}, {"latency", float64(got.Latency), float64(s.want.Latency)},
			{"rate", got.OutputRate, s.want.OutputRate}, {"requests", got.RequestRate, s.want.RequestRate}, {"n", float64(got.N), float64(s.want.N)}, {"tp", float64(got.TP), float64(s.want.TP)},
		} {
			if math.Abs(x.got-x.want) > 1e-9*math.Abs(x.want) {
				t.Errorf("%s: %s %g, want %g", s.file, x.name, x.got, x.want)
			}
		}
		if got.Runtime != s.want.Runtime || got.DType != s.want.DType {
			t.Errorf("%s: runtime %q, dtype %v, want %q, %v", s.file, got.Runtime, got.DType, s.want.Runtime, s.want.DType)
		}
		if lacks := strings.Join(got.Lacks(), " "); lacks != s.lacks {
			t.Errorf("%s: lacks %q, want %q", s.file, lacks, s.lacks)
		}
		if len(got.Taken) == 0 {
			t.Errorf("%s: nothing is said of what was taken", s.file)
		}
	}
}

// What is particular to single files.
func TestReadFurther(t *testing.T) {
	read := func(file string) []Run {
		data, err := os.ReadFile(filepath.Join("testdata", file))
		if err != nil {
			t.Fatal(err)
		}
		f, err := Read(file, bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		return f.Runs
	}
	for _, file := range []string{"llama_bench.json", "llama_bench.jsonl", "llama_bench.csv", "llama_bench.md"} {
		decode := read(file)[1] // 128 tokens from a depth of 512: 576 on average
		if decode.Context != 576 || math.Abs(float64(decode.TPOT)/(1.21/128)-1) > 1e-3 || decode.TTFT != 0 {
			t.Errorf("%s: decode %+v", file, decode)
		}
	}
	if m := read("vllm.log")[0].Memory; m.KVCache != unit.Bytes(54.87)*unit.GiB || m.Weights != unit.Bytes(14.9889)*unit.GiB || m.Share != 0.9 || m.KVTokens != 449504 {
		t.Errorf("vllm.log: %+v", m)
	}
	for file, want := range map[string]Layer{"onnxruntime.json": {"/conv1/Conv", "FusedConv", 520e-6}, "trtexec_profile.json": {"conv1 + relu", "", 0.11 * 0.99e-3}} {
		layers := read(file)[0].Layers
		found := false
		for _, l := range layers {
			found = found || l.Name == want.Name && l.Kind == want.Kind && math.Abs(float64(l.Time/want.Time)-1) < 1e-6
		}
		if !found {
			t.Errorf("%s: no layer %+v among %+v", file, want, layers)
		}
	}
	if second := read("sglang_one_batch.jsonl")[1]; second.Batch != 16 || second.TTFT != 0.402 {
		t.Errorf("objects that follow each other without a line break: %+v", second)
	}
	if own := read("runs.toml")[1]; own.Model != "llama-3.1-8b" || own.Concurrency != 16 || own.TPOT != 9.1*ms {
		t.Errorf("runs.toml: %+v", own)
	}
}

// spoilable are values of each file that decide the answer: what stands before one, the value, and how an error has to
// name it where that is not the same.
var spoilable = map[string][][3]string{
	"llama_bench.json":        {{`"avg_ns": `, "107000000"}, {`"n_prompt": `, "512"}},
	"llama_bench.jsonl":       {{`"avg_ns": `, "107000000"}},
	"llama_bench.csv":         {{`"0","0","`, "107000000", "avg_ns"}},
	"llama_bench.md":          {{"|      ", "4785.10", "t/s"}},
	"vllm_serve.json":         {{`"median_ttft_ms": `, "412.0"}, {`"median_tpot_ms": `, "11.01"}, {`"output_throughput": `, "5544.5"}, {`"total_input_tokens": `, "655360"}, {`"max_concurrency": `, "64"}},
	"vllm_serve.jsonl":        {{`"median_tpot_ms": `, "7.9"}},
	"vllm_latency.json":       {{`"50": `, "1.071", "percentiles.50"}},
	"vllm_throughput.json":    {{`"requests_per_second": `, "24.21"}, {`"elapsed_time": `, "41.3"}, {`"tokens_per_second": `, "27893.5"}},
	"sglang_one_batch.jsonl":  {{`"prefill_latency": `, "0.0312"}, {`"median_decode_latency": `, "0.00822"}},
	"sglang_serving.jsonl":    {{`"median_ttft_ms": `, "98.0"}, {`"median_tpot_ms": `, "11.56"}, {`"output_throughput": `, "1356.3"}},
	"trtexec_times.json":      {{`"computeMs": `, "1.21"}},
	"trtexec_profile.json":    {{`"medianMs": `, "0.1089"}, {`"count" : `, "812", "count"}},
	"trtexec.log":             {{"max = 1.40 ms, mean = 1.22 ms, median = ", "1.21", "GPU Compute Time: median"}, {"Throughput: ", "812.4", "Throughput"}},
	"onnxruntime.json":        {{`"dur": `, "520"}},
	"onnxruntime_events.json": {{`"dur": `, "520"}},
	"genai_perf.json":         {{`"p50": `, "78.0", "time_to_first_token.p50"}, {`"p50": `, "19.71", "inter_token_latency.p50"}, {`"concurrency": `, "8"}},
	"genai_perf.csv":          {{`"84.21","`, "78.00", "time_to_first_token.p50"}},
	"aiperf.json":             {{`"p50": `, "78.0", "time_to_first_token.p50"}, {`"avg": `, "403.0", "output_token_throughput.avg"}},
	"aiperf.csv":              {{`"76.19","`, "78.00", "time_to_first_token.p50"}},
	"aiperf_records.jsonl":    {{`"value": `, "79.0", "metrics.time_to_first_token.value"}},
	"guidellm.json":           {{`"median": `, "24.25", "benchmarks[0].metrics.time_to_first_token_ms.successful.median"}},
	"trtllm_bench.json":       {{`"p50": `, "5.84", "streaming_metrics.tpot_percentiles.p50"}, {`"system_output_throughput_tok_s": `, "5349.9"}},
	"inferencex.json":         {{`"median_ttft": `, "0.31"}, {`"median_tpot": `, "0.0192"}},
	"mlperf_log_summary.txt":  {{"Tokens per second: ", "31956.3", "Tokens per second"}},
	"vllm.log":                {{"Available KV cache memory: ", "54.87", "Available KV cache memory"}},
	"ollama.json":             {{`"eval_duration": `, "2550000000"}},
	"runs.toml":               {{`latency = "`, "21.3", "latency"}},
}

// Values that can't be are refused, and the error names the key.
func TestRefusesValues(t *testing.T) {
	for _, s := range samples {
		data, err := os.ReadFile(filepath.Join("testdata", s.file))
		if err != nil {
			t.Fatal(err)
		}
		if len(spoilable[s.file]) == 0 {
			t.Errorf("%s: no value is spoiled", s.file)
		}
		for _, x := range spoilable[s.file] {
			before, number, key := x[0], x[1], cmp.Or(x[2], strings.Trim(x[0], `": `))
			if !bytes.Contains(data, []byte(before+number)) {
				t.Fatalf("%s has no %s%s", s.file, before, number)
			}
			for _, value := range []string{"NaN", "-3.5", "1e300", "-Infinity"} {
				_, err := Read("x", strings.NewReader(strings.Replace(string(data), before+number, before+value, 1)))
				if err == nil || !strings.Contains(err.Error(), key) {
					t.Errorf("%s: %s %s: %v", s.file, key, value, err)
				}
			}
		}
	}
}

// Files that were cut off are refused, and the error names the key that is missing, or the last that is there.
func TestRefusesTruncated(t *testing.T) {
	named := regexp.MustCompile(`"[^"]+"|[\w/]+( \(ms\))?: .*missing|is missing|has no|no row|no line`)
	for _, s := range samples {
		data, err := os.ReadFile(filepath.Join("testdata", s.file))
		if err != nil {
			t.Fatal(err)
		}
		cut := len(data) * 2 / 5
		switch s.file { // where the cut leaves something that reads like a whole file
		case "llama_bench.md":
			cut = bytes.Index(data, []byte("4785")) - 20
		case "llama_bench.csv":
			cut = bytes.Index(data, []byte("107000000"))
		case "trtexec.log":
			cut = bytes.Index(data, []byte("GPU Compute"))
		case "vllm.log":
			cut = bytes.Index(data, []byte("Available"))
			data = append(data[:cut:cut], "GPU KV cache size: 449,504 tokens"...)
			cut = len(data)
		case "mlperf_log_summary.txt":
			cut = bytes.Index(data, []byte("Samples per"))
		case "runs.toml":
			cut = bytes.Index(data, []byte(`ms"`))
		}
		_, err = Read("x", bytes.NewReader(data[:cut]))
		if err == nil || !named.MatchString(err.Error()) {
			t.Errorf("%s cut off: %v", s.file, err)
		}
	}
}

// Files of others are refused with what they hold.
func TestRefusesForeign(t *testing.T) {
	for text, want := range map[string]string{
		`{"foo":1,"bar":{"a":2}}`: "top-level keys: bar, foo", `[]`: "an empty list", `[{"a":1}]`: "top-level keys: a", "hello\nworld\n": `begins with "hello"`,
		"\x00\x01\x02ELF": "begins with", "a,b,c\n1,2,3\n": `begins with "a,b,c"`,
	} {
		_, err := Read("bench.json", strings.NewReader(text))
		var foreign *ForeignError
		if !errors.As(err, &foreign) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	if _, err := Read("x", strings.NewReader(" \n")); err == nil || !strings.Contains(err.Error(), "empty") {
		t.Errorf("an empty file: %v", err)
	}
}

// Runs that say nothing of the hardware, or that contradict themselves, are refused with the reason.
func TestRefusesNonsense(t *testing.T) {
	serve, err := os.ReadFile("testdata/vllm_serve.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct{ from, to, want string }{
		{`"median_tpot_ms": 11.01`, `"median_tpot_ms": 0.0`, "median_tpot_ms is 0"},
		{`"median_tpot_ms": 11.01`, `"median_tpot_ms": -0.00`, "median_tpot_ms"},
		{`"median_e2el_ms": 11690.0`, `"median_e2el_ms": 2000.0`, "contradict"},
		{`"failed": 0`, `"failed": 320`, "failed 320 of 960"},
		{`"tp": 1`, `"tp": 1, "spec_decode_acceptance_length": 2.7`, "speculative decoding"},
		{`"completed": 640`, `"completed": 0`, "completed 0"},
	} {
		if !bytes.Contains(serve, []byte(x.from)) {
			t.Fatalf("the sample has no %s", x.from)
		}
		_, err := Read("x", strings.NewReader(strings.Replace(string(serve), x.from, x.to, 1)))
		if err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%s: %v, want %q", x.to, err, x.want)
		}
	}
	one := strings.NewReplacer(`"total_output_tokens": 655360`, `"total_output_tokens": 640`, `"median_tpot_ms": 11.01`, `"median_tpot_ms": 0.0`,
		`"median_e2el_ms": 11690.0`, `"median_e2el_ms": 413`).Replace(string(serve))
	f, err := Read("x", strings.NewReader(one))
	if err != nil || f.Runs[0].TPOT != 0 || f.Runs[0].OSL != 1 {
		t.Errorf("one output token has no TPOT: %v %+v", err, f)
	}
}

// A value without end is refused before it fills the memory, a long trace is read.
func TestSizes(t *testing.T) {
	endless := io.MultiReader(strings.NewReader(`{"n_prompt":1,"avg_ns":"`), io.LimitReader(zeros{}, mostValue*2))
	if _, err := Read("x", endless); err == nil || !strings.Contains(err.Error(), "avg_ns") {
		t.Errorf("a value of %d MiB: %v", mostValue*2>>20, err)
	}
	deep := strings.Repeat(`{"a":`, 20000) + "1"
	if _, err := Read("x", strings.NewReader(deep)); err == nil {
		t.Error("20,000 objects inside each other are taken")
	}
	var b strings.Builder
	b.WriteString("[")
	const events = 20000
	for i := range events {
		fmt.Fprintf(&b, `{"cat":"Node","name":"n_kernel_time","dur":%d,"ts":%d,"ph":"X","args":{"op_name":"Conv","node_index":"1"}},`, 100+i%3, i)
	}
	b.WriteString(`{"cat":"Session","name":"model_run","dur":200,"ph":"X"}]`)
	f, err := Read("x", strings.NewReader(b.String()))
	if err != nil || len(f.Runs) != 1 || len(f.Runs[0].Layers) != 1 || f.Runs[0].Layers[0].Time != 101e-6 {
		t.Errorf("%d events: %v, %+v", events, err, f)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '0'
	}
	return len(p), nil
}

// Whatever is read, nothing panics, and what comes out is finite and not negative.
func FuzzRead(f *testing.F) {
	names, _ := filepath.Glob("testdata/*.*")
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte("[[run]]\nttft = \"1 ms\"\nlayer = [{name=\"a\", time=\"1 us\"}]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Read("fuzz", bytes.NewReader(data))
		if err != nil {
			return
		}
		for _, r := range file.Runs {
			for _, v := range []float64{r.ISL, r.OSL, r.Concurrency, r.Batch, r.Context, float64(r.TTFT), float64(r.TPOT), float64(r.Latency), r.OutputRate, r.RequestRate, r.Spread} {
				if !(v >= 0) || math.IsInf(v, 0) {
					t.Fatalf("%g in %+v", v, r)
				}
			}
		}
	})
}

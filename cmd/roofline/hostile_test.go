package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// hostile is a file that means harm, or was broken on its way, and what is said of it.
type hostile struct {
	file    string // its name tells how it is used, see command
	content []byte
	want    string // in the error
}

// warned reports whether the file only lies beside what is asked about: an answer is given, and the file warned of.
func (h hostile) warned() bool { return strings.Contains(h.file, ".safetensors") }

// mostHostileMemory is what reading a hostile file may allocate in all.
const mostHostileMemory = 64 << 20

// command returns the command line that reads the file.
func (h hostile) command(path string) []string {
	switch {
	case strings.HasPrefix(h.file, "catalog-"):
		return []string{"estimate", "resnet50", "--device", "h100-sxm", "--catalog", path}
	case strings.HasPrefix(h.file, "bench-"):
		return []string{"calibrate", "llama-3.1-8b", "--device", "h100-sxm", "--from", path}
	case strings.HasPrefix(h.file, "trace-"):
		return []string{"estimate", "llama-3.1-8b", "--device", "h100-sxm", "--trace", path}
	case strings.HasPrefix(h.file, "calibration-"):
		return []string{"estimate", "llama-3.1-8b", "--device", "h100-sxm", "--calibration", path}
	case strings.HasPrefix(h.file, "answer-"):
		return []string{"compare", path, path}
	case strings.HasPrefix(h.file, "runs-"):
		return []string{"validate", "--from", path}
	case strings.Contains(h.file, "/"):
		path = filepath.Dir(path)
	}
	return []string{"estimate", path, "--device", "h100-sxm"}
}

// try writes the file, runs its command and returns the exit status, what was said, and what it took.
func (h hostile) try(t testing.TB) (exit int, said string, allocated uint64, took time.Duration) {
	t.Helper()
	path := filepath.Join(t.TempDir(), h.file)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, h.content, 0o644); err != nil {
		t.Fatal(err)
	}
	if h.warned() {
		if err := os.WriteFile(filepath.Join(filepath.Dir(path), "config.json"), llamaConfig(""), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var out, errs bytes.Buffer
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	exit = run(h.command(path), &out, &errs)
	took = time.Since(start)
	runtime.ReadMemStats(&after)
	if out.Len() > 0 && exit != exitAnswered {
		t.Errorf("%s: exit %d, and an answer on standard output", h.file, exit)
	}
	if h.warned() {
		for line := range strings.Lines(out.String()) {
			if strings.HasPrefix(line, "! ") {
				errs.WriteString(line)
			}
		}
	}
	return exit, errs.String(), after.TotalAlloc - before.TotalAlloc, took
}

// TestHostileFiles: each is refused with an error that names the file and what is wrong, at little cost.
func TestHostileFiles(t *testing.T) {
	files := hostileFiles()
	if len(files) < 60 {
		t.Errorf("%d hostile files", len(files))
	}
	var slowest time.Duration
	var most uint64
	for _, h := range files {
		exit, said, allocated, took := h.try(t)
		wantExit, start := exitNoAnswer, "error: "
		if h.warned() {
			wantExit, start = exitAnswered, "! "
		}
		if exit != wantExit || !strings.Contains(said, h.want) || !strings.HasPrefix(said, start) {
			t.Errorf("%s: exit %d, want %q in\n%.400s", h.file, exit, h.want, said)
		}
		if name := filepath.Base(h.file); !strings.Contains(said, name) && !strings.Contains(said, filepath.Dir(h.file)) {
			t.Errorf("%s: not named in\n%.400s", h.file, said)
		}
		if len(said) > 2000 {
			t.Errorf("%s: an error of %d bytes", h.file, len(said))
		}
		if allocated > mostHostileMemory {
			t.Errorf("%s: %d MiB allocated", h.file, allocated>>20)
		}
		slowest, most = max(slowest, took), max(most, allocated)
	}
	t.Logf("%d files, slowest %v, most allocated %.1f MiB", len(files), slowest, float64(most)/(1<<20))
}

// BenchmarkHostileFiles is the time of each refusal.
func BenchmarkHostileFiles(b *testing.B) {
	for _, h := range hostileFiles() {
		b.Run(h.file, func(b *testing.B) {
			for b.Loop() {
				h.try(b)
			}
		})
	}
}

func hostileFiles() []hostile {
	var all []hostile
	for _, files := range [][]hostile{hostileONNX(), hostileConfigs(), hostileGGUF(), hostileSafetensors(), hostileTOML(), hostileRuns(), hostileBenchmarks(), hostileAnswers()} {
		all = append(all, files...)
	}
	return all
}

// field appends a length-delimited protobuf field.
func field(message []byte, number protowire.Number, content []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(message, number, protowire.BytesType), content)
}

// varint appends a protobuf field that holds a number.
func varint(message []byte, number protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(message, number, protowire.VarintType), v)
}

// onnxTensor is a ValueInfoProto of fp32 with the given dimensions.
func onnxTensor(name string, dims ...int64) []byte {
	var shape []byte
	for _, d := range dims {
		shape = field(shape, 1, varint(nil, 1, uint64(d)))
	}
	return field(field(nil, 1, []byte(name)), 2, field(nil, 1, field(varint(nil, 1, 1), 2, shape)))
}

func onnxNode(kind string, in, out []string) []byte {
	var n []byte
	for _, s := range in {
		n = field(n, 1, []byte(s))
	}
	for _, s := range out {
		n = field(n, 2, []byte(s))
	}
	return field(n, 4, []byte(kind))
}

// onnxModel is a ModelProto around the parts of a graph.
func onnxModel(parts ...[]byte) []byte {
	return field(varint(nil, 1, 9), 7, bytes.Join(parts, nil))
}

func hostileONNX() []hostile {
	input, output := field(nil, 11, onnxTensor("x", 1, 3)), field(nil, 12, onnxTensor("y", 1, 3))
	node := func(kind string, in, out []string) []byte { return field(nil, 1, onnxNode(kind, in, out)) }
	weight := func(dims ...int64) []byte {
		var w []byte
		for _, d := range dims {
			w = varint(w, 1, uint64(d))
		}
		return field(nil, 5, field(varint(w, 2, 1), 8, []byte("w")))
	}
	relu := node("Relu", []string{"x"}, []string{"y"})
	fine := onnxModel(input, relu, output)
	deep := relu
	for range 5000 { // a graph in an attribute of a node in a graph …
		deep = field(nil, 1, field(onnxNode("If", []string{"x"}, []string{"y"}), 5, field(varint(field(nil, 1, []byte("then_branch")), 20, 5), 6, deep)))
	}
	whole, err := os.ReadFile("../../model/onnx/testdata/resnet18.onnx")
	if err != nil {
		panic(err)
	}
	return []hostile{
		{"empty.onnx", nil, "empty"},
		{"text.onnx", []byte("this is not a model\n"), "ONNX"},
		{"html.onnx", []byte("<!DOCTYPE html><html><body>404</body></html>"), "ONNX"},
		{"zeros.onnx", make([]byte, 4096), "ONNX"},
		{"noise.onnx", noise(64 << 10), "ONNX"},
		{"half.onnx", whole[:len(whole)/2], "truncated"},
		{"tail.onnx", append(bytes.Clone(fine), 0xff, 0xff, 0xff), "truncated"},
		{"endless-varint.onnx", bytes.Repeat([]byte{0xff}, 64), "ONNX"},
		{"long-field.onnx", append(protowire.AppendTag(nil, 7, protowire.BytesType), 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f), "truncated"},
		{"no-graph.onnx", varint(nil, 1, 9), "graph"},
		{"deep.onnx", onnxModel(input, deep, output), "deep"},
		{"cycle.onnx", onnxModel(input, node("Add", []string{"x", "b"}, []string{"a"}), node("Relu", []string{"a"}, []string{"b"}), node("Relu", []string{"b"}, []string{"y"}), output), "cycle"},
		{"nobody-makes-it.onnx", onnxModel(input, node("Relu", []string{"ghost"}, []string{"y"}), output), "ghost"},
		{"made-twice.onnx", onnxModel(input, relu, relu, output), "y"},
		{"negative-dim.onnx", onnxModel(field(nil, 11, onnxTensor("x", -4, 3)), relu, output), "x"},
		{"huge-dims.onnx", onnxModel(field(nil, 11, onnxTensor("x", math.MaxInt64, math.MaxInt64)), relu, output), "x"},
		{"huge-weight.onnx", onnxModel(input, weight(1<<40, 1<<40), node("MatMul", []string{"x", "w"}, []string{"y"}), output), "w"},
		{"negative-weight.onnx", onnxModel(input, weight(-1, 3), node("MatMul", []string{"x", "w"}, []string{"y"}), output), "w"},
		{"many-dims.onnx", onnxModel(field(nil, 11, onnxTensor("x", make([]int64, 1<<16)...)), relu, output), "x"},
		{"many-nodes.onnx", onnxModel(input, bytes.Repeat(field(nil, 1, nil), 3<<20), output), "nodes"},
	}
}

// noise is the same on every run.
func noise(n int) []byte {
	b := make([]byte, n)
	state := uint32(1)
	for i := range b {
		state = state*1664525 + 1013904223
		b[i] = byte(state >> 24)
	}
	return b
}

// llamaConfig is a configuration that is in order but for what more adds.
func llamaConfig(more string) []byte {
	return []byte(`{"model_type":"llama","architectures":["LlamaForCausalLM"],"hidden_size":4096,"intermediate_size":14336,
"num_hidden_layers":32,"num_attention_heads":32,"num_key_value_heads":8,"vocab_size":128256` + more + `}`)
}

func hostileConfigs() []hostile {
	llama := llamaConfig
	var out []hostile
	for name, c := range map[string]struct{ content, want string }{
		"empty":           {"", "unexpected end"},
		"null":            {"null", "is null"},
		"list":            {"[]", "is []"},
		"cut":             {`{"model_type":"llama","hidden_si`, "unexpected end"},
		"foreign":         {`{"name":"left-pad","version":"1.0.0"}`, "model_type"},
		"unknown-family":  {`{"model_type":"warp-drive","hidden_size":64,"num_hidden_layers":2}`, "warp-drive"},
		"deep":            {strings.Repeat(`{"a":`, 200_000) + "1" + strings.Repeat("}", 200_000), "max depth"},
		"deep-list":       {`{"model_type":"llama","x":` + strings.Repeat("[", 500_000), "max depth"},
		"no-layers":       {string(llama(`,"num_hidden_layers":0`)), "num_hidden_layers"},
		"negative-layers": {string(llama(`,"num_hidden_layers":-3`)), "num_hidden_layers"},
		"many-layers":     {string(llama(`,"num_hidden_layers":2000000000`)), "num_hidden_layers"},
		"infinite":        {string(llama(`,"hidden_size":1e999`)), "hidden_size"},
		"fraction":        {string(llama(`,"num_attention_heads":3.5`)), "num_attention_heads"},
		"words":           {string(llama(`,"vocab_size":"many"`)), "vocab_size"},
		"huge-width":      {string(llama(`,"hidden_size":9223372036854775807`)), "hidden_size"},
		"odd-groups":      {string(llama(`,"num_key_value_heads":5`)), "num_key_value_heads"},
		"binary":          {"\x00\x01\x02\xff\xfe", "not JSON"},
	} {
		out = append(out, hostile{name + "/config.json", []byte(c.content), c.want})
	}
	return out
}

// ggufHeader is magic, version and the two counts.
func ggufHeader(version uint32, tensors, keys uint64) []byte {
	b := append([]byte("GGUF"), binary.LittleEndian.AppendUint32(nil, version)...)
	return binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(b, tensors), keys)
}

func hostileGGUF() []hostile {
	u64, u32 := binary.LittleEndian.AppendUint64, binary.LittleEndian.AppendUint32
	name := func(b []byte, s string) []byte { return append(u64(b, uint64(len(s))), s...) }
	nested := name(ggufHeader(3, 0, 1), "k")
	nested = u32(nested, 9)
	for range 10_000 { // arrays of one array
		nested = u64(u32(nested, 9), 1)
	}
	tensor := func(dims ...uint64) []byte {
		b := name(name(u64(ggufHeader(3, 1, 1), 20), ""), "")[:24]
		b = name(b, "general.architecture")
		b = name(u32(b, 8), "llama")
		b = u32(name(b, "token_embd.weight"), uint32(len(dims)))
		for _, d := range dims {
			b = u64(b, d)
		}
		return u64(u32(b, 0), 0)
	}
	return []hostile{
		{"empty.gguf", nil, "empty"},
		{"magic.gguf", []byte("GGUF"), "truncated"},
		{"text.gguf", []byte("Not Found"), "GGUF"},
		{"version.gguf", ggufHeader(99, 1, 1), "version"},
		{"many-tensors.gguf", ggufHeader(3, 1<<45, 0), "at most 65536"},
		{"many-keys.gguf", ggufHeader(3, 0, 1<<60), "at most 1024"},
		{"long-name.gguf", u64(ggufHeader(3, 0, 1), 1<<62), "truncated or broken"},
		{"long-array.gguf", u64(u32(u32(name(ggufHeader(3, 0, 1), "k"), 9), 4), 1<<61), "truncated"},
		{"nested.gguf", nested, "want numbers or text"},
		{"no-such-type.gguf", u32(name(ggufHeader(3, 0, 1), "k"), 77), "77"},
		{"huge-tensor.gguf", tensor(1<<62, 1<<62), "token_embd.weight"},
		{"many-dims.gguf", tensor(make([]uint64, 5000)...), "want 1 to 4"},
	}
}

func hostileSafetensors() []hostile {
	file := func(header string) []byte {
		return append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header...)
	}
	var out []hostile
	for name, content := range map[string][]byte{
		"empty":     nil,
		"short":     {1, 2, 3},
		"huge":      binary.LittleEndian.AppendUint64(nil, 1<<63),
		"past-end":  binary.LittleEndian.AppendUint64(nil, 1<<20),
		"not-json":  file("hello there"),
		"negative":  file(`{"w":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}`),
		"backwards": file(`{"w":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}`),
		"overflow":  file(`{"w":{"dtype":"F32","shape":[9223372036854775807,4],"data_offsets":[0,8]}}`),
		"no-type":   file(`{"w":{"dtype":"X99","shape":[2],"data_offsets":[0,8]}}`),
		"deep":      file(`{"w":` + strings.Repeat(`[`, 300_000) + `}`),
	} {
		out = append(out, hostile{name + "/model.safetensors", content, "its weights can't be read"})
	}
	return append(out,
		hostile{"outside/model.safetensors.index.json", []byte(`{"weight_map":{"w":"../../../../etc/passwd"}}`), "its weights can't be read"})
}

func hostileTOML() []hostile {
	graph := func(rest string) []byte {
		return []byte("[model]\nname = \"m\"\n" + rest)
	}
	device := func(fields string) []byte { return []byte("[acme-one]\nname = \"Acme One\"\n" + fields) }
	many := new(strings.Builder)
	for i := range 50_000 {
		fmt.Fprintf(many, "a%d=1\n", i)
	}
	return []hostile{
		{"empty.toml", nil, "no [[op]]"},
		{"syntax.toml", graph("name = = 3\n"), "expected value"},
		{"binary.toml", []byte("\x00\xff\xfe"), "NULL"},
		{"unknown-key.toml", graph("flavour = \"strong\"\n"), "unknown key"},
		{"deep.toml", graph("x = " + strings.Repeat("[", 100_000)), "too deep"},
		{"dotted.toml", graph("[" + strings.Repeat("a.", 50_000) + "a]\n"), "too many parts"},
		{"catalog-syntax.toml", device("memory = {"), "memory = {"},
		{"catalog-unit.toml", device("memory = { capacity = \"80 parsecs\" }\n"), "parsecs"},
		{"catalog-nan.toml", device("power = { tdp = nan }\n"), "tdp"},
		{"catalog-negative.toml", device("memory = { bandwidth = \"-3 TB/s\" }\n"), "bandwidth"},
		{"catalog-infinite.toml", device("memory = { bandwidth = \"1e400 TB/s\" }\n"), "bandwidth"},
		{"catalog-deep.toml", device("memory = " + strings.Repeat("[", 100_000)), "too deep"},
		{"catalog-unknown.toml", device("flavour = \"strong\"\n"), "flavour"},
		{"catalog-twice.toml", append(device("kind = \"gpu\"\n"), device("kind = \"gpu\"\n")...), "acme-one"},
		{"many-keys.toml", []byte(many.String()), "unknown key"},
		{"catalog-large.toml", make([]byte, 2<<20), "too large"},
	}
}

func hostileRuns() []hostile {
	rows := func(text string) []byte { return []byte(text) }
	return []hostile{
		{"runs-empty.csv", nil, "table is empty"},
		{"runs-binary.csv", []byte{0, 1, 2, 0xff}, "unknown column"},
		{"runs-foreign.csv", rows("colour,size\nred,3\n"), "colour"},
		{"runs-quote.csv", rows("device,model,quantity,value\n\"h100-sxm,llama-3.1-8b,tpot,5\n"), "value"},
		{"runs-wide.csv", bytes.Repeat([]byte("a,"), 1<<20), "a line of more than"},
		{"runs-long-cell.csv", append([]byte("device\n"), bytes.Repeat([]byte("x"), 4<<20)...), "no column for the measured time"},
	}
}

// hostileBenchmarks are files of measurements to calibrate with, traces and calibrations.
func hostileBenchmarks() []hostile {
	serve := func(fields string) []byte {
		return []byte(`{"backend":"vllm","completed":10,"total_input_tokens":10240,"total_output_tokens":10240,"request_throughput":1,
"total_token_throughput":2048,"output_throughput":1024,"max_concurrency":1` + fields + `}`)
	}
	return []hostile{
		{"bench-empty.json", nil, "the file is empty"},
		{"bench-foreign.json", []byte(`{"foo":1,"bar":2}`), "foo"},
		{"bench-cut.json", []byte(`{"backend":"vllm","completed":1`), "was it cut off"},
		{"bench-deep.json", []byte(strings.Repeat(`{"a":`, 100_000)), "max depth"},
		{"bench-negative.json", serve(`,"median_ttft_ms":-5,"median_tpot_ms":7`), "median_ttft_ms"},
		{"bench-zero.json", serve(`,"median_ttft_ms":30,"median_tpot_ms":0`), "median_tpot_ms"},
		{"bench-infinite.json", serve(`,"median_ttft_ms":30,"median_tpot_ms":1e999`), "want a finite number"},
		{"bench-too-fast.json", serve(`,"median_ttft_ms":30,"median_tpot_ms":0.001`), "faster than the hardware allows"},
		{"bench-noise.bin", noise(64 << 10), "not a benchmark I know"},
		{"trace-empty.csv", nil, "the file is empty"},
		{"trace-negative.csv", []byte("arrival,isl,osl\n0,100,100\n1,-5,100\n"), "want"},
		{"trace-nan.csv", []byte("arrival,isl,osl\n0,NaN,100\n"), "want a number"},
		{"trace-wide.csv", bytes.Repeat([]byte("a,"), 1<<20), "a line of more than"},
		{"trace-long-request.csv", []byte("arrival,isl,osl\n0,1e300,100\n"), "want a whole number of tokens"},
		{"calibration-empty.toml", nil, "lacks schema"},
		{"calibration-foreign.toml", []byte("colour = \"red\"\n"), "colour"},
		{"calibration-dotted.toml", []byte(strings.Repeat("a.", 50_000) + "a = 1\n"), "too many parts"},
		{"calibration-noise.toml", noise(4 << 10), "expected"},
	}
}

// hostileAnswers are files that claim to be answers of this command.
func hostileAnswers() []hostile {
	return []hostile{
		{"answer-empty.json", nil, "not JSON"},
		{"answer-foreign.json", []byte(`{"schema":"someone.else/v1"}`), "someone.else/v1"},
		{"answer-cut.json", []byte(`{"schema":"roofline.estimate/v1","estimates":[`), "not JSON"},
		{"answer-deep.json", []byte(strings.Repeat(`[`, 500_000)), "deeper than 64"},
		{"answer-list.json", []byte(`[1,2,3]`), "not an answer of roofline"},
	}
}

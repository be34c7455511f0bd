package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/jedib0t/go-pretty/v6/text"

	"roofline/cmd/roofline/internal/show"
	"roofline/model/zoo"
)

// answer runs a command line in this process and returns what it printed.
func answer(t testing.TB, want int, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	if code := run(args, &out, &errs); code != want {
		t.Fatalf("roofline %s: exit %d, want %d\n%s", strings.Join(args, " "), code, want, errs.String())
	}
	return out.String()
}

// TestEveryDeviceRunsEveryGraph: a row without an answer says why, and all others are finite and above their bound.
func TestEveryDeviceRunsEveryGraph(t *testing.T) {
	for _, e := range zoo.Graphs() {
		var doc document
		if err := json.Unmarshal([]byte(answer(t, 0, "estimate", e.Name, "--device", "all", "--batch", "1,64", "--format", "json")), &doc); err != nil {
			t.Fatal(err)
		}
		for _, r := range doc.Estimates {
			if r.Unavailable == "" && !(r.Latency.Expected >= r.Latency.Bound && r.Latency.Bound > 0 && r.Latency.High < 1e4) {
				t.Errorf("%s on %s at batch %.0f: %+v", e.Name, r.Device, r.Workload.Batch, r.Latency)
			}
		}
		if len(doc.Estimates) < 100 {
			t.Errorf("%s: %d estimates", e.Name, len(doc.Estimates))
		}
	}
}

// TestLittle checks the identities people multiply out, in JSON and in the table: concurrency · OSL = tokens/s · end to
// end, end to end = TTFT + (OSL−1) · TPOT, and nothing below its bound.
func TestLittle(t *testing.T) {
	same := func(what string, a, b, tolerance float64) {
		t.Helper()
		if math.Abs(a-b) > tolerance*math.Max(math.Abs(a), math.Abs(b)) {
			t.Errorf("%s: %g and %g", what, a, b)
		}
	}
	args := []string{"estimate", "llama-3.1-8b", "--device", "all", "--workload", "2k/300", "--concurrency", "1,7,64,max"}
	var doc document
	if err := json.Unmarshal([]byte(answer(t, 0, append(args, "--format", "json")...)), &doc); err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, e := range doc.Estimates {
		if e.Unavailable != "" {
			continue
		}
		checked++
		e2e := float64(e.Latency.Expected)
		same(e.Device+" Little", e.Workload.Concurrency*e.Workload.OSL, e.Throughput.Value*e2e, 1e-9)
		same(e.Device+" end to end", e2e, float64(e.Prefill.TTFT.Expected)+(e.Workload.OSL-1)*float64(e.Decode.TPOT.Expected), 1e-9)
		for _, b := range []float64{float64(e.Latency.Low), e2e} {
			if b < float64(e.Latency.Bound) {
				t.Errorf("%s: %g s is below the bound %v", e.Device, b, e.Latency.Bound)
			}
		}
		if e.Cost != nil {
			same(e.Device+" cost", float64(e.Cost.Per[0].Value)*e.Throughput.Value*3600/1e6, float64(e.Cost.USDPerHour), 1e-9)
		}
	}
	if checked < 200 {
		t.Errorf("only %d estimates checked", checked)
	}
	rows, err := csv.NewReader(strings.NewReader(answer(t, 0, append(args, "--format", "csv")...))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	column := map[string]int{}
	for i, name := range rows[0] {
		column[name] = i
	}
	checked = 0
	for _, row := range rows[1:] {
		value := func(name string) float64 {
			v, err := strconv.ParseFloat(row[column[name]], 64)
			if err != nil {
				return math.NaN()
			}
			return v
		}
		if users := value("users"); !math.IsNaN(users) {
			checked++
			same(row[0]+" in the table", users*300, value("tok/s")*value("E2E s"), 1e-6)
		}
	}
	if checked < 200 {
		t.Errorf("only %d rows checked", checked)
	}
}

// TestLayersAddUp checks that the total of the layers is their sum, in every quantity, and for the time too.
func TestLayersAddUp(t *testing.T) {
	for _, args := range [][]string{
		{"layers", "resnet50", "--device", "l4", "--batch", "8"},
		{"layers", "mobilenet-v3-large", "--device", "i7-12700h", "--each"},
		{"layers", "llama-3.1-70b", "--device", "h100-sxm", "--tp", "4", "--batch", "3"},
		{"layers", "../../model/onnx/testdata/gru_asr.onnx"},
	} {
		var doc struct {
			Layers []map[string]any   `json:"layers"`
			Total  map[string]float64 `json:"total"`
		}
		if err := json.Unmarshal([]byte(answer(t, 0, append(args, "--format", "json")...)), &doc); err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{"macs", "flops", "weight_bytes", "kv_bytes", "read_bytes", "write_bytes", "time_s"} {
			sum := 0.0
			for _, l := range doc.Layers {
				v, _ := l[key].(float64)
				sum += v
			}
			if want := doc.Total[key]; math.Abs(sum-want) > 1e-9*math.Abs(want) {
				t.Errorf("%v: the %s of the layers add up to %g, the total says %g", args, key, sum, want)
			}
		}
	}
}

// TestWidth keeps text answers within 100 columns for the longest names in the catalog.
func TestWidth(t *testing.T) {
	for _, args := range [][]string{
		{"estimate", "resnet50"}, {"estimate", "llama-3.1-405b"}, {"estimate", "llama-3.1-8b", "--concurrency", "1,max"},
		{"estimate", "llama-3.1-8b", "--phase", "decode"}, {"fit", "llama-3.1-70b", "--device", "all"}, {"catalog", "list"},
		{"layers", "vit-b-16", "--device", "l4"}, {"layers", "llama-3.1-70b", "--device", "h100-sxm", "--tp", "8"}, {"models", "list"},
		{"catalog", "show", "rtx-pro-6000-server"}, {"estimate", "llama-3.1-70b", "--device", "h100-sxm", "--count", "8", "--tp", "4"},
		{"estimate", "llama-3.1-405b", "--tokens", "total"}, {"estimate", "resnet50", "--price", "purchase", "--site", "korea", "--explain"},
		{"estimate", "llama-3.1-70b", "--utilization", "0.37", "--explain"},
		{"sweep", "llama-3.1-405b", "--concurrency", "1,256", "--tp", "8,16", "--dtype", "bf16,int4_g128,nvfp4"}, {"sweep", "resnet50", "--batch", "1,max"},
		{"frontier", "llama-3.1-405b", "--dtype", "bf16,int4_g128"}, {"frontier", "resnet50", "--by", "headroom,energy,devices", "--all"}, {"frontier", "llama-3.1-8b", "--by", "ttft,per-device,power", "--tokens", "total"},
		{"frontier", "llama-3.1-70b", "--tiers", "30,50,75,100"}, {"frontier", "llama-3.1-8b", "--tiers", "10,20,30,40,50", "--dtype", "bf16,int4_g128"},
		{"recommend", "llama-3.1-405b", "--target", "20000tok/s", "--dtype", "bf16,int4_g128"}, {"recommend", "resnet50", "--target", "900kimg/s"},
		{"recommend", "llama-3.1-8b", "--target", "90000tok/s", "--slo", "tpot=20ms", "--price", "purchase", "--device", "rtx-pro*,*super*,jetson*"},
	} {
		for _, line := range strings.Split(answer(t, 0, args...), "\n") {
			if w := text.StringWidthWithoutEscSequences(line); w > show.Width {
				t.Errorf("roofline %s: %d columns: %s", strings.Join(args, " "), w, line)
			}
		}
	}
}

// TestNoNonsense looks for what must never be printed: infinities, NaN, a zero that stands for an unknown price.
func TestNoNonsense(t *testing.T) {
	bad := regexp.MustCompile(`NaN|Inf\b|\$0 |%!|<nil>`)
	for _, args := range [][]string{
		{"estimate", "resnet50"}, {"estimate", "llama-3.1-8b"}, {"estimate", "llama-3.1-8b", "--osl", "1"}, {"fit", "qwen3-8b", "--device", "all"},
		{"estimate", "bert-base", "--batch", "1,max"}, {"catalog", "list"}, {"layers", "bert-base"},
		{"estimate", "llama-3.1-8b", "--price", "purchase", "--site", "korea", "--utilization", "0.5", "--explain"},
		{"sweep", "llama-3.1-8b", "--concurrency", "1,max"}, {"sweep", "resnet50", "--batch", "1,max"},
		{"frontier", "llama-3.1-8b"}, {"frontier", "llama-3.1-8b", "--osl", "1", "--by", "ttft,cost"}, {"frontier", "resnet50"}, {"frontier", "llama-3.1-8b", "--tiers", "30,300"},
		{"recommend", "llama-3.1-8b", "--target", "5000tok/s"}, {"recommend", "llama-3.1-8b", "--target", "5000tok/s", "--osl", "1"}, {"recommend", "resnet50", "--target", "9img/s"},
	} {
		for _, format := range []string{"table", "json", "csv", "markdown"} {
			out := answer(t, 0, append(args, "--format", format)...)
			if found := bad.FindString(out); found != "" {
				t.Errorf("roofline %s --format %s prints %q", strings.Join(args, " "), format, found)
			}
		}
	}
}

// TestDocumented runs every command block of the README and of docs.
func TestDocumented(t *testing.T) {
	files, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	onnx, err := filepath.Abs("../../model/onnx/testdata/resnet18.onnx")
	if err != nil {
		t.Fatal(err)
	}
	run, err := filepath.Abs("../../estimate/benchmark/testdata/vllm_serve.json")
	if err != nil {
		t.Fatal(err)
	}
	stand := strings.NewReplacer("model.onnx", onnx, "vllm-serve.json", run, "my.toml", filepath.Join(t.TempDir(), "my.toml"), "'", "")
	ran := 0
	for _, file := range append(files, "../../README.md") {
		if file == costDoc { // its commands need the file of the page: TestCostDoc
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(string(text), "\n") {
			command, ok := strings.CutPrefix(line, "$ roofline ")
			if !ok || strings.HasPrefix(command, "serve") { // which answers until it is stopped: TestPage…
				continue
			}
			answer(t, 0, strings.Fields(stand.Replace(command))...)
			ran++
		}
	}
	if ran < 8 {
		t.Errorf("only %d commands found", ran)
	}
}

// The answers in the README are what its commands print: go test ./cmd/roofline -run ReadmeAnswers -update
func TestReadmeAnswers(t *testing.T) {
	const file = "../../README.md"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("SOURCE_DATE_EPOCH", "1795305600") // as in the stories
	switch now := withAnswers(t, string(text)); {
	case now == string(text):
	case *update:
		if err := os.WriteFile(file, []byte(now), 0o644); err != nil {
			t.Error(err)
		}
	default:
		t.Error("the README is not what the tool prints: go test ./cmd/roofline -run ReadmeAnswers -update")
	}
}

// withAnswers returns a page with the answers of today under the command of each console block.
func withAnswers(t *testing.T, page string) string {
	t.Helper()
	parts := strings.Split(page, "```console\n")
	if len(parts) < 2 {
		t.Error("the page has no console block")
	}
	for i := 1; i < len(parts); i++ {
		block, after, _ := strings.Cut(parts[i], "```\n")
		first, _, _ := strings.Cut(block, "\n")
		parts[i] = first + "\n" + answer(t, 0, strings.Fields(strings.TrimPrefix(first, "$ roofline "))...) + "```\n" + after
	}
	return strings.Join(parts, "```console\n")
}

// BenchmarkColdStart starts the built command as a user does.
func BenchmarkColdStart(b *testing.B) {
	binary := filepath.Join(b.TempDir(), "roofline")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	for _, args := range [][]string{{"estimate", "resnet50", "--device", "h100-sxm"}, {"estimate", "resnet50"}, {"estimate", "llama-3.1-8b"},
		{"whatif", "llama-3.1-8b", "--device", "h100-sxm"}, {"schema", "estimate"}, {"__complete", "estimate", "llama"}} {
		b.Run(strings.Join(args, "_"), func(b *testing.B) {
			for b.Loop() {
				if err := exec.Command(binary, args...).Run(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkAnswer is a whole command line within a running process.
func BenchmarkAnswer(b *testing.B) {
	for _, args := range [][]string{{"estimate", "resnet50"}, {"estimate", "llama-3.1-8b"}, {"layers", "resnet50"}} {
		b.Run(strings.Join(args, "_"), func(b *testing.B) {
			for b.Loop() {
				answer(b, 0, args...)
			}
		})
	}
}

// TestDocumentedLayers keeps the table of docs/onnx.md equal to what the command prints.
func TestDocumentedLayers(t *testing.T) {
	doc, err := os.ReadFile("../../docs/onnx.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for _, line := range strings.Split(answer(t, 0, "layers", "resnet50", "--device", "a100-sxm-80gb", "--batch", "32", "--each", "--format", "markdown"), "\n") {
		if strings.HasPrefix(line, "|") {
			rows++
			if !strings.Contains(string(doc), line+"\n") {
				t.Errorf("docs/onnx.md lacks the line %s", line)
			}
		}
	}
	if rows < 57 {
		t.Errorf("only %d lines compared", rows)
	}
}

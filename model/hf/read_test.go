package hf

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"roofline/hardware/dtype"
	"roofline/model/transformer"
)

// published are configurations people have; where the checkout does not lie beside the data, the tests over them skip.
const published = "../../../shared/data/configs"

func read(t testing.TB, config string) *transformer.Model {
	t.Helper()
	m, err := Read([]byte(config), "config.json")
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// The parameters of families the built-in models don't cover, from the dimensions of the repository named.
func TestFamilies(t *testing.T) {
	for _, c := range []struct {
		id, config string
		want       float64
	}{
		{"microsoft/phi-2", `{"model_type": "phi", "hidden_size": 2560, "intermediate_size": 10240, "num_hidden_layers": 32,
			"num_attention_heads": 32, "vocab_size": 51200, "partial_rotary_factor": 0.4}`, 2_779_683_840},
		{"EleutherAI/pythia-6.9b", `{"model_type": "gpt_neox", "hidden_size": 4096, "intermediate_size": 16384,
			"num_hidden_layers": 32, "num_attention_heads": 32, "vocab_size": 50432}`, 6_857_302_016},
		{"bigcode/starcoder2-7b", `{"model_type": "starcoder2", "hidden_size": 4608, "intermediate_size": 18432,
			"num_hidden_layers": 32, "num_attention_heads": 36, "num_key_value_heads": 4, "vocab_size": 49152,
			"sliding_window": 4096, "use_bias": true}`, 7_173_923_840},
		{"allenai/OLMo-2-1124-7B", `{"model_type": "olmo2", "hidden_size": 4096, "intermediate_size": 11008,
			"num_hidden_layers": 32, "num_attention_heads": 32, "vocab_size": 100352}`, 7_298_617_344},
		{"CohereForAI/c4ai-command-r-v01", `{"model_type": "cohere", "hidden_size": 8192, "intermediate_size": 22528,
			"num_hidden_layers": 40, "num_attention_heads": 64, "num_key_value_heads": 64, "vocab_size": 256000}`, 34_980_831_232},
		{"google/gemma-7b", `{"model_type": "gemma", "hidden_size": 3072, "intermediate_size": 24576, "num_hidden_layers": 28,
			"num_attention_heads": 16, "num_key_value_heads": 16, "vocab_size": 256000}`, 8_537_680_896},
		{"microsoft/Phi-3-mini-4k-instruct", `{"model_type": "phi3", "hidden_size": 3072, "intermediate_size": 8192,
			"num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 32, "vocab_size": 32064,
			"sliding_window": 2047}`, 3_821_079_552},
	} {
		if got := read(t, c.config).Parameters(); got != c.want {
			t.Errorf("%s: %.0f parameters, want %.0f", c.id, got, c.want)
		}
	}
}

// base is a small Llama, to which tests add what they are about.
const base = `"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 6, "num_attention_heads": 4, "vocab_size": 100,
	"torch_dtype": "bfloat16"`

func TestLayerKinds(t *testing.T) {
	for _, c := range []struct {
		name, config string
		want         []int // layers with a window, layers without
	}{
		{"Llama has no window", `"model_type": "llama", "sliding_window": 8`, []int{0, 6}},
		{"Mistral's is everywhere", `"model_type": "mistral", "sliding_window": 8`, []int{6, 0}},
		{"Mistral without", `"model_type": "mistral", "sliding_window": null`, []int{0, 6}},
		{"Qwen asks for it", `"model_type": "qwen2", "sliding_window": 8, "max_window_layers": 4`, []int{0, 6}},
		{"Qwen above a layer", `"model_type": "qwen2", "sliding_window": 8, "max_window_layers": 4, "use_sliding_window": true`, []int{2, 4}},
		{"Gemma 2 alternates", `"model_type": "gemma2"`, []int{3, 3}},
		{"Gemma 3 has five to one", `"model_type": "gemma3_text"`, []int{5, 1}},
		{"named layers", `"model_type": "qwen3", "sliding_window": 8, "layer_types": ["full_attention", "full_attention",
			"sliding_attention", "full_attention", "sliding_attention", "full_attention"]`, []int{2, 4}},
		{"an unknown family's is believed", `"model_type": "new", "sliding_window": 8`, []int{6, 0}},
	} {
		got := []int{0, 0}
		for _, l := range read(t, "{"+base+", "+c.config+"}").Layers {
			if l.Attention.Window > 0 {
				got[0] += l.Count
			} else {
				got[1] += l.Count
			}
		}
		if got[0] != c.want[0] || got[1] != c.want[1] {
			t.Errorf("%s: %d layers with a window and %d without, want %v", c.name, got[0], got[1], c.want)
		}
	}
}

func TestWarnings(t *testing.T) {
	for _, c := range []struct{ config, want string }{
		{`{"model_type": "llama", ` + base + `}`, ""},
		{`{"model_type": "brand-new", ` + base + `}`, `model_type "brand-new" is not known: read by its dimensions as a model ` +
			`like Llama; compare the number of parameters with the published one`},
		{`{"model_type": "qwen3_vl", "vision_config": {"depth": 24}, "text_config": {` + base + `}}`,
			"only the language model is counted, not what vision_config describes"},
		{`{"model_type": "llama", "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 6, "num_attention_heads": 4,
			"vocab_size": 100}`, "the file gives no dtype: bf16 weights are assumed; --dtype changes it"},
	} {
		if got := strings.Join(read(t, c.config).Warnings, "\n"); got != c.want {
			t.Errorf("%s\n  warns %q\n  want  %q", c.config, got, c.want)
		}
	}
}

func TestPythonNumbers(t *testing.T) {
	m := read(t, `{"model_type": "llama", "time_step_limit": [0.0, Infinity, -Infinity, NaN], "note": "\"Infinity", `+base+`}`)
	if m.Hidden != 64 {
		t.Errorf("hidden size %d, want 64", m.Hidden)
	}
}

func TestReadFile(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "my-model")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "config.json")
	if err := os.WriteFile(path, []byte(`{"model_type": "llama", `+base+`}`), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{folder, folder + "/", path} {
		m, err := ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		if m.Name != "my-model" {
			t.Errorf("%s: named %q, want my-model", p, m.Name)
		}
	}
	if _, err := ReadFile(filepath.Join(folder, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
	if err := os.WriteFile(path, make([]byte, maxSize+1), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadFile(path); err == nil || err.Error() != path+": too large for a configuration: want at most 8 MiB" {
		t.Errorf("huge file: %v", err)
	}
}

// seed adds an input of ordinary size: the mutator spends its time copying larger ones.
func seed(f *testing.F, data []byte) {
	if len(data) < 16<<10 {
		f.Add(data)
	}
}

func FuzzRead(f *testing.F) {
	for _, pattern := range []string{published + "/*.json", "../zoo/configs/*.json"} {
		paths, _ := filepath.Glob(pattern)
		for _, path := range paths {
			data, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			seed(f, data)
		}
	}
	for _, c := range []string{qwen3Next, glmAir, whisperLarge} {
		seed(f, []byte(c))
	}
	for _, c := range bad {
		seed(f, []byte(c.config))
	}
	for _, c := range quantized {
		f.Add([]byte(`{"model_type": "llama", ` + base + `, "quantization_config": ` + c.config + `}`))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := Read(data, "fuzz")
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("an error of several lines: %q", err)
			}
			return
		}
		if n := m.Parameters(); !(n > 0 && n < 1e30) {
			t.Errorf("%v parameters", n)
		}
		p, err := m.Plan(transformer.Formats{}, 1)
		if err != nil {
			t.Fatal(err)
		}
		if b := p.WeightBytes(); !(b > 0 && b < 1e30) {
			t.Errorf("%v of weights", b)
		}
		if n := len(p.Decode(nil, 1, 1)); n == 0 || n > p.Len() {
			t.Errorf("%d entries to decode with", n)
		}
		if b := m.KVBytes(1000, dtype.BF16); !(b >= 0 && b < 1e30) {
			t.Errorf("%v of cache", b)
		}
	})
}

func BenchmarkRead(b *testing.B) {
	data, err := os.ReadFile("../zoo/configs/llama-3.1-8b.json")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Read(data, "llama-3.1-8b"); err != nil {
			b.Fatal(err)
		}
	}
}

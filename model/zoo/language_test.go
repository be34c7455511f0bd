package zoo

import (
	"math"
	"strings"
	"testing"

	"roofline/hardware/dtype"
	"roofline/model/transformer"
)

func TestLanguageParameters(t *testing.T) {
	for _, e := range Language() {
		m, err := e.Model()
		if err != nil {
			t.Errorf("%s: %v", e.Name, err)
			continue
		}
		if got := m.Parameters(); got != e.Parameters {
			t.Errorf("%s: %.0f parameters, want %.0f", e.Name, got, e.Parameters)
		}
		if m.Name != e.Name {
			t.Errorf("%s: model is named %q", e.Name, m.Name)
		}
		// Two counts that share nothing: the sum over the tensors, and the bytes the plan's operations hold.
		bf16 := transformer.Formats{Weights: dtype.BF16}
		if got, want := float64(m.WeightBytes(bf16)), 2*e.Parameters; got != want {
			t.Errorf("%s: %.0f weight bytes in bf16, want %.0f", e.Name, got, want)
		}
		// Chosen experts are a product of probabilities, so the last digits are rounded.
		if got, want := float64(m.StepWeightBytes(bf16)), 2*m.ActiveParameters(); math.Abs(got-want) > 1e-12*want {
			t.Errorf("%s: a step reads %.0f weight bytes in bf16, want %.0f", e.Name, got, want)
		}
	}
}

func TestFindLanguage(t *testing.T) {
	for name, want := range map[string]string{
		"llama-3.1-8b":                     "llama-3.1-8b",
		"LLAMA_3.1 8B":                     "llama-3.1-8b",
		"meta-llama/Llama-3.1-8B":          "llama-3.1-8b",
		"meta-llama/Llama-3.1-8B-Instruct": "llama-3.1-8b",
		"Qwen/Qwen3-32B":                   "qwen3-32b",
		"Qwen3-32B":                        "qwen3-32b",
		"google/gemma-3-27b-it":            "gemma-3-27b",
		"meta-llama/Llama-2-7b-hf":         "llama-2-7b",
	} {
		e, ok := FindLanguage(name)
		if !ok || e.Name != want {
			t.Errorf("FindLanguage(%q) = %v, %v, want %s", name, e, ok, want)
		}
	}
	for _, name := range []string{"", "llama", "Qwen/Llama-3.1-8B"} {
		if e, ok := FindLanguage(name); ok {
			t.Errorf("FindLanguage(%q) = %s, want none", name, e.Name)
		}
	}
}

// Every name is one model's only, and every name that is offered is found.
func TestLanguageNames(t *testing.T) {
	seen := map[string]string{}
	for _, name := range LanguageNames() {
		e, ok := FindLanguage(name)
		if !ok {
			t.Fatalf("%q is offered, but not found", name)
		}
		if other, dup := seen[languageKey(name)]; dup && other != e.Name {
			t.Errorf("%q names %s and %s", name, other, e.Name)
		}
		seen[languageKey(name)] = e.Name
	}
	known := 0
	for _, e := range Language() {
		if e.ID == "" || e.Source == "" {
			t.Errorf("%s: no id or source", e.Name)
		}
		if !strings.Contains(e.Source, "unverified") {
			known++
		}
	}
	if known < 40 {
		t.Errorf("%d models by their published files, want at least 40", known)
	}
}

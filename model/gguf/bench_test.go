package gguf

import (
	"fmt"
	"testing"
)

// llama70B is a header as large as they come in practice: a vocabulary of 128 256 tokens and 280 147 merges.
func llama70B() *builder {
	m := llama8B(80)
	m.Hidden, m.Layers[0].Attention.Heads, m.Layers[0].MLP.Intermediate = 8192, 64, 28_672
	b := build(m, "llama", false, q4km)
	tokens := make([]string, m.Vocab)
	for i := range tokens {
		tokens[i] = fmt.Sprintf("tok%d", i)
	}
	merges := make([]string, 280_147)
	for i := range merges {
		merges[i] = fmt.Sprintf("ab%d cd", i)
	}
	return b.key("tokenizer.ggml.tokens", tokens).key("tokenizer.ggml.token_type", make([]int, m.Vocab)).key("tokenizer.ggml.merges", merges)
}

func Test70B(t *testing.T) {
	b := llama70B()
	f, err := Open(b.write(t, t.TempDir(), "70b.gguf"))
	if err != nil {
		t.Fatal(err)
	}
	if f.Parameters() != 70_553_706_496 || float64(f.Bytes()) != b.bytes {
		t.Errorf("%.0f parameters in %.0f bytes, want 70553706496 in %.0f", f.Parameters(), float64(f.Bytes()), b.bytes)
	}
}

func BenchmarkReadFile(b *testing.B) {
	path := llama70B().write(b, b.TempDir(), "70b.gguf")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ReadFile(path); err != nil {
			b.Fatal(err)
		}
	}
}

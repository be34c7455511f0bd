package gguf

import (
	"testing"

	reference "github.com/gpustack/gguf-parser-go"
)

// Another reader, maintained by people who run these files, sees the same tensors, formats and sizes.
func TestReference(t *testing.T) {
	every := new(builder).key("general.architecture", "llama")
	for kind, f := range formats {
		if f.block > 0 {
			every.tensor(f.String(), uint32(kind), 512, 3, 2)
		}
	}
	for name, b := range map[string]*builder{
		"every format": every,
		"tiny":         tiny(),
		"Q4_K_M":       build(llama8B(32), "llama", false, q4km).tensor("rope_freqs.weight", f32, 64),
		"vocabulary":   tiny().key("tokenizer.ggml.tokens", []string{"a", "", "ü"}).key("tokenizer.ggml.scores", []int{1, 2, 3}),
	} {
		t.Run(name, func(t *testing.T) {
			path := b.write(t, t.TempDir(), "x.gguf")
			got, err := Open(path)
			if err != nil {
				t.Fatal(err)
			}
			want, err := reference.ParseGGUFFile(path, reference.SkipLargeMetadata())
			if err != nil {
				t.Fatal(err)
			}
			if len(got.Tensors) != len(want.TensorInfos) || float64(got.Bytes()) != float64(want.TensorInfos.Bytes()) {
				t.Fatalf("%d tensors of %.0f bytes, want %d of %d", len(got.Tensors), float64(got.Bytes()), len(want.TensorInfos), want.TensorInfos.Bytes())
			}
			for i, w := range want.TensorInfos {
				if g := got.Tensors[i]; g.Name != w.Name || uint64(g.Elements()) != w.Elements() || uint64(g.Bytes) != w.Bytes() {
					t.Errorf("%s: %d elements in %d bytes, want %s: %d in %d", g.Name, g.Elements(), g.Bytes, w.Name, w.Elements(), w.Bytes())
				}
			}
		})
	}
}

package gguf

import "testing"

// FuzzRead reads headers before a hole as large as they ask for. What makes a model accounts for every weight.
func FuzzRead(f *testing.F) {
	f.Add(tiny().header())
	f.Add(tiny().tensor("rope_freqs.weight", f32, 64).key("general.alignment", 64).header())
	f.Add(tiny().key("llama.attention.sliding_window", 8).key("llama.attention.sliding_window_pattern", []bool{true}).header())
	f.Add(tiny().key("tokenizer.ggml.tokens", []string{"a", "b"}).key("split.count", 3).key("split.tensors.count", int64(-1)).header())
	f.Add(older().header())
	f.Add(tiny().counted(1<<63, 1<<45))
	f.Add([]byte("GGUF\x00\x00\x00\x03"))
	f.Fuzz(func(t *testing.T, header []byte) {
		p, err := readPart(sparse(header), 1<<50)
		if err != nil {
			return
		}
		file, err := join([]*part{p})
		if err != nil {
			return
		}
		if m, err := file.Model(); err == nil && m.Parameters() != file.Parameters() {
			t.Errorf("the model has %.0f parameters, the file %.0f", m.Parameters(), file.Parameters())
		}
	})
}

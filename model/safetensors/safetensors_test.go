package safetensors

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"roofline/hardware/dtype"
)

// builder writes headers. The data of the tensors is never there: files are sparse.
type builder struct {
	entries []string
	end     int
}

// tensor adds a tensor that takes bits for an element.
func (b *builder) tensor(name, format string, bits int, shape ...int) *builder {
	size := bits
	for _, n := range shape {
		size *= n
	}
	dims, _ := json.Marshal(append([]int{}, shape...))
	return b.raw(`%q:{"dtype":%q,"shape":%s,"data_offsets":[%d,%d]}`, name, format, dims, b.end, b.end+size/8).grow(size / 8)
}

func (b *builder) grow(n int) *builder {
	b.end += n
	return b
}

// raw adds an entry as it is.
func (b *builder) raw(format string, args ...any) *builder {
	b.entries = append(b.entries, fmt.Sprintf(format, args...))
	return b
}

// file returns the length and the header, padded with spaces as the reference implementation does.
func (b *builder) file() []byte {
	header := "{" + strings.Join(b.entries, ",") + "}"
	header += strings.Repeat(" ", (8-len(header)%8)%8)
	return append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header...)
}

func (b *builder) size() int64 { return int64(len(b.file()) + b.end) }

// write makes a file of the right size with a hole for the data.
func (b *builder) write(t testing.TB, dir, name string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, b.file(), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, b.size()); err != nil {
		t.Fatal(err)
	}
	return path
}

// layer adds the tensors of a Llama-3 layer.
func (b *builder) layer(i, hidden, kv, intermediate int) *builder {
	for _, t := range []struct {
		name    string
		out, in int
	}{
		{"self_attn.q_proj", hidden, hidden}, {"self_attn.k_proj", kv, hidden}, {"self_attn.v_proj", kv, hidden}, {"self_attn.o_proj", hidden, hidden},
		{"mlp.gate_proj", intermediate, hidden}, {"mlp.up_proj", intermediate, hidden}, {"mlp.down_proj", hidden, intermediate},
	} {
		b.tensor(fmt.Sprintf("model.layers.%d.%s.weight", i, t.name), "BF16", 16, t.out, t.in)
	}
	b.tensor(fmt.Sprintf("model.layers.%d.input_layernorm.weight", i), "BF16", 16, hidden)
	return b.tensor(fmt.Sprintf("model.layers.%d.post_attention_layernorm.weight", i), "BF16", 16, hidden)
}

// llama70B writes the 30 shards of Llama-3.1-70B and their index into a folder.
func llama70B(t testing.TB, dir string) {
	t.Helper()
	const shards = 30
	where := make(map[string]string)
	for s := range shards {
		b := new(builder).raw(`"__metadata__":{"format":"pt"}`)
		for i := s * 80 / shards; i < (s+1)*80/shards; i++ {
			b.layer(i, 8192, 1024, 28_672)
		}
		switch s {
		case 0:
			b.tensor("model.embed_tokens.weight", "BF16", 16, 128_256, 8192)
		case shards - 1:
			b.tensor("lm_head.weight", "BF16", 16, 128_256, 8192).tensor("model.norm.weight", "BF16", 16, 8192)
		}
		name := fmt.Sprintf("model-%05d-of-%05d.safetensors", s+1, shards)
		b.write(t, dir, name)
		for _, e := range b.entries[1:] {
			tensor, _, _ := strings.Cut(e[1:], `"`)
			where[tensor] = name
		}
	}
	writeIndex(t, dir, where)
}

func writeIndex(t testing.TB, dir string, where map[string]string) {
	t.Helper()
	text, err := json.MarshalIndent(map[string]any{"metadata": map[string]any{"total_size": 1, "more": []any{nil, true, 1e9}}, "weight_map": where}, "", "  ")
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, indexName), text, 0o666)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestFolder(t *testing.T) {
	dir := t.TempDir()
	llama70B(t, dir)
	check := func(x *Index, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		if x.Parameters() != 70_553_706_496 || x.Bytes() != 2*70_553_706_496 || len(x.Tensors) != 723 || x.Name != filepath.Base(dir) {
			t.Errorf("%s: %.0f parameters in %.0f bytes of %d tensors, want 70553706496 in twice as many of 723",
				x.Name, x.Parameters(), float64(x.Bytes()), len(x.Tensors))
		}
		head, ok := x.Tensor("lm_head.weight")
		if !ok || head.File != "model-00030-of-00030.safetensors" || head.Elements() != 128_256*8192 || head.DType != dtype.BF16 {
			t.Errorf("the head is %+v", head)
		}
		if s := x.ByDType(); len(s) != 1 || s[0] != (Share{dtype.BF16, 723, 70_553_706_496, 2 * 70_553_706_496}) {
			t.Errorf("by format %+v", s)
		}
		layer := x.ParametersWhere(func(t *Tensor) bool { return strings.HasPrefix(t.Name, "model.layers.7.") })
		if want := 2*8192.0*8192 + 2*1024*8192 + 3*28_672*8192 + 2*8192; layer != want {
			t.Errorf("a layer has %.0f parameters, want %.0f", layer, want)
		}
	}
	check(ReadFile(dir))
	os.Remove(filepath.Join(dir, indexName))
	check(ReadFile(dir))
}

func TestSingleFile(t *testing.T) {
	dir := t.TempDir()
	b := new(builder).raw(`"__metadata__":{"format":"pt","note":"quo\"te \\"}`).tensor("a", "F32", 32, 3, 5).tensor("scalar", "F64", 64).tensor("empty", "F16", 16, 0, 4)
	path := b.tensor("caf\u00e9\n", "F4", 4, 2, 3).write(t, dir, wholeName)
	for _, p := range []string{path, dir} {
		x, err := ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		if x.Parameters() != 15+1+6 || x.Bytes() != 60+8+3 {
			t.Errorf("%v parameters in %v bytes, want 22 in 71", x.Parameters(), x.Bytes())
		}
		if _, ok := x.Tensor("café\n"); !ok {
			t.Error("an escaped name is not found")
		}
	}
}

// What a quantised layer of 256 outputs and 1024 inputs has in the files of the usual quantisers: 262 144 weights.
func TestQuantized(t *testing.T) {
	for _, c := range []struct {
		name  string
		file  *builder
		bytes float64 // by hand: packed weights, and what belongs to them
	}{
		{"AWQ", new(builder).tensor("l.qweight", "I32", 32, 1024, 32).tensor("l.qzeros", "I32", 32, 8, 32).tensor("l.scales", "F16", 16, 8, 256),
			1024*32*4 + 8*32*4 + 8*256*2},
		{"GPTQ 4", new(builder).tensor("l.qweight", "I32", 32, 128, 256).tensor("l.qzeros", "I32", 32, 8, 32).tensor("l.scales", "F16", 16, 8, 256).
			tensor("l.g_idx", "I32", 32, 1024), 128*256*4 + 8*32*4 + 8*256*2 + 1024*4},
		{"GPTQ 8", new(builder).tensor("l.qweight", "I32", 32, 256, 256).tensor("l.qzeros", "I32", 32, 8, 64).tensor("l.scales", "F16", 16, 8, 256),
			256*256*4 + 8*64*4 + 8*256*2},
		{"compressed-tensors", new(builder).tensor("l.weight_packed", "I32", 32, 256, 128).tensor("l.weight_scale", "BF16", 16, 256, 32).
			tensor("l.weight_shape", "I64", 64, 2), 256*128*4 + 256*32*2 + 16},
		{"fp8 block", new(builder).tensor("l.weight", "F8_E4M3", 8, 256, 1024).tensor("l.weight_scale_inv", "F32", 32, 2, 8), 256*1024 + 2*8*4},
		{"modelopt nvfp4", new(builder).tensor("l.weight", "U8", 8, 256, 512).tensor("l.weight_scale", "F8_E4M3", 8, 256, 64).
			tensor("l.weight_scale_2", "F32", 32).tensor("l.input_scale", "F32", 32), 256*512 + 256*64 + 8},
		{"mxfp4", new(builder).tensor("l_blocks", "U8", 8, 256, 32, 16).tensor("l_scales", "U8", 8, 256, 32), 256*32*16 + 256*32},
		{"bnb nf4", new(builder).tensor("l.weight", "U8", 8, 131_072, 1).tensor("l.weight.absmax", "U8", 8, 4096).tensor("l.weight.quant_map", "F32", 32, 16).
			tensor("l.weight.quant_state.bitsandbytes__nf4", "U8", 8, 100), 131_072 + 4096 + 64 + 100},
		{"GPT-2's masks", new(builder).tensor("h.0.attn.c_attn.weight", "F32", 32, 256, 1024).tensor("h.0.attn.bias", "F32", 32, 1, 1, 64, 64),
			256*1024*4 + 64*64*4},
	} {
		x, err := ReadFile(c.file.write(t, t.TempDir(), "x.safetensors"))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if x.Parameters() != 256*1024 || float64(x.Bytes()) != c.bytes {
			t.Errorf("%s: %.0f parameters in %.0f bytes, want %d in %.0f", c.name, x.Parameters(), float64(x.Bytes()), 256*1024, c.bytes)
		}
	}
}

func BenchmarkReadFolder(b *testing.B) {
	dir := b.TempDir()
	llama70B(b, dir)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ReadFile(dir); err != nil {
			b.Fatal(err)
		}
	}
}

// A header of 100 000 tensors, as a mixture of many experts has them in all its shards.
func BenchmarkReadExperts(b *testing.B) {
	file := new(builder)
	for i := range 100_000 {
		file.tensor(fmt.Sprintf("model.layers.%d.mlp.experts.%d.down_proj.weight", i/256, i%256), "F8_E4M3", 8, 7168, 2048)
	}
	path := file.write(b, b.TempDir(), "x.safetensors")
	b.SetBytes(int64(len(file.file())))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ReadFile(path); err != nil {
			b.Fatal(err)
		}
	}
}

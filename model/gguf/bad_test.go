package gguf

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// sparse is a file whose bytes after the header are zero.
type sparse []byte

func (s sparse) ReadAt(p []byte, off int64) (int, error) {
	n := 0
	if off < int64(len(s)) {
		n = copy(p, s[off:])
	}
	clear(p[n:])
	return len(p), nil
}

// tiny is a whole model in few bytes.
func tiny() *builder {
	m := llama8B(1)
	m.Hidden, m.Vocab, m.Layers[0].MLP.Intermediate = 256, 4, 512
	m.Layers[0].Attention.Heads, m.Layers[0].Attention.KVHeads = 2, 1
	return build(m, "llama", false, plain(q4_k))
}

func TestTruncated(t *testing.T) {
	b := tiny()
	header := b.header()
	for n := range header {
		for _, size := range []int64{int64(n), b.size()} { // the size it is known to have, or had when it was opened
			if _, err := readPart(bytes.NewReader(header[:n]), size); err == nil {
				t.Fatalf("a header cut at byte %d of %d is read", n, len(header))
			}
		}
	}
	if _, err := readPart(sparse(header), b.size()-1); err == nil || !strings.Contains(err.Error(), "truncated: the tensors reach to byte") {
		t.Errorf("data cut by one byte: %v", err)
	}
}

// Headers that are broken or made to exhaust something: an error in a line, and little memory, however large the file.
func TestHostile(t *testing.T) {
	u32, u64 := binary.LittleEndian.AppendUint32, binary.LittleEndian.AppendUint64
	array := func(kind valueType, n uint64) []byte {
		b := new(builder)
		return u64(u32(u32(b.str(nil, "k"), uint32(typeArray)), uint32(kind)), n)
	}
	keys := func(raw []byte) []byte { return (&builder{keys: raw, nKeys: 1}).header() }
	tensors := func(raw []byte) []byte { return (&builder{tensors: raw, nTens: 1}).header() }
	with := func(change func(*builder)) []byte { b := tiny(); change(b); return b.header() }
	for _, c := range []struct {
		name string
		file []byte
		want string
	}{
		{"empty", nil, "it is empty"},
		{"text", []byte("<!DOCTYPE html><html>"), `starts with "<!DOCTYPE html><"`},
		{"LFS pointer", []byte("version https://git-lfs.github.com/spec/v1\n"), "git lfs pull"},
		{"GGJT", []byte("tjgg\x03\x00\x00\x00"), "convert it to GGUF"},
		{"version 1", u32([]byte("GGUF"), 1), "version 1 is not read"},
		{"version 4", u32([]byte("GGUF"), 4), "version 4 is not known"},
		{"big-endian", []byte("GGUF\x00\x00\x00\x03"), "big-endian"},
		{"tensors 2⁶³", tiny().counted(1<<63, 1), "9223372036854775808 tensors: want at most"},
		{"tensors −1", tiny().counted(math.MaxUint64, 1), "18446744073709551615 tensors"},
		{"keys 2⁴⁵", tiny().counted(1, 1<<45), "35184372088832 keys: want at most"},
		{"key of 2⁶³ bytes", keys(u64(nil, 1<<63)), "truncated|longer than"},
		{"key of 1 MiB", keys(u64(nil, 1<<20)), "a key at byte 24 is 1048576 bytes long: want at most 256|truncated"},
		{"text of 2⁶⁴−1 bytes", keys(u64(u32((&builder{}).str(nil, "k"), 8), math.MaxUint64)), "truncated|longer than"},
		{"value of type 13", keys(u32((&builder{}).str(nil, "k"), 13)), `key "k" has a value of unknown type 13`},
		{"array of 2⁶¹ numbers", keys(array(typeUint64, 1<<61)), "array of 2305843009213693952 elements"},
		{"array of 2⁴⁰ bytes", keys(array(typeUint8, 1<<40)), "truncated|longer than"},
		{"array of 2⁴⁰ strings", keys(array(typeString, 1<<40)), "1099511627776 strings: want at most"},
		{"array of arrays", keys(array(typeArray, 1)), "array of type 9: want numbers or text"},
		{"deep arrays", keys(append(array(typeArray, 1), bytes.Repeat(u64(u32(nil, 9), 1), 1<<16)...)), "array of type 9"},
		{"key twice", with(func(b *builder) { b.key("general.architecture", "llama") }), "is there twice"},
		{"alignment 0", with(func(b *builder) { b.key("general.alignment", 0) }), "general.alignment is 0: want a power of two"},
		{"alignment 24", with(func(b *builder) { b.key("general.alignment", 24) }), "general.alignment is 24"},
		{"alignment NaN", with(func(b *builder) { b.key("general.alignment", float32(math.NaN())) }), "general.alignment is NaN"},
		{"tensor name of 2⁴⁰ bytes", tensors(u64(nil, 1<<40)), "truncated|longer than"},
		{"2³² dimensions", tensors(append(u32((&builder{}).str(nil, "x"), math.MaxUint32), make([]byte, 64)...)), "has 4294967295 dimensions: want 1 to 4"},
		{"no dimensions", with(func(b *builder) { b.raw("x", f32, b.next) }), "has 0 dimensions"},
		{"dimension 0", with(func(b *builder) { b.raw("x", f32, b.next, 0) }), "a dimension of 0"},
		{"dimension −1", with(func(b *builder) { b.raw("x", f32, b.next, -1) }), "a dimension of 18446744073709551615"},
		{"2³⁰ · 2³⁰", with(func(b *builder) { b.raw("x", f32, b.next, 1<<30, 1<<30) }), "a dimension of 1073741824"},
		{"unknown type", with(func(b *builder) { b.raw("x", 99, b.next, 256) }), "the unknown type 99"},
		{"type no longer written", with(func(b *builder) { b.raw("x", 31, b.next, 256) }), "the unknown type 31"},
		{"odd rows", with(func(b *builder) { b.raw("x", q4_k, b.next, 100) }), "rows of 100 elements: q4_k comes in blocks of 256"},
		{"overlap", with(func(b *builder) { b.raw("x", f32, 0, 256) }), "begins at byte 0 of the data: want"},
		{"offset 2⁶³", with(func(b *builder) { b.raw("x", f32, 1<<63, 256) }), "begins at byte 9223372036854775808"},
	} {
		for _, size := range []int64{int64(len(c.file)), 1 << 50} {
			if c.name == "empty" {
				size = 0
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := readPart(sparse(c.file), size)
			runtime.ReadMemStats(&after)
			if err == nil {
				t.Errorf("%s: no error", c.name)
				continue
			}
			found := false
			for want := range strings.SplitSeq(c.want, "|") {
				found = found || strings.Contains(err.Error(), want)
			}
			if message := err.Error(); !found || strings.Contains(message, "\n") || len(message) > 200 {
				t.Errorf("%s, %d bytes: %q, want %q", c.name, size, message, c.want)
			}
			if used := after.TotalAlloc - before.TotalAlloc; used > 1<<20 {
				t.Errorf("%s: %d bytes allocated", c.name, used)
			}
		}
	}
}

// As many tensors and keys as are allowed, with names as long as they may be.
func TestLargestHeader(t *testing.T) {
	b := new(builder)
	numbers := make([]int, maxLayers)
	for i := range maxKeys {
		b.key(strings.Repeat("k", maxName-8)+string(binary.LittleEndian.AppendUint64(nil, uint64(i))), numbers)
	}
	for i := range maxTensors {
		b.tensor(strings.Repeat("t", maxName-8)+string(binary.LittleEndian.AppendUint64(nil, uint64(i))), f32, 1, 1, 1, 1)
	}
	header, size := b.header(), b.size()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	p, err := readPart(sparse(header), size)
	runtime.ReadMemStats(&after)
	if err != nil || len(p.tensors) != maxTensors {
		t.Fatal(err)
	}
	if used := after.HeapAlloc - before.HeapAlloc; after.HeapAlloc > before.HeapAlloc && used > 64<<20 {
		t.Errorf("%d MiB in use", used>>20)
	}
	t.Logf("%d MiB allocated for a header of %d MiB", (after.TotalAlloc-before.TotalAlloc)>>20, len(header)>>20)
}

// Whole headers that don't make a model.
func TestRefused(t *testing.T) {
	arch := func(b *builder, old, new string) *builder {
		b.keys = bytes.ReplaceAll(b.keys, []byte(old), []byte(new))
		return b
	}
	for _, c := range []struct {
		name  string
		model *builder
		want  string
	}{
		{"no architecture", new(builder).key("general.name", "x"), "general.architecture is missing"},
		{"architecture is a number", new(builder).key("general.architecture", 1), "general.architecture is missing"},
		{"no keys", new(builder).key("general.architecture", "llama"), "llama.embedding_length is missing"},
		{"tensor twice", tiny().tensor("output_norm.weight", f32, 256), "tensor \"output_norm.weight\" is there twice"},
		{"experts without a router", tiny().tensor("blk.0.ffn_gate_exps.weight", q4_k, 256, 512, 8), "no place in the model, such as blk.0.ffn_gate_exps.weight"},
		{"a router without experts", tiny().tensor("blk.0.ffn_gate_inp.weight", f32, 256, 8), "llama.expert_count is missing"},
		{"too many experts a token", tiny().tensor("blk.0.ffn_gate_inp.weight", f32, 256, 8).key("llama.expert_count", 8).key("llama.expert_used_count", 9),
			"expert_used_count is 9: want at most expert_count, 8"},
		{"latent attention without a rank", tiny().tensor("blk.0.attn_kv_a_mqa.weight", q4_k, 256, 576), "llama.attention.kv_lora_rank is missing"},
		{"Mamba", tiny().tensor("blk.0.ssm_in.weight", q4_k, 256, 576), "a state-space model is not read yet"},
		{"multi-token prediction", tiny().tensor("blk.1.nextn.eh_proj.weight", q4_k, 512, 256), "multi-token prediction is not read yet"},
		{"unknown tensor", tiny().tensor("blk.0.attn_sub_norm.weight", f32, 2), "no place in the model, such as blk.0.attn_sub_norm.weight"},
		{"a layer too many", tiny().tensor("blk.1.attn_norm.weight", f32, 256), "such as blk.1.attn_norm.weight"},
		{"other heads", arch(tiny(), "head_count_kv\x04\x00\x00\x00\x01", "head_count_kv\x04\x00\x00\x00\x02"),
			"blk.0.attn_k.weight is 256 × 128, and the model's keys say 256 × 256"},
		{"no heads", arch(tiny(), "head_count\x04\x00\x00\x00\x02", "head_count\x04\x00\x00\x00\x00"), "head_count is 0: want a whole number from 1 to 65536"},
		{"absurd layers", arch(tiny(), "block_count\x04\x00\x00\x00\x01\x00\x00\x00", "block_count\x04\x00\x00\x00\xff\xff\xff\xff"),
			"llama.block_count is 4.294967295e+09: want a whole number from 1 to 1000"},
		{"layers missing", arch(tiny(), "block_count\x04\x00\x00\x00\x01", "block_count\x04\x00\x00\x00\x02"), "tensor blk.1.attn_q.weight is missing"},
		{"other width of values", tiny().key("llama.attention.value_length", 64), "value_length 64 is not read yet"},
		{"pattern", tiny().key("llama.attention.sliding_window", 8).key("llama.attention.sliding_window_pattern", []bool{true, false}),
			"sliding_window_pattern has 2 entries: want 1"},
	} {
		_, err := ReadFile(c.model.write(t, t.TempDir(), "x.gguf"))
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "x.gguf: ") {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	if _, err := ReadFile(t.TempDir()); err == nil || !strings.HasSuffix(err.Error(), "not a file") {
		t.Errorf("a folder: %v", err)
	}
	if m, err := ReadFile(arch(tiny(), "llama", "lambd").write(t, t.TempDir(), "x.gguf")); err != nil || len(m.Warnings) == 0 ||
		!strings.Contains(m.Warnings[0], `"lambd" is not known`) {
		t.Errorf("an unknown architecture with known tensors: %v, %+v", err, m)
	}
}

// split writes a model in three files.
func split(t *testing.T, dir string) string {
	whole := build(llama8B(2), "llama", false, q4km)
	parts := []*builder{whole, new(builder), new(builder)}
	total := int(whole.nTens) + 2
	parts[1].tensor("output.bias", f32, 128_256)
	parts[2].tensor("blk.0.attn_output.bias", f32, 4096)
	var first string
	for i, b := range parts {
		b.key("split.no", uint16(i)).key("split.count", uint16(3)).key("split.tensors.count", total)
		path := b.write(t, dir, []string{"m-00001-of-00003.gguf", "m-00002-of-00003.gguf", "m-00003-of-00003.gguf"}[i])
		if i == 0 {
			first = path
		}
	}
	return first
}

func TestSplit(t *testing.T) {
	dir := t.TempDir()
	first := split(t, dir)
	second := filepath.Join(dir, "m-00002-of-00003.gguf")
	for _, path := range []string{first, second} {
		f, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if f.Name != "m" || f.Architecture != "llama" || len(f.Tensors) != 23 {
			t.Errorf("%s of %s with %d tensors, want m of llama with 23", f.Name, f.Architecture, len(f.Tensors))
		}
	}
	fails := func(what, path, want string) {
		t.Helper()
		if _, err := Open(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", what, err, want)
		}
	}
	move := func(from, to string) {
		t.Helper()
		if err := os.Rename(from, to); err != nil {
			t.Fatal(err)
		}
	}
	aside := filepath.Join(dir, "aside.gguf")
	move(second, aside)
	fails("a file is missing", first, "m-00002-of-00003.gguf: not there, and the model is split into 3 files")
	fails("another name", aside, "want it named like NAME-00001-of-00003.gguf")
	move(aside, filepath.Join(dir, "m-00002-of-00004.gguf"))
	fails("another count", filepath.Join(dir, "m-00002-of-00004.gguf"), "the name says 4 files, the header 3")

	third := filepath.Join(dir, "m-00003-of-00003.gguf")
	copied, err := os.ReadFile(third)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(second, copied, 0o666); err != nil {
		t.Fatal(err)
	}
	fails("the third file twice", first, "its header says it is split 3 of 3: want 2 of 3")

	// The counts that make other readers panic.
	for _, n := range []int64{-1, 1 << 45} {
		b := new(builder).key("general.architecture", "llama").key("split.count", uint16(3)).key("split.no", uint16(0))
		path := b.key("split.tensors.count", n).write(t, dir, "n-00001-of-00003.gguf")
		fails("missing", path, "n-00002-of-00003.gguf: not there")
		for i := range uint16(2) {
			new(builder).key("split.count", uint16(3)).key("split.no", i+1).write(t, dir, []string{"n-00002-of-00003.gguf", "n-00003-of-00003.gguf"}[i])
		}
		fails("count of tensors", path, "and the 3 files have 0 tensors")
		os.Remove(filepath.Join(dir, "n-00002-of-00003.gguf"))
	}
	b := new(builder).key("general.architecture", "llama").key("split.count", int64(1)<<40)
	fails("2⁴⁰ files", b.write(t, dir, "o-00001-of-00002.gguf"), "the name says 2 files, the header 1.099511627776e+12: want the same, up to 1000")
}

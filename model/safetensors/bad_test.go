package safetensors

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// sparse is a file whose bytes after the header are spaces.
type sparse []byte

func (s sparse) ReadAt(p []byte, off int64) (int, error) {
	n := 0
	if off < int64(len(s)) {
		n = copy(p, s[off:])
	}
	for i := n; i < len(p); i++ {
		p[i] = ' '
	}
	return len(p), nil
}

func tiny() *builder {
	return new(builder).raw(`"__metadata__":{"format":"pt"}`).tensor("a", "BF16", 16, 3, 5).tensor("b", "F32", 32, 7)
}

func TestTruncated(t *testing.T) {
	b := tiny()
	file := append(b.file(), make([]byte, b.end)...)
	if _, err := readHeader(bytes.NewReader(file), b.size()); err != nil {
		t.Fatal(err)
	}
	for n := range file {
		if _, err := readHeader(bytes.NewReader(file[:n]), int64(n)); err == nil {
			t.Errorf("a file cut at byte %d of %d is read", n, len(file))
		}
	}
	for n := range b.file() { // a file that shrinks after it was opened
		if _, err := readHeader(bytes.NewReader(file[:n]), b.size()); err == nil {
			t.Errorf("a header cut at byte %d of %d is read", n, len(b.file()))
		}
	}
}

// Headers that are broken or made to exhaust something: an error in a line, and little memory.
func TestHostile(t *testing.T) {
	header := func(text string) []byte {
		return append(binary.LittleEndian.AppendUint64(nil, uint64(len(text))), text...)
	}
	entry := func(dtype, shape, offsets string) []byte {
		return header(fmt.Sprintf(`{"x":{"dtype":%q,"shape":%s,"data_offsets":%s}}`, dtype, shape, offsets))
	}
	length := func(n uint64) []byte { return append(binary.LittleEndian.AppendUint64(nil, n), '{') }
	deep := strings.Repeat(`[`, 1<<20)
	for _, c := range []struct {
		name string
		file []byte
		want string
	}{
		{"empty", nil, "not a safetensors file: it has 0 bytes"},
		{"short", []byte("123"), "it has 3 bytes"},
		{"LFS pointer", []byte("version https://git-lfs.github.com/spec/v1\n"), "git lfs pull"},
		{"header of 2⁶³ bytes", length(1 << 63), "9223372036854775808 bytes, want at most 100000000"},
		{"header of 2⁶⁴−1 bytes", length(math.MaxUint64), "18446744073709551615 bytes"},
		{"header of 100 MB", length(maxHeader), "truncated: the header has 100000000 bytes"},
		{"no object", header(`[]`), "want '{'"},
		{"no end", header(`{"x":{`), "it ends too early"},
		{"more", header(`{} {}`), "'{' after the end"},
		{"no comma", header(`{"a":{} "b":{}}`), `tensor "a": want dtype, shape and data_offsets`},
		{"entry is a number", header(`{"x":1}`), "'1': want '{'"},
		{"metadata is a list", header(`{"__metadata__":[]}`), "'[': want '{'"},
		{"deep metadata", header(`{"__metadata__":{"a":` + deep), "nested deeper than 8"},
		{"deep shape", header(`{"x":{"shape":` + deep), "want a whole number"},
		{"name of 1 MiB", header(`{"` + strings.Repeat("x", 1<<20) + `":{}}`), "a string of more than 1024 bytes"},
		{"metadata of 1 MiB", header(`{"__metadata__":{"a":"` + strings.Repeat(`\"`, 1<<19) + `"}`), "it ends too early"},
		{"bad escape", header(`{"\x":{}}`), "a malformed string"},
		{"not UTF-8", header("{\"\xff\":{}}"), "not UTF-8"},
		{"line break in a name", header("{\"a\nb\":{}}"), "a malformed string"},
		{"dtype twice", header(`{"x":{"dtype":"F32","dtype":"F32"}}`), `"dtype", which is unknown or there twice`},
		{"unknown field", header(`{"x":{"path":"/etc/passwd"}}`), `tensor "x" has "path"`},
		{"unknown dtype", entry("F3", "[]", "[0,4]"), `the unknown dtype "F3"`},
		{"negative dimension", entry("F32", "[-1]", "[0,4]"), "'-': want a whole number, not negative"},
		{"fraction", entry("F32", "[1.5]", "[0,4]"), "'.': want ',' or ']'"},
		{"2⁶³", entry("F32", "[9223372036854775808]", "[0,4]"), "a number beyond 9007199254740992"},
		{"2⁵² · 2⁵²", entry("F32", "[4503599627370496,4503599627370496]", "[0,4]"), "another size"},
		{"65 dimensions", entry("F32", "["+strings.Repeat("1,", 64)+"1]", "[0,4]"), "a list of more than 16 numbers"},
		{"wrong size", entry("F32", "[2]", "[0,4]"), "tensor \"x\" of fp32 [2] has data_offsets [0 4], which is another size"},
		{"backwards", entry("F32", "[1]", "[4,0]"), "another size"},
		{"one offset", entry("F32", "[1]", "[4]"), "two data_offsets"},
		{"half a byte", entry("F4", "[3]", "[0,1]"), "another size"},
		{"gap", entry("F32", "[1]", "[4,8]"), "begins at byte 4 of the data: want 0"},
		{"out of range", entry("F32", "[1]", "[9007199254740000,9007199254740004]"), "begins at byte 9007199254740000"},
		{"overlap", tiny().raw(`"c":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}`).file(), "want 4, where the one before it ends|want 30"},
	} {
		for _, size := range []int64{int64(len(c.file)), int64(len(c.file)) + 8} {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := readHeader(bytes.NewReader(c.file), size)
			runtime.ReadMemStats(&after)
			found := false
			for want := range strings.SplitSeq(c.want, "|") {
				found = found || err != nil && strings.Contains(err.Error(), want)
			}
			if !found || strings.Contains(err.Error(), "\n") || len(err.Error()) > 250 {
				t.Errorf("%s: %v, want %q", c.name, err, c.want)
			}
			if used := after.TotalAlloc - before.TotalAlloc; used > 1<<20 {
				t.Errorf("%s: %d bytes allocated", c.name, used)
			}
		}
	}
	if _, err := readHeader(sparse(length(maxHeader)), math.MaxInt64); err == nil || !strings.Contains(err.Error(), "too early") {
		t.Errorf("100 MB of spaces: %v", err)
	}
}

func TestBadFolders(t *testing.T) {
	dir := t.TempDir()
	fails := func(what, want string) {
		t.Helper()
		if x, err := ReadFile(dir); err == nil || x != nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", what, err, want)
		}
	}
	if _, err := ReadFile(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an empty folder: %v, want one that says it is not there", err)
	}
	tiny().write(t, dir, "model-00001-of-00002.safetensors")
	fails("half a model", "1 of 2 shards are there")
	tiny().write(t, dir, "model-00002-of-00002.safetensors")
	fails("the same twice", `tensor "a" is there twice, the first time in model-00001-of-00002.safetensors`)

	new(builder).tensor("c", "F32", 32, 4).write(t, dir, "model-00002-of-00002.safetensors")
	writeIndex(t, dir, map[string]string{"a": "model-00001-of-00002.safetensors", "c": "model-00001-of-00002.safetensors"})
	fails("elsewhere", `tensor "c" is not in model-00001-of-00002.safetensors`)
	for _, path := range []string{"model-00003-of-00003.safetensors", "../secret.safetensors", filepath.Join(dir, "model-00001-of-00002.safetensors"), ""} {
		writeIndex(t, dir, map[string]string{"a": path})
		fails(path, "is not in the folder, and model.safetensors.index.json lists it")
	}
	for text, want := range map[string]string{
		`{}`: "weight_map is missing", `{"weight_map":[]}`: "want '{'", `{"weight_map":{"a":1}}`: `want '"'`, ``: "it ends too early",
		`{"metadata":` + strings.Repeat("[", 1<<16): "nested deeper",
	} {
		if err := os.WriteFile(filepath.Join(dir, indexName), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		fails(text, want)
	}
	os.Truncate(filepath.Join(dir, indexName), maxIndex+1)
	fails("a large index", "want at most 256 MiB")
}

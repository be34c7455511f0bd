package deploy

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"roofline/model"
)

const config = `{"model_type":"llama","architectures":["LlamaForCausalLM"],"hidden_size":64,"intermediate_size":256,"num_hidden_layers":2,
"num_attention_heads":4,"num_key_value_heads":2,"vocab_size":1000,"max_position_embeddings":2048,"torch_dtype":"bfloat16"}`

// TestMemoryAsDisk: a file in memory is the same model as the file on disk.
func TestMemoryAsDisk(t *testing.T) {
	net := `
name = "net"
[[input]]
name = "x"
shape = [1, 8]
[[op]]
kind = "Relu"
`
	for name, content := range map[string]string{"tiny_config.json": config, "net.toml": net} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		disk, err := Disk{}.Model(path, model.Bindings{})
		if err != nil {
			t.Fatal(err)
		}
		memory, err := Memory{name: {Data: []byte(content), Size: int64(len(content))}}.Model(name, model.Bindings{})
		if err != nil {
			t.Fatal(err)
		}
		if memory.Name() != disk.Name() || memory.Parameters() != disk.Parameters() {
			t.Errorf("%s: %s with %g parameters in memory, %s with %g on disk", name, memory.Name(), memory.Parameters(), disk.Name(), disk.Parameters())
		}
	}
}

// TestMemoryLeavesDisk: a name that could be a path of the machine reads nothing of it.
func TestMemoryLeavesDisk(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	if err := os.WriteFile("there_config.json", []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll("llama-3.1-8b", 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"there_config.json", filepath.Join(dir, "there_config.json"), "../there_config.json", ".", "/etc/passwd"} {
		if _, err := (Memory{}).Model(name, model.Bindings{}); err == nil {
			t.Errorf("%s: read from disk", name)
		}
	}
	if _, err := (Memory{}).Read("there_config.json"); err == nil {
		t.Error("Read: read from disk")
	}
	if _, err := (Memory{}).TOML(dir); err == nil {
		t.Error("TOML: read from disk")
	}
	if l, err := (Memory{}).Model("llama-3.1-8b", model.Bindings{}); err != nil || l.Language == nil {
		t.Errorf("a built-in model, a folder of that name beside: %v", err)
	}
}

// TestBeginningOfFile: of a file whose beginning is there, what is beyond is an error and not silence.
func TestBeginningOfFile(t *testing.T) {
	f := &File{Data: []byte("0123"), Size: 100}
	if _, err := f.ReadAt(make([]byte, 8), 0); err == nil || !strings.Contains(err.Error(), "first 4 bytes") {
		t.Errorf("reading beyond what is there: %v", err)
	}
	if n, err := f.ReadAt(make([]byte, 2), 1); n != 2 || err != nil {
		t.Errorf("reading what is there: %d, %v", n, err)
	}
}

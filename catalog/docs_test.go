package catalog

import (
	"os"
	"strings"
	"testing"
)

// Every TOML block of docs/catalog.md must be right, and the error message there the one people get.
func TestDocs(t *testing.T) {
	text, err := os.ReadFile("../docs/catalog.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(text), "```toml\n")[1:]
	if len(blocks) < 5 {
		t.Errorf("%d blocks", len(blocks))
	}
	for _, b := range blocks {
		b, _, _ = strings.Cut(b, "```")
		if err := Default().Overlay("docs/catalog.md", []byte(b)); err != nil {
			t.Error(err)
		}
	}
	err = Default().Overlay("my.toml", []byte(strings.Repeat("\n", 10)+"[nvidia-t4.memory]\nbandwidth       = \"3.35\"\n"))
	for _, line := range strings.Split(err.Error(), "\n") {
		if !strings.Contains(string(text), "    "+line+"\n") {
			t.Errorf("docs/catalog.md does not have the line %q", line)
		}
	}
}

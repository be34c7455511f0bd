package source

import (
	"strings"
	"testing"
	"testing/fstest"
)

func TestLoadRefuses(t *testing.T) {
	const device = "[x-1]\nkind = \"gpu\"\nmemory = { bandwidth = \"1 TB/s\" }\nmatrix = {}\n"
	for _, c := range []struct {
		files map[string]string
		want  string
	}{
		{map[string]string{"devices/a.toml": device}, ""},
		{map[string]string{"devices/a.toml": device, "devices/b.toml": device}, `device "x-1" is in the catalog twice`},
		{map[string]string{"devices/a.toml": device + "architecture = \"y\"\n"}, `device "x-1": no architecture "y" in the catalog`},
		{map[string]string{"prices/a.toml": "provider = \"P\"\n[[instance]]\nid = \"i\"\ndevices = { y = 1 }\nspot = \"1 USD/h\"\n"}, `P i: no device "y" in the catalog`},
		{map[string]string{"devices/a.toml": "[x-1]\n"}, "devices/a.toml:1:1: x-1 lacks kind"},
		{map[string]string{"devices/a.toml": "["}, "devices/a.toml:1:"},
		{map[string]string{"sources.toml": "[a]\nwere = \"x\"\n"}, `sources.toml:2:1: unknown key "a.were", did you mean "where"?`},
	} {
		dir := fstest.MapFS{"sources.toml": {Data: []byte("version = \"2026-11\"\n")}}
		for name, text := range c.files {
			dir[name] = &fstest.MapFile{Data: []byte(text)}
		}
		_, err := Load(dir)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.HasPrefix(err.Error(), c.want)) {
			t.Errorf("%v: got %v, want %s", c.files, err, c.want)
		}
	}
}

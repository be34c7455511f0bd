package document

import (
	"strings"
	"testing"
)

func TestLocate(t *testing.T) {
	text := `top = 1
"quoted key" = 'literal'
a.b.c = "dotted"
[table]   # comment with [brackets] = "x"
inline = { x = "one", y.z = [ 1, 2.5 , { deep = true } ] }
long = """first
second "quoted" """
dates = 2026-07-20 07:00:00
[[list]]
id = 1
[list.sub]
key = 1
[[list]]
id = 2
[list.sub]
key = 2
[spread]
rows = [
  { id = 1 },   # one
  { id = 22 },
]
`
	places := locate(text)
	for _, c := range []struct{ path, want string }{
		{"=top", "1"},
		{"=quoted key", "literal"},
		{"a b", "b"},
		{"=a b c", "dotted"},
		{"table", "[table]"},
		{"=table inline x", "one"},
		{"=table inline y z #1", "2.5"},
		{"=table inline y z #2 deep", "true"},
		{"=table long", "first\nsecond \"quoted\" "},
		{"=table dates", "2026-07-20 07:00:00"},
		{"=list #0 id", "1"},
		{"=list #1 id", "2"},
		{"=list #0 sub key", "1"},
		{"=list #1 sub key", "2"},
		{"=spread rows #1 id", "22"},
		{"spread rows #1", "{ id = 22 }"},
	} {
		path := strings.ReplaceAll(c.path, " ", "\x00")
		if c.path == "=quoted key" {
			path = c.path
		}
		p, ok := places[path]
		if !ok || text[p.start:p.start+p.length] != c.want {
			t.Errorf("%s: %q (%v), want %q", c.path, text[p.start:p.start+p.length], ok, c.want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"deep", "a = " + strings.Repeat("[", 1000), "f.toml:1:69: values nest too deep"},
		{"dotted", strings.Repeat("a.", 1000) + "a = 1", "f.toml:1:130: the key has too many parts"},
		{"large", strings.Repeat("#\n", MaxSize/2+1), "f.toml:1:1: too large: want at most 512 KiB"},
		{"not TOML", "\x00\x01", "f.toml:1:1: "},
		{"not UTF-8", "a = \"\xff\"", "f.toml:1:5: invalid UTF-8 byte: 0xff"},
		{"duplicate key", "a = 1\na = 2\n", "f.toml:2:1: "},
	} {
		_, err := Parse("f.toml", []byte(c.text))
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: got %.200v, want %s", c.name, err, c.want)
		}
	}
	if _, err := Parse("f.toml", []byte("a = \"[[[\" # [[[\n"+"b = '''"+strings.Repeat("[", 100)+"'''\n")); err != nil {
		t.Errorf("brackets in strings and comments: %v", err)
	}
}

func TestSnippetOfLongLine(t *testing.T) {
	d, err := Parse("f.toml", []byte("e = 'é'\nlist = [ "+strings.Repeat(`"filler", `, 30)+`{ wrong = 1 }, `+strings.Repeat(`"filler", `, 30)+"]\n"))
	if err != nil {
		t.Fatal(err)
	}
	d.Root().Tables("list")
	e := Problems(d.Err())[0]
	for _, line := range strings.Split(e.Snippet, "\n") {
		if n := len([]rune(line)); n > snippetWidth+10 {
			t.Errorf("a snippet line of %d characters", n)
		}
	}
	if e.Line != 2 || e.Column != 8 {
		t.Errorf("place: %d:%d", e.Line, e.Column)
	}
	e = d.errorAt(place{320, 5})
	if !strings.HasPrefix(e.Snippet, "    2 | …") || !strings.Contains(e.Snippet, "^^^^^") {
		t.Errorf("snippet:\n%s", e.Snippet)
	}
}

func TestNearest(t *testing.T) {
	keys := []string{"bandwidth", "capacity", "nominal", "kind", "tdp"}
	for word, want := range map[string]string{"bandwith": "bandwidth", "Bandwidth": "bandwidth", "capcity": "capacity", "kidn": "kind", "colour": "", "tpd": "tdp"} {
		if got := Nearest(word, keys); got != want {
			t.Errorf("%s: %q, want %q", word, got, want)
		}
	}
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "abc", 3}, {"kitten", "sitting", 3}, {"ab", "ba", 1}, {"same", "same", 0}, {"é", "e", 1}} {
		if got := Distance(c.a, c.b); got != c.want {
			t.Errorf("%s, %s: %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

// The scanner must come to an end on anything, TOML or not.
func FuzzLocate(f *testing.F) {
	for _, s := range []string{"a = 1", "[a]\nb = {c = [1, {d = 2}]}", "[[a]]\n[[a.b]]\nc = '''x'''", "a = \"\\", "a = [", "=", "a..b = {", "[a.\"b", "a = '''x''''' }"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if CheckDepth("f.toml", text) != nil {
			return
		}
		for _, p := range locate(text) {
			if p.start < 0 || p.length < 0 || p.start+p.length > len(text) {
				t.Fatalf("place %v outside of %d bytes", p, len(text))
			}
		}
	})
}

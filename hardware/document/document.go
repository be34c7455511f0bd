// Package document reads TOML files that people edit and says exactly what is wrong with them, and where.
//
// [Parse] checks the syntax, [Table.Decode] fills structs by their toml tags. A table is decoded over what the struct
// already holds, so a file that names one field changes only that field. Nothing is guessed: a key nobody knows, a value
// of another type and a quantity without unit are problems. Problems are collected, with their place in the file, until
// [Document.Err] is asked.
package document

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// Document is one parsed file and the problems found in it so far.
type Document struct {
	File string

	text     string
	root     map[string]any
	keys     map[string][]string // table path -> its keys in the order of the file
	places   map[string]place    // built at the first problem
	problems []*Error
}

// MaxSize is the size from which a file is refused: the largest reasonable one is ten times smaller.
const MaxSize = 512 << 10

// maxProblems bounds how many problems of one file are told.
const maxProblems = 20

// Parse reads a TOML file. The name is used in messages only.
func Parse(file string, data []byte) (*Document, error) {
	d := &Document{File: file, text: string(data)}
	if len(data) > MaxSize {
		return nil, &Error{File: file, Line: 1, Column: 1, Length: 1, Message: "too large", Want: "at most 512 KiB"}
	}
	if err := CheckDepth(file, d.text); err != nil {
		return nil, err
	}
	meta, err := toml.Decode(d.text, &d.root)
	if err != nil {
		return nil, d.syntaxError(err)
	}
	d.keys = map[string][]string{}
	seen := map[string]bool{}
	for _, k := range meta.Keys() {
		for i := range k {
			if full := join(k[:i+1]); !seen[full] {
				seen[full] = true
				parent := join(k[:i])
				d.keys[parent] = append(d.keys[parent], k[i])
			}
		}
	}
	return d, nil
}

func (d *Document) syntaxError(err error) error {
	var parse toml.ParseError
	if !errors.As(err, &parse) {
		return &Error{File: d.File, Line: 1, Column: 1, Length: 1, Message: err.Error()}
	}
	start := min(max(parse.Position.Start, 0), len(d.text))
	e := d.errorAt(place{start, min(max(parse.Position.Len, 1), len(d.text)-start)})
	e.Key = parse.LastKey
	e.Message = strings.TrimSuffix(lowerFirst(parse.Message), ".")
	return e
}

func lowerFirst(s string) string {
	if len(s) > 1 && s[0] >= 'A' && s[0] <= 'Z' && (s[1] < 'A' || s[1] > 'Z') {
		return strings.ToLower(s[:1]) + s[1:]
	}
	return s
}

// Root returns the table that is the whole file.
func (d *Document) Root() Table { return Table{doc: d, values: d.root} }

// Err returns the problems found, in the order of the file: nil, one *[Error], or several joined.
func (d *Document) Err() error {
	if len(d.problems) == 0 {
		return nil
	}
	slices.SortStableFunc(d.problems, func(a, b *Error) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	if len(d.problems) == 1 {
		return d.problems[0]
	}
	errs := make([]error, len(d.problems))
	for i, p := range d.problems {
		errs[i] = p
	}
	return errors.Join(errs...)
}

// Table is one table of a document.
type Table struct {
	doc    *Document
	path   []string // from the root; elements of arrays are "#0", "#1" …
	shown  int      // how many leading parts of the path messages leave out
	values map[string]any
}

// Keys returns the table's keys in the order of the file.
func (t Table) Keys() []string {
	path := make([]string, 0, len(t.path))
	for _, p := range t.path {
		if !strings.HasPrefix(p, "#") {
			path = append(path, p)
		}
	}
	var keys []string
	for _, k := range t.doc.keys[join(path)] { // of all elements of an array
		if _, ok := t.values[k]; ok {
			keys = append(keys, k)
		}
	}
	if len(keys) < len(t.values) { // tables in arrays in arrays: order by name
		keys = keys[:0]
		for k := range t.values {
			keys = append(keys, k)
		}
		slices.Sort(keys)
	}
	return keys
}

// Has reports whether the file gives a value for a key.
func (t Table) Has(key string) bool { _, ok := t.values[key]; return ok }

// IsTable reports whether the value of a key is a table.
func (t Table) IsTable(key string) bool { _, ok := t.values[key].(map[string]any); return ok }

// Table returns the table at a key; if the value is something else, that is a problem and the result is empty.
func (t Table) Table(key string) Table {
	sub := Table{doc: t.doc, path: t.child(key), shown: t.shown}
	switch v := t.values[key].(type) {
	case map[string]any:
		sub.values = v
	case nil:
	default:
		t.Bad(key, "a table such as { key = value }")
	}
	return sub
}

// Tables returns the tables of the array at a key, written [[key]] or as an array of inline tables.
func (t Table) Tables(key string) []Table {
	value, ok := t.values[key]
	if !ok {
		return nil
	}
	var out []Table
	element := func(i int, m map[string]any) {
		out = append(out, Table{doc: t.doc, path: append(t.child(key), fmt.Sprintf("#%d", i)), shown: t.shown, values: m})
	}
	switch list := value.(type) {
	case []map[string]any:
		for i, m := range list {
			element(i, m)
		}
		return out
	case []any:
		for i, v := range list {
			m, ok := v.(map[string]any)
			if !ok {
				t.Bad(key, "a list of tables such as [ { key = value } ]")
				return nil
			}
			element(i, m)
		}
		return out
	}
	t.Bad(key, "a list of tables such as [ { key = value } ]")
	return nil
}

// Topic returns the same table as the topic of messages: they name keys from here on, not from the root.
func (t Table) Topic() Table {
	t.shown = len(t.path)
	return t
}

func (t Table) child(key string) []string { return append(slices.Clone(t.path), key) }

// label is how messages call a key of the table: memory.bandwidth, link[2].kind.
func (t Table) label(key string) string {
	path := t.path
	if key != "" {
		path = t.child(key)
	}
	var b strings.Builder
	for _, p := range path[min(t.shown, len(path)):] {
		switch {
		case strings.HasPrefix(p, "#"):
			var n int
			fmt.Sscanf(p[1:], "%d", &n)
			fmt.Fprintf(&b, "[%d]", n+1)
		case b.Len() > 0:
			b.WriteString("." + p)
		default:
			b.WriteString(p)
		}
	}
	return b.String()
}

func join(path []string) string { return strings.Join(path, "\x00") }

package document

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Error is one problem of a file: where it is, what is wrong and what would be right.
type Error struct {
	File    string
	Line    int // from 1
	Column  int // from 1, in characters
	Length  int // of what is wrong, in characters
	Key     string
	Message string // what is wrong, such as: memory.bandwidth "3.35"
	Want    string // what would be right, such as: a number with unit such as "3.35 TB/s"; may be empty
	Snippet string // the line with its number, and a second line of carets
}

// Summary returns the problem without its place: memory.bandwidth "3.35": want a number with unit such as "3.35 TB/s".
func (e *Error) Summary() string {
	if e.Want == "" {
		return e.Message
	}
	return e.Message + ": want " + e.Want
}

// Error returns the place, the problem, and the line of the file with the problem underlined.
func (e *Error) Error() string {
	s := fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Summary())
	if e.Snippet != "" {
		s += "\n" + e.Snippet
	}
	return s
}

// Bad reports the value of a key as wrong and says what would be right.
func (t Table) Bad(key, want string) { t.report(key, "", want) }

// Badly is Bad with a reason: is negative, has the unknown unit "TBs".
func (t Table) Badly(key, reason, want string) { t.report(key, reason, want) }

func (t Table) report(key, reason, want string) {
	if t.doc.full() {
		return
	}
	e := t.doc.errorAt(t.doc.place(t.child(key), true))
	e.Key = t.label(key)
	e.Message = e.Key
	if shown := show(t.values[key]); shown != "" {
		e.Message += " " + shown
	}
	if reason != "" {
		e.Message += " " + reason
	}
	e.Want = want
	t.doc.add(e)
}

// Unknown reports a key nobody knows; the known ones give the did-you-mean.
func (t Table) Unknown(key string, known []string) {
	if t.doc.full() {
		return
	}
	e := t.doc.errorAt(t.doc.place(t.child(key), false))
	e.Key = t.label(key)
	e.Message = fmt.Sprintf("unknown key %q", e.Key)
	if near := Nearest(key, known); near != "" {
		e.Message += fmt.Sprintf(", did you mean %q?", near)
	} else {
		known = slices.Sorted(slices.Values(known))
		if len(known) <= 20 {
			e.Want = "one of " + strings.Join(known, ", ")
		}
	}
	t.doc.add(e)
}

// Missing reports that the table lacks a key it needs.
func (t Table) Missing(key, want string) {
	if t.doc.full() {
		return
	}
	e := t.doc.errorAt(t.doc.place(t.path, false))
	e.Key = t.label(key)
	name := t.path
	if t.shown > 0 {
		name = t.path[:t.shown]
	}
	for len(name) > 0 && strings.HasPrefix(name[len(name)-1], "#") {
		name = name[:len(name)-1]
	}
	e.Message = fmt.Sprintf("%s lacks %s", strings.Join(name, "."), e.Key)
	if len(name) == 0 {
		e.Message = "the file lacks " + e.Key
	}
	e.Want = want
	t.doc.add(e)
}

// Fail reports any other problem of a key's value, or of the whole table if the key is "".
func (t Table) Fail(key, message string) {
	if t.doc.full() {
		return
	}
	path := t.path
	if key != "" {
		path = t.child(key)
	}
	e := t.doc.errorAt(t.doc.place(path, key != ""))
	e.Key, e.Message = t.label(key), message
	t.doc.add(e)
}

// At returns an error without a message at a value of the table, by the keys that lead to it ("#0" is the first of a
// list); where the file does not have it, at the nearest table around it. The document does not keep it: it is for
// those who judge values after reading them.
func (t Table) At(keys ...string) *Error {
	path := slices.Concat(t.path, keys)
	e := t.doc.errorAt(t.doc.place(path, true))
	e.Key = strings.Join(keys, ".")
	return e
}

// add keeps a problem, one per place: what follows from the first would only confuse.
func (d *Document) add(e *Error) {
	for _, p := range d.problems {
		if p.Line == e.Line && p.Column == e.Column {
			return
		}
	}
	d.problems = append(d.problems, e)
}

// full reports that enough problems were found: finding the places of more would take time for nothing.
func (d *Document) full() bool { return len(d.problems) >= maxProblems }

// show prints a value as the file has it, if it is short.
func show(v any) string {
	switch v := v.(type) {
	case string:
		if len(v) > 60 || !utf8.ValidString(v) {
			return fmt.Sprintf("%.60q…", v)
		}
		return fmt.Sprintf("%q", v)
	case int64, float64, bool:
		return fmt.Sprint(v)
	}
	return ""
}

const (
	snippetWidth = 100 // longer lines are cut
	snippetLead  = 40  // what stays of a long line before the problem
)

// errorAt returns an error at a place of the file, with line, column and snippet.
func (d *Document) errorAt(p place) *Error {
	start := min(max(p.start, 0), len(d.text))
	lineStart := strings.LastIndexByte(d.text[:start], '\n') + 1
	line := d.text[lineStart:]
	if end := strings.IndexByte(line, '\n'); end >= 0 {
		line = line[:end]
	}
	line = strings.TrimSuffix(line, "\r")
	e := &Error{
		File:   d.File,
		Line:   strings.Count(d.text[:lineStart], "\n") + 1,
		Column: utf8.RuneCountInString(d.text[lineStart:start]) + 1,
	}
	inLine := min(start-lineStart, len(line))
	e.Length = max(utf8.RuneCountInString(line[inLine:min(inLine+max(p.length, 0), len(line))]), 1)
	runes := []rune(strings.ToValidUTF8(strings.Map(printable, line), "·"))
	at := min(e.Column-1, len(runes))
	before, after := runes[:at], runes[at:]
	cut := false
	if len(runes) > snippetWidth && len(before) > snippetLead {
		before, cut = before[len(before)-snippetLead:], true
	}
	if room := snippetWidth - len(before); len(after) > room {
		after = append(slices.Clone(after[:room]), '…')
	}
	lead := ""
	if cut {
		lead = "…"
	}
	carets := min(e.Length, max(len(after), 1))
	e.Snippet = fmt.Sprintf("%5d | %s%s%s\n%s%s", e.Line, lead, string(before), string(after),
		strings.Repeat(" ", 8+len([]rune(lead))+len(before)), strings.Repeat("^", carets))
	return e
}

func printable(r rune) rune {
	if r < ' ' || r == 0x7f {
		return ' '
	}
	return r
}

// Problems returns the single problems of an error of [Document.Err].
func Problems(err error) []*Error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var out []*Error
		for _, e := range joined.Unwrap() {
			out = append(out, Problems(e)...)
		}
		return out
	}
	var e *Error
	if errors.As(err, &e) {
		return []*Error{e}
	}
	return nil
}

// Nearest returns the candidate most like a word, if one is like enough to have been meant; "" otherwise.
func Nearest(word string, candidates []string) string {
	best, distance := "", len(word)/3+2
	for _, c := range candidates {
		if d := Distance(strings.ToLower(word), strings.ToLower(c)); d < distance || d == distance && best != "" && c < best {
			best, distance = c, d
		}
	}
	return best
}

// Distance returns the edit distance of two words: insertions, deletions, substitutions and swaps of neighbours.
func Distance(a, b string) int {
	if max(len(a), len(b)) > 200 {
		return max(len(a), len(b))
	}
	x, y := []rune(a), []rune(b)
	before, row, next := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range row {
		row[j] = j
	}
	for i := range x {
		next[0] = i + 1
		for j := range y {
			cost := 1
			if x[i] == y[j] {
				cost = 0
			}
			next[j+1] = min(row[j]+cost, row[j+1]+1, next[j]+1)
			if i > 0 && j > 0 && x[i] == y[j-1] && x[i-1] == y[j] {
				next[j+1] = min(next[j+1], before[j-1]+1)
			}
		}
		before, row, next = row, next, before
	}
	return row[len(y)]
}

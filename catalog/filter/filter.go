// Package filter reads conditions on records, such as memory>=80GB && vendor==nvidia, and tells which records meet them.
//
//	condition  = all { "||" all }
//	all        = one { "&&" one }
//	one        = "!" one | "(" condition ")" | field operator value
//	operator   = "==" | "!=" | "<" | "<=" | ">" | ">="
//
// A value with spaces stands in quotes; the value unknown is met by what is not known, and nothing else is. Text is
// compared in any case, with * for anything; dates as far as both are precise.
package filter

import (
	"fmt"
	"path"
	"strings"

	"roofline/hardware/document"
)

// Field is one thing that can be asked for.
type Field struct {
	Name string
	// Number reads a value of the field with its unit; nil for text. Its error says what was wanted.
	Number func(text string) (float64, error)
	Date   bool
	Values []string // of text with few values: for the did-you-mean; nil: anything goes
}

// Value is a field of one record.
type Value struct {
	Known  bool
	Number float64
	Text   string
}

// Text returns a known text; "" is not known.
func Text(s string) Value { return Value{Known: s != "", Text: s} }

// Number returns a known number; 0 is not known.
func Number(v float64) Value { return Value{Known: v != 0, Number: v} }

// Condition is a parsed expression.
type Condition struct{ root node }

// Meets reports whether a record meets the condition. The function returns a field of the record.
func (c *Condition) Meets(get func(field string) Value) bool { return c == nil || c.root.meets(get) }

// Error is a problem of an expression.
type Error struct {
	Text          string // the expression
	Start, Length int    // what is wrong, in bytes
	Message       string
}

// Error returns the problem, and the expression with the problem underlined.
func (e *Error) Error() string {
	before := len([]rune(e.Text[:e.Start]))
	length := len([]rune(e.Text[e.Start : e.Start+e.Length]))
	return fmt.Sprintf("%s\n  %s\n  %s%s", e.Message, e.Text, strings.Repeat(" ", before), strings.Repeat("^", max(length, 1)))
}

type node interface {
	meets(get func(string) Value) bool
}

type (
	anyOf []node
	allOf []node
	not   struct{ node }
)

func (ns anyOf) meets(get func(string) Value) bool {
	for _, n := range ns {
		if n.meets(get) {
			return true
		}
	}
	return false
}

func (ns allOf) meets(get func(string) Value) bool {
	for _, n := range ns {
		if !n.meets(get) {
			return false
		}
	}
	return true
}

func (n not) meets(get func(string) Value) bool { return !n.node.meets(get) }

// comparison is field operator value.
type comparison struct {
	field    *Field
	operator string
	unknown  bool // the value is unknown
	number   float64
	text     string
}

func (c comparison) meets(get func(string) Value) bool {
	v := get(c.field.Name)
	if c.unknown {
		return v.Known == (c.operator == "!=")
	}
	if !v.Known { // neither more nor less, equal or not
		return false
	}
	if c.field.Number != nil {
		return ordered(v.Number, c.number, c.operator)
	}
	have := strings.ToLower(v.Text)
	if c.field.Date {
		return ordered(have[:min(len(have), len(c.text))], c.text, c.operator)
	}
	matches, err := path.Match(c.text, have)
	matches = err == nil && matches || have == c.text
	switch c.operator {
	case "==":
		return matches
	case "!=":
		return !matches
	}
	return ordered(have, c.text, c.operator)
}

func ordered[T float64 | string](a, b T, operator string) bool {
	switch operator {
	case "==":
		return a == b
	case "!=":
		return a != b
	case "<":
		return a < b
	case "<=":
		return a <= b
	case ">":
		return a > b
	}
	return a >= b
}

// Parse reads a condition on fields.
func Parse(text string, fields []Field) (*Condition, error) {
	p := &parser{text: text, fields: fields}
	root := p.condition(0)
	if p.blank(); p.err == nil && p.at < len(p.text) {
		p.fail(p.at, len(p.text)-p.at, "want && or || before this")
	}
	if p.err != nil {
		return nil, p.err
	}
	return &Condition{root}, nil
}

type parser struct {
	text   string
	at     int
	fields []Field
	err    *Error
}

func (p *parser) fail(start, length int, format string, args ...any) {
	if p.err == nil {
		p.err = &Error{p.text, min(start, len(p.text)), min(length, len(p.text)-min(start, len(p.text))), fmt.Sprintf(format, args...)}
	}
}

func (p *parser) blank() {
	for p.at < len(p.text) && (p.text[p.at] == ' ' || p.text[p.at] == '\t') {
		p.at++
	}
}

// accept moves over a token if it is next.
func (p *parser) accept(token string) bool {
	p.blank()
	if p.err != nil || !strings.HasPrefix(p.text[p.at:], token) {
		return false
	}
	p.at += len(token)
	return true
}

// deepest is how deep parentheses and negations may nest: reading them recurses.
const deepest = 50

func (p *parser) condition(depth int) node {
	nodes := anyOf{p.all(depth)}
	for p.accept("||") {
		nodes = append(nodes, p.all(depth))
	}
	return nodes
}

func (p *parser) all(depth int) node {
	nodes := allOf{p.one(depth)}
	for p.accept("&&") {
		nodes = append(nodes, p.one(depth))
	}
	return nodes
}

func (p *parser) one(depth int) node {
	if depth > deepest {
		p.fail(p.at, 1, "too many parentheses")
	}
	if p.err != nil {
		return nil
	}
	switch {
	case p.accept("!"):
		return not{p.one(depth + 1)}
	case p.accept("("):
		n := p.condition(depth + 1)
		if !p.accept(")") {
			p.fail(p.at, 1, "want )")
		}
		return n
	}
	return p.comparison()
}

func (p *parser) comparison() node {
	p.blank()
	start := p.at
	name := p.word("=!<>&|() \t\"'")
	field := p.field(strings.ToLower(name))
	if field == nil {
		p.unknownField(start, name)
		return nil
	}
	c := comparison{field: field}
	p.blank()
	at := p.at
	for _, operator := range []string{"==", "!=", "<=", ">=", "<", ">"} {
		if p.accept(operator) {
			c.operator = operator
			break
		}
	}
	if c.operator == "" {
		p.fail(at, 1, "want ==, !=, <, <=, > or >= after %s", name)
		return nil
	}
	p.blank()
	start = p.at
	c.text = p.value()
	p.read(&c, start)
	return c
}

// read reads the value of a comparison as its field wants it.
func (p *parser) read(c *comparison, start int) {
	c.unknown = strings.EqualFold(c.text, "unknown")
	f := c.field
	var err error
	switch {
	case c.text == "":
		p.fail(start, 1, "want a value after %s %s", f.Name, c.operator)
	case c.unknown && c.operator != "==" && c.operator != "!=":
		p.fail(start, p.at-start, "unknown has no order: want == or !=")
	case c.unknown:
	case f.Number != nil:
		if c.number, err = f.Number(c.text); err != nil {
			p.fail(start, p.at-start, "%s %q: %v", f.Name, c.text, err)
		}
	default:
		c.text = strings.ToLower(c.text)
		if _, err := path.Match(c.text, ""); err != nil {
			p.fail(start, p.at-start, "%s %q: not a pattern", f.Name, c.text)
		}
		if near := document.Nearest(c.text, f.Values); f.Values != nil && !strings.ContainsAny(c.text, "*?[") && !contains(f.Values, c.text) {
			message := fmt.Sprintf("no %s %q", f.Name, c.text)
			if near != "" {
				message += fmt.Sprintf(", did you mean %s?", near)
			} else if len(f.Values) <= 20 {
				message += ": want " + strings.Join(f.Values, ", ")
			}
			p.fail(start, p.at-start, "%s", message)
		}
	}
}

func contains(values []string, v string) bool {
	for _, s := range values {
		if strings.EqualFold(s, v) {
			return true
		}
	}
	return false
}

func (p *parser) field(name string) *Field {
	for i := range p.fields {
		if p.fields[i].Name == name {
			return &p.fields[i]
		}
	}
	return nil
}

func (p *parser) unknownField(start int, name string) {
	if name == "" {
		p.fail(start, 1, "want a condition such as memory>=80GB")
		return
	}
	var names []string
	for i := range p.fields {
		names = append(names, p.fields[i].Name)
	}
	if near := document.Nearest(name, names); near != "" {
		p.fail(start, len(name), "no field %q, did you mean %s?", name, near)
		return
	}
	p.fail(start, len(name), "no field %q: want %s", name, strings.Join(names, ", "))
}

// word reads up to the next of the bytes that end it.
func (p *parser) word(ends string) string {
	start := p.at
	for p.at < len(p.text) && !strings.ContainsRune(ends, rune(p.text[p.at])) {
		p.at++
	}
	return p.text[start:p.at]
}

// value reads a word, or what is between quotes.
func (p *parser) value() string {
	if p.at < len(p.text) && (p.text[p.at] == '"' || p.text[p.at] == '\'') {
		quote := p.text[p.at : p.at+1]
		p.at++
		s := p.word(quote)
		if !p.accept(quote) {
			p.fail(p.at, 1, "want a closing %s", quote)
		}
		return s
	}
	return p.word("&|() \t")
}

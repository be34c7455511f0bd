package document

import (
	"fmt"
	"strings"
)

// place is a stretch of the file, in bytes.
type place struct{ start, length int }

// place finds a key (or its value) in the file; the nearest enclosing table that was found stands in for what wasn't.
func (d *Document) place(path []string, value bool) place {
	if d.places == nil {
		d.places = locate(d.text)
	}
	for n := len(path); n > 0; n-- {
		if value {
			if p, ok := d.places["="+join(path[:n])]; ok {
				return p
			}
		}
		if p, ok := d.places[join(path[:n])]; ok {
			return p
		}
	}
	return place{0, 1}
}

// The decoder of TOML tells no positions of keys it did not reject itself. locate finds them: a scan of a file that is
// known to be right TOML, for keys and the extent of values only. Keys are stored under their joined path, values under
// "=" and the path; elements of arrays have the parts "#0", "#1" … A string's place is what is between its quotes.
func locate(text string) map[string]place {
	s := &scanner{text: text, places: map[string]place{}, counts: map[string]int{}}
	var table []string
	for {
		s.blank(true)
		if s.at >= len(text) {
			return s.places
		}
		before := s.at
		if text[s.at] == '[' {
			table = s.header()
		} else {
			s.pair(table)
		}
		if s.at == before {
			s.at++ // not TOML after all: never stand still
		}
	}
}

type scanner struct {
	text   string
	at     int
	places map[string]place
	counts map[string]int // elements so far of each array of tables
}

// blank skips white space and comments, over line ends if asked.
func (s *scanner) blank(lines bool) {
	for s.at < len(s.text) {
		switch c := s.text[s.at]; {
		case c == ' ' || c == '\t' || c == '\r' || lines && c == '\n':
			s.at++
		case c == '#':
			for s.at < len(s.text) && s.text[s.at] != '\n' {
				s.at++
			}
		default:
			return
		}
	}
}

func (s *scanner) peek() byte {
	if s.at < len(s.text) {
		return s.text[s.at]
	}
	return 0
}

// header reads [a.b] or [[a.b]] and returns the path its keys are under.
func (s *scanner) header() []string {
	start := s.at
	list := strings.HasPrefix(s.text[s.at:], "[[")
	s.at++
	if list {
		s.at++
	}
	var path []string
	for s.at < len(s.text) {
		s.blank(false)
		part, ok := s.key()
		if !ok {
			break
		}
		path = s.element(append(path, part))
		s.blank(false)
		if s.peek() != '.' {
			break
		}
		s.at++
	}
	for s.peek() == ']' {
		s.at++
	}
	p := place{start, s.at - start}
	if list && len(path) > 0 {
		if last := path[len(path)-1]; strings.HasPrefix(last, "#") {
			path = path[:len(path)-1] // element found the one before
		}
		n := s.counts[join(path)]
		s.counts[join(path)] = n + 1
		if n == 0 {
			s.mark(join(path), p)
		}
		path = append(path, fmt.Sprintf("#%d", n))
	}
	s.mark(join(path), p)
	return path
}

// element adds the number of the newest element where the path so far is an array of tables.
func (s *scanner) element(path []string) []string {
	if n := s.counts[join(path)]; n > 0 {
		return append(path, fmt.Sprintf("#%d", n-1))
	}
	return path
}

func (s *scanner) mark(key string, p place) {
	if _, ok := s.places[key]; !ok {
		s.places[key] = p
	}
}

// pair reads key = value.
func (s *scanner) pair(table []string) {
	path := append([]string(nil), table...)
	start := s.at
	for {
		s.blank(false)
		from := s.at
		part, ok := s.key()
		if !ok {
			return
		}
		path = append(path, part)
		s.mark(join(path), place{from, s.at - from})
		s.blank(false)
		if s.peek() != '.' {
			break
		}
		s.at++
	}
	if s.peek() != '=' {
		s.at = max(s.at, start+1)
		return
	}
	s.at++
	s.blank(false)
	s.value(path)
}

// key reads one part of a key: bare or quoted.
func (s *scanner) key() (string, bool) {
	switch c := s.peek(); c {
	case '"', '\'':
		p := s.quoted()
		return unescape(s.text[p.start:p.start+p.length], c), true
	}
	start := s.at
	for s.at < len(s.text) && !strings.ContainsRune(" \t\r\n.=]#[{},\"'", rune(s.text[s.at])) {
		s.at++
	}
	return s.text[start:s.at], s.at > start
}

// unescape handles the escapes that occur in keys.
func unescape(s string, quote byte) string {
	if quote == '\'' || !strings.Contains(s, `\`) {
		return s
	}
	return strings.NewReplacer(`\"`, `"`, `\\`, `\`, `\t`, "\t", `\n`, "\n").Replace(s)
}

// value reads a value and marks its place and those of what is in it. Parse bounds how deep they nest.
func (s *scanner) value(path []string) {
	start := s.at
	switch s.peek() {
	case '"', '\'':
		s.mark("="+join(path), s.quoted())
		return
	case '[':
		s.at++
		for n := 0; ; n++ {
			s.blank(true)
			if c := s.peek(); c == ']' || c == 0 {
				break
			}
			before := s.at
			inner := append(append([]string(nil), path...), fmt.Sprintf("#%d", n))
			s.value(inner)
			s.mark(join(inner), place{before, s.at - before})
			s.blank(true)
			if s.peek() == ',' {
				s.at++
			} else if s.at == before {
				s.at++
			}
		}
		s.at = min(s.at+1, len(s.text))
	case '{':
		s.at++
		for {
			s.blank(true)
			if c := s.peek(); c == '}' || c == 0 {
				break
			}
			before := s.at
			s.pair(path)
			s.blank(true)
			if s.peek() == ',' {
				s.at++
			} else if s.at == before {
				s.at++
			}
		}
		s.at = min(s.at+1, len(s.text))
	default:
		for s.at < len(s.text) && !strings.ContainsRune(",]}#\r\n", rune(s.text[s.at])) {
			s.at++
		}
		end := s.at
		for end > start && (s.text[end-1] == ' ' || s.text[end-1] == '\t') {
			end--
		}
		s.mark("="+join(path), place{start, end - start})
		return
	}
	s.mark("="+join(path), place{start, s.at - start})
}

// quoted reads a string of any of the four kinds and returns the place of what is between its quotes.
func (s *scanner) quoted() place {
	quote := s.text[s.at : s.at+1]
	if three := strings.Repeat(quote, 3); strings.HasPrefix(s.text[s.at:], three) {
		quote = three
	}
	s.at += len(quote)
	start := s.at
	for s.at < len(s.text) {
		if quote[0] == '"' && s.text[s.at] == '\\' {
			s.at = min(s.at+2, len(s.text))
			continue
		}
		if strings.HasPrefix(s.text[s.at:], quote) {
			p := place{start, s.at - start}
			s.at += len(quote)
			for len(quote) == 3 && s.peek() == quote[0] { // up to two quotes may end the text
				s.at++
				p.length++
			}
			return p
		}
		if len(quote) == 1 && s.text[s.at] == '\n' {
			break
		}
		s.at++
	}
	return place{start, s.at - start}
}

// maxDepth is how deep values may nest, and how many parts a dotted key may have: the decoder recurses into the first,
// and its time grows with the square of the second.
const maxDepth = 64

// CheckDepth refuses TOML that nests deeper than any reasonable file, before a parser sees it. The name is used in
// messages only.
func CheckDepth(file, text string) error {
	depth, dots := 0, 0
	s := &scanner{text: text}
	tooDeep := func(what string) error {
		e := (&Document{File: file, text: text}).errorAt(place{s.at, 1})
		e.Message = fmt.Sprintf("%s: want at most %d levels", what, maxDepth)
		return e
	}
	for s.at < len(text) {
		switch text[s.at] {
		case '"', '\'':
			s.quoted()
			continue
		case '#':
			for s.at < len(text) && text[s.at] != '\n' {
				s.at++
			}
			continue
		case '[', '{':
			if depth++; depth > maxDepth {
				return tooDeep("values nest too deep")
			}
		case ']', '}':
			depth = max(depth-1, 0)
		case '.':
			if dots++; dots > maxDepth {
				return tooDeep("the key has too many parts")
			}
		case '\n', '=', ',':
			dots = 0
		}
		s.at++
	}
	return nil
}

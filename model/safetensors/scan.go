package safetensors

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

const (
	window  = 16 << 10
	maxText = 1 << 10 // of a string that is kept

	maxDepth = 8 // of what is skipped
)

// scanner reads JSON from front to back in a small window and keeps the first error. It knows what headers consist of:
// objects, strings, lists of whole numbers. Reading them so takes no memory but for what is kept, tells a key that is
// there twice, and is several times faster than encoding/json.
type scanner struct {
	r   *bufio.Reader
	pos int64 // bytes read
	err error

	buf  []byte  // the string at hand
	list []int64 // the list at hand
}

func newScanner(r io.Reader) *scanner { return &scanner{r: bufio.NewReaderSize(r, window)} }

// failf keeps the first error, and where it is.
func (s *scanner) failf(format string, args ...any) {
	if s.err == nil {
		s.err = fmt.Errorf("byte %d: %w", s.pos, fmt.Errorf(format, args...))
	}
}

// fail keeps an error of the file.
func (s *scanner) fail(err error) {
	if errors.Is(err, io.EOF) {
		err = errors.New("it ends too early")
	}
	s.failf("%w", err)
}

// next reads a byte; 0, which is nowhere in JSON, after an error.
func (s *scanner) next() byte {
	if s.err != nil {
		return 0
	}
	b, err := s.r.ReadByte()
	if err != nil {
		s.fail(err)
		return 0
	}
	s.pos++
	return b
}

// token reads the next byte that is not space.
func (s *scanner) token() byte {
	b := s.next()
	for space(b) {
		b = s.next()
	}
	return b
}

func space(b byte) bool { return b == ' ' || b == '\t' || b == '\n' || b == '\r' }

// back puts the last byte back.
func (s *scanner) back() {
	if s.err == nil && s.r.UnreadByte() == nil {
		s.pos--
	}
}

// expect reads a token that must be there.
func (s *scanner) expect(want byte) {
	if got := s.token(); got != want {
		s.failf("%q: want %q", got, want)
	}
}

// end fails on anything but space in what is left.
func (s *scanner) end() {
	for s.err == nil {
		switch b, err := s.r.ReadByte(); {
		case errors.Is(err, io.EOF):
			return
		case err != nil:
			s.fail(err)
		case !space(b):
			s.failf("%q after the end", b)
		}
		s.pos++
	}
}

// object reads an object; each is called for a key, to read its value.
func (s *scanner) object(each func(key string)) {
	s.expect('{')
	if s.token() == '}' {
		return
	}
	s.back()
	for s.err == nil {
		key := s.text()
		s.expect(':')
		if s.err == nil {
			each(key)
		}
		switch b := s.token(); b {
		case ',':
		case '}':
			return
		default:
			s.failf("%q: want ',' or '}'", b)
		}
	}
}

// numbers reads a list of at most limit whole numbers. It is valid until the next call.
func (s *scanner) numbers(limit int) []int64 {
	s.expect('[')
	if s.token() == ']' {
		return nil
	}
	s.back()
	s.list = s.list[:0]
	s.elements(func() {
		if len(s.list) == limit {
			s.failf("a list of more than %d numbers", limit)
		}
		s.list = append(s.list, s.number())
	})
	return s.list
}

// elements reads what is in a list after its bracket, at least one; each is called to read one.
func (s *scanner) elements(each func()) {
	for s.err == nil {
		each()
		switch b := s.token(); b {
		case ',':
		case ']':
			return
		default:
			s.failf("%q: want ',' or ']'", b)
		}
	}
}

// number reads a whole number from 0 to maxNumber.
func (s *scanner) number() int64 {
	b := s.token()
	if b < '0' || b > '9' {
		s.failf("%q: want a whole number, not negative", b)
	}
	start, first, n := s.pos, b, int64(0)
	for ; b >= '0' && b <= '9'; b = s.next() {
		if n = 10*n + int64(b-'0'); n > maxNumber {
			s.failf("a number beyond %d", int64(maxNumber))
			return 0
		}
	}
	if first == '0' && s.pos-start > 1 {
		s.failf("a number that begins with 0")
	}
	s.back()
	return n
}

// text reads a string that is kept.
func (s *scanner) text() string {
	s.expect('"')
	s.buf = s.buf[:0]
	for s.err == nil {
		chunk, err := s.r.ReadSlice('"')
		s.pos += int64(len(chunk))
		s.buf = append(s.buf, chunk...)
		switch {
		case len(s.buf) > maxText || errors.Is(err, bufio.ErrBufferFull):
			s.failf("a string of more than %d bytes", maxText)
		case err != nil:
			s.fail(err)
		case !escapes(s.buf):
			return s.unquoted()
		}
	}
	return ""
}

// escapes reports whether the quote at the end is part of the string: behind an odd number of backslashes.
func escapes(quoted []byte) bool {
	before := quoted[:len(quoted)-1]
	return (len(before)-len(bytes.TrimRight(before, `\`)))%2 == 1
}

// unquoted turns the bytes up to the closing quote into the text they stand for.
func (s *scanner) unquoted() string {
	if word, ok := words[string(s.buf[:len(s.buf)-1])]; ok {
		return word
	}
	text := string(s.buf[:len(s.buf)-1])
	if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == '\\' || r == utf8.RuneError }) {
		if !utf8.ValidString(text) {
			s.failf("a string that is not UTF-8")
		} else if err := json.Unmarshal([]byte(`"`+text+`"`), &text); err != nil {
			s.failf("a malformed string: %w", err)
		}
	}
	return text
}

// skip steps over a value of any kind and size.
func (s *scanner) skip() { s.skipNested(0) }

func (s *scanner) skipNested(depth int) {
	switch b := s.token(); {
	case depth == maxDepth:
		s.failf("nested deeper than %d", maxDepth)
	case b == '"':
		s.skipText()
	case b == '{':
		s.back()
		s.object(func(string) { s.skipNested(depth + 1) })
	case b == '[':
		if s.token() == ']' {
			return
		}
		s.back()
		s.elements(func() { s.skipNested(depth + 1) })
	default: // a number, true, false or null
		for b != ',' && b != '}' && b != ']' && s.err == nil {
			b = s.next()
		}
		s.back()
	}
}

// skipText steps over the rest of a string.
func (s *scanner) skipText() {
	for s.err == nil {
		switch s.next() {
		case '"':
			return
		case '\\':
			s.next()
		}
	}
}

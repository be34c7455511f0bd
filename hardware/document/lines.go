package document

import (
	"fmt"
	"io"
)

// maxLine is the longest line of a table: a parser holds a line of millions of cells many times over.
const maxLine = 64 << 10

// ShortLines passes a table on, line by line as people write them: a line beyond 64 KiB is an error.
func ShortLines(r io.Reader) io.Reader { return &shortLines{r: r} }

type shortLines struct {
	r    io.Reader
	line int // length so far
}

func (s *shortLines) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	for _, b := range p[:n] {
		if s.line++; b == '\n' {
			s.line = 0
		}
		if s.line > maxLine {
			return 0, fmt.Errorf("a line of more than %d bytes: not a table", maxLine)
		}
	}
	return n, err
}

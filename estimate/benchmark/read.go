package benchmark

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Known lists the files that are read, for messages.
const Known = "llama-bench (json, jsonl, csv, markdown), vllm bench serve|latency|throughput, sglang bench_one_batch|bench_serving, " +
	"trtexec (times, profile, log), onnxruntime profile, genai-perf, aiperf, guidellm, trtllm-bench, inferencex, mlperf summary, " +
	"vllm log, ollama, and TOML with [[run]]"

// ForeignError says that a file is none of those that are read.
type ForeignError struct {
	Name  string
	Holds string // what it holds instead
}

func (e *ForeignError) Error() string {
	return fmt.Sprintf("%s: not a benchmark I know (%s)", e.Name, e.Holds)
}

// Limits of files. Traces and logs are read as they come, so only their rows are bounded.
const (
	mostValue = 64 << 20 // bytes of one JSON value or table
	mostRows  = 10_000_000
	mostRuns  = 100_000
	mostNodes = 100_000 // layers of a profile
	longLine  = 1 << 20
)

// reader reads one kind of file, an object or a line at a time.
type reader interface {
	add(o *object) error
	runs() ([]Run, error)
}

// Read reads a file. The name is used in messages only; what the file is, its content says.
func Read(name string, r io.Reader) (*File, error) {
	b := bufio.NewReaderSize(r, 64<<10)
	if bom, _ := b.Peek(3); bytes.Equal(bom, []byte("\ufeff")) {
		b.Discard(3)
	}
	var f *File
	var err error
	first, ok := firstByte(b)
	switch {
	case !ok:
		return nil, fmt.Errorf("%s: the file is empty", name)
	case first == '{', first == '[' && !beginsLog(b) && !beginsTOML(b):
		f, err = readJSON(name, b)
	default:
		f, err = readText(name, b)
	}
	if err != nil {
		var foreign *ForeignError
		if errors.As(err, &foreign) {
			return nil, err
		}
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return f, f.finish()
}

// finish checks the runs and says where each was read.
func (f *File) finish() error {
	timed := false
	for i := range f.Runs {
		r := &f.Runs[i]
		if r.Place == "" {
			r.Place = f.Name
			if len(f.Runs) > 1 {
				r.Place = fmt.Sprintf("%s, run %d", f.Name, i+1)
			}
		}
		if r.Tool == "" {
			r.Tool = f.Tool
		}
		if err := r.finish(); err != nil {
			return fmt.Errorf("%s: %w", r.Place, err)
		}
		timed = timed || r.Timed() || r.Memory.Known()
	}
	if !timed {
		return fmt.Errorf("%s: no time in it", f.Name)
	}
	return nil
}

// firstByte returns the first byte that is no white space, without taking it.
func firstByte(b *bufio.Reader) (first byte, ok bool) {
	for {
		c, err := b.Peek(1)
		if err != nil {
			return 0, false
		}
		if !strings.ContainsRune(" \t\r\n", rune(c[0])) {
			return c[0], true
		}
		b.Discard(1)
	}
}

// beginsLog tells "[11/22/2026-10:00:00] [I] …" from a JSON array.
func beginsLog(b *bufio.Reader) bool {
	line, _ := b.Peek(64)
	line, _, _ = bytes.Cut(line, []byte("\n"))
	i := bytes.IndexByte(line, ']')
	return i > 0 && bytes.ContainsAny(line[:i], "/-:") && !bytes.ContainsAny(line[:i], `{"`)
}

// beginsTOML tells "[[run]]" and "[run]" from a JSON array.
func beginsTOML(b *bufio.Reader) bool {
	line, _ := b.Peek(64)
	c := byte(0)
	if rest := bytes.TrimLeft(line, "["); len(rest) > 0 {
		c = rest[0]
	}
	return c >= 'a' && c <= 'z'
}

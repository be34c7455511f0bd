package gguf

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// cursor reads a header from front to back and keeps the first error; after one, everything reads as zero.
type cursor struct {
	r    *bufio.Reader
	pos  int64
	size int64 // of the file
	end  int64 // where the header must have ended
	err  error

	texts uint64 // strings in arrays so far
}

const window = 64 << 10

func newCursor(r io.ReaderAt, size int64) *cursor {
	end := min(size, maxHeader)
	return &cursor{r: bufio.NewReaderSize(io.NewSectionReader(r, 0, end), window), size: size, end: end}
}

// failf keeps the first error.
func (c *cursor) failf(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf(format, args...)
	}
}

// has reports whether n more bytes can be read.
func (c *cursor) has(n uint64) bool {
	if c.err == nil && n > uint64(c.end-c.pos) {
		if c.end < c.size {
			c.failf("the header is longer than %d MiB", maxHeader>>20)
		} else {
			c.failf("truncated at byte %d", c.size)
		}
	}
	return c.err == nil
}

// take returns the next n bytes, at most a window of them, until the next call; nil after an error.
func (c *cursor) take(n int) []byte {
	if !c.has(uint64(n)) {
		return nil
	}
	b, err := c.r.Peek(n)
	if err != nil {
		c.fail(err)
		return nil
	}
	c.r.Discard(n)
	c.pos += int64(n)
	return b
}

// skip steps over n bytes.
func (c *cursor) skip(n uint64) {
	if !c.has(n) {
		return
	}
	if _, err := c.r.Discard(int(n)); err != nil {
		c.fail(err)
	}
	c.pos += int64(n)
}

// fail keeps an error of the file; one that ends before the size it had when it was opened is truncated.
func (c *cursor) fail(err error) {
	if errors.Is(err, io.EOF) {
		err = fmt.Errorf("truncated near byte %d", c.pos)
	}
	c.failf("%w", err)
}

func (c *cursor) u32() uint32 {
	if b := c.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (c *cursor) u64() uint64 {
	if b := c.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// text reads a string of at most limit bytes; what is the thing it names.
func (c *cursor) text(limit int, what string) string {
	at := c.pos
	n := c.u64()
	if c.has(n) && n > uint64(limit) {
		c.failf("%s at byte %d is %d bytes long: want at most %d", what, at, n, limit)
	}
	return string(c.take(int(min(n, uint64(limit)))))
}

// number reads a scalar as it is stored. Whole numbers beyond 2⁵³ are rounded, which no size comes near.
func (c *cursor) number(t valueType) float64 {
	b := c.take(scalars[t])
	if b == nil {
		return 0
	}
	switch t {
	case typeUint8, typeBool:
		return float64(b[0])
	case typeInt8:
		return float64(int8(b[0]))
	case typeUint16:
		return float64(binary.LittleEndian.Uint16(b))
	case typeInt16:
		return float64(int16(binary.LittleEndian.Uint16(b)))
	case typeUint32:
		return float64(binary.LittleEndian.Uint32(b))
	case typeInt32:
		return float64(int32(binary.LittleEndian.Uint32(b)))
	case typeFloat32:
		return float64(math.Float32frombits(binary.LittleEndian.Uint32(b)))
	case typeUint64:
		return float64(binary.LittleEndian.Uint64(b))
	case typeInt64:
		return float64(int64(binary.LittleEndian.Uint64(b)))
	}
	return math.Float64frombits(binary.LittleEndian.Uint64(b))
}

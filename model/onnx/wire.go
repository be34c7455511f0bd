package onnx

import (
	"errors"
	"fmt"
	"io"

	"google.golang.org/protobuf/encoding/protowire"
)

// The window starts small after a jump over weights and grows while reading goes on, so that neither many small reads
// nor reading what is skipped cost much.
const (
	firstWindow = 4 << 10
	maxWindow   = 256 << 10
)

// maxName bounds names and other text that is kept.
const maxName = 64 << 10

// maxTag is the longest a tag or a varint can be.
const maxTag = 10

// source reads a file through a window that follows the reading.
type source struct {
	r     io.ReaderAt
	size  int64
	buf   []byte // the window
	start int64  // its offset in the file
	want  int    // size of the next window
}

// at returns up to n bytes at an offset, fewer only at the end of the file. They are valid until the next call.
func (s *source) at(off int64, n int) ([]byte, error) {
	if from := off - s.start; from >= 0 && from+int64(n) <= int64(len(s.buf)) {
		return s.buf[from : from+int64(n)], nil
	}
	n = int(min(int64(n), s.size-off))
	if from := off - s.start; from >= 0 && from+int64(n) <= int64(len(s.buf)) {
		return s.buf[from : from+int64(n)], nil
	}
	if off == s.start+int64(len(s.buf)) || off > s.start && off < s.start+int64(len(s.buf)) {
		s.want = min(2*s.want, maxWindow)
	} else {
		s.want = firstWindow
	}
	size := int(min(int64(max(s.want, n)), s.size-off))
	if cap(s.buf) < size {
		s.buf = make([]byte, size)
	}
	s.buf, s.start = s.buf[:size], off
	if k, err := s.r.ReadAt(s.buf, off); k < size {
		if err == nil || errors.Is(err, io.EOF) {
			err = truncated(off + int64(k))
		}
		return nil, err
	}
	return s.buf[:n], nil
}

// truncatedError says where a file ends too early.
type truncatedError struct{ at int64 }

func truncated(at int64) error { return &truncatedError{at} }

func (e *truncatedError) Error() string { return fmt.Sprintf("truncated at byte %d", e.at) }

// cursor walks the fields of one protobuf message.
type cursor struct {
	s        *source
	pos, end int64
}

// field is the head of the field a cursor stands on.
type field struct {
	num protowire.Number
	typ protowire.Type
}

// next reads the head of the next field; ok is false at the end of the message.
func (c *cursor) next() (f field, ok bool, err error) {
	if c.pos >= c.end {
		return f, false, nil
	}
	v, err := c.varint()
	if err != nil {
		return f, false, err
	}
	num, typ := protowire.DecodeTag(v)
	if num < protowire.MinValidNumber {
		return f, false, fmt.Errorf("malformed at byte %d: no field has number %d", c.pos, num)
	}
	return field{num, typ}, true, nil
}

// varint reads an integer of variable length.
func (c *cursor) varint() (uint64, error) {
	b, err := c.s.at(c.pos, int(min(maxTag, c.end-c.pos)))
	if err != nil {
		return 0, err
	}
	v, n := protowire.ConsumeVarint(b)
	if n < 0 {
		if c.end-c.pos < maxTag {
			return 0, truncated(c.end)
		}
		return 0, fmt.Errorf("malformed at byte %d: no number is that long", c.pos)
	}
	c.pos += int64(n)
	return v, nil
}

// fixed reads a little-endian number of n bytes.
func (c *cursor) fixed(n int) (uint64, error) {
	if c.end-c.pos < int64(n) {
		return 0, truncated(c.end)
	}
	b, err := c.s.at(c.pos, n)
	if err != nil {
		return 0, err
	}
	c.pos += int64(n)
	return little(b), nil
}

// little decodes a little-endian number.
func little(b []byte) uint64 {
	v := uint64(0)
	for i := len(b) - 1; i >= 0; i-- {
		v = v<<8 | uint64(b[i])
	}
	return v
}

// message returns a cursor over the length-delimited field, and steps over it.
func (c *cursor) message() (cursor, error) {
	n, err := c.varint()
	if err != nil {
		return cursor{}, err
	}
	if n > uint64(c.end-c.pos) {
		if c.end == c.s.size {
			return cursor{}, truncated(c.end)
		}
		return cursor{}, fmt.Errorf("malformed at byte %d: a field of %d bytes in a message with %d left", c.pos, n, c.end-c.pos)
	}
	sub := cursor{c.s, c.pos, c.pos + int64(n)}
	c.pos = sub.end
	return sub, nil
}

// bytes returns the content of a length-delimited field, valid until the next read.
func (c *cursor) bytes() ([]byte, error) {
	m, err := c.message()
	if err != nil {
		return nil, err
	}
	if m.end-m.pos > maxName {
		return nil, fmt.Errorf("malformed at byte %d: a name of %d bytes", m.pos, m.end-m.pos)
	}
	return c.s.at(m.pos, int(m.end-m.pos))
}

// skip steps over a field without reading it.
func (c *cursor) skip(t protowire.Type) error {
	var err error
	switch t {
	case protowire.VarintType:
		_, err = c.varint()
	case protowire.Fixed32Type:
		_, err = c.fixed(4)
	case protowire.Fixed64Type:
		_, err = c.fixed(8)
	case protowire.BytesType:
		_, err = c.message()
	default: // groups are not part of the schema
		err = fmt.Errorf("malformed at byte %d: field type %d", c.pos, t)
	}
	return err
}

// int64s reads one element, or all of a packed list, of integers.
func (c *cursor) int64s(t protowire.Type, to []int64, limit int) ([]int64, error) {
	if t == protowire.VarintType {
		v, err := c.varint()
		if err == nil && len(to) >= limit {
			err = fmt.Errorf("malformed at byte %d: a list of more than %d numbers", c.pos, limit)
		}
		return append(to, int64(v)), err
	}
	if t != protowire.BytesType {
		return to, c.skip(t)
	}
	m, err := c.message()
	for err == nil && m.pos < m.end {
		var v uint64
		if v, err = m.varint(); err == nil && len(to) >= limit {
			err = fmt.Errorf("malformed at byte %d: a list of more than %d numbers", m.pos, limit)
		}
		to = append(to, int64(v))
	}
	return to, err
}

package gguf

import (
	"errors"
	"fmt"
	"io"
	"math/bits"
	"strings"
)

// Limits no real file comes near: beyond them a header is broken, or made to exhaust something. The vocabulary makes up
// most of a header, some 15 MB of it at most so far.
const (
	maxHeader  = 256 << 20
	maxKeys    = 1024
	maxTensors = 1 << 16
	maxText    = 1 << 10 // of a value that is kept
	maxName    = 256     // of a key or a tensor; ggml allows tensors 64
	maxStrings = 1 << 22 // in all arrays
	maxLayers  = 1000
)

// valueType is the type of a value, by its number in the file.
type valueType uint32

const (
	typeUint8 valueType = iota
	typeInt8
	typeUint16
	typeInt16
	typeUint32
	typeInt32
	typeFloat32
	typeBool
	typeString
	typeArray
	typeUint64
	typeInt64
	typeFloat64
	typeCount
)

// scalars are the bytes of the types that have a fixed size.
var scalars = [typeCount]int{
	typeUint8: 1, typeInt8: 1, typeBool: 1, typeUint16: 2, typeInt16: 2,
	typeUint32: 4, typeInt32: 4, typeFloat32: 4, typeUint64: 8, typeInt64: 8, typeFloat64: 8,
}

// value is what a key says, as far as a model's dimensions need it.
type value struct {
	typ    valueType
	number float64
	text   string    // "" where it is longer than maxText
	list   []float64 // of an array of numbers; nil where it is longer than maxLayers
}

// part is one file of a model: all of it, or a split.
type part struct {
	keys    map[string]value
	tensors []Tensor
}

// readPart reads the header of a file of size bytes.
func readPart(r io.ReaderAt, size int64) (*part, error) {
	c := newCursor(r, size)
	tensors, keys := c.start()
	p := &part{keys: make(map[string]value)}
	for i := 0; i < keys && c.err == nil; i++ {
		c.key(p.keys)
	}
	data := c.extent(p.keys)
	for i := 0; i < tensors && c.err == nil; i++ {
		p.tensors = append(p.tensors, c.tensor(&data))
	}
	data.check(c)
	return p, c.err
}

// start reads what every file begins with and returns how many tensors and keys there are.
func (c *cursor) start() (tensors, keys int) {
	if c.size == 0 {
		c.failf("not a GGUF file (it is empty)")
		return 0, 0
	}
	magic := string(c.take(int(min(4, c.size))))
	if c.err != nil {
		return 0, 0
	}
	if magic != "GGUF" {
		rest, _ := c.r.Peek(int(min(12, c.end-c.pos)))
		c.err = foreign(magic + string(rest))
		return 0, 0
	}
	switch version := c.u32(); {
	case c.err != nil:
	case version != 0 && version&0xffff == 0:
		c.failf("a big-endian GGUF file is not read: want a little-endian one")
	case version < 2:
		c.failf("GGUF version %d is not read: want 2 or 3; today's llama.cpp does not read it either", version)
	case version > 3:
		c.failf("GGUF version %d is not known: want 2 or 3", version)
	}
	// A tensor takes at least 32 bytes: two lengths, a dimension, a type and an offset. A key takes at least 13.
	tensors = c.count("tensors", c.u64(), maxTensors, 32)
	keys = c.count("keys", c.u64(), maxKeys, 13)
	return tensors, keys
}

// foreign says what a file is that does not begin as GGUF does.
func foreign(head string) error {
	switch {
	case strings.HasPrefix(head, "version https"):
		return errors.New("not a GGUF file (a Git LFS pointer: fetch the file with git lfs pull)")
	case strings.HasPrefix(head, "lmgg"), strings.HasPrefix(head, "fmgg"), strings.HasPrefix(head, "tjgg"):
		return errors.New("an old GGML file, from before GGUF, is not read: convert it to GGUF")
	}
	return fmt.Errorf("not a GGUF file (it starts with %q)", head)
}

// count checks a number of things that take at least size bytes each.
func (c *cursor) count(what string, n, limit, size uint64) int {
	switch {
	case c.err != nil:
		return 0
	case n > limit:
		c.failf("%d %s: want at most %d", n, what, limit)
	case n > uint64(c.end-c.pos)/size:
		c.failf("%d %s in %d bytes: the header is truncated or broken", n, what, c.end-c.pos)
	}
	return int(n)
}

// key reads a key and its value.
func (c *cursor) key(into map[string]value) {
	name := c.text(maxName, "a key")
	if _, twice := into[name]; twice {
		c.failf("key %q is there twice", name)
	}
	v := value{typ: valueType(c.u32())}
	switch {
	case c.err != nil:
		return
	case v.typ >= typeCount:
		c.failf("key %q has a value of unknown type %d", name, v.typ)
	case v.typ == typeString:
		v.text = c.content()
	case v.typ == typeArray:
		v.list = c.array(name)
	default:
		v.number = c.number(v.typ)
	}
	into[name] = v
}

// content reads a string value, or steps over a long one such as a chat template.
func (c *cursor) content() string {
	n := c.u64()
	if n > maxText {
		c.skip(n)
		return ""
	}
	return string(c.take(int(n)))
}

// array reads the numbers of an array that may have one for each layer, and steps over others. Arrays of arrays are in
// the specification, but ggml does not read them: nothing here recurses.
func (c *cursor) array(name string) []float64 {
	t, n := valueType(c.u32()), c.u64()
	switch {
	case c.err != nil:
	case t >= typeCount || t == typeArray:
		c.failf("key %q has an array of type %d: want numbers or text", name, t)
	case t == typeString:
		c.strings(name, n)
	case n > maxLayers:
		over, total := bits.Mul64(n, uint64(scalars[t]))
		if over > 0 {
			c.failf("key %q has an array of %d elements", name, n)
		}
		c.skip(total)
	default:
		list := make([]float64, n)
		for i := range list {
			list[i] = c.number(t)
		}
		return list
	}
	return nil
}

// strings steps over the strings of an array: the vocabulary and its merges.
func (c *cursor) strings(name string, n uint64) {
	if c.texts += n; n > maxStrings || c.texts > maxStrings {
		c.failf("key %q has %d strings: want at most %d in all", name, n, maxStrings)
	}
	for i := uint64(0); i < n && c.err == nil; i++ {
		c.skip(c.u64())
	}
}

package gguf

import (
	"math/bits"

	"roofline/hardware/dtype"
)

const (
	maxDims     = 4       // GGML_MAX_DIMS
	maxElements = 1 << 40 // of one tensor: so that the bytes of all of them are exact in an int64 and in a float64
	maxAlign    = 1 << 16
)

// Tensor is what the header says about one tensor.
type Tensor struct {
	Name  string
	Shape []int64 // as ggml has it: the dimension that lies contiguous in memory comes first
	DType dtype.DType
	Bytes int64
}

// Elements returns the product of the dimensions.
func (t *Tensor) Elements() int64 {
	n := int64(1)
	for _, d := range t.Shape {
		n *= d
	}
	return n
}

// tensor reads the description of a tensor and gives it its place in the data.
func (c *cursor) tensor(data *extent) Tensor {
	t := Tensor{Name: c.text(maxName, "a tensor's name")}
	c.shape(&t)
	kind, offset := c.u32(), c.u64()
	if c.err != nil {
		return t
	}
	if kind >= uint32(len(formats)) || formats[kind].block == 0 {
		c.failf("tensor %q has the unknown type %d", t.Name, kind)
		return t
	}
	f := formats[kind]
	if t.Shape[0]%f.block != 0 {
		c.failf("tensor %q has rows of %d elements: %s comes in blocks of %d", t.Name, t.Shape[0], f, f.block)
	}
	t.DType, t.Bytes = f.DType, t.Elements()/f.block*f.blockBytes()
	data.place(c, &t, offset)
	return t
}

// shape reads the dimensions.
func (c *cursor) shape(t *Tensor) {
	dims := c.u32()
	if dims == 0 || dims > maxDims {
		c.failf("tensor %q has %d dimensions: want 1 to %d", t.Name, dims, maxDims)
	}
	if c.err != nil {
		return
	}
	t.Shape = make([]int64, 0, dims)
	elements := uint64(1)
	for range dims {
		n := c.u64()
		over, product := bits.Mul64(elements, n)
		if c.err == nil && (over > 0 || product == 0 || product > maxElements) {
			c.failf("tensor %q has a dimension of %d", t.Name, n)
		}
		if c.err != nil {
			return
		}
		t.Shape, elements = append(t.Shape, int64(n)), product
	}
}

// extent is the data after the header: the tensors in the order of their descriptions, each from a multiple of the
// alignment on. ggml refuses a file where they lie otherwise, so overlaps and gaps need no other check.
type extent struct {
	alignment int64
	next      int64 // where the next tensor begins
	end       int64 // where the last one ends, without the padding
}

// extent reads the alignment; 32 is the specification's default.
func (c *cursor) extent(keys map[string]value) extent {
	alignment := 32.0
	if v, ok := keys["general.alignment"]; ok {
		alignment = v.number
	}
	if n := int64(max(0, min(alignment, maxAlign))); float64(n) == alignment && bits.OnesCount64(uint64(n)) == 1 {
		return extent{alignment: n}
	}
	c.failf("general.alignment is %g: want a power of two up to %d", alignment, maxAlign)
	return extent{alignment: 1}
}

// place puts a tensor after the ones before it.
func (e *extent) place(c *cursor, t *Tensor, offset uint64) {
	if offset != uint64(e.next) {
		c.failf("tensor %q begins at byte %d of the data: want %d, after the tensor before it", t.Name, offset, e.next)
	}
	e.end = e.next + t.Bytes
	e.next = e.aligned(e.end)
}

// check fails where the file is too short for the data.
func (e *extent) check(c *cursor) {
	if end := e.aligned(c.pos) + e.end; c.err == nil && e.end > 0 && end > c.size {
		c.failf("truncated: the tensors reach to byte %d, the file to %d", end, c.size)
	}
}

func (e *extent) aligned(n int64) int64 { return (n + e.alignment - 1) &^ (e.alignment - 1) }

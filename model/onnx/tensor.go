package onnx

import (
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"

	"roofline/hardware/dtype"
	"roofline/model"
)

// Contents are decoded up to these sizes: shape arithmetic works on integers and a few real numbers; everything larger is
// a weight, of which only the shape matters.
const (
	maxInts   = 4096
	maxFloats = 64
	maxDims   = 64
)

// span is a piece of the file.
type span struct{ at, size int64 }

// content is where a tensor's elements lie, in one of the fields the schema has for them.
type content struct {
	raw    span    // raw_data, little-endian
	packed []span  // a packed typed field
	field  int32   // of the packed or unpacked elements
	loose  []int64 // unpacked elements, as bits
}

// tensor decodes a TensorProto: name, dimensions, format and the content where it is small.
func (d *decoder) tensor(c cursor) (*model.Tensor, error) {
	t := &model.Tensor{Shape: model.Shape{}}
	var data content
	at, external := c.pos, false
	for {
		f, ok, err := c.next()
		if !ok || err != nil {
			if err != nil {
				return nil, err
			}
			break
		}
		switch f.num {
		case 1: // dims
			var dims []int64
			if dims, err = c.int64s(f.typ, t.Shape, maxDims); err == nil {
				t.Shape = dims
			}
		case 2: // data_type
			var v uint64
			if v, err = c.number(f.typ); err == nil {
				t.DType = model.ElemType(int64(v))
			}
		case 8: // name
			t.Name, err = c.text(f.typ)
		case 9: // raw_data
			if f.typ != protowire.BytesType {
				err = c.skip(f.typ)
				break
			}
			var m cursor
			if m, err = c.message(); err == nil {
				data.raw = span{m.pos, m.end - m.pos}
			}
		case 4, 5, 7, 10, 11: // float_data, int32_data, int64_data, double_data, uint64_data
			data.field = int32(f.num)
			err = data.typed(&c, f)
		case 14: // data_location
			var v uint64
			v, err = c.number(f.typ)
			external = v == 1
		default: // external_data among them: what it names is never opened
			err = c.skip(f.typ)
		}
		if err != nil {
			return nil, err
		}
	}
	for _, n := range t.Shape {
		if n < 0 {
			return nil, fmt.Errorf("malformed at byte %d: tensor %q has a dimension of %d", at, t.Name, n)
		}
	}
	if !external && d.small(t) {
		v, err := d.content(t, &data)
		if err != nil {
			return nil, err
		}
		t.Value = v
	}
	return t, nil
}

// typed notes where the elements of a typed field lie.
func (data *content) typed(c *cursor, f field) error {
	if f.typ == protowire.BytesType {
		m, err := c.message()
		if err == nil && len(data.packed) < maxDims {
			data.packed = append(data.packed, span{m.pos, m.end - m.pos})
		}
		return err
	}
	if len(data.loose) > maxInts {
		return c.skip(f.typ)
	}
	var v uint64
	var err error
	switch f.typ {
	case protowire.VarintType:
		v, err = c.varint()
	case protowire.Fixed32Type:
		v, err = c.fixed(4)
	case protowire.Fixed64Type:
		v, err = c.fixed(8)
	default:
		return c.skip(f.typ)
	}
	data.loose = append(data.loose, int64(v))
	return err
}

// small reports a tensor whose content is worth decoding.
func (d *decoder) small(t *model.Tensor) bool {
	if t.DType.Float() {
		return t.Shape.Elems() <= maxFloats
	}
	return t.Shape.Elems() <= maxInts && t.DType != dtype.Unknown && t.DType != dtype.STRING
}

// content decodes the elements of a small tensor; nil where there are fewer than its shape says.
func (d *decoder) content(t *model.Tensor, data *content) (*model.Value, error) {
	n := int(t.Shape.Elems())
	v := &model.Value{}
	if t.DType.Float() {
		v.Floats = make([]float64, 0, n)
	} else {
		v.Ints = make([]int64, 0, n)
	}
	switch {
	case n == 0:
	case data.raw.size > 0:
		width := int64(t.DType.Size())
		if width < 1 || data.raw.size != width*int64(n) {
			return nil, nil
		}
		b, err := d.s.at(data.raw.at, int(data.raw.size))
		if err != nil {
			return nil, err
		}
		for i := range n {
			appendBits(v, t.DType, little(b[int64(i)*width:int64(i+1)*width]))
		}
	default:
		bits, err := d.elements(data, n)
		if err != nil || len(bits) != n {
			return nil, err
		}
		for _, b := range bits {
			if f := t.DType; data.field == 10 && f.Float() {
				v.Floats = append(v.Floats, math.Float64frombits(uint64(b)))
			} else if data.field == 4 && f.Float() {
				v.Floats = append(v.Floats, float64(math.Float32frombits(uint32(b))))
			} else {
				appendBits(v, f, uint64(b))
			}
		}
	}
	return v, nil
}

// elements returns the bits of the first n elements of a typed field.
func (d *decoder) elements(data *content, n int) ([]int64, error) {
	bits := data.loose
	for _, p := range data.packed {
		m := cursor{d.s, p.at, p.at + p.size}
		for m.pos < m.end && len(bits) <= n {
			var v uint64
			var err error
			switch data.field {
			case 4:
				v, err = m.fixed(4)
			case 10:
				v, err = m.fixed(8)
			default:
				v, err = m.varint()
			}
			if err != nil {
				return nil, err
			}
			bits = append(bits, int64(v))
		}
	}
	return bits, nil
}

// appendBits appends an element given by its bits.
func appendBits(v *model.Value, d dtype.DType, bits uint64) {
	switch d {
	case dtype.FP32:
		v.Floats = append(v.Floats, float64(math.Float32frombits(uint32(bits))))
	case dtype.FP64:
		v.Floats = append(v.Floats, math.Float64frombits(bits))
	case dtype.FP16:
		v.Floats = append(v.Floats, half(uint16(bits)))
	case dtype.BF16:
		v.Floats = append(v.Floats, float64(math.Float32frombits(uint32(bits)<<16)))
	case dtype.INT32:
		v.Ints = append(v.Ints, int64(int32(bits)))
	case dtype.INT16:
		v.Ints = append(v.Ints, int64(int16(bits)))
	case dtype.INT8:
		v.Ints = append(v.Ints, int64(int8(bits)))
	default:
		if v.Floats != nil { // a narrow format nobody computes shapes in
			v.Floats = append(v.Floats, float64(bits))
		} else {
			v.Ints = append(v.Ints, int64(bits))
		}
	}
}

// half decodes an IEEE 754 half-precision number: one sign bit, five of exponent (bias 15), ten of mantissa.
func half(h uint16) float64 {
	sign, exponent, mantissa := 1.0, int(h>>10&0x1f), float64(h&0x3ff)/1024
	if h>>15 == 1 {
		sign = -1
	}
	switch exponent {
	case 0:
		return sign * math.Ldexp(mantissa, -14)
	case 31:
		if mantissa > 0 {
			return math.NaN()
		}
		return math.Inf(int(sign))
	}
	return sign * math.Ldexp(1+mantissa, exponent-15)
}

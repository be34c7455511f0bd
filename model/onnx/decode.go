package onnx

import (
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"

	"roofline/hardware/dtype"
	"roofline/model"
)

// maxDepth bounds subgraphs within subgraphs; real files stay below five.
const maxDepth = 32

// maxList bounds the numbers of a list attribute.
const maxList = 1 << 16

// maxParts bounds the nodes, weights and declared values of a file together, and the tensors of one graph. The largest
// exports have some ten thousand; a file that is nothing but tiny nodes takes half a minute and gigabytes.
const maxParts = 1 << 18

// decoder turns the messages of one file into graphs.
type decoder struct {
	s         *source
	opset     int
	graph     *scope
	functions map[string]*function
	parts     int               // read so far
	names     map[string]string // kinds and attribute names: few, and often repeated
	depth     int
}

// number reads an integer field.
func (c *cursor) number(t protowire.Type) (uint64, error) {
	if t != protowire.VarintType {
		return 0, fmt.Errorf("malformed at byte %d: not a number", c.pos)
	}
	return c.varint()
}

// submessage reads a nested message.
func (c *cursor) submessage(t protowire.Type) (cursor, error) {
	if t != protowire.BytesType {
		return cursor{}, fmt.Errorf("malformed at byte %d: not a message", c.pos)
	}
	return c.message()
}

// text reads a string field.
func (c *cursor) text(t protowire.Type) (string, error) {
	if t != protowire.BytesType {
		return "", fmt.Errorf("malformed at byte %d: not text", c.pos)
	}
	b, err := c.bytes()
	return string(b), err
}

// each calls visit for every field of a message; visit reads the field or steps over it.
func (c *cursor) each(visit func(f field) error) error {
	for {
		f, ok, err := c.next()
		if !ok || err != nil {
			return err
		}
		if err := visit(f); err != nil {
			return err
		}
	}
}

// name reads a string that is one of few.
func (d *decoder) name(c *cursor, t protowire.Type) (string, error) {
	if t != protowire.BytesType {
		return "", fmt.Errorf("malformed at byte %d: not text", c.pos)
	}
	b, err := c.bytes()
	if err != nil {
		return "", err
	}
	if s, ok := d.names[string(b)]; ok {
		return s, nil
	}
	s := string(b)
	d.names[s] = s
	return s, nil
}

// model decodes a ModelProto.
func (d *decoder) model(c cursor) error {
	return c.each(func(f field) error {
		switch f.num {
		case 7: // graph
			m, err := c.submessage(f.typ)
			if err != nil {
				return err
			}
			d.graph = newScope(nil)
			return d.scope(m, d.graph)
		case 8: // opset_import
			m, err := c.submessage(f.typ)
			if err != nil {
				return err
			}
			return d.opsetImport(m)
		case 25: // functions
			m, err := c.submessage(f.typ)
			if err != nil {
				return err
			}
			return d.function(m)
		case 1, 2, 3, 4, 5, 6, 14, 20, 26: // versions, producer, documentation, metadata
			return c.skip(f.typ)
		}
		return fmt.Errorf("a model has no field %d", f.num)
	})
}

func (d *decoder) opsetImport(c cursor) error {
	domain, version := "", uint64(0)
	err := c.each(func(f field) (err error) {
		switch f.num {
		case 1:
			domain, err = c.text(f.typ)
		case 2:
			version, err = c.number(f.typ)
		default:
			err = c.skip(f.typ)
		}
		return err
	})
	if domain == "" || domain == "ai.onnx" {
		d.opset = int(min(version, math.MaxInt32))
	}
	return err
}

// scope decodes a GraphProto.
func (d *decoder) scope(c cursor, sc *scope) error {
	if d.depth++; d.depth > maxDepth {
		return fmt.Errorf("malformed at byte %d: subgraphs nested more than %d deep", c.pos, maxDepth)
	}
	defer func() { d.depth-- }()
	err := c.each(func(f field) error {
		if f.typ != protowire.BytesType {
			return c.skip(f.typ)
		}
		if d.parts++; d.parts > maxParts {
			return fmt.Errorf("malformed at byte %d: more than %d nodes, weights and values", c.pos, maxParts)
		}
		switch f.num {
		case 1: // node
			m, err := c.message()
			if err != nil {
				return err
			}
			return d.node(m, sc)
		case 2: // name
			name, err := c.text(f.typ)
			sc.g.Name = name
			return err
		case 5: // initializer
			m, err := c.message()
			if err != nil {
				return err
			}
			t, err := d.tensor(m)
			if err != nil {
				return err
			}
			return sc.weight(t)
		case 11, 12, 13: // input, output, value_info
			m, err := c.message()
			if err != nil {
				return err
			}
			return d.valueInfo(m, sc, f.num)
		case 15: // sparse_initializer
			m, err := c.message()
			if err != nil {
				return err
			}
			return d.sparse(m, sc)
		}
		return c.skip(f.typ)
	})
	if err != nil {
		return err
	}
	return sc.close()
}

// sparse decodes a SparseTensorProto: the stored values count as parameters, the rest is zero.
func (d *decoder) sparse(c cursor, sc *scope) error {
	t := &model.Tensor{}
	dims := model.Shape{}
	err := c.each(func(f field) error {
		switch f.num {
		case 1: // values
			m, err := c.submessage(f.typ)
			if err != nil {
				return err
			}
			t, err = d.tensor(m)
			return err
		case 3: // dims
			var err error
			dims, err = c.int64s(f.typ, dims, maxDims)
			return err
		}
		return c.skip(f.typ)
	})
	if err != nil {
		return err
	}
	for _, n := range dims {
		if n < 0 {
			return fmt.Errorf("malformed: tensor %q has a dimension of %d", t.Name, n)
		}
	}
	t.Parameters = t.Shape.Elems()
	t.Shape, t.Value = dims, nil
	return sc.weight(t)
}

// valueInfo decodes a ValueInfoProto: the type of an input, an output or something between.
func (d *decoder) valueInfo(c cursor, sc *scope, role protowire.Number) error {
	var id model.TensorID = model.NoTensor
	var shape model.Shape
	var symbols []string
	format := dtype.Unknown
	err := c.each(func(f field) error {
		switch f.num {
		case 1: // name
			if f.typ != protowire.BytesType {
				return c.skip(f.typ)
			}
			b, err := c.bytes()
			if err == nil {
				id = sc.id(b)
			}
			return err
		case 2: // type
			m, err := c.submessage(f.typ)
			if err != nil {
				return err
			}
			shape, symbols, format, err = d.typeProto(m, role == 11)
			return err
		}
		return c.skip(f.typ)
	})
	if err != nil || id == model.NoTensor {
		return err
	}
	t := &sc.g.Tensors[id]
	if t.DType == dtype.Unknown {
		t.DType = format
	}
	switch role {
	case 11:
		sc.inputs = append(sc.inputs, input{id, shape, symbols})
	case 12:
		sc.g.Outputs = append(sc.g.Outputs, id)
		t.Declared = shape
	case 13:
		t.Declared = shape
	}
	return nil
}

// typeProto decodes the TypeProto of a tensor, or of an optional or sparse one.
func (d *decoder) typeProto(c cursor, named bool) (shape model.Shape, symbols []string, format dtype.DType, err error) {
	err = c.each(func(f field) error {
		if f.num != 1 && f.num != 8 { // tensor_type, sparse_tensor_type
			return c.skip(f.typ)
		}
		m, err := c.submessage(f.typ)
		if err != nil {
			return err
		}
		return m.each(func(f field) error {
			switch f.num {
			case 1: // elem_type
				v, err := m.number(f.typ)
				format = model.ElemType(int64(v))
				return err
			case 2: // shape
				sm, err := m.submessage(f.typ)
				if err != nil {
					return err
				}
				shape, symbols, err = d.shape(sm, named)
				return err
			}
			return m.skip(f.typ)
		})
	})
	return shape, symbols, format, err
}

// shape decodes a TensorShapeProto; open dimensions are -1, with their symbol where named is asked for.
func (d *decoder) shape(c cursor, named bool) (shape model.Shape, symbols []string, err error) {
	shape = make(model.Shape, 0, 4)
	err = c.each(func(f field) error {
		if f.num != 1 {
			return c.skip(f.typ)
		}
		m, err := c.submessage(f.typ)
		if err != nil {
			return err
		}
		if len(shape) >= maxDims {
			return fmt.Errorf("malformed at byte %d: a tensor of more than %d dimensions", c.pos, maxDims)
		}
		dim, symbol := int64(-1), ""
		err = m.each(func(f field) error {
			switch f.num {
			case 1: // dim_value
				v, err := m.number(f.typ)
				if dim = int64(v); dim < -1 {
					return fmt.Errorf("malformed at byte %d: a dimension of %d", m.pos, dim)
				}
				return err
			case 2: // dim_param
				var err error
				symbol, err = d.name(&m, f.typ)
				return err
			}
			return m.skip(f.typ)
		})
		shape = append(shape, dim)
		if named {
			symbols = append(symbols, symbol)
		}
		return err
	})
	return shape, symbols, err
}

// node decodes a NodeProto. A Constant becomes a tensor; any other is an op.
func (d *decoder) node(c cursor, sc *scope) error {
	op := model.Op{}
	domain, at := "", c.pos
	inputs, outputs, attrs := sc.inputIDs[:0], sc.outputIDs[:0], sc.attrs[:0]
	var refs []reference
	err := c.each(func(f field) error {
		if f.typ != protowire.BytesType {
			return c.skip(f.typ)
		}
		switch f.num {
		case 1, 2: // input, output
			b, err := c.bytes()
			if err != nil {
				return err
			}
			id := model.NoTensor
			if len(b) > 0 {
				id = sc.id(b)
			}
			if len(sc.g.Tensors) > maxParts {
				return fmt.Errorf("malformed at byte %d: more than %d tensors", c.pos, maxParts)
			}
			if f.num == 1 {
				inputs = append(inputs, id)
			} else {
				outputs = append(outputs, id)
			}
			return nil
		case 3: // name
			var err error
			op.Name, err = c.text(f.typ)
			return err
		case 4: // op_type
			var err error
			op.Kind, err = d.name(&c, f.typ)
			return err
		case 5: // attribute
			m, err := c.message()
			if err != nil {
				return err
			}
			// A subgraph decodes nodes of its own scope, so the scratch lists stay ours.
			a, ref, err := d.attribute(m, sc)
			if ref != "" {
				refs = append(refs, reference{a.Name, ref})
			} else if err == nil {
				attrs = append(attrs, a)
			}
			return err
		case 7: // domain
			var err error
			domain, err = d.name(&c, f.typ)
			return err
		}
		return c.skip(f.typ)
	})
	if err != nil {
		return err
	}
	if op.Kind == "" {
		return fmt.Errorf("malformed at byte %d: a node without an operator type", at)
	}
	if domain != "" && domain != "ai.onnx" {
		op.Kind = d.qualified(domain, op.Kind)
	}
	sc.inputIDs, sc.outputIDs, sc.attrs = inputs, outputs, attrs
	op.Inputs, op.Outputs = sc.keepIDs(inputs), sc.keepIDs(outputs)
	op.Attrs = sc.keepAttrs(attrs)
	return sc.add(op, refs)
}

// qualified returns the kind of an operator of another domain.
func (d *decoder) qualified(domain, kind string) string {
	b := make([]byte, 0, 64)
	b = append(append(append(b, domain...), '.'), kind...)
	if s, ok := d.names[string(b)]; ok {
		return s
	}
	s := string(b)
	d.names[s] = s
	return s
}

// attribute decodes an AttributeProto. ref is set where it takes its value from the call of the function it is in.
func (d *decoder) attribute(c cursor, sc *scope) (a model.Attr, ref string, err error) {
	err = c.each(func(f field) error {
		var err error
		switch f.num {
		case 1: // name
			a.Name, err = d.name(&c, f.typ)
		case 2: // f
			if f.typ != protowire.Fixed32Type {
				return c.skip(f.typ)
			}
			var v uint64
			v, err = c.fixed(4)
			a.Float = float64(math.Float32frombits(uint32(v)))
		case 3: // i
			var v uint64
			v, err = c.number(f.typ)
			a.Int = int64(v)
		case 4: // s
			if f.typ != protowire.BytesType {
				return c.skip(f.typ)
			}
			var m cursor
			if m, err = c.message(); err == nil && m.end-m.pos <= 256 { // longer ones are blobs, not modes
				var b []byte
				b, err = c.s.at(m.pos, int(m.end-m.pos))
				a.String = string(b)
			}
		case 5: // t
			var m cursor
			if m, err = c.submessage(f.typ); err == nil {
				a.Tensor, err = d.tensor(m)
			}
		case 6: // g
			var m cursor
			if m, err = c.submessage(f.typ); err == nil {
				inner := newScope(sc)
				a.Graph = inner.g
				err = d.scope(m, inner)
			}
		case 7: // floats
			a.Floats, err = c.floats(f.typ, a.Floats)
		case 8: // ints
			a.Ints, err = c.int64s(f.typ, a.Ints, maxList)
		case 21: // ref_attr_name
			ref, err = c.text(f.typ)
		default:
			err = c.skip(f.typ)
		}
		return err
	})
	return a, ref, err
}

// floats reads one element, or all of a packed list, of 32-bit real numbers.
func (c *cursor) floats(t protowire.Type, to []float64) ([]float64, error) {
	m := *c
	var err error
	switch t {
	case protowire.Fixed32Type:
		m.end = min(m.pos+4, c.end)
		c.pos = m.end
	case protowire.BytesType:
		m, err = c.message()
	default:
		return to, c.skip(t)
	}
	for err == nil && m.pos < m.end {
		var v uint64
		if v, err = m.fixed(4); err == nil && len(to) >= maxList {
			err = fmt.Errorf("malformed at byte %d: a list of more than %d numbers", m.pos, maxList)
		}
		to = append(to, float64(math.Float32frombits(uint32(v))))
	}
	return to, err
}

// function decodes a FunctionProto, to be inlined where it is called.
func (d *decoder) function(c cursor) error {
	fn := &function{}
	sc := newScope(nil)
	name, domain := "", ""
	err := c.each(func(f field) error {
		var err error
		switch f.num {
		case 1:
			name, err = c.text(f.typ)
		case 4, 5: // input, output
			if f.typ != protowire.BytesType {
				return c.skip(f.typ)
			}
			var b []byte
			if b, err = c.bytes(); err == nil {
				id := sc.id(b)
				if f.num == 4 {
					sc.inputs = append(sc.inputs, input{id: id})
				} else {
					sc.g.Outputs = append(sc.g.Outputs, id)
				}
			}
		case 7: // node
			var m cursor
			if m, err = c.submessage(f.typ); err == nil {
				err = d.node(m, sc)
			}
		case 10:
			domain, err = c.text(f.typ)
		case 11: // attribute_proto: defaults
			var m cursor
			if m, err = c.submessage(f.typ); err == nil {
				var a model.Attr
				a, _, err = d.attribute(m, sc)
				fn.defaults = append(fn.defaults, a)
			}
		default: // overloads of a name differ in types, not in what they compute
			err = c.skip(f.typ)
		}
		return err
	})
	if err != nil {
		return err
	}
	if err := sc.close(); err != nil {
		return fmt.Errorf("function %s.%s: %w", domain, name, err)
	}
	fn.g, fn.refs = sc.g, sc.refs
	key := name
	if domain != "" && domain != "ai.onnx" {
		key = domain + "." + name
	}
	d.functions[key] = fn
	return nil
}

// Package onnx reads ONNX model files without their weights.
//
// A file is walked field by field through a small window: the structure is decoded, large tensors are stepped over by
// seeking. So the time and the memory it takes follow the number of nodes, not the size of the file, and paths named
// in a file (external data) are never opened. The message layout is that of onnx.proto,
// https://github.com/onnx/onnx/blob/main/onnx/onnx.proto; field numbers in the code are the schema's.
package onnx

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"roofline/model"
)

// ReadFile reads an ONNX file. Errors name it.
func ReadFile(path string) (*model.Graph, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return nil, fmt.Errorf("%s: a folder, not an ONNX file", path)
	}
	g, err := Read(f, info.Size())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return g, nil
}

// Read reads an ONNX model of size bytes. The graph's ops are in an order in which they can run, calls of model-local
// functions are inlined, and shapes are still to be inferred ([model.Infer]).
func Read(r io.ReaderAt, size int64) (*model.Graph, error) {
	if size <= 0 {
		return nil, errors.New("not an ONNX file (it is empty)")
	}
	s := &source{r: r, size: size, want: firstWindow}
	d := &decoder{s: s, functions: map[string]*function{}, names: map[string]string{}}
	if err := d.model(cursor{s, 0, size}); err != nil {
		return nil, d.explain(err)
	}
	if d.graph == nil {
		return nil, d.explain(errors.New("it has no graph"))
	}
	g := d.graph.g
	g.Opset = d.opset
	if err := d.inline(g); err != nil {
		return nil, err
	}
	if err := order(g); err != nil {
		return nil, err
	}
	return g, nil
}

// order sorts a graph and its subgraphs.
func order(g *model.Graph) error {
	for i := range g.Ops {
		for j := range g.Ops[i].Attrs {
			if sub := g.Ops[i].Attrs[j].Graph; sub != nil {
				if err := order(sub); err != nil {
					return err
				}
			}
		}
	}
	return g.Order()
}

// explain tells a file that is something else from one that is damaged.
func (d *decoder) explain(err error) error {
	head, readErr := d.s.at(0, int(min(d.s.size, 16)))
	var cut *truncatedError
	switch {
	case readErr != nil:
		return readErr
	case strings.HasPrefix(string(head), "version https"):
		return errors.New("not an ONNX file (a Git LFS pointer: fetch the file with git lfs pull)")
	case d.graph == nil && printable(head):
		return fmt.Errorf("not an ONNX file (it starts with the text %q)", head)
	case d.graph == nil && !errors.As(err, &cut):
		return fmt.Errorf("not an ONNX file (%w)", err)
	}
	return err
}

// printable reports plain text. No model starts so: its first byte is the tag of a field, 0x08 in almost every file.
func printable(head []byte) bool {
	for _, c := range head {
		if (c < ' ' || c > '~') && c != '\n' && c != '\r' && c != '\t' {
			return false
		}
	}
	return true
}

// input is what a graph declares as one.
type input struct {
	id      model.TensorID
	shape   model.Shape
	symbols []string
}

// scope is a graph while it is read: its names, and which of them have a source.
type scope struct {
	g       *model.Graph
	outer   *scope
	ids     map[string]model.TensorID
	defined []bool
	inputs  []input
	refs    map[int][]reference

	// Scratch lists of the node at hand, and the blocks that what is kept of them is cut from.
	inputIDs, outputIDs, idBlock []model.TensorID
	attrs, attrBlock             []model.Attr
}

func newScope(outer *scope) *scope {
	return &scope{g: &model.Graph{}, outer: outer, ids: map[string]model.TensorID{}}
}

// id returns the tensor of a name.
func (sc *scope) id(name []byte) model.TensorID {
	if id, ok := sc.ids[string(name)]; ok {
		return id
	}
	return sc.newID(string(name))
}

func (sc *scope) newID(name string) model.TensorID {
	id := model.TensorID(len(sc.g.Tensors))
	sc.g.Tensors = append(sc.g.Tensors, model.Tensor{Name: name})
	sc.defined = append(sc.defined, false)
	sc.ids[name] = id
	return id
}

// define gives a tensor its source: no two may have the same.
func (sc *scope) define(id model.TensorID) error {
	if sc.defined[id] {
		return fmt.Errorf("malformed: tensor %q is produced twice", sc.g.Tensors[id].Name)
	}
	sc.defined[id] = true
	return nil
}

// weight adds an initializer.
func (sc *scope) weight(t *model.Tensor) error {
	id := sc.id([]byte(t.Name))
	t.Name, t.Role = sc.g.Tensors[id].Name, model.Weight
	sc.g.Tensors[id] = *t
	return sc.define(id)
}

// storedConstant is the size from which the real numbers of a Constant node are taken for a weight: some exporters keep
// all weights so. Smaller ones are tables and scalars.
const storedConstant = 1 << 14

// add appends an op; a Constant becomes a tensor.
func (sc *scope) add(op model.Op, refs []reference) error {
	for _, id := range op.Outputs {
		if id != model.NoTensor {
			if err := sc.define(id); err != nil {
				return err
			}
		}
	}
	if op.Kind == "Constant" && len(op.Outputs) == 1 && op.Outputs[0] != model.NoTensor && len(op.Attrs) == 1 {
		if c := op.Attrs[0].Tensor; c != nil && op.Attrs[0].Name == "value" {
			t := &sc.g.Tensors[op.Outputs[0]]
			t.Shape, t.DType, t.Value, t.Role = c.Shape, c.DType, c.Value, model.Constant
			if t.DType.Float() && t.Shape.Elems() >= storedConstant {
				t.Role = model.Weight
			}
			return nil
		}
	}
	if refs != nil {
		if sc.refs == nil {
			sc.refs = map[int][]reference{}
		}
		sc.refs[len(sc.g.Ops)] = refs
	}
	sc.g.Ops = append(sc.g.Ops, op)
	return nil
}

// close settles what is known only when the whole graph has been read: which inputs are no initializers, and what comes
// from the graph around.
func (sc *scope) close() error {
	for _, in := range sc.inputs {
		t := &sc.g.Tensors[in.id]
		if t.Role == model.Weight {
			continue // a default, which IR versions before 4 require to be listed as an input too
		}
		if err := sc.define(in.id); err != nil {
			return err
		}
		t.Role, t.Shape, t.Declared, t.Symbols = model.Input, in.shape, nil, in.symbols
		sc.g.Inputs = append(sc.g.Inputs, in.id)
	}
	for i, ok := range sc.defined {
		if ok {
			continue
		}
		id := model.TensorID(i)
		t := &sc.g.Tensors[id]
		if sc.outer == nil {
			if reader := sc.reader(id); reader != "" {
				return fmt.Errorf("malformed: %s reads tensor %q, which nothing produces", reader, t.Name)
			}
			continue // only declared
		}
		sc.g.Captures = append(sc.g.Captures, model.Capture{Outer: sc.outer.id([]byte(t.Name)), Inner: id})
	}
	sc.ids = nil
	return nil
}

// reader describes who reads a tensor, "" where nobody does.
func (sc *scope) reader(id model.TensorID) string {
	for i := range sc.g.Ops {
		op := &sc.g.Ops[i]
		for _, in := range op.Inputs {
			if in == id {
				return fmt.Sprintf("op %q (%s)", op.Name, op.Kind)
			}
		}
		for j := range op.Attrs {
			if sub := op.Attrs[j].Graph; sub != nil {
				for _, c := range sub.Captures {
					if c.Outer == id {
						return fmt.Sprintf("the subgraph of op %q (%s)", op.Name, op.Kind)
					}
				}
			}
		}
	}
	for _, out := range sc.g.Outputs {
		if out == id {
			return "the output of the graph"
		}
	}
	return ""
}

// keepIDs copies a scratch list into a block shared by many ops.
func (sc *scope) keepIDs(ids []model.TensorID) []model.TensorID {
	if len(sc.idBlock) < len(ids) {
		sc.idBlock = make([]model.TensorID, max(1024, len(ids)))
	}
	kept := sc.idBlock[:len(ids):len(ids)]
	sc.idBlock = sc.idBlock[len(ids):]
	copy(kept, ids)
	return kept
}

// keepAttrs likewise.
func (sc *scope) keepAttrs(attrs []model.Attr) model.Attrs {
	if len(attrs) == 0 {
		return nil
	}
	if len(sc.attrBlock) < len(attrs) {
		sc.attrBlock = make([]model.Attr, max(64, len(attrs)))
	}
	kept := sc.attrBlock[:len(attrs):len(attrs)]
	sc.attrBlock = sc.attrBlock[len(attrs):]
	copy(kept, attrs)
	return model.Attrs(kept)
}

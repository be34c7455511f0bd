// Package native reads graphs written by hand in TOML, for networks of which no export exists. The form is documented,
// with an example of every family of ops, in docs/native-graph.md.
package native

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/BurntSushi/toml"

	"roofline/hardware/document"
	"roofline/hardware/dtype"
	"roofline/model"
)

// defaultOpset is the version of the operator set a file follows that names none.
const defaultOpset = 17

// Limits of a file. Graphs written by hand are small; what is beyond was not.
const (
	maxDims  = 32
	maxCount = 4096 // elements of a list
)

// ReadFile reads a graph from a TOML file. Errors name it.
func ReadFile(path string) (*model.Graph, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return Read(data, path)
}

// Read reads a graph from TOML. Errors are one line and start with name and the line: "tiny.toml:12: …". A key nobody
// knows is an error. Shapes are still to be inferred ([model.Infer]).
func Read(data []byte, name string) (*model.Graph, error) {
	if len(data) > document.MaxSize {
		return nil, fmt.Errorf("%s: %d bytes: a graph written by hand has at most %d", name, len(data), document.MaxSize)
	}
	r := &reader{file: name, text: string(data), tensors: map[string]model.TensorID{}}
	if err := document.CheckDepth(name, r.text); err != nil {
		return nil, err
	}
	doc := map[string]any{}
	if _, err := toml.Decode(r.text, &doc); err != nil {
		var p toml.ParseError
		if errors.As(err, &p) {
			return nil, fmt.Errorf("%s:%d: %s", name, p.Position.Line, firstLine(p.Message))
		}
		return nil, fmt.Errorf("%s: %s", name, firstLine(err.Error()))
	}
	return r.graph(doc)
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return s
}

// reader turns a decoded document into a graph.
type reader struct {
	file, text string
	b          *model.Builder
	format     dtype.DType // of weights and inputs that name none
	tensors    map[string]model.TensorID
	last       model.TensorID // what an op without inputs reads: the output before, at first the first input
	ops        int
}

// graph reads the whole document.
func (r *reader) graph(doc map[string]any) (*model.Graph, error) {
	top := r.table(doc, "", 0)
	title, opset := top.text("name", ""), top.integer("opset", defaultOpset)
	r.format = top.format("dtype", dtype.FP32)
	outputs := top.texts("output")
	inputs, weights, ops := top.tables("input"), top.tables("weight"), top.tables("op")
	if err := top.done(); err != nil {
		return nil, err
	}
	r.b = model.NewBuilder(title, int(opset))
	r.last = model.NoTensor
	for i, t := range inputs {
		if err := r.input(r.table(t, "input", i)); err != nil {
			return nil, err
		}
	}
	for i, t := range weights {
		if err := r.weight(r.table(t, "weight", i)); err != nil {
			return nil, err
		}
	}
	for i, t := range ops {
		if err := r.op(r.table(t, "op", i)); err != nil {
			return nil, err
		}
	}
	if r.ops == 0 {
		return nil, fmt.Errorf("%s: no [[op]]: not a graph", r.file)
	}
	if outputs == nil {
		r.b.Output(r.last)
	}
	for _, name := range outputs {
		id, ok := r.tensors[name]
		if !ok {
			return nil, top.errorf("output", "output %q is no tensor of the graph", name)
		}
		r.b.Output(id)
	}
	return r.b.Graph(), nil
}

// input declares one input: [[input]] name, shape, dtype.
func (r *reader) input(t *table) error {
	name := t.text("name", "input")
	shape, symbols := t.shape("shape", true)
	format := t.format("dtype", r.format)
	if err := t.done(); err != nil {
		return err
	}
	id := r.b.Input(name, format, shape, symbols...)
	if r.last == model.NoTensor {
		r.last = id
	}
	return r.name(t, name, id)
}

// weight declares a stored tensor several ops share: [[weight]] name, shape, dtype.
func (r *reader) weight(t *table) error {
	name := t.text("name", "")
	shape, _ := t.shape("shape", false)
	format := t.format("dtype", r.format)
	if err := t.done(); err != nil {
		return err
	}
	if name == "" {
		return t.errorf("name", "a shared weight needs a name")
	}
	return r.name(t, name, r.b.Weight(name, format, shape))
}

// name makes a tensor known to what follows.
func (r *reader) name(t *table, name string, id model.TensorID) error {
	if _, taken := r.tensors[name]; taken {
		return t.errorf("name", "%q is the name of another tensor", name)
	}
	r.tensors[name] = id
	return nil
}

// op appends an operation: kind, name, operands, outputs, and attributes under their ONNX names.
func (r *reader) op(t *table) error {
	r.ops++
	kind := t.text("kind", "")
	if t.err == nil && kind == "" {
		return t.errorf("", "an op needs a kind, such as kind = \"Conv\"")
	}
	if t.err == nil && !model.Known(kind) {
		return t.errorf("kind", "unknown op kind %q", kind)
	}
	if kind == "If" || kind == "Loop" || kind == "Scan" {
		return t.errorf("kind", "%s needs a subgraph, which this form doesn't have: write out what it runs", kind)
	}
	name := t.text("name", fmt.Sprintf("%s_%d", strings.ToLower(kind[strings.LastIndexByte(kind, '.')+1:]), r.ops))
	operands, err := r.operands(t, name)
	if err != nil {
		return err
	}
	outputs := t.texts("output")
	if outputs == nil {
		outputs = []string{name}
	}
	attrs := t.attributes()
	if err := t.done(); err != nil {
		return err
	}
	for i, id := range r.b.Ops(kind, name, operands, outputs, attrs...) {
		if id == model.NoTensor {
			continue
		}
		if err := r.name(t, outputs[i], id); err != nil {
			return err
		}
		if i == 0 {
			r.last = id
		}
	}
	return nil
}

// operands collects what an op reads: input (the output before where it isn't given), then the stored weight, weights
// and bias.
func (r *reader) operands(t *table, op string) ([]model.TensorID, error) {
	var ids []model.TensorID
	given, ok := t.take("input")
	switch list, isList := given.([]any); {
	case !ok && r.last == model.NoTensor:
		// An op without operands, such as RandomNormal.
	case !ok:
		ids = append(ids, r.last)
	case isList:
		for i, v := range list {
			id, err := r.operand(t, fmt.Sprintf("%s.%d", op, i), v)
			if err != nil {
				return nil, err
			}
			ids = append(ids, id)
		}
	default: // one operand needs no list
		id, err := r.operand(t, op+".0", given)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	var stored []model.Shape
	if t.has("weight") {
		shape, _ := t.shape("weight", false)
		stored = append(stored, shape)
	}
	stored = append(stored, t.shapes("weights")...)
	if t.has("bias") {
		shape, _ := t.shape("bias", false)
		stored = append(stored, shape)
	}
	for i, shape := range stored {
		ids = append(ids, r.b.Weight(fmt.Sprintf("%s.weight%d", op, i), r.format, shape))
	}
	return ids, t.err
}

// operand is the name of a tensor ("" where an optional one is left out), { weight = [64, 3, 7, 7] } or
// { value = [0, -1] }.
func (r *reader) operand(t *table, name string, v any) (model.TensorID, error) {
	switch v := v.(type) {
	case string:
		if v == "" {
			return model.NoTensor, nil
		}
		if id, ok := r.tensors[v]; ok {
			return id, nil
		}
		return 0, t.errorf("input", "no tensor is named %q before this op", v)
	case map[string]any:
		sub := &table{r: r, values: v, kind: t.kind, index: t.index, inner: true}
		id := model.NoTensor
		switch {
		case sub.has("weight"):
			format := sub.format("dtype", r.format)
			shape, _ := sub.shape("weight", false)
			id = r.b.Weight(sub.text("name", name), format, shape)
		case sub.has("value"):
			id = sub.constant(r.b, name)
		}
		if err := sub.done(); err != nil {
			return 0, err
		}
		if id == model.NoTensor {
			return 0, t.errorf("input", "an operand is a name, { weight = [shape] } or { value = numbers }")
		}
		return id, nil
	}
	return 0, t.errorf("input", "an operand is a name, { weight = [shape] } or { value = numbers }, not %v", v)
}

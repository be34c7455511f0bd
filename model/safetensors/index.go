package safetensors

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"roofline/hardware/dtype"
	"roofline/hardware/unit"
)

// Index is what the headers of a model's files say.
type Index struct {
	Name    string // of the file or the folder
	Tensors []Tensor

	byName map[string]int
}

// Tensor is one entry of a header.
type Tensor struct {
	Name  string
	Shape []int64
	DType dtype.DType
	Bytes int64
	File  string // the name of the file that has it

	begin int64 // in the data of the file
}

// Elements returns the product of the dimensions, 1 for a scalar.
func (t *Tensor) Elements() int64 {
	n := int64(1)
	for _, d := range t.Shape {
		n *= d
	}
	return n
}

// add takes in the tensors of a file.
func (x *Index) add(file string, tensors []Tensor) error {
	if len(x.Tensors)+len(tensors) > maxTensors {
		return fmt.Errorf("more than %d tensors", maxTensors)
	}
	for i := range tensors {
		t := &tensors[i]
		if first, twice := x.byName[t.Name]; twice {
			if first < len(x.Tensors) {
				file = x.Tensors[first].File
			}
			return fmt.Errorf("tensor %q is there twice, the first time in %s", clip(t.Name), file)
		}
		t.File = file
		x.byName[t.Name] = len(x.Tensors) + i
	}
	x.Tensors = append(x.Tensors, tensors...)
	return nil
}

// Tensor returns the tensor of a name.
func (x *Index) Tensor(name string) (*Tensor, bool) {
	i, ok := x.byName[name]
	if !ok {
		return nil, false
	}
	return &x.Tensors[i], true
}

// Bytes returns the memory of all tensors.
func (x *Index) Bytes() unit.Bytes {
	n := 0.0
	for i := range x.Tensors {
		n += float64(x.Tensors[i].Bytes)
	}
	return unit.Bytes(n)
}

// Parameters returns the logical elements of the weights: packed ones unpacked, what belongs to a quantisation left out.
// The layers for multi-token prediction and the towers of other modalities are in it if the files have them.
func (x *Index) Parameters() float64 {
	return x.ParametersWhere(func(*Tensor) bool { return true })
}

// ParametersWhere returns the logical elements of the tensors that are asked for.
func (x *Index) ParametersWhere(wanted func(*Tensor) bool) float64 {
	n := 0.0
	for i := range x.Tensors {
		if t := &x.Tensors[i]; wanted(t) {
			n += x.parameters(t)
		}
	}
	return n
}

// Share is what of a model is stored in one number format.
type Share struct {
	DType      dtype.DType
	Tensors    int
	Parameters float64
	Bytes      unit.Bytes
}

// ByDType returns the number formats of the tensors as they are stored, the one with the most bytes first.
func (x *Index) ByDType() []Share {
	sums := make(map[dtype.DType]Share)
	for i := range x.Tensors {
		t := &x.Tensors[i]
		s := sums[t.DType]
		sums[t.DType] = Share{t.DType, s.Tensors + 1, s.Parameters + x.parameters(t), s.Bytes + unit.Bytes(t.Bytes)}
	}
	return slices.SortedFunc(maps.Values(sums), func(a, b Share) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(a.DType, b.DType))
	})
}

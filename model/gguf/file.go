// Package gguf reads the headers of GGUF files, the format of llama.cpp.
//
// Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. A header is walked once from front to back: magic,
// version, keys with values, and for each tensor name, shape, type and offset. The data is never read. The layers of
// the model are put together from the tensors ([File.Model]), so that every weight in the file is accounted for.
//
// The reader is our own. github.com/gpustack/gguf-parser-go v0.28.1 reads the same, but some headers make it panic or
// exhaust memory, and a walk that tells them beforehand is all of this reader; the header of a Llama-3-70B takes it 14 ms
// with the file mapped into memory and 355 ms without (this reader: 4.5 ms); and its package brings the HTTP, SSH and
// registry clients that double the program (6.3 to 12.2 MB). The tests compare the two.
package gguf

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"roofline/hardware/dtype"
	"roofline/hardware/unit"
	"roofline/model/transformer"
)

// File is what the header of a GGUF file says, or those of a split model's files together.
type File struct {
	Name         string // the file's, without its ending and the number of the split
	Architecture string // general.architecture: llama, qwen3, …
	Tensors      []Tensor

	path string
	keys map[string]value
}

// ReadFile reads a language model from a GGUF file. Of a split model any of its files will do.
func ReadFile(path string) (*transformer.Model, error) {
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	return f.Model()
}

// Read reads a language model from a GGUF file of size bytes, of which the header is enough. One file of several that a
// model is split into is not.
func Read(r io.ReaderAt, size int64, name string) (*transformer.Model, error) {
	p, err := readPart(r, size)
	if err == nil && p.keys["split.count"].number > 1 {
		err = fmt.Errorf("one of the %g files of a split model: want it in one, or all of them in a folder", p.keys["split.count"].number)
	}
	var f *File
	if err == nil {
		f, err = join([]*part{p})
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	f.path, f.Name = name, strings.TrimSuffix(name, ".gguf")
	return f.Model()
}

// Open reads the header of a GGUF file, and those of the others where the model is split.
func Open(path string) (*File, error) {
	parts, err := readParts(path)
	if err != nil {
		return nil, err
	}
	f, err := join(parts)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	f.path, f.Name = path, strings.TrimSuffix(filepath.Base(path), ".gguf")
	if name := splitName.FindStringSubmatch(filepath.Base(path)); name != nil && len(parts) > 1 {
		f.Name = name[1]
	}
	return f, nil
}

// join puts the parts of a model together. The first has the keys that describe it.
func join(parts []*part) (*File, error) {
	f := &File{keys: parts[0].keys, Architecture: parts[0].keys["general.architecture"].text}
	if f.Architecture == "" {
		return nil, fmt.Errorf("general.architecture is missing: want a model's name for its layers, such as llama")
	}
	names := make(map[string]bool)
	for _, p := range parts {
		for _, t := range p.tensors {
			if names[t.Name] {
				return nil, fmt.Errorf("tensor %q is there twice", t.Name)
			}
			names[t.Name] = true
		}
		f.Tensors = append(f.Tensors, p.tensors...)
	}
	if v, ok := f.keys["split.tensors.count"]; ok && len(parts) > 1 && v.number != float64(len(f.Tensors)) {
		return nil, fmt.Errorf("split.tensors.count is %g, and the %d files have %d tensors", v.number, len(parts), len(f.Tensors))
	}
	return f, nil
}

// Parameters returns the elements of all weights. Tables of rotations and scales of quantised weights, which some files
// store as tensors, are none.
func (f *File) Parameters() float64 {
	n := 0.0
	for i := range f.Tensors {
		if t := &f.Tensors[i]; !t.auxiliary() {
			n += float64(t.Elements())
		}
	}
	return n
}

// Bytes returns the memory of all tensors, each in its own format.
func (f *File) Bytes() unit.Bytes {
	n := 0.0
	for i := range f.Tensors {
		n += float64(f.Tensors[i].Bytes)
	}
	return unit.Bytes(n)
}

// BitsPerWeight returns the bits a parameter takes on average.
func (f *File) BitsPerWeight() float64 { return 8 * float64(f.Bytes()) / f.Parameters() }

// Share is what of a file is stored in one number format.
type Share struct {
	DType      dtype.DType
	Tensors    int
	Parameters float64
	Bytes      unit.Bytes
}

// ByDType returns the number formats in the file, the one with the most bytes first.
func (f *File) ByDType() []Share { return shares(f.Tensors, func(*Tensor) bool { return true }) }

// shares sums up the tensors that are asked for.
func shares(tensors []Tensor, of func(*Tensor) bool) []Share {
	sums := make(map[dtype.DType]Share)
	for i := range tensors {
		t := &tensors[i]
		if !of(t) {
			continue
		}
		s := sums[t.DType]
		s.DType, s.Tensors, s.Bytes = t.DType, s.Tensors+1, s.Bytes+unit.Bytes(t.Bytes)
		if !t.auxiliary() {
			s.Parameters += float64(t.Elements())
		}
		sums[t.DType] = s
	}
	return slices.SortedFunc(maps.Values(sums), func(a, b Share) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(a.DType, b.DType))
	})
}

// auxiliary reports a tensor that is no weight: rope_freqs and rope_factors, and the scale of a whole quantised tensor.
func (t *Tensor) auxiliary() bool {
	return strings.HasPrefix(t.Name, "rope_") || strings.HasSuffix(t.Name, ".scale") || strings.HasSuffix(t.Name, ".input_scale")
}

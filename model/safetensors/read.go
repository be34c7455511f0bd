// Package safetensors reads the headers of safetensors files: names, shapes, number formats and sizes of a model's
// tensors, exactly. The tensors themselves are never read.
//
// Format: https://github.com/huggingface/safetensors#format. Eight bytes with the length of the header, little-endian;
// the header, a JSON object with an entry for each tensor; the data, where the tensors lie one after the other without a
// gap. What the reference implementation refuses is refused here, too.
package safetensors

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"os"
	"path/filepath"
	"slices"

	"roofline/hardware/dtype"
)

// Limits no real model comes near, but for maxHeader, which is the reference implementation's.
const (
	maxHeader  = 100_000_000
	maxTensors = 1 << 20
	maxDims    = 16
	maxNumber  = 1 << 53
)

// ReadFile reads the header of a file, or those of the model in a folder: model.safetensors, or the shards that
// model.safetensors.index.json lists.
func ReadFile(path string) (*Index, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	x := &Index{Name: filepath.Base(path), byName: make(map[string]int)}
	if info.IsDir() {
		err = x.readFolder(path)
	} else {
		err = x.readFile(path)
	}
	if err != nil {
		return nil, err
	}
	return x, nil
}

// readFile adds the tensors of a file.
func (x *Index) readFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s: not a file", path)
	}
	tensors, err := readHeader(f, info.Size())
	if err == nil {
		err = x.add(filepath.Base(path), tensors)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// readHeader reads the tensors of a file of size bytes.
func readHeader(r io.ReaderAt, size int64) ([]Tensor, error) {
	length := make([]byte, 8)
	if n, err := r.ReadAt(length, 0); n < len(length) {
		if errors.Is(err, io.EOF) {
			err = fmt.Errorf("not a safetensors file: it has %d bytes", n)
		}
		return nil, err
	}
	n := binary.LittleEndian.Uint64(length)
	switch {
	case string(length) == "version ":
		return nil, errors.New("not a safetensors file (a Git LFS pointer: fetch the file with git lfs pull)")
	case n > maxHeader:
		return nil, fmt.Errorf("not a safetensors file: its header would have %d bytes, want at most %d", n, maxHeader)
	case int64(n) > size-8:
		return nil, fmt.Errorf("truncated: the header has %d bytes, the file %d", n, size)
	}
	s := newScanner(io.NewSectionReader(r, 8, int64(n)))
	tensors := s.tensors()
	switch {
	case s.err != nil:
		return nil, s.err
	case s.pos != int64(n):
		return nil, fmt.Errorf("truncated: the header has %d bytes, and %d are there", n, s.pos)
	}
	return tensors, check(tensors, size-8-int64(n))
}

// tensors reads a whole header.
func (s *scanner) tensors() []Tensor {
	var tensors []Tensor
	s.object(func(key string) {
		if key == "__metadata__" {
			s.object(func(string) { s.skip() })
		} else if len(tensors) == maxTensors {
			s.failf("more than %d tensors", maxTensors)
		} else {
			tensors = append(tensors, s.tensor(key))
		}
	})
	s.end()
	return tensors
}

// formats are the number formats by their names in headers. The exponents of F8_E8M0, which scale blocks, count as bytes.
var formats = map[string]dtype.DType{
	"F64": dtype.FP64, "F32": dtype.FP32, "F16": dtype.FP16, "BF16": dtype.BF16, "C64": dtype.COMPLEX64,
	"F8_E4M3": dtype.FP8, "F8_E5M2": dtype.FP8E5M2, "F8_E8M0": dtype.UINT8,
	"F8_E4M3FNUZ": dtype.FP8, "F8_E5M2FNUZ": dtype.FP8E5M2,
	"F6_E2M3": dtype.FP6, "F6_E3M2": dtype.FP6, "F4": dtype.FP4,
	"I64": dtype.INT64, "I32": dtype.INT32, "I16": dtype.INT16, "I8": dtype.INT8,
	"U64": dtype.UINT64, "U32": dtype.UINT32, "U16": dtype.UINT16, "U8": dtype.UINT8, "BOOL": dtype.BOOL,
}

// fields are what an entry has, in any order.
var fields = []string{"dtype", "shape", "data_offsets"}

// words are the strings that come back in every entry, to be held once.
var words = func() map[string]string {
	words := make(map[string]string)
	for format := range formats {
		words[format] = format
	}
	for _, field := range fields {
		words[field] = field
	}
	return words
}()

// tensor reads what an entry says, and checks that shape, format and size agree.
func (s *scanner) tensor(name string) Tensor {
	t := Tensor{Name: name}
	var offsets [2]int64
	var have [3]bool
	s.object(func(key string) {
		i := slices.Index(fields, key)
		switch {
		case i < 0 || have[i]:
			s.failf("tensor %q has %q, which is unknown or there twice", clip(name), clip(key))
			return
		case i == 0:
			format := s.text()
			if t.DType = formats[format]; t.DType == dtype.Unknown {
				s.failf("tensor %q has the unknown dtype %q", clip(name), clip(format))
			}
		case i == 1:
			t.Shape = slices.Clone(s.numbers(maxDims))
		case i == 2:
			if copy(offsets[:], s.numbers(2)) < 2 {
				s.failf("tensor %q: want two data_offsets", clip(name))
			}
		}
		have[i] = true
	})
	size, ok := t.size()
	switch {
	case s.err != nil:
	case have != [3]bool{true, true, true}:
		s.failf("tensor %q: want dtype, shape and data_offsets", clip(name))
	case !ok || offsets[1]-offsets[0] != size:
		s.failf("tensor %q of %s %v has data_offsets %v, which is another size", clip(name), t.DType, t.Shape, offsets)
	default:
		t.begin, t.Bytes = offsets[0], size
	}
	return t
}

// size returns the bytes of the elements; ok is false where they are too many, or end within a byte.
func (t *Tensor) size() (n int64, ok bool) {
	elements := uint64(1)
	for _, d := range t.Shape {
		over, product := bits.Mul64(elements, uint64(d))
		if over > 0 || product > maxNumber/64 {
			return 0, false
		}
		elements = product
	}
	all := int64(elements) * int64(t.DType.Bits())
	return all / 8, all%8 == 0
}

// check makes sure that the tensors fill the data, one after the other.
func check(tensors []Tensor, size int64) error {
	order := make([]*Tensor, len(tensors))
	for i := range tensors {
		order[i] = &tensors[i]
	}
	slices.SortFunc(order, func(a, b *Tensor) int { return cmp.Or(cmp.Compare(a.begin, b.begin), cmp.Compare(a.Bytes, b.Bytes)) })
	end := int64(0)
	for _, t := range order {
		if t.begin != end {
			return fmt.Errorf("tensor %q begins at byte %d of the data: want %d, where the one before it ends", clip(t.Name), t.begin, end)
		}
		end += t.Bytes
	}
	switch {
	case end > size:
		return fmt.Errorf("truncated: the tensors have %d bytes, the file %d after its header", end, size)
	case end < size:
		return fmt.Errorf("the tensors have %d bytes, but the file %d after its header", end, size)
	}
	return nil
}

// clip bounds what an error quotes.
func clip(s string) string {
	const most = 80
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}

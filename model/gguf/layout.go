package gguf

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"roofline/hardware/dtype"
	"roofline/model/transformer"
)

// layout hands out the tensors of a file to the places of a model, and keeps the first error.
type layout struct {
	file    *File
	tensors map[string]*Tensor // that have no place yet
	apart   bool               // a part of a layer has a format of its own
	part    []Tensor           // that were given theirs since the last call of storage
	err     error
}

func (l *layout) failf(format string, args ...any) {
	if l.err == nil {
		l.err = fmt.Errorf(format, args...)
	}
}

// take gives a tensor its place. It must be there and have the shape.
func (l *layout) take(name string, shape ...int) {
	if !l.may(name, shape...) {
		l.failf("tensor %s is missing: want one of %s", name, product(shape))
	}
}

// may gives a tensor its place if it is there; then it must have the shape.
func (l *layout) may(name string, shape ...int) bool {
	t, ok := l.tensors[name]
	if !ok {
		return false
	}
	delete(l.tensors, name)
	l.part = append(l.part, *t)
	if !slices.EqualFunc(t.Shape, shape, func(have int64, want int) bool { return have == int64(want) }) {
		l.failf("tensor %s is %s, and the model's keys say %s", name, product(t.Shape), product(shape))
	}
	return true
}

// there reports a tensor that has no place yet.
func (l *layout) there(name string) bool {
	_, ok := l.tensors[name]
	return ok
}

// storage returns how the part of a model is stored that was given its tensors last: in the format most bytes of its
// matrices are in, as far as that is not the model's.
func (l *layout) storage(m *transformer.Model) (unquantized bool, s transformer.Storage) {
	matrices := shares(l.part, func(t *Tensor) bool { return len(t.Shape) > 1 })
	l.part = l.part[:0]
	whole := m.Quantization.Weights
	switch {
	case whole == dtype.Unknown || len(matrices) == 0 || matrices[0].DType == whole:
		return false, s
	case matrices[0].DType.Bits() >= 16:
		l.apart = true
		return true, s
	}
	l.apart = true
	return false, transformer.Storage{Weights: matrices[0].DType, WeightOnly: true}
}

// width returns a dimension of a tensor, 0 if it is not there.
func (l *layout) width(name string, dimension int) int {
	if t, ok := l.tensors[name]; ok && dimension < len(t.Shape) && t.Shape[dimension] <= maxWidth {
		return int(t.Shape[dimension])
	}
	return 0
}

// product writes a shape: 4096 × 14336.
func product[T int | int64](shape []T) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(shape), " ", " × "), "[]")
}

// norm gives a norm its place and says which one it is: one with a bias subtracts the mean.
func (l *layout) norm(name string, hidden int) transformer.Norm {
	l.take(name+".weight", hidden)
	if l.may(name+".bias", hidden) {
		return transformer.LayerNorm
	}
	if strings.HasPrefix(l.file.Architecture, "command-r") || l.file.Architecture == "cohere2" {
		return transformer.LayerNormUnbiased
	}
	return transformer.RMSNorm
}

// size reads a positive whole number of the architecture, the same in all layers. One that is missing has the fallback,
// or is an error where that is 0; -1 stands for a fallback of 0.
func (l *layout) size(key string, limit, fallback int) int {
	return l.sizeOf(key, -1, limit, fallback)
}

// sizeOf reads the number of a layer, where the key has one for each.
func (l *layout) sizeOf(key string, layer, limit, fallback int) int {
	name := l.file.Architecture + "." + key
	v, ok := l.file.keys[name]
	n := v.number
	if v.typ == typeArray {
		if layer < 0 || layer >= len(v.list) {
			l.failf("%s is an array of %d numbers: want one for each layer", name, len(v.list))
			return 0
		}
		n = v.list[layer]
	}
	switch {
	case !ok && fallback != 0:
		return max(fallback, 0)
	case !ok:
		l.failf("%s is missing: want a whole number from 1 to %d", name, limit)
		return 0
	case v.typ == typeString || n != float64(int64(n)) || n < 1 || n > float64(limit):
		l.failf("%s is %s: want a whole number from 1 to %d", name, cmp.Or(clip(v.text), fmt.Sprint(n)), limit)
		return 0
	}
	return int(n)
}

// done fails on tensors that have found no place.
func (l *layout) done() {
	if rest := slices.Sorted(maps.Keys(l.tensors)); len(rest) > 0 {
		l.failf("architecture %s is not read yet: it has %d tensors that have no place in the model, such as %s",
			clip(l.file.Architecture), len(rest), clip(rest[0]))
	}
}

// clip bounds what an error quotes.
func clip(s string) string {
	const most = 40
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}

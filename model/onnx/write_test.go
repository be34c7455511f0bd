package onnx

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// The functions below write the messages of the schema, for files no exporter would give us.

// num appends a number field.
func num(b []byte, f protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, f, protowire.VarintType), v)
}

// sub appends a nested message or text.
func sub[T ~[]byte | ~string](b []byte, f protowire.Number, v T) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, f, protowire.BytesType), []byte(v))
}

// nodeMessage writes a NodeProto; attrs are AttributeProto messages.
func nodeMessage(kind string, inputs, outputs []string, attrs ...[]byte) []byte {
	var b []byte
	for _, in := range inputs {
		b = sub(b, 1, in)
	}
	for _, out := range outputs {
		b = sub(b, 2, out)
	}
	b = sub(b, 4, kind)
	for _, a := range attrs {
		b = sub(b, 5, a)
	}
	return b
}

// valueMessage writes a ValueInfoProto of 32-bit floats. Text dimensions are symbols.
func valueMessage(name string, dims ...any) []byte {
	var shape []byte
	for _, d := range dims {
		switch d := d.(type) {
		case string:
			shape = sub(shape, 1, sub(nil, 2, d))
		case int:
			shape = sub(shape, 1, num(nil, 1, uint64(int64(d))))
		}
	}
	tensor := sub(num(nil, 1, 1), 2, shape)
	return sub(sub(nil, 1, name), 2, sub(nil, 1, tensor))
}

// weightMessage writes a TensorProto of 32-bit floats without content.
func weightMessage(name string, dims ...int) []byte {
	var b []byte
	for _, d := range dims {
		b = num(b, 1, uint64(int64(d)))
	}
	return sub(num(b, 2, 1), 8, name)
}

// graphMessage joins fields of a GraphProto.
func graphMessage(fields ...[]byte) []byte {
	var b []byte
	for _, f := range fields {
		b = append(b, f...)
	}
	return b
}

// modelMessage writes a ModelProto of opset 17 around a graph.
func modelMessage(graph []byte, more ...[]byte) []byte {
	b := num(nil, 1, 8)
	b = sub(b, 7, graph)
	b = sub(b, 8, num(nil, 2, 17))
	for _, m := range more {
		b = append(b, m...)
	}
	return b
}

// largeFile writes a chain of 30 products whose weights, 4096 × 4096 floats each, lie in the file: 1.9 GiB, most of it a
// hole that takes no disk.
func largeFile(t testing.TB) string {
	t.Helper()
	const layers, side = 30, 4096
	payload := int64(side * side * 4)
	var nodes []byte
	names := []string{"x"}
	var heads [][]byte // of the initializers, up to their content
	for i := range layers {
		out, w := "h"+string(rune('a'+i)), "w"+string(rune('a'+i))
		nodes = sub(nodes, 1, nodeMessage("MatMul", []string{names[i], w}, []string{out}))
		names = append(names, out)
		head := weightMessage(w, side, side)
		head = protowire.AppendVarint(protowire.AppendTag(head, 9, protowire.BytesType), uint64(payload))
		outer := protowire.AppendVarint(protowire.AppendTag(nil, 5, protowire.BytesType), uint64(int64(len(head))+payload))
		heads = append(heads, append(outer, head...))
	}
	tail := sub(sub(nil, 11, valueMessage("x", "batch", side)), 12, valueMessage(names[layers], "batch", side))
	size := int64(len(nodes) + len(tail))
	for _, h := range heads {
		size += int64(len(h)) + payload
	}
	dir := os.Getenv("ROOFLINE_LARGE") // a folder to keep the file in, for timing the command on it
	if dir == "" {
		dir = t.TempDir()
	}
	path := filepath.Join(dir, "large.onnx")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	at := int64(0)
	write := func(b []byte) {
		if _, err := f.WriteAt(b, at); err != nil {
			t.Fatal(err)
		}
		at += int64(len(b))
	}
	write(protowire.AppendVarint(protowire.AppendTag(num(nil, 1, 8), 7, protowire.BytesType), uint64(size)))
	write(nodes)
	for _, h := range heads {
		write(h)
		at += payload
	}
	write(tail)
	write(sub(nil, 8, num(nil, 2, 17)))
	return path
}

// allocated returns the bytes a call allocates in all: an upper bound of what it holds at once.
func allocated(call func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	call()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

package onnx

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"roofline/model"
)

// benchmarkFiles are read from shared where it is, else from testdata.
func benchmarkFiles(b *testing.B) []string {
	files, _ := filepath.Glob(filepath.Join(shared, "*.onnx"))
	if len(files) == 0 {
		files, _ = filepath.Glob("testdata/*.onnx")
	}
	if len(files) == 0 {
		b.Skip("no files")
	}
	return files
}

// nodes counts the nodes of a graph as the file has them: Constant nodes have become tensors.
func nodes(g *model.Graph) int {
	n := len(g.Ops)
	for i := range g.Tensors {
		if g.Tensors[i].Role == model.Constant {
			n++
		}
	}
	return n
}

// BenchmarkRead measures reading alone and reading with inference, in nodes per second on one core.
func BenchmarkRead(b *testing.B) {
	for _, path := range benchmarkFiles(b) {
		data, err := os.ReadFile(path)
		if err != nil {
			b.Fatal(err)
		}
		read := func() *model.Graph {
			g, err := Read(bytes.NewReader(data), int64(len(data)))
			if err != nil {
				b.Fatal(err)
			}
			return g
		}
		count := float64(nodes(read()))
		b.Run(filepath.Base(path), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				read()
			}
			b.ReportMetric(count*float64(b.N)/b.Elapsed().Seconds(), "nodes/s")
		})
	}
}

// BenchmarkInfer measures reading and inference together, in nodes per second on one core.
func BenchmarkInfer(b *testing.B) {
	for _, path := range benchmarkFiles(b) {
		data, err := os.ReadFile(path)
		if err != nil {
			b.Fatal(err)
		}
		g, err := Read(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			b.Fatal(err)
		}
		bind := openDims(g)
		count := float64(nodes(g)) // before inference makes more of them constant
		if model.Infer(g, bind) != nil {
			continue // its dimensions depend on each other
		}
		b.Run(filepath.Base(path), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				g, err := Read(bytes.NewReader(data), int64(len(data)))
				if err == nil {
					err = model.Infer(g, bind)
				}
				if err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(count*float64(b.N)/b.Elapsed().Seconds(), "nodes/s")
		})
	}
}

// openDims binds every named dimension that isn't a batch to a size all sample networks accept.
func openDims(g *model.Graph) model.Bindings {
	b := model.Bindings{Dims: map[string]int64{}}
	for _, id := range g.Inputs {
		t := &g.Tensors[id]
		for k, s := range t.Symbols {
			if t.Shape[k] < 0 && k > 0 && s != "" {
				b.Dims[s] = 64
			}
		}
	}
	return b
}

// BenchmarkReadLarge reads a file of just under 2 GiB of inline weights.
func BenchmarkReadLarge(b *testing.B) {
	path := largeFile(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ReadFile(path); err != nil {
			b.Fatal(err)
		}
	}
}

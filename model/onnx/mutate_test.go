package onnx

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"roofline/model"
)

// odd are numbers rules trip over.
var odd = []int64{-1 << 63, -1 << 40, -3, -2, -1, 0, 1, 2, 3, 7, 255, 1 << 20, 1 << 40, 1<<63 - 1}

var kinds = model.Kinds()

// mutate changes a few attributes, shapes, constants and operands of a graph.
func mutate(r *rand.Rand, g *model.Graph) {
	pick := func() int64 { return odd[r.IntN(len(odd))] }
	for range 1 + r.IntN(4) {
		op := &g.Ops[r.IntN(len(g.Ops))]
		switch r.IntN(8) {
		case 0:
			if len(op.Attrs) > 0 {
				a := &op.Attrs[r.IntN(len(op.Attrs))]
				a.Int = pick()
				if len(a.Ints) > 0 {
					a.Ints[r.IntN(len(a.Ints))] = pick()
				}
			}
		case 1:
			if len(op.Attrs) > 0 {
				a := &op.Attrs[r.IntN(len(op.Attrs))]
				a.Ints = append(a.Ints, pick())
			}
		case 2:
			if len(op.Inputs) > 0 {
				op.Inputs[r.IntN(len(op.Inputs))] = model.NoTensor
			}
		case 3:
			if len(op.Inputs) > 0 {
				op.Inputs = op.Inputs[:r.IntN(len(op.Inputs))]
			}
		case 4:
			t := &g.Tensors[r.IntN(len(g.Tensors))]
			if len(t.Shape) > 0 {
				t.Shape[r.IntN(len(t.Shape))] = pick()
			}
			if t.Value != nil && len(t.Value.Ints) > 0 {
				t.Value.Ints[r.IntN(len(t.Value.Ints))] = pick()
			}
		case 5:
			t := &g.Tensors[r.IntN(len(g.Tensors))]
			if t.Role != model.Activation {
				t.Shape = append(t.Shape, pick())
			}
		case 6:
			if len(op.Outputs) > 0 {
				op.Outputs[r.IntN(len(op.Outputs))] = model.NoTensor
			}
		case 7:
			op.Kind = kinds[r.IntN(len(kinds))]
		}
	}
}

// TestMutated: whatever the attributes and shapes of a graph, inference ends, without panic.
func TestMutated(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.onnx")
	all, _ := filepath.Glob(filepath.Join(shared, "*.onnx"))
	rounds := 60
	if os.Getenv("ROOFLINE_MUTATE") != "" {
		rounds, files = 4000, append(files, all...)
	}
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if len(data) > 400<<10 {
			continue
		}
		for seed := range uint64(rounds) {
			g, err := readBytes(data)
			if err != nil {
				t.Fatal(err)
			}
			mutate(rand.New(rand.NewPCG(seed, 1)), g)
			func() {
				defer func() {
					if p := recover(); p != nil {
						t.Errorf("%s, seed %d: %v", path, seed, p)
						panic(p)
					}
				}()
				if model.Infer(g, openDims(g)) == nil {
					works(g)
					g.Parameters()
				}
			}()
		}
	}
}

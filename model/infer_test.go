package model

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"roofline/hardware/dtype"
)

// TestBindings gives open dimensions their numbers.
func TestBindings(t *testing.T) {
	graph := func(shape Shape, symbols ...string) *Graph {
		b := NewBuilder("g", 17)
		x := b.Input("pixels", dtype.FP32, shape, symbols...)
		b.Output(b.Op("Relu", "y", []TensorID{x}))
		return b.Graph()
	}
	for _, test := range []struct {
		name     string
		g        *Graph
		b        Bindings
		want     string // the shape of the output, or the start of an error
		batch    int64
		rejected bool
	}{
		{"batch is 1", graph(Shape{-1, 3}, "batch", ""), Bindings{}, "1x3", 1, false},
		{"batch by option", graph(Shape{-1, 3}, "batch", ""), Bindings{Batch: 8}, "8x3", 8, false},
		{"batch by symbol", graph(Shape{-1, 3}, "N", ""), Bindings{Dims: map[string]int64{"N": 4}}, "4x3", 4, false},
		{"first dimension without a name", graph(Shape{-1, 3}), Bindings{Batch: 2}, "2x3", 2, false},
		{"fixed batch stays", graph(Shape{4, 3}), Bindings{Batch: 8}, "4x3", 4, false},
		{"whole input", graph(Shape{-1, 3, -1}, "N", "", "width"), Bindings{Inputs: map[string]Shape{"pixels": {2, 3, 9}}}, "2x3x9", 2, false},
		{"replaced input", graph(Shape{1, 3, 224}), Bindings{Inputs: map[string]Shape{"pixels": {1, 3, 256}}}, "1x3x256", 1, false},
		{"unbound", graph(Shape{-1, -1, 64}, "batch", "seq", ""), Bindings{},
			`input "pixels" has an unbound dimension "seq": give --dim seq=128 or --input pixels=1x128x64`, 0, true},
		{"unbound without a name", graph(Shape{1, -1}), Bindings{}, `input "pixels" has an unbound dimension at position 2: give --input pixels=1x128`, 0, true},
		{"a length that comes first", graph(Shape{-1, 64}, "num_tokens", ""), Bindings{}, `input "pixels" has an unbound dimension "num_tokens"`, 0, true},
		{"unknown input", graph(Shape{1, 3}), Bindings{Inputs: map[string]Shape{"image": {1, 3}}}, `no input is named "image": the inputs are "pixels"`, 0, true},
		{"unknown symbol", graph(Shape{-1, 3}, "N", ""), Bindings{Dims: map[string]int64{"M": 1}}, `no input has an open dimension named "M": there are N`, 0, true},
		{"wrong rank", graph(Shape{-1, 3}, "N", ""), Bindings{Inputs: map[string]Shape{"pixels": {3}}}, `input "pixels" is given as 3: want 2 dimensions, Nx3`, 0, true},
		{"negative", graph(Shape{-1, 3}, "N", ""), Bindings{Dims: map[string]int64{"N": -2}}, `dimension "N" is given as -2`, 0, true},
		{"huge", graph(Shape{-1, 3}, "N", ""), Bindings{Batch: 1 << 62}, `input "pixels" has a dimension of`, 0, true},
		{"twice", graph(Shape{-1, 3}, "N", ""), Bindings{Dims: map[string]int64{"N": 2}, Inputs: map[string]Shape{"pixels": {4, 3}}},
			`dimension "N" is given as 2 and by the shape of an input as 4`, 0, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := Infer(test.g, test.b)
			if test.rejected {
				if err == nil || !strings.HasPrefix(err.Error(), test.want) {
					t.Errorf("error %v, want %s…", err, test.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := test.g.Tensor(test.g.Outputs[0]).Shape.String(); got != test.want || test.g.Batch != test.batch {
				t.Errorf("output %s, batch %d; want %s, %d", got, test.g.Batch, test.want, test.batch)
			}
		})
	}
	var unbound *UnboundError
	if err := Infer(graph(Shape{1, -1}, "", "seq"), Bindings{}); !errors.As(err, &unbound) || unbound.Symbol != "seq" || unbound.Axis != 1 {
		t.Errorf("error %v", err)
	}
}

// TestSums evaluates the symbols of exporters that depend on others.
func TestSums(t *testing.T) {
	b := NewBuilder("decoder", 17)
	past := b.Input("past", dtype.FP32, Shape{-1, -1}, "batch", "past_length")
	mask := b.Input("mask", dtype.FP32, Shape{-1, -1}, "batch", "past_length + 1")
	b.Output(b.Op("Concat", "y", []TensorID{past, mask}, IntAttr("axis", 1)))
	g := b.Graph()
	if err := Infer(g, Bindings{Dims: map[string]int64{"past_length": 10}}); err != nil {
		t.Fatal(err)
	}
	if got := g.Tensor(g.Outputs[0]).Shape.String(); got != "1x21" {
		t.Errorf("output %s", got)
	}
}

// TestAgain infers the same graph with other bindings.
func TestAgain(t *testing.T) {
	b := NewBuilder("g", 17)
	x := b.Input("x", dtype.FP32, Shape{-1, -1}, "batch", "seq")
	shape := b.Op("Shape", "shape", []TensorID{x})
	b.Output(b.Op("ConstantOfShape", "y", []TensorID{shape}))
	g := b.Graph()
	for _, n := range []int64{3, 70, 5} {
		if err := Infer(g, Bindings{Batch: 2, Dims: map[string]int64{"seq": n}}); err != nil {
			t.Fatal(err)
		}
		if got := g.Tensor(g.Outputs[0]).Shape; !slices.Equal(got, Shape{2, n}) {
			t.Errorf("output %v for %d", got, n)
		}
	}
}

// TestValues follows the shape arithmetic of exporters: a window partition of a 14×14 grid with windows of 4.
//
//	rows = Shape(x)[1] = 14; padded = ceil(14 / 4) · 4 = 16; target = [2, 16/4, 4, −1]
func TestValues(t *testing.T) {
	b := NewBuilder("windows", 17)
	x := b.Input("x", dtype.FP32, Shape{2, 14, 14, 8})
	shape := b.Op("Shape", "shape", []TensorID{x})
	rows := b.Op("Gather", "rows", []TensorID{shape, b.Scalar("one", 1)}, IntAttr("axis", 0))
	real := b.Op("Cast", "real", []TensorID{rows}, IntAttr("to", 1))
	windows := b.Op("Ceil", "windows", []TensorID{b.Op("Div", "quotient", []TensorID{real, b.ConstFloat("four", dtype.FP32, 4)})})
	count := b.Op("Cast", "count", []TensorID{windows}, IntAttr("to", 7))
	padded := b.Op("Mul", "padded", []TensorID{count, b.Scalar("size", 4)})
	missing := b.Op("Sub", "missing", []TensorID{padded, rows})
	pads := b.Op("Concat", "pads", []TensorID{b.Const("zeros", 0, 0, 0, 0, 0), b.Op("Unsqueeze", "m1", []TensorID{missing}, IntsAttr("axes", 0)),
		b.Op("Unsqueeze", "m2", []TensorID{missing}, IntsAttr("axes", 0)), b.Const("zero", 0)}, IntAttr("axis", 0))
	full := b.Op("Pad", "full", []TensorID{x, pads})
	target := b.Op("Concat", "target", []TensorID{b.Op("Slice", "first", []TensorID{shape, b.Const("s", 0), b.Const("e", 1)}),
		b.Op("Unsqueeze", "c", []TensorID{count}, IntsAttr("axes", 0)), b.Const("tail", 4, -1)}, IntAttr("axis", 0))
	b.Output(b.Op("Reshape", "y", []TensorID{full, target}))
	g := b.Graph()
	if err := Infer(g, Bindings{}); err != nil {
		t.Fatal(err)
	}
	if got := g.Tensor(g.Outputs[0]).Shape.String(); got != "2x4x4x128" || len(g.Warnings) > 0 { // 16 · 16 · 8 / 16
		t.Errorf("output %s, warnings %q", got, g.Warnings)
	}
	for i := range g.Ops {
		free := g.OpWork(i, Formats{}).Class == Free
		if wanted := g.Ops[i].Kind != "Pad"; free != wanted { // all else is folded, or a view
			t.Errorf("op %s: free is %v", g.Ops[i].Name, free)
		}
	}
}

// TestContradiction is an error where the caller chose the shapes, and a warning where the file has them so.
func TestContradiction(t *testing.T) {
	b := NewBuilder("g", 17)
	x := b.Input("x", dtype.FP32, Shape{1, 768, 14, 14})
	y := b.Op("Reshape", "flat", []TensorID{x, b.Const("target", 1, 768, 196)})
	b.Output(b.Op("Relu", "y", []TensorID{y}))
	g := b.Graph()
	err := Infer(g, Bindings{Inputs: map[string]Shape{"x": {1, 768, 16, 16}}})
	want := `the model cannot run with these shapes: op "flat" (Reshape): 1x768x16x16 cannot become 1x768x196`
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	g.Tensors[x].Declared = Shape{1, 768, 16, 16}
	if err := Infer(g, Bindings{}); err != nil || len(g.Warnings) != 1 || !strings.Contains(g.Warnings[0], "its shape is a guess") {
		t.Errorf("error %v, warnings %q", err, g.Warnings)
	}
}

// TestDataDependent sizes are upper bounds, with a warning.
func TestDataDependent(t *testing.T) {
	b := NewBuilder("g", 17)
	x := b.Input("x", dtype.FP32, Shape{3, 4})
	found := b.Op("NonZero", "found", []TensorID{x})
	b.Output(b.Op("Transpose", "y", []TensorID{found}))
	g := b.Graph()
	if err := Infer(g, Bindings{}); err != nil {
		t.Fatal(err)
	}
	if got := g.Tensor(g.Outputs[0]).Shape.String(); got != "12x2" || len(g.Warnings) != 1 {
		t.Errorf("output %s, warnings %q", got, g.Warnings)
	}
}

// layer is a subgraph with one product with a captured weight.
func layer(captured TensorID, weights string) *Graph {
	b := NewBuilder("body", 17)
	iteration, going := b.Input("i", dtype.INT64, Shape{}), b.Input("going", dtype.BOOL, Shape{})
	x := b.Input("h", dtype.FP32, nil)
	w := b.add(Tensor{Name: weights})
	y := b.Op("MatMul", "product", []TensorID{x, w})
	b.Output(going, y, y)
	_ = iteration
	g := b.Graph()
	g.Captures = []Capture{{Outer: captured, Inner: w}}
	return g
}

// TestLoop multiplies the body by the trip count: 2 · 8 · 8 MACs, six times.
func TestLoop(t *testing.T) {
	loop := func(count int64) *Graph {
		b := NewBuilder("loop", 17)
		x := b.Input("x", dtype.FP32, Shape{2, 8})
		w := b.Weight("w", dtype.FP32, Shape{8, 8})
		trips := NoTensor
		if count > 0 {
			trips = b.Scalar("trips", count)
		}
		b.Output(b.Ops("Loop", "loop", []TensorID{trips, NoTensor, x}, []string{"last", "all"}, Attr{Name: "body", Graph: layer(w, "w")})...)
		return b.Graph()
	}
	for _, test := range []struct {
		name       string
		count      int64
		b          Bindings
		trips      float64
		all        string
		warnings   int
		parameters float64
	}{
		{"constant", 6, Bindings{}, 6, "6x2x8", 0, 64},
		{"bound", 0, Bindings{TripCount: 5}, 5, "5x2x8", 0, 64},
		{"unknown", 0, Bindings{}, 1, "1x2x8", 1, 64},
	} {
		t.Run(test.name, func(t *testing.T) {
			g := loop(test.count)
			if err := Infer(g, test.b); err != nil {
				t.Fatal(err)
			}
			w := g.OpWork(0, Formats{})
			if w.MACs != test.trips*2*8*8 || w.Class != MatMul || w.Weights != 256 {
				t.Errorf("%.0f MACs, %v, %v bytes of weights", w.MACs, w.Class, w.Weights)
			}
			if got := g.Tensor(g.Outputs[1]).Shape.String(); got != test.all || len(g.Warnings) != test.warnings {
				t.Errorf("output %s, warnings %q", got, g.Warnings)
			}
			if g.Parameters() != test.parameters || g.Body(0).Times != test.trips {
				t.Errorf("%v parameters, %v trips", g.Parameters(), g.Body(0).Times)
			}
		})
	}
}

// TestIf takes the branch of a known condition, and otherwise the costlier.
func TestIf(t *testing.T) {
	branch := func(captured TensorID, kind string) *Graph {
		b := NewBuilder(kind, 17)
		x := b.add(Tensor{Name: "x"})
		w := b.Weight("w", dtype.FP32, Shape{8, 8})
		if kind == "MatMul" {
			b.Output(b.Op("MatMul", "product", []TensorID{x, w}))
		} else {
			b.Output(b.Op(kind, "cheap", []TensorID{x}))
		}
		g := b.Graph()
		g.Captures = []Capture{{Outer: captured, Inner: x}}
		return g
	}
	for _, test := range []struct {
		name     string
		value    *Value
		macs     float64
		warnings int
	}{
		{"true", &Value{Ints: []int64{1}}, 0, 0},
		{"false", &Value{Ints: []int64{0}}, 128, 0},
		{"depends on the data", nil, 128, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := NewBuilder("if", 17)
			x := b.Input("x", dtype.FP32, Shape{2, 8})
			c := b.Input("c", dtype.BOOL, Shape{})
			if test.value != nil {
				c = b.constant("known", dtype.BOOL, Shape{}, test.value)
			}
			b.Output(b.Op("If", "if", []TensorID{c}, Attr{Name: "then_branch", Graph: branch(x, "Relu")}, Attr{Name: "else_branch", Graph: branch(x, "MatMul")}))
			g := b.Graph()
			if err := Infer(g, Bindings{}); err != nil {
				t.Fatal(err)
			}
			if w := g.OpWork(0, Formats{}); w.MACs != test.macs || len(g.Warnings) != test.warnings {
				t.Errorf("%.0f MACs, warnings %q", w.MACs, g.Warnings)
			}
			if got := g.Tensor(g.Outputs[0]).Shape.String(); got != "2x8" {
				t.Errorf("output %s", got)
			}
		})
	}
}

// TestScan runs its body once per slice: 7 products of a vector of 8 by 8 × 8.
func TestScan(t *testing.T) {
	inner := NewBuilder("body", 17)
	x, w := inner.Input("x", dtype.FP32, nil), inner.Weight("w", dtype.FP32, Shape{8, 8})
	inner.Output(inner.Op("MatMul", "product", []TensorID{x, w}))
	b := NewBuilder("scan", 17)
	b.Output(b.Op("Scan", "scan", []TensorID{b.Input("xs", dtype.FP32, Shape{3, 7, 8})}, Attr{Name: "body", Graph: inner.Graph()},
		IntAttr("num_scan_inputs", 1), IntsAttr("scan_input_axes", 1), IntsAttr("scan_output_axes", 1)))
	g := b.Graph()
	if err := Infer(g, Bindings{}); err != nil {
		t.Fatal(err)
	}
	if got := g.OpWork(0, Formats{}).MACs; got != 7*3*8*8 {
		t.Errorf("%.0f MACs", got)
	}
	if got := g.Tensor(g.Outputs[0]).Shape.String(); got != "3x7x8" {
		t.Errorf("output %s", got)
	}
}

// TestSequence splits into a list and joins it again.
func TestSequence(t *testing.T) {
	b := NewBuilder("list", 17)
	x := b.Input("x", dtype.FP32, Shape{6, 4})
	list := b.Op("SplitToSequence", "list", []TensorID{x, b.Scalar("two", 2)}, IntAttr("axis", 0))
	one := b.Op("SequenceAt", "one", []TensorID{list, b.Scalar("at", 1)})
	more := b.Op("SequenceInsert", "more", []TensorID{list, one})
	length := b.Op("SequenceLength", "length", []TensorID{more})
	b.Output(b.Op("ConcatFromSequence", "y", []TensorID{more}, IntAttr("axis", 0)), length)
	g := b.Graph()
	if err := Infer(g, Bindings{}); err != nil {
		t.Fatal(err)
	}
	if got := g.Tensor(g.Outputs[0]).Shape.String(); got != "8x4" || g.Tensor(length).Value.Int(0) != 4 {
		t.Errorf("output %s, length %v", got, g.Tensor(length).Value)
	}
}

// TestCycle names an op of it.
func TestCycle(t *testing.T) {
	b := NewBuilder("cycle", 17)
	a := b.Op("Relu", "a", []TensorID{1})
	b.Op("Relu", "b", []TensorID{a})
	if err := b.Graph().Order(); err == nil || !strings.Contains(err.Error(), "cycle") {
		t.Errorf("error %v", err)
	}
}

// TestBroadcast: broadcasting does not depend on the order, and a shape with itself is itself.
func TestBroadcast(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		full := rapid.SliceOfN(rapid.Int64Range(1, 9), 0, 5).Draw(t, "full")
		part := func(label string) Shape {
			s := slices.Clone(full)
			for k := range s {
				if rapid.Bool().Draw(t, label) {
					s[k] = 1
				}
			}
			return s[rapid.IntRange(0, len(s)).Draw(t, label+" drop"):]
		}
		a, b := part("a"), part("b")
		n := &node{run: &inference{}}
		ab, err := n.broadcast(a, b)
		if err != nil {
			t.Fatal(err)
		}
		ba, err := n.broadcast(b, a)
		if err != nil || !slices.Equal(ab, ba) {
			t.Fatalf("%v and %v: %v and %v", a, b, ab, ba)
		}
		if again, err := n.broadcast(ab, a); err != nil || !slices.Equal(again, ab) {
			t.Fatalf("%v with %v: %v", ab, a, again)
		}
	})
}

// TestSlices: what sliceRange counts is what a loop over the indices visits.
func TestSlices(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.Int64Range(0, 12).Draw(t, "size")
		start, end := rapid.Int64Range(-15, 15).Draw(t, "start"), rapid.Int64Range(-15, 15).Draw(t, "end")
		step := rapid.SampledFrom([]int64{-3, -2, -1, 1, 2, 3}).Draw(t, "step")
		first, count := sliceRange(start, end, step, size)
		s, e := start, end
		if s < 0 {
			s += size
		}
		if e < 0 {
			e += size
		}
		var want []int64
		if step > 0 {
			for i := min(max(s, 0), size); i < min(max(e, 0), size); i += step {
				want = append(want, i)
			}
		} else {
			for i := min(max(s, 0), size-1); i > min(max(e, -1), size-1); i += step {
				if i >= 0 {
					want = append(want, i)
				}
			}
		}
		if count != int64(len(want)) || count > 0 && first != want[0] {
			t.Fatalf("%d from %d, want %v", count, first, want)
		}
	})
}

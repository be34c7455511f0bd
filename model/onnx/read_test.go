package onnx

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"roofline/model"
)

func readBytes(b []byte) (*model.Graph, error) { return Read(bytes.NewReader(b), int64(len(b))) }

// readAndInfer does both, as every command does.
func readAndInfer(b []byte, bind model.Bindings) (*model.Graph, error) {
	g, err := readBytes(b)
	if err == nil {
		err = model.Infer(g, bind)
	}
	return g, err
}

// TestLarge reads just under 2 GiB of weights without loading them.
func TestLarge(t *testing.T) {
	path := largeFile(t)
	var g *model.Graph
	var err error
	if n := allocated(func() { g, err = ReadFile(path) }); n > 1<<20 {
		t.Errorf("%d bytes allocated", n)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := model.Infer(g, model.Bindings{}); err != nil {
		t.Fatal(err)
	}
	if got, want := g.Parameters(), 30*4096.0*4096; got != want {
		t.Errorf("parameters %.0f, want %.0f", got, want)
	}
	if got, want := model.Sum(works(g)).MACs, 30*4096.0*4096; got != want { // a batch of one
		t.Errorf("MACs %.0f, want %.0f", got, want)
	}
}

// small is a file with one product.
func small() []byte {
	return modelMessage(graphMessage(
		sub(nil, 1, nodeMessage("MatMul", []string{"x", "w"}, []string{"y"})),
		sub(nil, 5, weightMessage("w", 8, 4)),
		sub(nil, 11, valueMessage("x", "N", 8)),
		sub(nil, 12, valueMessage("y", "N", 4))))
}

// TestMalformed wants one clear line, no panic and little memory, whatever the file.
func TestMalformed(t *testing.T) {
	chain := func(fields ...[]byte) []byte { return modelMessage(graphMessage(fields...)) }
	x, y := sub(nil, 11, valueMessage("x", 4)), sub(nil, 12, valueMessage("y", 4))
	for _, test := range []struct {
		name string
		file []byte
		want string
	}{
		{"empty", nil, "not an ONNX file (it is empty)"},
		{"text", []byte("hello, this is not a model\n"), `not an ONNX file (it starts with the text "hello, this is n")`},
		{"LFS pointer", []byte("version https://git-lfs.github.com/spec/v1\noid sha256:0\n"), "not an ONNX file (a Git LFS pointer"},
		{"zip", []byte("PK\x03\x04\x14\x00\x00\x00\x08\x00"), "not an ONNX file ("},
		{"no graph", num(nil, 1, 8), "not an ONNX file (it has no graph)"},
		{"length past the end", append(num(nil, 1, 8), 0x3a, 0xff, 0xff, 0xff, 0xff, 0x07, 1, 2, 3), "truncated at byte 11"},
		{"length past its message", chain(append(sub(nil, 2, "g"), 0x0a, 0x7f)), "malformed at byte"},
		{"negative dimension", chain(sub(nil, 5, weightMessage("w", 8, -4)), x, y), "malformed at byte 6: tensor \"w\" has a dimension of -4"},
		{"negative input", chain(sub(nil, 1, nodeMessage("Relu", []string{"x"}, []string{"y"})), sub(nil, 11, valueMessage("x", -7)), y),
			"malformed at byte"},
		{"cycle", chain(sub(nil, 1, nodeMessage("Add", []string{"x", "b"}, []string{"a"})), sub(nil, 1, nodeMessage("Relu", []string{"a"}, []string{"b"})), x,
			sub(nil, 12, valueMessage("a", 4))), "the graph has a cycle: op \"a\" (Add)"},
		{"nothing produces", chain(sub(nil, 1, nodeMessage("Relu", []string{"ghost"}, []string{"y"})), y), "malformed: op \"\" (Relu) reads tensor \"ghost\""},
		{"produced twice", chain(sub(nil, 1, nodeMessage("Relu", []string{"x"}, []string{"y"})), sub(nil, 1, nodeMessage("Relu", []string{"x"}, []string{"y"})), x, y),
			"malformed: tensor \"y\" is produced twice"},
		{"no operator", chain(sub(nil, 1, sub(nil, 1, "x"))), "malformed at byte"},
		{"deep subgraphs", chain(sub(nil, 1, deep(10000))), "malformed at byte"},
		{"functions that grow", growing(), "malformed: its functions expand to more than"},
		{"function that calls itself", modelMessage(graphMessage(sub(nil, 1, nodeMessage("F", []string{"x"}, []string{"y"})), x, y),
			sub(nil, 25, functionMessage("F", "F"))), "malformed: function F calls functions more than"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var err error
			if n := allocated(func() { _, err = readAndInfer(test.file, model.Bindings{}) }); test.name != "functions that grow" && n > 8<<20 {
				t.Errorf("%d bytes allocated", n)
			}
			if err == nil || !strings.HasPrefix(err.Error(), test.want) {
				t.Errorf("error %v, want %s…", err, test.want)
			}
			if err != nil && strings.Contains(err.Error(), "\n") {
				t.Errorf("error of several lines: %v", err)
			}
		})
	}
}

// deep writes a node whose subgraph holds a node whose subgraph …
func deep(levels int) []byte {
	// Lengths are at the front of messages, so the innermost is written first.
	node := nodeMessage("If", nil, []string{"a"})
	for range levels {
		node = nodeMessage("If", nil, []string{"a"}, sub(sub(nil, 1, "then_branch"), 6, sub(nil, 1, node)))
		if len(node) > 4<<20 {
			break
		}
	}
	return node
}

// functionMessage writes a FunctionProto in the default domain that hands x through a chain of ops to y.
func functionMessage(name string, kinds ...string) []byte {
	b := sub(sub(sub(nil, 1, name), 4, "x"), 5, "y")
	at := "x"
	for i, kind := range kinds {
		out := "t" + string(rune('a'+i))
		if i == len(kinds)-1 {
			out = "y"
		}
		b = sub(b, 7, nodeMessage(kind, []string{at}, []string{out}))
		at = out
	}
	return b
}

// growing writes functions each of which calls the next twice: 2²⁸ nodes.
func growing() []byte {
	var functions []byte
	for i := range 28 {
		next := string(rune('A' + i + 1))
		functions = append(functions, sub(nil, 25, functionMessage(string(rune('A'+i)), next, next))...)
	}
	functions = append(functions, sub(nil, 25, functionMessage(string(rune('A'+28)), "Relu"))...)
	graph := graphMessage(sub(nil, 1, nodeMessage("A", []string{"x"}, []string{"y"})), sub(nil, 11, valueMessage("x", 4)), sub(nil, 12, valueMessage("y", 4)))
	return modelMessage(graph, functions)
}

// TestTruncated cuts a real file at many places.
func TestTruncated(t *testing.T) {
	for _, name := range []string{"testdata/resnet18.onnx", "testdata/if_net.onnx"} {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for cut := 0; cut < len(data); cut += 1 + cut/97 {
			_, err := readAndInfer(data[:cut], model.Bindings{})
			if err == nil { // the fields after the graph are optional
				if cut < len(data)-64 {
					t.Errorf("%s cut to %d bytes is read without an error", name, cut)
				}
				continue
			}
			if cut > 200 && !strings.Contains(err.Error(), "truncated at byte") {
				t.Errorf("%s cut to %d bytes: %v", name, cut, err)
			}
		}
	}
}

// TestNamesFile prefixes errors with the path.
func TestNamesFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "resnet.onnx")
	if err := os.WriteFile(path, []byte("not a model"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadFile(path); err == nil || !strings.HasPrefix(err.Error(), path+": not an ONNX file (") {
		t.Errorf("error %v", err)
	}
	if _, err := ReadFile(t.TempDir()); err == nil || !strings.Contains(err.Error(), "not an ONNX file") {
		t.Errorf("a folder: error %v", err)
	}
}

// TestHugeShapes are no reason to allocate.
func TestHugeShapes(t *testing.T) {
	for _, dims := range [][]int{{1000000000}, {1000000000, 1000000000}, {1 << 39, 1 << 39}, {1 << 50}} {
		file := modelMessage(graphMessage(
			sub(nil, 1, nodeMessage("Add", []string{"x", "w"}, []string{"y"})),
			sub(nil, 5, weightMessage("w", dims...)),
			sub(nil, 11, valueMessage("x", 4)), sub(nil, 12, valueMessage("y", 4))))
		if n := allocated(func() { readAndInfer(file, model.Bindings{}) }); n > 1<<20 { //nolint:errcheck // either is fine
			t.Errorf("%v: %d bytes allocated", dims, n)
		}
	}
}

// TestTooManyParts: a file that is nothing but tiny nodes, or one node of nothing but inputs, is cut off early.
func TestTooManyParts(t *testing.T) {
	var nodes, inputs []byte
	for i := range 2 * maxParts {
		nodes = sub(nodes, 1, nodeMessage("Relu", []string{fmt.Sprint(i)}, []string{fmt.Sprint(i + 1)}))
		inputs = sub(inputs, 1, fmt.Sprint(i))
	}
	for name, graph := range map[string][]byte{"nodes": nodes, "inputs": sub(nil, 1, inputs)} {
		if _, err := readAndInfer(modelMessage(graph), model.Bindings{}); err == nil || !strings.Contains(err.Error(), "more than") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestOutOfOrder sorts what comes before its operands.
func TestOutOfOrder(t *testing.T) {
	file := modelMessage(graphMessage(
		sub(nil, 1, nodeMessage("Relu", []string{"b"}, []string{"y"})),
		sub(nil, 1, nodeMessage("Neg", []string{"a"}, []string{"b"})),
		sub(nil, 1, nodeMessage("Abs", []string{"x"}, []string{"a"})),
		sub(nil, 11, valueMessage("x", 4)), sub(nil, 12, valueMessage("y", 4))))
	g, err := readAndInfer(file, model.Bindings{})
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for i := range g.Ops {
		kinds = append(kinds, g.Ops[i].Kind)
	}
	if got := strings.Join(kinds, " "); got != "Abs Neg Relu" {
		t.Errorf("order %s", got)
	}
}

// TestFunction inlines a call, its attribute and its missing operand.
func TestFunction(t *testing.T) {
	body := sub(sub(sub(nil, 1, "Scale"), 4, "a"), 5, "b")
	body = sub(body, 10, "local")
	reference := sub(sub(nil, 1, "perm"), 21, "order")
	body = sub(body, 7, nodeMessage("Transpose", []string{"a"}, []string{"t"}, reference))
	body = sub(body, 7, nodeMessage("Relu", []string{"t"}, []string{"b"}))
	order := num(num(sub(nil, 1, "order"), 8, 1), 8, 0)
	call := sub(nodeMessage("Scale", []string{"x"}, []string{"y"}, order), 7, "local")
	file := modelMessage(graphMessage(sub(nil, 1, call), sub(nil, 11, valueMessage("x", 4, 6)), sub(nil, 12, valueMessage("y", 6, 4))), sub(nil, 25, body))
	g, err := readAndInfer(file, model.Bindings{})
	if err != nil {
		t.Fatal(err)
	}
	if len(g.Ops) != 2 || g.Ops[0].Kind != "Transpose" || len(g.Warnings) > 0 {
		t.Fatalf("ops %+v, warnings %q", g.Ops, g.Warnings)
	}
	if got := g.Tensor(g.Outputs[0]).Shape.String(); got != "6x4" {
		t.Errorf("output %s", got)
	}
}

// TestUnpackedAndTyped decodes small constants however they are written.
func TestUnpackedAndTyped(t *testing.T) {
	head := num(num(nil, 1, 2), 2, 7) // two 64-bit integers
	packed := sub(nil, 7, protowire.AppendVarint(protowire.AppendVarint(nil, 2), 3))
	loose := num(num(nil, 7, 2), 7, 3)
	raw := sub(nil, 9, string([]byte{2, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0}))
	for name, content := range map[string][]byte{"packed": packed, "loose": loose, "raw": raw} {
		target := sub(append(append([]byte(nil), head...), content...), 8, "target")
		file := modelMessage(graphMessage(
			sub(nil, 1, nodeMessage("Reshape", []string{"x", "target"}, []string{"y"})),
			sub(nil, 5, target), sub(nil, 11, valueMessage("x", 6)), sub(nil, 12, valueMessage("y", 2, 3))))
		g, err := readAndInfer(file, model.Bindings{})
		if err != nil {
			t.Fatal(err)
		}
		if got := g.Tensor(g.Outputs[0]).Shape.String(); got != "2x3" || len(g.Warnings) > 0 {
			t.Errorf("%s: output %s, warnings %q", name, got, g.Warnings)
		}
	}
}

// TestInputsThatAreInitializers are weights, as IR version 3 has them.
func TestInputsThatAreInitializers(t *testing.T) {
	file := append([]byte(nil), small()...)
	g, err := readBytes(modelMessage(graphMessage(
		sub(nil, 1, nodeMessage("MatMul", []string{"x", "w"}, []string{"y"})),
		sub(nil, 11, valueMessage("x", 2, 8)), sub(nil, 11, valueMessage("w", 8, 4)),
		sub(nil, 5, weightMessage("w", 8, 4)), sub(nil, 12, valueMessage("y", 2, 4)))))
	if err != nil {
		t.Fatal(err)
	}
	if len(g.Inputs) != 1 || g.Parameters() != 32 {
		t.Errorf("%d inputs, %v parameters", len(g.Inputs), g.Parameters())
	}
	if _, err := readBytes(file); err != nil {
		t.Fatal(err)
	}
}

// TestDeclaredShapeDisagrees says so once.
func TestDeclaredShapeDisagrees(t *testing.T) {
	g, err := readAndInfer(modelMessage(graphMessage(
		sub(nil, 1, nodeMessage("Relu", []string{"x"}, []string{"a"})),
		sub(nil, 1, nodeMessage("Relu", []string{"a"}, []string{"y"})),
		sub(nil, 13, valueMessage("a", 5)), sub(nil, 11, valueMessage("x", 4)), sub(nil, 12, valueMessage("y", 7)))), model.Bindings{})
	if err != nil {
		t.Fatal(err)
	}
	if len(g.Warnings) != 1 || g.Warnings[0] != `tensor "a" is 4, but the file says 5` {
		t.Errorf("warnings %q", g.Warnings)
	}
}

// TestUnknownOp is counted as such, and what follows goes on.
func TestUnknownOp(t *testing.T) {
	g, err := readAndInfer(modelMessage(graphMessage(
		sub(nil, 1, sub(nodeMessage("Warp", []string{"x"}, []string{"a"}), 7, "acme")),
		sub(nil, 1, nodeMessage("Relu", []string{"a"}, []string{"y"})),
		sub(nil, 11, valueMessage("x", 4)), sub(nil, 12, valueMessage("y", 4)))), model.Bindings{})
	if err != nil {
		t.Fatal(err)
	}
	if total := model.Sum(works(g)); len(total.Unknown) != 1 || total.Unknown[0] != "acme.Warp" || len(g.Warnings) != 1 {
		t.Errorf("unknown %v, warnings %q", total.Unknown, g.Warnings)
	}
}

func FuzzRead(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.onnx")
	for _, path := range files {
		if data, err := os.ReadFile(path); err == nil && len(data) < 20<<10 { // small seeds mutate better
			f.Add(data)
		}
	}
	f.Add(small())
	f.Add(growing()[:200])
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 64<<10 {
			return
		}
		g, err := readBytes(data)
		if err != nil {
			return
		}
		if err := model.Infer(g, model.Bindings{}); err == nil {
			works(g)
			g.Parameters()
		}
	})
}

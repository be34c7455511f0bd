package native

import (
	"os"
	"strings"
	"testing"

	"roofline/model"
)

// documented returns the TOML blocks of the documentation.
func documented(t testing.TB) []string {
	t.Helper()
	doc, err := os.ReadFile("../../docs/native-graph.md")
	if err != nil {
		t.Fatal(err)
	}
	var blocks []string
	for _, part := range strings.Split(string(doc), "```toml\n")[1:] {
		block, _, _ := strings.Cut(part, "```")
		blocks = append(blocks, block)
	}
	return blocks
}

// inferred reads a graph and infers it with every open dimension but the batch bound to 16.
func inferred(t testing.TB, text string, batch int64) *model.Graph {
	t.Helper()
	g, err := Read([]byte(text), "test.toml")
	if err != nil {
		t.Fatal(err)
	}
	b := model.Bindings{Batch: batch}
	for _, id := range g.Inputs {
		for _, s := range g.Tensors[id].Symbols {
			if s == "seq" {
				b.Dims = map[string]int64{"seq": 16}
			}
		}
	}
	if err := model.Infer(g, b); err != nil {
		t.Fatal(err)
	}
	return g
}

func macs(g *model.Graph) float64 {
	total := 0.0
	for i := range g.Ops {
		total += g.OpWork(i, model.Formats{}).MACs
	}
	return total
}

// TestDocumented reads every example of the documentation, and checks its multiply-accumulates by hand.
func TestDocumented(t *testing.T) {
	want := map[string]float64{
		// 112·112·64 outputs of 3·7·7, and 64 × 1000.
		"tiny": 112*112*64*147 + 64*1000,
		// 1×1 to 192 channels at 112²; 3×3 depthwise at 56²; a transposed 4×4 to 16 channels on its 28² input.
		"mobile block": 112*112*192*32 + 56*56*192*9 + 28*28*192*16*16,
		// Projections 768 → 2304 and 768 → 768 of 16 tokens; two products of 12 heads, 16 × 16 × 64 each.
		"attention": 16*768*2304 + 16*768*768 + 2*12*16*16*64,
		// Without the output projection.
		"fused attention": 16*768*2304 + 2*12*16*16*64,
		"embedding":       768 * 30522,
		"gate":            96 * 96,
		// Two directions, 50 steps, 4 gates of 256 from 256 inputs and 256 states.
		"tagger":     2 * 50 * 4 * 256 * 512,
		"int8 layer": 768*3072 + 3072*768,
	}
	blocks := documented(t)
	if len(blocks) != len(want) {
		t.Errorf("%d examples, %d expectations", len(blocks), len(want))
	}
	for _, block := range blocks {
		g := inferred(t, block, 1)
		t.Run(g.Name, func(t *testing.T) {
			if len(g.Warnings) > 0 {
				t.Errorf("warnings: %q", g.Warnings)
			}
			if got := macs(g); got != want[g.Name] {
				t.Errorf("MACs %.0f, want %.0f", got, want[g.Name])
			}
			if g.Name != "gate" { // its batch is fixed
				if got := macs(inferred(t, block, 8)); got != 8*want[g.Name] {
					t.Errorf("MACs at batch 8 %.0f, want %.0f", got, 8*want[g.Name])
				}
			}
		})
	}
}

func TestParameters(t *testing.T) {
	for _, block := range documented(t) {
		switch g := inferred(t, block, 1); g.Name {
		case "tiny": // 64·3·7·7 + 64 + 1000·64 + 1000
			if got := g.Parameters(); got != 9408+64+64000+1000 {
				t.Errorf("tiny: %v parameters", got)
			}
		case "embedding": // the shared table counts once
			if got := g.Parameters(); got != 30522*768 {
				t.Errorf("embedding: %v parameters", got)
			}
		case "int8 layer": // int8 and unpacked int4 weights; scales and zero points apart
			if got := g.Parameters(); got != 2*768*3072 {
				t.Errorf("int8 layer: %v parameters", got)
			}
		}
	}
}

func TestErrors(t *testing.T) {
	const input = "[[input]]\nname = \"x\"\nshape = [1, 3, 8, 8]\n"
	for _, test := range []struct{ name, text, want string }{
		{"syntax", "name = ", "test.toml:1: "},
		{"empty", "", "test.toml: no [[op]]: not a graph"},
		{"unknown attribute", input + "[[op]]\nkind = \"Conv\"\nweight = [8, 3, 3, 3]\nstride = [2, 2]\n",
			`test.toml:7: unknown key "stride" in [[op]]; did you mean "strides"?`},
		{"unknown top key", "nam = \"x\"\n" + input, `test.toml:1: unknown key "nam" at the top of a graph; did you mean "name"?`},
		{"unknown kind", input + "[[op]]\nkind = \"Convolution\"\n", `test.toml:5: unknown op kind "Convolution"`},
		{"no kind", input + "[[op]]\nname = \"a\"\n", "test.toml:4: an op needs a kind"},
		{"unknown tensor", input + "[[op]]\nkind = \"Relu\"\ninput = \"y\"\n", `test.toml:6: no tensor is named "y" before this op`},
		{"taken name", input + "[[op]]\nkind = \"Relu\"\nname = \"x\"\n", `test.toml:6: "x" is the name of another tensor`},
		{"wrong type", input + "[[op]]\nkind = \"Conv\"\nweight = [8, 3, 3, 3]\nstrides = 2\n", "test.toml:7: strides is a list of whole numbers"},
		{"negative dimension", "[[input]]\nshape = [1, -3]\n[[op]]\nkind = \"Relu\"\n", "test.toml:2: a dimension of -3"},
		{"dtype", "[[input]]\nshape = [1]\ndtype = \"float12\"\n[[op]]\nkind = \"Relu\"\n", `test.toml:3: unknown number format "float12"`},
		{"subgraph", input + "[[op]]\nkind = \"Loop\"\n", "test.toml:5: Loop needs a subgraph"},
		{"output", "output = \"z\"\n" + input + "[[op]]\nkind = \"Relu\"\n", `test.toml:1: output "z" is no tensor of the graph`},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Read([]byte(test.text), "test.toml")
			if err == nil || !strings.HasPrefix(err.Error(), test.want) {
				t.Errorf("error %v, want %s…", err, test.want)
			}
			if err != nil && strings.Contains(err.Error(), "\n") {
				t.Errorf("error of several lines: %v", err)
			}
		})
	}
}

func FuzzRead(f *testing.F) {
	for _, block := range documented(f) {
		f.Add(block)
	}
	f.Fuzz(func(t *testing.T, text string) {
		g, err := Read([]byte(text), "fuzz.toml")
		if err != nil || model.Infer(g, model.Bindings{}) != nil {
			return
		}
		macs(g)
	})
}

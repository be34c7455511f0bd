package onnx

import (
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"roofline/hardware/dtype"
	"roofline/model"
)

// shared holds graphs exported from public models, with what independent counters and a real run say of them. It is not
// part of the repository; a selection is, in testdata, with the figures of the hand-built graphs added.
const shared = "../../../shared/data/onnx"

// eachSource runs a test on the selection, and on everything where it is there.
func eachSource(t *testing.T, test func(t *testing.T, dir string)) {
	for _, dir := range []string{"testdata", shared} {
		t.Run(filepath.Base(dir), func(t *testing.T) { test(t, dir) })
	}
}

// truthRow is one line of truth.csv.
type truthRow struct {
	file, model, inputs string
	parameters, macs    float64
	dynamic             bool
	flags, group        string
	peak, core          float64 // bytes alive at once; output elements of products
}

// truthTable reads truth.csv.
func truthTable(t testing.TB, dir string) []truthRow {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, "truth.csv"))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("%s is not here: only the selection in testdata is tested", dir)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	column := func(line []string, name string) string { return line[slices.Index(lines[0], name)] }
	number := func(line []string, name string) float64 {
		v, err := strconv.ParseFloat(column(line, name), 64)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	var rows []truthRow
	for _, line := range lines[1:] {
		rows = append(rows, truthRow{column(line, "file"), column(line, "model"), column(line, "input_shapes"),
			number(line, "params_onnx_float_initializer_elems"), number(line, "macs"), column(line, "dynamic") == "1", column(line, "flags"),
			column(line, "group"), number(line, "peak_live_bytes_file_order"), number(line, "acts_core_out_elems")})
	}
	return rows
}

// bindings reads "input:1x3x224x224;mask:1x128".
func bindings(t testing.TB, s string) model.Bindings {
	t.Helper()
	b := model.Bindings{Inputs: map[string]model.Shape{}}
	for _, part := range strings.Split(s, ";") {
		name, dims, _ := strings.Cut(part, ":")
		shape := model.Shape{}
		for _, d := range strings.Split(dims, "x") {
			v, err := strconv.ParseInt(d, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			shape = append(shape, v)
		}
		b.Inputs[name] = shape
	}
	return b
}

// works returns the work of every op, as the file has it.
func works(g *model.Graph) []model.Work {
	var ws []model.Work
	for i := range g.Ops {
		ws = append(ws, g.OpWork(i, model.Formats{}))
	}
	return ws
}

func load(t testing.TB, path string, b model.Bindings) *model.Graph {
	t.Helper()
	g, err := ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := model.Infer(g, b); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return g
}

// checkCounts compares parameters exactly and multiply-accumulates within 0.1 %.
func checkCounts(t *testing.T, g *model.Graph, row truthRow) {
	t.Helper()
	total := model.Sum(works(g))
	if len(total.Unknown) > 0 {
		t.Errorf("unknown ops: %v", total.Unknown)
	}
	if row.model == "if_net" {
		return // all is in the branches, which the reference doesn't count
	}
	if got := g.Parameters(); got != row.parameters {
		t.Errorf("parameters %.0f, want %.0f", got, row.parameters)
	}
	if math.Abs(total.MACs-row.macs) > 0.001*row.macs {
		t.Errorf("MACs %.0f, want %.0f (%+.2f %%)", total.MACs, row.macs, 100*(total.MACs/row.macs-1))
	}
}

func TestTruth(t *testing.T) {
	eachSource(t, func(t *testing.T, dir string) {
		for _, row := range truthTable(t, dir) {
			t.Run(row.model, func(t *testing.T) {
				checkCounts(t, load(t, filepath.Join(dir, row.file), bindings(t, row.inputs)), row)
			})
		}
	})
}

// TestBatch binds the open dimensions by name: at batch 8 a graph takes 8 times the multiply-accumulates of batch 1, and
// has the same parameters.
func TestBatch(t *testing.T) {
	eachSource(t, func(t *testing.T, dir string) {
		for _, row := range truthTable(t, dir) {
			if !row.dynamic {
				continue
			}
			t.Run(row.model, func(t *testing.T) {
				path := filepath.Join(dir, row.file)
				one, eight := load(t, path, named(t, path, row, 1)), load(t, path, named(t, path, row, 8))
				if one.Batch != 1 || eight.Batch != 8 {
					t.Errorf("batches %d and %d, want 1 and 8", one.Batch, eight.Batch)
				}
				if a, b := model.Sum(works(one)).MACs, model.Sum(works(eight)).MACs; b != 8*a {
					t.Errorf("MACs %.0f and %.0f: %.3f times", a, b, b/a)
				}
				if one.Parameters() != eight.Parameters() {
					t.Errorf("parameters %.0f and %.0f", one.Parameters(), eight.Parameters())
				}
				for _, g := range []*model.Graph{one, eight} {
					if len(g.Warnings) > 0 {
						t.Errorf("warnings: %q", g.Warnings)
					}
				}
			})
		}
	})
}

// named binds the dimensions of a row by their symbols, those of a batch aside.
func named(t *testing.T, path string, row truthRow, batch int64) model.Bindings {
	t.Helper()
	g, err := ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	sizes := bindings(t, row.inputs).Inputs
	b := model.Bindings{Batch: batch, Dims: map[string]int64{}}
	for _, id := range g.Inputs {
		in := &g.Tensors[id]
		for k, symbol := range in.Symbols {
			if k > 0 && symbol != "" {
				b.Dims[symbol] = sizes[in.Name][k]
			}
		}
	}
	return b
}

// observed is what a real run saw: the shapes and formats of the tensors of a model.
type observed struct {
	Inputs  map[string][]int64
	Tensors map[string][]int64
	Types   map[string]string
}

func observations(t testing.TB, dir string) map[string]observed {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, "true_shapes.json.gz"))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("%s is not here: only the selection in testdata is tested", dir)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]observed{}
	if err := json.NewDecoder(z).Decode(&all); err != nil {
		t.Fatal(err)
	}
	return all
}

// compareShapes returns how many tensors of the run are in the graph with the shape and format seen, and which aren't.
func compareShapes(g *model.Graph, seen observed) (right int, wrong []string) {
	byName := map[string]*model.Tensor{}
	for i := range g.Tensors {
		byName[g.Tensors[i].Name] = &g.Tensors[i]
	}
	for name, shape := range seen.Tensors {
		want, _ := dtype.Parse(seen.Types[name])
		switch t := byName[name]; {
		case t == nil:
			wrong = append(wrong, name+": not in the graph")
		case !slices.Equal(t.Shape, model.Shape(shape)):
			wrong = append(wrong, name+": shape "+t.Shape.String()+", want "+model.Shape(shape).String())
		case t.DType != want:
			wrong = append(wrong, name+": "+t.DType.String()+", want "+want.String())
		default:
			right++
		}
	}
	slices.Sort(wrong)
	return right, wrong
}

// dataDependent are the detectors in which how many boxes are found decides some hundred shapes.
var dataDependent = []string{"ssd300_vgg16", "ssdlite320_mobilenet_v3"}

// TestTrueShapes compares with a real run: everything must be right, save what depends on the data.
func TestTrueShapes(t *testing.T) {
	eachSource(t, func(t *testing.T, dir string) {
		files := map[string]string{}
		for _, row := range truthTable(t, dir) {
			files[row.model] = row.file
		}
		rightAll, wrongAll := 0, 0
		for name, seen := range observations(t, dir) {
			b := model.Bindings{Inputs: map[string]model.Shape{}}
			for input, shape := range seen.Inputs {
				b.Inputs[input] = shape
			}
			g := load(t, filepath.Join(dir, files[name]), b)
			right, wrong := compareShapes(g, seen)
			rightAll, wrongAll = rightAll+right, wrongAll+len(wrong)
			switch {
			case len(wrong) == 0:
			case !slices.Contains(dataDependent, name):
				t.Errorf("%s: %d wrong, such as %q; warnings %q", name, len(wrong), wrong[:min(len(wrong), 5)], g.Warnings)
			case len(g.Warnings) == 0:
				t.Errorf("%s: %d wrong without a warning", name, len(wrong))
			default:
				t.Logf("%s: %d of %d depend on the data", name, len(wrong), right+len(wrong))
			}
		}
		t.Logf("%d of %d shapes and formats right", rightAll, rightAll+wrongAll)
	})
}

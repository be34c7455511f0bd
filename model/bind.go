package model

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Bindings give the open dimensions of a graph their numbers.
type Bindings struct {
	Batch     int64            // of symbolic batch dimensions; 0 means 1. A batch baked into the file stays as it is
	Dims      map[string]int64 // by symbol: seq = 128
	Inputs    map[string]Shape // by input name: the whole shape; it may also replace fixed dimensions
	TripCount int64            // iterations of a Loop whose count depends on the data; 0 means unknown
}

// UnboundError says that a dimension of an input has no number yet.
type UnboundError struct {
	Input  string
	Symbol string // "" where the file doesn't name the dimension
	Axis   int    // -1 where the file doesn't say how many dimensions there are
	Shape  Shape  // of the input, -1 where not bound
}

func (e *UnboundError) Error() string {
	if e.Axis < 0 {
		return fmt.Sprintf("input %q has no shape in the file: give %s", e.Input, e.Hint())
	}
	if e.Symbol == "" {
		return fmt.Sprintf("input %q has an unbound dimension at position %d: give %s", e.Input, e.Axis+1, e.Hint())
	}
	return fmt.Sprintf("input %q has an unbound dimension %q: give %s", e.Input, e.Symbol, e.Hint())
}

// Hint shows how to bind the dimension.
func (e *UnboundError) Hint() string {
	example := make(Shape, len(e.Shape))
	if e.Axis < 0 {
		example = Shape{1, 3, 224, 224}
	}
	for i, d := range e.Shape {
		if example[i] = d; d < 0 {
			example[i] = exampleDim
		}
	}
	hint := fmt.Sprintf("--input %s=%v", e.Input, example)
	if e.Symbol != "" {
		hint = fmt.Sprintf("--dim %s=%d or %s", e.Symbol, exampleDim, hint)
	}
	return hint
}

// exampleDim stands for an open dimension in hints: plausible for a sequence as for the side of an image.
const exampleDim = 128

// lengthWords mark symbols that are surely not a batch even where they come first.
var lengthWords = []string{"seq", "len", "time", "frame", "token", "height", "width", "point", "box", "num"}

// batchSymbol reports names exporters give the batch.
func batchSymbol(symbol string) bool {
	switch s := strings.ToLower(symbol); s {
	case "n", "b", "bs":
		return true
	default:
		return strings.Contains(s, "batch")
	}
}

// bind gives every input its shape.
func (g *Graph) bind(b Bindings) error {
	symbols, err := g.symbols(b)
	if err != nil {
		return err
	}
	for _, id := range g.Inputs {
		t := &g.Tensors[id]
		if given, ok := b.Inputs[t.Name]; ok {
			t.Shape = given
			if err := plausible(given); err != nil {
				return fmt.Errorf("input %q is given %w", t.Name, err)
			}
			continue
		}
		if t.Declared == nil {
			return &UnboundError{Input: t.Name, Axis: -1}
		}
		t.Shape = slices.Clone(t.Declared)
		for k, d := range t.Declared {
			if d >= 0 {
				continue
			}
			symbol := t.symbol(k)
			v, ok := evaluate(symbol, symbols)
			switch {
			case ok:
				t.Shape[k] = v
			case k == 0 && t.batchFirst():
				t.Shape[k] = max(b.Batch, 1)
			default:
				return &UnboundError{Input: t.Name, Symbol: symbol, Axis: k, Shape: slices.Clone(t.Shape)}
			}
		}
		if err := plausible(t.Shape); err != nil {
			return fmt.Errorf("input %q has %w", t.Name, err)
		}
	}
	g.Batch = 1
	for _, id := range g.Inputs {
		if s := g.Tensors[id].Shape; len(s) >= 2 {
			g.Batch = max(s[0], 1)
			break
		}
	}
	return nil
}

// symbol returns the name of dimension k, "" where it has none.
func (t *Tensor) symbol(k int) string {
	if k < len(t.Symbols) {
		return t.Symbols[k]
	}
	return ""
}

// batchFirst reports an input whose open first dimension is the batch.
func (t *Tensor) batchFirst() bool {
	if len(t.Declared) == 0 || t.Declared[0] >= 0 {
		return false
	}
	symbol := strings.ToLower(t.symbol(0))
	return batchSymbol(symbol) || !slices.ContainsFunc(lengthWords, func(w string) bool { return strings.Contains(symbol, w) })
}

// symbols collects what the named dimensions are: given by name, by the shape of an input, or the batch.
func (g *Graph) symbols(b Bindings) (map[string]int64, error) {
	known := map[string]int64{}
	for _, id := range g.Inputs {
		t := &g.Tensors[id]
		given := b.Inputs[t.Name]
		if given != nil && t.Declared != nil && len(given) != len(t.Declared) {
			return nil, fmt.Errorf("input %q is given as %v: want %d dimensions, %s", t.Name, given, len(t.Declared), t.declared())
		}
		for k, symbol := range t.Symbols {
			if symbol == "" || k >= len(t.Declared) || t.Declared[k] >= 0 {
				continue
			}
			have, seen := known[symbol]
			switch {
			case given != nil && seen && have != given[k]:
				return nil, fmt.Errorf("dimension %q is %d for input %q and %d for another", symbol, given[k], t.Name, have)
			case given != nil:
				known[symbol] = given[k]
			}
		}
	}
	for name := range b.Inputs {
		if !slices.ContainsFunc(g.Inputs, func(id TensorID) bool { return g.Tensors[id].Name == name }) {
			return nil, fmt.Errorf("no input is named %q: the inputs are %s", name, strings.Join(g.inputNames(), ", "))
		}
	}
	open := g.openSymbols()
	for _, symbol := range slices.Sorted(maps.Keys(b.Dims)) {
		if !slices.Contains(open, symbol) {
			return nil, fmt.Errorf("no input has an open dimension named %q: %s", symbol, listOr(open, "all are fixed"))
		}
		if have, seen := known[symbol]; seen && have != b.Dims[symbol] {
			return nil, fmt.Errorf("dimension %q is given as %d and by the shape of an input as %d", symbol, b.Dims[symbol], have)
		}
		if b.Dims[symbol] < 0 {
			return nil, fmt.Errorf("dimension %q is given as %d: want 0 or more", symbol, b.Dims[symbol])
		}
		known[symbol] = b.Dims[symbol]
	}
	// Whatever is called a batch, or stands first, is the batch wherever else the same symbol appears.
	for _, id := range g.Inputs {
		t := &g.Tensors[id]
		for k, symbol := range t.Symbols {
			if _, seen := known[symbol]; symbol == "" || seen || k >= len(t.Declared) || t.Declared[k] >= 0 {
				continue
			}
			if batchSymbol(symbol) || k == 0 && t.batchFirst() {
				known[symbol] = max(b.Batch, 1)
			}
		}
	}
	return known, nil
}

// openSymbols lists the named open dimensions in the order of the inputs.
func (g *Graph) openSymbols() []string {
	var out []string
	for _, id := range g.Inputs {
		for k, s := range g.Tensors[id].Symbols {
			if s != "" && k < len(g.Tensors[id].Declared) && g.Tensors[id].Declared[k] < 0 && !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
	}
	return out
}

func (g *Graph) inputNames() []string {
	var out []string
	for _, id := range g.Inputs {
		out = append(out, strconv.Quote(g.Tensors[id].Name))
	}
	return out
}

// declared prints the shape an input has in the file, symbols by name.
func (t *Tensor) declared() string {
	parts := make([]string, len(t.Declared))
	for k, d := range t.Declared {
		switch s := t.symbol(k); {
		case d >= 0:
			parts[k] = strconv.FormatInt(d, 10)
		case s != "":
			parts[k] = s
		default:
			parts[k] = "?"
		}
	}
	return strings.Join(parts, "x")
}

func listOr(names []string, none string) string {
	if len(names) == 0 {
		return none
	}
	return "there are " + strings.Join(names, ", ")
}

// evaluate returns the number of a symbol or of the sums exporters write, such as "past_sequence_length + 1".
func evaluate(symbol string, known map[string]int64) (int64, bool) {
	if v, ok := known[symbol]; ok {
		return v, true
	}
	if !strings.Contains(symbol, "+") {
		return 0, false
	}
	sum := int64(0)
	for _, term := range strings.Split(symbol, "+") {
		term = strings.TrimSpace(term)
		v, ok := known[term]
		if !ok {
			n, err := strconv.ParseInt(term, 10, 32)
			if err != nil {
				return 0, false
			}
			v = n
		}
		sum += v
	}
	return sum, true
}

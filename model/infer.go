package model

import (
	"errors"
	"fmt"
	"slices"

	"roofline/hardware/dtype"
)

// Infer binds the inputs of a graph and works out the shape, format and role of every tensor, and the content of the
// small ones other shapes depend on. It may be called again with other bindings.
//
// Inference is concrete: after it no dimension is open. Where a size depends on the data it is the most it can be, and
// where an op isn't known its output looks like its first input; both are said in g.Warnings. An op whose operands
// contradict each other is an error when the bindings changed what the file states, else a warning.
func Infer(g *Graph, b Bindings) error {
	if g.read == 0 {
		g.read = len(g.Warnings) + 1
	}
	g.Warnings = slices.Clip(g.Warnings[:min(g.read-1, len(g.Warnings))])
	for _, id := range g.Inputs {
		if t := &g.Tensors[id]; t.Declared == nil {
			t.Declared = t.Shape
		}
	}
	if err := g.bind(b); err != nil {
		return err
	}
	run := &inference{root: g, bindings: b, sequences: map[*Tensor]sequence{}}
	run.strict, run.replaced = g.changedBy(b)
	return run.graph(g, false)
}

// inference is the state of one call of Infer.
type inference struct {
	root      *Graph // gets the warnings
	bindings  Bindings
	strict    bool // the bindings chose shapes, so a contradiction is theirs
	replaced  bool // they even replaced what the file fixes, so that its declarations don't hold
	mismatch  bool // a declaration was wrong, and has been said to be
	guessed   bool // the op at hand gave a guess
	sequences map[*Tensor]sequence
	firsts    map[string]string // by kind, the first op that needed a warning
	arena     []int64           // what shapes are cut from
	depth     int
}

// maxNesting bounds subgraphs within subgraphs.
const maxNesting = 64

// errGuess is returned by a rule whose operands aren't known before the run.
var errGuess = errors.New("its shape depends on data that is only known when it runs")

// graph infers one graph whose inputs have their shapes.
func (run *inference) graph(g *Graph, guessed bool) error {
	if run.depth++; run.depth > maxNesting {
		return fmt.Errorf("subgraphs nested more than %d deep", maxNesting)
	}
	defer func() { run.depth-- }()
	g.bodies = nil
	if err := g.checkSources(); err != nil {
		return err
	}
	guess := make([]bool, len(g.Tensors))
	for _, id := range g.Inputs {
		guess[id] = guessed
	}
	for _, c := range g.Captures {
		guess[c.Inner] = guessed
	}
	n := &node{g: g, run: run}
	for i := range g.Ops {
		n.op, n.index = &g.Ops[i], i
		if err := run.op(n, guess); err != nil {
			return err
		}
	}
	return nil
}

// checkSources rejects stored tensors no file can hold, and forgets contents that don't fit their shape.
func (g *Graph) checkSources() error {
	for i := range g.Tensors {
		t := &g.Tensors[i]
		if t.Role != Weight && t.Role != Constant {
			continue
		}
		if err := plausible(t.Shape); err != nil {
			return fmt.Errorf("tensor %q has %w", t.Name, err)
		}
		t.checkValue()
	}
	return nil
}

// checkValue keeps the rule that a known content has as many elements as its shape says.
func (t *Tensor) checkValue() {
	if t.Value != nil && float64(t.Value.Len()) != t.Shape.Elems() {
		t.Value = nil
	}
}

// op infers the outputs of one op.
func (run *inference) op(n *node, guess []bool) error {
	constant, tainted := true, false
	n.op.reads(func(id TensorID) {
		tainted = tainted || guess[id]
		if r := n.g.Tensors[id].Role; r == Activation || r == Input {
			constant = false
		}
	})
	n.tainted = tainted
	for i := range n.op.Outputs {
		if t := n.out(i); t != nil {
			t.Shape, t.Value, t.Role, t.Storage = nil, nil, Activation, dtype.Unknown
		}
	}
	run.guessed = false
	s, known := lookup(n.op.Kind)
	err := error(nil)
	switch {
	case !known:
		n.warnf("op kind %s is not known (first at op %q): not counted, and its output is taken to look like its input", n.op.Kind, n.op.Name)
		run.guessed = true
	case s.shape != nil:
		err = s.shape(n)
	}
	if err != nil {
		if fatal := (*fatalError)(nil); errors.As(err, &fatal) {
			return fatal
		}
		if run.strict && !tainted && !errors.Is(err, errGuess) {
			return &fatalError{fmt.Errorf("the model cannot run with these shapes: op %q (%s): %w", n.label(), n.op.Kind, err)}
		}
		n.warnf("op %q (%s): %v; its shape is a guess", n.label(), n.op.Kind, err)
		run.guessed = true
	}
	tainted = tainted || run.guessed
	n.passStorage()
	for i, id := range n.op.Outputs {
		if id == NoTensor {
			continue
		}
		t := &n.g.Tensors[id]
		n.settle(i, t, tainted)
		t.checkValue()
		guess[id] = tainted
		if t.Value != nil || constant && known && !random(n.op.Kind) {
			t.Role = Constant
		}
	}
	return nil
}

// settle completes an output from what the file declares, and checks the one against the other.
func (n *node) settle(i int, t *Tensor, guessed bool) {
	if t.Shape == nil || guessed {
		if d := t.Declared; d != nil && !slices.Contains(d, -1) {
			if t.Shape == nil || len(t.Shape) != len(d) {
				t.Shape = d
			}
		}
	} else if !agrees(t.Shape, t.Declared) && !n.run.replaced && !n.run.mismatch {
		n.run.mismatch = true
		n.warnf("tensor %q is %v, but the file says %v", t.Name, t.Shape, t.Declared)
	}
	if t.Shape == nil {
		t.Shape = Shape{}
		if s := n.shape(0); s != nil {
			t.Shape = s
		}
	}
	if t.DType == dtype.Unknown {
		t.DType = n.dtype(0)
	}
}

// changedBy reports whether bindings choose shapes at all, and whether they replace fixed ones.
func (g *Graph) changedBy(b Bindings) (chosen, replaced bool) {
	chosen = len(b.Dims) > 0 || len(b.Inputs) > 0
	for _, id := range g.Inputs {
		t := &g.Tensors[id]
		chosen = chosen || b.Batch > 1 && t.batchFirst()
		replaced = replaced || !agrees(t.Shape, t.Declared)
	}
	return chosen, replaced
}

// agrees reports that a shape fits a declared one, -1 fitting anything.
func agrees(s, declared Shape) bool {
	if declared == nil {
		return true
	}
	if len(s) != len(declared) {
		return false
	}
	for k, d := range declared {
		if d >= 0 && s[k] != d {
			return false
		}
	}
	return true
}

// label names the op in messages; an op without a name goes by its first output.
func (n *node) label() string {
	if n.op.Name != "" {
		return n.op.Name
	}
	if t := n.out(0); t != nil {
		return t.Name
	}
	return "?"
}

// first returns the label of the first op of a kind that needed the same warning.
func (run *inference) first(n *node) string {
	if run.firsts == nil {
		run.firsts = map[string]string{}
	}
	if _, ok := run.firsts[n.op.Kind]; !ok {
		run.firsts[n.op.Kind] = n.label()
	}
	return run.firsts[n.op.Kind]
}

// fatalError is what a rule returns when inference can't go on: an error from within a subgraph.
type fatalError struct{ error }

func (e *fatalError) Unwrap() error { return e.error }

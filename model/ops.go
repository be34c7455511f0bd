package model

import (
	"maps"
	"slices"
	"strings"
)

// spec is all that is known of an op kind.
type spec struct {
	class Class
	shape func(*node) error // gives the outputs their shapes and formats
	// work adds the arithmetic to what every op has (names, traffic), and corrects the traffic where the general rule
	// (operands read once, outputs written once) is wrong. nil: no arithmetic.
	work func(*node, *Work)
}

// ops is the table of everything that is known, by kind. The semantics are those of the ONNX operator specification,
// https://onnx.ai/onnx/operators, and of the contrib operators of ONNX Runtime,
// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md. Rules take an operand from the
// attribute of old operator sets or from the input of new ones, whichever is there, so one rule serves every version.
//
// Conventions for counting FLOPs, the same everywhere: a multiply-accumulate is 2; one per element for arithmetic,
// comparison and selection; see the constants below for the rest.
var ops map[string]spec

// FLOPs per element of what isn't a plain arithmetic operation. They are conventions: implementations differ, and the
// traffic of such ops outweighs their arithmetic.
const (
	transcendental = 4 // exp, log, tanh, erf, sqrt, pow …
	geluFLOPs      = 8 // x/2 · (1 + erf(x/√2)): four plain and one transcendental
	softmaxFLOPs   = 5 // maximum, difference, exponential, sum, quotient
	normFLOPs      = 7 // mean 1, deviation 1, variance 2, quotient 1, scale and shift 2
	rmsNormFLOPs   = 4 // square and sum 2, quotient 1, scale 1
	quantizeFLOPs  = 3 // quotient, rounding, zero point
)

func init() { // not a composite literal: control flow looks its bodies up in the table
	families := []map[string]spec{pointwiseOps, shapeOps, moveOps, gatherOps, spatialOps, convOps, matmulOps, reduceOps, normOps, signalOps, recurrentOps, quantOps, attentionOps, contribOps, controlOps, sequenceOps}
	ops = make(map[string]spec, 320)
	for _, family := range families {
		for kind, s := range family {
			ops[kind] = s
		}
	}
}

// contribDomain prefixes ONNX Runtime's own operators.
const contribDomain = "com.microsoft."

// lookup finds an op kind. Contrib operators that have since joined the standard go by the standard's rule.
func lookup(kind string) (spec, bool) {
	if s, ok := ops[kind]; ok {
		return s, true
	}
	if name, ok := strings.CutPrefix(kind, contribDomain); ok {
		s, ok := ops[name]
		return s, ok
	}
	return spec{}, false
}

// Known reports whether an op kind has rules; others are counted as [Unknown].
func Known(kind string) bool {
	_, ok := lookup(kind)
	return ok
}

// Kinds lists every op kind that has rules, sorted.
func Kinds() []string { return slices.Sorted(maps.Keys(ops)) }

// sameAsInput is the shape rule of everything that works on each element.
func sameAsInput(n *node) error {
	s, err := n.rank(0, 0)
	if err != nil {
		return err
	}
	return n.set(0, s, n.dtype(0))
}

// perElement is the work rule of k FLOPs per element of the output.
func perElement(k float64) func(*node, *Work) {
	return func(n *node, w *Work) { w.addFLOPs(k * n.outShape().Elems()) }
}

// perInput is the work rule of k FLOPs per element of the first input.
func perInput(k float64) func(*node, *Work) {
	return func(n *node, w *Work) { w.addFLOPs(k * n.shape(0).Elems()) }
}

// with applies several work rules.
func with(rules ...func(*node, *Work)) func(*node, *Work) {
	return func(n *node, w *Work) {
		for _, rule := range rules {
			rule(n, w)
		}
	}
}

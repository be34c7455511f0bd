package model

import "fmt"

// Fusion is how far a runtime merges operations before running them.
type Fusion uint8

// The levels of fusion.
const (
	FusionNone      Fusion = iota // every node is a kernel
	FusionFunctions               // what an exporter broke apart is one kernel again: norms, activation functions, attention
	FusionPointwise               // elementwise work joins its producer
	FusionGenerated               // norms, attention, layout changes and chains of elementwise work, but not with products
	FusionFull                    // all of these, also with products
)

var fusionNames = []string{"none", "functions", "pointwise", "generated", "full"}

func (f Fusion) String() string { return fusionNames[f] }

// UnmarshalText reads the name of a level.
func (f *Fusion) UnmarshalText(text []byte) error {
	for i, n := range fusionNames {
		if n == string(text) {
			*f = Fusion(i)
			return nil
		}
	}
	return fmt.Errorf("unknown fusion %q: want none, functions, pointwise, generated or full", text)
}

// chains reports that elementwise operations share a kernel, whatever they read.
func (f Fusion) chains() bool { return f >= FusionPointwise }

// epilogues reports that elementwise work joins the kernel of the product that made its input.
func (f Fusion) epilogues() bool { return f == FusionPointwise || f == FusionFull }

// functions reports that a norm, with the elementwise work around its reductions, and softmax(QKᵀ)V are a kernel each.
func (f Fusion) functions() bool { return f != FusionNone && f != FusionPointwise }

// generates reports that kernels are made for the graph: they read transposed tensors in place, and pool and copy on the
// way.
func (f Fusion) generates() bool { return f >= FusionGenerated }

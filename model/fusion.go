package model

import "fmt"

// Fusion is how far a runtime merges operations before running them.
type Fusion uint8

// The levels of fusion.
const (
	FusionNone      Fusion = iota // every node is a kernel
	FusionFunctions               // what an exporter broke apart is one kernel again: norms, activation functions, attention
	FusionLayers                  // norms and activation functions, and convolutions with what is added to their result and an activation
	FusionPointwise               // elementwise work joins its producer
	FusionGenerated               // norms, attention, layout changes and chains of elementwise work, but not with products
	FusionFull                    // all of these, also with products
)

var fusionNames = []string{"none", "functions", "layers", "pointwise", "generated", "full"}

func (f Fusion) String() string { return fusionNames[f] }

// UnmarshalText reads the name of a level.
func (f *Fusion) UnmarshalText(text []byte) error {
	for i, n := range fusionNames {
		if n == string(text) {
			*f = Fusion(i)
			return nil
		}
	}
	return fmt.Errorf("unknown fusion %q: want none, functions, layers, pointwise, generated or full", text)
}

// chains reports that elementwise operations share a kernel, whatever they read.
func (f Fusion) chains() bool { return f >= FusionPointwise }

// epilogues reports that elementwise work joins the kernel of the product that made its input.
func (f Fusion) epilogues() bool { return f == FusionPointwise || f == FusionFull }

// functions reports that a norm, with the elementwise work around its reductions, is a kernel.
func (f Fusion) functions() bool { return f != FusionNone && f != FusionPointwise }

// attention reports that softmax(QKᵀ)V is a kernel.
func (f Fusion) attention() bool { return f.functions() && f != FusionLayers }

// strided reports that parts of tensors are taken where they lie, and transposed tensors read in any order; else both are
// copied.
func (f Fusion) strided() bool { return f.functions() && f != FusionLayers }

// generates reports that kernels are made for the graph: they read transposed tensors in place, and pool and copy on the
// way.
func (f Fusion) generates() bool { return f >= FusionGenerated }

package model

import "fmt"

// Fusion is how far a runtime merges operations before running them.
type Fusion uint8

// The levels of fusion.
const (
	FusionNone      Fusion = iota // every node is a kernel
	FusionPointwise               // elementwise work joins its producer
	FusionFull                    // also norms, attention and layout changes
)

var fusionNames = []string{"none", "pointwise", "full"}

func (f Fusion) String() string { return fusionNames[f] }

// UnmarshalText reads none, pointwise or full.
func (f *Fusion) UnmarshalText(text []byte) error {
	for i, n := range fusionNames {
		if n == string(text) {
			*f = Fusion(i)
			return nil
		}
	}
	return fmt.Errorf("unknown fusion %q: want none, pointwise or full", text)
}

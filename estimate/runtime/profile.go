// Package runtime holds the profiles of the software that runs a model: what it fuses, what it costs on the host, how
// much memory it keeps for itself, and how far from the truth its estimates were found to be.
package runtime

import (
	"slices"

	"roofline/hardware"
	"roofline/hardware/dtype"
	"roofline/hardware/unit"
	"roofline/model"
)

// Profile is one runtime: PyTorch compiled, ONNX Runtime, vLLM … Profiles are catalog data.
type Profile struct {
	ID    string          `toml:"-"`
	Name  string          `toml:"name"`
	Kinds []hardware.Kind `toml:"kinds"` // the devices it runs on; empty: all
	// Serves says what the profile is for: "graph", "language" or "both"; "kernel" for single kernels, as benchmarks run
	// them, of Engine if it is named. DefaultFor on which of its devices it is taken when none is named.
	Serves     string          `toml:"serves"`
	Engine     string          `toml:"engine"`
	DefaultFor []hardware.Kind `toml:"default-for"`
	// GGUF says that weights in the block formats of GGUF files are its own: it is taken for them when none is named.
	GGUF bool `toml:"gguf"`

	// Ideal marks the textbook roofline: full peaks, no overhead.
	Ideal bool `toml:"ideal"`

	Fusion model.Fusion `toml:"fusion"`
	// Autocast says that a graph in half precision runs mixed: [model.Formats].
	Autocast bool `toml:"autocast"`
	// LowBitActivations says that in graphs whose weights have 8 bits the activations move from kernel to kernel in the format
	// of the weights, too, where nobody says it; else they are converted on the way into each product.
	LowBitActivations bool `toml:"low-bit-activations"`
	// Overlap is the share of the shorter of compute and memory time that hides behind the longer, over an operation:
	// 1 is the roofline's maximum, 0 the sum.
	Overlap float64 `toml:"overlap"`
	// Compute and Bandwidth are further shares, of what the device sustains, by class of work; 1 where not given. The compute
	// share is that of the products, and of the vector units in classes without any.
	Compute   ByClass `toml:"compute"`
	Bandwidth ByClass `toml:"bandwidth"`

	// Tiles are the shapes the runtime's libraries cut matrix products into, one per core at a time; none: products are
	// taken to fill the device evenly.
	Tiles []Tile `toml:"tiles"`
	// Fill is how many elements of K a core works on before a tile's first result: loading them overlaps with nothing.
	Fill float64 `toml:"fill"`
	// SplitK is what splitting K over cores takes beyond its work: the pass that adds the partial sums.
	SplitK unit.Seconds `toml:"split-k"`
	// Convert is the shortest time to convert what goes into a product, by the format of its weights.
	Convert Convert `toml:"convert"`
	// Attention is what the kernels of attention take beyond their work.
	Attention Attention `toml:"attention"`
	// Reduce are the all-reduce kernels of its own; larger results, and all other collectives, go around a ring.
	Reduce DirectReduce `toml:"direct-reduce"`

	// LowBitKV is the format of the key-value cache of models whose weights have 8 bits or fewer, where nobody says it and the
	// checkpoint does not; Unknown: that of the activations.
	LowBitKV dtype.DType `toml:"low-bit-kv"`

	// Chunk is the most tokens a pass takes: longer prompts are cut, and products read their weights again for each part.
	Chunk float64 `toml:"chunk"`
	// PrefillFirst says that the scheduler computes prompts, up to Chunk tokens of them at a time, before it goes on with the
	// requests that decode. Otherwise both share the steps.
	PrefillFirst bool `toml:"prefill-first"`
	// PerClock is the bytes a core reads per clock in a product of up to FewRows rows, whatever the memory could deliver.
	PerClock unit.Bytes `toml:"bytes-per-clock"`
	// HalfAccumulate says that products in fp16 add up in fp16, too, at that peak of the device.
	HalfAccumulate bool `toml:"fp16-accumulate"`
	// Expand says that weights in narrower formats are written out in the format of the product for more rows than that.
	Expand bool `toml:"expand-weights"`

	// Dispatch is the host's time per kernel that runs ahead of the device: a graph takes the longer of both.
	Dispatch    unit.Seconds `toml:"dispatch"`
	Launch      unit.Seconds `toml:"launch"`       // host time per kernel that graphs or queues do not hide
	PerLayer    unit.Seconds `toml:"per-layer"`    // host time per transformer layer and step
	PerStep     unit.Seconds `toml:"per-step"`     // host time per scheduler step
	PerSequence unit.Seconds `toml:"per-sequence"` // host time per running sequence and step
	PerRequest  unit.Seconds `toml:"per-request"`  // host time before a request's first token: HTTP, tokenizer, queue

	// MemoryShare is the share of the device's memory the runtime uses at all; Reserve what it keeps of that for itself.
	MemoryShare float64    `toml:"memory-share"`
	Reserve     unit.Bytes `toml:"reserve"`

	Bands   []Band           `toml:"band"`
	Source  string           `toml:"source"`
	Origins hardware.Origins `toml:"sources"`
}

// Tile is M rows by N columns of a product's result, and the share of the sustained rate a core reaches on it.
type Tile struct {
	M    float64 `toml:"m"`
	N    float64 `toml:"n"`
	Rate float64 `toml:"rate"`
}

// Convert is the shortest time of a kernel that quantises the activations of a product, or that unpacks its weights where
// these alone are quantised, by the format of the weights; 0 where it is fused with what comes before.
type Convert struct {
	FP8      unit.Seconds `toml:"fp8"`
	FP8Block unit.Seconds `toml:"fp8-block"`
	FP4      unit.Seconds `toml:"fp4"`
	INT8     unit.Seconds `toml:"int8"`
	INT4     unit.Seconds `toml:"int4"`
}

// Of returns the time for weights of a format.
func (c *Convert) Of(weights dtype.DType) unit.Seconds {
	switch weights {
	case dtype.FP8, dtype.FP8E5M2, dtype.MXFP8:
		return c.FP8
	case dtype.FP8Block:
		return c.FP8Block
	case dtype.FP4, dtype.NVFP4, dtype.MXFP4:
		return c.FP4
	case dtype.INT8:
		return c.INT8
	case dtype.INT4, dtype.UINT4, dtype.INT4Group128, dtype.INT4Group64, dtype.INT4Group32:
		return c.INT4
	}
	return 0
}

// Attention is what a fused attention kernel takes beyond its products and its traffic. None given: nothing.
type Attention struct {
	// Prefill and Decode are its time beyond the shortest kernel's, in decode to split over keys and to combine the parts.
	Prefill unit.Seconds `toml:"prefill"`
	Decode  unit.Seconds `toml:"decode"`
	// Block is the time to start and end a block of queries of one head on a core, in prefill.
	Block unit.Seconds `toml:"block"`
	// Packs says that in prefill the query heads that share keys fill a block together, instead of one head each.
	Packs bool `toml:"packs"`
	// Ramp is how much of the cache a decode kernel reads at half the bandwidth, before it runs at all of it.
	Ramp unit.Bytes `toml:"ramp"`
}

// DirectReduce are the largest results for which a runtime has all-reduce kernels that don't go around a ring: in one step
// every device reads all that the others have, in two a share of it and then the others' results. 0: it has none.
type DirectReduce struct {
	OneStep unit.Bytes `toml:"one-step"`
	TwoStep unit.Bytes `toml:"two-step"`
}

// FewRows is up to how many rows libraries compute products row by row, without tiles.
const FewRows = 8

// ByClass is a factor per class of work, indexed by model.Class; 0 means 1.
type ByClass [model.ClassCount]float64

// Of returns the factor of a class.
func (b *ByClass) Of(c model.Class) float64 {
	if b[c] == 0 {
		return 1
	}
	return b[c]
}

// Entries implements [hardware.Table].
func (b ByClass) Entries() []hardware.Field {
	var out []hardware.Field
	for c, v := range b {
		if v != 0 {
			out = append(out, hardware.Field{Name: classKeys()[c], Value: v, Number: v})
		}
	}
	return out
}

// Band says how far measurements were from the expected time: as factors of it their 10th and 90th percentile, or the
// narrowest two that hold three quarters of them: Coverage.
type Band struct {
	Class         string          `toml:"class"`         // what was measured, in words
	Kinds         []hardware.Kind `toml:"kinds"`         // devices it holds for; empty: all
	Architectures []string        `toml:"architectures"` // and of them those of these architectures; empty: all
	Over          unit.Seconds    `toml:"over"`          // and for expected times of at least this
	Phase         string          `toml:"phase"`         // graph, prefill, decode; prefill-moe and decode-moe for mixtures of experts; "" for all
	Low           float64         `toml:"low"`
	High          float64         `toml:"high"`
	Measurements  int             `toml:"measurements"` // 0: assumed
	Coverage      float64         `toml:"coverage"`     // share of measurements found inside
	Source        string          `toml:"source"`
}

// Band returns the band for a device and a phase, whatever the expected time.
func (p *Profile) Band(d *hardware.Device, phase string) Band { return p.BandOver(d, phase, 0) }

// BandOver returns the band for a device, a phase and an expected time: the first that holds, or a wide assumed one.
func (p *Profile) BandOver(d *hardware.Device, phase string, expected unit.Seconds) Band {
	for _, b := range p.Bands {
		if (b.Phase == "" || b.Phase == phase) && expected >= b.Over && runs(b.Kinds, d.Kind) && (len(b.Architectures) == 0 || slices.Contains(b.Architectures, d.Architecture)) {
			return b
		}
	}
	return Band{Class: "no measurements of this class", Low: 0.5, High: 3, Source: "assumption"}
}

// RunsOn reports whether the runtime runs on a kind of device.
func (p *Profile) RunsOn(kind hardware.Kind) bool { return runs(p.Kinds, kind) }

// Named returns the profile of a name on a kind of device, or nil: NAME, or NAME-KIND where a runtime has a profile of its
// own for a kind, such as onnxruntime-gpu.
func Named(profiles []Profile, name string, kind hardware.Kind) *Profile {
	for _, id := range []string{name, name + "-" + string(kind)} {
		for i := range profiles {
			if p := &profiles[i]; p.ID == id && p.RunsOn(kind) {
				return p
			}
		}
	}
	return nil
}

func runs(kinds []hardware.Kind, kind hardware.Kind) bool {
	return len(kinds) == 0 || slices.Contains(kinds, kind)
}

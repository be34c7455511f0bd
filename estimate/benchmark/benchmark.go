// Package benchmark reads the files that benchmark tools write, as far as they tell how long a model took.
//
// A file is recognised by what is in it, not by its name ([Read]), and becomes plain [Run]s: what was run, the times, and
// in words what was taken from where. What a file does not say stays zero; [Run.Lacks] names it. Files are untrusted:
// they are bounded in size and rows, nothing they name is opened, and a time that is zero, negative, infinite or not a
// number is an error with the name of its key.
package benchmark

import (
	"fmt"
	"math"

	"roofline/hardware/dtype"
	"roofline/hardware/unit"
)

// Run is one measurement of a model. Either requests were served, Concurrency of them at a time, or a batch ran as a
// whole: of a language model, if it has ISL, OSL or Context, else of a graph. The tags are the keys of our own files.
type Run struct {
	Tool  string `toml:"tool"`  // that wrote the file, as people call it
	Place string `toml:"place"` // where it was read: the file, and which run of it

	// What the file says of the machine.
	Model   string      `toml:"model"`
	Device  string      `toml:"device"`
	Runtime string      `toml:"runtime"`
	Version string      `toml:"version"` // of the runtime
	DType   dtype.DType `toml:"dtype"`   // of the weights
	KVDType dtype.DType `toml:"kv-dtype"`
	TP      int         `toml:"tp"`
	PP      int         `toml:"pp"`
	EP      int         `toml:"ep"`
	DP      int         `toml:"dp"` // ranks of data-parallel attention
	Threads int         `toml:"threads"`

	ISL         float64 `toml:"isl"` // input tokens of a request
	OSL         float64 `toml:"osl"` // output tokens of a request
	Concurrency float64 `toml:"concurrency"`
	Batch       float64 `toml:"batch"`
	Context     float64 `toml:"context"` // tokens in the cache before ISL or, without ISL, on average while decoding

	TTFT    unit.Seconds `toml:"ttft"` // time to first token; of a batch, of its prefill
	TPOT    unit.Seconds `toml:"tpot"` // per further token; of a batch, of a decode step
	Latency unit.Seconds `toml:"latency"`
	// OutputRate is output tokens per second of all requests together.
	OutputRate float64 `toml:"output-tokens-per-s"`
	// RequestRate is requests answered per second where that is all a file says.
	RequestRate float64 `toml:"requests-per-s"`

	Spread float64 `toml:"spread"` // standard deviation ÷ mean of what was measured; 0: not known
	N      int     `toml:"n"`      // requests or repetitions behind it

	Layers []Layer `toml:"layer"` // time of each layer of a graph
	Memory Memory  `toml:"memory"`

	language  bool // the tool measures language models, lengths unsaid
	GPULayers int  `toml:"-"` // layers of the model that ran on the GPU; 0: not said

	Taken []string `toml:"-"` // what was taken, in words
	Notes []string `toml:"-"` // what was left out, and why
}

// Layer is the time of one layer in one execution.
type Layer struct {
	Name string       `toml:"name"`
	Kind string       `toml:"kind"` // operator, where the file has it
	Time unit.Seconds `toml:"time"`
}

// Memory is what a server says of the memory of one device.
type Memory struct {
	Weights  unit.Bytes `toml:"weights"`   // that loading the model took
	KVCache  unit.Bytes `toml:"kv-cache"`  // free for the cache
	KVTokens float64    `toml:"kv-tokens"` // it holds
	Share    float64    `toml:"share"`     // of the device's memory the server was allowed
}

// Known reports whether anything is known of the memory.
func (m Memory) Known() bool { return m.KVCache > 0 }

// File is what was read from one file.
type File struct {
	Name string
	Tool string
	Runs []Run
}

// Served reports whether requests were served, each on its own.
func (r *Run) Served() bool { return r.Concurrency > 0 }

// Language reports whether the run is of a language model.
func (r *Run) Language() bool {
	return r.ISL > 0 || r.OSL > 0 || r.Context > 0 || r.Served() || r.language
}

// Timed reports whether the run has any time.
func (r *Run) Timed() bool {
	return r.TTFT > 0 || r.TPOT > 0 || r.Latency > 0 || r.OutputRate > 0 || r.RequestRate > 0 || len(r.Layers) > 0
}

// Lacks names what has to be known of a run beside what its file says, as flags give it.
func (r *Run) Lacks() []string {
	var lacks []string
	need := func(has bool, name string) {
		if !has {
			lacks = append(lacks, name)
		}
	}
	need(r.Device != "", "device")
	need(r.DType != dtype.Unknown, "dtype")
	if r.Language() || r.Memory.Known() {
		need(r.TP > 0, "tp")
	}
	need(r.Runtime != "", "runtime")
	switch {
	case !r.Timed():
	case !r.Language():
		need(r.Batch > 0, "batch")
	case r.ISL == 0 && r.OSL == 0 && r.Context == 0:
		lacks = append(lacks, "isl", "osl")
		fallthrough
	default:
		need(r.Served() || r.Batch > 0, "concurrency")
	}
	return lacks
}

// took notes what was taken.
func (r *Run) took(format string, args ...any) {
	r.Taken = append(r.Taken, fmt.Sprintf(format, args...))
}

// note notes what was not.
func (r *Run) note(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
}

// Limits of what is plausible. More is a mistake, of the file or of us.
const (
	longestTime  = 1e7  // s
	mostTokens   = 1e9  // per request
	mostRequests = 1e9  // or repetitions
	highestRate  = 1e12 // tokens per second
)

// contradiction is how far end to end may be from TTFT + (OSL−1) · TPOT: medians of each don't add up exactly.
const contradiction = 0.25

// finish completes a run from its parts and refuses one that contradicts itself.
func (r *Run) finish() error {
	if r.Served() && r.OSL == 1 && r.TPOT > 0 {
		r.TPOT = 0
		r.note("TPOT is not used: one output token has none after it")
	}
	if r.TTFT > 0 && r.TPOT > 0 && r.Latency > 0 && r.OSL > 1 {
		sum := r.TTFT + unit.Seconds(r.OSL-1)*r.TPOT
		if off := math.Abs(float64(sum/r.Latency) - 1); off > contradiction {
			return fmt.Errorf("the times contradict each other: TTFT %v + %g · TPOT %v = %v, but end to end is %v", r.TTFT, r.OSL-1, r.TPOT, sum, r.Latency)
		}
	}
	for _, x := range []struct {
		name  string
		value float64
		most  float64
	}{
		{"isl", r.ISL, mostTokens}, {"osl", r.OSL, mostTokens}, {"context", r.Context, mostTokens}, {"concurrency", r.Concurrency, mostRequests},
		{"batch", r.Batch, mostRequests}, {"ttft", float64(r.TTFT), longestTime}, {"tpot", float64(r.TPOT), longestTime},
		{"latency", float64(r.Latency), longestTime}, {"output tokens/s", r.OutputRate, highestRate}, {"requests/s", r.RequestRate, highestRate}, {"spread", r.Spread, 1e3},
		{"n", float64(r.N), mostRequests},
	} {
		if !(x.value >= 0 && x.value <= x.most) {
			return fmt.Errorf("%s %g: want a number up to %g", x.name, x.value, x.most)
		}
	}
	return nil
}

// lengths takes the mean lengths of requests from totals.
func (r *Run) lengths(input, output, requests float64) {
	if requests <= 0 {
		return
	}
	r.ISL, r.OSL = math.Round(input/requests), math.Round(output/requests)
	r.took("%g/%g tokens (from totals)", r.ISL, r.OSL)
}

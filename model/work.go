package model

import (
	"roofline/hardware/dtype"
	"roofline/hardware/unit"
)

// Class groups operations that a machine runs with similar efficiency.
type Class uint8

// The classes of work.
const (
	Elementwise   Class = iota // pointwise arithmetic and its chains
	MatMul                     // matrix products with or without weights
	Conv                       // dense and grouped convolutions
	DepthwiseConv              // one filter per channel: little reuse
	Attention                  // fused softmax(QKᵀ)V
	Normalization              // layer, group, RMS norms; softmax
	Pooling                    // pooling and reductions
	Copy                       // data movement: transpose, concat, gather, resize …
	Recurrent                  // LSTM, GRU, RNN: a chain of small products
	Collective                 // communication between devices
	Free                       // views, constants, folded shape arithmetic: costs nothing
	Unknown                    // an operation nobody knows; not counted
	ClassCount    = int(iota)
)

var classNames = [ClassCount]string{"Elementwise", "MatMul", "Conv", "DepthwiseConv", "Attention", "Normalization",
	"Pooling", "Copy", "Recurrent", "Collective", "Free", "Unknown"}

func (c Class) String() string { return classNames[c] }

// Products reports the classes whose operations multiply matrices.
func (c Class) Products() bool {
	switch c {
	case MatMul, Conv, DepthwiseConv, Attention, Recurrent:
		return true
	}
	return false
}

// Work is what one operation must compute and move in one execution, on one device.
//
// A multiply-accumulate counts as two FLOPs. Read and Write are activations; Weights are stored parameters and folded
// constants, which do not grow with the batch; KV is what is read from the key-value cache or other per-sequence state.
type Work struct {
	Name  string   // the operation, or the one a fused group is named after
	Kind  string   // operator type, fused ones joined by "+"
	Fused []string // the other operations that run in the same kernel
	Class Class
	Count float64 // how many times it runs: identical layers are evaluated once

	MACs  float64    // multiply-accumulates of matrix-like operations
	FLOPs unit.FLOPs // 2·MACs plus elementwise, norm and softmax work

	Weights, KV, Read, Write unit.Bytes

	// Format is the arithmetic format of the multiply-accumulates; Stored that of the weights.
	Format, Stored dtype.DType

	// The matrix form of the multiply-accumulates: Groups independent products of M×K by K×N. Zero where there is none.
	// Of a norm over space K is how many elements are normalised together. Of a collective N is the number of devices that take part. A convolution is M = output positions, N = output channels of a group, K = input channels of a group × kernel area.
	M, N, K, Groups float64

	// Shape is the shape of the first output, for people.
	Shape Shape
}

// Bytes returns all the traffic of one execution.
func (w *Work) Bytes() unit.Bytes { return w.Weights + w.KV + w.Read + w.Write }

// Intensity returns the arithmetic intensity, FLOPs per byte moved.
func (w *Work) Intensity() unit.Intensity { return w.FLOPs.Per(w.Bytes()) }

// VectorFLOPs returns the work outside the matrix units.
func (w *Work) VectorFLOPs() unit.FLOPs { return w.FLOPs - unit.FLOPs(2*w.MACs) }

// Scaled returns the work for n times the batch: all of it grows except the weights, which are read once.
// The rows of a product with weights grow; products without weights become more.
func (w Work) Scaled(n float64) Work {
	w.MACs *= n
	w.FLOPs *= unit.FLOPs(n)
	w.KV *= unit.Bytes(n)
	w.Read *= unit.Bytes(n)
	w.Write *= unit.Bytes(n)
	if w.Weights > 0 && w.Class != Attention {
		w.M *= n
	} else {
		w.Groups *= n
	}
	return w
}

// Totals sums a list of work over its counts.
type Totals struct {
	MACs                     float64
	FLOPs                    unit.FLOPs
	Weights, KV, Read, Write unit.Bytes
	Ops                      float64  // executions that cost something
	Unknown                  []string // kinds that could not be counted: the sums then are "at least"
}

// Sum returns the totals of ws.
func Sum(ws []Work) Totals {
	var t Totals
	for i := range ws {
		w := &ws[i]
		n := w.Count
		t.MACs += n * w.MACs
		t.FLOPs += unit.FLOPs(n) * w.FLOPs
		t.Weights += unit.Bytes(n) * w.Weights
		t.KV += unit.Bytes(n) * w.KV
		t.Read += unit.Bytes(n) * w.Read
		t.Write += unit.Bytes(n) * w.Write
		switch w.Class {
		case Unknown:
			t.Unknown = append(t.Unknown, w.Kind)
		case Free:
		default:
			t.Ops += n
		}
	}
	return t
}

// Bytes returns all the traffic.
func (t *Totals) Bytes() unit.Bytes { return t.Weights + t.KV + t.Read + t.Write }

package model

import (
	"fmt"
	"math"
)

// signalOps are the transforms of audio front ends.
var signalOps = map[string]spec{
	"DFT":             {Elementwise, dft, fftWork},
	"STFT":            {Elementwise, stft, fftWork},
	"HannWindow":      {Elementwise, windowFunction, perElement(transcendental)},
	"HammingWindow":   {Elementwise, windowFunction, perElement(transcendental)},
	"BlackmanWindow":  {Elementwise, windowFunction, perElement(2 * transcendental)},
	"MelWeightMatrix": {Elementwise, melWeights, perElement(transcendental)},
}

// dft: the last dimension is 1 (real) or 2 (complex) and becomes 2; the transformed axis takes the given length, and
// about half of it where only one side of the spectrum is asked for.
func dft(n *node) error {
	s, err := n.rank(0, 2)
	if err != nil {
		return err
	}
	along := n.op.Attrs.Int("axis", 1)
	if a, known := n.scalar(2); known { // an input since opset 20
		along = a
	}
	at, err := axis(along, len(s))
	if err != nil {
		return err
	}
	out := n.join(s)
	if length, known := n.scalar(1); known {
		out[at] = length
	}
	if n.op.Attrs.Int("onesided", 0) != 0 {
		out[at] = out[at]/2 + 1
	}
	out[len(out)-1] = 2
	return n.set(0, out, n.dtype(0))
}

// stft: signal batch×length, step, window, frame length; the output is batch×frames×bins×2.
func stft(n *node) error {
	s, err := n.rank(0, 2)
	if err != nil {
		return err
	}
	step, known := n.scalar(1)
	if !known {
		return errGuess
	}
	frame, known := n.scalar(3)
	if w := n.shape(2); !known && len(w) == 1 {
		frame, known = w[0], true
	}
	if !known {
		return errGuess
	}
	if step < 1 || frame < 1 || frame > s[1] {
		return fmt.Errorf("frames of %d every %d in a signal of %d", frame, step, s[1])
	}
	bins := frame
	if n.op.Attrs.Int("onesided", 1) != 0 {
		bins = frame/2 + 1
	}
	return n.set(0, n.dimsOf(s[0], (s[1]-frame)/step+1, bins, 2), n.dtype(0))
}

// fftWork: 5·N·log₂N for a complex transform of N points, so 5·log₂N per point (Cooley and Tukey, radix 2). N is taken
// from the output, whichever axis it is.
func fftWork(n *node, w *Work) {
	out := n.outShape()
	if len(out) < 2 {
		return
	}
	points := float64(out[len(out)-2])
	w.addFLOPs(5 * math.Log2(math.Max(points, 2)) * out.Elems() / 2)
}

func windowFunction(n *node) error {
	size, known := n.scalar(0)
	if !known {
		return errGuess
	}
	return n.set(0, n.dimsOf(size), ElemType(n.op.Attrs.Int("output_datatype", 1)))
}

// melWeights: num_mel_bins, dft_length, sample rate and the edges; the output is ⌊dft_length/2⌋+1 × num_mel_bins.
func melWeights(n *node) error {
	bins, ok1 := n.scalar(0)
	length, ok2 := n.scalar(1)
	if !ok1 || !ok2 {
		return errGuess
	}
	return n.set(0, n.dimsOf(length/2+1, bins), ElemType(n.op.Attrs.Int("output_datatype", 1)))
}

package model

import (
	"fmt"
	"math"
)

// normOps normalise over a part of the tensor, and resize.
var normOps = map[string]spec{
	"Softmax":                   {Normalization, sameAsInput, perElement(softmaxFLOPs)},
	"LogSoftmax":                {Normalization, sameAsInput, perElement(softmaxFLOPs + 1)},
	"Hardmax":                   {Normalization, sameAsInput, perElement(2)},
	"BatchNormalization":        {Normalization, batchNorm, batchNormWork},
	"InstanceNormalization":     {Normalization, sameAsInput, perElement(normFLOPs)},
	"GroupNormalization":        {Normalization, sameAsInput, perElement(normFLOPs)},
	"LayerNormalization":        {Normalization, layerNorm, perElement(normFLOPs)},
	"RMSNormalization":          {Normalization, layerNorm, perElement(rmsNormFLOPs)},
	"MeanVarianceNormalization": {Normalization, sameAsInput, perElement(normFLOPs - 2)},
	"LpNormalization":           {Normalization, sameAsInput, perElement(3)},
	"LRN":                       {Normalization, sameAsInput, lrnWork},

	// ONNX Runtime writes this one into the default domain.
	"SimplifiedLayerNormalization": {Normalization, layerNorm, perElement(rmsNormFLOPs)},
}

// batchNorm: in training mode the statistics are outputs too, one per channel.
func batchNorm(n *node) error {
	for i := 1; i < len(n.op.Outputs); i++ {
		s, err := n.rank(3, 1)
		if err != nil {
			return err
		}
		if err := n.set(i, s, n.dtype(3)); err != nil {
			return err
		}
	}
	return sameAsInput(n)
}

// batchNormWork: at inference a scale and a shift per channel; in training mode a whole norm.
func batchNormWork(n *node, w *Work) {
	flops := 2.0
	if n.op.Attrs.Int("training_mode", 0) != 0 {
		flops = normFLOPs
	}
	w.addFLOPs(flops * n.out(0).Shape.Elems())
}

// layerNorm: mean and inverse deviation, where asked for, keep the axes before the normalised ones.
func layerNorm(n *node) error {
	s, err := n.rank(0, 1)
	if err != nil {
		return err
	}
	at, err := axis(n.op.Attrs.Int("axis", -1), len(s))
	if err != nil {
		return err
	}
	stats := n.join(s)
	for k := at; k < len(s); k++ {
		stats[k] = 1
	}
	for i := 1; i < 3; i++ {
		if err := n.set(i, stats, n.dtype(0)); err != nil {
			return err
		}
	}
	return n.set(0, s, n.dtype(0))
}

// lrnWork: size squares summed, a power and a quotient.
func lrnWork(n *node, w *Work) {
	w.addFLOPs((2*float64(n.op.Attrs.Int("size", 5)) + transcendental + 1) * n.out(0).Shape.Elems())
}

// resize takes sizes or scales: inputs (X, scales) in opsets 9 and 10, (X, roi, scales, sizes) since, an attribute before.
func resize(n *node) error {
	s, err := n.rank(0, 1)
	if err != nil {
		return err
	}
	which := make([]int, len(s))
	for k := range which {
		which[k] = k
	}
	if as := n.op.Attrs.Ints("axes"); as != nil {
		if which, err = axes(as, len(s)); err != nil {
			return err
		}
	}
	out := n.join(s)
	sizes, scales, err := n.resizeOperands()
	if err != nil {
		return err
	}
	switch {
	case len(sizes) == len(which):
		fitted(sizes, s, which, n.op.Attrs.Text("keep_aspect_ratio_policy", "stretch"), out)
	case len(scales) == len(which):
		for i, k := range which {
			out[k] = truncate(math.Floor(float64(s[k]) * scales[i]))
		}
	default:
		return fmt.Errorf("sizes %v and scales %v of %v", sizes, scales, s)
	}
	return n.set(0, out, n.dtype(0))
}

// resizeOperands returns the sizes or else the scales of a Resize.
func (n *node) resizeOperands() (sizes []int64, scales []float64, err error) {
	if a := n.op.Attrs.Get("scales"); a != nil {
		return nil, a.Floats, nil
	}
	if t := n.in(3); t != nil {
		v, known := n.ints(3, "")
		if !known {
			return nil, nil, errGuess
		}
		return v, nil, nil
	}
	at := 2
	if len(n.op.Inputs) == 2 {
		at = 1
	}
	v := n.value(at)
	if v == nil {
		return nil, nil, errGuess
	}
	for i := range v.Len() {
		scales = append(scales, v.Float(i))
	}
	return nil, scales, nil
}

// fitted writes the target sizes into out; a policy other than stretch keeps the aspect ratio inside or around them.
func fitted(sizes []int64, s Shape, which []int, policy string, out Shape) {
	if policy != "not_larger" && policy != "not_smaller" {
		for i, k := range which {
			out[k] = sizes[i]
		}
		return
	}
	scale := math.NaN()
	for i, k := range which {
		r := float64(sizes[i]) / math.Max(float64(s[k]), 1)
		if math.IsNaN(scale) || (r < scale) == (policy == "not_larger") {
			scale = r
		}
	}
	for _, k := range which {
		out[k] = truncate(math.Round(float64(s[k]) * scale))
	}
}

// resizeWork: a linear filter weighs two neighbours per resized dimension (2 FLOPs each), a cubic one four; the nearest
// neighbour is only copied.
func resizeWork(n *node, w *Work) {
	s, o := n.shape(0), n.out(0)
	taps := 0.0
	switch n.op.Attrs.Text("mode", "nearest") {
	case "linear", "bilinear":
		taps = 2
	case "cubic":
		taps = 4
	}
	if taps == 0 || len(s) != len(o.Shape) {
		return
	}
	points := 1.0
	for k := range s {
		if s[k] != o.Shape[k] {
			points *= taps
		}
	}
	w.addFLOPs(2 * points * o.Shape.Elems())
}

package model

import (
	"fmt"
	"math"

	"roofline/hardware/dtype"
)

// spatialOps resample images and pick boxes in them.
var spatialOps = map[string]spec{
	"Resize":            {Copy, resize, resizeWork},
	"Upsample":          {Copy, resize, resizeWork},
	"GridSample":        {Copy, gridSample, perElement(8)}, // four corners weighted and added
	"AffineGrid":        {Elementwise, affineGrid, perElement(6)},
	"Col2Im":            {Copy, col2im, perInput(1)},
	"RoiAlign":          {Pooling, roiAlign, roiAlignWork},
	"MaxRoiPool":        {Pooling, maxRoiPool, perInput(1)},
	"NonMaxSuppression": {Pooling, nonMaxSuppression, nonMaxSuppressionWork},
}

func gridSample(n *node) error {
	x, err := n.rank(0, 3)
	if err != nil {
		return err
	}
	grid, err := n.rank(1, 3)
	if err != nil {
		return err
	}
	return n.set(0, n.join(x[:2], grid[1:len(grid)-1]), n.dtype(0))
}

func affineGrid(n *node) error {
	size, known := n.ints(1, "size")
	if !known || len(size) < 3 {
		return errGuess
	}
	return n.set(0, n.join(size[:1], size[2:], []int64{int64(len(size) - 2)}), n.dtype(0))
}

func col2im(n *node) error {
	s, err := n.rank(0, 3)
	if err != nil {
		return err
	}
	image, ok1 := n.ints(1, "")
	block, ok2 := n.ints(2, "")
	if !ok1 || !ok2 {
		return errGuess
	}
	area := truncate(Shape(block).Elems())
	if area < 1 {
		return fmt.Errorf("a block of %v", block)
	}
	return n.set(0, n.join([]int64{s[0], s[1] / area}, image), n.dtype(0))
}

func roiAlign(n *node) error {
	x, err := n.rank(0, 4)
	if err != nil {
		return err
	}
	rois, err := n.rank(1, 1)
	if err != nil {
		return err
	}
	return n.set(0, n.dimsOf(rois[0], x[1], n.op.Attrs.Int("output_height", 1), n.op.Attrs.Int("output_width", 1)), n.dtype(0))
}

// roiAlignWork: sampling_ratio² bilinear samples (8 FLOPs each) per output element; 0 means adaptive, 2 is usual.
func roiAlignWork(n *node, w *Work) {
	ratio := n.op.Attrs.Int("sampling_ratio", 0)
	if ratio < 1 {
		ratio = 2
	}
	w.addFLOPs(8 * float64(ratio*ratio) * n.outShape().Elems())
}

func maxRoiPool(n *node) error {
	x, err := n.rank(0, 4)
	if err != nil {
		return err
	}
	rois, err := n.rank(1, 1)
	if err != nil {
		return err
	}
	return n.set(0, n.join([]int64{rois[0], x[1]}, n.op.Attrs.Ints("pooled_shape")), n.dtype(0))
}

// nonMaxSuppression keeps at most max_output_boxes_per_class boxes of each class of each image.
func nonMaxSuppression(n *node) error {
	boxes, err := n.rank(0, 3)
	if err != nil {
		return err
	}
	scores, err := n.rank(1, 3)
	if err != nil {
		return err
	}
	most, known := n.scalar(2)
	if !known {
		most = boxes[1]
		if n.in(2) == nil {
			most = 0
		}
	}
	n.upperBound()
	count := float64(scores[0]) * float64(scores[1]) * float64(min(max(most, 0), boxes[1]))
	return n.set(0, n.dimsOf(truncate(count), 3), dtype.INT64)
}

// nonMaxSuppressionWork: each kept box is compared with every other (12 FLOPs for an intersection over union).
func nonMaxSuppressionWork(n *node, w *Work) {
	const iou = 12
	boxes, out := n.shape(0), n.outShape()
	if len(boxes) == 3 && len(out) == 2 {
		w.addFLOPs(iou * float64(out[0]) * float64(boxes[1]))
	}
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
	s, out := n.shape(0), n.outShape()
	taps := 0.0
	switch n.op.Attrs.Text("mode", "nearest") {
	case "linear", "bilinear":
		taps = 2
	case "cubic":
		taps = 4
	}
	if taps == 0 || len(s) != len(out) {
		return
	}
	points := 1.0
	for k := range s {
		if s[k] != out[k] {
			points *= taps
		}
	}
	w.addFLOPs(2 * points * out.Elems())
}

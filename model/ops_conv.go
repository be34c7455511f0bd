package model

import (
	"fmt"
	"slices"

	"roofline/hardware/dtype"
)

// convOps slide a kernel over space: convolutions and poolings.
var convOps = map[string]spec{
	"Conv":              {Conv, conv(1), convWork(1)},
	"ConvInteger":       {Conv, convInteger, convWork(1)},
	"ConvTranspose":     {Conv, convTranspose, convTransposeWork},
	"DeformConv":        {Conv, conv(1), deformConvWork},
	"QLinearConv":       {Conv, qLinearConv, convWork(3)},
	"MaxPool":           {Pooling, maxPool, poolWork},
	"AveragePool":       {Pooling, pool, poolWork},
	"LpPool":            {Pooling, pool, poolWork},
	"MaxUnpool":         {Pooling, maxUnpool, nil},
	"GlobalAveragePool": {Pooling, globalPool, perInput(1)},
	"GlobalMaxPool":     {Pooling, globalPool, perInput(1)},
	"GlobalLpPool":      {Pooling, globalPool, perInput(2)},
}

// window is a kernel sliding over the spatial dimensions.
type window struct {
	kernel, strides, dilations []int64
	begin, end                 []int64 // padding
	autoPad                    string
	ceil                       bool
}

// window reads the attributes of a sliding kernel over d spatial dimensions.
func (n *node) window(kernel []int64, d int) (window, error) {
	a := n.op.Attrs
	w := window{kernel: a.Ints("kernel_shape"), strides: a.Ints("strides"), dilations: a.Ints("dilations"),
		autoPad: a.Text("auto_pad", "NOTSET"), ceil: a.Int("ceil_mode", 0) != 0}
	if w.kernel == nil {
		w.kernel = kernel
	}
	if w.strides == nil {
		w.strides = repeated(1, d)
	}
	if w.dilations == nil {
		w.dilations = repeated(1, d)
	}
	pads := a.Ints("pads")
	if pads == nil {
		pads = repeated(0, 2*d)
	}
	if len(w.kernel) != d || len(w.strides) != d || len(w.dilations) != d || len(pads) != 2*d {
		return w, fmt.Errorf("kernel %v, strides %v, dilations %v, pads %v over %d spatial dimensions", w.kernel, w.strides, w.dilations, pads, d)
	}
	w.begin, w.end = pads[:d], pads[d:]
	for k := range d {
		for _, v := range []int64{w.kernel[k], w.strides[k], w.dilations[k]} {
			if v < 1 || v > maxDim {
				return w, fmt.Errorf("kernel %v, strides %v, dilations %v", w.kernel, w.strides, w.dilations)
			}
		}
		if max(w.begin[k], -w.begin[k], w.end[k], -w.end[k]) > maxDim || float64(w.kernel[k])*float64(w.dilations[k]) > maxDim {
			return w, fmt.Errorf("pads %v, kernel %v, dilations %v", pads, w.kernel, w.dilations)
		}
	}
	return w, nil
}

// repeatedOnes and repeatedZeros serve the defaults of attributes without allocating.
var repeatedOnes, repeatedZeros = slices.Repeat([]int64{1}, 2*maxRank), make([]int64, 2*maxRank)

// repeated returns v, 0 or 1, n times; the result is read-only.
func repeated(v int64, n int) []int64 {
	if v == 1 {
		return repeatedOnes[:n]
	}
	return repeatedZeros[:n]
}

// size returns the output positions along spatial dimension k of a given size:
//
//	⌊(size + pads − dilation·(kernel − 1) − 1) ÷ stride⌋ + 1
//
// rounded up in ceil mode, where a window that would start in the padding at the end doesn't count.
func (w *window) size(k int, in int64) int64 {
	extent := w.dilations[k]*(w.kernel[k]-1) + 1
	switch w.autoPad {
	case "SAME_UPPER", "SAME_LOWER":
		return (in + w.strides[k] - 1) / w.strides[k]
	case "VALID":
		return max((in-extent)/w.strides[k]+1, 0)
	}
	span := in + w.begin[k] + w.end[k] - extent
	if span < 0 {
		return 0
	}
	out := span/w.strides[k] + 1
	if w.ceil && span%w.strides[k] != 0 && out*w.strides[k] < in+w.begin[k] {
		out++
	}
	return out
}

// slide puts the output positions of the window in place of the spatial dimensions of s.
func (w *window) slide(s Shape) error {
	for k := range w.kernel {
		in := s[2+k]
		if s[2+k] = w.size(k, in); s[2+k] == 0 && in > 0 {
			return fmt.Errorf("a window of %d on %d", w.kernel[k], in)
		}
	}
	return nil
}

// conv: input N×C×spatial, weight M×C/group×kernel at position at, output N×M×spatial.
func conv(at int) func(*node) error {
	return func(n *node) error { return n.conv(at, n.dtype(0)) }
}

func (n *node) conv(at int, d dtype.DType) error {
	x, err := n.rank(0, 3)
	if err != nil {
		return err
	}
	kernel, err := n.rank(at, 3)
	if err != nil {
		return err
	}
	if len(kernel) != len(x) {
		return fmt.Errorf("its input is %v and its weight %v", x, kernel)
	}
	w, err := n.window(kernel[2:], len(x)-2)
	if err != nil {
		return err
	}
	out := n.join(x)
	out[1] = kernel[0]
	if err := w.slide(out); err != nil {
		return err
	}
	if err := n.set(0, out, d); err != nil {
		return err
	}
	if group := n.groups(); group > maxDim || kernel[1]*group != x[1] {
		return fmt.Errorf("its input %v has %d channels, its weight %v wants %d", x, x[1], kernel, kernel[1]*group)
	}
	return nil
}

// groups returns the group attribute, at least 1.
func (n *node) groups() int64 { return max(n.op.Attrs.Int("group", 1), 1) }

func convInteger(n *node) error {
	quantisedWeight(n.in(1))
	return n.conv(1, dtype.INT32)
}

// qLinearConv: x, its scale and zero point, w, its scale and zero point, the scale and zero point of y, bias.
func qLinearConv(n *node) error {
	quantisedWeight(n.in(3), n.in(1), n.in(4), n.in(6))
	return n.conv(3, n.dtype(7))
}

// convWork: every output element takes channels/group × kernel multiply-accumulates; a bias adds one.
//
//	MACs = N · Cout · Πspatial(out) · Cin/group · Πkernel
func convWork(at int) func(*node, *Work) {
	return func(n *node, w *Work) {
		kernel, out := n.shape(at), n.outShape()
		if len(kernel) < 3 || len(out) < 3 {
			return
		}
		group := float64(n.groups())
		n.depthwise(w, kernel[1])
		w.product(group, out[0:1].Elems()*out[2:].Elems(), float64(kernel[0])/group, kernel[1:].Elems())
		if at == 1 && n.in(2) != nil && n.op.Kind != "ConvInteger" || n.in(8) != nil {
			w.addFLOPs(out.Elems())
		}
		if at == 3 { // requantisation of the accumulators
			w.addFLOPs(quantizeFLOPs * out.Elems())
		}
	}
}

// depthwise names the convolutions with one filter per channel.
func (n *node) depthwise(w *Work, perGroup int64) {
	if n.groups() > 1 && perGroup == 1 {
		w.Class = DepthwiseConv
	}
}

// deformConvWork: a convolution whose inputs are first sampled bilinearly, 8 FLOPs each, at learned offsets.
func deformConvWork(n *node, w *Work) {
	convWork(1)(n, w)
	w.addFLOPs(8 * w.M * w.K * w.Groups)
}

// convTranspose: weight C×M/group×kernel; the output of each spatial dimension is
//
//	stride·(in − 1) + output_padding + dilation·(kernel − 1) + 1 − pads
func convTranspose(n *node) error {
	x, err := n.rank(0, 3)
	if err != nil {
		return err
	}
	kernel, err := n.rank(1, 3)
	if err != nil {
		return err
	}
	d := len(x) - 2
	if len(kernel) != len(x) {
		return fmt.Errorf("its input is %v and its weight %v", x, kernel)
	}
	w, err := n.window(kernel[2:], d)
	if err != nil {
		return err
	}
	extra, fixed := n.op.Attrs.Ints("output_padding"), n.op.Attrs.Ints("output_shape")
	out := n.join(x)
	out[1] = kernel[1] * n.groups()
	for k := range d {
		if float64(w.strides[k])*float64(x[2+k]) > maxDim {
			return fmt.Errorf("strides %v over %v", w.strides, x)
		}
		switch {
		case len(fixed) == d:
			out[2+k] = fixed[k]
			continue
		case w.autoPad == "SAME_UPPER" || w.autoPad == "SAME_LOWER":
			out[2+k] = x[2+k] * w.strides[k]
			continue
		}
		out[2+k] = w.strides[k]*(x[2+k]-1) + w.dilations[k]*(w.kernel[k]-1) + 1 - w.begin[k] - w.end[k]
		if len(extra) == d {
			out[2+k] += extra[k]
		}
	}
	if err := n.set(0, out, n.dtype(0)); err != nil {
		return err
	}
	if kernel[0] != x[1] {
		return fmt.Errorf("its input %v has %d channels, its weight %v wants %d", x, x[1], kernel, kernel[0])
	}
	return nil
}

// convTransposeWork: every input element is multiplied into M/group × kernel outputs, so the count follows the input.
//
//	MACs = N · Cin · Πspatial(in) · Cout/group · Πkernel
func convTransposeWork(n *node, w *Work) {
	x, kernel := n.shape(0), n.shape(1)
	if len(x) < 3 || len(kernel) < 3 {
		return
	}
	group := float64(n.groups())
	n.depthwise(w, kernel[1])
	w.product(group, x[0:1].Elems()*x[2:].Elems(), kernel[1:].Elems(), float64(x[1])/group)
	if n.in(2) != nil {
		w.addFLOPs(n.outShape().Elems())
	}
}

func pool(n *node) error {
	x, err := n.rank(0, 3)
	if err != nil {
		return err
	}
	w, err := n.window(nil, len(x)-2)
	if err != nil {
		return err
	}
	out := n.join(x)
	if err := w.slide(out); err != nil {
		return err
	}
	return n.set(0, out, n.dtype(0))
}

func maxPool(n *node) error {
	if err := pool(n); err != nil {
		return err
	}
	if o := n.out(0); o != nil {
		return n.set(1, o.Shape, dtype.INT64)
	}
	return nil
}

// poolWork: one operation per element of the kernel and output element.
func poolWork(n *node, w *Work) {
	w.addFLOPs(Shape(n.op.Attrs.Ints("kernel_shape")).Elems() * n.outShape().Elems())
}

func maxUnpool(n *node) error {
	if n.in(2) != nil {
		s, known := n.ints(2, "")
		if !known {
			return errGuess
		}
		return n.set(0, n.join(s), n.dtype(0))
	}
	x, err := n.rank(0, 3)
	if err != nil {
		return err
	}
	w, err := n.window(nil, len(x)-2)
	if err != nil {
		return err
	}
	out := n.join(x)
	for k := range len(x) - 2 {
		if float64(w.strides[k])*float64(x[2+k]) > maxDim {
			return fmt.Errorf("strides %v over %v", w.strides, x)
		}
		out[2+k] = (x[2+k]-1)*w.strides[k] - w.begin[k] - w.end[k] + w.kernel[k]
	}
	return n.set(0, out, n.dtype(0))
}

// globalPool reduces every spatial dimension to 1.
func globalPool(n *node) error {
	x, err := n.rank(0, 2)
	if err != nil {
		return err
	}
	out := n.join(x)
	for k := 2; k < len(out); k++ {
		out[k] = 1
	}
	return n.set(0, out, n.dtype(0))
}

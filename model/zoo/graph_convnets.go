package zoo

import (
	"fmt"

	"roofline/model"
)

// resnet50 has four stages of bottlenecks; the 3×3 convolution carries the stride (the "v1.5" of common libraries).
func resnet50(n *net, _ map[string]int64) {
	x := n.b.Input("input", storage, model.Shape{1, 3, 224, 224})
	x = n.op("Relu", "relu", n.batchNorm("bn1", n.conv("conv1", x, 3, 64, 7, 2, 1), 64))
	x = n.b.Op("MaxPool", "maxpool", []tensor{x}, model.IntsAttr("kernel_shape", 3, 3), model.IntsAttr("strides", 2, 2),
		model.IntsAttr("pads", 1, 1, 1, 1))
	in := int64(64)
	for stage, blocks := range []int{3, 4, 6, 3} {
		width := int64(64) << stage
		for block := range blocks {
			stride := int64(1)
			if block == 0 && stage > 0 {
				stride = 2
			}
			x = n.bottleneck(fmt.Sprintf("layer%d.%d", stage+1, block), x, in, width, stride)
			in = 4 * width
		}
	}
	n.b.Output(n.linear("fc", n.pool("avgpool", x), 2048, 1000))
}

// bottleneck is 1×1 down, 3×3, 1×1 up to four times the width, added to a shortcut.
func (n *net) bottleneck(name string, x tensor, in, width, stride int64) tensor {
	y := n.op("Relu", name+".relu1", n.batchNorm(name+".bn1", n.conv(name+".conv1", x, in, width, 1, 1, 1), width))
	y = n.op("Relu", name+".relu2", n.batchNorm(name+".bn2", n.conv(name+".conv2", y, width, width, 3, stride, 1), width))
	y = n.batchNorm(name+".bn3", n.conv(name+".conv3", y, width, 4*width, 1, 1, 1), 4*width)
	if in != 4*width || stride != 1 {
		x = n.batchNorm(name+".downsample.1", n.conv(name+".downsample.0", x, in, 4*width, 1, stride, 1), 4*width)
	}
	return n.op("Relu", name+".relu3", n.op("Add", name+".add", y, x))
}

// mobileNetV3Large is a list of inverted residuals: kernel, expanded and output channels, squeeze-and-excite,
// activation, stride (table 1 of the paper).
func mobileNetV3Large(n *net, _ map[string]int64) {
	x := n.b.Input("input", storage, model.Shape{1, 3, 224, 224})
	x = n.op("HardSwish", "features.0.2", n.batchNorm("features.0.1", n.conv("features.0.0", x, 3, 16, 3, 2, 1), 16))
	in := int64(16)
	for i, r := range []struct {
		kernel, expanded, out int64
		excite                bool
		activation            string
		stride                int64
	}{
		{3, 16, 16, false, "Relu", 1}, {3, 64, 24, false, "Relu", 2}, {3, 72, 24, false, "Relu", 1},
		{5, 72, 40, true, "Relu", 2}, {5, 120, 40, true, "Relu", 1}, {5, 120, 40, true, "Relu", 1},
		{3, 240, 80, false, "HardSwish", 2}, {3, 200, 80, false, "HardSwish", 1}, {3, 184, 80, false, "HardSwish", 1},
		{3, 184, 80, false, "HardSwish", 1}, {3, 480, 112, true, "HardSwish", 1}, {3, 672, 112, true, "HardSwish", 1},
		{5, 672, 160, true, "HardSwish", 2}, {5, 960, 160, true, "HardSwish", 1}, {5, 960, 160, true, "HardSwish", 1},
	} {
		name := fmt.Sprintf("features.%d", i+1)
		y := x
		if r.expanded != in {
			y = n.op(r.activation, name+".expand.act", n.batchNorm(name+".expand.bn", n.conv(name+".expand", y, in, r.expanded, 1, 1, 1), r.expanded))
		}
		y = n.op(r.activation, name+".depthwise.act", n.batchNorm(name+".depthwise.bn",
			n.conv(name+".depthwise", y, r.expanded, r.expanded, r.kernel, r.stride, r.expanded), r.expanded))
		if r.excite {
			y = n.squeezeExcite(name+".se", y, r.expanded, divisibleBy8(r.expanded/4))
		}
		y = n.batchNorm(name+".project.bn", n.conv(name+".project", y, r.expanded, r.out, 1, 1, 1), r.out)
		if r.stride == 1 && r.out == in {
			y = n.op("Add", name+".add", y, x)
		}
		x, in = y, r.out
	}
	x = n.op("HardSwish", "features.16.2", n.batchNorm("features.16.1", n.conv("features.16.0", x, 160, 960, 1, 1, 1), 960))
	x = n.op("HardSwish", "classifier.1", n.linear("classifier.0", n.pool("avgpool", x), 960, 1280))
	n.b.Output(n.linear("classifier.3", x, 1280, 1000))
}

// squeezeExcite scales the channels by a gate computed from their means.
func (n *net) squeezeExcite(name string, x tensor, c, squeezed int64) tensor {
	gate := n.op("GlobalAveragePool", name+".avgpool", x)
	gate = n.op("Relu", name+".relu", n.biasedConv1x1(name+".fc1", gate, c, squeezed))
	gate = n.op("HardSigmoid", name+".gate", n.biasedConv1x1(name+".fc2", gate, squeezed, c))
	return n.op("Mul", name+".scale", x, gate)
}

func (n *net) biasedConv1x1(name string, x tensor, in, out int64) tensor {
	w := n.b.Weight(name+".weight", storage, model.Shape{out, in, 1, 1})
	return n.b.Op("Conv", name, []tensor{x, w, n.b.Weight(name+".bias", storage, model.Shape{out})},
		model.IntsAttr("kernel_shape", 1, 1))
}

// divisibleBy8 rounds a channel count to a multiple of 8, never below 90 % of it.
func divisibleBy8(c int64) int64 {
	r := max(8, (c+4)/8*8)
	if r*10 < c*9 {
		r += 8
	}
	return r
}

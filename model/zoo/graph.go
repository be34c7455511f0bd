package zoo

import (
	"fmt"
	"slices"
	"strings"

	"roofline/hardware/dtype"
	"roofline/model"
)

// GraphEntry is a built-in network that is not a language model.
type GraphEntry struct {
	Name       string
	Aliases    []string // other names people know it by
	Task       string
	Parameters float64 // exact, as published
	Source     string
	Dims       map[string]Dim
	build      func(n *net, dims map[string]int64)
}

var graphs = []GraphEntry{
	{Name: "resnet50", Aliases: []string{"microsoft/resnet-50"}, Task: "image classification", Parameters: 25557032,
		Source: "K. He et al., Deep Residual Learning, 2015; torchvision resnet50 (stride in the 3x3 convolution)", build: resnet50},
	{Name: "mobilenet-v3-large", Aliases: []string{"mobilenet_v3_large"}, Task: "image classification", Parameters: 5483032,
		Source: "A. Howard et al., Searching for MobileNetV3, 2019; torchvision mobilenet_v3_large", build: mobileNetV3Large},
	{Name: "vit-b-16", Aliases: []string{"google/vit-base-patch16-224"}, Task: "image classification", Parameters: 86567656,
		Source: "A. Dosovitskiy et al., An Image is Worth 16x16 Words, 2020; torchvision vit_b_16", build: vitB16},
	{Name: "bert-base", Aliases: []string{"google-bert/bert-base-uncased", "bert-base-uncased"}, Task: "text encoding", Parameters: 109482240,
		Source: "J. Devlin et al., BERT, 2018; bert-base-uncased with pooler", Dims: map[string]Dim{"seq": {128, 512}}, build: bertBase},
}

// Graphs returns the built-in networks that are not language models.
func Graphs() []GraphEntry { return graphs }

// FindGraph returns the network of a name or another name it is known by, in any case.
func FindGraph(name string) (*GraphEntry, bool) {
	for i := range graphs {
		e := &graphs[i]
		if strings.EqualFold(e.Name, name) || slices.ContainsFunc(e.Aliases, func(a string) bool { return strings.EqualFold(a, name) }) {
			return e, true
		}
	}
	return nil, false
}

// Dim is a size of a network that --dim can change.
type Dim struct{ Default, Max int64 }

// Graph builds the network for one sample, with dims in place of the entry's defaults. Shapes are still to be inferred.
func (e *GraphEntry) Graph(dims map[string]int64) (*model.Graph, error) {
	all := map[string]int64{}
	for k, v := range e.Dims {
		all[k] = v.Default
	}
	for k, v := range dims {
		d, ok := e.Dims[k]
		if !ok {
			return nil, fmt.Errorf("%s has no dimension %q", e.Name, k)
		}
		if v < 1 || v > d.Max {
			return nil, fmt.Errorf("%s: dimension %s=%d: want 1 to %d", e.Name, k, v, d.Max)
		}
		all[k] = v
	}
	n := &net{b: model.NewBuilder(e.Name, 20)}
	e.build(n, all)
	return n.b.Graph(), nil
}

// net adds the layers networks are made of to a builder, weights named as PyTorch names them.
type net struct{ b *model.Builder }

type tensor = model.TensorID

const storage = dtype.FP32

// conv adds a convolution without bias of in to out channels and a square kernel, padded to keep the size at stride 1.
func (n *net) conv(name string, x tensor, in, out, kernel, stride, groups int64) tensor {
	w := n.b.Weight(name+".weight", storage, model.Shape{out, in / groups, kernel, kernel})
	p := (kernel - 1) / 2
	return n.b.Op("Conv", name, []tensor{x, w}, model.IntsAttr("kernel_shape", kernel, kernel),
		model.IntsAttr("strides", stride, stride), model.IntsAttr("pads", p, p, p, p), model.IntAttr("group", groups))
}

// batchNorm adds a batch norm over c channels; its running statistics are not parameters.
func (n *net) batchNorm(name string, x tensor, c int64) tensor {
	return n.b.Op("BatchNormalization", name, []tensor{x,
		n.b.Weight(name+".weight", storage, model.Shape{c}), n.b.Weight(name+".bias", storage, model.Shape{c}),
		n.b.Buffer(name+".running_mean", storage, model.Shape{c}), n.b.Buffer(name+".running_var", storage, model.Shape{c})})
}

// linear adds a product with a weight matrix and a bias over the last axis.
func (n *net) linear(name string, x tensor, in, out int64) tensor {
	y := n.b.Op("MatMul", name, []tensor{x, n.b.Weight(name+".weight", storage, model.Shape{in, out})})
	return n.b.Op("Add", name+".add", []tensor{y, n.b.Weight(name+".bias", storage, model.Shape{out})})
}

// layerNorm adds a layer norm over the last axis of size c.
func (n *net) layerNorm(name string, x tensor, c int64) tensor {
	return n.b.Op("LayerNormalization", name, []tensor{x,
		n.b.Weight(name+".weight", storage, model.Shape{c}), n.b.Weight(name+".bias", storage, model.Shape{c})},
		model.IntAttr("axis", -1))
}

func (n *net) op(kind, name string, inputs ...tensor) tensor { return n.b.Op(kind, name, inputs) }

// pool adds global average pooling and leaves one vector per sample.
func (n *net) pool(name string, x tensor) tensor {
	return n.b.Op("Flatten", name+".flatten", []tensor{n.op("GlobalAveragePool", name, x)}, model.IntAttr("axis", 1))
}

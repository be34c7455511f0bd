package model

// normOps normalise over a part of the tensor.
var normOps = map[string]spec{
	"Softmax":                   {Normalization, sameAsInput, perElement(softmaxFLOPs)},
	"LogSoftmax":                {Normalization, sameAsInput, perElement(softmaxFLOPs + 1)},
	"Hardmax":                   {Normalization, sameAsInput, perElement(2)},
	"BatchNormalization":        {Normalization, batchNorm, batchNormWork},
	"InstanceNormalization":     {Normalization, sameAsInput, with(perElement(normFLOPs), overSpace)},
	"GroupNormalization":        {Normalization, sameAsInput, with(perElement(normFLOPs), overSpace)},
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
	w.addFLOPs(flops * n.outShape().Elems())
}

// overSpace: what is normalised together are the spatial dimensions of a channel, or of the channels of a group.
func overSpace(n *node, w *Work) {
	if s := n.shape(0); len(s) > 2 {
		groups := float64(n.op.Attrs.Int("num_groups", s[1]))
		w.K = s[1:].Elems() / max(groups, 1)
	}
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
	w.addFLOPs((2*float64(n.op.Attrs.Int("size", 5)) + transcendental + 1) * n.outShape().Elems())
}

package onnx

import (
	"path/filepath"
	"testing"

	"roofline/model"
)

// folded says for which graphs the reference counts tensors as activations that are computed from weights or shapes
// alone: they are folded before the first run here, and take less.
var folded = map[string]string{
	"timm_nf_resnet50":       "weights are standardised by ops in the graph",
	"timm_resnetv2_50x1_bit": "weights are standardised by ops in the graph",
	"lstm_tagger":            "initial states are zeros of a computed shape",
	"ssd300_vgg16":           "anchors are computed from shapes",
}

// TestPeakActivations compares the memory of activations with an independent count: without fusion it is the same
// within 1 %, with fusion never more.
func TestPeakActivations(t *testing.T) {
	eachSource(t, func(t *testing.T, dir string) {
		for _, row := range truthTable(t, dir) {
			if row.peak == 0 { // hand-built graphs
				continue
			}
			g := load(t, filepath.Join(dir, row.file), bindings(t, row.inputs))
			ratio := float64(g.PeakActivations(model.FusionNone, model.Formats{})) / row.peak
			why := folded[row.model]
			if ratio > 1.01 || ratio < 0.99 && why == "" {
				t.Errorf("%s: peak activations are %.3f of the reference", row.model, ratio)
			}
			for _, level := range []model.Fusion{model.FusionPointwise, model.FusionFull} {
				if fused := float64(g.PeakActivations(level, model.Formats{})); fused > row.peak {
					t.Errorf("%s: with fusion %v activations take %.0f bytes, without %.0f", row.model, level, fused, row.peak)
				}
			}
		}
	})
}

// moving names what image classifiers move beyond the results of their products and the weights, where that is more
// than 30 %, with the share it comes to.
var moving = map[string]struct {
	ratio float64
	why   string
}{
	"deeplabv3_resnet50":        {1.4, "upsampling of the output"},
	"lraspp_mobilenet_v3_large": {1.5, "upsampling of the output"},
	"densenet121":               {3.4, "every layer concatenates all results before it"},
	"inception_v3":              {1.6, "concatenations and pooling of large tensors"},
	"squeezenet1_1":             {1.65, "concatenations and pooling of large tensors"},
	"shufflenet_v2_x1_0":        {1.6, "channel shuffles: concatenation, transpose, split"},
	"timm_ghostnet_100":         {1.8, "concatenations, and squeeze-and-excite rescaling"},
	"efficientnet_b0":           {1.4, "squeeze-and-excite: a second pass over large tensors"},
	"timm_tf_efficientnetv2_b0": {1.4, "squeeze-and-excite: a second pass over large tensors"},
	"timm_convnextv2_nano":      {1.7, "global response norms over large tensors: a pass over space, then one over channels"},
	"timm_poolformer_s12":       {1.4, "pooling in the place of attention: few products"},
	"timm_resnetv2_50x1_bit":    {1.6, "group norms before the convolutions: passes of their own"},
}

// TestFusedTraffic compares what image classifiers move after full fusion with twice the results of their products
// (written once, read once) and the weights.
func TestFusedTraffic(t *testing.T) {
	eachSource(t, func(t *testing.T, dir string) {
		for _, row := range truthTable(t, dir) {
			if row.group != "tv" && row.group != "timm" {
				continue
			}
			g := load(t, filepath.Join(dir, row.file), bindings(t, row.inputs))
			total := model.Sum(g.Work(model.FusionFull, model.Formats{}))
			const float = 4
			ratio := float64(total.Bytes()) / (2*row.core*float + float64(total.Weights))
			limit, known := 1.3, moving[row.model]
			if known.ratio > 0 {
				limit = known.ratio
			}
			// What attention computes between its products counts among the results, but never moves.
			if ratio > limit || ratio < 0.85 {
				t.Errorf("%s: fused traffic is %.2f of twice its core results and weights, want at most %.2f", row.model, ratio, limit)
			}
			if known.ratio > 0 && ratio <= 1.3 {
				t.Errorf("%s: fused traffic is %.2f: it is no outlier any more", row.model, ratio)
			}
		}
	})
}

package zoo_test

import (
	"math"
	"testing"

	"roofline/model"
	"roofline/model/zoo"
)

// TestGraphs checks the built-in networks against published counts. MACs per sample are the sums over convolutions and
// products of the same networks as counted by independent tools (attention products included), ±0.1 %.
func TestGraphs(t *testing.T) {
	macs := map[string]float64{
		"resnet50":           4_089_184_256,
		"mobilenet-v3-large": 216_589_760,
		"vit-b-16":           17_563_828_224,
		// 12 layers of 128 tokens: 128·(4·768² + 2·768·3072) + 2·128²·768, and the pooler's 768².
		"bert-base": 12*(128*(4*768*768+2*768*3072)+2*128*128*768) + 768*768,
	}
	for _, e := range zoo.Graphs() {
		t.Run(e.Name, func(t *testing.T) {
			g, err := e.Graph(nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := model.Infer(g, model.Bindings{}); err != nil {
				t.Fatal(err)
			}
			if len(g.Warnings) > 0 {
				t.Errorf("warnings: %v", g.Warnings)
			}
			if got := g.Parameters(); got != e.Parameters {
				t.Errorf("parameters %.0f, want %.0f", got, e.Parameters)
			}
			for _, level := range []model.Fusion{model.FusionNone, model.FusionPointwise, model.FusionFull} {
				total := model.Sum(g.Work(level, model.Formats{}))
				if got, want := total.MACs, macs[e.Name]; math.Abs(got-want) > want/1000 {
					t.Errorf("%v: MACs %.0f, want %.0f", level, got, want)
				}
				if len(total.Unknown) > 0 {
					t.Errorf("unknown ops: %v", total.Unknown)
				}
			}
		})
	}
}

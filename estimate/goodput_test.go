package estimate

import (
	"testing"

	"roofline/estimate/slo"
	"roofline/model/transformer"
)

// TestGoodput: at the goodput the limits are kept, beyond it one of them is not; a limit nobody keeps has none; without
// limits it is what can be taken.
func TestGoodput(t *testing.T) {
	l := language(t, "llama-3.1-8b", served, 2, 1, transformer.Formats{})
	r := Request{ISL: 1024, OSL: 512}
	limits := slo.Limits{{Metric: slo.TTFT, Statistic: slo.P95, Most: 1}, {Metric: slo.TPOT, Statistic: slo.Mean, Most: 0.015}}
	g := l.Goodput(limits, r)
	at := func(rate float64) *Result {
		e := l.EstimateRate(rate, r)
		e.Check(limits)
		return e
	}
	if g <= 0 || len(at(g*0.999).Missed()) > 0 || len(at(g*1.001).Missed()) == 0 {
		t.Errorf("goodput %g requests/s", g)
	}
	if none := l.Goodput(slo.Limits{{Metric: slo.TPOT, Statistic: slo.Mean, Most: 1e-6}}, r); none != 0 {
		t.Errorf("goodput %g where nothing keeps the limit", none)
	}
	near(t, "goodput without limits", l.Goodput(nil, r), at(g).Load.Capacity)
}

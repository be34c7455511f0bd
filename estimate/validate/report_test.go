package validate

import (
	"math"
	"testing"

	"roofline/estimate"
	"roofline/hardware/unit"
)

// point is a prediction of expected seconds for a measurement, in a band of expected ÷ 2 to expected · 2.
func point(device string, expected, measured float64) Point {
	e := unit.Seconds(expected)
	return Point{Measurement: Measurement{Quantity: GEMM, Device: device, Measured: unit.Seconds(measured)}, Error: expected/measured - 1,
		Predicted: estimate.Band{Bound: e / 4, Low: e / 2, Expected: e, High: e * 2}}
}

// By hand: expected ÷ measured is 2, 1/2, 1.1 and 0.2: errors 1, 0.5, 0.1, 0.8; the median of them (0.5 + 0.8)/2, the mean
// 0.6; the geometric mean of the ratios (2 · 0.5 · 1.1 · 0.2)^¼ = 0.6849. The last one is above its band, the others in it.
// Expected order 4 1 3 2 and measured 2 3 1 4: ranks differ by 2, 2, 2, 2, so 1 − 6·16/(4·15) = −0.6.
func TestSummarize(t *testing.T) {
	r := Report{Points: []Point{point("a", 4, 2), point("b", 1.25, 2.5), point("a", 1.98, 1.8), point("b", 1.5, 7.5)}}
	s := Summarize(r.All())
	for name, v := range map[string][2]float64{
		"median": {s.MedianError, 0.65}, "mean": {s.MeanError, 0.6}, "bias": {s.Bias, math.Pow(0.22, 0.25) - 1},
		"inside": {s.Inside, 0.75}, "width": {s.HighOverLow, 4}, "rank": {*s.RankCorrelation, -0.6}, "below": {float64(s.BelowBound), 0},
	} {
		if math.Abs(v[0]-v[1]) > 1e-9 {
			t.Errorf("%s: %v, by hand %v", name, v[0], v[1])
		}
	}
	groups := r.By(Keys["device"], Keys["class"])
	if len(groups) != 2 || groups[0].Names[0] != "a" || groups[0].Names[1] != "gemm" || groups[0].N != 2 || groups[0].RankCorrelation != nil {
		t.Errorf("%+v", groups)
	}
	if empty := Summarize(nil); empty != (Summary{}) {
		t.Errorf("%+v", empty)
	}
	if p := point("a", 8, 1.9); !p.BelowBound() || p.Inside() {
		t.Error("1.9 s is below the bound of 2 s")
	}
}

// By hand: ties share the mean of their places.
func TestRanks(t *testing.T) {
	want := []float64{2.5, 1, 2.5, 4}
	for i, r := range ranks([]float64{7, 3, 7, 9}) {
		if r != want[i] {
			t.Errorf("rank %d: %v, want %v", i, r, want[i])
		}
	}
	if r := spearman([]float64{1, 2, 3}, []float64{10, 20, 30}); r != 1 {
		t.Error(r)
	}
	if !math.IsNaN(spearman([]float64{1, 2}, []float64{1, 2})) || !math.IsNaN(spearman([]float64{1, 1, 1}, []float64{1, 2, 3})) {
		t.Error("a correlation where there is none")
	}
}

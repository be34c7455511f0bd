package frontier

import (
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// definition is the frontier by its definition, every point held against every other.
func definition(points [][]float64) []int {
	var on []int
	for i := range points {
		if !slices.ContainsFunc(points, func(q []float64) bool { return Dominates(q, points[i]) }) {
			on = append(on, i)
		}
	}
	return on
}

// TestParetoIsItsDefinition: no dominated point is on the frontier and no other is missing, with ties and duplicates.
func TestParetoIsItsDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dimensions := rapid.IntRange(1, 3).Draw(t, "dimensions")
		most := rapid.SampledFrom([]int{2, 5, 50, 100_000}).Draw(t, "values") // few values make many ties
		coordinate := rapid.Custom(func(t *rapid.T) float64 { return float64(rapid.IntRange(-most, most).Draw(t, "v")) / 4 })
		points := rapid.SliceOfN(rapid.SliceOfN(coordinate, dimensions, dimensions), 0, 120).Draw(t, "points")
		if got, want := Pareto(points), definition(points); !slices.Equal(got, want) {
			t.Fatalf("%v\ngot  %v\nwant %v", points, got, want)
		}
	})
}

// TestParetoByHand: speed (as seconds per token) and cost of four machines. The third costs more than the second and is
// slower; the fourth is the second again.
func TestParetoByHand(t *testing.T) {
	points := [][]float64{{0.010, 4}, {0.020, 2}, {0.025, 3}, {0.020, 2}, {0.050, 1}}
	on := Pareto(points)
	if !slices.Equal(on, []int{0, 1, 3, 4}) {
		t.Errorf("frontier %v", on)
	}
	// At the good end of its band the third is as fast as 0.018 and costs 2.5: nothing beats that.
	best := [][]float64{{0.009, 3.5}, {0.018, 1.8}, {0.018, 2.5}, {0.018, 1.8}, {0.045, 0.9}}
	if got := Overlapping(points, best, on); !slices.Equal(got, []int{2}) {
		t.Errorf("overlapping %v", got)
	}
	best[2] = []float64{0.021, 2.1}
	if got := Overlapping(points, best, on); got != nil {
		t.Errorf("still behind the second: %v", got)
	}
}

// TestOverlapping: who overlaps is not on the frontier, and without bands nobody does.
func TestOverlapping(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		coordinate := rapid.Custom(func(t *rapid.T) float64 { return float64(rapid.IntRange(1, 40).Draw(t, "v")) })
		points := rapid.SliceOfN(rapid.SliceOfN(coordinate, 2, 2), 0, 60).Draw(t, "points")
		on := Pareto(points)
		if got := Overlapping(points, points, on); got != nil {
			t.Fatalf("without bands: %v", got)
		}
		best := make([][]float64, len(points))
		for i, p := range points {
			best[i] = []float64{p[0] * 0.7, p[1] * 0.7}
		}
		for _, i := range Overlapping(points, best, on) {
			if slices.Contains(on, i) {
				t.Fatalf("%d is on the frontier", i)
			}
			for _, f := range on {
				if Dominates(points[f], best[i]) {
					t.Fatalf("%v beats the best of %v", points[f], best[i])
				}
			}
		}
	})
}

// BenchmarkPareto takes points spread at random: 100,000 of them.
func BenchmarkPareto(b *testing.B) {
	for _, dimensions := range []int{2, 3} {
		r := rand.New(rand.NewPCG(1, 2))
		points := make([][]float64, 100_000)
		for i := range points {
			for range dimensions {
				points[i] = append(points[i], r.Float64())
			}
		}
		b.Run(string(rune('0'+dimensions)), func(b *testing.B) {
			for b.Loop() {
				Pareto(points)
			}
			b.ReportMetric(float64(b.N)*1e5/b.Elapsed().Seconds(), "points/s")
		})
	}
}

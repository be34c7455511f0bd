// Package frontier finds what is not beaten: the points of which no other is at least as good in every objective and
// better in one.
package frontier

import (
	"cmp"
	"slices"
	"sort"
)

// Dominates reports whether a is no worse than b in every coordinate and better in one. Less is better.
func Dominates(a, b []float64) bool {
	better := false
	for i := range a {
		if a[i] > b[i] {
			return false
		}
		better = better || a[i] < b[i]
	}
	return better
}

// Pareto returns the indices of the points that no other dominates, in ascending order; of equal points all or none. The
// points have the same one, two or three coordinates, all of them numbers, of which less is better.
//
// In lexicographic order only earlier points can dominate a point. Their second and third coordinates are kept as a
// staircase, which is searched by bisection: O(n log n), as long as the frontier is short enough to move in memory.
// (H. T. Kung, F. Luccio, F. P. Preparata, "On Finding the Maxima of a Set of Vectors", JACM 1975.)
func Pareto(points [][]float64) []int {
	order := make([]int, len(points))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return slices.Compare(points[i], points[j]) })
	var on []int
	var stairs staircase
	for k, i := range order {
		p := points[i]
		if k > 0 && slices.Equal(p, points[order[k-1]]) {
			if n := len(on); n > 0 && on[n-1] == order[k-1] {
				on = append(on, i)
			}
			continue
		}
		if stairs.add(at(p, 1), at(p, 2)) {
			on = append(on, i)
		}
	}
	slices.Sort(on)
	return on
}

// at returns a coordinate, 0 for all points where they have fewer.
func at(p []float64, i int) float64 {
	if i < len(p) {
		return p[i]
	}
	return 0
}

// step is a corner of a staircase.
type step struct{ x, y float64 }

// staircase is a two-dimensional frontier: x rises and y falls from step to step.
type staircase []step

// add puts a corner in unless one is already at or below it in both coordinates, and takes out those it beats.
func (s *staircase) add(x, y float64) bool {
	i := sort.Search(len(*s), func(i int) bool { return (*s)[i].x > x })
	if i > 0 && (*s)[i-1].y <= y { // the lowest y of all with no greater x
		return false
	}
	from := i
	if i > 0 && (*s)[i-1].x == x {
		from--
	}
	to := i
	for to < len(*s) && (*s)[to].y >= y {
		to++
	}
	*s = slices.Replace(*s, from, to, step{x, y})
	return true
}

// Overlapping returns the indices of the points that are not on the frontier but would be if they did as well as the good
// end of their band and those on it did as expected.
func Overlapping(points, best [][]float64, on []int) []int {
	var out []int
	for i := range points {
		if _, is := slices.BinarySearch(on, i); is {
			continue
		}
		if !slices.ContainsFunc(on, func(f int) bool { return Dominates(points[f], best[i]) }) {
			out = append(out, i)
		}
	}
	return out
}

// Order sorts indices of points by their first coordinate, then the others, then by index.
func Order(points [][]float64, indices []int) {
	slices.SortFunc(indices, func(i, j int) int { return cmp.Or(slices.Compare(points[i], points[j]), cmp.Compare(i, j)) })
}

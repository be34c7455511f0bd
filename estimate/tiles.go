package estimate

import (
	"math"

	"roofline/hardware/unit"
	"roofline/model"
)

// Splitting K over cores pays only where each keeps at least shortestSplit of it; libraries split at most mostSplits ways.
const (
	shortestSplit = 256
	mostSplits    = 16
)

// partialBytes is the size of a partial sum, which split K writes and reads: fp32.
const partialBytes = 4

// product returns the time of the multiply-accumulates of w. Where the shape is known and the runtime's tiles are, the
// result is cut into tiles, as many at a time as the device has cores:
//
//	time = waves · tile work ÷ (rate of a core · rate of the tile),  waves = ⌈tiles · splits ÷ cores⌉
//
// for the best of the tiles, with K split over idle cores where that is faster, the pass that adds the partial sums
// included. A last wave that is not full, and tiles that reach over the edge of the result, cost as much as full ones:
// that is tile and wave quantisation.
func (m *Machine) product(w *model.Work) unit.Seconds {
	rate := m.matrix[w.Class][m.arithmetic(w)]
	even := unit.FLOPs(2 * w.MACs).At(rate)
	passes := m.passes(w)
	rows := w.M / passes
	if len(m.tiles) == 0 || w.M*w.N*w.K == 0 || w.Class != model.MatMul && w.Class != model.Conv {
		return even
	}
	best := unit.Seconds(math.Inf(1))
	for i := range m.tiles {
		t := &m.tiles[i]
		n, k, groups := w.N, w.K, max(w.Groups, 1)
		if w.Class == model.Conv && groups > 1 { // as many groups side by side as fill the tile, a dense block on the diagonal
			packed := max(min(math.Floor(t.N/n), groups), 1)
			n, k, groups = n*packed, k*packed, groups/packed
		}
		tiles := math.Ceil(rows/t.M) * math.Ceil(n/t.N) * groups
		macs := t.M * t.N / t.Rate * m.cores
		best = min(best, unit.FLOPs(2*math.Ceil(tiles/m.cores)*macs*(k+m.fill)).At(rate))
		splits := math.Floor(min(m.cores/tiles, k/shortestSplit, mostSplits))
		if splits < 2 {
			continue
		}
		part := unit.FLOPs(2 * math.Ceil(tiles*splits/m.cores) * macs * (k/splits + m.fill)).At(rate)
		sums := unit.Bytes(splits * rows * w.N * max(w.Groups, 1) * partialBytes)
		best = min(best, part+sums.At(m.bandwidth[w.Class])+m.splitK)
	}
	return max(even, best*unit.Seconds(passes))
}

// passes returns in how many parts the rows of a product with weights are computed.
func (m *Machine) passes(w *model.Work) float64 {
	if m.Runtime.Chunk == 0 || w.Class != model.MatMul || w.Weights == 0 {
		return 1
	}
	return max(1, w.M/m.Runtime.Chunk)
}

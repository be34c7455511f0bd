package estimate

import (
	"math"

	"roofline/hardware/unit"
	"roofline/model"
)

// pipelineFill is how many elements of K a core works on before a tile's first result: loading them overlaps with
// nothing. It is the depth of two to three stages of a software pipeline.
const pipelineFill = 64

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
// for the best of the tiles, with K split over idle cores where that is faster. A last wave that is not full, and tiles
// that reach over the edge of the result, cost as much as full ones: that is tile and wave quantisation.
func (m *Machine) product(w *model.Work) unit.Seconds {
	rate := m.matrix[w.Class][w.Format]
	even := unit.FLOPs(2 * w.MACs).At(rate)
	if len(m.tiles) == 0 || w.M*w.N*w.K == 0 || w.Class != model.MatMul && w.Class != model.Conv {
		return even
	}
	best := math.Inf(1) // in tile multiply-accumulates per core
	partial := 0.0
	for i := range m.tiles {
		t := &m.tiles[i]
		n, k, groups := w.N, w.K, max(w.Groups, 1)
		if w.Class == model.Conv && groups > 1 { // as many groups side by side as fill the tile, a dense block on the diagonal
			packed := max(min(math.Floor(t.N/n), groups), 1)
			n, k, groups = n*packed, k*packed, groups/packed
		}
		tiles := math.Ceil(w.M/t.M) * math.Ceil(n/t.N) * groups
		macs := t.M * t.N / t.Rate
		if c := math.Ceil(tiles/m.cores) * macs * (k + pipelineFill); c < best {
			best, partial = c, 0
		}
		splits := math.Floor(min(m.cores/tiles, k/shortestSplit, mostSplits))
		if splits < 2 {
			continue
		}
		if c := math.Ceil(tiles*splits/m.cores) * macs * (k/splits + pipelineFill); c < best {
			best, partial = c, splits*w.M*w.N*max(w.Groups, 1)*partialBytes
		}
	}
	tiled := unit.FLOPs(2*best*m.cores).At(rate) + unit.Bytes(partial).At(m.bandwidth[w.Class])
	return max(even, tiled)
}

// attentionBlock is how many keys, and in prefill queries, an attention kernel takes at a time.
const attentionBlock = 128

// attentionTile is how many queries and keys a kernel takes at least, where all queries see all keys.
const attentionTile = 64

// masked returns how many times the work that is needed an attention kernel does. In causal prefill blocks on the diagonal
// are computed whole and masked by half, S·(S + block) pairs in the place of S²; the mean query sees N = (S+1)/2 keys.
// Where all see all, queries and keys fill up their last tiles: windows of 7 × 7 take 64 × 64 in the place of 49 × 49.
func (m *Machine) masked(w *model.Work) unit.Seconds {
	if w.Class != model.Attention || w.M < 1 || w.N < 1 || len(m.tiles) == 0 {
		return 1
	}
	switch w.Kind {
	case "PrefillAttention":
		s := 2*w.N - 1
		return unit.Seconds(1 + min(attentionBlock, s)/s)
	case "DecodeAttention":
		return 1
	}
	return unit.Seconds(math.Ceil(w.M/attentionTile) * math.Ceil(w.N/attentionTile) * attentionTile * attentionTile / (w.M * w.N))
}

// padding returns the bytes of the last, partly filled block of keys and values of a decode kernel, which takes as long as
// a full one.
func (m *Machine) padding(w *model.Work) unit.Bytes {
	if w.Kind != "DecodeAttention" || w.N < 1 || len(m.tiles) == 0 {
		return 0
	}
	return w.KV * unit.Bytes(math.Ceil(w.N/attentionBlock)*attentionBlock/w.N-1)
}

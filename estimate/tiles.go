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
		tiles := math.Ceil(w.M/t.M) * math.Ceil(w.N/t.N) * max(w.Groups, 1)
		macs := t.M * t.N / t.Rate
		if c := math.Ceil(tiles/m.cores) * macs * (w.K + pipelineFill); c < best {
			best, partial = c, 0
		}
		splits := math.Floor(min(m.cores/tiles, w.K/shortestSplit, mostSplits))
		if splits < 2 {
			continue
		}
		if c := math.Ceil(tiles*splits/m.cores) * macs * (w.K/splits + pipelineFill); c < best {
			best, partial = c, splits*w.M*w.N*max(w.Groups, 1)*partialBytes
		}
	}
	tiled := unit.FLOPs(2*best*m.cores).At(rate) + unit.Bytes(partial).At(m.bandwidth[w.Class])
	return max(even, tiled)
}

// attentionBlock is how many keys, and in prefill queries, an attention kernel takes at a time.
const attentionBlock = 128

// masked returns how many times the causal work a prefill kernel does: blocks on the diagonal are computed whole and
// masked by half, S·(S + block) pairs in the place of S². The mean query sees N = (S+1)/2 keys.
func (m *Machine) masked(w *model.Work) unit.Seconds {
	if w.Kind != "PrefillAttention" || w.N < 1 || len(m.tiles) == 0 {
		return 1
	}
	s := 2*w.N - 1
	return unit.Seconds(1 + min(attentionBlock, s)/s)
}

// padding returns the bytes of the last, partly filled block of keys and values of a decode kernel, which takes as long as
// a full one.
func (m *Machine) padding(w *model.Work) unit.Bytes {
	if w.Kind != "DecodeAttention" || w.N < 1 || len(m.tiles) == 0 {
		return 0
	}
	return w.KV * unit.Bytes(math.Ceil(w.N/attentionBlock)*attentionBlock/w.N-1)
}

package estimate

import (
	"math"

	"roofline/hardware/dtype"
	"roofline/hardware/unit"
	"roofline/model"
)

// attentionBlock is how many keys, and in prefill queries, an attention kernel takes at a time.
const attentionBlock = 128

// attentionTile is how many queries and keys a kernel takes at least, where all queries see all keys.
const attentionTile = 64

// queryTile is the number of rows a decode kernel gives the matrix units at a time: the query heads that share a key-value
// head, padded. 64 is what one wgmma of Hopper multiplies at least, and the tile of FlashAttention-2 when it splits over keys.
const queryTile = 64

// attend returns what a fused attention kernel takes to compute, from the time of its products, and the bytes it moves.
//
// Prefill computes blocks of queries by blocks of keys, those on the diagonal whole and masked by half: the mean query of
// S sees (S+1)/2 keys and is computed with (S + queries of a block)/2, never fewer than those. Query heads that share keys
// may fill a block together. Decode computes the query heads that share keys as a tile of rows, where there are matrix units
// to fill, and reads whole blocks of keys. Where all queries see all keys, both fill up their last tiles: windows of 7 × 7
// take 64 × 64 in the place of 49 × 49. Beside the products each score takes an exponential, which the special-function
// units do at a rate of their own, after the products or, where those are asynchronous, beside them, waiting now for the one
// and now for the other: √(products² + exponentials²). Each block of queries starts and ends once.
func (m *Machine) attend(w *model.Work, products unit.Seconds) (compute unit.Seconds, moved unit.Bytes) {
	moved = w.Bytes()
	if w.M < 1 || w.N < 1 || len(m.tiles) == 0 && !m.blocked {
		return products, moved
	}
	scores := w.MACs / max(w.K, 1)
	var computed, blocks float64 // times the counted work, and blocks of queries
	switch w.Kind {
	case "DecodeAttention":
		keys := math.Ceil(w.N/attentionBlock) * attentionBlock / w.N
		computed = keys
		if !m.sharedUnits {
			computed *= math.Ceil(w.M/queryTile) * queryTile / w.M
		}
		scores *= keys
		kv := w.KV * unit.Bytes(keys)
		moved += kv - w.KV + min(kv, m.attention.Ramp)
	case "PrefillAttention":
		seen := 2*w.N - 1 // by the last query
		queries, rows := attentionBlock+0., seen
		if m.attention.Packs {
			queries, rows = attentionBlock/max(1, w.M/seen), w.M
		}
		computed = max(w.N+(queries-1)/2, queries) / w.N
		blocks = w.M * w.Groups / min(attentionBlock, rows)
	default: // every query sees all keys
		computed = math.Ceil(w.M/attentionTile) * math.Ceil(w.N/attentionTile) * attentionTile * attentionTile / (w.M * w.N)
		blocks = w.M * w.Groups / min(attentionBlock, w.N)
	}
	if blocks > 0 {
		scores *= computed
	}
	compute = products * unit.Seconds(computed)
	if !m.blocked {
		return compute, moved
	}
	if m.exponentials > 0 {
		e := unit.Seconds(scores / m.exponentials)
		if m.async {
			compute = unit.Seconds(math.Sqrt(float64(compute*compute + e*e)))
		} else {
			compute += e
		}
	}
	if m.cores > 0 {
		compute += unit.Seconds(blocks/m.cores) * m.attention.Block
	}
	return compute, moved
}

// setup returns what an attention kernel takes beyond the shortest kernel.
func (m *Machine) setup(w *model.Work) unit.Seconds {
	if w.Kind == "DecodeAttention" {
		return m.attention.Decode
	}
	return m.attention.Prefill
}

// together returns what computing and moving data take side by side: the longer of the two and what shows of the shorter.
// Decode attention reads block after block of the cache while it computes with the one before, and waits now for the one and
// now for the other: √(compute² + memory²).
func (m *Machine) together(w *model.Work, compute, memory unit.Seconds) unit.Seconds {
	if m.blocked && w.Kind == "DecodeAttention" {
		return unit.Seconds(math.Sqrt(float64(compute*compute + memory*memory)))
	}
	return max(compute, memory) + unit.Seconds(m.exposed)*min(compute, memory)
}

// arithmetic returns the format in which w is multiplied. Decode kernels convert the queries to the format of a cache in
// fp8, where the device multiplies fp8.
func (m *Machine) arithmetic(w *model.Work) dtype.DType {
	if stored := w.Stored.Arithmetic(); w.Kind == "DecodeAttention" && stored == dtype.FP8 && m.peak[stored] > m.peak[w.Format] {
		return stored
	}
	return w.Format
}

package estimate

import (
	"math"

	"roofline/hardware/unit"
)

// prefillTokens is the largest number of prompt tokens in one step: what chunked prefill is set to where it matters for
// the activations' memory (vLLM's default for max_num_batched_tokens).
const prefillTokens = 8192

// sequence returns what one sequence of context tokens takes in the cache of a device that holds it, of its pipeline
// stage's layers. Under data-parallel attention one rank holds it whole.
func (l *Language) sequence(context float64) unit.Bytes {
	return l.Plan.KVBytes(context) * unit.Bytes(l.stage)
}

// weightBytes returns the weights of the fullest device.
func (l *Language) weightBytes() unit.Bytes { return l.Plan.StageBytes(l.stage) }

// footprint returns the memory of one device with so much in its cache and the logits of its share of the users.
func (l *Language) footprint(kv unit.Bytes, users float64) *Footprint {
	return l.Target.footprint(l.weightBytes(), kv, l.Plan.ActivationBytes(prefillTokens, l.share(users)))
}

// Footprint returns the memory of the busiest device with so many requests in flight per replica, each at its full
// length.
func (l *Language) Footprint(users float64, r Request) *Footprint {
	return l.footprint(l.cached(math.Ceil(l.share(users)), r.ISL+r.OSL, r), users)
}

// shared returns the cache of the prefix that all requests share.
func (l *Language) shared(r Request) unit.Bytes {
	if r.Hit == 0 {
		return 0
	}
	return l.sequence(r.Hit * r.ISL)
}

// cached returns the cache of so many requests of a context on a device: what they share lies there once.
func (l *Language) cached(requests, context float64, r Request) unit.Bytes {
	shared := l.shared(r)
	return shared + (l.sequence(context)-shared)*unit.Bytes(requests)
}

// occupied returns the memory of the busiest device under a load. Requests that wait take none; those that run, beyond
// what fits at full length, are as long as they are on average, and fill the cache at most.
func (l *Language) occupied(running float64, r Request) *Footprint {
	running = max(1, running)
	full := l.Footprint(running, r)
	free, err := l.KVCapacity(running)
	if err != nil || *full.Fits || free < l.sequence(r.ISL+r.OSL) {
		return full
	}
	return l.footprint(min(free, l.cached(l.share(running), r.context(), r)), running)
}

// KVCapacity returns the memory left for the KV cache on each device when the logits of so many users per replica are
// provided for; not above 0 if the weights don't fit. The error is [ErrCapacity] where the capacity is not known.
func (l *Language) KVCapacity(users float64) (unit.Bytes, error) {
	capacity, _ := l.Target.Capacity()
	if capacity == 0 {
		return 0, ErrCapacity
	}
	return capacity - l.Target.reserved() - l.weightBytes() - l.Plan.ActivationBytes(prefillTokens, l.share(users)), nil
}

// MaxUsers returns how many requests of full length fit one replica at a time, at most 256; 0 if the model doesn't fit.
func (l *Language) MaxUsers(r Request) (float64, error) {
	free, err := l.KVCapacity(maxUsers)
	shared, one := l.shared(r), l.sequence(r.ISL+r.OSL)
	if err != nil || free < one {
		return 0, err
	}
	return min(maxUsers, l.ranks*math.Floor(float64((free-shared)/(one-shared)))), nil
}

// Room says how a model lies in the memory of a replica and what is left for requests.
type Room struct {
	Memory         *Footprint // of one device, the KV cache filling what is free
	Short          unit.Bytes // missing on a device for one request of the context
	Tokens         float64    // the KV cache of one rank holds, in requests of the context
	Users          float64    // whole requests of the context all ranks of the replica hold
	LongestContext float64    // of one request alone
}

// Room measures the memory left for requests of context tokens; see [Language.KVCapacity] for its error.
func (l *Language) Room(context float64) (Room, error) {
	free, err := l.KVCapacity(maxUsers)
	if err != nil {
		return Room{Memory: l.footprint(0, maxUsers)}, err
	}
	one := l.sequence(context)
	each := max(0, float64(free/one)) // requests on a rank; a cache that does not grow holds any number
	return Room{
		Memory:         l.footprint(max(free, 0), maxUsers),
		Short:          max(0, one-free),
		Tokens:         math.Floor(each * context),
		Users:          l.ranks * math.Floor(each),
		LongestContext: l.longestContext(free),
	}, nil
}

// longestContext returns the longest request a KV cache of so many bytes holds, at most what the model is made for.
// The cache grows with the context, slower beyond sliding windows: the largest whole number is found by bisection.
func (l *Language) longestContext(free unit.Bytes) float64 {
	low, high := 0.0, float64(1<<30)
	if l.Model.MaxContext > 0 {
		high = float64(l.Model.MaxContext)
	}
	if l.sequence(high) <= free {
		return high
	}
	for high-low > 1 {
		if mid := math.Floor((low + high) / 2); l.sequence(mid) <= free {
			low = mid
		} else {
			high = mid
		}
	}
	return low
}

package estimate

import (
	"errors"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"roofline/estimate/parallel"
	"roofline/estimate/runtime"
	"roofline/hardware"
	"roofline/hardware/dtype"
	"roofline/hardware/unit"
	"roofline/model"
)

// testDevice has round numbers: 100 TFLOP/s matrix, 10 TFLOP/s vector, 1 TB/s, 10 MB of cache.
func testDevice() *hardware.Device {
	d := &hardware.Device{ID: "test", Kind: hardware.GPU}
	d.Matrix[dtype.FP16] = 100e12
	d.Vector[dtype.FP32] = 10e12
	d.Memory.Bandwidth = 1e12
	d.Memory.Capacity = 10 * unit.GiB
	d.Cache.LastLevel = 10e6
	return d
}

var ideal = &runtime.Profile{ID: "ideal", Ideal: true, Overlap: 1, MemoryShare: 1}

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-9*math.Abs(want) {
		t.Errorf("%s: got %g, want %g", what, got, want)
	}
}

// TestOp works the roofline of single operations by hand.
func TestOp(t *testing.T) {
	// 1 TMAC is 2 TFLOP: 20 ms at 100 TFLOP/s. 4 GB at 1 TB/s: 4 ms.
	product := model.Work{Class: model.MatMul, Count: 1, MACs: 1e12, FLOPs: 2e12, Format: dtype.FP16, Weights: 1e9, Read: 1e9, Write: 2e9}
	// 1 GFLOP elementwise: 0.1 ms at 10 TFLOP/s. 2 GB: 2 ms.
	pointwise := model.Work{Class: model.Elementwise, Count: 1, FLOPs: 1e9, Read: 1e9, Write: 1e9}
	tiny := model.Work{Class: model.Elementwise, Count: 1, FLOPs: 10, Read: 10, Write: 10}

	half := hardware.Efficiency{Default: 0.5, Bandwidth: 0.5}
	real := hardware.Efficiency{Default: 1, Bandwidth: 1, KernelFloor: 3e-6}
	for _, c := range []struct {
		name       string
		efficiency hardware.Efficiency
		profile    *runtime.Profile
		work       model.Work
		total      float64
		limit      Limit
	}{
		{"compute-bound", half, ideal, product, 20e-3, Compute},
		{"memory-bound", half, ideal, pointwise, 2e-3, MemoryBandwidth},
		{"at half efficiency: 40 ms and 8 ms, overlapped", half, &runtime.Profile{Overlap: 1}, product, 40e-3, Compute},
		{"a quarter of the shorter shows: 40 + 2", half, &runtime.Profile{Overlap: 0.75}, product, 42e-3, Compute},
		{"kernel floor, and 20 bytes", real, &runtime.Profile{Overlap: 1}, tiny, 3.00002e-6, Overhead},
		{"kernel floor and launch", real, &runtime.Profile{Overlap: 1, Launch: 5e-6}, tiny, 8.00002e-6, Overhead},
		{"floor and launch on top of real work", real, &runtime.Profile{Overlap: 1, Launch: 5e-6}, pointwise, 2.008e-3, MemoryBandwidth},
		{"class factor: half the rate for products", real, &runtime.Profile{Overlap: 1, Compute: runtime.ByClass{model.MatMul: 0.5}}, product, 40.003e-3, Compute},
		{"class factor: vector work at a hundredth of its rate, 10 ms and 2", real, &runtime.Profile{Compute: runtime.ByClass{model.Elementwise: 0.01}}, pointwise, 12.003e-3, Compute},
		{"free", real, ideal, model.Work{Class: model.Free, Count: 1, Read: 1e9}, 0, Compute},
	} {
		m, err := NewMachine(testDevice(), c.efficiency, c.profile, dtype.FP16)
		if err != nil {
			t.Fatal(err)
		}
		got := m.Op(&c.work)
		near(t, c.name, float64(got.Total), c.total)
		if got.Limit != c.limit {
			t.Errorf("%s: limited by %v, want %v", c.name, got.Limit, c.limit)
		}
	}
}

// TestTiles: on 10 cores and tiles of 100 × 100, a result of 1100 × 100 is 11 tiles in 2 waves, so it takes as long as one
// of 2000 × 100: 2 · 100 · 100 · (936 + 64) multiply-accumulates per core of 10 TFLOP/s, 4 µs. One tile is split over K:
// 936 ÷ 256 gives 3 parts of 312 + 64, 0.752 µs, 3 · 100 · 4 bytes of partial sums, 1.2 ns at 1 TB/s, and 0.5 µs for the
// pass that adds them. If that took 2 µs, the tile would not be split: 2 · 100 · 100 · 1000 in 2 µs.
func TestTiles(t *testing.T) {
	d := testDevice()
	d.Cores.Count = 10
	p := &runtime.Profile{Overlap: 1, Tiles: []runtime.Tile{{M: 100, N: 100, Rate: 1}}, Fill: 64, SplitK: 0.5e-6}
	product := func(rows float64) float64 {
		m, err := NewMachine(d, hardware.Efficiency{Default: 1, Bandwidth: 1}, p, dtype.FP16)
		if err != nil {
			t.Fatal(err)
		}
		macs := rows * 100 * 936
		w := model.Work{Class: model.MatMul, Count: 1, MACs: macs, FLOPs: unit.FLOPs(2 * macs), Format: dtype.FP16, M: rows, N: 100, K: 936, Groups: 1}
		return float64(m.Op(&w).Total)
	}
	near(t, "two waves", product(1100), 4e-6)
	near(t, "as many tiles", product(2000), 4e-6)
	near(t, "split K", product(1), 1.2532e-6)
	p.SplitK = 2e-6
	near(t, "not worth it", product(1), 2e-6)
}

// attentionMachine sustains 100 TFLOP/s, 1 TB/s and, with 10 cores at 1 GHz, 160 billion exponentials per second.
func attentionMachine(t *testing.T, a runtime.Attention) *Machine {
	t.Helper()
	d := testDevice()
	d.Cores.Count, d.Cores.BoostClock = 10, 1e9
	m, err := NewMachine(d, hardware.Efficiency{Default: 1, Bandwidth: 1, Exponentials: 16}, &runtime.Profile{Overlap: 1, Attention: a}, dtype.FP16)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestDecodeAttention: 4 query heads share keys and values of 128 dimensions. A sequence of 200 tokens reads two blocks of
// 128, 256 · 512 = 131 072 bytes, and 4 rows in the place of 64 are counted: 4 · 200 · 256 = 204 800 multiply-accumulates
// of 16 · 1.28 · 204 800 computed. That takes 84 ns, 4 · 256 exponentials at 160 G/s 6 ns, the bytes, all at half the
// bandwidth, 263 ns, computing and reading together the root of the sum of their squares: 278 ns. A cache in fp8 is
// multiplied in fp8, where the device can.
func TestDecodeAttention(t *testing.T) {
	m := attentionMachine(t, runtime.Attention{Decode: 5e-6, Ramp: 1e6})
	w := model.Work{Class: model.Attention, Kind: "DecodeAttention", Count: 1, Format: dtype.FP16,
		MACs: 204800, FLOPs: 2 * 204800, KV: 200 * 512, Read: 1000, M: 4, N: 200, K: 256, Groups: 1}
	op := m.Op(&w)
	const exponentials = 4 * 256 / 160e9
	near(t, "computing", float64(op.Compute), 16*1.28*2*204800/100e12+exponentials)
	near(t, "bytes, all of the cache at half the bandwidth", float64(op.Memory), (2*131072+1000)/1e12)
	near(t, "time", float64(op.Total), math.Hypot(16*1.28*2*204800/100e12+exponentials, (2*131072+1000)/1e12)+5e-6)

	w.Stored = dtype.FP8
	near(t, "a device without fp8", float64(m.Op(&w).Compute), 16*1.28*2*204800/100e12+exponentials)
	m.peak[dtype.FP8], m.matrix[model.Attention][dtype.FP8] = 200e12, 200e12
	near(t, "in fp8", float64(m.Op(&w).Compute), 16*1.28*2*204800/200e12+exponentials)
	near(t, "floor in fp8", float64(m.Bound([]model.Work{w}, 0)), 2*204800/200e12)

	w.KV, w.N, w.MACs = 256e4*512, 256e4, 256e4*1024
	near(t, "no more than the ramp", float64(m.Op(&w).Memory), (256e4*512+1e6+1000)/1e12)
}

// TestPrefillAttention: of one head and 1024 tokens the mean query sees 512.5 keys and is computed with (1024 + 128)/2 = 576.
// 1024 · 576 scores at 160 G/s are 3.6864 µs, their products, 2 · 256 · 1024 · 576 FLOP at 100 TFLOP/s, 3.0199 µs: one
// after the other 6.7063 µs, and √(3.6864² + 3.0199²) = 4.7654 µs where products are asynchronous. 8 blocks on 10 cores start
// and end in 0.8 · 2 µs. Of 64 tokens each query is computed with a block of keys.
func TestPrefillAttention(t *testing.T) {
	m := attentionMachine(t, runtime.Attention{Prefill: 7e-6, Block: 2e-6})
	work := func(tokens float64) *model.Work {
		keys := (tokens + 1) / 2
		return &model.Work{Class: model.Attention, Kind: "PrefillAttention", Count: 1, Format: dtype.FP16,
			MACs: tokens * keys * 256, FLOPs: unit.FLOPs(2 * tokens * keys * 256), M: tokens, N: keys, K: 256, Groups: 1}
	}
	const each = 1/160e9 + 2*256/100e12 // of a score, and its products
	near(t, "long", float64(m.Op(work(1024)).Total), 1024*576*each+1.6e-6+7e-6)
	near(t, "short", float64(m.Op(work(64)).Total), 64*128*each+0.2e-6+7e-6)
	m.async = true
	near(t, "asynchronous", float64(m.Op(work(1024)).Total), math.Hypot(1024*576/160e9, 1024*576*2*256/100e12)+1.6e-6+7e-6)

	// Of 4 heads that share keys, packed, 32 queries fill a block: the mean query is computed with (64 + 32)/2 = 48 keys, and 256
	// rows make 2 blocks.
	m = attentionMachine(t, runtime.Attention{Prefill: 7e-6, Block: 2e-6, Packs: true})
	w := work(64)
	w.MACs, w.FLOPs, w.M = 4*w.MACs, 4*w.FLOPs, 4*w.M
	near(t, "packed", float64(m.Op(w).Total), 256*48*each+0.4e-6+7e-6)
}

// TestGroupedConvolution: groups of 4 outputs by 36 inputs, 25 side by side fill a tile of 100 × 100 with K = 900. Of 50
// groups there are two tiles; split over K in three, they take 100 · 100 · (300 + 64) multiply-accumulates at 10 TFLOP/s,
// 0.728 µs, and 2 · 3 · 100 · 100 · 4 bytes of partial sums at 1 TB/s, 0.24 µs.
func TestGroupedConvolution(t *testing.T) {
	d := testDevice()
	d.Cores.Count = 10
	p := &runtime.Profile{Overlap: 1, Tiles: []runtime.Tile{{M: 100, N: 100, Rate: 1}}, Fill: 64}
	m, err := NewMachine(d, hardware.Efficiency{Default: 1, Bandwidth: 1}, p, dtype.FP16)
	if err != nil {
		t.Fatal(err)
	}
	macs := 100 * 4 * 36 * 50.0
	w := model.Work{Class: model.Conv, Count: 1, MACs: macs, FLOPs: unit.FLOPs(2 * macs), Format: dtype.FP16, M: 100, N: 4, K: 36, Groups: 50}
	near(t, "50 groups", float64(m.Op(&w).Total), 0.968e-6)
}

// TestWindowedAttention: windows of 7 × 7 fill tiles of 64 × 64: 4096 ÷ 2401 times the work of 1 TFLOP, 10 ms.
func TestWindowedAttention(t *testing.T) {
	d := testDevice()
	d.Cores.Count = 10
	p := &runtime.Profile{Overlap: 1, Tiles: []runtime.Tile{{M: 100, N: 100, Rate: 1}}}
	m, err := NewMachine(d, hardware.Efficiency{Default: 1, Bandwidth: 1}, p, dtype.FP16)
	if err != nil {
		t.Fatal(err)
	}
	w := model.Work{Class: model.Attention, Count: 1, MACs: 0.5e12, FLOPs: 1e12, Format: dtype.FP16, M: 49, N: 49, K: 32, Groups: 1}
	near(t, "windows", float64(m.Op(&w).Total), 10e-3*4096/2401)
}

// TestCache: of a cache of 10 MB, four times as fast as the memory of 1 TB/s. What fits takes a quarter of the time; of
// 15 MB half is there, 5/8 of the time; of 20 MB nothing. Weights come from memory. And a norm over more elements than a
// kernel keeps at hand reads them twice.
func TestCache(t *testing.T) {
	m, err := NewMachine(testDevice(), hardware.Efficiency{Default: 1, Bandwidth: 1, CacheBandwidth: 4}, &runtime.Profile{Overlap: 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		work model.Work
		want float64
	}{
		{"fits", model.Work{Read: 4e6, Write: 6e6}, 2.5e-6},
		{"half", model.Work{Read: 9e6, Write: 6e6}, 9.375e-6},
		{"too large", model.Work{Read: 10e6, Write: 10e6}, 20e-6},
		{"weights", model.Work{Read: 4e6, Write: 6e6, Weights: 5e6}, 7.5e-6},
		{"a norm of a row", model.Work{Class: model.Normalization, Read: 1e9, Write: 1e9, K: 1000}, 2e-3},
		{"a norm over space", model.Work{Class: model.Normalization, Read: 1e9, Write: 1e9, K: 100_000}, 3e-3},
	} {
		near(t, c.name, float64(m.Op(&c.work).Total), c.want)
	}
}

// TestFewRows: 10 cores at 1 GHz that read 4 bytes a clock get 40 GB/s where the memory has 1 TB/s: 4 MB of weights take
// 100 µs for up to 8 rows, 4 µs for more.
func TestFewRows(t *testing.T) {
	d := testDevice()
	d.Cores = hardware.Cores{Count: 10, BoostClock: 1e9}
	m, err := NewMachine(d, hardware.Efficiency{Default: 1, Bandwidth: 1}, &runtime.Profile{Overlap: 1, PerClock: 4}, dtype.FP16)
	if err != nil {
		t.Fatal(err)
	}
	for rows, want := range map[float64]float64{1: 100e-6, 8: 100e-6, 9: 4e-6} {
		w := model.Work{Class: model.MatMul, Count: 1, Weights: 4e6, M: rows, Format: dtype.FP16}
		near(t, "products of few rows", float64(m.Op(&w).Total), want)
	}
}

// TestChunks: 1024 rows in parts of 512 read 1 GB of weights twice, 2 ms, and 512 rows once. Written out in fp16 first, 4-bit
// weights of 1000 × 1000 are 2 MB more for each part, 2 µs.
func TestChunks(t *testing.T) {
	m, err := NewMachine(testDevice(), hardware.Efficiency{Default: 1, Bandwidth: 1}, &runtime.Profile{Overlap: 1, Chunk: 512, Expand: true}, dtype.FP16)
	if err != nil {
		t.Fatal(err)
	}
	w := model.Work{Class: model.MatMul, Count: 1, Weights: 1e9, M: 512, Format: dtype.FP16, Stored: dtype.FP16}
	near(t, "one part", float64(m.Op(&w).Total), 1e-3)
	w.M = 1024
	near(t, "two parts", float64(m.Op(&w).Total), 2e-3)
	w.Stored, w.N, w.K, w.Groups = dtype.INT4, 1000, 1000, 1
	near(t, "expanded", float64(m.Op(&w).Total), 2e-3+4e-6)
}

// TestHalfAccumulate: a card twice as fast where products add up in fp16 is that fast, and its floor that low, only where
// they do.
func TestHalfAccumulate(t *testing.T) {
	d := testDevice()
	d.MatrixFP16[dtype.FP16] = 200e12
	w := model.Work{Class: model.MatMul, Count: 1, MACs: 1e12, FLOPs: 2e12, Format: dtype.FP16}
	for half, want := range map[bool]float64{false: 20e-3, true: 10e-3} {
		m, err := NewMachine(d, hardware.Efficiency{Default: 1, Bandwidth: 1}, &runtime.Profile{Overlap: 1, HalfAccumulate: half}, dtype.FP16)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "time", float64(m.Op(&w).Total), want)
		near(t, "floor", float64(m.Bound([]model.Work{w}, 0)), want)
	}
}

// TestDispatch: a graph of one kernel of 1 ms takes 1 ms however long the host takes for it, up to 1 ms; then the host's time.
func TestDispatch(t *testing.T) {
	b := model.NewBuilder("g", 17)
	b.Output(b.Op("Relu", "relu", []model.TensorID{b.Input("x", dtype.FP16, model.Shape{1, 250_000_000})}))
	g := b.Graph()
	if err := model.Infer(g, model.Bindings{}); err != nil {
		t.Fatal(err)
	}
	for dispatch, want := range map[unit.Seconds]float64{20e-6: 1e-3, 3e-3: 3e-3} {
		gm := NewGraphModel(g, model.FusionNone, model.Formats{})
		m, err := NewMachine(testDevice(), hardware.Efficiency{Default: 1, Bandwidth: 1}, &runtime.Profile{Overlap: 1, Dispatch: dispatch})
		if err != nil {
			t.Fatal(err)
		}
		_, expected, limit := gm.Time(m, 1)
		near(t, "expected", float64(expected), want)
		if (limit == Overhead) != (dispatch > 1e-3) {
			t.Errorf("dispatch %v: limited by %v", dispatch, limit)
		}
	}
}

// TestSharedUnits: a CPU's vector units do the products too, so their times add up.
func TestSharedUnits(t *testing.T) {
	d := testDevice()
	d.Matrix = hardware.Rates{}
	m, err := NewMachine(d, hardware.Efficiency{}, ideal, dtype.FP32)
	if err != nil {
		t.Fatal(err)
	}
	// 2 TFLOP of products and 1 TFLOP elementwise at 10 TFLOP/s: 0.2 + 0.1 s.
	w := model.Work{Class: model.MatMul, Count: 1, MACs: 1e12, FLOPs: 3e12, Format: dtype.FP32, Read: 1}
	near(t, "time", float64(m.Op(&w).Total), 0.3)
}

func TestMissingFormat(t *testing.T) {
	_, err := NewMachine(testDevice(), hardware.Efficiency{}, ideal, dtype.FP16, dtype.FP8)
	var format *FormatError
	if !errors.As(err, &format) || !strings.Contains(err.Error(), "test has no fp8 arithmetic: it has fp32, fp16") {
		t.Errorf("got %v", err)
	}
}

// TestBound: 2 TFLOP at 100 TFLOP/s is 20 ms; 30 GB less the 10 MB of cache at 1 TB/s is 29.99 ms.
func TestBound(t *testing.T) {
	m, err := NewMachine(testDevice(), hardware.Efficiency{Default: 0.1, Bandwidth: 0.1}, ideal, dtype.FP16)
	if err != nil {
		t.Fatal(err)
	}
	ws := []model.Work{{Class: model.MatMul, Count: 2, MACs: 0.5e12, Format: dtype.FP16}}
	near(t, "compute", float64(m.Bound(ws, 1e9)), 20e-3)
	near(t, "memory", float64(m.Bound(ws, 30e9)), 29.99e-3)
	near(t, "what the cache holds is free", float64(m.Bound(nil, 10e6)), 0)
}

// TestCollective: an all-reduce of 1 GB over 4 devices at 90 of 100 GB/s goes around the ring in 6 steps: 10 µs · 3 +
// 2·3/4·1 GB ÷ 90 GB/s = 16.6967 ms; its floor is the message over the link: 10 ms.
func TestCollective(t *testing.T) {
	m, err := NewMachine(testDevice(), hardware.Efficiency{}, ideal)
	if err != nil {
		t.Fatal(err)
	}
	m.Fabric = parallel.Fabric{Domain: 8, Link: hardware.Link{Bandwidth: 100e9}, Kind: hardware.LinkKind{Latency: 10e-6, Share: 0.9}}
	w := model.Work{Class: model.Collective, Kind: "AllReduce", Count: 1, Write: 1e9, N: 4}
	near(t, "all-reduce", float64(m.Op(&w).Total), 30e-6+1.5/90)
	gather := model.Work{Class: model.Collective, Kind: "AllGather", Count: 1, Write: 1e9, N: 4}
	near(t, "all-gather", float64(m.Op(&gather).Total), 24e-6+0.75/90)
	near(t, "floor", float64(m.Bound([]model.Work{w}, 0)), 10e-3)
}

// TestOpProperties: no operation is faster than its floor, and more bandwidth or a higher peak never slows one down.
func TestOpProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		share := func(name string) float64 { return rapid.Float64Range(0.05, 1).Draw(t, name) }
		e := hardware.Efficiency{Default: share("sustained"), Bandwidth: share("bandwidth"), CacheBandwidth: rapid.Float64Range(1, 10).Draw(t, "cache"), KernelFloor: unit.Seconds(rapid.Float64Range(0, 1e-4).Draw(t, "floor"))}
		p := &runtime.Profile{Overlap: share("overlap"), Launch: unit.Seconds(rapid.Float64Range(0, 1e-4).Draw(t, "launch"))}
		amount := func(name string) float64 { return rapid.Float64Range(0, 1e12).Draw(t, name) }
		w := model.Work{Class: model.MatMul, Count: 1, Format: dtype.FP16, MACs: amount("macs"),
			Weights: unit.Bytes(amount("weights")), Read: unit.Bytes(amount("read")), Write: unit.Bytes(amount("write"))}
		w.FLOPs = unit.FLOPs(2*w.MACs + amount("vector"))
		d := testDevice()
		d.Cache.LastLevel = unit.Bytes(amount("cache size"))
		time := func() unit.Seconds {
			m, err := NewMachine(d, e, p, dtype.FP16)
			if err != nil {
				t.Fatal(err)
			}
			got := m.Op(&w).Total
			if floor := m.Bound([]model.Work{w}, w.Bytes()); got < floor*(1-1e-12) {
				t.Fatalf("%v is below the floor %v", got, floor)
			}
			return got
		}
		before := time()
		d.Memory.Bandwidth *= unit.ByteRate(rapid.Float64Range(1, 10).Draw(t, "faster memory"))
		mid := time()
		d.Matrix[dtype.FP16] *= unit.FLOPRate(rapid.Float64Range(1, 10).Draw(t, "higher peak"))
		after := time()
		if mid > before*(1+1e-12) || after > mid*(1+1e-12) {
			t.Fatalf("a better device is slower: %v, %v, %v", before, mid, after)
		}
	})
}

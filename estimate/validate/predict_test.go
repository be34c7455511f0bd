package validate

import (
	"errors"
	"testing"

	"roofline/estimate"
	"roofline/estimate/parallel"
	"roofline/estimate/runtime"
	"roofline/hardware"
	"roofline/hardware/dtype"
	"roofline/hardware/unit"
	"roofline/model"
	"roofline/model/transformer"
)

// ideal is a world of one device of 100 TFLOP/s and 1 TB/s without any overhead, two of which are linked by 100 GB/s.
type ideal struct{}

func (ideal) Target(device, _ string, _ Quantity, plan parallel.Plan) (*estimate.Target, error) {
	if device != "d" {
		return nil, errors.New("no such device")
	}
	d := &hardware.Device{ID: "d", Kind: hardware.GPU, Links: []hardware.Link{{Kind: "link", Bandwidth: 100e9, Domain: 2}}}
	d.Matrix[dtype.BF16], d.Vector[dtype.FP32], d.Memory.Bandwidth = 100e12, 100e12, 1e12
	t := &estimate.Target{Device: d, Runtime: &runtime.Profile{ID: "ideal", Ideal: true, Overlap: 1}, Plan: plan, Count: plan.Devices()}
	var err error
	t.Fabric, err = parallel.Place(d, plan, func(string) hardware.LinkKind { return hardware.LinkKind{Share: 1} }, parallel.Network{})
	return t, err
}

func (ideal) Language(string) (*transformer.Model, error) { return nil, errors.New("no such model") }
func (ideal) Graph(string) (*model.Graph, error)          { return nil, errors.New("no such graph") }

// By hand, on the ideal machine:
//
//	a product of 4096³ in bf16: 2 · 4096³ ÷ 100 TFLOP/s = 1374 µs
//	one of 1×4096×4096: 4096² · 2 bytes of weights and 2 · 4096 · 2 of activations ÷ 1 TB/s = 33.57 µs
//	the same in int8, weights only: 4096² bytes and the same activations = 16.79 µs
//	decode attention of 8 × 1023 + 1 tokens, 8 heads of 128 on 2 of keys: 8 · 1024 · 2·2·128 · 2 bytes of cache, 8 queries of
//	(8+4)·128 · 2 read, results of 8·128 · 2 and keys and values of 4·128 · 2 written = 8.438 µs
//	an all-reduce of 10 MB over 2 devices: 2 · ½ · 10 MB ÷ 100 GB/s = 100 µs; an all-gather half of it
func TestKernels(t *testing.T) {
	product := Measurement{Quantity: GEMM, Weights: dtype.BF16, M: 1, N: 4096, K: 4096}
	large, narrow := product, product
	large.M = 4096
	narrow.Weights, narrow.Activations = dtype.INT8, dtype.BF16
	decode := Measurement{Quantity: DecodeAttention, Activations: dtype.BF16, Batch: 8, Context: 1023, Heads: 8, KVHeads: 2, HeadDim: 128}
	reduce := Measurement{Quantity: AllReduce, TP: 2, Bytes: 10e6}
	gather := reduce
	gather.Quantity = AllGather
	for _, c := range []struct {
		m      Measurement
		micros float64
		limit  estimate.Limit
	}{
		{large, 1374.390, estimate.Compute}, {product, 33.571, estimate.MemoryBandwidth}, {narrow, 16.794, estimate.MemoryBandwidth},
		{decode, 8.4378, estimate.MemoryBandwidth}, {reduce, 100, estimate.Communication}, {gather, 50, estimate.Communication},
	} {
		c.m.Device, c.m.Measured = "d", 1
		r := Run([]Measurement{c.m}, ideal{})
		if len(r.Points) != 1 {
			t.Errorf("%s: %+v", c.m.Name(), r.Skipped)
			continue
		}
		p := &r.Points[0]
		if got := float64(p.Predicted.Expected) * 1e6; got/c.micros < 0.999 || got/c.micros > 1.001 || p.Limit != c.limit {
			t.Errorf("%s: %.3f µs by %v, by hand %.3f by %v", c.m.Name(), got, p.Limit, c.micros, c.limit)
		}
	}
}

// What can't be predicted is in the report with a reason, and is no point.
func TestSkipped(t *testing.T) {
	step := Measurement{Quantity: Decode, Device: "d", Model: "m", Batch: 1, Context: 1, Measured: unit.Seconds(1)}
	elsewhere, graph, format := step, step, step
	elsewhere.Device = "e"
	graph.Quantity = Latency
	format.Quantity, format.Weights, format.M, format.N, format.K = GEMM, dtype.FP8, 1, 1, 1
	r := Run([]Measurement{step, elsewhere, graph, format}, ideal{})
	want := []string{"no such model", "no such device", "no such graph", "d has no fp8 arithmetic: it has fp32, bf16"}
	if len(r.Points) != 0 || len(r.Skipped) != len(want) {
		t.Fatalf("%+v", r)
	}
	for i, s := range r.Skipped {
		if s.Reason != want[i] {
			t.Errorf("%s: %s, want %s", s.Name(), s.Reason, want[i])
		}
	}
}

package estimate

import (
	"math"

	"roofline/hardware/unit"
	"roofline/model"
)

// GraphModel is a graph made ready for estimates: its work is inferred and fused once, and scaled to any batch.
type GraphModel struct {
	Graph   *model.Graph
	Formats model.Formats

	work        []model.Work // at the graph's own batch
	weights     unit.Bytes
	activations unit.Bytes // peak, at the graph's own batch
	io          unit.Bytes // inputs and outputs, at the graph's own batch
	totals      model.Totals
}

// NewGraphModel fuses an inferred graph as a runtime does, with weights and activations in the given formats.
func NewGraphModel(g *model.Graph, fusion model.Fusion, f model.Formats) *GraphModel {
	m := &GraphModel{
		Graph: g, Formats: f,
		work:        g.Work(fusion, f),
		weights:     g.WeightBytes(f.Weights),
		activations: g.PeakActivations(fusion, f),
		io:          g.InterfaceBytes(f.Activations),
	}
	m.totals = model.Sum(m.work)
	return m
}

// scale returns how many times the graph's own batch b is.
func (m *GraphModel) scale(batch float64) float64 { return batch / float64(max(m.Graph.Batch, 1)) }

// Work returns the work of one execution of a batch.
func (m *GraphModel) Work(batch float64) []model.Work {
	out := make([]model.Work, len(m.work))
	for i := range m.work {
		out[i] = m.work[i].Scaled(m.scale(batch))
		if s := out[i].Shape; len(s) > 0 && s[0] == m.Graph.Batch && batch == math.Trunc(batch) {
			out[i].Shape = append(model.Shape{int64(batch)}, s[1:]...)
		}
	}
	return out
}

// Time returns the floor and the expected time of one batch, and what limits it: the kernels one after the other, or the
// host where it takes longer to dispatch them than the device to run them.
func (m *GraphModel) Time(machine *Machine, batch float64) (bound, expected unit.Seconds, limit Limit) {
	k := m.scale(batch)
	var by [limitCount]unit.Seconds
	var scaled [1]model.Work
	for i := range m.work {
		scaled[0] = m.work[i].Scaled(k)
		t := machine.Op(&scaled[0])
		d := t.Total * unit.Seconds(scaled[0].Count)
		expected += d
		by[t.Limit] += d
		bound += machine.computeFloor(&scaled[0])
	}
	for l := range by {
		if by[l] > by[limit] {
			limit = Limit(l)
		}
	}
	bound = max(bound, machine.memoryFloor(m.Compulsory(batch)))
	if host := machine.Runtime.Dispatch * unit.Seconds(m.totals.Ops); host > expected {
		expected, limit = host, Overhead
	}
	expected += machine.Runtime.PerStep
	if machine.Runtime.PerStep > expected/2 {
		limit = Overhead
	}
	return bound, max(expected, bound), limit
}

// Compulsory returns the bytes one batch can't avoid moving: the weights it uses, its inputs and outputs.
func (m *GraphModel) Compulsory(batch float64) unit.Bytes {
	return min(m.weights, m.totals.Weights) + m.io*unit.Bytes(m.scale(batch))
}

// Footprint returns the memory a batch takes on the target.
func (m *GraphModel) Footprint(t *Target, batch float64) *Footprint {
	return t.footprint(m.weights, 0, m.activations*unit.Bytes(m.scale(batch)))
}

// MaxBatch returns the largest batch that fits the target, 0 if not even one sample does.
func (m *GraphModel) MaxBatch(t *Target) (float64, error) {
	f := m.Footprint(t, 1)
	if f.Capacity == 0 {
		return 0, ErrCapacity
	}
	fixed := f.Total - f.Activations
	if f.Activations == 0 {
		return largestBatch, nil
	}
	return max(0, math.Floor(float64((f.Capacity-fixed)/f.Activations))), nil
}

// stopsPaying is the gain in throughput below which doubling the batch is not worth its latency.
const stopsPaying = 0.05

// largestBatch ends the search for a paying batch where memory does not.
const largestBatch = 4096

// PayingBatch returns the smallest power of two from which doubling the batch adds less than 5 % throughput, or the
// largest that fits.
func (m *GraphModel) PayingBatch(machine *Machine, t *Target) float64 {
	limit := float64(largestBatch)
	if most, err := m.MaxBatch(t); err == nil {
		limit = min(limit, most)
	}
	batch := 1.0
	_, before, _ := m.Time(machine, batch)
	for batch*2 <= limit {
		_, after, _ := m.Time(machine, 2*batch)
		if gain := float64(2*before/after) - 1; gain < stopsPaying {
			break
		}
		batch, before = 2*batch, after
	}
	return batch
}

// Machine resolves a target for the formats the graph is computed in.
func (m *GraphModel) Machine(t *Target) (*Machine, error) { return t.Machine(formatsOf(m.work)...) }

// Estimate returns the answer for one batch on the target. Every device of the target runs its own batch.
func (m *GraphModel) Estimate(t *Target, machine *Machine, batch float64) *Result {
	bound, expected, limit := m.Time(machine, batch)
	b := t.Runtime.Band(t.Device, "graph")
	latency := band(b, bound, expected)
	perSecond := batch / float64(latency.Expected) * float64(t.Count)
	k := m.scale(batch)
	res := &Result{
		Model: ModelInfo{
			Name: m.Graph.Name, Parameters: m.Graph.Parameters(), WeightBytes: m.weights,
			FLOPs: m.totals.FLOPs * unit.FLOPs(k), MACs: m.totals.MACs * k, UnknownOps: m.totals.Unknown,
		},
		Device: t.Device.ID, Count: t.Count, Replicas: t.Count, Runtime: t.Runtime.ID, Plan: Plan(t.Plan.Filled()),
		Workload:   Workload{Batch: batch, DType: m.Formats.Weights, ActDType: m.Formats.Activations},
		Latency:    &latency,
		Throughput: &Throughput{Value: perSecond, Unit: m.Items() + "/s", PerDevice: perSecond / float64(t.Count)},
		BoundBy:    &limit,
		Memory:     m.Footprint(t, batch),
		Basis:      basis(b),
	}
	t.pay(res, 1e6, "USD/M "+m.Items())
	if res.Cost != nil {
		res.Cost.Per = append(res.Cost.Per, CostPer{Unit: "USD/1000 " + m.Items(), Value: res.Cost.Per[0].Value / 1000})
	}
	return res
}

// Items returns what the samples of a batch are: images where the first input has height, width and 1 to 4 channels.
func (m *GraphModel) Items() string {
	if len(m.Graph.Inputs) > 0 {
		if s := m.Graph.Tensors[m.Graph.Inputs[0]].Shape; len(s) == 4 && (s[1] <= 4 || s[3] <= 4) {
			return "images"
		}
	}
	return "items"
}

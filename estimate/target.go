package estimate

import (
	"errors"
	"strings"

	"roofline/estimate/cost"
	"roofline/estimate/parallel"
	"roofline/estimate/runtime"
	"roofline/estimate/serving"
	"roofline/hardware"
	"roofline/hardware/dtype"
	"roofline/hardware/unit"
)

// Target is what a model is to run on: devices of one kind, the runtime that drives them, and what they cost.
type Target struct {
	Device     *hardware.Device
	Efficiency hardware.Efficiency // of the device's architecture
	Runtime    *runtime.Profile
	Plan       parallel.Plan    // how a replica is spread over devices
	Fabric     parallel.Fabric  // what connects the devices of a replica
	Count      int              // devices in all: replicas · the plan's
	Between    parallel.Network // what connects replicas
	Batching   Batching         // how a replica batches requests
	Memory     unit.Bytes       // in place of a capacity that is not known; 0: the device's own
	Terms      *cost.Terms      // how it is paid for; nil: nobody asked
	Rental     *cost.Terms      // of what is bought: renting the same; nil: not offered
}

// Batching is what the user said about the scheduler of a runtime that serves language models.
type Batching struct {
	Chunk float64       // most prompt tokens of a step; 0: prompts are prefilled whole
	Draft serving.Draft // speculative decoding
}

// ErrCapacity says that a question about the most that fits needs a memory capacity the catalog does not have.
var ErrCapacity = errors.New("its memory capacity is not known; give one with --memory")

// Replicas returns how many copies of the model run side by side.
func (t *Target) Replicas() int { return t.Count / t.Plan.Devices() }

// Capacity returns the memory of one device, 0 if not known, and whether it is the label's figure only.
func (t *Target) Capacity() (b unit.Bytes, nominal bool) {
	b, reported := t.Device.Memory.Usable()
	if b == 0 {
		return t.Memory, false
	}
	return b, !reported
}

// Machine resolves the target for work in the given arithmetic formats.
func (t *Target) Machine(formats ...dtype.DType) (*Machine, error) {
	m, err := NewMachine(t.Device, t.Efficiency, t.Runtime, formats...)
	if err != nil {
		return nil, err
	}
	m.Fabric = t.Fabric
	m.Fabric.OneStep, m.Fabric.TwoStep = t.Runtime.Reduce.OneStep, t.Runtime.Reduce.TwoStep
	if t.Runtime.Ideal {
		for _, k := range []*hardware.LinkKind{&m.Fabric.Kind, &m.Fabric.Network.LinkKind, &m.Fabric.Handoff.LinkKind} {
			k.Latency, k.Share, k.Ramp = 0, 1, 0
		}
	}
	return m, nil
}

// footprint adds up the memory of one device and compares it with its capacity.
func (t *Target) footprint(weights, kv, activations unit.Bytes) *Footprint {
	f := &Footprint{Weights: weights, KVCache: kv, Activations: activations}
	f.Capacity, f.Nominal = t.Capacity()
	f.Reserved = t.reserved()
	f.Total = weights + kv + activations + f.Reserved
	if f.Capacity > 0 {
		f.Ratio = float64(f.Total / f.Capacity)
		fits := f.Total <= f.Capacity
		f.Fits = &fits
	}
	return f
}

// reserved returns the memory of a device that the runtime leaves alone or keeps for itself.
func (t *Target) reserved() unit.Bytes {
	r := t.Runtime.Reserve
	if capacity, _ := t.Capacity(); t.Runtime.MemoryShare > 0 {
		r += capacity * unit.Bytes(1-t.Runtime.MemoryShare)
	}
	return r
}

// band spreads an expected time by the measured residuals of its class, never below the bound.
func band(b runtime.Band, bound, expected unit.Seconds) Band {
	expected = max(expected, bound)
	return Band{
		Bound:    bound,
		Low:      max(bound, min(expected, expected*unit.Seconds(b.Low))),
		Expected: expected,
		High:     max(expected, expected*unit.Seconds(b.High)),
	}
}

// pay sets what a result costs and draws, for what it puts through, in units of size each.
func (t *Target) pay(res *Result, size float64, name string) {
	if t.Terms == nil {
		return
	}
	perSecond := res.Throughput.Value
	draw := t.Terms.Power.Draw(*res.BoundBy == Compute)
	if draw > 0 && perSecond > 0 {
		p := &Power{Watts: draw, Unit: strings.TrimSuffix(res.Throughput.Unit, "/s"), Source: t.Terms.Power.Origin.Source, Status: t.Terms.Power.Origin.Status}
		p.WattHours, p.Grams = t.Terms.Energy(draw, perSecond, 1)
		res.Power = p
	}
	if !t.Terms.Priced() {
		return
	}
	bill := t.Terms.Bill(draw)
	c := &Cost{USDPerHour: bill.USDPerHour, AtLeast: bill.AtLeast, Utilization: bill.Utilization, Components: bill.Components,
		PriceAsOf: t.Terms.AsOf, Source: t.Terms.Source}
	if perSecond > 0 {
		c.Per = []CostPer{{Unit: name, Value: bill.Per(perSecond, size)}}
	}
	c.Per = append(c.Per, CostPer{Unit: "USD/month", Value: bill.PerMonth()})
	if t.Rental != nil && t.Terms.Owned {
		rent := t.Rental.Bill(draw)
		if months, ok := cost.BreakEven(&bill, &rent); ok {
			c.BreakEven = &BreakEven{Months: months, AtLeast: bill.AtLeast, USDPerHour: rent.USDPerHour, Source: t.Rental.Source}
		}
	}
	res.Cost = c
}

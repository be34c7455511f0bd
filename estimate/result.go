package estimate

import (
	"fmt"

	"roofline/estimate/cost"
	"roofline/estimate/runtime"
	"roofline/estimate/serving"
	"roofline/estimate/slo"
	"roofline/hardware"
	"roofline/hardware/dtype"
	"roofline/hardware/unit"
)

// Result is the answer for one device and one load. It marshals to one element of "estimates" of the schema
// roofline.estimate/v1: base units, and what isn't known is absent.
type Result struct {
	Model      ModelInfo    `json:"model,omitzero"`
	Device     string       `json:"device"`
	Count      int          `json:"count"`
	Replicas   int          `json:"replicas"`
	Runtime    string       `json:"runtime"`
	Plan       Plan         `json:"plan"`
	Workload   Workload     `json:"workload,omitzero"`
	Latency    *Band        `json:"latency_s,omitempty"`     // a graph: one batch; a language model: one request end to end
	LatencyP95 unit.Seconds `json:"latency_p95_s,omitempty"` // of requests: no band, expected
	LatencyP99 unit.Seconds `json:"latency_p99_s,omitempty"`
	Throughput *Throughput  `json:"throughput,omitempty"`
	Prefill    *Prefill     `json:"prefill,omitempty"`
	Decode     *Decode      `json:"decode,omitempty"`
	Disagg     *Disagg      `json:"disagg,omitempty"` // some replicas prefill, others decode
	Simulated  *Simulated   `json:"simulated,omitempty"`
	Load       *Load        `json:"load,omitempty"` // language models under load
	BoundBy    *Limit       `json:"bound_by,omitempty"`
	Memory     *Footprint   `json:"memory,omitempty"`
	Cost       *Cost        `json:"cost,omitempty"`
	Power      *Power       `json:"power,omitempty"`
	Basis      *Basis       `json:"basis,omitempty"`
	// Limits are the limits the answer was held against.
	Limits []slo.Verdict `json:"limits,omitempty"`
	// Unavailable says why there is no answer for this device: a format it lacks, a model that does not fit.
	Unavailable string   `json:"unavailable,omitempty"`
	Warnings    []string `json:"warnings,omitempty"`
}

// ModelInfo describes the model an answer is about. FLOPs and MACs are those of one execution at the bound batch;
// a language model has them per phase.
type ModelInfo struct {
	Name             string     `json:"name"`
	Parameters       float64    `json:"parameters"`
	ActiveParameters float64    `json:"active_parameters,omitempty"`
	WeightBytes      unit.Bytes `json:"weight_bytes"`
	FLOPs            unit.FLOPs `json:"flops,omitempty"`
	MACs             float64    `json:"macs,omitempty"`
	UnknownOps       []string   `json:"unknown_ops,omitempty"`
}

// Plan is how a model is spread over the devices of one replica, every degree said.
type Plan struct {
	TP int `json:"tp"`
	PP int `json:"pp"`
	EP int `json:"ep"`
	DP int `json:"dp"`
}

// Workload is what was asked of the machine.
type Workload struct {
	Batch       float64     `json:"batch,omitempty"`
	DType       dtype.DType `json:"dtype,omitzero"`
	ActDType    dtype.DType `json:"act_dtype,omitzero"`
	KVDType     dtype.DType `json:"kv_dtype,omitzero"`
	ISL         float64     `json:"isl,omitempty"`
	OSL         float64     `json:"osl,omitempty"`
	Context     float64     `json:"context,omitempty"`
	Concurrency float64     `json:"concurrency,omitempty"` // in flight; of a rate, on average
	Rate        float64     `json:"requests_per_s,omitempty"`
}

// String names the load: batch 8, or 32 users.
func (w Workload) String() string {
	switch {
	case w.Rate > 0:
		return unit.Number(w.Rate, 3) + " requests/s"
	case w.Concurrency == 1:
		return "1 user"
	case w.Concurrency > 0:
		return fmt.Sprintf("%.0f users", w.Concurrency)
	}
	return fmt.Sprintf("batch %.0f", w.Batch)
}

// Band is a time with its floor and its uncertainty: Low and High are the 10th and 90th percentile of measured
// residuals of the same class, see [Basis].
type Band struct {
	Bound    unit.Seconds `json:"bound"`
	Low      unit.Seconds `json:"low"`
	Expected unit.Seconds `json:"expected"`
	High     unit.Seconds `json:"high"`
}

// Throughput is what the whole deployment puts through.
type Throughput struct {
	Value     float64 `json:"value"`
	Unit      string  `json:"unit"`
	PerDevice float64 `json:"per_device"`
}

// Load is how much of what a deployment can take it is given.
type Load struct {
	Rate        float64      `json:"requests_per_s"`
	Capacity    float64      `json:"capacity_requests_per_s"`          // the most it can keep up with
	Utilization float64      `json:"utilization"`                      // load ÷ capacity, at most 1
	Stable      bool         `json:"stable"`                           // else the line grows without end, and there are no times
	Running     float64      `json:"running"`                          // requests in the machines at a time
	Wait        unit.Seconds `json:"wait_s,omitempty"`                 // for room in the cache, part of TTFT
	Goodput     *float64     `json:"goodput_requests_per_s,omitempty"` // the most at which the limits that were set are kept, arriving at a rate
}

// Simulated is what came of a simulation of the scheduler on the same step times.
type Simulated struct {
	Seed     uint64         `json:"seed"`
	Requests int            `json:"requests"`
	Rate     float64        `json:"requests_per_s"`
	Busy     float64        `json:"busy"` // share of the time the replicas worked
	TTFT     serving.Times  `json:"ttft_s"`
	TPOT     *serving.Times `json:"tpot_s,omitempty"`
	Latency  serving.Times  `json:"latency_s"`
	Within   *float64       `json:"within_limits,omitempty"`          // share of the requests that keep every limit
	Goodput  *float64       `json:"goodput_requests_per_s,omitempty"` // their rate
}

// Prefill is the work on one prompt, however the model is spread. TTFT includes queueing under load.
type Prefill struct {
	TTFT    Band         `json:"ttft_s"`
	P95     unit.Seconds `json:"ttft_p95_s,omitempty"` // over requests, expected
	P99     unit.Seconds `json:"ttft_p99_s,omitempty"`
	BoundBy Limit        `json:"bound_by"`
	FLOPs   unit.FLOPs   `json:"flops"`
	MACs    float64      `json:"macs"`
	Bytes   unit.Bytes   `json:"bytes"`
}

// Decode is the work of one decode step of all running sequences of a replica, however the model is spread.
type Decode struct {
	TPOT      Band         `json:"tpot_s"`
	P95       unit.Seconds `json:"tpot_p95_s,omitempty"` // over requests, expected
	P99       unit.Seconds `json:"tpot_p99_s,omitempty"`
	BoundBy   Limit        `json:"bound_by"`
	UserSpeed float64      `json:"tokens_per_s_per_user"`
	FLOPs     unit.FLOPs   `json:"flops"`
	MACs      float64      `json:"macs"`
	Bytes     unit.Bytes   `json:"bytes"`
}

// Footprint is the memory in use on each device. Total ÷ capacity is Ratio.
type Footprint struct {
	Weights     unit.Bytes `json:"weights_bytes"`
	KVCache     unit.Bytes `json:"kv_cache_bytes"`
	Activations unit.Bytes `json:"activation_bytes"`
	Reserved    unit.Bytes `json:"reserved_bytes"`
	Total       unit.Bytes `json:"total_bytes"`
	Capacity    unit.Bytes `json:"capacity_bytes,omitempty"` // absent: not known
	Nominal     bool       `json:"capacity_is_nominal,omitempty"`
	Ratio       float64    `json:"ratio,omitempty"`
	Fits        *bool      `json:"fits,omitempty"`
}

// Cost is what the deployment costs, all of it on each unit of Per.
type Cost struct {
	USDPerHour  unit.USDPerHour  `json:"usd_per_hour"`       // of a paid hour
	AtLeast     bool             `json:"at_least,omitempty"` // a component is missing
	Utilization float64          `json:"utilization"`        // share of the paid hours at the stated load
	Per         []CostPer        `json:"per"`                // first what devices are compared by
	Components  []cost.Component `json:"components"`
	BreakEven   *BreakEven       `json:"break_even,omitempty"`
	PriceAsOf   string           `json:"price_as_of,omitempty"`
	Source      string           `json:"source,omitempty"`
}

// BreakEven is when buying has cost no more than renting the same, see [cost.BreakEven].
type BreakEven struct {
	Months     float64         `json:"months"`
	AtLeast    bool            `json:"at_least,omitempty"` // a component of what is bought is missing
	USDPerHour unit.USDPerHour `json:"rent_usd_per_hour"`
	Source     string          `json:"source"` // of the rent
}

// Power is what the machines draw at the stated load, and the energy that goes into a unit of output: PUE included where
// the site's is known, hours without work not.
type Power struct {
	Watts     unit.Watts      `json:"watts"`
	WattHours float64         `json:"wh_per_unit"`
	Grams     float64         `json:"gco2_per_unit,omitempty"`
	Unit      string          `json:"unit"`
	Source    string          `json:"source,omitempty"`
	Status    hardware.Status `json:"status,omitempty"`
}

// CostPer is money per unit of output.
type CostPer struct {
	Unit  string   `json:"unit"`
	Value unit.USD `json:"value"`
}

// Basis says how much a band is worth.
type Basis struct {
	Class        string  `json:"class"`
	Measurements int     `json:"measurements"`
	Coverage     float64 `json:"coverage,omitempty"`
}

// plus returns the sum of two bands, part by part: their errors are taken to move together.
func (b Band) plus(o Band) Band {
	return Band{b.Bound + o.Bound, b.Low + o.Low, b.Expected + o.Expected, b.High + o.High}
}

func basis(b runtime.Band) *Basis {
	return &Basis{Class: b.Class, Measurements: b.Measurements, Coverage: b.Coverage}
}

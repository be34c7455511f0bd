package frontier

import (
	"math"

	"roofline/estimate"
	"roofline/hardware/unit"
)

// Objective is something an answer is judged by.
type Objective struct {
	Name string // as it is asked for
	Unit string // of Value: base units
	More bool   // is better; else less is
	// Value returns what is expected, Best the good end of the band; not a number where it is not known.
	Value, Best func(*estimate.Result) float64
}

// Objectives are all there are. Throughput moves against the time of a request or batch, and money and energy for a unit
// of output with it: their bands are that time's.
var Objectives = []Objective{
	{Name: "cost", Unit: "USD/unit", Value: cost, Best: func(r *estimate.Result) float64 { return cost(r) * quick(r) }},
	price.exact(),
	timed("ttft", func(r *estimate.Result) *estimate.Band {
		if r.Prefill == nil {
			return nil
		}
		return &r.Prefill.TTFT
	}),
	timed("tpot", perToken),
	timed("latency", func(r *estimate.Result) *estimate.Band { return r.Latency }),
	{Name: "throughput", Unit: "unit/s", More: true, Value: throughput, Best: func(r *estimate.Result) float64 { return throughput(r) / quick(r) }},
	{Name: "per-device", Unit: "unit/s", More: true, Value: perDevice, Best: func(r *estimate.Result) float64 { return perDevice(r) / quick(r) }},
	{Name: "speed", Unit: "token/s", More: true, Value: speed, Best: func(r *estimate.Result) float64 {
		if b := perToken(r); b != nil {
			return 1 / float64(b.Low)
		}
		return math.NaN()
	}},
	{Name: "energy", Unit: "J/unit", Value: energy, Best: func(r *estimate.Result) float64 { return energy(r) * quick(r) }},
	power.exact(),
	headroom.exact(),
	devices.exact(),
}

// Objectives without a band.
var (
	price = Objective{Name: "price", Unit: "USD/h", Value: func(r *estimate.Result) float64 {
		if r.Cost == nil {
			return math.NaN()
		}
		return float64(r.Cost.USDPerHour)
	}}
	power = Objective{Name: "power", Unit: "W", Value: func(r *estimate.Result) float64 {
		if r.Power == nil {
			return math.NaN()
		}
		return float64(r.Power.Watts)
	}}
	headroom = Objective{Name: "headroom", Unit: "B", More: true, Value: func(r *estimate.Result) float64 {
		if r.Memory == nil || r.Memory.Capacity == 0 {
			return math.NaN()
		}
		return float64(r.Memory.Capacity - r.Memory.Total)
	}}
	devices = Objective{Name: "devices", Value: func(r *estimate.Result) float64 { return float64(r.Count) }}
)

// exact is an objective without a band.
func (o Objective) exact() Objective {
	o.Best = o.Value
	return o
}

// timed is the objective of a time.
func timed(name string, band func(*estimate.Result) *estimate.Band) Objective {
	end := func(of func(*estimate.Band) unit.Seconds) func(*estimate.Result) float64 {
		return func(r *estimate.Result) float64 {
			if b := band(r); b != nil {
				return float64(of(b))
			}
			return math.NaN()
		}
	}
	return Objective{Name: name, Unit: "s", Value: end(func(b *estimate.Band) unit.Seconds { return b.Expected }),
		Best: end(func(b *estimate.Band) unit.Seconds { return b.Low })}
}

// cost returns the money for a unit of output: a million tokens or items.
func cost(r *estimate.Result) float64 {
	if r.Cost == nil || len(r.Cost.Per) == 0 {
		return math.NaN()
	}
	return float64(r.Cost.Per[0].Value)
}

func throughput(r *estimate.Result) float64 {
	if r.Throughput == nil {
		return math.NaN()
	}
	return r.Throughput.Value
}

func perDevice(r *estimate.Result) float64 {
	if r.Throughput == nil {
		return math.NaN()
	}
	return r.Throughput.PerDevice
}

func perToken(r *estimate.Result) *estimate.Band {
	if r.Decode == nil {
		return nil
	}
	return &r.Decode.TPOT
}

func speed(r *estimate.Result) float64 {
	if r.Decode == nil {
		return math.NaN()
	}
	return r.Decode.UserSpeed
}

// energy returns the joules for one token or item.
func energy(r *estimate.Result) float64 {
	if r.Power == nil {
		return math.NaN()
	}
	return r.Power.WattHours * unit.SecondsPerHour
}

// quick returns the low end of a request's or batch's time over what is expected of it.
func quick(r *estimate.Result) float64 {
	if r.Latency == nil {
		return math.NaN()
	}
	return float64(r.Latency.Low / r.Latency.Expected)
}

// Find returns the objective of a name, and all names.
func Find(name string) (Objective, []string, bool) {
	var names []string
	for _, o := range Objectives {
		if o.Name == name {
			return o, nil, true
		}
		names = append(names, o.Name)
	}
	return Objective{}, names, false
}

// Coordinates returns the values of an answer so that less is better, expected and at the good ends of their bands; ok is
// false where one is not known.
func Coordinates(r *estimate.Result, by []Objective) (expected, best []float64, ok bool) {
	expected, best = make([]float64, len(by)), make([]float64, len(by))
	for i, o := range by {
		expected[i], best[i] = o.Value(r), o.Best(r)
		if math.IsNaN(expected[i]) || math.IsNaN(best[i]) {
			return nil, nil, false
		}
		if o.More {
			expected[i], best[i] = -expected[i], -best[i]
		}
	}
	return expected, best, true
}

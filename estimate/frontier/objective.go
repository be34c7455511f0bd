package frontier

import (
	"math"

	"roofline/estimate"
	"roofline/hardware/unit"
)

// Objective is something an answer is judged by. Values are in base units, not a number where they are not known.
type Objective struct {
	Name string // as it is asked for
	Unit string
	More bool // is better; else less is
	// Value returns what is expected, Best and Worst the good and the bad end of its band.
	Value, Best, Worst func(*estimate.Result) float64
}

// Objectives are all there are. Throughput moves against the time of a request or batch, and money and energy for a unit
// of output with it: their bands are that time's.
var Objectives = []Objective{
	moving("cost", "USD/unit", false, cost),
	exact("price", "USD/h", false, price),
	timed("ttft", func(r *estimate.Result) *estimate.Band {
		if r.Prefill == nil {
			return nil
		}
		return &r.Prefill.TTFT
	}),
	timed("tpot", perToken),
	timed("latency", func(r *estimate.Result) *estimate.Band { return r.Latency }),
	moving("throughput", "unit/s", true, throughput),
	moving("per-device", "unit/s", true, perDevice),
	{Name: "speed", Unit: "token/s", More: true, Value: speed,
		Best:  func(r *estimate.Result) float64 { return 1 / end(perToken(r), low) },
		Worst: func(r *estimate.Result) float64 { return 1 / end(perToken(r), high) }},
	moving("energy", "J/unit", false, energy),
	exact("power", "W", false, power),
	exact("headroom", "B", true, headroom),
	exact("devices", "", false, func(r *estimate.Result) float64 { return float64(r.Count) }),
}

// exact is an objective without a band.
func exact(name, symbol string, more bool, of func(*estimate.Result) float64) Objective {
	return Objective{name, symbol, more, of, of, of}
}

// moving is an objective that moves with the time of a request or batch: rates against it.
func moving(name, symbol string, more bool, of func(*estimate.Result) float64) Objective {
	at := func(place func(*estimate.Band) unit.Seconds) func(*estimate.Result) float64 {
		return func(r *estimate.Result) float64 {
			factor := end(r.Latency, place) / end(r.Latency, expected)
			if more {
				factor = 1 / factor
			}
			return of(r) * factor
		}
	}
	return Objective{name, symbol, more, of, at(low), at(high)}
}

// timed is the objective of a time.
func timed(name string, of func(*estimate.Result) *estimate.Band) Objective {
	at := func(place func(*estimate.Band) unit.Seconds) func(*estimate.Result) float64 {
		return func(r *estimate.Result) float64 { return end(of(r), place) }
	}
	return Objective{name, "s", false, at(expected), at(low), at(high)}
}

// end returns a place of a band, not a number where there is no band.
func end(b *estimate.Band, place func(*estimate.Band) unit.Seconds) float64 {
	if b == nil {
		return math.NaN()
	}
	return float64(place(b))
}

func low(b *estimate.Band) unit.Seconds      { return b.Low }
func expected(b *estimate.Band) unit.Seconds { return b.Expected }
func high(b *estimate.Band) unit.Seconds     { return b.High }

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

// price returns the money for an hour.
func price(r *estimate.Result) float64 {
	if r.Cost == nil {
		return math.NaN()
	}
	return float64(r.Cost.USDPerHour)
}

// power returns the draw of all devices.
func power(r *estimate.Result) float64 {
	if r.Power == nil {
		return math.NaN()
	}
	return float64(r.Power.Watts)
}

// headroom returns the memory that is free on each device.
func headroom(r *estimate.Result) float64 {
	if r.Memory == nil || r.Memory.Capacity == 0 {
		return math.NaN()
	}
	return float64(r.Memory.Capacity - r.Memory.Total)
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

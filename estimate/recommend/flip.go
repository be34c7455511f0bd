package recommend

import "math"

// PriceFlip is the price of a device-hour below which an option would be the cheapest: that of the best, over the devices
// that are paid for. What is bought scales with the price of the machines only in part, so of it Share alone is meant.
type PriceFlip struct {
	Option *Option `json:"-"`
	Device string  `json:"device"`
	Count  int     `json:"count"`         // devices at work
	Below  float64 `json:"usd_per_hour"`  // of one device, idle ones paid for included
	Now    float64 `json:"now,omitempty"` // absent: it has no price
	Share  float64 `json:"share,omitempty"`
}

// PriceFlips returns for every device but the best what it would have to cost, those that are nearest first as far as they
// have prices.
func (a *Answer) PriceFlips() (out []PriceFlip) {
	best := a.Best()
	if best == nil {
		return nil
	}
	seen := map[string]bool{best.Result.Device: true}
	for _, o := range a.Options {
		if seen[o.Result.Device] {
			continue
		}
		seen[o.Result.Device] = true
		f := PriceFlip{Option: o, Device: o.Result.Device, Count: o.Result.Count, Below: best.USDPerHour() / o.paid()}
		if o.Priced() {
			f.Now, f.Share = o.USDPerHour()/o.paid(), best.USDPerHour()/o.USDPerHour()
		}
		out = append(out, f)
	}
	return out
}

// paid returns the devices that are paid for: those at work and those of whole machines that idle.
func (o *Option) paid() float64 { return float64(o.Result.Count + o.Target.Terms.Idle) }

// Slowdown is how many times as long as planned for everything on the best's device may take until another is cheaper.
type Slowdown struct {
	Factor float64 `json:"factor"`
	Then   *Option `json:"-"`
	Within bool    `json:"within_band"` // the band reaches so far
}

// farthest is how many times as long things are tried to take.
const farthest = 8

// Slowdown searches the factor by bisection to a tenth of a percent; nil where there is nothing that could take over.
func (a *Answer) Slowdown() *Slowdown {
	best, next := a.Best(), a.second()
	if best == nil || next == nil {
		return nil
	}
	loses := func(factor float64) bool {
		for i := range a.outcomes {
			o := &a.outcomes[i]
			if o.device == best.Result.Device && o.replica != nil && o.replica.cost(a.demand, view{a.demand.At, factor}) <= next.USDPerHour() {
				return false
			}
		}
		return true
	}
	low, high := 1.0, float64(farthest)
	if !loses(high) {
		return nil
	}
	for high-low > 0.001*low {
		if middle := (low + high) / 2; loses(middle) {
			high = middle
		} else {
			low = middle
		}
	}
	return &Slowdown{Factor: high, Then: next, Within: a.slowest(best.Result.Device) > next.USDPerHour()}
}

// second returns the cheapest option of another device than the best's.
func (a *Answer) second() *Option {
	for _, o := range a.Options {
		if o.Priced() && o.Result.Device != a.Options[0].Result.Device {
			return o
		}
	}
	return nil
}

// Measurement is what knowing a device exactly could do to the price of the answer: with all of the device's options at
// one end of their bands, and all others as expected.
type Measurement struct {
	Option   *Option `json:"-"` // what to measure: the best of the device, or what could become the best
	Device   string  `json:"device"`
	Cheapest float64 `json:"usd_per_hour_at_best"`
	Dearest  float64 `json:"usd_per_hour_at_worst"`
	Decides  bool    `json:"decides"` // at an end another device is the cheapest
}

// Measurement returns the measurement that narrows the price of the answer most, nil where the bands leave it as it is.
func (a *Answer) Measurement() *Measurement {
	best := a.Best()
	if best == nil {
		return nil
	}
	var widest *Measurement
	tried := map[string]bool{}
	for i := range a.outcomes {
		o := &a.outcomes[i]
		if o.option == nil && math.IsInf(o.atLow, 1) || tried[o.device] {
			continue
		}
		tried[o.device] = true
		m := a.measuring(o.device)
		if m != nil && (widest == nil || m.Dearest-m.Cheapest > widest.Dearest-widest.Cheapest) {
			widest = m
		}
	}
	return widest
}

// measuring returns what knowing a device could do; nil if nothing.
func (a *Answer) measuring(device string) *Measurement {
	best := a.Best()
	own := [2]float64{math.Inf(1), math.Inf(1)} // of the device at its low and high ends
	others := math.Inf(1)
	option, cheapest := (*Option)(nil), math.Inf(1)
	for i := range a.outcomes {
		o := &a.outcomes[i]
		if o.device != device {
			others = min(others, o.cost)
			continue
		}
		own[0], own[1] = min(own[0], o.atLow), min(own[1], o.atHigh)
		if o.option != nil && o.atLow < cheapest {
			option, cheapest = o.option, o.atLow
		}
	}
	if best.Result.Device == device {
		option = best
	}
	m := &Measurement{Option: option, Device: device, Cheapest: min(own[0], others), Dearest: min(own[1], others)}
	if math.IsInf(m.Dearest, 1) { // nothing else would do the job
		m.Dearest = best.USDPerHour()
	}
	if best.Result.Device == device {
		m.Decides = own[1] > others
	} else {
		m.Decides = own[0] < others
		m.Dearest = best.USDPerHour()
	}
	if option == nil || !(m.Dearest > m.Cheapest) {
		return nil
	}
	return m
}

// Settled reports whether rank 1 stays with the best's device even if it is at the slow end of its band and all others are
// at their fast ends.
func (a *Answer) Settled() bool {
	best := a.Best()
	if best == nil {
		return false
	}
	for i := range a.outcomes {
		if o := &a.outcomes[i]; o.device != best.Result.Device && o.atLow < a.slowest(best.Result.Device) {
			return false
		}
	}
	return true
}

// slowest returns what the cheapest option of a device costs at the slow end of its band.
func (a *Answer) slowest(device string) float64 {
	cost := math.Inf(1)
	for i := range a.outcomes {
		if o := &a.outcomes[i]; o.device == device {
			cost = min(cost, o.atHigh)
		}
	}
	return cost
}

// Spared returns the best with one replica more for the failure of one, nil where that is over the limits.
func (a *Answer) Spared() *Option {
	best := a.Best()
	if best == nil {
		return nil
	}
	d := *a.demand
	d.Spare++
	o, _ := best.replica.plan(&d, view{d.At, 1})
	return o
}

// Sure returns the cheapest option that does the job even at the slow end of its band, nil where there is none with a price.
func (a *Answer) Sure() *Option {
	cheapest := math.Inf(1)
	var r *replica
	for i := range a.outcomes {
		if o := &a.outcomes[i]; o.atHigh < cheapest {
			cheapest, r = o.atHigh, o.replica
		}
	}
	if r == nil {
		return nil
	}
	o, _ := r.plan(a.demand, view{High, 1})
	return o
}

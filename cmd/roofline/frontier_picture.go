package main

import (
	"fmt"
	"slices"
	"strings"

	"roofline/cmd/roofline/internal/show"
	"roofline/estimate/chart"
	"roofline/estimate/frontier"
	"roofline/hardware/unit"
)

// picture draws the first two objectives: the devices on the frontier first, then those that overlap it, as many as can be
// told apart.
func (f *front) picture(s *session, a *show.Answer, c *frontierCmd) *chart.Frontier {
	x, y := f.by[0], f.by[1]
	out := &chart.Frontier{Caption: s.caption(a, fmt.Sprintf("%s: %s against %s", f.space.loaded.Name(), f.measure(y).Name, f.measure(x).Name)),
		X: f.measure(x), Y: f.measure(y)}
	var devices []string
	add := func(i int) {
		if d := f.points[i].Device; !slices.Contains(devices, d) {
			devices = append(devices, d)
		}
	}
	for _, i := range append(slices.Clone(f.on), f.near...) {
		add(i)
	}
	for i := range f.points {
		add(i)
	}
	for _, d := range devices[:min(len(devices), mostCurves)] {
		out.Series = append(out.Series, f.series(d))
	}
	if more := len(devices) - len(out.Series); more > 0 {
		out.Notes = append(out.Notes, fmt.Sprintf("%d devices that are further from the frontier are not drawn.", more))
	}
	out.Limits = c.drawn(x, y)
	return out
}

// mostCurves is how many devices or combinations a picture tells apart.
const mostCurves = 8

// drawn returns the limits that an axis shows.
func (c *frontierCmd) drawn(x, y frontier.Objective) (l chart.Limits) {
	for _, limit := range c.SLO {
		most := float64(limit.Most)
		for axis, o := range []frontier.Objective{x, y} {
			lower, upper := 0.0, 0.0
			switch {
			case string(limit.Metric) == o.Name:
				upper = most
			case limit.Metric == "tpot" && o.Name == "speed":
				lower = 1 / most
			default:
				continue
			}
			if axis == 0 {
				l.XMin, l.XMax = lower, upper
			} else {
				l.YMin, l.YMax = lower, upper
			}
		}
	}
	return l
}

// series are the points of one device. Those its own beat are faint.
func (f *front) series(device string) chart.Series {
	s := chart.Series{Name: f.names[device]}
	var own [][]float64
	var at []int
	for i, e := range f.points {
		if e.Device == device {
			own, at = append(own, f.values[i][:2]), append(at, i)
		}
	}
	on := frontier.Pareto(own)
	for k, i := range at {
		e := f.points[i]
		_, isOn := slices.BinarySearch(on, k)
		label := ""
		if f.space.loaded.Language != nil {
			label = planned(e)
		}
		s.Points = append(s.Points, chart.Configuration{
			X: f.by[0].Value(e), Y: f.by[1].Value(e), XBand: f.band(0, i), YBand: f.band(1, i), Label: label, Dominated: !isOn,
		})
	}
	return s
}

// band is where a value of a point is between the ends of its band.
func (f *front) band(k, i int) chart.Band {
	a, b := f.by[k].Best(f.points[i]), f.by[k].Worst(f.points[i])
	return chart.Band{Low: min(a, b), High: max(a, b)}
}

// measure is an axis.
func (f *front) measure(o frontier.Objective) chart.Measure {
	item := f.space.counted()
	m := chart.Measure{Better: chart.Lower}
	if o.More {
		m.Better = chart.Higher
	}
	switch o.Name {
	case "cost":
		m.Name, m.Unit, m.Log = "cost", "$/M "+item, true
	case "price":
		m.Name, m.Unit = "cost", "$/h"
	case "ttft", "tpot":
		m.Name, m.Scales, m.Log = strings.ToUpper(o.Name), unit.TimeScales, true
	case "latency":
		m.Name, m.Scales, m.Log = "latency", unit.TimeScales, true
	case "throughput":
		m.Name, m.Unit = "throughput", item+"/s"
	case "per-device":
		m.Name, m.Unit = "throughput of a device", item+"/s"
	case "speed":
		m.Name, m.Unit = "speed for each user", "output tokens/s"
	case "energy":
		m.Name, m.Unit = "energy", "J per "+strings.TrimSuffix(item, "s")
	case "power":
		m.Name, m.Scales = "power", unit.WattScales
	case "headroom":
		m.Name, m.Scales = "free memory of a device", unit.MemoryScales
	default:
		m.Name = o.Name
	}
	return m
}

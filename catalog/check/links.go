package check

import (
	"fmt"

	"roofline/hardware"
)

// oneWay is what a device moves over links of a kind in one direction, in GB/s: all of its links of that kind, for PCIe
// 16 lanes.
var oneWay = map[string]float64{
	"nvlink1": 80, "nvlink2": 150, "nvlink3": 300, "nvlink4": 450, "nvlink5": 900, "nvlink6": 1800, "nvlink-c2c": 450,
	"pcie3": 15.75, "pcie4": 31.5, "pcie5": 63, "pcie6": 126, "pcie7": 252,
}

// oneWayXGMI is likewise of AMD's links, by architecture.
var oneWayXGMI = map[string]float64{"cdna": 138, "cdna2": 350, "cdna3": 448, "cdna4": 537.6}

// linkDirection finds links with both directions added up, as vendors print them.
func linkDirection(d *hardware.Device, s *scope) {
	for i, l := range d.Links {
		direction(l, d.Architecture, fmt.Sprintf("link.#%d.bandwidth", i), s)
	}
}

// fabricDirection is likewise for the fabric of a system, which vendors also add up over all devices.
func fabricDirection(y *hardware.System, s *scope) {
	if d := s.catalog.Device(y.Device); d != nil {
		direction(y.Link, d.Architecture, "link.bandwidth", s)
	}
}

func direction(l hardware.Link, architecture, field string, s *scope) {
	most := oneWay[l.Kind]
	if l.Kind == "xgmi" {
		most = oneWayXGMI[architecture]
	}
	got := float64(l.Bandwidth) / gigabyte
	if most == 0 || got <= most*(1+tolerance) {
		return
	}
	problem := fmt.Sprintf("%g GB/s is more than %s carries in one direction", got, l.Kind)
	want := fmt.Sprintf("at most %g GB/s", most)
	if got <= 2*most*(1+tolerance) {
		problem = fmt.Sprintf("%g GB/s is both directions of %s added up", got, l.Kind)
		want = fmt.Sprintf("%g GB/s", got/2)
	}
	s.found(field, problem, want)
}

// systemPower compares what a system draws with what its devices do.
func systemPower(y *hardware.System, s *scope) {
	d := s.catalog.Device(y.Device)
	if d == nil || y.Power.Max == 0 {
		return
	}
	if devices := float64(d.Power.TDP) * float64(y.Count); float64(y.Power.Max) < devices {
		s.found("power.max", fmt.Sprintf("%v is less than its devices draw", y.Power.Max),
			fmt.Sprintf("at least %d × %v = %.3g kW", y.Count, d.Power.TDP, devices/1000))
	}
}

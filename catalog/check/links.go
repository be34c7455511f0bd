package check

import (
	"fmt"
	"strings"

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

// contradiction compares what a file calls published with what the catalog knew before; a file's own measurements and
// assumptions may differ.
func contradiction(d *hardware.Device, s *scope) {
	before := s.before.Device(d.ID)
	if before == nil {
		return
	}
	known := map[string]hardware.Field{}
	for _, f := range hardware.Fields(before) {
		known[f.Name] = f
	}
	for _, f := range hardware.Fields(d) {
		b, ok := known[f.Name]
		if !ok || !comparable(f.Name) || !(b.Number > 0) || near(f.Number, b.Number, contradictionTolerance) || !stated(d, f.Name) {
			continue
		}
		o := before.Of(f.Name)
		s.found(place(d, f.Name), fmt.Sprintf("%s is %.3g × %s of the catalog (%s, %s)%s", exact(f), f.Number/b.Number, exact(b), o.Source, o.Status, trap(f.Name, f.Number/b.Number)), exact(b))
	}
}

const contradictionTolerance = 0.03

// comparable reports whether a field is one that a datasheet settles.
func comparable(field string) bool {
	table, _, _ := strings.Cut(field, ".")
	switch table {
	case "memory", "matrix", "matrix-fp16-accumulate", "vector", "link", "cores", "power", "cache":
		return true
	}
	return false
}

// stated reports whether the value of a field is called published by whoever wrote it last.
func stated(d *hardware.Device, field string) bool { return d.Of(field).Status == hardware.Published }

// place returns where a field is written: link.nvlink4 in the list of links.
func place(d *hardware.Device, field string) string {
	kind, ok := strings.CutPrefix(field, "link.")
	for i, l := range d.Links {
		if ok && l.Kind == kind {
			return fmt.Sprintf("link.#%d.bandwidth", i)
		}
	}
	return field
}

// trap names the usual reason for a factor between two figures.
func trap(field string, factor float64) string {
	table, _, _ := strings.Cut(field, ".")
	switch {
	case (table == "matrix" || table == "vector") && near(factor, 2, tolerance):
		return ": with 2:4 sparsity, of a narrower format or of two devices?"
	case table == "link" && near(factor, 2, tolerance):
		return ": both directions?"
	case table == "memory" && near(factor, 1.024*1.024*1.024, 0.005):
		return ": GB taken for GiB?"
	case table == "memory" && near(factor, 1/(1.024*1.024*1.024), 0.005):
		return ": GiB taken for GB?"
	case near(factor, 8, tolerance) || near(factor, 0.125, tolerance):
		return ": bits for bytes?"
	}
	return ""
}

// exact prints a value so that close figures differ.
func exact(f hardware.Field) string {
	table, rest, _ := strings.Cut(f.Name, ".")
	switch {
	case table == "memory" && rest != "bandwidth" || table == "cache":
		return fmt.Sprintf("%.5g GB", f.Number/gigabyte)
	case table == "link" || rest == "bandwidth":
		return fmt.Sprintf("%.5g GB/s", f.Number/gigabyte)
	case table == "matrix" || table == "vector" || table == "matrix-fp16-accumulate":
		return fmt.Sprintf("%.5g TFLOP/s", f.Number/1e12)
	}
	return f.String()
}

package check

import (
	"fmt"
	"strings"

	"roofline/hardware"
	"roofline/hardware/unit"
)

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
		if !ok && strings.HasPrefix(f.Name, "matrix.") && before.Matrix != (hardware.Rates{}) && stated(d, f.Name) {
			s.found(f.Name, fmt.Sprintf("%s, but the catalog (%s) knows no such rate of it: is it of another format, or of the vector units?", exact(f), before.Source), "")
		}
		if !ok || !comparable(f.Name) || !(b.Number > 0) || near(f.Number, b.Number, contradictionTolerance) || !stated(d, f.Name) {
			continue
		}
		o := before.Of(f.Name)
		source, _, _ := strings.Cut(o.Source, ";") // the first of them will do
		s.found(place(d, f.Name), fmt.Sprintf("%s is %.3g × %s of the catalog (%s, %s)%s", exact(f), f.Number/b.Number, exact(b), source, o.Status, trap(f.Name, f.Number/b.Number)), exact(b))
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
	case f.Name == "memory.capacity":
		return mebibytes(unit.Bytes(f.Number))
	case table == "memory" && rest != "bandwidth" || table == "cache":
		return fmt.Sprintf("%.5g GB", f.Number/gigabyte)
	case table == "link" || rest == "bandwidth":
		return fmt.Sprintf("%.5g GB/s", f.Number/gigabyte)
	case table == "matrix" || table == "vector" || table == "matrix-fp16-accumulate":
		return fmt.Sprintf("%.5g TFLOP/s", f.Number/1e12)
	}
	return f.String()
}

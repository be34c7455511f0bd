package check

import (
	"fmt"
	"math"
	"strings"

	"roofline/hardware"
	"roofline/hardware/dtype"
	"roofline/hardware/unit"
)

// derivedPeak compares rates with what the cores can do.
func derivedPeak(d *hardware.Device, s *scope) {
	v, _ := variant(d)
	for _, f := range dtype.Arithmetics {
		want, got := derived(d, f), d.Matrix[f]
		if want > 0 && got > 0 && !near(float64(got), float64(want), tolerance) && !looksSparse(d, f) {
			s.found("matrix."+f.String(), fmt.Sprintf("%s is %.2f × %d cores × %g a clock × %v", rate(got), float64(got/want), d.Cores.Count, v[f], clock(d, false)),
				fmt.Sprintf("%s, or the cores and the clock that give it", rate(want)))
		}
	}
	perClock := designs[d.Architecture].vector
	want := unit.FLOPRate(float64(d.Cores.Count) * perClock * float64(clock(d, true)))
	if got := d.Vector[dtype.FP32]; want > 0 && got > 0 && !near(float64(got), float64(want), tolerance) {
		s.found("vector.fp32", fmt.Sprintf("%s is %.2f × %d cores × %g a clock × %v", rate(got), float64(got/want), d.Cores.Count, perClock, clock(d, true)),
			fmt.Sprintf("%s, or the cores and the clock that give it", rate(want)))
	}
}

// sparsePeak finds rates that need 2:4 sparsity: vendors print them first. Where cores or clock are not known, a device
// of the same architecture with the same memory bandwidth tells.
func sparsePeak(d *hardware.Device, s *scope) {
	for _, f := range dtype.Arithmetics {
		switch dense := mostOf(d, f); {
		case looksSparse(d, f):
			s.found("matrix."+f.String(), fmt.Sprintf("%s is %.2f × what the cores can do", rate(d.Matrix[f]), float64(d.Matrix[f]/dense)),
				fmt.Sprintf("%s dense: the other is with 2:4 sparsity, or of a narrower format", rate(dense)))
		case dense == 0 && d.Matrix[f] > 0:
			if sibling := s.sibling(d); sibling != nil && near(float64(d.Matrix[f]), 2*float64(sibling.Matrix[f]), tolerance) {
				s.found("matrix."+f.String(), fmt.Sprintf("%s is twice that of %s, which is as fast in memory", rate(d.Matrix[f]), sibling.ID),
					fmt.Sprintf("%s, if the other is with 2:4 sparsity", rate(d.Matrix[f]/2)))
			}
		}
	}
}

// sibling returns the device of the same architecture whose memory bandwidth is nearest, within 10 %.
func (s *scope) sibling(d *hardware.Device) *hardware.Device {
	var best *hardware.Device
	off := 0.1
	for i := range s.catalog.Devices {
		o := &s.catalog.Devices[i]
		if o.ID == d.ID || d.Architecture == "" || o.Architecture != d.Architecture {
			continue
		}
		if x := math.Abs(float64(o.Memory.Bandwidth/d.Memory.Bandwidth) - 1); x < off {
			best, off = o, x
		}
	}
	return best
}

// rate prints a rate so that close figures differ.
func rate(r unit.FLOPRate) string { return unit.Number(float64(r)/1e12, 4) + " TFLOP/s" }

func looksSparse(d *hardware.Device, f dtype.DType) bool {
	most, got := mostOf(d, f), d.Matrix[f]
	return most > 0 && got >= 1.5*most && got <= 2.2*most
}

// ratioTolerance is how far the ratio of two rates may be from that of the architecture: each is rounded on its own.
const ratioTolerance = 0.1

// formatRatio compares rates with each other, where cores and clock don't say what they can be.
func formatRatio(d *hardware.Device, s *scope) {
	base := dtype.BF16
	if d.Matrix[base] == 0 {
		base = dtype.FP16
	}
	if d.Matrix[base] == 0 {
		return
	}
	v, _ := variant(d)
	for _, f := range dtype.Arithmetics {
		if d.Matrix[f] == 0 || derived(d, f) > 0 {
			continue
		}
		ratio := float64(d.Matrix[f] / d.Matrix[base])
		low, high := 0.0, most[f]
		if v[f] > 0 && v[base] > 0 {
			low, high = (1-ratioTolerance)*v[f]/v[base], (1+ratioTolerance)*v[f]/v[base]
		}
		if high > 0 && (ratio < low || ratio > high) {
			s.found("matrix."+f.String(), fmt.Sprintf("%s is %.3g × the %s of %v", rate(d.Matrix[f]), ratio, rate(d.Matrix[base]), base), wantedRatio(d, f, base, v))
		}
	}
}

// most is how many times the rate of bf16 a format reaches on any design: 1 % is for rounding.
var most = perClock{dtype.TF32: 0.51, dtype.BF16: 1.01, dtype.FP16: 1.01, dtype.FP8: 2.03, dtype.FP6: 4.05, dtype.FP4: 6.4, dtype.INT8: 4.05, dtype.INT4: 8.1}

func wantedRatio(d *hardware.Device, f, base dtype.DType, v perClock) string {
	if v[f] > 0 && v[base] > 0 {
		ratio := v[f] / v[base]
		return fmt.Sprintf("%s: %s does %v at %.3g × %v", rate(unit.FLOPRate(ratio*float64(d.Matrix[base]))), d.Architecture, f, ratio, base)
	}
	return fmt.Sprintf("at most %.3g ×: is it with 2:4 sparsity, or of another format?", most[f])
}

// accumulateRate finds GeForce cards with the rates of 16-bit accumulation, which frameworks do not use.
func accumulateRate(d *hardware.Device, s *scope) {
	variants := designs[d.Architecture].matrix
	if !geForce(d) || len(variants) < 2 {
		return
	}
	for _, f := range []dtype.DType{dtype.BF16, dtype.FP16, dtype.FP8} {
		full, half, got := variants[0], variants[1], float64(d.Matrix[f])
		if full[f] == 0 || got == 0 {
			continue
		}
		reference := float64(d.Cores.Count) * float64(clock(d, false))
		if int8 := d.Matrix[dtype.INT8]; reference == 0 && full[dtype.INT8] > 0 {
			reference = float64(int8) / full[dtype.INT8] // int8 is never halved
		}
		if reference > 0 && near(got, full[f]*reference, ratioTolerance) {
			s.found("matrix."+f.String(), fmt.Sprintf("%s is the rate with 16-bit accumulation, which frameworks do not use", rate(d.Matrix[f])),
				fmt.Sprintf("%s, and the other under matrix-fp16-accumulate", rate(unit.FLOPRate(half[f]*reference))))
		}
	}
	for f, full := range d.MatrixFP16 {
		if half := d.Matrix[f]; full > 0 && half > 0 && !near(float64(full), 2*float64(half), 0.02) {
			s.found("matrix-fp16-accumulate."+dtype.DType(f).String(), fmt.Sprintf("%s is %.2f × the rate with 32-bit accumulation", rate(full), float64(full/half)), rate(2*half))
		}
	}
}

// geForce reports whether a device is a card for games, whatever the catalog file calls it.
func geForce(d *hardware.Device) bool {
	if strings.Contains(strings.ToLower(d.Name), "geforce") {
		return true
	}
	_, model, ok := strings.Cut(d.ID, "rtx-")
	return ok && len(model) >= 4 && strings.Trim(model[:4], "0123456789") == "" && model[2:4] >= "50" && model[0] >= '2' && model[0] <= '5' && model[:4] != "6000" && !strings.Contains(d.ID, "ada")
}

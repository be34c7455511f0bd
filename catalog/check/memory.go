package check

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"roofline/hardware"
	"roofline/hardware/unit"
)

const gigabyte = 1e9

// memoryUnit finds labels given as what the driver reports: drivers count in MiB, and no memory is a round number of GB.
func memoryUnit(d *hardware.Device, s *scope) {
	c := float64(d.Memory.Capacity)
	if c > 0 && math.Mod(c, gigabyte) == 0 && math.Mod(c, float64(unit.MiB)) != 0 {
		want := fmt.Sprintf(`what the driver reports in MiB, or nominal = "%g GB"`, c/gigabyte)
		if before := s.before.Device(d.ID); before != nil && before.Memory.Capacity > 0 {
			want = mebibytes(before.Memory.Capacity) + ", as the driver reports"
		}
		s.found("memory.capacity", fmt.Sprintf("%g GB is a label", c/gigabyte), want)
	}
}

func mebibytes(b unit.Bytes) string { return fmt.Sprintf("%g MiB", math.Round(float64(b/unit.MiB))) }

// leastReported is the share of a label, read as GiB, that the driver leaves at least: ECC on GDDR6 takes 6 %.
const leastReported = 0.9

// reportedMemory compares what the driver reports with the label. Labels in GB are mostly GiB.
func reportedMemory(d *hardware.Device, s *scope) {
	if d.Memory.Capacity == 0 || d.Memory.Nominal == 0 {
		return
	}
	label := d.Memory.Nominal // in GiB
	if math.Mod(float64(label), float64(unit.GiB)) != 0 {
		label = d.Memory.Nominal / gigabyte * unit.GiB
	}
	if share := float64(d.Memory.Capacity / label); share > 1.001 || share < leastReported {
		s.found("memory.capacity", fmt.Sprintf("%s is %.0f %% of a label of %g", mebibytes(d.Memory.Capacity), 100*share, float64(label/unit.GiB)),
			fmt.Sprintf("between %s and %s", mebibytes(leastReported*label), mebibytes(label)))
	}
}

var capacityInName = regexp.MustCompile(`(?i)\b(\d+) ?GB\b`)

// memoryLabel compares the capacity in the name or the id with that of the device.
func memoryLabel(d *hardware.Device, s *scope) {
	m := capacityInName.FindStringSubmatch(strings.ReplaceAll(d.ID, "-", " "))
	if m == nil {
		m = capacityInName.FindStringSubmatch(d.Name)
	}
	if m == nil || d.Memory.Nominal == 0 {
		return
	}
	label, _ := strconv.ParseFloat(m[1], 64)
	if n := float64(d.Memory.Nominal); !near(n, label*gigabyte, 0.01) && !near(n, label*float64(unit.GiB), 0.01) {
		s.found("memory.nominal", fmt.Sprintf("%.3g GB, but the name says %g", n/gigabyte, label), fmt.Sprintf("%g GB", label))
	}
}

// fastest is the bandwidth that the widest memory of a kind has reached, in GB/s: nobody builds more of it around one
// device. A rate twice as high counts both edges of the clock, or both directions.
var fastest = map[string]float64{
	"GDDR5": 500, "GDDR5X": 550, "GDDR6": 1000, "GDDR6X": 1150, "GDDR7": 1900,
	"LPDDR4": 150, "LPDDR4x": 600, "LPDDR5": 1100, "LPDDR5X": 1100,
	"HBM": 520, "HBM2": 1400, "HBM2e": 3800, "HBM3": 5700, "HBM3e": 8200, "HBM4": 30000,
}

var ddr = regexp.MustCompile(`^(\d+)ch DDR\d-(\d+)$`)

// memoryBandwidth compares the bandwidth with what the kind of memory can have.
func memoryBandwidth(d *hardware.Device, s *scope) {
	got := float64(d.Memory.Bandwidth) / gigabyte
	if m := ddr.FindStringSubmatch(d.Memory.Kind); m != nil {
		channels, _ := strconv.ParseFloat(m[1], 64)
		rate, _ := strconv.ParseFloat(m[2], 64)
		if want := channels * 8 * rate / 1000; !near(got, want, tolerance) {
			s.found("memory.bandwidth", fmt.Sprintf("%g GB/s is not that of %s", got, d.Memory.Kind), fmt.Sprintf("%g GB/s: %s channels × 8 bytes × %s MT/s", want, m[1], m[2]))
		}
		return
	}
	kind, _, _ := strings.Cut(d.Memory.Kind, " ")
	if most := fastest[kind]; most > 0 && got > most {
		s.found("memory.bandwidth", fmt.Sprintf("%g GB/s is more than %s has on any device", got, kind),
			fmt.Sprintf("at most %g GB/s: is it twice the rate, or of two devices?", most))
	}
}

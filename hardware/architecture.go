package hardware

import (
	"roofline/hardware/dtype"
	"roofline/hardware/unit"
)

// Architecture holds what devices of one design have in common and their datasheets don't say: how much of the peaks
// real kernels sustain. A device never measured takes these.
type Architecture struct {
	ID         string     `toml:"-"`
	Name       string     `toml:"name"`
	Efficiency Efficiency `toml:"efficiency"`
	Source     string     `toml:"source"`
	Origins    Origins    `toml:"sources"`
}

// Fractions are shares of a peak by arithmetic format, indexed by dtype.DType; 0 means not given.
type Fractions [dtype.ArithmeticCount]float64

// Efficiency says what large, well-shaped kernels reach on a device.
type Efficiency struct {
	// Sustained is the share of the dense peak that large matrix products reach; Default for formats not listed.
	Sustained Fractions `toml:"sustained"`
	Default   float64   `toml:"sustained-default"`
	// Bandwidth is the share of the memory bandwidth that large transfers reach.
	Bandwidth float64 `toml:"bandwidth"`
	// KernelFloor is the shortest time a kernel takes, launch latency hidden or not.
	KernelFloor unit.Seconds `toml:"kernel-floor"`
}

// Of returns the sustained share of the peak in format f.
func (e *Efficiency) Of(f dtype.DType) float64 {
	if int(f) < len(e.Sustained) && e.Sustained[f] > 0 {
		return e.Sustained[f]
	}
	return e.Default
}

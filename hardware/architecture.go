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
	// Sustained is the share of the dense peak that large matrix products reach; Default for formats not listed, a little
	// above 1 where devices run above the clock at which their peak is listed.
	Sustained Fractions `toml:"sustained"`
	Default   float64   `toml:"sustained-default"`
	// Bandwidth is the share of the memory bandwidth that large transfers reach.
	Bandwidth float64 `toml:"bandwidth"`
	// CacheBandwidth is that of the last-level cache as a multiple of the memory's; 0: not known, taken to be the memory's.
	CacheBandwidth float64 `toml:"cache-bandwidth"`
	// KernelFloor is the shortest time a kernel takes, launch latency hidden or not.
	KernelFloor unit.Seconds `toml:"kernel-floor"`
	// Exponentials is how many exponentials a core computes per cycle: what softmax needs beside products. 0: not known.
	Exponentials float64 `toml:"exponentials"`
	// Asynchronous says that the matrix units multiply while the core goes on with other instructions, such as those
	// exponentials: wgmma of NVIDIA's Hopper and tcgen05 of Blackwell, as FlashAttention-3 uses them (J. Shah et al., 2024).
	Asynchronous bool `toml:"asynchronous"`
}

// Or returns e with the values of defaults where e has none: a device's efficiency over its architecture's.
func (e Efficiency) Or(defaults Efficiency) Efficiency {
	if e.Default == 0 {
		e.Default = defaults.Default
	}
	if e.Bandwidth == 0 {
		e.Bandwidth = defaults.Bandwidth
	}
	if e.CacheBandwidth == 0 {
		e.CacheBandwidth = defaults.CacheBandwidth
	}
	if e.KernelFloor == 0 {
		e.KernelFloor = defaults.KernelFloor
	}
	if e.Exponentials == 0 {
		e.Exponentials = defaults.Exponentials
	}
	e.Asynchronous = e.Asynchronous || defaults.Asynchronous
	for f := range e.Sustained {
		if e.Sustained[f] == 0 {
			e.Sustained[f] = defaults.Sustained[f]
		}
	}
	return e
}

// Of returns the sustained share of the peak in format f.
func (e *Efficiency) Of(f dtype.DType) float64 {
	if int(f) < len(e.Sustained) && e.Sustained[f] > 0 {
		return e.Sustained[f]
	}
	return e.Default
}

// LinkKind holds what links of one kind have in common and their datasheets don't say: the latency of a step in which all
// devices write to each other, the share of the bandwidth large messages reach, and how much of a message goes around a
// ring at half of that before it does.
type LinkKind struct {
	ID      string       `toml:"-"`
	Latency unit.Seconds `toml:"latency"`
	Share   float64      `toml:"share"`
	Ramp    unit.Bytes   `toml:"ramp"`
	Source  string       `toml:"source"`
	Status  Status       `toml:"status"`
}

package check

import (
	"math"

	"roofline/hardware"
	"roofline/hardware/dtype"
	"roofline/hardware/unit"
)

// perClock is how many operations a core (streaming multiprocessor, compute unit …) does per clock, dense, by number
// format; a multiply-accumulate is two.
type perClock [dtype.ArithmeticCount]float64

// design is what an architecture can do: its matrix units in one or several variants, and its vector units in fp32.
type design struct {
	matrix []perClock // the full rate first
	vector float64
}

// designs by architecture. Sources: architecture white papers, and the rates of the catalog's own published devices,
// which each row reproduces. Where graphics cards accumulate at half rate, the second variant is theirs; Ada has a
// third, of the L20 and L40, which run everything at half rate.
var designs = map[string]design{
	"volta":  {[]perClock{{dtype.FP16: 1024}}, 128},
	"turing": {[]perClock{{dtype.FP16: 1024, dtype.INT8: 2048, dtype.INT4: 4096}, {dtype.FP16: 512, dtype.INT8: 2048, dtype.INT4: 4096}}, 128},
	"pascal": {nil, 256},
	"ampere": {[]perClock{{dtype.FP64: 128, dtype.TF32: 1024, dtype.BF16: 2048, dtype.FP16: 2048, dtype.INT8: 4096, dtype.INT4: 8192}}, 128},
	"ampere-ga10x": {[]perClock{
		{dtype.TF32: 512, dtype.BF16: 1024, dtype.FP16: 1024, dtype.INT8: 2048, dtype.INT4: 4096},
		{dtype.TF32: 256, dtype.BF16: 512, dtype.FP16: 512, dtype.INT8: 2048, dtype.INT4: 4096}}, 256},
	"ampere-tegra": {[]perClock{{dtype.TF32: 1024, dtype.BF16: 2048, dtype.FP16: 2048, dtype.INT8: 4096}}, 256},
	"ada": {[]perClock{
		{dtype.TF32: 512, dtype.BF16: 1024, dtype.FP16: 1024, dtype.FP8: 2048, dtype.INT8: 2048, dtype.INT4: 4096},
		{dtype.TF32: 256, dtype.BF16: 512, dtype.FP16: 512, dtype.FP8: 1024, dtype.INT8: 2048, dtype.INT4: 4096},
		{dtype.TF32: 256, dtype.BF16: 512, dtype.FP16: 512, dtype.FP8: 1024, dtype.INT8: 1024, dtype.INT4: 2048}}, 256},
	"hopper":          {[]perClock{{dtype.TF32: 2048, dtype.BF16: 4096, dtype.FP16: 4096, dtype.FP8: 8192, dtype.INT8: 8192}}, 256},
	"blackwell":       {[]perClock{{dtype.TF32: 4096, dtype.BF16: 8192, dtype.FP16: 8192, dtype.FP8: 16384, dtype.FP6: 16384, dtype.FP4: 32768, dtype.INT8: 16384}}, 256},
	"blackwell-ultra": {[]perClock{{dtype.TF32: 4096, dtype.BF16: 8192, dtype.FP16: 8192, dtype.FP8: 16384, dtype.FP6: 16384, dtype.FP4: 49152, dtype.INT8: 512}}, 256},
	"blackwell-gb20x": {[]perClock{
		{dtype.TF32: 512, dtype.BF16: 1024, dtype.FP16: 1024, dtype.FP8: 2048, dtype.FP4: 4096, dtype.INT8: 2048},
		{dtype.TF32: 256, dtype.BF16: 512, dtype.FP16: 512, dtype.FP8: 1024, dtype.FP4: 4096, dtype.INT8: 2048}}, 256},
	"blackwell-tegra": {[]perClock{ // Thor, Spark
		{dtype.BF16: 8192, dtype.FP16: 8192, dtype.FP8: 16384, dtype.FP4: 32768, dtype.INT8: 16384},
		{dtype.BF16: 1024, dtype.FP16: 1024, dtype.FP8: 2048, dtype.FP4: 4096, dtype.INT8: 2048}}, 256},
	"cdna":            {[]perClock{{dtype.BF16: 512, dtype.FP16: 1024, dtype.INT8: 1024}}, 128},
	"cdna2":           {[]perClock{{dtype.FP64: 256, dtype.BF16: 1024, dtype.FP16: 1024, dtype.INT8: 1024}}, 128},
	"cdna3":           {[]perClock{{dtype.FP64: 256, dtype.TF32: 1024, dtype.BF16: 2048, dtype.FP16: 2048, dtype.FP8: 4096, dtype.INT8: 4096}}, 256},
	"cdna4":           {[]perClock{{dtype.FP64: 128, dtype.BF16: 4096, dtype.FP16: 4096, dtype.FP8: 8192, dtype.FP6: 16384, dtype.FP4: 16384, dtype.INT8: 8192}}, 256},
	"rdna3":           {[]perClock{{dtype.BF16: 512, dtype.FP16: 512, dtype.INT8: 512, dtype.INT4: 1024}}, 256},
	"rdna4":           {[]perClock{{dtype.BF16: 1024, dtype.FP16: 1024, dtype.FP8: 2048, dtype.INT8: 2048, dtype.INT4: 4096}}, 256},
	"xe-hpc":          {[]perClock{{dtype.TF32: 2048, dtype.BF16: 4096, dtype.FP16: 4096, dtype.INT8: 8192}}, 256},
	"xe-hpg":          {[]perClock{{dtype.BF16: 2048, dtype.FP16: 2048, dtype.INT8: 4096, dtype.INT4: 8192}}, 256},
	"xe2-hpg":         {[]perClock{{dtype.BF16: 2048, dtype.FP16: 2048, dtype.INT8: 4096, dtype.INT4: 8192}}, 256},
	"gaudi2":          {[]perClock{{dtype.BF16: 131072, dtype.FP8: 262144}}, 0},
	"gaudi3":          {[]perClock{{dtype.BF16: 131072, dtype.FP8: 131072}}, 0},
	"blackhole":       {[]perClock{{dtype.BF16: 2048, dtype.FP8: 4096}}, 0},
	"wormhole":        {[]perClock{{dtype.BF16: 1024, dtype.FP16: 1024}}, 0},
	"sapphire-rapids": {[]perClock{{dtype.BF16: 1024, dtype.INT8: 2048}}, 64},
	"emerald-rapids":  {[]perClock{{dtype.BF16: 1024, dtype.INT8: 2048}}, 64},
	"granite-rapids":  {[]perClock{{dtype.BF16: 1024, dtype.INT8: 2048}}, 64},
	"cascade-lake":    {nil, 64},
	"ice-lake":        {nil, 64},
	"zen3":            {nil, 32},
	"zen4":            {nil, 32},
	"zen5":            {nil, 64},
	"zen5c":           {nil, 64},
	"neoverse-v1":     {[]perClock{{dtype.BF16: 128, dtype.INT8: 256}}, 32},
	"neoverse-v2":     {[]perClock{{dtype.BF16: 128, dtype.INT8: 256}}, 32},
}

// tolerance is how far a rate may be from what follows from the cores: clocks are rounded.
const tolerance = 0.05

func near(a, b, tolerance float64) bool { return math.Abs(a-b) <= tolerance*b }

// variant returns the variant of a device's architecture that most of its rates agree with: by cores and clock where they
// are known, else by the ratios between them.
func variant(d *hardware.Device) (v perClock, ok bool) {
	best := -1
	for _, candidate := range designs[d.Architecture].matrix {
		if agree := agreement(d, &candidate); agree > best {
			v, best = candidate, agree
		}
	}
	return v, best >= 0
}

// agreement counts the rates of a device that a variant explains, and the ratios between them.
func agreement(d *hardware.Device, v *perClock) int {
	agree := 0
	perOperation := float64(d.Cores.Count) * float64(clock(d, false))
	for f := range v {
		if perOperation > 0 && v[f] > 0 && near(float64(d.Matrix[f]), v[f]*perOperation, tolerance) {
			agree++
		}
		for g := range f {
			if v[f] > 0 && v[g] > 0 && d.Matrix[f] > 0 && d.Matrix[g] > 0 && near(float64(d.Matrix[f]/d.Matrix[g]), v[f]/v[g], ratioTolerance) {
				agree++
			}
		}
	}
	return agree
}

// clock returns what a device's matrix units run at; for the vector units of anything but a CPU the boost clock counts.
func clock(d *hardware.Device, vector bool) unit.Hertz {
	if d.Cores.TensorClock > 0 && (!vector || d.Kind == hardware.CPU) {
		return d.Cores.TensorClock
	}
	return d.Cores.BoostClock
}

// derived returns the rate that cores × operations per clock × clock give; 0 where one of them is not known.
func derived(d *hardware.Device, f dtype.DType) unit.FLOPRate {
	v, ok := variant(d)
	if !ok {
		return 0
	}
	return unit.FLOPRate(float64(d.Cores.Count) * v[f] * float64(clock(d, false)))
}

// mostOf returns the highest dense rate of a device in a format: the full rate of its architecture.
func mostOf(d *hardware.Device, f dtype.DType) unit.FLOPRate {
	variants := designs[d.Architecture].matrix
	if len(variants) == 0 {
		return 0
	}
	return unit.FLOPRate(float64(d.Cores.Count) * variants[0][f] * float64(clock(d, false)))
}

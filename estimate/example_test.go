package estimate_test

import (
	"fmt"

	"roofline/catalog"
	"roofline/estimate"
	"roofline/hardware"
	"roofline/hardware/dtype"
	"roofline/model"
	"roofline/model/transformer"
	"roofline/model/zoo"
)

// A device needs no more than its datasheet. One matrix product of 4096³ in bf16 has 2 · 4096³ = 137.4 GFLOP and moves
// 3 · 4096² · 2 bytes = 100.7 MB: at 1 PFLOP/s and 4 TB/s that is 137 µs against 25 µs, so it is limited by computing.
func ExampleMachine_Op() {
	devices, err := hardware.DecodeDevices("mine.toml", []byte(`
[acme-one]
name   = "Acme One"
kind   = "gpu"
memory = { capacity = "96 GiB", bandwidth = "4 TB/s" }
matrix = { bf16 = "1000 TFLOP/s" }
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	ideal := catalog.Default().Runtime("ideal")
	machine, err := estimate.NewMachine(&devices[0], hardware.Efficiency{}, ideal, dtype.BF16)
	if err != nil {
		fmt.Println(err)
		return
	}
	const n = 4096
	product := model.Work{Class: model.MatMul, Format: dtype.BF16, Count: 1, Groups: 1, M: n, N: n, K: n,
		MACs: n * n * n, FLOPs: 2 * n * n * n, Weights: 2 * n * n, Read: 2 * n * n, Write: 2 * n * n}
	t := machine.Op(&product)
	fmt.Printf("%s, limited by %s\n", t.Total, t.Limit)
	// Output: 137 µs, limited by compute
}

// A language model under load. With the runtime "ideal" nothing but the datasheet counts: decoding reads the weights
// and the KV cache once a step.
func ExampleLanguage_Estimate() {
	known := catalog.Default()
	device, err := known.Find("h100-sxm")
	if err != nil {
		fmt.Println(err)
		return
	}
	entry, _ := zoo.FindLanguage("meta-llama/Llama-3.1-8B")
	llama, err := entry.Model()
	if err != nil {
		fmt.Println(err)
		return
	}
	target := &estimate.Target{Device: device, Efficiency: known.Efficiency(device), Runtime: known.Runtime("ideal"), Count: 1}
	language, err := estimate.NewLanguage(llama, target, transformer.Formats{})
	if err != nil {
		fmt.Println(err)
		return
	}
	alone := language.Estimate(1, estimate.Request{ISL: 1024, OSL: 1024})
	fmt.Printf("TPOT %s, limited by %s; %.1f of %.1f GiB\n", alone.Decode.TPOT.Expected, alone.Decode.BoundBy,
		alone.Memory.Total/(1<<30), alone.Memory.Capacity/(1<<30))
	// Output: TPOT 4.54 ms, limited by memory; 16.0 of 79.6 GiB
}

// A graph at two batches.
func ExampleGraphModel_Estimate() {
	known := catalog.Default()
	device, err := known.Find("a100-sxm-80gb")
	if err != nil {
		fmt.Println(err)
		return
	}
	entry, _ := zoo.FindGraph("resnet50")
	resnet, err := entry.Graph(nil)
	if err == nil {
		err = model.Infer(resnet, model.Bindings{})
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	target := &estimate.Target{Device: device, Efficiency: known.Efficiency(device), Runtime: known.Runtime("ideal"), Count: 1}
	half := estimate.NewGraphModel(resnet, target.Runtime.Fusion, model.Formats{Weights: dtype.FP16, Activations: dtype.FP16})
	machine, err := half.Machine(target)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, batch := range []float64{1, 64} {
		r := half.Estimate(target, machine, batch)
		fmt.Printf("batch %.0f: %s, at most %.0f %s\n", batch, r.Latency.Expected, r.Throughput.Value, r.Throughput.Unit)
	}
	// Output:
	// batch 1: 55.5 µs, at most 18008 images/s
	// batch 64: 2.47 ms, at most 25909 images/s
}

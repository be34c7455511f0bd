// Command library asks the library itself: how fast is a language model on one device?
package main

import (
	"fmt"
	"log"

	"roofline/catalog"
	"roofline/estimate"
	"roofline/model/transformer"
	"roofline/model/zoo"
)

func main() {
	known := catalog.Default()
	device, err := known.Find("h100-sxm")
	if err != nil {
		log.Fatal(err)
	}
	entry, _ := zoo.FindLanguage("llama-3.1-8b")
	m, err := entry.Model()
	if err != nil {
		log.Fatal(err)
	}
	target := &estimate.Target{Device: device, Efficiency: known.Efficiency(device), Runtime: known.Runtime("vllm"), Count: 1}
	language, err := estimate.NewLanguage(m, target, transformer.Formats{})
	if err != nil {
		log.Fatal(err)
	}
	answer := language.Estimate(32, estimate.Request{ISL: 1024, OSL: 1024})
	fmt.Printf("%.0f %s, %s per token\n", answer.Throughput.Value, answer.Throughput.Unit, answer.Decode.TPOT.Expected)
}

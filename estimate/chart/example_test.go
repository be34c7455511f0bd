package chart_test

import (
	"fmt"
	"os"

	"roofline/estimate/chart"
	"roofline/hardware/unit"
)

// A chart is a struct that is filled and written. What is not known says so in its place.
func ExampleSVG() {
	f, err := os.CreateTemp("", "*.svg")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.Remove(f.Name())
	err = chart.SVG(f, &chart.Bars{
		Caption: chart.Caption{Title: "llama-3.1-8b: speed and cost", Date: "2026-11-22"},
		Measures: []chart.Measure{
			{Name: "time per token", Scales: unit.TimeScales, Better: chart.Lower},
			{Name: "cost", Unit: "$/M tokens", Better: chart.Lower},
		},
		Rows: []chart.Bar{
			{Name: "h100-sxm", Values: []chart.Estimated{{Bound: 0.0045, Low: 0.0055, Value: 0.0065, High: 0.008}, {Value: 0.099}}},
			{Name: "l4", Values: []chart.Estimated{{Value: 0.0615}, chart.Unknown("no price")}},
		},
	}, chart.Style{Theme: chart.Dark})
	info, _ := f.Stat()
	fmt.Println(err, info.Size() > 1000)
	// Output: <nil> true
}

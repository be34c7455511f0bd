package benchmark

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"roofline/hardware/unit"
)

// microseconds is the unit of traces.
const microseconds = 1e-6

// ortProfile reads a profile of ONNX Runtime: a trace whose model_run events are whole executions and whose _kernel_time
// events are nodes. It is read as it comes; of each node so many times are kept.
type ortProfile struct {
	runTimes []float64
	nodes    map[string]*ortNode
	order    []string
	batch    float64
	provider string
}

type ortNode struct {
	kind  string
	index string // the order in the graph
	times []float64
}

// kernelSamples is how many times of one node are kept.
const kernelSamples = 64

const kernelTime = "_kernel_time"

func (p *ortProfile) add(o *object) error {
	switch name := o.text("name"); {
	case o.text("cat") == "Session" && name == "model_run":
		if v := o.number("dur", longestTime*1e6); len(p.runTimes) < mostSamples {
			p.runTimes = append(p.runTimes, v)
		}
	case o.text("cat") == "Node" && strings.HasSuffix(name, kernelTime):
		p.node(strings.TrimSuffix(name, kernelTime), o)
		if len(p.nodes) > mostNodes {
			return fmt.Errorf("more than %d nodes", mostNodes)
		}
	}
	return o.Err()
}

func (p *ortProfile) node(name string, o *object) {
	args := o.object("args")
	index := args.text(args.first("node_index", "graph_index"))
	key := index + " " + name
	n := p.nodes[key]
	if n == nil {
		if p.nodes == nil {
			p.nodes = map[string]*ortNode{}
		}
		n = &ortNode{kind: args.text("op_name"), index: index}
		p.nodes[key], p.order = n, append(p.order, key)
		p.provider = args.text("provider")
		if p.batch == 0 {
			p.batch = firstDimension(args.values["input_type_shape"])
		}
	}
	o.require("dur")
	if v := o.number("dur", longestTime*1e6); len(n.times) < kernelSamples {
		n.times = append(n.times, v)
	}
}

// firstDimension returns the first dimension of the first input that has four: of images it is the batch.
func firstDimension(raw json.RawMessage) float64 {
	var inputs []map[string][]float64
	if json.Unmarshal(raw, &inputs) != nil {
		return 0
	}
	for _, in := range inputs {
		for _, shape := range in {
			if len(shape) == 4 && shape[0] >= 1 && shape[0] <= mostRequests {
				return shape[0]
			}
		}
	}
	return 0
}

func (p *ortProfile) runs() ([]Run, error) {
	if len(p.runTimes) == 0 && len(p.nodes) == 0 {
		return nil, fmt.Errorf("neither model_run nor _kernel_time among the events: was the session profiled to its end?")
	}
	r := Run{Runtime: "onnxruntime", Batch: p.batch}
	if p.provider != "" && p.provider != "CPUExecutionProvider" {
		r.note("run by %s", p.provider)
		r.Runtime = ""
	}
	if times := p.runTimes; len(times) > 0 {
		if len(times) > 1 {
			times = times[1:] // the first warms up
		}
		r.N, r.Spread = len(times), relativeSpread(times)
		r.Latency = unit.Seconds(median(slices.Clone(times))) * microseconds
		if r.Latency == 0 {
			return nil, fmt.Errorf("dur of model_run is 0: no time")
		}
		r.took("median model_run of %d, the first left out", r.N)
	}
	for _, key := range p.order {
		n := p.nodes[key]
		times := n.times
		if len(times) > 1 {
			times = times[1:]
		}
		if t := median(times); t > 0 {
			_, name, _ := strings.Cut(key, " ")
			r.Layers = append(r.Layers, Layer{Name: name, Kind: n.kind, Time: unit.Seconds(t) * microseconds})
		}
	}
	if len(r.Layers) > 0 {
		r.took("median time of %d nodes", len(r.Layers))
	}
	if r.Batch > 0 {
		r.took("batch %g from the shapes", r.Batch)
	}
	return []Run{r}, nil
}

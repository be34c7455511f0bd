package main

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"roofline/catalog"
	"roofline/estimate/validate"
	"roofline/hardware"
	"roofline/hardware/dtype"
	"roofline/hardware/unit"
	"roofline/model"
	"roofline/model/onnx"
)

// benchmarks is where the published measurements lie of which a selection ships with the catalog. They are not part of
// the project: what needs them runs where they are.
const benchmarks = "../../../shared/data"

// record is a line of a file of measurements by the names of its columns.
type record map[string]string

func (r record) number(column string) float64 {
	v, _ := strconv.ParseFloat(r[column], 64)
	return v
}

// format reads a number format, as far as it is a known one.
func (r record) format(column string) (d dtype.DType) {
	d, _ = dtype.Parse(r[column])
	return d
}

// rows reads a file of measurements and keeps those that hold; without the file the test is skipped.
func rows(t *testing.T, name string, holds func(record) bool) []record {
	t.Helper()
	f, err := os.Open(filepath.Join(benchmarks, name))
	if err != nil {
		t.Skipf("the measurements the splits are of are not here: %v", err)
	}
	defer f.Close()
	all, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []record
	for n, cells := range all[1:] {
		r := record{"table": name, "row": strconv.Itoa(n)}
		for i, column := range all[0] {
			r[column] = cells[i]
		}
		if holds(r) {
			out = append(out, r)
		}
	}
	return out
}

// measured makes measurements of rows.
func measured(rows []record, of func(record) validate.Measurement) []validate.Measurement {
	out := make([]validate.Measurement, len(rows))
	for i, r := range rows {
		out[i] = of(r)
		out[i].Device = cmp.Or(out[i].Device, r["device"])
		out[i].Place = r["table"] + " row " + r["row"]
	}
	return out
}

// sound are the rows that the splits are of: neither suspect nor bound by the host that launches them.
func sound(r record) bool { return r["suspect"] == "0" && r["eager"] != "1" }

// products are matrix products.
func products(t *testing.T, holds func(record) bool) []validate.Measurement {
	all := rows(t, "llm/kernels_gemm.csv", func(r record) bool { return sound(r) && holds(r) })
	return measured(all, func(r record) validate.Measurement {
		weights := r.format("weight_dtype")
		switch r["quant_mode"] {
		case "fp8_block":
			weights = dtype.FP8Block
		case "nvfp4":
			weights = dtype.NVFP4
		}
		return validate.Measurement{Quantity: validate.GEMM, Runtime: engineOf(r), Weights: weights, Activations: r.format("act_dtype"),
			M: r.number("m"), N: r.number("n"), K: r.number("k"), Measured: unit.Seconds(r.number("measured_value") / 1e3)}
	})
}

func attention(t *testing.T, phase string, holds func(record) bool) []validate.Measurement {
	all := rows(t, "llm/kernels_attention.csv", func(r record) bool { return sound(r) && r["phase"] == phase && holds(r) })
	return measured(all, func(r record) validate.Measurement {
		return validate.Measurement{Quantity: validate.Quantity(phase + "-attention"), Runtime: engineOf(r), Activations: r.format("act_dtype"), KV: r.format("kv_dtype"),
			Batch: r.number("batch"), Context: r.number("context"), Heads: int(r.number("num_q_heads")), KVHeads: int(r.number("num_kv_heads")),
			HeadDim: int(r.number("head_dim")), Window: int(r.number("window_size")), Measured: unit.Seconds(r.number("measured_value") / 1e3)}
	})
}

// allReduces leaves out groups that are not in one NVLink domain, and messages that the host launches one by one.
func allReduces(t *testing.T) []validate.Measurement {
	all := rows(t, "llm/comm.csv", func(r record) bool {
		oneDomain := r["notes"] == "" || strings.Contains(r["notes"], "a100_dgx; devices_per_node="+r["n_devices"]+";")
		return strings.Contains(r["metric"], "all_reduce") && !strings.Contains(r["kernel"], "eager") && oneDomain
	})
	return measured(all, func(r record) validate.Measurement {
		return validate.Measurement{Quantity: validate.AllReduce, Runtime: engineOf(r), TP: int(r.number("n_devices")), Bytes: unit.Bytes(r.number("message_bytes")),
			Measured: unit.Seconds(r.number("measured_value") / 1e3)}
	})
}

// engines are the profiles of the engines in the measurements.
var engines = map[string]string{"trtllm": "tensorrt-llm", "vllm": "vllm", "sglang": "sglang"}

// engineOf returns the profile of the engine of a row, whatever its version; "" for others.
func engineOf(r record) string {
	engine, _, _ := strings.Cut(r["engine"], "-")
	return engines[engine]
}

// servedModels names the models that were served, and whether they are mixtures of experts.
var servedModels = map[string]struct {
	name string
	moe  bool
}{
	"meta-llama/Llama-3.1-8B-Instruct": {"llama-3.1-8b", false}, "meta-llama/Llama-3.1-70B": {"llama-3.1-70b", false},
	"Qwen/Qwen3-32B": {"qwen3-32b", false}, "nvidia/Qwen3-32B-NVFP4": {"qwen3-32b", false},
	"openai/gpt-oss-120b": {"gpt-oss-120b", true}, "deepseek-ai/DeepSeek-R1": {"deepseek-v3", true}, "MiniMaxAI/MiniMax-M2.5": {"minimax-m2.5", true},
}

// misread are points of DeepSeek-R1 on 64 H200: what they are named after says TP 8 and EP 8, and all but one of the 21 have
// TTFT and TPOT of a point on 8 devices to the last digit, which is listed, too.
func misread(r record) bool { return r["device"] == h200 && r["n_devices"] == "64" }

// served are points of language models under load. What a replica has in flight is the batch, or the concurrency where the
// batch is that of a rank of data-parallel attention.
func served(t *testing.T, q validate.Quantity, holds func(r record, moe bool) bool) []validate.Measurement {
	all := rows(t, "llm/e2e_silicon.csv", func(r record) bool {
		return sound(r) && !misread(r) && holds(r, servedModels[r["model"]].moe)
	})
	return measured(all, func(r record) validate.Measurement {
		m := servedModels[r["model"]]
		weights := r.format("weight_dtype")
		switch {
		case m.moe && r["weight_dtype"] == "fp8", m.name == "gpt-oss-120b": // the checkpoint's own
			weights = dtype.Unknown
		case r["weight_dtype"] == "fp4":
			weights = dtype.NVFP4
		}
		inFlight := r.number("batch")
		if r.number("attention_dp") > 1 {
			inFlight = r.number("concurrency")
		}
		return validate.Measurement{Quantity: q, Runtime: engineOf(r), Model: m.name, Weights: weights,
			TP: int(r.number("tp")), EP: int(r.number("ep")), DP: int(r.number("attention_dp")), Concurrency: inFlight, ISL: r.number("isl"), OSL: r.number("osl"),
			Measured: unit.Seconds(r.number(string(q)+"_ms") / 1e3)}
	})
}

// graphs maps the exported graphs to the names of the published measurements, where these are not "timm_" and the name.
var graphs = map[string]string{
	"convnext_tiny": "convnext_tiny", "densenet121": "densenet121", "efficientnet_b0": "efficientnet_b0", "inception_v3": "inception_v3",
	"resnet18": "resnet18", "resnet50": "resnet50", "resnext50_32x4d": "resnext50_32x4d", "swin_t": "swin_tiny_patch4_window7_224",
	"vgg16": "vgg16", "vit_b_16": "vit_base_patch16_224", "mobilenet_v3_large": "mobilenetv3_large_100", "mobilenet_v2": "mobilenetv2_100",
}

// exports is a world in which graphs are exported files.
type exports struct {
	*world
	inputs map[string]map[string]model.Shape // by the name of the graph
	graphs map[string]*model.Graph
}

func newExports(c *catalog.Catalog) *exports {
	return &exports{newWorld(c), map[string]map[string]model.Shape{}, map[string]*model.Graph{}}
}

// with returns the world with another catalog.
func (x *exports) with(c *catalog.Catalog) *exports {
	return &exports{newWorld(c), x.inputs, x.graphs}
}

// Graph reads a file once.
func (x *exports) Graph(name string) (*model.Graph, error) {
	if g := x.graphs[name]; g != nil {
		return g, nil
	}
	g, err := onnx.ReadFile(filepath.Join(benchmarks, "onnx", name+".onnx"))
	if err == nil {
		err = model.Infer(g, model.Bindings{Inputs: x.inputs[name]})
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	x.graphs[name] = g
	return g, nil
}

// imageModels are the published times of the networks whose exports are at hand, on a device, with runtime standing for
// how it was compiled. Times are of the measured batch.
func imageModels(t *testing.T, x *exports, device, compiled, runtime, layout string) []validate.Measurement {
	published := rows(t, "vision/dev.csv", func(r record) bool {
		return r["device"] == device && r["compile"] == compiled && r["layout"] == layout
	})
	files, err := filepath.Glob(filepath.Join(benchmarks, "onnx", "*.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	var out []validate.Measurement
	for _, file := range files {
		base := strings.TrimSuffix(filepath.Base(file), ".onnx")
		timm, isTimm := strings.CutPrefix(base, "timm_")
		name := cmp.Or(graphs[base], timm)
		if strings.HasSuffix(base, "_dyn") || graphs[base] == "" && !isTimm {
			continue
		}
		g, err := x.Graph(base)
		if err != nil {
			t.Fatal(err)
		}
		size := fmt.Sprint(g.Tensors[g.Inputs[0]].Shape[2])
		for _, r := range published {
			if r["img_size"] == size && (r["model"] == name || strings.HasPrefix(r["model"], name+".")) {
				format := dtype.FP16
				if r["dtype"] == "fp32" {
					format = dtype.FP32
				}
				out = append(out, validate.Measurement{Quantity: validate.Latency, Device: device, Runtime: runtime, Model: base, Weights: format,
					Batch: r.number("batch"), Measured: unit.Seconds(r.number("step_ms_from_sps") / 1e3), Place: "vision/dev.csv row " + r["row"]})
				break
			}
		}
	}
	return out
}

// cpuThreads are the ways the graphs were run on a CPU, with the rates measured there.
var cpuThreads = []struct {
	name, column string
	peak         unit.FLOPRate
	bandwidth    unit.ByteRate
}{
	{"1 thread", "ms_t1_median", 214.1e9, 35.6e9},
	{"4 threads", "ms_t4_median", 740.8e9, 58.0e9},
}

// cpuDevice is a CPU of which only measured rates are known.
func cpuDevice(name string, peak unit.FLOPRate, bandwidth unit.ByteRate) hardware.Device {
	d := hardware.Device{ID: strings.ReplaceAll(name, " ", "-"), Kind: hardware.CPU, Architecture: "zen3"}
	d.Vector[dtype.FP32], d.Memory.Bandwidth = peak, bandwidth
	d.Efficiency = hardware.Efficiency{Default: 1, Bandwidth: 1, KernelFloor: 1e-12}
	return d
}

// cpuRuns are graphs run by ONNX Runtime on a CPU.
func cpuRuns(t *testing.T, x *exports, device, column string) []validate.Measurement {
	return measured(rows(t, "ort_cpu/latency.csv", func(record) bool { return true }), func(r record) validate.Measurement {
		name := strings.TrimSuffix(r["file"], ".onnx")
		b, err := (&bindFlags{Input: strings.Split(r["inputs"], ";")}).bindings(0)
		if err != nil {
			t.Fatal(err)
		}
		x.inputs[name] = b.Inputs
		g, err := x.Graph(name)
		if err != nil {
			t.Fatal(err)
		}
		return validate.Measurement{Quantity: validate.Latency, Device: device, Runtime: "onnxruntime", Model: name, Weights: dtype.FP32, Batch: float64(g.Batch),
			Measured: unit.Seconds(r.number(column) / 1e3)}
	})
}

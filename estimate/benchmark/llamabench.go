package benchmark

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"roofline/hardware/dtype"
	"roofline/hardware/unit"
)

// nanoseconds is the unit of llama-bench.
const nanoseconds = 1e-9

// llamaBench reads a row of `llama-bench -o json|jsonl|csv`. Without n_gen it is the prefill of n_prompt tokens, without
// n_prompt the decoding of n_gen tokens, which attend to n_depth + n_gen/2 on average; with both (-pg) one after the other.
func llamaBench(o *object) Run {
	o.require("n_prompt", "n_gen", "avg_ns")
	r := Run{Runtime: "llama-cpp", Version: o.text("build_commit"), Device: o.text("gpu_info"), Batch: 1,
		DType: lastFormat(o.text("model_type")), KVDType: o.format("type_k")}
	if r.Device == "" {
		r.Device = o.text("cpu_info")
	}
	r.Model, _, _ = strings.Cut(o.text("model_type"), " (")
	if r.DType == dtype.Unknown {
		r.DType = lastFormat(strings.TrimSuffix(o.text("model_filename"), ".gguf"))
	}
	if o.count("n_prompt")+o.count("n_gen") == 0 {
		o.fail("n_prompt and n_gen", "are both 0")
	}
	prompt, gen, depth := o.count("n_prompt"), o.count("n_gen"), o.count("n_depth")
	t := o.seconds("avg_ns", nanoseconds)
	samples := o.numbers("samples_ns")
	r.N = len(samples)
	if len(samples) > 2 { // the median is robust against a first run that warms up
		t = unit.Seconds(median(samples)) * nanoseconds
	}
	r.Spread = o.spread("stddev_ns", nanoseconds, t)
	if o.text("gpu_info") != "" {
		r.GPULayers = o.integer("n_gpu_layers")
	}
	return llamaRow(r, prompt, gen, depth, t)
}

func llamaRow(r Run, prompt, gen, depth float64, t unit.Seconds) Run {
	switch {
	case prompt+gen == 0:
		return r
	case gen == 0:
		r.ISL, r.Context, r.TTFT = prompt, depth, t
		r.took("prefill of %g tokens", prompt)
	case prompt == 0:
		r.Context, r.TPOT = depth+gen/2, t/unit.Seconds(gen)
		r.took("decoding of %g tokens, %g of context on average", gen, r.Context)
	default:
		r.ISL, r.OSL, r.Context, r.Latency = prompt, gen, depth, t
		r.took("%g tokens in, %g out, as a whole", prompt, gen)
	}
	if depth > 0 {
		r.took("from a depth of %g", depth)
	}
	return r
}

// lastFormat finds a number format among the words of a model's type: llama 8B Q4_K - Medium, which is Q4_K_M.
func lastFormat(text string) dtype.DType {
	found := dtype.Unknown
	for _, word := range strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return strings.ContainsRune(" -.", r) }) {
		if size, ok := mixtures[word]; ok && found != dtype.Unknown {
			word = found.String() + size
		}
		if d, err := dtype.Parse(word); err == nil {
			found = d
		}
	}
	return found
}

// mixtures are the words for how much of a model has more bits than the rest.
var mixtures = map[string]string{"small": "_s", "medium": "_m", "large": "_l"}

// llamaTest is a cell of the Markdown table: pp512, tg128 @ d1024, pp512+tg128.
var llamaTest = pattern(`^(?:pp\s*(\d{1,9}))?\+?(?:tg\s*(\d{1,9}))?(?:\s*@\s*d(\d{1,9}))?$`)

// llamaMarkdown reads a row of the table that llama-bench prints, which people paste.
func llamaMarkdown(o *object) Run {
	r := Run{Runtime: "llama-cpp", Batch: 1, Model: o.text("model"), DType: lastFormat(o.text("model")), KVDType: o.format("type_k")}
	o.require("test", "t/s")
	name := o.text("test")
	m := llamaTest().FindStringSubmatch(name)
	if m == nil || name == "" {
		o.fail("test", "%q: want pp512, tg128 or pp512 @ d1024", name)
		return r
	}
	var lengths [3]float64
	for i, digits := range m[1:] {
		lengths[i], _ = strconv.ParseFloat("0"+digits, 64)
	}
	prompt, gen, depth := lengths[0], lengths[1], lengths[2]
	mean, deviation, _ := strings.Cut(o.text("t/s"), "±")
	rate, spread := o.written("t/s", mean), o.written("t/s", deviation)
	if rate == 0 {
		o.fail("t/s", "%q: want a rate above 0", o.text("t/s"))
		return r
	}
	r.Spread = spread / rate
	if prompt+gen == 0 {
		o.fail("test", "%q has no tokens", name)
	}
	return llamaRow(r, prompt, gen, depth, unit.Seconds((prompt+gen)/rate))
}

// written returns a number that is a part of the value at a key.
func (o *object) written(key, text string) float64 {
	text = strings.ReplaceAll(strings.Trim(strings.TrimSpace(text), "*` "), ",", "")
	if text == "" {
		return 0
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || !(v >= 0 && v <= highestRate) || math.Signbit(v) {
		o.fail(key, "%s: want a finite number, 0 or more", shortened(text))
		return 0
	}
	return v
}

// markdownCells returns the cells of a line of a Markdown table.
func markdownCells(line string) []string {
	cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
	for i := range cells {
		cells[i] = strings.Trim(strings.TrimSpace(cells[i]), "*`")
	}
	return cells
}

// isLlamaTable reports whether a line is the head of llama-bench's Markdown table.
func isLlamaTable(line string) bool {
	cells := markdownCells(line)
	has := func(name string) bool {
		for _, c := range cells {
			if c == name {
				return true
			}
		}
		return false
	}
	return strings.HasPrefix(strings.TrimSpace(line), "|") && has("test") && has("t/s")
}

// llamaMarkdownTable reads the rows below the head.
func llamaMarkdownTable(head string, next func() (string, bool)) ([]Run, error) {
	header := markdownCells(head)
	var runs []Run
	for line, ok := next(); ok; line, ok = next() {
		if !strings.HasPrefix(strings.TrimSpace(line), "|") {
			if len(runs) > 0 {
				break // the table has ended
			}
			continue
		}
		cells := markdownCells(line)
		if strings.Trim(cells[0], "-: ") == "" {
			continue
		}
		if len(cells) < len(header) {
			return nil, fmt.Errorf("row %d: %s is missing: was the table cut off?", len(runs)+1, header[len(cells)])
		}
		o := row(header, cells)
		run := llamaMarkdown(o)
		if err := o.Err(); err != nil {
			return nil, fmt.Errorf("row %d: %w", len(runs)+1, err)
		}
		if runs = append(runs, run); len(runs) > mostRuns {
			return nil, fmt.Errorf("more than %d runs", mostRuns)
		}
	}
	return runs, nil
}

package benchmark

import (
	"fmt"
	"strconv"
	"strings"

	"roofline/hardware/dtype"
	"roofline/hardware/unit"
)

// TOML writes the run as a [[run]] table, which [Read] reads again. Layers are left out where there are more than a reader
// would want to see: sum them first.
func (r *Run) TOML() string {
	var b strings.Builder
	b.WriteString("[[run]]\n")
	text := func(key, v string) {
		if v != "" {
			fmt.Fprintf(&b, "%s = %s\n", key, Quoted(v))
		}
	}
	number := func(key string, v float64) {
		if v > 0 {
			fmt.Fprintf(&b, "%s = %s\n", key, decimal(v))
		}
	}
	whole := func(key string, v int) {
		if v > 0 {
			fmt.Fprintf(&b, "%s = %d\n", key, v)
		}
	}
	time := func(key string, v unit.Seconds) {
		if v > 0 {
			fmt.Fprintf(&b, "%s = \"%s ms\"\n", key, decimal(float64(v)*1e3))
		}
	}
	text("tool", r.Tool)
	text("place", r.Place)
	text("model", r.Model)
	text("device", r.Device)
	text("runtime", r.Runtime)
	text("version", r.Version)
	if r.DType != dtype.Unknown {
		text("dtype", r.DType.String())
	}
	if r.KVDType != dtype.Unknown {
		text("kv-dtype", r.KVDType.String())
	}
	whole("tp", r.TP)
	whole("pp", r.PP)
	whole("ep", r.EP)
	whole("dp", r.DP)
	whole("threads", r.Threads)
	number("isl", r.ISL)
	number("osl", r.OSL)
	number("concurrency", r.Concurrency)
	number("batch", r.Batch)
	number("context", r.Context)
	time("ttft", r.TTFT)
	time("tpot", r.TPOT)
	time("latency", r.Latency)
	number("output-tokens-per-s", r.OutputRate)
	number("requests-per-s", r.RequestRate)
	number("spread", r.Spread)
	whole("n", r.N)
	if m := r.Memory; m.Known() {
		fmt.Fprintf(&b, "memory = { weights = \"%s MiB\", kv-cache = \"%s MiB\", kv-tokens = %s, share = %s }\n",
			decimal(float64(m.Weights/unit.MiB)), decimal(float64(m.KVCache/unit.MiB)), decimal(m.KVTokens), decimal(m.Share))
	}
	for _, l := range r.Layers {
		fmt.Fprintf(&b, "[[run.layer]]\nname = %s\nkind = %s\ntime = \"%s us\"\n", Quoted(l.Name), Quoted(l.Kind), decimal(float64(l.Time)*1e6))
	}
	return b.String()
}

// decimal writes a number as TOML has it.
func decimal(v float64) string {
	s := strconv.FormatFloat(v, 'g', 8, 64)
	if !strings.ContainsAny(s, ".e") {
		s += ".0"
	}
	return s
}

// Quoted writes a string as TOML has it.
func Quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(clean(s)) + `"`
}

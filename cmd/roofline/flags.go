package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"roofline/cmd/roofline/internal/deploy"
	"roofline/estimate"
	"roofline/estimate/parallel"
	"roofline/hardware"
	"roofline/hardware/dtype"
	"roofline/hardware/unit"
	"roofline/model"
	"roofline/model/transformer"
)

// deviceFlags say what to run on.
type deviceFlags struct {
	Device  string     `help:"Devices: names, a comma list, a glob such as 'h100*', or all." default:"all" placeholder:"ID"`
	Count   int        `help:"How many devices. Language models: without it the fewest that hold the model." placeholder:"N"`
	TP      degree     `name:"tp" help:"Tensor parallelism: devices that share every layer of a language model; auto tries all." placeholder:"N|auto"`
	PP      int        `name:"pp" help:"Pipeline parallelism: stages of consecutive layers." placeholder:"N"`
	EP      int        `name:"ep" help:"Expert parallelism: groups that each hold a share of the experts." placeholder:"N"`
	DP      int        `name:"dp" help:"Data-parallel attention: groups that attend for their own requests and share the experts." placeholder:"N"`
	Runtime string     `help:"Runtime profile, such as vllm or ideal: roofline catalog list --runtimes." placeholder:"ID"`
	Memory  unit.Bytes `help:"Memory of a device where the catalog has none, such as 64GiB." placeholder:"SIZE"`
}

// moneyFlags say how devices are paid for.
type moneyFlags struct {
	Price       hardware.PriceKind    `help:"Kind of price: on-demand, spot, reserved-1y, reserved-3y, or purchase." enum:"on-demand,spot,reserved-1y,reserved-3y,purchase" default:"on-demand"`
	USDPerHour  float64               `name:"usd-per-hour" help:"Price of one device-hour, in place of the catalog's." placeholder:"USD"`
	Utilization float64               `help:"Share of the paid hours at the stated load; the rest is paid for and idles." default:"1" placeholder:"SHARE"`
	Site        string                `help:"Where the machines stand, for electricity, room and carbon: roofline catalog list --sites." placeholder:"ID"`
	Years       float64               `help:"With --price purchase: years to write machines off over." placeholder:"N"`
	Ownership   string                `help:"With --price purchase: how the owner reckons, such as cautious." placeholder:"ID"`
	PUE         float64               `name:"pue" help:"Power of the whole site over that of its machines, in place of the site's." placeholder:"RATIO"`
	Electricity hardware.EnergyPrice  `help:"Price of electricity, in place of the site's, such as '0.1 USD/kWh'." placeholder:"PRICE"`
	Exchange    hardware.ExchangeRate `help:"Exchange rate of the site's currency, such as '1400 KRW/USD'." placeholder:"RATE"`
}

// money returns what the flags say.
func (f *moneyFlags) money() deploy.Money {
	return deploy.Money{Price: f.Price, USDPerHour: f.USDPerHour, Site: f.Site, Ownership: f.Ownership, Utilization: f.Utilization,
		Years: f.Years, PUE: f.PUE, Electricity: f.Electricity, Exchange: f.Exchange}
}

// check reports values that can't be.
func (f *moneyFlags) check() error {
	switch {
	case f.USDPerHour < 0 || math.IsNaN(f.USDPerHour) || math.IsInf(f.USDPerHour, 0):
		return fmt.Errorf("--usd-per-hour: want a price such as 2.69")
	case f.USDPerHour > 0 && f.Price == hardware.PurchaseBuy:
		return fmt.Errorf("--usd-per-hour is a rent: leave out --price purchase")
	case !(f.Utilization > 0 && f.Utilization <= 1):
		return fmt.Errorf("--utilization %g: want a share of the hours above 0 and at most 1, such as 0.6", f.Utilization)
	case f.Years != 0 && !(f.Years >= 0.5 && f.Years <= 50):
		return fmt.Errorf("--years %g: want 0.5 to 50, such as 4", f.Years)
	case f.PUE != 0 && !(f.PUE >= 1 && f.PUE <= 10):
		return fmt.Errorf("--pue %g: want 1 to 10, such as 1.3", f.PUE)
	case f.Price != hardware.PurchaseBuy && (f.Electricity.Currency != "" || f.Exchange.Amount > 0):
		return fmt.Errorf("--electricity and --exchange are about machines of one's own, the rent of others includes it: add --price purchase")
	case f.Price != hardware.PurchaseBuy && (f.Years != 0 || f.Ownership != ""):
		return fmt.Errorf("--years and --ownership are about machines of one's own: add --price purchase")
	}
	return nil
}

// degree is how many ways something is split; auto leaves it to a search.
type degree int

// auto stands for the best degree there is.
const auto degree = -1

// UnmarshalText reads a number, or auto.
func (d *degree) UnmarshalText(text []byte) error {
	if string(text) == "auto" {
		*d = auto
		return nil
	}
	n, err := positive(string(text))
	if err != nil || n > mostParallel {
		return fmt.Errorf("%q: want a number from 1 to %d, or auto", text, mostParallel)
	}
	*d = degree(n)
	return nil
}

// mostParallel is more devices than any deployment has.
const mostParallel = 1 << 16

func (f *deviceFlags) check() error {
	for _, n := range []int{f.Count, f.PP, f.EP, f.DP} {
		if n < 0 || n > mostParallel {
			return fmt.Errorf("--count, --pp, --ep and --dp: want 1 to %d", mostParallel)
		}
	}
	return nil
}

// plan returns the degrees that were given.
func (f *deviceFlags) plan() parallel.Plan {
	return parallel.Plan{TP: int(max(f.TP, 0)), PP: f.PP, EP: f.EP, DP: f.DP}
}

func (f *deviceFlags) deployer(s *session, serves string) *deploy.Deployer {
	return &deploy.Deployer{Catalog: s.catalog, Calibrations: s.calibrations, Serves: serves, Wish: deploy.Wish{
		Devices: f.Device, Runtime: f.Runtime, Count: f.Count, Plan: f.plan(), Memory: f.Memory,
	}}
}

// formatFlags say in which number formats.
type formatFlags struct {
	DType    dtype.DType `name:"dtype" help:"Number format of the weights, such as bf16, fp8 or int4_g128. Default: the model's." placeholder:"FORMAT"`
	ActDType dtype.DType `name:"act-dtype" help:"Number format of the activations." placeholder:"FORMAT"`
	KVDType  dtype.DType `name:"kv-dtype" help:"Number format of the KV cache." placeholder:"FORMAT"`
}

func (f *formatFlags) language() transformer.Formats {
	return transformer.Formats{Weights: f.DType, Activations: f.ActDType, KV: f.KVDType}
}

// graph returns the formats of a graph on a target: what was asked for, else fp32 on CPUs and 16 bits on accelerators.
// Activations of quantised graphs are as wide, unless the runtime quantises them, too.
func (f *formatFlags) graph(t *estimate.Target) model.Formats {
	w := f.DType
	if w == dtype.Unknown {
		w = defaultFormat(t.Device)
	}
	a := f.ActDType
	if a == dtype.Unknown {
		a = w
		whole := w.Bits() == 8 && t.Runtime.LowBitActivations
		if w.WeightOnly() || w.Bits() < 16 && !whole {
			a = defaultFormat(t.Device)
		}
	}
	return model.Formats{Weights: w, Activations: a, Autocast: t.Runtime.Autocast}
}

// defaultFormat is fp32 on CPUs, and on accelerators the 16-bit format of the higher rate, fp16 first.
func defaultFormat(d *hardware.Device) dtype.DType {
	if d == nil || d.Kind == hardware.CPU {
		return dtype.FP32
	}
	best := dtype.FP32
	for _, f := range []dtype.DType{dtype.FP16, dtype.BF16} {
		if d.Peak(f) > d.Peak(best) || best == dtype.FP32 && d.Peak(f) > 0 {
			best = f
		}
	}
	return best
}

// bindFlags bind the open dimensions of a graph.
type bindFlags struct {
	Dim   map[string]string `help:"Bind a symbolic dimension: seq=128. Repeatable." placeholder:"NAME=N"`
	Trips int64             `name:"trip-count" help:"How often loops run whose count depends on the data. Default 1, with a warning." placeholder:"N"`
	Input []string          `help:"Give the shape of an input: pixels=8x3x224x224. Repeatable." placeholder:"NAME=SHAPE"`
}

func (f *bindFlags) bindings(batch int64) (model.Bindings, error) {
	b := model.Bindings{Batch: batch, TripCount: f.Trips, Dims: map[string]int64{}, Inputs: map[string]model.Shape{}}
	for name, text := range f.Dim {
		n, err := positive(text)
		if err != nil {
			return b, fmt.Errorf("--dim %s=%s: %w", name, text, err)
		}
		b.Dims[name] = n
	}
	for _, text := range f.Input {
		name, dims, ok := strings.Cut(text, "=")
		if !ok {
			i := strings.LastIndex(text, ":") // trtexec's way
			if i < 0 {
				return b, fmt.Errorf("--input %s: want NAME=1x3x224x224", text)
			}
			name, dims = text[:i], text[i+1:]
		}
		var shape model.Shape
		for _, d := range strings.Split(dims, "x") {
			n, err := positive(d)
			if err != nil {
				return b, fmt.Errorf("--input %s: %w", text, err)
			}
			shape = append(shape, n)
		}
		b.Inputs[name] = shape
	}
	return b, nil
}

// largestDim is more than any dimension of a real tensor.
const largestDim = 1 << 40

func positive(text string) (int64, error) {
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil || n < 1 || n > largestDim {
		return 0, fmt.Errorf("%q is not a size: want a whole number from 1", text)
	}
	return n, nil
}

// tokens is a number of tokens: 8k is 8192.
type tokens float64

// UnmarshalText reads 1024, 1k, 128K, 1m.
func (t *tokens) UnmarshalText(text []byte) error {
	s := strings.ToLower(strings.TrimSpace(string(text)))
	scale := 1.0
	switch {
	case strings.HasSuffix(s, "k"):
		s, scale = s[:len(s)-1], 1024
	case strings.HasSuffix(s, "m"):
		s, scale = s[:len(s)-1], 1024*1024
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || !(v*scale >= 1) || v*scale > 1e9 || v*scale != math.Trunc(v*scale) {
		return fmt.Errorf("%q is not a number of tokens: want 1024, 8k or 1m", text)
	}
	*t = tokens(v * scale)
	return nil
}

func (t tokens) String() string {
	if v := int64(t); v >= 1024 && v%1024 == 0 {
		return strconv.FormatInt(v/1024, 10) + "k"
	}
	return strconv.FormatInt(int64(t), 10)
}

// workloads are the named request lengths.
var workloads = map[string][2]tokens{"chat": {1024, 1024}, "rag": {8192, 1024}, "reasoning": {1024, 8192}, "llama-bench": {512, 128}}

// requestFlags say what every user of a language model asks.
type requestFlags struct {
	ISL         tokens `name:"isl" help:"Input tokens per request; 8k is 8192." placeholder:"N"`
	OSL         tokens `name:"osl" help:"Output tokens per request." placeholder:"N"`
	Workload    string `help:"Both at once: 1k/1k, or chat, rag, reasoning, llama-bench. Default 1k/1k." placeholder:"NAME"`
	Concurrency string `help:"Requests in flight in all, or max, or a list. Default: one alone, and the most that fit." placeholder:"N|max"`
	Tokens      string `help:"Tokens that throughput and money count: output, total or input." enum:"output,total,input" default:"output"`
	Phase       string `help:"A bare phase instead of serving: prefill or decode." enum:",prefill,decode" default:""`
	Context     tokens `help:"With --phase: tokens attended to (decode) or in the prompt (prefill)." placeholder:"N"`

	batchFlags `embed:""`
}

// request returns what every user asks.
func (f *requestFlags) request() (estimate.Request, error) {
	isl, osl, err := f.lengths()
	if err == nil {
		err = f.batchFlags.check()
	}
	return estimate.Request{ISL: float64(isl), OSL: float64(osl), ISLSpread: float64(f.Spread), OSLSpread: float64(f.Spread),
		Hit: float64(f.PrefixHit), Tokens: estimate.Tokens(f.Tokens)}, err
}

// serving reports whether anything was said about requests.
func (f *requestFlags) serving() bool {
	return f.ISL > 0 || f.OSL > 0 || f.Workload != "" || f.Concurrency != "" || f.Context > 0 || f.batchFlags.said()
}

func (f *requestFlags) lengths() (isl, osl tokens, err error) {
	isl, osl = 1024, 1024
	if f.Workload != "" {
		if w, ok := workloads[f.Workload]; ok {
			isl, osl = w[0], w[1]
		} else {
			in, out, ok := strings.Cut(f.Workload, "/")
			if !ok || isl.UnmarshalText([]byte(in)) != nil || osl.UnmarshalText([]byte(out)) != nil {
				return 0, 0, fmt.Errorf("--workload %s: want tokens in/out such as 4k/512, or chat, rag, reasoning, llama-bench", f.Workload)
			}
		}
	}
	if f.ISL > 0 {
		isl = f.ISL
	}
	if f.OSL > 0 {
		osl = f.OSL
	}
	return isl, osl, nil
}

// most stands for "the most that fits" in a list of loads.
const most = -1

// loads reads a list such as 1,4,max, 1..8 or 1..256*2; nothing gives def.
func loads(flag, text string, def ...float64) ([]float64, error) {
	if text == "" {
		return def, nil
	}
	var out []float64
	for _, part := range strings.Split(text, ",") {
		part = strings.TrimSpace(part)
		if part == "max" {
			out = append(out, most)
			continue
		}
		from, to, isRange := strings.Cut(part, "..")
		if !isRange {
			n, err := positive(part)
			if err != nil {
				return nil, fmt.Errorf("--%s: %w, max, or a list such as 1,8,max", flag, err)
			}
			out = append(out, float64(n))
			continue
		}
		to, factor, _ := strings.Cut(to, "*")
		first, err1 := positive(from)
		last, err2 := positive(to)
		mult := int64(1)
		var err3 error
		if factor != "" {
			mult, err3 = positive(factor)
		}
		if err1 != nil || err2 != nil || err3 != nil || last < first || factor != "" && mult < 2 {
			return nil, fmt.Errorf("--%s %s: want a range such as 1..8, or 1..256*2 for doubling", flag, part)
		}
		for n := first; n <= last && len(out) <= maxLoads; {
			out = append(out, float64(n))
			if mult > 1 {
				n *= mult
			} else {
				n++
			}
		}
	}
	if len(out) > maxLoads {
		return nil, fmt.Errorf("--%s: at most %d values", flag, maxLoads)
	}
	return out, nil
}

const maxLoads = 1024

package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"roofline/catalog"
	"roofline/cmd/roofline/internal/deploy"
	"roofline/cmd/roofline/internal/show"
	"roofline/estimate"
	"roofline/estimate/benchmark"
	"roofline/estimate/calibrate"
	"roofline/hardware"
	"roofline/hardware/dtype"
	"roofline/hardware/unit"
	"roofline/model"
)

// calibrateCmd solves for what real runs say of a machine.
type calibrateCmd struct {
	Model string `arg:"" help:"What was run: a file (.onnx, .gguf, .toml, config.json), a folder with a config.json, or a built-in model."`

	From     []string     `help:"A file that a benchmark wrote, or TOML with [[run]] tables. Repeatable." placeholder:"FILE"`
	Latency  unit.Seconds `help:"Measured time of a batch; of a language model, of a whole request." placeholder:"TIME"`
	TTFT     unit.Seconds `name:"ttft" help:"Measured time to first token." placeholder:"TIME"`
	TPOT     unit.Seconds `name:"tpot" help:"Measured time per further token." placeholder:"TIME"`
	Transfer []string     `help:"Carry it on: other models, predicted on this device, or other devices, predicted for this model. What is written then holds for other devices, too." placeholder:"NAME"`

	deviceFlags `embed:""`
	formatFlags `embed:""`
	bindFlags   `embed:""`

	Batch       float64 `help:"Samples of a graph, or sequences of a static batch, that were run at a time." placeholder:"N"`
	Concurrency float64 `help:"Requests that were in flight, in all." placeholder:"N"`
	ISL         tokens  `name:"isl" help:"Input tokens per request." placeholder:"N"`
	OSL         tokens  `name:"osl" help:"Output tokens per request." placeholder:"N"`
}

// Help shows worked examples.
func (calibrateCmd) Help() string {
	return `Examples:
  roofline calibrate resnet50 --device rtx-4090 --latency 8.2ms --batch 32 -o my.toml
  roofline calibrate llama-3.1-8b --device h100-sxm --from vllm-serve.json -o my.toml
  roofline calibrate llama-3.1-8b --device h100-sxm --ttft 31ms --tpot 7.4ms --isl 1k --osl 128
  roofline calibrate resnet50 --device rtx-3090 --latency 30ms --batch 32 --transfer rtx-4090
  roofline estimate llama-3.1-8b --device h100-sxm --calibration my.toml`
}

// Run reads the runs, solves, and says what they identify.
func (c *calibrateCmd) Run(s *session) error {
	if err := c.check(); err != nil {
		return err
	}
	files, lacks, err := c.files(s)
	if err != nil {
		return err
	}
	q, err := c.question(s, files)
	if err != nil {
		return err
	}
	measured, err := q.measured(s, files)
	if err != nil {
		return err
	}
	x := &calibrated{namer: newNamer(s.catalog), files: files, lacks: lacks, note: q.note, measured: measured, target: q.target}
	cases := measured.cases()
	if len(cases) == 0 && !measured.memory() {
		return fmt.Errorf("no time that can be used: %s", measured.reasons())
	}
	x.solution = &calibrate.Solution{}
	if len(cases) > 0 {
		if x.solution, err = calibrate.Solve(cases); err != nil {
			return err
		}
	}
	x.file = calibrate.NewFile(x.solution, q.target)
	x.file.Date, x.file.Command, x.file.Runs = s.now.Format(time.DateOnly), s.command(), measured.runs()
	if err := x.reserve(q); err != nil {
		return err
	}
	if len(c.Transfer) > 0 {
		if err := c.transfer(s, q, x); err != nil {
			return err
		}
	}
	return c.write(s, x)
}

// check reports flags that can't be.
func (c *calibrateCmd) check() error {
	given := c.Latency > 0 || c.TTFT > 0 || c.TPOT > 0
	switch {
	case !given && len(c.From) == 0:
		return fmt.Errorf("what was measured? Give --from FILE, --latency 8.2ms, or --ttft 31ms and --tpot 7.4ms")
	case c.Batch < 0 || c.Concurrency < 0 || c.Batch > 1e9 || c.Concurrency > 1e9:
		return fmt.Errorf("--batch and --concurrency: want numbers from 1")
	case c.TP == auto:
		return fmt.Errorf("--tp auto is for estimate; a run had one plan")
	}
	return c.deviceFlags.check()
}

// files reads the benchmark files, and makes one of the flags. It completes their runs from the flags, and returns what
// each run lacked.
func (c *calibrateCmd) files(s *session) (files []*benchmark.File, lacks map[*benchmark.Run][]string, err error) {
	for _, name := range c.From {
		f, err := readBenchmark(s, name)
		if err != nil {
			return nil, nil, err
		}
		files = append(files, f)
	}
	if c.Latency > 0 || c.TTFT > 0 || c.TPOT > 0 {
		run := benchmark.Run{Tool: "command line", Place: "the command line", Latency: c.Latency, TTFT: c.TTFT, TPOT: c.TPOT, Taken: []string{"the times given"}}
		files = append(files, &benchmark.File{Name: "the command line", Tool: "flags", Runs: []benchmark.Run{run}})
	}
	lacks = map[*benchmark.Run][]string{}
	for _, f := range files {
		for i := range f.Runs {
			lacks[&f.Runs[i]] = f.Runs[i].Lacks()
			c.complete(&f.Runs[i])
		}
	}
	return files, lacks, nil
}

// readBenchmark reads a file of a benchmark.
func readBenchmark(s *session, name string) (*benchmark.File, error) {
	r, err := s.files.Open(name)
	if err != nil {
		return nil, fmt.Errorf("--from %s: no such file", name)
	}
	defer r.Close()
	f, err := benchmark.Read(name, r)
	var foreign *benchmark.ForeignError
	if errors.As(err, &foreign) {
		return nil, &failure{code: "benchmark.unknown", err: err, hint: show.Wrap("I read: "+benchmark.Known, show.Width-2), exit: exitNoAnswer}
	}
	return f, err
}

// complete fills in what the flags say and the file does not. A flag decides where both do.
func (c *calibrateCmd) complete(r *benchmark.Run) {
	set := func(to *float64, flag float64) {
		if flag > 0 {
			*to = flag
		}
	}
	set(&r.Batch, c.Batch)
	set(&r.Concurrency, c.Concurrency)
	set(&r.ISL, float64(c.ISL))
	set(&r.OSL, float64(c.OSL))
	for to, flag := range map[*int]int{&r.TP: int(c.TP), &r.PP: c.PP, &r.EP: c.EP, &r.DP: c.DP} {
		if flag > 0 {
			*to = flag
		}
	}
	if c.DType != dtype.Unknown {
		r.DType = c.DType
	}
	if c.KVDType != dtype.Unknown {
		r.KVDType = c.KVDType
	}
}

// device returns the device that was measured: the one that was named, or what all the files name.
func (c *calibrateCmd) device(s *session, files []*benchmark.File) (*hardware.Device, error) {
	if c.Device != "all" {
		d, err := s.catalog.Find(c.Device)
		if system, unknown := s.catalog.FindSystem(c.Device); err != nil && unknown == nil {
			return s.catalog.Device(system.Device), nil
		}
		return d, err
	}
	var found *hardware.Device
	said := ""
	for _, f := range files {
		for i := range f.Runs {
			name := f.Runs[i].Device
			if name == "" {
				continue
			}
			said = name
			d, err := s.catalog.Find(plainDevice(name))
			if err != nil {
				continue
			}
			if found != nil && found.ID != d.ID {
				return nil, fmt.Errorf("the files are of two devices, %s and %s: calibrate one at a time", found.ID, d.ID)
			}
			found = d
		}
	}
	switch {
	case found != nil:
		return found, nil
	case said != "":
		return nil, fmt.Errorf("which device is %q? Name it with --device", said)
	}
	return nil, fmt.Errorf("on which device? The files don't say: name it with --device")
}

// plainDevice leaves out of the name a driver reports what the catalog's ids do without.
func plainDevice(name string) string {
	name = strings.ToLower(name)
	for _, word := range []string{"geforce", "graphics", "(tm)", "(r)", "hbm3e", "hbm3", "hbm2e"} {
		name = strings.ReplaceAll(name, word, " ")
	}
	return strings.Join(strings.Fields(name), "-")
}

// runtimeOf returns the runtime that was measured: the one that was named, else the one the files name, as far as there
// is a profile of it, else the default; and what had to be assumed.
func (c *calibrateCmd) runtimeOf(s *session, files []*benchmark.File) (id, note string) {
	if c.Runtime != "" {
		return c.Runtime, ""
	}
	for _, f := range files {
		for i := range f.Runs {
			if name := f.Runs[i].Runtime; name != "" {
				if s.catalog.Runtime(name) != nil {
					return name, ""
				}
				return "", fmt.Sprintf("there is no profile of %s: the default one stands in", name)
			}
		}
	}
	return "", ""
}

// question resolves what was run, and on what.
func (c *calibrateCmd) question(s *session, files []*benchmark.File) (*calibrationQuestion, error) {
	bindings, err := c.bindings(int64(c.Batch))
	if err != nil {
		return nil, err
	}
	loaded, err := s.files.Model(c.Model, bindings)
	if err != nil {
		return nil, err
	}
	d, err := c.device(s, files)
	if err != nil {
		return nil, err
	}
	q := &calibrationQuestion{cmd: c, loaded: map[string]*deploy.Loaded{"": loaded}, serves: deploy.Graph}
	if loaded.Language != nil {
		q.serves = deploy.Language
	}
	flags := c.deviceFlags
	if c.Device == "all" {
		flags.Device = d.ID
	}
	if flags.Runtime, q.note = c.runtimeOf(s, files); flags.Runtime != "" && c.Runtime == "" {
		if p := s.catalog.Runtime(flags.Runtime); !p.RunsOn(d.Kind) || !runs(p, q.serves) {
			q.note = fmt.Sprintf("the profile of %s is not for this: the default one stands in", flags.Runtime)
			flags.Runtime = ""
		}
	}
	q.deployer = flags.deployer(s, q.serves)
	q.deployer.Runs(loaded, c.DType)
	targets, err := q.deployer.Targets()
	if err != nil {
		return nil, err
	}
	if len(targets) != 1 {
		return nil, fmt.Errorf("--device %s: a calibration is of one device", c.Device)
	}
	q.target = &targets[0]
	if q.target.Runtime.Ideal {
		return nil, fmt.Errorf("--runtime %s is the textbook's and has nothing to calibrate", q.target.Runtime.ID)
	}
	q.doubt = doubt(s.catalog, q.target)
	return q, nil
}

// doubt is how much less than where they were measured the shares a device sustains are known.
func doubt(c *catalog.Catalog, t *estimate.Target) float64 {
	const measured, guessed, unknown = 0.5, 1.5, 2.5
	a := c.Architecture(t.Device.Architecture)
	switch {
	case t.Device.Efficiency.Bandwidth > 0:
		return measured
	case a == nil:
		return unknown
	case a.Origins.Of("efficiency.sustained-default", a.Source).Status == hardware.Assumed:
		return guessed
	}
	return 1
}

// write prints the answer, and writes the calibration where it was asked for.
func (c *calibrateCmd) write(s *session, x *calibrated) error {
	a := x.answer(s)
	if s.Format != show.TOML {
		return s.answer(a)
	}
	err := s.write(func(w io.Writer) error {
		_, err := io.WriteString(w, x.file.TOML())
		return err
	})
	if err != nil {
		return err
	}
	a.Notes = append(a.Notes, "use it with --calibration "+s.Output)
	s.Output, s.Format = "", s.said
	return s.answer(a)
}

// transfer predicts other models on the device, and the model on other devices, before and after.
func (c *calibrateCmd) transfer(s *session, q *calibrationQuestion, x *calibrated) error {
	name := q.loaded[""].Name()
	x.file.Transfer = true
	var own []calibrate.Case
	for _, m := range x.measured {
		if m.usable && m.run.Model == "" {
			own = append(own, m.Case)
		}
	}
	if len(own) == 0 {
		return fmt.Errorf("--transfer: no run of %s with a time that can be used", name)
	}
	factors, err := calibrate.Transfer(name, own)
	if err != nil {
		return err
	}
	x.file.Models = append(x.file.Models, factors)
	for _, text := range slices.Concat(splitAll(c.Transfer)...) {
		rows, err := q.carry(s, x.file, own, text)
		if err != nil {
			return err
		}
		x.carried = append(x.carried, rows...)
	}
	return nil
}

// splitAll splits comma lists.
func splitAll(lists []string) [][]string {
	var out [][]string
	for _, l := range lists {
		out = append(out, strings.Split(l, ","))
	}
	return out
}

// carry predicts what was measured of another model or on another device.
func (q *calibrationQuestion) carry(s *session, f *calibrate.File, own []calibrate.Case, name string) ([]carriedTo, error) {
	device, noDevice := s.catalog.Find(name)
	if noDevice == nil {
		d := *q.deployer
		d.Wish.Devices = device.ID
		if p := s.catalog.Runtime(q.target.Runtime.ID); !p.RunsOn(device.Kind) {
			d.Wish.Runtime = ""
		}
		targets, err := d.Targets()
		if err != nil {
			return nil, err
		}
		return carried(own, name, f, q.loaded[""].Name(), func(c *calibrate.Case) (*estimate.Target, calibrate.Subject, error) {
			t := targets[0]
			d.Wish.Plan = c.Target.Plan
			return &t, c.Subject, d.Spread(&t, c.Target.Plan.Devices())
		})
	}
	loaded, noModel := s.files.Model(name, model.Bindings{})
	if noModel != nil {
		var ambiguous *catalog.AmbiguousError
		if errors.As(noDevice, &ambiguous) {
			return nil, noDevice
		}
		return nil, fmt.Errorf("--transfer %s: neither a device nor a model: %w", name, noModel)
	}
	return carried(own, loaded.Name(), f, loaded.Name(), func(c *calibrate.Case) (*estimate.Target, calibrate.Subject, error) {
		subject, err := q.like(c.Subject, loaded, c.Target)
		return c.Target, subject, err
	})
}

package main

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"roofline/estimate/benchmark"
	"roofline/estimate/validate"
	"roofline/hardware/dtype"
)

// runFlags say of a benchmark's file what it does not say itself.
type runFlags struct {
	Model       string      `help:"Of files that benchmarks wrote: the model that was run." placeholder:"MODEL"`
	Runtime     string      `help:"The runtime it ran with, where the file does not say." placeholder:"ID"`
	DType       dtype.DType `name:"dtype" help:"Number format of the weights, where the file does not say." placeholder:"FORMAT"`
	TP          int         `name:"tp" help:"Tensor parallelism, where the file does not say." placeholder:"N"`
	ISL         tokens      `name:"isl" help:"Input tokens per request, where the file does not say." placeholder:"N"`
	OSL         tokens      `name:"osl" help:"Output tokens per request, where the file does not say." placeholder:"N"`
	Concurrency float64     `help:"Requests in flight, where the file does not say." placeholder:"N"`
	Batch       float64     `help:"Samples at a time, where the file does not say." placeholder:"N"`
}

// own reads a file of the user's: a table of measurements, or what a benchmark wrote.
func (c *validateCmd) own(s *session, name string) ([]validate.Measurement, error) {
	r, err := s.files.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: no such file", name)
	}
	if err != nil {
		return nil, err
	}
	defer r.Close()
	b := bufio.NewReader(r)
	if head, _ := b.Peek(b.Size()); isTable(name, head) {
		return validate.Read(name, b)
	}
	f, err := benchmark.Read(name, b)
	if err != nil {
		return nil, err
	}
	return c.measured(s, f)
}

// isTable tells a table of measurements from what benchmarks write: by its column quantity or, as its errors say best what
// is wrong with a CSV file, by not being one that a benchmark wrote.
func isTable(name string, head []byte) bool {
	for line := range strings.Lines(string(head)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			return strings.Contains(","+line+",", ",quantity,") || filepath.Ext(name) == ".csv" && !benchmark.IsCSV(line)
		}
	}
	return filepath.Ext(name) == ".csv"
}

// measured returns what the runs of a benchmark measured.
func (c *validateCmd) measured(s *session, f *benchmark.File) ([]validate.Measurement, error) {
	var out []validate.Measurement
	for i := range f.Runs {
		r := &f.Runs[i]
		m := validate.Measurement{Device: r.Device, Runtime: cmp.Or(r.Runtime, c.Runtime), Version: r.Version, Model: cmp.Or(c.Model, r.Model), Weights: cmp.Or(r.DType, c.DType),
			KV: r.KVDType, TP: cmp.Or(r.TP, c.TP), PP: r.PP, EP: r.EP, DP: r.DP, Place: r.Place, Note: strings.Join(r.Notes, "; ")}
		if d, err := s.catalog.Find(plainDevice(cmp.Or(r.Device, c.Device))); err == nil {
			m.Device = d.ID
		} else if c.Device != "all" {
			m.Device = c.Device
		}
		isl, osl := cmp.Or(r.ISL, float64(c.ISL)), cmp.Or(r.OSL, float64(c.OSL))
		inFlight, batch := cmp.Or(r.Concurrency, c.Concurrency), cmp.Or(r.Batch, c.Batch)
		before := len(out)
		add := func(m validate.Measurement) {
			if m.Measured > 0 {
				out = append(out, m)
			}
		}
		switch {
		case r.Served() || inFlight > 0:
			m.Concurrency, m.ISL, m.OSL = inFlight, isl, osl
			m.Quantity, m.Measured = validate.TTFT, r.TTFT
			add(m)
			m.Quantity, m.Measured = validate.TPOT, r.TPOT
			add(m)
		case r.Language():
			m.Batch = max(batch, 1)
			m.Quantity, m.Measured, m.Context = validate.Prefill, r.TTFT, isl
			add(m)
			m.Quantity, m.Measured, m.Context = validate.Decode, r.TPOT, cmp.Or(r.Context, isl+osl/2)
			add(m)
		default:
			m.Batch = max(batch, 1)
			m.Quantity, m.Measured = validate.Latency, r.Latency
			add(m)
		}
		for k := before; k < len(out); k++ {
			if err := out[k].Check(); err != nil {
				return nil, fmt.Errorf("%s: %w; say it with a flag", r.Place, err)
			}
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s: no time that can be compared: want TTFT, TPOT, prefill, a decode step, or the time of a batch of a graph", f.Name)
	}
	return out, nil
}

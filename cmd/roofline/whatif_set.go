package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"

	"roofline/catalog"
	"roofline/hardware/dtype"
)

// settings are the values of --set: those of flags are in the question, those of the catalog's fields are listed.
type settings struct {
	question question
	fields   []catalog.Setting
	flags    []change
}

// placement are the flags that say how many devices there are and how a model is spread over them.
var placement = []string{"count", "tp", "pp", "ep", "dp"}

// settings reads FIELD=VALUE of every --set. The deployment is held unless they are about it.
func (x *experiment) settings(set []string) (settings, error) {
	out := settings{question: x.held()}
	names := flagNames()
	var flags []string
	placed := false
	for _, text := range set {
		name, value, ok := strings.Cut(text, "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		switch {
		case !ok || name == "" || value == "":
			return out, badSetting(text, "want FIELD=VALUE, such as memory.bandwidth=4.8TB/s, memory.capacity=*1.5 or osl=2k")
		case name == "device":
			return out, badSetting(text, "whatif keeps the device; roofline estimate --device A,B has two side by side")
		case !slices.Contains(names, name):
			out.fields = append(out.fields, catalog.Setting{Path: name, Value: value})
			continue
		}
		before := x.flag(name)
		if factor, ok := catalog.Factor(value); ok {
			now, err := strconv.ParseFloat(before, 64)
			if err != nil {
				return out, badSetting(text, "it has no number now: give a value, not a factor")
			}
			if value = strconv.FormatFloat(now*factor, 'f', -1, 64); !fractional(name) {
				value = strconv.FormatFloat(math.Round(now*factor), 'f', -1, 64)
			}
		}
		placed = placed || slices.Contains(placement, name)
		flags = append(flags, "--"+name+"="+value)
		out.flags = append(out.flags, change{"flag", "", name, before, value})
	}
	if len(flags) == 0 {
		return out, nil
	}
	q, err := x.reparsed(flags)
	if err != nil {
		return out, &failure{code: "usage", err: fmt.Errorf("--set %s", strings.TrimPrefix(err.Error(), "--")), exit: exitUsage}
	}
	if !placed {
		held := x.held()
		q.Count, q.TP, q.PP, q.EP, q.DP = held.Count, held.TP, held.PP, held.EP, held.DP
	}
	if q.Batch == "" {
		q.Batch = x.question.Batch
	}
	if held := x.held(); x.loaded.Graph != nil && q.DType == dtype.Unknown {
		q.DType, q.ActDType = held.DType, held.ActDType
	}
	out.question = *q
	return out, q.check()
}

func badSetting(text, problem string) error {
	return &failure{code: "usage", err: fmt.Errorf("--set %s: %s", text, problem), exit: exitUsage}
}

// flagNames lists the flags that a question has.
func flagNames() []string {
	var names []string
	for _, f := range kong.Must(&question{}, kong.Exit(func(int) {})).Model.Flags {
		if f.Name != "help" {
			names = append(names, f.Name)
		}
	}
	return names
}

// reparsed reads the command line again, with other values of flags at its end: the last one holds.
func (x *experiment) reparsed(flags []string) (*question, error) {
	args := x.s.args
	if i := slices.Index(args, "--"); i >= 0 {
		args = args[:i]
	}
	var c cli
	parser, err := kong.New(&c, kong.Writers(io.Discard, io.Discard), kong.Exit(func(int) {}))
	if err != nil {
		return nil, err
	}
	if _, err := parser.Parse(slices.Concat(args, flags)); err != nil {
		return nil, err
	}
	return &c.Whatif.question, nil
}

// fractional reports flags whose numbers need not be whole.
func fractional(flag string) bool {
	return slices.Contains([]string{"usd-per-hour", "utilization", "years", "pue"}, flag)
}

// flag returns what a flag stands at, as text: what was found where it was left to the tool, "" if that is nothing.
func (x *experiment) flag(name string) string {
	r, t := x.before.results[len(x.before.results)-1], &x.before.target
	p := t.Plan.Filled()
	number := func(v float64) string {
		if v == 0 {
			return ""
		}
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	switch name {
	case "isl":
		return number(r.Workload.ISL)
	case "osl":
		return number(r.Workload.OSL)
	case "concurrency":
		return number(r.Workload.Concurrency)
	case "batch":
		return number(r.Workload.Batch)
	case "context":
		return number(r.Workload.Context)
	case "count":
		return strconv.Itoa(t.Count)
	case "tp":
		return strconv.Itoa(p.TP)
	case "pp":
		return strconv.Itoa(p.PP)
	case "ep":
		return strconv.Itoa(p.EP)
	case "dp":
		return strconv.Itoa(p.DP)
	case "dtype":
		return r.Workload.DType.String()
	case "act-dtype":
		return r.Workload.ActDType.String()
	case "kv-dtype":
		return r.Workload.KVDType.String()
	case "runtime":
		return t.Runtime.ID
	case "utilization":
		return number(x.question.Utilization)
	case "years":
		return number(x.question.Years)
	case "pue":
		return number(x.question.PUE)
	case "price":
		return string(x.question.Price)
	case "usd-per-hour":
		if r.Cost == nil {
			return ""
		}
		return number(float64(r.Cost.USDPerHour) / float64(t.Count))
	}
	return ""
}

// unknown adds to the error of a setting which field or flag may have been meant.
func (x *experiment) unknown(err error) error {
	var bad *catalog.SettingError
	if !errors.As(err, &bad) {
		return err
	}
	if bad.Problem != "no such field" {
		return badSetting(bad.Setting.String(), bad.Problem)
	}
	name := bad.Setting.Path
	known := slices.Concat(x.catalog.Paths(x.about), flagNames())
	near := ""
	for _, k := range known { // bandwidth alone is what somebody calls memory.bandwidth
		if strings.HasSuffix(k, "."+name) {
			near = k
			break
		}
	}
	if near == "" {
		near = catalog.Nearest(name, known)
	}
	problem := "no such field or flag"
	if near != "" {
		problem += ", did you mean " + near + "?"
	}
	return badSetting(bad.Setting.String(), problem+" roofline catalog show "+x.about.Device+" lists its fields")
}

// writeHypothesis writes the device that was supposed as a catalog file.
func writeHypothesis(w io.Writer, s *session, x *experiment, a *altered) error {
	if len(a.file) == 0 {
		return fmt.Errorf("-o %s: only flags were set; a catalog file holds fields such as memory.bandwidth", s.Output)
	}
	var set []string
	for _, c := range a.changes {
		if c.Kind != "flag" {
			set = append(set, fmt.Sprintf("%s %s: %s, was %s", c.ID, c.Field, c.After, orDash(c.Before)))
		}
	}
	_, err := fmt.Fprintf(w, "# What if: %s.\n# Hypothetical values only, the rest is the catalog's: use it with --catalog FILE; roofline catalog diff FILE shows it.\n%s",
		strings.Join(strings.Fields(strings.Join(set, "; ")), " "), a.file)
	return err
}

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"roofline/catalog"
	"roofline/estimate"
	"roofline/hardware"
	"roofline/hardware/dtype"
	"roofline/model"
)

// failure is an error with what scripts need: a code, an exit status, and a hint what to do.
type failure struct {
	code string
	err  error
	hint string
	exit int
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// errDoesNotFit ends a command whose complete answer is that the model does not fit.
var errDoesNotFit = &failure{code: "memory.does_not_fit", exit: exitDoesNotFit}

// errLimitMissed ends a command whose complete answer misses a limit that the user set.
var errLimitMissed = &failure{code: "limit.missed", exit: exitLimitMissed}

// fail prints an error, for people or as one JSON object, and returns the exit code.
func fail(w io.Writer, err error, asJSON bool) int {
	if err == nil {
		return exitAnswered
	}
	f := classify(err)
	if f.err == nil { // the answer itself said it
		return f.exit
	}
	if asJSON {
		object := map[string]any{"code": f.code, "message": f.Error()}
		if f.hint != "" {
			object["hint"] = f.hint
		}
		var d *hardware.DecodeError
		if errors.As(err, &d) {
			object["file"], object["line"] = d.File, d.Line
		}
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		e.Encode(map[string]any{"error": object})
		return f.exit
	}
	fmt.Fprintln(w, "error:", f.Error())
	if f.hint != "" {
		fmt.Fprintln(w, "  "+strings.ReplaceAll(f.hint, "\n", "\n  "))
	}
	return f.exit
}

// classify finds the code and the hint of an error.
func classify(err error) *failure {
	var f *failure
	if errors.As(err, &f) {
		return f
	}
	f = &failure{code: "input", err: err, exit: exitNoAnswer}
	var (
		ambiguous *catalog.AmbiguousError
		unknown   *catalog.UnknownError
		unbound   *model.UnboundError
		format    *estimate.FormatError
		decode    *hardware.DecodeError
	)
	switch {
	case errors.As(err, &ambiguous):
		f.code = "name.ambiguous"
		if ambiguous.What == "device" {
			f.hint = differences(ambiguous.Candidates)
		}
	case errors.As(err, &unknown):
		f.code = "name.unknown"
	case errors.As(err, &unbound):
		f.code = "model.unbound_dim"
		f.err = errors.New(strings.TrimSuffix(err.Error(), ": give "+unbound.Hint()))
		f.hint = "bind it with " + unbound.Hint()
	case errors.As(err, &format):
		f.code = "device.format"
		f.hint = "choose one of them with --dtype, or another device"
	case errors.As(err, &decode):
		f.code = "catalog.decode"
	}
	return f
}

// differences lays out what tells the candidates of an ambiguous name apart.
func differences(ids []string) string {
	c := catalog.Default()
	n := newNamer(c)
	var lines []string
	least, most := math.Inf(1), 0.0
	for _, id := range ids {
		d := c.Device(id)
		if d == nil {
			continue
		}
		memory, _ := d.Memory.Usable()
		lines = append(lines, fmt.Sprintf("%-20s %10v  %10v  %v %v", n[id], memory, d.Memory.Bandwidth, d.Peak(dtype.FP16), dtype.FP16))
		least, most = min(least, float64(d.Memory.Bandwidth)), max(most, float64(d.Memory.Bandwidth))
	}
	if most > 1.05*least {
		lines = append(lines, fmt.Sprintf("these differ by %.1f × in bandwidth, so pick one, or take all with a comma list or a glob", most/least))
	}
	return strings.Join(lines, "\n")
}

// wantsJSON reports whether a command line that could not be parsed asked for JSON.
func wantsJSON(args []string) bool {
	for i, a := range args {
		if a == "--format=json" || a == "--format" && i+1 < len(args) && args[i+1] == "json" {
			return true
		}
	}
	return false
}

// usage says what is wrong with a command line, with the nearest flag where one is unknown.
func usage(app *kong.Application, args []string, err error) error {
	text := err.Error()
	flag, ok := strings.CutPrefix(text, "unknown flag ")
	if !ok {
		return err
	}
	flag, _, _ = strings.Cut(flag, ",")
	var names []string
	nodes := []*kong.Node{app.Node}
	for _, n := range app.Children {
		if len(args) > 0 && n.Name == args[0] {
			nodes = append(nodes, n)
			nodes = append(nodes, n.Children...)
		}
	}
	for _, n := range nodes {
		for _, f := range n.Flags {
			names = append(names, "--"+f.Name)
		}
	}
	slices.Sort(names)
	near := catalog.Nearest(flag, names)
	for _, n := range names { // --tp-size goes on where --tp ends
		if strings.HasPrefix(flag, n+"-") {
			near = n
		}
	}
	if near != "" {
		return fmt.Errorf("unknown flag %s, did you mean %s?", flag, near)
	}
	return fmt.Errorf("unknown flag %s", flag)
}

// message is what an error that was printed says.
func message(printed []byte) string {
	var object struct {
		Error struct{ Message string }
	}
	if json.Unmarshal(printed, &object) == nil && object.Error.Message != "" {
		return object.Error.Message
	}
	return strings.TrimPrefix(strings.TrimSpace(string(printed)), "error: ")
}

// Command roofline predicts what a model does on hardware before anyone has it: latency, throughput, memory, cost.
package main

import (
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"

	"github.com/alecthomas/kong"

	"roofline/cmd/roofline/internal/deploy"
	"roofline/cmd/roofline/internal/show"
)

// Exit codes that scripts rely on.
const (
	exitAnswered    = 0
	exitNoAnswer    = 1
	exitDoesNotFit  = 2
	exitLimitMissed = 3
	exitUsage       = 80
)

const welcome = `roofline: what will this model do on that hardware, before you have it

  roofline estimate llama-3.1-8b --device all       speed, memory and cost on every device
  roofline fit llama-3.1-70b --context 32k          does it fit, how many users, how many devices
  roofline recommend llama-3.1-70b --target 2000tok/s --slo ttft=2s,tpot=50ms      what to rent
  roofline layers resnet50 --device a100-sxm-80gb   where the time goes, layer by layer
  roofline serve                                    the same in your browser, offline

  MODEL is a file (.onnx .gguf .toml config.json), a folder, or a name: roofline models list
`

// cli is the command line: one field per verb.
type cli struct {
	Estimate   estimateCmd   `cmd:"" help:"Latency, throughput, memory use and cost, and what limits them."`
	Layers     layersCmd     `cmd:"" help:"FLOPs, bytes, intensity and time of every layer."`
	Fit        fitCmd        `cmd:"" help:"Does a language model fit, with how many users, on how many devices."`
	Recommend  recommendCmd  `cmd:"" help:"The cheapest deployment that does a job within limits, and what would change that."`
	Frontier   frontierCmd   `cmd:"" help:"What is not beaten in two or three of cost, speed, latency, throughput, energy, memory and devices."`
	Sweep      sweepCmd      `cmd:"" help:"Every combination of devices, plans, formats and loads."`
	Whatif     whatifCmd     `cmd:"" help:"What another bandwidth, peak, capacity, price or load would change, and what a target takes."`
	Compare    compareCmd    `cmd:"" help:"Two answers side by side: what they assume, and what they say."`
	Calibrate  calibrateCmd  `cmd:"" help:"What a real run says of a machine: better numbers for it, and for others."`
	Validate   validateCmd   `cmd:"" help:"Predictions against published measurements, or your own."`
	Report     reportCmd     `cmd:"" help:"A decision as one file to send: .html, or .md with its pictures."`
	Serve      serveCmd      `cmd:"" help:"The same in a browser: an interactive page, offline."`
	Catalog    catalogCmd    `cmd:"" help:"The devices that are known, and where each value comes from."`
	Models     modelsCmd     `cmd:"" help:"The built-in models."`
	Explain    explainCmd    `cmd:"" help:"What a metric means: definition, formula, what other tools call it."`
	Schema     schemaCmd     `cmd:"" help:"The JSON Schema of an answer."`
	Completion completionCmd `cmd:"" help:"What makes a shell complete verbs, flags and names."`
	Man        manCmd        `cmd:"" help:"The manual page."`
	Version    versionCmd    `cmd:"" help:"Version of the command and of the catalog."`

	globals
}

// grammar returns the part of the command line that the first word names: starting should not pay for the flags of all
// the other verbs. It is everything where the first word is no verb.
func (line *cli) grammar(first string) (any, []kong.Option) {
	v := reflect.ValueOf(line).Elem()
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if _, isVerb := f.Tag.Lookup("cmd"); isVerb && strings.ToLower(f.Name) == first {
			return &line.globals, []kong.Option{kong.DynamicCommand(first, f.Tag.Get("help"), "", v.Field(i).Addr().Interface())}
		}
	}
	return line, nil
}

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run executes one command line and returns the exit code: the answer goes to out, everything else to errs.
func run(args []string, out, errs io.Writer) int {
	return call{args: args, files: deploy.Disk{}}.run(out, errs)
}

// call is one command line with the files it may read, which are the machine's or those a page was given.
type call struct {
	args  []string
	files deploy.Files
	file  io.Writer          // gets what -o names; nil: a file is written
	show  func(*show.Answer) // gets the answer before it is written; may be nil
}

func (c call) run(out, errs io.Writer) int {
	args := c.args
	if len(args) == 0 {
		io.WriteString(out, welcome)
		return exitAnswered
	}
	if args[0] == completer {
		complete(out, args[1:])
		return exitAnswered
	}
	var line cli
	exit := -1
	grammar, options := line.grammar(args[0])
	parser, err := kong.New(grammar, append(options,
		kong.Name("roofline"),
		kong.Description("What will this model do on that hardware, before you have it."),
		kong.Writers(out, errs),
		kong.Exit(func(code int) { exit = code }),
		kong.UsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: show.Width}),
	)...)
	if err != nil {
		panic(err) // the structs above are wrong: no input can cause it
	}
	ctx, err := parser.Parse(args)
	if exit >= 0 { // help was asked for and printed
		return exit
	}
	if err != nil {
		return fail(errs, &failure{code: "usage", err: usage(parser.Model, args, err), exit: exitUsage}, wantsJSON(args))
	}
	s, err := newSession(&line.globals, c, out, errs)
	if err == nil {
		err = ctx.Run(s)
	}
	return fail(errs, err, line.Format == show.JSON)
}

// versionCmd prints versions.
type versionCmd struct{}

// Run prints the version of the command and of the embedded catalog.
func (versionCmd) Run(s *session) error {
	return s.answer(&show.Answer{
		Sentence: fmt.Sprintf("roofline %s, catalog %s", version(), s.catalog.Version()),
		JSON:     versionDocument{schemaID("version"), version(), s.catalog.Version()},
	})
}

// versionDocument is the JSON of version.
type versionDocument struct {
	Schema  string `json:"schema"`
	Version string `json:"version"`
	Catalog string `json:"catalog"`
}

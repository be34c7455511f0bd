package main

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"roofline/cmd/roofline/internal/deploy"
	"roofline/cmd/roofline/internal/show"
	"roofline/estimate"
	"roofline/estimate/chart"
	"roofline/hardware/unit"
	"roofline/model"
	"roofline/model/transformer"
)

// fitCmd answers whether a language model fits, with how many users, on how many devices.
type fitCmd struct {
	Model string `arg:"" help:"A config.json, a folder that holds one, a .gguf, or a built-in language model."`

	deviceFlags  `embed:""`
	formatFlags  `embed:""`
	pictureFlags `embed:""`

	Context   tokens   `help:"Tokens of a request, input and output together; 32k is 32768." default:"8k" placeholder:"N"`
	PrefixHit fraction `name:"prefix-hit" help:"Share of the context that all requests have in common, which the cache holds once." placeholder:"SHARE"`
}

// Help shows worked examples.
func (fitCmd) Help() string {
	return `Examples:
  roofline fit llama-3.1-70b --device h100-sxm --context 32k
  roofline fit qwen3-32b --device rtx-4090 --count 4 --dtype int4_g128`
}

// fitting is how a model lies in the memory of a group of devices.
type fitting struct {
	Device        string              `json:"device"`
	Count         int                 `json:"count"`
	Replicas      int                 `json:"replicas"`
	Plan          estimate.Plan       `json:"plan"`
	Memory        *estimate.Footprint `json:"memory"` // per device, the KV cache as large as it can be
	Fits          *bool               `json:"fits,omitempty"`
	Short         unit.Bytes          `json:"short_bytes,omitempty"` // missing on each device for one request
	KVTokens      float64             `json:"kv_tokens,omitempty"`
	Users         float64             `json:"users,omitempty"` // of the context's length, at a time, over all replicas
	LongestPrompt float64             `json:"longest_context,omitempty"`
	target        estimate.Target
}

// Run lays the model out on one device and on more, until it fits with users.
func (c *fitCmd) Run(s *session) error {
	if err := c.deviceFlags.check(); err != nil {
		return err
	}
	loaded, err := s.files.Model(c.Model, model.Bindings{})
	if err != nil {
		return err
	}
	if c.PrefixHit >= 1 {
		return fmt.Errorf("--prefix-hit %g: want less than 1, such as 0.5", float64(c.PrefixHit))
	}
	if c.TP == auto {
		return fmt.Errorf("--tp auto is for estimate; fit shows every number of devices")
	}
	if loaded.Language != nil && loaded.Language.Kind == transformer.Encoder {
		return fmt.Errorf("%s encodes and keeps no cache: it fits if its %s of weights do", loaded.Name(), loaded.Language.WeightBytes(c.formatFlags.language()))
	}
	if loaded.Language == nil {
		return fmt.Errorf("fit is for language models; for %s: roofline estimate %s --batch max", loaded.Name(), c.Model)
	}
	d := c.deployer(s, deploy.Language)
	d.Runs(loaded, c.DType)
	targets, err := d.Targets()
	if err != nil {
		return err
	}
	var all [][]fitting
	var failed []row
	for i := range targets {
		fs, err := c.layouts(d, loaded.Language, targets[i])
		if err != nil {
			if d.Named() {
				return err
			}
			failed = append(failed, row{target: targets[i], err: err})
			continue
		}
		all = append(all, fs)
	}
	a := c.answer(s, loaded, all, failed)
	a.Picture = c.draw(func() chart.Chart { return c.stack(s, a, loaded, all, failed) })
	if err := s.answer(a); err != nil {
		return err
	}
	if d.Named() && c.Count > 0 && len(all) == 1 {
		if f := all[0][0].Fits; f != nil && !*f {
			return errDoesNotFit
		}
	}
	return nil
}

// layouts returns the layouts of a model on so many devices of one kind as were asked for, or on 1, 2, 4 … devices up
// to one step beyond the first that holds a request.
func (c *fitCmd) layouts(d *deploy.Deployer, m *transformer.Model, t estimate.Target) ([]fitting, error) {
	if d.Wish.Given() || t.Count > 1 {
		if err := d.Spread(&t, max(c.Count, d.Wish.Plan.Devices(), t.Count)); err != nil {
			return nil, err
		}
		f, err := c.layout(m, t)
		return []fitting{f}, err
	}
	var out []fitting
	held := false
	for n := 1; n <= mostDevices; n *= 2 {
		var f fitting
		err := d.Spread(&t, n)
		if err == nil {
			f, err = c.layout(m, t)
		}
		if err != nil {
			if len(out) == 0 {
				return nil, err
			}
			break // the model can't be split further
		}
		out = append(out, f)
		if held || f.Fits == nil {
			break
		}
		held = *f.Fits
	}
	return out, nil
}

// layout measures one group of devices.
func (c *fitCmd) layout(m *transformer.Model, t estimate.Target) (fitting, error) {
	l, err := estimate.NewLanguage(m, &t, c.formatFlags.language())
	if err != nil {
		return fitting{}, err
	}
	room, err := l.Room(float64(c.Context))
	f := fitting{Device: t.Device.ID, Count: t.Count, Replicas: t.Replicas(), Plan: estimate.Plan(t.Plan.Filled()), Memory: room.Memory, target: t}
	if errors.Is(err, estimate.ErrCapacity) {
		return f, nil
	}
	replicas := float64(t.Replicas())
	fits := room.Users >= 1
	if fits && c.PrefixHit > 0 {
		ranks := float64(t.Plan.Filled().DP)
		room.Users = ranks * math.Floor(1/(ranks*l.Share(float64(c.Context), float64(c.PrefixHit)*float64(c.Context))))
	}
	f.Fits = &fits
	f.Short = room.Short
	f.KVTokens, f.Users, f.LongestPrompt = room.Tokens*replicas*float64(t.Plan.Filled().DP), room.Users*replicas, room.LongestContext
	return f, nil
}

func (c *fitCmd) answer(s *session, loaded *deploy.Loaded, all [][]fitting, failed []row) *show.Answer {
	m := loaded.Language
	n := newNamer(s.catalog)
	f := c.formatFlags.language()
	if len(all) > 0 {
		f = estimate.Formats(m, &all[0][0].target, f)
	}
	f = m.Resolve(f)
	a := &show.Answer{
		Assumed: fmt.Sprintf("%s · %s · %s weights, %s · %s KV, %s per token · context %s", m.Name, parameters(m.Parameters()), f.Weights,
			m.WeightBytes(f), f.KV, m.KVBytesPerToken(f.KV), unit.Group(fmt.Sprintf("%.0f", float64(c.Context)))),
	}
	gib := unit.Scales{{Factor: float64(unit.GiB), Symbol: "GiB"}}
	t := show.Table{Columns: []show.Column{{Title: "device", Left: true, Shrink: 12}, {Title: "plan", Left: true},
		{Group: "per device", Title: "weights", Scales: gib, Base: "B"}, {Group: "per device", Title: "KV cache", Scales: gib, Base: "B"},
		{Group: "per device", Title: "other", Scales: gib, Base: "B"}, {Group: "per device", Title: "memory", Scales: gib, Base: "B"},
		{Title: "KV tokens", Whole: true}, {Title: "users at " + c.Context.String(), Whole: true}, {Title: "longest context", Left: true}}}
	var flat []fitting
	runtimes := map[string]bool{}
	for _, fs := range all {
		for i := range fs {
			f := &fs[i]
			flat = append(flat, *f)
			runtimes[f.target.Runtime.ID] = true
			t.Add(c.cells(n, m, f)...)
		}
	}
	if len(runtimes) > 0 {
		a.Assumed += " · runtime " + strings.Join(keys(runtimes), ", ")
	}
	a.Tables = []show.Table{t}
	a.Sentence = c.sentence(n, all)
	for _, fs := range all {
		last := &fs[len(fs)-1]
		if len(all) == 1 {
			for i := range fs {
				if fs[i].Fits != nil && *fs[i].Fits {
					last = &fs[i]
					break
				}
			}
			a.Notes = append(a.Notes, memoryBar(last))
			if last.Fits != nil && *last.Fits && last.target.Runtime.ID == "vllm" {
				each := last.KVTokens / float64(last.Replicas*last.target.Plan.Filled().DP) // of every data-parallel rank
				a.Notes = append(a.Notes, fmt.Sprintf("vLLM will log: GPU KV cache size: %s tokens, Maximum concurrency for %s tokens per request: %.2fx",
					unit.Group(fmt.Sprintf("%.0f", each)), unit.Group(fmt.Sprintf("%.0f", float64(c.Context))), each/float64(c.Context)))
			}
		}
		if last.Memory.Capacity == 0 {
			a.Warnings = append(a.Warnings, n[last.Device]+": its memory capacity is not known; give one with --memory")
		}
	}
	if m.MaxContext > 0 && float64(c.Context) > float64(m.MaxContext) {
		a.Warnings = append(a.Warnings, fmt.Sprintf("%s is made for %s tokens of context; %s are asked for", m.Name,
			unit.Group(fmt.Sprint(m.MaxContext)), unit.Group(fmt.Sprintf("%.0f", float64(c.Context)))))
	}
	a.Warnings = append(a.Warnings, failures(n, failed)...)
	a.Warnings = append(a.Warnings, loaded.Warnings()...)
	a.JSON = fitDocument{"roofline.fit/v1", version(), s.command(), m.Name, m.Parameters(), m.WeightBytes(f), m.KVBytesPerToken(f.KV), float64(c.Context), flat, a.Warnings}
	return a
}

func (c *fitCmd) cells(n namer, m *transformer.Model, f *fitting) []show.Cell {
	cells := []show.Cell{n.of(&f.target), plan(&f.target), float64(f.Memory.Weights)}
	other := float64(f.Memory.Activations + f.Memory.Reserved)
	capacity := float64(f.Memory.Capacity)
	if capacity == 0 {
		capacity = show.Unknown
	}
	if f.Fits == nil || !*f.Fits {
		longest := "–"
		if f.Fits != nil {
			longest = fmt.Sprintf("%s short", f.Short)
		}
		return append(cells, show.Unknown, other, capacity, show.Unknown, show.Unknown, longest)
	}
	longest := unit.Group(fmt.Sprintf("%.0f", f.LongestPrompt))
	if m.MaxContext > 0 && f.LongestPrompt >= float64(m.MaxContext) {
		longest = "model's " + unit.Group(fmt.Sprint(m.MaxContext))
	}
	return append(cells, float64(f.Memory.KVCache), other, capacity, f.KVTokens, f.Users, longest)
}

// sentence says whether the model fits, and how many devices it takes.
func (c *fitCmd) sentence(n namer, all [][]fitting) string {
	if len(all) == 0 {
		return "No device can run this; the reasons are below."
	}
	if len(all) == 1 {
		first := &all[0][0]
		switch {
		case first.Fits == nil:
			return fmt.Sprintf("%s: %s of weights; its memory capacity is not known.", n.of(&first.target), first.Memory.Weights)
		case *first.Fits:
			return fmt.Sprintf("%s: fits, with %s users at %v of context each.", counted(n, first), unit.Group(fmt.Sprintf("%.0f", first.Users)), c.Context)
		}
		text := fmt.Sprintf("%s: does not fit, %s short on each device.", counted(n, first), first.Short)
		for i := range all[0] {
			if f := &all[0][i]; *f.Fits {
				return text + fmt.Sprintf(" %d devices hold it, with %s users at %v of context each.", f.Count, unit.Group(fmt.Sprintf("%.0f", f.Users)), c.Context)
			}
		}
		return text
	}
	var holds []string
	for _, fs := range all {
		for i := range fs {
			if f := &fs[i]; f.Fits != nil && *f.Fits {
				holds = append(holds, fmt.Sprintf("%d × %s", f.Count, n[f.Device]))
				break
			}
		}
	}
	if len(holds) == 0 {
		return "It fits on none of these."
	}
	return "Held by " + list(holds) + "."
}

// counted names a group of devices with its number, also when it is one.
func counted(n namer, f *fitting) string { return fmt.Sprintf("%d × %s", f.Count, n[f.Device]) }

// memoryBar draws what fills the memory of a device.
func memoryBar(f *fitting) string {
	const width = 40
	m := f.Memory
	whole := max(m.Capacity, m.Total)
	if whole == 0 {
		return ""
	}
	cells := func(b unit.Bytes) int { return int(math.Round(float64(b/whole) * width)) }
	weights, kv := cells(m.Weights), cells(m.KVCache)
	other := max(0, min(width-weights-kv, cells(m.Activations+m.Reserved)))
	bar := strings.Repeat("█", weights) + strings.Repeat("▓", kv) + strings.Repeat("░", other)
	each := "1 device:"
	if f.Count > 1 {
		each = fmt.Sprintf("%d devices, each:", f.Count)
	}
	return fmt.Sprintf("%s %s of %s   █ weights ▓ KV ░ other", each, bar, m.Capacity)
}

// fitDocument is the JSON of fit.
type fitDocument struct {
	Schema          string     `json:"schema"`
	Version         string     `json:"version"`
	Command         string     `json:"command"`
	Model           string     `json:"model"`
	Parameters      float64    `json:"parameters"`
	WeightBytes     unit.Bytes `json:"weight_bytes"`
	KVBytesPerToken unit.Bytes `json:"kv_bytes_per_token"`
	Context         float64    `json:"context"`
	Layouts         []fitting  `json:"layouts"`
	Warnings        []string   `json:"warnings,omitempty"`
}

package main

import (
	"fmt"
	"strings"

	"roofline/cmd/roofline/internal/show"
	"roofline/hardware/unit"
	"roofline/model"
	"roofline/model/zoo"
)

// modelsCmd knows the built-in models.
type modelsCmd struct {
	List modelsListCmd `cmd:"" help:"The built-in models and their sizes."`
	Show modelsShowCmd `cmd:"" help:"One model: its dimensions, or its totals, and where they come from."`
}

type modelsListCmd struct {
	Filter string `arg:"" optional:"" help:"Only names that contain this."`
}

// Help shows the command at work.
func (modelsListCmd) Help() string {
	return `Example:
  roofline models list llama`
}

// entry is a built-in model for programs.
type entry struct {
	Name       string   `json:"name"`
	Task       string   `json:"task"`
	Parameters float64  `json:"parameters"`
	Names      []string `json:"other_names,omitempty"`
	Source     string   `json:"source"`
}

func entries() []entry {
	var out []entry
	for _, e := range zoo.Graphs() {
		out = append(out, entry{e.Name, e.Task, e.Parameters, e.Aliases, e.Source})
	}
	for _, e := range zoo.Language() {
		out = append(out, entry{e.Name, "language model", e.Parameters, append([]string{e.ID}, e.Aliases...), e.Source})
	}
	return out
}

// Run lists the models.
func (c *modelsListCmd) Run(s *session) error {
	var found []entry
	for _, e := range entries() {
		if strings.Contains(strings.ToLower(e.Name+" "+strings.Join(e.Names, " ")), strings.ToLower(c.Filter)) {
			found = append(found, e)
		}
	}
	t := show.Table{Columns: []show.Column{{Title: "model", Left: true}, {Title: "task", Left: true}, {Title: "parameters", Whole: true},
		{Title: "also known as", Left: true}}}
	for _, e := range found {
		also := ""
		if len(e.Names) > 0 {
			also = e.Names[0]
		}
		t.Add(e.Name, e.Task, e.Parameters, also)
	}
	return s.answer(&show.Answer{
		Sentence: fmt.Sprintf("%d built-in models; a file works as well: .onnx, .gguf, .toml, config.json or its folder.", len(found)),
		Tables:   []show.Table{t},
		JSON:     modelsDocument{"roofline.models/v1", append([]entry{}, found...)},
	})
}

type modelsShowCmd struct {
	Model string `arg:"" help:"A model's name or file."`
}

// Help shows the command at work.
func (modelsShowCmd) Help() string {
	return `Example:
  roofline models show llama-3.1-8b
  roofline models show model.onnx`
}

// Run describes one model.
func (c *modelsShowCmd) Run(s *session) error {
	loaded, err := s.files.Model(c.Model, model.Bindings{})
	if err != nil {
		return err
	}
	t := show.Table{Columns: []show.Column{{Title: "", Left: true}, {Title: loaded.Name(), Left: true, Shrink: 24}}}
	add := func(name, format string, args ...any) { t.Add(name, fmt.Sprintf(format, args...)) }
	add("parameters", "%s", unit.Group(fmt.Sprintf("%.0f", loaded.Parameters())))
	var warnings []string
	if g := loaded.Graph; g != nil {
		warnings = g.Warnings
		totals := model.Sum(g.Work(model.FusionNone, model.Formats{}))
		add("ops", "%d", len(g.Ops))
		for _, id := range g.Inputs {
			add("input "+g.Tensor(id).Name, "%v %v", g.Tensor(id).Shape, g.Tensor(id).DType)
		}
		for _, id := range g.Outputs {
			add("output "+g.Tensor(id).Name, "%v %v", g.Tensor(id).Shape, g.Tensor(id).DType)
		}
		add("multiply-accumulates", "%s G for a batch of %d", unit.Number(totals.MACs/1e9, 4), g.Batch)
		add("weights", "%v as stored", g.WeightBytes(0))
	}
	if m := loaded.Language; m != nil {
		warnings = m.Warnings
		f := m.Resolve((&formatFlags{}).language())
		add("active parameters", "%s", unit.Group(fmt.Sprintf("%.0f", m.ActiveParameters())))
		add("family", "%s", m.Family)
		add("layers", "%d", m.LayerCount())
		for i := range m.Layers {
			l := &m.Layers[i]
			add(fmt.Sprintf("  %d of them", l.Count), "%s", l.String())
		}
		add("hidden size", "%d", m.Hidden)
		add("vocabulary", "%s%s", unit.Group(fmt.Sprint(m.Vocab)), map[bool]string{true: ", embeddings tied"}[m.TiedEmbeddings])
		if m.MaxContext > 0 {
			add("longest context", "%s", unit.Group(fmt.Sprint(m.MaxContext)))
		} else {
			add("longest context", "–")
		}
		add("weights", "%v in %v", m.WeightBytes(f), f.Weights)
		kv := m.KVSplit(f.KV)
		add("KV cache", "%v per token in %v", kv.PerToken(), f.KV)
		for _, w := range kv.Bounded {
			add(fmt.Sprintf("  in a window of %.0f", w.Tokens), "%v per token, at most %v", w.PerToken, w.PerToken*unit.Bytes(w.Tokens))
		}
		if len(kv.Bounded) > 0 {
			add("  growing on", "%v per token", kv.Growing)
		}
		if kv.Constant > 0 {
			add("state", "%v per sequence, whatever its length", kv.Constant)
		}
	}
	add("source", "%s", loaded.Source)
	details := map[string]string{}
	for _, row := range t.Rows {
		details[row[0].(string)] = row[1].(string)
	}
	return s.answer(&show.Answer{Tables: []show.Table{t}, Warnings: warnings, JSON: modelDocument{"roofline.model/v1", loaded.Name(), loaded.Parameters(), loaded.Source, details}})
}

// modelsDocument is the JSON of models list.
type modelsDocument struct {
	Schema string  `json:"schema"`
	Models []entry `json:"models"`
}

// modelDocument is the JSON of models show.
type modelDocument struct {
	Schema     string            `json:"schema"`
	Name       string            `json:"name"`
	Parameters float64           `json:"parameters"`
	Source     string            `json:"source"`
	Details    map[string]string `json:"details"`
}

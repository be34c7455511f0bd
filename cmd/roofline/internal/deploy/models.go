package deploy

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"

	"roofline/catalog"
	"roofline/model"
	"roofline/model/gguf"
	"roofline/model/hf"
	"roofline/model/native"
	"roofline/model/onnx"
	"roofline/model/safetensors"
	"roofline/model/transformer"
	"roofline/model/zoo"
)

// Loaded is a model that was read: a graph, or a language model.
type Loaded struct {
	Graph    *model.Graph // inferred at its bound batch
	Language *transformer.Model
	Source   string // a file, or where the built-in model's facts come from
}

// Name returns the model's name.
func (l *Loaded) Name() string {
	if l.Graph != nil {
		return l.Graph.Name
	}
	return l.Language.Name
}

// Parameters returns how many weights the model has.
func (l *Loaded) Parameters() float64 {
	if l.Graph != nil {
		return l.Graph.Parameters()
	}
	return l.Language.Parameters()
}

// Warnings returns what reading the model warned of.
func (l *Loaded) Warnings() []string {
	if l.Graph != nil {
		return named(l.Graph.Name, l.Graph.Warnings)
	}
	return named(l.Language.Name, l.Language.Warnings)
}

func named(name string, texts []string) (out []string) {
	for _, t := range texts {
		out = append(out, name+": "+t)
	}
	return out
}

// Load reads a model from a file, a folder with a config.json, or the built-in ones by name.
func Load(name string, b model.Bindings) (*Loaded, error) {
	if info, err := os.Stat(name); err == nil && (info.IsDir() || filepath.Ext(name) != "") {
		return file(name, info, b)
	} else if looksLikePath(name) {
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%s: no such file", name)
		}
		return nil, err
	}
	return builtIn(name, b)
}

// looksLikePath reports names that can only be meant as files: "meta-llama/Llama-3.1-8B" is a model's id.
func looksLikePath(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".onnx", ".json", ".toml", ".gguf":
		return true
	}
	return strings.HasPrefix(name, ".") || strings.HasPrefix(name, string(filepath.Separator))
}

func file(path string, info fs.FileInfo, b model.Bindings) (*Loaded, error) {
	if info.IsDir() {
		return folder(path)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: not a file; models are read in parts, so save it first", path)
	}
	var g *model.Graph
	var err error
	switch ext := strings.ToLower(filepath.Ext(path)); ext {
	case ".onnx":
		g, err = onnx.ReadFile(path)
	case ".json":
		m, err := hf.ReadFile(path)
		return &Loaded{Language: m, Source: path}, err
	case ".toml":
		g, err = native.ReadFile(path)
	case ".gguf":
		m, err := gguf.ReadFile(path)
		return &Loaded{Language: m, Source: path}, err
	default:
		return nil, fmt.Errorf("%s: not a model I read: want .onnx, .gguf, .toml, config.json or a folder that holds one", path)
	}
	if err != nil {
		return nil, err
	}
	return inferred(g, path, b)
}

// inferred binds a graph that was read from a file.
func inferred(g *model.Graph, path string, b model.Bindings) (*Loaded, error) {
	if filepath.Ext(path) != ".toml" { // exporters name every graph alike; people know it by its file
		g.Name = strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	}
	if err := model.Infer(g, b); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &Loaded{Graph: g, Source: path}, nil
}

// folder reads a model's config.json and, where its weights lie beside it, compares the parameters with theirs.
func folder(path string) (*Loaded, error) {
	m, err := hf.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if weights, err := filepath.Glob(filepath.Join(path, "*.safetensors*")); err == nil && len(weights) > 0 {
		index, err := safetensors.ReadFile(path)
		if err != nil {
			m.Warnings = append(m.Warnings, fmt.Sprintf("its weights can't be read: %v", err))
		} else if stored, counted := index.Parameters(), m.Parameters()+m.MTPParameters(); math.Abs(stored-counted) > counted/1000 {
			m.Warnings = append(m.Warnings, fmt.Sprintf("its files hold %.0f parameters, its configuration gives %.0f: other parts, such as a vision tower, are not counted", stored, counted))
		}
	}
	return &Loaded{Language: m, Source: path}, nil
}

// builtIn finds a model by its name, by the id it has elsewhere, or by the beginning of a name that fits only one.
func builtIn(name string, b model.Bindings) (*Loaded, error) {
	if e, ok := zoo.FindLanguage(name); ok {
		return language(e)
	}
	if e, ok := zoo.FindGraph(name); ok {
		return graph(e, b)
	}
	found, err := catalog.Resolve("model", Names(), name)
	if err != nil {
		return nil, err
	}
	if e, ok := zoo.FindLanguage(found); ok {
		return language(e)
	}
	e, _ := zoo.FindGraph(found)
	return graph(e, b)
}

// Names lists the built-in models.
func Names() []string {
	var names []string
	for _, e := range zoo.Graphs() {
		names = append(names, e.Name)
	}
	for _, e := range zoo.Language() {
		names = append(names, e.Name)
	}
	return names
}

func language(e *zoo.LanguageEntry) (*Loaded, error) {
	m, err := e.Model()
	return &Loaded{Language: m, Source: e.Source}, err
}

func graph(e *zoo.GraphEntry, b model.Bindings) (*Loaded, error) {
	g, err := e.Graph(b.Dims)
	if err != nil {
		return nil, err
	}
	b.Dims = nil // they are built in now
	if err := model.Infer(g, b); err != nil {
		return nil, fmt.Errorf("%s: %w", e.Name, err)
	}
	return &Loaded{Graph: g, Source: e.Source}, nil
}

// Package hf reads the config.json of a Hugging Face model repository.
//
// A configuration names a family ("model_type") and its dimensions; what it leaves out, the family's conventions fill
// in ([families]). No other file is opened: weights, tokenizers and code in the repository are not looked at.
package hf

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"roofline/model/transformer"
)

// maxSize bounds a configuration file. Real ones take a few KiB, and some hundred with long lists of layers that are
// not quantised.
const maxSize = 8 << 20

// ReadFile reads a config.json, or the one in a folder. The model is named after the folder, or after a file of another
// name.
func ReadFile(path string) (*transformer.Model, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		path = filepath.Join(path, "config.json")
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxSize+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	m, err := Read(data, path)
	if err != nil {
		return nil, err
	}
	m.Name = modelName(path)
	return m, nil
}

// modelName turns the path of a configuration into a name for people.
func modelName(path string) string {
	base := filepath.Base(path)
	if base == "config.json" {
		if abs, err := filepath.Abs(path); err == nil {
			return filepath.Base(filepath.Dir(abs))
		}
	}
	return strings.TrimSuffix(strings.TrimSuffix(base, ".json"), "_config")
}

// Read reads a configuration. The name becomes the model's and stands before every error.
func Read(data []byte, name string) (*transformer.Model, error) {
	root, err := parse(data, name)
	if err != nil {
		return nil, err
	}
	c := root.language()
	m := new(transformer.Model)
	if c.refuse(); *c.err == nil {
		m = c.model()
	}
	if *c.err != nil {
		return nil, fmt.Errorf("%s: %w", name, *c.err)
	}
	m.Name = name
	for _, key := range []string{"vision_config", "audio_config"} {
		if root.has(key) {
			m.Warnings = append(m.Warnings, fmt.Sprintf("only the language model is counted, not what %s describes", key))
		}
	}
	return m, nil
}

// model reads the dimensions; what is wrong stays in c.err.
func (c *config) model() *transformer.Model {
	m := &transformer.Model{Family: c.modelType()}
	fam, known := families[m.Family]
	if !known && *c.err == nil {
		fam = unknownFamily
		m.Warnings = append(m.Warnings, fmt.Sprintf("model_type %q is not known: read by its dimensions as a model like Llama; "+
			"compare the number of parameters with the published one", clip(m.Family)))
		defer func() {
			if *c.err != nil {
				*c.err = fmt.Errorf("model_type %q is not known, and its fields do not suffice: %w", clip(m.Family), *c.err)
			}
		}()
	}
	c.names, c.defaults = fam.names, fam.defaults
	m.Hidden = c.size("hidden_size", maxHidden)
	m.Vocab = c.size("vocab_size", maxVocab)
	m.MaxContext = c.sizeOr("max_position_embeddings", maxContext, 0)
	if fam.learned {
		m.Positions = c.size("max_position_embeddings", maxHidden)
	}
	m.FinalNorm, m.HeadBias = fam.norm, fam.headBias
	m.TiedEmbeddings = c.flagOr("tie_word_embeddings", fam.tied)
	m.DType = c.dtype(m)
	q := c.quantization(m)
	m.Quantization = q.Quantization
	m.Layers = c.layers(&fam, m.Hidden, q)
	return m
}

// Package hf reads the config.json of a Hugging Face model repository.
//
// A configuration names a family ("model_type") and its dimensions; what it leaves out, the family's conventions fill
// in ([families]). Beside it only hf_quant_config.json is looked at, in which some quantised checkpoints keep their
// formats: not weights, tokenizers or code, nor any path that a file names.
package hf

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"roofline/hardware/dtype"
	"roofline/model/transformer"
)

// maxSize bounds a configuration file. Real ones take a few KiB, and some hundred with long lists of layers that are
// not quantised.
const maxSize = 8 << 20

// The names of the files in a repository.
const (
	configFile = "config.json"
	quantFile  = "hf_quant_config.json"
)

// ReadFile reads a config.json, or the one in a folder, and hf_quant_config.json beside it. The model is named after the
// folder, or after a file of another name.
func ReadFile(path string) (*transformer.Model, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		path = filepath.Join(path, configFile)
	}
	data, err := readBounded(path)
	if err != nil {
		return nil, err
	}
	var formats []byte
	if filepath.Base(path) == configFile {
		beside := filepath.Join(filepath.Dir(path), quantFile)
		if info, err := os.Stat(beside); err == nil && info.Mode().IsRegular() {
			if formats, err = readBounded(beside); err != nil {
				return nil, err
			}
		}
	}
	return named(data, path, modelName(path), formats)
}

// ReadNamed reads a configuration that lies in no folder. The model is named after the file.
func ReadNamed(data []byte, file string) (*transformer.Model, error) {
	return named(data, file, strippedName(file), nil)
}

// named reads a configuration and names the model.
func named(data []byte, path, name string, formats []byte) (*transformer.Model, error) {
	m, err := readWith(data, path, formats)
	if err != nil {
		return nil, err
	}
	m.Name = name
	warnFormat(m)
	return m, nil
}

// readBounded reads a file, and of one that is too large enough to tell.
func readBounded(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxSize+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return data, nil
}

// modelName turns the path of a configuration into a name for people.
func modelName(path string) string {
	base := filepath.Base(path)
	if base == configFile {
		if abs, err := filepath.Abs(path); err == nil {
			return filepath.Base(filepath.Dir(abs))
		}
	}
	return strippedName(base)
}

// strippedName is the name of a configuration's file without what all such names have.
func strippedName(base string) string {
	return strings.TrimSuffix(strings.TrimSuffix(base, ".json"), "_config")
}

// formatInName finds a quantisation in a checkpoint's name.
var formatInName = regexp.MustCompile(`(?i)(?:^|[-_.])(nvfp4|mxfp4|fp4|fp8|int8|int4|awq|gptq|w4a16|w8a8|w8a16|bnb-4bit)(?:$|[-_.])`)

// warnFormat says where a checkpoint's name promises a format that nothing states.
func warnFormat(m *transformer.Model) {
	if found := formatInName.FindStringSubmatch(m.Name); found != nil && m.Quantization.Weights == dtype.Unknown {
		m.Warnings = append(m.Warnings, fmt.Sprintf("the name says %s, but the configuration has no quantization_config and no %s lies "+
			"beside it: %v weights are assumed; --dtype changes it", found[1], quantFile, m.DType))
	}
}

// Read reads a configuration. The name becomes the model's and stands before every error.
func Read(data []byte, name string) (*transformer.Model, error) { return readWith(data, name, nil) }

// readWith reads a configuration and, if there is one, the quantiser's file.
func readWith(data []byte, name string, formats []byte) (*transformer.Model, error) {
	root, err := parse(data, name)
	if err != nil {
		return nil, err
	}
	c := root.language()
	if formats != nil {
		other, err := parse(formats, filepath.Join(filepath.Dir(name), quantFile))
		if err != nil {
			return nil, err
		}
		other.err, other.root = c.err, other
		if other.has("quantization") {
			other = other.object("quantization")
		}
		other.prefix = quantFile + ": " + other.prefix
		c.beside = other
	}
	m := new(transformer.Model)
	if c.refuse(); *c.err == nil {
		m = c.model()
	}
	if *c.err != nil {
		return nil, fmt.Errorf("%s: %w", name, *c.err)
	}
	m.Name = name
	root.warnTowers(m)
	return m, nil
}

// warnTowers says that what sees and hears is not counted.
func (c *config) warnTowers(m *transformer.Model) {
	towers := false
	for _, key := range []string{"vision_config", "audio_config"} {
		if c.has(key) {
			towers = true
			m.Warnings = append(m.Warnings, fmt.Sprintf("only the language model is counted, not what %s describes", key))
		}
	}
	if towers || m.Kind != transformer.Decoder {
		return
	}
	for _, name := range c.texts("architectures") {
		if strings.HasSuffix(name, "ForConditionalGeneration") {
			m.Warnings = append(m.Warnings, fmt.Sprintf("only the language model is counted: %s has more, which the file does not describe",
				clip(name)))
		}
	}
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
	q := c.quantization()
	if fam.encoder {
		c.bert(&fam, m)
	}
	if fam.read != nil {
		fam.read(c, &fam, m, q)
	} else {
		c.layers(&fam, m, q)
	}
	q.settle(m)
	return m
}

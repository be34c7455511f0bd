package deploy

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"roofline/model"
	"roofline/model/gguf"
	"roofline/model/hf"
	"roofline/model/native"
	"roofline/model/onnx"
)

// Files is what a command reads: the files of the machine, or those a page was given.
type Files interface {
	// Model reads a model by the name of its file, or a built-in one by its own.
	Model(name string, b model.Bindings) (*Loaded, error)
	// Read returns what is in a file.
	Read(name string) ([]byte, error)
	// Sum returns the SHA-256 of a file, in hexadecimal.
	Sum(name string) (string, error)
	// Open opens a file that may be large, to be read once.
	Open(name string) (io.ReadCloser, error)
	// TOML lists the documents a name stands for: a file itself, or every .toml below a folder.
	TOML(name string) ([]string, error)
}

// Disk is the files of the machine.
type Disk struct{}

// Model reads a model as [Load] does.
func (Disk) Model(name string, b model.Bindings) (*Loaded, error) { return Load(name, b) }

// maxRead is more than any file has that is read whole.
const maxRead = 64 << 20

// Read returns what is in a file of a reasonable size.
func (Disk) Read(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxRead+1))
	if err == nil && len(data) > maxRead {
		err = fmt.Errorf("%s: too large: want at most %d MiB", name, maxRead>>20)
	}
	return data, err
}

// Sum returns the SHA-256 of a file; a folder has none.
func (Disk) Sum(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	sum := sha256.New()
	_, err = io.Copy(sum, f)
	return hex.EncodeToString(sum.Sum(nil)), err
}

// Open opens a file.
func (Disk) Open(name string) (io.ReadCloser, error) {
	info, err := os.Stat(name)
	if err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: not a file", name)
	}
	if err != nil {
		return nil, err
	}
	return os.Open(name)
}

// TOML lists the documents a path stands for.
func (Disk) TOML(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		return []string{path}, err
	}
	var found []string
	err = filepath.WalkDir(path, func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && filepath.Ext(p) == ".toml" {
			found = append(found, p)
		}
		return err
	})
	return found, err
}

// Memory is files that somebody handed over, by name; the machine's are out of its reach.
type Memory map[string]*File

// File is a file in memory: all of it, or of one whose beginning is enough, such as a GGUF, that.
type File struct {
	Data []byte
	Size int64 // of the whole file
}

// ReadAt reads the part of the file that is there.
func (f *File) ReadAt(p []byte, off int64) (int, error) {
	n, err := bytes.NewReader(f.Data).ReadAt(p, off)
	if err == io.EOF && f.Size > int64(len(f.Data)) {
		err = fmt.Errorf("only its first %d bytes are here, and its header is longer", len(f.Data))
	}
	return n, err
}

// Model reads a model of these files, or a built-in one.
func (m Memory) Model(name string, b model.Bindings) (*Loaded, error) {
	f, ok := m[name]
	switch {
	case ok:
		return f.model(name, b)
	case looksLikePath(name):
		return nil, fmt.Errorf("%s: no such file here; a page reads only what was dropped on it", name)
	}
	return builtIn(name, b)
}

func (f *File) model(name string, b model.Bindings) (*Loaded, error) {
	switch ext := strings.ToLower(filepath.Ext(name)); ext {
	case ".onnx":
		g, err := onnx.Read(f, f.Size)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		return inferred(g, name, b)
	case ".toml":
		g, err := native.Read(f.Data, name)
		if err != nil {
			return nil, err
		}
		return inferred(g, name, b)
	case ".json":
		m, err := hf.ReadNamed(f.Data, name)
		return &Loaded{Language: m, Source: name}, err
	case ".gguf":
		m, err := gguf.Read(f, f.Size, name)
		return &Loaded{Language: m, Source: name}, err
	}
	return nil, fmt.Errorf("%s: not a model I read: want .onnx, .gguf, .toml or config.json", name)
}

// Read returns what is in one of these files.
func (m Memory) Read(name string) ([]byte, error) {
	if f, ok := m[name]; ok {
		return f.Data, nil
	}
	return nil, fmt.Errorf("%s: %w", name, fs.ErrNotExist)
}

// Sum returns the SHA-256 of what is here of one of these files.
func (m Memory) Sum(name string) (string, error) {
	data, err := m.Read(name)
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), err
}

// Open returns what is in one of these files.
func (m Memory) Open(name string) (io.ReadCloser, error) {
	data, err := m.Read(name)
	return io.NopCloser(bytes.NewReader(data)), err
}

// TOML returns the name of one of these files.
func (m Memory) TOML(name string) ([]string, error) {
	if _, ok := m[name]; !ok {
		return nil, fmt.Errorf("%s: %w", name, fs.ErrNotExist)
	}
	return []string{name}, nil
}

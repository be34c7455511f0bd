package safetensors

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
)

const (
	indexName = "model.safetensors.index.json"
	wholeName = "model.safetensors"

	// maxIndex bounds the list of tensors and their files. Kimi K2's, with 384 experts in 60 layers, has some 20 MB.
	maxIndex = 256 << 20
)

// shardName is how the parts of a model are named by the library that writes them: number and count.
var shardName = regexp.MustCompile(`^model.*-(\d{5,6})-of-(\d{5,6})\.safetensors$`)

// readFolder adds the tensors of the model in a folder. Files are opened by their names in the folder, never by a name
// from inside a file: the index only says which of them are the model's.
func (x *Index) readFolder(folder string) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	switch {
	case slices.Contains(names, indexName):
		return x.readShards(folder, names)
	case slices.Contains(names, wholeName):
		return x.readFile(filepath.Join(folder, wholeName))
	}
	shards, err := complete(names)
	if err != nil {
		return fmt.Errorf("%s: %w", folder, err)
	}
	for _, name := range shards {
		if err := x.readFile(filepath.Join(folder, name)); err != nil {
			return err
		}
	}
	return nil
}

// complete returns the shards among the names of files, all of them.
func complete(names []string) ([]string, error) {
	var shards []string
	count := 0
	for _, name := range names {
		if m := shardName.FindStringSubmatch(name); m != nil {
			shards = append(shards, name)
			count, _ = strconv.Atoi(m[2])
		}
	}
	switch {
	case len(shards) == 0:
		return nil, fmt.Errorf("no %s or %s in this folder: %w", wholeName, indexName, fs.ErrNotExist)
	case len(shards) != count:
		return nil, fmt.Errorf("%d of %d shards are there", len(shards), count)
	}
	return shards, nil
}

// readShards reads the shards an index lists and checks that each tensor is where it says.
func (x *Index) readShards(folder string, names []string) error {
	path := filepath.Join(folder, indexName)
	where, err := readIndex(path)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	read := make(map[string]bool)
	for _, entry := range where {
		name := entry.file
		if read[name] {
			continue
		}
		if !slices.Contains(names, name) {
			return fmt.Errorf("%s: the shard %q is not in the folder, and %s lists it", folder, clip(name), indexName)
		}
		read[name] = true
		if err := x.readFile(filepath.Join(folder, name)); err != nil {
			return err
		}
	}
	for _, entry := range where {
		if t, ok := x.Tensor(entry.tensor); !ok || t.File != entry.file {
			return fmt.Errorf("%s: tensor %q is not in %s", path, clip(entry.tensor), clip(entry.file))
		}
	}
	return nil
}

// place is an entry of an index.
type place struct{ tensor, file string }

// readIndex reads which file each tensor is in.
func readIndex(path string) ([]place, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case info.Size() > maxIndex:
		return nil, fmt.Errorf("%d bytes: want at most %d MiB", info.Size(), maxIndex>>20)
	}
	s := newScanner(f)
	var where []place
	files := make(map[string]string) // one copy of each name
	s.object(func(key string) {
		if key != "weight_map" {
			s.skip()
			return
		}
		s.object(func(tensor string) {
			file := s.text()
			if _, ok := files[file]; !ok {
				files[file] = file
			}
			if where = append(where, place{tensor, files[file]}); len(where) > maxTensors {
				s.failf("more than %d tensors", maxTensors)
			}
		})
	})
	if s.end(); s.err == nil && len(where) == 0 {
		return nil, errors.New("weight_map is missing")
	}
	return where, s.err
}

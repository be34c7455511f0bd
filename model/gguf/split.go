package gguf

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
)

// maxSplits bounds the files of one model.
const maxSplits = 1000

// splitName is how llama.cpp names the files of a split model (llama_split_path): the number is the only part that
// differs, so the others are found without a name from inside a file.
var splitName = regexp.MustCompile(`^(.*)-(\d{5})-of-(\d{5})\.gguf$`)

// readParts reads the file of a path, or all the files of the split model it belongs to, in order.
func readParts(path string) ([]*part, error) {
	named, err := readFile(path)
	if err != nil {
		return nil, err
	}
	count := int(max(0, min(named.keys["split.count"].number, maxSplits+1)))
	if count <= 1 {
		return []*part{named}, nil
	}
	name := splitName.FindStringSubmatch(filepath.Base(path))
	if name == nil {
		return nil, fmt.Errorf("%s: one of the %d files of a split model: want it named like NAME-00001-of-%05[2]d.gguf, "+
			"so that the others are found", path, count)
	}
	if of, _ := strconv.Atoi(name[3]); of != count || count > maxSplits {
		return nil, fmt.Errorf("%s: the name says %d files, the header %g: want the same, up to %d",
			path, of, named.keys["split.count"].number, maxSplits)
	}
	var parts []*part
	tensors := 0
	for i := range count {
		sibling := filepath.Join(filepath.Dir(path), fmt.Sprintf("%s-%05d-of-%05d.gguf", name[1], i+1, count))
		p, err := readFile(sibling)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil, fmt.Errorf("%s: not there, and the model is split into %d files that are all needed", sibling, count)
		case err != nil:
			return nil, err
		case p.keys["split.count"].number != float64(count) || p.keys["split.no"].number != float64(i):
			return nil, fmt.Errorf("%s: its header says it is split %g of %g: want %d of %d",
				sibling, p.keys["split.no"].number+1, p.keys["split.count"].number, i+1, count)
		}
		if tensors += len(p.tensors); tensors > maxTensors {
			return nil, fmt.Errorf("%s: with it the model has more than %d tensors", sibling, maxTensors)
		}
		parts = append(parts, p)
	}
	return parts, nil
}

// readFile reads the header of one file.
func readFile(path string) (*part, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: not a file", path)
	}
	p, err := readPart(f, info.Size())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return p, nil
}

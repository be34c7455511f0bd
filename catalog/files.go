package catalog

import (
	"embed"
	"io/fs"
)

// File is one of the files the embedded catalog was compiled from.
type File struct {
	Name string // from the root of the project: catalog/devices/apple.toml
	Data []byte
}

//go:embed */*.toml
var files embed.FS

// Files returns the files of the embedded catalog, by name. Only what judges or shows the files themselves reads them:
// everything else uses what is compiled.
func Files() []File {
	var out []File
	err := fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := files.ReadFile(path)
		out = append(out, File{"catalog/" + path, data})
		return err
	})
	if err != nil { // what is embedded can be read
		panic(err)
	}
	return out
}

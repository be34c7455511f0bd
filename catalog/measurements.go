package catalog

import "embed"

//go:embed measurements/*.csv
var measurements embed.FS

// Measurements returns the tables of published measurements, CSV files as docs/accuracy.md describes them. They are
// read by who compares predictions with them, not at start-up.
func Measurements() embed.FS { return measurements }

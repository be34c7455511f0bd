package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// gallery is the pictures of docs/gallery.md: commands, and what they show.
var gallery = []struct{ name, about, command string }{
	{"estimate", "Devices side by side: latency alone, throughput and cost at full load, with what is uncertain and what physics allows.",
		"estimate llama-3.1-8b --device mi300x,h200-sxm,h100-sxm,a100-sxm-80gb,l40s,rtx-4090,l4"},
	{"estimate-graph", "The same for a network of images, for a printer without colour. A device without a price keeps its row.",
		"estimate resnet50 --device h100-sxm,l4,rtx-4090,jetson-agx-orin-64gb --theme print"},
	{"layers", "Every layer under the roofline: dots far below it wait for something else than the memory or the arithmetic. A dot's area is its share of the time.",
		"layers llama-3.1-8b --device h100-sxm --phase decode --batch 16 --context 1536"},
	{"layers-devices", "The same work under the roofs of several devices.",
		"layers llama-3.1-8b --device h100-sxm,mi300x,l4 --phase prefill --context 2048"},
	{"layers-time", "Where the time goes, by kind of layer and by what limits it.",
		"layers vit-b-16 --device a100-sxm-80gb --batch 8 --picture time"},
	{"fit", "What fills the memory of each device, and how much is missing.",
		"fit llama-3.1-70b --device h100-sxm --context 32k"},
	{"whatif", "What decides: by how many percent one percent more of a property changes latency, throughput and cost.",
		"whatif llama-3.1-8b --device h100-sxm --concurrency 64 --sensitivity"},
	{"sweep", "What rising load does to throughput and latency. The bar is where the memory is full; a ring, where there is one, where more does not pay.",
		"sweep llama-3.1-8b --device h100-sxm,l4 --tp 1 --concurrency 1..256*2"},
	{"frontier", "What is not beaten: cost against speed, the configurations that are beaten faint, limits shaded.",
		"frontier llama-3.1-70b --device h100-sxm,h200-sxm,l40s --slo tpot=50ms"},
	{"frontier-graph", "The same for a network of images: cost against latency.",
		"frontier resnet50 --device h100-sxm,l4,rtx-4090,t4 --slo latency=20ms"},
	{"validate", "How right predictions are: on the line they are equal to the measurement.",
		"validate --device h200-sxm --theme dark"},
}

const galleryDoc, galleryDir = "../../docs/gallery.md", "../../docs/gallery"

// TestGallery compares docs/gallery with what its commands draw today.
func TestGallery(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "1795305600")
	doc := new(strings.Builder)
	doc.WriteString(`# Gallery

Every answer with a picture draws it where ` + "`-o`" + ` names a file that ends in ` + "`.svg`, `.png` or `.pdf`" + `. The title says which model it
is about, the line below it what was found, the small print what was assumed and on which day. ` + "`--width 8.5cm` fits a column of\nprint, `--width 1200px` gives a PNG of so many pixels, `--theme dark` suits dark pages and `--theme print` printers without\ncolour; `--height` and `--font-size`" + ` are chosen to suit unless they are given. In a browser every mark of an SVG tells its
numbers when it is pointed at.

A test draws these pictures anew and compares; after a change of a prediction or of the drawing, look at what
` + "`go test ./cmd/roofline -run Gallery -update`" + ` writes.
`)
	for _, g := range gallery {
		file := filepath.Join(t.TempDir(), g.name+".svg")
		errs := new(bytes.Buffer)
		if code := run(append(strings.Fields(g.command), "-o", file), io.Discard, errs); code != exitAnswered {
			t.Fatalf("roofline %s: exit %d\n%s", g.command, code, errs)
		}
		picture, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		golden(t, filepath.Join(galleryDir, g.name+".svg"), picture)
		fmt.Fprintf(doc, "\n## %s\n%s\n\n```sh\nroofline %s -o %s.svg\n```\n\n![%s](gallery/%s.svg)\n", g.name, g.about, g.command, g.name, g.about, g.name)
	}
	golden(t, galleryDoc, []byte(doc.String()))
}

// golden compares a file with what it should hold, or writes it.
func golden(t *testing.T, file string, want []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(file); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is out of date: go test ./cmd/roofline -run Gallery -update, and look at it (%v)", file, err)
	}
}

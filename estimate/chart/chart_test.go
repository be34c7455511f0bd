package chart

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden pictures anew")

// TestGolden compares the pictures of fixed data with those under testdata, which people have looked at.
func TestGolden(t *testing.T) {
	for name, c := range samples() {
		t.Run(name, func(t *testing.T) {
			got := render(t, c, Style{}, AsSVG)
			golden := filepath.Join("testdata", name+".svg")
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s differs: go test ./estimate/chart -update writes it anew; look at it", golden)
			}
		})
	}
}

func render(t testing.TB, c Chart, s Style, f Format) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, c, s, f); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestSVGIsSafeInline checks what an SVG needs to stand within a page under a strict content security policy: it is
// well-formed, with no style attributes, scripts or links, and no ids that another picture on the page could have.
func TestSVGIsSafeInline(t *testing.T) {
	hostile := &Bars{Caption: Caption{Title: `<script>alert("x")</script> & 'quotes'`}, Measures: []Measure{{Name: "a<b"}}, Rows: []Bar{{Name: `"><svg onload=x>`, Values: []Estimated{{Value: 1}}}}}
	all := samples()
	all["hostile"] = hostile
	for name, c := range all {
		d := xml.NewDecoder(bytes.NewReader(render(t, c, Style{}, AsSVG)))
		for {
			token, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			e, ok := token.(xml.StartElement)
			if !ok {
				continue
			}
			if !strings.Contains(" svg g title path text ", " "+e.Name.Local+" ") {
				t.Errorf("%s: element %s", name, e.Name.Local)
			}
			for _, a := range e.Attr {
				if a.Name.Local == "style" || a.Name.Local == "id" || a.Name.Local == "href" || strings.HasPrefix(a.Name.Local, "on") {
					t.Errorf("%s: attribute %s", name, a.Name.Local)
				}
			}
		}
	}
}

// TestSameBytes checks that a picture is a function of its data alone.
func TestSameBytes(t *testing.T) {
	for _, f := range []Format{AsSVG, AsPNG, AsPDF} {
		c := samples()["frontier"]
		if !bytes.Equal(render(t, c, Style{}, f), render(t, c, Style{}, f)) {
			t.Errorf("%s: two renderings differ", f)
		}
	}
}

// TestPixels checks that a width in pixels is the width of the PNG.
func TestPixels(t *testing.T) {
	var s Style
	if err := s.Width.UnmarshalText([]byte("640px")); err != nil {
		t.Fatal(err)
	}
	image, err := png.Decode(bytes.NewReader(render(t, samples()["bars-one"], s, AsPNG)))
	if err != nil {
		t.Fatal(err)
	}
	if w := image.Bounds().Dx(); w != 640 {
		t.Errorf("%d pixels wide, want 640", w)
	}
}

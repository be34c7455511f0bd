package chart

import (
	"bytes"
	"os"
	"testing"
)

func TestLook(t *testing.T) {
	dir := os.Getenv("LOOK")
	if dir == "" {
		t.Skip()
	}
	os.MkdirAll(dir, 0o755)
	for name, c := range samples() {
		for _, v := range []struct {
			suffix string
			s      Style
		}{{"", Style{Width: 900}}, {"-dark", Style{Width: 900, Theme: Dark}}, {"-17", Style{Theme: Print}}, {"-8", Style{Width: 8.5 / 2.54 * 72}}} {
			var b bytes.Buffer
			if err := PNG(&b, c, v.s); err != nil {
				t.Error(err)
			}
			os.WriteFile(dir+"/"+name+v.suffix+".png", b.Bytes(), 0o644)
		}
		for _, f := range []Format{AsSVG, AsPDF} {
			var b bytes.Buffer
			if err := Write(&b, c, Style{}, f); err != nil {
				t.Error(err)
			}
			os.WriteFile(dir+"/"+name+"."+string(f), b.Bytes(), 0o644)
		}
	}
}

package zoo

import (
	"fmt"
	"os"
	"regexp"
	"testing"
)

// The documentation's table of parameters is the built-in models'.
func TestDocumentedParameters(t *testing.T) {
	text, err := os.ReadFile("../../docs/language-models.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile("(?m)^\\| `([^`]+)` \\| ([0-9.]+) \\| ([0-9.]+) \\|").FindAllStringSubmatch(string(text), -1)
	if len(rows) < 20 {
		t.Fatalf("%d rows, want at least 20", len(rows))
	}
	for _, row := range rows {
		e, ok := FindLanguage(row[1])
		if !ok {
			t.Errorf("%s is not built in", row[1])
			continue
		}
		m, err := e.Model()
		if err != nil {
			t.Error(err)
			continue
		}
		want := fmt.Sprintf("%.3f %.3f", m.Parameters()/1e9, m.ActiveParameters()/1e9)
		if got := row[2] + " " + row[3]; got != want {
			t.Errorf("%s: documented as %s billion, is %s", row[1], got, want)
		}
	}
}

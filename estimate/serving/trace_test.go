package serving

import (
	"strings"
	"testing"
)

func TestReadTrace(t *testing.T) {
	trace, err := ReadTrace("t.csv", strings.NewReader("# a day\nosl, arrival,isl\n10,100.5,1000\n30,101.5,3000\n20,104.5,2000\n"))
	if err != nil || len(trace) != 3 || trace[1] != (Arrival{1, 3000, 30}) {
		t.Fatalf("%v, %v", trace, err)
	}
	// By hand: 2 requests in 4 s after the first; gaps of 1 and 3 s have the mean 2 and the variance 1; lengths of 1, 2 and 3
	// thousand the mean 2 and the variance 2/3, a squared variation of 1/6, and so a spread of √(3/6).
	rate, irregularity, l := Describe(trace)
	near(t, "rate", rate, 0.5, 1e-9)
	near(t, "irregularity", irregularity, 0.25, 1e-9)
	near(t, "ISL", l.ISL, 2000, 1e-9)
	near(t, "OSL", l.OSL, 20, 1e-9)
	near(t, "spread", l.ISLSpread, 0.70711, 1e-4)
	for _, c := range []struct{ text, want string }{
		{"", "want a header"},
		{"arrival,isl\n", `t.csv:1: no column "osl"`},
		{"arrival,isl,osl\n0,1,1\n", "1 requests: want two"},
		{"arrival,isl,osl\n0,1,1\n1,many,1\n", `t.csv:3:3: isl "many": want a number`},
		{"arrival,isl,osl\n0,1,1\n1,0,1\n", "t.csv:3:3: isl 0: want a whole number of tokens from 1"},
		{"arrival,isl,osl\n0,1,1\n1,1,1.5\n", "t.csv:3:5: osl 1.5: want a whole number"},
		{"arrival,isl,osl\n5,1,1\n4,1,1\n", "t.csv:3:1: arrival 4 is before that of the line above"},
		{"arrival,isl,osl\n0,1,1\nnan,1,1\n", `arrival "nan": want a number`},
		{"arrival,isl,osl\n0,1,1\n0,1,1\n", "want more than 0"},
		{"arrival,isl,osl\n0,1,1\n1,1\n", "wrong number of fields"},
		{"arrival,isl,osl\n0,1,1\n1,\"1,1\n", "t.csv:"},
	} {
		if _, err := ReadTrace("t.csv", strings.NewReader(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: got %v, want %s", c.text, err, c.want)
		}
	}
}

func FuzzReadTrace(f *testing.F) {
	f.Add("arrival,isl,osl\n0,1024,128\n0.5,2048,256\n")
	f.Add("osl,isl,arrival\n1,1,1e9\n1,1,2e9\n")
	f.Fuzz(func(t *testing.T, text string) {
		trace, err := ReadTrace("t.csv", strings.NewReader(text))
		if err != nil {
			return
		}
		for i, a := range trace {
			if a.At < 0 || i > 0 && a.At < trace[i-1].At || a.ISL < 1 || a.OSL < 1 {
				t.Errorf("%d: %+v", i, a)
			}
		}
		if rate, irregularity, l := Describe(trace); !(rate > 0) || !(irregularity >= 0) || !(l.ISL >= 1) || !(l.OSL >= 1) {
			t.Errorf("%g, %g, %+v", rate, irregularity, l)
		}
	})
}

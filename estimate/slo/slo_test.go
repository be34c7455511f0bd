package slo

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"roofline/hardware/unit"
)

func TestRead(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"ttft=2s,tpot=50ms", "ttft=2s,tpot=50ms"},
		{"ttft.p95=1s", "ttft.p95=1s"},
		{"TTFT.P99 = 1.5 s , itl=20ms", "ttft.p99=1.5s,tpot=20ms"},
		{"ttft:2000", "ttft=2s"},
		{"e2el:30000,e2e.p95=40s", "latency=30s,latency.p95=40s"},
		{"ttft.mean=300us", "ttft=0.3ms"},
		{"chat", "ttft=2s,tpot=50ms"},
		{"interactive,ttft.p95=1s", "ttft=450ms,tpot=40ms,ttft.p95=1s"},
		{"interactive,ttft=1s", "tpot=40ms,ttft=1s"},
	} {
		var ls Limits
		if err := ls.UnmarshalText([]byte(c.text)); err != nil || ls.String() != c.want {
			t.Errorf("%s: got %v, %v; want %s", c.text, ls, err, c.want)
		}
	}
}

func TestReadErrors(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"tpot=50", "tpot=50: needs a unit, such as 50ms (a bare number is milliseconds only after a colon)"},
		{"", "want a limit such as ttft=2s"},
		{"ttft", "want a limit such as ttft=2s"},
		{"speed=2s", `no time "speed"; want ttft, tpot or latency`},
		{"ttft.p42=2s", `no statistic "p42"; want mean, p95 or p99`},
		{"ttft=fast", `"fast" is not a time`},
		{"ttft=2s,ttft:100", "ttft is limited twice"},
		{"chat,interactive", "a second preset"},
		{"ttft=0s", "want more than 0"},
		{"ttft:-4", "want more than 0"},
		{"ttft:nan", "want more than 0"},
		{"ttft:inf", "at most a day"},
	} {
		var ls Limits
		if err := ls.UnmarshalText([]byte(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", c.text, err, c.want)
		}
	}
}

// What is printed can be read again.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := Limit{
			Metric:    rapid.SampledFrom([]Metric{TTFT, TPOT, Latency}).Draw(t, "metric"),
			Statistic: rapid.SampledFrom(statistics).Draw(t, "statistic"),
			Most:      unit.Seconds(float64(rapid.IntRange(1, 999_999).Draw(t, "ms")) / 1e3),
		}
		var got Limits
		if err := got.UnmarshalText([]byte(l.String())); err != nil || got.String() != l.String() {
			t.Fatalf("%v: %v, %v", l, got, err)
		}
	})
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{"ttft=2s,tpot=50ms", "chat", "ttft:2000", "ttft.p95=1e3s"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var ls Limits
		if ls.UnmarshalText([]byte(text)) != nil {
			return
		}
		for _, l := range ls {
			if !(l.Most > 0 && l.Most <= longest) {
				t.Errorf("%q: %v", text, l.Most)
			}
		}
	})
}

func TestCheck(t *testing.T) {
	var ls Limits
	if err := ls.UnmarshalText([]byte("ttft.p95=1s,tpot=50ms,latency=1s")); err != nil {
		t.Fatal(err)
	}
	expected := map[Quantity]unit.Seconds{{TTFT, P95}: 1.2, {TPOT, Mean}: unit.Seconds(math.NaN()), {Latency, Mean}: unit.Seconds(math.Inf(1))}
	of := func(q Quantity) unit.Seconds { return expected[q] }
	got := ls.Check(of)
	want := []Verdict{{"ttft.p95", 1, 1.2, false}, {"tpot", 0.05, 0, true}, {"latency", 1, 0, false}}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("got %+v, want %+v", got[i], want[i])
		}
	}
	if ls.Met(of) || !ls.Of(TPOT).Met(of) {
		t.Error("met is not what the verdicts say")
	}
	if s := got[0].String(); s != "ttft.p95 1.20 s, above 1.00 s" {
		t.Error(s)
	}
}

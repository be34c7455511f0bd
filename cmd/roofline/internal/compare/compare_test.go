package compare

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"
)

// estimates writes an answer of estimate by hand.
func estimates(rows ...string) string {
	return `{"schema":"roofline.estimate/v1","version":"1","catalog":"c","assumptions":[],"estimates":[` + strings.Join(rows, ",") + `]}`
}

// served is a language model under a load: device, dtype, users, TPOT and its band.
func served(device, dtype string, users, tpot, low, high float64) string {
	return fmt.Sprintf(`{"device":%q,"count":1,"replicas":1,"runtime":"vllm","plan":{"tp":1,"pp":1,"ep":1,"dp":1},"model":{"name":"m"},
"workload":{"dtype":%q,"isl":10,"osl":11,"concurrency":%g},"latency_s":{"bound":0,"low":%g,"expected":%g,"high":%g},
"throughput":{"value":%g,"unit":"output tokens/s","per_device":1},
"decode":{"tpot_s":{"bound":0,"low":%g,"expected":%g,"high":%g},"bound_by":"memory","tokens_per_s_per_user":%g}}`,
		device, dtype, users, 10*low, 10*tpot, 10*high, users/(10*tpot), low, tpot, high, 1/tpot)
}

func compared(t *testing.T, a, b string) *Comparison {
	t.Helper()
	x, err := Read("a.json", []byte(a))
	if err != nil {
		t.Fatal(err)
	}
	y, err := Read("b.json", []byte(b))
	if err != nil {
		t.Fatal(err)
	}
	return Compare(x, y)
}

// value finds a metric in a pair.
func value(p Pair, id string) Values {
	for _, v := range p.Values {
		if v.Metric == id {
			return v
		}
	}
	return Values{}
}

// By hand: 10 and 8 ms are 20 % less; bands of 9–12 and 7–8.5 have nothing in common, of 9–12 and 7–9.5 they have.
func TestCompareByHand(t *testing.T) {
	for _, c := range []struct {
		high    float64
		overlap bool
	}{{0.0085, false}, {0.0095, true}} {
		x := compared(t, estimates(served("x", "bf16", 4, 0.010, 0.009, 0.012)), estimates(served("y", "bf16", 4, 0.008, 0.007, c.high)))
		if len(x.Pairs) != 1 || !x.Pairs[0].Comparable {
			t.Fatalf("%+v", x.Pairs)
		}
		v := value(x.Pairs[0], "tpot")
		if v.Ratio == nil || math.Abs(*v.Ratio-0.8) > 1e-12 || v.Overlap != c.overlap {
			t.Errorf("TPOT %+v, want 0.8, overlap %v", v, c.overlap)
		}
		if w := value(x.Pairs[0], "throughput"); w.Ratio == nil || math.Abs(*w.Ratio-1.25) > 1e-12 || w.Overlap != c.overlap {
			t.Errorf("throughput %+v, want 1.25, overlap %v", w, c.overlap)
		}
		if len(x.Assumptions) != 1 || x.Assumptions[0] != (Assumed{"device", "x", "y"}) {
			t.Errorf("assumptions %+v", x.Assumptions)
		}
	}
}

// Between estimates of different models, formats or loads there is no change, and the reason is said.
func TestCompareOnlyEquals(t *testing.T) {
	a := served("x", "bf16", 4, 0.010, 0.009, 0.012)
	for _, c := range []struct{ b, reason string }{
		{served("x", "fp8", 4, 0.008, 0.007, 0.009), "weights bf16 against fp8"},
		{served("x", "bf16", 8, 0.012, 0.007, 0.019), "users 4 against 8"},
		{strings.Replace(a, `"name":"m"`, `"name":"other"`, 1), "model m against other"},
		{strings.Replace(a, `"osl":11`, `"osl":12`, 1), "output tokens 11 against 12"},
	} {
		x := compared(t, estimates(a), estimates(c.b))
		if len(x.Pairs) != 1 || x.Pairs[0].Comparable || x.Pairs[0].Reason != c.reason || value(x.Pairs[0], "tpot").Ratio != nil || len(x.Summary) != 0 {
			t.Errorf("%s: %+v", c.reason, x.Pairs)
		}
	}
}

// Pairs go by deployment and load, whatever the order; what has no partner is told.
func TestPaired(t *testing.T) {
	a := estimates(served("x", "bf16", 1, 0.01, 0, 0), served("y", "bf16", 1, 0.02, 0, 0), served("z", "bf16", 1, 0.03, 0, 0))
	b := estimates(served("y", "bf16", 1, 0.02, 0, 0), served("x", "bf16", 1, 0.01, 0, 0))
	x := compared(t, a, b)
	if len(x.Pairs) != 2 || len(x.OnlyA) != 1 || x.OnlyA[0] != "z 1 user" || x.OnlyB != nil {
		t.Fatalf("%+v", x)
	}
	for _, p := range x.Pairs {
		if p.A.Device != p.B.Device || *value(p, "tpot").Ratio != 1 {
			t.Errorf("%+v", p)
		}
	}
}

// An answer compared with itself does not differ, and exchanging two answers inverts every ratio.
func TestCompareSymmetry(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		row := rapid.Custom(func(t *rapid.T) string {
			low := rapid.Float64Range(0.001, 0.1).Draw(t, "low")
			return served(rapid.SampledFrom([]string{"x", "y", "z"}).Draw(t, "device"), rapid.SampledFrom([]string{"bf16", "fp8"}).Draw(t, "dtype"),
				float64(rapid.IntRange(1, 4).Draw(t, "users")), 1.1*low, low, 1.5*low)
		})
		read := func(name string) *Side {
			s, err := Read(name, []byte(estimates(rapid.SliceOfN(row, 1, 6).Draw(t, name)...)))
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		a, b := read("a"), read("b")
		for _, p := range Compare(a, a).Pairs {
			if p.A.Device != p.B.Device {
				t.Fatalf("%+v", p)
			}
		}
		there, back := Compare(a, b), Compare(b, a)
		if len(there.Pairs) != len(back.Pairs) || len(there.Pairs)+len(there.OnlyA) != len(a.results) {
			t.Fatalf("%d pairs there, %d back, of %d and %d", len(there.Pairs), len(back.Pairs), len(a.results), len(b.results))
		}
	})
}

func TestReadRefuses(t *testing.T) {
	for _, c := range []struct{ data, want string }{
		{"", "not JSON, at byte 0"},
		{"hello", "not JSON, at byte 1"},
		{`{"a":1}`, `it has no "schema"`},
		{`[]`, "not an answer of roofline"},
		{`{"schema":"roofline.fit/v1"}`, "roofline.fit/v1 has nothing to compare"},
		{`{"schema":"roofline.estimate/v1","estimates":[]}`, "it holds no estimates"},
		{`{"schema":"roofline.estimate/v1","estimates":[{"device":"x","unavailable":"no bf16"}]}`, "it holds no estimates"},
		{`{"schema":"roofline.estimate/v1","estimates":[{"latency_s":{"bound":"1"}}]}`, "base units"},
		{`{"schema":"roofline.estimate/v1","estimates":[{"workload":{"dtype":"fp99"}}]}`, "fp99"},
		{strings.Repeat("[", 1000), "nest deeper than 64"},
		{`{"a":[` + strings.Repeat("{},", maxObjects) + `{}]}`, "more than 200000 objects"},
		{strings.Repeat(" ", maxSize+1), "too large"},
	} {
		_, err := Read("x.json", []byte(c.data))
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "x.json: ") {
			t.Errorf("%.60s: %v, want %q", c.data, err, c.want)
		}
	}
}

// Text from a file can't reach the terminal's cursor.
func TestCleanText(t *testing.T) {
	s, err := Read("x.json", []byte(strings.Replace(estimates(served("x", "bf16", 1, 0.01, 0, 0)), `"device":"x"`, `"device":"\u001b[2Jevil\n`+strings.Repeat("a", 500)+`"`, 1)))
	if err != nil {
		t.Fatal(err)
	}
	device := s.results[0].Device
	if strings.ContainsFunc(device, func(r rune) bool { return !unicode.IsPrint(r) }) || len([]rune(device)) > maxText {
		t.Errorf("%q", device)
	}
}

// Whatever is in a file, comparing it ends, and says something or refuses.
func FuzzRead(f *testing.F) {
	f.Add([]byte(estimates(served("x", "bf16", 4, 0.010, 0.009, 0.012), served("y", "fp8", 1, 1e-300, 0, 1e300))))
	f.Add([]byte(`{"schema":"roofline.whatif/v1","before":[` + served("x", "bf16", 4, 0.010, 0.009, 0.012) + `]}`))
	f.Add([]byte(`{"schema":"roofline.estimate/v1","assumptions":[{"name":"a","value":{"b":[1]}}],"estimates":[null,{}]}`))
	f.Add([]byte(`{"schema":"roofline.estimate/v1","estimates":[{"device":"x","latency_s":{},"cost":{"per":[{"unit":"u","value":-1}]}}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := Read("x.json", data)
		if err != nil {
			return
		}
		for _, p := range Compare(s, s).Pairs {
			for _, v := range p.Values {
				if v.Ratio != nil && (math.IsNaN(*v.Ratio) || math.IsInf(*v.Ratio, 0)) {
					t.Errorf("%s: ratio %g", v.Metric, *v.Ratio)
				}
				for _, x := range []*float64{v.A, v.B} {
					if x != nil && (math.IsNaN(*x) || math.IsInf(*x, 0)) {
						t.Errorf("%s: %g", v.Metric, *x)
					}
				}
			}
		}
	})
}

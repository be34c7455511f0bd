package filter

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
)

func gigabytes(s string) (float64, error) {
	n, ok := strings.CutSuffix(s, "GB")
	v, err := strconv.ParseFloat(n, 64)
	if !ok || err != nil {
		return 0, fmt.Errorf("want a number with unit such as 80GB")
	}
	return v * 1e9, nil
}

var fields = []Field{
	{Name: "memory", Number: gigabytes},
	{Name: "vendor", Values: []string{"nvidia", "amd", "intel"}},
	{Name: "name"},
	{Name: "released", Date: true},
	{Name: "price", Number: func(s string) (float64, error) { return strconv.ParseFloat(s, 64) }},
}

var h100 = map[string]Value{"memory": Number(85.5e9), "vendor": Text("nvidia"), "name": Text("NVIDIA H100 SXM5"), "released": Text("2022-09-20")}

func TestMeets(t *testing.T) {
	for text, want := range map[string]bool{
		"memory>=80GB":                              true,
		"memory >= 80GB && vendor == nvidia":        true,
		`memory>="80GB"&&vendor==NVIDIA`:            true,
		"memory<80GB":                               false,
		"memory>90GB || vendor==nvidia":             true,
		"vendor==amd && memory>1GB || memory<100GB": true,
		"vendor==amd && (memory>1GB || memory<1GB)": false,
		"!(vendor==amd)":                            true,
		"!vendor==nvidia":                           false,
		"vendor!=amd":                               true,
		"name=='*h100*'":                            true,
		"name==*a100*":                              false,
		"name!=*a100*":                              true,
		"released>=2022":                            true,
		"released==2022":                            true,
		"released<=2022-09":                         true,
		"released>2022-09":                          false,
		"released<2022-09-21":                       true,
		"price<3":                                   false, // not known: neither less
		"price>=3":                                  false, // nor more
		"price==unknown":                            true,
		"price!=unknown":                            false,
		"memory!=unknown":                           true,
		"Memory>=80GB":                              true,
	} {
		c, err := Parse(text, fields)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := c.Meets(func(f string) Value { return h100[f] }); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
	var none *Condition
	if !none.Meets(nil) {
		t.Error("no condition is not met")
	}
}

func TestErrors(t *testing.T) {
	for text, want := range map[string]string{
		"memry>=80GB":           "no field \"memry\", did you mean memory?\n  memry>=80GB\n  ^^^^^",
		"colour==red":           "no field \"colour\": want memory, vendor, name, released, price\n  colour==red\n  ^^^^^^",
		"memory>=80":            "memory \"80\": want a number with unit such as 80GB\n  memory>=80\n          ^^",
		"vendor==nvdia":         "no vendor \"nvdia\", did you mean nvidia?\n  vendor==nvdia\n          ^^^^^",
		"vendor==zzz":           "no vendor \"zzz\": want nvidia, amd, intel\n  vendor==zzz\n          ^^^",
		"memory 80GB":           "want ==, !=, <, <=, > or >= after memory\n  memory 80GB\n         ^",
		"memory=80GB":           "want ==, !=, <, <=, > or >= after memory\n  memory=80GB\n        ^",
		"memory>=":              "want a value after memory >=\n  memory>=\n          ^",
		"":                      "want a condition such as memory>=80GB\n  \n  ^",
		"memory>=80GB &&":       "want a condition such as memory>=80GB\n  memory>=80GB &&\n                 ^",
		"(memory>=80GB":         "want )\n  (memory>=80GB\n               ^",
		"memory>=80GB vendor":   "want && or || before this\n  memory>=80GB vendor\n               ^^^^^^",
		"name=='x":              "want a closing '\n  name=='x\n          ^",
		"name==[":               "name \"[\": not a pattern\n  name==[\n        ^",
		"price<unknown":         "unknown has no order: want == or !=\n  price<unknown\n        ^^^^^^^",
		"é==1":                  "no field \"é\": want memory, vendor, name, released, price\n  é==1\n  ^",
		strings.Repeat("(", 99): "too many parentheses\n",
	} {
		_, err := Parse(text, fields)
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: got\n%v\nwant\n%s", text, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"memory>=80GB && vendor==nvidia", "!(price<3||name=='*x*')", "released>=2022", "((", "a=", "memory>=\"80 GB"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := Parse(text, fields)
		if err != nil {
			if err.Error() == "" {
				t.Error("an error without a message")
			}
			return
		}
		get := func(name string) Value { return h100[name] }
		met := c.Meets(get)
		negated, err := Parse("!("+text+")", fields)
		if err == nil && negated.Meets(get) == met {
			t.Errorf("%q and its negation are both %v", text, met)
		}
	})
}

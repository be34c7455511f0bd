package validate

import (
	"strings"
	"testing"

	"roofline/hardware/dtype"
)

func TestRead(t *testing.T) {
	ms, err := Read("my.csv", strings.NewReader(`# our runs
ms,quantity,device,model,weights,concurrency,isl,osl,tp,note
12.5,tpot,h100-sxm,llama-3.1-8b,fp8,32,1024,512,2,"weekday, busy"

# the same, alone
6,tpot,h100-sxm,llama-3.1-8b,,1,1024,512,,
`))
	if err != nil || len(ms) != 2 {
		t.Fatal(ms, err)
	}
	want := Measurement{Quantity: TPOT, Device: "h100-sxm", Model: "llama-3.1-8b", Weights: dtype.FP8, Concurrency: 32, ISL: 1024, OSL: 512,
		TP: 2, Note: "weekday, busy", Measured: 0.0125, Place: "my.csv:3"}
	if ms[0] != want {
		t.Errorf("%+v", ms[0])
	}
	if m := ms[1]; m.Place != "my.csv:6" || m.Weights != dtype.Unknown || m.Plan().TP != 1 {
		t.Errorf("%+v", m)
	}
	if got := ms[0].Name(); got != "tpot llama-3.1-8b fp8 TP2, 32 requests of 1024/512" {
		t.Error(got)
	}
}

func TestReadErrors(t *testing.T) {
	const gemm = "quantity,device,weights,m,n,k,us\n"
	for _, c := range []struct{ text, want string }{
		{"", "x.csv:1: the table is empty: want a header such as"},
		{"quantity,device,m\n", "x.csv:1: no column for the measured time: want s, ms or us"},
		{"quantity,ms,us\n", "x.csv:1: two columns of time, ms and us: want one"},
		{"quantity,latency_ms\n", `x.csv:1: unknown column "latency_ms": want some of quantity, device,`},
		{"quantity,device,device,s\n", `x.csv:1: column "device" is there twice`},
		{gemm + "gemm,l4,bf16,8,8,8,1 us\n", `x.csv:2: us: "1 us" is not a number without unit`},
		{gemm + "gemm,l4,bf16,8,8,8,0\n", "x.csv:2: gemm measurement: want a time above 0"},
		{gemm + "gemm,l4,bf16,8,8,8,NaN\n", `x.csv:2: us: "NaN" is not a number`},
		{gemm + "gemm,l4,bf16,8,-8,8,1\n", `x.csv:2: n: "-8" is not a number`},
		{gemm + "gemm,l4,bf61,8,8,8,1\n", `x.csv:2: weights: unknown number format "bf61"`},
		{gemm + "gemm,l4,bf16,8,8,8,1\ngemm,l4,,8,8,,1\n", "x.csv:3: gemm measurement: want m, n and k from 1; weights"},
		{gemm + "gem,l4,bf16,8,8,8,1\n", `x.csv:2: quantity: unknown quantity "gem": want one of ttft, tpot,`},
		{gemm + "gemm,l4,bf16\n", "x.csv:2: wrong number of fields"},
		{"quantity,device,model,tp,ms\nlatency,l4,resnet50,two,3\n", `x.csv:2: tp: "two" is not a count`},
		{"quantity,device,model,ms\ntpot,l4,llama-3.1-8b,3\n", "x.csv:2: tpot measurement: want concurrency, isl and osl from 1"},
		{"device,ms\nl4,3\n", "x.csv:2: a measurement: want quantity"},
	} {
		if _, err := Read("x.csv", strings.NewReader(c.text)); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%q: %v, want %s", c.text, err, c.want)
		}
	}
}

// A table from anywhere gives measurements or an error that names the file and a line, and never a panic.
func FuzzRead(f *testing.F) {
	f.Add("quantity,device,weights,m,n,k,us\ngemm,l4,bf16,8,8,8,1\n")
	f.Add("quantity,device,model,concurrency,isl,osl,ms,\"note\"\nttft,h100,llama-3.1-8b,1,2,3,4,\"a\nb\"\n")
	f.Add("# x\n\ns\n1e300\n")
	f.Fuzz(func(t *testing.T, text string) {
		ms, err := Read("x.csv", strings.NewReader(text))
		if err != nil && !strings.HasPrefix(err.Error(), "x.csv:") {
			t.Errorf("no place: %v", err)
		}
		for i := range ms {
			if !(ms[i].Measured > 0) || ms[i].Name() == "" || !strings.HasPrefix(ms[i].Place, "x.csv:") {
				t.Errorf("%+v", ms[i])
			}
		}
	})
}

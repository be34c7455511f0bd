package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"roofline/cmd/roofline/internal/deploy"
	"roofline/cmd/roofline/internal/page"
)

// FuzzCommandLine: whatever is typed is answered, refused or explained, JSON answers are JSON, and nothing that is
// refused leaves half an answer.
func FuzzCommandLine(f *testing.F) {
	for _, line := range []string{
		"estimate llama-3.1-8b --device h100-sxm --concurrency 1,7,max --workload 2k/300",
		"estimate resnet50 --device l4,rtx-4090 --batch 1..8*2 --dtype int8 --usd-per-hour 0.7",
		"estimate llama-3.1-70b --device h100-sxm --count 4 --rate 3 --slo ttft.p95=1s,tpot:50 --spread 0.3",
		"fit llama-3.1-8b --device l4 --context 32k --kv-dtype fp8",
		"layers vit-b-16 --device a100-sxm-80gb --batch 32 --sort time --top 3",
		"recommend llama-3.1-8b --device h100*,l4 --target 2000tok/s --slo tpot=50ms --budget 1000USD/month",
		"whatif llama-3.1-8b --device h100-sxm --set memory.bandwidth=*1.2 --require tpot=5ms",
		"frontier resnet50 --device l4,t4 --batch 1..8*2 --where memory>=16GB",
		"catalog list h100* --sort bf16", "explain TTFT", "schema estimate", "models show llama-3.1-8b",
	} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		args := strings.Fields(line)
		if len(line) > 400 || len(args) == 0 || args[0] == "serve" || strings.Contains(line, "..") && strings.Contains(line, "000") {
			return // a server does not end, and grids of millions of points are not what is looked for
		}
		var out, errs strings.Builder
		exit := call{args: append(args, "--format", "json"), files: deploy.Memory{}, file: io.Discard}.run(&out, &errs)
		switch exit {
		case exitAnswered, exitDoesNotFit, exitLimitMissed:
			if out.Len() > 0 && strings.HasPrefix(out.String(), "{") && !json.Valid([]byte(out.String())) {
				t.Errorf("%q: not JSON", line)
			}
		case exitNoAnswer, exitUsage:
			if errs.Len() == 0 {
				t.Errorf("%q: exit %d without a word", line, exit)
			}
		default:
			t.Errorf("%q: exit %d", line, exit)
		}
	})
}

// FuzzAPI: whatever a page asks gets one of the documented statuses.
func FuzzAPI(f *testing.F) {
	for _, target := range []string{
		"/api/v1/estimate?model=llama-3.1-8b&device=h100-sxm&isl=2048",
		"/api/v1/fit?model=llama-3.1-8b&device=l4&context=32k", "/api/v1/layers?model=resnet50&device=l4&format=csv",
		"/api/v1/whatif?model=llama-3.1-8b&device=l4&set=memory.bandwidth=1TB/s", "/api/v1/models", "/api/v1/catalog?q=h100",
		"/api/v1/explain?metric=tpot", "/healthz", "/../../etc/passwd", "/api/v1/estimate?model=../../etc/passwd", "/api/v1/files?name=..",
	} {
		f.Add("GET", target, "")
	}
	f.Add("POST", "/api/v1/files?name=net.toml", "name = \"net\"\n")
	handler := page.New(page.Config{Run: answerPage, MaxUpload: 1 << 20}).Handler()
	f.Fuzz(func(t *testing.T, method, target, body string) {
		if len(target) > 300 || !strings.HasPrefix(target, "/") || strings.ContainsAny(target, " \t\r\n") || strings.Contains(target, "all") {
			return
		}
		switch method {
		case "GET", "POST", "DELETE", "HEAD":
		default:
			return
		}
		r, err := http.NewRequest(method, "http://localhost"+target, strings.NewReader(body))
		if err != nil {
			return // no server gets to see it
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code < 200 || w.Code >= 500 && w.Code != 503 {
			t.Errorf("%s %q: status %d", method, target, w.Code)
		}
	})
}

package page

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"roofline/cmd/roofline/internal/deploy"
	"roofline/cmd/roofline/internal/show"
)

// echo answers a command line with its own words.
func echo(c Call, out, errs io.Writer) int {
	switch c.Args[0] {
	case "layers":
		panic("broken")
	case "fit":
		fmt.Fprintln(errs, `{"error":{"code":"name.unknown","message":"no such model"}}`)
		return 1
	}
	fmt.Fprintln(out, strings.Join(c.Args, " "))
	c.Show(&show.Answer{Sentence: "answered"})
	return 0
}

func newTest(t *testing.T, run func(Call, io.Writer, io.Writer) int) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(New(Config{Run: run, Hosts: []string{"planner.example.com"}, MaxUpload: 1 << 20}).Handler())
	t.Cleanup(s.Close)
	return s
}

type header map[string]string

func ask(t *testing.T, method, address string, h header, body io.Reader) (int, string) {
	t.Helper()
	r, err := http.NewRequest(method, address, body)
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range h {
		if k == "Host" {
			r.Host = v
		} else {
			r.Header.Set(k, v)
		}
	}
	reply, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(reply.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Content-Security-Policy", "X-Content-Type-Options"} {
		if reply.Header.Get(name) == "" {
			t.Errorf("%s %s: no %s", method, address, name)
		}
	}
	if strings.Contains(reply.Header.Get("Content-Security-Policy"), "unsafe") {
		t.Errorf("policy %s", reply.Header.Get("Content-Security-Policy"))
	}
	return reply.StatusCode, string(text)
}

// TestGuard: who may ask, and for what.
func TestGuard(t *testing.T) {
	s := newTest(t, echo)
	host := strings.TrimPrefix(s.URL, "http://")
	for _, c := range []struct {
		name, method, path string
		h                  header
		want               int
	}{
		{"the page", "GET", "/", nil, 200},
		{"health", "GET", "/healthz", nil, 200},
		{"its own page", "POST", "/api/v1/files?name=a.toml", header{"Origin": s.URL, "Sec-Fetch-Site": "same-origin"}, 201},
		{"a program", "GET", "/api/v1/models", nil, 200},
		{"a name it was given", "GET", "/", header{"Host": "planner.example.com:8080"}, 200},
		{"an address", "GET", "/", header{"Host": "192.168.1.7:8080"}, 200},
		{"an address of six", "GET", "/", header{"Host": "[::1]:8080"}, 200},
		{"a link from another site", "GET", "/", header{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, 200},

		{"foreign host", "GET", "/", header{"Host": "evil.example.com"}, 421},
		{"foreign host that begins alike", "GET", "/", header{"Host": "localhost.evil.example.com"}, 421},
		{"cross-site post", "POST", "/api/v1/files?name=a.toml", header{"Origin": "https://evil.example.com"}, 403},
		{"cross-site post of an opaque origin", "POST", "/api/v1/files?name=a.toml", header{"Origin": "null"}, 403},
		{"same host, other port", "POST", "/api/v1/files?name=a.toml", header{"Origin": "http://127.0.0.1:1"}, 403},
		{"cross-site question", "GET", "/api/v1/models", header{"Sec-Fetch-Site": "cross-site"}, 403},
		{"link into the interface", "GET", "/api/v1/models", header{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, 403},
		{"path traversal", "GET", "/../../../etc/passwd", nil, 400},
		{"encoded path traversal", "GET", "/%2e%2e/%2e%2e/etc/passwd", nil, 400},
		{"unknown verb", "GET", "/api/v1/serve", nil, 404},
		{"wrong method", "DELETE", "/api/v1/models", nil, 405},
		{"handle that is a path", "GET", "/api/v1/files/..%2f..%2fetc%2fpasswd", nil, 400},
	} {
		if got, body := ask(t, c.method, "http://"+host+c.path, c.h, strings.NewReader("x")); got != c.want {
			t.Errorf("%s: %d %s, want %d", c.name, got, body, c.want)
		}
	}
}

// TestParameters: what becomes an argument, and what does not.
func TestParameters(t *testing.T) {
	s := newTest(t, echo)
	for query, want := range map[string]string{
		"model=llama-3.1-8b":                                       "estimate llama-3.1-8b --format json",
		"model=llama-3.1-8b&device=h100*,l4&tp=2":                  "estimate llama-3.1-8b --device h100*,l4 --tp 2 --format json",
		"tp=2&model=m&device=l4&form=csv":                          "estimate m --device l4 --tp 2 --format csv",
		"model=m&dim=a%3D1&dim=b%3D2&explain=1&form=table&device=": "estimate m --dim a=1 --dim b=2 --explain",
	} {
		if code, got := ask(t, "GET", s.URL+"/api/v1/estimate?"+query, nil, nil); code != 200 || strings.TrimSpace(got) != want {
			t.Errorf("%s: %d %s, want %s", query, code, got, want)
		}
	}
	for query, want := range map[string]string{
		"model=m&output=x.json":                             `parameter output`,
		"model=m&o=x":                                       `parameter o:`,
		"model=m&from=x.csv":                                `parameter from`,
		"model=--catalog%3D/etc/passwd":                     "dash",
		"model=m&device=-o":                                 "dash",
		"model=m&device=a%0ab":                              "one line",
		"model=m&device=" + strings.Repeat("a", maxValue+1): "characters",
		"model=m&catalog=/etc/passwd":                       "not here",
		"model=upload:../../x":                              "not here",
		"model=m&device=all&concurrency=1..1024":            "combinations",
		"model=m&concurrency=1..1e300":                      "combinations",
		"model=m&form=exe":                                  "form=exe",
		"model=m" + strings.Repeat("&dim=a", maxValues+1):   "at most",
	} {
		if code, got := ask(t, "GET", s.URL+"/api/v1/estimate?"+query, nil, nil); code != 400 || !strings.Contains(got, want) {
			t.Errorf("%.60s: %d %s, want 400 and %s", query, code, got, want)
		}
	}
}

// TestOutcome: a command line that fails or breaks says so with the right status, and the next one works.
func TestOutcome(t *testing.T) {
	s := newTest(t, echo)
	if code, got := ask(t, "GET", s.URL+"/api/v1/fit?model=x", nil, nil); code != 422 || !strings.Contains(got, "no such model") {
		t.Errorf("no answer: %d %s", code, got)
	}
	if code, got := ask(t, "GET", s.URL+"/api/v1/layers?model=x", nil, nil); code != 500 || strings.Contains(got, "broken") {
		t.Errorf("a panic: %d %s", code, got)
	}
	code, got := ask(t, "GET", s.URL+"/api/v1/models?form=page", nil, nil)
	if code != 200 && !json.Valid([]byte(got)) {
		t.Errorf("after a panic: %d %s", code, got)
	}
}

// TestBusy: while all processors are taken a request waits, and is told so when that takes too long.
func TestBusy(t *testing.T) {
	release := make(chan struct{})
	server := New(Config{Run: func(Call, io.Writer, io.Writer) int { <-release; return 0 }})
	compute := func(wait time.Duration) error {
		ctx, cancel := context.WithTimeout(context.Background(), wait)
		defer cancel()
		_, err := server.compute(ctx, Call{})
		return err
	}
	for range cap(server.slots) {
		if err := compute(20 * time.Millisecond); err != errSlow {
			t.Fatalf("a computation that does not end: %v", err)
		}
	}
	if err := compute(20 * time.Millisecond); err != errBusy {
		t.Errorf("all processors taken: %v", err)
	}
	close(release)
	if err := compute(10 * time.Second); err != nil {
		t.Errorf("after they are free again: %v", err)
	}
}

// TestAnswerTooLong: an answer that would not end is cut off.
func TestAnswerTooLong(t *testing.T) {
	s := newTest(t, func(_ Call, out, errs io.Writer) int {
		for {
			if _, err := out.Write(make([]byte, 1<<20)); err != nil {
				fmt.Fprintln(errs, err)
				return 1
			}
		}
	})
	if code, got := ask(t, "GET", s.URL+"/api/v1/models", nil, nil); code != 422 || !strings.Contains(got, "longer than 32 MiB") {
		t.Errorf("%d %.100s", code, got)
	}
}

// TestUploadLimits: what is too long is refused before and while it is read, and a name is only a name.
func TestUploadLimits(t *testing.T) {
	s := newTest(t, func(c Call, out, errs io.Writer) int {
		if len(c.Files) != 1 || !slices.Contains(c.Args, "passwd.toml") {
			t.Errorf("%v of %v", c.Args, c.Files)
		}
		return 0
	})
	post := func(query string, body io.Reader) (int, string) {
		return ask(t, "POST", s.URL+"/api/v1/files?"+query, nil, body)
	}
	if code, got := post("name="+url.QueryEscape("../../etc/passwd.toml"), strings.NewReader("[x]")); code != 201 || !strings.Contains(got, `"name":"passwd.toml"`) {
		t.Errorf("a name with a path: %d %s", code, got)
	}
	for _, name := range []string{"", "..", "../", ".onnx", "%00"} {
		if code, _ := post("name="+url.QueryEscape(name), strings.NewReader("x")); code != 400 {
			t.Errorf("name %q: %d", name, code)
		}
	}
	if code, got := post("name=a.onnx", io.LimitReader(zeros{}, 2<<20)); code != 413 || !strings.Contains(got, "at most 1 MiB") {
		t.Errorf("without a length: %d %s", code, got)
	}
	if code, _ := post("name=a.onnx&size=1", strings.NewReader("1234")); code != 400 {
		t.Errorf("shorter than what was sent: %d", code)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// TestHugeUpload: of 3 GB that are announced nothing is read.
func TestHugeUpload(t *testing.T) {
	s := newTest(t, echo)
	c, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "POST /api/v1/files?name=a.onnx HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3000000000\r\n\r\n")
	c.SetReadDeadline(time.Now().Add(10 * time.Second))
	first := make([]byte, 12)
	if _, err := io.ReadFull(c, first); err != nil || string(first) != "HTTP/1.1 413" {
		t.Errorf("%q, %v", first, err)
	}
}

// TestShelf: the uploads that nobody asked for the longest make room.
func TestShelf(t *testing.T) {
	s := newTest(t, func(Call, io.Writer, io.Writer) int { return 0 })
	handles := map[string]string{}
	for _, name := range []string{"a.toml", "b.toml"} {
		_, got := ask(t, "POST", s.URL+"/api/v1/files?name="+name, nil, bytes.NewReader([]byte(name)))
		var u upload
		if err := json.Unmarshal([]byte(got), &u); err != nil {
			t.Fatal(err)
		}
		handles[name] = u.Handle
		if code, again := ask(t, "GET", s.URL+"/api/v1/files/"+u.Handle, nil, nil); code != 200 || again != got {
			t.Errorf("%s: %d %s, put as %s", name, code, again, got)
		}
	}
	if handles["a.toml"] == handles["b.toml"] {
		t.Error("two files of one handle")
	}
	shelf := newShelf(100)
	for i := range 10 {
		shelf.put(&upload{Handle: fmt.Sprint(i), file: &deploy.File{Data: make([]byte, 30)}})
		if i > 0 {
			shelf.get("0")
		}
	}
	for handle, there := range map[string]bool{"0": true, "9": true, "8": true, "7": false, "1": false} {
		if _, ok := shelf.get(handle); ok != there {
			t.Errorf("%s: there %v, want %v", handle, ok, there)
		}
	}
	if shelf.held > 100 {
		t.Errorf("%d bytes are held, of 100", shelf.held)
	}
}

// TestSlowClient: who sends a header or a file drop by drop is not waited for, and the server ends when it is told to.
func TestSlowClient(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	server := New(Config{Run: echo, MaxUpload: 1 << 20})
	server.headerTimeout, server.readTimeout = 50*time.Millisecond, 100*time.Millisecond
	go func() { done <- server.Serve(ctx, l) }()
	for request, want := range map[string]string{
		"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ":                                                 "",
		"POST /api/v1/files?name=a.onnx HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nabc": "HTTP/1.1 408",
	} {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		io.WriteString(c, request)
		c.SetReadDeadline(time.Now().Add(10 * time.Second))
		if got, err := io.ReadAll(c); err != nil || !strings.HasPrefix(string(got), want) || strings.Contains(string(got), "200 OK") {
			t.Errorf("%.20s: %.60q, %v; want %q and a closed connection", request, got, err, want)
		}
	}
	stop()
	if err := <-done; err != nil {
		t.Errorf("shutting down: %v", err)
	}
}

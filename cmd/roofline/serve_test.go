package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	goruntime "runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/alecthomas/kong"

	"roofline/cmd/roofline/internal/page"
)

func newPage(t testing.TB) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(page.New(page.Config{Run: answerPage, MaxUpload: 64 << 20}).Handler())
	t.Cleanup(s.Close)
	return s
}

func get(t testing.TB, address string) (int, string) {
	t.Helper()
	r, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(body)
}

// post uploads a file and returns its handle.
func post(t testing.TB, s *httptest.Server, name string, data []byte) (status int, handle, body string) {
	t.Helper()
	r, err := http.Post(s.URL+"/api/v1/files?name="+url.QueryEscape(name), "application/octet-stream", bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	var u struct{ Handle string }
	_ = json.Unmarshal(text, &u) // of an error there is none
	return r.StatusCode, u.Handle, string(text)
}

// TestPageParameters: what a request may set are flags of the command, and none that names a file but by its handle.
func TestPageParameters(t *testing.T) {
	var line cli
	parser, err := kong.New(&line, kong.Vars{})
	if err != nil {
		t.Fatal(err)
	}
	byFile := []string{"output", "catalog", "from", "calibration", "trace"}
	for name, v := range page.Verbs {
		node := parser.Model.Node
		words, arg, flags, files := v.Describe()
		for _, word := range words {
			at := slices.IndexFunc(node.Children, func(n *kong.Node) bool { return n.Name == word })
			if at < 0 && len(node.Positional) > 1 { // the first of them is in the words
				continue
			}
			if at < 0 {
				t.Fatalf("%s: no command %q", name, strings.Join(words, " "))
			}
			node = node.Children[at]
		}
		if arg != "" && len(node.Positional) == 0 {
			t.Errorf("%s: the command takes no argument", name)
		}
		has := func(flag string) bool {
			return slices.ContainsFunc(slices.Concat(node.Flags, parser.Model.Flags), func(f *kong.Flag) bool { return f.Name == flag })
		}
		for _, flag := range slices.Concat(flags, files) {
			if !has(flag) {
				t.Errorf("%s: the command has no flag --%s", name, flag)
			}
		}
		for _, flag := range flags {
			if slices.Contains(byFile, flag) {
				t.Errorf("%s: --%s names a file of this machine", name, flag)
			}
		}
	}
}

// TestPageIsTheCommand: what is downloaded is what the command prints, byte for byte.
func TestPageIsTheCommand(t *testing.T) {
	s := newPage(t)
	for _, c := range []struct {
		verb, query string
		args        []string
	}{
		{"estimate", "model=llama-3.1-8b&device=h100-sxm,mi300x", []string{"estimate", "llama-3.1-8b", "--device", "h100-sxm,mi300x"}},
		{"estimate", "model=resnet50&device=l4&batch=1,8&explain=1", []string{"estimate", "resnet50", "--device", "l4", "--batch", "1,8", "--explain"}},
		{"fit", "model=llama-3.1-70b&device=h100-sxm&context=32k", []string{"fit", "llama-3.1-70b", "--device", "h100-sxm", "--context", "32k"}},
		{"layers", "model=vit-b-16&device=l4&top=5", []string{"layers", "vit-b-16", "--device", "l4", "--top", "5"}},
		{"catalog", "devices=h100*", []string{"catalog", "list", "h100*"}},
		{"models", "", []string{"models", "list"}},
	} {
		for form, extra := range map[string][]string{"json": {"--format", "json"}, "csv": {"--format", "csv"}, "markdown": {"--format", "markdown"}, "table": nil} {
			var want, errs bytes.Buffer
			if exit := run(slices.Concat(c.args, extra), &want, &errs); exit != exitAnswered {
				t.Fatalf("%v: exit %d, %s", c.args, exit, errs.String())
			}
			code, got := get(t, s.URL+"/api/v1/"+c.verb+"?form="+form+"&"+c.query)
			if code != 200 || got != want.String() {
				t.Errorf("%s as %s: %d\n%.300s\nwant\n%.300s", c.verb, form, code, got, want.String())
			}
		}
	}
}

// TestPageUploads: a file is the same model in memory as on disk; what can't be read is refused in the reader's words.
func TestPageUploads(t *testing.T) {
	s := newPage(t)
	dir := t.TempDir()
	t.Chdir(dir)
	net := []byte("name = \"net\"\n[[input]]\nname = \"x\"\nshape = [1, 8]\n[[op]]\nkind = \"Relu\"\n")
	if err := os.WriteFile(filepath.Join(dir, "net.toml"), net, 0o644); err != nil {
		t.Fatal(err)
	}
	code, handle, body := post(t, s, "net.toml", net)
	if code != 201 {
		t.Fatalf("%d %s", code, body)
	}
	var want bytes.Buffer
	if exit := run([]string{"estimate", "net.toml", "--device", "l4", "--format", "json"}, &want, io.Discard); exit != exitAnswered {
		t.Fatalf("exit %d", exit)
	}
	if code, got := get(t, s.URL+"/api/v1/estimate?model=upload:"+handle+"&device=l4"); code != 200 || got != want.String() {
		t.Errorf("an upload: %d\n%.300s\nwant\n%.300s", code, got, want.String())
	}
	if code, got := get(t, s.URL+"/api/v1/estimate?model=net.toml&device=l4"); code != 422 || !strings.Contains(got, "no such file here") {
		t.Errorf("a file of this machine by its name: %d %s", code, got)
	}
	var nodes []byte // half a million of them, a name apart
	for i := range 1 << 19 {
		node := fmt.Appendf([]byte{0x0a, 6}, "%06x", i)
		node = fmt.Appendf(append(node, 0x12, 6), "%06x", i+1)
		node = append(node, "\x22\x04Relu"...)
		nodes = append(append(nodes, 0x0a, byte(len(node))), node...)
	}
	exploding := append(binary.AppendUvarint([]byte{0x08, 8, 0x3a}, uint64(len(nodes))), nodes...)
	for name, data := range map[string]string{
		"exploding.onnx": string(exploding), "broken.onnx": "not a protobuf at all", "empty.onnx": "", "half.gguf": "GGUF\x03\x00\x00\x00", "deep.json": strings.Repeat("[", 1<<20),
		"list.json": "[]", "bad.toml": "[x]\nmemory.capacity = 5\n", "graph.toml": "[[op]]\nkind = 5\n", "text.txt": "hello",
	} {
		if code, _, body := post(t, s, name, []byte(data)); code != 422 || !strings.Contains(body, "error") {
			t.Errorf("%s: %d %s", name, code, body)
		}
	}
}

// TestPageOwnDevice: a device that was handed over is one of the catalog, for who names it.
func TestPageOwnDevice(t *testing.T) {
	s := newPage(t)
	device := []byte("[my-chip]\nkind = \"gpu\"\nmemory.capacity = \"96 GiB\"\nmemory.bandwidth = \"4.8 TB/s\"\nmatrix.bf16 = \"1000 TFLOP/s\"\nvector.fp32 = \"60 TFLOP/s\"\nsource = \"datasheet\"\n")
	code, handle, body := post(t, s, "my-chip.toml", device)
	if code != 201 || !strings.Contains(body, `"kind":"catalog"`) {
		t.Fatalf("%d %s", code, body)
	}
	if code, got := get(t, s.URL+"/api/v1/estimate?model=llama-3.1-8b&device=my-chip&catalog="+handle); code != 200 || !strings.Contains(got, "--catalog my-chip.toml") {
		t.Errorf("%d %.300s", code, got)
	}
	if code, got := get(t, s.URL+"/api/v1/files/"+handle+"/content"); code != 200 || got != string(device) {
		t.Errorf("the file given back: %d %s", code, got)
	}
	if code, got := get(t, s.URL+"/api/v1/estimate?model=llama-3.1-8b&device=my-chip"); code != 422 {
		t.Errorf("without the handle it is there too: %d %.300s", code, got)
	}
}

// TestPageLeavesDisk: no path that a request names is opened, whatever verb and parameter it stands in.
func TestPageLeavesDisk(t *testing.T) {
	s := newPage(t)
	dir := t.TempDir()
	t.Chdir(dir)
	secret := "[[op]]\nkind = \"Relu\"\n# secret\n"
	for _, name := range []string{"secret.toml", "secret.json", "resnet50"} {
		if err := os.WriteFile(name, []byte(secret), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	form := map[string]string{"report": "html", "calibrate": "toml"}
	for _, path := range []string{"secret.toml", "./secret.toml", filepath.Join(dir, "secret.toml"), "../" + filepath.Base(dir) + "/secret.json", "/etc/passwd", dir, ".", "file:///etc/passwd"} {
		for _, verb := range []string{"estimate", "layers", "fit", "recommend", "sweep", "frontier", "whatif", "report", "model", "calibrate"} {
			code, got := get(t, s.URL+"/api/v1/"+verb+"?"+url.Values{"model": {path}, "form": {form[verb]}}.Encode())
			if code == http.StatusOK || strings.Contains(got, "secret\n") || strings.Contains(got, "root:") {
				t.Errorf("%s model=%s: %d %.200s", verb, path, code, got)
			}
		}
		for _, flag := range []string{"catalog", "calibration"} {
			if code, got := get(t, s.URL+"/api/v1/estimate?"+url.Values{"model": {"resnet50"}, "device": {"l4"}, flag: {path}}.Encode()); code != http.StatusBadRequest {
				t.Errorf("%s=%s: %d %.200s", flag, path, code, got)
			}
		}
	}
	if code, got := get(t, s.URL+"/api/v1/estimate?model=resnet50&device=l4"); code != http.StatusOK {
		t.Errorf("a built-in model, a file of its name beside: %d %.200s", code, got)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 3 {
		t.Errorf("the folder holds %d files afterwards, %v", len(entries), err)
	}
}

// TestDiskThroughFiles: commands read through what they were given, so that a page's requests can't reach the disk; those
// that read it themselves are not asked by a page, or say why.
func TestDiskThroughFiles(t *testing.T) {
	allowed := map[string]string{
		"catalog_check.go": "judges files of the disk; no page asks it",
		"validate.go":      "models that measurements name; no page asks it",
		"session.go":       "writes what -o names; a page's goes to the page",
	}
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	direct := regexp.MustCompile(`\bos\.(Open|OpenFile|ReadFile|ReadDir|Stat|Lstat|Create|CreateTemp|WriteFile)\(|deploy\.Load\(`)
	for _, name := range sources {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if found := direct.Find(text); found != nil && allowed[name] == "" && !strings.HasSuffix(name, "_test.go") {
			t.Errorf("%s calls %s…): read through session.files", name, found)
		}
	}
}

// BenchmarkPage is one move of a slider: of six devices, as the page starts, and of the whole catalog.
func BenchmarkPage(b *testing.B) {
	s := page.New(page.Config{Run: answerPage}).Handler()
	for name, query := range map[string]string{
		"six":     "model=llama-3.1-8b&device=h200-sxm,h100-sxm,mi300x,a100-sxm-80gb,l40s,l4&isl=2048",
		"catalog": "model=llama-3.1-8b&device=all&isl=2048",
		"graph":   "model=resnet50&device=all&batch=32",
		"curves":  "model=llama-3.1-8b&device=h200-sxm,h100-sxm,mi300x,a100-sxm-80gb,l40s,l4&concurrency=1..1024*2",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r := httptest.NewRequest("GET", "/api/v1/estimate?form=page&"+query, nil)
				r.Host = "localhost"
				w := httptest.NewRecorder()
				s.ServeHTTP(w, r)
				if w.Code != 200 {
					b.Fatal(w.Code, w.Body)
				}
			}
		})
	}
}

// BenchmarkPageClients is 200 clients that ask as fast as they are answered, each another question every time; with
// -benchtime 30s half a minute of them. No request may fail, and what is held in memory afterwards must not have grown.
func BenchmarkPageClients(b *testing.B) {
	s := newPage(b)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 200}}
	heap := func() float64 {
		client.CloseIdleConnections()
		goruntime.GC()
		var m goruntime.MemStats
		goruntime.ReadMemStats(&m)
		return float64(m.HeapInuse) / (1 << 20)
	}
	get(b, s.URL+"/api/v1/estimate?model=llama-3.1-8b&device=h100-sxm&form=page")
	before := heap()
	var asked atomic.Int64
	b.SetParallelism(200 / goruntime.GOMAXPROCS(0))
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			isl := 128 + asked.Add(1)%8192
			r, err := client.Get(fmt.Sprintf("%s/api/v1/estimate?model=llama-3.1-8b&device=h200-sxm,h100-sxm,mi300x,a100-sxm-80gb,l40s,l4&form=page&isl=%d", s.URL, isl))
			if err != nil {
				b.Error(err)
				return
			}
			n, err := io.Copy(io.Discard, r.Body)
			r.Body.Close()
			if err != nil || r.StatusCode != http.StatusOK || n == 0 {
				b.Errorf("%s, %d bytes, %v", r.Status, n, err)
				return
			}
		}
	})
	b.StopTimer()
	b.ReportMetric(float64(asked.Load())/b.Elapsed().Seconds(), "answers/s")
	b.ReportMetric(heap()-before, "MiB-more")
}

// BenchmarkPageStart is the time from starting the command to its first answer.
func BenchmarkPageStart(b *testing.B) {
	binary := filepath.Join(b.TempDir(), "roofline")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	for b.Loop() {
		c := exec.Command(binary, "serve", "--listen", "127.0.0.1:0")
		out, err := c.StdoutPipe()
		if err == nil {
			err = c.Start()
		}
		if err != nil {
			b.Fatal(err)
		}
		line, _ := bufio.NewReader(out).ReadString('\n')
		_, address, _ := strings.Cut(line, "http://")
		address, _, _ = strings.Cut(address, " ")
		if code, body := get(b, "http://"+address+"/api/v1/estimate?model=llama-3.1-8b&device=h200-sxm,h100-sxm,mi300x,a100-sxm-80gb,l40s,l4&form=page"); code != http.StatusOK {
			b.Fatal(code, body)
		}
		b.StopTimer()
		if err := c.Process.Signal(os.Interrupt); err != nil {
			b.Fatal(err)
		}
		if err := c.Wait(); err != nil {
			b.Fatal("it did not shut down well: ", err)
		}
		b.StartTimer()
	}
}

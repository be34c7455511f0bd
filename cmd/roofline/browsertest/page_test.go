// Package browsertest uses the page as people do: in a browser, with a mouse, a keyboard and files. It is a module of its
// own, so that the program's needs no browser driver.
package browsertest

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// world is what all tests share: the command, its server, and a browser.
var world struct {
	command string // path of the binary
	address string // of the page
	browser context.Context
}

// browsers are the names a browser goes by.
var browsers = []string{"chromium", "chromium-browser", "google-chrome"}

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	var path string
	for _, name := range browsers {
		if found, err := exec.LookPath(name); err == nil && path == "" {
			path = found
		}
	}
	if path == "" {
		fmt.Println("no browser to test with: install chromium")
		return 0
	}
	dir, err := os.MkdirTemp("", "browsertest")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	os.Setenv("SOURCE_DATE_EPOCH", "1795305600") // 2026-11-22: prices are judged by that day
	world.command = filepath.Join(dir, "roofline")
	build := exec.Command("go", "build", "-o", world.command, "./cmd/roofline")
	build.Dir = filepath.Join("..", "..", "..")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Printf("%v\n%s", err, out)
		return 1
	}
	stop, err := serve()
	if err != nil {
		fmt.Println(err)
		return 1
	}
	defer stop()
	allocator, cancel := chromedp.NewExecAllocator(context.Background(), append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-sync", true), chromedp.Flag("lang", "en-US"), chromedp.WindowSize(1280, 1000))...)
	defer cancel()
	browser, closed := chromedp.NewContext(allocator)
	defer closed()
	if err := chromedp.Do(browser); err != nil {
		fmt.Println("the browser does not start:", err)
		return 1
	}
	world.browser = browser
	return m.Run()
}

// serve starts the page on a port of its own.
func serve() (stop func(), err error) {
	c := exec.Command(world.command, "serve", "--listen", "127.0.0.1:0")
	out, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	_, rest, ok := strings.Cut(line, "http://")
	if !ok {
		return nil, fmt.Errorf("serve printed %q, %v", line, err)
	}
	host, _, _ := strings.Cut(rest, " ")
	world.address = "http://" + host + "/"
	return func() {
		c.Process.Signal(os.Interrupt)
		if err := c.Wait(); err != nil {
			fmt.Println("serve did not end well:", err)
		}
	}, nil
}

// roofline runs the command and returns what it prints.
func roofline(t *testing.T, args ...string) string {
	t.Helper()
	c := exec.Command(world.command, args...)
	out, err := c.Output()
	if exit, ok := err.(*exec.ExitError); err != nil && (!ok || exit.ExitCode() > 3 || exit.ExitCode() == 1) {
		t.Fatalf("roofline %s: %v", strings.Join(args, " "), err)
	}
	return string(out)
}

// visitor is somebody with the page open; what they do is counted.
type visitor struct {
	t     *testing.T
	ctx   context.Context
	steps int

	mu       sync.Mutex
	problems []string // of the console, and requests to others
}

// visit opens the page at a question.
func visit(t *testing.T, query string) *visitor {
	t.Helper()
	ctx, closed := chromedp.NewContext(world.browser)
	ctx, cancel := context.WithTimeout(ctx, 60*time.Second)
	t.Cleanup(func() { cancel(); closed() })
	v := &visitor{t: t, ctx: ctx}
	v.must(chromedp.Do(ctx))
	v.must(chromedp.Listen(ctx, v.listen))
	v.open(world.address + query)
	t.Cleanup(func() {
		v.mu.Lock()
		defer v.mu.Unlock()
		for _, p := range v.problems {
			t.Error(p)
		}
	})
	return v
}

// listen collects what a page must not do: complain, or ask another machine.
func (v *visitor) listen(event any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		v.problems = append(v.problems, "exception: "+e.ExceptionDetails.Text+fmt.Sprint(e.ExceptionDetails.Exception))
	case *runtime.EventConsoleAPICalled:
		v.problems = append(v.problems, fmt.Sprintf("console: %s", e.Type))
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError && !strings.HasPrefix(e.Entry.URL, world.address+"api/") { // what is refused is said on the page
			v.problems = append(v.problems, "log: "+e.Entry.Text)
		}
	case *network.EventRequestWillBeSent:
		if u := e.Request.URL; !strings.HasPrefix(u, world.address) && !strings.HasPrefix(u, "data:") && !strings.HasPrefix(u, "blob:") && !strings.HasPrefix(u, "file:") && !strings.HasPrefix(u, "about:") {
			v.problems = append(v.problems, "a request to "+u)
		}
	}
}

func (v *visitor) must(err error) {
	v.t.Helper()
	if err != nil {
		v.t.Fatal(err)
	}
}

func (v *visitor) do(steps ...chromedp.Action[chromedp.Void]) {
	v.t.Helper()
	v.must(chromedp.Do(v.ctx, steps...))
}

// open goes to an address and waits for the answer.
func (v *visitor) open(address string) {
	v.t.Helper()
	v.do(chromedp.Navigate(address))
	v.settle()
}

// settled is when no answer is on its way.
const settled = `document.documentElement.dataset.ready === "yes" && document.getElementById("result").getAttribute("aria-busy") === "false"`

func (v *visitor) settle() {
	v.t.Helper()
	v.until(settled)
}

// until waits for a condition to hold.
func (v *visitor) until(condition string) {
	v.t.Helper()
	for range 400 {
		if eval[bool](v, condition) {
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	v.t.Fatalf("never %s; the page says %q", condition, v.text("#problem"))
}

func eval[T any](v *visitor, expression string) T {
	v.t.Helper()
	value, err := chromedp.Run(v.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		v.t.Fatalf("%s: %v", expression, err)
	}
	return value
}

// text is what an element says.
func (v *visitor) text(selector string) string {
	v.t.Helper()
	return eval[string](v, fmt.Sprintf("(document.querySelector(%q) ?? {}).textContent ?? ''", selector))
}

// change sets a control to a value as a hand does, with the events of one, and waits for the answer.
func (v *visitor) change(selector, value string) {
	v.t.Helper()
	v.steps++
	if !eval[bool](v, fmt.Sprintf(`(() => { const e = document.querySelector(%q); if (!e) return false; e.focus(); e.value = %q;
		e.dispatchEvent(new Event("input", { bubbles: true })); e.dispatchEvent(new Event("change", { bubbles: true })); return e.value === %[2]q; })()`, selector, value)) {
		v.t.Fatalf("%s can't be %q", selector, value)
	}
	v.settle()
}

// press clicks and waits for the answer.
func (v *visitor) press(selector string) {
	v.t.Helper()
	v.steps++
	v.do(chromedp.Click(selector, chromedp.NodeVisible))
	v.settle()
}

// within fails a visitor who needed more steps.
func (v *visitor) within(steps int) {
	v.t.Helper()
	if v.steps > steps {
		v.t.Errorf("%d interactions, want at most %d", v.steps, steps)
	}
}

// says fails if an element does not hold a text.
func (v *visitor) says(selector, wanted string) {
	v.t.Helper()
	if got := v.text(selector); !strings.Contains(got, wanted) {
		v.t.Errorf("%s says %q, want %q in it", selector, got, wanted)
	}
}

// row is the text of the cells of the first row that begins with a name.
func (v *visitor) row(name string) []string {
	v.t.Helper()
	return eval[[]string](v, fmt.Sprintf(`[...([...document.querySelectorAll("#tables tbody tr")].find((r) => [...r.cells].some((c) => c.firstChild?.textContent.trim() === %q))?.cells ?? [])].map((c) => c.firstChild?.textContent ?? "")`, name))
}

// command is the command line the page shows.
func (v *visitor) command() []string {
	v.t.Helper()
	return strings.Fields(strings.ReplaceAll(v.text("#command code"), "'", ""))
}

// download fetches what a link of the page offers, as text.
func (v *visitor) download(form string) string {
	v.t.Helper()
	address := eval[string](v, fmt.Sprintf(`document.querySelector("#download-list [data-form=%s]").href`, form))
	return fetch(v, address)
}

// fetch asks for an address from within the page.
func fetch(v *visitor, address string) string {
	v.t.Helper()
	text, err := chromedp.Run(v.ctx, chromedp.Evaluate[string](fmt.Sprintf("fetch(%q).then((r) => r.text())", address), chromedp.EvalAwaitPromise))
	v.must(err)
	return text
}

// drop hands the page a file by its file chooser.
func (v *visitor) drop(name, content string) {
	v.t.Helper()
	path := filepath.Join(v.t.TempDir(), name)
	v.must(os.WriteFile(path, []byte(content), 0o644))
	v.steps++
	v.do(chromedp.SetUploadFiles("#file", []string{path}))
	v.until(`!document.getElementById("problem").textContent.startsWith("Reading")`)
	v.settle()
}

func query(pairs ...string) string {
	q := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	return "?" + q.Encode()
}

// decoded reads JSON.
func decoded[T any](t *testing.T, text string) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v in %.200s", err, text)
	}
	return v
}

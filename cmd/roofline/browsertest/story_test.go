package browsertest

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestMainStory: the page opens with an answer, follows a slider, and says the same as the command line.
func TestMainStory(t *testing.T) {
	v := visit(t, "")
	v.says("#sentence", "is cheapest under load")
	if n := eval[int](v, `document.querySelectorAll("#chart .mark").length`); n != 6 {
		t.Errorf("%d bars, want those of six devices", n)
	}
	before := v.row("h100-sxm")
	v.change("#isl", "6") // 8192 tokens
	after := v.row("h100-sxm")
	if len(before) < 5 || strings.Join(before, " ") == strings.Join(after, " ") {
		t.Errorf("the slider moved from %v to %v", before, after)
	}
	v.says("output[for=isl]", "8k")
	v.says("#command code", "--isl 8192")

	args := v.command()[1:]
	if got, want := v.download("json"), roofline(t, append(args, "--format", "json")...); got != want {
		t.Errorf("the JSON is not the command's:\n%.300s\nwant\n%.300s", got, want)
	}
	for form, flags := range map[string][]string{"csv": {"--format", "csv"}, "markdown": {"--format", "markdown"}, "table": nil} {
		if got, want := v.download(form), roofline(t, append(args, flags...)...); got != want {
			t.Errorf("the download %s is not the command's:\n%.300s\nwant\n%.300s", form, got, want)
		}
	}
	picture := filepath.Join(t.TempDir(), "roofline.svg")
	roofline(t, append(args, "-o", picture)...)
	want, err := os.ReadFile(picture)
	v.must(err)
	if got := v.download("svg"); got != string(want) {
		t.Errorf("the SVG is not the command's: %d bytes, want %d", len(got), len(want))
	}
	// What the table shows is what the JSON holds.
	answer := decoded[struct {
		Estimates []struct {
			Device  string
			Prefill struct {
				TTFT struct{ Expected float64 } `json:"ttft_s"`
			}
		}
	}](t, v.download("json"))
	for _, e := range answer.Estimates {
		if strings.Contains(e.Device, "h100-sxm") {
			if shown := fmt.Sprintf("%.0f", 1e3*e.Prefill.TTFT.Expected); after[2] != shown {
				t.Errorf("the table shows %s ms to the first token, the JSON %s", after[2], shown)
			}
			break
		}
	}
}

// TestSliderFollows: numbers change while a slider moves, and the last position is what is shown.
func TestSliderFollows(t *testing.T) {
	v := visit(t, "")
	eval[bool](v, `(() => { const e = document.getElementById("osl"); e.focus(); for (let i = 0; i <= 9; i++) { e.value = i; e.dispatchEvent(new Event("input", { bubbles: true })); } return true; })()`)
	v.settle()
	v.says("#command code", "--osl 8192")
	v.says("output[for=osl]", "8k")
	if asked := eval[int](v, `performance.getEntriesByType("resource").filter((r) => r.name.includes("/estimate")).length`); asked > 4 {
		t.Errorf("%d questions for one sweep of a slider: they should wait for each other", asked)
	}
}

// TestShare: an address is a question, holds what differs from the start, and goes back and forth.
func TestShare(t *testing.T) {
	v := visit(t, "")
	if at := eval[string](v, "location.search"); at != "" {
		t.Errorf("the start is %q", at)
	}
	v.change("#model", "resnet50")
	v.press("#tab-layers")
	v.says("#sentence", "batch of 1")
	address := eval[string](v, "location.href")
	if !strings.HasSuffix(address, "?m=resnet50&t=layers") {
		t.Errorf("the address is %s", address)
	}
	sentence := v.text("#sentence")
	other := visit(t, strings.TrimPrefix(address, world.address))
	other.says("#sentence", sentence)
	v.do(chromedp.NavigateBack())
	v.until(`document.querySelector("#tab-compare[aria-selected=true]") !== null`)
	v.settle()
	v.says("#tab-compare[aria-selected=true]", "Compare")
}

const graph = "name = \"net\"\n[[input]]\nname = \"x\"\nshape = [1, 8]\n[[op]]\nkind = \"Relu\"\n"

// TestUploads: files that can be read are asked about, others are refused in words, and nothing is lost.
func TestUploads(t *testing.T) {
	v := visit(t, "")
	v.drop("net.toml", graph)
	v.says("#command code", "roofline estimate net.toml")
	v.says("#assumed", "net")
	v.drop("broken.onnx", "this is no protobuf")
	v.says("#problem", "broken.onnx: not an ONNX file")
	v.says("#command code", "roofline estimate net.toml")
	v.drop("half.gguf", "GGUF\x03\x00\x00\x00")
	v.says("#problem", "half.gguf")
	v.drop("tiny_config.json", `{"model_type":"llama","hidden_size":64,"intermediate_size":256,"num_hidden_layers":2,"num_attention_heads":4,"num_key_value_heads":2,"vocab_size":1000,"max_position_embeddings":2048,"torch_dtype":"bfloat16"}`)
	v.says("#command code", "roofline estimate tiny_config.json")
	v.says("#assumed", "tiny · ")
	v.drop("../up/my-chip.toml"[len("../up/"):], "[my-chip]\nkind = \"gpu\"\nmemory.capacity = \"96 GiB\"\nmemory.bandwidth = \"4.8 TB/s\"\nmatrix.bf16 = \"1000 TFLOP/s\"\nvector.fp32 = \"60 TFLOP/s\"\nsource = \"datasheet\"\n")
	v.says("#command code", "--catalog my-chip.toml")
	if len(v.row("my-chip")) == 0 {
		t.Error("the device that was handed over is not in the table")
	}
	if gone := visit(t, "?m=upload:000000000000000000000000"); !strings.Contains(gone.text("#problem"), "drop") {
		t.Errorf("a link to a file that is gone says %q", gone.text("#problem"))
	}
}

// TestOwnDevice: six values of a datasheet and a similar device make a new one.
func TestOwnDevice(t *testing.T) {
	v := visit(t, query("d", "h100-sxm"))
	v.press("#own-open")
	eval[bool](v, `(() => { document.getElementById("own-bandwidth").value = "6.7"; document.getElementById("own-memory").value = "160"; return true; })()`)
	v.press("#own-add")
	v.until(`!document.getElementById("own").open`)
	v.settle()
	v.says("#command code", "--catalog my-device.toml")
	own, like := v.row("my-device"), v.row("h100-sxm")
	if len(own) < 4 || len(like) < 4 || own[3] >= like[3] {
		t.Errorf("twice the bandwidth: %v, and of the device like it %v", own, like)
	}
}

// TestReference: a pinned device is compared with the others, and with those of another number format it is not.
func TestReference(t *testing.T) {
	v := visit(t, query("m", "resnet50", "d", "l4,rtx-4090,i7-12700h"))
	v.press("#tables tbody tr:first-child .pin")
	table := v.text("#tables")
	if !strings.Contains(table, "×") || !strings.Contains(table, "not compared") {
		t.Errorf("the table says %q", table)
	}
}

// TestMarks: a mark tells its numbers, a click pins them, Esc closes them; with the keyboard too.
func TestMarks(t *testing.T) {
	v := visit(t, "")
	v.do(chromedp.Click("#chart .mark", chromedp.NodeVisible))
	v.says("#tip.pinned", "Time per token")
	v.do(chromedp.KeyEvent("\u001b"))
	if eval[bool](v, `!document.getElementById("tip").hidden`) {
		t.Error("Esc does not close")
	}
	eval[bool](v, `(() => { const m = document.querySelectorAll("#chart .mark")[1]; m.focus(); m.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true })); return true; })()`)
	v.says("#tip.pinned", "Time per token")
	unnamed := eval[[]string](v, `[...document.querySelectorAll("button,select,input,[role=img]")].filter((e) => e.checkVisibility() && !(e.ariaLabel || e.getAttribute("aria-label") || e.labels?.length && [...e.labels].some((l) => l.textContent.trim()) || e.textContent.trim())).map((e) => e.outerHTML.slice(0, 80))`)
	if len(unnamed) > 0 {
		t.Errorf("a screen reader has no name for %v", unnamed)
	}
}

// TestPhone: one column, nothing wider than the screen, the answer first, and targets a thumb can hit.
func TestPhone(t *testing.T) {
	v := visit(t, "")
	v.do(chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile))
	for _, tab := range []string{"compare", "frontier", "layers", "whatif"} {
		v.open(world.address + "?t=" + tab)
		if width := eval[int](v, "document.documentElement.scrollWidth"); width > 390 {
			t.Errorf("%s: the page is %d wide", tab, width)
		}
		if eval[bool](v, `document.getElementById("answer").getBoundingClientRect().top > 320`) {
			t.Errorf("%s: the answer is below the first screen", tab)
		}
	}
	if small := eval[[]string](v, `[...document.querySelectorAll("header button, header select, #controls input:not([type=checkbox]), #controls select")].filter((e) => e.checkVisibility() && e.getBoundingClientRect().height < 32).map((e) => e.id)`); len(small) > 0 {
		t.Errorf("too small for a thumb: %v", small)
	}
}

// TestKorean: every label has its Korean, and the page says so.
func TestKorean(t *testing.T) {
	v := visit(t, "?lang=ko")
	v.says("#tab-compare", "비교")
	v.says("#copy", "명령 복사")
	if lang := eval[string](v, "document.documentElement.lang"); lang != "ko" {
		t.Errorf("the page's language is %s", lang)
	}
	latin := regexp.MustCompile(`^[ -~]*[A-Za-z]{3,}[ -~]*$`)
	for _, label := range eval[[]string](v, `[...document.querySelectorAll("[data-l]")].map((e) => e.textContent)`) {
		if latin.MatchString(label) && !strings.ContainsAny(label, "0123456789") {
			t.Errorf("not in Korean: %q", label)
		}
	}
	v.change("#lang", "en")
	v.says("#tab-compare", "Compare")
}

// TestEveryTab: each question of each kind of model has an answer, without a word of undefined or NaN.
func TestEveryTab(t *testing.T) {
	v := visit(t, "")
	for _, model := range []string{"llama-3.1-8b", "deepseek-v3", "resnet50"} {
		v.open(world.address + query("m", model))
		for _, tab := range eval[[]string](v, `[...document.querySelectorAll("#tabs button")].map((b) => b.id)`) {
			v.press("#" + tab)
			if said := v.text("#problem"); said != "" {
				t.Errorf("%s %s: %s", model, tab, said)
			}
			page := v.text("#result") + eval[string](v, `document.querySelector("#chart").innerHTML`)
			if found := regexp.MustCompile(`undefined|NaN|Infinity|\[object`).FindString(page); found != "" {
				t.Errorf("%s %s: the page says %s", model, tab, found)
			}
			if eval[int](v, `document.querySelectorAll("#chart svg").length`) == 0 {
				t.Errorf("%s %s: no chart", model, tab)
			}
		}
	}
}

// TestReport: a report opens without a server, asks nobody, sorts and filters.
func TestReport(t *testing.T) {
	file := filepath.Join(t.TempDir(), "report.html")
	roofline(t, "report", "resnet50", "-o", file)
	v := visit(t, "")
	v.do(chromedp.Navigate("file://" + file))
	v.says(".answer", "is cheapest")
	rows := `[...document.querySelectorAll("#comparison tbody tr")]`
	if all := eval[int](v, rows+".length"); all < 100 {
		t.Errorf("%d rows", all)
	}
	eval[bool](v, `(() => { const i = document.querySelector("#comparison input"); i.value = "l40s"; i.dispatchEvent(new Event("input")); return true; })()`)
	if left := eval[int](v, rows+".filter((r) => !r.hidden).length"); left != 1 {
		t.Errorf("%d rows hold l40s", left)
	}
	v.do(chromedp.Click("#comparison thead tr:last-child th:nth-child(3)"))
	if sorted := eval[bool](v, `(() => { const x = `+rows+`.map((r) => r.cells[2].dataset.v).filter((v) => v !== undefined).map(Number); return x.every((v, i) => !i || x[i - 1] <= v); })()`); !sorted {
		t.Error("a click on a header does not sort")
	}
	pdf, err := chromedp.Run(v.ctx, chromedp.PrintToPDF())
	v.must(err)
	if len(pdf) < 10000 {
		t.Errorf("a PDF of %d bytes", len(pdf))
	}
}

// TestMeasurement: a benchmark's file is held against the prediction, and one click lets all answers rest on it.
func TestMeasurement(t *testing.T) {
	results, err := os.ReadFile(filepath.Join("..", "..", "..", "estimate", "benchmark", "testdata", "vllm_serve.json"))
	if err != nil {
		t.Fatal(err)
	}
	v := visit(t, query("d", "h100-sxm,l4"))
	before := v.row("h100-sxm")
	v.drop("vllm_serve.json", string(results))
	v.says("#tab-check[aria-selected=true]", "Check")
	v.says("#command code", "--from vllm_serve.json")
	v.says("#tables", "TPOT, 64")
	if marks := eval[int](v, `document.querySelectorAll("#chart .mark").length`); marks < 2 {
		t.Errorf("%d measured points are drawn", marks)
	}
	v.press("#calibrate")
	v.until(`!document.getElementById("calibrated").hidden`)
	v.press("#tab-compare")
	v.says("#command code", "--calibration my-calibration.toml")
	v.says("#assumed", "calibrated with")
	if after := v.row("h100-sxm"); strings.Join(after, " ") == strings.Join(before, " ") {
		t.Errorf("the calibration changes nothing: %v", after)
	}
	v.press("#calibrated")
	if again := v.row("h100-sxm"); strings.Join(again, " ") != strings.Join(before, " ") {
		t.Errorf("forgotten, the row is %v, was %v", again, before)
	}
	v.drop("notes.txt", "nothing that was measured")
	v.says("#problem", "not a benchmark I know")
}

// TestTypedMeasurement: so does a number that was typed.
func TestTypedMeasurement(t *testing.T) {
	v := visit(t, query("d", "h100-sxm", "t", "check", "mv", "9.8"))
	v.press("#calibrate")
	v.until(`!document.getElementById("calibrated").hidden`)
	v.settle()
	v.says("#command code", "--calibration my-calibration.toml")
	v.says("#sentence", "9.80 ms is plausible")
}

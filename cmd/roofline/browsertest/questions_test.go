package browsertest

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// The questions of buyers, each answered from the start of the page in at most three interactions.

// TestDoesItFit: does a 70B fit my 4 cards at 32k of context?
func TestDoesItFit(t *testing.T) {
	v := visit(t, "")
	v.change("#model", "llama-3.1-70b")
	v.press("#tab-fit")
	v.change("#tools select", "32768")
	v.within(3)
	row := v.row("4 × h100-sxm")
	if len(row) < 8 {
		t.Fatalf("no row of 4 × h100-sxm: %v", v.text("#tables"))
	}
	if users, err := strconv.Atoi(row[7]); err != nil || users < 1 {
		t.Errorf("4 × h100-sxm: %v, want a number of users", row)
	}
}

// TestUsersAtSpeed: how many users at 20 tok/s each?
func TestUsersAtSpeed(t *testing.T) {
	v := visit(t, "")
	v.change("#speed", "20")
	v.press("#tab-scorecard")
	v.within(3)
	if facts := v.text("#facts"); !regexp.MustCompile(`[0-9]+ users.*h100-sxm, ≥ 20 tok/s`).MatchString(facts) {
		t.Errorf("the facts are %q", facts)
	}
}

// TestCheapest: which is cheapest for 2000 tok/s?
func TestCheapest(t *testing.T) {
	v := visit(t, "")
	v.change("#target", "2000")
	v.press("#tab-recommend")
	v.within(3)
	if said := v.text("#sentence"); !strings.HasPrefix(said, "Rent ") || !strings.Contains(said, "Meets 2,000 tok/s") {
		t.Errorf("the answer is %q", said)
	}
}

// TestWhatIf: what if the bandwidth were 4.8 TB/s?
func TestWhatIf(t *testing.T) {
	v := visit(t, query("d", "h100-sxm"))
	v.press("#tab-whatif")
	v.change("#setBandwidth", "4.8")
	v.within(3)
	v.says("#sentence", "TPOT")
	v.says("#command code", "--set memory.bandwidth=4.8TB/s")
	v.says("#notes", "3.35 TB/s → 4.80 TB/s")
}

// TestPlausible: is my measured 9.8 ms plausible?
func TestPlausible(t *testing.T) {
	v := visit(t, "")
	v.press("#tab-check")
	v.change("#measured", "9.8")
	v.within(3)
	if said := v.text("#sentence"); !regexp.MustCompile(`^9\.80 ms is .* h200-sxm .*ms`).MatchString(said) {
		t.Errorf("the answer is %q", said)
	}
	v.change("#measured", "0.1")
	v.says("#sentence", "faster than h200-sxm allows")
}

package sweep

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestOrder: whatever the number of workers, each result comes once and in its place.
func TestOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, workers := rapid.IntRange(0, 300).Draw(t, "n"), rapid.IntRange(1, 9).Draw(t, "workers")
		var got []int
		err := Run(context.Background(), workers, n, func(i int) int {
			if i%7 == 0 {
				runtime.Gosched() // some take longer than those after them
			}
			return i * i
		}, func(v int) error { got = append(got, v); return nil })
		if err != nil || len(got) != n {
			t.Fatalf("%d results, %v", len(got), err)
		}
		for i, v := range got {
			if v != i*i {
				t.Fatalf("result %d is %d", i, v)
			}
		}
	})
}

// TestFailure: what emit returns ends the run and is returned; what was emitted is the beginning.
func TestFailure(t *testing.T) {
	full := errors.New("disk full")
	var got []int
	err := Run(context.Background(), 4, 1000, func(i int) int { return i }, func(v int) error {
		if v == 17 {
			return full
		}
		got = append(got, v)
		return nil
	})
	if err != full || len(got) != 17 || !slices.IsSorted(got) {
		t.Errorf("%d results, %v", len(got), err)
	}
}

// TestCancel: a run that is stopped says so, has emitted a beginning, and evaluates not much further than that.
func TestCancel(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	emitted := 0
	evaluated := make(chan int, 100_000)
	err := Run(ctx, 3, 100_000, func(i int) int { evaluated <- i; return i }, func(v int) error {
		if v != emitted {
			t.Errorf("result %d in the place of %d", v, emitted)
		}
		if emitted++; emitted == 50 {
			stop()
		}
		return nil
	})
	if err != context.Canceled || emitted != 50 {
		t.Errorf("%d results, %v", emitted, err)
	}
	if n := len(evaluated); n > 50+3*ahead+10 {
		t.Errorf("%d were evaluated for 50 that were emitted", n)
	}
}

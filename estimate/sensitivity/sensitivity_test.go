package sensitivity

import (
	"errors"
	"math"
	"testing"

	"pgregory.net/rapid"
)

func known(f func(float64) float64) func(float64) (float64, bool) {
	return func(x float64) (float64, bool) { return f(x), true }
}

// A power has its exponent for elasticity, whatever it is multiplied by, and the same on both sides.
func TestPower(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, a := rapid.Float64Range(-3, 3).Draw(t, "n"), rapid.Float64Range(1e-9, 1e9).Draw(t, "a")
		e := Of(known(func(x float64) float64 { return a * math.Pow(x, n) }), Step)
		if math.Abs(e.Value-n) > 1e-6 || e.Kinked() || e.Known != Both {
			t.Fatalf("x^%g: %+v", n, e)
		}
	})
}

// By hand: a time of which 3 ms are moved bytes and 1 ms is overhead depends on the bandwidth with −3/4.
func TestShare(t *testing.T) {
	e := Of(known(func(x float64) float64 { return 3e-3/x + 1e-3 }), Step)
	if math.Abs(e.Value+0.75) > 1e-4 {
		t.Errorf("%+v", e)
	}
}

// At the ridge point more bandwidth gains nothing and less costs all: max(1/x, 1) has an edge at 1.
func TestKink(t *testing.T) {
	e := Of(known(func(x float64) float64 { return max(1/x, 1) }), Step)
	if !e.Kinked() || math.Abs(e.Below+1) > 1e-9 || e.Above != 0 || math.Abs(e.Value+0.5) > 0.01 {
		t.Errorf("%+v", e)
	}
}

func TestOneSided(t *testing.T) {
	e := Of(func(x float64) (float64, bool) { return 1 / x, x >= 1 }, Step)
	if e.Known != Up || math.Abs(e.Value+1) > 1e-9 {
		t.Errorf("%+v", e)
	}
	if e := Of(func(x float64) (float64, bool) { return 1, false }, Step); e.Known != None {
		t.Errorf("%+v", e)
	}
}

// What the search finds meets the target, and a little less change does not.
func TestSolve(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.SampledFrom([]float64{-2, -1, -0.5, 0.5, 1, 2}).Draw(t, "n")
		floor := rapid.Float64Range(0, 0.5).Draw(t, "floor")
		f := func(x float64) float64 { return floor + math.Pow(x, n) }
		target := f(math.Exp(rapid.Float64Range(-4, 4).Draw(t, "ln factor")))
		atLeast := rapid.Bool().Draw(t, "at least")
		r, err := Solve(known(f), target, atLeast, 1e-3, 1e3)
		if err != nil {
			t.Fatal(err)
		}
		if got := f(r.Factor); math.Abs(got/target-1) > 1e-8 {
			t.Fatalf("f(%g) = %g, want %g", r.Factor, got, target)
		}
	})
}

// A jump ends on the side where the target is met, and what can't be reached says how near it comes.
func TestSolveEdges(t *testing.T) {
	jump := func(x float64) float64 {
		if x < 2 {
			return 10
		}
		return 1
	}
	if r, err := Solve(known(jump), 5, false, 1e-3, 1e3); err != nil || r.Value != 1 || math.Abs(r.Factor-2) > 1e-6 {
		t.Errorf("%+v, %v", r, err)
	}
	r, err := Solve(known(func(x float64) float64 { return 1 + 1/x }), 0.5, false, 1e-3, 1e3)
	if !errors.Is(err, ErrOutOfReach) || math.Abs(r.Value-1.001) > 1e-9 || r.Factor != 1e3 {
		t.Errorf("%+v, %v", r, err)
	}
	if r, err := Solve(known(func(float64) float64 { return 1 }), 2, false, 1e-3, 1e3); err != nil || r.Factor != 1 {
		t.Errorf("%+v, %v", r, err)
	}
}

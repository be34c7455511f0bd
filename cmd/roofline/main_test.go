package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"roofline": main})
}

// TestScript runs the stories under testdata/script: what a user types and what comes back.
func TestScript(t *testing.T) {
	models, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv("SOURCE_DATE_EPOCH", "1795305600") // 2026-11-22: prices are judged by that day
			e.Setenv("ONNX", models+"/../../model/onnx/testdata")
			return nil
		},
	})
}

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"roofline/cmd/roofline/internal/schema"
)

// strict forbids properties that the schema does not name: a field that is written and not documented is a mistake here,
// though not for those who read answers.
func strict(v any) {
	switch v := v.(type) {
	case map[string]any:
		if _, ok := v["properties"]; ok {
			v["additionalProperties"] = false
		}
		for _, inner := range v {
			strict(inner)
		}
	case []any:
		for _, inner := range v {
			strict(inner)
		}
	}
}

// compiled returns the schema that the command prints, strict.
func compiled(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(answer(t, 0, "schema", name)))
	if err != nil {
		t.Fatal(err)
	}
	strict(doc)
	c := jsonschema.NewCompiler()
	if err := c.AddResource("file:///answer", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("file:///answer")
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return s
}

// Every answer that can be written as JSON is as its schema says, whatever it is asked.
func TestAnswersHaveTheirSchema(t *testing.T) {
	dir := t.TempDir()
	a, overlay := dir+"/a.json", dir+"/my.toml"
	answer(t, 0, "estimate", "llama-3.1-8b", "--device", "h100-sxm,l4", "-o", a)
	if err := os.WriteFile(overlay, []byte("[nvidia-l4]\nmemory.bandwidth = \"400 GB/s\"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, line := range []string{
		"estimate llama-3.1-8b", "estimate resnet50 --batch 1,max", "estimate llama-3.1-70b --device dgx-h100 --price purchase --site korea --explain",
		"estimate llama-3.1-8b --device h100-sxm --phase prefill", "estimate llama-3.1-8b --device h100-sxm --slo tpot=50ms,ttft=5s",
		"estimate llama-3.1-405b --device l4,h100-sxm --count 1",
		"layers resnet50", "layers llama-3.1-8b --device h100-sxm", "fit llama-3.1-70b --device h100-sxm", "fit llama-3.1-8b --device all",
		"sweep llama-3.1-8b --device h100-sxm,l4 --tp 1,2 --concurrency 1,4", "sweep resnet50 --device l4 --batch 1,8",
		"frontier llama-3.1-8b --device h100-sxm,l4 --slo tpot=50ms", "frontier llama-3.1-8b --device h100-sxm,l4 --tiers 30,50", "frontier resnet50 --device l4,h100-sxm --by latency,cost",
		"recommend llama-3.1-70b --target 2000tok/s --slo ttft=2s,tpot=50ms", "recommend resnet50 --target 5000img/s --slo latency=20ms",
		"recommend llama-3.1-8b --target 9000tok/s --slo tpot=30ms --price purchase --site korea --n+1 --budget 9000USD/month --dtype bf16,fp8", "recommend llama-3.1-8b --device mi325x --target 20tok/s",
		"frontier llama-3.1-8b --device h100-sxm,l4 --by energy,headroom,devices --all", "sweep llama-3.1-8b --device v100-sxm-16gb,i7-12700h --concurrency max",
		"whatif llama-3.1-8b --device h100-sxm --set memory.bandwidth=*2 --set osl=2k --sensitivity --require tpot=5ms", "whatif resnet50 --device l4",
		"calibrate llama-3.1-8b --device h100-sxm --tpot 9ms --ttft 80ms --isl 1k --osl 128", "calibrate resnet50 --device rtx-4090 --latency 6ms --batch 32 --transfer l40s",
		"compare " + a + " " + a, "validate", "validate --by device,quantity", "explain", "explain tpot", "models list", "models show resnet50", "models show llama-3.1-8b",
		"catalog list", "catalog list --value", "catalog list --systems", "catalog list --sites", "catalog list --runtimes", "catalog list --links",
		"catalog show h100-sxm", "catalog show dgx-h100", "catalog show korea", "catalog show vllm", "catalog show nvlink4", "catalog show hopper", "catalog show cautious",
		"catalog check", "catalog check --rules", "catalog diff " + overlay, "version", "schema",
	} {
		text := answer(t, 0, append(strings.Fields(line), "--format", "json")...)
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		object, _ := doc.(map[string]any)
		id, _ := object["schema"].(string)
		if err := compiled(t, id).Validate(doc); err != nil {
			t.Errorf("roofline %s: %v", line, err)
		}
		seen[id] = true
		object["unheard-of"] = 1.0
		if compiled(t, id).Validate(doc) == nil {
			t.Errorf("%s: its schema takes anything", id)
		}
	}
	for _, d := range documents {
		if !seen[schemaID(d.name)] {
			t.Errorf("no answer of schema %s was checked", d.name)
		}
	}
}

// Whatever a file of this package writes has a schema.
func TestEverySchemaIsKnown(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, d := range documents {
		known[schemaID(d.name)] = true
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range regexp.MustCompile(`"roofline\.[a-z]+/v1"`).FindAllString(string(text), -1) {
			if id = strings.Trim(id, `"`); !known[id] && id != "roofline.x/v1" {
				t.Errorf("%s writes %s, which roofline schema does not know", file, id)
			}
		}
	}
}

// The schema says what the types say: units of quantities, what may be absent, nested types once.
func TestSchemaByHand(t *testing.T) {
	data, err := json.Marshal(schema.Of("roofline.x/v1", struct {
		Schema string         `json:"schema"`
		Fit    *fitting       `json:"fit,omitempty"`
		More   []*fitting     `json:"more"`
		Any    map[string]any `json:"any"`
		hidden int
	}{}))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"schema":{"const":"roofline.x/v1"}`, `"fit":{"$ref":"#/$defs/fitting"}`, `"more":{"items":{"$ref":"#/$defs/fitting"},"type":"array"}`,
		`"required":["schema","more","any"]`, `"any":{"additionalProperties":{},"type":"object"}`, `"short_bytes":{"description":"bytes","type":"number"}`,
	} {
		if !strings.Contains(string(data), want) {
			t.Errorf("no %s in\n%s", want, data)
		}
	}
	if strings.Contains(string(data), "hidden") {
		t.Error("an unexported field is in the schema")
	}
}

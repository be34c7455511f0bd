package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"roofline/catalog"
	"roofline/estimate"
	"roofline/hardware/unit"
)

const costDoc = "../../docs/cost.md"

// costPage returns docs/cost.md and a folder to run its commands in, which holds the catalog file of the page.
func costPage(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile(costDoc)
	if err != nil {
		t.Fatal(err)
	}
	page := string(data)
	_, overlay, _ := strings.Cut(page, "```toml\n")
	overlay, _, _ = strings.Cut(overlay, "```")
	t.Chdir(t.TempDir())
	t.Setenv("SOURCE_DATE_EPOCH", "1795305600") // as in the stories
	if err := os.WriteFile("korea.toml", []byte(overlay), 0o644); err != nil {
		t.Fatal(err)
	}
	return page
}

// commands returns the command lines of a page, without the name of the tool.
func commands(page string) (lines []string) {
	for _, line := range strings.Split(page, "\n") {
		if command, ok := strings.CutPrefix(line, "$ roofline "); ok {
			lines = append(lines, command)
		}
	}
	return lines
}

// The answers on the page are what its commands print: go test ./cmd/roofline -run CostDoc -update
func TestCostDoc(t *testing.T) {
	file, err := filepath.Abs(costDoc)
	if err != nil {
		t.Fatal(err)
	}
	page := costPage(t)
	switch now := withAnswers(t, page); {
	case now == page:
	case *update:
		if err := os.WriteFile(file, []byte(now), 0o644); err != nil {
			t.Error(err)
		}
	default:
		t.Error("docs/cost.md is not what the tool prints: go test ./cmd/roofline -run CostDoc -update")
	}
}

// costInputs reads the table of the page's inputs: values and sources by name.
func costInputs(page string) (values map[string]float64, sources map[string]string) {
	values, sources = map[string]float64{}, map[string]string{}
	for _, line := range strings.Split(page, "\n") {
		cells := strings.Split(line, "|")
		if len(cells) != 7 {
			continue
		}
		if v, err := strconv.ParseFloat(strings.TrimSpace(cells[2]), 64); err == nil {
			name := strings.TrimSpace(cells[1])
			values[name], sources[name] = v, strings.TrimSpace(cells[4])
		}
	}
	return values, sources
}

// The worked example is the table's arithmetic, and the tool's to the cent.
func TestCostByHand(t *testing.T) {
	page := costPage(t)
	in, source := costInputs(page)
	const hours = 8760
	machines := in["price"] * (1 - in["residual"]) / (in["years"] * hours)
	once := in["price"] * (in["network"] + in["installation"])
	room := in["nameplate"] * in["colocation"] / 730
	maintenance := in["price"] * in["maintenance"] / hours
	kWh := in["electricity"] / in["exchange"]
	load := in["nameplate"] * in["load-memory"] * in["pue"] * in["utilization"] * kWh
	idle := in["nameplate"] * in["idle"] * in["pue"] * (1 - in["utilization"]) * kWh
	running := maintenance + room + load + idle
	hour := machines + once/(in["years"]*hours) + running
	tokens := hour / (in["tokens"] * 3600 * in["utilization"]) * 1e6
	wattHours := in["nameplate"] * in["load-memory"] * in["pue"] * 1e6 / (in["tokens"] * 3600) // of 1000 tokens
	months := (in["price"] + once) / (in["rent"] - running) / 730

	e := estimated(t, commands(page)[0])
	for _, c := range []struct {
		what                string
		hand, tool, allowed float64
		printed             string
	}{
		{"an hour", hour, float64(e.Cost.USDPerHour), 0.005, "%.2f"},
		{"M tokens", tokens, float64(e.Cost.Per[0].Value), 0.005, "%.2f"},
		{"machines", machines, float64(e.Cost.Components[0].Money), 0.0005, "%.3f"},
		{"electricity at load", load, float64(part(t, e, "electricity at load")), 0.0005, "%.3f"},
		{"electricity idle", idle, float64(part(t, e, "electricity idle")), 0.0005, "%.3f"},
		{"room", room, float64(part(t, e, "colocation")), 0.0005, "%.3f"},
		{"break-even", months, e.Cost.BreakEven.Months, 0.05, "%.1f"},
		{"Wh for 1000 tokens", wattHours, 1000 * e.Power.WattHours, 0.0005, "%.3f"},
		{"g for 1000 tokens", wattHours / 1000 * in["carbon"], 1000 * e.Power.Grams, 0.0005, "%.3f"},
	} {
		if math.Abs(c.hand-c.tool) > c.allowed {
			t.Errorf("%s: %g by hand, %g by the tool", c.what, c.hand, c.tool)
		}
		if text := "**" + fmt.Sprintf(c.printed, c.hand) + "**"; !strings.Contains(page, text) {
			t.Errorf("%s: the page does not say %s", c.what, text)
		}
	}
	if e.Cost.AtLeast {
		t.Error("the example has gaps")
	}
	for name, s := range source {
		if s == "" {
			t.Errorf("%s has no source", name)
		}
	}
}

// The inputs of the page that are not parameters are the catalog's, with the source it names.
func TestCostInputs(t *testing.T) {
	k := catalog.Default()
	machine, site, owner := k.System("dgx-h100"), k.Site("korea"), k.Ownership("default")
	in, source := costInputs(costPage(t))
	for _, c := range []struct {
		name   string
		value  float64
		source string
	}{
		{"price", float64(machine.Purchase.Price), machine.Of("purchase.price").Source},
		{"nameplate", float64(machine.Power.Max) / 1000, machine.Of("power.max").Source},
		{"years", owner.Years, owner.Of("years").Source},
		{"residual", owner.Residual, owner.Of("residual").Source},
		{"network", owner.Network, owner.Of("network").Source},
		{"maintenance", owner.Maintenance, owner.Of("maintenance").Source},
		{"load-memory", owner.LoadMemory, owner.Of("load-memory").Source},
		{"idle", owner.Idle, owner.Of("idle").Source},
		{"electricity", site.Electricity.Price.Amount, site.Of("electricity.price").Source},
		{"exchange", site.Exchange.Amount, site.Of("exchange").Source},
		{"carbon", float64(site.Carbon.Intensity), site.Of("carbon.intensity").Source},
	} {
		if in[c.name] != c.value || !strings.Contains(c.source, source[c.name]) {
			t.Errorf("%s: %g from %q, the catalog has %g from %q", c.name, in[c.name], source[c.name], c.value, c.source)
		}
	}
}

// The cloud offer of the page is the cheapest for its model.
func TestCostCheapest(t *testing.T) {
	page := costPage(t)
	command := commands(page)[1]
	rented := estimated(t, command)
	best := estimated(t, strings.Replace(command, "mi300x", "all", 1))
	if best.Device != rented.Device {
		t.Errorf("%s is cheaper than %s", best.Device, rented.Device)
	}
	if text := fmt.Sprintf("= **%.2f** $ per M output tokens", rented.Cost.Per[0].Value); !strings.Contains(page, text) {
		t.Errorf("the page does not say %s", text)
	}
	if rented.Cost.AtLeast || rented.Cost.BreakEven != nil {
		t.Errorf("%+v", rented.Cost)
	}
}

// estimated returns the first estimate of a command line.
func estimated(t *testing.T, command string) *estimate.Result {
	t.Helper()
	var doc document
	if err := json.Unmarshal([]byte(answer(t, 0, append(strings.Fields(command), "--format", "json")...)), &doc); err != nil {
		t.Fatal(err)
	}
	return doc.Estimates[0]
}

// part returns the money of a component.
func part(t *testing.T, e *estimate.Result, name string) unit.USDPerHour {
	t.Helper()
	for _, c := range e.Cost.Components {
		if c.Name == name {
			return c.Money
		}
	}
	t.Errorf("no %s in %+v", name, e.Cost.Components)
	return 0
}

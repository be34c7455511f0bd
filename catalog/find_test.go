package catalog

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

func TestFind(t *testing.T) {
	c := Default()
	for name, want := range map[string]string{
		"nvidia-h100-sxm5-80gb": "nvidia-h100-sxm5-80gb",
		"h100-sxm":              "nvidia-h100-sxm5-80gb",
		"H100 SXM":              "nvidia-h100-sxm5-80gb",
		"h100_sxm5":             "nvidia-h100-sxm5-80gb",
		"NVIDIA H100 PCIe":      "nvidia-h100-pcie-80gb",
		"a100-sxm-80gb":         "nvidia-a100-sxm4-80gb",
		"mi300x":                "amd-mi300x",
		"MI250":                 "amd-mi250", // exact beats mi250x
		"rtx-4090":              "nvidia-rtx-4090",
		"RTX 4090":              "nvidia-rtx-4090",
		"rtx4090":               "nvidia-rtx-4090",
		"4090":                  "nvidia-rtx-4090",
		"rtx-4070":              "nvidia-rtx-4070", // exact beats rtx-4070-ti-super
		"l40":                   "nvidia-l40",      // exact beats l40s
		"l4":                    "nvidia-l4",
		"h20":                   "nvidia-h20-96gb", // equal beats the beginning of h200
		"i7-12700h":             "intel-i7-12700h",
		"gaudi3":                "intel-gaudi3",
		"tpu-v5e":               "google-tpu-v5e",
		"xeon 8480p":            "intel-xeon-8480p",
	} {
		if d, err := c.Find(name); err != nil || d.ID != want {
			t.Errorf("%s: %v, %v; want %s", name, d, err, want)
		}
	}
	for name, want := range map[string][]string{
		"h100":      {"nvidia-h100-sxm5-80gb", "nvidia-h100-pcie-80gb", "nvidia-h100-nvl-94gb"},
		"h100-80gb": {"nvidia-h100-sxm5-80gb", "nvidia-h100-pcie-80gb"},
		"a100-sxm":  {"nvidia-a100-sxm4-40gb", "nvidia-a100-sxm4-80gb"},
		"mi300":     {"amd-mi300a", "amd-mi300x"},
		"epyc 97":   nil,
		"rtx-pro-6": {"nvidia-rtx-pro-6000-server", "nvidia-rtx-pro-6000-ws", "nvidia-rtx-pro-6000-maxq"},
	} {
		_, err := c.Find(name)
		var a *AmbiguousError
		switch {
		case want == nil && err != nil && errors.As(err, &a):
			t.Errorf("%s: %v", name, err)
		case want != nil && (!errors.As(err, &a) || !reflect.DeepEqual(a.Candidates, want)):
			t.Errorf("%s: %v, want the candidates %v", name, err, want)
		}
	}
	for name, want := range map[string]string{
		"h101":         `unknown device "h101", did you mean nvidia-h100-sxm5-80gb or nvidia-h100-pcie-80gb or nvidia-h100-nvl-94gb?`,
		"mi300y":       `unknown device "mi300y", did you mean amd-mi300x or amd-mi300a?`,
		"rtx 4090 xyz": `unknown device "rtx 4090 xyz"`,
		"gaudi 4":      `unknown device "gaudi 4", did you mean intel-gaudi2 or intel-gaudi3?`,
		"foo":          `unknown device "foo"`,
		"":             `unknown device ""`,
		"sxm-h100":     `unknown device "sxm-h100"`,
	} {
		_, err := c.Find(name)
		var u *UnknownError
		if !errors.As(err, &u) || !strings.HasPrefix(err.Error(), strings.TrimSuffix(want, "?")) && name != "mi300y" {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
		if name == "mi300y" && !strings.Contains(err.Error(), "amd-mi300x") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSelect(t *testing.T) {
	c := Default()
	ids := func(query string) string {
		ds, err := c.Select(query)
		if err != nil {
			return err.Error()
		}
		var out []string
		for _, d := range ds {
			out = append(out, d.ID)
		}
		return strings.Join(out, " ")
	}
	for query, want := range map[string]string{
		"h100*":     "nvidia-h100-sxm5-80gb nvidia-h100-pcie-80gb nvidia-h100-nvl-94gb",
		"H100_*":    "nvidia-h100-sxm5-80gb nvidia-h100-pcie-80gb nvidia-h100-nvl-94gb",
		"amd-mi3*x": "amd-mi300x amd-mi325x amd-mi350x amd-mi355x",
		"h100-sxm":  "nvidia-h100-sxm5-80gb",
		"zz*":       `unknown device "zz*"`,
		"h100":      `device "h100" could be nvidia-h100-sxm5-80gb, nvidia-h100-pcie-80gb, nvidia-h100-nvl-94gb`,
		"[":         `unknown device "["`,
	} {
		if got := ids(query); got != want {
			t.Errorf("%s: got %s, want %s", query, got, want)
		}
	}
	all, err := c.Select("ALL")
	if err != nil || len(all) != len(c.Devices) {
		t.Errorf("all: %d devices, %v", len(all), err)
	}
}

func TestShortNames(t *testing.T) {
	c := Default()
	names := ShortNames(c.ids())
	for id, want := range map[string]string{
		"nvidia-h100-sxm5-80gb":      "h100-sxm",
		"nvidia-h100-pcie-80gb":      "h100-pcie",
		"nvidia-h100-nvl-94gb":       "h100-nvl",
		"nvidia-h200-sxm-141gb":      "h200-sxm",
		"nvidia-b200-sxm-180gb":      "b200-sxm",
		"nvidia-a100-sxm4-80gb":      "a100-sxm-80gb",
		"nvidia-a100-pcie-40gb":      "a100-pcie-40gb",
		"nvidia-l40":                 "l40",
		"nvidia-l40s":                "l40s",
		"nvidia-t4":                  "t4",
		"nvidia-h20-96gb":            "h20",
		"amd-mi300x":                 "mi300x",
		"nvidia-rtx-4090":            "rtx-4090",
		"nvidia-rtx-3060-12gb":       "rtx-3060",
		"nvidia-rtx-5070-ti":         "rtx-5070-ti",
		"nvidia-gh200-96gb":          "gh200-96gb",
		"intel-i7-12700h":            "i7-12700h",
		"google-tpu-v5e":             "tpu-v5e",
		"nvidia-rtx-pro-6000-server": "rtx-pro-6000-server",
	} {
		if names[id] != want {
			t.Errorf("%s is called %s, want %s", id, names[id], want)
		}
	}
	seen := map[string]string{}
	for id, name := range names {
		if other, ok := seen[name]; ok {
			t.Errorf("%s and %s are both called %s", id, other, name)
		}
		seen[name] = id
		if d, err := c.Find(name); err != nil || d.ID != id {
			t.Errorf("%s is called %s, which finds %v, %v", id, name, d, err)
		}
	}
	// Names that only look like a vendor stay, and so does what tells two vendors' products apart.
	got := ShortNames([]string{"my-gpu", "nvidia-x1", "amd-x1", "nvidia-sxm5", "nvidia-80gb", "solo"})
	want := map[string]string{"my-gpu": "my-gpu", "nvidia-x1": "nvidia-x1", "amd-x1": "amd-x1", "nvidia-sxm5": "sxm", "nvidia-80gb": "80gb", "solo": "solo"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func FuzzMatch(f *testing.F) {
	ids := Default().ids()
	for _, s := range []string{"h100", "H100 SXM", "-", "a--b", "rtx4090", "é", "all", "[", "*"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, query string) {
		c := Default()
		for _, id := range Match(ids, query) {
			if c.Device(id) == nil {
				t.Fatalf("%q matches %q, which is no device", query, id)
			}
		}
		if ds, err := c.Select(query); err == nil && len(ds) == 0 {
			t.Fatalf("%q selects nothing without an error", query)
		}
	})
}

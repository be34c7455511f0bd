// Package compare sets two recorded answers side by side: what they assume, and what they say of the same thing.
//
// Answers come as JSON that somebody else may have written: reading is bounded in size, depth and number of objects, and
// text is cleaned of what would move a terminal's cursor.
package compare

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"roofline/estimate"
)

// What an answer may measure, far above what any verb prints.
const (
	maxSize    = 64 << 20
	maxDepth   = 64
	maxObjects = 200_000
	maxText    = 120 // characters of a name
)

// The schemas whose answers hold estimates.
var schemas = []string{"roofline.estimate/v1", "roofline.whatif/v1", "roofline.sweep/v1"}

// Side is one recorded answer.
type Side struct {
	File    string `json:"file"`
	Schema  string `json:"schema"`
	Version string `json:"version,omitempty"`
	Catalog string `json:"catalog,omitempty"`
	Command string `json:"command,omitempty"`

	assumptions []named
	results     []*estimate.Result
}

// named is an assumption as text.
type named struct{ name, value string }

// Read reads a recorded answer; the name is used in messages only.
func Read(name string, data []byte) (*Side, error) {
	if err := bounded(data); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	var doc struct {
		Schema, Version, Catalog, Command string
		Assumptions                       []struct {
			Name  string
			Value any
		}
		Estimates []*estimate.Result
		Before    []*estimate.Result
		After     []*estimate.Result
		Points    []*estimate.Result
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		return nil, fmt.Errorf("%s: %s", name, problem(err))
	}
	switch {
	case doc.Schema == "":
		return nil, fmt.Errorf("%s: not an answer of roofline: it has no \"schema\"; write one with roofline estimate … -o a.json", name)
	case !slices.Contains(schemas, doc.Schema):
		return nil, fmt.Errorf("%s: %s has nothing to compare: want %s", name, clean(doc.Schema), strings.Join(schemas, " or "))
	}
	s := &Side{File: name, Schema: doc.Schema, Version: clean(doc.Version), Catalog: clean(doc.Catalog), Command: clean(doc.Command)}
	for _, a := range doc.Assumptions {
		s.assumptions = append(s.assumptions, named{clean(a.Name), clean(fmt.Sprint(a.Value))})
	}
	results := doc.Estimates
	switch {
	case doc.Schema == "roofline.sweep/v1":
		results = doc.Points
	case doc.Schema == "roofline.whatif/v1" && len(doc.After) > 0: // what would be, or else what is
		results = doc.After
	case doc.Schema == "roofline.whatif/v1":
		results = doc.Before
	}
	for _, r := range results {
		if r == nil || r.Unavailable != "" || r.Latency == nil {
			continue // a row without an answer
		}
		cleanResult(r)
		s.results = append(s.results, r)
	}
	if len(s.results) == 0 {
		return nil, fmt.Errorf("%s: it holds no estimates", name)
	}
	return s, nil
}

// cleanResult cleans the texts of a result that are shown.
func cleanResult(r *estimate.Result) {
	r.Device, r.Runtime, r.Model.Name = clean(r.Device), clean(r.Runtime), clean(r.Model.Name)
	if r.Throughput != nil {
		r.Throughput.Unit = clean(r.Throughput.Unit)
	}
	if r.Cost != nil {
		for i := range r.Cost.Per {
			r.Cost.Per[i].Unit = clean(r.Cost.Per[i].Unit)
		}
		r.Cost.Source, r.Cost.PriceAsOf = clean(r.Cost.Source), clean(r.Cost.PriceAsOf)
	}
}

// clean returns a text fit for one line of a terminal: printable, and not too long.
func clean(text string) string {
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text)
	if runes := []rune(text); len(runes) > maxText {
		return string(runes[:maxText-1]) + "…"
	}
	return text
}

// bounded refuses what is larger or deeper than any answer, before a decoder sees it.
func bounded(data []byte) error {
	if len(data) > maxSize {
		return fmt.Errorf("too large: want at most %d MiB", maxSize>>20)
	}
	depth, objects, quoted := 0, 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return fmt.Errorf("values nest deeper than %d", maxDepth)
			}
			if objects++; objects > maxObjects {
				return fmt.Errorf("more than %d objects and lists", maxObjects)
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return nil
}

// problem says where JSON is wrong.
func problem(err error) string {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Sprintf("not JSON, at byte %d: %v", syntax.Offset, err)
	case errors.As(err, &kind):
		return fmt.Sprintf("not an answer of roofline: %s is of type %s", cmp.Or(clean(kind.Field), "the whole"), kind.Value)
	}
	return clean(err.Error())
}

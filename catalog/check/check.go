// Package check is the lint of catalog files: it knows what can't be, and the traps of datasheets (sparse rates, both
// directions of a link added up, GB for GiB, rates with 16-bit accumulation).
//
// A record whose value is right all the same says so, and why: accepted = { derived-peak = "reason" }.
package check

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"roofline/catalog"
	"roofline/hardware"
	"roofline/hardware/document"
)

// Severity is how bad a finding is.
type Severity string

// The severities of findings.
const (
	Error   Severity = "error"   // can't be: estimates would be wrong
	Warning Severity = "warning" // is unlikely: look again
	Info    Severity = "info"    // is good to know: what is missing, old or from memory
)

// Rule is one thing that is checked.
type Rule struct {
	ID       string
	Severity Severity
	Doc      string // one line

	device   func(*hardware.Device, *scope)
	system   func(*hardware.System, *scope)
	site     func(*hardware.Site, *scope)
	instance func(*hardware.Instance, *scope)
}

// Finding is one place where a rule does not hold.
type Finding struct {
	Rule     string   `json:"rule"`
	Severity Severity `json:"severity"`
	File     string   `json:"file"`
	Line     int      `json:"line"`
	Column   int      `json:"column"`
	Record   string   `json:"record,omitempty"`
	Field    string   `json:"field,omitempty"`
	Problem  string   `json:"problem"`
	Want     string   `json:"want,omitempty"`
	Snippet  string   `json:"-"`
}

// File is a catalog file to check.
type File struct {
	Name string
	Data []byte
}

// Report is what a check found.
type Report struct {
	Files                              int
	Devices, Systems, Sites, Instances int // looked at
	Accepted                           int // findings that a record gives a reason for
	Findings                           []Finding
}

// Count returns how many findings there are of a severity.
func (r *Report) Count(s Severity) int {
	n := 0
	for i := range r.Findings {
		if r.Findings[i].Severity == s {
			n++
		}
	}
	return n
}

// Files checks files that add to a catalog; base stays as it is. Today is what prices are judged stale by.
func Files(base *catalog.Catalog, files []File, today time.Time) *Report {
	merged := *base
	c := &checker{before: base, catalog: &merged, today: today, report: &Report{Files: len(files)}, seen: map[string]string{}, medians: map[medianOf]float64{}}
	var docs []*document.Document
	for _, f := range files {
		if err := merged.Overlay(f.Name, f.Data); err != nil {
			c.unreadable(f.Name, err)
			continue
		}
		doc, err := document.Parse(f.Name, f.Data)
		if err != nil { // it was parsed a moment ago
			panic(err)
		}
		docs = append(docs, doc)
	}
	for _, doc := range docs {
		c.document(doc)
	}
	slices.SortStableFunc(c.report.Findings, func(a, b Finding) int {
		return cmp.Or(strings.Compare(a.File, b.File), a.Line-b.Line, a.Column-b.Column)
	})
	return c.report
}

// Embedded checks the catalog that is compiled in, in its own files.
func Embedded(today time.Time) *Report {
	var files []File
	for _, f := range catalog.Files() {
		files = append(files, File(f))
	}
	return Files(&catalog.Catalog{}, files, today)
}

type checker struct {
	before  *catalog.Catalog // without the files
	catalog *catalog.Catalog // with them
	today   time.Time
	report  *Report
	seen    map[string]string // kind and id of records -> the file that has them
	medians map[medianOf]float64
}

// unreadable reports what keeps a file from being read at all.
func (c *checker) unreadable(name string, err error) {
	problems := document.Problems(err)
	if problems == nil {
		problems = []*document.Error{{File: name, Line: 1, Column: 1, Message: err.Error()}}
	}
	for _, p := range problems {
		c.report.Findings = append(c.report.Findings, Finding{Rule: unreadableFile, Severity: Error, File: p.File, Line: p.Line, Column: p.Column,
			Field: p.Key, Problem: p.Message, Want: p.Want, Snippet: p.Snippet})
	}
}

// document runs the rules over the records of one file.
func (c *checker) document(doc *document.Document) {
	root := doc.Root()
	for _, id := range hardware.DeviceIDs(doc) {
		d := c.catalog.Device(id)
		c.report.Devices++
		s := c.scope("device", id, root.Table(id), d.Accepted)
		s.run(func(r *Rule) bool { return call(r.device, d, s) })
	}
	systems := root.Table(hardware.SystemSection)
	for _, id := range systems.Keys() {
		y := c.catalog.System(id)
		c.report.Systems++
		s := c.scope("system", id, systems.Table(id), y.Accepted)
		s.run(func(r *Rule) bool { return call(r.system, y, s) })
	}
	sites := root.Table(hardware.SiteSection)
	for _, id := range sites.Keys() {
		y := c.catalog.Site(id)
		c.report.Sites++
		s := c.scope("site", id, sites.Table(id), y.Accepted)
		s.run(func(r *Rule) bool { return call(r.site, y, s) })
	}
	instances := hardware.Instances(doc)
	for n, t := range root.Tables("instance") {
		i := &instances[n]
		c.report.Instances++
		s := c.scope("instance", strings.TrimSpace(i.Provider+" "+i.ID+" "+i.Region)+" "+i.Device, t, i.Accepted)
		s.run(func(r *Rule) bool { return call(r.instance, i, s) })
	}
}

// call runs a rule if it is one for records of this kind, and reports whether it is.
func call[T any](rule func(*T, *scope), record *T, s *scope) bool {
	if rule == nil {
		return false
	}
	rule(record, s)
	return true
}

// scope is what a rule sees beside the record, and where it reports.
type scope struct {
	*checker
	kind, id string
	table    document.Table
	accepted hardware.Acceptances
	rule     *Rule
	needed   map[string]bool // rules that found something, accepted or not
}

func (c *checker) scope(kind, id string, t document.Table, accepted hardware.Acceptances) *scope {
	return &scope{checker: c, kind: kind, id: id, table: t.Topic(), accepted: accepted, needed: map[string]bool{}}
}

// run calls every rule, and then looks for acceptances that nothing needs.
func (s *scope) run(call func(*Rule) bool) {
	for i := range rules {
		s.rule = &rules[i]
		call(s.rule)
	}
	s.unneeded()
}

// found adds a finding at a field of the record, unless the record gives a reason.
func (s *scope) found(field, problem, want string) {
	s.needed[s.rule.ID] = true
	if s.accepted.Of(s.rule.ID) != "" {
		s.report.Accepted++
		return
	}
	s.add(s.rule.ID, s.rule.Severity, field, problem, want)
}

func (s *scope) add(rule string, severity Severity, field, problem, want string) {
	var keys []string
	if field != "" {
		keys = strings.Split(field, ".")
	}
	at := s.table.At(keys...)
	for i := range s.report.Findings {
		if f := &s.report.Findings[i]; field != "" && severity == Error && f.Severity == Error && f.File == at.File && f.Line == at.Line && f.Column == at.Column {
			return
		}
	}
	s.report.Findings = append(s.report.Findings, Finding{Rule: rule, Severity: severity, File: at.File, Line: at.Line, Column: at.Column,
		Record: s.id, Field: shown(field), Problem: problem, Want: want, Snippet: at.Snippet})
}

// shown is how messages call a field: link.#0.bandwidth is link[1].bandwidth.
func shown(field string) string {
	for i, number := range []string{"[1]", "[2]", "[3]", "[4]"} {
		field = strings.Replace(field, ".#"+string(rune('0'+i)), number, 1)
	}
	return field
}

// String prints a finding without its place and snippet.
func (f *Finding) String() string {
	s := f.Problem
	if f.Record != "" {
		s = strings.TrimSpace(f.Record+" "+f.Field) + ": " + s
	}
	if f.Want != "" {
		s += ": want " + f.Want
	}
	return s
}

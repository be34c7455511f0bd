package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"roofline/catalog"
	"roofline/cmd/roofline/internal/deploy"
	"roofline/cmd/roofline/internal/show"
	"roofline/estimate/calibrate"
)

// globals are the flags of every verb.
type globals struct {
	Format      show.Format `help:"Form of the answer: table, json, csv or markdown." enum:"table,json,csv,markdown" default:"table"`
	Output      string      `short:"o" help:"Write the answer to a file, whose ending chooses the form: .json, .csv, .md, .txt, or a picture as .svg, .png or .pdf." placeholder:"FILE"`
	Catalog     []string    `help:"A catalog file or folder that adds to the embedded catalog or overrides values of it. Repeatable." placeholder:"FILE"`
	Calibration []string    `help:"What real runs say of a machine: a file that calibrate wrote. Repeatable." placeholder:"FILE"`
	Quiet       bool        `help:"Print the answer alone, without warnings."`
	Wide        bool        `help:"Print all columns, however wide."`
}

// session is what a command needs to answer: the catalog, the files it may read, where to write, and what day it is.
type session struct {
	*globals
	catalog      *catalog.Catalog
	calibrations *deploy.Calibrations
	files        deploy.Files
	args         []string
	said         show.Format // what --format says; the ending of -o chooses the form of what goes to its file
	out          io.Writer
	errs         io.Writer
	file         io.Writer          // where a page gets what -o names; nil: a file is written
	show         func(*show.Answer) // where a page gets answers; nil: they are written
	now          time.Time
}

func newSession(g *globals, c call, out, errs io.Writer) (*session, error) {
	s := &session{globals: g, said: g.Format, catalog: catalog.Default(), calibrations: &deploy.Calibrations{}, files: c.files, file: c.file, args: c.args, out: out, errs: errs, show: c.show, now: today()}
	if g.Output != "" {
		f, err := formatOf(g.Output)
		if err != nil {
			return nil, err
		}
		g.Format = f
	}
	for _, path := range g.Catalog {
		if err := s.overlay(path); err != nil {
			return nil, err
		}
	}
	for _, name := range g.Calibration {
		if err := s.calibrate(name); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// calibrate adds a calibration.
func (s *session) calibrate(name string) error {
	data, err := s.files.Read(name)
	if err != nil {
		return fmt.Errorf("--calibration %s: no such file", name)
	}
	f, err := calibrate.Read(name, data)
	if err != nil {
		return err
	}
	d, err := s.catalog.Find(f.Device)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if s.catalog.Runtime(f.Runtime) == nil {
		return fmt.Errorf("%s: unknown runtime %q: roofline catalog list --runtimes", name, f.Runtime)
	}
	f.Device = d.ID
	s.calibrations.Add(f)
	return nil
}

// today is the date prices are judged stale by. SOURCE_DATE_EPOCH pins it, so that output can be reproduced.
func today() time.Time {
	if v, err := strconv.ParseInt(os.Getenv("SOURCE_DATE_EPOCH"), 10, 64); err == nil {
		return time.Unix(v, 0).UTC()
	}
	return time.Now().UTC()
}

// overlay adds a catalog file, or every .toml below a folder.
func (s *session) overlay(path string) error {
	documents, err := s.files.TOML(path)
	if err != nil {
		return fmt.Errorf("--catalog %s: no such file or folder", path)
	}
	for _, name := range documents {
		data, err := s.files.Read(name)
		if err == nil {
			err = s.catalog.Overlay(name, data)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// formatOf returns the form a file's ending asks for.
func formatOf(path string) (show.Format, error) {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".json":
		return show.JSON, nil
	case ".csv":
		return show.CSV, nil
	case ".md":
		return show.Markdown, nil
	case ".txt":
		return show.Text, nil
	case ".toml":
		return show.TOML, nil
	case ".html":
		return show.HTML, nil
	case ".svg":
		return show.SVG, nil
	case ".png":
		return show.PNG, nil
	case ".pdf":
		return show.PDF, nil
	}
	return "", fmt.Errorf("-o %s: want a file that ends in .json, .csv, .md, .txt, a picture's .svg, .png or .pdf, a report's .html or, of catalog new, .toml", path)
}

// answer writes an answer where the user wants it.
func (s *session) answer(a *show.Answer) error {
	a.Wide = s.Wide
	if used, unused := s.calibrations.Used(); used != "" || unused != nil {
		a.Assumed = strings.TrimPrefix(a.Assumed+" · "+used, " · ")
		a.Assumed = strings.TrimSuffix(a.Assumed, " · ")
		a.Warnings = append(a.Warnings, unused...)
	}
	if s.Quiet {
		a.Warnings, a.Notes = nil, nil
	}
	if s.show != nil {
		s.show(a)
	}
	return s.write(func(w io.Writer) error { return a.Write(w, s.Format) })
}

// write writes to standard output or to the file the user named, which is written whole or not at all. What a page asks
// for goes to the page.
func (s *session) write(to func(io.Writer) error) error {
	switch {
	case s.Output == "":
		return to(s.out)
	case s.file != nil:
		return to(s.file)
	}
	return s.create(s.Output, to)
}

// create writes a file whole or not at all; a page writes none.
func (s *session) create(path string, to func(io.Writer) error) error {
	if s.file != nil {
		return fmt.Errorf("%s: a page writes no files", path)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".roofline-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // fails once the file has its name
	if err = to(f); err == nil {
		err = f.Chmod(0o644)
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err == nil {
		fmt.Fprintf(s.errs, "wrote %s\n", path)
	}
	return err
}

// command returns the command line, for the record.
func (s *session) command() string { return "roofline " + strings.Join(s.args, " ") }

// version returns the version the binary was built from.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

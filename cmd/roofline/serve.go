package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/signal"
	"strings"
	"syscall"

	"roofline/cmd/roofline/internal/page"
	"roofline/hardware/unit"
)

// serveCmd serves the interactive page.
type serveCmd struct {
	Listen    string     `help:"Address to listen on. Other machines reach it only if it is not a loopback address." default:"127.0.0.1:8080" placeholder:"HOST:PORT"`
	Host      []string   `help:"A name by which the server is reached, besides localhost and plain addresses. Repeatable." placeholder:"NAME"`
	MaxUpload unit.Bytes `help:"Largest file that may be dropped on the page." default:"256MiB" placeholder:"SIZE"`
}

// Help shows worked examples.
func (serveCmd) Help() string {
	return `Examples:
  roofline serve
  roofline serve --listen 0.0.0.0:8080 --host planner.example.com

The page is in the program and asks nothing of any other machine. Files that are dropped on it are read in memory and not
stored. docs/serve.md describes the same as an API.`
}

// Run serves until it is interrupted.
func (c *serveCmd) Run(s *session) error {
	if c.MaxUpload < 1 || c.MaxUpload > 4*unit.GiB {
		return &failure{code: "usage", err: fmt.Errorf("--max-upload %s: want 1 B to 4 GiB", c.MaxUpload), exit: exitUsage}
	}
	l, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("--listen %s: %w", c.Listen, err)
	}
	hosts := make([]string, len(c.Host))
	for i, h := range c.Host {
		hosts[i] = strings.ToLower(h)
	}
	server := page.New(page.Config{Run: answerPage, Hosts: hosts, MaxUpload: int64(c.MaxUpload)})
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	fmt.Fprintf(s.out, "roofline is at http://%s (stop it with Ctrl-C)\n", l.Addr())
	if err := server.Serve(ctx, l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// answerPage runs a command line for the page.
func answerPage(c page.Call, out, errs io.Writer) int {
	return call{args: c.Args, files: c.Files, file: c.File, show: c.Show}.run(out, errs)
}

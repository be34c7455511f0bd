// Package page serves the interactive page. The page is the command line with a mouse: a request names a verb and its
// flags, is turned into the arguments a user would type, and is answered by the same code, so that what is downloaded
// from the page is byte for byte what the command prints.
//
// Requests come from browsers and so from anybody: the host and the origin are checked, flags that name files take only
// handles of uploads, which stay in memory, and what a request may cost is bounded before it is computed.
package page

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"runtime"
	"strings"
	"time"

	"roofline/cmd/roofline/internal/deploy"
	"roofline/cmd/roofline/internal/show"
)

//go:embed static
var static embed.FS

// Call is a command line, the files it may read, where the file goes that -o names, and who sees the answer before it is
// written.
type Call struct {
	Args  []string
	Files deploy.Memory
	File  io.Writer
	Show  func(*show.Answer)
}

// Config is what a server is made of.
type Config struct {
	Run       func(c Call, out, errs io.Writer) int // executes a command line and returns its exit code
	Hosts     []string                              // names the server answers to besides localhost and addresses
	MaxUpload int64                                 // bytes of one file
}

// Limits of what one request may take.
const (
	headerTimeout  = 5 * time.Second
	readTimeout    = 60 * time.Second // of a whole upload
	writeTimeout   = 90 * time.Second
	idleTimeout    = 2 * time.Minute
	computeTimeout = 15 * time.Second
	maxHeader      = 32 << 10
	maxAnswer      = 32 << 20
)

// Server answers requests of the page and of programs.
type Server struct {
	Config
	uploads *shelf
	slots   chan struct{} // as many computations at a time as there are processors
	readers chan struct{} // uploads being read

	headerTimeout, readTimeout time.Duration
}

// New returns a server without uploads.
func New(c Config) *Server {
	return &Server{Config: c, uploads: newShelf(maxShelf), slots: make(chan struct{}, runtime.GOMAXPROCS(0)), readers: make(chan struct{}, 2),
		headerTimeout: headerTimeout, readTimeout: readTimeout}
}

// Serve answers on a listener until the context ends, then finishes what it is at.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	h := &http.Server{Handler: s.Handler(), ReadHeaderTimeout: s.headerTimeout, ReadTimeout: s.readTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader}
	done := make(chan error, 1)
	go func() { done <- h.Serve(l) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), computeTimeout)
	defer cancel()
	err := h.Shutdown(end)
	<-done
	return err
}

// Handler returns the routes behind the guard.
func (s *Server) Handler() http.Handler {
	files, err := fs.Sub(static, "static")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	mux := http.NewServeMux()
	mux.Handle("GET /", http.FileServerFS(files))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok\n") })
	mux.HandleFunc("GET /api/v1/{$}", s.index)
	mux.HandleFunc("GET /api/v1/{verb}", s.answer)
	mux.HandleFunc("GET /api/v1/files/{handle}", s.describe)
	mux.HandleFunc("GET /api/v1/files/{handle}/content", s.content)
	mux.HandleFunc("POST /api/v1/files", s.upload)
	return s.guard(mux)
}

// refuse answers with an error in the form of the command line's.
func refuse(w http.ResponseWriter, status int, code, format string, args ...any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.Encode(map[string]any{"error": map[string]string{"code": code, "message": fmt.Sprintf(format, args...)}})
}

// reply is what a command line came to.
type reply struct {
	exit            int
	out, file, errs bytes.Buffer
	shown           *show.Answer
}

// errBusy and errSlow end a request that could not be computed in time.
var (
	errBusy = errors.New("busy with other requests: try again")
	errSlow = fmt.Errorf("this takes longer than %v: ask for fewer devices, loads or combinations, or use the command line", computeTimeout)
)

// compute runs a command line when a processor is free. Computations can't be interrupted: one that takes too long goes
// on alone, in its place, while its request is refused. What it can cost is bounded before, see [verb.arguments].
func (s *Server) compute(ctx context.Context, c Call) (*reply, error) {
	ctx, cancel := context.WithTimeout(ctx, computeTimeout)
	defer cancel()
	select {
	case s.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, errBusy
	}
	done := make(chan *reply, 1)
	go func() {
		defer func() { <-s.slots }()
		r := &reply{}
		defer func() {
			if p := recover(); p != nil {
				r.exit = exitInternal
				done <- r
			}
		}()
		c.File = &limited{&r.file}
		c.Show = func(a *show.Answer) { r.shown = a }
		r.exit = s.Run(c, &limited{&r.out}, &r.errs)
		done <- r
	}()
	select {
	case r := <-done:
		return r, nil
	case <-ctx.Done():
		return nil, errSlow
	}
}

// limited is a buffer that takes no more than an answer may be long.
type limited struct{ *bytes.Buffer }

func (l *limited) Write(p []byte) (int, error) {
	if l.Len()+len(p) > maxAnswer {
		return 0, fmt.Errorf("the answer is longer than %d MiB: ask for less", maxAnswer>>20)
	}
	return l.Buffer.Write(p)
}

// Exit codes of a command line that decide a status; 0, 2 and 3 come with an answer.
const (
	exitNoAnswer = 1
	exitUsage    = 80
	exitInternal = -1
)

// statusOf is the HTTP status of an exit code.
func statusOf(exit int) int {
	switch exit {
	case exitInternal:
		return http.StatusInternalServerError
	case exitNoAnswer:
		return http.StatusUnprocessableEntity
	case exitUsage:
		return http.StatusBadRequest
	}
	return http.StatusOK
}

// shellName keeps a file's name harmless in a command line and on a page: letters, digits, dots, dashes.
func shellName(name string) string {
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	name = strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '_', r == '-':
			return r
		}
		return '-'
	}, name)
	if len(name) > maxName {
		name = name[len(name)-maxName:]
	}
	return strings.TrimLeft(name, ".-")
}

// maxName bounds the names of uploads.
const maxName = 80

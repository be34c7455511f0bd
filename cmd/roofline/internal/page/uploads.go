package page

import (
	"bytes"
	"container/list"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"roofline/cmd/roofline/internal/deploy"
	"roofline/estimate/benchmark"
)

// maxShelf bounds all uploads together, maxFiles their number; the one that was asked for longest ago goes first.
const (
	maxShelf = 512 << 20
	maxFiles = 256
)

// upload is a file somebody dropped on the page.
type upload struct {
	Handle string `json:"handle"`
	Name   string `json:"name"`
	Kind   string `json:"kind"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"` // of what was sent
	file   *deploy.File
}

// shelf keeps uploads in memory, the least recently used first to go.
type shelf struct {
	mu    sync.Mutex
	most  int
	held  int
	order *list.List // of *upload, the latest in front
	at    map[string]*list.Element
}

func newShelf(most int) *shelf {
	return &shelf{most: most, order: list.New(), at: map[string]*list.Element{}}
}

// get returns an upload by its handle.
func (s *shelf) get(handle string) (*upload, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.at[handle]
	if !ok {
		return nil, false
	}
	s.order.MoveToFront(e)
	return e.Value.(*upload), true
}

// put keeps an upload and makes room for it.
func (s *shelf) put(u *upload) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e, ok := s.at[u.Handle]; ok {
		s.order.MoveToFront(e)
		return
	}
	s.at[u.Handle] = s.order.PushFront(u)
	s.held += cap(u.file.Data)
	for s.held > s.most || s.order.Len() > maxFiles {
		last := s.order.Back()
		gone := s.order.Remove(last).(*upload)
		delete(s.at, gone.Handle)
		s.held -= cap(gone.file.Data)
	}
}

// upload takes a file into memory if it is one that commands read. Of a file of which the beginning is enough, the rest
// need not be sent: size then says how long it is.
func (s *Server) upload(w http.ResponseWriter, r *http.Request) {
	name := shellName(r.URL.Query().Get("name"))
	if filepath.Ext(name) == "" {
		refuse(w, http.StatusBadRequest, "upload.name", "want the name of the file: POST /api/v1/files?name=model.onnx")
		return
	}
	if r.ContentLength > s.MaxUpload {
		w.Header().Set("Connection", "close")
		refuse(w, http.StatusRequestEntityTooLarge, "upload.size", "%s: at most %d MiB; the command line reads files of any size", name, s.MaxUpload>>20)
		return
	}
	select {
	case s.readers <- struct{}{}:
		defer func() { <-s.readers }()
	case <-r.Context().Done():
		return
	}
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, s.MaxUpload))
	var long *http.MaxBytesError
	switch {
	case errors.As(err, &long):
		refuse(w, http.StatusRequestEntityTooLarge, "upload.size", "%s: at most %d MiB; the command line reads files of any size", name, s.MaxUpload>>20)
		return
	case err != nil:
		refuse(w, http.StatusRequestTimeout, "upload.read", "%s: it did not arrive in time", name)
		return
	}
	u := &upload{Name: name, file: &deploy.File{Data: data, Size: int64(len(data))}}
	if text := r.URL.Query().Get("size"); text != "" {
		if u.file.Size, err = strconv.ParseInt(text, 10, 64); err != nil || u.file.Size < int64(len(data)) {
			refuse(w, http.StatusBadRequest, "upload.size", "size=%.20s: want the bytes of the whole file", text)
			return
		}
	}
	u.Bytes = u.file.Size
	sum := sha256.Sum256(data)
	u.SHA256 = hex.EncodeToString(sum[:])
	handle := sha256.Sum256([]byte(fmt.Sprintf("%s\n%d\n%s", name, u.Bytes, u.SHA256)))
	u.Handle = hex.EncodeToString(handle[:12])
	s.recognise(w, r, u)
}

// The kinds of files.
const (
	modelFile       = "model"
	catalogFile     = "catalog" // describes devices
	calibrationFile = "calibration"
	measurementFile = "measurement" // what a benchmark wrote
)

// kindOf tells what a file is meant to be by its ending and by what only such a file holds.
func kindOf(name string, data []byte) string {
	holds := func(text string) bool { return bytes.Contains(data, []byte(text)) }
	switch strings.ToLower(filepath.Ext(name)) {
	case ".toml":
		switch {
		case holds("roofline.calibration/"):
			return calibrationFile
		case holds("[[run]]"):
			return measurementFile
		case !holds("[[op]]"):
			return catalogFile
		}
	case ".json":
		if !holds(`"model_type"`) && !holds(`"architectures"`) {
			return measurementFile
		}
	case ".jsonl", ".csv", ".txt", ".log", ".md":
		return measurementFile
	}
	return modelFile
}

// readers are the commands that read a file of a kind.
var readers = map[string]func(name string) []string{
	modelFile:       func(name string) []string { return []string{"models", "show", name, "--format", "json"} },
	catalogFile:     func(name string) []string { return []string{"version", "--catalog", name, "--format", "json"} },
	calibrationFile: func(name string) []string { return []string{"version", "--calibration", name, "--format", "json"} },
}

// recognise finds out what a file is by having it read, keeps it, and describes it; what can't be read is refused with
// what the reader says.
func (s *Server) recognise(w http.ResponseWriter, r *http.Request, u *upload) {
	u.Kind = kindOf(u.Name, u.file.Data)
	if u.Kind == measurementFile {
		if _, err := benchmark.Read(u.Name, bytes.NewReader(u.file.Data)); err != nil {
			refuse(w, http.StatusUnprocessableEntity, "input", "%v", err)
			return
		}
		s.uploads.put(u)
		send(w, http.StatusCreated, u)
		return
	}
	done, err := s.compute(r.Context(), Call{Args: readers[u.Kind](u.Name), Files: deploy.Memory{u.Name: u.file}})
	switch {
	case err != nil:
		busy(w, err)
	case done.exit != 0:
		failed(w, done)
	default:
		s.uploads.put(u)
		send(w, http.StatusCreated, u)
	}
}

// describe says what an upload is, so that a page that was shared knows whether it is still there.
func (s *Server) describe(w http.ResponseWriter, r *http.Request) {
	u, ok := s.uploads.get(r.PathValue("handle"))
	if !ok {
		refuse(w, http.StatusNotFound, "upload.gone", "this file is not here, or not any more: drop it again")
		return
	}
	send(w, http.StatusOK, u)
}

// content gives back a device or a calibration that was made on the page, to be used with --catalog or --calibration.
func (s *Server) content(w http.ResponseWriter, r *http.Request) {
	u, ok := s.uploads.get(r.PathValue("handle"))
	if !ok || u.Kind != catalogFile && u.Kind != calibrationFile {
		refuse(w, http.StatusNotFound, "upload.gone", "no device or calibration of that handle is here")
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Content-Disposition", "attachment; filename="+u.Name)
	w.Write(u.file.Data)
}

// send answers with JSON.
func send(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.Encode(v)
}

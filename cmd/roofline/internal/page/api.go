package page

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"

	"roofline/cmd/roofline/internal/show"
)

// form is a way an answer can be had: what is added to the command line for it, and what it is.
type form struct {
	args []string
	kind string
}

// forms are the ways, by name. A picture is what -o writes to a file of that ending.
var forms = map[string]form{
	"json":     {[]string{"--format", "json"}, "application/json; charset=utf-8"},
	"csv":      {[]string{"--format", "csv"}, "text/csv; charset=utf-8"},
	"markdown": {[]string{"--format", "markdown"}, "text/markdown; charset=utf-8"},
	"table":    {nil, "text/plain; charset=utf-8"},
	"svg":      {[]string{"-o", outputName + ".svg"}, "image/svg+xml"},
	"png":      {[]string{"-o", outputName + ".png"}, "image/png"},
	"pdf":      {[]string{"-o", outputName + ".pdf"}, "application/pdf"},
	"toml":     {[]string{"-o", outputName + ".toml"}, "text/plain; charset=utf-8"}, // of calibrations
	"html":     {[]string{"-o", outputName + ".html"}, "text/html; charset=utf-8"},  // of reports
	"page":     {[]string{"--format", "json"}, "application/json; charset=utf-8"},
}

// outputName is what a file would be called; it goes to who asked for it.
const outputName = "roofline"

// View is an answer for the page: the sentence, tables and warnings of the text, and the JSON that scripts get.
type View struct {
	Command  []string        `json:"command"`
	Exit     int             `json:"exit"`
	Sentence string          `json:"sentence,omitempty"`
	Assumed  string          `json:"assumed,omitempty"`
	Tables   []show.Grid     `json:"tables"`
	Notes    []string        `json:"notes"`
	Warnings []string        `json:"warnings"`
	Picture  bool            `json:"picture"` // there is one: form=svg
	Answer   json.RawMessage `json:"answer"`
}

// answer answers a verb.
func (s *Server) answer(w http.ResponseWriter, r *http.Request) {
	v, ok := Verbs[r.PathValue("verb")]
	if !ok {
		refuse(w, http.StatusNotFound, "verb", "no such verb; GET /api/v1/ lists them")
		return
	}
	q := r.URL.Query()
	name := q.Get("form")
	if name == "" {
		name = "json"
	}
	f, ok := forms[name]
	if !ok {
		refuse(w, http.StatusBadRequest, "form", "form=%.20s: want %v", name, slices.Sorted(maps.Keys(forms)))
		return
	}
	args, files, err := v.arguments(q, s.uploads)
	if err != nil {
		refuse(w, http.StatusBadRequest, "parameter", "%v", err)
		return
	}
	done, err := s.compute(r.Context(), Call{Args: slices.Concat(args, f.args), Files: files})
	if err != nil {
		busy(w, err)
		return
	}
	if statusOf(done.exit) != http.StatusOK {
		failed(w, done)
		return
	}
	if name == "page" && done.shown != nil {
		send(w, http.StatusOK, view(args, done))
		return
	}
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("X-Roofline-Exit", strconv.Itoa(done.exit))
	if done.file.Len() > 0 {
		w.Write(done.file.Bytes())
		return
	}
	w.Write(done.out.Bytes())
}

// view is what the page shows of an answer.
func view(args []string, done *reply) View {
	a := done.shown
	v := View{Command: append([]string{"roofline"}, args...), Exit: done.exit, Sentence: a.Sentence, Assumed: a.Assumed, Tables: []show.Grid{}, Picture: a.Picture != nil,
		Notes: append([]string{}, a.Notes...), Warnings: append([]string{}, a.Warnings...), Answer: done.out.Bytes()}
	for i := range a.Tables {
		v.Tables = append(v.Tables, a.Tables[i].Grid())
	}
	return v
}

// failed passes on what a command line says that has no answer.
func failed(w http.ResponseWriter, r *reply) {
	if r.exit == exitInternal {
		refuse(w, http.StatusInternalServerError, "internal", "this request broke the computation; nothing else is affected")
		return
	}
	kind := "text/plain; charset=utf-8"
	if json.Valid(r.errs.Bytes()) {
		kind = "application/json; charset=utf-8"
	}
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(statusOf(r.exit))
	w.Write(r.errs.Bytes())
}

// busy refuses for now what could not be computed in time.
func busy(w http.ResponseWriter, err error) {
	w.Header().Set("Retry-After", "1")
	refuse(w, http.StatusServiceUnavailable, "busy", "%v", err)
}

// index lists the verbs and their parameters.
func (s *Server) index(w http.ResponseWriter, _ *http.Request) {
	type entry struct {
		Verb       string   `json:"verb"`
		Command    []string `json:"command"`
		Parameters []string `json:"parameters"`
	}
	var all []entry
	for _, name := range slices.Sorted(maps.Keys(Verbs)) {
		v := Verbs[name]
		all = append(all, entry{name, append([]string{"roofline"}, v.words...), v.parameters()})
	}
	send(w, http.StatusOK, map[string]any{"verbs": all, "forms": slices.Sorted(maps.Keys(forms))})
}

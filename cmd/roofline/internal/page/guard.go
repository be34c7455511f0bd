package page

import (
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// policy lets the page load its own files and ask its own server, and nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// guard lets through what may be asked: under a name of this server (a foreign one is what DNS rebinding looks like), and
// not from another site's page.
func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		h.Set("Cache-Control", "no-cache")
		switch {
		case !s.answersTo(r.Host):
			refuse(w, http.StatusMisdirectedRequest, "host", "this server is not %s: use its address, or start it with --host", r.Host)
		case foreign(r):
			refuse(w, http.StatusForbidden, "origin", "asked from another site's page")
		case strings.Contains(r.URL.Path, ".."):
			refuse(w, http.StatusBadRequest, "path", "no path here goes up")
		case !utf8.ValidString(r.URL.Path) || strings.Contains(r.URL.Path, "\x00"):
			refuse(w, http.StatusBadRequest, "path", "the path is not text")
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// answersTo reports whether a Host header can be meant for this server: localhost, a plain address, to which no foreign
// name can be bound, or a name it was given.
func (s *Server) answersTo(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.ToLower(strings.Trim(name, "[]"))
	return name == "localhost" || net.ParseIP(name) != nil || slices.Contains(s.Hosts, name)
}

// foreign reports a request that another site's page makes. Following a link to the page is not one.
func foreign(r *http.Request) bool {
	if origin := r.Header.Get("Origin"); origin != "" {
		u, err := url.Parse(origin)
		return err != nil || u.Host != r.Host
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
		return false
	}
	return r.Method != http.MethodGet || r.Header.Get("Sec-Fetch-Mode") != "navigate" || strings.HasPrefix(r.URL.Path, "/api/")
}

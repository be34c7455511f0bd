package page

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"roofline/cmd/roofline/internal/deploy"
)

// verb is what may be asked of a command: parameters are named as its flags are. Flags not listed can't be given by a
// request, and those that name a file take the handle of an upload.
type verb struct {
	words []string // of the command line
	arg   string   // parameter that is the argument: model, name or none
	flags []string // with a value
	marks []string // without
	files []string // that name a file
}

// Flags that verbs share.
var (
	deployment = []string{"device", "count", "tp", "pp", "ep", "dp", "runtime", "memory"}
	payment    = []string{"price", "usd-per-hour", "utilization", "site", "years", "ownership", "pue", "electricity", "exchange"}
	formats    = []string{"dtype", "act-dtype", "kv-dtype"}
	binding    = []string{"dim", "input", "trip-count"}
	request    = []string{"isl", "osl", "workload", "concurrency", "tokens", "phase", "context"}
	scheduling = []string{"chunk", "prefix-hit", "spec-tokens", "spec-accept", "spread"}
	decision   = []string{"where", "batch", "fusion"}
	overlay    = []string{"catalog", "calibration"}
)

// Verbs are what can be asked, by the name in the path.
var Verbs = map[string]verb{
	"estimate": {words: []string{"estimate"}, arg: "model", flags: slices.Concat(deployment, payment, formats, binding, request, scheduling, []string{"batch", "fusion", "sort", "slo", "rate"}),
		marks: []string{"explain", "wide", "quiet"}, files: overlay},
	"layers": {words: []string{"layers"}, arg: "model", flags: slices.Concat(deployment, formats, binding, []string{"batch", "fusion", "phase", "context", "sort", "top"}),
		marks: []string{"quiet"}, files: overlay},
	"fit": {words: []string{"fit"}, arg: "model", flags: slices.Concat(deployment, formats, []string{"context"}), marks: []string{"quiet"}, files: overlay},
	"recommend": {words: []string{"recommend"}, arg: "model", flags: slices.Concat(deployment, payment, formats, binding, request, scheduling, decision,
		[]string{"target", "slo", "slo-at", "budget", "max-power", "headroom"}), marks: []string{"n+1", "quiet"}, files: overlay},
	"report": {words: []string{"report"}, arg: "model", flags: slices.Concat(deployment, payment, formats, binding, request, scheduling, decision,
		[]string{"target", "slo", "slo-at", "budget", "max-power", "headroom"}), marks: []string{"n+1"}, files: overlay},
	"frontier": {words: []string{"frontier"}, arg: "model", flags: slices.Concat(deployment, payment, formats, binding, request, scheduling, decision,
		[]string{"by", "slo", "tiers", "budget", "max-power"}), marks: []string{"quiet"}, files: overlay},
	"sweep": {words: []string{"sweep"}, arg: "model", flags: slices.Concat(deployment, payment, formats, binding, request, scheduling, decision), marks: []string{"quiet"}, files: overlay},
	"whatif": {words: []string{"whatif"}, arg: "model", flags: slices.Concat(deployment, payment, formats, binding, request, scheduling, []string{"batch", "fusion", "set", "require"}),
		marks: []string{"sensitivity", "quiet"}, files: overlay},
	"calibrate": {words: []string{"calibrate"}, arg: "model", flags: slices.Concat(deployment, formats, binding,
		[]string{"latency", "ttft", "tpot", "transfer", "batch", "concurrency", "isl", "osl"}), marks: []string{"quiet"}, files: []string{"from", "catalog", "calibration"}},
	"explain":  {words: []string{"explain"}, arg: "metric"},
	"catalog":  {words: []string{"catalog", "list"}, arg: "devices", flags: []string{"where", "sort", "price"}, marks: []string{"formats", "value", "systems", "sites", "runtimes", "links", "wide"}, files: overlay},
	"device":   {words: []string{"catalog", "show"}, arg: "name", files: overlay},
	"template": {words: []string{"catalog", "new", "device"}, arg: "id", flags: []string{"like"}, files: overlay},
	"models":   {words: []string{"models", "list"}, arg: "filter"},
	"model":    {words: []string{"models", "show"}, arg: "model"},
}

// Limits of what a request says.
const (
	maxValue        = 2000 // characters of one value
	maxValues       = 64
	maxCombinations = 8192 // estimates in one answer
	catalogSize     = 128  // devices that "all" or a glob is taken for
)

// paramError is a parameter that a request may not have.
type paramError struct{ text string }

func (e *paramError) Error() string { return e.text }

func wrong(format string, args ...any) error { return &paramError{fmt.Sprintf(format, args...)} }

// arguments turns the parameters of a request into the arguments a user would type, and the files they name.
func (v *verb) arguments(q url.Values, uploads *shelf) ([]string, deploy.Memory, error) {
	if err := v.check(q); err != nil {
		return nil, nil, err
	}
	args, files := slices.Clone(v.words), deploy.Memory{}
	take := func(handle string) (string, error) {
		u, ok := uploads.get(handle)
		if !ok {
			return "", wrong("upload %s is not here, or not any more: drop the file again", handle)
		}
		if f, there := files[u.Name]; there && f != u.file {
			return "", wrong("two files are called %s: rename one", u.Name)
		}
		files[u.Name] = u.file
		return u.Name, nil
	}
	if name := q.Get(v.arg); v.arg != "" && name != "" {
		if handle, ok := strings.CutPrefix(name, handlePrefix); ok {
			var err error
			if name, err = take(handle); err != nil {
				return nil, nil, err
			}
		}
		args = append(args, name)
	}
	for _, flag := range v.files {
		for _, handle := range q[flag] {
			name, err := take(strings.TrimPrefix(handle, handlePrefix))
			if err != nil {
				return nil, nil, err
			}
			args = append(args, "--"+flag, name)
		}
	}
	for _, flag := range v.flags {
		for _, value := range q[flag] {
			if value != "" {
				args = append(args, "--"+flag, value)
			}
		}
	}
	for _, mark := range v.marks {
		if q.Get(mark) != "" {
			args = append(args, "--"+mark)
		}
	}
	return args, files, nil
}

// handlePrefix marks a model that is an upload.
const handlePrefix = "upload:"

// check reports parameters that nobody knows or that ask for too much.
func (v *verb) check(q url.Values) error {
	if n := combinations(q); n > maxCombinations {
		return wrong("%d combinations of devices and values: a page answers up to %d, the command line all", n, maxCombinations)
	}
	count := 0
	for name, values := range q {
		known := name == v.arg || name == "form" || slices.Contains(v.flags, name) || slices.Contains(v.marks, name) || slices.Contains(v.files, name)
		if !known {
			return wrong("parameter %.40s: want one of %s", name, strings.Join(v.parameters(), ", "))
		}
		for _, value := range values {
			switch count++; {
			case len(value) > maxValue || count > maxValues:
				return wrong("%s: at most %d values of %d characters", name, maxValues, maxValue)
			case strings.HasPrefix(value, "-"):
				return wrong("%s=%.40s: a value does not begin with a dash", name, value)
			case strings.ContainsFunc(value, func(r rune) bool { return r < ' ' }):
				return wrong("%s: a value is one line of text", name)
			}
		}
	}
	return nil
}

// parameters lists what a request may have.
func (v *verb) parameters() []string {
	all := slices.Concat(v.flags, v.marks, v.files, []string{"form"})
	if v.arg != "" {
		all = append([]string{v.arg}, all...)
	}
	return all
}

// combinations is how many estimates a request asks for: the product of the lengths of its lists.
func combinations(q url.Values) int {
	n := 1
	for name, values := range q {
		points := 0
		for _, value := range values {
			points += length(name, value)
		}
		n = min(max(n*points, n), maxCombinations+1<<20)
	}
	return n
}

// length is how many values a list such as 1,4,max, 1..8 or 1..256*2 has.
func length(name, value string) int {
	n := 0
	for _, part := range strings.Split(value, ",") {
		from, to, isRange := strings.Cut(part, "..")
		first, err1 := strconv.ParseFloat(from, 64)
		to, factor, _ := strings.Cut(to, "*")
		last, err2 := strconv.ParseFloat(to, 64)
		times, _ := strconv.ParseFloat(factor, 64)
		switch {
		case name == "device" && (part == "all" || strings.ContainsAny(part, "*?")):
			n += catalogSize
		case !isRange || err1 != nil || err2 != nil || !(last > first):
			n++
		case times > 1:
			for x := max(first, 1); x <= last && n < maxCombinations; x *= times {
				n++
			}
		default:
			n += int(min(last-first+1, maxCombinations+1))
		}
	}
	return n
}

// Describe returns the words of the command line, the name of its argument, the flags a request may set, and those that
// take the handle of an upload.
func (v verb) Describe() (words []string, arg string, flags, files []string) {
	return v.words, v.arg, slices.Concat(v.flags, v.marks), v.files
}

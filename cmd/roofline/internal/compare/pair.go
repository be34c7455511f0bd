package compare

import (
	"fmt"

	"roofline/estimate"
)

// paired finds the estimates of two answers that belong together, and those that have no partner. They are tried in
// turn: the same deployment at the same load; the same deployment at loads of the same rank, such as "the most that
// fit"; where each side has one deployment left, its loads in their order; and the same load of whatever is left once on
// each side.
func paired(a, b []*estimate.Result) (pairs [][2]*estimate.Result, restA, restB []*estimate.Result) {
	a, b = append([]*estimate.Result{}, a...), append([]*estimate.Result{}, b...)
	match := func(key func(*estimate.Result) string) {
		at := map[string][]int{}
		for j, r := range b {
			if r != nil {
				at[key(r)] = append(at[key(r)], j)
			}
		}
		for i, r := range a {
			if r == nil {
				continue
			}
			if js := at[key(r)]; len(js) > 0 {
				pairs = append(pairs, [2]*estimate.Result{r, b[js[0]]})
				at[key(r)] = js[1:]
				a[i], b[js[0]] = nil, nil
			}
		}
	}
	match(func(r *estimate.Result) string { return deployment(r) + load(r) })
	match(deployment)
	if one(a, deployment) && one(b, deployment) {
		match(load)
		match(func(*estimate.Result) string { return "" })
	} else if unique(a, load) && unique(b, load) {
		match(load)
	}
	return pairs, left(a), left(b)
}

// one reports whether all that is left has the same key.
func one(rs []*estimate.Result, key func(*estimate.Result) string) bool {
	keys := map[string]bool{}
	for _, r := range left(rs) {
		keys[key(r)] = true
	}
	return len(keys) == 1
}

// unique reports whether nothing that is left shares its key.
func unique(rs []*estimate.Result, key func(*estimate.Result) string) bool {
	keys := map[string]bool{}
	for _, r := range left(rs) {
		keys[key(r)] = true
	}
	return len(keys) == len(left(rs))
}

func left(rs []*estimate.Result) (out []*estimate.Result) {
	for _, r := range rs {
		if r != nil {
			out = append(out, r)
		}
	}
	return out
}

// deployment tells apart what runs a model.
func deployment(r *estimate.Result) string {
	return fmt.Sprintf("%s\x00%s\x00%d %d %v\x00", r.Device, r.Runtime, r.Count, r.Replicas, r.Plan)
}

// name is what people call a deployment.
func name(r *estimate.Result) string {
	text := r.Device
	if r.Count > 1 {
		text = fmt.Sprintf("%d × %s", r.Count, text)
	}
	return text
}

// plan names how a model is spread.
func plan(r *estimate.Result) string {
	text := ""
	for _, d := range []struct {
		name string
		n    int
	}{{"TP", r.Plan.TP}, {"PP", r.Plan.PP}, {"EP", r.Plan.EP}, {"DP", r.Plan.DP}} {
		if d.n > 1 {
			text += fmt.Sprintf(" %s%d", d.name, d.n)
		}
	}
	if text == "" {
		return "one device each"
	}
	return text[1:]
}

// load says what was asked of a deployment.
func load(r *estimate.Result) string {
	if w := r.Workload; w.Concurrency > 0 {
		if w.Concurrency == 1 {
			return "1 user"
		}
		return fmt.Sprintf("%.0f users", w.Concurrency)
	}
	return fmt.Sprintf("batch %.0f", r.Workload.Batch)
}

// either joins two names where they differ.
func either(a, b string) string {
	if a == b {
		return a
	}
	return a + " → " + b
}

package serving

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"roofline/hardware/document"
	"roofline/hardware/unit"
)

// What a trace holds at most.
const (
	mostRequests    = 1_000_000
	mostTraceBytes  = 64 << 20
	mostTraceTokens = 1 << 24
	longestTrace    = 366 * 86400 // seconds
)

var traceColumns = []string{"arrival", "isl", "osl"}

// ReadTrace reads requests as they came: CSV with a header, columns arrival (seconds, from any beginning), isl and osl
// (tokens) in any order, one request a line, in the order of their arrivals. Lines that start with # are comments. What is
// wrong is said with file, line and column.
func ReadTrace(name string, in io.Reader) ([]Arrival, error) {
	limited := &io.LimitedReader{R: in, N: mostTraceBytes + 1}
	r := csv.NewReader(document.ShortLines(limited))
	r.Comment, r.TrimLeadingSpace, r.ReuseRecord = '#', true, true
	header, err := r.Read()
	if err == io.EOF {
		return nil, fmt.Errorf("%s: the file is empty: want a header arrival,isl,osl", name)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w: want a header arrival,isl,osl", name, err)
	}
	at := make([]int, len(traceColumns))
	for i, column := range traceColumns {
		if at[i] = slices.IndexFunc(header, func(h string) bool { return strings.EqualFold(strings.TrimSpace(h), column) }); at[i] < 0 {
			return nil, fmt.Errorf("%s:1: no column %q: want arrival (s), isl and osl (tokens)", name, column)
		}
	}
	var out []Arrival
	for {
		record, err := r.Read()
		if limited.N == 0 || len(out) > mostRequests {
			return nil, fmt.Errorf("%s: more than %d requests or %d MiB", name, mostRequests, mostTraceBytes>>20)
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		var values [3]float64
		for i, column := range traceColumns {
			line, col := r.FieldPos(at[i])
			text := strings.TrimSpace(record[at[i]])
			v, err := strconv.ParseFloat(text, 64)
			switch {
			case err != nil || math.IsNaN(v) || math.IsInf(v, 0):
				return nil, fmt.Errorf("%s:%d:%d: %s %q: want a number", name, line, col, column, text)
			case i == 0 && len(out) > 0 && v < float64(out[len(out)-1].At):
				return nil, fmt.Errorf("%s:%d:%d: arrival %s is before that of the line above: want the order of arrivals", name, line, col, text)
			case i == 0 && math.Abs(v) > 1e12 || i > 0 && (v < 1 || v > mostTraceTokens || v != math.Trunc(v)):
				return nil, fmt.Errorf("%s:%d:%d: %s %s: want a whole number of tokens from 1", name, line, col, column, text)
			}
			values[i] = v
		}
		out = append(out, Arrival{unit.Seconds(values[0]), values[1], values[2]})
	}
	if len(out) < 2 {
		return nil, fmt.Errorf("%s: %d requests: want two at least", name, len(out))
	}
	begin := out[0].At
	for i := range out {
		out[i].At -= begin
	}
	if last := out[len(out)-1].At; !(last > 0) || last > longestTrace {
		return nil, fmt.Errorf("%s: requests come over %v: want more than 0 and at most a year", name, last)
	}
	return out, nil
}

// Describe returns what the closed form needs of a trace: the requests per second, the squared coefficient of variation
// of the time between them, and the lengths, whose spread is that of even ones as variable.
func Describe(trace []Arrival) (rate, irregularity float64, l Lengths) {
	n := float64(len(trace))
	var isl, osl, gap moments
	for i, a := range trace {
		isl.add(a.ISL)
		osl.add(a.OSL)
		if i > 0 {
			gap.add(float64(a.At - trace[i-1].At))
		}
	}
	l = Lengths{ISL: isl.mean(), OSL: osl.mean(), ISLSpread: math.Sqrt(3 * isl.variation()), OSLSpread: math.Sqrt(3 * osl.variation())}
	return (n - 1) / float64(trace[len(trace)-1].At-trace[0].At), gap.variation(), l
}

// moments sums up numbers.
type moments struct{ n, sum, squares float64 }

func (m *moments) add(x float64) {
	m.n++
	m.sum += x
	m.squares += x * x
}

func (m *moments) mean() float64 { return m.sum / m.n }

// variation returns the squared coefficient of variation.
func (m *moments) variation() float64 {
	return max(0, m.squares/m.n/(m.mean()*m.mean())-1)
}

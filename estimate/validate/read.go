package validate

import (
	"cmp"
	"encoding"
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

// columns are the names a table's header can have, beside that of the time.
var columns = []string{"quantity", "device", "runtime", "version", "model", "weights", "activations", "kv", "tp", "pp", "ep", "dp", "concurrency",
	"isl", "osl", "batch", "context", "m", "n", "k", "heads", "kv_heads", "head_dim", "window", "bytes", "source", "date", "note"}

// times are the columns the measured time can stand in, and their units.
var times = map[string]unit.Seconds{"s": 1, "ms": 1e-3, "us": 1e-6}

// field returns where the value of a column goes.
func (m *Measurement) field(column string) any {
	switch column {
	case "quantity":
		return &m.Quantity
	case "device":
		return &m.Device
	case "runtime":
		return &m.Runtime
	case "version":
		return &m.Version
	case "model":
		return &m.Model
	case "weights":
		return &m.Weights
	case "activations":
		return &m.Activations
	case "kv":
		return &m.KV
	case "tp":
		return &m.TP
	case "pp":
		return &m.PP
	case "ep":
		return &m.EP
	case "dp":
		return &m.DP
	case "concurrency":
		return &m.Concurrency
	case "isl":
		return &m.ISL
	case "osl":
		return &m.OSL
	case "batch":
		return &m.Batch
	case "context":
		return &m.Context
	case "m":
		return &m.M
	case "n":
		return &m.N
	case "k":
		return &m.K
	case "heads":
		return &m.Heads
	case "kv_heads":
		return &m.KVHeads
	case "head_dim":
		return &m.HeadDim
	case "window":
		return &m.Window
	case "bytes":
		return &m.Bytes
	case "source":
		return &m.Source
	case "date":
		return &m.Date
	case "note":
		return &m.Note
	}
	return nil
}

// Read reads a table of measurements: CSV with a header. Columns can be left out and stand in any order, cells can be
// empty; the measured time is in a column named by its unit: s, ms or us. Lines that start with # are comments. An error
// names the file, the line and what was wanted.
func Read(file string, r io.Reader) ([]Measurement, error) {
	c := csv.NewReader(document.ShortLines(r))
	c.Comment, c.ReuseRecord = '#', true
	first, err := c.Read()
	if err != nil {
		return nil, unread(file, noHeader(err))
	}
	header := slices.Clone(first)
	header[0] = strings.TrimPrefix(header[0], "\ufeff") // spreadsheets begin a file with it
	time, err := checkHeader(header)
	if err != nil {
		return nil, at(file, c, 0, err)
	}
	var out []Measurement
	for {
		record, err := c.Read()
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return nil, unread(file, err)
		}
		line, _ := c.FieldPos(0)
		m := Measurement{Place: fmt.Sprintf("%s:%d", file, line)}
		for i, cell := range record {
			switch {
			case cell == "":
			case i == time:
				err = set(&m.Measured, cell)
				m.Measured *= times[header[i]]
			default:
				err = set(m.field(header[i]), cell)
			}
			if err != nil {
				return nil, at(file, c, i, fmt.Errorf("%s: %w", header[i], err))
			}
		}
		if err := m.Check(); err != nil {
			return nil, at(file, c, 0, err)
		}
		out = append(out, m)
	}
}

// at puts the place of a field of the last line before an error.
func at(file string, c *csv.Reader, field int, err error) error {
	line, _ := c.FieldPos(field)
	return fmt.Errorf("%s:%d: %w", file, line, err)
}

// unread puts the place before an error of reading a line.
func unread(file string, err error) error {
	line := 1
	var parse *csv.ParseError
	if errors.As(err, &parse) {
		line, err = parse.Line, parse.Err
	}
	return fmt.Errorf("%s:%d: %w", file, line, err)
}

func noHeader(err error) error {
	if err == io.EOF {
		return fmt.Errorf("the table is empty: want a header such as quantity,device,runtime,model,concurrency,isl,osl,ms")
	}
	return err
}

// checkHeader returns which column is the time.
func checkHeader(header []string) (time int, err error) {
	time = -1
	for i, name := range header {
		switch _, isTime := times[name]; {
		case isTime && time >= 0:
			return 0, fmt.Errorf("two columns of time, %s and %s: want one", header[time], name)
		case isTime:
			time = i
		case !slices.Contains(columns, name):
			return 0, fmt.Errorf("unknown column %q: want some of %s, and s, ms or us", name, strings.Join(columns, ", "))
		case slices.Index(header, name) < i:
			return 0, fmt.Errorf("column %q is there twice", name)
		}
	}
	if time < 0 {
		return 0, fmt.Errorf("no column for the measured time: want s, ms or us")
	}
	return time, nil
}

// largest is more than anything that is measured in these units.
const largest = 1e18

// set reads a cell into a field.
func set(field any, cell string) error {
	cell = strings.TrimSpace(cell)
	switch f := field.(type) {
	case *string:
		*f = cell
		return nil
	case encoding.TextUnmarshaler:
		if b, isBytes := field.(*unit.Bytes); isBytes {
			return number((*float64)(b), cell)
		}
		if t, isTime := field.(*unit.Seconds); isTime {
			return number((*float64)(t), cell)
		}
		return f.UnmarshalText([]byte(cell))
	case *int:
		n, err := strconv.Atoi(cell)
		if err != nil || n < 0 || n > math.MaxInt32 {
			return fmt.Errorf("%q is not a count", cell)
		}
		*f = n
		return nil
	}
	return number(field.(*float64), cell)
}

func number(f *float64, cell string) error {
	v, err := strconv.ParseFloat(cell, 64)
	if err != nil || !(v >= 0 && v < largest) {
		return fmt.Errorf("%q is not a number without unit, 0 or more", cell)
	}
	*f = v
	return nil
}

// Check reports what a measurement lacks to be predicted.
func (m *Measurement) Check() error {
	var lacks []string
	need := func(ok bool, columns ...string) {
		if !ok {
			lacks = append(lacks, columns...)
		}
	}
	need(m.Quantity != "", "quantity")
	need(m.Device != "", "device")
	need(m.Measured > 0, "a time above 0")
	switch m.Quantity {
	case TTFT, TPOT:
		need(m.Model != "", "model")
		need(m.Concurrency >= 1 && m.ISL >= 1 && m.OSL >= 1, "concurrency, isl and osl from 1")
	case Prefill, Decode:
		need(m.Model != "", "model")
		need(m.Batch >= 1 && m.Context >= 1, "batch and context from 1")
	case Latency:
		need(m.Model != "", "model")
		need(m.Batch > 0, "batch")
	case GEMM:
		need(m.M >= 1 && m.N >= 1 && m.K >= 1, "m, n and k from 1")
		need(m.Weights != 0, "weights")
	case PrefillAttention, DecodeAttention:
		need(m.Batch >= 1 && m.Context >= 1, "batch and context from 1")
		need(m.Heads >= 1 && m.KVHeads >= 1 && m.HeadDim >= 1, "heads, kv_heads and head_dim from 1")
		need(m.Activations != 0, "activations")
	case AllReduce, AllGather, AllToAll:
		need(m.TP >= 2, "tp from 2")
		need(m.Bytes > 0, "bytes")
	}
	if len(lacks) > 0 {
		return fmt.Errorf("%s measurement: want %s", cmp.Or(m.Quantity, "a"), strings.Join(lacks, "; "))
	}
	return nil
}

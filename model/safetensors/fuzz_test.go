package safetensors

import (
	"bytes"
	"encoding/json"
	"testing"
)

// FuzzRead reads headers, before as much data as they ask for. What is read, encoding/json reads too.
func FuzzRead(f *testing.F) {
	f.Add(tiny().file()[8:])
	f.Add(new(builder).tensor("l.qweight", "I32", 32, 8, 4).tensor("l.qzeros", "I32", 32, 1, 4).tensor("l.scales", "F16", 16, 1, 32).file()[8:])
	f.Add([]byte(`{"__metadata__":{"a":"\"\\","b":[1,{"c":null}]},"x":{"shape":[],"data_offsets":[0,8],"dtype":"F64"}}  `))
	f.Add([]byte(`{"\u00e9":{"shape":[0,4],"data_offsets":[0,0],"dtype":"F4"}}`))
	f.Fuzz(func(t *testing.T, header []byte) {
		s := newScanner(bytes.NewReader(header))
		tensors := s.tensors()
		if s.err != nil {
			return
		}
		x := &Index{byName: make(map[string]int)}
		if x.add("x", tensors) != nil {
			return
		}
		if check(tensors, int64(x.Bytes())) == nil && (x.Parameters() < 0 || x.Bytes() < 0) {
			t.Errorf("%v parameters in %v", x.Parameters(), x.Bytes())
		}
		if bytes.Contains(header, []byte("_metadata__")) {
			return // skipped without a look at every byte of it
		}
		var entries map[string]json.RawMessage
		if err := json.Unmarshal(header, &entries); err != nil {
			t.Fatalf("%q is read, and encoding/json says %v", header, err)
		}
		if len(entries) != len(tensors) {
			t.Errorf("%d tensors, and encoding/json reads %d", len(tensors), len(entries))
		}
	})
}

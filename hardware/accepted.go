package hardware

import "roofline/hardware/document"

// Acceptance records why a rule of the catalog's check does not hold for a record: written
// accepted = { derived-peak = "reason" }.
type Acceptance struct{ Rule, Reason string }

// Acceptances are the rules a record is excused from.
type Acceptances []Acceptance

// DecodeTable reads { derived-peak = "reason" }.
func (a *Acceptances) DecodeTable(t document.Table) {
	for _, rule := range t.Keys() {
		var reason string
		if t.Value(rule, &reason); reason == "" {
			t.Bad(rule, "the reason why the rule does not hold here")
			continue
		}
		*a = append(*a, Acceptance{rule, reason})
	}
}

// Of returns the reason why a rule does not hold, "" if it does.
func (a Acceptances) Of(rule string) string {
	for i := len(a) - 1; i >= 0; i-- { // of two files that say something, the later one holds
		if a[i].Rule == rule {
			return a[i].Reason
		}
	}
	return ""
}

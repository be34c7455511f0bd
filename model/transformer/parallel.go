package transformer

import (
	"fmt"
	"strconv"
	"strings"
)

// CheckTP returns an error if the model can't be split over tp devices: heads and MLP width must be divided by tp, and
// the key-value heads either divided by it or divide it (they are replicated then).
func (m *Model) CheckTP(tp int) error {
	if tp < 1 {
		return fmt.Errorf("%s: tensor parallelism %d: want at least 1", m.Name, tp)
	}
	why := m.undivided(tp)
	if why == "" {
		return nil
	}
	return fmt.Errorf("%s: tensor parallelism %d does not divide %s; it can be %s", m.Name, tp, why, m.divisors())
}

// undivided names what tp does not divide, or "".
func (m *Model) undivided(tp int) string {
	for i := range m.Layers {
		l := &m.Layers[i]
		kv := l.Attention.KVHeads
		switch {
		case l.Attention.Heads%tp != 0:
			return fmt.Sprintf("its %d attention heads", l.Attention.Heads)
		case kv%tp != 0 && tp%kv != 0:
			return fmt.Sprintf("its %d key-value heads, nor is divided by them", kv)
		case l.MLP.Intermediate%tp != 0:
			return fmt.Sprintf("the %d columns of its MLP", l.MLP.Intermediate)
		}
	}
	return ""
}

// divisors lists the degrees that work: "1, 2, 4 or 8".
func (m *Model) divisors() string {
	var list []string
	for tp := 1; tp <= m.Layers[0].Attention.Heads; tp++ {
		if m.undivided(tp) == "" {
			list = append(list, strconv.Itoa(tp))
		}
	}
	if len(list) == 1 {
		return list[0]
	}
	last := len(list) - 1
	return strings.Join(list[:last], ", ") + " or " + list[last]
}

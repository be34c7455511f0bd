package transformer

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// Sharding is how one replica of a model lies on its TP·ADP devices. Degrees of 0 count as 1.
type Sharding struct {
	// TP is tensor parallelism: so many devices share the heads and the width of every layer.
	TP int
	// ADP is data-parallel attention: so many groups of TP devices each attend for their own sequences, with weights of
	// their own, and share the experts only.
	ADP int
	// EP is expert parallelism: so many groups, among all devices of the replica, each hold their share of the experts.
	// With 1 every device holds a slice of every expert.
	EP int
}

// devices returns how many devices a replica takes.
func (s *Sharding) devices() int { return s.TP * s.ADP }

// filled returns the degrees with 1 where nothing is said.
func (s Sharding) filled() Sharding {
	return Sharding{TP: cmp.Or(s.TP, 1), ADP: cmp.Or(s.ADP, 1), EP: cmp.Or(s.EP, 1)}
}

// maxDegree bounds what is tried when a message lists the degrees that work.
const maxDegree = 1 << 10

// CheckTP returns an error if the model can't be split over tp devices: heads and MLP width must be divided by tp, and
// the key-value heads either divided by it or divide it (they are replicated then).
func (m *Model) CheckTP(tp int) error {
	if tp < 1 {
		return fmt.Errorf("%s: tensor parallelism %d: want at least 1", m.Name, tp)
	}
	why := m.undivided(Sharding{TP: tp})
	if why == "" {
		return nil
	}
	return fmt.Errorf("%s: tensor parallelism %d does not divide %s; it can be %s", m.Name, tp, why,
		m.working(func(n int) Sharding { return Sharding{TP: n} }))
}

// Check returns an error if the model can't be laid out so: besides what [Model.CheckTP] asks for, EP must divide the
// devices and the experts, and the devices of an EP group the width of an expert.
func (m *Model) Check(s Sharding) error {
	s = s.filled()
	for _, degree := range []struct {
		name string
		n    int
	}{{"tensor parallelism", s.TP}, {"attention data parallelism", s.ADP}, {"expert parallelism", s.EP}} {
		if degree.n < 1 || degree.n > 1<<20 {
			return fmt.Errorf("%s: %s %d: want at least 1", m.Name, degree.name, degree.n)
		}
	}
	switch {
	case s.ADP == 1 && s.EP == 1:
		return m.CheckTP(s.TP)
	case !m.Sparse():
		return fmt.Errorf("%s: expert and attention data parallelism are for a mixture of experts, which it is not: want 1, and replicas "+
			"instead", m.Name)
	case s.devices()%s.EP != 0:
		return fmt.Errorf("%s: expert parallelism %d does not divide the %d devices of tensor parallelism %d × attention data "+
			"parallelism %d", m.Name, s.EP, s.devices(), s.TP, s.ADP)
	}
	why := m.undivided(s)
	if why == "" {
		return nil
	}
	return fmt.Errorf("%s: tensor parallelism %d, attention data parallelism %d and expert parallelism %d do not divide %s; with these "+
		"expert parallelism can be %s", m.Name, s.TP, s.ADP, s.EP, why,
		m.working(func(n int) Sharding { return Sharding{TP: s.TP, ADP: s.ADP, EP: n} }))
}

// Sparse reports a mixture of experts.
func (m *Model) Sparse() bool {
	for i := range m.Layers {
		if m.Layers[i].MoE.Experts > 0 {
			return true
		}
	}
	return false
}

// undivided names what a layout does not divide, or "".
func (m *Model) undivided(s Sharding) string {
	s = s.filled()
	layers := m.Layers
	if m.Source != nil {
		layers = append(layers[:len(layers):len(layers)], m.Source.Layers...)
	}
	for i := range layers {
		for _, p := range layers[i].parts() {
			if why := p.undivided(&s); why != "" {
				return why
			}
		}
	}
	return ""
}

// working lists the degrees that work: "1, 2, 4 or 8".
func (m *Model) working(layout func(int) Sharding) string {
	var list []string
	for n := 1; n <= maxDegree; n++ {
		s := layout(n).filled()
		if s.devices()%s.EP == 0 && m.undivided(s) == "" {
			list = append(list, strconv.Itoa(n))
		}
	}
	switch len(list) {
	case 0:
		return "nothing"
	case 1:
		return list[0]
	}
	last := len(list) - 1
	return strings.Join(list[:last], ", ") + " or " + list[last]
}

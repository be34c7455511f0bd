package serving

import (
	"math"

	"roofline/hardware/unit"
)

// Rounds is how many requests each user of a closed loop makes: as benchmarks are run, which ask ten times as many
// requests as they keep in flight.
const Rounds = 10

// Closed returns how a replica does when so many users each send their next request as soon as the last one is answered,
// all of them beginning at the same time.
//
// While one request decodes, the prompts of the others are prefilled between its steps. A request thus lasts
//
//	TTFT + steps · decode step + (others − waiting) · extra
//
// where extra is what a prompt adds to the decode of others, and waiting are those prompts that were prefilled before
// it got its first token. TTFT is that of the start for one request in ten, see [pace.start], and of the rotation for
// the others, see [pace.rotation].
//
// Where the cache does not hold all the requests, those it holds run and the others wait for their turn: every request
// then lasts users ÷ running times as long, the difference being part of its TTFT.
func (s *Server) Closed(users float64, l Lengths) State {
	users = max(1, users)
	slots := s.slots(l)
	if users <= slots {
		return s.looped(users, users, s.Host, l)
	}
	// The next request has arrived when a place is free, unless hardly any wait: then it is as if none did.
	waiting, free := s.looped(users, slots, 0, l), s.looped(slots, slots, s.Host, l)
	if waiting.Latency.Mean >= free.Latency.Mean {
		return waiting
	}
	free.Users, free.Rate = users, users/float64(free.Latency.Mean)
	free.Capacity = max(free.Rate, free.Capacity)
	return free
}

// looped returns how a replica does with so many users, n of whose requests run at a time, after so long with the host.
func (s *Server) looped(users, n float64, host unit.Seconds, l Lengths) State {
	prompts := s.prompts(l)
	var p pace
	var first, turn meeting
	var ttft, decode unit.Seconds
	decoding := n
	for range 3 {
		p = s.beside(prompts, decoding, 0, l)
		first, turn = s.meetings(prompts, &p, n, host, l)
		ttft = (first.mean + (Rounds-1)*turn.mean) / Rounds
		decode = p.step*unit.Seconds(p.steps) + p.between(&first, &turn, n)
		decoding = n * float64(decode/(ttft+decode))
		if p.first { // no step is without those that have been prefilled
			decoding = n * float64(1-min(host, ttft)/(ttft+decode))
		}
	}
	running := ttft + decode
	st := State{Users: users, Running: n, Decoding: decoding, Stable: true, Step: p.step, Wait: running * unit.Seconds(users/n-1)}
	tail := func(t unit.Seconds) float64 {
		return (first.exceeds(t) + (Rounds-1)*turn.exceeds(t)) / Rounds
	}
	high := 2 * max(first.most, quantile(z99, turn.least, turn.mean, turn.deviation))
	st.TTFT = Times{ttft, solve(0.05, 0, high, tail), solve(0.01, 0, high, tail)}.plus(st.Wait)
	if p.steps > 0 {
		st.TPOT = spreadOut(0, decode/unit.Seconds(l.after()), 0)
	}
	st.Latency = st.TTFT.plus(decode)
	if p.first && turn.most > 0 {
		st.wave(running, users/n-1, turn.most-turn.least, l)
	}
	st.Rate = users / float64(st.Latency.Mean)
	st.Capacity = max(st.Rate, s.capacity(prompts, s.slots(l), l))
	return st
}

// wave sets the percentiles of requests that run in waves, which last so long and in which so much time lies between the
// first tokens of the first and the last. They end together, and who begins first waits longest between tokens; where the
// cache does not hold all, each waits for a whole number of waves.
func (st *State) wave(lasts unit.Seconds, waits float64, apart unit.Seconds, l Lengths) {
	at := func(share float64) unit.Seconds {
		whole := math.Floor(waits)
		if waits-whole > 1-share {
			whole++
		}
		return lasts*unit.Seconds(whole) - st.Wait
	}
	late, last := at(0.95), at(0.99)
	st.TTFT.P95, st.TTFT.P99 = st.TTFT.P95+late, st.TTFT.P99+last
	st.Latency = Times{st.Latency.Mean, st.Latency.Mean + late, st.Latency.Mean + last}
	if st.TPOT.Mean > 0 {
		st.TPOT.P95 += apart * (0.95 - 0.5) / unit.Seconds(l.after())
		st.TPOT.P99 += apart * (0.99 - 0.5) / unit.Seconds(l.after())
	}
}

// meetings returns how requests meet at the start, and in the rounds after it.
func (s *Server) meetings(prompts pace, p *pace, n float64, host unit.Seconds, l Lengths) (first, turn meeting) {
	if p.first {
		first = p.wave(n, host)
		return first, p.scattering(first, n, host)
	}
	turn = p.rotation(n, host)
	if n <= 1 {
		return turn, turn
	}
	early := s.beside(prompts, min(n, p.steps/p.each)/3, 0, l)
	return early.start(n, host), turn
}

// between returns the prefill of others between the tokens of one of n requests.
func (p *pace) between(first, turn *meeting, n float64) unit.Seconds {
	switch {
	case p.steps == 0:
		return 0
	case p.first:
		return (first.after + (Rounds-1)*turn.after) / Rounds
	}
	return p.extra() * unit.Seconds(min(max(0, n-1-turn.passed), p.steps/p.each))
}

// capacity returns the requests per second when all places are always taken and nobody waits for the host.
func (s *Server) capacity(prompts pace, slots float64, l Lengths) float64 {
	decoding := slots
	var cycle unit.Seconds
	for range 3 {
		p := s.beside(prompts, decoding, 0, l)
		cycle = max(p.step*unit.Seconds(p.steps)+p.extra()*unit.Seconds(slots), p.gap()*unit.Seconds(slots))
		if p.first {
			continue
		}
		decoding = min(slots, p.steps/p.each, slots*float64(1-p.own/(cycle+p.own)))
	}
	return slots / float64(cycle)
}

// meeting is how long requests that meet others wait for their first token.
type meeting struct {
	mean, least, deviation unit.Seconds
	most                   unit.Seconds // of the start: even between least and most; 0 of a rotation
	passed                 float64      // prompts prefilled in the meantime
	after                  unit.Seconds // prefill of others between the own tokens, where prompts go first
}

func (m *meeting) exceeds(t unit.Seconds) float64 {
	if m.most > 0 {
		return min(1, max(0, float64((m.most-t)/max(m.most-m.least, 1e-12))))
	}
	return exceeds(t, m.least, m.mean, m.deviation)
}

// start is when n requests come at once: the first is prefilled alone, the others one after the other, g = 1 ÷ each in a
// step that is full of them. So the i-th of them waits for the ⌈(i − 1) ÷ g⌉-th such step, and all on average for
//
//	(n − 1) ÷ n · (n − 1 + max(g, 1)) ÷ 2g full steps
func (p *pace) start(n float64, host unit.Seconds) meeting {
	queue := p.full * unit.Seconds((n-1)/n*(n-1+max(1, 1/p.each))/2*p.each)
	mean := p.alone + max(host, host/unit.Seconds(n)+queue)
	return meeting{mean: mean, least: min(p.alone, mean), most: 2*mean - p.alone, passed: (n - 1) / 2}
}

// rotation is when n requests follow each other round and round. Answers of one length end in the order in which they
// began, as many steps later; so the prompts that were prefilled in consecutive steps come back in consecutive steps, and
// find each other again.
//
// Let a step full of prompts take f, a decode step d, and the host h. Where the first of them has come to its end, the
// server runs decode steps until its next request is there, and in each of them more requests end: after j steps
// g·j(j+1)/2 requests have waited one step each, g being the requests per step, so that no one is there with the
// probability exp(−d/h · g·j(j+1)/2), and the server falls behind by
//
//	J = Σ exp(−d/h · (g·j² + max(g, 1)·j) ÷ 2) steps
//
// in all. From then on it takes up prompts at the rate at which requests end, and never catches up: each waits
//
//	J · f + h,  and has its first token after its own prefill.
//
// The first ones wait less, from only the host and half a decode step on: their wait grows evenly over the first
// (J·f + h) ÷ gap · (1 + 2·min(1, h/f)) requests. Answers of different lengths scatter the row, see [pace.scattered], and
// then each waits as in an M/D/1 queue, if that is less. Where the answers are so short that there are always prompts to
// prefill, no more than steps ÷ each requests decode, and all others wait.
func (p *pace) rotation(n float64, host unit.Seconds) meeting {
	single := host + p.step/2*unit.Seconds(1-1/n)
	if n <= 1 {
		return meeting{mean: host + p.alone, least: p.alone, deviation: host}
	}
	behind, uneven := p.behind(host)
	longest := max(single, behind*p.full+host)
	ramp := float64(longest/p.gap()) * (1 + 2*min(1, float64(host/p.full)))
	lacks := missing((n - 1) / ramp)
	wait := longest - (longest-single)*unit.Seconds(lacks)
	varies := float64(host*host) + uneven*float64(p.full*p.full) + float64((longest-single)*(longest-single))*lacks*(1-lacks)/3
	if load := p.scattered(n); load < 1 {
		wait = min(wait, single+p.gap()*unit.Seconds(load/(1-load)/2*(1-1/n)))
	}
	own := p.own - (p.own-p.alone)*unit.Seconds(lacks)
	if always := p.gap() * unit.Seconds(n-max(1, p.steps/p.each)); always > wait {
		wait, varies = always, float64(host*host+p.gap()*p.gap()/3)
	}
	return meeting{mean: wait + own, least: p.alone, passed: max(0, float64((wait-single)/p.gap())), deviation: unit.Seconds(math.Sqrt(varies))}
}

// scattered returns the load while requests of a rotation come back that have lost touch with each other, because their
// answers take different numbers of steps: the row of n grows by the spread of all rounds so far, of half of them on
// average, until it fills the round. A row without spread is a load of 1.
func (p *pace) scattered(n float64) float64 {
	row := n * p.each
	spread := math.Sqrt(12*Rounds/2) * p.deviation
	return row / min(row+spread, row+p.steps)
}

// missing returns the mean of what is missing at x when something grows evenly from nothing to 1 at 1: over all up to x.
func missing(x float64) float64 {
	if x <= 1 {
		return 1 - x/2
	}
	return 1 / (2 * x)
}

// behind returns by how many steps the server falls behind while the first request of a row is with the host: their mean,
// and their variance.
func (p *pace) behind(host unit.Seconds) (mean unit.Seconds, variance float64) {
	switch {
	case p.step == 0: // nobody decodes
		return 0, 0
	case host == 0:
		return 1, 0
	}
	perStep := 1 / p.each
	rate := float64(p.step / host)
	var sum, squares float64
	for j := 0.0; ; j++ {
		stays := math.Exp(-rate * (perStep*j*j + max(perStep, 1)*j) / 2)
		if stays < 1e-3 {
			return unit.Seconds(sum), squares - sum*sum
		}
		sum += stays
		squares += (2*j + 1) * stays
	}
}

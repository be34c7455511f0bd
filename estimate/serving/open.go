package serving

import (
	"math"

	"roofline/hardware/unit"
)

// Open returns how a replica does when requests come at a rate, whatever becomes of those before them. Irregularity is the
// squared coefficient of variation of the time between them: 1 for arrivals independent of each other, 1/R for those
// that a balancer deals in turn to R replicas.
//
// Prefill is a queue with one server that takes vacations, the decode steps (M/G/1, with the variance of arrivals by
// J. Kingman's bound):
//
//	wait = λ·gap²·(ca² + cs²) ÷ (2·(1 − λ·gap)) + half a step,   TTFT = host + wait + prefill
//
// In the time a request decodes, λ prompts per second are prefilled, and the L it leaves behind when it begins:
//
//	decode = (steps · decode step + (1 − f) · L · extra) ÷ (1 − λ · extra),   L = λ · (wait + gap)
//
// where f is the part of L that is there again at the end, being counted by steps and not by time. Requests decode at a
// time by Little's law, and if they are more than the cache holds, they wait for their turn.
func (s *Server) Open(rate, irregularity float64, l Lengths) State {
	slots := s.slots(l)
	prompts := s.prompts(l)
	capacity := s.capacity(prompts, slots, l)
	st := State{Rate: rate, Capacity: capacity, Stable: rate < capacity}
	never := unit.Seconds(math.Inf(1))
	if !st.Stable {
		st.Users, st.Running = math.Inf(1), slots
		st.TTFT, st.TPOT, st.Latency = Times{never, never, never}, Times{never, never, never}, Times{never, never, never}
		return st
	}
	var p pace
	var wait, decode, residual unit.Seconds
	var load float64
	decoding := 0.0
	for range 30 {
		before := decoding
		p = s.beside(prompts, 1+decoding, l) // one that decodes sees all those that others see, and itself
		load = min(nearlyFull, rate*float64(p.gap()))
		residual = p.step / 2 * unit.Seconds(1-math.Exp(-decoding))
		wait = p.gap() * unit.Seconds(load/(1-load)*(irregularity+variance(l.ISLSpread))/2)
		if p.steps == 0 {
			break
		}
		decode = p.decode(rate, load, wait)
		decoding = max(decoding, min(slots, rate*float64(decode)))
		if decoding < before*(1+1e-6) {
			break
		}
	}
	own := p.alone + (p.own-p.alone)*p.company(rate, load)
	least, mean := p.alone, s.Host+residual+wait+own
	// The variance of the wait in an M/G/1 queue is wait² + λE[S³] ÷ (3(1 − ρ)).
	varies := float64(s.Host*s.Host+wait*wait+residual*residual/3) + load*float64(p.gap()*p.gap())/(3*(1-load)) +
		float64(p.own*p.own)*variance(l.ISLSpread)
	deviation := unit.Seconds(math.Sqrt(varies))
	one := s.beside(prompts, 1, l)
	full, line := turn(rate, capacity, slots, one.step*unit.Seconds(one.steps)+one.own, irregularity+variance(l.OSLSpread))
	tail := func(t unit.Seconds) float64 {
		waits := math.Exp(-max(0, float64((t-mean)/max(line, 1e-12))))
		return full*waits + (1-full)*exceeds(t, least, mean, deviation)
	}
	st.Wait = line * unit.Seconds(full)
	high := 20 * (mean + 10*deviation + line)
	st.TTFT = Times{mean + st.Wait, solve(0.05, 0, high, tail), solve(0.01, 0, high, tail)}
	st.Step, st.Decoding = p.step, min(slots, decoding)
	jitter := s.jitter(rate, load, decoding, wait, decode, &p, l)
	if p.steps > 0 {
		st.TPOT = spreadOut(0, decode/unit.Seconds(l.after()), jitter/unit.Seconds(l.after()))
	}
	apart := float64(jitter*jitter) + float64(decode*decode)*variance(l.OSLSpread) + varies + float64(line*line)*full*(2-full)
	st.Latency = spreadOut(0, st.TTFT.Mean+decode, unit.Seconds(math.Sqrt(apart)))
	st.Users = rate * float64(st.Latency.Mean)
	st.Running = min(slots, rate*float64(decode+own))
	return st
}

// turn returns with which probability a request waits for one of the places in the cache, and for how long if it does. The
// requests in the machine are a birth-death process: they come at the rate and go at n ÷ their time among n, which grows
// evenly from that of one alone. Beyond its places they go at the capacity, and the line behind them is as long as that of
// a queue with the given variance of arrivals and lengths.
func turn(rate, capacity, slots float64, alone unit.Seconds, variance float64) (probability float64, wait unit.Seconds) {
	if math.IsInf(slots, 1) {
		return 0, 0
	}
	grows := max(0, slots/capacity-float64(alone)) / max(1, slots-1)
	below := 1.0 // how often there are at most n, as a multiple of how often there are n
	for n := 1.0; n < slots && below < 1e15; n++ {
		below = 1 + below*n/(rate*(float64(alone)+grows*(n-1)))
	}
	load := min(nearlyFull, rate/capacity)
	probability = 1 / (below*(1-load) + load)
	return probability, unit.Seconds(variance / 2 / (capacity * (1 - load)))
}

// nearlyFull is the load from which a queue is taken to be no longer: the formulas have a pole at 1.
const nearlyFull = 0.995

// decode returns how long a request decodes while prompts come at a rate: at most as long as if every step were full of them.
func (p *pace) decode(rate, load float64, wait unit.Seconds) unit.Seconds {
	left := rate * float64(wait+p.gap())
	perTime := rate*p.each + (1-load)/float64(p.step)
	again := min(1, 1/(perTime*float64(p.full)))
	extra := p.among(p.company(rate, load))
	decode := (p.step*unit.Seconds(p.steps) + extra*unit.Seconds((1-again)*left)) / unit.Seconds(1-min(nearlyFull, rate*float64(extra)))
	return min(decode, p.full*unit.Seconds(p.steps))
}

// jitter returns the standard deviation of the time requests decode. The prompts in that time are as many as come in it, by
// chance, and each of them makes it longer, so that more come; so do those that are there at the beginning, and those
// that decode beside it.
func (s *Server) jitter(rate, load, decoding float64, wait, decode unit.Seconds, p *pace, l Lengths) unit.Seconds {
	if p.steps == 0 {
		return 0
	}
	extra := float64(p.among(p.company(rate, load)))
	left := rate * float64(wait+p.gap()) * extra
	slope := float64(p.step-s.decode(1, l.context())) / max(1, decoding)
	beside := slope * math.Sqrt(decoding) * p.steps
	return unit.Seconds(math.Sqrt(rate*float64(decode)*extra*extra+left*left+beside*beside) / (1 - min(nearlyFull, rate*extra)))
}

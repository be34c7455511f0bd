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
	var wait, own, decode, residual unit.Seconds
	var load, left float64
	decoding := 0.0
	for range 30 {
		before := decoding
		p = s.beside(prompts, 1+decoding, math.Sqrt(decoding), l) // one that decodes sees all those that others see, and itself
		residual = p.step / 2 * unit.Seconds(1-math.Exp(-decoding))
		load, wait, own = p.line(rate, irregularity+variance(l.ISLSpread), residual)
		if p.steps == 0 {
			break
		}
		left = p.left(rate, wait, residual, own)
		decode = p.decode(rate, load, left)
		decoding = max(decoding, min(slots, rate*float64(decode)))
		if decoding < before*(1+1e-6) {
			break
		}
	}
	least, mean := p.alone, s.Host+wait+own
	// The variance of the wait in an M/G/1 queue is wait² + λE[S³] ÷ (3(1 − ρ)).
	queued := wait - residual
	if p.first {
		queued += own - p.alone // for the batch to be done
	}
	varies := float64(s.Host*s.Host+queued*queued+residual*residual/3) + load*load*load/(rate*rate*3*(1-load)) +
		float64(own*own)*variance(l.ISLSpread)
	deviation := unit.Seconds(math.Sqrt(varies))
	one := s.beside(prompts, 1, 0, l)
	full, line := turn(rate, capacity, slots, one.step*unit.Seconds(one.steps)+one.own, irregularity+variance(l.OSLSpread))
	tail := func(t unit.Seconds) float64 {
		waits := math.Exp(-max(0, float64((t-mean)/max(line, 1e-12))))
		return full*waits + (1-full)*exceeds(t, least, mean, deviation)
	}
	st.Wait = line * unit.Seconds(full)
	high := 20 * (mean + 10*deviation + line)
	st.TTFT = Times{mean + st.Wait, solve(0.05, 0, high, tail), solve(0.01, 0, high, tail)}
	st.Step, st.Decoding = p.step, min(slots, decoding)
	jitter := s.jitter(rate, load, decoding, left, decode, &p, l)
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

// line returns the load of prompts that come at a rate, how long they wait, the residual time of a step included, and how
// long they then take.
func (p *pace) line(rate, variation float64, residual unit.Seconds) (load float64, wait, own unit.Seconds) {
	if p.first {
		wait, own = p.queue(rate, variation, residual)
		return p.prefilling(rate), wait, own
	}
	load = min(nearlyFull, rate*float64(p.gap()))
	wait = p.gap()*unit.Seconds(load/(1-load)*variation/2) + residual
	return load, wait, p.alone + (p.own-p.alone)*p.company(rate, load)
}

// left returns how many prompts a request leaves waiting with its first token.
func (p *pace) left(rate float64, wait, residual, own unit.Seconds) float64 {
	if p.first {
		// What waited with it was prefilled with it, as far as a batch goes.
		return max(rate*float64(own), rate*float64(wait+own)-max(0, p.perBatch()-1)/2)
	}
	return rate * float64(wait-residual+p.gap())
}

// adds returns by how much a prompt lengthens the decode of others when they come at a rate.
func (p *pace) adds(rate, load float64) unit.Seconds {
	if p.first {
		return unit.Seconds(load / rate)
	}
	return p.among(p.company(rate, load))
}

// decode returns how long a request decodes while prompts come at a rate: at most as long as if every step were full of
// them. Where prompts go first, those that it leaves and those that come are all prefilled before its last step, but for
// the ones that come in that.
func (p *pace) decode(rate, load, left float64) unit.Seconds {
	extra := p.adds(rate, load)
	if p.first {
		return (p.step*unit.Seconds(p.steps-load*min(1, p.steps)) + extra*unit.Seconds(left)) / unit.Seconds(1-load)
	}
	perTime := rate*p.each + (1-load)/float64(p.step)
	again := min(1, 1/(perTime*float64(p.full)))
	decode := (p.step*unit.Seconds(p.steps) + extra*unit.Seconds((1-again)*left)) / unit.Seconds(1-min(nearlyFull, rate*float64(extra)))
	return min(decode, p.full*unit.Seconds(p.steps))
}

// jitter returns the standard deviation of the time requests decode. The prompts in that time are as many as come in it, by
// chance, and each of them makes it longer, so that more come; so do those that are there at the beginning, and those
// that decode beside it.
func (s *Server) jitter(rate, load, decoding, left float64, decode unit.Seconds, p *pace, l Lengths) unit.Seconds {
	if p.steps == 0 {
		return 0
	}
	extra := float64(p.adds(rate, load))
	left *= extra
	slope := float64(p.step-s.decode(1, l.context())) / max(1, decoding)
	beside := slope * math.Sqrt(decoding) * p.steps
	return unit.Seconds(math.Sqrt(rate*float64(decode)*extra*extra+left*left+beside*beside) / (1 - min(nearlyFull, rate*extra)))
}

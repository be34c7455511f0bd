package serving

import (
	"math"

	"roofline/hardware/unit"
)

// Where prompts go first, a prompt that comes between two steps stops the decode of all others until it, and what has come
// with it, is prefilled. In a closed loop of answers of one length all requests then move in waves: they are prefilled one
// batch after the other, begin to decode together when the last of them is done, end in the same step, and come back
// together.

// perBatch returns how many prompts a batch takes: less than one if they are cut.
func (p *pace) perBatch() float64 { return 1 / p.each }

// further returns by how much each further prompt lengthens a batch.
func (p *pace) further() unit.Seconds {
	if size := p.perBatch(); size > 1 {
		return max(0, p.full-p.alone) / unit.Seconds(size-1)
	}
	return p.gap()
}

// batch returns the time of a batch of so many prompts, at most a full one.
func (p *pace) batch(prompts float64) unit.Seconds {
	return p.alone*unit.Seconds(min(1, prompts)) + p.further()*unit.Seconds(max(0, prompts-1))
}

// batches returns when so many prompts that are all there are prefilled, on average and the last of them.
//
// By hand, 64 prompts of 1024 tokens in batches of 16 · 1024: the first 16 are done after one batch, the next after two,
// and on average after 2.5 of 4.
func (p *pace) batches(prompts float64) (mean, last unit.Seconds) {
	size := p.perBatch()
	if size <= 1 {
		return p.gap() * unit.Seconds((prompts+1)/2), p.gap() * unit.Seconds(prompts)
	}
	whole := math.Floor(prompts / size)
	rest := prompts - whole*size
	last = p.full*unit.Seconds(whole) + p.batch(rest)
	sum := p.full*unit.Seconds(size*whole*(whole+1)/2) + last*unit.Seconds(rest)
	return sum / unit.Seconds(max(1, prompts)), last
}

// wave is when n requests come together. The first of them to leave the host is prefilled alone, the next batch has those
// that came in that time, and all others gather behind it: on average they are done after e, and the last after P. The
// server idles for as long as the host takes with the first of two, h ÷ 2, so that
//
//	TTFT = max(h + prefill alone, h ÷ 2 + e),   TTFT + prefill between the tokens = max(h + prefill alone, h ÷ 2 + P)
func (p *pace) wave(n float64, host unit.Seconds) meeting {
	var mean, last unit.Seconds
	left := n
	batch := func(prompts float64) {
		last += p.batch(prompts)
		mean += last * unit.Seconds(prompts/n)
		left -= prompts
	}
	if host > 0 || n == 1 {
		batch(1)
		if come := left * (1 - math.Exp(-float64(p.alone/host))); come >= 1 && come < p.perBatch() {
			batch(come)
		}
	}
	rest, end := p.batches(left)
	mean, last = mean+(last+rest)*unit.Seconds(left/n), last+end
	idle := host / unit.Seconds(min(n, 2))
	m := meeting{mean: host + p.alone, least: p.alone, deviation: host}
	end = max(m.mean, idle+last)
	if queued := idle + mean; queued > m.mean {
		m = meeting{mean: queued, least: 2*queued - end, most: end}
	}
	m.after = end - m.mean
	if drain := p.own - p.full*unit.Seconds(max(1, p.each)); drain > 0 { // of a pipeline
		m.mean, m.least = m.mean+drain, m.least+drain
		if m.most > 0 {
			m.most += drain
		}
	}
	return m
}

// scattering is a wave whose answers take different numbers of steps: it comes back spread over as many steps as they
// differ by, after half of all rounds. Prompts meet by chance then, if that leaves them a shorter wait, and batches are as
// small as if they came at a rate. What they don't wait for is between their tokens.
func (p *pace) scattering(wave meeting, n float64, host unit.Seconds) meeting {
	spread := min(p.steps, math.Sqrt(12*Rounds/2)*p.deviation)
	if spread == 0 || n <= 1 {
		return wave
	}
	row := p.gap()*unit.Seconds(n) + p.step*unit.Seconds(spread)
	round := max(wave.mean+wave.after, host+row*unit.Seconds(p.prefilling(n/float64(row))))
	wait, own := p.queue((n-1)/float64(row), 1, p.step/2)
	m := wave
	if mean := host + wait + own; mean < wave.mean {
		m = meeting{mean: mean, least: p.alone, deviation: unit.Seconds(math.Hypot(float64(host), float64(wait)))}
	}
	m.after = round - m.mean
	return m
}

// queue returns how long prompts that come at a rate, independently of each other, wait for their batch, and how long that
// takes. A batch takes a fixed time a, and b for each of its prompts.
//
// First come, first served, a prompt would wait λb²(ca² + cs²) ÷ (2·(1 − λb)), as in an M/G/1 queue, and for the residual r of
// a step. Of that it waits 1 ÷ (1 + λb) for its batch to begin; the rest are prompts that came in that time before it and are
// computed with it, and so are as many that came after it. The fixed part of the batch before adds a ÷ (2·(1 − λb)) if there
// is one, which is so with a probability of 1 − exp(−λ(a + 2b)). Where that makes more than a full batch, it is the queue of
// full batches that is waited for.
func (p *pace) queue(rate, variation float64, residual unit.Seconds) (wait, own unit.Seconds) {
	b := p.further()
	a := max(0, p.alone-b)
	busy := min(nearlyFull, rate*float64(b))
	served := b*unit.Seconds(busy/(1-busy)*variation/2) + residual
	before := -a * unit.Seconds(math.Expm1(-rate*float64(a+2*b))/(2*(1-busy)))
	wait = served/unit.Seconds(1+busy) + before
	most := max(0, p.perBatch()-1)
	company := 2 * rate * float64(wait)
	if company <= most {
		return wait, p.batch(1 + company)
	}
	full := min(nearlyFull, rate*float64(p.gap()))
	line := p.gap()*unit.Seconds(full/(1-full)*variation/2) + residual
	ahead := b * unit.Seconds(most/2) // in the own batch
	return max(line, served+before*unit.Seconds(1+busy)) - ahead, p.batch(1 + most)
}

// prefilling returns the share of the time in which prompts that come at a rate are prefilled: a decode step of length d is
// followed by a batch if a prompt has come in it, of k = λd ÷ (1 − exp(−λd)) on average, and that by another if one has come
// in that,
//
//	N = (1 − exp(−λd)) · exp(λ(a + k·b))
//
// batches per decode step in all. With them a cycle is C = (d + N·a) ÷ (1 − λb), and the share 1 − d ÷ C.
func (p *pace) prefilling(rate float64) float64 {
	least := rate * float64(p.gap()) // in full batches
	if p.step == 0 {
		return min(nearlyFull, least)
	}
	b := p.further()
	a := max(0, p.alone-b)
	busy := min(nearlyFull, rate*float64(b))
	some := -math.Expm1(-rate * float64(p.step))
	batches := some * math.Exp(rate*float64(p.batch(min(p.perBatch(), rate*float64(p.step)/some))))
	share := 1 - float64(p.step)*(1-busy)/(float64(p.step)+batches*float64(a))
	return min(nearlyFull, max(share, least))
}

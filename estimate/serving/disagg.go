package serving

import (
	"math"
	"math/rand/v2"

	"roofline/hardware/unit"
)

// Split is a deployment in which some replicas prefill prompts and others decode, so that neither waits for the other
// (Y. Zhong and others, "DistServe", 2024). Prompts are prefilled whole, first come, first served by whichever replica is
// free; the cache of a prompt then goes over a link to the next decoding replica in turn.
type Split struct {
	Server          Server // each of the replicas
	Prefill, Decode int    // replicas of each kind
	Transfer        unit.Seconds
}

// prompt returns how long a prompt keeps a prefilling replica, and after what time it is done.
func (s *Split) prompt(l Lengths) (busy, latency unit.Seconds) {
	found := s.Server.Hit * l.ISL
	return s.Server.Engine.Pass(Step{Prompts: 1, Tokens: l.ISL - found, Prefix: found})
}

// decode returns how long a request decodes among so many on a replica.
func (s *Split) decode(decoding float64, l Lengths) unit.Seconds {
	if l.after() == 0 {
		return 0
	}
	return s.Server.decode(decoding, l.context()) * unit.Seconds(l.after()/s.Server.Draft.PerStep())
}

// Capacity returns the requests per second it can keep up with: what the prefilling replicas can, or the decoding ones.
func (s *Split) Capacity(l Lengths) float64 {
	busy, _ := s.prompt(l)
	most := float64(s.Prefill) / float64(busy)
	if slots := s.Server.slots(l); l.after() > 0 {
		most = min(most, float64(s.Decode)*slots/float64(s.decode(slots, l)))
	}
	return most
}

// Best returns the split of so many replicas, two at least, that keeps up with most requests. With every replica that goes from
// decoding to prefilling one side can do more and the other less: the best is where they cross.
func (s *Split) Best(replicas int, l Lengths) Split {
	at := func(prefill int) Split { return Split{s.Server, prefill, replicas - prefill, s.Transfer} }
	busy, _ := s.prompt(l)
	low, high := 1, replicas-1 // the fewest that prefill as much as the others decode lie above low
	for low < high {
		mid := (low + high) / 2
		if x := at(mid); x.Capacity(l) < float64(mid)/float64(busy) { // decoding is what binds
			high = mid
		} else {
			low = mid + 1
		}
	}
	best := at(low)
	if low > 1 {
		if fewer := at(low - 1); fewer.Capacity(l) >= best.Capacity(l) {
			best = fewer
		}
	}
	return best
}

// Open returns how the deployment does when requests come at a rate. The line for prefill is that of a queue with so many
// servers (H. Sakasegawa, "An approximation formula L_q ≈ α·ρ^β/(1−ρ)", 1977).
func (s *Split) Open(rate, irregularity float64, l Lengths) State {
	st := State{Rate: rate, Capacity: s.Capacity(l)}
	if st.Stable = rate < st.Capacity; !st.Stable {
		never := unit.Seconds(math.Inf(1))
		st.Users = math.Inf(1)
		st.TTFT, st.TPOT, st.Latency = Times{never, never, never}, Times{never, never, never}, Times{never, never, never}
		return st
	}
	busy, latency := s.prompt(l)
	servers := float64(s.Prefill)
	load := min(nearlyFull, rate*float64(busy)/servers)
	wait := busy * unit.Seconds((irregularity+variance(l.ISLSpread))/2*math.Pow(load, math.Sqrt(2*(servers+1))-1)/(servers*(1-load)))
	host := s.Server.Host
	varies := float64(host*host+wait*wait) + float64(busy*busy)*variance(l.ISLSpread)
	slots, each := s.Server.slots(l), rate/float64(s.Decode)
	full, line := turn(each, slots/float64(s.decode(slots, l)), slots, s.decode(1, l), irregularity+variance(l.OSLSpread))
	if l.after() > 0 {
		st.Wait = line * unit.Seconds(full)
		varies += float64(line*line) * full * (2 - full)
	}
	st.TTFT = spreadOut(latency+s.Transfer, host+wait+latency+s.Transfer+st.Wait, unit.Seconds(math.Sqrt(varies)))
	decoding := 0.0
	var decode unit.Seconds
	for range 30 {
		decode = s.decode(1+decoding, l)
		decoding = max(decoding, rate*float64(decode)/float64(s.Decode))
	}
	s.finish(&st, decoding, decode, l)
	return st
}

// Closed returns how the deployment does when so many users each send their next request as soon as the last one is
// answered. At the start prompts stand in line; after that they come back as they were done, and few meet.
func (s *Split) Closed(users float64, l Lengths) State {
	users = max(1, users)
	busy, latency := s.prompt(l)
	gap := busy / unit.Seconds(s.Prefill)
	host := s.Server.Host
	st := State{Users: users, Stable: true, Capacity: s.Capacity(l)}
	slots := s.Server.slots(l) * float64(s.Decode)
	decoding := min(users, slots) / float64(s.Decode)
	var decode unit.Seconds
	for range 4 {
		decode = s.decode(decoding, l)
		line := max(0, gap*unit.Seconds(users)-decode-s.Transfer-latency-host) // prefill is what binds: the others stand in line
		meets := gap * unit.Seconds((1-math.Exp(-float64(host/gap)))*(1-1/users))
		turn := latency + host + max(line, meets)
		queue := gap * unit.Seconds((users-1)/2*(users-float64(s.Prefill)+1)/max(1, users))
		start := latency + max(host, host/unit.Seconds(users)+max(0, queue))
		mean := (start + (Rounds-1)*turn) / Rounds
		first := meeting{mean: start, least: min(latency, start), most: 2*start - latency}
		rest := meeting{mean: turn, least: latency, deviation: unit.Seconds(math.Hypot(float64(host), float64(max(line, meets))/math.Sqrt(3)))}
		tail := func(t unit.Seconds) float64 { return (first.exceeds(t) + (Rounds-1)*rest.exceeds(t)) / Rounds }
		high := 2 * max(first.most, quantile(z99, rest.least, rest.mean, rest.deviation))
		st.TTFT = Times{mean, solve(0.05, 0, high, tail), solve(0.01, 0, high, tail)}.plus(s.Transfer)
		decoding = min(users, slots) / float64(s.Decode)
		if users <= slots {
			decoding *= float64(decode / (st.TTFT.Mean + decode))
		}
	}
	if users > slots { // the others wait for room in the caches of those that decode
		st.Wait = max(0, decode*unit.Seconds(users/slots)-decode-st.TTFT.Mean)
		st.TTFT = st.TTFT.plus(st.Wait)
	}
	s.finish(&st, decoding, decode, l)
	st.Rate = users / float64(st.Latency.Mean)
	st.Users = users
	st.Capacity = max(st.Capacity, st.Rate)
	return st
}

// finish fills in what follows from the time to the first token and the decode after it.
func (s *Split) finish(st *State, decoding float64, decode unit.Seconds, l Lengths) {
	st.Decoding = decoding
	if l.after() > 0 {
		st.Step = s.Server.decode(max(1, decoding), l.context())
		slope := (st.Step - s.Server.decode(1, l.context())) / unit.Seconds(max(1, decoding))
		st.TPOT = spreadOut(0, decode/unit.Seconds(l.after()), slope*unit.Seconds(math.Sqrt(decoding)/s.Server.Draft.PerStep()))
	}
	st.Latency = st.TTFT.plus(decode)
	st.Users = st.Rate * float64(st.Latency.Mean)
	st.Running = decoding * float64(s.Decode)
}

// Simulate runs the prefilling replicas as a queue, and the decoding ones step by step.
func (s *Split) Simulate(t Traffic) *Outcome {
	front := &replica{Server: &s.Server, rng: rand.New(rand.NewPCG(t.Seed, 0))}
	back := make([]*replica, s.Decode)
	for i := range back {
		back[i] = &replica{Server: &s.Server, rng: front.rng, singly: true}
	}
	total := t.Users * Rounds
	if t.Users > 0 {
		for range t.Users {
			front.arrive(t.Lengths.request(0, front.rng))
		}
	} else {
		for _, a := range t.deal(1)[0] {
			front.arrive(a)
			total++
		}
	}
	free := make([]unit.Seconds, s.Prefill) // when each prefilling replica is
	out := &Outcome{}
	var busy unit.Seconds
	for turn := 0; len(out.Served) < total; {
		next := earliest(back)
		if len(front.waiting) > 0 && (next == nil || front.waiting[0].ready <= next.now) {
			j := front.waiting[0]
			front.waiting = front.waiting[1:]
			k := 0
			for i := range free {
				if free[i] < free[k] {
					k = i
				}
			}
			begin := max(j.ready, free[k])
			taken, latency := s.Server.Engine.Pass(Step{Prompts: 1, Tokens: j.left, Prefix: j.prefix})
			free[k] = begin + taken
			busy += taken
			j.left, j.First = 0, begin+latency+s.Transfer
			j.ready = j.First
			back[turn%s.Decode].wait(j)
			turn++
			continue
		}
		next.advance()
		for _, j := range next.ended {
			out.Served = append(out.Served, j.Served)
			if t.Users > 0 {
				front.arrive(t.Lengths.request(j.Done, front.rng))
			}
		}
	}
	out.Served = out.Served[:total]
	for _, r := range back {
		busy += r.busy
		out.Elapsed = max(out.Elapsed, r.now)
	}
	out.Busy = min(1, float64(busy/out.Elapsed)/float64(s.Prefill+s.Decode))
	if t.Users == 0 && t.Trace == nil {
		out.count(t.Requests)
	}
	return out
}

// earliest returns the replica that has work and is least far, or nil.
func earliest(replicas []*replica) *replica {
	var first *replica
	for _, r := range replicas {
		if len(r.waiting)+len(r.decoding) == 0 {
			continue
		}
		if len(r.decoding) == 0 {
			r.now = max(r.now, r.waiting[0].ready)
		}
		if first == nil || r.now < first.now {
			first = r
		}
	}
	return first
}

package serving

import (
	"math"
	"math/rand/v2"
	"slices"

	"roofline/hardware/unit"
)

// Traffic is what a simulated deployment is asked: by users in a closed loop, at a rate, or as a trace has it.
type Traffic struct {
	Users    int       // each makes [Rounds] requests, all of them begin at once
	Rate     float64   // requests per second, arriving independently of each other
	Trace    []Arrival // in the order of their times
	Requests int       // of a rate, that are counted: a tenth more come before and after them
	Replicas int       // to which a balancer deals requests in turn, and users once and for all; 0 counts as 1
	Seed     uint64
	Lengths  // of those that are not in a trace
}

// Arrival is a request.
type Arrival struct {
	At       unit.Seconds
	ISL, OSL float64
}

// Served is a request and when its first and its last token came.
type Served struct {
	Arrival
	First, Done unit.Seconds
}

// Simulate runs the scheduler of every replica step by step. Equal traffic has equal outcomes.
//
// In each step a replica first takes up requests, in the order in which they come, while it has places and the cache has
// room for them at their mean length. Requests are at different points of their lives, so that it is a matter of chance
// whether the last one has: as many run as fit on average. Those that decode get a token each, or as many as the draft is right about.
// Prompts are cut into chunks that share the step, first come, first served; or they are prefilled whole, one before the
// step; or, where they go first, there are steps of prompts alone until none waits. Steps in which nothing begins or ends
// are taken together, their times being linear in the context.
func (s *Server) Simulate(t Traffic) *Outcome {
	replicas := max(1, t.Replicas)
	out := &Outcome{}
	deal := t.deal(replicas)
	for i := range replicas {
		r := &replica{Server: s, rng: rand.New(rand.NewPCG(t.Seed, uint64(i)))}
		var end unit.Seconds
		switch {
		case t.Users > 0:
			users := (t.Users + replicas - 1 - i) / replicas
			end = r.closed(users, t.Lengths)
		default:
			end = r.replay(deal[i])
		}
		out.Served = append(out.Served, r.served...)
		out.Elapsed = max(out.Elapsed, end)
		out.Busy += float64(min(r.busy, end))
	}
	if out.Elapsed > 0 {
		out.Busy /= float64(out.Elapsed) * float64(replicas)
	}
	if t.Users == 0 && t.Trace == nil {
		out.count(t.Requests)
	}
	return out
}

// deal returns the arrivals of each replica, dealt in turn.
func (t *Traffic) deal(replicas int) [][]Arrival {
	all := t.Trace
	if t.Users == 0 && all == nil {
		rng := rand.New(rand.NewPCG(t.Seed, math.MaxUint64))
		all = make([]Arrival, t.Requests+2*(t.Requests/10))
		var at float64
		for i := range all {
			at += rng.ExpFloat64() / t.Rate
			all[i] = t.Lengths.request(unit.Seconds(at), rng)
		}
	}
	out := make([][]Arrival, replicas)
	for i, a := range all {
		out[i%replicas] = append(out[i%replicas], a)
	}
	return out
}

// request draws the lengths of a request.
func (l Lengths) request(at unit.Seconds, rng *rand.Rand) Arrival {
	return Arrival{at, draw(l.ISL, l.ISLSpread, rng), draw(l.OSL, l.OSLSpread, rng)}
}

func draw(mean, spread float64, rng *rand.Rand) float64 {
	if spread == 0 {
		return mean
	}
	return max(1, math.Round(mean*(1+spread*(2*rng.Float64()-1))))
}

// job is a request on its way through a replica.
type job struct {
	Served
	ready   unit.Seconds // for the scheduler
	prefix  float64      // prompt tokens that are in the cache
	left    float64      // prompt tokens that are not
	share   float64      // of the cache
	luck    float64      // part of its share that must be free: it is taken up while others are at the ends of their lives
	steps   int          // to decode
	context float64
	grows   float64 // tokens per step
}

// replica is a server at work.
type replica struct {
	*Server
	rng      *rand.Rand
	now      unit.Seconds
	busy     unit.Seconds
	used     float64 // of the cache
	waiting  []*job  // in the order in which they are ready
	prompts  []*job
	decoding []*job
	served   []Served
	ended    []*job // in the last step
	singly   bool   // steps are not taken together: somebody else may hand over a request in between
	took     []float64
}

// closed runs users that begin at once until they have made all their requests, going on so that the last ones are not
// alone. It returns when.
func (r *replica) closed(users int, l Lengths) unit.Seconds {
	for range users {
		r.arrive(l.request(0, r.rng))
	}
	for total := users * Rounds; len(r.served) < total; {
		r.advance()
		for _, j := range r.ended {
			r.arrive(l.request(j.Done, r.rng))
		}
	}
	r.served = r.served[:users*Rounds]
	return r.now
}

// replay runs requests that come as they do and returns when the last one is answered.
func (r *replica) replay(arrivals []Arrival) unit.Seconds {
	for _, a := range arrivals {
		r.arrive(a)
	}
	for len(r.served) < len(arrivals) {
		r.advance()
	}
	return r.now
}

// job returns a request as the server sees it: when the host is done with it, what the cache has of it, and how many
// steps it will decode.
func (r *replica) job(a Arrival) *job {
	j := &job{Served: Served{Arrival: a}, ready: a.At + r.Host*unit.Seconds(r.rng.ExpFloat64())}
	j.prefix = math.Floor(a.ISL * r.Hit)
	j.left = a.ISL - j.prefix
	j.share, j.luck = r.Engine.Share(a.ISL+a.OSL/2, j.prefix), r.rng.Float64()
	j.context = a.ISL + 1
	if r.Draft.Tokens == 0 {
		j.steps, j.grows = int(a.OSL)-1, 1
		return j
	}
	j.steps = r.drafted(a.OSL)
	j.grows = (a.OSL - 1) / float64(max(1, j.steps))
	return j
}

// manySteps is how many steps are as good as normally distributed.
const manySteps = 1000

// drafted draws how many steps an answer of so many tokens takes with a draft.
func (r *replica) drafted(osl float64) (steps int) {
	l := Lengths{OSL: osl}
	if mean := l.after() / r.Draft.PerStep(); mean > manySteps {
		return max(1, int(math.Round(mean+r.Draft.deviation(l)*r.rng.NormFloat64())))
	}
	for tokens := 1.0; tokens < osl; steps++ {
		tokens++
		for k := 0.0; k < r.Draft.Tokens && r.rng.Float64() < r.Draft.Accept; k++ {
			tokens++
		}
	}
	return steps
}

func (r *replica) arrive(a Arrival) { r.wait(r.job(a)) }

// wait puts a request in line.
func (r *replica) wait(j *job) {
	i, _ := slices.BinarySearchFunc(r.waiting, j, func(a, b *job) int {
		if a.ready <= b.ready {
			return -1
		}
		return 1
	})
	r.waiting = slices.Insert(r.waiting, i, j)
}

// room reports whether a request can be taken up. One alone always is.
func (r *replica) room(j *job) bool {
	running := float64(len(r.prompts) + len(r.decoding))
	return running == 0 || (r.MaxRunning == 0 || running < r.MaxRunning) && r.used+j.share*j.luck <= 1
}

// advance runs one step, or some in which nothing begins or ends.
func (r *replica) advance() {
	r.ended = r.ended[:0]
	for len(r.waiting) > 0 && r.waiting[0].ready <= r.now && r.room(r.waiting[0]) {
		j := r.waiting[0]
		r.waiting = r.waiting[1:]
		r.used += j.share
		if j.left > 0 {
			r.prompts = append(r.prompts, j)
		} else {
			r.begin(j, j.First)
		}
	}
	switch {
	case len(r.prompts) == 0 && len(r.decoding) == 0:
		if len(r.waiting) > 0 {
			r.now = max(r.now, r.waiting[0].ready)
		}
	case len(r.prompts) == 0:
		r.decode(r.quiet())
	case r.Chunk > 0:
		r.mixed()
	default:
		r.whole()
		if len(r.decoding) > 0 {
			r.decode(1)
		}
	}
}

// begin notes the first token of a request.
func (r *replica) begin(j *job, at unit.Seconds) {
	j.First = at
	if j.steps == 0 {
		r.end(j, at)
		return
	}
	r.decoding = append(r.decoding, j)
}

func (r *replica) end(j *job, at unit.Seconds) {
	j.Done = at
	r.used -= j.share
	r.served = append(r.served, j.Served)
	r.ended = append(r.ended, j)
}

// batch returns a step of those that decode.
func (r *replica) batch() Step {
	s := Step{Batch: float64(len(r.decoding)), Draft: r.Draft.Tokens}
	for _, j := range r.decoding {
		s.Context += j.context
	}
	if s.Batch > 0 {
		s.Context /= s.Batch
	}
	return s
}

// pass runs a step and returns when its tokens are there.
func (r *replica) pass(s Step) unit.Seconds {
	busy, latency := r.Engine.Pass(s)
	at := r.now + latency
	r.now += busy
	r.busy += busy
	return at
}

// whole prefills the first prompts in line, as many as there are lanes.
func (r *replica) whole() {
	n := min(len(r.prompts), int(max(1, r.Lanes)))
	s := Step{Prompts: float64(n)}
	for _, j := range r.prompts[:n] {
		s.Tokens += j.left / s.Prompts
		s.Prefix += j.prefix / s.Prompts
	}
	at := r.pass(s)
	for _, j := range r.prompts[:n] {
		r.begin(j, at)
	}
	r.prompts = r.prompts[n:]
}

// mixed runs a step of as many prompt tokens as it takes and, unless prompts go first, those that decode.
func (r *replica) mixed() {
	var s Step
	if !r.PrefillFirst {
		s = r.batch()
	}
	r.took = r.took[:0]
	for free, i := r.Chunk, 0; free > 0 && i < len(r.prompts); i++ {
		j := r.prompts[i]
		n := min(free, j.left)
		free -= n
		r.took = append(r.took, n)
		s.Tokens += n
		s.Prefix += j.prefix
		j.prefix, j.left = j.prefix+n, j.left-n
	}
	s.Prompts = float64(len(r.took))
	s.Tokens /= s.Prompts
	s.Prefix /= s.Prompts
	at := r.pass(s)
	if !r.PrefillFirst {
		r.progress(1, at)
	}
	begun := 0
	for _, j := range r.prompts[:len(r.took)] {
		if j.left == 0 {
			r.begin(j, at)
			begun++
		}
	}
	r.prompts = r.prompts[begun:]
}

// quiet returns how many decode steps nothing can begin or end in.
func (r *replica) quiet() int {
	if r.singly {
		return 1
	}
	n := math.MaxInt
	for _, j := range r.decoding {
		n = min(n, j.steps)
	}
	if n == 1 || len(r.waiting) == 0 || !r.room(r.waiting[0]) {
		return n
	}
	first, slope := r.line(n)
	// n steps last n·first + slope·n(n−1)/2: the fewest that reach beyond the next arrival.
	until := float64(r.waiting[0].ready - r.now)
	b := first - slope/2
	steps := until / first
	if slope > 0 {
		steps = (math.Sqrt(b*b+2*slope*until) - b) / slope
	}
	return max(1, min(n, int(math.Ceil(steps))))
}

// line returns the time of the next decode step and by how much each further one of n is longer.
func (r *replica) line(n int) (first, slope float64) {
	s := r.batch()
	busy, _ := r.Engine.Pass(s)
	if n == 1 {
		return float64(busy), 0
	}
	var grows float64
	for _, j := range r.decoding {
		grows += j.grows
	}
	s.Context += grows / s.Batch * float64(n-1)
	last, _ := r.Engine.Pass(s)
	return float64(busy), float64(last-busy) / float64(n-1)
}

// decode runs n steps of those that decode.
func (r *replica) decode(n int) {
	first, slope := r.line(n)
	t := unit.Seconds(float64(n)*first + slope*float64(n)*float64(n-1)/2)
	r.now += t
	r.busy += t
	r.progress(n, r.now)
}

// progress counts n steps for those that decode.
func (r *replica) progress(n int, at unit.Seconds) {
	left := r.decoding[:0]
	for _, j := range r.decoding {
		j.steps -= n
		j.context += j.grows * float64(n)
		if j.steps > 0 {
			left = append(left, j)
		} else {
			r.end(j, at)
		}
	}
	r.decoding = left
}

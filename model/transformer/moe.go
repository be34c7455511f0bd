package transformer

import (
	"fmt"
	"math"
	"slices"

	"roofline/hardware/unit"
	"roofline/model"
)

// MoE is a mixture of experts: a router sends each token to TopK of Experts small MLPs, beside shared ones that every
// token goes through.
type MoE struct {
	Experts, TopK int
	Intermediate  int // width of one expert
	Gated         bool
	Bias          bool // of the experts' products
	RouterBias    bool
	ScoreBias     bool // a bias per expert that only the choice sees (DeepSeek-V3's balancing without a loss)
	Latent        int  // the width experts work in, to and from which tokens are projected; 0 for the hidden width

	Shared     int  // width of the shared experts together
	SharedGate bool // the shared experts' result is weighted by a product of hidden × 1

	Unquantized bool    // the routed experts; as in [Attention]
	Storage     Storage // of the routed experts

	SharedUnquantized bool
	SharedStorage     Storage
}

func (e *MoE) expert() MLP {
	return MLP{Intermediate: e.Intermediate, Gated: e.Gated, Bias: e.Bias, Unquantized: e.Unquantized, Storage: e.Storage}
}

func (e *MoE) shared() MLP {
	return MLP{Intermediate: e.Shared, Gated: e.Gated, Unquantized: e.SharedUnquantized, Storage: e.SharedStorage}
}

// width returns the width of what goes in and out of a routed expert.
func (e *MoE) width(hidden float64) float64 {
	if e.Latent > 0 {
		return float64(e.Latent)
	}
	return hidden
}

// parameters of experts, shared experts and router. Idle are the experts a token is not sent to.
func (e *MoE) parameters(hidden float64) (all, idle float64) {
	expert, shared := e.expert(), e.shared()
	one, _ := expert.parameters(e.width(hidden))
	always, _ := shared.parameters(hidden)
	experts := float64(e.Experts)
	always += hidden * experts
	if e.RouterBias {
		always += experts
	}
	if e.ScoreBias {
		always += experts
	}
	if e.Latent > 0 {
		always += 2 * hidden * float64(e.Latent)
	}
	if e.SharedGate {
		always += hidden
	}
	return always + experts*one, (experts - float64(e.TopK)) * one
}

// Distinct returns how many experts the tokens of a step are sent to, expected for tokens that choose independently of
// each other and evenly:
//
//	E·(1 − (1 − k/E)^tokens)
//
// By hand, E = 4 and k = 2: one token 2; two 4·(1 − 1/4) = 3; three 4·(1 − 1/8) = 3.5.
func (e *MoE) Distinct(tokens float64) float64 {
	r := e.routing(&Sharding{TP: 1, EP: 1, ADP: 1})
	return r.touched(tokens)
}

func (e *MoE) undivided(s *Sharding) string {
	switch slices := s.devices() / s.EP; {
	case e.Experts%s.EP != 0:
		return fmt.Sprintf("its %d experts", e.Experts) // over EP
	case e.Intermediate%slices != 0:
		return fmt.Sprintf("the %d columns of an expert", e.Intermediate)
	case e.Shared%s.TP != 0:
		return fmt.Sprintf("the %d columns of its shared expert", e.Shared)
	}
	return ""
}

// routing is how the tokens of a step meet the experts of one device.
type routing struct {
	rows  float64 // expected rows through experts of this device, per token
	local float64 // experts of this device
	miss  float64 // log of the probability that a token does not choose an expert
}

func (e *MoE) routing(s *Sharding) routing {
	ep := float64(s.EP)
	return routing{
		rows:  float64(e.TopK) / ep,
		local: float64(e.Experts) / ep,
		miss:  math.Log1p(-float64(e.TopK) / float64(e.Experts)),
	}
}

// touched returns the expected number of experts on this device that at least one of the tokens chooses.
func (r *routing) touched(tokens float64) float64 { return r.local * -math.Expm1(tokens*r.miss) }

// compile appends the router, the routed experts of this device and the shared ones.
//
// Without expert parallelism every device of the replica holds a slice of every expert; with it, EP groups hold whole
// experts, sliced over the devices of a group.
func (e *MoE) compile(c *compiler, n float64) {
	experts, topK, width := float64(e.Experts), float64(e.TopK), e.width(c.hidden)
	slices := float64(c.Sharding.devices() / c.Sharding.EP)
	up, inner := e.up()/slices, float64(e.Intermediate)/slices

	router := c.biased(c.linear("router", n, experts, c.hidden, c.unquantized()), biasIf(e.RouterBias, experts))
	c.add(router)
	scores := op{Work: model.Work{Name: "top_k", Kind: "TopK", Class: model.Normalization, Count: n,
		FLOPs: unit.FLOPs((softmaxFLOPs + 1) * experts), Read: c.activations(experts), Write: c.activations(2 * topK), Format: c.vector}}
	if e.ScoreBias {
		scores.Weights = c.bytes(experts)
	}
	c.add(scores)
	if e.Latent > 0 {
		c.add(c.linear("latent_down_proj", n, width, c.hidden, c.format(e.Unquantized, e.Storage)))
	}
	c.dispatch(e, n, width)

	routed := c.route(e.routing(&c.Sharding))
	one := e.expert()
	f := c.format(e.Unquantized, e.Storage)
	name := "experts_up"
	if e.Gated {
		name = "experts_gate_up"
	}
	c.add(routed.op(c.biased(c.linear(name, n, up, width, f), biasIf(one.Bias, up))))
	c.add(routed.op(op{Work: model.Work{Name: "experts_act", Kind: one.activation(), Class: model.Elementwise, Count: n,
		FLOPs: unit.FLOPs(activationFLOPs*inner + (up - inner)), Read: c.activations(up), Write: c.activations(inner), Format: c.vector}}))
	c.add(routed.op(c.biased(c.linear("experts_down", n, width, inner, f), biasIf(one.Bias, width))))
	// Rows of the same token are weighted and summed. A device has all of a token's rows or a few.
	rows := max(1, topK/float64(c.Sharding.EP))
	c.add(routed.op(op{Work: model.Work{Name: "experts_sum", Kind: "WeightedSum", Class: model.Elementwise, Count: n,
		FLOPs: unit.FLOPs(2 * width), Read: c.activations(width), Write: c.activations(width / rows), Format: c.vector}}))

	c.combine(e, n, width)
	if e.Latent > 0 {
		c.add(c.linear("latent_up_proj", n, c.hidden, width, c.format(e.Unquantized, e.Storage)))
	}
	if e.Shared > 0 {
		shared := e.shared()
		names := mlpNames{"shared_up", "shared_act", "shared_down"}
		if e.Gated {
			names.up = "shared_gate_up"
		}
		c.mlp(&shared, n, names)
	}
	if e.SharedGate {
		c.add(c.linear("shared_gate", n, 1, c.hidden, c.unquantized()))
	}
	// Every token of the replica may bring its rows to this device.
	c.aliveEverywhere(topK / float64(c.Sharding.EP) * (width + up + inner))
}

// up returns the width of an expert's first product.
func (e *MoE) up() float64 {
	one := e.expert()
	return one.up()
}

// dispatch appends what brings tokens to the experts. Devices that share the attention of all tokens have them already.
// Under data-parallel attention each has its own: with expert parallelism they go to the devices of their experts,
// without, everybody gets everybody's.
func (c *compiler) dispatch(e *MoE, n, width float64) {
	s := &c.Sharding
	all := float64(s.devices())
	switch {
	case s.ADP == 1:
	case s.EP > 1:
		c.collective("moe_dispatch", "AllToAll", all, n, e.copies(s)*width, perToken)
	default:
		c.collective("moe_all_gather", "AllGather", all, n, width, perReplicaToken)
	}
}

// combine appends what brings the experts' results together: see [compiler.dispatch]. Where every device has all tokens
// and some of the experts, or a slice of each, the partial sums are reduced, those of the shared expert with them.
func (c *compiler) combine(e *MoE, n, width float64) {
	s := &c.Sharding
	all := float64(s.devices())
	switch {
	case s.ADP == 1:
		c.groupCollective("mlp_all_reduce", "AllReduce", n, c.hidden, perToken)
	case s.EP > 1:
		c.collective("moe_combine", "AllToAll", all, n, e.copies(s)*width, perToken)
	default:
		c.collective("moe_reduce_scatter", "ReduceScatter", all, n, width, perReplicaToken)
	}
	if s.ADP > 1 {
		c.groupCollective("mlp_all_reduce", "AllReduce", n, c.hidden, perToken)
	}
}

// copies returns how many devices a token is sent to: of EP groups those that hold one of its experts, expected, each of
// as many devices as share an expert. The tokens of a tensor-parallel group are sent once, a share by each device.
//
//	EP·(1 − (1 − 1/EP)^k)
func (e *MoE) copies(s *Sharding) float64 {
	ep := float64(s.EP)
	groups := ep * -math.Expm1(float64(e.TopK)*math.Log1p(-1/ep))
	return groups * float64(s.devices()) / ep / float64(s.TP)
}

// route returns the index of a routing, so that layers with the same one share it.
func (c *compiler) route(r routing) routed {
	at := slices.Index(c.routings, r)
	if at < 0 {
		at = len(c.routings)
		c.routings = append(c.routings, r)
	}
	return routed(at)
}

// routed is the index of a routing in the plan.
type routed int

// op marks the work of one row through an expert, with the weights of one expert.
func (r routed) op(o op) op {
	o.per, o.at = perRouted, int(r)
	return o
}

// scale turns the work of a row and the weights of an expert into those of a step.
func (r *routing) scale(w *model.Work, rows, experts float64) {
	w.MACs *= rows
	w.FLOPs *= unit.FLOPs(rows)
	w.Read *= unit.Bytes(rows)
	w.Write *= unit.Bytes(rows)
	w.Weights *= unit.Bytes(experts)
	if w.K > 0 {
		w.M, w.Groups = rows/experts, experts
	}
}

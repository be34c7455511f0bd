package main

import (
	"fmt"
	"strconv"
	"strings"

	"roofline/estimate"
	"roofline/hardware/unit"
)

// goal is what a service has to put through: a number of something each second.
type goal struct {
	Rate float64
	Of   string // tok, req or item
}

// goals are the units a goal can be in; what they are of.
var goals = map[string]string{
	"tok/s": "tok", "tokens/s": "tok", "tps": "tok",
	"req/s": "req", "requests/s": "req", "qps": "req", "rps": "req",
	"img/s": "item", "images/s": "item", "item/s": "item", "items/s": "item", "inf/s": "item",
}

// UnmarshalText reads 2000tok/s, 20req/s or 5000img/s; 5k is 5000.
func (g *goal) UnmarshalText(text []byte) error {
	s := strings.ToLower(strings.ReplaceAll(string(text), " ", ""))
	i := strings.IndexFunc(s, func(r rune) bool { return !strings.ContainsRune("0123456789.,", r) })
	if i <= 0 {
		return fmt.Errorf("%q: want a rate such as 2000tok/s, 20req/s or 5000img/s", text)
	}
	rate, err := strconv.ParseFloat(strings.ReplaceAll(s[:i], ",", ""), 64)
	name, scale := s[i:], 1.0
	if rest, ok := strings.CutPrefix(name, "k"); ok {
		name, scale = rest, 1000
	}
	of, known := goals[name]
	if err != nil || !known {
		return fmt.Errorf("%q: want a rate such as 2000tok/s, 20req/s or 5000img/s", text)
	}
	rate *= scale
	if !(rate > 0) || rate > 1e12 {
		return fmt.Errorf("%q: want more than 0 and at most 1e12 a second", text)
	}
	*g = goal{rate, of}
	return nil
}

// rate returns the goal in what throughput counts: tokens of a language model as the request says, samples of a graph.
func (g goal) rate(p *space) (float64, error) {
	language := p.loaded.Language != nil
	switch {
	case g.Of == "tok" && !language:
		return 0, fmt.Errorf("--target: %s takes %s, not tokens: --target %gimg/s", p.loaded.Name(), p.items(), g.Rate)
	case g.Of == "item" && language:
		return 0, fmt.Errorf("--target: %s makes tokens: --target %gtok/s, or req/s", p.loaded.Name(), g.Rate)
	case g.Of == "req" && language:
		return g.Rate * countedTokens(p.request), nil
	}
	return g.Rate, nil
}

// countedTokens returns the tokens of a request that are counted.
func countedTokens(q estimate.Request) float64 {
	switch q.Tokens {
	case estimate.InputTokens:
		return q.ISL
	case estimate.AllTokens:
		return q.ISL + q.OSL
	}
	return q.OSL
}

// budget is the most that may be spent, in US dollars a month.
type budget unit.USD

// periods are the times money is told for, in hours.
var periods = map[string]float64{"h": 1, "hour": 1, "day": 24, "month": unit.HoursPerMonth, "mo": unit.HoursPerMonth, "year": 12 * unit.HoursPerMonth, "yr": 12 * unit.HoursPerMonth}

// mostMoney is more than anybody has.
const mostMoney = 1e15

// UnmarshalText reads 10000USD/month, $12/h or 120kUSD/year.
func (b *budget) UnmarshalText(text []byte) error {
	wrong := fmt.Errorf("%q: want money for a time, such as 10000USD/month or 12USD/h", text)
	s := strings.ToLower(strings.NewReplacer(" ", "", ",", "", "$", "").Replace(string(text)))
	amount, period, ok := strings.Cut(s, "/")
	hours, known := periods[period]
	if !ok || !known {
		return wrong
	}
	amount = strings.TrimSuffix(amount, "usd")
	scale := 1.0
	if rest, ok := strings.CutSuffix(amount, "k"); ok {
		amount, scale = rest, 1000
	}
	v, err := strconv.ParseFloat(amount, 64)
	if err != nil || !(v > 0) || v > mostMoney {
		return wrong
	}
	*b = budget(v * scale * unit.HoursPerMonth / hours)
	return nil
}

// fraction is a part of something: 0.3 or 30%.
type fraction float64

// UnmarshalText reads 0.3, 30% or 30 %.
func (h *fraction) UnmarshalText(text []byte) error {
	s := strings.TrimSpace(string(text))
	number, percent := strings.CutSuffix(s, "%")
	v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if percent {
		v /= 100
	}
	if err != nil || !(v >= 0 && v <= 100) {
		return fmt.Errorf("%q: want a share such as 30%% or 0.3", text)
	}
	*h = fraction(v)
	return nil
}

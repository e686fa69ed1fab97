package probe

import (
	"cmp"
	"net/netip"
	"strconv"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/providers"
)

// result returns the state of a node from its last checks. The caller holds the lock.
func (p *Prober) result(t *Target) Result {
	r := Result{Target: *t, State: Unchecked, Reason: p.refusal(t)}
	h := p.nodes[keyOf(t)]
	if r.Reason != "" {
		return r
	}
	r.State = Uncertain
	if h == nil {
		r.Reason = "it was not looked at yet"
		return r
	}
	r.At, r.Error = h.at, h.err
	for _, passed := range h.passes {
		if passed {
			r.Passed++
		} else {
			r.Failed++
		}
	}
	need, of := t.Health.Threshold()
	n := len(h.passes)
	switch {
	case h.uncertain != "":
		r.Reason = h.uncertain
	case n == 0:
		r.Reason = "it was not looked at yet"
	case r.Passed >= need: // first, as with the node agent
		r.State, r.Reason = Healthy, times(r.Passed, n)+" passed"
	case r.Failed >= need:
		r.State, r.Reason = Unhealthy, times(r.Failed, n)+" failed: "+r.Error
		if r.Error == "" {
			r.Reason = times(r.Failed, n) + " failed, and the last one passed"
		}
	default:
		r.Reason = strconv.Itoa(n) + " of " + strconv.Itoa(of) + " looks so far"
	}
	return r
}

func times(n, of int) string {
	return strconv.Itoa(n) + " of the last " + strconv.Itoa(of) + " looks"
}

// Views returns the unhealthy nodes, and the healthy ones of which fewer than Need checks failed. A service that is
// healthy with one check of three has nodes for which both are true; they are left out, as are uncertain results.
func Views(results []Result) []index.HealthState {
	var out []index.HealthState
	for i := range results {
		r := &results[i]
		need, _ := r.Health.Threshold()
		if r.State != Unhealthy && (r.State != Healthy || r.Failed >= need) {
			continue
		}
		out = append(out, index.HealthState{
			Service: r.Service, Key: r.Instance.Key, ID: r.Instance.ID, Failed: r.Failed, Of: r.Passed + r.Failed, Error: r.Error, At: r.At,
		})
	}
	return out
}

// Targets returns the nodes to check: every running instance of every declared service with a health check, at the
// address in DNS, else at the one that it should have there.
func Targets(v *dnsview.View) []Target {
	var out []Target
	for i := range v.Snapshot.Clouds {
		instances := v.Snapshot.Clouds[i].Instances
		for n := range instances {
			inst := &instances[n]
			if inst.State != providers.StateRunning {
				continue
			}
			for _, name := range v.ServicesOfInstance(inst) {
				s := v.Service(name)
				if s == nil || s.Health.HTTP == "" && !s.Health.TCP {
					continue
				}
				h := s.Health
				h.Port = cmp.Or(h.Port, s.Port)
				out = append(out, Target{Service: s.Name, Instance: inst.Ref(), Addr: addressOf(v, inst, name), Health: h})
			}
		}
	}
	return out
}

// addressOf returns the address at which clients of a service reach an instance.
func addressOf(v *dnsview.View, inst *providers.Instance, service string) netip.Addr {
	for _, r := range v.RecordsOf(inst.Key, inst.ID) {
		if a, ok := r.Addr(); ok && inst.HasAddress(a) && !r.Proxied && v.ServiceOf(r) == service {
			return a
		}
	}
	if s := v.Index.ServicesByName[service]; s != nil {
		return index.WantedAddress(s.Service, s.ReadZone, inst)
	}
	return netip.Addr{}
}

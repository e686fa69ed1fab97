package dnsview

import (
	"slices"
	"strconv"
	"strings"

	"rollcall/dnsview/index"
	"rollcall/providers"
)

// declared holds the records at the name of a service against what its declaration says
// of TTL, proxying and weight, and so the addresses of its hosts that are ours. Other host names that SRV records lead to have a
// TTL of their own.
func (in *inspector) declared(s *index.DeclaredService) {
	if s.ReadZone == nil {
		return
	}
	var sets map[index.SetKey][]*providers.Record
	if s.TTL > 0 {
		sets = map[index.SetKey][]*providers.Record{}
	}
	ttl := func(r *providers.Record) {
		if sets != nil && r.TTL != s.TTL && !in.autoTTL(s, r) {
			k := index.SetKeyOf(r)
			if !slices.Contains(sets[k], r) { // several SRV values can lead to one host
				sets[k] = append(sets[k], r)
			}
		}
	}
	name := providers.CanonicalName(s.Name)
	for _, m := range s.Records {
		r := m.Record
		if in.reportedOf(r) == reportedLeaving {
			continue
		}
		ttl(r)
		if s.Kind != index.DNSSD {
			in.proxied(s, r)
			in.routingWeight(s, r)
			continue
		}
		srv, ok := providers.ParseSRV(r.Value)
		if !ok {
			continue
		}
		in.srvWeight(s, r, srv)
		if in.Targets[srv.Target] != name {
			continue // none of ours, or that of another service
		}
		for _, h := range in.Hosts[srv.Target] {
			if _, isAddr := h.Addr(); isAddr && in.IsOurs(h) && in.reportedOf(h) != reportedLeaving {
				ttl(h)
			}
		}
	}
	for _, set := range sets {
		in.ttl(s, set)
	}
}

// autoTTL reports whether the provider sets the TTL of a record itself, since it
// is proxied, or shall be.
func (in *inspector) autoTTL(s *index.DeclaredService, r *providers.Record) bool {
	return r.Proxied || s.Proxied != nil && *s.Proxied && in.Traits(r.Zone).CanProxy(r.Type)
}

// ttl reports records of one name and type with another TTL than is declared.
// Where it is that of a whole record set, it is reported and changed once.
func (in *inspector) ttl(s *index.DeclaredService, set []*providers.Record) {
	slices.SortFunc(set, index.CompareRecords)
	z := in.ZonesByName[set[0].Zone]
	if z.View.Zone.Traits.Sets != nil {
		one := map[string]*providers.Record{}
		for _, r := range set {
			if old := one[r.SetID]; old == nil || in.whyNotUpdate(old) != "" && in.whyNotUpdate(r) == "" {
				one[r.SetID] = r
			}
		}
		set = slices.DeleteFunc(set, func(r *providers.Record) bool { return one[r.SetID] != r })
	}
	for _, r := range set {
		what := "its"
		if z.View.Zone.Traits.Sets != nil {
			what = "its set's"
		}
		is := strconv.Itoa(int(r.TTL))
		if r.AutoTTL {
			is = "automatic (" + is + ")"
		}
		in.differsFromDeclared(s, z, r, TTL, Low, what+" TTL is "+is+", and "+strconv.Itoa(int(s.TTL))+" is declared")
	}
}

func (in *inspector) proxied(s *index.DeclaredService, r *providers.Record) {
	if s.Proxied == nil || r.Proxied == *s.Proxied || !in.Traits(r.Zone).CanProxy(r.Type) {
		return
	}
	why := "it is not proxied, and its service declares that it is: clients see the node's own address"
	if r.Proxied {
		why = "it is proxied, and its service declares that it is not"
	}
	in.differsFromDeclared(s, in.ZonesByName[r.Zone], r, Proxied, Medium, why)
}

// routingWeight looks at the weight of a weighted record set of Route 53.
func (in *inspector) routingWeight(s *index.DeclaredService, r *providers.Record) {
	if s.Weight == nil || r.Weight == int64(*s.Weight) || !r.InWeightedSet() {
		return
	}
	in.differsFromDeclared(s, in.ZonesByName[r.Zone], r, Weight, Low, "its weight is "+strconv.FormatInt(r.Weight, 10)+", and "+strconv.Itoa(int(*s.Weight))+" is declared")
}

// srvWeight looks at priority and weight of an SRV value (RFC 2782). A priority of zero
// is that of a service that declares none.
func (in *inspector) srvWeight(s *index.DeclaredService, r *providers.Record, srv providers.SRV) {
	var why []string
	if s.Priority != 0 && srv.Priority != s.Priority {
		why = append(why, "its priority is "+strconv.Itoa(int(srv.Priority))+", and "+strconv.Itoa(int(s.Priority))+" is declared")
	}
	if s.Weight != nil && srv.Weight != *s.Weight {
		why = append(why, "its weight is "+strconv.Itoa(int(srv.Weight))+", and "+strconv.Itoa(int(*s.Weight))+" is declared")
	}
	if len(why) > 0 && srv.Target != "." {
		in.differsFromDeclared(s, in.ZonesByName[r.Zone], r, Weight, Low, strings.Join(why, "; "))
	}
}

// differsFromDeclared adds a finding about a field that is not as declared.
func (in *inspector) differsFromDeclared(s *index.DeclaredService, z *index.ZoneState, r *providers.Record, c Class, sev Severity, why string) {
	f := Finding{
		Class: c, Severity: sev, Record: r, Zone: z.Name, Service: providers.CanonicalName(s.Name), RestsOn: []index.Basis{z.Basis}, Remedy: RemedyUpdate,
		Reason: r.Label() + ": " + why, Evidence: []Evidence{{Source: z.Name, Fact: why, At: z.View.RowsFrom}, {Source: "config", Fact: "declares service " + index.Clean(s.Name)}},
	}
	if i := in.InstanceOf(r); i != nil {
		ref := in.Ref(i)
		f.Instance, f.Cloud = &ref, i.Cloud
	}
	not := in.whyNotUpdate(r)
	if not == "" && z.State != providers.CoverageComplete {
		not = z.Why
	}
	if not != "" {
		f.Remedy = NoRemedy
		f.Reason += "; it cannot be changed from here now: " + not
	}
	in.add(f)
}

// whyNotUpdate says why a field of a record cannot be changed now: only what is
// ours is changed, and only while its node is known to be well.
func (in *inspector) whyNotUpdate(r *providers.Record) string {
	o, owned := r.Owner()
	switch {
	case !owned && index.Marked(r):
		return "its markers do not say clearly whose it is"
	case !owned:
		return "it has no owner marker"
	case in.ForeignFleet(o):
		return "it belongs to another fleet"
	case o.Quiesced:
		return "it is quiesced"
	case in.reportedOf(r) == reportedOther:
		return "what else was found about it comes first"
	case o.Host():
		return ""
	}
	if i := in.Instance(o.Cloud, o.Instance); i == nil || i.State != providers.StateRunning {
		return "its node does not run"
	}
	return ""
}

// members counts the live members of a service, and the clouds that they lie in.
func (in *inspector) members(s *index.DeclaredService, ms *memberRecords) {
	several := len(s.Clouds) > 1
	if s.Minimum <= 0 && !several {
		return
	}
	live := ms.Live()
	in.thin(s, ms.Name, len(live))
	clouds := map[string]int{} // "" for hosts that joined by hand
	for _, i := range live {
		if i != nil {
			clouds[i.Cloud]++
		} else {
			clouds[""]++
		}
	}
	if several && len(clouds) == 1 && clouds[""] == 0 {
		for c, n := range clouds {
			in.oneCloud(s, ms.Name, c, n)
		}
	} else if several {
		in.serviceStands(s, ms.Name, OneCloud, Medium, "was answered from one cloud only")
	}
}

// serviceStands adds what an earlier scan established of a service, if what refutes it is not certain now.
func (in *inspector) serviceStands(s *index.DeclaredService, name string, c Class, sev Severity, why string) {
	missing, basis := in.everySource(s)
	if missing == "" {
		return
	}
	f := Finding{Class: c, Severity: sev, Service: name, Zone: zoneNameOf(s), RestsOn: basis, Reason: index.Clean(name) + " " + why}
	if f, ok := in.standing(f); ok {
		in.add(f)
	}
}

// everySource says what is lacking to know all members of a service.
func (in *inspector) everySource(s *index.DeclaredService) (missing string, basis []index.Basis) {
	if s.ReadZone == nil {
		missing = "the zone of " + index.Clean(s.Name) + " is not read here"
		for _, cs := range in.Clouds {
			basis = append(basis, cs.Basis)
		}
		return missing, basis
	}
	return in.MissingEvidence(s.ReadZone), s.ReadZone.AllBases
}

func (in *inspector) thin(s *index.DeclaredService, name string, live int) {
	if live >= s.Minimum {
		in.serviceStands(s, name, Thin, Critical, "had fewer live members than its minimum of "+strconv.Itoa(s.Minimum))
		return
	}
	missing, basis := in.everySource(s)
	in.addOrUnknown(missing, Finding{
		Class: Thin, Severity: Critical, Service: name, Zone: zoneNameOf(s), RestsOn: basis,
		Reason:   index.Clean(name) + " has " + index.Plural(live, "live member", "live members") + ", and " + strconv.Itoa(s.Minimum) + " is its minimum: nothing alive is taken out before there are more",
		Evidence: []Evidence{{Source: "inventory", Fact: index.Plural(live, "running node is", "running nodes are") + " found under its name", At: in.Options.Now}, {Source: "config", Fact: "declares a minimum of " + strconv.Itoa(s.Minimum)}},
	})
}

func (in *inspector) oneCloud(s *index.DeclaredService, name, cloud string, live int) {
	missing, basis := in.everySource(s)
	in.addOrUnknown(missing, Finding{
		Class: OneCloud, Severity: Medium, Service: name, Zone: zoneNameOf(s), Cloud: cloud, RestsOn: basis,
		Reason:   index.Clean(name) + " is declared for " + index.Plural(len(s.Clouds), "cloud", "clouds") + ", and answered from " + index.Clean(cloud) + " only: launch nodes elsewhere",
		Evidence: []Evidence{{Source: cloud, Fact: "runs " + index.Plural(live, "live member", "live members"), At: in.Options.Now}, {Source: "config", Fact: "declares " + index.Clean(strings.Join(s.Clouds, ", "))}},
	})
}

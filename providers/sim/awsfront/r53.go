package awsfront

import (
	"net/http"
	"strings"
	"sync"
	"time"

	"rollcall/providers"
	"rollcall/providers/sim/faultplay"
	"rollcall/providers/sim/world"
)

// r53Path starts every path of the Route 53 REST API, version 2013-04-01.
const r53Path = "/2013-04-01/"

// zoneState holds what Route 53 knows of a zone beyond the world.
type zoneState struct {
	mu      sync.Mutex
	changes map[string]change // by id
	writes  int               // number of writes under world.Conflict and world.SecondWriter
	history faultplay.History[[]*world.Set]
}

// change is an accepted batch.
type change struct {
	submitted time.Time
	comment   string
}

// state returns the zoneState of a zone.
func (f *front) state(z *world.Zone) *zoneState {
	s, _ := f.zones.LoadOrStore(z.ID, &zoneState{changes: map[string]change{}})
	return s.(*zoneState)
}

// zoneOfPath returns the zone in a path, or nil.
func (f *front) zoneOfPath(path string) *world.Zone {
	rest, ok := strings.CutPrefix(path, r53Path+"hostedzone/")
	if !ok {
		return nil
	}
	id, _, _ := strings.Cut(rest, "/")
	for _, z := range f.w.Zones(providers.Route53) {
		if z.ID == id {
			return z
		}
	}
	return nil
}

// r53Call is one call to Route 53, with the zone in its path, if any.
type r53Call struct {
	*call
	f *front
	x *xmlWriter
	z *world.Zone
}

// r53Operation is an operation of Route 53. Its answer is the element NAMEResponse, and its permission route53:NAME.
type r53Operation struct {
	name string
	do   func(*r53Call) *apiError
}

// r53Operations returns the supported operations by method and path. A zone or change in the path is "one".
func r53Operations() map[string]r53Operation {
	return map[string]r53Operation{
		"GET hostedzonesbyname":               {"ListHostedZonesByName", (*r53Call).listHostedZonesByName},
		"GET hostedzonecount":                 {"GetHostedZoneCount", (*r53Call).getHostedZoneCount},
		"GET change one":                      {"GetChange", (*r53Call).getChange},
		"GET hostedzone":                      {"ListHostedZones", (*r53Call).listHostedZones},
		"POST hostedzone":                     {"CreateHostedZone", (*r53Call).createHostedZone},
		"GET hostedzone one":                  {"GetHostedZone", (*r53Call).getHostedZone},
		"DELETE hostedzone one":               {"DeleteHostedZone", (*r53Call).deleteHostedZone},
		"GET hostedzone one rrset":            {"ListResourceRecordSets", (*r53Call).listRecordSets},
		"POST hostedzone one rrset":           {"ChangeResourceRecordSets", (*r53Call).changeRecordSets},
		"POST hostedzone one associatevpc":    {"AssociateVPCWithHostedZone", (*r53Call).associateVPC},
		"POST hostedzone one disassociatevpc": {"DisassociateVPCFromHostedZone", (*r53Call).disassociateVPC},
	}
}

// r53Parts returns the parts of the path of a call, such as hostedzone, an id and rrset.
func (c *call) r53Parts() []string {
	return strings.Split(strings.Trim(strings.TrimPrefix(c.r.URL.Path, r53Path), "/"), "/")
}

// r53Key returns the key of a call in r53Operations.
func (c *call) r53Key() string {
	parts := c.r53Parts()
	if len(parts) > 1 {
		parts[1] = "one"
	}
	return c.r.Method + " " + strings.Join(parts, " ")
}

func (f *front) serveRoute53(c *call, x *xmlWriter) *apiError {
	op, ok := r53Operations()[c.r53Key()]
	if !ok {
		return &apiError{http.StatusNotFound, "UnknownOperationException", "There is no operation " + c.r53Key()}
	}
	z := f.zoneOfPath(c.r.URL.Path)
	if parts := c.r53Parts(); parts[0] == "hostedzone" && len(parts) > 1 {
		switch {
		case z == nil:
			return noZone(parts[1])
		case c.fault == world.WrongKey:
			return &apiError{http.StatusForbidden, "AccessDenied", "User: arn:aws:iam::" + otherAccount + ":user/ops is not authorized to access this resource"}
		}
	}
	x.open(op.name+"Response", namespaceOf(c.service))
	err := op.do(&r53Call{c, f, x, z})
	x.close(op.name + "Response")
	return err
}

func noZone(id string) *apiError {
	return &apiError{http.StatusNotFound, "NoSuchHostedZone", "No hosted zone found with ID: " + id}
}

func (c *r53Call) getHostedZoneCount() *apiError {
	c.x.num("HostedZoneCount", len(c.f.hostedZones(c.call)))
	return nil
}

func writeChange(x *xmlWriter, id string, inSync bool, ch change) {
	status := "PENDING"
	if inSync {
		status = "INSYNC"
	}
	x.in("ChangeInfo", func() {
		x.el("Id", "/change/"+id)
		x.el("Status", status)
		x.at("SubmittedAt", ch.submitted)
		x.opt("Comment", ch.comment)
	})
}

func (c *r53Call) getChange() *apiError {
	id := c.r53Parts()[1]
	if ch, ok := c.f.changes.Load(id); ok && c.fault != world.WrongKey {
		writeChange(c.x, id, true, ch.(change))
		return nil
	}
	for _, z := range c.f.hostedZones(c.call) {
		inSync, ok := z.ChangeInSync(id)
		if !ok {
			continue
		}
		s := c.f.state(z)
		s.mu.Lock()
		ch := s.changes[id]
		s.mu.Unlock()
		writeChange(c.x, id, inSync, ch)
		return nil
	}
	return &apiError{http.StatusNotFound, "NoSuchChange", "Could not find resource with ID: " + id}
}

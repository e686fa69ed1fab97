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

// serveRoute53 selects the operation by method and path.
func (f *front) serveRoute53(c *call, x *xmlWriter) *apiError {
	parts := strings.Split(strings.Trim(strings.TrimPrefix(c.r.URL.Path, r53Path), "/"), "/")
	op := c.r.Method + " " + parts[0]
	if len(parts) > 2 {
		op += " " + strings.Join(parts[2:], "/")
	} else if len(parts) == 2 {
		op += " one"
	}
	switch op {
	case "GET hostedzone":
		return f.listHostedZones(c, x)
	case "GET hostedzonesbyname":
		return f.listHostedZonesByName(c, x)
	case "GET hostedzonecount":
		x.open("GetHostedZoneCountResponse", namespaceOf(c.service))
		x.num("HostedZoneCount", len(f.hostedZones(c)))
		x.close("GetHostedZoneCountResponse")
		return nil
	case "GET change one":
		return f.getChange(c, x, parts[1])
	case "POST hostedzone":
		return f.createHostedZone(c, x)
	case "GET hostedzone one", "GET hostedzone rrset", "POST hostedzone rrset", "DELETE hostedzone one", "POST hostedzone associatevpc", "POST hostedzone disassociatevpc":
	default:
		return &apiError{http.StatusNotFound, "UnknownOperationException", "There is no operation " + op}
	}
	z := f.zoneOfPath(c.r.URL.Path)
	switch {
	case z == nil:
		return &apiError{http.StatusNotFound, "NoSuchHostedZone", "No hosted zone found with ID: " + parts[1]}
	case c.fault == world.WrongKey:
		return &apiError{http.StatusForbidden, "AccessDenied", "User: arn:aws:iam::" + otherAccount + ":user/ops is not authorized to access this resource"}
	case op == "GET hostedzone one":
		return f.getHostedZone(c, x, z)
	case op == "GET hostedzone rrset":
		return f.listRecordSets(c, x, z)
	}
	switch op {
	case "DELETE hostedzone one":
		return f.deleteHostedZone(c, x, z)
	case "POST hostedzone associatevpc", "POST hostedzone disassociatevpc":
		return f.changeVPC(c, x, z, op == "POST hostedzone associatevpc")
	}
	return f.changeRecordSets(c, x, z)
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

func (f *front) getChange(c *call, x *xmlWriter, id string) *apiError {
	if ch, ok := f.changes.Load(id); ok && c.fault != world.WrongKey {
		x.open("GetChangeResponse", namespaceOf(c.service))
		writeChange(x, id, true, ch.(change))
		x.close("GetChangeResponse")
		return nil
	}
	for _, z := range f.hostedZones(c) {
		inSync, ok := z.ChangeInSync(id)
		if !ok {
			continue
		}
		s := f.state(z)
		s.mu.Lock()
		ch := s.changes[id]
		s.mu.Unlock()
		x.open("GetChangeResponse", namespaceOf(c.service))
		writeChange(x, id, inSync, ch)
		x.close("GetChangeResponse")
		return nil
	}
	return &apiError{http.StatusNotFound, "NoSuchChange", "Could not find resource with ID: " + id}
}

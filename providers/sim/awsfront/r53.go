package awsfront

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"rollcall/providers"
	"rollcall/providers/sim/faultplay"
	"rollcall/providers/sim/world"
)

// r53Path begins every path of the Route 53 REST API, version 2013-04-01.
const r53Path = "/2013-04-01/"

// zoneState is what Route 53 knows of a zone that the world does not.
type zoneState struct {
	mu      sync.Mutex
	changes map[string]change // by id
	writes  int               // how many were asked for under world.Conflict and world.SecondWriter
	history faultplay.History[[]*world.Set]
}

// change is a batch that was accepted.
type change struct {
	submitted time.Time
	comment   string
}

func newZoneState(w *world.World) map[string]*zoneState {
	out := map[string]*zoneState{}
	for _, z := range w.Zones(providers.Route53) {
		out[z.ID] = &zoneState{changes: map[string]change{}}
	}
	return out
}

// zoneOfPath finds the zone that a path names, or nil.
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

// serveRoute53 finds the operation by method and path.
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
	case "GET hostedzone one", "GET hostedzone rrset", "POST hostedzone rrset":
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
	return f.changeRecordSets(c, x, z)
}

// hostedZones lists the zones that the credentials see, in the order of their ids.
func (f *front) hostedZones(c *call) []*world.Zone {
	if c.fault == world.WrongKey {
		return nil
	}
	return slices.SortedFunc(slices.Values(f.w.Zones(providers.Route53)), func(a, b *world.Zone) int { return strings.Compare(a.ID, b.ID) })
}

func setCount(z *world.Zone) (n int) {
	z.View(func(tx *world.Tx) { n = len(tx.Sets()) })
	return n
}

func writeZone(x *xmlWriter, z *world.Zone) {
	x.in("HostedZone", func() {
		x.el("Id", "/hostedzone/"+z.ID)
		x.el("Name", octal(z.Name))
		x.el("CallerReference", "rollcall-"+z.ID)
		x.in("Config", func() {
			x.el("Comment", "")
			x.flag("PrivateZone", false)
		})
		x.num("ResourceRecordSetCount", setCount(z))
	})
}

// maxItems reads how many rows a page may have; more than limit counts as limit.
func maxItems(c *call, limit int) (int, *apiError) {
	s := c.r.URL.Query().Get("maxitems")
	if s == "" {
		return limit, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		return 0, bad("InvalidInput", "Invalid value '%s' for maxItems: it must be a number of at least 1", s)
	}
	return min(n, limit), nil
}

func (f *front) listHostedZones(c *call, x *xmlWriter) *apiError {
	n, err := maxItems(c, 100)
	if err != nil {
		return err
	}
	zones, from := f.hostedZones(c), 0
	marker := c.r.URL.Query().Get("marker")
	if marker != "" {
		if from = slices.IndexFunc(zones, func(z *world.Zone) bool { return z.ID == marker }); from < 0 {
			return bad("InvalidInput", "The marker %s is not a hosted zone", marker)
		}
	}
	rest := zones[from:]
	x.open("ListHostedZonesResponse", namespaceOf(c.service))
	x.in("HostedZones", func() {
		for _, z := range rest[:min(n, len(rest))] {
			writeZone(x, z)
		}
	})
	x.opt("Marker", marker)
	x.flag("IsTruncated", n < len(rest))
	if n < len(rest) {
		x.el("NextMarker", rest[n].ID)
	}
	x.num("MaxItems", n)
	x.close("ListHostedZonesResponse")
	return nil
}

func (f *front) listHostedZonesByName(c *call, x *xmlWriter) *apiError {
	n, err := maxItems(c, 100)
	if err != nil {
		return err
	}
	q := c.r.URL.Query()
	zones := slices.SortedFunc(slices.Values(f.hostedZones(c)), func(a, b *world.Zone) int {
		return world.SetLess(&world.Set{Name: a.Name, SetID: a.ID}, &world.Set{Name: b.Name, SetID: b.ID})
	})
	from := &world.Set{Name: fromOctal(q.Get("dnsname")), SetID: q.Get("hostedzoneid")}
	if q.Get("dnsname") == "" {
		from = &world.Set{}
	}
	rest := slices.DeleteFunc(zones, func(z *world.Zone) bool { return world.SetLess(&world.Set{Name: z.Name, SetID: z.ID}, from) < 0 })
	x.open("ListHostedZonesByNameResponse", namespaceOf(c.service))
	x.in("HostedZones", func() {
		for _, z := range rest[:min(n, len(rest))] {
			writeZone(x, z)
		}
	})
	x.opt("DNSName", q.Get("dnsname"))
	x.opt("HostedZoneId", q.Get("hostedzoneid"))
	x.flag("IsTruncated", n < len(rest))
	if n < len(rest) {
		x.el("NextDNSName", octal(rest[n].Name))
		x.el("NextHostedZoneId", rest[n].ID)
	}
	x.num("MaxItems", n)
	x.close("ListHostedZonesByNameResponse")
	return nil
}

func (f *front) getHostedZone(c *call, x *xmlWriter, z *world.Zone) *apiError {
	x.open("GetHostedZoneResponse", namespaceOf(c.service))
	writeZone(x, z)
	x.in("DelegationSet", func() {
		x.in("NameServers", func() {
			for _, ns := range z.NameServers {
				x.el("NameServer", ns)
			}
		})
	})
	x.close("GetHostedZoneResponse")
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

func (f *front) getChange(c *call, x *xmlWriter, id string) *apiError {
	for _, z := range f.hostedZones(c) {
		inSync, ok := z.ChangeInSync(id)
		if !ok {
			continue
		}
		s := f.zones[z.ID]
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

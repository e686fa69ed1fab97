package rows

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"rollcall/dnsview"
	"rollcall/dnsview/dnssd"
	"rollcall/dnsview/index"
	"rollcall/dnsview/tree"
	"rollcall/providers"
)

// ServiceObject is the JSON of a service with its nodes: a round-robin name, or one incarnation of a DNS-SD service.
type ServiceObject struct {
	Identity    string   `json:"identity"`     // what commands take
	Name        string   `json:"name"`         // fully qualified, without the last dot
	Kind        string   `json:"kind"`         // round-robin or dns-sd
	Zone        string   `json:"zone"`         // name of its zone
	Declared    bool     `json:"declared"`     // whether the config declares it
	TTL         uint32   `json:"ttl"`          // in seconds, as declared or else as in DNS
	Port        uint16   `json:"port"`         // DNS-SD: as declared; else 0
	Minimum     int      `json:"minimum"`      // live members below which none is taken out
	Clouds      []string `json:"clouds"`       // names of the clouds of its nodes
	Nodes       int      `json:"nodes"`        // running instances that belong to it
	Records     int      `json:"records"`      // values in DNS that belong to it
	Findings    []string `json:"findings"`     // classes of the findings about it
	Live        int      `json:"live"`         // running nodes that clients are sent to
	Quiesced    int      `json:"quiesced"`     // nodes taken out on purpose
	ServiceType string   `json:"service_type"` // DNS-SD
	Incarnation string   `json:"incarnation"`  // DNS-SD: its label in readable form
	PTR         bool     `json:"ptr"`          // DNS-SD: listed for browsing
	TXT         []Pair   `json:"txt"`          // DNS-SD: its attributes
	Members     []Member `json:"members"`      // its nodes

	AsOf     *time.Time `json:"as_of"`    // when the oldest read began of those of its zone and of all clouds, or null
	Coverage string     `json:"coverage"` // the worst of its zone and of all clouds: complete, stale, partial, failed or unread
}

// Member is the JSON of one node of a service.
type Member struct {
	Node      string        `json:"node"`      // its name, or its id without one
	ID        string        `json:"id"`        // id of the instance, or empty
	Cloud     string        `json:"cloud"`     // name of its cloud
	State     string        `json:"state"`     // state in the service: running, quiesced, dead, missing and so on
	Live      bool          `json:"live"`      // whether clients are sent to it
	Host      string        `json:"host"`      // DNS-SD: the target
	Priority  *uint16       `json:"priority"`  // DNS-SD
	Weight    *int64        `json:"weight"`    // DNS-SD, and weighted record sets of Route 53
	Port      *uint16       `json:"port"`      // DNS-SD
	TTL       uint32        `json:"ttl"`       // in seconds
	Addresses []string      `json:"addresses"` // under which it is found
	Health    *MemberHealth `json:"health"`    // null if it was not checked
	Findings  []string      `json:"findings"`  // classes of the findings about it
}

// MemberHealth is the result of the health checks of a node.
type MemberHealth struct {
	Failed int       `json:"failed"` // how many of the last checks failed
	Of     int       `json:"of"`     // how many checks that is of
	Error  string    `json:"error"`  // of the last check that failed, or empty
	At     time.Time `json:"at"`     // when the last check was made
}

// Pair is one TXT attribute in JSON; it may have no value.
type Pair struct {
	Key   string  `json:"key"`   // name of the attribute
	Value *string `json:"value"` // its value; null if it has none
}

// Services returns the services and incarnations that match, or that have a node that matches. A service with
// incarnations is included if it has nodes of its own.
func Services(v *dnsview.View, match func(*ServiceLine) bool) []ServiceLine {
	out := []ServiceLine{}
	add := func(r *ServiceLine) {
		if match(r) || slices.ContainsFunc(r.Children, func(c *ServiceLine) bool { return c.Node != nil && match(c) }) {
			out = append(out, *r)
		}
	}
	for _, s := range NewServiceTree(v, nil).Roots {
		if len(s.Service.Incarnations) == 0 || len(s.Service.Nodes) > 0 {
			add(s)
		}
		for _, c := range s.Children {
			if c.Node == nil {
				add(c)
			}
		}
	}
	return out
}

// Object returns the JSON of a service or an incarnation.
func (r *ServiceLine) Object() ServiceObject {
	o := r.Members
	row := ServiceObject{
		Identity: r.ID(), Name: providers.Clean(o.Name), Kind: string(o.Kind), Zone: providers.Clean(o.Zone), Minimum: o.Minimum, Clouds: cleanAll(o.Clouds), Nodes: o.Running, Records: o.Records,
		Findings: classNames(o.Findings), Live: o.Live, Quiesced: r.quiesced(), TXT: []Pair{}, Members: []Member{},
	}
	if s, ok := r.filterRow.(*Service); ok {
		row.AsOf, row.Coverage = readOf(s.view, basesOf(s.view.Index, o.Zone))
	}
	if d := o.Declared; d != nil {
		row.Declared, row.TTL, row.Port = true, d.TTL, d.Port
	}
	if i := r.Incarnation; i != nil {
		row.ServiceType, row.Incarnation, row.PTR = providers.Clean(r.Service.Name), providers.Clean(i.Label), len(i.PTR) > 0
		if i.TXT != nil {
			row.TXT = Pairs(dnssd.TXTOf(i.TXT.Value))
		}
	}
	for _, n := range o.Nodes {
		row.Members = append(row.Members, newMember(n))
	}
	return row
}

// basesOf returns what is known of the members of a service in a zone rests on.
func basesOf(x *index.Index, zone string) (out []index.Basis) {
	if z := x.ZonesByName[zone]; z != nil {
		return z.AllBases
	}
	for _, c := range x.Clouds {
		out = append(out, c.Basis)
	}
	return append(out, index.Basis{Source: zone}) // its zone is none that is read
}

// quiesced returns the number of nodes that were taken out on purpose.
func (r *ServiceLine) quiesced() int {
	n := 0
	for _, x := range r.Members.Nodes {
		if x.State == tree.NodeQuiesced {
			n++
		}
	}
	return n
}

func newMember(n *tree.Node) Member {
	row := Member{
		Node: providers.Clean(n.Ref.Name), ID: providers.Clean(n.Ref.ID), Cloud: providers.Clean(n.Ref.Cloud), State: providers.Clean(string(n.State)), Live: n.Live, Host: providers.Clean(n.Host),
		TTL: n.TTL, Addresses: Addresses(n.Addresses), Findings: classNames(n.Findings),
	}
	switch {
	case n.HasSRV && !n.Guessed:
		w := int64(n.SRV.Weight)
		row.Priority, row.Weight, row.Port = &n.SRV.Priority, &w, &n.SRV.Port
	case n.Weighted:
		row.Weight = &n.Weight
	}
	if h := n.Health; h != nil {
		row.Health = &MemberHealth{Failed: h.Failed, Of: h.Of, Error: providers.Clean(h.Error), At: h.At.UTC()}
	}
	return row
}

// Pairs returns attributes in JSON form.
func Pairs(t dnssd.TXT) []Pair {
	list := []Pair{}
	for _, p := range t {
		row := Pair{Key: providers.Clean(p.Key)}
		if p.HasValue {
			v := providers.Clean(p.Value)
			row.Value = &v
		}
		list = append(list, row)
	}
	return list
}

// attributes returns attributes in the form of TXT strings.
func attributes(t []Pair) string {
	var out []string
	for _, p := range t {
		s := p.Key
		if p.Value != nil {
			s += "=" + *p.Value
		}
		out = append(out, s)
	}
	return strings.Join(out, ",")
}

// states returns the numbers of a service's nodes by state, in order of appearance.
func states(r *ServiceLine) string {
	n := map[string]int{}
	var order []string
	for _, x := range r.Members.Nodes {
		s := providers.Clean(string(x.State))
		if n[s]++; n[s] == 1 {
			order = append(order, s)
		}
	}
	for i, s := range order {
		order[i] = strconv.Itoa(n[s]) + " " + s
	}
	return strings.Join(order, ",")
}

// classNames returns the classes of findings, each once, worst first.
func classNames(found []*dnsview.Finding) []string {
	out := []string{}
	for _, f := range found {
		if !slices.Contains(out, string(f.Class)) {
			out = append(out, string(f.Class))
		}
	}
	return out
}

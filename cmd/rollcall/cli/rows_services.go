package cli

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview"
	"rollcall/dnsview/dnssd"
	"rollcall/dnsview/filter"
	"rollcall/dnsview/rows"
)

// serviceRow is one service and its nodes: a round-robin name, or one incarnation of a
// DNS-SD service.
type serviceRow struct {
	Name        string      `json:"name"`
	Kind        string      `json:"kind"`
	Zone        string      `json:"zone"`
	Declared    bool        `json:"declared"`
	TTL         uint32      `json:"ttl"`
	Port        uint16      `json:"port"`
	Minimum     int         `json:"minimum"`
	Clouds      []string    `json:"clouds"`
	Nodes       int         `json:"nodes"`   // running instances that belong to it
	Records     int         `json:"records"` // values in DNS that belong to it
	Findings    []string    `json:"findings"`
	Live        int         `json:"live"`         // nodes that clients are sent to and that run
	Quiesced    int         `json:"quiesced"`     // nodes that were taken out on purpose
	ServiceType string      `json:"service_type"` // DNS-SD
	Incarnation string      `json:"incarnation"`  // DNS-SD: its label as a person reads it
	PTR         bool        `json:"ptr"`          // DNS-SD: browsers find it
	TXT         []pairRow   `json:"txt"`          // DNS-SD: its attributes
	Members     []memberRow `json:"members"`
}

// memberRow is one node of a service.
type memberRow struct {
	Node      string     `json:"node"`
	ID        string     `json:"id"`
	Cloud     string     `json:"cloud"`
	State     string     `json:"state"` // as it stands in the service: running, quiesced, dead, missing and so on
	Live      bool       `json:"live"`
	Host      string     `json:"host"`     // DNS-SD: the target
	Priority  *uint16    `json:"priority"` // DNS-SD
	Weight    *int64     `json:"weight"`   // DNS-SD, and weighted record sets of Route 53
	Port      *uint16    `json:"port"`     // DNS-SD
	TTL       uint32     `json:"ttl"`
	Addresses []string   `json:"addresses"`
	Health    *healthRow `json:"health"` // null when it was not checked
	Findings  []string   `json:"findings"`
}

// healthRow is what the health checks of a node came to.
type healthRow struct {
	Failed int       `json:"failed"`
	Of     int       `json:"of"`
	Error  string    `json:"error"`
	At     time.Time `json:"at"`
}

func serviceRows(v *dnsview.View, keep func(r *dnsview.Roster) bool) []serviceRow {
	list := []serviceRow{}
	add := func(r *dnsview.Roster, i *dnsview.IncarnationView, typ string) {
		if keep(r) {
			list = append(list, newServiceRow(r, i, typ))
		}
	}
	for _, s := range v.ServiceTree() {
		if len(s.Incarnations) == 0 || len(s.Nodes) > 0 {
			add(&s.Roster, nil, "")
		}
		for _, i := range s.Incarnations {
			add(&i.Roster, i, s.Name)
		}
	}
	return list
}

// passesService reports whether a service or an incarnation passes, itself or by one of its nodes.
func passesService(q filter.Filter, v *dnsview.View, r *dnsview.Roster) bool {
	return q.Match(&rows.Service{Roster: r}) || slices.ContainsFunc(r.Nodes, func(n *dnsview.NodeView) bool { return q.Match(rows.NewNode(v, n)) })
}

func newServiceRow(r *dnsview.Roster, i *dnsview.IncarnationView, typ string) serviceRow {
	row := serviceRow{
		Name: words.Clean(r.Name), Kind: string(r.Kind), Zone: words.Clean(r.Zone), Minimum: r.Minimum, Clouds: []string{}, Nodes: r.Running, Records: r.Records,
		Findings: classes(r.Findings), Live: r.Live, ServiceType: words.Clean(typ), TXT: []pairRow{}, Members: []memberRow{},
	}
	if d := r.Declared; d != nil {
		row.Declared, row.TTL, row.Port = true, d.TTL, d.Port
	}
	for _, c := range r.Clouds {
		row.Clouds = append(row.Clouds, words.Clean(c))
	}
	if i != nil {
		row.Incarnation, row.PTR = words.Clean(i.Label), len(i.PTR) > 0
		if i.TXT != nil {
			row.TXT = pairRows(dnssd.TXTOf(i.TXT.Value))
		}
	}
	for _, n := range r.Nodes {
		if n.State == dnsview.NodeQuiesced {
			row.Quiesced++
		}
		row.Members = append(row.Members, newMemberRow(n))
	}
	return row
}

func newMemberRow(n *dnsview.NodeView) memberRow {
	row := memberRow{
		Node: words.Clean(n.Ref.Name), ID: words.Clean(n.Ref.ID), Cloud: words.Clean(n.Ref.Cloud), State: words.Clean(string(n.State)), Live: n.Live, Host: words.Clean(n.Host),
		TTL: n.TTL, Addresses: rows.Addresses(n.Addresses), Findings: classes(n.Findings),
	}
	switch {
	case n.HasSRV && !n.Guessed:
		w := int64(n.SRV.Weight)
		row.Priority, row.Weight, row.Port = &n.SRV.Priority, &w, &n.SRV.Port
	case n.Weighted:
		row.Weight = &n.Weight
	}
	if h := n.Health; h != nil {
		row.Health = &healthRow{Failed: h.Failed, Of: h.Of, Error: words.Clean(h.Error), At: h.At.UTC()}
	}
	return row
}

func pairRows(t dnssd.TXT) []pairRow {
	list := []pairRow{}
	for _, p := range t {
		row := pairRow{Key: words.Clean(p.Key)}
		if p.HasValue {
			v := words.Clean(p.Value)
			row.Value = &v
		}
		list = append(list, row)
	}
	return list
}

func serviceListing() *listing[serviceRow] {
	type row = serviceRow
	number := func(name string, wide bool, n func(r *row) int) rows.Column[*row] {
		return rows.Column[*row]{Title: name, Wide: wide, Text: func(r *row) string { return strconv.Itoa(n(r)) }}
	}
	return &listing[row]{
		id: func(r *row) string { return r.Name },
		columns: []rows.Column[*row]{
			{Title: "NAME", Text: func(r *row) string { return r.Name }},
			{Title: "KIND", Text: func(r *row) string { return r.Kind }},
			{Title: "ZONE", Text: func(r *row) string { return r.Zone }},
			number("LIVE", false, func(r *row) int { return r.Live }),
			number("MINIMUM", false, func(r *row) int { return r.Minimum }),
			number("NODES", false, func(r *row) int { return r.Nodes }),
			number("RECORDS", false, func(r *row) int { return r.Records }),
			number("QUIESCED", false, func(r *row) int { return r.Quiesced }),
			{Title: "CLOUDS", Text: func(r *row) string { return strings.Join(r.Clouds, ",") }},
			{Title: "FINDINGS", Text: func(r *row) string { return strings.Join(r.Findings, ",") }},
			number("TTL", true, func(r *row) int { return int(r.TTL) }),
			number("PORT", true, func(r *row) int { return int(r.Port) }),
			{Title: "TXT", Wide: true, Text: func(r *row) string { return attributeText(r.TXT) }},
			{Title: "STATES", Wide: true, Text: states},
			{Title: "DECLARED", Wide: true, Text: func(r *row) string { return strconv.FormatBool(r.Declared) }},
		},
	}
}

// attributeText writes attributes as they stand in TXT strings.
func attributeText(t []pairRow) string {
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

// states counts the nodes of a service by how they stand, in the order in which they come.
func states(r *serviceRow) string {
	n := map[string]int{}
	var order []string
	for i := range r.Members {
		s := r.Members[i].State
		if n[s]++; n[s] == 1 {
			order = append(order, s)
		}
	}
	for i, s := range order {
		order[i] = strconv.Itoa(n[s]) + " " + s
	}
	return strings.Join(order, ",")
}

// classes names the classes of findings, each once, worst first.
func classes(found []*dnsview.Finding) []string {
	out := []string{}
	for _, f := range found {
		if !slices.Contains(out, string(f.Class)) {
			out = append(out, string(f.Class))
		}
	}
	return out
}

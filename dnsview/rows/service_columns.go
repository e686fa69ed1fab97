package rows

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/providers"
)

// ServiceTable returns the columns of tables of services and incarnations.
func ServiceTable() []Column[*ServiceLine] {
	type row = *ServiceLine
	number := func(title string, wide bool, n func(r row) int) Column[row] {
		return Column[row]{Title: title, Wide: wide, Text: func(r row) string { return strconv.Itoa(n(r)) }}
	}
	declared := func(of func(d *index.Service) int) func(r row) int {
		return func(r row) int {
			if r.Members.Declared == nil {
				return 0
			}
			return of(r.Members.Declared)
		}
	}
	return []Column[row]{
		{Title: "NAME", Text: func(r row) string { return r.readable(r.ID()) }},
		{Title: "KIND", Text: func(r row) string { return string(r.Members.Kind) }},
		{Title: "ZONE", Text: func(r row) string { return r.readable(providers.Clean(r.Members.Zone)) }},
		number("LIVE", false, func(r row) int { return r.Members.Live }),
		number("MINIMUM", false, func(r row) int { return r.Members.Minimum }),
		number("NODES", false, func(r row) int { return r.Members.Running }),
		number("RECORDS", false, func(r row) int { return r.Members.Records }),
		number("QUIESCED", false, row.quiesced),
		{Title: "CLOUDS", Text: func(r row) string { return strings.Join(cleanAll(r.Members.Clouds), ",") }},
		{Title: "FINDINGS", Text: func(r row) string { return strings.Join(classNames(r.Findings), ",") }},
		number("TTL", true, declared(func(d *index.Service) int { return int(d.TTL) })),
		number("PORT", true, declared(func(d *index.Service) int { return int(d.Port) })),
		{Title: "TXT", Wide: true, Text: func(r row) string { return attributes(r.Object().TXT) }},
		{Title: "STATES", Wide: true, Text: states},
		{Title: "DECLARED", Wide: true, Text: func(r row) string { return strconv.FormatBool(r.Members.Declared != nil) }},
	}
}

// ID returns the name of the service or the incarnation.
func (r *ServiceLine) ID() string { return providers.Clean(r.Members.Name) }

// readable returns a name of a service or an incarnation as it is shown.
func (r *ServiceLine) readable(name string) string {
	if s, ok := r.filterRow.(*Service); ok {
		return s.view.Options.Readable(name)
	}
	return name
}

// ServiceScreen returns the columns of the console's service tree. Services and incarnations show the sums of their
// nodes.
func ServiceScreen() []Column[*ServiceLine] {
	type row = *ServiceLine
	number := func(title string, most, priority int, text func(r row) string) Column[row] {
		return Column[row]{
			Title: title, Min: len(title), Max: most, Priority: priority, Right: true, Text: text,
			Compare: func(a, b row) int { return compareNumbers(text(a), text(b)) },
		}
	}
	return []Column[row]{
		{
			Title: "SERVICE", Min: 16, Max: 48, Text: func(r row) string { return r.Indent() + r.Name },
			Compare: func(a, b row) int { return cmp.Compare(a.natural, b.natural) },
		},
		{
			Title: "CLOUD", Min: 11, Max: 20, Priority: 3, Text: func(r row) string { return r.Clouds },
			Compare: func(a, b row) int {
				return cmp.Or(cmp.Compare(a.cloudOrder, b.cloudOrder), cmp.Compare(a.Clouds, b.Clouds), cmp.Compare(a.natural, b.natural))
			},
		},
		{
			Title: "STATE", Min: 11, Max: 16, Text: row.State,
			Compare: func(a, b row) int {
				if a.Node == nil || b.Node == nil {
					return cmp.Compare(a.Members.Live, b.Members.Live)
				}
				return cmp.Compare(a.Node.State, b.Node.State)
			},
		},
		number("PRIO", 5, 2, row.Priority),
		number("WEIGHT", 6, 1, row.Weight),
		number("PORT", 5, 4, row.Port),
		{Title: "TTL", Min: 4, Max: 6, Priority: 6, Right: true, Text: row.TTL},
		{
			Title: "ADDRESS", Min: 15, Max: 39, Priority: 5, Text: row.addresses,
			Compare: func(a, b row) int {
				if a.Node == nil || b.Node == nil || len(a.Node.Addresses) == 0 || len(b.Node.Addresses) == 0 {
					return cmp.Compare(a.Address(), b.Address())
				}
				return a.Node.Addresses[0].Compare(b.Node.Addresses[0])
			},
		},
		{Title: "HOST", Min: 10, Max: 30, Priority: 8, Text: row.Host},
		{
			Title: "HEALTH", Min: 11, Max: 12, Priority: 2, Text: row.health,
			Compare: func(a, b row) int { return cmp.Compare(a.failing(), b.failing()) },
		},
		{
			Title: "FINDING", Min: 10, Max: 16, Text: row.found,
			Compare: func(a, b row) int { return cmp.Compare(severityOf(b.Findings), severityOf(a.Findings)) },
		},
	}
}

// State returns the state of a node, or the number of live members of a service and its minimum.
func (r *ServiceLine) State() string {
	switch {
	case r.Node != nil:
		return providers.Clean(string(r.Node.State))
	case r.Incarnation != nil && r.Incarnation.Closed && !r.Members.Thin():
		return "closed"
	case r.Members.Minimum > 0:
		return fmt.Sprintf("%d live, min %d", r.Members.Live, r.Members.Minimum)
	}
	return fmt.Sprintf("%d live", r.Members.Live)
}

// addresses returns the first address of a node, and the number of the others.
func (r *ServiceLine) addresses() string {
	if r.Node == nil || len(r.Node.Addresses) < 2 {
		return r.Address()
	}
	return fmt.Sprintf("%s +%d", r.Address(), len(r.Node.Addresses)-1)
}

// health returns the result of a node's health checks.
func (r *ServiceLine) health() string {
	switch {
	case r.Node == nil:
		return ""
	case r.Node.Health == nil:
		return "not checked"
	}
	return Passed(r.Node.Health)
}

// found returns the worst finding of a node, or the number of findings of a service.
func (r *ServiceLine) found() string {
	switch n := len(r.Findings); {
	case n == 0:
		return ""
	case r.Node != nil:
		return r.Findings[0].Label()
	case n == 1:
		return "1 finding"
	default:
		return strconv.Itoa(n) + " findings"
	}
}

// Passed returns the number of passed recent health checks as text.
func Passed(h *index.HealthState) string { return fmt.Sprintf("%d of %d ok", h.Of-h.Failed, h.Of) }

// Unhealthy reports whether the node is unhealthy.
func (r *ServiceLine) Unhealthy() bool {
	for _, f := range r.Findings {
		if f.Class == dnsview.Unhealthy {
			return true
		}
	}
	return false
}

// failing returns the sort order by health: the worst first, unchecked nodes last.
func (r *ServiceLine) failing() int {
	switch {
	case r.Node == nil || r.Node.Health == nil:
		return 1
	default:
		return -r.Node.Health.Failed
	}
}

// Priority returns the priority of a node, or "".
func (r *ServiceLine) Priority() string {
	if r.Node == nil || !r.Node.HasSRV {
		return ""
	}
	return r.likely(strconv.Itoa(int(r.Node.SRV.Priority)))
}

// Weight returns the weight of a node, or "".
func (r *ServiceLine) Weight() string {
	switch {
	case r.Node == nil:
		return ""
	case r.Node.HasSRV:
		return r.likely(strconv.Itoa(int(r.Node.SRV.Weight)))
	case r.Node.Weighted:
		return strconv.FormatInt(r.Node.Weight, 10)
	}
	return ""
}

// likely marks a number that comes from a marker and may be outdated.
func (r *ServiceLine) likely(s string) string {
	if r.Node.Guessed {
		return s + "?"
	}
	return s
}

// Port returns the port of a node, or "".
func (r *ServiceLine) Port() string {
	if r.Node == nil || !r.Node.HasSRV {
		return ""
	}
	return strconv.Itoa(int(r.Node.SRV.Port))
}

// TTL returns the TTL of a node's records, or "".
func (r *ServiceLine) TTL() string {
	switch {
	case r.Node == nil || len(r.Node.Records)+len(r.Node.Hosts) == 0:
		return ""
	case r.Node.AutoTTL:
		return "auto"
	}
	return strconv.FormatUint(uint64(r.Node.TTL), 10)
}

// compareNumbers compares numbers in texts; "" comes last.
func compareNumbers(a, b string) int {
	if (a == "") != (b == "") {
		return cmp.Compare(b, a)
	}
	a, b = strings.TrimSuffix(a, "?"), strings.TrimSuffix(b, "?")
	return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
}

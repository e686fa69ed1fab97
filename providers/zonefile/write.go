package zonefile

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"

	"rollcall/providers"
)

// Left is a record that a master file cannot hold as it is, and why. The file has it as a comment.
type Left struct {
	Record providers.Record
	Why    string
}

// notInFile begins the line of a record that the file cannot hold.
const notInFile = "; not in this file, "

func (l *Left) line() string {
	r := &l.Record
	return fmt.Sprintf("%s%s: %s %d %s %s", notInFile, l.Why, providers.Clean(r.Name), r.TTL, providers.Clean(r.Type), providers.Clean(r.Value))
}

// LeftIn returns the records that are comments in a file of Write, each as its name, TTL, type and value with blanks between
// them.
func LeftIn(text string) (out []string) {
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, notInFile); ok {
			_, record, _ := strings.Cut(strings.TrimSuffix(rest, "\n"), ": ")
			out = append(out, record)
		}
	}
	return out
}

// autoTTL is the TTL in seconds of records whose TTL the provider chooses: what Cloudflare serves.
const autoTTL = 300

// Write writes a zone as a master file that a name server loads (RFC 1035 section 5): SOA and NS records of the apex first,
// then by name. A zone whose provider lists no SOA gets one, and its name servers if it lists none. The values of a record
// set get its lowest TTL (RFC 2181 section 5.2). A record's comment follows it. It returns the records that are comments in the file.
func Write(w io.Writer, z *providers.Zone, records []providers.Record, taken time.Time) ([]Left, error) {
	m := master{zone: providers.CanonicalName(z.Name), lines: map[string][]line{}}
	for i := range records {
		m.add(&records[i])
	}
	m.singletons()
	m.delegations()
	m.complete(z, taken)
	m.shareTTLs()
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "; %s as %s listed it at %s: %s\n", m.zone, z.Traits.Title, taken.UTC().Format(time.RFC3339), providers.CountOf(len(records), "record"))
	if m.hasOddNames() {
		fmt.Fprintln(b, "; Some names are no host names: named loads this file with check-names ignore; in its zone statement.")
	}
	for _, name := range m.names() {
		for _, l := range m.lines[name] {
			text := l.rr.String()
			if l.record != nil && l.record.Comment != "" {
				text += " ; " + providers.Clean(l.record.Comment)
			}
			fmt.Fprintln(b, text)
		}
	}
	slices.SortFunc(m.left, func(a, b Left) int {
		return cmp.Or(cmp.Compare(a.Record.Name, b.Record.Name), cmp.Compare(a.Record.Type, b.Record.Type), cmp.Compare(a.Record.Value, b.Record.Value))
	})
	for i := range m.left {
		fmt.Fprintln(b, m.left[i].line())
	}
	if err := b.Flush(); err != nil {
		return m.left, fmt.Errorf("write the zone: %w", err)
	}
	return m.left, nil
}

// line is one record of the file; its record is nil if it was made for the file.
type line struct {
	rr     dns.RR
	record *providers.Record
}

// master is a master file in the making.
type master struct {
	zone  string
	lines map[string][]line // by canonical name
	left  []Left
}

func (m *master) leave(r *providers.Record, why string) {
	if r != nil {
		m.left = append(m.left, Left{*r, why})
	}
}

// add adds a record, each value once.
func (m *master) add(r *providers.Record) {
	ttl := r.TTL
	if r.AutoTTL {
		ttl = autoTTL
	}
	switch {
	case r.Alias:
		m.leave(r, "an alias, which DNS does not have")
		return
	case !providers.InZone(r.Name, m.zone):
		m.leave(r, "it does not lie in the zone")
		return
	}
	rr, err := dns.NewRR(fmt.Sprintf("%s. %d IN %s %s", r.Name, ttl, r.Type, r.Value)) // names in values are relative to the root
	if err == nil && rr != nil {
		_, err = dns.PackRR(rr, make([]byte, dns.MaxMsgSize), 0, nil, false)
	}
	if err != nil || rr == nil {
		m.leave(r, "it cannot be written in a master file")
		return
	}
	have := m.lines[r.Name]
	if slices.ContainsFunc(have, func(l line) bool { return dns.IsDuplicate(l.rr, rr) }) {
		return // another set identifier has the value too
	}
	m.lines[r.Name] = append(have, line{rr, r})
}

// complete adds the SOA and NS records that a zone must have.
func (m *master) complete(z *providers.Zone, taken time.Time) {
	apex := dns.Fqdn(m.zone)
	has := func(typ uint16) bool {
		return slices.ContainsFunc(m.lines[m.zone], func(l line) bool { return l.rr.Header().Rrtype == typ })
	}
	header := func(typ uint16, ttl uint32) dns.RR_Header {
		return dns.RR_Header{Name: apex, Rrtype: typ, Class: dns.ClassINET, Ttl: ttl}
	}
	servers := slices.DeleteFunc(slices.Clone(z.NameServers), func(s string) bool { return providers.InZone(s, m.zone) && !m.hasAddress(s) })
	if len(servers) == 0 {
		servers = []string{"name-servers-are-not-known.invalid"}
	}
	if !has(dns.TypeNS) {
		for _, s := range servers {
			m.lines[m.zone] = append(m.lines[m.zone], line{rr: &dns.NS{Hdr: header(dns.TypeNS, 86400), Ns: dns.Fqdn(s)}})
		}
	}
	if !has(dns.TypeSOA) {
		m.lines[m.zone] = append(m.lines[m.zone], line{rr: &dns.SOA{
			Hdr: header(dns.TypeSOA, 3600), Ns: dns.Fqdn(servers[0]), Mbox: "hostmaster." + apex,
			Serial: uint32(taken.Unix()), Refresh: 10000, Retry: 2400, Expire: 604800, Minttl: 1800,
		}})
	}
}

// singletons leaves out what a name server refuses to load beside other records: a CNAME beside any, and a second CNAME,
// DNAME or SOA.
func (m *master) singletons() {
	for name, lines := range m.lines {
		count := map[uint16]int{}
		for _, l := range lines {
			count[l.rr.Header().Rrtype]++
		}
		m.lines[name] = slices.DeleteFunc(lines, func(l line) bool {
			typ := l.rr.Header().Rrtype
			why := ""
			switch {
			case typ == dns.TypeSOA && name != m.zone:
				why = "an SOA record below the apex"
			case typ == dns.TypeDS && name == m.zone:
				why = "it belongs to the parent zone"
			case typ != dns.TypeCNAME && typ != dns.TypeDNAME && typ != dns.TypeSOA:
			case count[typ] > 1:
				why = "one of several of a type of which a name has one"
			case typ == dns.TypeCNAME && (len(count) > 1 || name == m.zone):
				why = "a CNAME beside other records, which the provider resolves itself"
			}
			if why != "" {
				m.leave(l.record, why)
			}
			return why != ""
		})
	}
}

// delegations leaves out name servers of wildcards, and those in the zone that have no address in it: BIND refuses to load
// them.
func (m *master) delegations() {
	for name, lines := range m.lines {
		m.lines[name] = slices.DeleteFunc(lines, func(l line) bool {
			ns, ok := l.rr.(*dns.NS)
			if !ok {
				return false
			}
			if strings.HasPrefix(name, "*.") {
				m.leave(l.record, "a wildcard cannot be delegated")
				return true
			}
			server := providers.CanonicalName(ns.Ns)
			if !providers.InZone(server, m.zone) || m.hasAddress(server) {
				return false
			}
			m.leave(l.record, "a name server without an address in the zone")
			return true
		})
	}
}

func (m *master) hasAddress(name string) bool {
	return slices.ContainsFunc(m.lines[name], func(l line) bool {
		typ := l.rr.Header().Rrtype
		return typ == dns.TypeA || typ == dns.TypeAAAA
	})
}

var hostName = regexp.MustCompile(`^[0-9A-Za-z]([0-9A-Za-z-]*[0-9A-Za-z])?(\.[0-9A-Za-z]([0-9A-Za-z-]*[0-9A-Za-z])?)*$|^$`)

// hasOddNames reports whether a name that has, or is to have, an address is no host name (RFC 1123 section 2.1), which named
// refuses by default.
func (m *master) hasOddNames() bool {
	odd := func(name string) bool { return !hostName.MatchString(strings.TrimSuffix(name, ".")) }
	for name, lines := range m.lines {
		for _, l := range lines {
			switch rr := l.rr.(type) {
			case *dns.A, *dns.AAAA:
				if odd(strings.TrimPrefix(name, "*.")) {
					return true
				}
			case *dns.MX:
				if odd(strings.TrimPrefix(name, "*.")) || odd(rr.Mx) {
					return true
				}
			case *dns.NS:
				if odd(rr.Ns) {
					return true
				}
			case *dns.SRV:
				if odd(rr.Target) {
					return true
				}
			case *dns.SOA:
				if odd(rr.Ns) {
					return true
				}
			}
		}
	}
	return false
}

// shareTTLs sets the lowest TTL of the records of a set for all of them.
func (m *master) shareTTLs() {
	for _, lines := range m.lines {
		lowest := map[uint16]uint32{}
		for _, l := range lines {
			h := l.rr.Header()
			if ttl, ok := lowest[h.Rrtype]; !ok || h.Ttl < ttl {
				lowest[h.Rrtype] = h.Ttl
			}
		}
		for _, l := range lines {
			l.rr.Header().Ttl = lowest[l.rr.Header().Rrtype]
		}
	}
}

// names returns all names, the apex first and each after its parent, with the records of each in order.
func (m *master) names() []string {
	order := func(l line) int {
		return slices.Index([]uint16{dns.TypeSOA, dns.TypeNS}, l.rr.Header().Rrtype) & 3 // -1, any other type, comes last
	}
	for _, lines := range m.lines {
		slices.SortFunc(lines, func(a, b line) int {
			return cmp.Or(order(a)-order(b), cmp.Compare(a.rr.Header().Rrtype, b.rr.Header().Rrtype), cmp.Compare(a.rr.String(), b.rr.String()))
		})
	}
	reversed := func(name string) string {
		labels := providers.SplitName(name)
		slices.Reverse(labels)
		return strings.Join(labels, "\x00")
	}
	return slices.SortedFunc(maps.Keys(m.lines), func(a, b string) int { return cmp.Compare(reversed(a), reversed(b)) })
}

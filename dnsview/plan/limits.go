package plan

import (
	"fmt"

	"github.com/miekg/dns"

	"rollcall/dnsview/index"
	"rollcall/providers"
)

const (
	// The characters that the owner marker of a new value, and a host name with its marker, add to a batch.
	markerChars = providers.MarkerLimit + 2
	hostChars   = markerChars + 39
)

// Limits of an answer in bytes: over UDP without EDNS (RFC 1035 section 2.3.4), without fragmentation on common
// networks (DNS flag day 2020), and the most that servers commonly send over UDP.
const (
	wirePlain = 512
	wireEDNS  = 1232
	wireUDP   = 4096
	ednsBytes = 11 // the OPT record of an answer (RFC 6891 section 6.1.2)
)

// Fit is the size of a record set with one more value, compared with its limits.
type Fit struct {
	Values int    // in the set
	Wire   int    // bytes of an answer with all of them
	More   int    // how many more values of the same size fit
	Bound  string // what says so, as a sentence's end
}

// CheckRoom compares a record set that gets one more value with the limits of its provider and of the protocol. It
// returns an error if the value does not fit.
func CheckRoom(at *providers.Traits, set []*providers.Record, add *providers.Record) (Fit, error) {
	values := make([]string, 0, len(set)+1)
	chars := 0
	for i := range set {
		values = append(values, set[i].Value)
		chars += wireLength(set[i].Type, set[i].Value)
	}
	before := WireSize(add.Name, add.Type, values)
	values = append(values, add.Value)
	length := wireLength(add.Type, add.Value)
	f := Fit{Values: len(values), Wire: WireSize(add.Name, add.Type, values)}
	each := max(1, f.Wire-before)
	f.More = max(0, (index.MessageBytes-f.Wire)/each)
	f.Bound = fmt.Sprintf("an answer may have %d bytes", index.MessageBytes)
	over := ""
	if f.Wire > index.MessageBytes {
		over = fmt.Sprintf("an answer would have %d bytes, and %d is the most", f.Wire, index.MessageBytes)
	}
	if limits := at.Sets; limits != nil {
		least := func(more int, bound, why string) {
			if more < 0 && over == "" {
				over = why
			}
			if more < f.More {
				f.More, f.Bound = max(0, more), bound
			}
		}
		least(limits.Values-len(values), fmt.Sprintf("a record set of %s holds %d values", at.Title, limits.Values),
			fmt.Sprintf("it has %d values, and %d is the most of a record set of %s", len(set), limits.Values, at.Title))
		// The batch of the last join: the set without its value, the set with it, the marker and the host.
		room := limits.BatchChars - markerChars - hostChars - 2*chars - length
		more := -1
		if room >= 0 {
			more = room / (2 * length)
		}
		least(more, fmt.Sprintf("a batch of %s takes %d characters, old and new values counted", at.Title, limits.BatchChars),
			fmt.Sprintf("its %d values have %d characters, and a batch of %s takes %d with old and new values counted", len(set), chars, at.Title, limits.BatchChars))
		least((limits.BatchValues-4-2*len(set)-1)/2, fmt.Sprintf("a batch of %s takes %d values, old and new ones counted", at.Title, limits.BatchValues),
			fmt.Sprintf("it has %d values, and a batch of %s takes %d, old and new ones counted", len(set), at.Title, limits.BatchValues))
	}
	if over != "" {
		return f, overLimit("%s %s is full: %s; no more nodes fit", providers.Clean(add.Name), add.Type, over)
	}
	return f, nil
}

// wireLength returns the length of a value as a batch counts it, in which names end with a dot.
func wireLength(typ, value string) int {
	switch typ {
	case "SRV", "PTR", "CNAME", "NS", "MX":
		return len(value) + 1
	}
	return len(value)
}

// Notes returns what an operator should know of the size of the set.
func (f Fit) Notes(name, typ string) []string {
	var out []string
	what := providers.Clean(name) + " " + typ
	switch {
	case f.Wire > wireUDP:
		out = append(out, fmt.Sprintf("an answer for %s has %d bytes: over %d servers send it over TCP only, which some clients cannot", what, f.Wire, wireUDP))
	case f.Wire > wireEDNS:
		out = append(out, fmt.Sprintf("an answer for %s has %d bytes: over %d resolvers ask again over TCP", what, f.Wire, wireEDNS))
	case f.Wire > wirePlain:
		out = append(out, fmt.Sprintf("an answer for %s has %d bytes: over %d clients need EDNS or TCP", what, f.Wire, wirePlain))
	}
	if f.More <= f.Values/4 {
		out = append(out, fmt.Sprintf("%s has %d values, and %d more nodes fit: %s", what, f.Values, f.More, f.Bound))
	}
	return out
}

// WireSize returns the size in bytes of an answer with these values and an EDNS record, with names compressed as DNS
// allows. An answer that cannot be packed has the largest size.
func WireSize(name, typ string, values []string) int {
	m := new(dns.Msg)
	m.SetQuestion(dns.Fqdn(name), dns.StringToType[typ])
	m.Response, m.Compress = true, true
	for _, v := range values {
		if rr, err := dns.NewRR(dns.Fqdn(name) + " 0 IN " + typ + " " + v); err == nil {
			m.Answer = append(m.Answer, rr)
		}
	}
	n := m.Len()
	if n <= index.MessageBytes {
		b, err := m.Pack()
		if err != nil {
			return index.MessageBytes + 1
		}
		n = len(b)
	}
	return n + ednsBytes
}

package rfc2136

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/miekg/dns"

	"rollcall/providers"
	"rollcall/providers/recordset"
)

// zoneCopy is a zone as one transfer returned it. It is not changed.
type zoneCopy struct {
	zone     string
	soa      string // the SOA record
	servers  []string
	rows     []providers.Record // in the order of the transfer, without owners
	subjects map[string]recordset.Sets
}

// keptByServer are the types that a server that signs a zone makes by itself. They are not listed, as other providers do
// not list them. BIND notes in records of type 65534 how far its signing is ("sig-signing-type" in its manual).
var keptByServer = map[uint16]bool{dns.TypeRRSIG: true, dns.TypeNSEC: true, dns.TypeNSEC3: true, dns.TypeNSEC3PARAM: true, 65534: true}

// read returns the zone as it is now. A copy of an earlier transfer is returned again if the zone's SOA record has not
// changed since: its serial changes with every change of the zone (RFC 2136 section 3.7), and secondary servers rely on
// that too. With anew the zone is transferred all the same. heard is called after each message.
func (a *Account) read(ctx context.Context, zone, op string, anew bool, heard func()) (*zoneCopy, time.Duration, error) {
	select {
	case a.reading <- struct{}{}:
		defer func() { <-a.reading }()
	case <-ctx.Done():
		return nil, 0, &providers.Error{Kind: providers.KindUnreachable, Source: zone, Op: op, Err: context.Cause(ctx)}
	}
	var z *zoneCopy
	var skew time.Duration
	// A large zone takes longer than the tries of a call may: each of its messages has the time of an answer.
	err := a.tries.Retry(ctx, func(context.Context) error {
		c, err := a.connect(ctx, zone, op)
		if err != nil {
			return err
		}
		defer c.close()
		soa, err := c.soa()
		if err != nil {
			return err
		}
		z, skew = a.last, c.skew()
		if !anew && z != nil && z.zone == zone && z.soa == soa {
			return nil
		}
		z, err = c.transfer(heard)
		return err
	})
	if err != nil {
		return nil, 0, err
	}
	a.last = z
	return z, skew, nil
}

// soa asks for the zone's SOA record.
func (c *conn) soa() (string, error) {
	in, err := c.ask(new(dns.Msg).SetQuestion(dns.Fqdn(c.zone), dns.TypeSOA))
	if err != nil {
		return "", err
	}
	for _, rr := range in.Answer {
		if rr.Header().Rrtype == dns.TypeSOA && providers.SameName(rr.Header().Name, c.zone) {
			if !in.Authoritative {
				return "", c.fail(providers.KindAuth, "", fmt.Errorf("the name server %s is not the primary server of %s: name that one as server", c.a.server, c.zone))
			}
			return rr.String(), nil
		}
	}
	return "", c.fail(providers.KindNotFound, "", fmt.Errorf("the name server %s has no zone %s", c.a.server, c.zone))
}

// transfer reads the whole zone (AXFR). A transfer that does not end with the SOA record with which it began, or of which
// one message is not signed, is KindIncomplete.
func (c *conn) transfer(heard func()) (*zoneCopy, error) {
	request := new(dns.Msg).SetAxfr(dns.Fqdn(c.zone))
	mac, err := c.send(request)
	if err != nil {
		return nil, err
	}
	z := &zoneCopy{zone: c.zone, subjects: map[string]recordset.Sets{}}
	seen := map[providers.Identity]bool{}
	for first := true; ; first = false {
		var m *dns.Msg
		if m, mac, err = c.read(request, mac, !first); err != nil {
			return nil, err
		}
		fresh := false
		for i, rr := range m.Answer {
			soa := rr.Header().Rrtype == dns.TypeSOA
			switch {
			case z.soa == "" && !soa:
				return nil, c.fail(providers.KindIncomplete, "", errors.New("the transfer does not begin with the SOA record"))
			case z.soa == "":
				z.soa = rr.String()
			case soa && rr.String() != z.soa:
				return nil, c.fail(providers.KindIncomplete, "", errors.New("the SOA records at the begin and at the end of the transfer differ"))
			case soa && i < len(m.Answer)-1:
				return nil, c.fail(providers.KindIncomplete, "", errors.New("records stand behind the end of the transfer"))
			case soa:
				return z, nil
			}
			added, err := z.add(rr, seen)
			if err != nil {
				return nil, c.fail(providers.KindIncomplete, "", err)
			}
			fresh = fresh || added
		}
		if !fresh { // a server could go on like this without end
			return nil, c.fail(providers.KindIncomplete, "", errors.New("the transfer has a message without records, or with none that is new"))
		}
		heard()
	}
}

// add adds a record of a transfer. A record that comes twice counts once (RFC 5936 section 2.2): added is false for the
// second one.
func (z *zoneCopy) add(rr dns.RR, seen map[providers.Identity]bool) (added bool, err error) {
	h := rr.Header()
	r := providers.Record{Zone: z.zone, Name: providers.CanonicalName(h.Name), Type: dns.Type(h.Rrtype).String(), TTL: h.Ttl}
	if h.Class != dns.ClassINET || !providers.InZone(r.Name, z.zone) {
		return false, fmt.Errorf("the transfer has the record %s, which is not of this zone", providers.Brief(rr.String()))
	}
	if keptByServer[h.Rrtype] {
		return true, nil
	}
	r.Value = providers.SpellValue(r.Type, strings.TrimPrefix(rr.String(), h.String()))
	if seen[r.Identity()] {
		return false, nil
	}
	seen[r.Identity()] = true
	z.rows = append(z.rows, r)
	if r.Type == "NS" && r.Name == z.zone {
		z.servers = append(z.servers, providers.CanonicalName(r.Value))
	}
	subject := recordset.Subject(r.Name)
	if z.subjects[subject] == nil {
		z.subjects[subject] = recordset.Sets{}
	}
	k := recordset.Key{Name: r.Name, Type: r.Type}
	s := z.subjects[subject][k]
	if s == nil {
		s = &recordset.Set{Key: k, TTL: r.TTL, Native: []dns.RR(nil)}
		z.subjects[subject][k] = s
	}
	s.Values, s.Native = append(s.Values, r.Value), append(s.Native.([]dns.RR), rr)
	return true, nil
}

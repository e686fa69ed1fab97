package rfc2136_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/miekg/dns"

	"rollcall/providers"
	"rollcall/providers/providertest"
	"rollcall/providers/rfc2136"
)

// message is one message of a transfer as a broken server sends it, or its answer to an update if rcode is set.
type message struct {
	rcode    int
	after    time.Duration // when it is sent
	records  string        // in the form of a master file, with $SOA for the SOA record
	unsigned bool
	forged   bool // signed with another secret
	other    bool // an answer to another question
}

// timeout is how long an account waits for a message of such a server.
const timeout = 2 * time.Second

const soaRecord = "example.org. 300 IN SOA ns1.example.org. hostmaster.example.org. 7 3600 600 86400 300\n"

// fakeTransfer answers a question for the SOA record, and a transfer with the messages; then it hangs up.
func fakeTransfer(t *testing.T, messages ...message) *rfc2136.Account {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			serveTransfer(&dns.Conn{Conn: c}, messages)
			_ = c.Close()
		}
	}()
	wait := providertest.NewClock(time.Now()).Clock.Wait
	return rfc2136.New(rfc2136.Config{
		Zone: zoneName, Server: l.Addr().String(), Clock: providers.Clock{Wait: wait}, Timeout: timeout,
		Key: rfc2136.Key{Name: "update", Algorithm: dns.HmacSHA256, Secret: providertest.NamedSecret},
	})
}

func serveTransfer(c *dns.Conn, messages []message) {
	for {
		raw, err := c.ReadMsgHeader(nil)
		q := new(dns.Msg)
		if err != nil || q.Unpack(raw) != nil {
			return
		}
		if q.Opcode == dns.OpcodeUpdate {
			if last := messages[len(messages)-1]; last.rcode != 0 {
				send(c, q, q.IsTsig().MAC, false, last)
			}
			_, _ = c.ReadMsgHeader(nil) // no answer until the client goes
			return
		}
		mac := q.IsTsig().MAC
		if q.Question[0].Qtype == dns.TypeSOA {
			send(c, q, mac, false, message{records: "$SOA"})
			continue
		}
		for i, m := range messages {
			if m.rcode != 0 {
				return
			}
			time.Sleep(m.after)
			mac = send(c, q, mac, i > 0, m)
		}
		return
	}
}

func send(c *dns.Conn, q *dns.Msg, mac string, timersOnly bool, one message) string {
	m := new(dns.Msg).SetReply(q)
	m.Authoritative, m.Rcode = true, one.rcode
	p := dns.NewZoneParser(strings.NewReader(strings.ReplaceAll(one.records, "$SOA\n", soaRecord)), "example.org.", "")
	if one.records == "$SOA" {
		p = dns.NewZoneParser(strings.NewReader(soaRecord), "", "")
	}
	for rr, ok := p.Next(); ok; rr, ok = p.Next() {
		m.Answer = append(m.Answer, rr)
	}
	if one.other {
		m.Id++
	}
	key := providertest.NamedSecret
	if one.forged {
		key = "b3RoZXItb3RoZXItb3RoZXItb3RoZXItb3RoZXItb3Q="
	}
	var b []byte
	if one.unsigned {
		b, _ = m.Pack()
	} else {
		ts := q.IsTsig()
		m.SetTsig(ts.Hdr.Name, ts.Algorithm, 300, int64(ts.TimeSigned))
		b, mac, _ = dns.TsigGenerate(m, key, mac, timersOnly)
	}
	_, _ = c.Conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(b))), b...))
	return mac
}

func TestATransferIsWholeOnlyIfItEndsAsItBeganAndIsSigned(t *testing.T) {
	first := message{records: "$SOA\n@ 300 IN NS ns1\nwww 60 IN A 192.0.2.1\n"}
	for what, c := range map[string]struct {
		messages []message
		kind     providers.Kind
		says     string
	}{
		"cut off":                           {[]message{first}, providers.KindUnreachable, "no answer"},
		"nothing":                           {nil, providers.KindUnreachable, "no answer"},
		"an empty message":                  {[]message{first, {}}, providers.KindIncomplete, "without records"},
		"a message that comes again":        {[]message{first, {records: "www 60 IN A 192.0.2.1\n"}, {records: "$SOA\n"}}, providers.KindIncomplete, "none that is new"},
		"no SOA record":                     {[]message{{records: "www 60 IN A 192.0.2.1\n"}}, providers.KindIncomplete, "does not begin with the SOA record"},
		"another serial at the end":         {[]message{first, {records: strings.Replace(soaRecord, " 7 ", " 8 ", 1)}}, providers.KindIncomplete, "differ"},
		"records behind the end":            {[]message{first, {records: "$SOA\nmail 60 IN A 192.0.2.2\n"}}, providers.KindIncomplete, "behind the end"},
		"a message without signature":       {[]message{first, {records: "$SOA\n", unsigned: true}}, providers.KindIncomplete, "not signed"},
		"a message that another key signed": {[]message{first, {records: "$SOA\n", forged: true}}, providers.KindIncomplete, "signature"},
		"an answer to another":              {[]message{{records: "$SOA\n$SOA\n", other: true}}, providers.KindIncomplete, "another question"},
		"a record of another zone":          {[]message{first, {records: "www.example.net. 60 IN A 192.0.2.1\n$SOA\n"}}, providers.KindIncomplete, "not of this zone"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			a := fakeTransfer(t, c.messages...)
			z := providers.Zone{Name: zoneName, ID: zoneName}
			cov := a.Records(t.Context(), z, func(page []providers.Record) {
				if len(page) > 0 {
					t.Errorf("%d rows", len(page))
				}
			})
			if cov.State != providers.CoverageFailed || providers.KindOf(cov.Err) != c.kind || !strings.Contains(cov.Err.Error(), c.says) {
				t.Errorf("coverage %+v", cov)
			}
			if rows, err := a.Lookup(t.Context(), z, "www."+zoneName, ""); providers.KindOf(err) != c.kind {
				t.Errorf("lookup: %v, %v", rows, err)
			}
		})
	}
}

func TestATransferInSeveralMessagesListsEachValueOnceAndNotTheSignatures(t *testing.T) {
	a := fakeTransfer(t,
		message{records: "$SOA\n@ 300 IN NS ns1\nwww 60 IN A 192.0.2.1\nwww 60 IN RRSIG A 13 3 60 20300101000000 20200101000000 1 example.org. AAAA\n"},
		message{records: "www 60 IN A 192.0.2.1\nwww 60 IN NSEC example.org. A\nwww 60 IN A 192.0.2.2\n"}, message{records: "$SOA\n"})
	var got []string
	cov := a.Records(context.Background(), providers.Zone{Name: zoneName}, func(page []providers.Record) {
		for _, r := range page {
			got = append(got, r.Type+" "+r.Value)
		}
	})
	want := "SOA ns1.example.org. hostmaster.example.org. 7 3600 600 86400 300, NS ns1.example.org, A 192.0.2.1, A 192.0.2.2"
	if s := strings.Join(got, ", "); s != want || !cov.Complete() || cov.Rows != 4 {
		t.Errorf("%s\n%+v", s, cov)
	}
}

func TestATransferMayTakeAsLongAsItsMessagesCome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		messages := []message{{records: "$SOA\n@ 300 IN NS ns1\n"}}
		for i := range 10 {
			messages = append(messages, message{after: 10 * time.Second, records: fmt.Sprintf("www 60 IN A 192.0.2.%d\n", i)})
		}
		messages = append(messages, message{records: "$SOA\n"})
		a := rfc2136.New(rfc2136.Config{
			Zone: zoneName, Server: "ns.example.org", Key: rfc2136.Key{Name: "update", Algorithm: dns.HmacSHA256, Secret: providertest.NamedSecret},
			Dial: func(context.Context, string, string) (net.Conn, error) {
				client, server := net.Pipe()
				go func() {
					defer server.Close()
					serveTransfer(&dns.Conn{Conn: server}, messages)
				}()
				return client, nil
			},
		})
		if cov := a.Records(t.Context(), providers.Zone{Name: zoneName}, func([]providers.Record) {}); !cov.Complete() || cov.Rows != 12 {
			t.Errorf("coverage %+v", cov)
		}
	})
}

func TestOnlyASignedRefusalSaysThatAnUpdateWasNotMade(t *testing.T) {
	z := providers.Zone{Name: zoneName, ID: zoneName}
	whole := message{records: "$SOA\n@ 300 IN NS ns1\nwww 60 IN A 192.0.2.1\n$SOA\n"}
	for what, c := range map[string]struct {
		answer message
		kind   providers.Kind
	}{
		"refused":                                             {message{rcode: dns.RcodeRefused}, providers.KindAuth},
		"refused by who does not sign":                        {message{rcode: dns.RcodeRefused, unsigned: true}, providers.KindUncertain},
		"refused by who has another key":                      {message{rcode: dns.RcodeRefused, forged: true}, providers.KindUncertain},
		"a failure of a server that may have forwarded it":    {message{rcode: dns.RcodeServerFailure}, providers.KindUncertain},
		"a zone that is not the server's, by who cannot sign": {message{rcode: dns.RcodeNotAuth, unsigned: true}, providers.KindAuth},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			a := fakeTransfer(t, whole, c.answer)
			wantKind(t, a.Apply(t.Context(), z, []providers.Change{remove(rec("www", "A", "192.0.2.1"))})[0], c.kind, "")
		})
	}
}

func TestAServerThatDoesNotAnswerIsUnreachableAndItsUpdateUncertain(t *testing.T) {
	z := providers.Zone{Name: zoneName, ID: zoneName}
	whole := message{records: "$SOA\n@ 300 IN NS ns1\nwww 60 IN A 192.0.2.1\n$SOA\n"}
	a := fakeTransfer(t, whole)
	wantKind(t, a.Apply(t.Context(), z, []providers.Change{remove(rec("www", "A", "192.0.2.1"))})[0], providers.KindUncertain, "i/o timeout")

	l, err := net.Listen("tcp", "127.0.0.1:0") // it accepts connections, and no more
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	key := rfc2136.Key{Name: "update", Algorithm: dns.HmacSHA256, Secret: providertest.NamedSecret}
	cfg := rfc2136.Config{Zone: zoneName, Server: l.Addr().String(), Key: key, Timeout: timeout, Clock: providers.Clock{Wait: providertest.NewClock(time.Now()).Clock.Wait}}
	if cov := rfc2136.New(cfg).Records(t.Context(), z, func([]providers.Record) {}); cov.Complete() || providers.KindOf(cov.Err) != providers.KindUnreachable {
		t.Errorf("coverage %+v", cov)
	}
	cfg.Timeout = time.Hour
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	began := time.Now()
	if cov := rfc2136.New(cfg).Records(ctx, z, func([]providers.Record) {}); cov.Complete() || providers.KindOf(cov.Err) != providers.KindUnreachable || time.Since(began) > 10*time.Second {
		t.Errorf("after %s: coverage %+v", time.Since(began), cov)
	}
}

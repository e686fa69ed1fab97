package wire

import (
	"context"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/miekg/dns"
)

// served passes the zone's SOA and misbehaves for names, so that it is the name that is judged.
func served(t *testing.T, odd func(q *dns.Msg, tcp bool) [][]byte) func(q *dns.Msg, tcp bool) [][]byte {
	t.Helper()
	ok := authority(t, testZone)
	return func(q *dns.Msg, tcp bool) [][]byte {
		if q.Question[0].Qtype != dns.TypeSOA {
			return odd(q, tcp)
		}
		m := new(dns.Msg)
		m.SetReply(q)
		ok(m, tcp)
		return packed(m)
	}
}

func answering(q *dns.Msg, f func(m *dns.Msg)) [][]byte {
	m := new(dns.Msg)
	m.SetReply(q)
	m.Authoritative = true
	f(m)
	return packed(m)
}

func rcode(code int) func(q *dns.Msg, tcp bool) [][]byte {
	return func(q *dns.Msg, _ bool) [][]byte { return answering(q, func(m *dns.Msg) { m.Rcode = code }) }
}

func TestEveryOddReplyIsAStateAndNoneIsACrash(t *testing.T) {
	right := rr(t, newWWW)
	for _, c := range []struct {
		name    string
		odd     func(q *dns.Msg, tcp bool) [][]byte
		outcome Outcome
		state   State
		words   string
	}{
		{"SERVFAIL", rcode(dns.RcodeServerFailure), ServFail, Broken, "SERVFAIL"},
		{"REFUSED", rcode(dns.RcodeRefused), Refused, Broken, "REFUSED"},
		{"NOTIMP", rcode(dns.RcodeNotImplemented), NotImpl, Broken, "NOTIMP"},
		{"FORMERR", rcode(dns.RcodeFormatError), NotImpl, Broken, "FORMERR"},
		{"NOTAUTH", rcode(dns.RcodeNotAuth), NoAuth, Lame, "NOTAUTH"},
		{"an error code that nobody knows", rcode(14), NotImpl, Broken, "unknown error code"},
		{"silence", func(*dns.Msg, bool) [][]byte { return nil }, Timeout, Unreachable, "no reply"},
		{"another id", func(q *dns.Msg, _ bool) [][]byte {
			return answering(q, func(m *dns.Msg) { m.Id++; m.Answer = []dns.RR{right} })
		}, WrongReply, Broken, "something else"},
		{"another question", func(q *dns.Msg, _ bool) [][]byte {
			return answering(q, func(m *dns.Msg) { m.Question[0].Name = "other.example.com."; m.Answer = []dns.RR{right} })
		}, WrongReply, Broken, "something else"},
		{"a query sent back", func(q *dns.Msg, _ bool) [][]byte { return packed(q) }, WrongReply, Broken, "something else"},
		{"no DNS message", func(q *dns.Msg, _ bool) [][]byte { return [][]byte{{byte(q.Id >> 8), byte(q.Id), 1, 2, 3}} }, Garbled, Broken, "no DNS messages"},
		{"a message that ends in the middle", func(q *dns.Msg, _ bool) [][]byte {
			b := answering(q, func(m *dns.Msg) { m.Answer = []dns.RR{right} })[0]
			return [][]byte{b[:len(b)-3]}
		}, Garbled, Broken, "no DNS messages"},
		{"a pointer to itself", func(q *dns.Msg, _ bool) [][]byte {
			return [][]byte{{byte(q.Id >> 8), byte(q.Id), 0x84, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xc0, 12, 0, 1, 0, 1}}
		}, Garbled, Broken, "no DNS messages"},
		{"an empty datagram", func(*dns.Msg, bool) [][]byte { return [][]byte{{}} }, Garbled, Broken, "no DNS messages"},
		{"cut short over TCP too", func(q *dns.Msg, _ bool) [][]byte {
			return answering(q, func(m *dns.Msg) { m.Truncated = true })
		}, Truncated, Broken, "cut short"},
		{"a loop of aliases", func(q *dns.Msg, _ bool) [][]byte {
			return answering(q, func(m *dns.Msg) {
				m.Answer = []dns.RR{rr(t, "www.example.com. 60 IN CNAME a.example.com."), rr(t, "a.example.com. 60 IN CNAME WWW.example.com.")}
			})
		}, Loop, Broken, "lead back to www.example.com"},
		{"an alias of itself", func(q *dns.Msg, _ bool) [][]byte {
			return answering(q, func(m *dns.Msg) { m.Answer = []dns.RR{rr(t, "www.example.com. 60 IN CNAME www.example.com.")} })
		}, Loop, Broken, "lead back"},
		{"no authority", func(q *dns.Msg, _ bool) [][]byte {
			return answering(q, func(m *dns.Msg) { m.Authoritative = false; m.Answer = []dns.RR{right} })
		}, NoAuth, Lame, "without authority"},
		{"the parent's answer", func(q *dns.Msg, _ bool) [][]byte {
			return answering(q, func(m *dns.Msg) { m.Rcode = dns.RcodeNameError; m.Ns = []dns.RR{rr(t, soaText("com"))} })
		}, OtherZone, Lame, "it answers for com"},
		{"another zone's answer", func(q *dns.Msg, _ bool) [][]byte {
			return answering(q, func(m *dns.Msg) { m.Ns = []dns.RR{rr(t, soaText("example.net"))} })
		}, OtherZone, Lame, "it answers for example.net"},
		{"a referral to the root", func(q *dns.Msg, _ bool) [][]byte {
			return answering(q, func(m *dns.Msg) { m.Authoritative = false; m.Ns = []dns.RR{rr(t, ". 60 IN NS a.root-servers.net.")} })
		}, OtherZone, Lame, "it refers to ."},
		{"a referral to the zone itself", func(q *dns.Msg, _ bool) [][]byte {
			return answering(q, func(m *dns.Msg) {
				m.Authoritative = false
				m.Ns = []dns.RR{rr(t, "example.com. 60 IN NS ns.example.net.")}
			})
		}, NoAuth, Lame, "it refers to others for example.com"},
		{"values of another name", func(q *dns.Msg, _ bool) [][]byte {
			return answering(q, func(m *dns.Msg) { m.Answer = []dns.RR{rr(t, "other.example.com. 60 IN A 192.0.2.2")} })
		}, NoData, Propagating, "nothing"},
		{"control characters in what it says", func(q *dns.Msg, _ bool) [][]byte {
			return answering(q, func(m *dns.Msg) { m.Answer = []dns.RR{rr(t, `www.example.com. 60 IN CNAME \027[31m.example.com.`)} })
		}, NoData, Propagating, "alias of"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				z, got := piped(t, pipes(t, true, served(t, c.odd)), www("192.0.2.2"))
				r := got["www.example.com/A"]
				wantState(t, r, c.state, c.words)
				if z.State != ZoneInSync || len(r.Answers) != 1 || r.Answers[0].Outcome != c.outcome || r.Answers[0].Agrees || r.Agree != 0 {
					t.Errorf("zone %s, answers %+v", z.State, r.Answers)
				}
				if strings.ContainsRune(r.Reason, 27) {
					t.Errorf("%q", r.Reason)
				}
			})
		})
	}
}

func TestAServerThatFailsForTheZoneIsNotAskedForItsNames(t *testing.T) {
	for _, c := range []struct {
		name  string
		f     func(q *dns.Msg, tcp bool) [][]byte
		zone  ZoneState
		state State
	}{
		{"REFUSED", rcode(dns.RcodeRefused), ZoneLame, Lame},
		{"no authority", func(q *dns.Msg, _ bool) [][]byte {
			return answering(q, func(m *dns.Msg) { m.Authoritative = false; m.Answer = []dns.RR{rr(t, soaText(testZone))} })
		}, ZoneLame, Lame},
		{"it does not know the zone", rcode(dns.RcodeNameError), ZoneLame, Lame},
		{"SERVFAIL", rcode(dns.RcodeServerFailure), ZoneBroken, Broken},
		{"silence", func(*dns.Msg, bool) [][]byte { return nil }, ZoneUnreachable, Unreachable},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var names atomic.Int64
				bad := pipes(t, true, func(q *dns.Msg, tcp bool) [][]byte {
					if q.Question[0].Qtype != dns.TypeSOA {
						names.Add(1)
					}
					return c.f(q, tcp)
				})
				z, got := piped(t, bad, www("192.0.2.2"), Question{Name: "b.example.com", Type: "A"})
				wantState(t, got["www.example.com/A"], c.state)
				wantState(t, got["b.example.com/A"], c.state)
				if z.State != c.zone || names.Load() != 0 {
					t.Errorf("%s (%s), %d names asked", z.State, z.Reason, names.Load())
				}
				ok := authority(t, testZone, newWWW)
				good := pipes(t, true, func(q *dns.Msg, tcp bool) [][]byte { return answering(q, func(m *dns.Msg) { ok(m, tcp) }) })
				servers := map[string][]string{testZone: {"192.0.2.1:53", "192.0.2.2:53"}}
				dial := func(ctx context.Context, network, addr string) (net.Conn, error) {
					if addr == "192.0.2.1:53" {
						return good(ctx, network, addr)
					}
					return bad(ctx, network, addr)
				}
				z, got = check(t, New(Options{Servers: servers, Dial: dial}), zone, www("192.0.2.2"))
				wantState(t, got["www.example.com/A"], InSync, "192.0.2.2:53")
				if z.State != ZonePartial || len(z.Problems) != 1 {
					t.Errorf("%+v", z)
				}
			})
		})
	}
}

func TestAReplyThatComesAfterAForgedOneIsTheOneThatCounts(t *testing.T) {
	a := raw(t, "127.0.0.1", true, served(t, func(q *dns.Msg, _ bool) [][]byte {
		forged := answering(q, func(m *dns.Msg) { m.Id += 7; m.Answer = []dns.RR{rr(t, oldWWW)} })
		return append(forged, answering(q, func(m *dns.Msg) { m.Answer = []dns.RR{rr(t, newWWW)} })...)
	}))
	_, got := between(t, nil, []string{a}, www("192.0.2.2"))
	wantState(t, got["www.example.com/A"], InSync)
}

func TestALostDatagramIsSentAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n atomic.Int64
		dial := pipes(t, false, func(q *dns.Msg, _ bool) [][]byte {
			if n.Add(1)%2 == 1 {
				return nil
			}
			return answering(q, func(m *dns.Msg) { authority(t, testZone, newWWW)(m, false) })
		})
		_, got := piped(t, dial, www("192.0.2.2"))
		wantState(t, got["www.example.com/A"], InSync)
	})
}

func TestAServerThatRepliesOverTCPOnlyIsAskedOverTCP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ok := authority(t, testZone, newWWW)
		dial := pipes(t, true, func(q *dns.Msg, tcp bool) [][]byte {
			if !tcp {
				return nil
			}
			return answering(q, func(m *dns.Msg) { ok(m, tcp) })
		})
		_, got := piped(t, dial, www("192.0.2.2"))
		r := got["www.example.com/A"]
		wantState(t, r, InSync)
		if !r.Answers[0].TCP {
			t.Errorf("%+v", r.Answers)
		}
	})
}

func TestACutReplyWhoseTCPPortIsClosedIsTruncated(t *testing.T) {
	ok := authority(t, testZone)
	a := raw(t, "127.0.0.1", false, func(q *dns.Msg, tcp bool) [][]byte {
		return answering(q, func(m *dns.Msg) {
			ok(m, tcp)
			m.Truncated = q.Question[0].Qtype != dns.TypeSOA
		})
	})
	_, got := between(t, nil, []string{a}, www("192.0.2.2"))
	wantState(t, got["www.example.com/A"], Broken, "cut short", "closed")
}

func TestAServerThatDoesNotKnowEDNSIsAskedWithoutIt(t *testing.T) {
	ok := authority(t, testZone, newWWW)
	var with, without atomic.Int64
	a := raw(t, "127.0.0.1", true, func(q *dns.Msg, tcp bool) [][]byte {
		if q.IsEdns0() != nil {
			with.Add(1)
			return answering(q, func(m *dns.Msg) { m.Rcode = dns.RcodeFormatError })
		}
		without.Add(1)
		return answering(q, func(m *dns.Msg) { ok(m, tcp) })
	})
	_, got := between(t, nil, []string{a}, www("192.0.2.2"))
	r := got["www.example.com/A"]
	wantState(t, r, InSync)
	if r.Answers[0].EDNS || with.Load() != 1 || without.Load() != 2 {
		t.Errorf("%d with EDNS, %d without, %+v", with.Load(), without.Load(), r.Answers)
	}
}

package wire

import (
	"strings"
	"testing"
	"time"

	"rollcall/providers/providertest"

	"github.com/miekg/dns"
)

const (
	oldWWW = "www.example.com. 60 IN A 192.0.2.1"
	newWWW = "www.example.com. 60 IN A 192.0.2.2"
)

func TestServersAndResolversThatAgreeWithTheAPIAreInSync(t *testing.T) {
	a, b := serve(t, authority(t, testZone, newWWW)), serve(t, authority(t, testZone, newWWW))
	r := serve(t, cache(t, testZone, newWWW))
	z, got := between(t, []string{r}, []string{a, b}, www("192.0.2.2"))
	res := got["www.example.com/A"]
	wantState(t, res, InSync, "2 authoritative servers", "1 resolver")
	if z.State != ZoneInSync || res.Agree != 2 || res.Servers != 2 || len(res.Answers) != 3 {
		t.Errorf("%+v\n%+v", z, res)
	}
	if a := res.Answers[2]; !a.Server.Resolver || a.TTL != 60 || a.Expires() != a.At.Add(time.Minute) {
		t.Errorf("%+v", a)
	}
	if a := res.Answers[0]; a.TTL != 60 || !a.EDNS || a.TCP {
		t.Errorf("%+v", a)
	}
	if z.Servers[0].Serial != 7 {
		t.Errorf("serial %d", z.Servers[0].Serial)
	}
}

func TestServersThatAgreeWithEachOtherAndNotWithTheAPIArePropagating(t *testing.T) {
	a, b := serve(t, authority(t, testZone, oldWWW)), serve(t, authority(t, testZone, oldWWW))
	_, got := between(t, nil, []string{a, b}, www("192.0.2.2"))
	wantState(t, got["www.example.com/A"], Propagating, "192.0.2.1", "192.0.2.2")
}

func TestANameThatTheAPIHasAndNoServerKnowsIsPropagating(t *testing.T) {
	a := serve(t, authority(t, testZone))
	_, got := between(t, nil, []string{a}, www("192.0.2.2"))
	wantState(t, got["www.example.com/A"], Propagating, "no such name")
}

func TestARemovedNameIsInSyncOnceNoServerKnowsIt(t *testing.T) {
	a := serve(t, authority(t, testZone))
	_, got := between(t, nil, []string{a}, www())
	wantState(t, got["www.example.com/A"], InSync)
}

func TestServersThatDisagreeWithEachOtherAreSplit(t *testing.T) {
	a, b := serve(t, authority(t, testZone, oldWWW)), serve(t, authority(t, testZone, newWWW))
	_, got := between(t, nil, []string{a, b}, www("192.0.2.2"))
	res := got["www.example.com/A"]
	wantState(t, res, Split, "1 answers 192.0.2.1", "1 answers 192.0.2.2")
	if res.Agree != 1 || res.Servers != 2 {
		t.Errorf("%+v", res)
	}
}

func TestAResolverWithTheOldAnswerIsCachedUntilItsTTLIsOver(t *testing.T) {
	a := serve(t, authority(t, testZone, newWWW))
	r := serve(t, cache(t, testZone, "www.example.com. 41 IN A 192.0.2.1"))
	_, got := between(t, []string{r}, []string{a}, www("192.0.2.2"))
	res := got["www.example.com/A"]
	wantState(t, res, Cached, "192.0.2.1")
	at := res.Answers[1].At
	if res.Until != at.Add(41*time.Second) {
		t.Errorf("until %v, asked at %v", res.Until, at)
	}
}

func TestARemovedNameThatAResolverStillHandsOutIsCached(t *testing.T) {
	a := serve(t, authority(t, testZone))
	r := serve(t, cache(t, testZone, oldWWW))
	_, got := between(t, []string{r}, []string{a}, www())
	wantState(t, got["www.example.com/A"], Cached)
}

func TestAResolverThatRemembersThatThereIsNothingIsNegativeCached(t *testing.T) {
	a := serve(t, authority(t, testZone, newWWW))
	r := serve(t, cache(t, testZone))
	_, got := between(t, []string{r}, []string{a}, www("192.0.2.2"))
	res := got["www.example.com/A"]
	wantState(t, res, NegativeCached)
	if res.Until != res.Answers[1].At.Add(time.Minute) { // the SOA's last field
		t.Errorf("until %v", res.Until)
	}
}

func TestAResolverThatCannotResolveANameInSyncMakesItBroken(t *testing.T) {
	a := serve(t, authority(t, testZone, newWWW))
	ok := cache(t, testZone, newWWW)
	r := serve(t, func(m *dns.Msg, tcp bool) {
		if ok(m, tcp); m.Question[0].Qtype == dns.TypeA {
			m.Answer, m.Rcode = nil, dns.RcodeServerFailure
		}
	})
	_, got := between(t, []string{r}, []string{a}, www("192.0.2.2"))
	wantState(t, got["www.example.com/A"], Broken, "SERVFAIL")
}

func TestAResolverThatIsSilentOrRefusesUsDoesNotChangeTheState(t *testing.T) {
	a := serve(t, authority(t, testZone, newWWW))
	refuses := serve(t, func(m *dns.Msg, _ bool) { m.Rcode = dns.RcodeRefused })
	_, got := between(t, []string{refuses, "127.0.0.1:1"}, []string{a}, www("192.0.2.2"))
	wantState(t, got["www.example.com/A"], InSync, "REFUSED", "closed")
}

func TestAServerThatIsDownLeavesTheOthersWord(t *testing.T) {
	a := serve(t, authority(t, testZone, newWWW))
	z, got := between(t, nil, []string{a, "127.0.0.1:1"}, www("192.0.2.2"))
	res := got["www.example.com/A"]
	wantState(t, res, InSync, "127.0.0.1:1: the port is closed")
	if z.State != ZonePartial || res.Agree != 1 || res.Servers != 2 {
		t.Errorf("%+v\n%+v", z, res)
	}
}

func TestAZoneWithoutAServerThatRepliesIsUnreachable(t *testing.T) {
	z, got := between(t, nil, []string{"127.0.0.1:1"}, www("192.0.2.2"))
	wantState(t, got["www.example.com/A"], Unreachable, "closed")
	if z.State != ZoneUnreachable {
		t.Errorf("%+v", z)
	}
}

func TestAProxiedNameIsCheckedForResolvingOnly(t *testing.T) {
	a := serve(t, authority(t, testZone, "www.example.com. 300 IN A 104.16.132.229"))
	q := www("192.0.2.2")
	q.Mode = Resolves
	gone := Question{Name: "gone.example.com", Type: "A", Want: []string{"192.0.2.3"}, Mode: Resolves}
	_, got := between(t, nil, []string{a}, q, gone)
	wantState(t, got["www.example.com/A"], InSync, "resolves")
	wantState(t, got["gone.example.com/A"], Propagating)
}

func TestANameWithARoutingPolicyMayAnswerWithSomeOfItsValues(t *testing.T) {
	a, b := serve(t, authority(t, testZone, oldWWW)), serve(t, authority(t, testZone, newWWW))
	q := www("192.0.2.1", "192.0.2.2")
	q.Mode = AnyOf
	_, got := between(t, nil, []string{a, b}, q)
	wantState(t, got["www.example.com/A"], InSync)
	q.Want = []string{"192.0.2.2", "192.0.2.3"}
	_, got = between(t, nil, []string{a, b}, q)
	wantState(t, got["www.example.com/A"], Split)
}

func TestAnAliasIsComparedByItsTarget(t *testing.T) {
	a := serve(t, authority(t, testZone, "www.example.com. 60 IN CNAME Node-1.example.com.", "node-1.example.com. 60 IN A 192.0.2.1"))
	_, got := between(t, nil, []string{a}, Question{Name: "www.example.com", Type: "CNAME", Want: []string{"node-1.example.com"}})
	wantState(t, got["www.example.com/CNAME"], InSync)
	_, got = between(t, nil, []string{a}, www("192.0.2.1"))
	wantState(t, got["www.example.com/A"], Propagating, "alias of node-1.example.com")
}

func TestNamesWithSpacesAndDotsInALabelAreInSync(t *testing.T) {
	a := serve(t, authority(t, testZone,
		`_x._tcp.example.com. 60 IN PTR My\032Node\.1._x._tcp.example.com.`,
		`My\032Node\.1._x._tcp.example.com. 60 IN SRV 0 0 80 Node-1.example.com.`,
		"none._x._tcp.example.com. 60 IN SRV 0 0 0 ."))
	const name = `my\032node\.1._x._tcp.example.com`
	_, got := between(t, nil, []string{a},
		Question{Name: "_x._tcp.example.com", Type: "PTR", Want: []string{name}},
		Question{Name: name, Type: "SRV", Want: []string{"0 0 80 node-1.example.com"}},
		Question{Name: "none._x._tcp.example.com", Type: "SRV", Want: []string{"0 0 0 ."}})
	for k, r := range got {
		wantState(t, r, InSync)
		if k == "_x._tcp.example.com/PTR" && r.Answers[0].Values[0] != `My\032Node\.1._x._tcp.example.com` {
			t.Errorf("%q", r.Answers[0].Values)
		}
	}
}

func TestLongTextIsTheSameHoweverItIsCut(t *testing.T) {
	long := strings.Repeat("x", 300)
	a := serve(t, authority(t, testZone, `t.example.com. 60 IN TXT "`+long[:100]+`" "`+long[100:]+`"`))
	_, got := between(t, nil, []string{a}, Question{Name: "t.example.com", Type: "TXT", Want: []string{`"` + long + `"`}})
	wantState(t, got["t.example.com/TXT"], InSync)
}

func TestValuesOfRareTypesAreComparedByMeaning(t *testing.T) {
	a := serve(t, authority(t, testZone, `example.com. 60 IN CAA 0 issue "letsencrypt.org"`, "k.example.com. 60 IN SSHFP 4 2 ABCDEF0123"))
	_, got := between(t, nil, []string{a},
		Question{Name: "example.com", Type: "CAA", Want: []string{`0  issue  letsencrypt.org`}},
		Question{Name: "k.example.com", Type: "SSHFP", Want: []string{"4 2 abcdef0123"}})
	wantState(t, got["example.com/CAA"], InSync)
	wantState(t, got["k.example.com/SSHFP"], InSync)
}

func TestADelegationInsideTheZoneIsReadFromTheReferral(t *testing.T) {
	ok := authority(t, testZone)
	a := serve(t, func(m *dns.Msg, tcp bool) {
		if m.Question[0].Name == "example.com." {
			ok(m, tcp)
			return
		}
		m.Ns = []dns.RR{rr(t, "sub.example.com. 60 IN NS ns.other.net.")}
	})
	_, got := between(t, nil, []string{a},
		Question{Name: "sub.example.com", Type: "NS", Want: []string{"ns.other.net"}},
		Question{Name: "x.sub.example.com", Type: "A", Want: []string{"192.0.2.1"}})
	wantState(t, got["sub.example.com/NS"], InSync)
	wantState(t, got["x.sub.example.com/A"], Lame, "it refers to others for sub.example.com")
}

func TestSinceIsWhenTheStateWasSeenFirst(t *testing.T) {
	clk := providertest.NewClock(time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC))
	answer := oldWWW
	a := serve(t, func(m *dns.Msg, tcp bool) { authority(t, testZone, answer)(m, tcp) })
	c := New(fast(Options{Servers: map[string][]string{testZone: {a}}, Clock: clk.Clock}))
	first := clk.Now()
	for range 3 {
		_, got := check(t, c, zone, www("192.0.2.2"))
		if r := got["www.example.com/A"]; r.State != Propagating || r.Since != first || r.At != clk.Now() {
			t.Errorf("%s since %v at %v", r.State, r.Since, r.At)
		}
		clk.Advance(time.Minute)
	}
	_, got := check(t, c, zone, www("192.0.2.1"))
	if r := got["www.example.com/A"]; r.State != InSync || r.Since != clk.Now() {
		t.Errorf("%s since %v", r.State, r.Since)
	}
}

func TestWhatCannotBeAskedIsUncheckedAndSaysWhy(t *testing.T) {
	a := serve(t, authority(t, testZone))
	for _, q := range []Question{
		{Name: "www.example.com", Type: "NOPE"},
		{Name: "www.example.com", Type: "AXFR"},
		{Name: strings.Repeat("x", 70) + ".example.com", Type: "A"},
		{Name: "www.notexample.com", Type: "A"},
		{Name: "", Type: "A"},
	} {
		_, got := between(t, nil, []string{a}, q)
		if r := got[q.Name+"/"+q.Type]; r.State != Unchecked || r.Reason == "" {
			t.Errorf("%+v: %s %q", q, r.State, r.Reason)
		}
	}
	private := zone
	private.Private = true
	z, got := check(t, New(fast(Options{Servers: map[string][]string{testZone: {a}}})), private, www())
	if z.State != ZoneUnchecked {
		t.Errorf("%+v", z)
	}
	wantState(t, got["www.example.com/A"], Unchecked, "private")
}

func TestEachChangeHasATimeOfItsOwnToGetAbout(t *testing.T) {
	clk := providertest.NewClock(time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC))
	a := serve(t, func(m *dns.Msg, tcp bool) { authority(t, testZone, oldWWW)(m, tcp) })
	c := New(fast(Options{Servers: map[string][]string{testZone: {a}}, Clock: clk.Clock}))
	for _, want := range []string{"192.0.2.2", "192.0.2.3"} {
		first := clk.Now()
		for range 2 {
			_, got := check(t, c, zone, www(want))
			if r := got["www.example.com/A"]; r.State != Propagating || r.Since != first {
				t.Errorf("%s since %v, want %v", r.State, r.Since, first)
			}
			clk.Advance(time.Minute)
		}
	}
}

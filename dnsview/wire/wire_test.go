package wire

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"
)

func valuesOf(t *testing.T, name, typ string, f func(m *dns.Msg, tcp bool)) ([]string, error) {
	t.Helper()
	c := New(fast(Options{Servers: map[string][]string{testZone: {serve(t, f)}}}))
	return c.Values(context.Background(), zone, name, typ)
}

func TestAnAuthoritativeAnswerIsSpelledAsRollcallSpellsValues(t *testing.T) {
	got, err := valuesOf(t, "www.example.com", "SRV", func(m *dns.Msg, _ bool) {
		m.Authoritative = true
		m.Answer = []dns.RR{rr(t, "WWW.example.com. 60 IN SRV 10 5 80 Node-1.example.com."), rr(t, "other.example.com. 60 IN SRV 1 1 1 x.")}
	})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"10 5 80 Node-1.example.com"}, got); d != "" {
		t.Error(d)
	}
}

func TestAnAnswerWithoutAuthorityIsNotBelieved(t *testing.T) {
	got, err := valuesOf(t, "www.example.com", "A", func(m *dns.Msg, _ bool) { m.Answer = []dns.RR{rr(t, "www.example.com. 60 IN A 192.0.2.1")} })
	if err == nil || !strings.Contains(err.Error(), "without authority") {
		t.Errorf("%v, %v", got, err)
	}
}

func TestANameThatIsNotThereHasNoValues(t *testing.T) {
	got, err := valuesOf(t, "gone.example.com", "A", func(m *dns.Msg, _ bool) { m.Authoritative, m.Rcode = true, dns.RcodeNameError })
	if err != nil || len(got) != 0 {
		t.Errorf("%v, %v", got, err)
	}
}

func TestATruncatedAnswerIsAskedForAgainOverTCP(t *testing.T) {
	got, err := valuesOf(t, "www.example.com", "A", func(m *dns.Msg, tcp bool) {
		m.Authoritative, m.Truncated = true, !tcp
		if tcp {
			m.Answer = []dns.RR{rr(t, "www.example.com. 60 IN A 192.0.2.1")}
		}
	})
	if err != nil || len(got) != 1 {
		t.Errorf("%v, %v", got, err)
	}
}

func TestValuesAreWhatAnyServerStillAnswers(t *testing.T) {
	a := serve(t, authority(t, testZone, "www.example.com. 60 IN A 192.0.2.1"))
	b := serve(t, authority(t, testZone, "www.example.com. 60 IN A 192.0.2.1", "www.example.com. 60 IN A 192.0.2.2"))
	c := New(fast(Options{Servers: map[string][]string{testZone: {a, b, "127.0.0.1:1"}}}))
	got, err := c.Values(context.Background(), zone, "www.example.com", "A")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"192.0.2.1", "192.0.2.2"}, got); d != "" {
		t.Error(d)
	}
}

func TestAnAskerFindsTheServerThatAnswersWithAuthority(t *testing.T) {
	server := serve(t, authority(t, testZone, "example.com. 60 IN NS ns1.example.com.", "www.example.com. 60 IN A 192.0.2.1"))
	a := &Asker{Resolvers: []string{server}}
	got, err := a.Values(context.Background(), zone, "www.example.com", "A")
	if err != nil || len(got) != 1 {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := a.Values(context.Background(), zone, "www.example.com", "NOPE"); err == nil {
		t.Error("an unknown type is asked for")
	}
}

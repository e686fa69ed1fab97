package plan_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"rollcall/dnsview/dnssd"
	"rollcall/dnsview/plan"
	"rollcall/providers"
	"rollcall/providers/adapters"
)

// Where the sets of the tests stand.
var (
	atCloudflare = traitsOf(providers.Cloudflare)
	atRoute53    = traitsOf(providers.Route53)
)

func traitsOf(p providers.Provider) *providers.Traits { d := adapters.Declared(p); return &d.Traits }

func srvSet(n int, target string) []*providers.Record {
	var out []*providers.Record
	for i := range n {
		out = append(out, &providers.Record{Name: "v1._x._tcp.unilans.net", Type: "SRV", Value: fmt.Sprintf("10 10 4218 h%04d%s.unilans.net", i, target)})
	}
	return out
}

func TestTheFourHundredthValueFitsAndNoOtherAfterIt(t *testing.T) {
	add := &providers.Record{Name: "v1._x._tcp.unilans.net", Type: "SRV", Value: "10 10 4218 new.unilans.net"}
	f, err := plan.CheckRoom(atRoute53, srvSet(399, ""), add)
	if err != nil || f.Values != 400 || f.More != 0 {
		t.Errorf("the 400th: %+v, %v", f, err)
	}
	_, err = plan.CheckRoom(atRoute53, srvSet(400, ""), add)
	if r, ok := errors.AsType[*dnssd.Refusal](err); !ok || r.Kind != providers.KindLimit || !strings.Contains(err.Error(), "400 is the most") || !strings.Contains(err.Error(), "no more nodes fit") {
		t.Errorf("the 401st: %v", err)
	}
	if f, err = plan.CheckRoom(atRoute53, srvSet(300, ""), add); err != nil || f.More != 99 {
		t.Errorf("with 301 there is room for %d more, %v", f.More, err)
	}
	if f, err = plan.CheckRoom(atCloudflare, srvSet(400, ""), add); err != nil || f.More < 400 {
		t.Errorf("Cloudflare has no record sets: %+v, %v", f, err)
	}
}

func TestLongNamesFillABatchBeforeTheSetIsFull(t *testing.T) {
	long := strings.Repeat("x", 50)
	add := &providers.Record{Name: "v1._x._tcp.unilans.net", Type: "SRV", Value: "10 10 4218 h9999" + long + ".unilans.net"}
	f, err := plan.CheckRoom(atRoute53, srvSet(100, long), add)
	if err != nil {
		t.Fatal(err)
	}
	last := 101 + f.More
	if last >= 400 || !strings.Contains(f.Bound, "32000 characters") {
		t.Fatalf("%+v", f)
	}
	if _, err := plan.CheckRoom(atRoute53, srvSet(last-1, long), add); err != nil {
		t.Errorf("the %dth was promised: %v", last, err)
	}
	if _, err := plan.CheckRoom(atRoute53, srvSet(last, long), add); err == nil || !strings.Contains(err.Error(), "32000") {
		t.Errorf("the %dth: %v", last+1, err)
	}
}

func TestAnAnswerOverTheMostOfTCPIsRefused(t *testing.T) {
	long := strings.Repeat("x", 50)
	add := &providers.Record{Name: "v1._x._tcp.unilans.net", Type: "SRV", Value: "10 10 4218 h9999" + long + ".unilans.net"}
	f, err := plan.CheckRoom(atCloudflare, srvSet(100, long), add)
	if err != nil {
		t.Fatal(err)
	}
	last := 101 + f.More
	if f, err = plan.CheckRoom(atCloudflare, srvSet(last-1, long), add); err != nil || f.Wire > 65535 {
		t.Errorf("the %dth was promised: %+v, %v", last, f, err)
	}
	if _, err = plan.CheckRoom(atCloudflare, srvSet(last, long), add); err == nil || !strings.Contains(err.Error(), "65535 is the most") {
		t.Errorf("the %dth: %v", last+1, err)
	}
}

func TestTheSizeOfAnAnswerIsThatOnTheWire(t *testing.T) {
	// 12 of header, 4+n of question, 16+4 for a compressed A record, 11 of EDNS.
	if got, want := plan.WireSize("www.unilans.net", "A", []string{"192.0.2.1", "192.0.2.2"}), 12+17+4+2*16+11; got != want {
		t.Errorf("%d bytes, want %d", got, want)
	}
	for _, c := range []struct {
		n    int
		want string
	}{{2, ""}, {20, "over 512"}, {60, "over 1232"}, {150, "over 4096"}} {
		set := srvSet(c.n, "")
		f, err := plan.CheckRoom(atRoute53, set[1:], set[0])
		if err != nil {
			t.Fatal(err)
		}
		notes := strings.Join(f.Notes("v1._x._tcp.unilans.net", "SRV"), "; ")
		if c.want == "" && notes != "" || !strings.Contains(notes, c.want) {
			t.Errorf("%d values, %d bytes: %q, want %q", c.n, f.Wire, notes, c.want)
		}
	}
	set := srvSet(390, "")
	if f, _ := plan.CheckRoom(atRoute53, set[1:], set[0]); !strings.Contains(strings.Join(f.Notes("x", "SRV"), "; "), "10 more nodes fit") {
		t.Errorf("near the limit: %v", f.Notes("x", "SRV"))
	}
}

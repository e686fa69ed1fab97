package cloudflarefront

import (
	"strings"
	"testing"

	"rollcall/providers/sim/world"
)

func TestFaultsAreAnsweredAsTheAPIWould(t *testing.T) {
	s := newSite(t)
	fault := func(k world.FaultKind) {
		t.Helper()
		if err := s.w.SetFault(world.CloudflareZone, k); err != nil {
			t.Fatal(err)
		}
	}
	all, _ := s.list("?per_page=5000")
	fault(world.Throttle)
	if a := s.do("GET", s.records(""), nil, nil); a.status != 429 || a.code() != 971 || a.header.Get("Retry-After") != "5" || !strings.Contains(a.header.Get("Ratelimit"), "r=0") {
		t.Errorf("throttled: %d %v %v", a.status, a.Errors, a.header)
	}
	fault(world.ServerError)
	if a := s.do("GET", "/zones", nil, nil); a.status != 500 {
		t.Errorf("error: %d", a.status)
	}
	fault(world.AuthError)
	if a := s.do("GET", s.records(""), nil, nil); a.status != 403 || a.code() != 10000 {
		t.Errorf("auth: %d %v", a.status, a.Errors)
	}
	fault(world.ShortPage)
	if rows, i := s.list("?per_page=5000"); len(rows) != len(all)/2 || i.TotalCount != len(all) {
		t.Errorf("short: %d rows, %+v", len(rows), i)
	}
	fault(world.EmptyPage)
	if rows, i := s.list("?per_page=5000"); len(rows) != 0 || i.TotalCount != 0 {
		t.Errorf("empty: %d rows, %+v", len(rows), i)
	}
	fault(world.PageLoop)
	first, _ := s.list("?per_page=5")
	second, _ := s.list("?per_page=5&page=2")
	if first[0].ID != second[0].ID {
		t.Error("the second page is another one")
	}
	fault(world.WrongKey)
	var zones []object
	if s.do("GET", "/zones", nil, &zones); len(zones) != 0 {
		t.Errorf("another account has %d zones", len(zones))
	}
	fault(world.LostReply)
	if _, err := s.try("POST", s.records(""), object{"type": "A", "name": "lost", "content": "198.51.100.9"}); err == nil {
		t.Error("the reply was not lost")
	}
	fault(world.Stale)
	if rows, _ := s.list("?name=lost.scalability.expert"); len(rows) != 1 {
		t.Errorf("the write with the lost reply: %d rows", len(rows))
	}
	s.do("POST", s.records(""), object{"type": "A", "name": "late", "content": "198.51.100.9"}, nil)
	if rows, _ := s.list("?name=late.scalability.expert"); len(rows) != 0 {
		t.Errorf("a stale list shows the write: %v", rows)
	}
	fault(world.NoFault)
	if rows, _ := s.list("?name=late.scalability.expert"); len(rows) != 1 {
		t.Errorf("%d rows", len(rows))
	}
}

func TestTheTokenExpiresWhenTheSecondPageIsAskedFor(t *testing.T) {
	s := newSite(t)
	if err := s.w.SetFault(s.zone.Name, world.Expired); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ path, status any }{{"?per_page=5", 200}, {"?per_page=5&page=1", 200}, {"?per_page=5&page=2", 403}, {"?per_page=5", 403}} {
		if a := s.do("GET", s.records(c.path.(string)), nil, nil); a.status != c.status {
			t.Errorf("%s: %d %v", c.path, a.status, a.Errors)
		}
	}
}

func TestASecondWriterAddsARecordBesideEveryOtherWrite(t *testing.T) {
	s := newSite(t)
	if err := s.w.SetFault(s.zone.Name, world.SecondWriter); err != nil {
		t.Fatal(err)
	}
	held := func() int {
		rows, _ := s.list("?name=new.scalability.expert")
		return len(rows)
	}
	var made record
	s.do("POST", s.records(""), object{"type": "A", "name": "new", "content": "203.0.113.1"}, &made)
	if n := held(); n != 2 {
		t.Errorf("%d records after the first write", n)
	}
	s.do("PATCH", s.records("/"+made.ID), object{"comment": "c"}, nil)
	if n := held(); n != 2 {
		t.Errorf("%d records after the second write", n)
	}
	s.do("DELETE", s.records("/"+made.ID), nil, nil)
	if n := held(); n != 2 {
		t.Errorf("%d records after the third write, which took one away", n)
	}
}

func TestARecordThatARequestNamesByItsIDIsTakenOverJustBefore(t *testing.T) {
	s := newSite(t)
	var made record
	s.do("POST", s.records(""), object{"type": "A", "name": "old", "content": "203.0.113.1", "comment": "mine"}, &made)
	if err := s.w.SetFault(s.zone.Name, world.TakeOver); err != nil {
		t.Fatal(err)
	}
	var done struct {
		Deletes []struct{ ID, Comment string }
	}
	s.do("POST", s.records("/batch"), object{"deletes": []object{{"id": made.ID}}}, &done)
	if len(done.Deletes) != 1 || done.Deletes[0].ID != made.ID || done.Deletes[0].Comment != keptByHand {
		t.Errorf("the answer says %+v was deleted", done)
	}
}

package cloudflarefront

import (
	"testing"
	"time"

	"rollcall/providers/sim/world"
)

func TestAZoneIsMadeIsPendingUntilItIsDelegatedAndIsDeleted(t *testing.T) {
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	s := newSiteAt(t, func() time.Time { return now })
	type zone struct {
		ID, Name, Status string
		NameServers      []string `json:"name_servers"`
	}
	account := s.w.Credentials.CloudflareUser
	var z zone
	if a := s.do("POST", "/zones", object{"name": "Bücher.example", "account": object{"id": account}, "type": "full"}, &z); !a.Success || z.Name != "bücher.example" || z.Status != "pending" || len(z.NameServers) != 2 {
		t.Fatalf("%+v %+v", a.Errors, z)
	}
	for name, code := range map[string]int{"xn--bcher-kva.example": 1061, "": 1001, "nodots": 1001, "a b.example": 1001, "xn--zz--.example": 1001} {
		if a := s.do("POST", "/zones", object{"name": name}, nil); a.code() != code {
			t.Errorf("%q: %v, want %d", name, a.Errors, code)
		}
	}
	if a := s.do("POST", "/zones", object{"name": "other.example", "account": object{"id": "ffff"}}, nil); a.status != 403 {
		t.Errorf("for another account: %+v", a.Errors)
	}
	now = now.Add(world.DefaultDelays().Delegate)
	var list []zone
	// The API knows such a zone by its Unicode name only.
	if s.do("GET", "/zones?name=xn--bcher-kva.example", nil, &list); len(list) != 0 {
		t.Errorf("by its A-label: %+v", list)
	}
	if s.do("GET", "/zones?name=b%C3%BCcher.example", nil, &list); len(list) != 1 || list[0].Status != "active" {
		t.Errorf("once it is delegated: %+v", list)
	}
	if served, ok := s.w.ZoneOf("www.xn--bcher-kva.example"); !ok || served.ID != z.ID {
		t.Error("the name servers do not answer for it")
	}
	var gone struct{ ID string }
	if s.do("DELETE", "/zones/"+z.ID, nil, &gone); gone.ID != z.ID {
		t.Errorf("%+v", gone)
	}
	if a := s.do("GET", "/zones/"+z.ID+"/dns_records", nil, nil); a.status != 403 || a.code() != 9109 {
		t.Errorf("after it went: %d %+v", a.status, a.Errors)
	}
}

func TestRecordNamesAreAnsweredInALabelsHoweverTheyAreWritten(t *testing.T) {
	s := newSite(t)
	var r record
	if a := s.do("POST", s.records(""), object{"name": "Bücher", "type": "A", "content": "192.0.2.7"}, &r); !a.Success || r.Name != "xn--bcher-kva.scalability.expert" {
		t.Fatalf("%+v %+v", a.Errors, r)
	}
	if a := s.do("POST", s.records(""), object{"name": "xn--bcher-kva.scalability.expert", "type": "A", "content": "192.0.2.7"}, nil); a.code() != 81058 {
		t.Errorf("the same in A-labels: %+v", a.Errors)
	}
	// Filters take A-labels only.
	if rows, _ := s.list("?name=xn--bcher-kva.scalability.expert"); len(rows) != 1 {
		t.Errorf("by A-labels: %+v", rows)
	}
	if rows, _ := s.list("?name=b%C3%BCcher.scalability.expert"); len(rows) != 0 {
		t.Errorf("by Unicode: %+v", rows)
	}
	if a := s.do("POST", s.records(""), object{"name": "alias", "type": "CNAME", "content": "bücher.scalability.expert"}, &r); !a.Success || r.Content != "xn--bcher-kva.scalability.expert" {
		t.Errorf("as a target: %+v %+v", a.Errors, r)
	}
}

func TestTheContentOfALocationBeginsWithClassAndType(t *testing.T) {
	s := newSite(t)
	var r record
	data := object{
		"lat_degrees": 37, "lat_minutes": 46, "lat_seconds": 46, "lat_direction": "N", "long_degrees": 122, "long_minutes": 23, "long_seconds": 35, "long_direction": "W",
		"altitude": 0, "size": 100, "precision_horz": 0, "precision_vert": 0,
	}
	if a := s.do("POST", s.records(""), object{"type": "LOC", "name": "office", "data": data}, &r); !a.Success || r.Content != "IN LOC 37 46 46.000 N 122 23 35.000 W 0.00m 100.00m 0.00m 0.00m" {
		t.Errorf("%+v %q", a.Errors, r.Content)
	}
	sets, _ := s.zone.Served("office.scalability.expert")
	if v := sets["LOC"].Values; len(v) != 1 || v[0] != "37 46 46.000 N 122 23 35.000 W 0.00m 100.00m 0.00m 0.00m" {
		t.Errorf("served: %q", v)
	}
}

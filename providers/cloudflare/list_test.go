package cloudflare

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rollcall/providers"
	"rollcall/providers/budget"
)

func all(t *testing.T, a *Account) ([]providers.Record, providers.Coverage) {
	t.Helper()
	var rows []providers.Record
	cov := a.Records(t.Context(), zone(), func(p []providers.Record) { rows = append(rows, p...) })
	if cov.Rows != len(rows) {
		t.Errorf("coverage says %d rows, %d arrived", cov.Rows, len(rows))
	}
	return rows, cov
}

func TestARecordOfEveryTypeBecomesOneRow(t *testing.T) {
	o := owner("i-0ab")
	for name, tc := range map[string]struct {
		in   object
		want providers.Record
	}{
		"A":                          {object{"name": "WWW", "type": "A", "content": "54.1.2.3"}, providers.Record{Name: "www.example.com", Type: "A", TTL: 60, Value: "54.1.2.3"}},
		"AAAA":                       {object{"name": "www", "type": "AAAA", "content": "2001:DB8:0:0::1"}, providers.Record{Name: "www.example.com", Type: "AAAA", TTL: 60, Value: "2001:db8::1"}},
		"auto TTL":                   {object{"name": "www", "type": "A", "content": "54.1.2.3", "ttl": 1}, providers.Record{Name: "www.example.com", Type: "A", TTL: 300, AutoTTL: true, Value: "54.1.2.3"}},
		"proxied":                    {object{"name": "www", "type": "A", "content": "54.1.2.3", "ttl": 1, "proxied": true}, providers.Record{Name: "www.example.com", Type: "A", TTL: 300, AutoTTL: true, Proxied: true, Value: "54.1.2.3"}},
		"CNAME":                      {object{"name": "x", "type": "CNAME", "content": "www.example.com"}, providers.Record{Name: "x.example.com", Type: "CNAME", TTL: 60, Value: "www.example.com"}},
		"MX":                         {object{"name": "example.com", "type": "MX", "content": "mail.example.com", "priority": 10}, providers.Record{Name: "example.com", Type: "MX", TTL: 60, Value: "10 mail.example.com"}},
		"SRV":                        {object{"name": "v1._s._tcp", "type": "SRV", "data": object{"priority": 1, "weight": 5, "port": 4218, "target": "n1.example.com"}}, providers.Record{Name: "v1._s._tcp.example.com", Type: "SRV", TTL: 60, Value: "1 5 4218 n1.example.com"}},
		"SRV sans data":              {object{"name": "v1._s._tcp", "type": "SRV", "priority": 1, "content": "5\t4218\tn1.example.com"}, providers.Record{Name: "v1._s._tcp.example.com", Type: "SRV", TTL: 60, Value: "1 5 4218 n1.example.com"}},
		"TXT quoted":                 {object{"name": "t", "type": "TXT", "content": `"txtvers=1" "a=b"`}, providers.Record{Name: "t.example.com", Type: "TXT", TTL: 60, Value: `"txtvers=1" "a=b"`}},
		"TXT unquoted":               {object{"name": "t", "type": "TXT", "content": `v=spf1 -all`}, providers.Record{Name: "t.example.com", Type: "TXT", TTL: 60, Value: `"v=spf1 -all"`}},
		"CAA":                        {object{"name": "example.com", "type": "CAA", "content": `0 issue "ca.example"`}, providers.Record{Name: "example.com", Type: "CAA", TTL: 60, Value: `0 issue "ca.example"`}},
		"owned":                      {object{"name": "www", "type": "A", "content": "54.1.2.3", "comment": marker(t, o)}, providers.Record{Name: "www.example.com", Type: "A", TTL: 60, Value: "54.1.2.3", Comment: marker(t, o), Owners: []providers.Owner{o}}},
		"a person's comment":         {object{"name": "www", "type": "A", "content": "54.1.2.3", "comment": "rollcall is great"}, providers.Record{Name: "www.example.com", Type: "A", TTL: 60, Value: "54.1.2.3", Comment: "rollcall is great"}},
		"a bad marker":               {object{"name": "www", "type": "A", "content": "54.1.2.3", "comment": "rollcall1 x"}, providers.Record{Name: "www.example.com", Type: "A", TTL: 60, Value: "54.1.2.3", Comment: "rollcall1 x", BadMarkers: []string{"rollcall1 x"}}},
		"a marker for another value": {object{"name": "www", "type": "A", "content": "54.1.2.3", "comment": marker(t, o.For("A", "54.9.9.9"))}, providers.Record{Name: "www.example.com", Type: "A", TTL: 60, Value: "54.1.2.3", Comment: marker(t, o.For("A", "54.9.9.9")), BadMarkers: []string{marker(t, o.For("A", "54.9.9.9"))}}},
		"tags and settings":          {object{"name": "www", "type": "A", "content": "54.1.2.3", "tags": []string{"b:2", "a:1"}, "settings": object{"ipv4_only": true}}, providers.Record{Name: "www.example.com", Type: "A", TTL: 60, Value: "54.1.2.3", Policy: `{"settings":{"ipv4_only":true},"tags":["a:1","b:2"]}`}},
		"null tags, priority 0, a zero created_on": {object{"name": "www", "type": "A", "content": "54.1.2.3", "tags": nil, "settings": nil, "priority": 0, "created_on": "0001-01-01T00:00:00Z", "data": nil}, providers.Record{Name: "www.example.com", Type: "A", TTL: 60, Value: "54.1.2.3"}},
	} {
		f := newFake(t)
		tc.want.Zone, tc.want.ID = zoneName, f.add(tc.in)
		rows, cov := all(t, f.account())
		if !cov.Complete() || len(rows) != 1 {
			t.Errorf("%s: %d rows, %v", name, len(rows), cov.Err)
			continue
		}
		if rows[0].Modified.IsZero() {
			t.Errorf("%s: no time of change", name)
		}
		rows[0].Modified, rows[0].Raw = time.Time{}, "" // how it was spelled is for what comes back
		if d := cmp.Diff(tc.want, rows[0]); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestManyRecordsArriveInPages(t *testing.T) {
	f := newFake(t)
	f.perPage = 100
	for i := range 1234 {
		f.a("www", fmt.Sprintf("54.1.%d.%d", i/250, i%250))
	}
	rows, cov := all(t, f.account())
	if !cov.Complete() || len(rows) != 1234 || cov.Expected != 1234 {
		t.Fatalf("%d rows, %+v", len(rows), cov)
	}
	f.perPage, f.calls = 5000, nil
	if _, cov = all(t, f.account()); !cov.Complete() || len(f.calls) != 1 {
		t.Fatalf("%d calls for a page of 5,000: %v", len(f.calls), cov.Err)
	}
}

func TestAnEmptyZoneIsComplete(t *testing.T) {
	if rows, cov := all(t, newFake(t).account()); !cov.Complete() || len(rows) != 0 || cov.Expected != 0 {
		t.Fatalf("%+v", cov)
	}
}

func TestAShortOrRepeatedListIsNotComplete(t *testing.T) {
	for name, info := range map[string]func(page int, info object){
		"a total above the rows":        func(_ int, i object) { i["total_count"] = 99 },
		"a total below the rows":        func(_ int, i object) { i["total_count"] = 3 },
		"a count that is not the rows'": func(_ int, i object) { i["count"] = 1 },
		"another page's number":         func(p int, i object) { i["page"] = p + 1 },
		"no total":                      func(_ int, i object) { delete(i, "total_count") },
		"a total that changes":          func(p int, i object) { i["total_count"] = 12 + p },
	} {
		f := newFake(t)
		f.perPage = 5
		for i := range 12 {
			f.a("www", fmt.Sprintf("54.1.2.%d", i))
		}
		f.info = info
		_, cov := all(t, f.account())
		if cov.State != providers.CoveragePartial || providers.KindOf(cov.Err) != providers.KindIncomplete {
			t.Errorf("%s: %s %v", name, cov.State, cov.Err)
		}
	}
	for name, body := range map[string]string{
		"null":                      `{"success":true,"result":null,"result_info":{"page":1,"count":0,"total_count":0}}`,
		"no result_info":            `{"success":true,"result":[]}`,
		"no success":                `{"result":[],"result_info":{"page":1,"count":0,"total_count":0}}`,
		"JSON that breaks off":      `{"success":true,"result":[`,
		"a record outside the zone": `{"success":true,"result":[{"id":"1","name":"www.example.org","type":"A","content":"1.2.3.4"}],"result_info":{"page":1,"count":1,"total_count":1}}`,
		"a record without an id":    `{"success":true,"result":[{"name":"www.example.com","type":"A","content":"1.2.3.4"}],"result_info":{"page":1,"count":1,"total_count":1}}`,
		"an answer that is no JSON": `hello`,
	} {
		f := newFake(t)
		f.before = func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(body))
			return true
		}
		_, cov := all(t, f.account())
		if cov.Complete() || providers.KindOf(cov.Err) != providers.KindIncomplete {
			t.Errorf("%s: %s %v", name, cov.State, cov.Err)
		}
	}
}

func TestTheSamePageAgainIsALoopAndNotComplete(t *testing.T) {
	f := newFake(t)
	f.perPage = 5
	for i := range 12 {
		f.a("www", fmt.Sprintf("54.1.2.%d", i))
	}
	f.before = func(w http.ResponseWriter, r *http.Request) bool {
		q := r.URL.Query()
		asked, _ := strconv.Atoi(q.Get("page"))
		q.Set("page", "1")
		r.URL.RawQuery = q.Encode()
		f.mu.Lock()
		defer f.mu.Unlock()
		f.info = func(_ int, i object) { i["page"] = asked } // the server lies about it, too
		f.page(w, r, f.filter(r), f.perPage)
		return true
	}
	_, cov := all(t, f.account())
	if cov.State != providers.CoveragePartial || !strings.Contains(cov.Err.Error(), "repeat") {
		t.Fatalf("%s %v", cov.State, cov.Err)
	}
}

func TestAnErrorOfTheAPIIsClassified(t *testing.T) {
	for _, tc := range []struct {
		status int
		body   string
		want   providers.Kind
		code   string
	}{
		{403, `{"success":false,"errors":[{"code":10000,"message":"Authentication error"}]}`, providers.KindAuth, "10000"},
		{403, `{"success":false,"errors":[{"code":9109,"message":"Invalid access token"}]}`, providers.KindAuth, "9109"},
		{400, `{"success":false,"errors":[{"code":6003,"message":"Invalid request headers","error_chain":[{"code":6111,"message":"Invalid format for Authorization header"}]}]}`, providers.KindAuth, "6003"},
		{404, `{"success":false,"errors":[{"code":7003,"message":"Could not route"},{"code":7000,"message":"No route for that URI"}]}`, providers.KindNotFound, "7003"},
		{404, `not found`, providers.KindOther, "HTTP 404"},
		{429, `{"success":false,"errors":[{"code":971,"message":"Please wait and consider throttling your request speed"}]}`, providers.KindThrottled, "971"},
		{400, `{"success":false,"errors":[{"code":971,"message":"Please wait"}]}`, providers.KindThrottled, "971"},
		{429, `<html>`, providers.KindThrottled, "HTTP 429"},
		{502, `<html>`, providers.KindUnreachable, "HTTP 502"},
		{500, `{"success":false,"errors":[{"code":81044,"message":"lies"}]}`, providers.KindUnreachable, "81044"},
		{400, `{"success":false,"errors":[{"code":1004,"message":"DNS Validation Error"}]}`, providers.KindInvalid, "1004"},
		{400, `{"success":false,"errors":[{"code":9005,"message":"Content for A record is invalid"}]}`, providers.KindInvalid, "9005"},
		{400, `{"success":false,"errors":[{"code":81045,"message":"Record quota exceeded"}]}`, providers.KindLimit, "81045"},
		{400, `{"success":false,"errors":[{"code":81053,"message":"already exists"}]}`, providers.KindConflict, "81053"},
		{200, `{"success":false,"errors":[{"code":10000,"message":"Authentication error"}]}`, providers.KindAuth, "10000"},
		{302, ``, providers.KindOther, "HTTP 302"},
	} {
		f := newFake(t)
		f.before = func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(tc.status)
			_, _ = w.Write([]byte(tc.body))
			return true
		}
		_, err := f.account().Lookup(t.Context(), zone(), "www.example.com", "A")
		e, ok := err.(*providers.Error) //nolint:errorlint // the adapter's own type is what is promised
		if !ok || e.Kind != tc.want || e.Code != tc.code || e.Source != "cf" {
			t.Errorf("%d %s: %v, want %s (%s)", tc.status, tc.body, err, tc.want, tc.code)
		}
	}
}

func TestAThrottledReadIsTriedThreeTimesAndKeepsItsRetryAfter(t *testing.T) {
	f := newFake(t)
	var n atomic.Int32
	f.before = func(w http.ResponseWriter, _ *http.Request) bool {
		n.Add(1)
		failure(w, 429, 971, "slow down")
		return true
	}
	_, cov := all(t, f.account())
	if cov.State != providers.CoverageFailed || providers.KindOf(cov.Err) != providers.KindThrottled || n.Load() != 3 {
		t.Fatalf("%s after %d tries: %v", cov.State, n.Load(), cov.Err)
	}
	f.before = func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("Retry-After", "300")
		failure(w, 429, 971, "slow down")
		return true
	}
	b := budget.New("cf", 0, 1)
	_, cov = all(t, f.account(func(c *Config) { c.Budget = b }))
	if providers.RetryAfter(cov.Err) != 5*time.Minute || b.Left() != 0 {
		t.Fatalf("retry after %v, left %d", providers.RetryAfter(cov.Err), b.Left())
	}
}

func TestAReadThatFailsOnceIsComplete(t *testing.T) {
	f := newFake(t)
	f.a("www", "54.1.2.3")
	var n atomic.Int32
	f.before = func(w http.ResponseWriter, _ *http.Request) bool {
		if n.Add(1) > 1 {
			return false
		}
		w.WriteHeader(http.StatusBadGateway)
		return true
	}
	if rows, cov := all(t, f.account()); !cov.Complete() || len(rows) != 1 {
		t.Fatal(cov.Err)
	}
}

func TestALaterPageThatFailsMakesTheReadPartial(t *testing.T) {
	f := newFake(t)
	f.perPage = 5
	for i := range 12 {
		f.a("www", fmt.Sprintf("54.1.2.%d", i))
	}
	f.before = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Query().Get("page") != "2" {
			return false
		}
		w.WriteHeader(http.StatusInternalServerError)
		return true
	}
	rows, cov := all(t, f.account())
	if cov.State != providers.CoveragePartial || len(rows) != 5 || providers.KindOf(cov.Err) != providers.KindUnreachable {
		t.Fatalf("%d rows, %s %v", len(rows), cov.State, cov.Err)
	}
}

func TestZonesAreListedWithTheirNameServersAndState(t *testing.T) {
	f := newFake(t)
	for i := range 70 {
		f.zones = append(f.zones, object{"id": fmt.Sprintf("z%d", i), "name": fmt.Sprintf("Zone%d.org", i), "status": "pending"})
	}
	var got []providers.Zone
	cov := f.account().Zones(t.Context(), func(z []providers.Zone) { got = append(got, z...) })
	if !cov.Complete() || len(got) != 71 || f.called("GET /client/v4/zones?") != 3 { // two pages, and their border
		t.Fatalf("%d zones: %v", len(got), cov.Err)
	}
	want := providers.Zone{Name: zoneName, ID: zoneID, Provider: providers.Cloudflare, Traits: traits(), Account: "acc", NameServers: []string{"ada.ns.cloudflare.com", "lee.ns.cloudflare.com"}}
	if d := cmp.Diff(want, got[0]); d != "" {
		t.Fatal(d)
	}
	if got[1].Name != "zone0.org" || !got[1].Pending {
		t.Fatalf("%+v", got[1])
	}
}

func TestAZoneWithoutAnIDIsFoundByItsName(t *testing.T) {
	f := newFake(t)
	f.a("www", "54.1.2.3")
	a := f.account()
	if rows, err := a.Lookup(t.Context(), providers.Zone{Name: "EXAMPLE.com."}, "www.example.com", "A"); err != nil || len(rows) != 1 {
		t.Fatal(rows, err)
	}
	cov := a.Records(t.Context(), providers.Zone{Name: "nowhere.org"}, func([]providers.Record) {})
	if cov.State != providers.CoverageFailed || providers.KindOf(cov.Err) != providers.KindNotFound {
		t.Fatalf("%s %v", cov.State, cov.Err)
	}
}

func TestALookupGivesTheNameAndTypeAloneWithOwnersOfBothKinds(t *testing.T) {
	f := newFake(t)
	o, q := owner("i-0ab"), owner("i-0cd")
	q.Quiesced = true
	f.a("www", "54.1.2.3", object{"comment": marker(t, o)})
	f.a("www", "54.1.2.4")
	f.a("wwwx", "54.1.2.5")
	f.add(object{"name": "www", "type": "TXT", "content": "hello"})
	f.add(object{"name": "i-0cd._rollcall.www", "type": "TXT", "content": `"` + marker(t, q.For("A", "54.1.2.4")) + `"`})
	f.add(object{"name": "i-0cd._rollcall.other.www", "type": "TXT", "content": `"` + marker(t, q.For("A", "54.1.2.3")) + `"`})
	rows, err := f.account().Lookup(t.Context(), zone(), "WWW.example.com", "A")
	if err != nil || len(rows) != 2 {
		t.Fatal(rows, err)
	}
	if len(rows[0].Owners) != 1 || rows[0].Owners[0] != o {
		t.Errorf("comment: %+v", rows[0].Owners)
	}
	if len(rows[1].Owners) != 1 || !rows[1].Owners[0].Quiesced || rows[1].Owners[0].Instance != "i-0cd" {
		t.Errorf("TXT: %+v", rows[1].Owners)
	}
	if rows, err := f.account().Lookup(t.Context(), zone(), "www.example.com", ""); err != nil || len(rows) != 3 {
		t.Errorf("any type: %v %v", rows, err)
	}
	if rows, err := f.account().Lookup(t.Context(), zone(), "none.example.com", "A"); err != nil || len(rows) != 0 {
		t.Errorf("none: %v %v", rows, err)
	}
}

func TestAServerThatIgnoresTheFilterIsFilteredHere(t *testing.T) {
	f := newFake(t)
	f.a("www", "54.1.2.3")
	f.a("other", "54.1.2.4")
	f.before = func(_ http.ResponseWriter, r *http.Request) bool {
		q := r.URL.Query()
		q.Del("name.exact")
		q.Del("name.endswith")
		q.Del("type")
		r.URL.RawQuery = q.Encode()
		return false
	}
	rows, err := f.account().Lookup(t.Context(), zone(), "www.example.com", "A")
	if err != nil || len(rows) != 1 || rows[0].Value != "54.1.2.3" {
		t.Fatal(rows, err)
	}
}

func TestAMissingOrBrokenTokenIsOneClearLine(t *testing.T) {
	for _, tok := range []string{"", "  ", "a b", "a\nb", "tökén"} {
		_, err := New(Config{Token: tok, Env: providers.EnvironmentOf()})
		if providers.KindOf(err) != providers.KindAuth || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v", tok, err)
		}
	}
	if _, err := New(Config{Token: "x", BaseURL: "api.cloudflare.com", Env: providers.EnvironmentOf()}); providers.KindOf(err) != providers.KindInvalid {
		t.Errorf("base URL: %v", err)
	}
}

func TestTokenAndBaseURLComeFromTheEnvironment(t *testing.T) {
	f := newFake(t)
	f.a("www", "54.1.2.3")
	a, err := New(Config{Env: providers.EnvironmentOf("CLOUDFLARE_API_TOKEN="+testToken, "CLOUDFLARE_BASE_URL="+f.srv.URL+"/client/v4/")})
	if err != nil {
		t.Fatal(err)
	}
	if rows, cov := all(t, a); !cov.Complete() || len(rows) != 1 {
		t.Fatal(cov.Err)
	}
}

func TestAWrongTokenIsAnAuthError(t *testing.T) {
	f := newFake(t)
	f.a("www", "54.1.2.3")
	rows, cov := all(t, f.account(func(c *Config) { c.Token = "wrong" }))
	if cov.State != providers.CoverageFailed || len(rows) != 0 || providers.KindOf(cov.Err) != providers.KindAuth {
		t.Fatalf("%s %v", cov.State, cov.Err)
	}
}

func TestManyReadsOfOneAccountDoNotRace(t *testing.T) {
	f := newFake(t)
	for i := range 20 {
		f.a("www", fmt.Sprintf("54.1.2.%d", i))
	}
	a := f.account()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if cov := a.Records(t.Context(), zone(), func([]providers.Record) {}); !cov.Complete() {
				t.Error(cov.Err)
			}
		})
		wg.Go(func() {
			if _, err := a.Lookup(t.Context(), zone(), "www.example.com", "A"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

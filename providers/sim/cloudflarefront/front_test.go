package cloudflarefront

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"rollcall/providers"
	"rollcall/providers/sim/world"
)

type site struct {
	t     *testing.T
	w     *world.World
	zone  *world.Zone
	url   string
	token string
}

func newSite(t *testing.T) *site {
	t.Helper()
	return newSiteAt(t, nil)
}

func newSiteAt(t *testing.T, now func() time.Time) *site {
	t.Helper()
	w := world.New(world.Options{Seed: 1, Clock: providers.Clock{Time: now}})
	srv := httptest.NewServer(New(w))
	t.Cleanup(srv.Close)
	z, err := w.Zone(world.CloudflareZone)
	if err != nil {
		t.Fatal(err)
	}
	return &site{t: t, w: w, zone: z, url: srv.URL + prefix, token: w.Credentials.CloudflareToken}
}

type record struct {
	ID, Name, Type, Content, Comment string
	TTL                              int
	Proxied, Proxiable               bool
	Priority                         *int
	Data                             map[string]any
	Tags                             []string
}

type answer struct {
	Result  json.RawMessage
	Success bool
	Errors  []message
	Info    info `json:"result_info"`
	status  int
	header  http.Header
}

func (a answer) code() int {
	if len(a.Errors) == 0 {
		return 0
	}
	return a.Errors[0].Code
}

func (s *site) try(method, path string, in any) (answer, error) {
	s.t.Helper()
	var body io.Reader
	switch in := in.(type) {
	case nil:
	case string:
		body = strings.NewReader(in)
	default:
		b, err := json.Marshal(in)
		if err != nil {
			s.t.Fatal(err)
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, body)
	if err != nil {
		s.t.Fatal(err)
	}
	if s.token != "" {
		req.Header.Set("Authorization", "Bearer "+s.token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = res.Body.Close() }()
	a := answer{status: res.StatusCode, header: res.Header}
	return a, json.NewDecoder(res.Body).Decode(&a)
}

func (s *site) do(method, path string, in, out any) answer {
	s.t.Helper()
	a, err := s.try(method, path, in)
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	if a.Success != (a.status < 300) || a.Success != (len(a.Errors) == 0) {
		s.t.Errorf("%s %s: %d, success %v, errors %v", method, path, a.status, a.Success, a.Errors)
	}
	if out != nil && a.Success {
		if err := json.Unmarshal(a.Result, out); err != nil {
			s.t.Fatalf("%s %s: %v in %s", method, path, err, a.Result)
		}
	}
	return a
}

func (s *site) records(rest string) string { return "/zones/" + s.zone.ID + "/dns_records" + rest }

func (s *site) list(query string) ([]record, info) {
	s.t.Helper()
	var list []record
	a := s.do("GET", s.records(query), nil, &list)
	return list, a.Info
}

type object = map[string]any

func TestATokenIsVerifiedAndAWrongOneRefusedAsTheAPIDoes(t *testing.T) {
	s := newSite(t)
	var v struct{ Status string }
	if s.do("GET", "/user/tokens/verify", nil, &v); v.Status != "active" {
		t.Errorf("verify: %+v", v)
	}
	for _, c := range []struct {
		token, path  string
		status, code int
	}{
		{"wrong-token-of-the-right-form-0000000000", "/user/tokens/verify", 401, 1000},
		{"wrong-token-of-the-right-form-0000000000", "/zones", 403, 9109},
		{"wrong-token-of-the-right-form-0000000000", s.records(""), 403, 10000},
		{"short", "/zones", 400, 6003},
		{"", "/zones", 400, 9106},
	} {
		s.token = c.token
		a := s.do("GET", c.path, nil, nil)
		if a.status != c.status || a.code() != c.code {
			t.Errorf("%q on %s: %d %v, want %d %d", c.token, c.path, a.status, a.Errors, c.status, c.code)
		}
		if c.code == 6003 && (len(a.Errors[0].Chain) != 1 || a.Errors[0].Chain[0].Code != 6111) {
			t.Errorf("the chain of 6003: %+v", a.Errors)
		}
	}
}

func TestZonesAreListedByNameAndFoundByID(t *testing.T) {
	s := newSite(t)
	for query, want := range map[string]int{"": 1, "?name=scalability.expert": 1, "?name=unilans.net": 0, "?name=Scalability.Expert&status=active": 1, "?page=2": 0} {
		var zones []struct{ ID, Name string }
		a := s.do("GET", "/zones"+query, nil, &zones)
		if len(zones) != want || a.Info.PerPage != 20 {
			t.Errorf("%q: %d zones, %+v", query, len(zones), a.Info)
		}
	}
	var z struct {
		ID, Name    string
		NameServers []string `json:"name_servers"`
	}
	if s.do("GET", "/zones/"+s.zone.ID, nil, &z); z.Name != world.CloudflareZone || len(z.NameServers) != 2 {
		t.Errorf("%+v", z)
	}
	r53 := s.w.Zones(providers.Route53)[0].ID
	for path, want := range map[string]int{"/zones/" + strings.Repeat("0", 32): 9109, "/zones/scalability.expert": 7003, "/zones/" + r53: 7003, "/nowhere": 7003} {
		if a := s.do("GET", path, nil, nil); a.code() != want || a.Success {
			t.Errorf("%s: %d %v", path, a.status, a.Errors)
		}
	}
}

func TestPagesOfRecordsEndWithAnEmptyOne(t *testing.T) {
	s := newSite(t)
	all, i := s.list("?per_page=5000")
	if i.TotalCount != len(all) || i.TotalPages != 1 || len(all) < 20 {
		t.Fatalf("%d records, %+v", len(all), i)
	}
	seen := map[string]bool{}
	page := 1
	for ; ; page++ {
		rows, i := s.list(fmt.Sprintf("?per_page=7&page=%d", page))
		if i.Page != page || i.Count != len(rows) || i.TotalCount != len(all) {
			t.Fatalf("page %d: %+v", page, i)
		}
		if len(rows) == 0 {
			break
		}
		for _, r := range rows {
			seen[r.ID] = true
		}
	}
	if len(seen) != len(all) || page != (len(all)+6)/7+1 {
		t.Errorf("%d of %d records in %d pages", len(seen), len(all), page-1)
	}
}

func TestRecordsAreFilteredByEveryDocumentedField(t *testing.T) {
	s := newSite(t)
	all, _ := s.list("?per_page=5000")
	for query, keep := range map[string]func(record) bool{
		"type=MX":                              func(r record) bool { return r.Type == "MX" },
		"name=www.scalability.expert":          func(r record) bool { return r.Name == "www.scalability.expert" },
		"name.exact=WWW.scalability.expert":    func(r record) bool { return r.Name == "www.scalability.expert" },
		"name.startswith=bl&type=CNAME":        func(r record) bool { return r.Name == "blog.scalability.expert" },
		"content.exact=198.51.100.23":          func(r record) bool { return r.Content == "198.51.100.23" },
		"content=198.51.100.23":                func(r record) bool { return r.Content == "198.51.100.23" },
		"comment.contains=OLD+colo":            func(r record) bool { return strings.Contains(r.Comment, "old colo") },
		"comment.absent":                       func(r record) bool { return r.Comment == "" },
		"comment.present=true":                 func(r record) bool { return r.Comment != "" },
		"proxied=true":                         func(r record) bool { return r.Proxied },
		"type=MX&type=MX&proxied=true":         func(record) bool { return false },
		"match=any&type=MX&proxied=true":       func(r record) bool { return r.Type == "MX" || r.Proxied },
		"search=finance":                       func(r record) bool { return strings.Contains(r.Comment, "finance") },
		"content.endswith=.7&name.contains=ww": func(r record) bool { return strings.HasSuffix(r.Content, ".7") && strings.Contains(r.Name, "ww") },
	} {
		want := map[string]bool{}
		for _, r := range all {
			if keep(r) {
				want[r.ID] = true
			}
		}
		got, _ := s.list("?per_page=5000&" + query)
		for _, r := range got {
			if !want[r.ID] {
				t.Errorf("%s: %s %s should not be there", query, r.Name, r.Content)
			}
		}
		if len(got) != len(want) {
			t.Errorf("%s: %d records, want %d", query, len(got), len(want))
		}
	}
}

func TestARecordIsCreatedReadPatchedReplacedAndDeleted(t *testing.T) {
	s := newSite(t)
	var r record
	// What the sloppiest of clients sends along.
	a := s.do("POST", s.records(""), `{"type":"A","name":"web1","content":"198.51.100.1","ttl":120,"proxied":false,"comment":"by hand",
		"priority":0,"settings":{},"tags":null,"id":"","created_on":"0001-01-01T00:00:00Z","meta":{}}`, &r)
	if a.status != 200 || r.Name != "web1.scalability.expert" || r.TTL != 120 || r.Comment != "by hand" || r.Priority != nil || len(r.ID) != 32 || !r.Proxiable {
		t.Fatalf("%d %v %+v", a.status, a.Errors, r)
	}
	sets, _ := s.zone.Served("web1.scalability.expert")
	if v := sets["A"].Values; len(v) != 1 || v[0] != "198.51.100.1" {
		t.Errorf("served: %v", sets)
	}
	id := "/" + r.ID
	if s.do("PATCH", s.records(id), object{"content": "198.51.100.2"}, &r); r.Content != "198.51.100.2" || r.Comment != "by hand" || r.TTL != 120 {
		t.Errorf("patched: %+v", r)
	}
	r = record{}
	if s.do("PUT", s.records(id), object{"type": "A", "name": "@", "content": "198.51.100.3", "proxied": true, "ttl": 300}, &r); r.Name != world.CloudflareZone || r.Comment != "" || r.TTL != 1 || !r.Proxied {
		t.Errorf("replaced: %+v", r)
	}
	var gone struct{ ID string }
	if s.do("DELETE", s.records(id), nil, &gone); gone.ID != r.ID {
		t.Errorf("deleted: %+v", gone)
	}
	for _, m := range []string{"GET", "DELETE", "PATCH"} {
		if a := s.do(m, s.records(id), object{}, nil); a.status != 404 || a.code() != 81044 {
			t.Errorf("%s of a deleted record: %d %v", m, a.status, a.Errors)
		}
	}
}

func TestARecordWithDataIsMadeOfItsData(t *testing.T) {
	s := newSite(t)
	var r record
	s.do("POST", s.records(""), object{"type": "SRV", "name": "_sip._tcp", "ttl": 1, "data": object{"priority": 10, "weight": 5, "port": 5060, "target": "sip.example.net."}}, &r)
	if r.Content != "5 5060 sip.example.net" || r.Priority == nil || *r.Priority != 10 || r.Data["target"] != "sip.example.net" {
		t.Errorf("SRV: %+v", r)
	}
	sets, _ := s.zone.Served("_sip._tcp.scalability.expert")
	if v := sets["SRV"].Values; len(v) != 1 || v[0] != "10 5 5060 sip.example.net" {
		t.Errorf("served: %v", sets)
	}
	r = record{}
	s.do("POST", s.records(""), object{"type": "HTTPS", "name": "@", "data": object{"priority": 1, "target": ".", "value": `alpn="h3,h2"`}}, &r)
	if r.Content != `1 . alpn="h3,h2"` || r.Priority != nil {
		t.Errorf("HTTPS: %+v", r)
	}
	r = record{}
	s.do("POST", s.records(""), object{"type": "URI", "name": "u", "priority": 10, "data": object{"weight": 5, "target": "https://example.net/"}}, &r)
	if r.Content != `5 "https://example.net/"` || r.Priority == nil || *r.Priority != 10 {
		t.Errorf("URI: %+v", r)
	}
	r = record{}
	if s.do("POST", s.records(""), object{"type": "MX", "name": "nomail", "priority": 0, "content": "."}, &r); r.Content != "." {
		t.Errorf("null MX: %+v", r)
	}
	r = record{}
	s.do("POST", s.records(""), object{"type": "CAA", "name": "@", "data": object{"flags": 0, "tag": "issue", "value": "letsencrypt.org"}}, &r)
	if r.Content != `0 issue "letsencrypt.org"` {
		t.Errorf("CAA: %+v", r)
	}
	for name, body := range map[string]object{
		"no data":     {"type": "SRV", "name": "_x._tcp", "content": "5 5060 sip.example.net"},
		"no target":   {"type": "SRV", "name": "_x._tcp", "data": object{"priority": 10, "weight": 5, "port": 5060}},
		"a long port": {"type": "SRV", "name": "_x._tcp", "data": object{"priority": 10, "weight": 5, "port": 70000, "target": "a.b"}},
	} {
		if a := s.do("POST", s.records(""), body, nil); a.status != 400 {
			t.Errorf("%s: %d %v", name, a.status, a.Errors)
		}
	}
}

func TestWhatTheAPIRefusesIsRefusedWithItsCode(t *testing.T) {
	s := newSite(t)
	with := func(kv ...any) object {
		o := object{"type": "A", "name": "fresh", "content": "198.51.100.1", "ttl": 60}
		for i := 0; i < len(kv); i += 2 {
			o[kv[i].(string)] = kv[i+1]
		}
		return o
	}
	for name, c := range map[string]struct {
		body any
		code int
	}{
		"no JSON":                 {"{", 9207},
		"no name":                 {with("name", nil), 9000},
		"a name with two dots":    {with("name", "a..b"), 9000},
		"a long label":            {with("name", strings.Repeat("x", 64)), 9000},
		"no IPv4 address":         {with("content", "::1"), 9005},
		"no IPv6 address":         {with("type", "AAAA"), 9006},
		"an alias of nothing":     {with("type", "CNAME", "content", ""), 9007},
		"an unknown type":         {with("type", "WORDS"), 9020},
		"a short TTL":             {with("ttl", 30), 9021},
		"a TTL in text":           {with("ttl", "300"), 9021},
		"a long TTL":              {with("ttl", 86401), 9021},
		"a proxied TXT":           {with("type", "TXT", "content", "x", "proxied", true), 9004},
		"a proxied private one":   {with("content", "10.0.0.1", "proxied", true), 9003},
		"a comment of 101":        {with("comment", strings.Repeat("ü", 101)), 9313},
		"tags":                    {with("tags", []string{"a:b"}), 9300},
		"an MX without priority":  {with("type", "MX", "content", "mail.example.net"), 9008},
		"an identical record":     {with("name", "legacy", "content", "198.51.100.23", "ttl", 300), 81058},
		"an alias beside an A":    {with("type", "CNAME", "name", "legacy", "content", "a.example.net"), 81053},
		"an A beside an alias":    {with("name", "blog"), 81054},
		"a second, other A":       {with("name", "legacy"), 0},
		"a comment of 100":        {with("name", "c100", "comment", strings.Repeat("ü", 100)), 0},
		"a TTL that is automatic": {with("name", "auto", "ttl", 1.0), 0},
	} {
		if a := s.do("POST", s.records(""), c.body, nil); a.code() != c.code || (c.code != 0) != (a.status == 400) {
			t.Errorf("%s: %d %v, want %d", name, a.status, a.Errors, c.code)
		}
	}
	if a := s.do("GET", s.records("/not-an-id"), nil, nil); a.code() != 7003 {
		t.Errorf("a malformed id: %v", a.Errors)
	}
}

func TestABatchIsAllOrNothingAndDeletesFirst(t *testing.T) {
	s := newSite(t)
	list, _ := s.list("?name=legacy.scalability.expert")
	old := list[0]
	again := object{"type": "A", "name": old.Name, "content": old.Content, "ttl": 60}
	before, _ := s.list("?per_page=5000")
	a := s.do("POST", s.records("/batch"), object{
		"posts":   []object{again, {"type": "A", "name": "broken", "content": "x"}},
		"deletes": []object{{"id": old.ID}},
	}, nil)
	if a.status != 400 || a.code() != 9005 {
		t.Errorf("a batch with a bad record: %d %v", a.status, a.Errors)
	}
	if after, _ := s.list("?per_page=5000"); len(after) != len(before) {
		t.Errorf("%d records before, %d after a refused batch", len(before), len(after))
	}
	var out struct{ Deletes, Patches, Puts, Posts []record }
	mx, _ := s.list("?type=MX")
	a = s.do("POST", s.records("/batch"), object{
		"posts":   []object{again},
		"patches": []object{{"id": mx[0].ID, "ttl": 600}},
		"deletes": []object{{"id": old.ID}},
		"puts":    nil,
	}, &out)
	if !a.Success || len(out.Deletes) != 1 || len(out.Posts) != 1 || len(out.Patches) != 1 || len(out.Puts) != 0 || out.Patches[0].TTL != 600 || *out.Patches[0].Priority != 10 {
		t.Errorf("%v %+v", a.Errors, out)
	}
	var many []object
	for i := range maxBatch + 1 {
		many = append(many, object{"type": "A", "name": "many", "content": fmt.Sprintf("198.51.%d.%d", i/250, i%250+1)})
	}
	if a := s.do("POST", s.records("/batch"), object{"posts": many}, nil); a.status != 400 {
		t.Errorf("a batch of %d: %d", len(many), a.status)
	}
	if a := s.do("POST", s.records("/batch"), object{"posts": many[1:]}, nil); a.status != 200 {
		t.Errorf("a batch of %d: %d %v", len(many)-1, a.status, a.Errors)
	}
	if a := s.do("POST", s.records("/batch"), object{"deletes": []object{{"id": old.ID}}}, nil); a.code() != 81044 {
		t.Errorf("a second delete: %v", a.Errors)
	}
}

func TestEveryAnswerSaysHowManyRequestsAreLeft(t *testing.T) {
	s := newSite(t)
	a := s.do("GET", "/zones", nil, nil)
	if got := a.header.Get("Ratelimit"); !strings.HasPrefix(got, `"default";r=1199;t=`) {
		t.Errorf("Ratelimit: %s", got)
	}
	if got := a.header.Get("Ratelimit-Policy"); got != `"default";q=1200;w=300` {
		t.Errorf("Ratelimit-Policy: %s", got)
	}
}

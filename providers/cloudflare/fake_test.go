package cloudflare

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"rollcall/providers"
	"rollcall/providers/budget"
	"rollcall/providers/providertest"
)

const (
	zoneID    = "023e105f4ecef8ad9ca31a8372d0c353"
	zoneName  = "example.com"
	testToken = "t0ken"
)

type object = map[string]any

// fake is Cloudflare's v4 API for one zone, written from its documented wire shapes.
type fake struct {
	t   *testing.T
	srv *httptest.Server

	mu      sync.Mutex
	records []object
	zones   []object
	next    int
	clock   int
	perPage int // upper bound of per_page
	calls   []string
	batches []map[string][]object
	// before answers instead of the fake when it returns true.
	before func(w http.ResponseWriter, r *http.Request) bool
	// lose commits a batch and answers nothing.
	lose bool
	// info changes the result_info of a list.
	info func(page int, info object)
}

func newFake(t *testing.T) *fake {
	f := &fake{t: t, perPage: 5000, zones: []object{{
		"id": zoneID, "name": zoneName, "status": "active", "name_servers": []string{"ada.ns.cloudflare.com", "Lee.ns.cloudflare.com"}, "account": object{"id": "acc"},
	}}}
	f.srv = httptest.NewServer(f)
	t.Cleanup(f.srv.Close)
	return f
}

func (f *fake) account(change ...func(*Config)) *Account {
	f.t.Helper()
	cfg := Config{
		Name: "cf", Token: testToken, BaseURL: f.srv.URL + "/client/v4", Env: providers.EnvironmentOf(),
		Budget: budget.New("cf", 0, 1, budget.WithClock(providertest.NewClock(time.Now()).Clock)),
	}
	for _, c := range change {
		c(&cfg)
	}
	a, err := New(cfg)
	if err != nil {
		f.t.Fatal(err)
	}
	return a
}

func zone() providers.Zone {
	return providers.Zone{Name: zoneName, ID: zoneID, Provider: providers.Cloudflare}
}

// add puts a record into the zone and returns its id.
func (f *fake) add(o object) string {
	f.next++
	f.clock++
	id := fmt.Sprintf("%032x", f.next)
	r := object{
		"id": id, "proxied": false, "ttl": 60, "settings": object{}, "tags": []string{}, "comment": nil, "meta": object{},
		"created_on": "2026-03-01T10:00:00.000001Z", "modified_on": f.stamp(), "proxiable": true,
	}
	for k, v := range o {
		r[k] = v
	}
	if n, _ := r["name"].(string); n != zoneName && !strings.HasSuffix(n, "."+zoneName) {
		r["name"] = n + "." + zoneName
	}
	if d, ok := r["data"].(object); ok && r["type"] == "SRV" {
		r["content"] = fmt.Sprintf("%v %v %v", d["weight"], d["port"], d["target"])
		r["priority"] = d["priority"]
	}
	f.records = append(f.records, r)
	return id
}

func (f *fake) stamp() string {
	return time.Date(2026, 3, 1, 10, 0, f.clock, 1000, time.UTC).Format(time.RFC3339Nano)
}

func (f *fake) a(name, ip string, more ...object) string {
	o := object{"name": name, "type": "A", "content": ip}
	for _, m := range more {
		for k, v := range m {
			o[k] = v
		}
	}
	return f.add(o)
}

func (f *fake) find(id string) (object, int) {
	for i, r := range f.records {
		if r["id"] == id {
			return r, i
		}
	}
	return nil, -1
}

func answer(w http.ResponseWriter, status int, body object) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func failure(w http.ResponseWriter, status int, code int, msg string) {
	answer(w, status, object{"success": false, "errors": []object{{"code": code, "message": msg}}, "messages": []object{}, "result": nil})
}

func success(w http.ResponseWriter, result any) {
	answer(w, http.StatusOK, object{"success": true, "errors": []object{}, "messages": []object{}, "result": result})
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.calls = append(f.calls, r.Method+" "+r.URL.RequestURI())
	before := f.before
	f.mu.Unlock()
	if before != nil && before(w, r) {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if r.Header.Get("Authorization") != "Bearer "+testToken {
		failure(w, http.StatusForbidden, 9109, "Invalid access token")
		return
	}
	path := strings.TrimPrefix(r.URL.Path, "/client/v4/")
	records := "zones/" + zoneID + "/dns_records"
	switch {
	case path == "zones":
		rows := f.zones
		if n := r.URL.Query().Get("name"); n != "" {
			rows = slices.DeleteFunc(slices.Clone(rows), func(z object) bool { return z["name"] != n })
		}
		f.page(w, r, rows, 50)
	case path == records && r.Method == http.MethodGet:
		f.page(w, r, f.filter(r), f.perPage)
	case path == records+"/batch" && r.Method == http.MethodPost:
		f.batch(w, r)
	case strings.HasPrefix(path, records+"/") && r.Method == http.MethodGet:
		o, _ := f.find(strings.TrimPrefix(path, records+"/"))
		if o == nil {
			failure(w, http.StatusNotFound, 81044, "Record does not exist.")
			return
		}
		success(w, o)
	default:
		failure(w, http.StatusNotFound, 7003, "Could not route to "+r.URL.Path+", perhaps your object identifier is invalid?")
	}
}

func (f *fake) filter(r *http.Request) []object {
	q := r.URL.Query()
	var out []object
	for _, o := range f.records {
		name := o["name"].(string)
		if v := q.Get("name.exact"); v != "" && name != v {
			continue
		}
		if v := q.Get("name.endswith"); v != "" && !strings.HasSuffix(name, v) {
			continue
		}
		if v := q.Get("type"); v != "" && o["type"] != v {
			continue
		}
		out = append(out, o)
	}
	return out
}

func (f *fake) page(w http.ResponseWriter, r *http.Request, rows []object, most int) {
	q := r.URL.Query()
	page, _ := strconv.Atoi(q.Get("page"))
	per, _ := strconv.Atoi(q.Get("per_page"))
	per = min(per, most)
	from := min((page-1)*per, len(rows))
	part := append([]object{}, rows[from:min(from+per, len(rows))]...)
	info := object{"page": page, "per_page": per, "count": len(part), "total_count": len(rows), "total_pages": (len(rows) + per - 1) / per}
	if f.info != nil {
		f.info(page, info)
	}
	answer(w, http.StatusOK, object{"success": true, "errors": []object{}, "messages": []object{}, "result": part, "result_info": info})
}

// batch executes deletes, patches and posts in this order, all or nothing.
func (f *fake) batch(w http.ResponseWriter, r *http.Request) {
	var body map[string][]object
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		failure(w, http.StatusBadRequest, 9207, "Request body is invalid.")
		return
	}
	f.batches = append(f.batches, body)
	saved := make([]object, len(f.records))
	for i, o := range f.records {
		c := object{}
		for k, v := range o {
			c[k] = v
		}
		saved[i] = c
	}
	undo := func(code int, msg string) {
		f.records = saved
		failure(w, http.StatusBadRequest, code, msg)
	}
	out := map[string][]object{"deletes": {}, "patches": {}, "puts": {}, "posts": {}}
	for _, d := range body["deletes"] {
		o, i := f.find(d["id"].(string))
		if o == nil {
			undo(81044, "Record does not exist.")
			return
		}
		f.records = slices.Delete(f.records, i, i+1)
		out["deletes"] = append(out["deletes"], o)
	}
	for _, p := range body["patches"] {
		o, _ := f.find(p["id"].(string))
		if o == nil {
			undo(81044, "Record does not exist.")
			return
		}
		for k, v := range p {
			o[k] = v
		}
		f.clock++
		o["modified_on"] = f.stamp()
		out["patches"] = append(out["patches"], o)
	}
	for _, p := range body["posts"] {
		if p["content"] == "203.0.113.66" {
			undo(9005, "Content for A record is invalid.")
			return
		}
		f.add(p)
		last := f.records[len(f.records)-1]
		for _, o := range f.records[:len(f.records)-1] {
			if o["name"] == last["name"] && o["type"] == last["type"] && fmt.Sprint(o["content"]) == fmt.Sprint(last["content"]) {
				undo(81058, "An identical record already exists.")
				return
			}
			if o["name"] == last["name"] && (o["type"] == "CNAME") != (last["type"] == "CNAME") {
				undo(81053, "An A, AAAA, or CNAME record with that host already exists.")
				return
			}
		}
		out["posts"] = append(out["posts"], last)
	}
	if f.lose {
		panic(http.ErrAbortHandler)
	}
	success(w, out)
}

func (f *fake) called(prefix string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, c := range f.calls {
		if strings.HasPrefix(c, prefix) {
			n++
		}
	}
	return n
}

func (f *fake) values(name string) []string {
	var out []string
	for _, o := range f.records {
		if o["name"] == name+"."+zoneName {
			out = append(out, fmt.Sprint(o["content"]))
		}
	}
	slices.Sort(out)
	return out
}

func owner(instance string) providers.Owner {
	return providers.Owner{Fleet: "7f3a9c1e", Cloud: "aabbccddee", Instance: instance, Registered: time.Unix(1_770_000_000, 0).UTC()}
}

func marker(t *testing.T, o providers.Owner) string {
	t.Helper()
	s, err := o.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// serveBench serves a fake for a benchmark and returns what makes new adapters for it.
func serveBench(b *testing.B, f *fake) (account func() *Account) {
	b.Helper()
	srv := httptest.NewServer(f)
	b.Cleanup(srv.Close)
	return func() *Account {
		a, err := New(Config{Token: testToken, BaseURL: srv.URL + "/client/v4", Budget: budget.New("cf", 0, 1)})
		if err != nil {
			b.Fatal(err)
		}
		return a
	}
}

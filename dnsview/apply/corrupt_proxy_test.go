package apply_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"rollcall/providers/sim"
)

// call is one request on its way through a proxy, and what is passed on as its answer.
type call struct {
	api    string // ec2, sts, route53, triton or cloudflare
	op     string // the operation, in the words of the API's reference
	source string // the cloud of the call; empty where it is about no cloud
	form   url.Values
	req    *http.Request

	status int
	header http.Header
	answer []byte
	cut    int // how many bytes are sent before the connection breaks; none when 0
}

// key returns a text that is the same for two requests for the same thing.
func (c *call) key() string {
	return c.source + " " + c.op + " " + c.req.URL.String() + " " + c.form.Encode()
}

// corrupter stands between the adapters and the embedded clouds. It passes on what it is given to, corrupted.
type corrupter struct {
	mu    sync.Mutex
	now   *corruption
	first map[string]call // the first answer to each request, as long as nothing was corrupted
	last  map[string]call // the last answer of each operation
	hits  int             // answers that were changed
}

// between puts a proxy before each of the endpoints.
func (p *corrupter) between(t *testing.T, r *rig) sim.Endpoints {
	t.Helper()
	p.first, p.last = map[string]call{}, map[string]call{}
	e := r.sim.Endpoints()
	regions := map[string]string{}
	for _, c := range r.world().Clouds() {
		regions[c.Region+"/"+string(c.Provider)] = c.Name
	}
	e.AWS = p.before(t, e.AWS, func(c *call, body string) { describeAWS(c, body, regions) }, nil)
	e.Cloudflare = p.before(t, e.Cloudflare, describeCloudflare, nil)
	real, proxied := e.Triton, map[string]string{}
	rename := func(b []byte) []byte { // a data centre is known by its URL
		for cloud, u := range real {
			b = bytes.ReplaceAll(b, []byte(u), []byte(proxied[cloud]))
		}
		return b
	}
	for cloud, u := range real {
		proxied[cloud] = p.before(t, u, func(c *call, _ string) { describeTriton(c, cloud) }, rename)
	}
	e.Triton = proxied
	return e
}

func (p *corrupter) before(t *testing.T, base string, describe func(c *call, body string), rename func([]byte) []byte) string {
	t.Helper()
	return proxy(t, base, func(back http.Handler, w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		r.Header.Del("Accept-Encoding")
		c := &call{req: r}
		describe(c, string(body))
		ask := func() {
			r.Body = io.NopCloser(bytes.NewReader(body))
			rec := httptest.NewRecorder()
			back.ServeHTTP(rec, r)
			c.status, c.header, c.answer = rec.Code, rec.Header(), rec.Body.Bytes()
			if rename != nil {
				c.answer = rename(c.answer)
			}
		}
		p.pass(c, ask)
		p.send(w, c)
	})
}

// pass has a call answered, and the answer changed.
func (p *corrupter) pass(c *call, ask func()) {
	p.mu.Lock()
	now := p.now
	p.mu.Unlock()
	hit := now != nil && now.on(c)
	if hit && now.swallow {
		c.status, c.header = http.StatusOK, http.Header{}
	} else {
		ask()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	was := *c
	if hit {
		now.change(p, c)
		if now.swallow || c.cut > 0 || c.status != was.status || !bytes.Equal(c.answer, was.answer) || !maps.EqualFunc(c.header, was.header, slices.Equal) {
			p.hits++
		}
	}
	if now == nil {
		if _, ok := p.first[c.key()]; !ok {
			p.first[c.key()] = was
		}
	}
	p.last[c.source+" "+c.op] = was
}

func (p *corrupter) send(w http.ResponseWriter, c *call) {
	for k, v := range c.header {
		w.Header()[k] = v
	}
	if c.cut == 0 {
		w.Header().Del("Content-Length")
	}
	if _, ok := c.header["Date"]; !ok {
		w.Header()["Date"] = nil // none is sent
	}
	w.WriteHeader(c.status)
	if c.cut > 0 {
		_, _ = w.Write(c.answer[:min(c.cut, len(c.answer))])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	if c.req.Method != http.MethodHead && c.status != http.StatusNoContent {
		_, _ = w.Write(c.answer)
	}
}

// set switches a corruption on, or off when it is nil. It returns how many answers were corrupted since the last call.
func (p *corrupter) set(c *corruption) (hits int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	hits, p.now, p.hits = p.hits, c, 0
	return hits
}

var scope = regexp.MustCompile(`Credential=[^/]+/\d+/([^/]+)/([^/]+)/`)

func describeAWS(c *call, body string, regions map[string]string) {
	m := scope.FindStringSubmatch(c.req.Header.Get("Authorization"))
	if m == nil {
		return
	}
	c.api = m[2]
	if c.api != "route53" {
		c.source = regions[m[1]+"/ec2"]
		c.form, _ = url.ParseQuery(body)
		c.op = c.form.Get("Action")
		if c.form.Has("InstanceId.1") && c.op == "DescribeInstances" {
			c.op += " by id"
		}
		if c.form.Has("Filter.1.Name") {
			c.op += " by filter"
		}
		return
	}
	parts := strings.Split(strings.Trim(c.req.URL.Path, "/"), "/") // version, hostedzone, id, rrset
	switch {
	case c.req.Method == http.MethodPost:
		c.op = "ChangeResourceRecordSets"
	case len(parts) > 1 && parts[1] == "change":
		c.op = "GetChange"
	case len(parts) == 2:
		c.op = "ListHostedZones"
	case len(parts) == 3:
		c.op = "GetHostedZone"
	case c.req.URL.Query().Has("name"):
		c.op = "ListResourceRecordSets by name"
	default:
		c.op = "ListResourceRecordSets"
	}
}

func describeCloudflare(c *call, _ string) {
	c.api = "cloudflare"
	_, path, _ := strings.Cut(c.req.URL.Path, "/zones")
	parts := strings.Split(strings.Trim(path, "/"), "/")
	q := c.req.URL.Query()
	switch {
	case path == "" || path == "/":
		c.op = "List Zones"
	case len(parts) == 1:
		c.op = "Zone Details"
	case len(parts) == 3 && parts[2] == "batch":
		c.op = "Batch DNS Records"
	case len(parts) == 3:
		c.op = "DNS Record Details"
	case q.Has("name.exact") || q.Has("name.endswith"):
		c.op = "List DNS Records by name"
	default:
		c.op = "List DNS Records"
	}
}

func describeTriton(c *call, cloud string) {
	c.api, c.source = "triton", cloud
	parts := strings.Split(strings.Trim(c.req.URL.Path, "/"), "/")
	switch {
	case len(parts) == 1:
		c.op = "GetAccount"
	case parts[1] == "datacenters":
		c.op = "ListDatacenters"
	case parts[1] != "machines":
		c.op = c.req.Method + " " + parts[1]
	case c.req.Method == http.MethodDelete:
		c.op = "DeleteMachine"
	case len(parts) > 2:
		c.op = "GetMachine"
	case c.req.Method == http.MethodHead:
		c.op = "CountMachines"
	default:
		c.op = "ListMachines"
	}
}

// listings are the elements of an answer of XML that hold the items of a list.
var listings = map[string]string{
	"DescribeInstances": "reservationSet", "DescribeInstances by id": "reservationSet", "DescribeAddresses": "addressesSet", "DescribeNetworkInterfaces": "networkInterfaceSet",
	"ListResourceRecordSets": "ResourceRecordSets", "ListResourceRecordSets by name": "ResourceRecordSets", "ListHostedZones": "HostedZones", "TerminateInstances": "instancesSet",
}

// items returns the items of a list, and what makes an answer of others.
func (c *call) items() (items []string, with func(items []string) []byte) {
	switch c.api {
	case "triton":
		return jsonItems(c.answer), func(items []string) []byte { return []byte("[" + strings.Join(items, ",") + "]") }
	case "cloudflare":
		var env map[string]json.RawMessage
		if json.Unmarshal(c.answer, &env) != nil {
			return nil, nil
		}
		return jsonItems(env["result"]), func(items []string) []byte {
			env["result"] = json.RawMessage("[" + strings.Join(items, ",") + "]")
			b, _ := json.Marshal(env)
			return b
		}
	}
	return xmlItems(c.answer, listings[c.op])
}

func jsonItems(b []byte) (items []string) {
	var raw []json.RawMessage
	if json.Unmarshal(b, &raw) != nil {
		return nil
	}
	for _, r := range raw {
		items = append(items, string(r))
	}
	return items
}

// xmlItems returns the children of an element, as they are written.
func xmlItems(b []byte, element string) (items []string, with func([]string) []byte) {
	d := xml.NewDecoder(bytes.NewReader(b))
	depth, inside, start, begin, end := 0, -1, int64(0), int64(-1), int64(-1)
	for {
		at := d.InputOffset()
		tok, err := d.Token()
		if err != nil {
			break
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			depth++
			if inside < 0 && begin < 0 && tok.Name.Local == element {
				inside, begin = depth, d.InputOffset()
			} else if inside >= 0 && depth == inside+1 {
				start = at
			}
		case xml.EndElement:
			if depth == inside+1 {
				items = append(items, string(b[start:d.InputOffset()]))
			}
			if depth == inside {
				inside, end = -1, at
			}
			depth--
		}
	}
	if begin < 0 || end < begin {
		return nil, nil
	}
	return items, func(items []string) []byte {
		return []byte(string(b[:begin]) + strings.Join(items, "") + string(b[end:]))
	}
}

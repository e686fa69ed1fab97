package userdata

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"rollcall/providers"
	"rollcall/providers/adapters"
)

// A tiny evaluator of IAM policies, as far as ours go: Allow statements,
// actions and resources with wildcards, and these four condition operators.

// awsRequest is what IAM judges.
type awsRequest struct {
	action, resource string
	keys             map[string][]string
}

// like is StringLike: * is any text, ? any one character.
func like(pattern, s string) bool {
	re := regexp.QuoteMeta(pattern)
	re = strings.ReplaceAll(strings.ReplaceAll(re, `\*`, `.*`), `\?`, `.`)
	return regexp.MustCompile(`^(?s:` + re + `)$`).MatchString(s)
}

func (p Policy) allows(r awsRequest) bool {
	any := func(patterns []string, s string) bool {
		return slices.ContainsFunc(patterns, func(p string) bool { return like(p, s) })
	}
	return slices.ContainsFunc(p.Statement, func(s Statement) bool {
		if s.Effect != "Allow" || !any(s.Action, r.action) || !any(s.Resource, r.resource) {
			return false
		}
		for op, keys := range s.Condition {
			for key, want := range keys {
				got, there := r.keys[key]
				each, all := strings.CutPrefix(op, "ForAllValues:")
				ok := false
				switch {
				case op == "Null":
					ok = (want[0] == "false") == there
				case !all && !there:
				case each == "StringEquals":
					ok = !slices.ContainsFunc(got, func(g string) bool { return !slices.Contains(want, g) })
				case each == "StringLike":
					ok = !slices.ContainsFunc(got, func(g string) bool { return !any(want, g) })
				}
				if !ok {
					return false
				}
			}
		}
		return true
	})
}

// judge reads a request to Route 53 or the parameter store as IAM would.
func judge(t *testing.T, req *http.Request, body []byte) awsRequest {
	t.Helper()
	if target := req.Header.Get("X-Amz-Target"); target != "" {
		var in struct{ Name string }
		if err := json.Unmarshal(body, &in); err != nil {
			t.Error(err)
		}
		return awsRequest{action: "ssm:" + path.Ext(target)[1:], resource: "arn:aws:ssm:us-east-1:123456789012:parameter" + in.Name}
	}
	p, _ := strings.CutPrefix(req.URL.Path, "/2013-04-01/")
	if p == "hostedzonesbyname" {
		return awsRequest{action: "route53:ListHostedZonesByName", resource: "*"}
	}
	parts := strings.Split(strings.Trim(p, "/"), "/")
	if len(parts) != 3 || parts[0] != "hostedzone" || parts[2] != "rrset" {
		t.Errorf("nobody has thought of %s %s", req.Method, req.URL)
		return awsRequest{}
	}
	r := awsRequest{action: "route53:ListResourceRecordSets", resource: "arn:aws:route53:::hostedzone/" + parts[1]}
	if req.Method == http.MethodGet {
		return r
	}
	r.action, r.keys = "route53:ChangeResourceRecordSets", map[string][]string{}
	var batch struct {
		Changes []struct {
			Action string
			Name   string `xml:"ResourceRecordSet>Name"`
			Type   string `xml:"ResourceRecordSet>Type"`
		} `xml:"ChangeBatch>Changes>Change"`
	}
	if err := xml.Unmarshal(body, &batch); err != nil || len(batch.Changes) == 0 {
		t.Errorf("a batch without changes: %v", err)
	}
	for _, c := range batch.Changes {
		r.keys[keyNames] = append(r.keys[keyNames], normalised(c.Name))
		r.keys[keyTypes] = append(r.keys[keyTypes], c.Type)
		r.keys[keyActions] = append(r.keys[keyActions], c.Action)
	}
	return r
}

// normalised is a name of a request as Route 53 compares it: escapes in it are octal already.
func normalised(name string) string {
	return regexp.MustCompile(`[^a-z0-9_.\\-]`).ReplaceAllStringFunc(strings.ToLower(strings.TrimSuffix(name, ".")), func(c string) string {
		return fmt.Sprintf(`\%03o`, c[0])
	})
}

// listen puts a proxy before the AWS of the embedded cloud and returns what went through it.
func (r *rig) listen() func() []awsRequest {
	to, err := url.Parse(r.cfg.Endpoints["route53"])
	if err != nil {
		r.t.Fatal(err)
	}
	var mu sync.Mutex
	var seen []awsRequest
	proxy := &httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) {
		p.Out.URL.Scheme, p.Out.URL.Host = to.Scheme, to.Host // the Host header stays: it is signed
	}}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			r.t.Error(err)
		}
		req.Body = io.NopCloser(bytes.NewReader(body))
		one := judge(r.t, req, body)
		mu.Lock()
		seen = append(seen, one)
		mu.Unlock()
		proxy.ServeHTTP(w, req)
	}))
	r.t.Cleanup(srv.Close)
	r.cfg.Endpoints["route53"], r.cfg.Endpoints["ssm"] = srv.URL, srv.URL
	return func() []awsRequest {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(seen)
	}
}

func TestTheNodePolicyLetsThroughWhatTheAgentDoesAndNothingElse(t *testing.T) {
	for _, at := range []providers.Provider{providers.EC2, providers.Triton} {
		for _, name := range []string{"round-robin", "dns-sd", "dns-sd of any name"} {
			t.Run(string(at)+" "+name, func(t *testing.T) {
				r := node(t, at, providers.Route53)
				r.cfg.IPv6 = true
				kind, _, anyName := strings.Cut(name, " ")
				if kind == "dns-sd" {
					r.service()
				}
				if anyName {
					r.cfg.Service = providers.CanonicalName(`Foo\.Bar B\195\188ro (3*?)._http._tcp.` + r.cfg.Zone)
				}
				seen := r.listen()
				r.must("register")
				r.must("register")
				r.setAddress("54.99.0.77")
				r.must("register")
				r.must("status")
				r.must("deregister")
				var id string
				for _, q := range seen() {
					if z, ok := strings.CutPrefix(q.resource, "arn:aws:route53:::hostedzone/"); ok {
						id = z
					}
				}
				s := PolicyService{Name: r.cfg.Service, Kind: kind, Zone: r.cfg.Zone, ZoneID: "/hostedzone/" + id, IPv6: true}
				p := NodePolicy(adapters.Declared(at).IDPattern, []PolicyService{s}, nil)
				var writes []awsRequest
				for _, q := range seen() {
					if !p.allows(q) {
						t.Errorf("the policy stops the agent at %+v", q)
					}
					if q.keys != nil {
						writes = append(writes, q)
					}
				}
				if len(writes) != 3 {
					t.Fatalf("the agent wrote %d times", len(writes))
				}
				for what, change := range map[string]func(q *awsRequest){
					"another name":           func(q *awsRequest) { q.keys[keyNames][0] = "elsewhere.example" },
					"one more name":          func(q *awsRequest) { q.keys[keyNames] = append(q.keys[keyNames], r.cfg.Zone) },
					"another type":           func(q *awsRequest) { q.keys[keyTypes][0] = "NS" },
					"an upsert":              func(q *awsRequest) { q.keys[keyActions][0] = "UPSERT" },
					"another zone":           func(q *awsRequest) { q.resource = "arn:aws:route53:::hostedzone/ZOTHER" },
					"another action":         func(q *awsRequest) { q.action = "route53:DeleteHostedZone" },
					"a request without keys": func(q *awsRequest) { q.keys = nil },
				} {
					q := awsRequest{action: writes[0].action, resource: writes[0].resource, keys: map[string][]string{}}
					for k, v := range writes[0].keys {
						q.keys[k] = slices.Clone(v)
					}
					if !p.allows(q) {
						t.Fatal("the copy is refused")
					}
					if change(&q); p.allows(q) {
						t.Errorf("the policy lets through %s: %+v", what, q)
					}
				}
				// A node of the other cloud has no business with these markers.
				q := writes[0]
				other := map[providers.Provider]string{providers.Triton: "i-0123456789abcdef0", providers.EC2: "c2f0a1b2-0000-4000-8000-000000000001"}[at]
				q.keys = map[string][]string{keyNames: {other + "._rollcall." + r.cfg.Service}, keyTypes: {"TXT"}, keyActions: {"CREATE"}}
				if got := p.allows(q); got && kind == "round-robin" {
					t.Error("the policy lets through a marker of the other cloud")
				}
			})
		}
	}
}

func TestTheNodePolicyLetsTheAgentReadItsTokenAndNoOther(t *testing.T) {
	r := node(t, providers.EC2, providers.Cloudflare)
	seen := r.listen()
	r.must("register")
	p := NodePolicy(adapters.Declared(providers.EC2).IDPattern, nil, []string{"arn:aws:ssm:*:123456789012:parameter/rollcall/cloudflare-token"})
	if len(seen()) != 1 || !p.allows(seen()[0]) || len(p.Statement) != 1 {
		t.Errorf("%+v", seen())
	}
	q := seen()[0]
	q.resource += "-of-others"
	if p.allows(q) {
		t.Error("the policy lets through another parameter")
	}
}

func TestAHostNameOfOnesOwnMakesThePolicyNarrow(t *testing.T) {
	wide := PolicyService{Name: "v1._svc._tcp.example.com", Kind: "dns-sd", Zone: "example.com", ZoneID: "Z1"}
	narrow := wide
	narrow.Host = "{id}.nodes"
	if !wide.Wide() || narrow.Wide() {
		t.Error("which is wide?")
	}
	text := NodePolicy(adapters.Declared(providers.EC2).IDPattern, []PolicyService{narrow}, nil).JSON()
	for _, want := range []string{`"i-*.nodes.example.com"`, `"i-*._rollcall.i-*.nodes.example.com"`, `"v1._svc._tcp.example.com"`, `"i-*._rollcall.v1._svc._tcp.example.com"`, `"WriteV1SvcTcpExampleCom"`} {
		if !strings.Contains(text, want) {
			t.Errorf("the policy lacks %s:\n%s", want, text)
		}
	}
	if strings.Contains(text, "AAAA") || strings.Contains(text, `"*.`) {
		t.Errorf("the policy is too wide:\n%s", text)
	}
	for name, want := range map[string]string{
		`WWW.A*b.example.com.`:               `www.a\052b.example.com`,
		`my\032web\.b\195\188ro.example.com`: `my\040web\056b\303\274ro.example.com`,
	} {
		if got := normalName(name); got != want {
			t.Errorf("%s: normal name %s, want %s", name, got, want)
		}
	}
}

func TestStatementsHaveIdsOfTheirOwnAndThePolicyASize(t *testing.T) {
	p := NodePolicy(adapters.Declared(providers.EC2).IDPattern, []PolicyService{{Name: "a-b.example.com", Zone: "example.com", ZoneID: "Z1"}, {Name: "a.b.example.com", Zone: "example.com", ZoneID: "Z1"}}, nil)
	var ids []string
	for _, s := range p.Statement {
		ids = append(ids, s.Sid)
	}
	if want := []string{"FindZone", "ReadZone", "WriteABExampleCom", "WriteABExampleComNumber2"}; !slices.Equal(ids, want) {
		t.Errorf("statement ids %q, want %q", ids, want)
	}
	if n := strings.Count(p.JSON(), "") - 1; p.Size() >= n || p.Size() < n/3 {
		t.Errorf("%d characters, of %d with white space", p.Size(), n)
	}
}

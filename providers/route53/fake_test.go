package route53_test

import (
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"rollcall/providers"
	"rollcall/providers/budget"
	"rollcall/providers/providertest"
	"rollcall/providers/route53"
)

func staticConfig() *aws.Config {
	return &aws.Config{Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", "")}
}

// rrset is a record set as it is on the wire, as far as the tests need it.
type rrset struct {
	XMLName       xml.Name     `xml:"ResourceRecordSet"`
	Name          string       `xml:"Name"`
	Type          string       `xml:"Type"`
	SetIdentifier string       `xml:"SetIdentifier,omitempty"`
	Weight        *int64       `xml:"Weight,omitempty"`
	HealthCheckID string       `xml:"HealthCheckId,omitempty"`
	TTL           int64        `xml:"TTL,omitempty"`
	Records       *[]value     `xml:"ResourceRecords>ResourceRecord"`
	Alias         *aliasTarget `xml:"AliasTarget,omitempty"`
	Values        []string     `xml:"-"`
}

type value struct {
	Value string `xml:"Value"`
}

type aliasTarget struct {
	HostedZoneID string `xml:"HostedZoneId"`
	DNSName      string `xml:"DNSName"`
	Evaluate     bool   `xml:"EvaluateTargetHealth"`
}

// same compares as Route 53 does for a DELETE: everything, values in any order.
func (s *rrset) same(o *rrset) bool {
	a, b := slices.Sorted(slices.Values(s.Values)), slices.Sorted(slices.Values(o.Values))
	weight := func(p *int64) int64 {
		if p == nil {
			return -1
		}
		return *p
	}
	return s.TTL == o.TTL && slices.Equal(a, b) && weight(s.Weight) == weight(o.Weight) && s.HealthCheckID == o.HealthCheckID
}

func (s *rrset) order() string {
	labels := strings.Split(strings.TrimSuffix(s.Name, "."), ".")
	slices.Reverse(labels)
	return strings.Join(labels, ".") + ". " + s.Type + " " + s.SetIdentifier
}

type changeBatch struct {
	Changes []struct {
		Action string `xml:"Action"`
		Set    rrset  `xml:"ResourceRecordSet"`
	} `xml:"ChangeBatch>Changes>Change"`
}

// fake is one hosted zone that behaves as Route 53 documents it, with hooks for
// misbehaviour.
type fake struct {
	t    *testing.T
	url  string
	page int // record sets on a page

	mu      sync.Mutex
	sets    []rrset
	batches []changeBatch // that were carried out
	refused int           // batches that were not
	lists   int
	bad     string // a value that no batch may have
	// Hooks run under the lock; one that returns true has answered.
	onList     func(w http.ResponseWriter, r *http.Request) bool
	onChange   func(w http.ResponseWriter, b *changeBatch) bool
	onGet      func(w http.ResponseWriter) bool
	onIdentify func(w http.ResponseWriter) bool
	onAsk      func(w http.ResponseWriter, id string) // GetChange
	lose       int                                    // so many answers to changes are lost after they were made
}

func newFake(t *testing.T) *fake {
	t.Helper()
	f := &fake{t: t, page: 300, sets: []rrset{
		{Name: "unilans.net.", Type: "NS", TTL: 172800, Values: []string{"ns-1.awsdns-01.org.", "ns-2.awsdns-02.net."}},
		{Name: "unilans.net.", Type: "SOA", TTL: 900, Values: []string{"ns-1.awsdns-01.org. hostmaster.unilans.net. 1 7200 900 1209600 86400"}},
	}}
	srv := httptest.NewServer(f)
	t.Cleanup(srv.Close)
	f.url = srv.URL
	return f
}

var zone = providers.Zone{Name: "unilans.net", ID: "Z1", Provider: providers.Route53}

func (f *fake) account() *route53.Account {
	f.t.Helper()
	clk := providertest.NewFastClock(time.Now(), 10).Clock
	a, err := route53.New(route53.Config{AWS: staticConfig(), Endpoint: f.url, Clock: clk, Budget: budget.New("r53", 0, 1, budget.WithClock(clk))})
	if err != nil {
		f.t.Fatal(err)
	}
	return a
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/hostedzone"):
		write(w, `<ListHostedZonesResponse><HostedZones>`+f.zone()+`</HostedZones><IsTruncated>false</IsTruncated><MaxItems>100</MaxItems></ListHostedZonesResponse>`)
	case r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/hostedzone/Z1"):
		if f.onGet != nil && f.onGet(w) {
			return
		}
		write(w, `<GetHostedZoneResponse>`+f.zone()+`<DelegationSet><NameServers><NameServer>ns-2.awsdns-02.net</NameServer><NameServer>ns-1.awsdns-01.org</NameServer></NameServers></DelegationSet></GetHostedZoneResponse>`)
	case r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/change/") && f.onAsk != nil:
		f.onAsk(w, r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:])
	case r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/rrset"):
		f.lists++
		if f.onList != nil && f.onList(w, r) {
			return
		}
		f.list(w, r)
	case r.Method == http.MethodPost && strings.HasSuffix(strings.TrimSuffix(r.URL.Path, "/"), "/rrset"):
		body, _ := io.ReadAll(r.Body)
		var b changeBatch
		if err := xml.Unmarshal(body, &b); err != nil {
			f.t.Errorf("the batch cannot be read: %v", err)
		}
		for i := range b.Changes {
			if s := &b.Changes[i].Set; s.Records != nil {
				for _, v := range *s.Records {
					s.Values = append(s.Values, v.Value)
				}
				s.Records = nil
			}
		}
		if f.onChange != nil && f.onChange(w, &b) {
			return
		}
		f.change(w, &b)
	case r.Method == http.MethodPost && r.FormValue("Action") == "GetCallerIdentity":
		if f.onIdentify != nil && f.onIdentify(w) {
			return
		}
		write(w, `<GetCallerIdentityResponse><GetCallerIdentityResult><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`)
	default:
		f.t.Errorf("unexpected request %s %s", r.Method, r.URL)
		http.Error(w, "unexpected", http.StatusTeapot)
	}
}

func (f *fake) zone() string {
	return fmt.Sprintf(`<HostedZone><Id>/hostedzone/Z1</Id><Name>unilans.net.</Name><CallerReference>x</CallerReference><Config><PrivateZone>false</PrivateZone></Config><ResourceRecordSetCount>%d</ResourceRecordSetCount></HostedZone>`, len(f.sets))
}

func (f *fake) list(w http.ResponseWriter, r *http.Request) {
	slices.SortFunc(f.sets, func(a, b rrset) int { return strings.Compare(a.order(), b.order()) })
	q := r.URL.Query()
	from := rrset{Name: q.Get("name"), Type: q.Get("type"), SetIdentifier: q.Get("identifier")}
	i := 0
	if from.Name != "" {
		if !strings.HasSuffix(from.Name, ".") {
			from.Name += "."
		}
		i, _ = slices.BinarySearchFunc(f.sets, from, func(a, b rrset) int { return strings.Compare(a.order(), b.order()) })
	}
	end := min(i+f.page, len(f.sets))
	page := slices.Clone(f.sets[i:end])
	for n := range page {
		if page[n].Alias != nil {
			continue
		}
		page[n].Records = &[]value{}
		for _, v := range page[n].Values {
			*page[n].Records = append(*page[n].Records, value{v})
		}
	}
	out, err := xml.Marshal(page)
	if err != nil {
		f.t.Error(err)
	}
	next := ""
	if end < len(f.sets) {
		n := f.sets[end]
		next = `<NextRecordName>` + n.Name + `</NextRecordName><NextRecordType>` + n.Type + `</NextRecordType>`
		if n.SetIdentifier != "" {
			next += `<NextRecordIdentifier>` + n.SetIdentifier + `</NextRecordIdentifier>`
		}
	}
	write(w, fmt.Sprintf(`<ListResourceRecordSetsResponse><ResourceRecordSets>%s</ResourceRecordSets><IsTruncated>%v</IsTruncated>%s<MaxItems>300</MaxItems></ListResourceRecordSetsResponse>`, out, next != "", next))
}

func (f *fake) change(w http.ResponseWriter, b *changeBatch) {
	next := slices.Clone(f.sets)
	var messages []string
	elements, chars := 0, 0
	for _, c := range b.Changes {
		at := slices.IndexFunc(next, func(s rrset) bool {
			return s.Name == c.Set.Name && s.Type == c.Set.Type && s.SetIdentifier == c.Set.SetIdentifier
		})
		what := fmt.Sprintf("[name='%s', type='%s']", c.Set.Name, c.Set.Type)
		for _, v := range c.Set.Values {
			elements++
			chars += len(v)
			if f.bad != "" && v == f.bad {
				messages = append(messages, "Invalid Resource Record: FATAL problem: Bad encountered with '"+v+"'")
			}
		}
		switch {
		case c.Action == "DELETE" && at < 0:
			messages = append(messages, "Tried to delete resource record set "+what+" but it was not found")
		case c.Action == "DELETE" && !next[at].same(&c.Set):
			messages = append(messages, "Tried to delete resource record set "+what+" but the values provided do not match the current values")
		case c.Action == "DELETE":
			next = slices.Delete(next, at, at+1)
		case c.Action == "CREATE" && at >= 0:
			messages = append(messages, "Tried to create resource record set "+what+" but it already exists")
		case c.Action == "CREATE":
			next = append(next, c.Set)
		default:
			f.t.Errorf("action %s: only DELETE and CREATE are compare-and-swap", c.Action)
		}
	}
	if elements > 1000 || chars > 32000 {
		f.t.Errorf("a batch of %d elements and %d characters", elements, chars)
	}
	if len(messages) > 0 {
		f.refused++
		w.WriteHeader(http.StatusBadRequest)
		write(w, `<InvalidChangeBatch xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><Messages><Message>`+
			strings.Join(messages, "</Message><Message>")+`</Message></Messages><RequestId>r</RequestId></InvalidChangeBatch>`)
		return
	}
	f.sets = next
	f.batches = append(f.batches, *b)
	if f.lose > 0 {
		f.lose--
		hangUp(w)
		return
	}
	write(w, fmt.Sprintf(`<ChangeResourceRecordSetsResponse><ChangeInfo><Id>/change/C%d</Id><Status>PENDING</Status><SubmittedAt>2026-01-01T00:00:00Z</SubmittedAt></ChangeInfo></ChangeResourceRecordSetsResponse>`, len(f.batches)))
}

func write(w http.ResponseWriter, body string) {
	_, _ = w.Write([]byte(`<?xml version="1.0"?>` + "\n" + body))
}

func apiError(w http.ResponseWriter, status int, code, message string) {
	w.WriteHeader(status)
	write(w, `<ErrorResponse><Error><Type>Sender</Type><Code>`+code+`</Code><Message>`+message+`</Message></Error><RequestId>r</RequestId></ErrorResponse>`)
}

func hangUp(w http.ResponseWriter) {
	if conn, _, err := w.(http.Hijacker).Hijack(); err == nil {
		_ = conn.Close()
	}
}

// put adds record sets by hand, as another writer would.
func (f *fake) put(sets ...rrset) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sets = append(f.sets, sets...)
}

func (f *fake) get(name, typ string) *rrset {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.sets {
		if f.sets[i].Name == name && f.sets[i].Type == typ {
			s := f.sets[i]
			return &s
		}
	}
	return nil
}

// made is how many batches were carried out.
func (f *fake) made() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.batches)
}

// rejected is how many batches were not.
func (f *fake) rejected() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.refused
}

// listed is how many pages of record sets were asked for.
func (f *fake) listed() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.lists
}

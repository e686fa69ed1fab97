package route53_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsr53 "github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
	"pgregory.net/rapid"

	"rollcall/providers"
	"rollcall/providers/awsapi/mototest"
	"rollcall/providers/budget"
	"rollcall/providers/providertest"
	"rollcall/providers/route53"
	"rollcall/providers/sim"
	"rollcall/providers/sim/world"
)

// contents are the record sets of a zone: values by name, type and set identifier.
type contents map[string]string

func contentsOf(rows []providers.Record) contents {
	c := contents{}
	for i := range rows {
		c[rows[i].Name+" "+rows[i].Type+" "+rows[i].SetID] += rows[i].Value + ","
	}
	return c
}

// changedZone is the zone of an embedded Route 53 that changes before some requests for its pages are answered.
type changedZone struct {
	*world.Zone
	a *route53.Account

	mu      sync.Mutex
	pages   int
	before  map[int][]func(tx *world.Tx) // changes before the page of this number is answered
	moments []contents
}

func newChangedZone(t *testing.T, page int) (*changedZone, route53.Config) {
	z := &changedZone{}
	s, cfg := startSimWith(t, sim.Options{Page: page, Requested: func(r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/rrset") && r.Method == http.MethodGet {
			z.requested()
		}
	}})
	z.Zone = s.World().Zones(providers.Route53)[0]
	return z, cfg
}

func (z *changedZone) requested() {
	z.mu.Lock()
	defer z.mu.Unlock()
	for _, change := range z.before[z.pages] {
		z.change(change)
	}
	z.pages++
}

// change changes the zone and notes what it holds then.
func (z *changedZone) change(f func(tx *world.Tx)) {
	_, err := z.Update(func(tx *world.Tx) error {
		f(tx)
		return nil
	})
	if err != nil {
		panic(err)
	}
	z.note()
}

func (z *changedZone) note() {
	now := contents{}
	z.View(func(tx *world.Tx) {
		for _, s := range tx.Sets() {
			for _, v := range s.Values {
				now[s.Name+" "+s.Type+" "+s.SetID] += providers.CanonicalValue(s.Type, v) + ","
			}
		}
	})
	z.moments = append(z.moments, now)
}

// read reads the zone while the changes happen, and returns what the zone held from the start of the read to its end.
func (z *changedZone) read(before map[int][]func(tx *world.Tx)) (shown contents, cov providers.Coverage, moments []contents, pages int) {
	z.mu.Lock()
	z.before, z.pages, z.moments = before, 0, nil
	z.note()
	z.mu.Unlock()
	var rows []providers.Record
	cov = z.a.Records(context.Background(), providers.Zone{Name: z.Name, ID: z.ID}, func(p []providers.Record) { rows = append(rows, p...) })
	z.mu.Lock()
	defer z.mu.Unlock()
	z.before = nil
	return contentsOf(rows), cov, z.moments, z.pages
}

func address(i int) []string { return []string{fmt.Sprintf("198.51.%d.%d", 100+i/250%100, i%250)} }

// fill replaces all sets but those of the zone itself.
func (z *changedZone) fill(sets []*world.Set) {
	z.change(func(tx *world.Tx) {
		for _, s := range slices.Clone(tx.Sets()) {
			if s.Name != z.Name {
				tx.Delete(s)
			}
		}
		for _, s := range sets {
			tx.Put(s)
		}
	})
}

// drawSet returns one of some hundred sets, whose names lie below one another and have several types and identifiers.
func drawSet(t *rapid.T, zone string) *world.Set {
	label := rapid.SampledFrom([]string{"", "a.", "*.", "_rollcall.i-1.", "x-y."}).Draw(t, "label")
	s := &world.Set{
		Name: fmt.Sprintf("%sn%d.%s", label, rapid.IntRange(0, 15).Draw(t, "number"), zone), TTL: 60,
		Type: rapid.SampledFrom([]string{"A", "A", "A", "AAAA", "TXT"}).Draw(t, "type"), Values: address(rapid.IntRange(1, 200).Draw(t, "value")),
	}
	switch s.Type {
	case "AAAA":
		s.Values = []string{"2001:db8::" + fmt.Sprint(len(s.Name))}
	case "TXT":
		s.Values = []string{fmt.Sprintf("%q", s.Values[0])}
	default:
		if rapid.IntRange(0, 3).Draw(t, "routed") == 0 {
			weight := int64(1)
			s.SetID, s.Weight = rapid.SampledFrom([]string{"one", "two", "three"}).Draw(t, "identifier"), &weight
		}
	}
	return s
}

// drawChange returns a change of one set: it is added or changed, or removed.
func drawChange(t *rapid.T, zone string) func(tx *world.Tx) {
	s, n := drawSet(t, zone), rapid.IntRange(0, 1000).Draw(t, "which")
	remove := rapid.Bool().Draw(t, "remove")
	return func(tx *world.Tx) {
		if !remove {
			tx.Put(s)
			return
		}
		all := slices.DeleteFunc(slices.Clone(tx.Sets()), func(s *world.Set) bool { return s.Name == zone })
		if len(all) > 0 {
			tx.Delete(all[n%len(all)])
		}
	}
}

func TestWhatIsShownAsACompleteZoneIsTheZoneWhateverChangesMeanwhile(t *testing.T) {
	z, cfg := newChangedZone(t, 5)
	rapid.Check(t, func(t *rapid.T) {
		var err error
		if z.a, err = route53.New(cfg); err != nil {
			t.Fatal(err)
		}
		var sets []*world.Set
		for range rapid.IntRange(0, 60).Draw(t, "sets") {
			sets = append(sets, drawSet(t, z.Name))
		}
		z.fill(sets)
		for range 3 {
			for range rapid.IntRange(0, 12).Draw(t, "changes between") {
				z.change(drawChange(t, z.Name))
			}
			before, changes := map[int][]func(*world.Tx){}, rapid.IntRange(0, 5).Draw(t, "changes meanwhile")
			for range changes {
				at := rapid.IntRange(0, 14).Draw(t, "before page")
				before[at] = append(before[at], drawChange(t, z.Name))
			}
			shown, cov, moments, _ := z.read(before)
			checkAgainst(t, shown, cov, moments)
		}
	})
}

// checkAgainst compares a read with what the zone held from its start to its end.
func checkAgainst(t rapid.TB, shown contents, cov providers.Coverage, moments []contents) {
	t.Helper()
	if !cov.Complete() {
		if len(moments) == 1 {
			t.Fatalf("nothing changed, and the read is not complete: %v", cov.Err)
		}
		return
	}
	for k, v := range moments[0] {
		stayed := !slices.ContainsFunc(moments, func(m contents) bool { return m[k] != v })
		if stayed && shown[k] != v {
			t.Fatalf("%s is hidden: %q is shown, and %q was there all the time", k, shown[k], v)
		}
	}
	for k, v := range shown {
		if !slices.ContainsFunc(moments, func(m contents) bool { return m[k] == v }) {
			t.Fatalf("%s is shown with %q, which it never had", k, v)
		}
	}
	resized := 0
	for i := range moments[1:] {
		if len(moments[i]) != len(moments[i+1]) {
			resized++
		}
	}
	// With more changes, parts of different moments can have the right number of sets.
	if changes := len(moments) - 1; changes <= 1 || changes == 2 && resized == 2 {
		if !slices.ContainsFunc(moments, func(m contents) bool { return maps.Equal(m, shown) }) {
			t.Fatalf("what is shown was never the zone: %d sets, %d changes", len(shown), changes)
		}
	}
}

// numbered returns sets with names in order.
func numbered(zone string, from, to int) (sets []*world.Set) {
	for i := from; i < to; i++ {
		sets = append(sets, &world.Set{Name: fmt.Sprintf("n%03d.%s", i, zone), Type: "A", TTL: 60, Values: address(i)})
	}
	return sets
}

func TestARecordThatGoesFromTheFirstPageAndOneThatComesAtTheEndHideNoOther(t *testing.T) {
	z, cfg := newChangedZone(t, 5)
	z.a = newAccount(t, cfg)
	z.fill(numbered(z.Name, 0, 50))
	if _, cov, _, _ := z.read(nil); !cov.Complete() {
		t.Fatal(cov.Err)
	}
	for page := range 12 {
		shown, cov, moments, _ := z.read(map[int][]func(*world.Tx){page: {
			func(tx *world.Tx) { tx.Delete(tx.Set(fmt.Sprintf("n%03d.%s", page, z.Name), "A", "")) },
			func(tx *world.Tx) { tx.Put(numbered(z.Name, 100+page, 101+page)[0]) },
		}})
		checkAgainst(t, shown, cov, moments)
	}
}

func newAccount(t *testing.T, cfg route53.Config) *route53.Account {
	t.Helper()
	a, err := route53.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// together lets requests for pages pass only when so many are under way.
type together struct {
	mu      sync.Mutex
	want    int
	waiting []chan struct{}
}

func (g *together) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.URL.Path, "/rrset") {
		pass := make(chan struct{})
		g.mu.Lock()
		if g.waiting = append(g.waiting, pass); len(g.waiting) >= g.want {
			for _, c := range g.waiting {
				close(c)
			}
			g.waiting = nil
		}
		g.mu.Unlock()
		select {
		case <-pass:
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	return http.DefaultTransport.RoundTrip(r)
}

func TestAZoneThatWasReadBeforeIsReadSideBySide(t *testing.T) {
	z, cfg := newChangedZone(t, 5)
	gate := &together{want: 1}
	cfg.HTTPClient = &http.Client{Transport: gate}
	z.a = newAccount(t, cfg)
	z.fill(numbered(z.Name, 0, 40)) // beside the four sets of the zone itself
	first, cov, _, pages := z.read(nil)
	if !cov.Complete() || pages != 9 {
		t.Fatalf("%d pages, %v", pages, cov.Err)
	}
	gate.want = 9
	if again, cov, _, pages := z.read(nil); !cov.Complete() || pages != 9 || !maps.Equal(first, again) {
		t.Fatalf("%d pages, %d sets, %v", pages, len(again), cov.Err)
	}

	// An adapter that has read nothing yet knows the zone by the rows of an earlier run.
	var rows []providers.Record
	name := providers.Zone{Name: z.Name, ID: z.ID}
	gate.want = 1
	z.a.Records(t.Context(), name, func(p []providers.Record) { rows = append(rows, p...) })
	for i := range 700 {
		rows = append(rows, providers.Record{Name: fmt.Sprintf("o%03d.%s", i, z.Name), Type: "A", Value: address(i)[0]})
		z.change(func(tx *world.Tx) {
			tx.Put(&world.Set{Name: rows[len(rows)-1].Name, Type: "A", TTL: 60, Values: address(i)})
		})
	}
	whole, cfg := newChangedZone(t, 0)
	cfg.HTTPClient = &http.Client{Transport: gate}
	whole.a = newAccount(t, cfg)
	z.View(func(tx *world.Tx) {
		whole.fill(slices.DeleteFunc(slices.Clone(tx.Sets()), func(s *world.Set) bool { return s.Name == z.Name }))
	})
	gate.want = 3
	whole.a.ExpectRecords(providers.Zone{Name: z.Name, ID: whole.ID}, rows)
	if shown, cov, _, pages := whole.read(nil); !cov.Complete() || pages != 3 || len(shown) != 744 {
		t.Fatalf("%d pages, %d sets, %v", pages, len(shown), cov.Err)
	}
}

func TestRangesWhoseFirstNamesAreGoneStillMeet(t *testing.T) {
	z, cfg := newChangedZone(t, 5)
	z.a = newAccount(t, cfg)
	z.fill(numbered(z.Name, 0, 40))
	z.read(nil)
	z.change(func(tx *world.Tx) { // all of the third range, and where the fifth and the last begin
		for _, n := range []int{6, 7, 8, 9, 10, 16, 36} {
			tx.Delete(tx.Set(fmt.Sprintf("n%03d.%s", n, z.Name), "A", ""))
		}
	})
	shown, cov, moments, pages := z.read(nil)
	checkAgainst(t, shown, cov, moments)
	if pages > 11 {
		t.Errorf("%d pages for 7", pages)
	}
}

func TestNoFaultPassesAsACompleteZoneThatIsReadSideBySide(t *testing.T) {
	for _, fault := range []world.FaultKind{world.ShortPage, world.EmptyPage, world.PageLoop, world.Throttle, world.Reset} {
		s, cfg := startSimWith(t, sim.Options{Page: 5})
		z := &changedZone{Zone: s.World().Zones(providers.Route53)[0], a: newAccount(t, cfg)}
		z.fill(numbered(z.Name, 0, 40))
		z.read(nil)
		if err := s.World().SetFault(z.Name, fault); err != nil {
			t.Fatal(err)
		}
		if shown, cov, _, _ := z.read(nil); cov.Complete() && len(shown) != 44 {
			t.Errorf("%s: %d of 44 sets are a complete zone", fault, len(shown))
		}
	}
}

func TestALargeZoneOfMotoIsReadSideBySide(t *testing.T) {
	url := mototest.Start(t)
	api := awsr53.NewFromConfig(*staticConfig(), func(o *awsr53.Options) { o.BaseEndpoint = aws.String(url) })
	made, err := api.CreateHostedZone(t.Context(), &awsr53.CreateHostedZoneInput{Name: aws.String("unilans.net."), CallerReference: aws.String("ranges")})
	if err != nil {
		t.Fatal(err)
	}
	for from := 0; from < 800; from += 200 {
		b := &types.ChangeBatch{}
		for i := from; i < from+200; i++ {
			b.Changes = append(b.Changes, types.Change{Action: types.ChangeActionCreate, ResourceRecordSet: &types.ResourceRecordSet{
				Name: aws.String(fmt.Sprintf("n%03d.%s.unilans.net.", i, []string{"a", "b", "a.b", "c-d"}[i%4])), Type: types.RRTypeA, TTL: aws.Int64(60),
				ResourceRecords: []types.ResourceRecord{{Value: aws.String(address(i)[0])}},
			}})
		}
		if _, err := api.ChangeResourceRecordSets(t.Context(), &awsr53.ChangeResourceRecordSetsInput{HostedZoneId: made.HostedZone.Id, ChangeBatch: b}); err != nil {
			t.Fatal(err)
		}
	}
	gate := &together{want: 1}
	a := newAccount(t, route53.Config{
		AWS: staticConfig(), Endpoint: url, Clock: providertest.NewFastClock(time.Now(), 10).Clock, Budget: budget.New("moto", 10, 50), HTTPClient: &http.Client{Transport: gate},
	})
	z := providers.Zone{Name: "unilans.net", ID: strings.TrimPrefix(*made.HostedZone.Id, "/hostedzone/")}
	read := func() (c contents, cov providers.Coverage) {
		var rows []providers.Record
		cov = a.Records(t.Context(), z, func(p []providers.Record) { rows = append(rows, p...) })
		return contentsOf(rows), cov
	}
	first, cov := read()
	gate.want = 3
	again, cov2 := read()
	if !cov.Complete() || !cov2.Complete() || len(first) != 802 || !maps.Equal(first, again) {
		t.Fatalf("%d and %d sets, %v, %v", len(first), len(again), cov.Err, cov2.Err)
	}
}

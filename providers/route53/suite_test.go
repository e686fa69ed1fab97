package route53_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awsr53 "github.com/aws/aws-sdk-go-v2/service/route53"

	"rollcall/providers"
	"rollcall/providers/awsapi/mototest"
	"rollcall/providers/budget"
	"rollcall/providers/providertest"
	"rollcall/providers/route53"
	"rollcall/providers/sim"
	"rollcall/providers/sim/simtest"
	"rollcall/providers/sim/world"
)

func TestTheAdapterWorksAgainstMoto(t *testing.T) {
	url := mototest.Start(t)
	api := awsr53.NewFromConfig(*staticConfig(), func(o *awsr53.Options) { o.BaseEndpoint = aws.String(url) })
	_, err := api.CreateHostedZone(context.Background(), &awsr53.CreateHostedZoneInput{Name: aws.String("unilans.net."), CallerReference: aws.String("suite")})
	if err != nil {
		t.Fatal(err)
	}
	runSuite(t, route53.Config{AWS: staticConfig(), Endpoint: url, Clock: providertest.NewFastClock(time.Now(), 10).Clock, Budget: budget.New("moto", 10, 50)})
}

// startSim starts the embedded clouds, and returns the config of their Route 53 account.
func startSim(t *testing.T) (*sim.Sim, route53.Config) {
	t.Helper()
	return startSimWith(t, sim.Options{})
}

func startSimWith(t *testing.T, o sim.Options) (*sim.Sim, route53.Config) {
	t.Helper()
	s := simtest.Start(t, o)
	e := s.Endpoints()
	return s, route53.Config{Endpoint: e.AWS, Clock: providertest.NewFastClock(time.Now(), 10).Clock, AWS: &aws.Config{Region: e.AWSRegion, Credentials: credentials.NewStaticCredentialsProvider(e.AWSKeyID, e.AWSSecret, "")}}
}

func TestTheAdapterWorksAgainstTheEmbeddedClouds(t *testing.T) {
	_, cfg := startSim(t)
	runSuite(t, cfg)
}

// runSuite is what the adapter must do against any Route 53 that has the zone
// unilans.net. It writes there.
func runSuite(t *testing.T, cfg route53.Config) {
	a, err := route53.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	var z providers.Zone
	v := a.Zones(ctx, func(p []providers.Zone) {
		for _, one := range p {
			if one.Name == "unilans.net" {
				z = one
			}
		}
	})
	if !v.Complete() || z.ID == "" || len(z.NameServers) == 0 || z.Private {
		t.Fatalf("zone %+v, coverage %+v", z, v)
	}
	records := func(t *testing.T) []providers.Record {
		t.Helper()
		var all []providers.Record
		v := a.Records(ctx, z, func(p []providers.Record) { all = append(all, p...) })
		if !v.Complete() || v.Rows != len(all) {
			t.Fatalf("coverage %+v with %d rows", v, len(all))
		}
		providers.AttachOwners(all)
		return all
	}
	one := func(t *testing.T, c providers.Change) providers.Result {
		t.Helper()
		r := a.Apply(ctx, z, []providers.Change{c})[0]
		if r.Err != nil {
			t.Fatal(r.Err)
		}
		return r
	}
	before := records(t)

	t.Run("records of every type come back as they were written, and go", func(t *testing.T) {
		var changes []providers.Change
		for _, r := range [][3]string{
			{"a.suite.unilans.net", "A", "198.51.100.7"},
			{"aaaa.suite.unilans.net", "AAAA", "2001:db8::7"},
			{"*.suite.unilans.net", "A", "198.51.100.8"},
			{"c.suite.unilans.net", "CNAME", "a.suite.unilans.net"},
			{"t.suite.unilans.net", "TXT", `"plain text" "second"`},
			{"t.suite.unilans.net", "TXT", `"quo\"te, back\\slash; \195\188 " "` + strings.Repeat("x", 255) + `"`},
			{"_suite._tcp.unilans.net", "SRV", "0 10 4218 a.suite.unilans.net"},
			{"_suite._tcp.unilans.net", "PTR", "v1._suite._tcp.unilans.net"},
			{"mx.suite.unilans.net", "MX", "10 a.suite.unilans.net"},
			{"caa.suite.unilans.net", "CAA", `0 issue "letsencrypt.org"`},
		} {
			changes = append(changes, create(providers.Record{Zone: z.Name, Name: r[0], Type: r[1], Value: r[2], TTL: 77}))
		}
		for i, r := range a.Apply(ctx, z, changes) {
			if r.Err != nil {
				t.Fatalf("%s: %v", &changes[i].After, r.Err)
			}
			if !r.Record.Equal(&changes[i].After) {
				t.Errorf("result %+v, want %+v", r.Record, changes[i].After)
			}
		}
		all := records(t)
		var undo []providers.Change
		for i := range changes {
			at := slices.IndexFunc(all, func(r providers.Record) bool { return r.Equal(&changes[i].After) })
			if at < 0 {
				t.Errorf("%s is not listed", &changes[i].After)
				continue
			}
			undo = append(undo, remove(all[at]))
		}
		for i, r := range a.Apply(ctx, z, undo) {
			if r.Err != nil {
				t.Errorf("%s: %v", &undo[i].Before, r.Err)
			}
		}
		if after := records(t); len(after) != len(before) {
			t.Errorf("%d rows are left of %d", len(after), len(before))
		}
	})

	name := "rr.suite.unilans.net"
	row := func(value string, ttl uint32, owners ...providers.Owner) providers.Record {
		r := providers.Record{Zone: z.Name, Name: name, Type: "A", Value: value, TTL: ttl}
		for _, o := range owners {
			r.Owners = append(r.Owners, o.For("A", value))
		}
		return r
	}
	t.Run("a value and its owner marker come and go together", func(t *testing.T) {
		first := one(t, create(row("198.51.100.1", 41, owner("i-0aaa"))))
		second := one(t, create(row("198.51.100.2", 99, owner("i-0bbb"))))
		if first.Already || second.Record.TTL != 41 {
			t.Errorf("results %+v and %+v: the set keeps its TTL", first, second)
		}
		if again := one(t, create(row("198.51.100.1", 41, owner("i-0aaa")))); !again.Already {
			t.Errorf("the second time is %+v", again)
		}
		got, err := a.Lookup(ctx, z, name, "A")
		if err != nil || len(got) != 2 {
			t.Fatalf("rows %+v, error %v", got, err)
		}
		for i, id := range []string{"i-0aaa", "i-0bbb"} {
			if o, ok := got[i].Owner(); !ok || o.Instance != id {
				t.Errorf("row %+v is not owned by %s", got[i], id)
			}
		}
		stale := got[0]
		stale.TTL = 999
		wantKind(t, a.Apply(ctx, z, []providers.Change{remove(stale)})[0].Err, providers.KindConflict)
		one(t, remove(got[0]))
		all := records(t)
		if slices.ContainsFunc(all, func(r providers.Record) bool { return strings.HasPrefix(r.Name, "i-0aaa.") }) {
			t.Error("the marker is left behind")
		}
	})
	t.Run("an update changes TTL, value and marker in place", func(t *testing.T) {
		got, err := a.Lookup(ctx, z, name, "A")
		if err != nil || len(got) != 1 {
			t.Fatalf("rows %+v, error %v", got, err)
		}
		want := row("198.51.100.3", 42, owner("i-0bbb"))
		one(t, update(got[0], want))
		if got, err = a.Lookup(ctx, z, name, ""); err != nil || len(got) != 1 || !got[0].Equal(&want) {
			t.Fatalf("rows %+v, want %+v, error %v", got, want, err)
		}
		one(t, remove(got[0]))
		if got, err = a.Lookup(ctx, z, name, ""); err != nil || len(got) != 0 {
			t.Fatalf("rows %+v, error %v", got, err)
		}
	})
	t.Run("a weighted set keeps its identifier and weight", func(t *testing.T) {
		w := row("198.51.100.4", 43)
		w.Name, w.SetID, w.Weight, w.Policy = "w.suite.unilans.net", "suite-one", 7, "weighted"
		if r := one(t, create(w)); !r.Record.Equal(&w) {
			t.Errorf("result %+v, want %+v", r.Record, w)
		}
		one(t, remove(w))
	})
	t.Run("a zone that is not there is not found", func(t *testing.T) {
		gone := providers.Zone{Name: "unilans.net", ID: "Z00000000000000000000"}
		v := a.Records(ctx, gone, func([]providers.Record) {})
		if v.State != providers.CoverageFailed {
			t.Fatalf("coverage %+v", v)
		}
		wantKind(t, v.Err, providers.KindNotFound)
	})
}

func TestTwoHundredNodesThatJoinTheEmbeddedZoneLoseNobody(t *testing.T) {
	_, cfg := startSim(t)
	nodes := 200
	if providertest.RaceDetector || testing.Short() {
		nodes = 30
	}
	errs := make([]error, nodes)
	var z providers.Zone
	first, err := route53.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	first.Zones(context.Background(), func(p []providers.Zone) { z = p[0] })
	var wg sync.WaitGroup
	for i := range nodes {
		a, err := route53.New(cfg) // each node is a process of its own
		if err != nil {
			t.Fatal(err)
		}
		r := providers.Record{Zone: z.Name, Name: "crowd.unilans.net", Type: "A", TTL: 60, Value: fmt.Sprintf("198.51.%d.%d", i/100, i%100+1)}
		r.Owners = []providers.Owner{owner(fmt.Sprintf("i-%d", i)).For("A", r.Value)}
		wg.Go(func() { errs[i] = a.Apply(context.Background(), z, []providers.Change{create(r)})[0].Err })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	got, err := first.Lookup(context.Background(), z, "crowd.unilans.net", "A")
	if err != nil || len(got) != nodes {
		t.Fatalf("%d values of %d nodes, error %v", len(got), nodes, err)
	}
	for _, r := range got {
		if _, ok := r.Owner(); !ok {
			t.Errorf("%s has owners %v", r.Value, r.Owners)
		}
	}
}

func TestWrongCredentialsAreRefusedByTheEmbeddedClouds(t *testing.T) {
	_, cfg := startSim(t)
	cfg.AWS = staticConfig()
	a, err := route53.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	v := a.Zones(context.Background(), func([]providers.Zone) {})
	if v.State != providers.CoverageFailed {
		t.Fatalf("coverage %+v", v)
	}
	wantKind(t, v.Err, providers.KindAuth)
}

func TestALookupIsNotDeceivedByAnEmptyList(t *testing.T) {
	s, cfg := startSim(t)
	a, err := route53.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	z := providers.Zone{Name: "unilans.net", ID: s.World().Zones(providers.Route53)[0].ID}
	if rows, err := a.Lookup(context.Background(), z, "zzz.unilans.net", ""); err != nil || len(rows) != 0 { // behind the last record set
		t.Errorf("a name that nobody has: %v, %v", rows, err)
	}
	if err := s.World().SetFault(z.Name, world.EmptyPage); err != nil {
		t.Fatal(err)
	}
	if rows, err := a.Lookup(context.Background(), z, "v1._theservice._tcp.unilans.net", "SRV"); providers.KindOf(err) != providers.KindIncomplete {
		t.Errorf("%v, %v", rows, err)
	}
}

func TestNoFaultOfTheEmbeddedZonePassesAsACompleteListing(t *testing.T) {
	for fault, want := range map[world.FaultKind]providers.Kind{
		world.Unreachable: providers.KindUnreachable, world.Throttle: providers.KindThrottled, world.ServerError: providers.KindUnreachable,
		world.AuthError: providers.KindAuth, world.Reset: providers.KindUnreachable,
		world.ShortPage: providers.KindIncomplete, world.EmptyPage: providers.KindIncomplete,
	} {
		t.Run(string(fault), func(t *testing.T) {
			t.Parallel()
			s, cfg := startSim(t)
			a, err := route53.New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			z := s.World().Zones(providers.Route53)[0]
			if err := s.World().SetFault(z.Name, fault); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
			defer cancel()
			v := a.Records(ctx, providers.Zone{Name: z.Name, ID: z.ID}, func([]providers.Record) {})
			if v.Complete() {
				t.Fatalf("coverage %+v", v)
			}
			wantKind(t, v.Err, want)
		})
	}
}

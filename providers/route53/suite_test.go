package route53_test

import (
	"context"
	"net/http"
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
	checkDNS(t, route53.Config{AWS: staticConfig(), Endpoint: url, Clock: providertest.NewFastClock(time.Now(), 10).Clock, Budget: budget.New("moto", 0, 1)}, 0, true)
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
	checkDNS(t, cfg, 200, false)
}

// checkDNS runs the suite of all DNS adapters against a Route 53 that has the zone unilans.net.
func checkDNS(t *testing.T, cfg route53.Config, joins int, lax bool) {
	writes := &providertest.Writes{}
	open := func(cfg route53.Config) *route53.Account {
		a, err := route53.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	watched := cfg
	watched.HTTPClient = &http.Client{Transport: writes.Transport()}
	providertest.CheckDNS(t, providertest.DNS{
		Account: open(watched), Writes: writes, Another: func() providers.WritableDNS { return open(cfg) },
		Zone: "unilans.net", Unknown: providers.Zone{Name: "unilans.net", ID: "Z00000000000000000000"}, Joins: joins, Lax: lax,
	})
	t.Run("a weighted set keeps its identifier and weight", func(t *testing.T) {
		a := open(cfg)
		z, err := providers.FindZone(t.Context(), a, "unilans.net", providers.ZoneChoice{}, "")
		if err != nil {
			t.Fatal(err)
		}
		w := rec("A", "198.51.100.4")
		w.Name, w.TTL, w.SetID, w.Weight, w.Policy = "w.suite.unilans.net", 43, "suite-one", 7, "weighted"
		for _, c := range []providers.Change{create(w), remove(w)} {
			r := a.Apply(t.Context(), z, []providers.Change{c})[0]
			if r.Err != nil || c.Op == providers.OpCreate && !r.Record.Equal(&w) {
				t.Errorf("%s: result %+v, want %+v", c.Op, r, w)
			}
		}
	})
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
			ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
			defer cancel()
			v := a.Records(ctx, providers.Zone{Name: z.Name, ID: z.ID}, func([]providers.Record) {})
			if v.Complete() {
				t.Fatalf("coverage %+v", v)
			}
			wantKind(t, v.Err, want)
		})
	}
}

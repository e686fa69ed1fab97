package ec2_test

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"rollcall/providers"
	"rollcall/providers/budget"
	"rollcall/providers/ec2"
	"rollcall/providers/sim"
	"rollcall/providers/sim/simtest"
	"rollcall/providers/sim/world"
)

// startSim starts the embedded clouds with short delays, and returns the config of
// one of their EC2 regions.
func startSim(t *testing.T, instances int) (*sim.Sim, ec2.Config) {
	t.Helper()
	d := world.DefaultDelays()
	d.Boot, d.Agent, d.Stop = 200*time.Millisecond, time.Millisecond, 100*time.Millisecond
	s := simtest.Start(t, sim.Options{Instances: instances, Delays: d})
	e := s.Endpoints()
	return s, ec2.Config{
		Name: "aws-use1", Endpoint: e.AWS, Budget: budget.New("sim", 20, 100),
		AWS: &aws.Config{Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider(e.AWSKeyID, e.AWSSecret, "")},
	}
}

func TestTheAdapterWorksAgainstTheEmbeddedClouds(t *testing.T) {
	_, cfg := startSim(t, 0)
	runSuite(t, cfg)
}

func TestAListingOfTenThousandIsCompleteAgainstTheEmbeddedClouds(t *testing.T) {
	_, cfg := startSim(t, 10_000)
	c, err := ec2.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	all, v := list(c)
	if !v.Complete() || len(all) < 2000 {
		t.Fatalf("coverage %+v with %d rows", v, len(all))
	}
	for _, i := range all[:100] {
		got, err := c.Instance(context.Background(), i.ID)
		if err != nil || got.State != i.State || got.Name != i.Name {
			t.Fatalf("asked by id %+v, listed %+v, error %v", got, i, err)
		}
	}
}

func TestAMalformedIDIsInvalidAndNotGone(t *testing.T) {
	_, cfg := startSim(t, 0)
	c, err := ec2.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Instance(context.Background(), "c2f0a1b2-0000-4000-8000-000000000000")
	wantKind(t, err, providers.KindInvalid)
}

func TestWrongCredentialsAreRefusedByTheEmbeddedClouds(t *testing.T) {
	_, cfg := startSim(t, 0)
	cfg.AWS = staticConfig("us-east-1")
	c, err := ec2.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	_, v := list(c)
	if v.State != providers.CoverageFailed {
		t.Fatalf("coverage %+v", v)
	}
	wantKind(t, v.Err, providers.KindAuth)
}

func TestNoFaultOfTheEmbeddedCloudsPassesAsACompleteListing(t *testing.T) {
	for fault, want := range map[world.FaultKind]providers.Kind{
		world.Unreachable: providers.KindUnreachable, world.Throttle: providers.KindThrottled, world.ServerError: providers.KindUnreachable,
		world.AuthError: providers.KindAuth, world.Reset: providers.KindUnreachable,
	} {
		t.Run(string(fault), func(t *testing.T) {
			t.Parallel()
			s, cfg := startSim(t, 0)
			if err := s.World().SetFault("aws-use1", fault); err != nil {
				t.Fatal(err)
			}
			cfg.Budget = nil
			c, err := ec2.New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
			defer cancel()
			v := c.Instances(ctx, func([]providers.Instance) {})
			if v.Complete() {
				t.Fatalf("coverage %+v", v)
			}
			wantKind(t, v.Err, want)
		})
	}
}

func TestALaunchWhoseReplyTheEmbeddedCloudsLoseMakesOneInstance(t *testing.T) {
	s, cfg := startSim(t, 0)
	c, err := ec2.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	before, v := list(c)
	if !v.Complete() {
		t.Fatal(v.Err)
	}
	cat, err := c.Catalogue(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	req := providers.LaunchRequest{LaunchID: "lost", Name: "lost-01", Image: cat.Images[0].ID, Size: "t3.micro"}
	if err := s.World().SetFault("aws-use1", world.LostReply); err != nil {
		t.Fatal(err)
	}
	_, err = c.Launch(context.Background(), req)
	wantKind(t, err, providers.KindUncertain)
	if err := s.World().SetFault("aws-use1", world.NoFault); err != nil {
		t.Fatal(err)
	}
	i, err := c.Launch(context.Background(), req)
	if err != nil {
		t.Fatal(err)
	}
	after, _ := list(c)
	if len(after) != len(before)+1 {
		t.Errorf("%d instances became %d; the launch says %s", len(before), len(after), i.ID)
	}
}

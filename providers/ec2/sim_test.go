package ec2_test

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"rollcall/providers"
	"rollcall/providers/ec2"
	"rollcall/providers/sim"
	"rollcall/providers/sim/world"
)

// startSim starts the embedded clouds with short delays, and gives the config of
// one of their EC2 regions.
func startSim(t *testing.T, instances int) (*sim.Sim, ec2.Config) {
	t.Helper()
	d := world.DefaultDelays()
	d.Boot, d.Agent, d.Stop = 200*time.Millisecond, time.Millisecond, 100*time.Millisecond
	s, err := sim.Start(context.Background(), sim.Options{Seed: 1, Instances: instances, Delays: d, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	e := s.Endpoints()
	return s, ec2.Config{
		Name: "aws-use1", Endpoint: e.AWS, Budget: ec2.NewBudget("sim"),
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

package world

import (
	"context"
	"errors"
	"testing"
	"time"

	"rollcall/providers"
	"rollcall/providers/providertest"
)

func TestTheDefaultWorldHasSixtyInstancesInFourClouds(t *testing.T) {
	w := New(Options{Seed: 1})
	n := 0
	for _, c := range w.Clouds() {
		page, total := w.Instances(c.Name, nil, 0, 0)
		if len(page) != total || total < 10 {
			t.Errorf("%s: %d rows of %d", c.Name, len(page), total)
		}
		n += total
	}
	if n < 60 || n > 70 {
		t.Errorf("%d instances, want about 60", n)
	}
}

func TestTheSameSeedGivesTheSameWorld(t *testing.T) {
	at := time.Unix(1_790_000_000, 0)
	clk := providertest.NewClock(at).Clock
	a, _ := New(Options{Seed: 7, Clock: clk}).Instances("joyent-east", nil, 0, 0)
	b, _ := New(Options{Seed: 7, Clock: clk}).Instances("joyent-east", nil, 0, 0)
	c, _ := New(Options{Seed: 8, Clock: clk}).Instances("joyent-east", nil, 0, 0)
	for i := range a {
		if a[i].ID != b[i].ID {
			t.Fatalf("row %d: %s and %s", i, a[i].ID, b[i].ID)
		}
	}
	if a[0].ID == c[0].ID {
		t.Error("another seed gave the same ids")
	}
}

func TestALaunchedInstanceRunsThenItsAgentActs(t *testing.T) {
	clk := providertest.NewClock(time.Unix(1_790_000_000, 0))
	events := make(chan NodeEvent, 4)
	w := New(Options{Clock: clk.Clock, Node: func(_ context.Context, ev NodeEvent) { events <- ev }})
	i, err := w.Launch("aws-use1", Instance{Name: "n", ClientToken: "t"})
	if err != nil || i.State != providers.StatePending || i.Public.IsValid() {
		t.Fatalf("launch: %+v %v", i, err)
	}
	again, err := w.Launch("aws-use1", Instance{Name: "n", ClientToken: "t"})
	if err != nil || again.ID != i.ID {
		t.Fatalf("the same token gave %s, then %s (%v)", i.ID, again.ID, err)
	}
	clk.Advance(DefaultDelays().Boot)
	got, _ := w.Instance("aws-use1", i.ID)
	if got.State != providers.StateRunning || !got.Public.IsValid() {
		t.Fatalf("after the boot: %+v", got)
	}
	clk.Advance(DefaultDelays().Agent)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { w.Run(ctx); close(done) }()
	if ev := <-events; !ev.Up || ev.Instance.ID != i.ID {
		t.Errorf("event %+v", ev)
	}
	if _, _, err := w.Do("aws-use1", i.ID, Terminate); err != nil {
		t.Fatal(err)
	}
	if ev := <-events; ev.Up || !ev.Instance.Public.IsValid() {
		t.Errorf("event %+v, want a shutdown with the address that was held", ev)
	}
	cancel()
	<-done
}

func TestAPulledPlugTellsNoAgent(t *testing.T) {
	w := New(Options{})
	page, _ := w.Instances("joyent-east", nil, 0, 1)
	if _, _, err := w.Do("joyent-east", page[0].ID, PowerLoss); err != nil {
		t.Fatal(err)
	}
	if len(w.pending) != 0 {
		t.Error("an agent was told of a pulled plug")
	}
	if _, err := w.Instance("joyent-east", page[0].ID); !errors.Is(err, ErrGone) {
		t.Errorf("err = %v", err)
	}
}

func TestARoute53ChangeIsServedOnlyOnceItIsInSync(t *testing.T) {
	clk := providertest.NewClock(time.Unix(1_790_000_000, 0))
	w := New(Options{Clock: clk.Clock})
	z, err := w.Zone(Route53Zone)
	if err != nil {
		t.Fatal(err)
	}
	id, err := z.Update(func(tx *Tx) error {
		tx.Put(&Set{Name: "new.a.b." + Route53Zone, Type: "A", TTL: 60, Values: []string{"198.51.100.1"}})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if in, ok := z.ChangeInSync(id); in || !ok {
		t.Error("in sync at once")
	}
	if sets, _ := z.Served("new.a.b." + Route53Zone); len(sets) != 0 {
		t.Error("served before it was in sync")
	}
	clk.Advance(time.Second)
	sets, _ := z.Served("new.a.b." + Route53Zone)
	if len(sets["A"].Values) != 1 {
		t.Errorf("served %v", sets)
	}
	if sets, exists := z.Served("a.b." + Route53Zone); !exists || len(sets) != 0 {
		t.Error("an empty non-terminal does not exist")
	}
	if _, exists := z.Served("nope." + Route53Zone); exists {
		t.Error("a name that nobody made exists")
	}
}

func TestNoTwoInstancesOfALargeWorldHaveOneName(t *testing.T) {
	w := New(Options{Instances: 2000})
	seen := map[string]bool{}
	for _, c := range w.Clouds() {
		page, _ := w.Instances(c.Name, nil, 0, 0)
		for _, i := range page {
			if seen[i.Name] {
				t.Errorf("two instances are called %s", i.Name)
			}
			seen[i.Name] = true
		}
	}
}

func TestAHundredThousandInstancesAreSeeded(t *testing.T) {
	w := New(Options{Instances: 100_000})
	if _, total := w.Instances("aws-use1", nil, 0, 1); total < 20_000 {
		t.Errorf("%d in aws-use1", total)
	}
}

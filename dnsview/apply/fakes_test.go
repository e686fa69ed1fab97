package apply

import (
	"context"
	"errors"
	"time"

	"rollcall/dnsview/index"
	"rollcall/providers"
	"rollcall/providers/providertest"
)

var begin = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

type fakeCloud = providertest.Cloud

type fakeDNS = providertest.Zone

// fakeRoute53 is a zone in memory whose provider says how far a change has got.
type fakeRoute53 struct{ *fakeDNS }

// Propagated says that every name server of a zone has every change of it, at once.
func (d fakeRoute53) Propagated(_ context.Context, ticket string) (bool, error) {
	if d.Progress != nil {
		return d.Progress(ticket)
	}
	return true, nil
}

// servers are name servers that answer what the zones hold, but for what says makes of it.
type servers struct {
	zones []*fakeDNS
	says  func(name, typ string, values []string) ([]index.WireAnswer, error)
}

func (s *servers) Answers(_ context.Context, zone providers.Zone, name, typ string, _ int) ([]index.WireAnswer, error) {
	for _, d := range s.zones {
		if d.Self.Name != zone.Name {
			continue
		}
		v := d.Serves(name, typ)
		if s.says != nil {
			return s.says(name, typ, v)
		}
		return []index.WireAnswer{{Server: "ns1", Values: v}, {Server: "ns2", Values: v}}, nil
	}
	return nil, errDown
}

// counting counts the samples that are asked for.
type counting struct {
	*servers
	asked func(samples int)
}

func (c *counting) Answers(ctx context.Context, zone providers.Zone, name, typ string, samples int) ([]index.WireAnswer, error) {
	c.asked(samples)
	return c.servers.Answers(ctx, zone, name, typ, samples)
}

var errDown = errors.New("down")

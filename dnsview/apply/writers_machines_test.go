package apply_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"rollcall/providers"
	"rollcall/providers/sim/world"
)

// machines launches and ends machines, and lets agents look again.
func (s *scene) machines(rng *rand.Rand, many int) {
	clouds := s.world().Clouds()
	next := 1000
	for done := range many {
		s.keepPace(done, many)
		all, nodes := s.running()
		dice := rng.IntN(100)
		if len(all) < 20 {
			dice = 0
		}
		if len(all) > 70 && dice < 24 {
			dice = 30
		}
		pick := func() (providers.InstanceRef, world.Instance) {
			ref := all[rng.IntN(len(all))]
			return ref, nodes[ref.ID]
		}
		down := func(what string, p world.Power) {
			ref, _ := pick()
			s.did(what)
			s.switched(ref.ID, false)
			s.power(ref, p)
		}
		switch {
		case dice < 24:
			s.did("launch")
			next++
			c := clouds[rng.IntN(len(clouds))]
			tags := []map[string]string{{"service": "www"}, {"service": "www"}, {"service": "theservice", "version": "v1"}, {"service": "theservice", "version": "v2"}}[rng.IntN(4)]
			spec := world.Instance{Name: fmt.Sprintf("n-%d", next), Tags: map[string]string{"Name": fmt.Sprintf("n-%d", next), "agent": []string{"yes", "yes", "yes", "no"}[rng.IntN(4)]}}
			for k, v := range tags {
				spec.Tags[k] = v
			}
			if i, err := s.world().Launch(c.Name, spec); err != nil {
				s.t.Error(err)
			} else {
				s.know(&i)
				s.switched(i.ID, true)
			}
		case dice < 32:
			down("terminate", world.Terminate)
		case dice < 46:
			down("plug", world.PowerLoss)
		case dice < 54:
			down("stop", world.Stop)
		case dice < 64:
			s.did("start")
			s.startOne(rng)
		case dice < 70:
			ref, _ := pick()
			s.did("reboot")
			s.switched(ref.ID, false)
			s.power(ref, world.Reboot)
			s.switched(ref.ID, true)
		case dice < 72:
			ref, i := pick()
			s.did("same-id patch")
			s.sameID(ref, &i)
		case dice < 74:
			_, i := pick()
			s.did("enter by hand")
			zone := []string{cfZone, sdZone}[rng.IntN(2)]
			s.stray(zone, fmt.Sprintf("stray-%d.%s", done, zone), i.Public.String())
		default:
			ref, i := pick()
			s.did("agent looks again")
			c, _ := s.world().CloudIn(providerOf(ref.Cloud), regionOf(s, ref.Cloud))
			s.agents.play(context.Background(), world.NodeEvent{Up: true, Cloud: c, Instance: i})
		}
	}
}

// sameID has a node make the records with its address at Cloudflare its own once more, under the ids that they
// have, as its agent does. What was taken out on purpose it leaves alone.
func (s *scene) sameID(ref providers.InstanceRef, i *world.Instance) {
	text, err := providers.Owner{Fleet: s.world().FleetID, Cloud: ref.Key, Instance: ref.ID, Registered: s.clk.Now()}.Encode()
	if err != nil {
		s.t.Error(err)
		return
	}
	s.foreign(cfZone, func(tx *world.Tx) world.ZoneValue {
		for _, r := range slices.Clone(tx.Records()) {
			o, err := providers.DecodeOwner(r.Comment)
			if r.Type != "A" || r.Content != i.Public.String() || err != nil || o.Quiesced || o.Instance != ref.ID {
				continue
			}
			same := *r
			same.Comment, same.Modified = text, tx.Now()
			tx.ReplaceRecord(&same)
		}
		return world.ZoneValue{}
	})
}

func providerOf(cloud string) providers.Provider {
	if cloud == use1 || cloud == euw1 {
		return providers.EC2
	}
	return providers.Triton
}

func regionOf(s *scene, cloud string) string {
	for _, c := range s.world().Clouds() {
		if c.Name == cloud {
			return c.Region
		}
	}
	return ""
}

func (s *scene) power(ref providers.InstanceRef, p world.Power) {
	if _, _, err := s.world().Do(ref.Cloud, ref.ID, p); err != nil && !errors.Is(err, world.ErrGone) && !errors.Is(err, world.ErrState) && !errors.Is(err, world.ErrNoInstance) {
		s.t.Error(err)
	}
}

// startOne starts one of the stopped machines.
func (s *scene) startOne(rng *rand.Rand) {
	for _, c := range s.world().Clouds() {
		page, _ := s.world().Instances(c.Name, func(i *world.Instance) bool { return i.State == providers.StateStopped }, 0, 0)
		if len(page) == 0 {
			continue
		}
		i := page[0]
		if rng != nil {
			i = page[rng.IntN(len(page))]
		}
		s.power(providers.InstanceRef{Cloud: c.Name, ID: i.ID}, world.Start)
		s.switched(i.ID, true)
		return
	}
}

package launcher

import (
	"context"
	"errors"
	"strings"

	"rollcall/cmd/rollcall/app"
	"rollcall/dnsview/plan"
	"rollcall/providers"
	"rollcall/providers/launch"
)

// Check asks the clouds of a launch whether they would start its nodes, for at most app.OneShotTimeout. profileMade is
// false if the instance profile is yet to be created, so that the clouds cannot know it.
func (s *Launcher) Check(ctx context.Context, spec launch.Spec, profileMade bool) launch.Checked {
	ctx, cancel := context.WithTimeout(ctx, app.OneShotTimeout)
	defer cancel()
	if profileMade {
		return launch.Check(ctx, spec, s.LaunchClouds())
	}
	nodes := spec.Nodes
	spec.Nodes = nil
	for _, t := range nodes {
		t.Profile = ""
		spec.Nodes = append(spec.Nodes, t)
	}
	return launch.Check(ctx, spec, s.LaunchClouds())
}

// CheckLaunch implements apply.LaunchChecker. The boot script is checked when the plan is made.
func (s *Launcher) CheckLaunch(ctx context.Context, l *plan.Launch) (providers.LaunchCheck, error) {
	got := s.Check(ctx, s.WithOwnTags(launch.Spec{
		ID: l.ID, Service: l.Service, NamePrefix: l.Prefix,
		Nodes: []launch.Target{{Cloud: l.Cloud, Count: 1, Image: l.Image, Size: l.Size, Network: l.Network, KeyPair: l.KeyPair, Profile: l.Profile}},
	}), true)
	var err error
	if len(got.Unknown) > 0 {
		err = errors.New(strings.Join(got.Unknown, "; "))
	}
	return providers.LaunchCheck{Refused: got.Refused, Unchecked: got.Unchecked}, err
}

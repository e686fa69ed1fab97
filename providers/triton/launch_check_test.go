package triton_test

import (
	"strings"
	"testing"

	"rollcall/providers"
	"rollcall/providers/sim"
	"rollcall/providers/sim/world"
)

func TestWhatIsNotInTritonsListsIsRefusedBeforeAnythingIsStarted(t *testing.T) {
	s, c := embedded(t, sim.Options{Seed: 1})
	cat, err := c.Catalogue(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, before := s.World().Instances(eastName, nil, 0, 1)
	good := providers.LaunchRequest{LaunchID: "check", Name: "check-01", Image: cat.Images[0].ID, Size: cat.Sizes[0].ID, Network: cat.Networks[0].ID}
	none := "00000000-0000-4000-8000-000000000000"
	for name, x := range map[string]struct {
		change func(*providers.LaunchRequest)
		want   []string // of each refusal
	}{
		"taken":      {func(*providers.LaunchRequest) {}, nil},
		"no network": {func(r *providers.LaunchRequest) { r.Network = "" }, nil},
		"by id":      {func(r *providers.LaunchRequest) { r.Size = s.World().Sizes(eastName)[0].ID }, nil},
		"all wrong": {func(r *providers.LaunchRequest) { r.Image, r.Size, r.Network = none, "nope", none }, []string{
			"no image " + none, "no package nope", "no network " + none,
		}},
	} {
		req := good
		x.change(&req)
		got, err := c.CheckLaunch(t.Context(), req)
		if err != nil || len(got.Refused) != len(x.want) || len(got.Unchecked) != 1 || !strings.Contains(got.Unchecked[0], "only its lists") {
			t.Errorf("%s: %+v, %v", name, got, err)
			continue
		}
		for i, w := range x.want {
			if !strings.Contains(got.Refused[i], w) || !strings.Contains(got.Refused[i], "choose ") {
				t.Errorf("%s: %q lacks %q", name, got.Refused[i], w)
			}
		}
	}
	if _, after := s.World().Instances(eastName, nil, 0, 1); after != before {
		t.Errorf("%d machines before, %d after", before, after)
	}
	if err := s.World().SetFault(eastName, world.ServerError); err != nil {
		t.Fatal(err)
	}
	if got, err := c.CheckLaunch(t.Context(), good); err == nil {
		t.Errorf("no answer counts as one: %+v", got)
	}
}

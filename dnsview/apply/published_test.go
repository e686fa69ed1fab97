package apply

import (
	"context"
	"strings"
	"testing"
	"time"

	"rollcall/providers"
)

// publishedSources returns what another member has published in place of own reads.
type publishedSources struct {
	Sources
	cloud, zone bool
}

func (s publishedSources) Recent(ctx context.Context, maxAge time.Duration, names ...string) *providers.Snapshot {
	snap := *s.Sources.Recent(ctx, maxAge, names...)
	snap.Clouds, snap.Zones = append([]providers.CloudView(nil), snap.Clouds...), append([]providers.ZoneView(nil), snap.Zones...)
	for i := range snap.Clouds {
		if s.cloud {
			snap.Clouds[i].ReadBy = "watch@h"
		}
	}
	for i := range snap.Zones {
		if s.zone {
			snap.Zones[i].ReadBy = "watch@h"
		}
	}
	return &snap
}

func TestWhatAnotherMemberHasReadIsNoEvidence(t *testing.T) {
	for name, s := range map[string]publishedSources{"a cloud": {cloud: true}, "a zone": {zone: true}} {
		b := many(t, 3)
		p := b.dead()
		s.Sources = b.sources()
		b.opts.Sources = s
		rep := b.run(p)
		for i := range rep.Steps {
			if rep.Steps[i].State != StepRefused || !strings.Contains(failing(rep.Steps[i].Guards), "only an own read counts") {
				t.Errorf("%s: step %d is %s: %s", name, i, rep.Steps[i].State, failing(rep.Steps[i].Guards))
			}
		}
	}
}

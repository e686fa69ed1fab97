package fleet

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"rollcall/providers"
)

func TestATTLThatWasLoweredBetweenTwoRunsIsKnownToTheSecondAndTheThird(t *testing.T) {
	f, _, z := pair(10, Options{})
	path := filepath.Join(t.TempDir(), "snapshot")
	next := func() []providers.Former {
		t.Helper()
		if err := Save(path, f.Refresh(context.Background())); err != nil {
			t.Fatal(err)
		}
		last, err := Load(path, nil)
		if err != nil {
			t.Fatal(err)
		}
		last.Zones[0].Zone.Provider = providers.Cloudflare
		f = New(Options{Last: last, Zones: []ZoneSource{zoneSourceOf(z)}})
		return f.Snapshot().Zones[0].Former
	}
	if got := next(); len(got) > 0 {
		t.Fatalf("nothing was changed: %+v", got)
	}
	was := z.Rows[3].CacheTime()
	z.Rows[3].TTL /= 2
	for run := range 2 {
		if got := next(); len(got) != 1 || got[0].Name != z.Rows[3].Name || got[0].TTL != was || time.Since(got[0].At) > time.Minute {
			t.Errorf("run %d: %+v", run+2, got)
		}
	}
}

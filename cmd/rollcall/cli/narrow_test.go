package cli

import (
	"net/http"
	"testing"
	"time"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/config"
	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/providers"
)

func TestWhatDiffersAfterARefreshOfTheEmbeddedCloudsIsLookedAtAlone(t *testing.T) {
	s, err := startWorld(t.Context(), t.TempDir(), 1, 60, t.Logf)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	useWorld(t, s.Env())
	c, err := config.Load(t.Context(), s.Endpoints().Config, app.Rules(providers.Environment{}))
	if err != nil {
		t.Fatal(err)
	}
	f := newFleetFor(t, c, http.DefaultTransport, nil)
	inspect := func(last *dnsview.View) *dnsview.View {
		return dnsview.InspectAfter(last, f.Refresh(t.Context()), index.Options{Fleet: c.Fleet, Services: c.DeclaredServices(), Now: time.Now()})
	}
	v := inspect(nil)
	for i := range v.Snapshot.Clouds {
		cloud := &v.Snapshot.Clouds[i]
		if err := s.World().SetTags(cloud.Cloud.Name, cloud.Instances[0].ID, map[string]string{"env": "canary"}, nil); err != nil {
			t.Fatal(err)
		}
	}
	last := v
	v = inspect(last)
	differs, ok := v.Index.DiffersFrom(last.Index)
	if !ok || differs == nil || len(differs.Nodes) != len(v.Snapshot.Clouds) {
		t.Fatalf("%v, %v", differs, ok)
	}
}

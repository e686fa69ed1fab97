package dnsview_test

import (
	"testing"
	"time"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
)

func TestTheRecordSaysThatItsServersDifferFromTheMomentOnWhenThatIsAFinding(t *testing.T) {
	for since, want := range map[time.Duration]struct {
		state index.WireVerdict
		class dnsview.Class
	}{
		119 * time.Second: {index.WirePropagating, dnsview.InFlight},
		120 * time.Second: {index.WireDiffers, dnsview.Wire},
	} {
		w := newWorld()
		w.on(wwwName, "A", index.WirePropagating, func(s *index.WireState) { s.Since = testNow.Add(-since) })
		v := w.view()
		for _, f := range v.Findings {
			if f.Record == nil || f.Record.Name != wwwName {
				continue
			}
			if got := v.WireOf(f.Record); f.Class != want.class || got.State != want.state {
				t.Errorf("after %v: %s, %s", since, f.Class, got.State)
			}
			want.class = ""
		}
		if want.class != "" {
			t.Errorf("after %v: no finding", since)
		}
	}
}

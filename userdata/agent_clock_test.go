package userdata

import (
	"testing"
	"time"

	"rollcall/providers"
	"rollcall/providers/sim"
)

// A machine that has just booted may not know the time yet. Its markers are dated by the Date of the DNS provider's answers.
func TestTheMarkerOfANodeWhoseClockIsWrongIsDatedByItsDNSProvider(t *testing.T) {
	for _, dns := range []providers.Provider{providers.Cloudflare, providers.Route53} {
		for _, ahead := range []time.Duration{24 * time.Hour, -time.Hour} {
			t.Run(string(dns)+" "+ahead.String(), func(t *testing.T) {
				s, err := sim.Start(t.Context(), sim.Options{Seed: 1, Now: func() time.Time { return time.Now().Add(ahead) }})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() {
					if err := s.Close(); err != nil {
						t.Error(err)
					}
				})
				at := map[providers.Provider]providers.Provider{providers.Cloudflare: providers.Triton, providers.Route53: providers.EC2}[dns]
				r := newRig(t, s, at, dns, 1)
				r.must("register")
				found := 0
				for _, rec := range records(t, s, r.cfg.Zone) {
					o, ok := rec.Owner()
					if !ok || o.Instance != r.id {
						continue
					}
					found++
					if off := time.Since(o.Registered.Add(-ahead)); off.Abs() > time.Minute {
						t.Errorf("%s is dated %s off", rec.Name, off)
					}
				}
				if found == 0 {
					t.Error("nothing was registered")
				}
			})
		}
	}
}

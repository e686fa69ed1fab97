package userdata

import (
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"rollcall/providers"
	"rollcall/providers/sim"
	"rollcall/providers/sim/simtest"
)

// A machine that has just booted may not know the time yet. Its markers are dated by the Date of the DNS provider's answers.
func TestTheMarkerOfANodeWhoseClockIsWrongIsDatedByItsDNSProvider(t *testing.T) {
	for _, dns := range []providers.Provider{providers.Cloudflare, providers.Route53} {
		for _, ahead := range []time.Duration{24 * time.Hour, -time.Hour} {
			t.Run(string(dns)+" "+ahead.String(), func(t *testing.T) {
				s := simtest.Start(t, sim.Options{Clock: providers.Clock{Time: func() time.Time { return time.Now().Add(ahead) }}})
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

// A time service sets the clock of a machine some seconds after it has booted, between an answer and the marker that rests on it.
func TestAMarkerIsDatedRightWhenTheClockIsSetInTheMiddleOfTheRun(t *testing.T) {
	out := script(t, "", `
import email.utils, time
real, wrong = time.time, 0
time.time = lambda: real() + wrong
m = a.Marker("f", "0123456789", "i-1", 0, False, "", "")
def off():
    return round(int(m.encode().split(" ")[4]) - real(), -1)
print(off(), end=" ")
for wrong in (-86400, 7200, 0, 1):
    a.learn({"Date": email.utils.formatdate(real(), usegmt=True)})
    print(off(), end=" ")
    for wrong in (0, 3600, -99999999):
        print(off(), end=" ")
a.learn({})
print(off() + 99999999 < 1000, end="")`)
	if want := strings.Repeat("0.0 ", 17) + "True"; strings.ReplaceAll(string(out), "-0.0", "0.0") != want {
		t.Errorf("off by %s, want %s", out, want)
	}
}

func TestANodeWhoseClockIsSetWhileItRunsDatesTheMarkersOfItsNextAddressRight(t *testing.T) {
	for _, dns := range []providers.Provider{providers.Cloudflare, providers.Route53} {
		t.Run(string(dns), func(t *testing.T) {
			var ahead atomic.Int64 // of the provider's clock against this machine's: setting one is as good as setting the other
			s := simtest.Start(t, sim.Options{Clock: providers.Clock{Time: func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }}})
			at := map[providers.Provider]providers.Provider{providers.Cloudflare: providers.Triton, providers.Route53: providers.EC2}[dns]
			r := newRig(t, s, at, dns, 1)
			r.watch()
			until(t, "it is in DNS", func() bool { return len(r.held()) == 1 })
			ahead.Store(int64(3 * time.Hour))
			r.setAddress("54.99.0.77")
			until(t, "its new address is in DNS", func() bool { return slices.Equal(r.at(r.cfg.Service, "A"), []string{"54.99.0.77"}) })
			for _, rec := range records(t, s, r.cfg.Zone) {
				if o, ok := rec.Owner(); ok && o.Instance == r.id && rec.Value == "54.99.0.77" {
					if off := time.Since(o.Registered.Add(-3 * time.Hour)); off.Abs() > time.Minute {
						t.Errorf("%s is dated %s off", rec.Name, off)
					}
				}
			}
		})
	}
}

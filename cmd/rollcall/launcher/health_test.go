package launcher

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/config"
	"rollcall/dnsview/index"
	"rollcall/providers"
	"rollcall/providers/adapter"
	"rollcall/providers/launch"
	"rollcall/providers/providertest"
)

// knocked is a node that can be set to be well, and counts the health checks of it.
type knocked struct {
	well   atomic.Bool
	knocks atomic.Int64
	node   launch.Node
	health index.Health
}

func newKnocked(t *testing.T) *knocked {
	k := &knocked{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		k.knocks.Add(1)
		if !k.well.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(srv.Close)
	at := netip.MustParseAddrPort(strings.TrimPrefix(srv.URL, "http://"))
	k.node = launch.Node{Cloud: "east", Stage: launch.StageRunning, Instance: providers.Instance{ID: "n-1", Key: "0123456789", State: providers.StateRunning, PublicIPs: []netip.Addr{netip.IPv6Loopback(), at.Addr()}}}
	k.health = index.Health{HTTP: "/", Port: at.Port(), Need: 2, Of: 3, Interval: 5 * time.Second}
	return k
}

// noLog is a cloud without a console log.
func noLog(context.Context, launch.Node) (launch.BootState, error) {
	return launch.BootState{}, providers.Errorf(providers.KindInvalid, "read console log", "there is none")
}

func healthSession(probe bool, clock providers.Clock) *Launcher {
	return New(app.NewSession(&app.Program{Clock: clock}, &config.Config{Probe: probe}, []app.CloudSource{{Name: "east"}}, nil))
}

func TestANodeThatTheConsoleRegistersWaitsForTheHealthCheckMadeFromHere(t *testing.T) {
	k := newKnocked(t)
	clk := providertest.NewClock(time.Unix(1_790_000_000, 0))
	h := healthSession(true, clk.Clock).newNodeHealth(&index.Service{Name: "www.example.com", Kind: index.RoundRobin, Health: k.health})
	h.address = func(i *providers.Instance) netip.Addr { return i.PublicIPs[1] }
	registered := 0
	watch, register := h.watch(noLog), h.register(func(context.Context, launch.Node) error { registered++; return nil })
	for i, want := range []struct {
		well  bool
		stage launch.Stage
		in    int
	}{{false, "", 0}, {false, "", 0}, {true, "", 0}, {true, launch.StageHealthy, 1}} {
		k.well.Store(want.well)
		state, err := watch(t.Context(), k.node)
		if err != nil || state.Stage != want.stage || (state.Message == "") != (want.stage == launch.StageHealthy) {
			t.Errorf("look %d: %+v, %v", i, state, err)
		}
		err = register(t.Context(), k.node)
		if registered != want.in || (err == nil) != (want.in == 1) {
			t.Errorf("look %d: registered %d times, %v", i, registered, err)
		}
		if want.in == 0 && providers.KindOf(err) != providers.KindUnreachable {
			t.Errorf("look %d: %v would end the wait", i, err)
		}
		clk.Advance(6 * time.Second)
	}
	if k.knocks.Load() != 4 {
		t.Errorf("%d knocks in four rounds", k.knocks.Load())
	}
}

func TestNobodyKnocksAtANodeWhereTheConfigOrALabForbidsIt(t *testing.T) {
	k := newKnocked(t)
	for name, s := range map[string]*Launcher{
		"the config": healthSession(false, providers.Clock{}),
		"a lab":      New(app.NewSession(&app.Program{}, &config.Config{Probe: true}, []app.CloudSource{{Name: "east", Account: adapter.Account{Compute: onLab{}}}}, nil)),
	} {
		h := s.newNodeHealth(&index.Service{Name: "www.example.com", Health: k.health})
		registered := 0
		if _, err := h.watch(noLog)(t.Context(), k.node); providers.KindOf(err) != providers.KindInvalid {
			t.Errorf("%s: %v", name, err)
		}
		err := h.register(func(context.Context, launch.Node) error { registered++; return nil })(t.Context(), k.node)
		if err != nil || registered != 1 {
			t.Errorf("%s: registered %d times, %v", name, registered, err)
		}
	}
	if k.knocks.Load() != 0 {
		t.Errorf("%d knocks", k.knocks.Load())
	}
}

// onLab is a cloud whose API listens on this machine.
type onLab struct{ providers.Compute }

func (onLab) Endpoint() string { return "http://127.0.0.1:1234" }

func TestANodeThatMayNotBeCheckedIsRegisteredOnceItsConsoleLogSaysThatItsBootIsThroughAndIsSaidToBeUnchecked(t *testing.T) {
	k := newKnocked(t)
	var state launch.BootState
	var fails error
	log := func(context.Context, launch.Node) (launch.BootState, error) { return state, fails }
	for _, x := range []struct {
		name  string
		state launch.BootState
		err   error
		in    bool
		kind  providers.Kind // of the error otherwise
	}{
		{"silent", launch.BootState{}, nil, false, providers.KindUnreachable},
		{"booting", launch.BootState{Stage: launch.StageBooting}, nil, false, providers.KindUnreachable},
		{"through", launch.BootState{Stage: launch.StageBooting, Ended: true}, nil, true, ""},
		{"healthy", launch.BootState{Stage: launch.StageHealthy}, nil, true, ""},
		{"failed", launch.BootState{Stage: launch.StageBooting, Ended: true, Failed: true}, nil, false, providers.KindInvalid},
		{"not to be read", launch.BootState{}, providers.Errorf(providers.KindUnreachable, "log", "down"), false, providers.KindUnreachable},
		{"no permission", launch.BootState{}, providers.Errorf(providers.KindAuth, "log", "denied"), true, ""},
		{"none", launch.BootState{}, providers.Errorf(providers.KindInvalid, "log", "none"), true, ""},
	} {
		h := healthSession(false, providers.Clock{}).newNodeHealth(&index.Service{Name: "www.example.com", Health: k.health})
		state, fails = x.state, x.err
		registered := false
		register := h.register(func(context.Context, launch.Node) error { registered = true; return nil })
		h.watch(log)
		err := register(t.Context(), k.node)
		if registered != x.in || (err == nil) != x.in || !x.in && providers.KindOf(err) != x.kind {
			t.Errorf("%s: registered %t, %v", x.name, registered, err)
		}
		if note := h.note(k.node); strings.Contains(note, "not checked") != x.in {
			t.Errorf("%s: it says %q", x.name, note)
		}
	}
	if k.knocks.Load() != 0 {
		t.Errorf("%d knocks", k.knocks.Load())
	}
}

func TestAHealthCheckFromHereUsesTheAddressThatClientsAreSentTo(t *testing.T) {
	public, private := netip.MustParseAddr("34.200.16.1"), netip.MustParseAddr("10.0.0.1")
	both := providers.Instance{ID: "n-1", PublicIPs: []netip.Addr{public}, PrivateIPs: []netip.Addr{private}}
	inside := providers.Instance{ID: "n-2", PrivateIPs: []netip.Addr{private}}
	for _, c := range []struct {
		scope index.AddressScope
		node  providers.Instance
		want  netip.Addr
		note  string
	}{
		{"", both, public, "probe: false"},
		{index.ScopePrivate, both, private, "probe: false"},
		{index.ScopePrivate, inside, private, "probe: false"},
		{"", inside, netip.Addr{}, "it has no address that clients are sent to"},
	} {
		h := healthSession(!c.want.IsValid(), providers.Clock{}).newNodeHealth(&index.Service{Name: "www.example.com", Address: c.scope, Health: index.Health{TCP: true, HTTP: "/", Port: 80}})
		n := launch.Node{Cloud: "east", Instance: c.node}
		if r := h.check(t.Context(), n); r.Addr != c.want {
			t.Errorf("%q %s: it is checked at %v, want %v", c.scope, c.node.ID, r.Addr, c.want)
		}
		h.watch(noLog)
		if err := h.register(func(context.Context, launch.Node) error { return nil })(t.Context(), n); err != nil || !strings.Contains(h.note(n), c.note) {
			t.Errorf("%q %s: %v, noted %q", c.scope, c.node.ID, err, h.note(n))
		}
	}
}

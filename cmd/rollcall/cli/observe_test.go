package cli

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/miekg/dns"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/exit"
	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/dnsview/probe"
	"rollcall/dnsview/rows"
	"rollcall/providers/providertest"
	"rollcall/providers/sim"
	"rollcall/providers/sim/simtest"
	"rollcall/providers/sim/world"
)

// rewrite changes the config of the world.
func rewrite(t *testing.T, pairs ...string) {
	t.Helper()
	path := getenv(t, "ROLLCALL_CONFIG")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(string(text), pairs[i]) {
			t.Fatalf("%q is not in\n%s", pairs[i], text)
		}
	}
	if err := os.WriteFile(path, []byte(strings.NewReplacer(pairs...).Replace(string(text))), 0o600); err != nil {
		t.Fatal(err)
	}
}

const (
	cloudflareZone = "name: scalability.expert, provider: cloudflare"
	route53Zone    = "name: unilans.net, provider: route53"
	www            = "www.scalability.expert"
)

// servedBy has a zone served by other name servers.
func servedBy(t *testing.T, zone string, servers ...string) {
	t.Helper()
	text, err := os.ReadFile(getenv(t, "ROLLCALL_CONFIG"))
	if err != nil {
		t.Fatal(err)
	}
	_, line, _ := strings.Cut(string(text), zone)
	line, _, _ = strings.Cut(line, "}")
	rewrite(t, zone+line, fmt.Sprintf(`%s, servers: ["%s"]`, zone, strings.Join(servers, `", "`)))
}

// twin is a second world with the same zones, whose name server says something else of a name.
func twin(t *testing.T, change func(tx *world.Tx)) string {
	t.Helper()
	s := simtest.Start(t, sim.Options{Instances: worldSize})
	z, err := s.World().Zone("scalability.expert")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := z.Update(func(tx *world.Tx) error { change(tx); return nil }); err != nil {
		t.Fatal(err)
	}
	return s.Endpoints().DNS
}

// change takes one address of www away under a fault of the zone's name servers.
func change(t *testing.T, s *sim.Sim, fault world.FaultKind) {
	t.Helper()
	if err := s.World().SetFault("scalability.expert", fault); err != nil {
		t.Fatal(err)
	}
	z, err := s.World().Zone("scalability.expert")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := z.Update(func(tx *world.Tx) error { withoutOne(tx); return nil }); err != nil {
		t.Fatal(err)
	}
}

// withoutOne takes one address of www away.
func withoutOne(tx *world.Tx) {
	for _, r := range tx.Records() {
		if r.Name == www {
			tx.RemoveRecord(r.ID)
			return
		}
	}
}

// classesOf are the classes of the findings of a drift report about a name.
func (d *driftReport) classesOf(name string) string {
	var out []string
	for _, f := range d.Findings {
		if strings.HasPrefix(f.Name, name) || f.Zone == name && f.Name == "" && f.Record == nil {
			out = append(out, f.Class)
		}
	}
	return strings.Join(out, " ")
}

func TestDriftOnTheWire(t *testing.T) {
	none := func(*world.Tx) {}
	closed := "127.0.0.1:1" // nothing listens there
	for n, c := range []struct {
		name  string
		setup func(t *testing.T, s *sim.Sim)
		about string
		want  string
		code  int
		says  string
	}{
		{"all name servers say what the APIs say", func(*testing.T, *sim.Sim) {}, www + " A", "", exit.Drift, ""},
		{"name servers that do not show what the API holds", func(t *testing.T, _ *sim.Sim) {
			servedBy(t, cloudflareZone, twin(t, withoutOne))
			rewrite(t, "wire: 15s", "wire: 1s")
		}, www + " A", "wire", exit.Drift, "answer something else than the API holds"},
		{"a name server that hears of no change", func(t *testing.T, s *sim.Sim) {
			change(t, s, world.Split)
			rewrite(t, "wire: 15s", "wire: 1s")
		}, www + " A", "split", exit.Drift, "disagree with each other"},
		{"name servers that hear of no change", func(t *testing.T, s *sim.Sim) {
			change(t, s, world.Lagging)
			rewrite(t, "wire: 15s", "wire: 1s")
		}, www + " A", "wire", exit.Drift, "answer something else than the API holds"},
		{"a change that its name servers hear of in time", func(t *testing.T, s *sim.Sim) {
			change(t, s, world.Lagging)
			go func() {
				time.Sleep(1500 * time.Millisecond)
				_ = s.World().SetFault("scalability.expert", world.NoFault)
			}()
		}, www + " A", "", exit.Drift, ""},
		{"name servers that disagree", func(t *testing.T, s *sim.Sim) {
			servedBy(t, cloudflareZone, s.Endpoints().DNS, twin(t, withoutOne))
			rewrite(t, "wire: 15s", "wire: 1s")
		}, www + " A", "split", exit.Drift, "disagree with each other"},
		{"a resolver that hands out what was there before", func(t *testing.T, s *sim.Sim) {
			servedBy(t, cloudflareZone, s.Endpoints().DNS)
			rewrite(t, "resolvers: [", fmt.Sprintf("resolvers: [%q, ", twin(t, withoutOne)))
		}, www + " A", "cached", exit.Drift, "still hand out the old answer"},
		{"a zone that its name servers do not serve", func(t *testing.T, _ *sim.Sim) {
			servedBy(t, cloudflareZone, refusing(t))
		}, "scalability.expert", "missing lame", exit.Drift, "is lame"},
		{"name servers that do not answer", func(t *testing.T, _ *sim.Sim) {
			servedBy(t, route53Zone, closed)
		}, "", "", exit.Unknown, ""},
		{"name servers of which one does not answer", func(t *testing.T, _ *sim.Sim) {
			servedBy(t, cloudflareZone, twin(t, none), closed)
		}, www + " A", "", exit.Drift, ""},
		{"a zone that two resolvers cannot resolve", func(t *testing.T, _ *sim.Sim) {
			rewrite(t, "resolvers: [", fmt.Sprintf("resolvers: [%q, %q, ", answering(t, dns.RcodeServerFailure), answering(t, dns.RcodeServerFailure)))
		}, "scalability.expert", "unresolvable missing", exit.Drift, "scalability.expert cannot be resolved, though its own servers answer"},
		{"a zone that two resolvers do not know", func(t *testing.T, _ *sim.Sim) {
			rewrite(t, "resolvers: [", fmt.Sprintf("resolvers: [%q, %q, ", answering(t, dns.RcodeNameError), answering(t, dns.RcodeNameError)))
		}, "scalability.expert", "unresolvable missing", exit.Drift, "answers that there is no such name"},
		{"a zone that one resolver cannot resolve", func(t *testing.T, _ *sim.Sim) {
			rewrite(t, "resolvers: [", fmt.Sprintf("resolvers: [%q, ", answering(t, dns.RcodeServerFailure)))
		}, "scalability.expert", "missing unknown", exit.Unknown, "not certain until two resolvers say so in two rounds"},
	} {
		if !providertest.InPart(n, 2) {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			s := newWorld(t)
			c.setup(t, s)
			r := rollcall(t, "drift", "--wire", "--exit-code", "-o", "json")
			if r.code != c.code {
				t.Errorf("exit code %d, want %d", r.code, c.code)
			}
			d := decode[driftReport](t, r.out)
			if c.about != "" && d.classesOf(c.about) != c.want {
				t.Errorf("%s is %q, want %q", c.about, d.classesOf(c.about), c.want)
			}
			if !strings.Contains(r.out, c.says) {
				t.Errorf("no finding says %q", c.says)
			}
			if c.code == exit.Unknown && !strings.Contains(r.err, "name servers of unilans.net: no answer for") {
				t.Errorf("stderr does not say which name servers: %s", r.err)
			}
			if strings.Contains(c.want, "lame") {
				for _, f := range d.Findings {
					if f.Zone == "scalability.expert" && f.Remedy != "" {
						t.Errorf("%s is offered in a lame zone: %s", f.Remedy, f.Reason)
					}
				}
			}
		})
	}
}

// refusing is a name server that serves nothing.
func refusing(t *testing.T) string {
	t.Helper()
	return answering(t, dns.RcodeRefused)
}

// answering is a name server that answers everything with one code.
func answering(t *testing.T, rcode int) string {
	t.Helper()
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &dns.Server{PacketConn: pc, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, r *dns.Msg) {
		m := new(dns.Msg)
		m.SetRcode(r, rcode)
		m.RecursionAvailable = true
		_ = w.WriteMsg(m)
	})}
	go func() { _ = s.ActivateAndServe() }()
	t.Cleanup(func() { _ = s.Shutdown() })
	return pc.LocalAddr().String()
}

func TestWithoutWireNoNameServerIsAsked(t *testing.T) {
	newWorld(t)
	servedBy(t, cloudflareZone, "127.0.0.1:1")
	if r := rollcall(t, "drift", "--exit-code", "-o", "json"); r.code != exit.Drift || strings.Contains(r.out, "name servers of") {
		t.Errorf("exit code %d, %s", r.code, r.err)
	}
	for _, r := range objects(t, "ls", "records", "-o", "json") {
		if r["wire"] != nil {
			t.Fatalf("%v", r["wire"])
		}
	}
	if out := must(t, "ls", "records", "-o", "wide"); strings.Contains(out, "WIRE") {
		t.Error("a column WIRE that nobody asked for")
	}
}

func TestListsShowWhatTheNameServersMakeOfThem(t *testing.T) {
	s := newWorld(t)
	servedBy(t, cloudflareZone, s.Endpoints().DNS, twin(t, withoutOne))
	states := map[string]string{}
	for _, r := range decode[[]rows.RecordObject](t, must(t, "ls", "records", "--wire", "-o", "json")) {
		if (r.Wire == nil) != (r.Type == "SOA") { // whose serial is the affair of the provider
			t.Fatalf("%s %s: %v", r.Name, r.Type, r.Wire)
		}
		states[r.Name+" "+r.Type] = r.Wire.String()
		if r.Name == www && (len(r.Wire.Answers) != 3 || r.Wire.Answers[0].TTL != 60 || r.Wire.At == nil || r.Wire.Answers[2].Resolver != true) {
			t.Errorf("%+v", r.Wire)
		}
	}
	for name, want := range map[string]string{www + " A": "split 1/2", "legacy.scalability.expert A": "in sync 2/2", "scalability.expert A": "resolves", "v1._theservice._tcp.unilans.net SRV": "in sync 2/2"} {
		if states[name] != want {
			t.Errorf("%s is %q, want %q", name, states[name], want)
		}
	}
	if out := must(t, "ls", "records", "--wire", "-o", "wide", "--filter", "wire:split"); !strings.Contains(out, "split 1/2") || strings.Contains(out, "in sync") {
		t.Errorf("%s", out)
	}
	for _, r := range decode[[]rows.Source](t, must(t, "ls", "sources", "--wire", "-o", "json")) {
		if (r.Kind == "zone") != (r.Wire != nil) || r.Wire != nil && r.Wire.State != "in sync" {
			t.Errorf("%s: %+v", r.Name, r.Wire)
		}
	}
}

// opened is a session that has read its sources, and looks at nothing outside yet.
func opened(t *testing.T) *app.Session {
	t.Helper()
	a := &app.Program{Env: environment(t), In: os.Stdin, Out: t.Output(), Err: t.Output()}
	s, err := a.Open(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	s.Observer = s.NewObserver()
	s.Start(app.ConsoleTimeout)
	s.Fleet.Refresh(context.Background())
	return s
}

// watching is a session that goes on, with what it looks at outside under way.
func watching(t *testing.T) *app.Session {
	t.Helper()
	s := opened(t)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.Observer.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return s
}

// untilView inspects again after every change until the view is as wanted, for minutes.
func untilView(t *testing.T, s *app.Session, what string, holds func(v *dnsview.View) bool) *dnsview.View {
	t.Helper()
	for end := time.Now().Add(3 * time.Minute); time.Now().Before(end); {
		v := s.Update(s.Fleet.Snapshot())
		if holds(v) {
			return v
		}
		select {
		case <-s.Observer.Changes:
		case <-time.After(500 * time.Millisecond):
		}
	}
	t.Fatalf("waited for %s in vain", what)
	return nil
}

// wireStates counts the records of a view by what name servers make of them.
func wireStates(v *dnsview.View) map[index.WireVerdict]int {
	out := map[index.WireVerdict]int{}
	for z := range v.Snapshot.Zones {
		for i := range v.Snapshot.Zones[z].Records {
			if w := v.WireOf(&v.Snapshot.Zones[z].Records[i]); w != nil {
				out[w.State]++
			}
		}
	}
	return out
}

func TestTheConsoleLearnsWhatNameServersSay(t *testing.T) {
	w := newWorld(t)
	s := watching(t)
	if got := wireStates(s.Update(s.Fleet.Snapshot())); got[index.WireWaiting]+got[index.WireInSync] < 60 {
		t.Errorf("%v", got)
	}
	v := untilView(t, s, "every name to be in sync", func(v *dnsview.View) bool {
		got := wireStates(v)
		return got[index.WireWaiting] == 0 && got[index.WireInSync] > 60
	})
	if z := v.WireZone("unilans.net"); z == nil || z.State != index.WireInSync {
		t.Errorf("%+v", z)
	}

	// A change that the API does not report is on the wire alone.
	z, err := w.World().Zone("scalability.expert")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := z.Update(func(tx *world.Tx) error {
		tx.AddRecord(&world.Record{Name: "fresh.scalability.expert", Type: "A", Content: "192.0.2.1", TTL: 60})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	s.Fleet.Refresh(context.Background(), "scalability.expert")
	untilView(t, s, "the fresh name to be in sync", func(v *dnsview.View) bool {
		for i := range v.Snapshot.Zones[0].Records {
			if r := &v.Snapshot.Zones[0].Records[i]; r.Name == "fresh.scalability.expert" {
				return v.WireOf(r) != nil && v.WireOf(r).State == index.WireInSync
			}
		}
		return false
	})
}

func TestNameServersAreLeftAloneWhenTheConfigSaysSo(t *testing.T) {
	newWorld(t)
	rewrite(t, "wire: true", "wire: false")
	s := watching(t)
	if v := s.Update(s.Fleet.Snapshot()); len(v.Options.Wire) != 0 || s.Observer.Wire != nil {
		t.Errorf("%d names are asked for", len(v.Options.Wire))
	}
}

func TestNothingKnocksAtTheNodesOfEmbeddedClouds(t *testing.T) {
	newWorld(t)
	if s := opened(t); s.Observer.Prober.On() {
		t.Error("the config of the world has health checks made from here")
	}
	rewrite(t, "probe: false", "probe: true")
	s := opened(t)
	v := s.Update(s.Fleet.Snapshot())
	if !s.Observer.Prober.On() || len(probe.Targets(v)) == 0 {
		t.Fatal("there is nothing that it could knock at")
	}
	if len(s.Observer.Targets) != 0 {
		t.Errorf("it would knock at %d nodes, %v first", len(s.Observer.Targets), s.Observer.Targets[0].Addr)
	}
}

func TestANodeThatFailsItsHealthCheckIsFound(t *testing.T) {
	newWorld(t)
	s := opened(t)
	dialled := make(chan string, 1000)
	s.Observer.Prober = probe.New(probe.Options{On: true, Dial: func(_ context.Context, _, addr string) (net.Conn, error) {
		dialled <- addr
		return nil, &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	}})
	s.Observer.Local = map[string]bool{}
	// Every look is due: the checks of two nodes of one service are made three times each.
	s.Update(s.Fleet.Snapshot())
	if len(s.Observer.Targets) < 2 {
		t.Fatalf("%d nodes to look at", len(s.Observer.Targets))
	}
	s.Observer.Targets = s.Observer.Targets[:2]
	for i := range s.Observer.Targets {
		s.Observer.Targets[i].Health.Interval = time.Nanosecond
	}
	for range 3 {
		s.Observer.ProbeAll(context.Background())
	}
	asked := []string{<-dialled, <-dialled}
	for _, n := range s.Observer.Targets {
		if want := netip.AddrPortFrom(n.Addr, n.Health.Port).String(); !slices.Contains(asked, want) {
			t.Errorf("%s was not looked at, but %v", want, asked)
		}
	}
	v := s.Update(s.Fleet.Snapshot())
	if v.Count(dnsview.Unhealthy) == 0 {
		t.Errorf("nothing found of %+v", v.Options.Health)
	}
}

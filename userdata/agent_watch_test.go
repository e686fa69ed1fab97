package userdata

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"rollcall/providers"
	"rollcall/providers/sim/world"
)

// watch starts the agent as its unit does, with a second look about every half second.
func (r *rig) watch() *exec.Cmd {
	r.t.Helper()
	r.cfg.Recheck = 25 // at the pace of the tests half a second
	c := r.command("run")
	if err := c.Start(); err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
	})
	return c
}

func (r *rig) log() string {
	text, _ := os.ReadFile(filepath.Join(r.dir, "log"))
	return string(text)
}

// said waits until the agent has said something.
func (r *rig) said(what string) {
	r.t.Helper()
	until(r.t, "it says: "+what, func() bool { return strings.Contains(r.log(), what) })
}

// tamper changes the zone behind the agent's back.
func (r *rig) tamper(change func(tx *world.Tx)) {
	r.t.Helper()
	z, err := r.sim.World().Zone(r.cfg.Zone)
	if err != nil {
		r.t.Fatal(err)
	}
	if _, err := z.Update(func(tx *world.Tx) error { change(tx); return nil }); err != nil {
		r.t.Fatal(err)
	}
}

// takeAway removes all that the zone holds of the node.
func (r *rig) takeAway() {
	r.tamper(func(tx *world.Tx) {
		for _, s := range slices.Clone(tx.Sets()) {
			if s.Name == r.cfg.Service && s.Type == "A" || strings.HasPrefix(s.Name, r.id+"._rollcall.") {
				tx.Delete(s)
			}
		}
		for _, c := range slices.Clone(tx.Records()) {
			if strings.Contains(c.Comment, " "+r.id+" ") {
				tx.RemoveRecord(c.ID)
			}
		}
	})
}

func TestAWatcherPutsBackWhatSomebodyTookAway(t *testing.T) {
	everywhere(t, func(t *testing.T, at, dns providers.Provider) {
		r := node(t, at, dns)
		c := r.watch()
		want := "pool." + r.cfg.Zone + " A " + r.addr
		r.registered(1)
		r.takeAway()
		r.registered(2)
		r.wantHeld(want)
		if n := strings.Count(r.log(), "already registered"); n != 0 {
			t.Errorf("looks that find nothing to do are in the log, %d of them", n)
		}
		if err := c.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if err := c.Wait(); err != nil {
			t.Errorf("after SIGTERM: %v", err)
		}
	})
}

func TestAWatcherFollowsTheAddressOfItsNode(t *testing.T) {
	everywhere(t, func(t *testing.T, at, dns providers.Provider) {
		r := node(t, at, dns)
		r.watch()
		r.registered(1)
		r.setAddress("54.99.0.77")
		until(t, "its new address is in DNS alone", func() bool {
			return slices.Equal(r.at(r.cfg.Service, "A"), []string{"54.99.0.77"}) && len(r.held()) == 1
		})
	})
}

// setAddress sets the public address of the node; empty for none.
func (r *rig) setAddress(a string) {
	if r.imds["meta-data/iam/security-credentials/"] != "" {
		r.mu.Lock()
		r.imds["meta-data/public-ipv4"] = a
		r.mu.Unlock()
		return
	}
	r.write(filepath.Join(r.dir, "md", "sdc:nics"), fmt.Sprintf(`[{"ip":"10.1.2.3"},{"ip":%q}]`, a))
}

func TestANodeThatHasLostItsAddressLeavesDNSAndReturnsWithTheNextOne(t *testing.T) {
	r := node(t, providers.Triton, providers.Route53)
	r.watch()
	r.registered(1)
	r.setAddress("")
	until(t, "it is out of DNS", func() bool { return len(r.held()) == 0 })
	if strings.Count(r.log(), "no public address") < 2 {
		t.Errorf("one look was enough:\n%s", r.log())
	}
}

func TestAWatcherLeavesAQuiescedNodeOut(t *testing.T) {
	for _, dns := range []providers.Provider{providers.Cloudflare, providers.Route53} {
		t.Run(string(dns), func(t *testing.T) {
			r := node(t, providers.Triton, dns)
			r.watch()
			r.registered(1)
			text, err := providers.Owner{Fleet: r.cfg.Fleet, Cloud: r.key, Instance: r.id, Registered: time.Unix(1_700_000_000, 0), Quiesced: true}.For("A", r.addr).Encode()
			if err != nil {
				t.Fatal(err)
			}
			r.takeAway()
			r.tamper(func(tx *world.Tx) {
				name := providers.MarkerName(r.id, r.cfg.Service)
				if dns == providers.Route53 {
					tx.Put(&world.Set{Name: name, Type: "TXT", TTL: 60, Values: []string{`"` + text + `"`}})
					return
				}
				tx.AddRecord(&world.Record{ID: "0123456789abcdef0123456789abcdef", Name: name, Type: "TXT", Content: `"` + text + `"`, TTL: 60})
			})
			// Between the two changes the watcher may have been quicker than the test.
			r.tamper(func(tx *world.Tx) {
				for _, s := range slices.Clone(tx.Sets()) {
					if s.Name == r.cfg.Service && s.Type == "A" {
						tx.Delete(s)
					}
				}
				for _, c := range slices.Clone(tx.Records()) {
					if c.Name == r.cfg.Service && c.Type == "A" {
						tx.RemoveRecord(c.ID)
					}
				}
			})
			r.said("quiesced by an operator")
			before := strings.Count(r.log(), "quiesced by an operator")
			until(t, "it looks again", func() bool { return strings.Count(r.log(), "quiesced by an operator") > before })
			if got := r.at(r.cfg.Service, "A"); len(got) != 0 {
				t.Errorf("the name has %q", got)
			}
		})
	}
}

func TestALookThatFailsChangesNothingAndEndsNothing(t *testing.T) {
	r := node(t, providers.EC2, providers.Route53)
	c := r.watch()
	r.registered(1)
	if err := r.sim.World().SetFault(r.cfg.Zone, world.ServerError); err != nil {
		t.Fatal(err)
	}
	r.said("cannot tell whether this node is still in DNS")
	r.wantHeld("pool." + r.cfg.Zone + " A " + r.addr)
	if err := r.sim.World().SetFault(r.cfg.Zone, world.NoFault); err != nil {
		t.Fatal(err)
	}
	r.takeAway()
	until(t, "it is in DNS again", func() bool { return len(r.held()) == 1 })
	if err := c.Process.Signal(syscall.Signal(0)); err != nil {
		t.Errorf("the watcher is gone: %v", err)
	}
}

func TestAnUnwellNodeThatAnEarlierWatcherLeftInDNSIsTakenOut(t *testing.T) {
	r, other := two(t, providers.Route53)
	other.must("register")
	r.must("register")
	r.well.Store(false)
	r.watch()
	until(t, "it is out of DNS", func() bool { return len(r.held()) == 0 })
}

// service makes the rig's node one of a DNS-SD service.
func (r *rig) service() {
	r.cfg.Kind, r.cfg.Service, r.cfg.Port, r.cfg.Weight = "dns-sd", "v1._theservice._tcp."+r.cfg.Zone, 4218, 7
}

func TestPriorityAndWeightThatTheConsoleHasChangedAreKept(t *testing.T) {
	for _, dns := range []providers.Provider{providers.Cloudflare, providers.Route53} {
		t.Run(string(dns), func(t *testing.T) {
			r := node(t, providers.Triton, dns)
			r.service()
			r.write(filepath.Join(r.dir, "md", "sdc:alias"), "zz-1\n")
			r.must("register")
			host := "zz-1." + r.cfg.Zone
			old, value := "0 7 4218 "+host, "5 50 4218 "+host
			r.tamper(func(tx *world.Tx) {
				for _, c := range tx.Records() {
					if c.Type == "SRV" && c.Content == old {
						x := *c
						x.Content = value
						tx.ReplaceRecord(&x)
					}
				}
				for _, s := range tx.Sets() {
					x := *s
					x.Values = slices.Clone(s.Values)
					for i, v := range x.Values {
						switch {
						case s.Type == "SRV" && strings.TrimSuffix(v, ".") == old:
							x.Values[i] = value + "."
						case s.Name == providers.MarkerName(r.id, r.cfg.Service):
							o, err := providers.DecodeOwner(strings.Trim(v, `"`))
							if err != nil {
								t.Fatal(err)
							}
							text, err := o.For("SRV", value).Encode()
							if err != nil {
								t.Fatal(err)
							}
							x.Values[i] = `"` + text + `"`
						}
					}
					if !slices.Equal(x.Values, s.Values) {
						tx.Put(&x)
					}
				}
			})
			if said := r.must("register"); !strings.Contains(said, "already registered") || !slices.Contains(r.at(r.cfg.Service, "SRV"), value) {
				t.Errorf("%q holds %q", said, r.at(r.cfg.Service, "SRV"))
			}
			r.cfg.Port = 4219 // another port is another matter
			r.must("register")
			if got := r.held(); !slices.Contains(got, r.cfg.Service+" SRV 0 7 4219 "+host) || len(got) != 2 {
				t.Errorf("DNS holds %q", got)
			}
			r.must("deregister")
			r.wantHeld()
		})
	}
}

func TestTheHostNameIsWhatTheTemplateSaysAndNobodyElses(t *testing.T) {
	for _, dns := range []providers.Provider{providers.Cloudflare, providers.Route53} {
		t.Run(string(dns), func(t *testing.T) {
			s := startSim(t)
			r := newRig(t, s, providers.Triton, dns, 1)
			both := func(r *rig, host string) []string {
				return slices.Sorted(slices.Values([]string{host + " A " + r.addr, r.cfg.Service + " SRV 0 7 4218 " + host}))
			}
			hosts := func(r *rig, want string) {
				t.Helper()
				r.service()
				r.must("register")
				r.wantHeld(both(r, want)...)
			}
			r.write(filepath.Join(r.dir, "md", "sdc:alias"), "Web_01.blue\n")
			hosts(r, "web-01-blue."+r.cfg.Zone)
			r.cfg.Host = "{id}.nodes" // a node keeps the name that it has
			r.must("register")
			r.wantHeld(both(r, "web-01-blue."+r.cfg.Zone)...)

			other := newRig(t, s, providers.Triton, dns, 2)
			other.write(filepath.Join(other.dir, "md", "sdc:alias"), "web-01-blue\n")
			hosts(other, other.id+"."+r.cfg.Zone)
			other.must("deregister")
			other.wantHeld()
			r.wantHeld(both(r, "web-01-blue."+r.cfg.Zone)...)

			third := newRig(t, s, providers.EC2, dns, 3)
			third.imds["meta-data/tags/instance/Name"] = "ip-10-0-0-7"
			third.cfg.Host = "{name}.nodes." + r.cfg.Zone
			third.cfg.Token = Token{Source: TokenScript, Value: s.Endpoints().CloudflareToken}
			hosts(third, third.id+".nodes."+r.cfg.Zone)
		})
	}
}

// TestSIGTERMInTheMiddleLeavesNoHalfState stops the agent between the two
// records of a DNS-SD node on Cloudflare, which has no transactions.
func TestSIGTERMInTheMiddleLeavesNoHalfState(t *testing.T) {
	r := node(t, providers.Triton, providers.Cloudflare)
	r.service()
	to, err := url.Parse(r.cfg.Endpoints["cloudflare"])
	if err != nil {
		t.Fatal(err)
	}
	var c atomic.Pointer[exec.Cmd]
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: to.Scheme, Host: to.Host})
	var posts atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.Method == http.MethodPost && posts.Add(1) == 1 {
			until(t, "the test knows the process", func() bool { return c.Load() != nil })
			_ = c.Load().Process.Signal(syscall.SIGTERM)
			time.Sleep(50 * time.Millisecond) // the signal is there before the answer
		}
		proxy.ServeHTTP(w, req)
	}))
	defer srv.Close()
	r.cfg.Endpoints["cloudflare"] = srv.URL + to.Path
	cmd := r.command("run")
	cmd.Stderr = io.Discard
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c.Store(cmd)
	if err := cmd.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v", err)
	}
	if got := r.held(); len(got) != 2 || posts.Load() != 2 {
		t.Errorf("after %d writes DNS holds %q", posts.Load(), got)
	}
	r.must("deregister")
	r.wantHeld()
}

func TestRetryAfterIsReadAsSecondsAndAsADate(t *testing.T) {
	out := script(t, "", `
import email.utils, time
def at(v): return round(a.after({"Retry-After": v}))
print(at("7"), at("9999999"), at(""), at("soon"), at("-5"), at(email.utils.formatdate(time.time() + 100, usegmt=True)) in (99, 100), at("Mon, 01 Jan 2001 00:00:00 GMT"))`)
	if string(out) != "7 300 0 0 0 True 0\n" {
		t.Errorf("got %s", out)
	}
}

func TestStatusTellsWhatIsInDNS(t *testing.T) {
	r := node(t, providers.Triton, providers.Route53)
	r.must("register")
	if said := r.must("status"); !strings.Contains(said, `"in_dns": [`+"\n    \"pool."+r.cfg.Zone+" A "+r.addr+`"`) || !strings.Contains(said, `"quiesced": false`) {
		t.Errorf("it said %s", said)
	}
	r.setAddress("")
	if code, said := r.run("status"); code != 1 || !strings.Contains(said, `"error": "this node has no public address"`) {
		t.Errorf("exit code %d: %s", code, said)
	}
}

func TestTheLogFileDoesNotGrowForEver(t *testing.T) {
	r := node(t, providers.Triton, providers.Route53)
	r.write(filepath.Join(r.dir, "log"), strings.Repeat("x", 1<<20+1))
	r.must("register")
	if !strings.HasSuffix(strings.TrimSpace(r.log()), "A "+r.addr) || len(r.log()) > 1000 {
		t.Errorf("the log has %d bytes", len(r.log()))
	}
	if old, err := os.ReadFile(filepath.Join(r.dir, "log.1")); err != nil || len(old) < 1<<20 {
		t.Errorf("the old log has %d bytes: %v", len(old), err)
	}
}

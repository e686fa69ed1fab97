package userdata

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"rollcall/providers"
	"rollcall/providers/sim/world"
)

// everywhere runs a test for a node in each kind of cloud with each kind of DNS.
func everywhere(t *testing.T, f func(t *testing.T, at, dns providers.Provider)) {
	for _, at := range []providers.Provider{providers.EC2, providers.Triton} {
		for _, dns := range []providers.Provider{providers.Cloudflare, providers.Route53} {
			t.Run(fmt.Sprintf("%s at %s", at, dns), func(t *testing.T) { f(t, at, dns) })
		}
	}
}

// python returns the interpreter that python3 stands for: what finds it may be a script that takes longer than the test.
func python(t *testing.T) string {
	t.Helper()
	need(t, "python3")
	path, err := thePython()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

var thePython = sync.OnceValues(func() (string, error) {
	out, err := exec.Command("python3", "-c", "import sys; print(sys.executable)").Output()
	return strings.TrimSpace(string(out)), err
})

// pythons returns the interpreters of this machine by version.
func pythons(t *testing.T) map[string]string {
	t.Helper()
	may := []string{python(t)}
	home, err := os.UserHomeDir()
	if err != nil {
		home = "/nowhere"
	}
	for _, dir := range []string{"/usr/bin", "/usr/local/bin", home + "/.pyenv/versions/3.*/bin"} {
		for _, name := range []string{"python3.[0-9]", "python3.[0-9][0-9]"} {
			more, err := filepath.Glob(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			may = append(may, more...)
		}
	}
	found := map[string]string{}
	for _, p := range may {
		out, err := exec.CommandContext(t.Context(), p, "-c", "import sys; print('%d.%d' % sys.version_info[:2])").Output()
		if err == nil {
			found[strings.TrimSpace(string(out))] = p
		}
	}
	return found
}

// script runs Python with the agent as the module a.
func script(t *testing.T, stdin, text string) []byte {
	t.Helper()
	return scriptBy(t, python(t), stdin, text)
}

// scriptBy is script with an interpreter of one's choice.
func scriptBy(t *testing.T, python, stdin, text string) []byte {
	t.Helper()
	pre := "import importlib.util, importlib.machinery, json, sys\n" +
		"l = importlib.machinery.SourceFileLoader('a', 'node/rollcall-node'); s = importlib.util.spec_from_loader('a', l)\n" +
		"sys.dont_write_bytecode = True\na = importlib.util.module_from_spec(s); l.exec_module(a)\n"
	c := exec.CommandContext(t.Context(), python, "-c", pre+text)
	c.Stdin = strings.NewReader(stdin)
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, err.(*exec.ExitError).Stderr) //nolint:errorlint // Output returns it bare
	}
	return out
}

// putToken puts the Cloudflare token into the parameter store of the embedded cloud.
func (r *rig) putToken() {
	r.t.Helper()
	e := r.sim.Endpoints()
	in, _ := json.Marshal(map[string]string{"url": e.AWS + "/", "key": e.AWSKeyID, "secret": e.AWSSecret, "token": e.CloudflareToken, "name": r.cfg.Token.Key})
	out := script(r.t, string(in), `
i = json.load(sys.stdin)
b = json.dumps({"Name": i["name"], "Value": i["token"], "Type": "SecureString", "Overwrite": True}).encode()
h = {"content-type": "application/x-amz-json-1.1", "x-amz-target": "AmazonSSM.PutParameter"}
print(a.api("POST", i["url"], a.sign("POST", i["url"], "ssm", "us-east-1", (i["key"], i["secret"], ""), b, h), b))`)
	if !strings.HasPrefix(string(out), "(200,") {
		r.t.Fatalf("the parameter store says %s", out)
	}
}

// node makes a rig whose agent finds all that it needs.
func node(t *testing.T, at, dns providers.Provider) *rig {
	r := newRig(t, startSim(t), at, dns, 1)
	if at == providers.EC2 && dns == providers.Cloudflare {
		r.putToken()
	}
	return r
}

func TestANodeRegistersOnceAndLeavesNothingBehind(t *testing.T) {
	everywhere(t, func(t *testing.T, at, dns providers.Provider) {
		r := node(t, at, dns)
		before := records(t, r.sim, r.cfg.Zone)
		said := r.must("register")
		want := "pool." + r.cfg.Zone + " A " + r.addr
		r.wantHeld(want)
		if !strings.Contains(said, "registered "+want) {
			t.Errorf("it said %q", said)
		}
		after := records(t, r.sim, r.cfg.Zone)
		if said = r.must("register"); !strings.Contains(said, "already registered") || fmt.Sprint(records(t, r.sim, r.cfg.Zone)) != fmt.Sprint(after) {
			t.Errorf("a second register changed something: %s", said)
		}
		for _, rec := range after {
			if o, ok := rec.Owner(); ok && o.Instance == r.id && (rec.TTL != 60 || time.Since(o.Registered) > time.Minute) {
				t.Errorf("%+v", rec)
			}
		}
		if said = r.must("deregister"); !strings.Contains(said, "deregistered pool."+r.cfg.Zone+" A") {
			t.Errorf("it said %q", said)
		}
		if got := records(t, r.sim, r.cfg.Zone); fmt.Sprint(got) != fmt.Sprint(before) {
			t.Error("deregister did not leave the zone as it was")
		}
		if said = r.must("deregister"); !strings.Contains(said, "nothing of this node is in DNS") {
			t.Errorf("it said %q", said)
		}
		for _, f := range []string{"log", "console"} {
			if text, err := os.ReadFile(filepath.Join(r.dir, f)); err != nil || !strings.Contains(string(text), "registered "+want) {
				t.Errorf("%s: %q %v", f, text, err)
			}
		}
	})
}

func TestANodeWithAnotherAddressReplacesItsOldOne(t *testing.T) {
	everywhere(t, func(t *testing.T, at, dns providers.Provider) {
		r := node(t, at, dns)
		r.must("register")
		if at == providers.EC2 {
			r.mu.Lock()
			r.imds["meta-data/public-ipv4"] = "54.99.0.77"
			r.mu.Unlock()
		} else {
			r.write(filepath.Join(r.dir, "md", "sdc:nics"), `[{"ip":"54.99.0.77"}]`)
		}
		r.must("register")
		r.wantHeld("pool." + r.cfg.Zone + " A 54.99.0.77")
		if got := r.at("pool."+r.cfg.Zone, "A"); !slices.Equal(got, []string{"54.99.0.77"}) {
			t.Errorf("the name has %q", got)
		}
	})
}

func TestANodeRegistersItsIPv6AddressToo(t *testing.T) {
	everywhere(t, func(t *testing.T, at, dns providers.Provider) {
		r := node(t, at, dns)
		r.imds["meta-data/ipv6"] = "2a01:4f8:0:0::7" // Triton lists it among the addresses of its nics
		r.cfg.IPv6 = true
		r.must("register")
		name := "pool." + r.cfg.Zone
		r.wantHeld(name+" A "+r.addr, name+" AAAA 2a01:4f8::7")
		r.must("deregister")
		r.wantHeld()
	})
}

func TestAQuiescedNodeStaysOut(t *testing.T) {
	everywhere(t, func(t *testing.T, at, dns providers.Provider) {
		r := node(t, at, dns)
		z, err := r.sim.World().Zone(r.cfg.Zone)
		if err != nil {
			t.Fatal(err)
		}
		o := providers.Owner{Fleet: r.cfg.Fleet, Cloud: r.key, Instance: r.id, Registered: time.Unix(1_700_000_000, 0), Quiesced: true}.For("A", r.addr)
		text, err := o.Encode()
		if err != nil {
			t.Fatal(err)
		}
		name := providers.MarkerName(r.id, r.cfg.Service)
		if _, err = z.Update(func(tx *world.Tx) error {
			if dns == providers.Route53 {
				tx.Put(&world.Set{Name: name, Type: "TXT", TTL: 60, Values: []string{`"` + text + `"`}})
			} else {
				tx.AddRecord(&world.Record{ID: "0123456789abcdef0123456789abcdef", Name: name, Type: "TXT", Content: `"` + text + `"`, TTL: 60})
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if said := r.must("register"); !strings.Contains(said, "quiesced by an operator") || len(r.at(r.cfg.Service, "A")) != 0 {
			t.Errorf("it said %q", said)
		}
		r.must("deregister")
		if len(r.at(name, "TXT")) != 1 {
			t.Error("the operator's mark was taken away")
		}
	})
}

func TestWhatAnotherFleetHasMarkedIsNotTouched(t *testing.T) {
	r := node(t, providers.Triton, providers.Cloudflare)
	r.must("register")
	before := records(t, r.sim, r.cfg.Zone)
	r.cfg.Fleet = "another"
	code, said := r.run("register")
	if code != 1 || !strings.Contains(said, "is marked by another owner") {
		t.Errorf("exit code %d: %s", code, said)
	}
	r.must("deregister")
	if fmt.Sprint(records(t, r.sim, r.cfg.Zone)) != fmt.Sprint(before) {
		t.Error("the zone was changed")
	}
}

func TestAnAddressThatADeadNodeHadBeforeIsTakenOver(t *testing.T) {
	r := node(t, providers.Triton, providers.Cloudflare)
	r.must("register")
	r.id = "c2f0a1b2-0000-4000-8000-00000000ffff"
	r.write(filepath.Join(r.dir, "md", "sdc:uuid"), r.id)
	r.must("register")
	r.wantHeld("pool." + r.cfg.Zone + " A " + r.addr)
	if got := r.at(r.cfg.Service, "A"); len(got) != 1 {
		t.Errorf("the name has %q", got)
	}
}

func TestManyNodesThatJoinAndLeaveAtOnceLoseNobody(t *testing.T) {
	s := startSim(t)
	const n = 12
	rigs := make([]*rig, n)
	for i := range rigs {
		rigs[i] = newRig(t, s, []providers.Provider{providers.EC2, providers.Triton}[i%2], providers.Route53, i)
	}
	if err := s.World().SetFault(rigs[0].cfg.Zone, world.LostReply); err != nil {
		t.Fatal(err)
	}
	all := func(f func(i int, r *rig)) {
		var wg sync.WaitGroup
		for i, r := range rigs {
			wg.Go(func() { f(i, r) })
		}
		wg.Wait()
	}
	all(func(_ int, r *rig) { r.must("register") })
	for _, r := range rigs {
		r.wantHeld("pool." + r.cfg.Zone + " A " + r.addr)
	}
	all(func(i int, r *rig) {
		if i%3 == 0 {
			r.must("deregister")
		}
	})
	for i, r := range rigs {
		if i%3 == 0 {
			r.wantHeld()
		} else {
			r.wantHeld("pool." + r.cfg.Zone + " A " + r.addr)
		}
	}
}

func TestANodeOfADNSSDServiceJoinsTheOthersAndLeavesPTRAndTXTAlone(t *testing.T) {
	for _, dns := range []providers.Provider{providers.Route53, providers.Cloudflare} {
		t.Run(string(dns), func(t *testing.T) {
			r := node(t, providers.Triton, dns)
			r.cfg.Kind, r.cfg.Service, r.cfg.Port, r.cfg.Weight = "dns-sd", "v1._theservice._tcp."+r.cfg.Zone, 4218, 7
			before := records(t, r.sim, r.cfg.Zone)
			r.must("register")
			held := r.held()
			if len(held) != 2 || !strings.Contains(held[0]+held[1], " SRV 0 7 4218 ") || !strings.Contains(held[0]+held[1], " A "+r.addr) {
				t.Fatalf("DNS holds %q", held)
			}
			if said := r.must("register"); !strings.Contains(said, "already registered") {
				t.Errorf("it said %q", said)
			}
			r.must("deregister")
			if fmt.Sprint(records(t, r.sim, r.cfg.Zone)) != fmt.Sprint(before) {
				t.Error("deregister did not leave the zone as it was")
			}
		})
	}
}

func TestTheWatcherTakesAnUnwellNodeOutAndBringsItBack(t *testing.T) {
	s := startSim(t)
	r, other := newRig(t, s, providers.EC2, providers.Route53, 1), newRig(t, s, providers.Triton, providers.Route53, 2)
	other.must("register")
	r.well.Store(false)
	c := r.command("run")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	until(t, "it waits for the health check", func() bool {
		text, _ := os.ReadFile(filepath.Join(r.dir, "log"))
		return strings.Contains(string(text), "waiting for the health check")
	})
	r.wantHeld()
	for range 2 {
		r.well.Store(true)
		until(t, "it is in DNS", func() bool { return len(r.held()) == 1 })
		r.well.Store(false)
		until(t, "it is out of DNS", func() bool { return len(r.held()) == 0 })
	}
	if err := c.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := c.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v", err)
	}
}

func TestANodeThatWasToldToLeaveDoesNotComeBackByItself(t *testing.T) {
	r := node(t, providers.EC2, providers.Route53)
	c := r.command("run")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	r.registered(1)
	r.must("deregister")
	r.wantHeld()
	if err := c.Wait(); err != nil { // the watcher sees it and ends
		t.Errorf("the watcher: %v", err)
	}
	r.wantHeld()
	r.must("register") // a new start counts again
	r.wantHeld("pool." + r.cfg.Zone + " A " + r.addr)
}

// A stop that follows its start at once has left its note before the watcher's first line.
func TestAStopThatOvertakesItsStartIsHeard(t *testing.T) {
	r := node(t, providers.Triton, providers.Route53)
	c := r.command("run")
	r.must("deregister")
	if out, err := c.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	r.wantHeld()
}

func TestAThrottleAndABrokenServerAreWaitedOut(t *testing.T) {
	r := node(t, providers.Triton, providers.Cloudflare)
	to, err := url.Parse(r.cfg.Endpoints["cloudflare"])
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: to.Scheme, Host: to.Host})
	var calls atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		switch calls.Add(1) {
		case 1:
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(http.StatusTooManyRequests)
		case 2:
			w.WriteHeader(http.StatusBadGateway)
		case 3:
			w.Header().Set("Content-Length", "1000")
			fmt.Fprint(w, "{")
		case 4:
			fmt.Fprint(w, "<html>")
		default:
			proxy.ServeHTTP(w, req)
		}
	}))
	defer srv.Close()
	r.cfg.Endpoints["cloudflare"] = srv.URL + to.Path
	said := r.must("register")
	r.wantHeld("pool." + r.cfg.Zone + " A " + r.addr)
	if !strings.Contains(said, "429; again in 7.") {
		t.Errorf("it said %q", said)
	}
}

func TestAnAgentThatCannotDoItsWorkSaysWhyInOneLineAndFails(t *testing.T) {
	for _, tc := range []struct {
		name    string
		at, dns providers.Provider
		make    func(r *rig)
		command string
		code    int
		want    string
	}{
		{"no config", providers.EC2, providers.Route53, func(r *rig) { r.cfg.Health = Health{} }, "fly", 2, "usage: rollcall-node"},
		{"no role", providers.EC2, providers.Route53, func(r *rig) { r.imds["meta-data/iam/security-credentials/"] = "" }, "register", 1, "the instance has no role"},
		{"no address", providers.EC2, providers.Route53, func(r *rig) { r.imds["meta-data/public-ipv4"] = "" }, "register", 1, "no public address"},
		{"wrong secret", providers.EC2, providers.Route53, func(r *rig) {
			r.imds["meta-data/iam/security-credentials/node"] = `{"AccessKeyId":"AKIAWRONG","SecretAccessKey":"x","Token":""}`
		}, "register", 1, "Route 53 answers 403"},
		{"no keys", providers.Triton, providers.Route53, func(r *rig) { _ = os.Remove(filepath.Join(r.dir, "md", "aws-access-key-id")) }, "register", 1, "let the console register this node"},
		{"no token", providers.Triton, providers.Cloudflare, func(r *rig) { _ = os.Remove(filepath.Join(r.dir, "md", "cloudflare-token")) }, "register", 1, "there is no Cloudflare token where the config says"},
		{"wrong token", providers.Triton, providers.Cloudflare, func(r *rig) { r.write(filepath.Join(r.dir, "md", "cloudflare-token"), "wrong") }, "register", 1, "Cloudflare answers 4"},
		{"no zone", providers.EC2, providers.Route53, func(r *rig) { r.cfg.Zone = "missing.example" }, "register", 1, "the account has no zone missing.example"},
		{"unwell", providers.EC2, providers.Route53, func(r *rig) { r.well.Store(false) }, "check", 1, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := newRig(t, startSim(t), tc.at, tc.dns, 1)
			tc.make(r)
			code, said := r.run(tc.command)
			if code != tc.code || !strings.Contains(said, tc.want) || strings.Count(said, "\n") > 3 { // it waits, is well, and says why
				t.Errorf("exit code %d: %s", code, said)
			}
			if _, err := r.sim.World().Zone(r.cfg.Zone); err == nil {
				r.wantHeld()
			}
		})
	}
}

func TestStatusTellsWhereTheNodeRuns(t *testing.T) {
	r := node(t, providers.Triton, providers.Cloudflare)
	var got struct {
		Instance string
		Key      string `json:"cloud_key"`
		Healthy  bool
		Wanted   []string
	}
	if err := json.Unmarshal([]byte(r.must("status")), &got); err != nil {
		t.Fatal(err)
	}
	if got.Instance != r.id || got.Key != string(r.key) || !got.Healthy || len(got.Wanted) != 1 {
		t.Errorf("%+v, the key is %s", got, r.key)
	}
}

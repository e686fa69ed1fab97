package userdata

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"rollcall/providers"
)

// between puts a server between the agent and one of its endpoints; what act does not
// answer goes on to the endpoint.
func (r *rig) between(endpoint string, act func(w http.ResponseWriter, req *http.Request) (answered bool)) *httputil.ReverseProxy {
	r.t.Helper()
	to, err := url.Parse(r.cfg.Endpoints[endpoint])
	if err != nil {
		r.t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: to.Scheme, Host: to.Host})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if !act(w, req) {
			proxy.ServeHTTP(w, req)
		}
	}))
	r.t.Cleanup(srv.Close)
	r.cfg.Endpoints[endpoint] = srv.URL + to.Path
	return proxy
}

func TestTheAgentUsesNothingThatPython36DoesNotHave(t *testing.T) {
	// Ubuntu 18.04 and the relatives of RHEL 8 have 3.6. Newer grammar is refused by
	// the parser itself; newer arguments and functions are looked for by name.
	out := script(t, "", `
import ast
tree = ast.parse(open("node/rollcall-node").read(), feature_version=(3, 6))
newer = {"capture_output", "text", "missing_ok", "removeprefix", "removesuffix", "fromisoformat", "monotonic_ns", "time_ns", "prod", "cache", "batched"}
for n in ast.walk(tree):
    if isinstance(n, ast.keyword) and n.arg in newer:
        print(n.value.lineno, n.arg)
    if isinstance(n, ast.Attribute) and n.attr in newer - {"text"}:
        print(n.lineno, n.attr)
    if isinstance(n, (ast.Import, ast.ImportFrom)):
        for name in [x.name for x in n.names] if isinstance(n, ast.Import) else [n.module]:
            if name.split(".")[0] not in getattr(sys, "stdlib_module_names", name):
                print(n.lineno, "import", name)`)
	if len(out) > 0 {
		t.Errorf("it uses\n%s", out)
	}
}

func TestAClockThatIsWrongIsSetRightByThatOfAWS(t *testing.T) {
	e := startSim(t).Endpoints()
	in, err := json.Marshal(map[string]string{"url": e.AWS, "key": e.AWSKeyID, "secret": e.AWSSecret})
	if err != nil {
		t.Fatal(err)
	}
	for _, off := range []int{-3600, 3600, 0} {
		out := script(t, string(in), fmt.Sprintf(`
import time
i, real = json.load(sys.stdin), time.time
time.time = lambda: real() + %d
class Here:
    def aws(self):
        return i["key"], i["secret"], ""
status, raw = a.signed(Here(), "GET", i["url"] + "/2013-04-01/hostedzone", "route53", "us-east-1", b"", {})
print(status, round(a.skew, -1))`, off))
		if want := fmt.Sprintf("200 %.1f\n", float64(-off)); string(out) != want {
			t.Errorf("with a clock that is %d s off: %q, want %q", off, out, want)
		}
	}
}

func TestHalfANodeIsTakenBack(t *testing.T) {
	for _, tc := range []struct {
		name string
		act  func(w http.ResponseWriter, c *exec.Cmd)
	}{
		{"when the zone refuses the other half", func(w http.ResponseWriter, _ *exec.Cmd) {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"success":false,"errors":[{"code":9020,"message":"no SRV here"}]}`)
		}},
		{"when SIGTERM comes while the other half fails", func(w http.ResponseWriter, c *exec.Cmd) {
			_ = c.Process.Signal(syscall.SIGTERM)
			w.WriteHeader(http.StatusBadGateway)
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := node(t, providers.Triton, providers.Cloudflare)
			r.service()
			before := records(t, r.sim, r.cfg.Zone)
			var posts atomic.Int32
			var c atomic.Pointer[exec.Cmd]
			r.between("cloudflare", func(w http.ResponseWriter, req *http.Request) bool {
				if req.Method != http.MethodPost || !strings.HasSuffix(req.URL.Path, "/dns_records") || posts.Add(1) == 1 { // a batch takes back what was made
					return false
				}
				until(t, "the test knows the process", func() bool { return c.Load() != nil })
				tc.act(w, c.Load())
				return true
			})
			cmd := r.command("register")
			cmd.Stderr = io.Discard
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			c.Store(cmd)
			if err := cmd.Wait(); err == nil || cmd.ProcessState.ExitCode() != 1 {
				t.Errorf("exit: %v", err)
			}
			if got := records(t, r.sim, r.cfg.Zone); posts.Load() < 2 || fmt.Sprint(got) != fmt.Sprint(before) {
				t.Errorf("after %d writes DNS holds %q", posts.Load(), r.held())
			}
		})
	}
}

func TestAListThatIsNotCompleteIsNotBelieved(t *testing.T) {
	r := node(t, providers.Triton, providers.Cloudflare)
	r.must("register")
	var lists atomic.Int32
	r.between("cloudflare", func(w http.ResponseWriter, req *http.Request) bool {
		if !strings.HasSuffix(req.URL.Path, "/dns_records") || lists.Add(1) > 2 {
			return false
		}
		fmt.Fprint(w, `{"success":true,"errors":[],"result":[],"result_info":{"page":1,"per_page":1000,"count":0,"total_count":1,"total_pages":1}}`)
		return true
	})
	if said := r.must("deregister"); !strings.Contains(said, "lists 0 of 1 records") || !strings.Contains(said, "deregistered pool.") {
		t.Errorf("it said %s", said)
	}
	r.wantHeld()
}

func TestATokenThatWasChangedIsReadAnew(t *testing.T) {
	r, other := two(t, providers.Cloudflare)
	other.must("register")
	r.cfg.Recheck = 30
	const next = "the-next-token"
	var revoked atomic.Bool
	var proxy *httputil.ReverseProxy
	right := "Bearer " + r.sim.Endpoints().CloudflareToken
	proxy = r.between("cloudflare", func(w http.ResponseWriter, req *http.Request) bool {
		switch token := req.Header.Get("Authorization"); {
		case token == "Bearer "+next:
			req.Header.Set("Authorization", right)
		case revoked.Load():
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `{"success":false,"errors":[{"code":10000,"message":"Authentication error"}]}`)
			return true
		}
		proxy.ServeHTTP(w, req)
		return true
	})
	c := r.command("run")
	c.Stderr = io.Discard
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	r.registered(1)
	revoked.Store(true)
	until(t, "it says that the token is refused", func() bool { return strings.Contains(r.log(), "Authentication error") })
	r.write(filepath.Join(r.dir, "md", "cloudflare-token"), next)
	r.well.Store(false)
	until(t, "it has left with the new token", func() bool { return len(r.held()) == 0 })
	if err := c.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := c.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v", err)
	}
}

func TestANodeThatShutsDownDoesNotWaitLongerThanItsUnitAllows(t *testing.T) {
	r := node(t, providers.Triton, providers.Cloudflare)
	r.between("cloudflare", func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("Retry-After", "300")
		w.WriteHeader(http.StatusTooManyRequests)
		return true
	})
	c := r.command("deregister")
	c.Env = append(c.Env, "ROLLCALL_NODE_PACE=1")
	out, err := c.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "deregister: given up after 1 tries") || strings.Contains(string(out), "again in") {
		t.Errorf("%v: %s", err, out)
	}
}

func TestAnAddressOfAFamilyThatTheNodeHasLostLeavesDNS(t *testing.T) {
	for _, dns := range []providers.Provider{providers.Cloudflare, providers.Route53} {
		t.Run(string(dns), func(t *testing.T) {
			r := node(t, providers.Triton, dns)
			r.cfg.IPv6 = true
			name := "pool." + r.cfg.Zone
			r.must("register")
			r.wantHeld(name+" A "+r.addr, name+" AAAA 2a01:4f8::7")
			r.setAddress(r.addr) // and no other
			r.must("register")
			r.wantHeld(name + " A " + r.addr)
		})
	}
}

func TestAThrottledParameterStoreIsAskedAgain(t *testing.T) {
	r := node(t, providers.EC2, providers.Cloudflare)
	var asked atomic.Int32
	r.between("ssm", func(w http.ResponseWriter, _ *http.Request) bool {
		switch asked.Add(1) {
		case 1:
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"__type":"ThrottlingException","message":"Rate exceeded"}`)
		case 2:
			fmt.Fprint(w, `{"Parameter":`)
		default:
			return false
		}
		return true
	})
	r.must("register")
	r.wantHeld("pool." + r.cfg.Zone + " A " + r.addr)
}

func TestANodeJoinsAnIncarnationWhoseNameHasDotsSpacesAndUmlauts(t *testing.T) {
	for _, dns := range []providers.Provider{providers.Cloudflare, providers.Route53} {
		t.Run(string(dns), func(t *testing.T) {
			r := node(t, providers.Triton, dns)
			r.service()
			before := records(t, r.sim, r.cfg.Zone)
			r.cfg.Service = providers.CanonicalName(`Foo\.Bar Büro (3\. OG), *._http._tcp.` + r.cfg.Zone)
			r.must("register")
			if held := r.held(); len(held) != 2 || !slices.ContainsFunc(held, func(s string) bool { return strings.HasPrefix(s, r.cfg.Service+" SRV 0 7 4218 ") }) {
				t.Errorf("DNS holds %q", held)
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

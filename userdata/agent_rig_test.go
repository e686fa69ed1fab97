package userdata

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"rollcall/providers"
	"rollcall/providers/sim"
	"rollcall/providers/sim/simtest"
	"rollcall/providers/sim/world"
)

// rig is one node with its metadata service, in front of the embedded clouds.
// What runs is the agent as it is shipped: without comments and without the
// half for the other DNS provider.
type rig struct {
	t      *testing.T
	sim    *sim.Sim
	cfg    AgentConfig
	dir    string
	id     string
	key    providers.CloudKey
	addr   string
	well   atomic.Bool
	agent  string
	mu     sync.Mutex
	imds   map[string]string
	health *httptest.Server
}

// beside holds the tests that run beside others: a test may start several worlds.
var beside sync.Map

// startSim starts the embedded clouds for a test, which runs beside others from here on: most of its time it waits for an agent.
func startSim(t *testing.T) *sim.Sim {
	t.Helper()
	if testing.Short() {
		t.Skip("make quick leaves this to make test")
	}
	if _, again := beside.LoadOrStore(t, true); !again {
		t.Parallel()
	}
	return simtest.Start(t, sim.Options{Delays: simtest.Quick})
}

// newRig makes a node in the first cloud of a provider. It registers under
// pool in the zone that the DNS provider hosts.
func newRig(t *testing.T, s *sim.Sim, at, dns providers.Provider, n int) *rig {
	t.Helper()
	need(t, "python3")
	r := &rig{t: t, sim: s, dir: t.TempDir(), addr: fmt.Sprintf("54.99.%d.%d", n/200, n%200+1), imds: map[string]string{}}
	r.well.Store(true)
	r.health = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if !r.well.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(r.health.Close)
	zone := s.World().Zones(dns)[0]
	e := s.Endpoints()
	port := netip.MustParseAddrPort(strings.TrimPrefix(r.health.URL, "http://")).Port()
	r.cfg = AgentConfig{
		Format: 1, Fleet: "7f3a9c1e", Service: "pool." + zone.Name, Kind: "round-robin", DNS: dns, Zone: zone.Name, TTL: 60, Port: port,
		Health: Health{HTTP: "/", Port: port, Need: 2, Of: 3, Interval: 1}, Register: RegisterAgent,
		Endpoints: map[string]string{"cloudflare": e.Cloudflare, "route53": e.AWS, "ssm": e.AWS},
	}
	cloud := s.World().Clouds()[slices.IndexFunc(s.World().Clouds(), func(c world.Cloud) bool { return c.Provider == at })]
	r.key = cloud.Key
	if at == providers.EC2 {
		r.id = fmt.Sprintf("i-0a9%014x", n)
		r.ec2(cloud, e)
	} else {
		r.id = fmt.Sprintf("c2f0a1b2-0000-4000-8000-%012x", n)
		r.triton(cloud, e)
	}
	r.agent = filepath.Join(r.dir, "rollcall-node")
	r.write(r.agent, slimAgent(at, dns))
	return r
}

func (r *rig) write(path, text string) {
	r.t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil { //nolint:gosec // scripts are executable
		r.t.Fatal(err)
	}
}

// ec2 serves the instance metadata service, version 2 only.
func (r *rig) ec2(c world.Cloud, e sim.Endpoints) {
	r.imds = map[string]string{
		"dynamic/instance-identity/document":              fmt.Sprintf(`{"accountId":%q,"region":%q,"instanceId":%q}`, c.Account, c.Region, r.id),
		"meta-data/public-ipv4":                           r.addr,
		"meta-data/iam/security-credentials/":             "node",
		"meta-data/iam/security-credentials/node":         fmt.Sprintf(`{"AccessKeyId":%q,"SecretAccessKey":%q,"Token":""}`, e.AWSKeyID, e.AWSSecret),
		"meta-data/iam/security-credentials/node-of-else": "never asked for",
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path == "/latest/api/token" && req.Method == http.MethodPut && req.Header.Get("X-Aws-Ec2-Metadata-Token-Ttl-Seconds") != "" {
			fmt.Fprint(w, "a-token")
			return
		}
		r.mu.Lock()
		text, ok := r.imds[strings.TrimPrefix(req.URL.Path, "/latest/")]
		r.mu.Unlock()
		switch {
		case req.Header.Get("X-Aws-Ec2-Metadata-Token") != "a-token":
			w.WriteHeader(http.StatusUnauthorized)
		case !ok || text == "":
			w.WriteHeader(http.StatusNotFound)
		default:
			fmt.Fprint(w, text)
		}
	}))
	r.t.Cleanup(srv.Close)
	r.cfg.Endpoints["imds"] = srv.URL
	r.cfg.Token = Token{Source: TokenSSM, Key: "/rollcall/cloudflare-token"}
}

// triton makes a mdata-get that reads files.
func (r *rig) triton(c world.Cloud, e sim.Endpoints) {
	r.write(filepath.Join(r.dir, "bin", "mdata-get"), "#!/bin/sh\ncat \""+r.dir+"/md/$1\" 2>/dev/null || { echo \"No metadata for $1\" >&2; exit 1; }\n")
	for k, v := range map[string]string{
		"sdc:uuid": r.id, "sdc:owner_uuid": c.Account, "sdc:datacenter_name": c.Region, "cloudflare-token": e.CloudflareToken,
		"aws-access-key-id": e.AWSKeyID, "aws-secret-access-key": e.AWSSecret,
		"sdc:nics": fmt.Sprintf(`[{"ip":"10.1.2.3","ips":["10.1.2.3/24"]},{"ip":%q,"ips":["%s/24","2a01:4f8::7/64"]}]`, r.addr, r.addr),
	} {
		r.write(filepath.Join(r.dir, "md", k), v+"\n")
	}
	r.cfg.Token = Token{Source: TokenMetadata, Key: "cloudflare-token"}
}

func (r *rig) command(args ...string) *exec.Cmd {
	r.t.Helper()
	text, err := json.Marshal(r.cfg)
	if err != nil {
		r.t.Fatal(err)
	}
	r.write(filepath.Join(r.dir, "node.json"), string(text))
	if args[0] == "run" { // as its unit does before it starts
		if err := os.RemoveAll(filepath.Join(r.dir, "run", "left")); err != nil {
			r.t.Fatal(err)
		}
	}
	c := exec.CommandContext(r.t.Context(), python(r.t), append([]string{r.agent}, args...)...)
	c.Env = append(os.Environ(), "PATH="+filepath.Join(r.dir, "bin")+":"+os.Getenv("PATH"), "ROLLCALL_NODE_CONFIG="+filepath.Join(r.dir, "node.json"),
		"ROLLCALL_NODE_RUN="+filepath.Join(r.dir, "run"), "ROLLCALL_NODE_LOG="+filepath.Join(r.dir, "log"), "ROLLCALL_NODE_CONSOLE="+filepath.Join(r.dir, "console"),
		"ROLLCALL_NODE_STATE="+filepath.Join(r.dir, "state.json"), "ROLLCALL_NODE_PACE=0.02", "http_proxy=http://127.0.0.1:9", "no_proxy=127.0.0.1")
	return c
}

// run runs the agent and returns its exit code and what it said.
func (r *rig) run(args ...string) (code int, said string) {
	r.t.Helper()
	c := r.command(args...)
	out, err := c.CombinedOutput()
	if err != nil && c.ProcessState == nil {
		r.t.Fatal(err)
	}
	if bytes.Contains(out, []byte("Traceback")) {
		r.t.Errorf("the agent fell over:\n%s", out)
	}
	return c.ProcessState.ExitCode(), string(out)
}

func (r *rig) must(args ...string) string {
	r.t.Helper()
	code, said := r.run(args...)
	if code != 0 {
		r.t.Fatalf("%v: exit code %d\n%s", args, code, said)
	}
	return said
}

// records reads the zone as an adapter would, owners attached.
func records(t *testing.T, s *sim.Sim, zone string) []providers.Record {
	t.Helper()
	z, err := s.World().Zone(zone)
	if err != nil {
		t.Fatal(err)
	}
	var out []providers.Record
	z.View(func(tx *world.Tx) {
		for _, set := range tx.Sets() {
			for _, v := range set.Values {
				out = append(out, providers.Record{Zone: z.Name, Name: set.Name, Type: set.Type, TTL: set.TTL, Value: providers.CanonicalValue(set.Type, v)})
			}
		}
		for _, c := range tx.Records() {
			rec := providers.Record{Zone: z.Name, Name: c.Name, Type: c.Type, TTL: c.TTL, Value: c.Content, Comment: c.Comment, ID: c.ID, Proxied: c.Proxied}
			if o, err := providers.DecodeOwner(c.Comment); err == nil {
				rec.Owners = append(rec.Owners, o)
			}
			out = append(out, rec)
		}
	})
	providers.AttachOwners(out)
	return out
}

// held returns what DNS holds of the node: "name type value" of each record with its marker.
func (r *rig) held() []string {
	r.t.Helper()
	var out []string
	for _, rec := range records(r.t, r.sim, r.cfg.Zone) {
		if o, ok := rec.Owner(); ok && o.Fleet == r.cfg.Fleet && o.Cloud == r.key && o.Instance == r.id {
			out = append(out, rec.Name+" "+rec.Type+" "+rec.Value)
		}
	}
	slices.Sort(out)
	return out
}

// at returns the values of one name and type.
func (r *rig) at(name, typ string) []string {
	var out []string
	for _, rec := range records(r.t, r.sim, r.cfg.Zone) {
		if rec.Name == name && rec.Type == typ {
			out = append(out, rec.Value)
		}
	}
	slices.Sort(out)
	return out
}

func (r *rig) wantHeld(want ...string) {
	r.t.Helper()
	if got := r.held(); !slices.Equal(got, want) {
		r.t.Errorf("DNS holds %q of the node, want %q", got, want)
	}
}

// registered waits until the agent has said so many times that it has registered its node. What it has written
// is in DNS before it says so: it looks again, and returns up when that look is refused.
func (r *rig) registered(times int) {
	r.t.Helper()
	until(r.t, "it has registered its node", func() bool { return strings.Count(r.log(), ": registered ") >= times })
}

// until waits for what another process brings about.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(25 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("it never came to this: %s", what)
}

package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh/agent"

	"rollcall/providers/sim/world"
)

// quick makes a world whose instances move at once.
var quick = world.Delays{Boot: time.Millisecond, Agent: time.Millisecond, Stop: time.Millisecond, Forget: time.Hour, Propagate: time.Millisecond}

func start(t *testing.T, o Options) *Sim {
	t.Helper()
	s, err := Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestTheEnvironmentOpensEveryDoor(t *testing.T) {
	var seen Endpoints
	s := start(t, Options{Seed: 1, WriteConfig: func(e Endpoints) (string, error) { seen = e; return "/some/config.yaml", nil }})
	if seen.DNS == "" || seen.Config != "" {
		t.Errorf("the config was written with %+v", seen)
	}
	var names []string
	env := map[string]string{}
	for _, kv := range s.Env() {
		k, v, _ := strings.Cut(kv, "=")
		names, env[k] = append(names, k), v
		if v == "" {
			t.Errorf("%s is empty", k)
		}
	}
	want := []string{
		"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_EC2", "AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL_IAM", "AWS_ENDPOINT_URL_SSM", "AWS_ENDPOINT_URL_ROUTE_53", "AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING_V2",
		"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION", "TRITON_PROFILE", "TRITON_URL", "TRITON_ACCOUNT", "TRITON_KEY_ID", "SSH_AUTH_SOCK",
		"CLOUDFLARE_BASE_URL", "CLOUDFLARE_API_TOKEN", "NODE_TOKEN", "ROLLCALL_RESOLVERS", "ROLLCALL_SIM", "ROLLCALL_CONFIG",
	}
	if !slices.Equal(names, want) {
		t.Errorf("%v, want %v", names, want)
	}
	if env["AWS_REGION"] != "us-east-1" || env["TRITON_URL"] != s.Endpoints().Triton["joyent-east"] || !slices.Equal(slices.Sorted(maps.Keys(s.Endpoints().Triton)), []string{"joyent-ams", "joyent-east"}) {
		t.Errorf("%v", env)
	}
	req, err := http.NewRequest("GET", env["CLOUDFLARE_BASE_URL"]+"/zones", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+env["CLOUDFLARE_API_TOKEN"])
	if res := send(t, req); res.status != 200 || !strings.Contains(res.body, world.CloudflareZone) {
		t.Errorf("zones: %+v", res)
	}
}

func TestAConfigThatCannotBeWrittenEndsTheStart(t *testing.T) {
	bad := errors.New("disk full")
	s, err := Start(t.Context(), Options{WriteConfig: func(Endpoints) (string, error) { return "", bad }})
	if !errors.Is(err, bad) || s != nil {
		t.Errorf("%v, %v", s, err)
	}
}

// leftovers counts the goroutines that run our code or serve for it.
func leftovers() string {
	buf := make([]byte, 1<<20)
	var left []string
	for _, g := range strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		if strings.Contains(g, "testing.") && !strings.Contains(g, "created by rollcall") {
			continue
		}
		if strings.Contains(g, "rollcall/providers/sim") || strings.Contains(g, "net/http.(*Server)") || strings.Contains(g, "miekg/dns") {
			left = append(left, g)
		}
	}
	return strings.Join(left, "\n\n")
}

func TestCloseLeavesNoGoroutineNorSocketNorConnectionBehind(t *testing.T) {
	s, err := Start(t.Context(), Options{Seed: 1, Dir: filepath.Join(t.TempDir(), "a")})
	if err != nil {
		t.Fatal(err)
	}
	e := s.Endpoints()
	// One client hangs in an answer, one keeps a connection, one talks to the agent.
	if err := s.World().SetFault(world.CloudflareZone, world.Hang); err != nil {
		t.Fatal(err)
	}
	hung := make(chan error, 1)
	go func() {
		res, err := http.Get(e.Cloudflare + "/zones")
		if err == nil {
			_ = res.Body.Close()
		}
		hung <- err
	}()
	for n := range 100_000_000 { // until the request has arrived
		if _, hits := s.World().Fault(world.CloudflareZone); hits > n {
			break
		}
		runtime.Gosched()
	}
	idle, err := net.Dial("tcp", s.dns.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = idle.Close() }()
	sock, err := net.Dial("unix", e.AgentSocket)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = sock.Close() }()
	if _, err := agent.NewClient(sock).List(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("a second Close: %v", err)
	}
	if <-hung == nil {
		t.Error("the request that hung got an answer")
	}
	g := leftovers()
	for range 1_000 { // a goroutine that has said that it is done may still be on its way out
		if g == "" {
			break
		}
		time.Sleep(time.Millisecond)
		g = leftovers()
	}
	if g != "" {
		t.Errorf("left behind:\n%s", g)
	}
	if _, err := os.Stat(e.AgentSocket); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the agent's socket: %v", err)
	}
}

func TestTheEndOfTheContextEndsTheWorld(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s, err := Start(ctx, Options{})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := s.Close(); err != nil { // waits for what the context has begun
		t.Error(err)
	}
	if res, err := http.Get(s.Endpoints().Control + "/sources"); err == nil {
		_ = res.Body.Close()
		t.Error("it still answers")
	}
}

func TestANodesAgentIsTold(t *testing.T) {
	events := make(chan world.NodeEvent, 1)
	s := start(t, Options{Delays: quick, Node: func(_ context.Context, ev world.NodeEvent) { events <- ev }})
	i, err := s.World().Launch("joyent-east", world.Instance{Name: "fresh", Type: "g4-highcpu-1G", Image: world.DebianImage})
	if err != nil {
		t.Fatal(err)
	}
	if ev := <-events; !ev.Up || ev.Instance.ID != i.ID || !ev.Instance.Public.IsValid() {
		t.Errorf("%+v", ev)
	}
}

type reply struct {
	status int
	body   string
}

func send(t *testing.T, req *http.Request) reply {
	t.Helper()
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if err != nil {
		t.Fatal(err)
	}
	return reply{res.StatusCode, string(b)}
}

func control(t *testing.T, s *Sim, method, path string, in any) reply {
	t.Helper()
	b, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequest(method, s.Endpoints().Control+path, bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return send(t, req)
}

type object = map[string]any

func TestFaultsAreSwitchedAndToldOnTheControlPort(t *testing.T) {
	s := start(t, Options{})
	if r := control(t, s, "POST", "/fault", object{"source": "joyent-ams", "kind": "throttle"}); r.status != 200 || s.World().FaultOf("joyent-ams") != world.Throttle {
		t.Errorf("%+v", r)
	}
	var faults struct {
		Kinds []world.FaultKind
		On    map[string]world.FaultKind
	}
	if err := json.Unmarshal([]byte(control(t, s, "GET", "/faults", nil).body), &faults); err != nil {
		t.Fatal(err)
	}
	if len(faults.On) != 1 || faults.On["joyent-ams"] != world.Throttle || !slices.Contains(faults.Kinds, world.ShortPage) {
		t.Errorf("%+v", faults)
	}
	control(t, s, "POST", "/fault", object{"source": "all", "kind": "none"})
	var sources []Source
	if err := json.Unmarshal([]byte(control(t, s, "GET", "/sources", nil).body), &sources); err != nil {
		t.Fatal(err)
	}
	if len(sources) != 6 || sources[0].Name != "aws-use1" || sources[0].Kind != "cloud" || sources[5].Kind != "zone" {
		t.Errorf("%+v", sources)
	}
	for _, src := range sources {
		if src.Fault != world.NoFault {
			t.Errorf("%s is still under %s", src.Name, src.Fault)
		}
	}
	for name, r := range map[string]reply{
		"an unknown source": control(t, s, "POST", "/fault", object{"source": "nowhere", "kind": "throttle"}),
		"an unknown kind":   control(t, s, "POST", "/fault", object{"source": "all", "kind": "earthquake"}),
		"an unknown field":  control(t, s, "POST", "/fault", object{"source": "all", "kind": "none", "x": 1}),
		"no object":         control(t, s, "POST", "/fault", "all"),
		"an unknown cloud":  control(t, s, "POST", "/power", object{"cloud": "nowhere", "id": "x", "action": "plug"}),
		"an unknown action": control(t, s, "POST", "/power", object{"cloud": "aws-use1", "id": "x", "action": "kick"}),
		"an unknown id":     control(t, s, "POST", "/power", object{"cloud": "aws-use1", "id": "x", "action": "plug"}),
	} {
		if r.status != 400 || strings.Count(r.body, "\n") != 1 || len(r.body) < 10 {
			t.Errorf("%s: %d %q", name, r.status, r.body)
		}
	}
}

func TestAPlugIsPulledOnTheControlPort(t *testing.T) {
	s := start(t, Options{Seed: 1})
	page, _ := s.World().Instances("joyent-east", nil, 0, 1)
	r := control(t, s, "POST", "/power", object{"cloud": "joyent-east", "id": page[0].ID, "action": "plug"})
	if _, err := s.World().Instance("joyent-east", page[0].ID); r.status != 200 || !errors.Is(err, world.ErrGone) {
		t.Errorf("%+v, then %v", r, err)
	}
}

func TestAPageInABrowserSwitchesNothing(t *testing.T) {
	s := start(t, Options{})
	req, err := http.NewRequest("POST", s.Endpoints().Control+"/fault", strings.NewReader(`{"source":"all","kind":"throttle"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Origin", "http://evil.example")
	if r := send(t, req); r.status != 403 || s.World().FaultOf("aws-use1") != world.NoFault {
		t.Errorf("%+v", r)
	}
}

func TestATenThousandInstancesWorldStartsAndListsItsPages(t *testing.T) {
	s := start(t, Options{Instances: 10_000})
	_, total := s.World().Instances("joyent-ams", nil, 0, 1)
	if total < 2_000 {
		t.Errorf("%d instances", total)
	}
}

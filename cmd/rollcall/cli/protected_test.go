package cli

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"rollcall/cmd/rollcall/exit"
	"rollcall/providers"
	"rollcall/providers/providertest"
	"rollcall/providers/sim"
	"rollcall/providers/sim/world"
)

// runningNode returns the cloud and id of the running instance of a name.
func runningNode(t *testing.T, s *sim.Sim, name string) (cloud, id string) {
	t.Helper()
	for _, c := range s.World().Clouds() {
		list, _ := s.World().Instances(c.Name, func(i *world.Instance) bool { return i.Name == name && i.State == providers.StateRunning }, 0, 1)
		if len(list) == 1 {
			return c.Name, list[0].ID
		}
	}
	t.Fatalf("no instance runs by the name %s", name)
	return "", ""
}

func protect(t *testing.T, s *sim.Sim, cloud, id string, noTerminate, noStop bool) {
	t.Helper()
	if err := s.World().Protect(cloud, id, noTerminate, noStop); err != nil {
		t.Fatal(err)
	}
}

func TestANodeThatItsCloudWillNotTerminateStaysInDNSWhicheverWayItIsAskedFor(t *testing.T) {
	s := newWorld(t)
	for n, x := range []struct {
		node                string
		noTerminate, noStop bool
		frees               string // the command that takes the protection off
	}{
		{"www-01", true, false, "--no-disable-api-termination"},
		{"www-01", false, true, "--no-disable-api-stop"},
		{"svc-v1-03", true, false, "disable-deletion-protection"},
	} {
		if !providertest.InPart(n, 2) {
			continue
		}
		cloud, id := runningNode(t, s, x.node)
		protect(t, s, cloud, id, x.noTerminate, x.noStop)
		before := allRecords(s)
		for _, args := range [][]string{{"terminate", x.node, "--yes"}, {"terminate", x.node, "--yes", "--no-drain"}, {"terminate", x.node, "--dry-run"}, {"terminate", x.node, "--yes", "-o", "json"}} {
			r := rollcall(t, args...)
			if r.code != exit.Failed || !strings.Contains(r.out, "protection") || !strings.Contains(r.out, x.frees) || !strings.Contains(r.out, "power") {
				t.Errorf("%v: exit code %d, %s%s", args, r.code, r.out, r.err)
			}
			if first, _, _ := strings.Cut(r.out, "Remember in"); args[2] == "--dry-run" && !strings.Contains(first, "protection (") {
				t.Errorf("the first step does not say why the node stays: %s", first)
			}
		}
		if after := allRecords(s); !slices.Equal(after, before) {
			t.Errorf("%s: DNS changed", x.node)
		}
		if i, err := s.World().Instance(cloud, id); err != nil || i.State != providers.StateRunning {
			t.Errorf("%s is %s, %v", x.node, i.State, err)
		}
		protect(t, s, cloud, id, false, false)
	}
	cloud, id := runningNode(t, s, "www-01")
	protect(t, s, cloud, id, false, true)
	if r := rollcall(t, "stop", "www-01", "--yes"); r.code != exit.Failed || !strings.Contains(r.out, "stop protection") {
		t.Errorf("stop: exit code %d, %s", r.code, r.out)
	}
	must(t, "reboot", "www-01", "--yes") // which stop protection allows
}

func TestAConsoleThatMayNotAskForProtectionIsToldOnceAndGoesOn(t *testing.T) {
	s := newWorld(t)
	behind, err := url.Parse(s.Endpoints().AWS)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(behind)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		if strings.Contains(string(body), "Action=DescribeInstanceAttribute") {
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, `<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>You are not authorized to perform this operation.</Message></Error></Errors></Response>`)
			return
		}
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	reconfigure(t, "region: us-east-1", "region: us-east-1, endpoint: "+srv.URL)
	var ids []string
	list, _ := s.World().Instances("aws-use1", func(i *world.Instance) bool { return i.State == providers.StateRunning }, 0, 2)
	for _, i := range list {
		ids = append(ids, i.ID)
	}
	r := rollcall(t, "terminate", ids[0], ids[1], "--yes", "--no-drain")
	if r.code != exit.Done || strings.Count(r.out+r.err, "ec2:DescribeInstanceAttribute is missing") != 1 {
		t.Errorf("exit code %d, %s%s", r.code, r.out, r.err)
	}
}

func TestAPlanSaysWhatTheCloudHasScheduledForItsInstance(t *testing.T) {
	s := newWorld(t)
	cloud, id := runningNode(t, s, "www-01")
	at := time.Now().Add(48 * time.Hour).UTC().Truncate(time.Second)
	if err := s.World().SetStatus(cloud, id, &world.Status{Instance: at.Add(-72 * time.Hour), Events: []world.ScheduledEvent{
		{ID: "instance-event-0abc", Code: "instance-retirement", Description: "degraded hardware", NotBefore: at},
	}}); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"terminate", "www-01", "--dry-run"}, {"stop", "www-01", "--dry-run", "-o", "json"}} {
		r := rollcall(t, args...)
		if want := "instance-retirement from " + at.Format(time.RFC3339) + ": degraded hardware"; !strings.Contains(strings.Join(strings.Fields(r.out), " "), want) || !strings.Contains(r.out, "instance status check") {
			t.Errorf("%v: %s%s", args, r.out, r.err)
		}
	}
}

func TestAListOfInstancesSaysWhichStatusChecksFailAndWhatIsScheduled(t *testing.T) {
	s := newWorld(t)
	cloud, id := runningNode(t, s, "www-01")
	at := time.Date(2026, 12, 2, 3, 0, 0, 0, time.UTC)
	if err := s.World().SetStatus(cloud, id, &world.Status{System: at.Add(-48 * time.Hour), Events: []world.ScheduledEvent{{ID: "e1", Code: "instance-retirement", Description: "degraded\x1b[31m hardware", NotBefore: at}}}); err != nil {
		t.Fatal(err)
	}
	for _, row := range objects(t, "ls", "instances", "-o", "json", "--status") {
		status, _ := row["status"].(map[string]any)
		switch {
		case row["provider"] == "triton" && row["status"] != nil:
			t.Errorf("Triton makes no status checks: %v", row["status"])
		case row["provider"] == "ec2" && row["state"] == "running" && status["checks"] == nil:
			t.Errorf("nothing is said of %v", row["identity"])
		case row["id"] == id:
			notices, _ := status["notices"].([]any)
			if status["checks"] != "system impaired, instance ok" || len(notices) != 2 || strings.Contains(notices[1].(string), "\x1b") || !strings.Contains(notices[1].(string), "instance-retirement from 2026-12-02") {
				t.Errorf("%v", status)
			}
		}
	}
	for _, row := range objects(t, "ls", "instances", "-o", "json") {
		if row["status"] != nil {
			t.Fatalf("it was not asked for: %v", row["status"])
		}
	}
	table := must(t, "ls", "instances", "--status", "--filter", "name:www-01")
	if !strings.Contains(table, "CHECKS") || !strings.Contains(table, "system impaired, instance ok") || !strings.Contains(table, "instance-retirement") {
		t.Error(table)
	}
	if r := rollcall(t, "ls", "instances", "--status", "--watch"); r.code != exit.Usage || !strings.Contains(r.err, "leave --status out") {
		t.Errorf("%d, %s", r.code, r.err)
	}
	if err := s.World().SetFault(cloud, world.Unreachable); err != nil {
		t.Fatal(err)
	}
	if r := rollcall(t, "ls", "instances", "--status", "--allow-stale"); r.code != exit.Done || !strings.Contains(r.err, cloud+": status checks and scheduled events are not known") {
		t.Errorf("%d, %s", r.code, r.err)
	}
}

func TestTheEmbeddedEC2HasANodeWhoseHostAmazonRetires(t *testing.T) {
	s := newWorld(t)
	_, id := runningNode(t, s, "www-94")
	const event = "Amazon has scheduled instance-retirement from "
	if table := must(t, "ls", "instances", "--status", "--filter", "name:www-94"); !strings.Contains(table, event) {
		t.Error(table)
	}
	if r := rollcall(t, "terminate", id, "--dry-run"); !strings.Contains(strings.Join(strings.Fields(r.out), " "), event) {
		t.Errorf("%s%s", r.out, r.err)
	}
}

func TestTheLastHealthyTargetOfALoadBalancerIsNotTerminated(t *testing.T) {
	s := newWorld(t)
	cloud, id := runningNode(t, s, "www-01")
	group := s.World().TargetGroups(cloud)[0]
	all := strconv.Itoa(len(group.Targets))
	power := func(args ...string) (r result, g map[string]any) {
		t.Helper()
		r = rollcall(t, append(args, "-o", "json")...)
		var report object
		if err := json.Unmarshal([]byte(r.out), &report); err != nil {
			t.Fatalf("%v: %v in %s%s", args, err, r.out, r.err)
		}
		steps, _ := report["steps"].([]any)
		for _, step := range steps {
			guards, _ := step.(map[string]any)["guards"].([]any)
			for _, of := range guards {
				if of := of.(map[string]any); of["guard"] == "power" {
					g = of // the last one is that of the power step
				}
			}
		}
		return r, g
	}
	r, g := power("terminate", "www-01", "--dry-run")
	if r.code != exit.Done || g["pass"] != true || !strings.Contains(g["why"].(string), "it is in target group tg-www (healthy; "+all+" of "+all+" healthy), which has no use for it once it is terminated") {
		t.Errorf("among others: %d, %v", r.code, g)
	}
	s.World().EditTargets(cloud, group.ID, nil, slices.DeleteFunc(slices.Clone(group.Targets), func(t world.Target) bool { return t.ID == id }))
	before := allRecords(s)
	for _, args := range [][]string{{"terminate", "www-01", "--yes"}, {"stop", "www-01", "--yes", "--confirm", "www-01"}} {
		r, g := power(args...)
		satisfy, _ := g["satisfy"].(string)
		if r.code != exit.Failed || g["pass"] != false || g["why"] != "it is in target group tg-www (healthy; last healthy of "+all+")" || !strings.Contains(satisfy, "deregister-targets --region us-east-1 --target-group-arn arn:aws:elasticloadbalancing:us-east-1:") {
			t.Errorf("%v: %d, %v", args, r.code, g)
		}
	}
	if i, err := s.World().Instance(cloud, id); err != nil || i.State != providers.StateRunning || !slices.Equal(allRecords(s), before) {
		t.Errorf("%s is %s, %v", id, i.State, err)
	}
	s.World().EditTargets(cloud, group.ID, nil, group.Targets[:1])
	if r, g := power("terminate", "www-01", "--dry-run"); r.code != exit.Done || !strings.Contains(g["why"].(string), "draining, Target.DeregistrationInProgress; 0 of "+all+" healthy") {
		t.Errorf("once it is taken out: %d, %v", r.code, g)
	}
}

func TestAConsoleThatMayNotAskForTargetGroupsIsToldOnceAndGoesOn(t *testing.T) {
	s := newWorld(t)
	behind, err := url.Parse(s.Endpoints().AWS)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(behind)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.Header.Get("Authorization"), "/elasticloadbalancing/") {
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, `<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not authorized</Message></Error></ErrorResponse>`)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	reconfigure(t, "region: us-east-1", "region: us-east-1, endpoint: "+srv.URL)
	r := rollcall(t, "terminate", "www-01", "www-05", "--dry-run")
	if r.code != exit.Done || strings.Count(r.out+r.err, "aws-use1: target groups unknown: the permission elasticloadbalancing:DescribeTargetGroups is missing") != 1 {
		t.Errorf("exit code %d, %s%s", r.code, r.out, r.err)
	}
}

package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"rollcall/cmd/rollcall/exit"
	"rollcall/providers/providertest"
	"rollcall/providers/sim"
	"rollcall/providers/sim/world"
)

// pend sets whether Cloudflare says that the zone is not delegated yet.
func pend(t *testing.T, s *sim.Sim, pending bool) {
	t.Helper()
	z, err := s.World().Zone(world.CloudflareZone)
	if err != nil {
		t.Fatal(err)
	}
	z.SetPending(pending)
}

func TestNothingIsWrittenToAPendingZoneByAnyVerb(t *testing.T) {
	s := newWorld(t)
	const svc = "v1._job._tcp.scalability.expert"
	must(t, "service", "create", svc)
	must(t, "service", "create", "v2._job._tcp.scalability.expert")
	must(t, "service", "join", "--service", svc, "--host", "web1", "--address", "203.0.113.7", "--port", "80")
	must(t, "quiesce", "www-02")
	dead := recordsOf(t, "dead")
	www := slices.IndexFunc(dead, func(r string) bool { return strings.HasPrefix(r, "scalability.expert:") })
	if www < 0 {
		t.Fatalf("dead: %v", dead)
	}
	pend(t, s, true)
	before := allRecords(s)
	for n, args := range [][]string{
		{"service", "create", "v3._job._tcp.scalability.expert"},
		{"service", "retire", "v2._job._tcp.scalability.expert"},
		{"service", "join", "--service", svc, "--host", "web2", "--address", "203.0.113.8", "--port", "80"},
		{"service", "join", "--service", "www.scalability.expert", "--host", "web3", "--address", "203.0.113.9"},
		{"service", "leave", "--service", svc, "--host", "web1"},
		{"service", "balance", "--service", svc, "--host", "web1", "--weight", "3"},
		{"quiesce", "www-01"},
		{"return", "www-02"},
		{"terminate", "www-03", "--yes"},
		{"deregister", dead[www]},
	} {
		if !providertest.InPart(n, 2) {
			continue
		}
		for _, more := range [][]string{{"--dry-run"}, nil} {
			r := rollcall(t, append(slices.Clone(args), more...)...)
			if r.code != exit.Failed || !strings.Contains(r.out+r.err, "nothing is written t") || !strings.Contains(r.out+r.err, "not delegated") {
				t.Errorf("%v %v: exit code %d\n%s%s", args, more, r.code, r.out, r.err)
			}
		}
	}
	if after := allRecords(s); !slices.Equal(after, before) {
		t.Error("the zone was written to")
	}
	// What was done from here before can be taken back.
	must(t, "undo")
	pend(t, s, false)
	must(t, "service", "join", "--service", svc, "--host", "web2", "--address", "203.0.113.8", "--port", "80")
}

func TestAPlanThatWasShownBeforeItsZoneBecamePendingWritesNothing(t *testing.T) {
	s := newWorld(t)
	out := must(t, "quiesce", "www-01", "--dry-run", "-o", "json")
	if !json.Valid([]byte(out)) {
		t.Fatal(out)
	}
	plan := filepath.Join(t.TempDir(), "plan.json")
	if err := os.WriteFile(plan, []byte(out), 0o600); err != nil {
		t.Fatal(err)
	}
	pend(t, s, true)
	before := allRecords(s)
	if r := rollcall(t, "quiesce", "www-01", "--plan", plan); r.code != exit.Failed || !strings.Contains(r.out+r.err, "nothing is written there") {
		t.Errorf("exit code %d\n%s%s", r.code, r.out, r.err)
	}
	if after := allRecords(s); !slices.Equal(after, before) {
		t.Error("the zone was written to")
	}
	pend(t, s, false)
	must(t, "quiesce", "www-01", "--plan", plan)
}

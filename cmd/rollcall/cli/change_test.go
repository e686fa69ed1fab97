package cli

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/cmd/rollcall/exit"
	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/providers/providertest"
	"rollcall/providers/sim"
	"rollcall/providers/sim/world"
)

// recordsOf names the records that have a finding of the class.
func recordsOf(t *testing.T, class string) []string {
	t.Helper()
	return recordsIn(t, must(t, "ls", "findings", "-o", "json"), class)
}

// recordsIn names the records that have a finding of the class in a list of findings.
func recordsIn(t *testing.T, list, class string) []string {
	t.Helper()
	var out []string
	for _, f := range decode[[]object](t, list) {
		r, ok := f["record"].(map[string]any)
		if f["class"] == class && ok {
			out = append(out, rows.RecordName(r["zone"].(string), r["name"].(string), r["type"].(string), r["value"].(string)))
		}
	}
	return out
}

// allRecords are all values of both zones with what matters of each, markers included: name, type, TTL, value and so on,
// separated by commas.
func allRecords(s *sim.Sim) []string {
	var out []string
	for _, z := range s.World().Zones("") {
		z.View(func(tx *world.Tx) {
			for _, v := range tx.Values() {
				v.ID = "" // a record that comes back at Cloudflare has another
				if strings.Contains(v.Name, "_rollcall") {
					v.TTL = 0 // the marker is what counts
				}
				out = append(out, fmt.Sprintf("%s,%s,%s,%d,%s,%s,%s,%t,%t", z.Name, v.Name, v.Type, v.TTL, v.Value, v.Comment, v.SetID, v.Proxied, v.Alias))
			}
		})
	}
	slices.Sort(out)
	return out
}

func TestADeadEntryIsRemovedAndComesBackWithItsMarker(t *testing.T) {
	s := newWorld(t, atLeisure)
	for _, zone := range []string{"scalability.expert", "unilans.net"} {
		dead := slices.DeleteFunc(recordsOf(t, "dead"), func(r string) bool { return !strings.HasPrefix(r, zone+":") || !strings.Contains(r, "/A/") })
		if len(dead) < 2 {
			t.Fatalf("%s: %d dead addresses", zone, len(dead))
		}
		before := allRecords(s)
		must(t, "deregister", dead[0])
		if slices.Contains(recordsOf(t, "dead"), dead[0]) {
			t.Errorf("%s is still there", dead[0])
		}
		if after := allRecords(s); len(after) >= len(before) {
			t.Errorf("%s: %d rows before, %d after", dead[0], len(before), len(after))
		}
		must(t, "undo")
		if after := allRecords(s); !slices.Equal(after, before) {
			t.Errorf("%s: after the undo the zone is not what it was", dead[0])
		}
		if !slices.Contains(recordsOf(t, "dead"), dead[0]) {
			t.Errorf("%s came back without its marker", dead[0])
		}
	}
	entries := objects(t, "journal", "-o", "json")
	if len(entries) < 4 {
		t.Errorf("the journal has %d entries", len(entries))
	}
	for _, e := range entries {
		if e["state"] != "done" || e["who"] == "" || e["change"] == nil {
			t.Errorf("entry %v", e)
		}
	}
}

func TestADryRunWritesNothing(t *testing.T) {
	s := newWorld(t)
	before := allRecords(s)
	r := rollcall(t, "deregister", "--dead", "--dry-run", "-o", "json")
	rep := decode[object](t, r.out)
	if len(rep["steps"].([]any)) < 4 {
		t.Errorf("the plan has %d steps", len(rep["steps"].([]any)))
	}
	if after := allRecords(s); !slices.Equal(after, before) {
		t.Error("the zones have changed")
	}
	if n := len(objects(t, "journal", "-o", "json")); n != 0 {
		t.Errorf("%d journal entries", n)
	}
}

func TestWhatIsAliveIsNotDeregistered(t *testing.T) {
	s := newWorld(t)
	var alive string
	for _, r := range objects(t, "ls", "records", "--filter", "type=A", "-o", "json") {
		if len(r["findings"].([]any)) == 0 && r["owner"] != nil {
			alive = rows.RecordName(r["zone"].(string), r["name"].(string), r["type"].(string), r["value"].(string))
			break
		}
	}
	before := allRecords(s)
	if r := rollcall(t, "deregister", alive); r.code != exit.Failed || r.err == "" {
		t.Errorf("exit code %d, %q", r.code, r.err)
	}
	if r := rollcall(t, "deregister", "www.scalability.expert/A/192.0.2.1"); r.code != exit.Usage || !strings.Contains(r.err, "there is no record") {
		t.Errorf("a record that is not there: exit code %d, %q", r.code, r.err)
	}
	if after := allRecords(s); !slices.Equal(after, before) {
		t.Error("the zones have changed")
	}
}

func TestNothingIsDeregisteredWhileACloudFailsOrAnswersShort(t *testing.T) {
	s := newWorld(t)
	dead := recordsOf(t, "dead")
	if len(dead) == 0 {
		t.Fatal("nothing is dead")
	}
	before := allRecords(s)
	for n, kind := range []world.FaultKind{world.ServerError, world.Unreachable, world.AuthError, world.EmptyPage, world.ShortPage} {
		for m, cloud := range []string{"aws-euw1", "joyent-east"} {
			if !providertest.InPart(n+m, 2) {
				continue
			}
			if err := s.World().SetFault(cloud, kind); err != nil {
				t.Fatal(err)
			}
			r := rollcall(t, "deregister", dead[0])
			if r.code != exit.Failed || !strings.Contains(r.err+r.out, cloud) {
				t.Errorf("%s of %s: exit code %d; neither told nor refused\n%s%s", kind, cloud, r.code, r.out, r.err)
			}
			if r := rollcall(t, "deregister", "--dead"); r.code == exit.Done {
				t.Errorf("%s of %s: --dead ends in 0", kind, cloud)
			}
			if err := s.World().SetFault("all", world.NoFault); err != nil {
				t.Fatal(err)
			}
		}
	}
	if after := allRecords(s); !slices.Equal(after, before) {
		t.Error("the zones have changed")
	}
}

func TestCredentialsOfAnotherEmptyAccountGiveUnknownAndNoDelete(t *testing.T) {
	s := newWorld(t)
	dead := append(recordsOf(t, "dead"), recordsOf(t, "dangling")...)
	before := allRecords(s)
	for _, cloud := range []string{"joyent-east", "joyent-ams", "aws-use1", "aws-euw1"} {
		if err := s.World().SetFault(cloud, world.WrongKey); err != nil {
			t.Fatal(err)
		}
	}
	uncertain := 0
	for _, f := range decode[[]rows.FindingObject](t, must(t, "ls", "findings", "-o", "json", "--allow-stale")) {
		if !f.Certain {
			uncertain++
		}
		if slices.Contains([]string{"dead", "dangling", "stopped", "moved"}, f.Class) && (f.Certain || f.Remedy != "" || len(f.UncertainSources) == 0) {
			t.Errorf("certain: %+v", f)
		}
	}
	if uncertain < len(dead) {
		t.Errorf("%d findings are uncertain, of %d dead and dangling before", uncertain, len(dead))
	}
	for _, r := range dead {
		if got := rollcall(t, "deregister", r); got.code != exit.Failed {
			t.Errorf("%s: exit code %d", r, got.code)
		}
	}
	if got := rollcall(t, "deregister", "--dead"); !strings.Contains(got.err, "cannot be known") {
		t.Errorf("--dead does not say that nothing can be known: %s", got.err)
	}
	if err := s.World().SetFault("all", world.NoFault); err != nil {
		t.Fatal(err)
	}
	if after := allRecords(s); !slices.Equal(after, before) {
		t.Error("the zones have changed")
	}
}

func TestAllDeadEntriesGoAtOnceWithinTheThreshold(t *testing.T) {
	newWorld(t)
	r := rollcall(t, "deregister", "--dead")
	left := append(recordsOf(t, "dead"), recordsOf(t, "dangling")...)
	if r.code == exit.Done && len(left) > 0 {
		t.Errorf("exit code 0, and still there: %v", left)
	}
	if r.code != exit.Done && !strings.Contains(r.out+r.err, "--confirm") {
		t.Errorf("exit code %d without a word on how to go on\n%s%s", r.code, r.out, r.err)
	}
}

// eventually looks until it holds, for minutes: how long a command takes depends on the machine.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(3 * time.Minute); !holds(); time.Sleep(250 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within minutes: %s", what)
		}
	}
}

func TestALaunchedNodeRegistersItselfAndATerminatedOneIsDrained(t *testing.T) {
	s := newWorld(t)
	for _, cloud := range []string{"aws-use1", "joyent-east"} {
		out := must(t, "launch", "--cloud", cloud, "--service", "www.scalability.expert", "--wait", "-o", "json")
		l := decode[launchRow](t, out)
		if !l.OK || len(l.Nodes) != 1 || l.Nodes[0].Stage != "registered" || len(l.Nodes[0].IPs) == 0 {
			t.Fatalf("%s: %+v", cloud, l)
		}
		id, addr := l.Nodes[0].ID, l.Nodes[0].IPs[0]
		if !hasAddress(s, addr) {
			t.Errorf("%s: DNS has no %s", cloud, addr)
		}
		if f := objects(t, "ls", "instances", "--filter", "id="+id, "-o", "json"); len(f) != 1 || f[0]["service"] != "www.scalability.expert" {
			t.Errorf("%s: %v", cloud, f)
		}
		if r := rollcall(t, "terminate", id); r.code != exit.Failed || !strings.Contains(r.err, "--yes") || !hasAddress(s, addr) {
			t.Errorf("%s: terminated without a word: exit code %d, %s", cloud, r.code, r.err)
		}
		must(t, "terminate", id, "--no-drain", "--yes")
		if hasAddress(s, addr) {
			t.Errorf("%s: DNS still has %s", cloud, addr)
		}
		eventually(t, id+" is terminated", func() bool {
			i, err := s.World().Instance(cloud, id)
			return err != nil || i.State == providers.StateTerminated
		})
		if left := objects(t, "ls", "instances", "--filter", "id="+id, "-o", "json"); len(left) > 0 {
			t.Errorf("%s: %v", cloud, left)
		}
	}
}

// hasAddress reports whether a zone has a record with an address.
func hasAddress(s *sim.Sim, addr string) bool {
	return slices.ContainsFunc(allRecords(s), func(r string) bool { return strings.Contains(r, ","+addr+",") })
}

func TestALaunchIsShownBeforeItStartsAndStartsNothingInADryRun(t *testing.T) {
	newWorld(t)
	before := len(objects(t, "ls", "instances", "-o", "json"))
	l := decode[launchRow](t, must(t, "launch", "--cloud", "aws-use1=2,joyent-ams", "--service", "www.scalability.expert", "--dry-run", "-o", "json"))
	if len(l.Nodes) != 3 || !strings.Contains(l.UserData["aws-use1"], "nginx") || l.UserData["joyent-ams"] == "" {
		t.Errorf("%d nodes, user data for %d clouds", len(l.Nodes), len(l.UserData))
	}
	if after := len(objects(t, "ls", "instances", "-o", "json")); after != before {
		t.Errorf("%d instances before, %d after", before, after)
	}
	for _, bad := range [][]string{
		{"--cloud", "nowhere", "--service", "www.scalability.expert"},
		{"--cloud", "aws-use1", "--service", "nope.scalability.expert"},
		{"--cloud", "aws-use1", "--service", "www.scalability.expert", "--template", "nope"},
		{"--cloud", "aws-use1", "--service", "www.scalability.expert", "--set", "nope=1"},
	} {
		if r := rollcall(t, append([]string{"launch"}, bad...)...); r.code != exit.Usage || strings.Count(r.err, "\n") != 1 {
			t.Errorf("%v: exit code %d, %q", bad, r.code, r.err)
		}
	}
}

func TestStopTakesANodeOutOfDNSAndStartBringsItBack(t *testing.T) {
	s := newWorld(t)
	rows := objects(t, "ls", "instances", "--filter", "cloud:joyent-east service:www state:running", "-o", "json")
	var id, name string
	for _, r := range rows {
		if len(r["findings"].([]any)) == 0 && len(r["records"].([]any)) == 1 {
			id, name = r["id"].(string), r["name"].(string)
		}
	}
	node := func() world.Instance {
		i, err := s.World().Instance("joyent-east", id)
		if err != nil {
			t.Fatal(err)
		}
		return i
	}
	listed := func() int {
		for _, r := range objects(t, "ls", "instances", "--filter", "id="+id, "-o", "json") {
			return len(r["records"].([]any))
		}
		return -1
	}
	if r := rollcall(t, "stop", id, "--yes"); r.code != exit.Failed || !strings.Contains(r.out+r.err, "clients are sent to it") {
		t.Errorf("exit code %d: %s %s", r.code, r.out, r.err)
	}
	must(t, "stop", id, "--yes", "--confirm", name)
	eventually(t, "out of DNS", func() bool { return !hasAddress(s, node().Public.String()) })
	eventually(t, "stopped", func() bool { return node().State == providers.StateStopped })
	if n := listed(); n != 0 {
		t.Errorf("%d records lead to it", n)
	}
	must(t, "start", id)
	eventually(t, "in DNS again", func() bool { return hasAddress(s, node().Public.String()) })
	if n := listed(); n != 1 {
		t.Errorf("%d records lead to it again", n)
	}
}

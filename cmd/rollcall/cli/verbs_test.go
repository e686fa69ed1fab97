package cli

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"rollcall/cmd/rollcall/cli/output"
	"rollcall/cmd/rollcall/exit"
	"rollcall/dnsview/rows"
	"rollcall/providers/providertest"
	"rollcall/providers/sim"
	"rollcall/providers/sim/world"
)

// recordOf returns a record with the address of a node, as name/type/value, or "" if no zone has one.
func recordOf(t *testing.T, s *sim.Sim, node string) string {
	t.Helper()
	var named []world.Instance
	for _, c := range s.World().Clouds() {
		page, _ := s.World().Instances(c.Name, func(i *world.Instance) bool { return i.Name == node }, 0, 0)
		named = append(named, page...)
	}
	if len(named) != 1 {
		t.Fatalf("%d instances are named %s", len(named), node)
	}
	for _, z := range s.World().Zones("") {
		var found string
		z.View(func(tx *world.Tx) {
			for _, v := range tx.Values() {
				if v.Value == named[0].Public.String() {
					found = v.Name + "/" + v.Type + "/" + v.Value
				}
			}
		})
		if found != "" {
			return found
		}
	}
	return ""
}

func TestANodeIsQuiescedReturnedAndWhatWasDoneUndone(t *testing.T) {
	s := newWorld(t)
	for n, node := range []string{"www-01", "svc-v1-01", "svc-v1-03"} { // the last has a UUID, beside which no SRV value fits into a marker
		if !providertest.InPart(n, 2) {
			continue
		}
		before := allRecords(s)
		if recordOf(t, s, node) == "" {
			t.Fatalf("%s is in no zone", node)
		}
		must(t, "quiesce", node, "--dry-run")
		if after := allRecords(s); !slices.Equal(after, before) {
			t.Fatalf("%s: a dry run has changed the zones", node)
		}
		must(t, "quiesce", node)
		if r := recordOf(t, s, node); r != "" {
			t.Errorf("%s is still reached by %s", node, r)
		}
		if found := objects(t, "ls", "findings", "--filter", "finding:missing", "-o", "json"); slices.ContainsFunc(found, func(f object) bool {
			i, ok := f["instance"].(map[string]any)
			return ok && i["name"] == node
		}) {
			t.Errorf("%s is quiesced, and said to be missing", node)
		}
		must(t, "return", node)
		if after := allRecords(s); !slices.Equal(after, before) {
			t.Errorf("%s came back otherwise than it was", node)
		}
		must(t, "undo") // takes it out again
		if r := recordOf(t, s, node); r != "" {
			t.Errorf("the undo of a return leaves %s", r)
		}
		must(t, "undo")
		if after := allRecords(s); !slices.Equal(after, before) {
			t.Errorf("%s: two undos, and the zones are not what they were", node)
		}
	}
	if r := rollcall(t, "return", "www-01"); r.code != exit.Failed || !strings.Contains(r.err, "is not quiesced anywhere") {
		t.Errorf("a return of what is there: exit code %d, %s", r.code, r.err)
	}
}

func TestARecordIsAdoptedOnceItsMarkerWasShown(t *testing.T) {
	s := newWorld(t)
	unmarked := recordsOf(t, "unmarked")
	at := slices.IndexFunc(unmarked, func(r string) bool { return strings.HasPrefix(r, "unilans.net:db.") })
	if at < 0 {
		t.Fatalf("unmarked: %v", unmarked)
	}
	before := allRecords(s)
	r := rollcall(t, "adopt", unmarked[at])
	if r.code != exit.Done {
		t.Fatalf("exit code %d, %s", r.code, r.err)
	}
	shown, done := strings.Index(r.err, "+ db.unilans.net 300 A"), strings.Index(r.out, "done")
	if shown < 0 || done < 0 || !strings.Contains(r.err[shown:], "; owner ") {
		t.Errorf("the marker was not shown before it was written:\n%s%s", r.err, r.out)
	}
	if slices.Contains(recordsOf(t, "unmarked"), unmarked[at]) {
		t.Error("it is unmarked still")
	}
	if r := rollcall(t, "adopt", unmarked[at]); r.code != exit.Failed || !strings.Contains(r.err, "has a marker already") {
		t.Errorf("twice: exit code %d, %s", r.code, r.err)
	}
	must(t, "undo")
	if after := allRecords(s); !slices.Equal(after, before) {
		t.Error("after the undo the zone is not what it was")
	}
	if r := rollcall(t, "adopt", "legacy.unilans.net/A/198.51.100.24"); r.code != exit.Failed || !strings.Contains(r.err, "none of our instances has its address") {
		t.Errorf("a foreign record: exit code %d, %s", r.code, r.err)
	}
}

func TestRemediesOfEveryKindCanBeCarriedOutFromTheCommandLine(t *testing.T) {
	newWorld(t)
	for _, class := range []string{"moved", "missing", "stopped"} {
		found := objects(t, "ls", "findings", "--filter", "finding:"+class, "-o", "json")
		if len(found) == 0 {
			t.Fatalf("nothing is %s", class)
		}
		must(t, "remedy", class)
		if left := objects(t, "ls", "findings", "--filter", "finding:"+class, "-o", "json"); len(left) > 0 {
			t.Errorf("%s: %d before, %d after", class, len(found), len(left))
		}
	}
	if r := rollcall(t, "remedy", "foreign"); r.code != exit.Failed || !strings.Contains(r.err, "left alone:") {
		t.Errorf("no remedy: exit code %d, %s", r.code, r.err)
	}
	if r := rollcall(t, "remedy", "dead", "unmarked", "--dry-run"); !strings.Contains(r.out, "another remedy (adopt) is for: ") {
		t.Errorf("two remedies: %s", r.out)
	}
	if r := rollcall(t, "remedy", "split"); r.code != exit.Done || !strings.Contains(r.err, "nothing was found of class split") {
		t.Errorf("nothing found: exit code %d, %s", r.code, r.err)
	}
	dead := recordsOf(t, "dead")
	must(t, "remedy", dead[0])
	if slices.Contains(recordsOf(t, "dead"), dead[0]) {
		t.Errorf("%s is still there", dead[0])
	}
}

func TestAReusedAddressIsRetargetedAndNeverDeleted(t *testing.T) {
	s := newWorld(t)
	dead := recordsOf(t, "dead")
	at := slices.IndexFunc(dead, func(r string) bool { return strings.Contains(r, "www.scalability.expert/A/165.") })
	missing := objects(t, "ls", "instances", "--filter", "finding:missing service:www cloud:joyent-east", "-o", "json")
	if at < 0 || len(missing) != 1 {
		t.Fatalf("dead %v, missing %v", dead, missing)
	}
	_, old, _ := strings.Cut(dead[at], "/A/")
	held := missing[0]["public_ips"].([]any)[0].(string)
	z, err := s.World().Zone(world.CloudflareZone)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := z.Update(func(tx *world.Tx) error {
		for _, r := range tx.Records() {
			if r.Content == old {
				n := *r
				n.Content = held
				tx.ReplaceRecord(&n)
				return nil
			}
		}
		return world.ErrNoZone
	}); err != nil {
		t.Fatal(err)
	}
	record := "www.scalability.expert/A/" + held
	if reused := recordsOf(t, "reused"); !slices.Contains(reused, "scalability.expert:"+record) {
		t.Fatalf("reused: %v", reused)
	}
	if r := rollcall(t, "deregister", record); r.code != exit.Failed {
		t.Errorf("it was deleted: exit code %d", r.code)
	}
	must(t, "retarget", record)
	rows := objects(t, "ls", "records", "--filter", "value="+held, "-o", "json")
	if len(rows) != 1 || rows[0]["owner"].(map[string]any)["instance"] != missing[0]["id"] || len(rows[0]["findings"].([]any)) != 0 {
		t.Errorf("%v", rows)
	}
	must(t, "undo")
	if reused := recordsOf(t, "reused"); !slices.Contains(reused, "scalability.expert:"+record) {
		t.Error("the undo did not bring the old owner back")
	}
	must(t, "retarget", record, "--to", missing[0]["name"].(string))
	if reused := recordsOf(t, "reused"); len(reused) > 0 {
		t.Errorf("reused: %v", reused)
	}
}

func TestAPlanIsShownAndCarriedOutAsItWasShown(t *testing.T) {
	clouds := newWorld(t)
	out := rollcall(t, "deregister", "--dead", "--dry-run", "-o", "json").out
	shown := decode[output.Report](t, out)
	if len(shown.Checksum) != 16 || !shown.DryRun || len(shown.Steps) < 4 {
		t.Fatalf("%s", out)
	}
	for _, st := range shown.Steps {
		if len(st.Guards) != 9 || st.Before == nil || len(st.Before.Owners) != 1 || st.Checksum == "" || st.State == "" {
			t.Errorf("%+v", st)
		}
	}
	text := rollcall(t, "deregister", "--dead", "--dry-run").out
	md := rollcall(t, "deregister", "--dead", "--dry-run", "-o", "markdown").out
	for _, s := range []string{text, md} {
		if !strings.Contains(s, shown.Checksum) || strings.Count(s, "journal") < len(shown.Steps) {
			t.Errorf("checksum or guards are not in\n%s", s)
		}
	}
	file := filepath.Join(t.TempDir(), "plan.json")
	if err := os.WriteFile(file, []byte(out), 0o600); err != nil {
		t.Fatal(err)
	}
	before := allRecords(clouds)
	if r := rollcall(t, "deregister", "--dead", "--plan-checksum", "0000000000000000"); r.code != exit.Failed || !strings.Contains(r.err, shown.Checksum) {
		t.Errorf("a wrong checksum: exit code %d, %s", r.code, r.err)
	}
	if r := rollcall(t, "register", "www-93", "--plan", file); r.code != exit.Usage || !strings.Contains(r.err, "is one to deregister") {
		t.Errorf("a plan of another verb: exit code %d, %s", r.code, r.err)
	}
	if after := allRecords(clouds); !slices.Equal(after, before) {
		t.Fatal("the zones have changed")
	}
	// Another writer deletes one of them: the rest of the plan is done, and that is reported.
	gone := slices.IndexFunc(shown.Steps, func(st output.Step) bool { return st.Record.Name == "www.scalability.expert" })
	rec := shown.Steps[gone].Record
	must(t, "deregister", rows.RecordName(rec.Zone, rec.Name, rec.Type, rec.Value))
	if r := rollcall(t, "deregister", "--dead", "--plan-checksum", shown.Checksum); r.code != exit.Failed || !strings.Contains(r.err, "something changed since it was shown") {
		t.Errorf("an old checksum: exit code %d, %s", r.code, r.err)
	}
	r := rollcall(t, "deregister", "--dead", "--plan", file)
	if r.code != exit.Failed || !strings.Contains(r.err, "is not to be done any more") || strings.Count(r.out, "  done ") != len(shown.Steps)-1 {
		t.Errorf("exit code %d\n%s%s", r.code, r.out, r.err)
	}
	if left := append(recordsOf(t, "dead"), recordsOf(t, "dangling")...); len(left) > 0 {
		t.Errorf("still there: %v", left)
	}
}

func TestThePlanOfNowIsCarriedOutByItsChecksum(t *testing.T) {
	newWorld(t)
	for _, args := range [][]string{{"quiesce", "www-01"}, {"remedy", "missing"}, {"undo"}} {
		shown := decode[output.Report](t, must(t, append(args, "--dry-run", "-o", "json")...))
		done := decode[output.Report](t, must(t, append(args, "--plan-checksum", shown.Checksum, "-o", "json")...))
		if !done.OK || done.Checksum != shown.Checksum || done.Run == "" {
			t.Errorf("%v: %+v", args, done)
		}
		for _, e := range objects(t, "journal", "-o", "json") {
			if e["run"] == done.Run && e["plan"] != shown.Checksum {
				t.Errorf("%v: the journal has the plan %v", args, e["plan"])
			}
		}
	}
}

func TestAThresholdOfAZoneInTheConfigHolds(t *testing.T) {
	newWorld(t)
	good, err := os.ReadFile(getenv(t, "ROLLCALL_CONFIG"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "c.yaml")
	text := strings.ReplaceAll(string(good), "provider: cloudflare", "provider: cloudflare, threshold: 0%, from: 1")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	count := func(zone string) (n int) {
		for _, class := range []string{"dead", "dangling"} {
			for _, r := range recordsOf(t, class) {
				if strings.HasPrefix(r, zone+":") {
					n++
				}
			}
		}
		return n
	}
	cf := count(world.CloudflareZone)
	r := rollcall(t, "--config", path, "deregister", "--dead")
	if r.code != exit.Failed || count(world.CloudflareZone) != cf || count(world.Route53Zone) != 0 || !strings.Contains(r.err, "--confirm 'scalability.expert 3': ") {
		t.Fatalf("exit code %d; %d of %d and %d are there\n%s%s", r.code, count(world.CloudflareZone), cf, count(world.Route53Zone), r.out, r.err)
	}
	must(t, "--config", path, "deregister", "--dead", "--confirm", world.CloudflareZone+" 3")
	if n := count(world.CloudflareZone); n != 0 {
		t.Errorf("%d are still there", n)
	}
}

func TestANodeThatIsQuiescedTwiceIsSaidToBeOutOfDNSAlready(t *testing.T) {
	newWorld(t)
	for _, node := range []string{"www-01", "svc-v1-02"} {
		must(t, "quiesce", node)
		if r := rollcall(t, "quiesce", node); r.code != exit.Failed || !strings.Contains(r.err, "is out of DNS already, on purpose: rollcall return ") {
			t.Errorf("%s: exit code %d, %s", node, r.code, r.err)
		}
	}
}

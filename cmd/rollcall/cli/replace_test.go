package cli

import (
	"bytes"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/exit"
	"rollcall/providers"
	"rollcall/providers/journal"
	"rollcall/providers/sim"
	"rollcall/providers/sim/world"
)

const nginx = "nginx-roundrobin"

// wwwIn returns the names of the running nodes of www in a cloud, in order.
func wwwIn(t *testing.T, cloud string) (names []string) {
	t.Helper()
	for _, o := range objects(t, "ls", "instances", "--filter", "state:running service:"+theWWW+" cloud:"+cloud, "-o", "json") {
		names = append(names, o["name"].(string))
	}
	slices.Sort(names)
	return names
}

// publicOf returns the address of an instance, "" if it is gone.
func publicOf(s *sim.Sim, cloud, id string) string {
	i, err := s.World().Instance(cloud, id)
	if err != nil || !i.Public.IsValid() {
		return ""
	}
	return i.Public.String()
}

// inDNS reports whether an address is one of www.
func inDNS(s *sim.Sim, addr string) bool {
	return addr != "" && slices.ContainsFunc(allRecords(s), func(l string) bool { return strings.Contains(l, ","+theWWW+",A,") && strings.Contains(l, ","+addr+",") })
}

// heldBriefly makes the records of www such that no resolver holds them for long.
func heldBriefly(t *testing.T, s *sim.Sim) {
	t.Helper()
	for _, z := range s.World().Zones("") {
		if z.Name != "scalability.expert" {
			continue
		}
		if _, err := z.Update(func(tx *world.Tx) error {
			for _, r := range slices.Clone(tx.Records()) {
				if r.Name == theWWW && r.Type == "A" {
					brief := *r
					brief.TTL = 2 // 1 is automatic
					tx.ReplaceRecord(&brief)
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestReplaceNamesWhatIsNotKnownOfANodeAndHowToGiveIt(t *testing.T) {
	s := newWorld(t)
	name := wwwIn(t, "aws-use1")[0]
	r := rollcall(t, "replace", name, "--dry-run")
	if r.code != exit.Usage || !strings.Contains(r.err, name+": the journal does not know from which template it was launched: give --template") {
		t.Errorf("exit code %d, %s", r.code, r.err)
	}
	out := must(t, "replace", name, "--template", nginx, "--dry-run")
	called := regexp.MustCompile(`1\. Launch (www-[0-9a-f]{4}-01) in the place of `).FindStringSubmatch(out)
	if called == nil || !strings.Contains(must(t, "replace", name, "--template", nginx, "--dry-run"), called[1]) {
		t.Errorf("no name, or another one the second time: %q\n%s", called, out)
	}
	if !strings.Contains(out, "with which values that one was launched is not in the journal, so the config's count") {
		t.Errorf("nothing says whose values count:\n%s", out)
	}
	for _, want := range []string{" in the place of " + name + " in aws-use1: " + nginx + ", image ami-", "Wait 60 s", "Terminate " + name, "only after step 1"} {
		if !strings.Contains(out, want) {
			t.Errorf("without %q:\n%s", want, out)
		}
	}
	if len(journalOf(t)) > 0 || s == nil {
		t.Error("a dry run wrote")
	}
	for args, want := range map[string]string{
		"replace": "needs the id of an instance, --service S, or --resume", "replace a --resume": "only one of them",
		"replace a --max-out 0": "write 1 or more", "replace --resume": "holds no replacement that was stopped",
		"replace --service nothing.example": `declares no service "nothing.example"`,
	} {
		if r := rollcall(t, strings.Fields(args)...); r.code == exit.Done || !strings.Contains(r.err, want) {
			t.Errorf("%s: exit code %d, %s", args, r.code, r.err)
		}
	}
}

func TestReplaceLaunchesAsTheJournalKnowsAndDrainsTheOldNode(t *testing.T) {
	s := newWorld(t)
	first := decode[launchRow](t, must(t, "launch", "--cloud", "aws-use1,joyent-east", "--service", theWWW, "--set", "greeting=Ahoy", "--wait", "--yes", "-o", "json"))
	if len(first.Nodes) != 2 {
		t.Fatalf("%+v", first)
	}
	ids := []string{first.Nodes[0].ID, first.Nodes[1].ID}
	old := []string{publicOf(s, "aws-use1", ids[0]), publicOf(s, "joyent-east", ids[1])}
	heldBriefly(t, s)
	out := must(t, append([]string{"replace", "--yes", "-o", "json"}, ids...)...)
	var launched []journal.Entry
	for _, e := range journalOf(t) {
		if e.Verb == "replace" && e.State != journal.Done {
			t.Errorf("%+v", e)
		}
		if e.Verb == "replace" && e.Kind == journal.KindLaunch {
			launched = append(launched, e)
		}
	}
	if len(launched) != 2 || !strings.Contains(out, nginx+" with greeting=Ahoy, image") || strings.Contains(out, "the config's count") {
		t.Fatalf("%d launches\n%s", len(launched), out)
	}
	for _, e := range launched {
		l := e.Launch
		if was := l.Replaces.Old; !strings.Contains(out, "Launch "+l.Name+" in the place of "+was.Name) {
			t.Errorf("the plan does not say %s", l.Name)
		}
		if l.Template != nginx || l.Set["greeting"] != "Ahoy" || !strings.HasPrefix(l.Name, "www-") || l.Replaces == nil || len(l.Replaces.Queue) == 0 || !inDNS(s, publicOf(s, e.Instance.Cloud, e.Instance.ID)) {
			t.Errorf("%+v", l)
		}
		was, err := s.World().Instance(l.Replaces.Old.Cloud, l.Replaces.Old.ID)
		if now, _ := s.World().Instance(e.Instance.Cloud, e.Instance.ID); err == nil && was.State == providers.StateRunning || now.Image != was.Image && err == nil {
			t.Errorf("the old one is %v with the image %s; the new one has %s", was.State, was.Image, now.Image)
		}
	}
	for _, addr := range old {
		if inDNS(s, addr) {
			t.Errorf("%s is in DNS", addr)
		}
	}
	r := rollcall(t, "undo", "--dry-run")
	if !strings.Contains(r.out+r.err, "cannot be taken back: Terminate") || !strings.Contains(r.out+r.err, "what was launched stays: rollcall terminate "+launched[1].Instance.ID) {
		t.Errorf("undo: %s%s", r.out, r.err)
	}
	must(t, "journal", "--verify")
}

func TestAReplacementThatIsKilledIsToldAndGoesOnByResumeWithoutASecondLaunch(t *testing.T) {
	s := newWorld(t)
	names := wwwIn(t, "aws-use1")[:2]
	heldBriefly(t, s)
	rollcall(t, "replace", "--resume") // makes the journal
	var out bytes.Buffer
	cmd := exec.CommandContext(t.Context(), "rollcall", append([]string{"replace", "--template", nginx, "--yes"}, names...)...)
	cmd.Env, cmd.Stdout, cmd.Stderr = environment(t).List(), &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(time.Minute); ; time.Sleep(2 * time.Millisecond) {
		es, _, err := journal.Read(journalPath(t), nil)
		if err == nil && slices.ContainsFunc(es, func(e journal.Entry) bool { return e.Verb == "replace" && e.Kind == journal.KindLaunch }) {
			break
		}
		if time.Now().After(end) {
			t.Fatal(out.String())
		}
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	if r := rollcall(t, "ls", "sources"); !strings.Contains(r.err, names[0]+" in aws-use1 was being replaced at ") || !strings.Contains(r.err, "rollcall replace --resume goes on") {
		t.Error(r.err)
	}
	must(t, "replace", "--resume", "--yes")
	perOld := map[string]map[string]bool{}
	for _, e := range journalOf(t) {
		if e.Kind == journal.KindLaunch && e.Instance != nil {
			old := e.Launch.Replaces.Old.Name
			if perOld[old] == nil {
				perOld[old] = map[string]bool{}
			}
			perOld[old][e.Instance.ID] = true
		}
	}
	fresh := 0
	rows, _ := s.World().Instances("aws-use1", func(i *world.Instance) bool { return i.Tags[providers.TagLaunch] != "" }, 0, 0)
	for _, i := range rows {
		if !i.State.Dead() && inDNS(s, i.Public.String()) {
			fresh++
		}
	}
	if len(perOld) != 2 || len(perOld[names[0]]) != 1 || len(perOld[names[1]]) != 1 || fresh != 2 {
		t.Errorf("%v, %d new ones in DNS", perOld, fresh)
	}
	for _, n := range names {
		if slices.Contains(wwwIn(t, "aws-use1"), n) {
			t.Errorf("%s runs", n)
		}
	}
	ended := regexp.MustCompile("holds no replacement that was stopped: that of " + names[0] + ", " + names[1] + ` was finished at \d\d:\d\d by ` + regexp.QuoteMeta(app.Who()) + `, with journal entry \d+; rollcall replace ID`)
	if r := rollcall(t, "replace", "--resume", "--yes"); r.code != exit.Failed || !ended.MatchString(r.err) {
		t.Errorf("exit code %d, nothing like %s: %s", r.code, ended, r.err)
	}
}

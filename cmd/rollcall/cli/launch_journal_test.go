package cli

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
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

const theWWW = "www.scalability.expert"

// launchedAs lists the instances that bear the tag of a launch, as cloud/id.
func launchedAs(s *sim.Sim, id string) []string {
	var out []string
	for _, c := range s.World().Clouds() {
		rows, _ := s.World().Instances(c.Name, func(i *world.Instance) bool { return strings.HasPrefix(i.Tags[providers.TagLaunch], id+"/") }, 0, 0)
		for _, i := range rows {
			out = append(out, c.Name+"/"+i.ID)
		}
	}
	slices.Sort(out)
	return out
}

func TestALaunchIsInTheJournalWithItsInstanceAndUndoNamesTheWayBack(t *testing.T) {
	s := newWorld(t)
	row := decode[launchRow](t, must(t, "launch", "--cloud", "aws-use1=2,joyent-east", "--service", theWWW, "--yes", "-o", "json"))
	es := journalOf(t)
	var got []string
	for _, e := range es {
		if e.Kind != journal.KindLaunch || e.Verb != "launch" || e.State != journal.Done || e.Launch == nil || e.Instance == nil || e.Launch.ID != row.ID || e.Launch.Image == "" || e.Launch.Size == "" || e.Launch.Key == "" {
			t.Fatalf("%+v", e)
		}
		got = append(got, e.Instance.Cloud+"/"+e.Instance.ID)
	}
	slices.Sort(got)
	if want := launchedAs(s, row.ID); len(want) != 3 || !slices.Equal(got, want) {
		t.Errorf("the journal has %v, the clouds have %v", got, want)
	}
	if text := must(t, "journal", es[0].ID); !strings.Contains(text, es[0].Instance.ID) || !strings.Contains(text, row.ID) {
		t.Errorf("%s", text)
	}
	r := rollcall(t, "undo", es[0].ID)
	if r.code != exit.Failed || !strings.Contains(r.err, "cannot be taken back; rollcall terminate "+es[0].Instance.ID) {
		t.Errorf("exit code %d, %s", r.code, r.err)
	}
	if r = rollcall(t, "undo", es[0].Run); !strings.Contains(r.err, "cannot be taken back; rollcall terminate ") {
		t.Errorf("%s", r.err)
	}
	if r = rollcall(t, "undo"); r.code != exit.Failed || strings.Contains(r.err, "erminate") {
		t.Errorf("an undo that names nothing chose a launch: %s", r.err)
	}
}

func TestWithoutAJournalNothingIsLaunchedCreatedStoppedOrStarted(t *testing.T) {
	s := newWorld(t)
	nodes := objects(t, "ls", "instances", "--filter", "state:running cloud:aws-use1", "-o", "json")
	before := must(t, "ls", "instances", "--all", "-o", "csv")
	must(t, "journal")
	states, err := filepath.Glob(filepath.Join(getenv(t, "XDG_STATE_HOME"), "rollcall", "*"))
	if err != nil || len(states) != 1 {
		t.Fatalf("%v, %v", states, err)
	}
	path := filepath.Join(states[0], app.JournalName)
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	id := nodes[0]["id"].(string)
	for _, args := range [][]string{
		{"launch", "--cloud", "aws-use1", "--service", theWWW, "--yes"},
		{"launch", "--cloud", "joyent-east=2", "--service", theWWW, "--yes", "--wait"},
		{"launch", "--cloud", "aws-use1", "--service", theV1, "--set", "register=agent", "--create-profile", "fresh", "--yes"},
		{"stop", id, "--yes"},
		{"reboot", id, "--yes"},
		{"terminate", id, "--yes", "--no-drain"},
	} {
		if r := rollcall(t, args...); r.code != exit.Failed || !strings.Contains(r.err+r.out, "journal") {
			t.Errorf("%v: exit code %d, %s", args, r.code, r.err)
		}
	}
	if after := must(t, "ls", "instances", "--all", "-o", "csv"); stripAge(after) != stripAge(before) {
		t.Errorf("instances before\n%s\nafter\n%s", before, after)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if r := rollcall(t, "launch", "--cloud", "aws-use1", "--service", theV1, "--set", "register=agent", "--create-profile", "fresh", "--dry-run"); !strings.Contains(r.err, "instance profile fresh") {
		t.Errorf("the profile was created all the same: %s", r.err)
	}
	_ = s
}

// stripAge leaves the ages out of a table, which grow while one looks.
func stripAge(csv string) string {
	var out []string
	for l := range strings.Lines(csv) {
		f := strings.Split(l, ",")
		if len(f) > 6 {
			f[5] = ""
		}
		out = append(out, strings.Join(f, ","))
	}
	return strings.Join(out, "")
}

func TestARollcallThatIsKilledInALaunchLeavesItToTheNextToFindWhatItStarted(t *testing.T) {
	s := newWorld(t)
	for _, cloud := range []string{"aws-use1", "aws-euw1"} { // a machine of Triton is looked for at once, and found
		id := "killed" + cloud[4:]
		if err := s.World().SetFault(cloud, world.LostReply); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		cmd := exec.CommandContext(t.Context(), "rollcall", "launch", "--cloud", cloud, "--service", theWWW, "--yes", "--id", id)
		cmd.Env, cmd.Stdout, cmd.Stderr = environment(t).List(), &out, &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for until := time.Now().Add(time.Minute); len(launchedAs(s, id)) == 0 && time.Now().Before(until); {
			time.Sleep(5 * time.Millisecond)
		}
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if err := s.World().SetFault(cloud, world.NoFault); err != nil {
			t.Fatal(err)
		}
		if out.Len() == 0 && len(launchedAs(s, id)) != 1 {
			t.Fatalf("nothing was launched: %s", out.String())
		}
		e := journalOf(t)[0]
		if e.Kind != journal.KindLaunch || e.State != journal.Done || !e.LookedUp || e.Instance == nil || e.Instance.Cloud+"/"+e.Instance.ID != launchedAs(s, id)[0] {
			t.Fatalf("%+v\n%s", e, out.String())
		}
		// And the launch is carried on with, not made again.
		row := decode[launchRow](t, must(t, "launch", "--cloud", cloud, "--service", theWWW, "--yes", "--id", id, "-o", "json"))
		if now := launchedAs(s, id); len(now) != 1 || now[0] != cloud+"/"+row.Nodes[0].ID {
			t.Errorf("%v, %+v", now, row.Nodes)
		}
	}
	must(t, "journal", "--verify")
}

func TestALaunchThatNoCloudKnowsIsNotBelievedAbsentAtOnce(t *testing.T) {
	newWorld(t)
	row := decode[launchRow](t, must(t, "launch", "--cloud", "aws-use1,joyent-east", "--service", theWWW, "--yes", "-o", "json"))
	like := journalOf(t)
	leaveLaunch := func(e journal.Entry, id string, ago time.Duration) {
		t.Helper()
		j, err := journal.Open(journalPath(t), providers.Clock{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		l := *e.Launch
		l.ID = id
		if _, err = j.Begin(journal.Entry{Run: "stopped", Verb: "launch", Kind: journal.KindLaunch, Sentence: e.Sentence, Launch: &l, Time: time.Now().Add(-ago)}); err != nil {
			t.Fatal(err)
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for _, e := range like {
		leaveLaunch(e, "never", time.Minute)
		leaveLaunch(e, "never", time.Hour)
		leaveLaunch(e, row.ID, time.Minute)
	}
	es := journalOf(t)
	if len(es) != 8 {
		t.Fatalf("%d entries", len(es))
	}
	for _, e := range es[:6] {
		want := journal.Done
		switch {
		case e.Launch.ID == "never" && time.Since(e.Time) > 30*time.Minute:
			want = journal.Failed
		case e.Launch.ID == "never":
			want = journal.Unknown
		}
		if e.State != want || !e.LookedUp || (e.Instance != nil) != (want == journal.Done) {
			t.Errorf("%s of %s is %s: %s", e.Launch.ID, e.Time, e.State, e.Note)
		}
	}
}

func TestTheSameCommandWithItsIDCarriesOnWhereThatIsSaid(t *testing.T) {
	s := newWorld(t)
	for id, fault := range map[string]world.FaultKind{"first": world.AuthError} {
		args := []string{"launch", "--cloud", "aws-use1,joyent-east", "--service", theWWW, "--yes", "-o", "json", "--id", id}
		if err := s.World().SetFault("joyent-east", world.NoFault); err != nil {
			t.Fatal(err)
		}
		spec := must(t, append(slices.Clone(args), "--dry-run")...)
		if err := s.World().SetFault("joyent-east", fault); err != nil {
			t.Fatal(err)
		}
		r := rollcall(t, args...)
		if r.code != exit.Failed || !strings.Contains(r.err, "the same command with --id "+id+" carries on") {
			t.Fatalf("%s: exit code %d, %s", fault, r.code, r.err)
		}
		if err := s.World().SetFault("joyent-east", world.NoFault); err != nil {
			t.Fatal(err)
		}
		again := decode[launchRow](t, must(t, args...))
		if got := launchedAs(s, again.ID); len(got) != 2 || !again.OK {
			t.Errorf("%s: launched %v", fault, got)
		}
		for i, node := range decode[launchRow](t, spec).Nodes {
			if again.Nodes[i].Name != node.Name {
				t.Errorf("%s: the node %s is named %s now", fault, node.Name, again.Nodes[i].Name)
			}
		}
	}
}

func TestThatTheSameCommandCarriesOnIsNotSaidOfWhatItCannotMend(t *testing.T) {
	s := newWorld(t)
	r := rollcall(t, "launch", "--cloud", "aws-use1,joyent-east", "--service", theWWW, "--yes", "--image", "aws-use1=ami-0badbadbadbadbad0")
	if r.code != exit.Failed || strings.Contains(r.err, "carries on") || !strings.Contains(r.err, "correct the command") {
		t.Errorf("a wrong image: %s", r.err)
	}
	// A node that was terminated since does not come back under the id.
	args := []string{"launch", "--cloud", "aws-use1,joyent-east", "--service", theWWW, "--yes", "--id", "gone", "-o", "json"}
	row := decode[launchRow](t, must(t, args...))
	for _, n := range row.Nodes {
		if _, _, err := s.World().Do(n.Cloud, n.ID, world.PowerLoss); err != nil {
			t.Fatal(err)
		}
	}
	if r = rollcall(t, args...); r.code != exit.Failed || strings.Contains(r.err, "carries on") || strings.Count(r.err, "has ended and does not come back") != 2 {
		t.Errorf("nodes that were terminated: exit code %d, %s", r.code, r.err)
	}
	if got := launchedAs(s, "gone"); len(got) > 2 {
		t.Errorf("launched again: %v", got)
	}
}

func TestAnInstanceProfileIsInTheJournalAndOneThatWasLeftOpenIsLookedUp(t *testing.T) {
	newWorld(t)
	args := []string{"launch", "--cloud", "aws-use1,aws-euw1", "--service", theV1, "--set", "register=agent", "--create-profile", "fresh", "--yes"}
	must(t, args...)
	es := slices.DeleteFunc(journalOf(t), func(e journal.Entry) bool { return e.Kind != journal.KindProfile })
	if len(es) != 1 || es[0].State != journal.Done || es[0].Profile == nil || es[0].Profile.Name != "fresh" || !strings.Contains(es[0].Profile.Policy, "route53:ChangeResourceRecordSets") || !strings.Contains(es[0].Sentence, "instance profile fresh") {
		t.Fatalf("%+v", es)
	}
	j, err := journal.Open(journalPath(t), providers.Clock{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	never := *es[0].Profile
	never.Name = "never"
	for _, p := range []*journal.Profile{es[0].Profile, &never} {
		if _, err := j.Begin(journal.Entry{Run: "stopped", Verb: "launch", Kind: journal.KindProfile, Sentence: "Create " + p.Name, Profile: p, Time: time.Now().Add(-time.Minute)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	now := journalOf(t)
	if now[0].State != journal.Failed || !strings.Contains(now[0].Note, "instance profile never") || now[1].State != journal.Done || !now[1].LookedUp {
		t.Errorf("%+v\n%+v", now[0], now[1])
	}
	if r := rollcall(t, "undo", es[0].ID); r.code != exit.Failed || !strings.Contains(r.err, "remove the profile and the role fresh") {
		t.Errorf("%s", r.err)
	}
}

package cli

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/cmd/rollcall/exit"
	"rollcall/providers"
	"rollcall/providers/journal"
	"rollcall/providers/sim/world"
)

// openAgain begins entries again as a rollcall that is killed in them, with what it has noted that is to be put back.
func openAgain(t *testing.T, entries ...journal.Entry) (ids []string) {
	t.Helper()
	j, err := journal.Open(journalPath(t), providers.Clock{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		back := e.PutBack
		begun, err := j.Begin(journal.Entry{Run: "killed", Verb: e.Verb, Kind: e.Kind, Sentence: e.Sentence, Zone: e.Zone, Change: e.Change, Launch: e.Launch, Profile: e.Profile, MayPutBack: back != nil, Time: time.Now().Add(-time.Minute)})
		if err != nil {
			t.Fatal(err)
		}
		if back != nil {
			if err := j.NotePutBack(begun[0].ID, *back); err != nil {
				t.Fatal(err)
			}
		}
		ids = append(ids, begun[0].ID)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return ids
}

func TestTheLastReleaseLeavesWhatItDoesNotKnowInTheJournalToThisOne(t *testing.T) {
	old := release(t)
	s := newWorld(t)
	dead := slices.DeleteFunc(recordsOf(t, "dead"), func(r string) bool {
		return !strings.HasPrefix(r, world.CloudflareZone) || !strings.Contains(r, "/A/")
	})
	must(t, "launch", "--cloud", "aws-use1", "--service", theV1, "--set", "register=agent", "--create-profile", "fresh", "--yes", "--id", "both")
	must(t, "deregister", dead[0])
	must(t, "stop", "www-01", "--yes", "--confirm", "www-01")
	stopped := objects(t, "ls", "instances", "--filter", "name:www-01", "-o", "json")
	var launch, profile, change journal.Entry
	for _, e := range journalOf(t) {
		switch {
		case e.Kind == journal.KindLaunch:
			launch = e
		case e.Kind == journal.KindProfile:
			profile = e
		case e.Verb == "deregister":
			change = e
		}
	}
	if launch.Launch == nil || profile.Profile == nil || change.Change == nil {
		t.Fatalf("%+v\n%+v\n%+v", launch, profile, change)
	}
	// Another writer's record that a killed rollcall has deleted, and noted.
	was := change.Change.Before
	was.Comment, was.Owners = "kept by hand", nil
	change.PutBack = &was
	ids := openAgain(t, launch, profile, change)
	before, err := os.ReadFile(journalPath(t))
	if err != nil {
		t.Fatal(err)
	}
	machines := must(t, "ls", "instances", "--all", "-o", "name")

	// The last release reads on, and does nothing about what it does not know.
	for _, args := range [][]string{{"journal", "-o", "json"}, {"journal", "--verify"}, {"journal", launch.ID}, {"journal", profile.ID}, {"ls", "instances"}, {"ls", "records"}, {"drift"}} {
		if r := old(args...); r.code != exit.Done && r.code != exit.Drift || strings.Contains(r.err, "panic") {
			t.Errorf("the last release, %v: exit code %d, %s", args, r.code, r.err)
		}
	}
	if r := old("undo", launch.ID); r.code == exit.Done || strings.Contains(r.err, "panic") {
		t.Errorf("the last release has undone a launch: %s", r.err)
	}
	if got := must(t, "ls", "instances", "--all", "-o", "name"); got != machines {
		t.Errorf("the last release has changed machines:\n%s\nwere\n%s", got, machines)
	}
	after, err := os.ReadFile(journalPath(t))
	if err != nil || !bytes.HasPrefix(after, before) {
		t.Errorf("the journal was rewritten, %v", err)
	}

	// This one finds all of it, whatever the other has settled: the launch, the profile, and the record that is due.
	at := func(id string) journal.Entry {
		es := journalOf(t)
		i := slices.IndexFunc(es, func(e journal.Entry) bool { return e.ID == id })
		return es[i]
	}
	if e := at(ids[0]); e.State != journal.Done || e.Instance == nil || e.Instance.ID != launch.Instance.ID {
		t.Errorf("the launch: %+v", e)
	}
	if e := at(ids[1]); e.State != journal.Done || e.Profile == nil {
		t.Errorf("the profile: %+v", e)
	}
	if e := at(ids[2]); e.State != journal.Failed || !strings.Contains(e.Note, "put back") {
		t.Errorf("the change: %+v", e)
	}
	z, err := s.World().Zone(world.CloudflareZone)
	if err != nil {
		t.Fatal(err)
	}
	back := 0
	z.View(func(tx *world.Tx) {
		for _, c := range tx.Records() {
			if c.Name == was.Name && c.Content == was.Value && c.Comment == "kept by hand" {
				back++
			}
		}
	})
	if back != 1 {
		t.Errorf("the other writer's record stands there %d times", back)
	}
	wholeForBoth(t, old)

	// What this one has stopped the last release starts.
	id := stopped[0]["id"].(string)
	eventually(t, "www-01 has stopped", func() bool {
		return objects(t, "ls", "instances", "--filter", "name:www-01", "-o", "json")[0]["state"] == "stopped"
	})
	done(t, old("start", id, "--yes"))
	wholeForBoth(t, old)
}

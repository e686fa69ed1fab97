package cli

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"rollcall/cmd/rollcall/exit"
	"rollcall/providers/journal"
	"rollcall/providers/launch"
)

func TestWhileTheStoreIsAwayEveryChangeSaysWhyOnceAndGoesOnOnceItsPlaceIsTyped(t *testing.T) {
	for name, c := range map[string]struct {
		before, args string
		verb         string
	}{
		"quiesce":   {"", "quiesce www-02", "quiesce"},
		"launch":    {"", "launch --cloud joyent-east --service www.scalability.expert --yes", "launch"},
		"join":      {"", "service join --service www.scalability.expert --host legacy.scalability.expert --address 198.51.100.7", "join"},
		"return":    {"", "return www-01", "return"},
		"undo":      {"", "undo", "undo"},
		"redo":      {"undo", "redo", "redo"},
		"terminate": {"", "terminate www-02 --no-drain --yes", "drain"},
		"replace":   {"", "replace www-02 --template nginx-roundrobin --yes", "replace"},
	} {
		t.Run(name, func(t *testing.T) {
			if s := newWorld(t); name == "replace" {
				heldBriefly(t, s)
			}
			store, machine := newTeam(t)
			machine("a")
			must(t, "quiesce", "www-01")
			if c.before != "" {
				must(t, strings.Fields(c.before)...)
			}
			before := len(journalOf(t))
			away := store + "-away"
			if err := os.Rename(store, away); err != nil {
				t.Fatal(err)
			}
			args := strings.Fields(c.args)
			r := rollcall(t, args...)
			if r.code != exit.Failed || !strings.Contains(r.err, "--confirm "+store) {
				t.Fatalf("exit code %d, %s", r.code, r.err)
			}
			if n := strings.Count(r.err+r.out, "no such file or directory"); n > 1 {
				t.Errorf("why is said %d times: %s%s", n, r.out, r.err)
			}
			if r := rollcall(t, append(args, "--confirm", store)...); r.code != exit.Done {
				t.Fatalf("once it is typed: exit code %d, %s", r.code, r.err)
			}
			if err := os.Rename(away, store); err != nil {
				t.Fatal(err)
			}
			entries := journalOf(t)
			if len(entries) <= before || entries[0].Verb != c.verb || entries[0].Local == "" || entries[0].State != journal.Done {
				t.Errorf("%d entries, the last is %+v", len(entries), entries[0])
			}
			if r := rollcall(t, "journal", "--verify"); r.code != exit.Done {
				t.Errorf("exit code %d, %s", r.code, r.err)
			}
		})
	}
}

func TestTheTextOfAnEvacuationAnswersForAStoreThatIsAway(t *testing.T) {
	newWorld(t)
	store, machine := newTeam(t)
	machine("a")
	must(t, "quiesce", "www-01")
	if err := os.Rename(store, store+"-away"); err != nil {
		t.Fatal(err)
	}
	typed := decode[struct {
		Evacuated struct{ Confirm string }
	}](t, rollcall(t, "evacuate", "joyent-ams", "--dry-run", "-o", "json").out).Evacuated.Confirm
	if r := rollcall(t, "evacuate", "joyent-ams"); r.code != exit.Failed || !strings.Contains(r.err, "--confirm '"+typed+"'") || strings.Contains(r.err, "--confirm "+store) {
		t.Fatalf("exit code %d, %s", r.code, r.err)
	}
	rollcall(t, "evacuate", "joyent-ams", "--confirm", typed) // what is foreign stays, so the exit code is not 0
	if err := os.Rename(store+"-away", store); err != nil {
		t.Fatal(err)
	}
	if e := journalOf(t)[0]; e.Verb != "evacuate" || e.Local == "" || e.State != journal.Done {
		t.Errorf("%+v", e)
	}
}

func TestTheFormOfALaunchAndItsRetryAskForThePlaceOfAStoreThatIsAway(t *testing.T) {
	newWorld(t)
	store, machine := newTeam(t)
	machine("a")
	must(t, "quiesce", "www-01")
	b := formBackend(t)
	spec := rendered(t, b, theWWW, nil, "joyent-east")
	if ask := b.JournalAsk(t.Context()); ask != nil {
		t.Fatalf("the store answers, and the journal asks %+v", ask)
	}
	if err := os.Rename(store, store+"-away"); err != nil {
		t.Fatal(err)
	}
	r := b.Launch(t.Context(), spec, func(launch.Node) {})
	if r.OK() || !strings.Contains(fmt.Sprint(r), "try again in the console, which asks") {
		t.Fatalf("%+v", r)
	}
	ask := b.JournalAsk(t.Context())
	if ask == nil || ask.Text != store || !strings.Contains(ask.Why, "the store of the team cannot be used now") {
		t.Fatalf("%+v", ask)
	}
	if err := b.AnswerJournal(ask.Text); err != nil {
		t.Fatal(err)
	}
	if ask := b.JournalAsk(t.Context()); ask != nil {
		t.Errorf("it asks again: %+v", ask)
	}
	if r = b.Relaunch(t.Context(), r, func(launch.Node) {}); !r.OK() {
		t.Fatalf("%+v", r)
	}
	if err := b.s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(store+"-away", store); err != nil {
		t.Fatal(err)
	}
	if e := journalOf(t)[0]; e.Verb != "launch" || e.State != journal.Done {
		t.Errorf("%+v", e)
	}
}

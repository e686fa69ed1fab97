package cli

import (
	"os"
	"strings"
	"testing"

	"rollcall/cmd/rollcall/exit"
	"rollcall/providers/journal"
)

func TestWhileTheStoreIsAwayEveryChangeSaysWhyOnceAndGoesOnOnceItsPlaceIsTyped(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		verb string
	}{
		"quiesce": {[]string{"quiesce", "www-02"}, "quiesce"},
		"launch":  {[]string{"launch", "--cloud", "joyent-east", "--service", "www.scalability.expert", "--yes"}, "launch"},
		"join":    {[]string{"service", "join", "--service", "www.scalability.expert", "--host", "legacy.scalability.expert", "--address", "198.51.100.7"}, "join"},
	} {
		t.Run(name, func(t *testing.T) {
			newWorld(t)
			store, machine := newTeam(t)
			machine("a")
			must(t, "quiesce", "www-01")
			before := len(journalOf(t))
			away := store + "-away"
			if err := os.Rename(store, away); err != nil {
				t.Fatal(err)
			}
			r := rollcall(t, c.args...)
			if r.code != exit.Failed || !strings.Contains(r.err, "--confirm "+store) {
				t.Fatalf("exit code %d, %s", r.code, r.err)
			}
			if n := strings.Count(r.err+r.out, "no such file or directory"); n > 1 {
				t.Errorf("why is said %d times: %s%s", n, r.out, r.err)
			}
			if r := rollcall(t, append(c.args, "--confirm", store)...); r.code != exit.Done {
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

package app

import (
	"testing"
	"time"

	"rollcall/providers"
	"rollcall/providers/journal"
	"rollcall/providers/team"
)

func TestADrainIsOfferedOnceItsOperatorIsGone(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, time.November, 29, 12, 0, 0, 0, time.UTC)
	node := providers.InstanceRef{Key: "0123456789", Cloud: "aws-use1", ID: "i-1", Name: "www-01"}
	elsewhere := node
	elsewhere.Cloud = "another-name"
	old := now.Add(-journal.SilentAfter)
	at := func(stored time.Time, who string) journal.Unfinished {
		return journal.Unfinished{Instance: node, Run: "r1", Who: who, At: now.Add(time.Hour), Stored: stored, Writer: "w1"}
	}
	ended := func(u journal.Unfinished) journal.Unfinished {
		u.Ended = true
		return u
	}
	for _, c := range []struct {
		says    string
		drain   journal.Unfinished
		members []team.Member
		offered bool
	}{
		{"of another machine, old, and none is here", at(old, "ana@elsewhere"), nil, true},
		{"of another machine, not old enough", at(old.Add(time.Second), "ana@elsewhere"), nil, false},
		{"of another machine, and its run has ended in order", ended(at(now, "ana@elsewhere")), []team.Member{{Who: "ana@elsewhere", Writer: "w1"}}, true},
		{"its run has ended in order, and another has taken it over", ended(at(now, "ana@elsewhere")), []team.Member{{Who: "ben@there", Writer: "w2", Work: []team.Work{{Instances: []providers.InstanceRef{elsewhere}}}}}, false},
		{"of this machine", at(now, Who()), nil, true},
		{"of this machine, and its process was here until it died", at(now, Who()), []team.Member{{Who: Who(), Writer: "w1", Work: []team.Work{{Instances: []providers.InstanceRef{elsewhere}}}}}, true},
		{"its operator is here", at(old, "ana@elsewhere"), []team.Member{{Who: "ana@elsewhere", Writer: "w1"}}, false},
		{"its operator has come back, in another console", at(old, "ana@elsewhere"), []team.Member{{Who: "ana@elsewhere", Writer: "w2"}, {Who: "ana@elsewhere"}}, true},
		{"another has taken it over", at(old, "ana@elsewhere"), []team.Member{{Who: "ben@there", Writer: "w2", Work: []team.Work{{Instances: []providers.InstanceRef{{ID: "i-0"}, elsewhere}}}}}, false},
		{"another works on a node of another cloud", at(old, "ana@elsewhere"), []team.Member{{Who: "ben@there", Work: []team.Work{{Instances: []providers.InstanceRef{{Key: "x", ID: "i-1"}}}}}}, true},
	} {
		if got := len(ofGone([]journal.Unfinished{c.drain}, c.members, now)) == 1; got != c.offered {
			t.Errorf("%s: offered %v", c.says, got)
		}
	}
}

func TestOpenEntriesOfOthersAreShownWhileTheyCanBeUnderWay(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, time.November, 29, 12, 0, 0, 0, time.UTC)
	entry := func(writer string, state journal.State, age time.Duration) journal.Entry {
		return journal.Entry{Writer: writer, State: state, Time: now.Add(-24 * time.Hour), Stored: now.Add(-age)}
	}
	open := openOfOthers([]journal.Entry{
		entry("w1", journal.Begun, time.Second), entry("own", journal.Begun, time.Second), entry("w1", journal.Done, time.Second),
		entry("w1", journal.Begun, journal.SilentAfter), entry("w2", journal.Begun, time.Second),
	}, "own", []team.Member{{Writer: "w2"}}, now)
	if len(open) != 1 || open[0].Writer != "w1" || open[0].Age(now) != time.Second {
		t.Errorf("%+v", open)
	}
}

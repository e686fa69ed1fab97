package cli

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"rollcall/cmd/rollcall/exit"
	"rollcall/dnsview/rows"
	"rollcall/providers/sim/world"
)

// kinds returns the events of a timeline as "event class".
func kinds(t *testing.T, args ...string) (out []string) {
	t.Helper()
	for _, e := range decode[[]rows.Event](t, must(t, append([]string{"timeline", "-o", "json"}, args...)...)) {
		out = append(out, strings.TrimSpace(string(e.Kind)+" "+e.Class))
	}
	return out
}

func TestATimelineSaysWhatBeganWhatWasChangedAndWhatEnded(t *testing.T) {
	s := newWorld(t)
	must(t, "ls", "findings")
	var dead *rows.FindingObject
	for _, f := range decode[[]rows.FindingObject](t, must(t, "ls", "findings", "--filter", "finding:dead type:A", "-o", "json")) {
		if f.Record != nil && f.Instance != nil && f.Remedy == "delete" {
			dead = &f
			break
		}
	}
	if dead == nil {
		t.Fatal("the world has no dead address")
	}
	record := rows.RecordName(dead.Record.Zone, dead.Record.Name, dead.Record.Type, dead.Record.Value)
	must(t, "deregister", record)
	must(t, "ls", "findings") // which sees that it is over
	want := []string{"begun dead", "change dead", "ended dead"}
	value := strings.TrimPrefix(record, dead.Record.Zone+":")
	for _, name := range []string{value, record, dead.Record.Zone + ".:" + value, strings.ToUpper(dead.Instance.ID), dead.Instance.Cloud + "/" + dead.Instance.ID, dead.Record.Value} {
		if got := kinds(t, name); !slices.Equal(got, want) {
			t.Errorf("timeline %s: %q, want %q", name, got, want)
		}
	}
	if got := kinds(t, strings.Split(dead.Record.Name, ".")[0]); len(got) < len(want) {
		t.Errorf("by the first label: %q", got)
	}
	if text := must(t, "timeline", value); !strings.Contains(text, "deregister: Delete ") || !strings.Contains(text, "no longer dead") {
		t.Errorf("as a table: %s", text)
	}
	// A source that fails ends nothing, and begins nothing anew.
	if err := s.World().SetFault("joyent-ams", world.AuthError); err != nil {
		t.Fatal(err)
	}
	rollcall(t, "ls", "findings")
	if err := s.World().SetFault("joyent-ams", world.NoFault); err != nil {
		t.Fatal(err)
	}
	must(t, "ls", "findings")
	if got := kinds(t, value); !slices.Equal(got, want) {
		t.Errorf("after a failure: %q", got)
	}

	for _, name := range []string{"aws-use1/www-01", "scalability.expert:scalability.expert/MX/10 mail.scalability.expert", "WWW-01"} {
		if r := rollcall(t, "timeline", name); r.code != exit.Done || !strings.Contains(r.err, "nothing is recorded of "+name+" in the last 24h") {
			t.Errorf("of a name without events: exit code %d, %s", r.code, r.err)
		}
	}
	for name, want := range map[string]string{"nothing.example": "there is no name, node or service nothing.example", "joyent-east/svc-v1-1": "see rollcall ls", "unilans.net:" + value: "there is no", "ww-01": "the nearest is www-01"} {
		if r := rollcall(t, "timeline", name); r.code != exit.Usage || !strings.Contains(r.err, want) || r.out != "" {
			t.Errorf("of a name that is nowhere: exit code %d, %s", r.code, r.err)
		}
	}
	if r := rollcall(t, "timeline", value, "--since", "-1h"); r.code != exit.Usage {
		t.Errorf("since the future: exit code %d", r.code)
	}
	if r := rollcall(t, "timeline"); r.code != exit.Usage {
		t.Errorf("without a name: exit code %d", r.code)
	}

	// Half a line and what another version wrote are left out, and what comes after them is not lost.
	paths, _ := filepath.Glob(filepath.Join(getenv(t, "XDG_STATE_HOME"), "rollcall", "*", "timeline.jsonl"))
	more, _ := filepath.Glob(filepath.Join(getenv(t, "XDG_STATE_HOME"), "rollcall", "timeline.jsonl"))
	if paths = append(paths, more...); len(paths) != 1 {
		t.Fatalf("timelines: %q", paths)
	}
	f, err := os.OpenFile(paths[0], os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("{\"time\":\"20\n[]\n{\"format\":9}\n"); err != nil {
		t.Fatal(err)
	}
	_ = f.Close()
	if got := kinds(t, value); !slices.Equal(got, want) {
		t.Errorf("with damaged lines: %q", got)
	}
}

func TestATimelineOfANodeHasItsStates(t *testing.T) {
	s := newWorld(t)
	c := s.World().Clouds()[0]
	page, _ := s.World().Instances(c.Name, func(i *world.Instance) bool { return i.State == "running" }, 0, 1)
	session := opened(t)
	v, err := session.Refresh(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.World().Do(c.Name, page[0].ID, world.Stop); err != nil {
		t.Fatal(err)
	}
	until(t, "the instance to stop", func() bool { i, _ := s.World().Instance(c.Name, page[0].ID); return i.State == "stopped" })
	session.UpdateFrom(v, session.Fleet.Refresh(t.Context()))
	got := decode[[]rows.Event](t, must(t, "timeline", page[0].ID, "-o", "json"))
	if !slices.ContainsFunc(got, func(e rows.Event) bool {
		return e.Kind == rows.EventState && strings.HasSuffix(e.Text, "is stopped, and was running")
	}) {
		t.Errorf("events: %+v", got)
	}
}

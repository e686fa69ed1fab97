package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rollcall/cmd/rollcall/exit"
	"rollcall/dnsview/plan"
	"rollcall/providers"
)

func TestARebootOrAStopWithoutATerminalNeedsYes(t *testing.T) {
	newWorld(t)
	names := filepath.Join(t.TempDir(), "names")
	if err := os.WriteFile(names, []byte("www-01\nwww-02\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"reboot", "www-01"}, {"reboot", "-"}, {"stop", "www-01", "--confirm", "www-01"}, {"stop", "-"}} {
		in, err := os.Open(names)
		if err != nil {
			t.Fatal(err)
		}
		if r := rollcallFrom(t, in, args...); r.code != exit.Failed || !strings.Contains(r.err, "--yes") {
			t.Errorf("%v: exit code %d: %s", args, r.code, r.err)
		}
		_ = in.Close()
	}
	if out := must(t, "journal", "-o", "json"); strings.TrimSpace(out) != "[]" {
		t.Errorf("the journal has %s", out)
	}
}

func TestATerminationAsksForTheNumberOfNodesThatGo(t *testing.T) {
	node := func(name string) plan.Step {
		return plan.Step{Kind: plan.StepPower, Action: plan.PowerTerminate, Instance: providers.InstanceRef{ID: "i-" + name, Name: name}}
	}
	forget := plan.Step{Kind: plan.StepChange}
	for _, c := range []struct {
		steps []plan.Step
		want  string
	}{
		{[]plan.Step{forget}, "y"},
		{[]plan.Step{forget, node("a")}, "a"},
		{[]plan.Step{node("a"), forget, node("b")}, "2"},
	} {
		p := plan.Plan{Steps: c.steps}
		if want, _ := toType(p.Terminated(), nil); want != c.want {
			t.Errorf("%d steps: %q is typed, want %q", len(c.steps), want, c.want)
		}
	}
}

func TestATerminationByAPlanInAFileShowsWhatOfItIsDone(t *testing.T) {
	newWorld(t)
	ids := objects(t, "ls", "instances", "--filter", "state:running", "-o", "json")
	one, two := ids[0]["identity"].(string), ids[1]["identity"].(string)
	file := filepath.Join(t.TempDir(), "plan.json")
	if err := os.WriteFile(file, []byte(rollcall(t, "terminate", one, "--dry-run", "-o", "json").out), 0o600); err != nil {
		t.Fatal(err)
	}
	r := rollcall(t, "terminate", one, two, "--plan", file)
	of := func(id string) bool {
		_, id, _ = strings.Cut(id, "/")
		return strings.Contains(r.err, "  Terminate") && strings.Contains(r.err, "("+id+") in ")
	}
	if r.code != exit.Failed || !strings.Contains(r.err, "--yes") || !of(one) || of(two) {
		t.Errorf("exit code %d: %s", r.code, r.err)
	}
}

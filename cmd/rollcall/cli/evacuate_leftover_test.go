package cli

import (
	"os"
	"strings"
	"testing"

	"rollcall/cmd/rollcall/exit"
	"rollcall/providers/sim/world"
)

func TestTheMarkersOfAnEvacuatedCloudThatLeftTheConfigOrHasAnotherNameAreRemoved(t *testing.T) {
	s := newWorld(t)
	path := reconfigure(t)
	must(t, "ls", "instances") // who it is must have been said once
	p := evacuated(t, s)
	if err := s.World().SetFault("joyent-ams", world.NoFault); err != nil {
		t.Fatal(err)
	}
	full, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	values, _, _ := dnsOf(s, p.Evacuated.Key)
	marked := func() bool {
		_, markers, _ := dnsOf(s, p.Evacuated.Key)
		return strings.Contains(strings.Join(markers, "\n"), "EVACUATED")
	}
	// With another name it is the same cloud, and the journal knows the old one.
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(string(full), "joyent-ams", "triton-ams")), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := rollcall(t, "return", "--cloud", "joyent-ams", "--dry-run"); !strings.Contains(r.out, "Return ") || !strings.Contains(r.out, "of triton-ams to DNS") {
		t.Errorf("by its old name: exit code %d, %s%s", r.code, r.out, r.err)
	}
	if r := rollcall(t, "return", "--cloud", "joyent-xyz", "--dry-run"); r.code != exit.Usage || !strings.Contains(r.err, `there is no cloud "joyent-xyz"`) {
		t.Errorf("by no name of it: exit code %d, %s", r.code, r.err)
	}
	if err := os.WriteFile(path, full, 0o600); err != nil {
		t.Fatal(err)
	}
	without(t, path, "joyent-ams")
	if !marked() {
		t.Fatal("there are no markers")
	}
	r := rollcall(t, "return", "--cloud", p.Evacuated.Key)
	if r.code != exit.Done || !strings.Contains(r.err, "nodes that it took out stay out, since") || !strings.Contains(r.out, "End the evacuation of triton-ams, which is not in the config") {
		t.Errorf("exit code %d, %s%s", r.code, r.out, r.err)
	}
	if marked() {
		t.Error("the markers are still there")
	}
	if now, _, _ := dnsOf(s, p.Evacuated.Key); strings.Join(now, " ") != strings.Join(values, " ") {
		t.Errorf("in DNS: %q, and before %q", now, values)
	}
	if r := rollcall(t, "return", "--cloud", p.Evacuated.Key); r.code != exit.Failed || !strings.Contains(r.err, "triton-ams is not evacuated") {
		t.Errorf("once more: exit code %d, %s%s", r.code, r.out, r.err)
	}
}

func TestAReasonThatManyStepsAreRefusedForIsPrintedOnce(t *testing.T) {
	s := newWorld(t)
	must(t, "ls", "instances")
	if err := s.World().SetFault("joyent-ams", world.AuthError); err != nil {
		t.Fatal(err)
	}
	const why, skipped = "what runs in joyent-ams is not known", "nothing of an evacuation is done before its text is typed"
	r := rollcall(t, "evacuate", "joyent-ams")
	if r.code != exit.Failed || strings.Count(r.out, why) != 1 || strings.Count(r.out, skipped) != 1 || !strings.Contains(r.out, "more: guard coverage: "+why) {
		t.Errorf("exit code %d, %s", r.code, r.out)
	}
	if n := strings.Count(r.out, "\n  refused"); n < 10 {
		t.Errorf("%d steps are listed as refused:\n%s", n, r.out)
	}
	if n := strings.Count(r.err, skipped); n != 1 {
		t.Errorf("on stderr %d times: %s", n, r.err)
	}
	dry := rollcall(t, "evacuate", "joyent-ams", "--dry-run").out
	if strings.Count(dry, why) != 1 || strings.Count(dry, `guard coverage waits for the typed text "joyent-ams 13", as for step `) < 10 {
		t.Errorf("dry run: %s", dry)
	}
}

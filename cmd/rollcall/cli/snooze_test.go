package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rollcall/cmd/rollcall/exit"
	"rollcall/cmd/rollcall/watcher"
	"rollcall/dnsview/rows"
)

// deadAddress returns the first dead address record that has a remedy, and its class and record as ls findings -o name prints them.
func deadAddress(t *testing.T) (f rows.FindingObject, record string) {
	t.Helper()
	for _, f := range decode[[]rows.FindingObject](t, must(t, "ls", "findings", "--filter", "finding:dead type:A", "-o", "json")) {
		if f.Record != nil && f.Remedy == "delete" {
			return f, rows.RecordName(f.Record.Zone, f.Record.Name, f.Record.Type, f.Record.Value)
		}
	}
	t.Fatal("the world has no dead address")
	return f, ""
}

func TestASnoozedFindingIsLeftOutOfListsAndStillDrift(t *testing.T) {
	newWorld(t)
	_, record := deadAddress(t)
	listed := func(args ...string) bool {
		return strings.Contains(must(t, append([]string{"ls", "findings", "--filter", "finding:dead", "-o", "name"}, args...)...), record+"\n")
	}
	if !listed() {
		t.Fatalf("%s is not listed as dead", record)
	}
	before := rollcall(t, "drift", "--exit-code", "-o", "json")
	must(t, "snooze", record, "--for", "2h", "--reason", "the vendor\x1b[2J replaces it at 5")
	if listed() || !listed("--all") || !listed("--filter", "snoozed:yes") || listed("--filter", "snoozed:no") {
		t.Errorf("listed %v, with --all %v, snoozed:yes %v, snoozed:no %v", listed(), listed("--all"), listed("--filter", "snoozed:yes"), listed("--filter", "snoozed:no"))
	}
	if r := rollcall(t, "ls", "findings"); !strings.Contains(r.err, "snoozed finding") || !strings.Contains(r.err, "--all") {
		t.Errorf("nothing says that one is left out: %q", r.err)
	}
	after := rollcall(t, "drift", "--exit-code", "-o", "json")
	type report struct {
		Findings []rows.FindingObject `json:"findings"`
	}
	was, is := decode[report](t, before.out), decode[report](t, after.out)
	snoozed := 0
	for _, f := range is.Findings {
		if f.Snoozed != nil {
			snoozed++
			if f.Snoozed.Reason != "the vendor replaces it at 5" && !strings.HasPrefix(f.Snoozed.Reason, "the vendor") || strings.Contains(f.Snoozed.Reason, "\x1b") || f.Snoozed.By == "" || f.Snoozed.Until.Sub(f.Snoozed.At) != 2*time.Hour {
				t.Errorf("%+v", f.Snoozed)
			}
		}
	}
	if after.code != before.code || after.code != exit.Drift || len(is.Findings) != len(was.Findings) || snoozed == 0 {
		t.Errorf("exit code %d was %d, %d findings were %d, %d snoozed", after.code, before.code, len(is.Findings), len(was.Findings), snoozed)
	}
	if r := rollcallAt(t, 2*time.Hour+time.Minute, "ls", "findings", "-o", "name"); strings.Contains(r.err, "snoozed finding") {
		t.Errorf("after its time it is still snoozed: %s", r.err)
	}
	must(t, "snooze", "--end", record)
	if !listed() {
		t.Error("it does not count again")
	}
	if r := rollcall(t, "snooze", "--end", record); r.code != exit.Failed || !strings.Contains(r.err, "nothing about") {
		t.Errorf("the end of no snooze: %d %s", r.code, r.err)
	}
}

func TestASnoozeOfWhatEndsAndBeginsAnewDoesNotHold(t *testing.T) {
	newWorld(t)
	_, record := deadAddress(t)
	must(t, "snooze", record, "--for", "2h", "--reason", "known")
	must(t, "deregister", record)
	must(t, "ls", "findings") // which sees that it is over
	must(t, "undo")
	if out := must(t, "ls", "findings", "--filter", "finding:dead", "-o", "name"); !strings.Contains(out, record+"\n") {
		t.Errorf("what began anew is snoozed:\n%s", out)
	}
}

func TestASnoozeThatCannotBeSaysWhy(t *testing.T) {
	newWorld(t)
	_, record := deadAddress(t)
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{record}, exit.Usage, "needs a time"},
		{[]string{record, "--for", "2h"}, exit.Usage, "needs a reason"},
		{[]string{record, "--for", "2h", "--reason", "  "}, exit.Usage, "needs a reason"},
		{[]string{record, "--for", "9w", "--reason", "x"}, exit.Usage, "lasts up to"},
		{[]string{record, "--for", "soon", "--reason", "x"}, exit.Usage, "is no time"},
		{[]string{record, "--for", "2h", "--reason", strings.Repeat("x", 501)}, exit.Usage, "501 characters"},
		{[]string{record, "--for", "2h", "--reason", "x", "--class", "deda"}, exit.Usage, "is no class"},
		{[]string{record, "--for", "2h", "--reason", "x", "--class", "thin"}, exit.Failed, "nothing of class thin"},
		{[]string{"no.such.example/A/192.0.2.1", "--for", "2h", "--reason", "x"}, exit.Usage, "there is no record"},
		{[]string{"i-nothing", "--for", "2h", "--reason", "x"}, exit.Usage, "i-nothing"},
		{[]string{record, "--end", "--for", "2h"}, exit.Usage, "--end takes"},
		{nil, exit.Usage, "needs what the findings are about"},
		{[]string{"", "--for", "2h", "--reason", "x"}, exit.Usage, "without text"},
		{[]string{"joyent-ams", "--for", "2h", "--reason", "x"}, exit.Failed, "nothing is found about joyent-ams"},
		{[]string{"scalability.expert", "--for", "2h", "--reason", "x"}, exit.Failed, "nothing is found about scalability.expert"},
	} {
		r := rollcall(t, append([]string{"snooze"}, c.args...)...)
		if r.code != c.code || !strings.Contains(r.err, c.says) || strings.Count(r.err, "\n") > 2 {
			t.Errorf("snooze %q: exit code %d, %q; want %d, %q", c.args, r.code, r.err, c.code, c.says)
		}
	}
	if out := must(t, "ls", "findings", "-o", "name", "--filter", "snoozed:yes"); out != "" {
		t.Errorf("snoozed all the same: %s", out)
	}
}

func TestANoteOfARecordThatLeftDNSIsReadAndRemovedByItsIdentity(t *testing.T) {
	newWorld(t)
	f, record := deadAddress(t)
	must(t, "note", record, "kept for the vendor")
	must(t, "deregister", record)
	if out := must(t, "note", f.Identity); !strings.HasPrefix(out, "kept for the vendor") {
		t.Errorf("%q", out)
	}
	must(t, "note", "--remove", f.Identity)
	if r := rollcall(t, "note", f.Identity); r.code != exit.Usage {
		t.Errorf("a record that is gone, without a note: %d, %s", r.code, r.err)
	}
}

func TestTimesInCSVAreInRFC3339(t *testing.T) {
	newWorld(t)
	_, record := deadAddress(t)
	must(t, "deregister", record)
	for _, args := range []string{"ls findings --columns since", "journal --columns time"} {
		lines := strings.Fields(must(t, append(strings.Fields(args), "-o", "csv", "--no-headers")...))
		for _, l := range lines {
			if _, err := time.Parse(time.RFC3339, l); err != nil {
				t.Errorf("%s: %v", args, err)
			}
		}
		if len(lines) == 0 {
			t.Errorf("%s prints nothing", args)
		}
	}
}

func TestANoteIsShownWithItsAuthorUntilItIsRemoved(t *testing.T) {
	newWorld(t)
	f, record := deadAddress(t)
	i := decode[[]rows.InstanceObject](t, must(t, "ls", "instances", "-o", "json"))[0]
	for _, subject := range []string{record, i.ID} {
		must(t, "note", subject, "kept for\x07 the vendor")
		if out := must(t, "note", subject); !strings.HasPrefix(out, "kept for") || strings.Contains(out, "\x07") {
			t.Errorf("note %s: %q", subject, out)
		}
	}
	for _, args := range [][]string{{"ls", "instances"}, {"ls", "records"}} {
		found := 0
		for _, o := range objects(t, append(args, "-o", "json", "--all")...) {
			if n, ok := o["note"].(object); ok && n["by"] != "" {
				found++
			}
		}
		if out := must(t, append(args, "-o", "wide", "--filter", "vendor")...); found != 1 || !strings.Contains(out, "the vendor") {
			t.Errorf("%v: %d notes as JSON\n%s", args, found, out)
		}
	}
	if f.Snoozed != nil {
		t.Errorf("a note snoozes: %+v", f.Snoozed)
	}
	must(t, "note", "--remove", i.ID)
	if r := rollcall(t, "note", i.ID); r.out != "" || !strings.Contains(r.err, "there is no note") {
		t.Errorf("removed: %q %q", r.out, r.err)
	}
	if r := rollcall(t, "note", "--remove", i.ID); r.code != exit.Failed {
		t.Errorf("removed twice: exit code %d", r.code)
	}
	if r := rollcall(t, "note", i.ID, ""); r.code != exit.Usage {
		t.Errorf("an empty note: exit code %d", r.code)
	}
}

func TestAWatchSaysNothingOfWhatIsSnoozedAndNotThatItIsResolved(t *testing.T) {
	fastWorld(t)
	_, record := deadAddress(t)
	w := startWatch(t, watchFlags{})
	events := func(event string) (n int) {
		for _, l := range w.lines() {
			if l.Event == event && l.Finding != nil && l.Finding.Class == "dead" && l.Finding.Record != nil && strings.HasSuffix(record, "/"+l.Finding.Record.Value) {
				n++
			}
		}
		return n
	}
	until(t, "the dead entry", func() bool { return events(watcher.EventNew) == 1 })
	must(t, "snooze", record, "--for", "1h", "--reason", "known")
	before := w.count(watcher.EventNew, "dead")
	time.Sleep(3 * time.Second) // some scans
	if n := events(watcher.EventResolved); n > 0 || w.count(watcher.EventNew, "dead") != before {
		t.Errorf("a snoozed finding is said to be resolved %d times", n)
	}
	must(t, "snooze", "--end", record)
	until(t, "what counts again", func() bool { return events(watcher.EventNew) == 2 })
}

func TestAnAnnotationAfterATornLineIsKeptAndAFileThatCannotBeReadIsSaid(t *testing.T) {
	newWorld(t)
	_, record := deadAddress(t)
	must(t, "note", record, "first")
	files, err := filepath.Glob(filepath.Join(getenv(t, "XDG_STATE_HOME"), "rollcall", "*", "annotations.jsonl"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%q %v", files, err)
	}
	f, err := os.OpenFile(files[0], os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"time":"2026-11-29T22`); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	must(t, "note", record, "second")
	if out := must(t, "note", record); !strings.HasPrefix(out, "second") {
		t.Errorf("after a torn line: %q", out)
	}
	if err := os.Remove(files[0]); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(files[0], 0o700); err != nil {
		t.Fatal(err)
	}
	if r := rollcall(t, "ls", "findings"); r.code != exit.Done || !strings.Contains(r.err, "snoozes and notes cannot be read") {
		t.Errorf("exit code %d, %s", r.code, r.err)
	}
	if r := rollcall(t, "note", record, "third"); r.code != exit.Failed {
		t.Errorf("a note that cannot be kept: exit code %d, %s", r.code, r.err)
	}
}

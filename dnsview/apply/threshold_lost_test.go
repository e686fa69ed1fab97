package apply

import (
	"os"
	"strings"
	"testing"
	"time"

	"rollcall/dnsview/index"
	"rollcall/providers/journal"
)

func TestACountOverEntriesThatTheJournalHasLostIsNotKnownForTenMinutes(t *testing.T) {
	b := many(t, 40) // 45 owned records, of which 13 may go
	p := b.dead()
	steps := p.Steps
	p.Steps = steps[:12]
	if rep := b.run(p); rep.Count(StepDone) != 12 {
		t.Fatalf("before: %v", states(rep))
	}
	path := b.j.Path()
	if err := b.j.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path+".lock", b.clk.Now(), b.clk.Now()); err != nil {
		t.Fatal(err)
	}
	again := func() {
		t.Helper()
		j, err := journal.Open(path, b.clk.Clock, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = j.Close() })
		b.j = j
		b.opts.Journal = j
	}
	again()
	p.Steps = steps[12:14]
	for what, rep := range map[string]*Report{"a check": b.engine().Check(t.Context(), p), "a run": b.run(p), "with a wrong count": b.run(p, "3")} {
		asks := rep.Asks()
		if rep.Count(StepRefused) != 2 || len(asks) != 1 || asks[0].Guard != index.GuardThreshold || asks[0].Text != "2" || !strings.Contains(asks[0].Why, "the journal has lost entries") {
			t.Errorf("%s: %v, asks %+v", what, states(rep), asks)
		}
	}
	if rep := b.run(p, "2"); rep.Count(StepDone) != 2 {
		t.Fatalf("the count: %v", states(rep))
	}
	// The entries that follow do not end it.
	if err := b.j.Close(); err != nil {
		t.Fatal(err)
	}
	again()
	p.Steps = steps[14:15]
	wantStates(t, b.run(p), StepRefused)
	b.clk.Advance(11 * time.Minute)
	wantStates(t, b.run(p), StepDone)
}

package apply

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"rollcall/dnsview/guard"
	"rollcall/dnsview/index"
	"rollcall/providers"
	"rollcall/providers/journal"
)

// underWay is how long a change of another member that has begun keeps others from the same record. A change takes
// seconds; one that was stopped is looked up.
const underWay = 2 * time.Minute

// errOthers means that another member has written an entry meanwhile with which the guards may not pass any more.
var errOthers = errors.New("another member of the team has changed the same meanwhile")

// isTeam reports whether others write the journal, too.
func (r *run) isTeam() bool {
	return r.engine.o.Journal != nil && r.engine.o.Journal.Team() != ""
}

// isOthers reports whether an entry was written by another run a short time ago, and may have been made.
func (r *run) isOthers(e *journal.Entry, now time.Time) bool {
	return e.Change != nil && e.Run != r.report.Run && e.State != journal.Failed && e.State != journal.Refused && e.Age(now) < underWay
}

// removedByOthers adds to removing the values that other members take out now, or have taken out so lately that a list
// may still have them. So guard 7 counts what the whole team leaves.
func (r *run) removedByOthers(removing map[providers.Identity]bool, now time.Time) {
	if !r.isTeam() {
		return
	}
	last := map[recordKey]*journal.Entry{} // what was put back stays
	for i := range r.book {
		if e := &r.book[i]; r.isOthers(e, now) {
			of := e.Change.Record()
			last[keyOf(&of)] = e
		}
	}
	for _, e := range last {
		if e.Change.Op == providers.OpDelete {
			removing[e.Change.Before.Identity()] = true
		}
	}
}

// checkOthers fails if another member changes the same record now. The first one goes on.
func (r *run) checkOthers(c *providers.Change, now time.Time) (index.GuardResult, bool) {
	e := r.firstToChange(r.book, c, now)
	if e == nil || e.State != journal.Begun {
		return index.GuardResult{}, true
	}
	return index.GuardResult{
		Guard: index.GuardUnchanged, Why: "entry " + e.ID + " of " + index.Clean(e.Who) + " changes this record now: " + index.Clean(e.Sentence),
		Satisfy: "the end of that change",
	}, false
}

// firstToChange returns the latest entry of another member about the record of c, or nil, as without a team.
func (r *run) firstToChange(entries []journal.Entry, c *providers.Change, now time.Time) *journal.Entry {
	if !r.isTeam() {
		return nil
	}
	rec := c.Record()
	for i := range slices.Backward(entries) {
		e := &entries[i]
		if !r.isOthers(e, now) {
			continue
		}
		if of := e.Change.Record(); keyOf(&of) == keyOf(&rec) || isSameEvacuation(&of, &rec) {
			return e
		}
	}
	return nil
}

// byWhom returns which member made a change that is made already, as a further sentence, or "".
func (r *run) byWhom(c *providers.Change) string {
	entries, _ := r.entries() // without them no one is named
	e := r.firstToChange(entries, c, r.engine.o.Now())
	if e == nil || !leavesSame(e.Change, c) {
		return ""
	}
	return wasFirst(e)
}

// wasFirst returns who has written an entry before this run could write its own, as the end of a sentence.
func wasFirst(e *journal.Entry) string {
	return fmt.Sprintf(": %s was first, at %s with entry %s", index.Clean(e.Who), e.Time.Local().Format("15:04:05"), e.ID)
}

// nameOther adds to guard 5, if it fails, which other member has changed the record.
func (r *run) nameOther(guards []index.GuardResult, c *providers.Change, now time.Time) {
	for n := range guards {
		if g := &guards[n]; g.Guard == index.GuardUnchanged && !g.Pass {
			if e := r.firstToChange(r.book, c, now); e != nil {
				g.Why += wasFirst(e) + ": " + index.Clean(e.Sentence)
			}
		}
	}
}

// leavesSame reports whether two changes of one record leave it in the same state, as to its value and its owner.
func leavesSame(a, b *providers.Change) bool {
	if a.Op == providers.OpDelete || b.Op == providers.OpDelete {
		return a.Op == b.Op
	}
	return slices.EqualFunc(a.After.Owners, b.After.Owners, func(x, y providers.Owner) bool { return x.Same(y) && x.Quiesced == y.Quiesced }) &&
		providers.FoldValue(a.After.Type, a.After.Value) == providers.FoldValue(b.After.Type, b.After.Value)
}

// stillPass returns the check of the journal at the moment when the entries of ready changes are written: it returns
// errOthers if another member has written entries since the guards were evaluated with which they may fail.
func (r *run) stillPass(zone string, ready []readyChange) entryCheck {
	if !r.isTeam() {
		return nil
	}
	known := slices.MinFunc(ready, func(a, b readyChange) int { return cmp.Compare(a.known, b.known) }).known
	return func(before []journal.Entry) error {
		if len(before) <= known {
			return nil
		}
		now := r.engine.o.Now()
		for i := known; i < len(before); i++ {
			e := &before[i]
			if !r.isOthers(e, now) || !providers.SameName(e.Zone, zone) {
				continue
			}
			of := e.Change.Record()
			for n := range ready {
				rec := ready[n].change.Record()
				if i < ready[n].known {
					continue
				}
				if keyOf(&of) == keyOf(&rec) || isSameEvacuation(&of, &rec) || e.Change.Op == providers.OpDelete && of.Type == rec.Type && providers.SameName(of.Name, rec.Name) {
					return errOthers
				}
			}
		}
		if p := r.limits[zone]; p != nil {
			again := *p
			r.count(&again, zone, before)
			if g := []index.GuardResult{r.thresholdOf(&again, zone)}; !g[0].Pass {
				return errOthers
			}
		}
		return nil
	}
}

// begin writes entries to the journal. If the store of the team is away and the operator has typed its place, they are
// journalled on this machine until it is back; if they cannot be signed and the operator has typed their author, they are not.
func (r *run) begin(ctx context.Context, entries []journal.Entry, check entryCheck) ([]journal.Entry, error) {
	j := r.engine.o.Journal
	if j == nil {
		return nil, errNoJournal
	}
	lease, err := r.lease(ctx, entries)
	if err != nil {
		return nil, err
	}
	check = allOf(r.claimTakenBack(), lease, check)
	written, err := j.BeginIf(check, entries...)
	if unsigned, ok := errors.AsType[*journal.UnsignedError](err); ok && r.typed(unsigned.Who) {
		j.Unsigned()
		written, err = j.BeginIf(check, entries...)
	}
	if away, ok := errors.AsType[*journal.AwayError](err); ok && r.typed(away.Store) {
		j.JournalHere()
		return j.BeginIf(check, entries...)
	}
	return written, err
}

// noJournal returns why a step is refused whose entry cannot be written. Why the store is away is said with guard 9.
func noJournal(err error) string {
	if _, ok := errors.AsType[*journal.AwayError](err); ok {
		return "the journal cannot be written while the store of the team is away"
	}
	return "the journal cannot be written: " + index.Clean(err.Error())
}

// typed reports whether a person typed a text, or the one text of an evacuation, which answers for it.
func (r *run) typed(text string) bool {
	return slices.Contains(r.confirm.Typed, text) || r.plan.Evacuates() && slices.Contains(r.confirm.Typed, r.plan.Confirm())
}

// journalGuard is guard 9 with what a person typed.
func (r *run) journalGuard(p guard.Evidence, err error) index.GuardResult {
	g := []index.GuardResult{p.Confirmed(checkJournal(&p, err))}
	if text := r.plan.Confirm(); r.plan.Evacuates() && g[0].Confirm != "" { // the one text of an evacuation answers it in every step
		g[0].Confirm, g[0].Satisfy = text, "type the cloud and the count of values that go"
	}
	r.acceptTyped(g)
	return g[0]
}

// JournalAsk returns what a person may type to have a journal written all the same, by the error of its Check, or nil if
// that is nothing.
func JournalAsk(err error) *Ask {
	g := checkJournal(&guard.Evidence{}, err)
	if g.Pass || g.Confirm == "" {
		return nil
	}
	return &Ask{Guard: g.Guard, Text: g.Confirm, Why: g.Why}
}

// checkJournal is guard 9.
func checkJournal(p *guard.Evidence, err error) index.GuardResult {
	p.JournalErr = err
	if away, ok := errors.AsType[*journal.AwayError](err); ok {
		p.JournalAway = away.Store
	}
	if unsigned, ok := errors.AsType[*journal.UnsignedError](err); ok {
		p.JournalUnsigned = unsigned.Who
	}
	_, p.JournalLost = errors.AsType[*journal.LostError](err)
	return p.CheckJournal()
}

package journal

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
)

// carryAtOnce is the number of entries in one object.
const carryAtOnce = 200

// CarryIn copies entries of the journal of one machine, from before there was a team, into that of the team, and
// returns how many were not there yet. They keep their times, and stand among the others by these.
func (j *Journal) CarryIn(entries []Entry) (n int, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	switch {
	case j.team == nil:
		return 0, errors.New("journal: it is not that of a team")
	case j.closed:
		return 0, errors.New("journal: it is closed")
	case len(entries) == 0:
		return 0, nil
	}
	if err := j.registerTeamWriter(false); err != nil {
		return 0, err
	}
	j.syncTeam(j.stop)
	if err := j.team.writable(); err != nil {
		return 0, err
	}
	first := &entries[0]
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %s %s %s %s", first.Time.UnixNano(), first.Run, first.Who, first.Verb, first.Sentence))
	origin := hex.EncodeToString(sum[:4]) // the same when it is tried again
	entries = slices.Clone(entries)
	for i := range entries {
		e := &entries[i]
		e.Local, e.ID, e.Writer = origin+"-"+e.ID, "", ""
		if e.Undoes != "" {
			e.Undoes = origin + "-" + e.Undoes
		}
	}
	for {
		late := j.notCarried(entries)
		if len(late) == 0 {
			return n, nil
		}
		some := late[:min(carryAtOnce, len(late))]
		c := batch{Format: teamFormat, ID: newBatchID(), Carried: true, Entries: some}
		if err := j.sign(&c); err != nil {
			return n, err
		}
		if err := j.keep(c); err != nil {
			return n, err
		}
		_, err := j.send(j.stop, c, j.checkCarried(some))
		if err != nil {
			err = errors.Join(err, j.drop(c))
		} else {
			n += len(some)
		}
		if err != nil && !errors.Is(err, errCarried) {
			return n, err
		}
	}
}

// errCarried means that another process has carried some entries in meanwhile.
var errCarried = errors.New("journal: others have carried this in meanwhile")

// checkCarried returns a check that no entry is in the chain at the number that is written.
func (j *Journal) checkCarried(some []Entry) func([]Entry) error {
	return func([]Entry) error {
		if len(j.notCarried(some)) < len(some) {
			return errCarried
		}
		return nil
	}
}

// notCarried returns the carried entries that are not in the chain yet.
func (j *Journal) notCarried(entries []Entry) (late []Entry) {
	for i := range entries {
		if _, there := j.replay.at[entries[i].Local]; !there {
			late = append(late, entries[i])
		}
	}
	return late
}

// putCarried sends a batch of carried entries that has waited, without those that are in the chain.
func (j *Journal) putCarried(stop <-chan struct{}, c batch) error {
	for {
		late := j.notCarried(c.Entries)
		if len(late) == 0 {
			return nil
		}
		if len(late) < len(c.Entries) { // it is another batch than the one that was signed
			c.Entries, c.text = late, nil
			j.signOrSay(&c)
		}
		_, err := j.put(stop, c, j.checkCarried(c.Entries))
		if refused, ok := errors.AsType[*checkError](err); ok && errors.Is(refused.err, errCarried) {
			continue
		}
		return err
	}
}

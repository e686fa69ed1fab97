package journal

import (
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"strings"
	"time"

	"rollcall/providers"
)

// writeTeam writes entries as one batch. The batch is on the disk of this machine first.
func (j *Journal) writeTeam(state State, check func([]Entry) error, entries []Entry) ([]Entry, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		return nil, errors.New("journal: it is closed")
	}
	if err := j.reopenMoved(); err != nil {
		return nil, err
	}
	if err := j.registerTeamWriter(state == Begun); err != nil {
		return nil, err
	}
	c := batch{Format: teamFormat, ID: newBatchID()}
	for _, e := range entries {
		e.State, e.Writer = state, j.writer
		if e.Time.IsZero() {
			e.Time = j.clock.Now()
		}
		c.Entries = append(c.Entries, e)
	}
	if state != Begun {
		j.signOrSay(&c)
	} else if err := j.sign(&c); err != nil && !j.team.unsigned && !(j.isAway() && j.team.asked) {
		if j.isAway() && isAbsence(j.team.away) { // one text that is typed answers for both
			err = &AwayError{Store: j.team.store.Name(), Err: j.team.away}
		}
		return nil, err
	}
	if err := j.keep(c); err != nil {
		return nil, err
	}
	written, err := j.send(j.stop, c, check)
	switch {
	case err == nil:
		return written, nil
	case j.isAway() && isAbsence(err) && (state != Begun || j.team.asked):
		if check != nil {
			if err := check(j.allEntries()); err != nil {
				return nil, errors.Join(err, j.drop(c))
			}
		}
		return j.keepAway(c)
	case j.isAway() && isAbsence(err):
		err = &AwayError{Store: j.team.store.Name(), Err: err}
	}
	return nil, errors.Join(err, j.drop(c))
}

// endTeam writes outcomes as one batch. They are on the disk of this machine at least, from where they are sent once
// the store answers.
func (j *Journal) endTeam(outcomes []Outcome) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		return errors.New("journal: it is closed")
	}
	return j.appendOutcomes(nil, nil, outcomes)
}

// appendOutcomes writes outcomes as one batch, unless check, which may be nil, refuses them. It is not asked while the store is
// away.
func (j *Journal) appendOutcomes(stop <-chan struct{}, check func([]Entry) error, outcomes []Outcome) error {
	if err := j.registerTeamWriter(false); err != nil {
		return err
	}
	c := batch{Format: teamFormat, ID: newBatchID()}
	for _, o := range outcomes {
		if o.Time.IsZero() {
			o.Time = j.clock.Now()
		}
		o.Time = o.Time.UTC()
		c.Outcomes = append(c.Outcomes, o)
	}
	j.signOrSay(&c)
	if err := j.keep(c); err != nil {
		return err
	}
	_, err := j.send(stop, c, check)
	switch {
	case errors.Is(err, errRecorded):
		return errors.Join(err, j.drop(c))
	case err != nil && !j.isAway():
		return err
	}
	return nil
}

// send sends what waits and then a batch, which is in the outbox, and returns its entries as they are in the chain.
func (j *Journal) send(stop <-chan struct{}, c batch, check func([]Entry) error) ([]Entry, error) {
	t := j.team
	if t.away != nil && j.clock.Now().Sub(t.awayAt).Abs() < awayPause {
		return nil, t.away
	}
	out, err := j.sendNow(stop, c, check)
	if t.lost != nil {
		return nil, t.lost
	}
	if refused, ok := errors.AsType[*checkError](err); ok {
		j.noteAnswer(nil)
		return nil, refused.err
	}
	j.noteAnswer(err)
	if err == nil {
		err = j.settle(c.ID)
	}
	return out, err
}

func (j *Journal) sendNow(stop <-chan struct{}, c batch, check func([]Entry) error) ([]Entry, error) {
	if !j.isCompared() {
		if err := j.readChain(stop); err != nil || j.team.lost != nil {
			return nil, err
		}
	}
	if err := j.sendOlder(stop, c.ID); err != nil {
		return nil, err
	}
	return j.put(stop, c, check)
}

// checkError is the error of a check of BeginIf.
type checkError struct{ err error }

func (e *checkError) Error() string { return e.err.Error() }

// maxStuck is how often a write is tried again while no other writer comes before it.
const maxStuck = 4

// put creates the object of a batch at the next free number. A batch that the chain has already is not written again:
// the answer to its write was lost.
func (j *Journal) put(stop <-chan struct{}, c batch, check func([]Entry) error) ([]Entry, error) {
	lost, err := j.identify(stop, true)
	if lost != nil {
		j.team.lost = lost
	}
	if err = errors.Join(err, lost); err != nil {
		return nil, err
	}
	pause := 4 * time.Millisecond
	for stuck := 0; ; {
		if first, ok := j.replay.batches[c.ID]; ok {
			return j.entriesFrom(first, len(c.Entries)), nil
		}
		if j.team.newer != nil {
			return nil, j.team.newer
		}
		if check != nil {
			if err := check(j.allEntriesBut(c.ID)); err != nil {
				return nil, &checkError{err}
			}
		}
		number := j.replay.seq + 1
		err := j.tryPut(stop, c)
		switch k := providers.KindOf(err); {
		case err == nil:
			continue // it is read as what others have written is
		case k != providers.KindConflict && k != providers.KindUncertain:
			return nil, err
		case j.replay.seq < number:
			if stuck++; stuck == maxStuck {
				return nil, err
			}
		}
		select {
		case <-stop:
			return nil, err
		case <-time.After(mathrand.N(pause)): // the more writers lose, the longer they wait
		}
		pause = min(2*pause, 300*time.Millisecond)
	}
}

// tryPut makes one try to create the next object. If it was not first, or if that is not known, it reads what there is.
func (j *Journal) tryPut(stop <-chan struct{}, c batch) error {
	now := j.numbered(c)
	data, err := j.encode(&now)
	if err != nil {
		return err
	}
	number := j.replay.seq + 1
	ctx, cancel := j.waiting(stop)
	defer cancel()
	_, err = j.team.store.PutIfAbsent(ctx, objectKey(number), data)
	switch providers.KindOf(err) {
	case "":
		r := read{Number: number, At: j.clock.Now(), Object: string(data)}
		j.addRead(r)
		return j.extendMirror([]read{r})
	case providers.KindConflict, providers.KindUncertain:
		if readErr := j.readNext(nil); readErr != nil {
			return readErr
		}
	}
	return err
}

// entriesFrom returns n entries of one batch, from the one with this id.
func (j *Journal) entriesFrom(id string, n int) []Entry {
	at, ok := j.replay.at[id]
	if !ok || n == 0 {
		return nil
	}
	out := make([]Entry, n)
	copy(out, j.replay.entries[at:])
	return out
}

// keepAway marks a batch in the outbox as one that was made without the store, and returns its entries with the ids
// that they have until they are in the chain.
func (j *Journal) keepAway(c batch) ([]Entry, error) {
	c.Away = true
	for i := range c.Entries {
		c.Entries[i].Local = fmt.Sprintf("%s-%d", strings.ToLower(c.ID[:7]), i+1)
		c.Entries[i].ID = c.Entries[i].Local
	}
	j.signOrSay(&c) // what was signed was not away
	if err := j.keep(c); err != nil {
		return nil, err
	}
	out := make([]Entry, len(c.Entries))
	copy(out, c.Entries)
	return out, nil
}

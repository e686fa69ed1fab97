package journal

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"rollcall/providers"
	"rollcall/providers/textfile"
)

// read is an object of the chain as it is kept in the mirror.
type read struct {
	Number uint64    `json:"number"`
	At     time.Time `json:"at"`     // when the store got it, in the time of this machine
	Object string    `json:"object"` // as it was read
}

// parseObject returns the line that an object holds; its Hash is empty if it is none, or not what was written.
func parseObject(data []byte) line {
	var l line
	if textfile.CheckJSON(data) != nil || json.Unmarshal(data, &l) != nil || l.Hash != hashOf(l.Seq, l.Prev, l.Body) {
		return line{}
	}
	return l
}

// addObject adds what was read from the store. The ages of its entries are those by the clock of the store.
func (j *Journal) addObject(o providers.Object, number uint64) read {
	at := o.Modified
	if !o.Asked.IsZero() && !o.Modified.IsZero() {
		at = j.clock.Now().Add(-max(0, o.Asked.Sub(o.Modified)))
	}
	r := read{Number: number, At: at, Object: string(o.Data)}
	j.addRead(r)
	return r
}

// addRead adds one object of the chain, and records where the chain is broken.
func (j *Journal) addRead(r read) {
	b := &j.replay
	l := parseObject([]byte(r.Object))
	switch {
	case l.Hash == "" || l.Seq != r.Number:
		j.addDamage(r.Number)
		b.gap = gap{why: fmt.Sprintf("object %d of the team's journal is not what was written", r.Number), end: r.At}
		b.seq, b.head = r.Number, "?"
		return
	case b.head != "?" && b.seq > 0 && l.Prev != b.head:
		j.addProblem("the chain of the team's journal is broken before object %d: it was replaced, or what stands before it", r.Number)
		b.gap = gap{why: fmt.Sprintf("the chain of the team's journal is broken before object %d", r.Number)}
	}
	b.gap.endAt(r.At)
	b.seq, b.head = l.Seq, l.Hash
	if l.Seq == 1 {
		b.first = l.Hash
	}
	var c body
	if err := json.Unmarshal(l.Body, &c); err != nil || c.Batch == nil || c.Batch.Format > teamFormat {
		j.team.newer = &providers.Error{
			Kind: providers.KindInvalid, Source: "team store " + j.team.store.Name(), Op: "read object " + strconv.FormatUint(r.Number, 10),
			Err: errors.New("it was written by a later release in a form that this one does not know: install that release; until then nothing is changed from here"),
		}
		return
	}
	j.addBatch(c.Batch, r.At)
	if p := j.team.proofs; p != nil {
		var raw struct {
			Batch json.RawMessage `json:"batch"`
		}
		_ = json.Unmarshal(l.Body, &raw) // it was read just now
		p.check(j, r.Number, c.Batch, raw.Batch, r.At)
	}
}

// addBatch adds the content of an object that the store got at a time.
func (j *Journal) addBatch(c *batch, at time.Time) {
	b := &j.replay
	if b.batches == nil {
		b.batches = map[string]string{}
	}
	b.batches[c.ID] = ""
	if c.Carried {
		j.carryIn(c)
		return
	}
	for i := range c.Entries {
		e := c.Entries[i]
		e.Stored = at
		if i == 0 {
			b.batches[c.ID] = e.ID
		}
		b.addEntry(e)
	}
	for i := range c.Outcomes {
		if !b.addOutcome(&c.Outcomes[i]) {
			j.addProblem("object %d of the team's journal ends entry %s, which the journal does not have", b.seq, c.Outcomes[i].ID)
		} else if j.team.changed != nil {
			j.noteChanged(&b.entries[b.at[c.Outcomes[i].ID]], at)
		}
	}
}

// carryIn puts entries from before there was a team among the others by their time, and leaves the order of either.
func (j *Journal) carryIn(c *batch) {
	b := &j.replay
	was := b.entries
	b.entries, b.at = make([]Entry, 0, len(was)+len(c.Entries)), map[string]int{}
	for i, k := 0, 0; i < len(was) || k < len(c.Entries); {
		if k == len(c.Entries) || i < len(was) && !was[i].Time.After(c.Entries[k].Time) {
			b.addEntry(was[i])
			i++
		} else {
			b.addEntry(c.Entries[k])
			k++
		}
	}
}

// numbered returns a batch with the ids that its entries get at the present end of the chain.
func (j *Journal) numbered(c batch) batch {
	entries := make([]Entry, len(c.Entries))
	local := map[string]string{}
	for i, e := range c.Entries {
		e.ID = strconv.FormatUint(j.replay.lastID+uint64(i)+1, 10)
		if e.Local != "" {
			local[e.Local] = e.ID
		}
		was := e.Undoes
		if at, ok := j.replay.at[was]; ok {
			e.Undoes = j.replay.entries[at].ID
		}
		if e.Undoes = cmp.Or(local[e.Undoes], e.Undoes); e.Undoes != was {
			e.UndoesLocal = was
		}
		e.Time = e.Time.UTC()
		entries[i] = e
	}
	c.Entries = entries
	return c
}

// encode returns a batch as the next object of the chain.
func (j *Journal) encode(c *batch) ([]byte, error) {
	text, err := c.encoded()
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	raw := slices.Concat([]byte(`{"batch":`), text, []byte{'}'})
	prev := j.replay.head
	if prev == "?" {
		prev = strings.Repeat("0", 64) // the hash of the object before is not known
	}
	l := line{Seq: j.replay.seq + 1, Prev: prev, Body: raw}
	l.Hash = hashOf(l.Seq, l.Prev, raw)
	data, err := json.Marshal(l)
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	return data, nil
}

// readMirror reads the mirror. Its end may be cut off: what is lost is read from the store again.
func (j *Journal) readMirror() error {
	return j.withMirror(func(rest []byte) error {
		for len(rest) > 0 {
			text, more, ok := bytes.Cut(rest, []byte{'\n'})
			var r read
			if !ok || json.Unmarshal(text, &r) != nil || r.Number <= j.replay.seq {
				if j.team.damaged = len(more) > 0; j.team.damaged {
					return nil // more than the end of a write that was cut off
				}
				if err := j.file.Truncate(j.team.mirror); err != nil {
					return fmt.Errorf("journal: cut %s off: %w", j.path, err)
				}
				return nil
			}
			if r.Number > j.replay.seq+1 {
				j.replay.head = "?"
				j.team.damaged = true
			}
			j.addRead(r)
			j.team.mirror += int64(len(text)) + 1
			j.team.inFile = r.Number
			rest = more
		}
		if len(j.replay.problems) > 0 {
			j.team.damaged = true
		}
		return nil
	})
}

// extendMirror appends objects, except those that another process of this machine has appended.
func (j *Journal) extendMirror(got []read) error {
	if j.file == nil && j.team.seen != nil {
		*j.team.seen = append(*j.team.seen, got...)
	}
	if len(got) == 0 || j.file == nil {
		return nil
	}
	return j.withMirror(func(rest []byte) error {
		for line := range bytes.Lines(rest) {
			var r read
			if json.Unmarshal(line, &r) == nil {
				j.team.inFile = max(j.team.inFile, r.Number)
			}
		}
		j.team.mirror += int64(len(rest))
		var text bytes.Buffer
		for _, r := range got {
			if r.Number <= j.team.inFile {
				continue
			}
			line, err := json.Marshal(r)
			if err != nil {
				return fmt.Errorf("journal: %w", err)
			}
			text.Write(line)
			text.WriteByte('\n')
			j.team.inFile = r.Number
		}
		n, err := j.file.Write(text.Bytes())
		j.team.mirror += int64(n)
		if err != nil {
			return fmt.Errorf("journal: write %s: %w", j.path, err)
		}
		return nil
	})
}

// withMirror calls f with what the mirror has beyond what was read, while no other process writes to it.
func (j *Journal) withMirror(f func(rest []byte) error) error {
	return j.withLock(func() error {
		info, err := j.file.Stat()
		if err != nil {
			return err
		}
		rest := make([]byte, max(0, info.Size()-j.team.mirror))
		if len(rest) > 0 {
			if _, err := j.file.ReadAt(rest, j.team.mirror); err != nil {
				return err
			}
		}
		return f(rest)
	})
}

// withLock calls f while no other process of this machine writes to the mirror or makes an outbox.
func (j *Journal) withLock(f func() error) error {
	if err := waitFor(j.stop, j.lock, tryLockFile); err != nil {
		return err
	}
	nameHolder(j.lock.Name())
	err := f()
	if unlockErr := unlockFile(j.lock); err == nil {
		err = unlockErr
	}
	return err
}

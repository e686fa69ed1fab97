package journal

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"rollcall/providers/textfile"
)

// line is one line of the file. Hash covers Seq, Prev and Body, so that a changed, removed or moved line breaks the
// chain.
type line struct {
	Seq  uint64          `json:"seq"`
	Prev string          `json:"prev"`
	Hash string          `json:"hash"`
	Body json.RawMessage `json:"body"`
}

// body is the content of a line: a new entry, or the outcome of one.
type body struct {
	Entry   *Entry   `json:"entry,omitempty"`
	Outcome *Outcome `json:"outcome,omitempty"`

	Batch *batch `json:"batch,omitempty"` // of an object of a team's journal
}

// inUTC returns b with its time as written to the file.
func (b body) inUTC() body {
	if b.Entry != nil {
		e := *b.Entry
		e.Time = e.Time.UTC()
		b.Entry = &e
	}
	if b.Outcome != nil {
		o := *b.Outcome
		o.Time = o.Time.UTC()
		b.Outcome = &o
	}
	return b
}

func hashOf(seq uint64, prev string, raw []byte) string {
	h := sha256.New()
	h.Write(strconv.AppendUint(nil, seq, 10))
	h.Write([]byte{'\n'})
	h.Write([]byte(prev))
	h.Write([]byte{'\n'})
	h.Write(raw)
	return hex.EncodeToString(h.Sum(nil))
}

// replay is the content of a file as read so far.
type replay struct {
	size     int64 // bytes read
	lines    int
	seq      uint64 // of the last line
	head     string // hash of the last line
	first    string // of a team: hash of object 1
	lastID   uint64
	batches  map[string]string // of a team: batch -> id of its first entry
	entries  []Entry
	at       map[string]int // entry id -> index in entries
	problems []Problem
	gap      gap // the last one
}

// readLines reads more lines and returns the rest after the last line that is whole and matches its own hash. It reads
// the lines before that, and records where their chain is broken.
func (b *replay) readLines(data []byte) (bad []byte) {
	type parsed struct {
		l   line
		end int
		ok  bool
	}
	var all []parsed
	good := 0 // number of lines before the rest
	end := 0
	for end < len(data) {
		n := bytes.IndexByte(data[end:], '\n')
		if n < 0 {
			break
		}
		p := parsed{end: end + n + 1}
		err := textfile.CheckJSON(data[end : end+n])
		if err == nil {
			err = json.Unmarshal(data[end:end+n], &p.l)
		}
		p.ok = err == nil && p.l.Hash == hashOf(p.l.Seq, p.l.Prev, p.l.Body)
		end = p.end
		all = append(all, p)
		if p.ok {
			good = len(all)
		}
	}
	from := 0
	for _, p := range all[:good] {
		b.lines++
		from = p.end
		if !p.ok {
			b.problems = append(b.problems, Problem{Line: b.lines, Why: "this line is not what was written: its hash does not match"})
			b.gap = gap{why: "a line is not what was written"}
			b.seq++
			b.head = "?"
			continue
		}
		if b.head != "?" && p.l.Prev != b.head || p.l.Seq != b.seq+1 {
			b.problems = append(b.problems, Problem{Line: b.lines, Why: fmt.Sprintf("the chain is broken before this line: lines were changed, left out or moved (number %d follows number %d)", p.l.Seq, b.seq)})
			b.gap = gap{why: "lines were changed, left out or moved"}
		}
		b.seq, b.head = p.l.Seq, p.l.Hash
		b.addLine(p.l.Body)
	}
	b.size += int64(from)
	return data[from:]
}

// addLine adds the content of one line.
func (b *replay) addLine(raw json.RawMessage) {
	var l body
	if err := json.Unmarshal(raw, &l); err != nil {
		b.problems = append(b.problems, Problem{Line: b.lines, Why: "this line is of a kind that this rollcall does not know"})
		return
	}
	b.gap.endAt(l.time())
	switch {
	case l.Entry != nil:
		b.addEntry(*l.Entry)
	case l.Outcome != nil:
		if !b.addOutcome(l.Outcome) {
			b.problems = append(b.problems, Problem{Line: b.lines, Why: "this line ends entry " + l.Outcome.ID + ", which the journal does not have"})
		}
	}
}

func (b *replay) addEntry(e Entry) {
	if b.at == nil {
		b.at = map[string]int{}
	}
	b.at[e.ID] = len(b.entries)
	if e.Local != "" {
		b.at[e.Local] = len(b.entries)
	}
	b.entries = append(b.entries, e)
	if id, err := strconv.ParseUint(e.ID, 10, 64); err == nil {
		b.lastID = max(b.lastID, id)
	}
}

// addOutcome reports whether the journal has the entry that an outcome ends.
func (b *replay) addOutcome(o *Outcome) bool {
	i, ok := b.at[o.ID]
	if !ok {
		return false
	}
	// Entries were handed out and must not be modified, so a copy replaces the old one.
	e := b.entries[i]
	if o.LookedUp && !e.open() {
		return true // another process looked it up too, and was first
	}
	if e.PutBack != nil && o.State == Done && o.PutBack == nil {
		return true // an earlier release looked up the change but knew nothing of putting back, which is still due
	}
	e.State, e.Ended, e.Result, e.Already, e.Ticket, e.Error, e.Note, e.LookedUp = o.State, o.Time, o.Result, o.Already, o.Ticket, o.Error, o.Note, o.LookedUp
	if e.State == Begun {
		e.Ended = time.Time{} // the line only says what has to be put back
	}
	if o.PutBack != nil {
		e.PutBack = o.PutBack
	}
	if o.Instance != nil {
		e.Instance = o.Instance
	}
	b.entries[i] = e
	return true
}

// keepTime keeps the monotonic reading of the time of a line that this process wrote, which is not in the file, so that
// the age of the entry does not change when the wall clock is set.
func (b *replay) keepTime(l body) {
	if l.Entry != nil {
		b.entries[b.at[l.Entry.ID]].Time = l.Entry.Time
	}
	if l.Outcome != nil {
		if i, ok := b.at[l.Outcome.ID]; ok && b.entries[i].Ended.Equal(l.Outcome.Time) {
			b.entries[i].Ended = l.Outcome.Time
		}
	}
}

// append writes lines in one write and waits until they are on disk. If that fails, it removes what was written, so
// that the replay stays correct.
func (j *Journal) append(bodies []body) error {
	var buf bytes.Buffer
	seq, prev := j.replay.seq, j.replay.head
	if prev == "?" {
		prev = strings.Repeat("0", 64) // the hash of the line before is not known
	}
	for _, v := range bodies {
		raw, err := json.Marshal(v.inUTC())
		if err != nil {
			return fmt.Errorf("journal: %w", err)
		}
		seq++
		l := line{Seq: seq, Prev: prev, Hash: hashOf(seq, prev, raw), Body: raw}
		prev = l.Hash
		text, err := json.Marshal(l)
		if err != nil {
			return fmt.Errorf("journal: %w", err)
		}
		buf.Write(text)
		buf.WriteByte('\n')
	}
	if _, err := j.file.Write(buf.Bytes()); err != nil {
		return errors.Join(fmt.Errorf("journal: write %s: %w", j.path, err), j.file.Truncate(j.replay.size))
	}
	if err := j.file.Sync(); err != nil {
		return errors.Join(fmt.Errorf("journal: write %s to disk: %w", j.path, err), j.file.Truncate(j.replay.size))
	}
	if bad := j.replay.readLines(buf.Bytes()); len(bad) > 0 {
		return fmt.Errorf("journal: %s: what was written cannot be read back", j.path)
	}
	for _, v := range bodies {
		j.replay.keepTime(v)
	}
	return j.writeHead()
}

// writeHead stores the number and hash of the last line beside the journal, so that a journal cut off at the end of a
// line is noticed.
func (j *Journal) writeHead() error {
	text := fmt.Sprintf("%d %s\n", j.replay.seq, j.replay.head)
	if _, err := j.lock.WriteAt([]byte(text), 0); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	if err := j.lock.Truncate(int64(len(text))); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	return nil
}

// checkHead compares the end of the journal with the note beside it. The note is written last, so a crash leaves it
// behind the journal, never ahead of it.
func (b *replay) checkHead(note *os.File) {
	data, err := io.ReadAll(io.NewSectionReader(note, 0, 256))
	if err != nil {
		return
	}
	num, _, ok := strings.Cut(strings.TrimSpace(string(data)), " ")
	seq, err := strconv.ParseUint(num, 10, 64)
	if !ok || err != nil || seq <= b.seq {
		return
	}
	why := fmt.Sprintf("the journal ends at number %d, but number %d was written: entries were cut off", b.seq, seq)
	b.problems = append(b.problems, Problem{Why: why})
	b.gap = gap{why: why}
	if info, err := note.Stat(); err == nil {
		b.gap.endAt(info.ModTime()) // the note was written with the last line
	}
	b.seq, b.lastID = seq, max(b.lastID, seq) // numbers are not reused; a line holds at most one entry
	b.head = "?"
}

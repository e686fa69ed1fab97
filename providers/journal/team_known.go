package journal

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"time"

	"rollcall/providers"
)

// compareEvery is how often an open journal compares what it has read with what the store still has.
const compareEvery = time.Minute

// isCompared reports whether the store had, a short while ago, the chain that this machine has read.
func (j *Journal) isCompared() bool {
	t := j.team
	return t.listed && t.lost == nil && j.clock.Now().Sub(t.comparedAt).Abs() < compareEvery
}

// compareKnown sets lost if the store does not have the chain that this machine has read.
func (j *Journal) compareKnown(stop <-chan struct{}) error {
	lost, damaged, err := j.lostChain(stop)
	if err == nil && lost == nil {
		lost, err = j.identify(stop, false)
	}
	if err == nil && lost == nil && j.team.damaged {
		damaged, err = false, j.rereadDamaged(stop)
	}
	if err != nil {
		return err
	}
	if damaged {
		j.addDamage(j.replay.seq)
		j.replay.head = "?"
	}
	j.team.lost, j.team.comparedAt = lost, j.clock.Now()
	return nil
}

// lostChain returns as lost why the store does not have the chain that this machine has read, or nil. damaged means that
// the last object of it is there and cannot be read.
func (j *Journal) lostChain(stop <-chan struct{}) (lost error, damaged bool, err error) {
	b := &j.replay
	if b.seq == 0 {
		return nil, false, nil
	}
	hash, there, err := j.hashAt(stop, b.seq)
	switch {
	case err != nil:
		return nil, false, err
	case there && hash == "":
		return nil, b.head != "?", nil
	case there && hash == b.head:
		return nil, false, nil
	}
	first, begun, err := j.hashAt(stop, 1)
	if err != nil {
		return nil, false, err
	}
	if there && b.head == "?" && (first == b.first || first == "" || b.first == "") {
		return nil, false, nil
	}
	var what string
	switch {
	case !begun:
		what = fmt.Sprintf("it has no object 1, and this machine has read %s of the journal there", providers.CountOf(int(b.seq), "object")) //nolint:gosec // a count
	case b.first != "" && first != "" && first != b.first:
		what = "it has another journal than the one that this machine has read there"
	case !there:
		what = fmt.Sprintf("it lacks object %d, which this machine has read: the newest objects were removed", b.seq)
	default:
		what = fmt.Sprintf("object %d is not the one that this machine has read: it was replaced", b.seq)
	}
	return j.otherChain("compare object "+strconv.FormatUint(b.seq, 10), what), false, nil
}

// Compare returns as refused, of kind providers.KindUnreachable, why a store is not the one that this machine knows, or does
// not have the chain of its mirror: a *LostError. With write it writes an id into a store that has none. It reads two objects, and
// of the mirror its ends.
func Compare(ctx context.Context, o TeamOptions, write bool) (refused, err error) {
	f, err := readStoreFile(o.Path)
	if err != nil {
		return nil, err
	}
	j := &Journal{path: o.Path, clock: o.Clock, team: &team{store: o.Store, id: f.ID}}
	if err := j.readEnds(); err != nil {
		return nil, err
	}
	lost, _, err := j.lostChain(ctx.Done())
	if err == nil && lost == nil {
		lost, err = j.identify(ctx.Done(), write)
	}
	if why, ok := errors.AsType[*providers.Error](lost); ok {
		return &providers.Error{Kind: providers.KindUnreachable, Source: why.Source, Op: why.Op, Err: &LostError{why.Err}}, nil
	}
	return nil, err
}

// readEnds reads of the mirror what comparing it takes. Ends that are damaged are not compared.
func (j *Journal) readEnds() error {
	f, err := os.Open(j.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	defer func() { _ = f.Close() }() // it was only read
	first, err := bufio.NewReader(f).ReadBytes('\n')
	if errors.Is(err, io.EOF) {
		return nil // it is empty, or its only line is being written
	}
	var last []byte
	if err == nil {
		last, err = lastLine(f)
	}
	if err != nil {
		return fmt.Errorf("journal: read %s: %w", j.path, err)
	}
	var r read
	if json.Unmarshal(first, &r) == nil && r.Number == 1 {
		j.replay.first = parseObject([]byte(r.Object)).Hash
	}
	if r = (read{}); json.Unmarshal(last, &r) == nil {
		j.replay.seq, j.replay.head = r.Number, cmp.Or(parseObject([]byte(r.Object)).Hash, "?")
	}
	return nil
}

// lastLine returns the last whole line of a file that has one.
func lastLine(f *os.File) ([]byte, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	for part := int64(64 << 10); ; part *= 8 {
		part = min(part, info.Size())
		text := make([]byte, part)
		if _, err := f.ReadAt(text, info.Size()-part); err != nil {
			return nil, err
		}
		text = text[:bytes.LastIndexByte(text, '\n')+1]
		if begin := bytes.LastIndexByte(bytes.TrimSuffix(text, []byte{'\n'}), '\n') + 1; begin > 0 || part == info.Size() {
			return text[begin:], nil
		}
	}
}

// hashAt returns the hash of an object in the store, which is empty if the object is damaged.
func (j *Journal) hashAt(stop <-chan struct{}, number uint64) (hash string, there bool, err error) {
	o, err := j.get(stop, objectKey(number))
	if providers.KindOf(err) == providers.KindNotFound {
		return "", false, nil
	}
	return parseObject(o.Data).Hash, err == nil, err
}

func (j *Journal) addDamage(number uint64) {
	j.addProblem("object %d of the team's journal is not what was written: its hash does not match", number)
}

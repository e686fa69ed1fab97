package journal

import (
	"fmt"
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

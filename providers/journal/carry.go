package journal

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
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
	var late []Entry
	for _, e := range entries {
		e.Local, e.ID, e.Writer = origin+"-"+e.ID, "", ""
		if e.Undoes != "" {
			e.Undoes = origin + "-" + e.Undoes
		}
		if _, there := j.replay.at[e.Local]; !there {
			late = append(late, e)
		}
	}
	for len(late) > 0 {
		some := late[:min(carryAtOnce, len(late))]
		c := batch{Format: teamFormat, ID: newBatchID(), Carried: true, Entries: some}
		if err := j.keep(c); err != nil {
			return n, err
		}
		if _, err := j.send(j.stop, c, nil); err != nil {
			return n, errors.Join(err, j.drop(c.ID))
		}
		n += len(some)
		late = late[len(some):]
	}
	return n, nil
}

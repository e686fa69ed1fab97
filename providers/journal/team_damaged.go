package journal

import (
	"errors"
	"fmt"
	"os"
)

// rereadDamaged reads the whole chain from the store again if the mirror is not what was written. If the store's chain is
// whole, the mirror was damaged: it is set aside, and a new one is begun. Otherwise the store is damaged too, and what it
// has holds.
func (j *Journal) rereadDamaged(stop <-chan struct{}) error {
	var objects []read
	now := &Journal{clock: j.clock, stop: stop, team: &team{store: j.team.store, id: j.team.id, seen: &objects}}
	if err := now.readChain(stop); err != nil {
		return err
	}
	if now.team.lost != nil || now.replay.seq < j.replay.seq {
		return nil // compareKnown says so
	}
	if len(now.replay.problems) == 0 && now.team.newer == nil {
		if err := j.renewMirror(objects); err != nil {
			return err
		}
	}
	j.replay, j.team.newer, j.team.damaged = now.replay, now.team.newer, false
	return nil
}

// renewMirror sets the mirror aside and begins one with the objects that were read. Other processes that have it open go on
// with the old file.
func (j *Journal) renewMirror(objects []read) error {
	aside := fmt.Sprintf("%s.damaged-%s", j.path, j.clock.Now().UTC().Format("20060102T150405.000"))
	var file *os.File
	err := j.withLock(func() (err error) {
		if err = os.Rename(j.path, aside); err == nil {
			file, err = openOwn(j.path, os.O_RDWR|os.O_CREATE|os.O_APPEND)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("journal: set the damaged %s aside: %w", j.path, err)
	}
	err = j.file.Close()
	j.file, j.team.mirror, j.team.inFile = file, 0, 0
	j.addNotice("%s, what this machine had read of the team's journal, was damaged: it was read again from the store, whose chain is whole, and the damaged file is %s now", j.path, aside)
	return errors.Join(err, j.extendMirror(objects))
}

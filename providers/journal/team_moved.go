package journal

import (
	"errors"
	"os"
	"path/filepath"

	"rollcall/providers"
)

// reopenMoved opens the mirror at its path anew if another process has put the one that is open away. An error is of kind
// providers.KindInvalid.
func (j *Journal) reopenMoved() error {
	t := j.team
	if j.file == nil || isAt(j.file, j.path) && isAt(j.lock, j.path+".lock") {
		return nil
	}
	if j.alive != nil && !isAt(j.alive, j.alive.Name()) { // what it has begun stands there
		return movedError(errors.New("restart this rollcall: its copy of the team's journal was set aside"))
	}
	if err := os.MkdirAll(filepath.Dir(j.path), 0o700); err != nil {
		return movedError(err)
	}
	file, err := openOwn(j.path, os.O_RDWR|os.O_CREATE|os.O_APPEND)
	if err != nil {
		return movedError(err)
	}
	lock, err := openOwn(j.path+".lock", os.O_RDWR|os.O_CREATE)
	if err != nil {
		return movedError(errors.Join(err, file.Close()))
	}
	err = errors.Join(j.file.Close(), j.lock.Close())
	j.file, j.lock, j.replay = file, lock, replay{}
	t.listed, t.identified, t.damaged, t.lost, t.newer, t.mirror, t.inFile = false, false, false, nil, nil, 0, 0
	if err = errors.Join(err, j.openMirror()); err != nil {
		return movedError(err)
	}
	return nil
}

func movedError(err error) error {
	return &providers.Error{Kind: providers.KindInvalid, Source: "journal", Op: "open its copy again", Err: err}
}

// isAt reports whether an open file is the one at a path.
func isAt(f *os.File, path string) bool {
	is, err := f.Stat()
	if err != nil {
		return false
	}
	at, err := os.Stat(path)
	return err == nil && os.SameFile(is, at)
}

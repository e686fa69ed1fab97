package app

import (
	"bytes"
	"errors"
	"testing"
)

// full is a disk with room for so many bytes.
type full struct {
	bytes.Buffer
	room int
}

func (f *full) Write(p []byte) (int, error) {
	n := min(len(p), f.room)
	f.room -= n
	_, _ = f.Buffer.Write(p[:n])
	if n < len(p) {
		return n, errors.New("no space left on device")
	}
	return n, nil
}

func TestALogFileOnAFullDiskIsSaidOnceAndGoesOnOnceThereIsRoom(t *testing.T) {
	disk, said := &full{room: 7}, 0
	l := &logFile{file: disk, failed: func(error) { said++ }}
	for range 4 {
		_, _ = l.Write([]byte("line\n"))
	}
	disk.room = 100
	_, _ = l.Write([]byte("whole\n"))
	if got := disk.String(); said != 1 || got != "line\nli\nwhole\n" {
		t.Errorf("said %d times, wrote %q", said, got)
	}
}

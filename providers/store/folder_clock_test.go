package store

import (
	"io/fs"
	"testing"
	"time"
)

// The files of a folder on NFS have the times of its server.
func TestTheClockOfAFolderIsThatOfItsFileSystem(t *testing.T) {
	t.Parallel()
	for _, ahead := range []time.Duration{0, -10 * time.Minute, time.Hour} {
		f := NewFolder(t.TempDir())
		f.modified = func(i fs.FileInfo) time.Time { return i.ModTime().Add(ahead) }
		if _, err := f.PutIfAbsent(t.Context(), "writers/w1", []byte("x")); err != nil {
			t.Fatal(err)
		}
		o, err := f.Get(t.Context(), "writers/w1")
		if age := o.Asked.Sub(o.Modified); err != nil || age < -10*time.Second || age > time.Minute {
			t.Errorf("a clock %s ahead: the age is %s, %v", ahead, age, err)
		}
		if keys, err := f.ListAfter(t.Context(), "", "", 10); err != nil || len(keys) != 1 {
			t.Errorf("listed: %v, %v", keys, err)
		}
	}
}

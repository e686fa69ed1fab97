package journal

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"
)

func TestEntriesThatWereLostAreMissingUntilWhatFollowsThemIsOld(t *testing.T) {
	lines := func(data []byte) [][]byte { return bytes.SplitAfter(data, []byte("\n")) }
	for name, lose := range map[string]func(data []byte) []byte{
		"emptied":              func([]byte) []byte { return nil },
		"cut at a line":        func(d []byte) []byte { return bytes.Join(lines(d)[:2], nil) },
		"cut inside a line":    func(d []byte) []byte { return d[:len(d)-20] },
		"a line taken out":     func(d []byte) []byte { return append(bytes.Clone(lines(d)[0]), lines(d)[2]...) },
		"a line flipped":       func(d []byte) []byte { return bytes.Replace(d, []byte("192.0.2.2"), []byte("192.0.2.7"), 1) },
		"the last one flipped": func(d []byte) []byte { return bytes.Replace(d, []byte("192.0.2.3"), []byte("192.0.2.7"), 1) },
		"removed":              nil,
	} {
		path := file(t)
		j := open(t, path)
		begin(t, j, 1, 2, 3)
		if err := j.Missing(time.Time{}); err != nil {
			t.Fatalf("%s: a whole one: %v", name, err)
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if lose == nil {
			err = os.Remove(path)
		} else {
			err = os.WriteFile(path, lose(data), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path+".lock", at, at); err != nil {
			t.Fatal(err)
		}
		start := at.Add(-10 * time.Minute)
		for _, when := range []string{"at once", "once more"} {
			j = open(t, path)
			if err := j.Missing(start); err == nil {
				t.Errorf("%s, %s: nothing is missing", name, when)
			}
			if err := j.Missing(at.Add(time.Second)); err != nil {
				t.Errorf("%s, %s: since a time after all lines: %v", name, when, err)
			}
			if err := j.Close(); err != nil {
				t.Fatal(err)
			}
		}
		// The entry that follows does not hide the gap.
		j = open(t, path)
		begin(t, j, 4)
		if err := j.Missing(start); err == nil {
			t.Errorf("%s: nothing is missing after the next entry", name)
		}
		if err := open(t, path).Missing(start); err == nil || !strings.Contains(err.Error(), "line") {
			t.Errorf("%s: read anew after the next entry: %v", name, err)
		}
	}
}

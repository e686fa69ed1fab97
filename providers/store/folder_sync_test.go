package store

import (
	"io/fs"
	"os"
	"syscall"
	"testing"

	"rollcall/providers"
)

func TestAWriteThatHasItsNameIsNotSaidToBeNotMadeBecauseOfTheSyncOfItsFolder(t *testing.T) {
	for errno, want := range map[syscall.Errno]providers.Kind{
		syscall.EINVAL: "", syscall.ENOTSUP: "", // the file system has no such sync
		syscall.EIO: providers.KindUncertain, syscall.ENOENT: providers.KindUncertain, syscall.EACCES: providers.KindUncertain,
	} {
		f := NewFolder(t.TempDir())
		version, err := f.PutIfAbsent(t.Context(), "journal/0", []byte("first"))
		if err != nil {
			t.Fatal(err)
		}
		f.sync = func(path string) error { return &fs.PathError{Op: "sync", Path: path, Err: errno} }
		if _, err := f.PutIfAbsent(t.Context(), "journal/1", []byte("x")); providers.KindOf(err) != want {
			t.Errorf("create, %v: %v, want kind %q", errno, err, want)
		}
		if _, err := f.PutIfMatch(t.Context(), "journal/0", []byte("second"), version); providers.KindOf(err) != want {
			t.Errorf("replace, %v: %v, want kind %q", errno, err, want)
		}
		for key, text := range map[string]string{"journal/0": "second", "journal/1": "x"} {
			if o, err := f.Get(t.Context(), key); err != nil || string(o.Data) != text {
				t.Errorf("%s after %v: %q, %v", key, errno, o.Data, err)
			}
		}
	}
}

func TestALinkThatWasSentAgainIsTheOwnObject(t *testing.T) {
	f := NewFolder(t.TempDir())
	f.link = func(old, name string) error {
		_ = os.Link(old, name)
		return os.Link(old, name)
	}
	if _, err := f.PutIfAbsent(t.Context(), "journal/1", []byte("x")); err != nil {
		t.Errorf("the own object: %v", err)
	}
	if _, err := f.PutIfAbsent(t.Context(), "journal/1", []byte("x")); providers.KindOf(err) != providers.KindConflict {
		t.Errorf("the object of another: %v", err)
	}
}

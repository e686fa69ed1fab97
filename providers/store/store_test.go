package store

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"rollcall/providers"
	"rollcall/providers/providertest"
)

func TestAFolderIsAStore(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	providertest.CheckStore(t, func(t *testing.T) providers.Store {
		f, err := OpenFolder(root)
		if err != nil {
			t.Fatal(err)
		}
		return Checked(f)
	})
}

func TestTheStoreOfTestsIsAStore(t *testing.T) {
	t.Parallel()
	s := providertest.NewStore(providers.Clock{})
	providertest.CheckStore(t, func(*testing.T) providers.Store { return s })
}

func TestAFolderThatIsNotThereIsNoEmptyStore(t *testing.T) {
	t.Parallel()
	root := filepath.Join(t.TempDir(), "mounted")
	if _, err := OpenFolder(root); providers.KindOf(err) != providers.KindInvalid || !strings.Contains(err.Error(), root) {
		t.Errorf("opened a folder that is not there: %v", err)
	}
	if err := os.Mkdir(root, 0o700); err != nil {
		t.Fatal(err)
	}
	f, err := OpenFolder(root)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(root); err != nil { // it is unmounted
		t.Fatal(err)
	}
	if _, err := f.Get(t.Context(), "journal/1"); providers.KindOf(err) != providers.KindUnreachable {
		t.Errorf("read: %v", err)
	}
	if _, err := f.PutIfAbsent(t.Context(), "journal/1", []byte("x")); providers.KindOf(err) != providers.KindUnreachable {
		t.Errorf("create: %v", err)
	}
	if _, err := os.Stat(root); err == nil {
		t.Error("the folder was made again")
	}
}

// lax is a store whose writes do not keep what they should.
type lax struct {
	providers.Store
	ignores  func(op string) bool
	inverted bool
	writes   atomic.Int32
}

func (l *lax) PutIfAbsent(ctx context.Context, key string, data []byte) (string, error) {
	l.writes.Add(1)
	switch {
	case l.inverted:
		return "", &providers.Error{Kind: providers.KindConflict}
	case l.ignores("create"):
		_ = l.Delete(ctx, key)
	}
	return l.Store.PutIfAbsent(ctx, key, data)
}

func (l *lax) PutIfMatch(ctx context.Context, key string, data []byte, version string) (string, error) {
	l.writes.Add(1)
	if l.ignores("replace") {
		_ = l.Delete(ctx, key)
		return l.Store.PutIfAbsent(ctx, key, data)
	}
	return l.Store.PutIfMatch(ctx, key, data, version)
}

func TestAStoreThatIgnoresOrInvertsAConditionIsRefusedAtTheFirstWrite(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		says     string
		ignores  string
		inverted bool
		want     string
	}{
		{"ignores If-None-Match", "create", false, "with If-None-Match at once"},
		{"ignores If-Match", "replace", false, "with If-Match at once"},
		{"inverts If-None-Match", "", true, "of 4 writers with If-None-Match none could write"},
	} {
		t.Run(c.says, func(t *testing.T) {
			t.Parallel()
			under := &lax{Store: providertest.NewStore(providers.Clock{}), ignores: func(op string) bool { return op == c.ignores }, inverted: c.inverted}
			s := Checked(under)
			for range 3 {
				_, err := s.PutIfAbsent(t.Context(), "journal/1", []byte("x"))
				if providers.KindOf(err) != providers.KindInvalid || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
					t.Fatalf("put: %v", err)
				}
			}
			if n := under.writes.Load(); n > 2*triers {
				t.Errorf("%d writes: it was tried more than once", n)
			}
			if _, err := s.Get(t.Context(), "journal/1"); providers.KindOf(err) != providers.KindNotFound {
				t.Errorf("what was refused is there: %v", err)
			}
		})
	}
}

func TestAStoreThatIsAwayIsTriedAgain(t *testing.T) {
	t.Parallel()
	under := providertest.NewStore(providers.Clock{})
	s := Checked(under)
	under.Fail(func(providertest.StoreCall) providertest.StoreFault {
		return providertest.StoreFault{Before: providertest.Away()}
	})
	if _, err := s.PutIfAbsent(t.Context(), "a", nil); providers.KindOf(err) != providers.KindUnreachable {
		t.Fatalf("put: %v", err)
	}
	under.Fail(nil)
	if _, err := s.PutIfAbsent(t.Context(), "a", nil); err != nil {
		t.Fatal(err)
	}
	if keys := under.Keys(); len(keys) != 1 {
		t.Errorf("the trial left %v", keys)
	}
}

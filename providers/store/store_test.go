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
		return Checked(Opened(root, func() (providers.Store, error) { return NewFolder(root), nil }))
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
	f := NewFolder(root)
	away := func(what string, err error) {
		t.Helper()
		if providers.KindOf(err) != providers.KindUnreachable || !strings.Contains(err.Error(), root) {
			t.Errorf("%s: %v", what, err)
		}
	}
	_, err := f.Get(t.Context(), "journal/1")
	away("read", err)
	_, err = f.PutIfAbsent(t.Context(), "journal/1", []byte("x"))
	away("create", err)
	_, err = f.ListAfter(t.Context(), "journal/", "", 10)
	away("list", err)
	if _, err := os.Stat(root); err == nil {
		t.Error("the folder was made")
	}
	if err := os.Mkdir(root, 0o700); err != nil { // it is mounted
		t.Fatal(err)
	}
	if _, err = f.PutIfAbsent(t.Context(), "journal/1", []byte("x")); err != nil {
		t.Error(err)
	}
}

func TestAStoreThatCannotBeSetUpIsTriedAgain(t *testing.T) {
	t.Parallel()
	ready := false
	s := Opened("s3://team", func() (providers.Store, error) {
		if !ready {
			return nil, providertest.Away()
		}
		return providertest.NewStore(providers.Clock{}), nil
	})
	if _, err := s.Get(t.Context(), "a"); providers.KindOf(err) != providers.KindUnreachable {
		t.Error(err)
	}
	ready = true
	if _, err := s.PutIfAbsent(t.Context(), "a", nil); err != nil {
		t.Error(err)
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

package s3

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"

	"rollcall/providers"
	"rollcall/providers/providertest"
	"rollcall/providers/store"
)

func TestABucketIsAStore(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		start  func(*testing.T) string
		client *http.Client
	}{
		{"moto", startMoto, &http.Client{Transport: &oneByOne{}}},
		{"versitygw", startVersity, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			url := c.start(t)
			for _, prefix := range []string{"", "ops/rollcall"} {
				t.Run("prefix "+prefix, func(t *testing.T) {
					providertest.CheckStore(t, func(t *testing.T) providers.Store { return store.Checked(newStoreOver(t, url, prefix, c.client)) })
				})
			}
		})
	}
}

func TestAListHasMoreThanOnePageOfKeys(t *testing.T) {
	t.Parallel()
	s := newStore(t, startVersity(t), "ops")
	const n = 1100
	var failed atomic.Int32
	done := make(chan struct{}, 8)
	for w := range cap(done) {
		go func() {
			for i := w; i < n; i += cap(done) {
				if _, err := s.PutIfAbsent(t.Context(), fmt.Sprintf("journal/%06d", i), []byte("x")); err != nil {
					failed.Add(1)
				}
			}
			done <- struct{}{}
		}()
	}
	for range cap(done) {
		<-done
	}
	keys, err := s.ListAfter(t.Context(), "journal/", "journal/000004", 2000)
	if err != nil || failed.Load() > 0 || len(keys) != n-5 || keys[0] != "journal/000005" || keys[len(keys)-1] != "journal/001099" {
		t.Errorf("%d keys, %d writes failed, %v", len(keys), failed.Load(), err)
	}
}

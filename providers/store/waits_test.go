package store

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"rollcall/providers"
)

// hanging is a store that answers after a minute.
type hanging struct{ providers.Store }

func (hanging) Name() string { return "s3://team" }

func (hanging) Get(context.Context, string) (providers.Object, error) {
	time.Sleep(time.Minute)
	return providers.Object{}, providers.Errorf(providers.KindUnreachable, "", "no answer")
}

func (hanging) PutIfAbsent(context.Context, string, []byte) (string, error) {
	time.Sleep(time.Minute)
	return "", providers.Errorf(providers.KindUnreachable, "", "no answer")
}

func (hanging) Delete(context.Context, string) error { return nil }

func TestACallThatWaitsForTheCheckOfAnotherEndsWithItsContext(t *testing.T) {
	for name, s := range map[string]func() providers.Store{
		"the fleet":  func() providers.Store { return OfFleet(hanging{}, "7f3a9c1e") },
		"conditions": func() providers.Store { return Checked(hanging{}) },
	} {
		synctest.Test(t, func(t *testing.T) {
			s := s()
			go func() { _, _ = s.PutIfAbsent(t.Context(), "journal/1", nil) }()
			synctest.Wait()
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			began := time.Now()
			_, err := s.PutIfAbsent(ctx, "journal/2", nil)
			if took := time.Since(began); providers.KindOf(err) != providers.KindUnreachable || took > 10*time.Second {
				t.Errorf("%s: after %s: %v", name, took, err)
			}
			time.Sleep(5 * time.Minute) // the first one ends
		})
	}
}

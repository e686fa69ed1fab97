package store_test

import (
	"strings"
	"testing"

	"rollcall/providers"
	"rollcall/providers/providertest"
	"rollcall/providers/store"
)

func TestAStoreOfAnotherFleetIsRefusedForReadsAndWrites(t *testing.T) {
	t.Parallel()
	s := providertest.NewStore(providers.Clock{})
	ours, others := store.OfFleet(s, "7f3a9c1e"), store.OfFleet(s, "11112222")
	early := store.OfFleet(s, "33334444")
	if _, err := early.Get(t.Context(), "journal/1"); providers.KindOf(err) != providers.KindNotFound {
		t.Errorf("an empty store: %v", err)
	}
	s.Fail(func(c providertest.StoreCall) providertest.StoreFault {
		if c.Op == "create" && c.Key == "fleet/id" {
			return providertest.StoreFault{After: providertest.Lost()}
		}
		return providertest.StoreFault{}
	})
	if _, err := ours.PutIfAbsent(t.Context(), "journal/1", []byte("x")); err != nil {
		t.Fatal(err)
	}
	s.Fail(nil)
	if _, err := store.OfFleet(s, "7f3a9c1e").Get(t.Context(), "journal/1"); err != nil {
		t.Errorf("another member of the fleet: %v", err)
	}
	for name, b := range map[string]providers.Store{"late": others, "early": early} {
		_, getErr := b.Get(t.Context(), "journal/1")
		_, putErr := b.PutIfAbsent(t.Context(), "journal/2", []byte("y"))
		_, listErr := b.ListAfter(t.Context(), "journal/", "", 10)
		_, objectsErr := b.ListObjects(t.Context(), "journal/", 10)
		for _, err := range []error{getErr, putErr, listErr, objectsErr, b.Delete(t.Context(), "journal/1")} {
			if providers.KindOf(err) != providers.KindInvalid || !strings.Contains(err.Error(), `"7f3a9c1e"`) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if keys := s.Keys(); len(keys) != 2 {
		t.Errorf("objects: %v", keys)
	}
}

func TestAStoreWhoseFleetCannotBeReadIsAskedAgain(t *testing.T) {
	t.Parallel()
	s := providertest.NewStore(providers.Clock{})
	a := store.OfFleet(s, "7f3a9c1e")
	s.Fail(func(providertest.StoreCall) providertest.StoreFault {
		return providertest.StoreFault{Before: providertest.Away()}
	})
	if _, err := a.PutIfAbsent(t.Context(), "x/1", nil); providers.KindOf(err) != providers.KindUnreachable {
		t.Errorf("away: %v", err)
	}
	s.Fail(nil)
	if _, err := a.PutIfAbsent(t.Context(), "x/1", nil); err != nil {
		t.Errorf("back: %v", err)
	}
	s.Replace("fleet/id", []byte("<html>"))
	if _, err := store.OfFleet(s, "7f3a9c1e").Get(t.Context(), "x/1"); providers.KindOf(err) != providers.KindInvalid {
		t.Errorf("a damaged object: %v", err)
	}
}

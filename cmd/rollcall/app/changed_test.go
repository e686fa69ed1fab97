package app

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"rollcall/providers"
	"rollcall/providers/journal"
	"rollcall/providers/providertest"
)

// present has sessions take part in their team until the returned function is called.
func present(t *testing.T, all ...*Session) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for _, s := range all {
		s.State, s.Silent = t.TempDir(), true
		wg.Go(func() { s.RunPresence(ctx, func() {}) })
	}
	return func() {
		cancel()
		wg.Wait()
		for _, s := range all {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// stopsOne has a session journal that it has stopped an instance of a cloud.
func stopsOne(t *testing.T, s *Session, key providers.CloudKey) {
	t.Helper()
	j, err := s.OpenJournal()
	if err != nil {
		t.Fatal(err)
	}
	written, err := j.Begin(journal.Entry{Who: "ben@b", Kind: journal.KindPower, Action: "stop", Sentence: "Stop it", Instance: &providers.InstanceRef{Key: key, ID: "i-0001"}})
	if err == nil {
		err = j.End(journal.Outcome{ID: written[0].ID, State: journal.Done})
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestAConsoleReadsSoonWhatAnotherMemberHasChangedAndNotOftenerThanTwiceARefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := providertest.NewStore(providers.Clock{})
		console, own := member(store, 40)
		ben, _ := member(store, 40)
		defer present(t, console, ben)()
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			console.RunFleet(ctx)
			close(ended)
		}()
		defer func() {
			cancel()
			<-ended
		}()
		stopsOne(t, ben, own.Self.Key) // what was changed before is read anyway
		time.Sleep(time.Minute)
		for n := own.Count(); own.Count() == n; { // a regular read
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(16 * time.Second)
		n := own.Count()
		stopsOne(t, ben, own.Self.Key)
		time.Sleep(10600 * time.Millisecond)
		if got := own.Count() - n; got != 1 {
			t.Errorf("within ten seconds of the change the cloud was read %d times", got)
		}
		n = own.Count()
		for range 60 {
			stopsOne(t, ben, own.Self.Key)
			time.Sleep(time.Second)
		}
		if got := own.Count() - n; got < 3 || got > 5 {
			t.Errorf("during a minute of changes the cloud was read %d times", got)
		}
	})
}

func TestAConsoleThatShowsPublishedRowsLeavesItToTheWatchToReadWhatWasChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := startTeam(t, func(*providertest.Store) {})
		time.Sleep(5 * time.Second)
		ben, _ := member(s.store, 40)
		watch, read := member(s.store, 40)
		defer present(t, s.console, ben)()
		watch.State, watch.Silent = t.TempDir(), true
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			watch.Fleet.Run(ctx)
			close(ended)
		}()
		time.Sleep(20 * time.Second)
		n := read.Count()
		watch.ReadChanged()
		stopsOne(t, ben, read.Self.Key)
		watch.ReadChanged()
		time.Sleep(time.Second)
		if got := read.Count() - n; got != 1 {
			t.Errorf("the watch has read the cloud %d times", got)
		}
		time.Sleep(20 * time.Second)
		if n := s.own.Count(); n > 0 {
			t.Errorf("the console has read the cloud %d times", n)
		}
		cancel()
		<-ended
		if err := watch.Close(); err != nil {
			t.Error(err)
		}
	})
}

package app

import (
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"rollcall/cmd/rollcall/config"
	"rollcall/providers"
	"rollcall/providers/journal"
	"rollcall/providers/providertest"
)

func TestAConsoleSeesWhatAnotherMemberChangesWithinTenSecondsAtTwoReadsEach(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := providertest.NewStore(providers.Clock{})
		c := &config.Config{Team: config.Team{Folder: "/team"}, Refresh: 30 * time.Second}
		member := func() *Session {
			a := &Program{}
			a.stores.Store(c.Team.Store()+" "+c.Fleet, func() teamStores { return teamStores{store, store} })
			s := NewSession(a, c, nil, nil)
			s.State, s.Silent = t.TempDir(), true
			t.Cleanup(func() { _ = s.Close() })
			return s
		}
		ana, ben := member(), member()
		ben.State = t.TempDir()
		changes := make(chan time.Time, 100)
		go ana.RunPresence(t.Context(), func() { changes <- time.Now() })
		time.Sleep(66 * time.Second) // right after a whole read; the next is at 95 s
		for len(changes) > 0 {
			<-changes
		}
		var mu sync.Mutex
		calls := map[string]int{}
		store.Fail(func(c providertest.StoreCall) providertest.StoreFault {
			mu.Lock()
			defer mu.Unlock()
			kind, _, _ := strings.Cut(c.Key, "/")
			calls[c.Op+" "+kind]++
			return providertest.StoreFault{}
		})
		time.Sleep(10 * time.Second)
		mu.Lock()
		if calls["get journal"] > 2 || calls["get annotations"] != 1 || len(calls) > 3 { // a minute's comparison may fall into it
			t.Errorf("calls in ten seconds: %v", calls)
		}
		mu.Unlock()
		if len(changes) > 0 {
			t.Error("a console is built again although nothing has changed")
		}
		for what, change := range map[string]func(){
			"an entry": func() {
				j, err := ben.OpenJournal()
				if err == nil {
					_, err = j.Begin(journal.Entry{Who: "ben@b", Kind: journal.KindChange, Sentence: "Take it out"})
				}
				if err != nil {
					t.Error(err)
				}
			},
			"a snooze": func() {
				if err := ben.annotateShared([]annotation{{Subject: "x", Text: "seen", Time: time.Now(), Who: "ben@b"}}); err != nil {
					t.Error(err)
				}
			},
		} {
			for len(changes) > 0 {
				<-changes
			}
			began := time.Now()
			change()
			if at := <-changes; at.Sub(began) > 10*time.Second {
				t.Errorf("%s is seen after %s", what, at.Sub(began))
			}
		}
	})
}

package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"rollcall/cmd/rollcall/config"
	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/providers/fleet"
	"rollcall/providers/providertest"
	"rollcall/providers/reader"
)

// member returns a session of a team over a cloud of n instances, with its own connection to the cloud and to the store.
func member(store *providertest.Store, n int) (*Session, *providertest.Cloud) {
	c := &providertest.Cloud{Self: providers.Cloud{Name: "east", Provider: providers.EC2, Region: "us-east-1", Account: "111"}}
	c.Self.Key = providers.NewCloudKey(providers.EC2, "111", "us-east-1")
	for i := range n {
		c.Rows = append(c.Rows, providers.Instance{Cloud: "east", Key: c.Self.Key, Provider: providers.EC2, ID: fmt.Sprintf("i-%04d", i), State: providers.StateRunning})
	}
	s := &Session{Program: &Program{Err: io.Discard}, Config: &config.Config{Fleet: "7f3a9c1e", Refresh: 30 * time.Second, Team: config.Team{Folder: "/team"}}}
	s.Program.stores.Store(s.Config.Team.Store()+" "+s.Config.Fleet, func() teamStores { return teamStores{store, store} })
	s.Fleet = fleet.New(fleet.Options{FleetID: s.Config.Fleet, Every: s.Config.Refresh, Clouds: []fleet.CloudSource{{Name: "east", Provider: providers.EC2, Region: "us-east-1", Compute: c}}})
	return s, c
}

// teamOfTwo is a watch that publishes 40 instances, of which another one changes every 30 s, and a console.
type teamOfTwo struct {
	store   *providertest.Store
	console *Session
	own     *providertest.Cloud // as the console reads it
}

// startTeam starts a team until the test ends. before is called once the first rows are published.
func startTeam(t *testing.T, before func(*providertest.Store)) *teamOfTwo {
	t.Helper()
	store := providertest.NewStore(providers.Clock{})
	w, cloud := member(store, 40)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{}, 2)
	p := w.NewRowPublisher()
	publish := func() {
		w.Fleet.Refresh(ctx)
		_ = p.Publish(ctx, 1)
	}
	publish()
	before(store)
	go func() {
		for i := 0; ctx.Err() == nil; i++ {
			_ = providers.Clock{}.Sleep(ctx, 30*time.Second)
			cloud.Set(func(c *providertest.Cloud) { c.Rows[i%40].Name = fmt.Sprint("changed ", i) })
			publish()
		}
		ended <- struct{}{}
	}()
	s := &teamOfTwo{store: store}
	s.console, s.own = member(store, 40)
	go func() {
		s.console.RunFleet(ctx)
		ended <- struct{}{}
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
		<-ended
	})
	return s
}

// source returns the row of the cloud as the console shows it.
func (s *teamOfTwo) source() rows.Source {
	return rows.Sources(s.console.Fleet.Snapshot(), time.Now(), time.Minute)[0]
}

// failing returns a fault of the first n reads of objects whose key it is for.
func failing(n int, fails func(key string) bool) func(providertest.StoreCall) providertest.StoreFault {
	return func(c providertest.StoreCall) providertest.StoreFault {
		if c.Op != "get" || n == 0 || !fails(c.Key) {
			return providertest.StoreFault{}
		}
		n--
		return providertest.StoreFault{Before: &providers.Error{Kind: providers.KindUnreachable, Source: "team store", Op: "get " + c.Key, Err: errors.New("503 SlowDown")}}
	}
}

func ofIndex(key string) bool { return key == "rows/index" }
func ofRows(key string) bool  { return !ofIndex(key) }

func TestAConsoleWhoseReadOfTheStoreFailsOnceKeepsTheLastPublishedRowsAndReadsNoCloud(t *testing.T) {
	for name, of := range map[string]func(string) bool{"of the index": ofIndex, "of rows": ofRows} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := startTeam(t, func(*providertest.Store) {})
				time.Sleep(5 * time.Second)
				if r := s.source(); r.ReadBy == nil || r.Rows != 40 {
					t.Fatalf("published rows are not shown: %+v", r)
				}
				s.store.Fail(failing(1, of))
				silent := false
				for range 600 {
					time.Sleep(100 * time.Millisecond)
					r := s.source()
					if r.ReadBy == nil || r.Rows != 40 {
						t.Fatalf("the last published rows are gone: %+v", r)
					}
					if o := r.Origin(time.Now()); strings.HasSuffix(o, " s ago, store not answering") && strings.Contains(r.ErrorText(), "503 SlowDown") {
						silent = true
					} else if silent && !strings.Contains(o, "store") {
						break // it answers again
					}
				}
				if r := s.source(); !silent || strings.Contains(r.Origin(time.Now()), "store") || r.ErrorText() != "" {
					t.Errorf("shown as not answering: %t, and in the end %q, %q", silent, r.Origin(time.Now()), r.ErrorText())
				}
				if n := s.own.Count(); n > 0 {
					t.Errorf("the console has read the cloud %d times", n)
				}
			})
		})
	}
}

func TestAConsoleReadsTheCloudsOnceTheLastPublishedRowsAreTooOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := startTeam(t, func(*providertest.Store) {})
		time.Sleep(5 * time.Second)
		var tries atomic.Int64
		s.store.Fail(func(c providertest.StoreCall) providertest.StoreFault {
			if c.Op == "get" {
				tries.Add(1)
			}
			return providertest.StoreFault{Before: providertest.Away()}
		})
		time.Sleep(60 * time.Second) // the rows are 65 s old
		if n := s.own.Count(); n > 0 || tries.Load() < 5 {
			t.Errorf("the cloud was read %d times, the store was tried %d times", n, tries.Load())
		}
		time.Sleep(20 * time.Second)
		if r := s.source(); s.own.Count() != 1 || r.ReadBy != nil || r.State != "complete" {
			t.Errorf("the cloud was read %d times: %+v", s.own.Count(), r)
		}
		s.store.Fail(nil)
		time.Sleep(45 * time.Second)
		if r := s.source(); r.ReadBy == nil {
			t.Errorf("the store answers, and what the watch publishes is not shown: %+v", r)
		}
	})
}

func TestAMemberThatStartsWhileTheStoreHasAHiccupTriesAgainBeforeItReadsTheClouds(t *testing.T) {
	for name, of := range map[string]func(string) bool{"of the index": ofIndex, "of rows": ofRows} {
		t.Run("a console, "+name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := startTeam(t, func(store *providertest.Store) { store.Fail(failing(2, of)) })
				time.Sleep(20 * time.Second)
				if r := s.source(); r.ReadBy == nil || s.own.Count() > 0 {
					t.Errorf("the cloud was read %d times: %+v", s.own.Count(), r)
				}
			})
		})
		t.Run("ls, "+name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := startTeam(t, func(*providertest.Store) {})
				time.Sleep(time.Second)
				s.store.Fail(failing(1, of))
				ls, own := member(s.store, 40)
				snap := ls.refreshToShow(t.Context())
				if own.Count() > 0 || snap.Clouds[0].ReadBy == "" {
					t.Errorf("the cloud was read %d times, read by %q", own.Count(), snap.Clouds[0].ReadBy)
				}
			})
		})
	}
	t.Run("a store that stays away", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := startTeam(t, func(store *providertest.Store) {
				store.Fail(func(providertest.StoreCall) providertest.StoreFault {
					return providertest.StoreFault{Before: providertest.Away()}
				})
			})
			time.Sleep(10 * time.Second)
			if s.own.Count() != 1 {
				t.Errorf("after 10 s the cloud was read %d times", s.own.Count())
			}
			ls, own := member(s.store, 40)
			if began := time.Now(); ls.refreshToShow(t.Context()) == nil || own.Count() != 1 || time.Since(began) > firstPoll {
				t.Errorf("ls has read the cloud %d times after %s", own.Count(), time.Since(began))
			}
		})
	})
}

func TestAConsoleShowsWhatWasPublishedLastUntilItHasReadTheSourceItselfThoughTheStoreHasItNoMore(t *testing.T) {
	for name, damage := range map[string]func(*testing.T, *providertest.Store){
		"the index is gone": func(t *testing.T, s *providertest.Store) {
			if err := s.Delete(t.Context(), "rows/index"); err != nil {
				t.Fatal(err)
			}
		},
		"the index is another thing": func(_ *testing.T, s *providertest.Store) { s.Replace("rows/index", []byte("<html>")) },
		"the index lacks the source": func(t *testing.T, s *providertest.Store) {
			if err := reader.NewPublisher(s, "7f3a9c1e", "watch on other").Publish(t.Context(), 2, nil, func([]reader.Source) {}); err != nil {
				t.Fatal(err)
			}
		},
		"the rows are another thing": func(t *testing.T, s *providertest.Store) {
			src := reader.Source{Kind: rows.KindCloud, Name: "east", Provider: providers.EC2, State: providers.CoverageComplete, Key: providers.NewCloudKey(providers.EC2, "111", "us-east-1")}
			all := []reader.Rows{{Source: src, Encode: func() []byte { return []byte("<html>") }}}
			if err := reader.NewPublisher(s, "7f3a9c1e", "watch on other").Publish(t.Context(), 2, all, func([]reader.Source) {}); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := providertest.NewStore(providers.Clock{})
				w, _ := member(store, 40)
				w.Fleet.Refresh(t.Context())
				if err := w.NewRowPublisher().Publish(t.Context(), 1); err != nil {
					t.Fatal(err)
				}
				console, own := member(store, 40)
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
				s := &teamOfTwo{console: console}
				time.Sleep(5 * time.Second)
				if r := s.source(); r.ReadBy == nil || r.Rows != 40 {
					t.Fatalf("published rows are not shown: %+v", r)
				}
				damage(t, store)
				own.Set(func(c *providertest.Cloud) { c.ListErr = providertest.Away() })
				for i := range 2000 { // its own reads fail at first
					time.Sleep(100 * time.Millisecond)
					r := s.source()
					if r.Rows != 40 {
						t.Fatalf("%d rows are left after %d tenths of a second: %+v", r.Rows, i, r)
					}
					if i < 500 && own.Count() > 0 {
						t.Fatalf("the cloud was read after %d tenths of a second", i)
					}
					if o := r.Origin(time.Now()); i == 200 && !strings.Contains(o, "not published now") && !strings.Contains(o, "newer rows damaged") {
						t.Errorf("that nothing newer is published is not said: %q", o)
					}
				}
				if r := s.source(); r.ReadBy == nil || r.State != "failed" || !strings.Contains(r.ErrorText(), "connection refused") {
					t.Errorf("that the own read fails is not said: %+v, %q", r, r.ErrorText())
				}
				own.Set(func(c *providertest.Cloud) { c.ListErr = nil })
				time.Sleep(2 * time.Minute)
				if r := s.source(); r.ReadBy != nil || r.Rows != 40 || r.State != "complete" {
					t.Errorf("once it has read the cloud: %+v", r)
				}
			})
		})
	}
}

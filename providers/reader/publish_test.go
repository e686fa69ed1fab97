package reader

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"rollcall/providers"
	"rollcall/providers/providertest"
)

const fleetID = "7f3a9c1e"

func rowsOf(name, content string, same bool) Rows {
	return Rows{
		Source: Source{Kind: "cloud", Name: name, Provider: "ec2", State: providers.CoverageComplete, Rows: 3},
		Same:   same, Encode: func() []byte { return []byte(content) },
	}
}

// age sets the age of all sources.
func age(d time.Duration) func([]Source) {
	return func(all []Source) {
		for i := range all {
			all[i].Age, all[i].RowsAge = d, d
		}
	}
}

// counted counts the writes to a store by key.
func counted(s *providertest.Store) map[string]int {
	n := map[string]int{}
	s.Fail(func(c providertest.StoreCall) providertest.StoreFault {
		if c.Op == "create" || c.Op == "replace" {
			n[c.Key]++
		}
		return providertest.StoreFault{}
	})
	return n
}

func publish(t *testing.T, p *Publisher, lease uint64, d time.Duration, all ...Rows) {
	t.Helper()
	if err := p.Publish(t.Context(), lease, all, age(d)); err != nil {
		t.Fatal(err)
	}
}

func TestWhatIsPublishedArrivesWithItsAgeByTheClockOfTheStore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := providertest.NewStore(providers.Clock{Time: func() time.Time { return time.Now().Add(-5 * time.Hour) }}) // its clock is wrong
		p, sub := NewPublisher(s, fleetID, "watch@h\x1b[31m"), NewSubscriber(s, fleetID, providers.Clock{})
		if _, _, err := sub.Poll(t.Context()); providers.KindOf(err) != providers.KindNotFound {
			t.Fatal(err)
		}
		publish(t, p, 1, 4*time.Second, rowsOf("east", "one", false), rowsOf("west", "two", false))
		time.Sleep(7 * time.Second)
		all, changed, err := sub.Poll(t.Context())
		if err != nil || !changed || len(all) != 2 {
			t.Fatalf("%+v, %t, %v", all, changed, err)
		}
		if string(all[0].Data) != "one" || string(all[1].Data) != "two" || strings.ContainsRune(all[0].Who, '\x1b') {
			t.Errorf("%+v", all)
		}
		if got := time.Since(all[0].RowsFrom); got != 11*time.Second {
			t.Errorf("the rows are %s old", got)
		}
		if _, changed, err = sub.Poll(t.Context()); changed || err != nil {
			t.Errorf("changed %t, %v", changed, err)
		}
	})
}

func TestOnlyRowsThatHaveChangedAreWrittenAndRead(t *testing.T) {
	t.Parallel()
	s := providertest.NewStore(providers.Clock{})
	p, sub := NewPublisher(s, fleetID, "w"), NewSubscriber(s, fleetID, providers.Clock{})
	publish(t, p, 1, 0, rowsOf("east", "one", false), rowsOf("west", "two", false))
	if _, _, err := sub.Poll(t.Context()); err != nil {
		t.Fatal(err)
	}
	n := counted(s)
	publish(t, p, 1, 0, rowsOf("east", "never encoded", true), rowsOf("west", "two", false))
	if len(n) != 1 || n[indexKey] != 1 {
		t.Errorf("written: %v", n)
	}
	publish(t, p, 1, 0, rowsOf("east", "", true), rowsOf("west", "three", false))
	if n[indexKey] != 2 || len(n) != 2 {
		t.Errorf("written: %v", n)
	}
	all, _, err := sub.Poll(t.Context())
	if err != nil || all[0].Data != nil || string(all[1].Data) != "three" {
		t.Errorf("%+v, %v", all, err)
	}
}

func TestAHolderOfAnOlderLeaseIsRefusedAndTouchesNothingOfTheNewerOne(t *testing.T) {
	t.Parallel()
	s := providertest.NewStore(providers.Clock{})
	old, next, sub := NewPublisher(s, fleetID, "old"), NewPublisher(s, fleetID, "next"), NewSubscriber(s, fleetID, providers.Clock{})
	publish(t, old, 1, 0, rowsOf("east", "one", false))
	publish(t, next, 2, 0, rowsOf("east", "two", false))
	err := old.Publish(t.Context(), 1, []Rows{rowsOf("east", "stale", false)}, age(0))
	if newer, ok := errors.AsType[*NewerError](err); !ok || newer.Number != 2 {
		t.Fatalf("a stale holder: %v", err)
	}
	publish(t, next, 2, 0, rowsOf("east", "", true))
	all, _, err := sub.Poll(t.Context())
	if err != nil || all[0].Who != "next" || string(all[0].Data) != "two" {
		t.Errorf("%+v, %v", all, err)
	}
	publish(t, NewPublisher(s, fleetID, "third"), 3, 0, rowsOf("east", "three", false))
	for _, k := range s.Keys() {
		if strings.HasPrefix(k, "rows/000000000001/") || strings.HasPrefix(k, "rows/000000000002/") {
			t.Errorf("the rows of an earlier lease are still there: %s", k)
		}
	}
	if n := Newest(t.Context(), s); n != 3 {
		t.Errorf("newest %d", n)
	}
}

func TestAFaultOfTheStoreIsOverAtTheNextTime(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]providertest.StoreFault{
		"lost": {After: providertest.Lost()}, "lost and not made": {Before: providertest.Lost()}, "away": {Before: providertest.Away()},
		"409": {Before: &providers.Error{Kind: providers.KindConflict}},
	} {
		for n := range 8 {
			t.Run(fmt.Sprintf("%s, call %d", name, n), func(t *testing.T) {
				t.Parallel()
				s := providertest.NewStore(providers.Clock{})
				p, sub := NewPublisher(s, fleetID, "w"), NewSubscriber(s, fleetID, providers.Clock{})
				left := n
				s.Fail(func(providertest.StoreCall) providertest.StoreFault {
					if left--; left == -1 {
						return f
					}
					return providertest.StoreFault{}
				})
				_ = p.Publish(t.Context(), 1, []Rows{rowsOf("east", "one", false)}, age(0))
				_ = p.Publish(t.Context(), 1, []Rows{rowsOf("east", "two", false)}, age(0))
				s.Fail(nil)
				for range 2 { // what cannot be known is written once more
					_ = p.Publish(t.Context(), 1, []Rows{rowsOf("east", "three", false)}, age(0))
				}
				if all, _, err := sub.Poll(t.Context()); err != nil || len(all) != 1 || string(all[0].Data) != "three" {
					t.Errorf("%+v, %v", all, err)
				}
			})
		}
	}
}

func TestWhatIsDamagedOrStrangeIsNotShown(t *testing.T) {
	t.Parallel()
	made := func(change func(*index)) []byte {
		x := index{Format: indexFormat, Fleet: fleetID, Lease: 1, Who: "w"}
		s := rowsOf("east", "", false).Source
		s.Object = objectOf(1, &s)
		x.Sources = []Source{s}
		change(&x)
		data, _ := json.Marshal(x)
		return data
	}
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"no JSON":        {[]byte("<html>"), "it is damaged"},
		"another type":   {[]byte(`{"format":1,"fleet":"7f3a9c1e","sources":{"a":1}}`), "it is damaged"},
		"a later format": {made(func(x *index) { x.Format = 3 }), "format 3"},
		"changes elsewhere": {made(func(x *index) {
			x.Sources[0].Step, x.Sources[0].Parts = 1, []Part{{Step: 2, Object: "../x"}}
		}), "changes of east that no watch writes"},
		"changes with a gap": {made(func(x *index) {
			x.Sources[0].Step, x.Sources[0].Parts = 1, []Part{{Step: 3, Object: partOf(x.Sources[0].Object, 3)}}
		}), "changes of east that no watch writes"},
		"another fleet":       {made(func(x *index) { x.Fleet = "other\x1b" }), "fleet"},
		"too many sources":    {made(func(x *index) { x.Sources = make([]Source, maxSources+1) }), "10000 is the most"},
		"an object elsewhere": {made(func(x *index) { x.Sources[0].Object = "../../etc/passwd" }), "no watch writes"},
		"too large":           {slices.Concat([]byte(`{"format":1,"who":"`), bytes.Repeat([]byte("x"), maxIndex), []byte(`"}`)), "is the most"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := providertest.NewStore(providers.Clock{})
			s.Replace(indexKey, c.data)
			all, _, err := NewSubscriber(s, fleetID, providers.Clock{}).Poll(t.Context())
			if err == nil || len(all) > 0 || !strings.Contains(err.Error(), c.want) || strings.ContainsAny(err.Error(), "\x1b\n") {
				t.Errorf("%+v, %v", all, err)
			}
		})
	}
}

func TestRowsThatAreNotThoseOfTheIndexAreReadAgain(t *testing.T) {
	t.Parallel()
	s := providertest.NewStore(providers.Clock{})
	p, sub := NewPublisher(s, fleetID, "w"), NewSubscriber(s, fleetID, providers.Clock{})
	publish(t, p, 1, 0, rowsOf("east", "one", false), rowsOf("west", "two", false))
	src := rowsOf("east", "", false).Source
	key := objectOf(1, &src)
	good, err := s.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range [][]byte{nil, []byte("junk"), good.Data[:len(good.Data)-2], bytes.Repeat([]byte{0}, 1000)} {
		s.Replace(key, bad)
		all, _, err := sub.Poll(t.Context())
		if err != nil || len(all) != 2 || all[0].Err == nil || all[0].Data != nil {
			t.Errorf("%+v, %v", all, err)
		}
	}
	s.Replace(key, good.Data)
	if all, changed, err := sub.Poll(t.Context()); err != nil || !changed || all[0].Err != nil || string(all[0].Data) != "one" {
		t.Errorf("%+v, %v", all, err)
	}
}

func TestRowsThatUnpackToMoreThanAFleetHasAreRefused(t *testing.T) {
	t.Parallel()
	data, err := pack(make([]byte, 1000))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := unpack(data, 1000); err != nil || len(got) != 1000 {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if _, err := unpack(data, 999); err == nil || !strings.Contains(err.Error(), "999 bytes, and that is the most") {
		t.Error(err)
	}
}

// A member that has shown its own reads for a while has nothing of what was published before.
func TestASubscriberThatHasForgottenReceivesAllRowsAnew(t *testing.T) {
	t.Parallel()
	s := providertest.NewStore(providers.Clock{})
	p, sub := NewPublisher(s, fleetID, "watch@h"), NewSubscriber(s, fleetID, providers.Clock{})
	publish(t, p, 1, 0, rowsOf("east", "one", false))
	if _, _, err := sub.Poll(t.Context()); err != nil {
		t.Fatal(err)
	}
	sub.Forget()
	all, changed, err := sub.Poll(t.Context())
	if err != nil || !changed || len(all) != 1 || string(all[0].Data) != "one" {
		t.Errorf("%+v, %t, %v", all, changed, err)
	}
	next := NewPublisher(s, fleetID, "watch@other") // of the next holder, with the same rows
	sub.Forget()
	publish(t, next, 2, 0, rowsOf("east", "one", false))
	if all, _, err := sub.Poll(t.Context()); err != nil || len(all) != 1 || string(all[0].Data) != "one" {
		t.Errorf("%+v, %v", all, err)
	}
}

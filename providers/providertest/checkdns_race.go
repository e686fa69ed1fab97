package providertest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"rollcall/providers"
)

func (c *dnsCheck) lostAnswer(t *testing.T) {
	c.Writes.Lose()
	r := c.made(t, add(c.record(t, "lost.check", "A", "198.51.100.1", ownerOf("i-0aaa"))))[0]
	if r.Already || !r.LookedUp || len(c.values(t, "lost.check")) != 1 {
		t.Errorf("result %+v, values %v", r, c.values(t, "lost.check"))
	}
	c.Writes.Lose()
	c.refused(t, drop(r.Record), providers.KindUncertain)
	if rows := c.lookup(t, "lost.check", ""); len(rows) != 0 {
		t.Errorf("rows %+v", rows)
	}
	c.empty(t, "lost.check")
}

func (c *dnsCheck) between(t *testing.T) {
	t.Run("a delete of what is quiesced meanwhile is a conflict", func(t *testing.T) {
		was := c.made(t, add(c.record(t, "race.check", "A", "198.51.100.1", ownerOf("i-0aaa"))))[0].Record
		quiet := ownerOf("i-0aaa")
		quiet.Quiesced = true
		c.Writes.Before(func() { c.elsewhere(t, alter(was, c.record(t, "race.check", "A", "198.51.100.1", quiet))) })
		c.refused(t, drop(was), providers.KindConflict)
		rows := c.lookup(t, "race.check", "A")
		if len(rows) != 1 {
			t.Fatalf("rows %+v", rows)
		}
		if o, ok := rows[0].Owner(); !ok || !o.Quiesced {
			t.Errorf("the owners are %+v", rows[0].Owners)
		}
		c.empty(t, "race.check")
	})
	t.Run("what is added meanwhile stays beside what is added", func(t *testing.T) {
		c.made(t, add(c.record(t, "race.check", "A", "198.51.100.1")))
		c.Writes.Before(func() { c.elsewhere(t, add(c.record(t, "race.check", "A", "198.51.100.2", ownerOf("i-0bbb")))) })
		c.made(t, add(c.record(t, "race.check", "A", "198.51.100.3", ownerOf("i-0ccc"))))
		if got := c.values(t, "race.check"); !slices.Equal(got, []string{"198.51.100.1", "198.51.100.2", "198.51.100.3"}) {
			t.Errorf("values %v", got)
		}
		c.empty(t, "race.check")
	})
	t.Run("the first value of a name that gets its first one meanwhile stands beside it", func(t *testing.T) {
		c.Writes.Before(func() { c.elsewhere(t, add(c.record(t, "race.check", "A", "198.51.100.2", ownerOf("i-0bbb")))) })
		c.made(t, add(c.record(t, "race.check", "A", "198.51.100.3", ownerOf("i-0ccc"))))
		if got := c.values(t, "race.check"); !slices.Equal(got, []string{"198.51.100.2", "198.51.100.3"}) {
			t.Errorf("values %v", got)
		}
		c.empty(t, "race.check")
	})
	t.Run("what is added meanwhile stays when a value beside it is deleted", func(t *testing.T) {
		was := c.made(t, add(c.record(t, "race.check", "A", "198.51.100.1")))[0].Record
		c.Writes.Before(func() { c.elsewhere(t, add(c.record(t, "race.check", "A", "198.51.100.2"))) })
		want := []string{"198.51.100.2"}
		switch r := c.Account.Apply(t.Context(), c.zone, []providers.Change{drop(was)})[0]; {
		case r.Err == nil:
		case providers.KindOf(r.Err) == providers.KindConflict && c.zone.Traits.Sets != nil: // the set is not as it was read
			want = []string{"198.51.100.1", "198.51.100.2"}
		default:
			t.Fatal(r.Err)
		}
		if got := c.values(t, "race.check"); !slices.Equal(got, want) {
			t.Errorf("values %v, want %v", got, want)
		}
		c.empty(t, "race.check")
	})
	t.Run("a value that is deleted meanwhile is not adopted", func(t *testing.T) {
		was := c.made(t, add(c.record(t, "race.check", "A", "198.51.100.1")))[0].Record
		c.Writes.Before(func() { c.elsewhere(t, drop(was)) })
		mine := was
		mine, err := mine.WithOwner(c.zone.Traits.Markers, ownerOf("i-0aaa"))
		if err != nil {
			t.Fatal(err)
		}
		c.refused(t, alter(was, mine), providers.KindConflict)
		if rows := c.lookup(t, "race.check", ""); len(rows) != 0 {
			t.Errorf("rows %+v", rows)
		}
		c.empty(t, "race.check")
	})
	t.Run("an address is not put beside an alias that is created meanwhile", func(t *testing.T) {
		c.Writes.Before(func() { c.elsewhere(t, add(c.record(t, "race.check", "CNAME", "www."+c.zone.Name))) })
		c.refused(t, add(c.record(t, "race.check", "A", "198.51.100.1", ownerOf("i-0aaa"))), providers.KindConflict, providers.KindInvalid)
		if rows := c.lookup(t, "race.check", ""); len(rows) != 1 || rows[0].Type != "CNAME" {
			t.Errorf("rows %+v", rows)
		}
		c.empty(t, "race.check")
	})
	if !c.comments {
		t.Run("a value is not created beside a marker that is deleted meanwhile", c.markerGoes)
		t.Run("a value that is created beside a marker that appears meanwhile has one marker", c.markerComes)
	}
}

func (c *dnsCheck) markerGoes(t *testing.T) {
	value := c.record(t, "race.check", "A", "198.51.100.1", ownerOf("i-0aaa"))
	text, err := value.Owners[0].Encode()
	if err != nil {
		t.Fatal(err)
	}
	// As an earlier run left it: the create finds it as it would write it.
	marker := c.made(t, add(c.record(t, "i-0aaa._rollcall.race.check", "TXT", providers.FormatTXT([]string{text}))))[0].Record
	c.Writes.Before(func() { c.elsewhere(t, drop(marker)) })
	c.made(t, add(value))
	if rows := c.lookup(t, "race.check", "A"); len(rows) != 1 || len(rows[0].Owners) != 1 {
		t.Errorf("rows %+v", rows)
	}
	c.empty(t, "race.check")
}

func (c *dnsCheck) markerComes(t *testing.T) {
	value := c.record(t, "race.check", "A", "198.51.100.1", ownerOf("i-0aaa"))
	quiet := value.Owners[0]
	quiet.Quiesced = true
	text, err := quiet.Encode()
	if err != nil {
		t.Fatal(err)
	}
	c.Writes.Before(func() {
		c.elsewhere(t, add(c.record(t, "i-0aaa._rollcall.race.check", "TXT", providers.FormatTXT([]string{text}))))
	})
	if c.comments { // which no adapter reads beside the record
		c.made(t, add(value))
	} else { // an operator took it out of DNS meanwhile
		c.refused(t, add(value), providers.KindConflict)
		if rows := c.lookup(t, "race.check", "A"); len(rows) != 0 {
			t.Errorf("rows %+v", rows)
		}
	}
	rows := c.lookup(t, "i-0aaa._rollcall.race.check", "TXT")
	if len(rows) != 1 {
		t.Fatalf("markers %+v", rows)
	}
	if !c.comments {
		c.made(t, drop(rows[0]))
	}
	c.empty(t, "race.check")
}

func (c *dnsCheck) joins(t *testing.T) {
	if c.Joins == 0 {
		t.Skip("this server is too slow for many writers")
	}
	joins := c.Joins
	if RaceDetector || testing.Short() {
		joins = min(joins, 30)
	}
	errs := make([]error, joins)
	var wg sync.WaitGroup
	for i := range joins {
		a, r := c.Another(), c.record(t, "crowd.check", "A", fmt.Sprintf("198.51.%d.%d", i/100, i%100+1), ownerOf(fmt.Sprintf("i-%d", i)))
		wg.Go(func() { errs[i] = a.Apply(t.Context(), c.zone, []providers.Change{add(r)})[0].Err })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	rows := c.lookup(t, "crowd.check", "A")
	if len(rows) != joins {
		t.Errorf("%d values of %d writers", len(rows), joins)
	}
	for _, r := range rows {
		if o, ok := r.Owner(); !ok || !strings.HasPrefix(o.Instance, "i-") {
			t.Errorf("%s has the owners %v", &r, r.Owners)
		}
	}
	c.empty(t, "crowd.check")
}

package reader

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"rollcall/providers"
	"rollcall/providers/providertest"
)

// growing is a source whose rows are a text, and whose changes are what is added to it.
type growing struct{ content, published string }

func (g *growing) rows() Rows {
	r := rowsOf("east", g.content, g.content == g.published)
	if was := g.published; was != "" {
		now := g.content
		r.Changes = func() []byte { return []byte(strings.TrimPrefix(now, was)) }
	}
	return r
}

// publish is the caller of a Publisher, which knows what was published last if there was no error.
func (g *growing) publish(t *testing.T, p *Publisher) error {
	err := p.Publish(t.Context(), 1, []Rows{g.rows()}, age(0))
	g.published = ""
	if err == nil {
		g.published = g.content
	}
	return err
}

// shown is the caller of a Subscriber.
type shown struct {
	*Subscriber
	content string
}

func (s *shown) poll(t *testing.T) {
	t.Helper()
	all, changed, err := s.Poll(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !changed {
		return
	}
	r := &all[0]
	if r.Err != nil {
		t.Fatal(r.Err)
	}
	if r.Data != nil {
		s.content = string(r.Data)
	}
	for _, c := range r.Changes {
		s.content += string(c)
	}
}

// add adds a text that cannot be compressed much.
func (g *growing) add(n int) {
	for range 20 {
		g.content += fmt.Sprintf("%x ", n*7919*7919%1_000_003)
		n += 31
	}
}

func TestOnlyChangesAreWrittenAndReadAndAllRowsAnewOnceTheyAreMany(t *testing.T) {
	t.Parallel()
	s := providertest.NewStore(providers.Clock{})
	p, g := NewPublisher(s, fleetID, "w"), &growing{}
	follows, sometimes := &shown{Subscriber: NewSubscriber(s, fleetID, providers.Clock{})}, &shown{Subscriber: NewSubscriber(s, fleetID, providers.Clock{})}
	for n := range 60 {
		g.add(n)
	}
	all := 0 // reads and writes of all rows
	base := objectOf(1, &Source{Kind: "cloud", Name: "east", Provider: "ec2"})
	count := func(on bool) {
		s.Fail(func(c providertest.StoreCall) providertest.StoreFault {
			if on && c.Key == base && c.Op != "replace" {
				all++
			}
			return providertest.StoreFault{}
		})
	}
	if err := g.publish(t, p); err != nil {
		t.Fatal(err)
	}
	follows.poll(t)
	written := counted(s)
	for n := range 100 {
		g.add(1000 + n)
		if err := g.publish(t, p); err != nil {
			t.Fatal(err)
		}
		writes := written[base]
		count(true)
		follows.poll(t)
		count(false)
		cold := &shown{Subscriber: NewSubscriber(s, fleetID, providers.Clock{})}
		cold.poll(t)
		if n%7 == 0 || n == 99 {
			sometimes.poll(t)
			if sometimes.content != g.content {
				t.Fatalf("after step %d one that polls seldom shows other rows", n)
			}
		}
		if follows.content != g.content || cold.content != g.content {
			t.Fatalf("after step %d the rows are others: %t, %t", n, follows.content == g.content, cold.content == g.content)
		}
		again := counted(s)
		again[base] = writes
		written = again
	}
	if all != 0 {
		t.Errorf("all rows were read %d times by one that follows", all)
	}
	if n := written[base]; n < 2 || n > 20 {
		t.Errorf("all rows were written %d times", n)
	}
	if n := len(slices.DeleteFunc(s.Keys(), func(k string) bool { return !strings.HasPrefix(k, base+"-") })); n > partsKept {
		t.Errorf("%d objects of changes remain", n)
	}
}

func TestAFaultWhileChangesArePublishedIsOverAtTheNextTime(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]providertest.StoreFault{
		"lost": {After: providertest.Lost()}, "lost and not made": {Before: providertest.Lost()}, "away": {Before: providertest.Away()},
		"409": {Before: &providers.Error{Kind: providers.KindConflict}},
	} {
		for n := range 10 {
			t.Run(fmt.Sprintf("%s, call %d", name, n), func(t *testing.T) {
				t.Parallel()
				s := providertest.NewStore(providers.Clock{})
				p, g, sub := NewPublisher(s, fleetID, "w"), &growing{}, &shown{Subscriber: NewSubscriber(s, fleetID, providers.Clock{})}
				for k := range 200 {
					g.add(k)
				}
				if err := g.publish(t, p); err != nil {
					t.Fatal(err)
				}
				sub.poll(t)
				left := n
				s.Fail(func(providertest.StoreCall) providertest.StoreFault {
					if left--; left == -1 {
						return f
					}
					return providertest.StoreFault{}
				})
				for k := range 4 {
					g.add(5000 + k)
					_ = g.publish(t, p)
				}
				s.Fail(nil)
				for k := range 2 {
					g.add(6000 + k)
					if err := g.publish(t, p); err != nil && k == 1 {
						t.Fatal(err)
					}
				}
				sub.poll(t)
				cold := &shown{Subscriber: NewSubscriber(s, fleetID, providers.Clock{})}
				cold.poll(t)
				if sub.content != g.content || cold.content != g.content {
					t.Errorf("shown: %t, from the beginning: %t", sub.content == g.content, cold.content == g.content)
				}
			})
		}
	}
}

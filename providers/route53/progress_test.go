package route53_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"rollcall/providers"
	"rollcall/providers/route53"
	"rollcall/providers/sim/world"
)

func TestAChangeHasReachedEveryNameServerOnceRoute53SaysINSYNC(t *testing.T) {
	answer := func(id, status string) func(http.ResponseWriter, string) {
		return func(w http.ResponseWriter, _ string) {
			write(w, `<GetChangeResponse><ChangeInfo><Id>/change/`+id+`</Id><Status>`+status+`</Status><SubmittedAt>2026-11-20T12:00:00Z</SubmittedAt></ChangeInfo></GetChangeResponse>`)
		}
	}
	fails := func(status int, code string) func(http.ResponseWriter, string) {
		return func(w http.ResponseWriter, _ string) {
			w.WriteHeader(status)
			_, _ = fmt.Fprintf(w, `<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>no</Message></Error></ErrorResponse>`, code)
		}
	}
	for _, c := range []struct {
		name   string
		ticket string
		say    func(http.ResponseWriter, string)
		want   bool
		kind   providers.Kind
	}{
		{"it is in sync", "C1", answer("C1", "INSYNC"), true, ""},
		{"it is pending", "C1", answer("C1", "PENDING"), false, ""},
		{"the answer is about another change", "C1", answer("C2", "INSYNC"), false, providers.KindIncomplete},
		{"the status is none that Route 53 has", "C1", answer("C1", "DONE"), false, providers.KindIncomplete},
		{"the answer is empty", "C1", func(w http.ResponseWriter, _ string) { write(w, "") }, false, providers.KindIncomplete},
		{"the permission is lacking", "C1", fails(http.StatusForbidden, "AccessDenied"), false, providers.KindAuth},
		{"Route 53 does not know it", "C1", fails(http.StatusNotFound, "NoSuchChange"), false, providers.KindNotFound},
		{"there is no ticket", "", nil, false, providers.KindInvalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFake(t)
			f.onAsk = c.say
			got, err := f.account().Propagated(context.Background(), c.ticket)
			if got != c.want || providers.KindOf(err) != c.kind {
				t.Errorf("%v, %v", got, err)
			}
		})
	}
}

func TestTheTicketOfAChangeIsWhatGetChangeIsAskedFor(t *testing.T) {
	s, cfg := startSim(t)
	a, err := route53.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	w, err := s.World().Zone(world.Route53Zone)
	if err != nil {
		t.Fatal(err)
	}
	z := providers.Zone{Name: w.Name, ID: w.ID, Provider: providers.Route53}
	add := func(value string) string {
		t.Helper()
		rec := providers.Record{Zone: z.Name, Name: "new." + z.Name, Type: "A", TTL: 60, Value: value}
		r := a.Apply(t.Context(), z, []providers.Change{{Op: providers.OpCreate, After: rec}})
		if r[0].Err != nil || r[0].Ticket == "" {
			t.Fatalf("%+v", r)
		}
		return r[0].Ticket
	}
	reached := func(ticket string) bool {
		t.Helper()
		in, err := a.Propagated(t.Context(), ticket)
		if err != nil {
			t.Fatal(err)
		}
		return in
	}
	first := add("192.0.2.1")
	for deadline := time.Now().Add(20 * time.Second); !reached(first); {
		if time.Now().After(deadline) {
			t.Fatal("it is never in sync")
		}
		time.Sleep(50 * time.Millisecond)
	}
	if err := s.World().SetFault(z.Name, world.Split); err != nil {
		t.Fatal(err)
	}
	second := add("192.0.2.2")
	time.Sleep(time.Second) // twice what a change takes in this world
	if reached(second) || !reached(first) {
		t.Error("a change that one name server does not hear of is in sync")
	}
	if _, err := a.Propagated(t.Context(), "C0"); providers.KindOf(err) != providers.KindNotFound || !strings.Contains(err.Error(), "NoSuchChange") {
		t.Errorf("another ticket: %v", err)
	}
}

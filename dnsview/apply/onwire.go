package apply

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"rollcall/dnsview/index"
	"rollcall/providers"
)

const (
	samples     = 3  // queries to one server for one name, since an anycast address stands for several machines
	manySamples = 16 // for servers that return only some of the values
	pollPause   = 250 * time.Millisecond
)

// servedState is the state of a change at the authoritative servers of a zone.
type servedState int

const (
	servedClean        servedState = iota // every reachable server answers as it should
	servedContradicted                    // a server answers otherwise
	servedUnasked                         // none contradicts, but some could not be queried
)

// serverRemark is one server with a remark about its answer.
type serverRemark struct{ server, text string }

// nameAnswers holds the authoritative servers' answers for one name and type, compared with the values that should be
// there and those that should not.
type nameAnswers struct {
	index.SetKey
	agreeing      int            // servers that answer as they should
	contradicting []serverRemark // servers that answer otherwise, with what
	unasked       []serverRemark // servers that could not be queried, with the reason
}

func (s *nameAnswers) state() servedState {
	switch {
	case len(s.contradicting) > 0:
		return servedContradicted
	case len(s.unasked) > 0 || s.agreeing == 0:
		return servedUnasked
	}
	return servedClean
}

// wanted returns by folded value whether a name should have it after some changes.
func wanted(changes []providers.Change) map[string]bool {
	w := map[string]bool{}
	for _, c := range changes {
		if c.Op != providers.OpCreate {
			w[providers.FoldValue(c.Before.Type, c.Before.Value)] = false
		}
		if c.Op != providers.OpDelete {
			w[providers.FoldValue(c.After.Type, c.After.Value)] = true
		}
	}
	return w
}

// routing reports whether a name's answer depends on more than its values, because of routing policies of Route 53, and
// byAsker why it may depend on the client.
func routing(records ...*providers.Record) (varies bool, byAsker string) {
	for _, r := range records {
		varies = varies || r.SetID != ""
		for field := range strings.FieldsSeq(r.Policy) {
			switch key, _, _ := strings.Cut(field, "="); key {
			case "weighted", "multivalue", "health":
			default:
				byAsker = "what it answers depends on who asks (" + index.Clean(key) + ")"
			}
		}
	}
	return varies, byAsker
}

// onWire queries every authoritative server for a name, and compares the answers with want. records are the records of
// the name.
func (r *run) onWire(ctx context.Context, sub index.SetKey, want map[string]bool, records ...*providers.Record) *nameAnswers {
	s := &nameAnswers{SetKey: sub}
	unasked := func(server, why string) { s.unasked = append(s.unasked, serverRemark{server, index.Clean(why)}) }
	t := r.engine.zone(sub.Zone)
	switch {
	case r.engine.o.Wire == nil || t == nil:
		unasked("", "nothing here asks name servers")
		return s
	case slices.ContainsFunc(records, func(rec *providers.Record) bool { return rec.Proxied }):
		unasked("", "it is proxied, and answers with the proxy's addresses")
		return s
	}
	varies, byAsker := routing(records...)
	n := samples
	if varies {
		n = manySamples
	}
	answers, err := r.engine.o.Wire.Answers(ctx, t.Zone, sub.Name, sub.Type, n)
	if err != nil {
		unasked("", err.Error())
		return s
	}
	for i := range answers {
		a := &answers[i]
		if a.Failure != "" {
			unasked(a.Server, "("+a.Failure+")")
			continue
		}
		there := map[string]bool{}
		for _, v := range a.Values {
			there[providers.FoldValue(sub.Type, v)] = true
		}
		var still, lacks []string
		for v, w := range want {
			switch {
			case there[v] && !w:
				still = append(still, v)
			case !there[v] && w:
				lacks = append(lacks, v)
			}
		}
		slices.Sort(still)
		slices.Sort(lacks)
		switch {
		case len(still) > 0:
			s.contradicting = append(s.contradicting, serverRemark{a.Server, "still answers with " + index.Clean(strings.Join(still, ", "))})
		case len(lacks) > 0 && varies:
			unasked(a.Server, "(it answers with some of the values only)")
		case len(lacks) > 0:
			s.contradicting = append(s.contradicting, serverRemark{a.Server, "does not answer with " + index.Clean(strings.Join(lacks, ", "))})
		default:
			s.agreeing++
		}
	}
	if byAsker != "" {
		unasked("", byAsker)
	}
	return s
}

// String returns the server with the remark.
func (s serverRemark) String() string {
	if s.server == "" {
		return s.text
	}
	return index.Clean(s.server) + " " + s.text
}

// list returns servers with their remarks.
func list(all []serverRemark) string {
	var parts []string
	for i, s := range all {
		if i == 3 && len(all) > 4 {
			parts = append(parts, fmt.Sprintf("and %d more", len(all)-i))
			break
		}
		parts = append(parts, s.String())
	}
	return strings.Join(parts, "; ")
}

// text returns one line about a change at the name servers. waited is how long it was waited for.
func (s *nameAnswers) text(waited time.Duration, stopped bool) string {
	switch {
	case s.state() == servedContradicted && stopped:
		return "the authoritative servers did not show the change of " + s.String() + " yet when the run was stopped: " + list(s.contradicting)
	case s.state() == servedContradicted:
		return fmt.Sprintf("the authoritative servers do not show the change of %s yet, after %s: %s", s.SetKey, waited, list(s.contradicting))
	case s.agreeing == 0:
		return "the authoritative servers could not be asked for " + s.String() + ": " + list(s.unasked)
	case len(s.unasked) > 0:
		return "the authoritative servers that could be asked show the change of " + s.String() + ", and some could not: " + list(s.unasked)
	}
	return "the authoritative servers show the change of " + s.String()
}

// wireAnswers is what name servers and providers have said about the changes of a run.
type wireAnswers struct {
	asked     map[string][]providers.Change // zone -> changes that name servers have yet to show
	lagging   map[index.SetKey]laggingName  // names for which a server contradicts a change of this run
	cleanFrom map[index.SetKey]time.Time    // since when no server contradicts any more
	inSync    map[[2]string]bool            // changes, by zone and ticket, that are in sync at their provider
	skipWaits bool                          // a wait was cut short, so all others are skipped
}

// awaitWire waits, within limits, until the authoritative servers show the changes made so far.
func (r *run) awaitWire(ctx context.Context) {
	e := r.engine
	pending := r.asked
	r.asked = map[string][]providers.Change{}
	if e.o.Wire == nil {
		return
	}
	groups := map[index.SetKey][]providers.Change{}
	for zone, changes := range pending {
		for _, c := range changes {
			rec := c.Record()
			if rec.IsMarker() || rec.Proxied || c.After.Proxied || c.Op == providers.OpUpdate && providers.FoldValue(c.Before.Type, c.Before.Value) == providers.FoldValue(c.After.Type, c.After.Value) {
				continue // a proxied name answers with the proxy's addresses
			}
			k := index.SetKey{Zone: zone, Name: rec.Name, Type: rec.Type}
			groups[k] = append(groups[k], c)
		}
	}
	var g errgroup.Group
	g.SetLimit(atOnce)
	for k, changes := range groups {
		g.Go(func() error {
			text := r.watchName(ctx, k, changes)
			r.notifying.Lock()
			for i := range r.report.Steps {
				s := &r.report.Steps[i]
				if s.Step.Change == nil || s.State != StepDone {
					continue
				}
				if rec := s.Step.Change.Record(); rec.Name == k.Name && rec.Type == k.Type && s.Step.Zone == k.Zone {
					s.Wire = text
				}
			}
			r.notifying.Unlock()
			r.emit(Event{Kind: EventWire, Text: text})
			return nil
		})
	}
	_ = g.Wait() // failed queries are in the report
}

// watchName queries one name until the servers show its changes, and returns the result in words.
func (r *run) watchName(ctx context.Context, k index.SetKey, changes []providers.Change) string {
	e := r.engine
	want := wanted(changes)
	var records []*providers.Record
	for i := range changes {
		rec := changes[i].Record()
		records = append(records, &rec)
	}
	wait := r.wireWait()
	for deadline := e.o.Now().Add(wait); ; {
		s := r.onWire(ctx, k, want, records...)
		r.observe(s, want, records)
		if s.state() != servedContradicted || !e.o.Now().Before(deadline) {
			return s.text(wait, false)
		}
		if e.o.Sleep(ctx, pollPause) != nil {
			return s.text(0, true)
		}
	}
}

// laggingName is a name for which a server still contradicts a change of this run, with the wanted values.
type laggingName struct {
	want    map[string]bool
	records []*providers.Record
}

// observe records whether a server contradicts the changes of a name, and since when none does any more.
func (r *run) observe(s *nameAnswers, want map[string]bool, records []*providers.Record) {
	r.notifying.Lock()
	defer r.notifying.Unlock()
	if s.state() == servedContradicted {
		r.lagging[s.SetKey] = laggingName{want, records}
	} else if _, was := r.lagging[s.SetKey]; was {
		delete(r.lagging, s.SetKey)
		r.cleanFrom[s.SetKey] = r.engine.o.Now()
	}
}

// askLagging queries again every name for which a server contradicted a change.
func (r *run) askLagging(ctx context.Context) {
	for k, b := range maps.Clone(r.lagging) {
		r.observe(r.onWire(ctx, k, b.want, b.records...), b.want, b.records)
	}
}

package index

import (
	"time"

	"rollcall/providers"
)

// WireVerdict is what the answers of the name servers for one name come to. The
// words are those of package wire, which makes the verdicts; WireWaiting is for the caller who
// has not had its turn.
type WireVerdict string

// The verdicts.
const (
	WireInSync         WireVerdict = "in sync"
	WireCached         WireVerdict = "cached"
	WireNegativeCached WireVerdict = "negative-cached"
	WirePropagating    WireVerdict = "propagating" // authoritative servers agree with each other, and not with the API
	WireDiffers        WireVerdict = "differs"     // propagating for longer than a change may take; only a view says so
	WireSplit          WireVerdict = "split"       // authoritative servers disagree with each other
	WireBroken         WireVerdict = "broken"
	WireUnreachable    WireVerdict = "unreachable"
	WireLame           WireVerdict = "lame"
	WireUnchecked      WireVerdict = "unchecked"
	WireWaiting        WireVerdict = "waiting" // no one was asked yet
)

// WireState is what the name servers say of one name and type, as plain data.
type WireState struct {
	Zone, Name, Type string // canonical
	State            WireVerdict
	Reason           string   // one sentence
	Want             []string // the values that the API had when the servers were asked; a state that was made for others is out of date
	Resolves         bool     // only whether it resolves can be compared: a proxied name or an alias
	Agree, Servers   int      // authoritative servers that answer as the API says, of those that there is a way to
	Answers          []WireAnswer
	At               time.Time // when the servers were asked
	Since            time.Time // when this state was seen first, with no other in between
	Until            time.Time // when the last resolver must have forgotten the old answer; zero when not known
}

// WireAnswer is what one server said.
type WireAnswer struct {
	Server   string // name or address
	Resolver bool   // else it is an authoritative server
	Values   []string
	TTL      uint32    // seconds left at At
	At       time.Time // when the answer came
	Failure  string    // why there is no answer; empty when there is one
	Agrees   bool      // the answer is what the API says
}

// Left is how long the server may go on giving the answer at now: what is left
// of its TTL with a resolver, the whole of it with an authoritative server.
func (a *WireAnswer) Left(now time.Time) time.Duration {
	ttl := time.Duration(a.TTL) * time.Second
	if !a.Resolver {
		return ttl
	}
	return max(0, a.At.Add(ttl).Sub(now))
}

// Unsettled reports whether the answers are not yet what they will be: someone
// has not heard of a change. It is worth asking again soon.
func (w *WireState) Unsettled() bool {
	switch w.State {
	case WirePropagating, WireSplit, WireCached, WireNegativeCached:
		return true
	}
	return false
}

// Silent reports whether nothing was learnt of the name: its servers gave no answer.
func (w *WireState) Silent() bool { return w.State == WireUnreachable || w.State == WireBroken }

// WireZone is what the delegation of a zone and its servers come to.
type WireZone struct {
	Zone     string      // canonical
	State    WireVerdict // in sync, lame or unreachable; anything else says nothing
	Reason   string      // one sentence
	Problems []string    // one sentence each
	// Unresolved says which resolvers cannot resolve the zone though servers of its own answer, and how they
	// fail. Confirmed says that two of them did so in two rounds; Facts are what is seen of delegation,
	// DNSSEC and SOA, one sentence each.
	Unresolved []string
	Confirmed  bool
	Facts      []string
	Resolving  int // resolvers that can
	At         time.Time
}

// HealthState is the outcome of the health checks of one node of one service.
type HealthState struct {
	Service string // canonical name of the service
	Key     providers.CloudKey
	ID      string // of the instance; providers.HostPrefix begins that of a host that joined by hand
	Failed  int    // checks that failed
	Of      int    // of the last so many
	Error   string // why the last one failed
	At      time.Time
}

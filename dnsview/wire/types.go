package wire

import (
	"time"
)

// State is what the answers for one name come to.
type State string

// The states of a name, best first.
const (
	// InSync: every authoritative server that answers says what the API says, and
	// no resolver contradicts.
	InSync State = "in sync"
	// Cached: the authoritative servers are in sync, and a resolver still hands out something else.
	Cached State = "cached"
	// NegativeCached: the authoritative servers are in sync, and a resolver
	// still remembers that there is nothing (RFC 2308).
	NegativeCached State = "negative-cached"
	// Propagating: the authoritative servers agree with each other, and not with the API.
	Propagating State = "propagating"
	// Split: the authoritative servers disagree with each other.
	Split State = "split"
	// Broken: name servers reply, and no reply is an answer: SERVFAIL, REFUSED, a
	// truncated or garbled reply, a wrong id, a loop of aliases. A resolver that fails
	// like that while the authoritative servers are in sync makes the name
	// broken too: that is how a bad DNSSEC signature looks.
	Broken State = "broken"
	// Unreachable: no authoritative server replies.
	Unreachable State = "unreachable"
	// Lame: the zone is not delegated to the servers of the DNS provider, or those
	// that it is delegated to do not serve it.
	Lame State = "lame"
	// Unchecked: no one was asked, and Result.Reason says why.
	Unchecked State = "unchecked"
)

// Outcome is what one server made of one question.
type Outcome string

// The outcomes. The first three are answers, all others are failures.
const (
	Answered   Outcome = "answered"    // there are values
	NoData     Outcome = "no data"     // the name exists, without values of this type
	NoName     Outcome = "no name"     // NXDOMAIN
	ServFail   Outcome = "servfail"    // SERVFAIL
	Refused    Outcome = "refused"     // REFUSED
	NotImpl    Outcome = "error"       // FORMERR, NOTIMP or another error code; Answer.Detail says which
	Timeout    Outcome = "timeout"     // no reply in time
	NoRoute    Outcome = "no route"    // this machine has no way to the address, e.g. no IPv6
	Closed     Outcome = "closed"      // the port is closed, or the connection broke
	Truncated  Outcome = "truncated"   // cut short over UDP, and not to be had over TCP
	Garbled    Outcome = "garbled"     // replies that are no DNS messages
	WrongReply Outcome = "wrong reply" // replies to another question or with another id than was asked
	Loop       Outcome = "loop"        // the aliases lead back to themselves
	NoAuth     Outcome = "no authority"
	OtherZone  Outcome = "other zone"  // it answers for another zone: the parent, the root, another's
	BackingOff Outcome = "backing off" // not asked now, because it failed before; Answer.Detail says how
	NotAsked   Outcome = "not asked"   // stopped before its turn
)

// OK reports whether the outcome is an answer.
func (o Outcome) OK() bool { return o == Answered || o == NoData || o == NoName }

// Silent reports whether nothing was heard of the server.
func (o Outcome) Silent() bool {
	switch o {
	case Timeout, NoRoute, Closed, BackingOff, NotAsked:
		return true
	}
	return false
}

// Mode says how the answer is compared with the API.
type Mode string

// The modes.
const (
	// Exact: all values and nothing else.
	Exact Mode = ""
	// AnyOf: some of the values and nothing else. So do names with a routing policy answer.
	AnyOf Mode = "any of"
	// Resolves: the name has an address. All that can be said of a proxied
	// name, which answers with the proxy's addresses, and of an alias.
	Resolves Mode = "resolves"
	// Flattened: the alias of the API, or in its place the addresses that it leads to. So Cloudflare answers
	// for aliases, by a setting of the record or of the zone.
	Flattened Mode = "flattened"
)

// Question is one name and type, and what the DNS API says of it.
type Question struct {
	Name string   `json:"name"`           // canonical, fully qualified
	Type string   `json:"type"`           // upper case
	Want []string `json:"want,omitempty"` // values that the API has; none for what was removed
	TTL  uint32   `json:"ttl,omitempty"`  // seconds, as the API has it
	Mode Mode     `json:"mode,omitempty"`
	// Empty says that the name may have no value for this client: routing by place without a default, or
	// an alias whose target has none.
	Empty bool `json:"empty,omitempty"`
}

// Server is one address of one name server.
type Server struct {
	Name     string `json:"name,omitempty"` // canonical name; empty for resolvers and for servers named by address
	Addr     string `json:"addr,omitempty"` // host:port; empty when the name has no address
	Resolver bool   `json:"resolver,omitempty"`
}

// Answer is what one server made of one question.
type Answer struct {
	Server  Server        `json:"server"`
	Outcome Outcome       `json:"outcome"`
	Detail  string        `json:"detail,omitempty"`  // one line, for failures
	Values  []string      `json:"values,omitempty"`  // sorted, in the spelling of providers.CanonicalValue
	Aliases []string      `json:"aliases,omitempty"` // the chain of CNAME targets that the answer followed
	TTL     uint32        `json:"ttl"`               // seconds that were left at At; of a negative answer, how long it may be remembered
	At      time.Time     `json:"at,omitzero"`       // when the answer came
	Took    time.Duration `json:"took,omitempty"`
	TCP     bool          `json:"tcp,omitempty"`
	EDNS    bool          `json:"edns,omitempty"`
	// Agrees says that the answer is what the API says.
	Agrees bool `json:"agrees"`

	nowhere bool // there is no value because the target of the alias has none either
}

// Expires is when a cache must have forgotten the answer.
func (a *Answer) Expires() time.Time { return a.At.Add(time.Duration(a.TTL) * time.Second) }

// Left is how much of the TTL is left at now, never less than zero. It counts
// down for resolvers; an authoritative server returns the whole TTL each time.
func (a *Answer) Left(now time.Time) time.Duration {
	if !a.Server.Resolver {
		return time.Duration(a.TTL) * time.Second
	}
	return max(0, a.Expires().Sub(now))
}

// Result is what all servers made of one question.
type Result struct {
	Zone string `json:"zone"`
	Question
	State   State     `json:"state"`
	Reason  string    `json:"reason"`  // one sentence
	Answers []Answer  `json:"answers"` // authoritative servers first, then resolvers, each in a fixed order
	Agree   int       `json:"agree"`   // authoritative servers that answer as the API says
	Servers int       `json:"servers"` // authoritative servers that there is a way to
	At      time.Time `json:"at"`
	// Since is when this state was seen first, with no other in between.
	Since time.Time `json:"since"`
	// Until is when the last resolver must have forgotten what it still holds;
	// zero for other states than cached and negative-cached, and when no TTL is known.
	Until time.Time `json:"until,omitzero"`
}

// Left is how long resolvers may still hand out the old answer at now.
func (r *Result) Left(now time.Time) time.Duration {
	if r.Until.IsZero() {
		return 0
	}
	return max(0, r.Until.Sub(now))
}

// From says where the list of authoritative servers comes from.
type From string

// The places that authoritative servers are found at; see the package's documentation.
const (
	FromConfig   From = "config"
	FromParent   From = "parent zone"
	FromResolver From = "resolver"
	FromProvider From = "provider"
	FromNobody   From = ""
)

// ZoneState is what the delegation and the servers of a zone come to.
type ZoneState string

// The states of a zone. They have the words of State.
const (
	ZoneInSync      ZoneState = "in sync"     // every authoritative server serves the zone
	ZonePartial     ZoneState = "partial"     // some do; Problems says which do not
	ZoneLame        ZoneState = "lame"        // see Lame
	ZoneBroken      ZoneState = "broken"      // they reply, and no reply is an answer
	ZoneUnreachable ZoneState = "unreachable" // no authoritative server replies, or none was found
	ZoneUnchecked   ZoneState = "unchecked"   // no one was asked
)

// ZoneServer is one authoritative server of a zone, asked for the zone's SOA.
type ZoneServer struct {
	Answer
	Serial    uint32 `json:"serial,omitempty"` // of the SOA
	Delegated bool   `json:"delegated"`        // the parent, or what stands for it, names it
}

// ZoneResult is what was found out about a zone as a whole.
type ZoneResult struct {
	Zone       string       `json:"zone"`
	State      ZoneState    `json:"state"`
	Reason     string       `json:"reason"`               // one sentence
	From       From         `json:"from"`                 // where Delegation comes from
	Delegation []string     `json:"delegation,omitempty"` // names that the zone is delegated to
	Apex       []string     `json:"apex,omitempty"`       // names that the zone's own NS records bear
	Provider   []string     `json:"provider,omitempty"`   // names that the DNS API returns
	Servers    []ZoneServer `json:"servers,omitempty"`
	Problems   []string     `json:"problems,omitempty"` // one sentence each
	// Unresolved are the resolvers that answer SERVFAIL or NXDOMAIN for the zone as a whole, though servers of
	// its own answer. Confirmed says that two of them did so in two rounds; Facts may say why.
	Unresolved []Answer  `json:"unresolved,omitempty"`
	Confirmed  bool      `json:"confirmed,omitempty"`
	Resolving  int       `json:"resolving,omitempty"` // resolvers that answer for it
	Facts      []string  `json:"facts,omitempty"`     // one sentence each
	At         time.Time `json:"at"`
}

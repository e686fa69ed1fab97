package wire

import (
	"time"
)

// State summarizes the answers for one name.
type State string

// The states of a name, best first.
const (
	// InSync: every authoritative server that answers agrees with the API, and no resolver contradicts.
	InSync State = "in sync"
	// Cached: the authoritative servers are in sync, but a resolver still returns something else.
	Cached State = "cached"
	// NegativeCached: the authoritative servers are in sync, but a resolver still has a negative answer (RFC 2308).
	NegativeCached State = "negative-cached"
	// Propagating: the authoritative servers agree with each other, but not with the API.
	Propagating State = "propagating"
	// Split: the authoritative servers disagree with each other.
	Split State = "split"
	// Broken: name servers reply, but not with an answer: SERVFAIL, REFUSED, a truncated or garbled reply, a wrong id,
	// or a loop of aliases. A resolver that fails like that while the authoritative servers are in sync also makes the
	// name broken, because a bad DNSSEC signature looks like this.
	Broken State = "broken"
	// Unreachable: no authoritative server replies.
	Unreachable State = "unreachable"
	// Lame: the zone is not delegated to the DNS provider's servers, or the servers of the delegation do not serve it.
	Lame State = "lame"
	// Unchecked: no server was queried; Result.Reason says why.
	Unchecked State = "unchecked"
)

// Outcome is the result of one question to one server.
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
	Truncated  Outcome = "truncated"   // truncated over UDP, and not available over TCP
	Garbled    Outcome = "garbled"     // replies that are not DNS messages
	WrongReply Outcome = "wrong reply" // replies to another question or with another id
	Loop       Outcome = "loop"        // the aliases form a loop
	NoAuth     Outcome = "no authority"
	OtherZone  Outcome = "other zone"  // a referral or answer for another zone, such as the parent or the root
	BackingOff Outcome = "backing off" // not queried now because of earlier failures; see Answer.Detail
	NotAsked   Outcome = "not asked"   // stopped before its turn
)

// OK reports whether the outcome is an answer.
func (o Outcome) OK() bool { return o == Answered || o == NoData || o == NoName }

// Silent reports whether nothing was received from the server.
func (o Outcome) Silent() bool {
	switch o {
	case Timeout, NoRoute, Closed, BackingOff, NotAsked:
		return true
	}
	return false
}

// Mode is how an answer is compared with the API.
type Mode string

// The modes.
const (
	// Exact: all values and no others.
	Exact Mode = ""
	// AnyOf: some of the values and no others, for names with a routing policy.
	AnyOf Mode = "any of"
	// Resolves: the name has an address. Nothing more can be checked for a proxied name, which answers with the proxy's
	// addresses, and for an alias.
	Resolves Mode = "resolves"
	// Flattened: the alias of the API, or instead the addresses of its target. Cloudflare answers so for aliases,
	// depending on a setting of the record or the zone.
	Flattened Mode = "flattened"
)

// Question is one name and type, and its values in the DNS API.
type Question struct {
	Name string   `json:"name"`           // canonical, fully qualified
	Type string   `json:"type"`           // upper case
	Want []string `json:"want,omitempty"` // values in the API; none for a removed name
	TTL  uint32   `json:"ttl,omitempty"`  // seconds, by the API
	Mode Mode     `json:"mode,omitempty"`
	// Empty means that the name may have no value for this client: it is routed by place without a default, or the
	// target of its alias has none.
	Empty bool `json:"empty,omitempty"`
}

// Server is one address of one name server.
type Server struct {
	Name     string `json:"name,omitempty"` // canonical; empty for resolvers and for servers configured by address
	Addr     string `json:"addr,omitempty"` // host:port; empty if the name has no address
	Resolver bool   `json:"resolver,omitempty"`
}

// Answer is the answer of one server to one question.
type Answer struct {
	Server  Server        `json:"server"`
	Outcome Outcome       `json:"outcome"`
	Detail  string        `json:"detail,omitempty"`  // one line about a failure
	Values  []string      `json:"values,omitempty"`  // sorted, spelled as by providers.CanonicalValue
	Aliases []string      `json:"aliases,omitempty"` // the chain of CNAME targets that the answer followed
	TTL     uint32        `json:"ttl"`               // seconds left at At; of a negative answer, how long it may be cached
	At      time.Time     `json:"at,omitzero"`       // when the answer came
	Took    time.Duration `json:"took,omitempty"`
	TCP     bool          `json:"tcp,omitempty"`
	EDNS    bool          `json:"edns,omitempty"`
	// Agrees means that the answer is equal to the API's.
	Agrees bool `json:"agrees"`

	noTarget bool // there is no value because the alias's target has none either
}

// Expires returns when a cache must have dropped the answer.
func (a *Answer) Expires() time.Time { return a.At.Add(time.Duration(a.TTL) * time.Second) }

// Result holds the answers of all servers to one question.
type Result struct {
	Zone string `json:"zone"`
	Question
	State   State     `json:"state"`
	Reason  string    `json:"reason"`  // one sentence
	Answers []Answer  `json:"answers"` // authoritative servers first, then resolvers, each in a fixed order
	Agree   int       `json:"agree"`   // authoritative servers that agree with the API
	Servers int       `json:"servers"` // reachable authoritative servers
	At      time.Time `json:"at"`
	// Since is the start of the uninterrupted state.
	Since time.Time `json:"since"`
	// Until is when the last resolver must have dropped an outdated answer. It is zero in states other than Cached and
	// NegativeCached, and if no TTL is known.
	Until time.Time `json:"until,omitzero"`
}

// From is the origin of the list of authoritative servers.
type From string

// The origins of authoritative servers; see the package's documentation.
const (
	FromConfig   From = "config"
	FromParent   From = "parent zone"
	FromResolver From = "resolver"
	FromProvider From = "provider"
	FromNone     From = ""
)

// ZoneState summarizes the delegation and the servers of a zone.
type ZoneState string

// The states of a zone. Their words are those of State.
const (
	ZoneInSync      ZoneState = "in sync"     // every authoritative server serves the zone
	ZonePartial     ZoneState = "partial"     // some do; Problems lists the others
	ZoneLame        ZoneState = "lame"        // see Lame
	ZoneBroken      ZoneState = "broken"      // they reply, but not with an answer
	ZoneUnreachable ZoneState = "unreachable" // no authoritative server replies, or none was found
	ZoneUnchecked   ZoneState = "unchecked"   // no server was queried
)

// ZoneServer is one authoritative server of a zone, with its answer for the zone's SOA.
type ZoneServer struct {
	Answer
	Serial    uint32 `json:"serial,omitempty"` // of the SOA
	Delegated bool   `json:"delegated"`        // in the delegation, or in what replaces it
}

// ZoneResult is the result for a zone as a whole.
type ZoneResult struct {
	Zone       string       `json:"zone"`
	State      ZoneState    `json:"state"`
	Reason     string       `json:"reason"`               // one sentence
	From       From         `json:"from"`                 // origin of Delegation
	Delegation []string     `json:"delegation,omitempty"` // name servers of the delegation
	Apex       []string     `json:"apex,omitempty"`       // name servers in the zone's own NS records
	Provider   []string     `json:"provider,omitempty"`   // name servers by the DNS API
	Servers    []ZoneServer `json:"servers,omitempty"`
	Problems   []string     `json:"problems,omitempty"` // one sentence each
	// Unresolved are the resolvers that answer SERVFAIL or NXDOMAIN for the zone as a whole although its own servers
	// answer. Confirmed means that two of them did so in two rounds; Facts may say why.
	Unresolved []Answer  `json:"unresolved,omitempty"`
	Confirmed  bool      `json:"confirmed,omitempty"`
	Resolving  int       `json:"resolving,omitempty"` // resolvers that answer for it
	Facts      []string  `json:"facts,omitempty"`     // one sentence each
	At         time.Time `json:"at"`
}

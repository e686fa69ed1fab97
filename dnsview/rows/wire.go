package rows

import (
	"cmp"
	"fmt"
	"time"

	"rollcall/dnsview/index"
	"rollcall/providers"
)

// Wire is the JSON of the name servers' answers for a record's name and type.
type Wire struct {
	State    string       `json:"state"`    // served, absent and so on
	Reason   string       `json:"reason"`   // in words
	Resolves bool         `json:"resolves"` // only resolving could be checked
	Agree    int          `json:"agree"`    // authoritative servers that agree with the API
	Servers  int          `json:"servers"`  // number of authoritative servers
	At       *time.Time   `json:"at"`       // when the servers were asked, or null
	Since    *time.Time   `json:"since"`    // how long it has been so, or null
	Until    *time.Time   `json:"until"`    // when the last resolver must have dropped the old answer
	Answers  []WireAnswer `json:"answers"`  // of the servers that were asked
}

// WireAnswer is the answer of one server.
type WireAnswer struct {
	Server   string     `json:"server"`   // name or address of the server
	Resolver bool       `json:"resolver"` // whether it is a resolver, and not authoritative
	Values   []string   `json:"values"`   // which it answered
	TTL      uint32     `json:"ttl"`      // of the answer in seconds
	Agrees   bool       `json:"agrees"`   // whether the answer is what the API says
	Failure  *string    `json:"failure"`  // why it did not answer, or null
	At       *time.Time `json:"at"`       // when it was asked, or null
}

// WireZone is the state of a zone's name servers.
type WireZone struct {
	State    string     `json:"state"`    // served, lame and so on
	Reason   string     `json:"reason"`   // in words
	Problems []string   `json:"problems"` // what is wrong with its delegation
	At       *time.Time `json:"at"`       // when the servers were asked, or null
}

// newWire returns the Wire of a state; nil for nil.
func newWire(w *index.WireState) *Wire {
	if w == nil {
		return nil
	}
	r := &Wire{
		State: string(w.State), Reason: providers.Clean(w.Reason), Resolves: w.Resolves, Agree: w.Agree, Servers: w.Servers, Answers: []WireAnswer{},
	}
	if w.State != index.WireWaiting {
		r.At, r.Since, r.Until = moment(w.At), moment(w.Since), moment(w.Until)
	}
	for i := range w.Answers {
		a := &w.Answers[i]
		r.Answers = append(r.Answers, WireAnswer{
			Server: providers.Clean(a.Server), Resolver: a.Resolver, Values: cleanAll(a.Values), TTL: a.TTL, Agrees: a.Agrees, Failure: cleanText(a.Failure), At: moment(a.At),
		})
	}
	return r
}

func newWireZone(w *index.WireZone) *WireZone {
	if w == nil {
		return nil
	}
	return &WireZone{State: string(w.State), Reason: providers.Clean(w.Reason), Problems: cleanAll(w.Problems), At: moment(w.At)}
}

// String returns the state in one word and the number of agreeing servers, for tables.
func (r *Wire) String() string {
	switch {
	case r == nil:
		return ""
	case r.Servers == 0:
		return r.State
	case r.Resolves && r.State == string(index.WireInSync):
		return "resolves"
	}
	return fmt.Sprintf("%s %d/%d", r.State, r.Agree, r.Servers)
}

// String returns the state of a zone's name servers, for tables.
func (r *WireZone) String() string {
	if r == nil {
		return ""
	}
	return r.State
}

// compareWire sorts first the names that need attention most.
func compareWire(a, b *Record) int {
	if a.Wire == nil || b.Wire == nil {
		switch {
		case a.Wire != nil:
			return -1
		case b.Wire != nil:
			return 1
		}
		return 0
	}
	return cmp.Or(cmp.Compare(wireRank(a.Wire.State), wireRank(b.Wire.State)),
		cmp.Compare(b.Wire.Servers-b.Wire.Agree, a.Wire.Servers-a.Wire.Agree))
}

func wireRank(v index.WireVerdict) int {
	order := [...]index.WireVerdict{
		index.WireLame, index.WireBroken, index.WireUnreachable, index.WireDiffers, index.WireSplit, index.WirePropagating,
		index.WireNegativeCached, index.WireCached, index.WireWaiting, index.WireUnchecked,
	}
	for i, s := range order {
		if s == v {
			return i
		}
	}
	return len(order)
}

package world

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// FaultKind is a fault of a source.
type FaultKind string

// The faults that can be switched on.
const (
	NoFault     FaultKind = "none"
	Unreachable FaultKind = "unreachable"   // the connection is closed without an answer
	Throttle    FaultKind = "throttle"      // the API's own throttling answer, with Retry-After if it has one
	ServerError FaultKind = "error"         // HTTP 500
	AuthError   FaultKind = "auth"          // credentials refused
	Slow        FaultKind = "slow"          // every answer takes two seconds
	Hang        FaultKind = "hang"          // no answer; the client's timeout ends the call
	ShortPage   FaultKind = "short-page"    // a list omits the second half of its last page
	EmptyPage   FaultKind = "empty-page"    // a list is empty, with status 200
	PageLoop    FaultKind = "page-loop"     // the token of the next page is that of this page
	LostReply   FaultKind = "lost-reply"    // a write is carried out, and the connection closed before the answer
	Reset       FaultKind = "reset"         // the connection is closed in the middle of the body
	WrongKey    FaultKind = "other-account" // the credentials belong to another, empty account
	Conflict    FaultKind = "conflict"      // Route 53: PriorRequestNotComplete for every other write
	Stale       FaultKind = "stale-reads"   // listings lag some seconds behind writes

	EmptyBody    FaultKind = "empty-body"    // status 200 and no body; a write is carried out
	ProxyPage    FaultKind = "proxy-page"    // a proxy's page with status 200; nothing reaches the API
	Latency      FaultKind = "latency"       // each answer has its own delay, up to a twentieth of a second
	Expired      FaultKind = "expired"       // the credentials expire before the second page of a list
	ClockSkew    FaultKind = "clock-skew"    // the provider's clock is six minutes ahead, so signatures are too old
	SecondWriter FaultKind = "second-writer" // another writer adds a value to the name of every other write, just before it

	NoCapacity FaultKind = "no-capacity" // launched or started instances never run: EC2 terminates or stops them, Triton fails them
	TakeOver   FaultKind = "take-over"   // just before a write by id, another writer takes over the record or marker

	Split   FaultKind = "split"   // the zone's second name server gets no more changes
	Lagging FaultKind = "lagging" // the zone's name servers get no more changes
)

// Skew is how far a provider's clock is ahead under ClockSkew.
const Skew = 6 * time.Minute

// FaultKinds lists every fault that can be switched on.
func FaultKinds() []FaultKind {
	return []FaultKind{
		NoFault, Unreachable, Throttle, ServerError, AuthError, Slow, Hang, ShortPage, EmptyPage, PageLoop, LostReply, Reset, WrongKey, Conflict, Stale,
		EmptyBody, ProxyPage, Latency, Expired, ClockSkew, SecondWriter, NoCapacity, TakeOver,
		Split, Lagging,
	}
}

// Faults holds the current faults by source: the name of a cloud or zone.
type Faults struct {
	mu      sync.Mutex
	kinds   map[string]FaultKind
	hits    map[string]int
	expired map[string]bool // sources whose credentials have expired
}

func newFaults() *Faults {
	return &Faults{kinds: map[string]FaultKind{}, hits: map[string]int{}, expired: map[string]bool{}}
}

// SetFault sets the fault of a source, or of all sources for "all". An unknown source or kind is an error.
func (w *World) SetFault(source string, kind FaultKind) error {
	if !slices.Contains(FaultKinds(), kind) {
		return fmt.Errorf("there is no fault %q; there are %v", kind, FaultKinds())
	}
	names := w.Sources()
	if source != "all" && !slices.Contains(names, source) {
		return fmt.Errorf("there is no source %q; there are %s and all", source, strings.Join(names, ", "))
	}
	w.Faults.mu.Lock()
	for _, n := range names {
		if source == "all" || source == n {
			w.Faults.kinds[n] = kind
			w.Faults.hits[n], w.Faults.expired[n] = 0, false
		}
	}
	w.Faults.mu.Unlock()
	w.lock()
	defer w.unlock()
	for _, z := range w.allZones() {
		if source == "all" || source == z.Name {
			z.freeze(kind)
		}
	}
	return nil
}

// Fault returns the fault of a source, and how often it was called before, so that a front can let every other call
// pass.
func (w *World) Fault(source string) (kind FaultKind, hit int) {
	w.Faults.mu.Lock()
	defer w.Faults.mu.Unlock()
	k, ok := w.Faults.kinds[source]
	if !ok || k == NoFault {
		return NoFault, 0
	}
	w.Faults.hits[source]++
	return k, w.Faults.hits[source] - 1
}

// CredentialsExpired reports whether the credentials of a source have expired under Expired. They expire at the first
// call for a later page of a list, until the fault is changed.
func (w *World) CredentialsExpired(source string, laterPage bool) bool {
	w.Faults.mu.Lock()
	defer w.Faults.mu.Unlock()
	if laterPage && w.Faults.kinds[source] == Expired {
		w.Faults.expired[source] = true
	}
	return w.Faults.expired[source]
}

// Sources returns the names of all clouds and zones.
func (w *World) Sources() []string {
	var names []string
	for _, c := range w.clouds {
		names = append(names, c.Name)
	}
	for _, z := range w.allZones() {
		if !slices.Contains(names, z.Name) { // zones of one name share a fault
			names = append(names, z.Name)
		}
	}
	return names
}

// FaultOf returns the fault of a source without counting the call, for the frequently queried name servers.
func (w *World) FaultOf(source string) FaultKind {
	w.Faults.mu.Lock()
	defer w.Faults.mu.Unlock()
	if k, ok := w.Faults.kinds[source]; ok {
		return k
	}
	return NoFault
}

package dnsview

import (
	"strings"
	"time"

	"rollcall/dnsview/index"
	"rollcall/providers"
)

// Class is the id of a kind of disagreement.
type Class string

// The classes of finding. Those of the first group are what the removal of dead
// entries rests on.
const (
	Dead       Class = "dead"
	Dangling   Class = "dangling"
	Reused     Class = "reused"
	Stopped    Class = "stopped"
	Moved      Class = "moved"
	Missing    Class = "missing"
	Half       Class = "half"
	Foreign    Class = "foreign"
	OtherFleet Class = "other-fleet"
	Ambiguous  Class = "ambiguous"
	Unmarked   Class = "unmarked"
	InFlight   Class = "in-flight"
	Quiesced   Class = "quiesced"
	Evacuated  Class = "evacuated"
	Unknown    Class = "unknown"

	OrphanMarker  Class = "orphan-marker"
	Duplicate     Class = "duplicate"
	TTL           Class = "ttl"
	Proxied       Class = "proxied"
	Weight        Class = "weight"
	Private       Class = "private"
	SRVNoAddress  Class = "srv-no-address"
	SRVAlias      Class = "srv-alias"
	PTRNoSRV      Class = "ptr-no-srv"
	SRVNoPTR      Class = "srv-no-ptr"
	SRVNoTXT      Class = "srv-no-txt"
	TypeNotListed Class = "type-not-listed"
	Wire          Class = "wire"
	Split         Class = "split"
	Cached        Class = "cached"
	Lame          Class = "lame"
	Occluded      Class = "occluded"
	Unresolvable  Class = "unresolvable"
	Unhealthy     Class = "unhealthy"
	Thin          Class = "thin"
	OneCloud      Class = "one-cloud"
	OverLimit     Class = "over-limit"
)

// Severity says how much a finding hurts; higher sorts first.
type Severity int8

// The severities.
const (
	Info Severity = iota
	Low
	Medium
	High
	Critical
)

// String returns the severity as it is printed.
func (s Severity) String() string {
	return [...]string{"info", "low", "medium", "high", "critical"}[max(Info, min(s, Critical))]
}

// ParseSeverity returns the severity that prints so, and whether there is one.
func ParseSeverity(s string) (Severity, bool) {
	for v := Info; v <= Critical; v++ {
		if v.String() == s {
			return v, true
		}
	}
	return Info, false
}

// Remedy names what can be done about a finding. The empty remedy is none.
type Remedy string

// The remedies. OneKey says which of them the console offers on one key.
const (
	NoRemedy       Remedy = ""
	RemedyDelete   Remedy = "delete"
	RemedyRetarget Remedy = "retarget"
	RemedyQuiesce  Remedy = "quiesce"
	RemedyUpdate   Remedy = "update"
	RemedyRegister Remedy = "register"
	RemedyComplete Remedy = "complete"
	RemedyAdopt    Remedy = "adopt"
	RemedyReturn   Remedy = "return"      // put a node back that was taken out on purpose
	RemedyReplace  Remedy = "replace"     // give a record a public address in place of one that clients outside cannot reach
	RemedyDedupe   Remedy = "keep-oldest" // remove the younger of two records that say the same
)

// Evidence is one fact that a finding rests on.
type Evidence struct {
	Source string    `json:"source"` // name of the cloud or zone it comes from, or "marker"
	Fact   string    `json:"fact"`   // one sentence
	At     time.Time `json:"at,omitzero"`
}

// Finding is one disagreement, with its class, its evidence and the coverage
// that it rests on.
type Finding struct {
	Class    Class
	Severity Severity
	Record   *providers.Record      // nil when the finding is about an absent record
	Instance *providers.InstanceRef // nil when no instance is known
	Cloud    string                 // name of the cloud concerned, or empty
	Service  string                 // service concerned, or empty
	Zone     string                 // zone concerned, or empty
	Reason   string                 // one line, made from the evidence
	Evidence []Evidence
	RestsOn  []index.Basis
	Remedy   Remedy
	// OneKey says that the console offers the remedy on a single key.
	OneKey bool
	// Uncertain is what the finding waits for: it was established by an earlier scan on complete evidence and is not known
	// to be over, and these sources are not complete or not fresh now. It has no remedy then. Empty for a certain finding.
	Uncertain []index.Basis
	// Would names, for class unknown, the class that the evidence points to
	// and what it lacks is in Reason.
	Would Class
	// Controller is the program that manages the record by what it says itself, such as external-dns, or empty.
	Controller string
	// Address is the address that a missing or moved record ought to have.
	Address string
	// Name is the domain name, or name and type, that a finding without a record is about; or empty.
	Name string

	rank   int32       // of severity and class, the worst first
	order  int32       // in its view
	place  index.Place // of the record, if placed
	placed bool
	node   int32 // number of the instance in the index; -1 for none
}

// Certain reports whether the finding rests on complete evidence of this scan. Of class unknown nothing is certain.
func (f *Finding) Certain() bool { return f.Class != Unknown && len(f.Uncertain) == 0 }

// OwnerNotConfigured reports whether nothing is known of the owner of the record because its cloud is not configured here.
func (f *Finding) OwnerNotConfigured() bool {
	return f.Class == Unknown && f.Record != nil && f.Instance != nil && f.Cloud == "" && f.Instance.Cloud == ""
}

// Label returns the class, marked if the finding was established and is not certain now: "dead?".
func (f *Finding) Label() string {
	if len(f.Uncertain) > 0 {
		return string(f.Class) + "?"
	}
	return string(f.Class)
}

// Doubt returns what the finding is not certain of, such as "joyent-ams, 40 s", and its reason without that. It returns "" and the
// whole reason if nothing marks the reason so.
func (f *Finding) Doubt() (doubt, reason string) {
	reason, doubt, _ = strings.Cut(f.Reason, doubtBegins)
	return strings.TrimSuffix(doubt, ")"), reason
}

// doubtBegins is between the reason of a finding and what it is not certain of.
const doubtBegins = " (not certain: "

// Key identifies a finding over scans: class and what it is about.
func (f *Finding) Key() string {
	p := f.KeyParts()
	return strings.Join(p[:], "")
}

// KeyParts returns the parts of Key, for those who join many texts. Those at the end may be empty.
func (f *Finding) KeyParts() (p [21]string) {
	n := 0
	add := func(parts ...string) {
		for _, s := range parts {
			if n > 0 {
				p[n], n = "|", n+1
			}
			p[n], n = s, n+1
		}
	}
	add(string(f.Class), f.Service, f.Zone)
	if f.Record != nil {
		id := f.Record.Identity()
		add(id.Zone, id.Name, id.Type, id.Value, id.ID)
	}
	if f.Instance != nil {
		add(string(f.Instance.Key), f.Instance.ID)
	}
	if f.Name != "" {
		add(f.Name)
	}
	return p
}

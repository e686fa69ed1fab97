// Package apply carries out plans: it gathers fresh evidence, evaluates the guards, writes the journal and then takes
// the steps. Drain and undo are plans like any other.
package apply

import (
	"cmp"
	"context"
	"net/netip"
	"time"

	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
	"rollcall/providers/journal"
)

// CloudTarget is one configured cloud. All configured clouds must be given; one that could not be set up has the reason
// in Err.
type CloudTarget struct {
	Name  string
	Power providers.Power
	// Launches finds a launch whose outcome is not in the journal; may be nil.
	Launches providers.LaunchFinder
	// Profile returns the missing parts of an instance profile, one sentence each; may be nil.
	Profile func(ctx context.Context, p *journal.Profile) (missing []string, err error)
	Err     error
}

// ZoneTarget is one zone. It can be changed if its DNS account is a providers.Changer. Lists come from Sources.
type ZoneTarget struct {
	Zone providers.Zone
	DNS  providers.RecordGetter
	Err  error
}

// Wire queries the authoritative servers of a zone.
type Wire interface {
	// Answers queries every authoritative server of the zone for one name and type, samples times each. It returns one
	// answer per server: all its values in the spelling of providers.CanonicalValue, or in Failure why it could not be
	// queried. An error means that there is no server to query. It is safe for concurrent use.
	Answers(ctx context.Context, zone providers.Zone, name, typ string, samples int) ([]index.WireAnswer, error)
}

// Guards are the settings of the guards. Zero fields get the default.
type Guards struct {
	Age       time.Duration // maximum age of a read; default 60 s
	Grace     time.Duration // minimum age of a marker; default 10 min
	Threshold float64       // share of a zone's owned records that may be deleted within ten minutes; default 0.30; see NothingGoes
	From      int           // number of owned records from which the threshold applies; default 10
}

// NothingGoes is a threshold of 0 %: every delete needs the typed count.
const NothingGoes = -1

func (g Guards) or(d Guards) Guards {
	return Guards{
		Age: cmp.Or(g.Age, d.Age), Grace: cmp.Or(g.Grace, d.Grace), Threshold: cmp.Or(g.Threshold, d.Threshold), From: cmp.Or(g.From, d.From),
	}
}

var defaultGuards = Guards{Age: time.Minute, Grace: 10 * time.Minute, Threshold: 0.30, From: 10}

// Options configure an Engine.
type Options struct {
	Fleet      string
	Sources    Sources // of all Clouds and Zones
	Clouds     []CloudTarget
	Zones      []ZoneTarget
	Services   []index.Service
	Allow      []netip.Prefix
	Guards     Guards
	ZoneGuards map[string]Guards // by zone name; zero fields fall back to Guards
	Journal    *journal.Journal
	Who        string   // user@host
	Robot      *Robot   // nil if a person carries out plans
	Launcher   Launcher // carries out launch steps; nil if nothing here launches nodes

	Wire Wire // nil if no name server can be queried; steps that depend on them then wait
	// WireZones returns recent results about the name servers of zones, since lame zones are not written to. May be
	// nil.
	WireZones func() []index.WireZone
	// Health returns the latest health checks of nodes. A member that fails them does not count for what remains of a service
	// when a cloud is evacuated. May be nil.
	Health func() []index.HealthState
	// WireWait limits how long a change waits for the authoritative answers; default 15 s.
	WireWait time.Duration
	// Quiet is how long a change may still arrive after its sender has died; default 5 s.
	Quiet time.Duration
	// Timeout limits a call that reads no list; default 15 s.
	Timeout time.Duration

	providers.Clock
}

// Engine carries out plans. It is safe for concurrent use.
type Engine struct{ o Options }

// New returns an engine. It does no I/O.
func New(o Options) *Engine {
	o.Guards = o.Guards.or(defaultGuards)
	o.WireWait = cmp.Or(o.WireWait, 15*time.Second)
	o.Quiet = cmp.Or(o.Quiet, 5*time.Second)
	o.Timeout = cmp.Or(o.Timeout, 15*time.Second)
	return &Engine{o: o}
}

// guards returns the settings for one zone.
func (e *Engine) guards(zone string) Guards {
	g := e.o.ZoneGuards[providers.CanonicalName(zone)].or(e.o.Guards)
	if e.o.Robot != nil {
		g.From = 1
	}
	return g
}

func (e *Engine) cloud(name string) *CloudTarget {
	for i := range e.o.Clouds {
		if e.o.Clouds[i].Name == name {
			return &e.o.Clouds[i]
		}
	}
	return nil
}

// err returns why a cloud cannot be queried, or nil.
func (t *CloudTarget) err() error {
	if t == nil {
		return orNotComplete(nil)
	}
	return orNotComplete(t.Err)
}

func (e *Engine) zone(name string) *ZoneTarget {
	for i := range e.o.Zones {
		if providers.SameName(e.o.Zones[i].Zone.Name, name) {
			return &e.o.Zones[i]
		}
	}
	return nil
}

// Check gathers fresh evidence and evaluates the guards of every step. It writes nothing.
func (e *Engine) Check(ctx context.Context, plan plan.Plan) *Report {
	return newRun(e, plan, Confirm{}, nil).check(ctx)
}

// Run carries out a plan. progress may be nil; it is called from one goroutine at a time. When ctx ends, no new step
// begins, and the journal gets the outcome of the current one.
func (e *Engine) Run(ctx context.Context, plan plan.Plan, c Confirm, progress func(Event)) *Report {
	return newRun(e, plan, c, progress).carryOut(ctx)
}

package cli

import (
	"context"
	"errors"
	"strings"
	"time"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/cli/output"
	"rollcall/cmd/rollcall/exit"
	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview/apply"
	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/providers/budget"
	"rollcall/providers/fleet"
)

// serviceSession is the session of a command on one service: the config and only the service's zone. No cloud is set up
// or queried, because a joining host has only the credentials of its DNS account.
type serviceSession struct {
	*app.Session
	source   app.ZoneSource
	zone     providers.Zone
	ahead    time.Duration // how far the clock of its provider is ahead of this machine's
	dns      *apply.RetryingDNS
	declared index.Service // declared service; zero if the config does not declare it
}

// openService opens the zone of a name.
func (a *commands) openService(ctx context.Context, name string) (*serviceSession, error) {
	s, source, err := a.OpenZone(ctx, name)
	if err != nil {
		return nil, err
	}
	if source.Err != nil {
		return nil, unreadZone(source.Name, source.Err)
	}
	out := &serviceSession{Session: s, source: *source, dns: &apply.RetryingDNS{DNS: source.DNS, LockZone: s.LockZone}}
	if d := s.Config.Declared(name); d != nil {
		out.declared = *d
	}
	return out, out.findZone(ctx)
}

// findZone queries the account for the zone.
func (s *serviceSession) findZone(ctx context.Context) error {
	ctx, skew := budget.WithSkew(ctx)
	defer func() { s.ahead = skew.Ahead() }()
	err := s.dns.Ask(ctx, func() (err error) {
		s.zone, err = providers.FindZone(ctx, s.source.DNS, s.source.Name, s.source.ZoneChoice, "")
		return err
	})
	if err != nil {
		return unreadZone(s.source.Name, err)
	}
	return nil
}

// unreadZone returns the error of a command whose zone could not be read, so that its content is unknown.
func unreadZone(name string, err error) error {
	return exit.Unknownf("zone %s could not be read: %w; nothing was changed", words.Clean(name), err)
}

// reading returns the zone for a plan, without records. Markers are dated by the clock of its provider.
func (s *serviceSession) reading() plan.Zone {
	return plan.Zone{Zone: s.zone, Fleet: s.Config.Fleet, Now: s.Program.Now().Add(s.ahead)}
}

// serviceDNS is the part of a DNS account that a change of a service needs.
type serviceDNS interface {
	providers.RecordGetter
	providers.Changer
	fleet.DNS
}

// found returns the account of the service; its zone is listed completely.
func (s *serviceSession) found() foundZone { return foundZone{s.dns, s.zone} }

// partialZone returns the account of the service; its zone is not listed.
func (s *serviceSession) partialZone() partialZone { return partialZone{s.found(), s.Program.Clock} }

// foundZone is the account of a service whose zone was found already.
type foundZone struct {
	*apply.RetryingDNS
	zone providers.Zone
}

// Zones implements providers.ZoneLister without a query.
func (f foundZone) Zones(_ context.Context, page func([]providers.Zone)) providers.Coverage {
	page([]providers.Zone{f.zone})
	return providers.Coverage{State: providers.CoverageComplete, Rows: 1, Expected: 1}
}

// partialZone is a zone of which only the names of a change are read, because the guards of a host's own change depend
// on nothing else. Its coverage is partial.
type partialZone struct {
	foundZone
	clock providers.Clock
}

var errPartialZone = errors.New("only the names of this change are read")

// Records implements providers.RecordLister.
func (n partialZone) Records(context.Context, providers.Zone, func([]providers.Record)) providers.Coverage {
	t := n.clock.Now()
	return providers.Coverage{State: providers.CoveragePartial, Expected: -1, Started: t, Finished: t, Err: errPartialZone}
}

// serviceEngine returns the engine for plans of this service.
func (s *serviceSession) serviceEngine(ctx context.Context, zone serviceDNS) (*apply.Engine, error) {
	return s.ZoneEngine(ctx, fleet.New(fleet.Options{
		Zones:   []fleet.ZoneSource{{Name: s.zone.Name, ZoneChoice: providers.ZoneChoice{ID: s.zone.ID}, Provider: s.zone.Provider, Traits: s.zone.Traits, DNS: zone}},
		FleetID: s.Config.Fleet, Timeout: joinTimeout, Clock: s.Program.Clock,
	}), apply.ZoneTarget{Zone: s.zone, DNS: zone}, joinTimeout)
}

// carryService carries out a plan and reports the outcome. A refusal by the zone is one line and exit code 2.
func (a *commands) carryService(ctx context.Context, s *serviceSession, zone serviceDNS, made plan.Planned, c changeOptions) error {
	plan := made.Plan
	if len(plan.Steps) == 0 {
		a.printNotes(&made)
		for _, l := range plan.Skipped {
			a.Logf("left alone: %s", words.Clean(l))
		}
		if c.form == output.JSON || c.form == output.YAML {
			if err := output.Data(a.Out, c.form, output.NewReport(&apply.Report{Plan: plan}, c.dryRun)); err != nil {
				return err
			}
		}
		if len(plan.Skipped) > 0 {
			return exit.With(exit.Failed)
		}
		a.Logf("nothing to do")
		return nil
	}
	e, err := s.serviceEngine(ctx, zone)
	if err != nil {
		return err
	}
	var r *apply.Report
	if c.dryRun {
		r = e.Check(ctx, plan)
	} else {
		if _, err := a.answerJournal(ctx, s.Session, c.confirm); err != nil {
			return err
		}
		surviveClosedPipes()
		r = e.Run(ctx, plan, apply.Confirm{}, nil) // but guard 9, which was answered, no guard of these plans can be answered by typing
	}
	if !r.OK() && !c.dryRun && (plan.Verb == index.VerbJoin || plan.Verb == index.VerbCreate) {
		a.undoIncomplete(ctx, s, r)
	}
	if err := refusedBy(r); err != nil && !c.dryRun {
		if c.form == output.JSON || c.form == output.YAML {
			err = errors.Join(err, output.Data(a.Out, c.form, output.NewReport(r, c.dryRun)))
		}
		return &exit.Error{Code: exit.Usage, Err: err}
	}
	if r.OK() {
		a.printNotes(&made)
	}
	err = a.printService(r, c)
	for _, ask := range r.Asks() {
		if ask.Guard == index.GuardJournal {
			a.Logf("to do it all the same, give --confirm %s: %s", providers.ShellQuote(words.Clean(ask.Text)), words.Clean(whyAsked(s.Session, []apply.Ask{ask})))
		}
	}
	return err
}

// printNotes prints what an operator should know about a plan.
func (a *commands) printNotes(made *plan.Planned) {
	for _, n := range made.Notes {
		a.Logf("rollcall: %s", words.Clean(n))
	}
	for i := range made.Plan.Steps {
		if c := made.Plan.Steps[i].Change; c.Op == providers.OpCreate && c.After.Type == "TXT" {
			a.txtIsPublic(c.After.Name)
		}
	}
}

func (a *commands) printService(r *apply.Report, c changeOptions) error {
	for _, l := range r.Plan.Skipped {
		a.Logf("left alone: %s", words.Clean(l))
	}
	row := output.NewReport(r, c.dryRun)
	var err error
	switch c.form {
	case output.JSON, output.YAML:
		err = output.Data(a.Out, c.form, row)
	case output.Name:
		var b strings.Builder
		for _, st := range row.Steps {
			if st.Record != nil && st.State == string(apply.StepDone) {
				b.WriteString(rows.RecordName(st.Record.Zone, st.Record.Name, st.Record.Type, st.Record.Value) + "\n")
			}
		}
		err = output.String(a.Out, b.String())
	default:
		err = output.String(a.Out, a.Readable(row.Text()))
	}
	if err != nil {
		return err
	}
	switch {
	case !row.OK:
		return exit.With(exitOf(r))
	case len(r.Plan.Skipped) > 0:
		return exit.With(exit.Failed)
	}
	return nil
}

// undoIncomplete removes what an incomplete join or create has made, so that no half-made host or incarnation stays.
// Records of the incarnation are removed as by retire, so they stay if another host has joined meanwhile.
func (a *commands) undoIncomplete(ctx context.Context, s *serviceSession, r *apply.Report) {
	node := plan.Plan{Verb: index.VerbLeave, Title: "Take back what was made, as the join did not succeed"}
	incarnation := plan.Plan{Verb: index.VerbRetire, Title: "Take back what was made, as the incarnation could not be announced"}
	for i := range r.Steps {
		st := &r.Steps[i]
		if st.State != apply.StepDone || st.Already || st.Record == nil || st.Step.Change.Op != providers.OpCreate {
			continue
		}
		planned := &incarnation
		if o, ok := st.Record.Owner(); ok && o.Host() {
			planned = &node
		}
		c := providers.Change{Op: providers.OpDelete, Before: *st.Record}
		planned.Steps = append(planned.Steps, plan.Step{
			ID: len(planned.Steps) + 1, Kind: plan.StepChange, Zone: st.Step.Zone, Change: &c, Instance: st.Step.Instance, Sentence: "Delete " + st.Record.String() + " again",
		})
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	a.runCleanup(ctx, s, s.partialZone(), node)
	a.runCleanup(ctx, s, s.found(), incarnation)
}

// runCleanup carries out a plan of undoIncomplete and prints what stays.
func (a *commands) runCleanup(ctx context.Context, s *serviceSession, zone serviceDNS, plan plan.Plan) {
	if len(plan.Steps) == 0 {
		return
	}
	e, err := s.serviceEngine(ctx, zone)
	if err != nil {
		a.Logf("rollcall: what was made could not be taken back: %s", words.Clean(err.Error()))
		return
	}
	back := e.Run(ctx, plan, apply.Confirm{}, nil)
	for i := range back.Steps {
		if st := &back.Steps[i]; st.State != apply.StepDone {
			a.Logf("rollcall: what was made could not be taken back: %s: %s", words.Clean(st.Step.Sentence), words.Clean(st.Why))
		}
	}
}

// refusedBy returns the error with which the zone's provider refuses permanently, or nil.
func refusedBy(r *apply.Report) error {
	for i := range r.Steps {
		if err := r.Steps[i].Err; err != nil && app.IsFinal(err) {
			return err
		}
	}
	return nil
}

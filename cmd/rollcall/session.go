package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"rollcall/cmd/rollcall/config"
	"rollcall/cmd/rollcall/exit"
	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview"
	"rollcall/providers"
	"rollcall/providers/fleet"
	"rollcall/providers/journal"
	"rollcall/ui"
)

// patience is for how long a source may bring nothing before a one-shot command goes on without it.
const patience = 15 * time.Second

// A console gives a source longer than a one-shot command: it shows what it has meanwhile.
const consolePatience = 30 * time.Second

// session is everything that a command works with: the config, the sources and
// the fleet that reads them.
type session struct {
	app    *app
	config *config.Config
	set    sourceSet
	fleet  *fleet.Fleet
	state  string // folder of the journal and the last snapshot
	// observer collects what name servers and nodes say; nil when no one asks them. It is
	// set before the first inspection.
	observer *observer

	took time.Duration // by the reads of a one-shot command
	view *dnsview.View // what a one-shot command saw; nil in the console

	silent bool // nothing is reported on stderr: someone else reports it, such as a console that has the screen

	retries retries

	opening sync.Mutex
	journal *journal.Journal // under opening

	rangesMu sync.Mutex // guards what the config says of the list of public ranges

	mu          sync.Mutex
	forgottenAt time.Time // when the file of forgotten clouds was last seen to change

	settling sync.Mutex
	settled  bool                 // what was left open in the journal was looked up
	seen     map[string]time.Time // when findings were first seen; nil before it was read from the state folder
	seenTold bool                 // that it cannot be kept was told

	noted sync.Map   // what the clouds could not be asked and was reported already: sentence -> true
	own   ownMarkers // what the journal has written last
}

// loadConfig starts the embedded clouds of --demo, and reads the config. It returns nil when there is none.
func (a *app) loadConfig(ctx context.Context) (*config.Config, error) {
	if err := a.enterDemo(ctx); err != nil {
		return nil, err
	}
	path, err := config.Find(a.config)
	if err != nil || path == "" {
		return nil, err
	}
	return config.Load(path, keyRules())
}

// configOrEmpty is loadConfig for what goes without a config too.
func (a *app) configOrEmpty(ctx context.Context) (*config.Config, error) {
	c, err := a.loadConfig(ctx)
	if c == nil && err == nil {
		c = config.Empty()
	}
	return c, err
}

// open reads the config, or finds out what there is without one, and sets up
// the sources. Nothing is asked of a source yet that the config names.
func (a *app) open(ctx context.Context) (*session, error) {
	c, err := a.loadConfig(ctx)
	if err != nil {
		return nil, err
	}
	s := &session{app: a, config: c}
	if c == nil {
		d := discover(ctx, a.now, s.retrying, patience)
		if d.empty() {
			return nil, exit.Usagef("there is no config and there are no credentials: set AWS_PROFILE, TRITON_PROFILE or CLOUDFLARE_API_TOKEN, write a config with rollcall config init, or look around with rollcall --demo")
		}
		for _, n := range d.notes {
			a.say("rollcall: %s", words.Clean(n))
		}
		s.config, s.set.clouds, s.set.zones = d.config, d.clouds, d.zones
	} else {
		s.set.accounts = newAccounts(a.now, s.retrying)
		s.set.clouds, s.set.zones = s.set.accounts.configured(ctx, c)
		if len(s.set.clouds)+len(s.set.zones) == 0 {
			return nil, &config.Error{Pos: config.Pos{File: c.Path}, What: "the config has no clouds and no zones", Do: "add some, or let rollcall config init find them"}
		}
	}
	return s, s.opened()
}

// openZone is open for a command on one service: a config with a fleet id is needed, and of all sources only the
// zone that the service lies in is set up, and returned.
func (a *app) openZone(ctx context.Context, service string) (*session, *zoneSource, error) {
	c, err := a.loadConfig(ctx)
	if err != nil {
		return nil, nil, err
	}
	if c == nil {
		return nil, nil, exit.Usagef("there is no config, hence no fleet id and no zone: write one with rollcall config init, or name it with --config")
	}
	s := &session{app: a, config: c}
	if err := s.needFleet(); err != nil {
		return nil, nil, err
	}
	if err := s.opened(); err != nil {
		return nil, nil, err
	}
	name, ok := c.ZoneOf(providers.CanonicalName(service))
	i := slices.IndexFunc(c.Zones, func(z config.Zone) bool { return z.Name == name })
	if !ok || i < 0 {
		var have []string
		for _, z := range c.Zones {
			have = append(have, z.Name)
		}
		return nil, nil, exit.Usagef("%s lies in none of the zones of the config (%s)", words.Clean(service), cmp.Or(strings.Join(have, ", "), "there are none"))
	}
	_, s.set.zones = newAccounts(a.now, s.retrying).configured(ctx, &config.Config{Zones: c.Zones[i : i+1]})
	return s, &s.set.zones[0], nil
}

// opened completes a session that has its config: resolvers, the state folder, and what is closed at the end.
func (s *session) opened() (err error) {
	if s.config.Resolvers, err = resolversOf(s.config); err != nil {
		return err
	}
	s.state = filepath.Join(config.StateDir(), s.config.StateName())
	s.app.closers = append(s.app.closers, s.close)
	return nil
}

// resolversOf returns the name servers to ask: those of the config, else of the environment. c is nil where there is no config.
func resolversOf(c *config.Config) ([]string, error) {
	if c != nil && len(c.Resolvers) > 0 {
		return c.Resolvers, nil
	}
	env, err := config.ParseResolvers(os.Getenv("ROLLCALL_RESOLVERS"))
	if err != nil {
		return nil, exit.Usagef("ROLLCALL_RESOLVERS: %w", err)
	}
	return env, nil
}

// keyRules are the rules of the console for key bindings.
func keyRules() config.KeyRules {
	r := config.KeyRules{Actions: map[string][]string{}, Normal: ui.NormalKey}
	for action, keys := range ui.DefaultKeys() {
		r.Actions[string(action)] = keys
	}
	r.Refuse = func(action, key string) string {
		_, errs := ui.MergeKeys(map[string][]string{action: {key}})
		for _, err := range errs {
			if why, ok := strings.CutPrefix(err.Error(), "keys: "+action+": "); ok {
				return why
			}
		}
		return ""
	}
	return r
}

// start makes the fleet. timeout bounds one read of one source.
func (s *session) start(timeout time.Duration) {
	o := fleet.Options{Every: s.config.Refresh, Timeout: timeout, Now: s.app.now, FleetID: s.config.Fleet, Departed: s.config.Path != ""}
	o.Forgotten = s.forgottenKeys()
	if last, err := fleet.Load(s.snapshotPath()); err == nil {
		o.Last = last
	} else if !errors.Is(err, fs.ErrNotExist) {
		s.app.say("rollcall: the rows of the last run cannot be shown: %s", words.Clean(err.Error()))
	}
	for i, c := range s.clouds() {
		src := fleet.CloudSource{Name: c.name, Provider: c.provider, Region: c.region, Production: c.production, Err: c.err}
		if c.compute != nil {
			src.Compute = c.compute
		}
		if c.budget != nil {
			src.Budget = c.budget
		}
		if c.err != nil && s.set.accounts != nil {
			src.SetUp = func() (fleet.Compute, error) { return s.setUpCloud(i) }
		}
		o.Clouds = append(o.Clouds, src)
	}
	for i, z := range s.zones() {
		src := fleet.ZoneSource{Name: z.name, ID: z.id, Provider: z.provider, Err: z.err}
		if z.dns != nil {
			src.DNS = z.dns
		}
		if z.budget != nil {
			src.Budget = z.budget
		}
		if z.err != nil && s.set.accounts != nil {
			src.SetUp = func() (fleet.DNS, error) { return s.setUpZone(i) }
		}
		o.Zones = append(o.Zones, src)
	}
	s.fleet = fleet.New(o)
}

// lookInSilence leaves it to the caller to say what of the sources was not seen.
func (a *app) lookInSilence(ctx context.Context) (*session, *dnsview.View, error) {
	s, err := a.open(ctx)
	if err != nil {
		return nil, nil, err
	}
	s.start(patience)
	v, err := s.refresh(ctx)
	if err != nil {
		return nil, nil, err
	}
	s.view = v
	return s, v, nil
}

// refresh reads every source once and inspects what it has seen.
func (s *session) refresh(ctx context.Context) (*dnsview.View, error) {
	began := s.app.now()
	stop := s.tellReading()
	snap := s.fleet.Refresh(ctx)
	stop()
	if err := ctx.Err(); errors.Is(err, context.Canceled) {
		return nil, fmt.Errorf("stopped: %w", err)
	}
	s.took = s.app.now().Sub(began) // a source that --timeout left out is a failed one
	if err := s.save(snap); err != nil {
		s.app.say("rollcall: the rows of this run cannot be kept for the next: %s", words.Clean(err.Error()))
	}
	return s.update(snap), nil
}

// update takes in a snapshot: name servers are asked for its names from then on and its nodes are probed, forgotten
// clouds that are back count again, a list of public ranges that has changed is read, and when its findings were first seen is kept. It returns what the snapshot shows.
func (s *session) update(snap *providers.Snapshot) *dnsview.View {
	s.syncForgotten(snap)
	s.syncRanges()
	s.observer.setSnapshot(snap)
	v := s.inspect(snap, s.observer.observations())
	s.observer.setNodes(v)
	s.keepSeen(v.Seen())
	return v
}

// inspect returns what a snapshot shows, with what was observed beside it. It changes nothing.
func (s *session) inspect(snap *providers.Snapshot, o observations) *dnsview.View {
	return dnsview.Inspect(snap, dnsview.Options{
		Fleet: s.config.Fleet, Services: s.config.DeclaredServices(), Now: s.app.now(), MaxAge: s.staleAfter(),
		BootGrace: s.config.Guards.BootGrace, CreateGrace: s.config.Guards.Grace, Allow: s.config.Guards.Allow, Ranges: s.ranges(),
		WireGrace: s.config.Guards.WireGrace, Own: s.ownWrites(), Seen: s.firstSeen(),
		Wire: o.names, WireZones: o.zones, Health: o.health,
	})
}

// staleAfter is the age from which a read is stale: older than guards allow,
// and than two refreshes make it. The rows of a one-shot command are as old as its own
// reads took, however long that was.
func (s *session) staleAfter() time.Duration {
	return max(s.config.Guards.Age, 2*s.config.Refresh+10*time.Second) + s.took
}

func (s *session) snapshotPath() string { return filepath.Join(s.state, "snapshot.json") }

func (s *session) save(snap *providers.Snapshot) error {
	if err := os.MkdirAll(s.state, 0o700); err != nil {
		return fmt.Errorf("make the state folder: %w", err)
	}
	if err := fleet.Save(s.snapshotPath(), snap); err != nil {
		return fmt.Errorf("save the last snapshot: %w", err)
	}
	return nil
}

func (s *session) journalPath() string { return filepath.Join(s.state, journalName) }

// journalName is the file of the journal in the state folder.
const journalName = "journal.jsonl"

// openJournal opens the journal when the first change is near.
func (s *session) openJournal() (*journal.Journal, error) {
	s.opening.Lock() // not mu, which who inspects needs: another process may hold the journal for a while
	defer s.opening.Unlock()
	if s.journal != nil {
		return s.journal, nil
	}
	if err := os.MkdirAll(s.state, 0o700); err != nil {
		return nil, fmt.Errorf("make the state folder: %w", err)
	}
	j, err := journal.OpenUntil(s.app.interrupted, s.journalPath(), s.app.now)
	if err != nil {
		return nil, fmt.Errorf("open the journal: %w", err)
	}
	for _, p := range j.Problems() {
		s.tell("rollcall: journal %s: %s", j.Path(), problemText(p))
	}
	s.journal = j
	return j, nil
}

func (s *session) close() error {
	s.opening.Lock()
	defer s.opening.Unlock()
	if s.journal == nil {
		return nil
	}
	err := s.journal.Close()
	s.journal = nil
	if err != nil {
		return fmt.Errorf("close the journal: %w", err)
	}
	return nil
}

// cloud gives a cloud by its name.
func (s *session) cloud(name string) (*cloudSource, bool) {
	for i := range s.clouds() {
		if s.clouds()[i].name == name {
			return &s.clouds()[i], true
		}
	}
	return nil, false
}

// zone gives a zone by its name.
func (s *session) zone(name string) (*zoneSource, bool) {
	for i := range s.zones() {
		if providers.SameName(s.zones()[i].name, name) {
			return &s.zones()[i], true
		}
	}
	return nil, false
}

// needFleet refuses to change owned records without a fleet id.
func (s *session) needFleet() error {
	if s.config.Fleet != "" {
		return nil
	}
	if s.config.Path == "" {
		return exit.Usagef("there is no config, hence no fleet id, and without one nothing that has an owner is changed: run rollcall config init")
	}
	return &config.Error{Pos: config.Pos{File: s.config.Path}, What: "there is no fleet id, and without one nothing that has an owner is changed", Do: "add fleet: with the id of your team's markers, or let rollcall config init choose one"}
}

// who says who makes a change, for the journal.
func who() string {
	name, host := "unknown", "unknown"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	if h, err := os.Hostname(); err == nil {
		host = h
	}
	return name + "@" + host
}

// problemText reports a place where the journal is not what was written.
func problemText(p journal.Problem) string {
	text := words.Clean(p.Why)
	if p.Line > 0 {
		text = fmt.Sprintf("line %d: %s", p.Line, text)
	}
	if p.Side != "" {
		text += ": " + words.Clean(p.Side)
	}
	return text
}

package app

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
	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/providers/adapters"
	"rollcall/providers/fleet"
	"rollcall/providers/journal"
	"rollcall/providers/reader"
	"rollcall/ui/common"
	"rollcall/ui/screen"
)

// OneShotTimeout is how long a source may send nothing before a one-shot command continues without it.
const OneShotTimeout = 15 * time.Second

// ConsoleTimeout is how long a source may send nothing before the console shows what it has.
const ConsoleTimeout = 30 * time.Second

// Session holds what a command works with: the config, the sources and the fleet that reads them.
type Session struct {
	Program *Program
	Config  *config.Config
	set     sourceSet
	Fleet   *fleet.Fleet
	State   string // folder of the journal and of the last snapshot
	// Observer observes name servers and nodes; nil if nothing is observed. It is set before the first inspection.
	Observer *Observer

	readTime time.Duration // duration of the reads of a one-shot command
	View     *dnsview.View // the view of a one-shot command; nil in the console

	subscriber *reader.Subscriber // to what a watch of the team publishes; nil before the first poll
	freshFor   time.Duration      // how old published rows may be before their source is read
	toShow     bool               // rows that another member has published will do: they are displayed only

	Silent bool // suppresses reports on stderr, for a console that has the screen

	retries retries

	opening sync.Mutex
	journal *journal.Journal // guarded by opening, like the next two
	heldErr error            // of the last failed wait for a journal that another process held
	heldAt  time.Time        // when that wait ended

	rangesMu sync.Mutex // guards the config's list of public ranges

	mu          sync.Mutex
	forgottenAt time.Time // last modification of the file of forgotten clouds

	resolving    sync.Mutex
	resolved     bool                 // open entries of the journal were looked up
	leftOpenSaid bool                 // they were listed by leftOpen
	seen         map[string]time.Time // when findings were first seen; nil until read from the state folder
	seenReported bool                 // the error of storing it was reported

	timelineReported bool                            // the error of storing events was reported
	lastInstances    map[string][]providers.Instance // by cloud, of its last complete read
	annotated        annotationsFile
	shared           shared    // guarded by its own mutex
	work             workBoard // guarded by its own mutex

	shownNotes sync.Map       // notes that were reported already: sentence -> true
	own        ownWritesCache // last writes of the journal
}

// NewSession returns a session of a config with sources that are set up. It queries nothing.
func NewSession(a *Program, c *config.Config, clouds []CloudSource, zones []ZoneSource) *Session {
	return &Session{Program: a, Config: c, set: sourceSet{clouds: clouds, zones: zones}}
}

// LoadConfig starts the embedded clouds of --demo and reads the config. It returns nil if there is none, and an
// *config.Error if there is no place for a journal.
func (a *Program) LoadConfig(ctx context.Context) (*config.Config, error) {
	if err := a.enterDemo(ctx); err != nil {
		return nil, err
	}
	if err := config.CheckStateDir(a.Env); err != nil {
		return nil, err
	}
	path, err := config.Find(a.Env, a.Config)
	if err != nil || path == "" {
		return nil, err
	}
	return config.Load(ctx, path, Rules(a.Env))
}

// ConfigOrEmpty is LoadConfig for commands that work without a config.
func (a *Program) ConfigOrEmpty(ctx context.Context) (*config.Config, error) {
	c, err := a.LoadConfig(ctx)
	if c == nil && err == nil {
		c = config.Empty()
	}
	return c, err
}

// Open reads the config, or discovers what there is without one, and sets up the sources. It queries no source that the
// config names.
func (a *Program) Open(ctx context.Context) (*Session, error) {
	c, err := a.LoadConfig(ctx)
	if err != nil {
		return nil, err
	}
	s := &Session{Program: a, Config: c}
	if c == nil {
		d := Discover(ctx, a, s.retrying, OneShotTimeout, false)
		if d.Empty() {
			return nil, exit.Usagef("there is no config and there are no credentials: set %s, write a config with rollcall config init, or look around with rollcall --demo", CredentialHint())
		}
		for _, n := range d.Notes {
			a.Logf("rollcall: %s", words.Clean(n))
		}
		s.Config, s.set.clouds, s.set.zones = d.Config, d.Clouds, d.Zones
	} else {
		s.set.accounts = NewAccounts(a, s.retrying)
		s.set.clouds, s.set.zones = s.set.accounts.Configured(ctx, c)
		if len(s.set.clouds)+len(s.set.zones) == 0 {
			return nil, &config.Error{Pos: config.Pos{File: c.Path}, What: "the config has no clouds and no zones", Do: "add some, or let rollcall config init find them"}
		}
	}
	return s, s.complete()
}

// OpenZone is Open for a command on one service. It requires a config with a fleet id, and sets up and returns only the
// service's zone.
func (a *Program) OpenZone(ctx context.Context, service string) (*Session, *ZoneSource, error) {
	c, err := a.LoadConfig(ctx)
	if err != nil {
		return nil, nil, err
	}
	if c == nil {
		return nil, nil, exit.Usagef("there is no config, hence no fleet id and no zone: write one with rollcall config init, or name it with --config")
	}
	s := &Session{Program: a, Config: c}
	if err := s.NeedFleet(); err != nil {
		return nil, nil, err
	}
	if err := s.complete(); err != nil {
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
	_, s.set.zones = NewAccounts(a, s.retrying).Configured(ctx, &config.Config{Zones: c.Zones[i : i+1]})
	return s, &s.set.zones[0], nil
}

// complete completes a session that has its config: resolvers, the state folder, and what is closed at the end.
func (s *Session) complete() (err error) {
	if s.Config.Resolvers, err = ResolversOf(s.Config, s.Program.Env); err != nil {
		return err
	}
	s.State = filepath.Join(config.StateDir(s.Program.Env), s.Config.StateName())
	s.Program.Closers = append(s.Program.Closers, s.Close)
	return nil
}

// ResolversOf returns the resolvers of the config, or else of the environment. c may be nil.
func ResolversOf(c *config.Config, env providers.Environment) ([]string, error) {
	if c != nil && len(c.Resolvers) > 0 {
		return c.Resolvers, nil
	}
	fromEnv, err := config.ParseResolvers(env.Getenv("ROLLCALL_RESOLVERS"))
	if err != nil {
		return nil, exit.Usagef("ROLLCALL_RESOLVERS: %w", err)
	}
	return fromEnv, nil
}

// Rules returns what a config may contain: the existing providers, and the console's key bindings. Its paths that start
// with ~ are in the home of env.
func Rules(env providers.Environment) config.Rules {
	return config.Rules{Env: env, Providers: adapters.Declarations(), Keys: keyRules(), Placeholders: common.Placeholders(), Screens: screen.Names(), Columns: screen.Columns()}
}

// keyRules returns the console's rules for key bindings.
func keyRules() config.KeyRules {
	r := config.KeyRules{Actions: map[string][]string{}, Normal: common.NormalKey}
	for action, b := range common.DefaultKeys() {
		r.Actions[string(action)] = b.Keys()
	}
	r.Refuse = func(action, key string) string {
		_, errs := common.MergeKeys(map[string][]string{action: {key}})
		for _, err := range errs {
			if why, ok := strings.CutPrefix(err.Error(), "keys: "+action+": "); ok {
				return why
			}
		}
		return ""
	}
	return r
}

// Start makes the fleet. timeout limits one read of one source.
func (s *Session) Start(timeout time.Duration) { s.start(timeout, s.loadLast(), nil) }

// StartConsole is Start for a console. If there are many rows of the last run, the fleet has only the beginning of them
// until LoadLast or its first read.
func (s *Session) StartConsole() {
	if first, err := fleet.Load(s.beginningPath(), adapters.Declarations()); err == nil {
		first.Beginning = true
		s.start(ConsoleTimeout, first, s.loadLast)
		return
	}
	s.Start(ConsoleTimeout)
}

// loadLast returns the rows of the last run, or nil.
func (s *Session) loadLast() *providers.Snapshot {
	last, err := fleet.Load(s.SnapshotPath(), adapters.Declarations())
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			s.Report("rollcall: the rows of the last run cannot be shown: %s", words.Clean(err.Error()))
		}
		return nil
	}
	return last
}

func (s *Session) start(timeout time.Duration, last *providers.Snapshot, rest func() *providers.Snapshot) {
	o := fleet.Options{Every: s.Config.Refresh, Timeout: timeout, Clock: s.Program.Clock, FleetID: s.Config.Fleet, KeepUnconfigured: s.Config.Path != ""}
	o.Forgotten = s.forgottenKeys()
	o.Last, o.LoadLast = last, rest
	for i, c := range s.Clouds() {
		src := fleet.CloudSource{Name: c.Name, Provider: c.Provider, Traits: adapters.Declared(c.Provider).Traits, Region: c.Region, From: c.From, Production: c.production, Err: c.Err}
		if c.Compute != nil {
			src.Compute = c.Compute
		}
		if c.Budget != nil {
			src.Budget = c.Budget
		}
		if c.Err != nil && s.set.accounts != nil {
			src.SetUp = func() (fleet.Compute, error) { return s.setUpCloud(i) }
		}
		o.Clouds = append(o.Clouds, src)
	}
	for i, z := range s.Zones() {
		src := fleet.ZoneSource{Name: z.Name, ZoneChoice: z.ZoneChoice, Provider: z.Provider, From: z.From, Traits: adapters.Declared(z.Provider).Traits, Err: z.Err}
		if z.DNS != nil {
			src.DNS = z.DNS
		}
		if z.Budget != nil {
			src.Budget = z.Budget
		}
		if z.Err != nil && s.set.accounts != nil {
			src.SetUp = func() (fleet.DNS, error) { return s.setUpZone(i) }
		}
		o.Zones = append(o.Zones, src)
	}
	s.Fleet = fleet.New(o)
}

// SnapshotPath returns the file that the last snapshot is kept in.
func (s *Session) SnapshotPath() string { return filepath.Join(s.State, SnapshotName) }

func (s *Session) beginningPath() string { return s.SnapshotPath() + "-beginning" }

// firstRows is how many rows of either pane the first picture of a large fleet has: more than a screen shows.
const firstRows = 256

// Save stores a snapshot for the next run, and of many rows the beginning apart. A snapshot of the beginning of rows is
// not stored: nothing was read yet.
func (s *Session) Save(snap *providers.Snapshot) error {
	if snap.Beginning {
		return nil
	}
	if err := os.MkdirAll(s.State, 0o700); err != nil {
		return fmt.Errorf("make the state folder: %w", err)
	}
	if err := fleet.Save(s.SnapshotPath(), snap); err != nil {
		return fmt.Errorf("save the last snapshot: %w", err)
	}
	if first := rows.Beginning(snap, firstRows); first != nil {
		if err := fleet.Save(s.beginningPath(), first); err != nil {
			return fmt.Errorf("save the beginning of the last snapshot: %w", err)
		}
		return nil
	}
	if err := os.Remove(s.beginningPath()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the beginning of an earlier snapshot: %w", err)
	}
	return nil
}

func (s *Session) journalPath() string { return JournalPath(s.Config, s.State) }

// The files of the journal and of the last snapshot in the state folder.
const (
	JournalName  = "journal.jsonl"
	SnapshotName = "snapshot"
)

// OpenJournal opens the journal on the first call.
func (s *Session) OpenJournal() (*journal.Journal, error) {
	called := time.Now()
	s.opening.Lock() // not mu, which inspections need: another process may hold the journal for a while
	defer s.opening.Unlock()
	if s.journal != nil {
		return s.journal, nil
	}
	if s.heldErr != nil && called.Before(s.heldAt) {
		return nil, s.heldErr // this wait has failed meanwhile
	}
	if err := os.MkdirAll(s.State, 0o700); err != nil {
		return nil, fmt.Errorf("make the state folder: %w", err)
	}
	j, err := s.Program.openJournal(s.Config, s.State)
	if err != nil {
		if errors.Is(err, journal.ErrHeld) {
			s.heldErr, s.heldAt = err, time.Now()
		}
		return nil, err
	}
	for _, p := range j.Problems() {
		s.Report("rollcall: journal %s: %s", j.Path(), rows.ProblemText(p))
	}
	if line := s.carryAdvice(); line != "" {
		s.Report("rollcall: %s", line)
	}
	for _, line := range s.Program.WaitingElsewhere(s.Config) {
		s.Report("rollcall: %s", words.Clean(line))
	}
	s.journal = j
	return j, nil
}

// Close closes the journal if it is open.
func (s *Session) Close() error {
	s.opening.Lock()
	defer s.opening.Unlock()
	if s.journal == nil {
		return nil
	}
	s.reportNotices(s.journal)
	err := s.journal.Close()
	s.journal = nil
	if err != nil {
		return fmt.Errorf("close the journal: %w", err)
	}
	return nil
}

// Cloud returns the cloud of this name.
func (s *Session) Cloud(name string) (*CloudSource, bool) {
	for i := range s.Clouds() {
		if s.Clouds()[i].Name == name {
			return &s.Clouds()[i], true
		}
	}
	return nil, false
}

// Zone returns the zone of this name.
func (s *Session) Zone(name string) (*ZoneSource, bool) {
	for i := range s.Zones() {
		if providers.SameName(s.Zones()[i].Name, name) {
			return &s.Zones()[i], true
		}
	}
	return nil, false
}

// NeedFleet returns an error if there is no fleet id, without which owned records cannot be changed.
func (s *Session) NeedFleet() error {
	if s.Config.Fleet != "" {
		return nil
	}
	if s.Config.Path == "" {
		return exit.Usagef("there is no config, hence no fleet id, and without one nothing that has an owner is changed: run rollcall config init")
	}
	return &config.Error{Pos: config.Pos{File: s.Config.Path}, What: "there is no fleet id, and without one nothing that has an owner is changed", Do: "add fleet: with the id of your team's markers, or let rollcall config init choose one"}
}

// Who returns the author of changes, for the journal.
func Who() string {
	name, host := "unknown", "unknown"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	if h, err := os.Hostname(); err == nil {
		host = h
	}
	return name + "@" + host
}

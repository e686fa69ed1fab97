package cli

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/config"
	"rollcall/cmd/rollcall/exit"
	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview/index"
	"rollcall/providers"
)

func (a *commands) configCommand() *cobra.Command {
	offline := false
	check := &cobra.Command{
		Use:   "check",
		Short: "Check the config, its credentials, and that zones can be read",
		Long: `check reads the config and prints every mistake with its line. It asks every
account who it is, and reads the beginning of every zone, where it writes
nothing. A cloud that answers as another account than in the last run is a
mistake, as every other command refuses it. Of the store of a team it tries the
conditional writes with one object below trial/, which it removes, and says
whether the bucket can lose the journal.

Exit code 2 means that the config or a credential is wrong, 4 that a source did
not answer. With --offline it looks at the file alone, as CI would.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.configCheck(cmd.Context(), offline) },
	}
	check.Flags().BoolVar(&offline, "offline", false, "check the file alone, and ask no account")
	show := &cobra.Command{
		Use:   "show",
		Short: "Print the config with its defaults; it contains no secrets",
		Args:  noArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return a.configShow(cmd.Context()) },
	}
	return group("config", "Write, check or show the config, and forget clouds that left it", a.configInitCommand(), check, show, a.forgetCommand())
}

// configCheck prints every mistake of the file; unless offline, it asks the accounts who they are, and reads the zones.
func (a *commands) configCheck(ctx context.Context, offline bool) error {
	c, err := a.LoadConfig(ctx)
	if err != nil {
		return a.printMistakes(err)
	}
	if c == nil {
		return exit.Usagef("there is no config at %s: write one with rollcall config init", words.Clean(config.DefaultPath(a.Env)))
	}
	s := app.NewSession(a.Program, c, nil, nil)
	var found *providers.Snapshot
	var wrong config.Errors
	var unsure []string
	if !offline {
		clouds, zones := app.NewAccounts(a.Program, a.Retrying()).Configured(ctx, c)
		s = app.NewSession(a.Program, c, clouds, zones)
		s.State = filepath.Join(config.StateDir(a.Env), c.StateName())
		found, wrong, unsure = checkSources(ctx, s)
		wrong = append(wrong, checkTTLs(c, found)...)
	}
	for _, l := range a.unknownTags(c) {
		a.Logf("rollcall: %s", words.Clean(l))
	}
	var ofStore []string
	if !offline && c.Team.Store() != "" {
		var err error
		if ofStore, err = a.CheckStore(ctx, c); err != nil {
			wrong, unsure = sortOut(wrong, unsure, c.Team.Pos, "team store "+c.Team.Store(), err)
		}
	}
	if c.Team.Sign && !offline {
		if err := a.CheckSigner(ctx, c); err != nil {
			wrong = append(wrong, &config.Error{Pos: c.Team.Pos, What: "nothing that this machine changes can be signed: " + err.Error(), Do: "until then each change asks for its author to be typed"})
		}
	} else if c.Team.AllowedSigners != "" {
		if _, err := a.AllowedSigners(ctx, c); err != nil {
			wrong = append(wrong, &config.Error{Pos: c.Team.Pos, What: err.Error(), Do: "mend the file or name another; until then nothing is signed"})
		}
	}
	if c.RangesErr != nil {
		wrong = append(wrong, c.RangesErr)
	}
	for _, u := range unsure {
		a.Logf("rollcall: %s", words.Clean(u))
	}
	if len(wrong) > 0 {
		slices.SortStableFunc(wrong, func(x, y *config.Error) int { return cmp.Compare(x.Pos.Line, y.Pos.Line) })
		return a.printMistakes(wrong)
	}
	if len(unsure) > 0 {
		return exit.Unknownf("%s is right as far as it could be checked: %s did not answer", words.Clean(c.Path), providers.CountOf(len(unsure), "source"))
	}
	a.Notef("%s is right: %s, %s, %s", words.Clean(c.Path), providers.CountOf(len(c.Clouds), "cloud"), providers.CountOf(len(c.Zones), "zone"), providers.CountOf(len(c.Services), "service"))
	if offline {
		a.Notef("no account was asked: rollcall config check without --offline asks each")
	}
	for _, l := range slices.Concat(accountsOf(found), credentialsOf(s), ofStore) {
		a.Notef("%s", words.Clean(l))
	}
	if c.Fleet == "" {
		a.Logf("rollcall: it has no fleet id: records with an owner are shown, and never changed")
	}
	return nil
}

// checkTTLs returns the services whose TTL their zone does not take, as only the zone's plan says.
func checkTTLs(c *config.Config, found *providers.Snapshot) (wrong config.Errors) {
	for i := range c.Services {
		s := &c.Services[i]
		for n := range found.Zones {
			if z := &found.Zones[n].Zone; z.Name == s.Zone && z.ID != "" && s.TTL > 0 && !z.Traits.TTLs.Holds(s.TTL) {
				wrong = append(wrong, &config.Error{
					Pos: s.Pos, What: fmt.Sprintf("service %s has a ttl of %d, which the zone %s does not take with its plan", s.Name, s.TTL, z.Name), Do: "write " + z.Traits.TTLs.String(),
				})
			}
		}
	}
	return wrong
}

// unknownTags returns a line for each tag that a service selects its nodes by, and that no instance of the last run had: such a
// service has no nodes, and misses none.
func (a *commands) unknownTags(c *config.Config) (out []string) {
	last := a.lastRun(c)
	if last == nil {
		return nil
	}
	known := map[string]bool{}
	for n := range last.Clouds {
		for i := range last.Clouds[n].Instances {
			for _, t := range last.Clouds[n].Instances[i].Tags {
				known[t.Name] = true
			}
		}
	}
	names := slices.Sorted(maps.Keys(known))
	for i := range c.Services {
		for _, tag := range slices.Sorted(maps.Keys(c.Services[i].Select)) {
			if len(names) > 0 && !known[tag] {
				e := config.Error{Pos: c.Services[i].Pos, What: fmt.Sprintf("service %s selects its nodes by the tag %s, which no instance had when the clouds were last read", c.Services[i].Name, tag)}
				if guess := index.Nearest(tag, names); guess != "" {
					e.Do = "did you mean " + guess + "?"
				}
				out = append(out, e.Error())
			}
		}
	}
	return out
}

// accountsOf returns a line for each cloud that said who it is, and for each zone whose provider says whose it is. found may be
// nil.
func accountsOf(found *providers.Snapshot) (out []string) {
	if found == nil {
		return nil
	}
	for i := range found.Clouds {
		c := &found.Clouds[i].Cloud
		out = append(out, fmt.Sprintf("%s: account %s, cloud key %s", c.Name, c.Account, c.Key))
	}
	for i := range found.Zones {
		if z := &found.Zones[i].Zone; z.Account != "" {
			out = append(out, fmt.Sprintf("%s: account %s, zone %s", z.Name, z.Account, z.ID))
		} else {
			out = append(out, fmt.Sprintf("%s: zone %s", z.Name, z.ID))
		}
	}
	return out
}

// readBeginning reads a zone until its first page, or its end, and returns why that cannot be.
func readBeginning(ctx context.Context, dns providers.DNS, z providers.Zone) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	read := false
	cov := dns.Records(ctx, z, func([]providers.Record) {
		read = true
		cancel()
	})
	if read {
		return nil
	}
	return cov.Err
}

// credentialsOf returns where the credentials of sources come from, one line for each place.
func credentialsOf(s *app.Session) []string {
	var places []string
	sources := map[string][]string{}
	add := func(name, from string) {
		if from == "" {
			return
		}
		if sources[from] == nil {
			places = append(places, from)
		}
		sources[from] = append(sources[from], name)
	}
	for _, c := range s.Clouds() {
		add(c.Name, c.From)
	}
	for _, z := range s.Zones() {
		add(z.Name, z.From)
	}
	for i, from := range places {
		places[i] = strings.Join(sources[from], ", ") + ": credentials from " + from
	}
	return places
}

// printMistakes prints every mistake of a config, one per line.
func (a *commands) printMistakes(err error) error {
	all := config.All(err)
	if len(all) == 0 {
		return err
	}
	for _, e := range all {
		a.Logf("rollcall: %s", words.Clean(e.Error()))
	}
	return exit.With(exit.Usage)
}

// checkSources identifies every cloud and reads the beginning of every zone, concurrently. It returns what was found,
// mistakes of the config or the credentials, and sources that did not answer, which prove nothing.
func checkSources(ctx context.Context, s *app.Session) (snap *providers.Snapshot, wrong config.Errors, unsure []string) {
	limited := providers.WithIdleTimeout(ctx, app.OneShotTimeout) // a question to a person does not count
	defer limited.Stop()
	ctx = limited
	clouds, zones := s.Clouds(), s.Zones()
	errs := make([]error, len(clouds)+len(zones))
	snap = &providers.Snapshot{Clouds: make([]providers.CloudView, len(clouds)), Zones: make([]providers.ZoneView, len(zones))}
	var wg sync.WaitGroup
	for i := range clouds {
		wg.Go(func() {
			who, err := s.Identify(ctx, clouds[i].Name)
			errs[i], who.Cloud.Name, who.Cloud.Provider = err, clouds[i].Name, clouds[i].Provider
			snap.Clouds[i] = providers.CloudView{Cloud: who.Cloud, Coverage: providers.Coverage{State: providers.CoverageComplete, Key: who.Cloud.Key, Account: who.Cloud.Account}}
		})
	}
	for i := range zones {
		wg.Go(func() {
			who, err := s.Identify(ctx, zones[i].Name)
			if err == nil {
				err = readBeginning(ctx, zones[i].DNS, who.Zone)
			}
			who.Zone.Name, errs[len(clouds)+i] = zones[i].Name, err
			snap.Zones[i] = providers.ZoneView{Zone: who.Zone, Coverage: providers.Coverage{State: providers.CoverageComplete}}
		})
	}
	wg.Wait()
	providers.FailDuplicates(snap)
	s.CheckAccounts(snap)
	for i, err := range errs {
		if err == nil && i < len(clouds) {
			err = snap.Clouds[i].Coverage.Err
		} else if err == nil {
			err = snap.Zones[i-len(clouds)].Coverage.Err
		}
		var pos config.Pos
		var what string
		if i < len(clouds) {
			pos, what = clouds[i].Pos, "cloud "+clouds[i].Name
		} else {
			pos, what = zones[i-len(clouds)].Pos, "zone "+zones[i-len(clouds)].Name
		}
		if err != nil {
			wrong, unsure = sortOut(wrong, unsure, pos, what, err)
		}
	}
	return snap, wrong, unsure
}

// sortOut adds an error of a source to the mistakes, or to what did not answer, which proves nothing.
func sortOut(wrong config.Errors, unsure []string, pos config.Pos, what string, err error) (config.Errors, []string) {
	switch providers.KindOf(err) {
	case providers.KindUnreachable, providers.KindThrottled, providers.KindIncomplete:
		return wrong, append(unsure, what+" did not answer: "+app.Cause(err))
	}
	return append(wrong, &config.Error{Pos: pos, What: what + ": " + app.Cause(err)}), unsure
}

func (a *commands) configShow(ctx context.Context) error {
	c, err := a.LoadConfig(ctx)
	if err != nil {
		return err
	}
	if c != nil {
		a.Notef("# %s", words.Clean(c.Path))
		return config.Write(a.Out, c)
	}
	d := app.Discover(ctx, a.Program, a.Retrying(), app.OneShotTimeout, false)
	if d.Empty() {
		return exit.Usagef("there is no config and there are no credentials: write one with rollcall config init")
	}
	a.Notef("# there is no config file: this is what the credentials open")
	return config.Write(a.Out, d.Config)
}

package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"rollcall/cmd/rollcall/config"
	"rollcall/providers"
)

func (a *app) configCommand() *cobra.Command {
	initCmd := &cobra.Command{
		Use:   "init",
		Short: "Write a config with what the credentials open, and a new fleet id",
		Long: `init writes a config file with a new fleet id and with the clouds and zones
that the credentials in the environment open. It never overwrites a file. The
fleet id says which records are yours: share the file within your team.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.configInit(cmd.Context()) },
	}
	check := &cobra.Command{
		Use:   "check",
		Short: "Check the config, its credentials and whether its zones exist",
		Args:  noArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return a.configCheck(cmd.Context()) },
	}
	show := &cobra.Command{
		Use:   "show",
		Short: "Print the config as it is understood, with its defaults; there are no secrets in it",
		Args:  noArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return a.configShow(cmd.Context()) },
	}
	return group("config", "Write, check or show the config", initCmd, check, show)
}

func (a *app) configInit(ctx context.Context) error {
	if a.demo {
		return usagef("--demo brings a config of its own: see rollcall --demo config show")
	}
	path := cmp.Or(a.config, os.Getenv(config.EnvConfig), config.DefaultPath())
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("%s is there already: edit it, or name another file with --config", clean(path))
	}
	d := discover(ctx, a.now, patience)
	for _, n := range d.notes {
		a.say("rollcall: %s", clean(n))
	}
	for _, z := range d.zones {
		if z.err != nil {
			a.say("rollcall: %s: %s; add them by hand", clean(z.name), clean(z.err.Error()))
		}
	}
	for _, c := range d.clouds {
		if c.err != nil {
			a.say("rollcall: cloud %s: %s; add it by hand", clean(c.name), clean(c.err.Error()))
		}
	}
	id := make([]byte, 4)
	if _, err := rand.Read(id); err != nil {
		return fmt.Errorf("choose a fleet id: %w", err)
	}
	c := d.config
	c.Fleet = hex.EncodeToString(id)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // a config folder is no secret
		return fmt.Errorf("make the config folder: %w", err)
	}
	// O_EXCL: a file that appeared in the meantime is not overwritten either.
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		if errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("%s is there already: edit it, or name another file with --config", clean(path))
		}
		return fmt.Errorf("write the config: %w", err)
	}
	if err := errors.Join(config.Write(f, c), f.Close()); err != nil {
		return fmt.Errorf("write the config: %w", err)
	}
	a.say("wrote %s: fleet %s, %s, %s", clean(path), c.Fleet, plural(len(c.Clouds), "cloud"), plural(len(c.Zones), "zone"))
	if len(c.Clouds)+len(c.Zones) == 0 {
		a.say("no credentials were found: add clouds and zones by hand, or set AWS_PROFILE, TRITON_PROFILE or CLOUDFLARE_API_TOKEN and write another")
	}
	return nil
}

// configCheck lists every mistake of the file, and asks the DNS accounts for the zones.
func (a *app) configCheck(ctx context.Context) error {
	if err := a.enterDemo(ctx); err != nil {
		return err
	}
	path, err := config.Find(a.config)
	if err != nil {
		return err
	}
	if path == "" {
		return usagef("there is no config at %s: write one with rollcall config init", clean(config.DefaultPath()))
	}
	c, err := config.Load(path, keyRules())
	if err != nil {
		return a.tellAll(err)
	}
	_, zones, err := configured(c, a.now)
	if err != nil {
		return a.tellAll(err)
	}
	wrong, unsure := askZones(ctx, zones)
	for _, u := range unsure {
		a.say("rollcall: %s", clean(u))
	}
	if len(wrong) > 0 {
		return a.tellAll(wrong)
	}
	a.say("%s is right: %s, %s, %s", clean(path), plural(len(c.Clouds), "cloud"), plural(len(c.Zones), "zone"), plural(len(c.Services), "service"))
	if c.Fleet == "" {
		a.say("rollcall: it has no fleet id: records with an owner are shown, and never changed")
	}
	return nil
}

// tellAll tells every mistake on a line of its own.
func (a *app) tellAll(err error) error {
	all := config.All(err)
	if len(all) == 0 {
		return err
	}
	for _, e := range all {
		a.say("rollcall: %s", clean(e.Error()))
	}
	return ended(exitUsage)
}

// askZones asks each DNS account which zones it has, once. A zone that is not among them
// is a mistake; an account that does not answer proves nothing.
func askZones(ctx context.Context, zones []zoneSource) (wrong config.Errors, unsure []string) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	type answer struct {
		names map[string]bool
		cov   providers.Coverage
	}
	asked := map[providers.DNS]answer{}
	for _, z := range zones {
		if z.dns == nil {
			continue
		}
		got, ok := asked[z.dns]
		if !ok {
			got.names = map[string]bool{}
			got.cov = z.dns.Zones(ctx, func(page []providers.Zone) {
				for _, p := range page {
					got.names[p.Name] = true
				}
			})
			asked[z.dns] = got
		}
		switch {
		case got.names[z.name]:
		case !got.cov.Complete():
			unsure = append(unsure, fmt.Sprintf("zone %s: the %s account did not answer, so nobody knows whether it has the zone: %v", z.name, z.provider, got.cov.Err))
		default:
			wrong = append(wrong, missingZone(z))
		}
	}
	return wrong, unsure
}

func missingZone(z zoneSource) *config.Error {
	return &config.Error{
		Pos: z.pos, What: "zone " + z.name + ": the " + string(z.provider) + " account has no such zone",
		Do: "correct the name, or use credentials of the account that has it",
	}
}

func (a *app) configShow(ctx context.Context) error {
	if err := a.enterDemo(ctx); err != nil {
		return err
	}
	path, err := config.Find(a.config)
	if err != nil {
		return err
	}
	if path != "" {
		c, err := config.Load(path, keyRules())
		if err != nil {
			return err
		}
		a.say("# %s", clean(path))
		return config.Write(a.out, c)
	}
	d := discover(ctx, a.now, patience)
	if d.empty() {
		return usagef("there is no config and there are no credentials: write one with rollcall config init")
	}
	a.say("# there is no config file: this is what the credentials open")
	return config.Write(a.out, d.config)
}

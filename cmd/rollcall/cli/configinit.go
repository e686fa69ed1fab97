package cli

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
	"strings"

	"github.com/spf13/cobra"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/config"
	"rollcall/cmd/rollcall/exit"
	"rollcall/cmd/rollcall/words"
	"rollcall/providers"
)

// newFleet is what --fleet takes instead of an id.
const newFleet = "new"

func (a *commands) configInitCommand() *cobra.Command {
	var fleet string
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Write a config with what the credentials reach, and the fleet",
		Long: `init writes a config file with the clouds and zones that the credentials in the
environment open: every region with instances, every data centre, every public
zone. It never overwrites a file.

The fleet id says which records are yours. If the zones hold records of a fleet
already, init asks whether to join it; without a terminal it needs --fleet. Else
it makes a new id: share the file within your team.`,
		Example: `  rollcall config init
  rollcall config init --fleet 7f3a9c1e
  AWS_PROFILE=prod TRITON_PROFILE=ams rollcall config init --fleet new`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.configInit(cmd.Context(), fleet) },
	}
	cmd.Flags().StringVar(&fleet, "fleet", "", "the `ID` of the fleet to join, or new for one of your own")
	return cmd
}

func (a *commands) configInit(ctx context.Context, fleet string) error {
	if a.Demo {
		return exit.Usagef("--demo brings a config of its own: see rollcall --demo config show")
	}
	if fleet != "" && !config.ValidFleet(fleet) {
		return exit.Usagef("the fleet id %q cannot stand in an owner marker: write up to 16 letters and digits", fleet)
	}
	path := cmp.Or(a.Config, a.Env.Getenv(config.EnvConfig), config.DefaultPath(a.Env))
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("%s is there already: edit it, or name another file with --config", words.Clean(path))
	}
	d := app.Discover(ctx, a.Program, a.Retrying(), app.OneShotTimeout, true)
	for _, n := range d.Notes {
		a.Logf("rollcall: %s", words.Clean(n))
	}
	for _, z := range d.Zones {
		if z.Err != nil {
			d.Incomplete = true
			a.Logf("rollcall: %s: %s; add them by hand", words.Clean(z.Name), words.Clean(z.Err.Error()))
		}
	}
	for _, c := range d.Clouds {
		if c.Err != nil {
			d.Incomplete = true
			a.Logf("rollcall: cloud %s: %s; add it by hand", words.Clean(c.Name), words.Clean(c.Err.Error()))
		}
	}
	c := d.Config
	var err error
	if c.Fleet, err = a.chooseFleet(ctx, &d, fleet); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // a config folder is no secret
		return fmt.Errorf("make the config folder: %w", err)
	}
	// O_EXCL also protects a file that was created meanwhile.
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		if errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("%s is there already: edit it, or name another file with --config", words.Clean(path))
		}
		return fmt.Errorf("write the config: %w", err)
	}
	if err := errors.Join(config.Write(f, c), f.Close()); err != nil {
		return fmt.Errorf("write the config: %w", err)
	}
	a.Notef("wrote %s: fleet %s, %s, %s", words.Clean(path), c.Fleet, providers.CountOf(len(c.Clouds), "cloud"), providers.CountOf(len(c.Zones), "zone"))
	if len(c.Clouds)+len(c.Zones) == 0 {
		a.Logf("no credentials were found: add clouds and zones by hand, or set %s and write another", app.CredentialHint())
	}
	if d.Incomplete {
		return exit.Unknownf("%s lacks what did not answer: add that by hand, or remove the file and write it again", words.Clean(path))
	}
	return nil
}

// refuseOther returns an error if zones hold records of fleets, and none of the one that is asked for. It says which zones could
// not be read.
func (a *commands) refuseOther(ctx context.Context, d *app.Discovery, asked string) error {
	fleets, unread := d.Fleets(ctx, app.OneShotTimeout)
	var found []string
	for _, f := range fleets {
		if f.ID == asked {
			return nil
		}
		found = append(found, f.String())
	}
	if len(unread) > 0 {
		a.Logf("rollcall: whether these zones hold records of the fleet %s is not known, as they could not be read: %s", words.Clean(asked), words.Clean(strings.Join(unread, ", ")))
	}
	if len(found) == 0 {
		return nil
	}
	return exit.Usagef("nothing was written: the zones hold no record of the fleet %s, but of %s; write one of those, or --fleet %s for a fleet of your own", words.Clean(asked), words.Clean(strings.Join(found, ", ")), newFleet)
}

// chooseFleet returns the id of the fleet that a new config is for: the one that is asked for, else one of those that the
// zones hold, which a person chooses, else a new one.
func (a *commands) chooseFleet(ctx context.Context, d *app.Discovery, asked string) (string, error) {
	if asked != "" && asked != newFleet {
		return asked, a.refuseOther(ctx, d, asked)
	}
	id := make([]byte, 4)
	if _, err := rand.Read(id); err != nil {
		return "", fmt.Errorf("choose a fleet id: %w", err)
	}
	fresh := hex.EncodeToString(id)
	if asked == newFleet {
		return fresh, nil
	}
	fleets, unread := d.Fleets(ctx, app.OneShotTimeout)
	if len(fleets)+len(unread) == 0 {
		return fresh, nil
	}
	var found []string
	for _, f := range fleets {
		found = append(found, f.String())
	}
	known, first, question := "the zones hold records of the fleet "+strings.Join(found, ", "), "ID", "type the id of the fleet to join"
	if len(fleets) > 0 {
		first = words.Clean(fleets[0].ID)
		question = "enter to join " + first + ", or type another id"
	} else {
		known = "whether the zones hold records of a fleet is not known"
	}
	if len(unread) > 0 {
		known += "; not read: " + strings.Join(unread, ", ")
	}
	if !a.Interactive() {
		return "", fmt.Errorf("nothing was written: %s; join a fleet with --fleet %s, or make one of your own with --fleet %s", words.Clean(known), first, newFleet)
	}
	for {
		a.Logf("%s", words.Clean(known))
		got := a.ReadLine(ctx, question+", or "+newFleet+": ")
		switch {
		case ctx.Err() != nil:
			return "", errNotDone
		case got == "" && len(fleets) > 0:
			return fleets[0].ID, nil
		case got == newFleet:
			return fresh, nil
		case config.ValidFleet(got):
			return got, nil
		}
		a.Logf("rollcall: %q cannot stand in an owner marker: write up to 16 letters and digits", got)
	}
}

package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/spf13/cobra"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/cli/output"
	"rollcall/cmd/rollcall/exit"
	"rollcall/cmd/rollcall/words"
	"rollcall/providers"
	"rollcall/providers/fleet"
)

func (a *commands) forgetCommand() *cobra.Command {
	var undo bool
	var confirm string
	c := &cobra.Command{
		Use:   "forget [CLOUD]",
		Short: "Stop counting a cloud that left the config",
		Long: `forget is for a cloud that is gone for good. A cloud that was in the config, or
that markers of this fleet name, counts as failed once it is not in the config
any more: its nodes may still run, so nothing is deleted, and its addresses
count as alive. After forget it does not count: other entries can be deleted
again, and its former addresses can be dead. Entries whose markers name it stay
unknown.

CLOUD is its name or its key. Without one, the clouds that can be forgotten are
listed. The name must be typed, or given with --confirm. Adding the cloud to the
config again reverts this, and so does --undo.`,
		Example: "  rollcall config forget\n  rollcall config forget joyent-ams --confirm joyent-ams\n  rollcall config forget joyent-ams --undo",
		Args:    atMostOne("one cloud"),
	}
	c.Flags().BoolVar(&undo, "undo", false, "count it again")
	c.Flags().StringVar(&confirm, "confirm", "", "the `name` of the cloud, in place of typing it")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) == 0 && undo:
			return exit.Usagef("%s --undo needs the name or the key of a cloud", cmd.CommandPath())
		case len(args) == 0:
			return a.listUnconfigured(cmd.Context())
		case undo:
			return a.takeBackCloud(cmd.Context(), args[0])
		}
		return a.forget(cmd.Context(), args[0], confirm)
	}
	return c
}

// listUnconfigured lists the clouds that can be forgotten, and the forgotten ones.
func (a *commands) listUnconfigured(ctx context.Context) error {
	s, v, err := a.RefreshOnce(ctx)
	if err != nil {
		return err
	}
	forgotten, err := s.ReadForgotten()
	if err != nil {
		return err
	}
	cells := [][]string{{"NAME", "KEY", "PROVIDER", "REGION", "INSTANCES", "ADDRESSES", "STATE"}}
	row := func(c *providers.Cloud, instances, addresses int, state string) {
		cells = append(cells, []string{
			cmp.Or(words.Clean(c.Name), "-"), string(c.Key), cmp.Or(string(c.Provider), "-"), cmp.Or(words.Clean(c.Region), "-"), fmt.Sprint(instances), fmt.Sprint(addresses), state,
		})
	}
	for i := range v.Snapshot.Clouds {
		if c := &v.Snapshot.Clouds[i]; c.Unconfigured {
			row(&c.Cloud, len(c.Instances), len(c.Addresses), "counts as failed")
		}
	}
	for i := range forgotten {
		f := &forgotten[i]
		row(&f.Cloud, len(f.Instances), len(f.Addresses), "forgotten "+f.At.UTC().Format("2006-01-02")+" by "+words.Clean(f.By))
	}
	if len(cells) == 1 {
		a.Logf("no cloud left the config: there is nothing to forget")
		return nil
	}
	return output.String(a.Out, output.Align(cells))
}

// forget records that a cloud that left the config no longer counts.
func (a *commands) forget(ctx context.Context, name, confirm string) error {
	s, v, err := a.RefreshOnce(ctx)
	if err != nil {
		return err
	}
	is := func(c *providers.Cloud) bool { return c.Name == name || string(c.Key) == name }
	forgotten, err := s.ReadForgotten()
	if err != nil {
		return err
	}
	var c *providers.CloudView
	var gone []string
	for i := range v.Snapshot.Clouds {
		if x := &v.Snapshot.Clouds[i]; x.Unconfigured {
			gone = append(gone, x.Cloud.Name)
		}
		if x := &v.Snapshot.Clouds[i]; is(&x.Cloud) && (c == nil || x.Unconfigured) {
			c = x
		}
	}
	switch {
	case c != nil && !c.Unconfigured:
		return exit.Usagef("%s is in the config: what is there cannot be forgotten", words.Clean(name))
	case c == nil && slices.ContainsFunc(forgotten, func(f app.ForgottenCloud) bool { return is(&f.Cloud) }):
		a.Logf("%s is forgotten already", words.Clean(name))
		return nil
	case c == nil:
		if unread := unreadZones(v, "", ""); len(unread) > 0 {
			return notFound("cloud "+words.Clean(name)+" that left the config", "", unread)
		}
		return exit.Usagef("no cloud %s left the config; %s", words.Clean(name), nearestTo(name, gone, "rollcall config forget lists those that did"))
	}
	a.Logf("%s (key %s) was last seen with %s and %s; once it is forgotten, none of them counts as alive any more", words.Clean(c.Cloud.Name), c.Cloud.Key,
		providers.CountOf(len(c.Instances), "instance"), providers.CountOf(len(c.Addresses), "other holder")+" of an address")
	if confirm == "" && a.Interactive() {
		confirm = a.ReadLine(ctx, fmt.Sprintf("type %q to forget it, or nothing to leave it: ", words.Clean(c.Cloud.Name)))
	}
	if confirm != c.Cloud.Name {
		return fmt.Errorf("nothing was forgotten; to do it, give --confirm %s", providers.ShellQuote(words.Clean(c.Cloud.Name)))
	}
	if err := s.Forget(c); err != nil {
		return err
	}
	a.Notef("%s is forgotten; rollcall config forget %s --undo takes it back", words.Clean(c.Cloud.Name), providers.ShellQuote(words.Clean(c.Cloud.Name)))
	return nil
}

// takeBackCloud makes a forgotten cloud count again, with its last state.
func (a *commands) takeBackCloud(ctx context.Context, name string) error {
	s, err := a.Open(ctx)
	if err != nil {
		return err
	}
	all, err := s.ReadForgotten()
	if err != nil {
		return err
	}
	n := slices.IndexFunc(all, func(f app.ForgottenCloud) bool { return f.Cloud.Name == name || string(f.Cloud.Key) == name })
	if n < 0 {
		return exit.Usagef("%s is not forgotten; rollcall config forget lists what is", words.Clean(name))
	}
	f := all[n]
	last, err := fleet.Load(s.SnapshotPath(), nil)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if last == nil {
		last = &providers.Snapshot{Taken: a.Now()}
	}
	if !slices.ContainsFunc(last.Clouds, func(c providers.CloudView) bool { return c.Cloud.Key == f.Cloud.Key }) {
		last.Clouds = append(last.Clouds, providers.CloudView{Cloud: f.Cloud, Production: f.Production, RowsFrom: f.RowsFrom, Instances: f.Instances, Addresses: f.Addresses})
	}
	if err := s.Save(last); err != nil {
		return err
	}
	if err := s.WriteForgotten(slices.Delete(all, n, n+1)); err != nil {
		return err
	}
	a.Notef("%s counts again", words.Clean(f.Cloud.Name))
	return nil
}

package cli

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/cli/output"
	"rollcall/cmd/rollcall/config"
	"rollcall/cmd/rollcall/words"
	"rollcall/providers"
	"rollcall/providers/sshkey"
)

func (a *commands) teamSigners() *cobra.Command {
	return &cobra.Command{
		Use:   "signers [FILE]",
		Short: "Print who may sign for the team, or publish FILE as that list",
		Long: `signers prints the object signers in the store of the team: who may sign entries
of the journal, in the form of ssh-keygen's file of allowed signers. With FILE
it checks that file and puts it there in place of the list that it has read. By
the policy of a member only other credentials may do so. A list that another one
has replaced meanwhile stays. A member whose config has allowed_signers reads
that file, and not the object.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := a.teamConfig(cmd.Context())
			switch {
			case err != nil:
				return err
			case len(args) == 0:
				return a.printSigners(cmd.Context(), cfg)
			}
			return a.publishSigners(cmd.Context(), cfg, args[0])
		},
	}
}

func (a *commands) printSigners(ctx context.Context, cfg *config.Config) error {
	o, err := a.TeamStore(cfg).Get(ctx, app.SignersKey)
	if providers.KindOf(err) == providers.KindNotFound {
		return fmt.Errorf("%s has no list of who may sign: rollcall team signers FILE puts one there", cfg.Team.Store())
	}
	if err != nil {
		return fmt.Errorf("read who may sign: %w", err)
	}
	var b strings.Builder
	for line := range strings.Lines(string(o.Data)) {
		b.WriteString(words.Clean(strings.TrimRight(line, "\r\n")) + "\n")
	}
	return output.String(a.Out, b.String())
}

// publishSigners puts a file into the store in place of the list that is there now.
func (a *commands) publishSigners(ctx context.Context, cfg *config.Config, file string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("read who may sign: %w", err)
	}
	if _, err := sshkey.ParseAllowed(data, file); err != nil {
		return err
	}
	if err := putSigners(ctx, a.TeamStore(cfg), data); err != nil {
		return err
	}
	a.Logf("rollcall: who may sign for the team at %s stands in the object %s now, as in %s", cfg.Team.Store(), app.SignersKey, file)
	if own := cfg.Team.AllowedSigners; own != "" {
		a.Logf("rollcall: this machine goes by %s all the same: the config names it", own)
	}
	return nil
}

// putSigners puts a list into a store in place of the one that is there when it is called.
func putSigners(ctx context.Context, store providers.Store, data []byte) error {
	o, err := store.Get(ctx, app.SignersKey)
	switch kind := providers.KindOf(err); {
	case kind == providers.KindNotFound:
		_, err = store.PutIfAbsent(ctx, app.SignersKey, data)
	case err != nil:
		return fmt.Errorf("read who may sign: %w", err)
	case !bytes.Equal(o.Data, data):
		_, err = store.PutIfMatch(ctx, app.SignersKey, data, o.Version)
	}
	if err != nil { // of a write, whose reply may have been lost
		if o, getErr := store.Get(ctx, app.SignersKey); getErr == nil && bytes.Equal(o.Data, data) {
			err = nil
		}
	}
	switch kind := providers.KindOf(err); {
	case kind == providers.KindConflict, kind == providers.KindNotFound:
		return fmt.Errorf("another member has changed who may sign at this moment, and nothing was replaced: look at it with rollcall team signers, and try again")
	case kind == providers.KindAuth:
		return fmt.Errorf("publish who may sign: %w; a member may not, by rollcall policy store: set team.profile, or AWS_PROFILE, to credentials that may write the object %s", err, app.SignersKey)
	case err != nil:
		return fmt.Errorf("publish who may sign: %w", err)
	}
	return nil
}

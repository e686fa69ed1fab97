package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"rollcall/cmd/rollcall/cli/output"
	"rollcall/cmd/rollcall/config"
	"rollcall/cmd/rollcall/exit"
	"rollcall/providers"
	"rollcall/providers/sim"
	"rollcall/providers/textfile"
)

func (a *commands) simCommand() *cobra.Command {
	var instances int
	var seed uint64
	var env, boot bool
	var envFile string
	c := &cobra.Command{
		Use:   "sim",
		Short: "The embedded clouds, for this and other clients",
		Long: `sim starts the embedded clouds and stays in the foreground until it is
interrupted: EC2, STS, IAM and Route 53, Triton CloudAPI in two data centres,
Cloudflare, an authoritative DNS server and an ssh-agent with the Triton key,
all on loopback. With the environment that --env prints, rollcall, aws, triton,
curl and dig use the same world:

    rollcall sim --env-file /tmp/sim.env &
    . /tmp/sim.env
    rollcall ls instances
    aws ec2 describe-instances

With --boot, on Linux and as root, each launched node boots: a Debian user land
in a container, with systemd, cloud-init and its boot script, in a network
without a route to the outside. Nodes have only the credentials of their launch:
--instance-profile rollcall-node assigns the role whose policy rollcall policy
aws prints. The first time, the root file system is made, which takes some
minutes and needs the machine's Debian mirror.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if instances < 0 || instances > 1_000_000 {
				return exit.Usagef("--instances %d: write 0 to 1000000", instances)
			}
			if a.Demo || a.Config != "" {
				return exit.Usagef("sim is a world of its own: leave out --demo and --config")
			}
			return a.sim(cmd.Context(), seed, instances, env, envFile, boot)
		},
	}
	f := c.Flags()
	f.IntVar(&instances, "instances", 0, "about how many instances (default 60)")
	f.Uint64Var(&seed, "seed", 1, "number from which the world is made; the same seed makes the same world")
	f.BoolVar(&env, "env", false, "print the environment for clients as shell exports")
	f.StringVar(&envFile, "env-file", "", "write these exports to `file` once every port listens")
	f.BoolVar(&boot, "boot", false, "boot a container for every launch (Linux, root)")
	c.AddCommand(a.simFaultCommand())
	return c
}

func (a *commands) sim(ctx context.Context, seed uint64, instances int, env bool, envFile string, boot bool) (err error) {
	forgetWorlds(config.StateDir(a.Env), a.Now())
	dir, err := os.MkdirTemp("", "rollcall-sim-")
	if err != nil {
		return fmt.Errorf("make a folder for the world: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	var with []func(*sim.Options)
	var m *machines
	if boot {
		if m, err = a.newMachines(ctx); err != nil {
			return err
		}
		with = append(with, m.options)
	}
	s, err := startWorld(context.WithoutCancel(ctx), dir, seed, instances, a.Logf, with...)
	if err != nil {
		return errors.Join(err, m.close())
	}
	defer func() { err = errors.Join(err, m.close(), s.Close()) }()
	if err := m.serve(s); err != nil {
		return err
	}

	// Variables of the user's own clouds are unset even if this process lacks them, because another shell may have
	// them.
	exports := "unset " + strings.Join(conflictingEnv, " ") + "\n" + exports(s.Env())
	if envFile != "" {
		path, err := filepath.Abs(envFile)
		if err != nil {
			return fmt.Errorf("write the environment: %w", err)
		}
		if err := textfile.Write(path, func(f *os.File) error { return output.String(f, exports) }); err != nil {
			return err
		}
	}
	if env {
		if err := output.String(a.Out, exports); err != nil {
			return err
		}
	}
	a.Logf("rollcall sim: %d instances in %d clouds, zones scalability.expert and unilans.net; ctrl-c ends it", count(s), len(s.World().Clouds()))
	m.printHint(a.Logf)
	<-ctx.Done()
	return nil
}

// forgetWorlds removes the journals of simulations that ended more than a day ago.
func forgetWorlds(state string, now time.Time) {
	old, err := filepath.Glob(filepath.Join(state, worldPrefix+"????????"))
	if err != nil {
		return // the pattern is valid, so the folder has unusual characters
	}
	for _, dir := range old {
		if fi, err := os.Stat(dir); err == nil && now.Sub(fi.ModTime()) > 24*time.Hour {
			_ = os.RemoveAll(dir) // retried next time
		}
	}
}

// exports returns an environment in POSIX shell syntax.
func exports(env []string) string {
	var b strings.Builder
	for _, kv := range env {
		k, v, _ := strings.Cut(kv, "=")
		b.WriteString("export " + k + "=" + providers.ShellQuote(v) + "\n")
	}
	return b.String()
}

// Package cli is the command line. Each command is a file that reads flags, calls app, launcher or watcher, and prints.
// The commands that change DNS are rows of the table changeVerbs. Main runs one command line.
//
// A new command is a file with a method of commands that returns a *cobra.Command, and its line in rootCommand; versionCommand
// is a small one. Its RunE gets a Session from one of: a.Open, which sets the sources up and reads none; a.read, which
// reads all of them once; a.readToChange, which also needs a fleet id. Session.Clouds, Zones and Identify say what
// the sources are, and whose. What a script reads is printed with package output, what a person reads with a.Logf on stderr,
// and an error of package exit chooses the exit code. Its tests run it in a world of their own (newWorld).
package cli

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/exit"
	"rollcall/dnsview/plan"
	"rollcall/providers"
	"rollcall/providers/helper"
	"rollcall/providers/sim"
)

// commands holds the state that all commands of one run share.
type commands struct {
	*app.Program
	readOnly bool          // --read-only
	timeout  time.Duration // of the whole command; 0 for none
	child    atomic.Bool   // another program has the terminal
}

// startDemo starts the small embedded clouds of --demo. Their nodes print nothing while a console has the screen.
func startDemo(ctx context.Context, dir string, env providers.Environment) (client providers.Environment, stop func() error, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader) // faster than an RSA key, which would take longer than all the rest
	if err != nil {
		return env, nil, fmt.Errorf("make a key for the demo: %w", err)
	}
	s, err := startWorld(ctx, dir, 1, 0, func(string, ...any) {}, func(o *sim.Options) { o.Key = key })
	if err != nil {
		return env, nil, err
	}
	return clientOf(env, s.Env()), s.Close, nil
}

// Main runs one command line and returns the exit code.
func Main(args []string, in *os.File, out, errw io.Writer) int {
	defer helper.Stop()
	return run(providers.Environment{}, providers.Clock{}, args, in, out, errw)
}

// run is Main in an environment, with a clock.
func run(env providers.Environment, clock providers.Clock, args []string, in *os.File, out, errw io.Writer) int {
	a := &commands{Program: &app.Program{In: in, Out: out, Err: errw, Env: env, Clock: clock, StartDemo: startDemo}}
	ctx, stop := interruptible(&a.child)
	defer stop()
	a.Interrupted = ctx.Done()
	root := a.rootCommand()
	root.SetArgs(args)
	root.SetIn(in)
	root.SetErr(errw)
	err := root.ExecuteContext(ctx)
	for i := len(a.Closers) - 1; i >= 0; i-- {
		if e := a.Closers[i](); e != nil && err == nil {
			err = e
		}
	}
	return a.exit(err)
}

// bySignal is the cause of a context that a signal has ended. It is a context.Canceled.
type bySignal struct{}

func (bySignal) Error() string { return "by ctrl-c or another signal" }

func (bySignal) Is(err error) bool { return err == context.Canceled }

// interruptible returns a context that ends at the first ctrl-c, SIGTERM or SIGHUP. A second ctrl-c or SIGTERM ends the process;
// of a terminal that hangs up several SIGHUPs come, which must not end a change midway. A ctrl-c while a child has the terminal
// is the child's. Under nohup a SIGHUP does nothing.
func interruptible(child *atomic.Bool) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	c, hup := make(chan os.Signal, 1), make(chan os.Signal, 1)
	signal.Notify(c, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(hup, syscall.SIGHUP)
	}
	go func() {
		defer signal.Stop(c)
		defer cancel(bySignal{})
		for {
			select {
			case <-ctx.Done():
				return
			case <-hup:
				return
			case s := <-c:
				if s != os.Interrupt || !child.Load() {
					return
				}
			}
		}
	}()
	return ctx, func() {
		cancel(nil)
		signal.Stop(hup)
	}
}

// surviveClosedPipes makes writing to a pipe that no process reads any more an error from now on, as a change goes on to its end.
// Before, as is usual for what is piped into head, it ends the process.
func surviveClosedPipes() { signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) }

// rootCommand returns the root command with all others.
func (a *commands) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "rollcall",
		Short: "The roll call of your nodes, on all clouds and in DNS",
		Long: `rollcall shows which nodes exist (Amazon EC2, Joyent Triton), which names DNS
hands out (Cloudflare, Route 53, BIND), and where the two disagree. Without a
command it starts the console.

Exit codes: 0 done, 1 failed, 2 usage, 3 drift, 4 unknown (a source was not
complete).`,
		Example: `  rollcall --demo                           # the console, on embedded clouds
  rollcall config init                      # a config from your credentials
  rollcall ls findings --filter class:dead  # what a dead node has left in DNS
  rollcall drift --exit-code                # 3 if clouds and DNS disagree
  rollcall evacuate joyent-ams --dry-run    # a cloud out of DNS: the plan`,
		Version:       buildVersion().Version,
		Args:          noArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return a.console(cmd.Context()) },
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetOut(a.Out)
	root.SetUsageFunc(wrapFlags(root.UsageFunc()))
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return exit.Usagef("%s; see %s --help", err, cmd.CommandPath())
	})
	f := root.PersistentFlags()
	f.BoolVar(&a.Demo, "demo", false, "use a small world of embedded clouds instead of real ones")
	f.StringVar(&a.Config, "config", "", "config `file` (default $ROLLCALL_CONFIG, then $XDG_CONFIG_HOME/rollcall/config.yaml)")
	f.DurationVar(&a.timeout, "timeout", 0, "limit the whole command to this `duration`, such as 2m; sources unread by then are unknown")
	f.BoolVar(&a.ASCII, "ascii", false, "show internationalized names as they are on the wire (xn--...), and not in Unicode")
	f.BoolVarP(&a.Quiet, "quiet", "q", false, "print no progress and no notes on stderr, only warnings, errors and questions")
	f.BoolVar(&a.readOnly, "read-only", false, "change nothing: the console offers no change, and a command that would make one needs --dry-run")
	debug, logFile := false, ""
	f.BoolVar(&debug, "debug", false, "write every call to a cloud or DNS provider to stderr: its name, status, duration and size")
	f.StringVar(&logFile, "log-file", "", "append calls and messages as JSON lines to this `file`")
	root.PersistentPreRunE = func(cmd *cobra.Command, args []string) error {
		if debug && cmd == root {
			return exit.Usagef("--debug writes on the terminal that the console needs: use --log-file, or the key C in the console")
		}
		if err := a.limitWrites(cmd, args); err != nil {
			return err
		}
		if err := a.LogCalls(debug, logFile); err != nil {
			return err
		}
		if err := namesInALabels(cmd, args); err != nil {
			return err
		}
		return a.bound(cmd, args)
	}
	root.AddCommand(
		a.lsCommand(), a.driftCommand(),
		a.launchCommand(), a.changeCommand(&terminateVerb), a.changeCommand(replaceVerb()),
		a.changeCommand(powerVerb(plan.PowerStart, "Start stopped instances", "")),
		a.changeCommand(powerVerb(plan.PowerStop, "Stop instances; one that DNS still leads to asks for its name",
			" Its agent takes a node out of DNS as it stops, if it has one; quiesce takes it out first. Without either, --confirm NAME stops what clients are sent to.")),
		a.changeCommand(powerVerb(plan.PowerReboot, "Reboot instances", "")),
		a.zoneCommand(), a.journalCommand(), a.teamCommand(), a.timelineCommand(), a.snoozeCommand(), a.noteCommand(),
		a.serviceCommand(), a.simCommand(), a.userdataCommand(), a.policyCommand(), a.configCommand(),
		a.watchCommand(), a.versionCommand(), a.manCommand(),
	)
	for i := range changeVerbs {
		root.AddCommand(a.changeCommand(&changeVerbs[i]))
	}
	addCompletion(root)
	a.complete(root)
	addExamples(root)
	return root
}

// bound ends a command's context after --timeout. What it did not get to read by then is unknown. For a command that runs until
// it is stopped the flag is a usage error.
func (a *commands) bound(cmd *cobra.Command, _ []string) error {
	switch f := cmd.Flag("timeout"); {
	case f == nil || !f.Changed || f != cmd.Root().PersistentFlags().Lookup("timeout"):
		return nil
	case a.timeout <= 0:
		return exit.Usagef("--timeout %s is no time: write one such as 2m", a.timeout)
	case cmd == cmd.Root(), cmd.Name() == "watch", cmd.Name() == "sim":
		return exit.Usagef("--timeout is for commands that end by themselves")
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), a.timeout)
	a.Closers = append(a.Closers, func() error { cancel(); return nil })
	cmd.SetContext(ctx)
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		err := run(cmd, args)
		if _, coded := errors.AsType[*exit.Error](err); !coded && ctx.Err() != nil && errors.Is(err, context.DeadlineExceeded) {
			return exit.Unknownf("--timeout %s was over: %w", a.timeout, err)
		}
		return err
	}
	return nil
}

// wrapFlags returns a usage function of cobra that wraps the texts of flags at 80 columns. A template of its own would have
// the linker keep every method of every type.
func wrapFlags(usage func(*cobra.Command) error) func(*cobra.Command) error {
	return func(c *cobra.Command) error {
		out := c.OutOrStderr()
		var b strings.Builder
		c.SetOut(&b)
		err := usage(c)
		c.SetOut(out)
		text := b.String()
		for _, flags := range []*pflag.FlagSet{c.LocalFlags(), c.InheritedFlags()} {
			if flags.HasAvailableFlags() {
				text = strings.Replace(text, strings.TrimSpace(flags.FlagUsages()), strings.TrimSpace(flags.FlagUsagesWrapped(80)), 1)
			}
		}
		fmt.Fprint(out, text)
		return err
	}
}

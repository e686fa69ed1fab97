package cli

import (
	"cmp"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/cli/output"
	"rollcall/cmd/rollcall/exit"
	"rollcall/cmd/rollcall/watcher"
	"rollcall/dnsview"
)

// watchFlags are the flags of rollcall watch.
type watchFlags struct {
	watcher.Options
	filter, severity string
	remedies         []string
	dryRun           bool
	form             *output.Format
}

func (a *commands) watchCommand() *cobra.Command {
	f := &watchFlags{}
	c := &cobra.Command{
		Use:   "watch",
		Short: "Watch: findings as lines, metrics for Prometheus, hooks",
		Long: `watch reads all sources repeatedly, queries name servers and makes health checks
as configured, until it is interrupted. It prints a line for each new and each
resolved finding, with -o json one object per line. A finding is resolved when
it is absent and the evidence is complete: a source that cannot be read resolves
nothing.

With --metrics it serves http://ADDR/metrics for Prometheus; /livez, which is
200 while the process runs; /readyz, once a scan has been made; and /healthz,
while all sources are being read, which names those that are not. Then lines are
printed only with -o. It answers requests for localhost, for its own address,
for this machine's name, and for the names of --metrics-host; it refuses others,
so that no web page can read it through a browser.

Once two scans have confirmed a finding, and again when two have confirmed that
it is gone, hooks are sent it: --webhook URL (or ROLLCALL_WEBHOOK, which is not
in the list of processes) by one POST for all that a scan has found, and --exec
COMMAND, which sh runs, on stdin, each alone. Each is sent once, also over
restarts. A receiver that fails is tried three times, and not before its
Retry-After. --webhook-format is json; slack, for incoming webhooks of Slack and
Mattermost; or alertmanager, for http://HOST:9093/api/v2/alerts, which gets all
that stands with every scan. With ROLLCALL_WEBHOOK_SECRET each POST is signed:
Rollcall-Signature: t=UNIX,v1=HEX is the HMAC-SHA256 of "UNIX.BODY". The command
gets PATH, HOME and similar variables of the environment, and no credential;
--exec-env NAME passes another variable.

Several watches of a team share a lease in its store: one reads for all, reports
and publishes what it reads, the others wait, and one of them takes over within
30 seconds. With --remedy dead,dangling the one that holds the lease removes
entries itself, as rollcall deregister would, if they are certainly dead and
have been for ten minutes of its own complete reads, are not snoozed, and are
not the last of their name. It needs a team store. It only says what it would
do, unless --dry-run=false is given. At a threshold it stops itself, and says so
in metrics and to the webhook. While the team's store has an object named pause,
no watch removes anything.

--print-rules prints alert rules for Prometheus, --print-unit a systemd unit.`,
		Example: "  rollcall watch --severity high\n  rollcall watch --metrics :9469 --exec 'jq -r .text | mail -s rollcall ops'",
		Args:    noArgs,
	}
	f.form = output.Flag(c, output.Text, output.JSON)
	c.Flags().StringVar(&f.Metrics, "metrics", "", "serve metrics, /livez, /readyz and /healthz on this `address`, e.g. 127.0.0.1:9469")
	c.Flags().StringSliceVar(&f.MetricsHosts, "metrics-host", nil, "a further host `name` by which metrics may be asked for; may be given several times")
	c.Flags().StringVar(&f.Webhook, "webhook", "", "POST new and resolved findings to this `URL`")
	c.Flags().StringVar(&f.WebhookFormat, "webhook-format", watcher.FormatJSON, "format of what the webhook is sent: "+strings.Join(watcher.WebhookFormats, ", "))
	c.Flags().StringVar(&f.Exec, "exec", "", "run this `command` for each new and each resolved finding")
	c.Flags().StringArrayVar(&f.ExecEnv, "exec-env", nil, "pass the environment variable `NAME` on to the command of --exec; may be given several times")
	c.Flags().StringVar(&f.filter, "filter", "", "print and send only findings that pass this `filter`; metrics count all")
	c.Flags().StringVar(&f.severity, "severity", "low", "print and send only findings of this `severity` or more: info, low, medium, high, critical")
	c.Flags().StringSliceVar(&f.remedies, "remedy", nil, "remove the entries of findings of these `classes` (dead, dangling) after ten minutes, under all guards; a dry run unless --dry-run=false is given")
	c.Flags().BoolVar(&f.dryRun, "dry-run", true, "with --remedy, only say what would be removed")
	c.Flags().IntVar(&f.PerHour, "max-per-hour", watcher.DefaultPerHour, "with --remedy, the most values that watches of the team remove in an hour: a `number`")
	printRules, printUnit := false, false
	c.Flags().BoolVar(&printRules, "print-rules", false, "print alert rules for Prometheus, and end")
	c.Flags().BoolVar(&printUnit, "print-unit", false, "print a systemd unit that runs this rollcall, and end")
	c.MarkFlagsMutuallyExclusive("print-rules", "print-unit")
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		switch {
		case printRules:
			return output.String(a.Out, watcher.Rules)
		case printUnit:
			program, err := os.Executable()
			if err != nil {
				return fmt.Errorf("find this program: %w", err)
			}
			return output.String(a.Out, watcher.Unit(program))
		}
		f.Lines = f.Metrics == "" || cmd.Flags().Changed("output")
		f.AsJSON = f.form.Form == output.JSON
		f.Webhook, f.WebhookSecret = cmp.Or(f.Webhook, a.Env.Getenv(app.EnvWebhook)), a.Env.Getenv(app.EnvWebhookSecret)
		if err := f.read(); err != nil {
			return err
		}
		return watcher.Run(cmd.Context(), a.Program, &f.Options)
	}
	return c
}

// read parses the flags, as far as they need no source.
func (f *watchFlags) read() (err error) {
	if f.Only, err = parseFilter(f.filter); err != nil {
		return err
	}
	if f.Least, err = parseSeverity(f.severity); err != nil {
		return err
	}
	if f.Webhook != "" {
		if u, err := url.Parse(f.Webhook); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return exit.Usagef("the webhook is not a URL: write it with scheme and host, such as https://hooks.example.com/x") // the URL is a secret, so the error omits it
		}
	}
	if f.WebhookFormat = cmp.Or(f.WebhookFormat, watcher.FormatJSON); !slices.Contains(watcher.WebhookFormats, f.WebhookFormat) {
		return exit.Usagef("--webhook-format %q: write %s", f.WebhookFormat, strings.Join(watcher.WebhookFormats, ", "))
	}
	for _, c := range f.remedies {
		class := dnsview.Class(c)
		if class != dnsview.Dead && class != dnsview.Dangling {
			return exit.Usagef("--remedy %q: a watch removes entries of the classes dead and dangling only", c)
		}
		f.Remedy = append(f.Remedy, class)
	}
	if f.RemedyRuns = !f.dryRun; f.RemedyRuns && len(f.Remedy) == 0 {
		f.RemedyRuns = false
	}
	if len(f.Remedy) > 0 && f.PerHour < 1 {
		return exit.Usagef("--max-per-hour %d: write a number from 1", f.PerHour)
	}
	f.Version = buildVersion().Version
	return nil
}

func parseSeverity(s string) (dnsview.Severity, error) {
	if v, ok := dnsview.ParseSeverity(s); ok {
		return v, nil
	}
	var known []string
	for v := dnsview.Info; v <= dnsview.Critical; v++ {
		known = append(known, v.String())
	}
	return 0, exit.Usagef("--severity %q: write %s", s, strings.Join(known, ", "))
}

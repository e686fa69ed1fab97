package cli

import (
	"cmp"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"rollcall/cmd/rollcall/cli/output"
	"rollcall/cmd/rollcall/exit"
	"rollcall/cmd/rollcall/watcher"
	"rollcall/dnsview"
)

// envWebhook is the environment variable with the webhook's URL, which is usually a secret and should not appear in a
// list of processes.
const envWebhook = "ROLLCALL_WEBHOOK"

// watchFlags are the flags of rollcall watch.
type watchFlags struct {
	watcher.Options
	filter, severity string
	form             *output.Format
}

func (a *commands) watchCommand() *cobra.Command {
	f := &watchFlags{}
	c := &cobra.Command{
		Use:   "watch",
		Short: "Watch continuously: findings as lines, metrics for Prometheus, hooks",
		Long: `watch reads all sources repeatedly, queries name servers and makes health checks
as configured, until it is interrupted. It prints a line for each new and each
resolved finding, with -o json one object per line. A finding is resolved when
it is absent and the evidence is complete: a source that cannot be read resolves
nothing.

With --metrics it serves http://ADDR/metrics for Prometheus, and /healthz, which
is 200 only while all sources are being read and names those that are not; then
lines are printed only with -o. It answers requests for localhost, for its own
address, for this machine's name, and for the names of --metrics-host; it
refuses others, so that no web page can read it through a browser.

Once two scans have confirmed a finding, and again when it is resolved, a JSON
object is sent by POST to --webhook URL (or ROLLCALL_WEBHOOK, which is not in the
list of processes) and on stdin to --exec COMMAND, which sh runs. Each is sent
once, also over restarts. A receiver that fails is tried three times. The command
gets PATH, HOME and similar variables of the environment, and no credential;
--exec-env NAME passes another variable.`,
		Example: "  rollcall watch --severity high\n  rollcall watch --metrics :9469 --exec 'jq -r .text | mail -s rollcall ops'",
		Args:    noArgs,
	}
	f.form = output.Flag(c, output.Text, output.JSON)
	c.Flags().StringVar(&f.Metrics, "metrics", "", "serve metrics and /healthz on this `address`, e.g. 127.0.0.1:9469")
	c.Flags().StringSliceVar(&f.MetricsHosts, "metrics-host", nil, "a further host `name` by which metrics may be asked for; may be given several times")
	c.Flags().StringVar(&f.Webhook, "webhook", "", "POST each new and each resolved finding to this `URL`")
	c.Flags().StringVar(&f.Exec, "exec", "", "run this `command` for each new and each resolved finding")
	c.Flags().StringArrayVar(&f.ExecEnv, "exec-env", nil, "pass the environment variable `NAME` on to the command of --exec; may be given several times")
	c.Flags().StringVar(&f.filter, "filter", "", "print and send only findings that pass this `filter`; metrics count all")
	c.Flags().StringVar(&f.severity, "severity", "low", "print and send only findings of this `severity` or more: info, low, medium, high, critical")
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		f.Lines = f.Metrics == "" || cmd.Flags().Changed("output")
		f.AsJSON = f.form.Form == output.JSON
		f.Webhook = cmp.Or(f.Webhook, a.Env.Getenv(envWebhook))
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
	f.Version = buildVersion().Version
	return nil
}

func parseSeverity(s string) (dnsview.Severity, error) {
	var known []string
	for v := dnsview.Info; v <= dnsview.Critical; v++ {
		if v.String() == s {
			return v, nil
		}
		known = append(known, v.String())
	}
	return 0, exit.Usagef("--severity %q: write %s", s, strings.Join(known, ", "))
}

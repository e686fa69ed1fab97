package cli

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"rollcall/cmd/rollcall/cli/output"
	"rollcall/cmd/rollcall/exit"
	"rollcall/cmd/rollcall/launcher"
	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview/apply"
	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/providers/launch"
)

// launchFlags are the flags of rollcall launch.
type launchFlags struct {
	launcher.Request
	clouds   []string
	values   []string
	set      []string
	metadata []string
	create   string
	dryRun   bool
	wait     bool
	yes      bool
	confirm  []string
	format   *output.Format
}

// nodeRow is one node of a launch in JSON.
type nodeRow struct {
	Cloud   string   `json:"cloud"`
	Name    string   `json:"name"`
	ID      string   `json:"id"`
	Stage   string   `json:"stage"`
	State   string   `json:"state"`
	IPs     []string `json:"public_ips"`
	Message string   `json:"message"`
	Reason  string   `json:"reason"` // of its state, in the cloud's own words
}

// launchRow is a launch in JSON.
type launchRow struct {
	ID       string             `json:"id"`
	Service  string             `json:"service"`
	Template string             `json:"template"`
	DryRun   bool               `json:"dry_run"`
	OK       bool               `json:"ok"`
	Nodes    []nodeRow          `json:"nodes"`
	Findings []launcher.Finding `json:"findings"`  // of lint
	UserData map[string]string  `json:"user_data"` // by cloud, without secrets; of a dry run only

	Refused   []string `json:"refused"`   // what the clouds would refuse, a line each
	Unknown   []string `json:"unknown"`   // clouds that did not say whether they would launch
	Unchecked []string `json:"unchecked"` // what the clouds cannot be asked
}

func (a *commands) launchCommand() *cobra.Command {
	f := &launchFlags{}
	c := &cobra.Command{
		Use:   "launch --cloud C[=N],... --service S",
		Short: "Launch nodes of a service in one or several clouds",
		Long: `launch renders the boot script of a service and starts nodes with it, in all
clouds that --cloud names at the same time. The defaults of image and size are
those of most nodes of the service in the cloud; --image and --size replace
them, for one cloud as CLOUD=VALUE.

The boot script for each cloud is linted as by rollcall userdata lint; with an
error nothing is started. Values of secret variables are never shown. Each cloud
is asked first whether it would start its nodes: EC2 by a dry run, Triton by its
lists of images, packages and networks. If one would not, nothing is started
anywhere, and with --dry-run the exit code is 1, or 4 if one did not answer.

Without --wait it returns once every cloud has accepted its nodes; with it, once
each runs and is in DNS. It prints the outcome of each node. With --id and the
launch id of an earlier try it continues that launch and starts nothing twice.`,
		Example: "  rollcall launch --cloud aws-use1=2,joyent-east --wait \\\n    --service www.example.com\n  rollcall launch --cloud aws-use1 --service www.example.com --dry-run",
		Args:    noArgs,
	}
	f.format = output.Flag(c, output.Text, output.JSON, output.YAML)
	l := c.Flags()
	l.StringSliceVar(&f.clouds, "cloud", nil, "cloud and number of nodes, `C[=N],...`")
	l.StringVar(&f.Service, "service", "", "declared `service` that the nodes are for")
	l.StringVar(&f.Template, "template", "", "boot `template` (default: the one for the service's kind)")
	l.StringVar(&f.Name, "name", "", "`prefix` of the nodes' names")
	l.StringVar(&f.ID, "id", "", "launch `id` of an earlier try to continue")
	l.StringSliceVar(&f.Size, "size", nil, "instance type or package, `[C=]SIZE`")
	l.StringSliceVar(&f.Image, "image", nil, "image id, `[C=]IMAGE`")
	l.StringSliceVar(&f.Network, "network", nil, "subnet or network id, `[C=]NETWORK`")
	l.StringSliceVar(&f.KeyPair, "key-pair", nil, "EC2 key pair, `[C=]NAME`")
	l.StringSliceVar(&f.Profile, "instance-profile", nil, "EC2 instance profile, `[C=]NAME`")
	l.StringVar(&f.create, "create-profile", "", "create the EC2 instance profile `NAME` with a role of the least privilege for these nodes, and launch with it")
	valueFlags(c.Flags(), &f.values, &f.set)
	l.StringArrayVar(&f.metadata, "metadata", nil, "metadata of Triton nodes, `KEY=VARIABLE`: the value is read from that environment variable")
	l.BoolVar(&f.dryRun, "dry-run", false, "show the nodes and the boot script, and start nothing")
	l.BoolVar(&f.wait, "wait", false, "wait until each node runs and is in DNS")
	l.BoolVar(&f.yes, "yes", false, "do not ask")
	l.StringArrayVar(&f.confirm, "confirm", nil, "`text` that the journal asks for: the place of the team's store while it is away, or the author if nothing can be signed")
	c.RunE = func(cmd *cobra.Command, _ []string) error { return a.launch(cmd.Context(), f) }
	return c
}

func (a *commands) launch(ctx context.Context, f *launchFlags) error {
	err := f.ParseClouds(f.clouds)
	if err != nil {
		return err
	}
	if f.Given, err = givenValues(ctx, f.values, f.set); err != nil {
		return err
	}
	metadata, err := launcher.GivenMetadata(f.metadata)
	if err != nil {
		return err
	}
	if f.create != "" {
		if len(f.Profile) > 0 {
			return exit.Usagef("--create-profile is the instance profile: leave out --instance-profile")
		}
		if !launcher.IAMName().MatchString(f.create) {
			return exit.Usagef("--create-profile %q: IAM takes letters, digits and +=,.@_-, at most 64", words.Clean(f.create))
		}
	}
	opened, v, err := a.RefreshOnce(ctx)
	if err != nil {
		return err
	}
	s := launcher.New(opened)
	s.Metadata, s.Given = metadata, f.Given
	spec, scripts, err := s.Spec(ctx, v, &f.Request)
	if err != nil {
		return err
	}
	if why := v.WhyServiceHidden(spec.Service); why != "" {
		return fmt.Errorf("nothing was launched: a node of %s could not be registered: %s", words.Clean(spec.Service), why)
	}
	if spec.Console || f.create != "" {
		if err := s.ZoneRefuses(v.Snapshot, spec.Service); err != nil {
			return err
		}
	}
	if spec, err = s.WithMetadata(spec, metadata); err != nil {
		return err
	}
	if err := s.RefuseCredentials(ctx, &spec, f.Given); err != nil {
		return err
	}
	a.reportShortfalls(opened, v)
	for _, w := range scripts.Warnings {
		a.Logf("rollcall: %s", w)
	}
	for i := range scripts.Findings {
		a.Logf("rollcall: %s", scripts.Findings[i].String())
	}
	wrong := launcher.LintErrors(scripts.Findings)
	if wrong > 0 && !f.dryRun {
		return fmt.Errorf("nothing was launched: lint has %s in the boot script", providers.CountOf(wrong, "error"))
	}
	var profiles []launcher.ProfileToMake
	if f.create != "" {
		if profiles, err = s.ProfilesToMake(ctx, &spec, f.create); err != nil {
			return err
		}
	}
	nodes, err := launch.Prepare(spec, s.LaunchClouds())
	if err != nil {
		return err
	}
	for i := range profiles {
		a.printProfile(&profiles[i])
	}
	checked, err := a.checkLaunch(ctx, s, f.ID, &spec, profiles)
	if err != nil {
		return err
	}
	if f.dryRun {
		row := launchRow{ID: spec.ID, Service: spec.Service, Template: spec.Template, DryRun: true, OK: wrong+len(checked.Refused)+len(checked.Unknown) == 0, Nodes: nodeRows(nodes), Findings: scripts.Findings, UserData: scripts.Texts}
		if err := a.printLaunch(f, row.with(&checked)); err != nil || row.OK {
			return err
		}
		if wrong+len(checked.Refused) == 0 {
			return exit.With(exit.Unknown)
		}
		return exit.With(exit.Failed)
	}
	if len(checked.Refused) > 0 {
		return fmt.Errorf("nothing was launched: what is said above would be refused: correct the command")
	}
	if !f.yes && a.Interactive() {
		for _, n := range nodes {
			a.Logf("  %s in %s", words.Clean(n.Name), words.Clean(n.Cloud))
		}
		if got := a.ReadLine(ctx, fmt.Sprintf("launch %s? [y/N] ", providers.CountOf(len(nodes), "node"))); !strings.EqualFold(got, "y") && !strings.EqualFold(got, "yes") {
			return fmt.Errorf("nothing was launched")
		}
	}
	ask, err := a.answerJournal(ctx, opened, f.confirm)
	if err != nil {
		return fmt.Errorf("nothing was launched: %w", err)
	}
	if ask != nil {
		return fmt.Errorf("nothing was launched: %s; to launch all the same, give --confirm %s", words.Clean(whyAsked(opened, []apply.Ask{*ask})), providers.ShellQuote(words.Clean(ask.Text)))
	}
	lines, err := s.RecoverJournal(ctx)
	for _, l := range lines {
		a.Logf("rollcall: %s", l)
	}
	if err != nil {
		return fmt.Errorf("nothing was launched: %w", err)
	}
	for i := range profiles {
		if err := s.MakeProfile(ctx, &profiles[i]); err != nil {
			return err
		}
	}
	if spec.Console && !f.wait {
		a.Notef("nothing on these nodes registers them: waiting until each can be put into DNS from here")
	}
	r, ok := a.runLaunch(ctx, s, spec, f.wait || spec.Console)
	row := launchRow{ID: spec.ID, Service: spec.Service, Template: spec.Template, OK: ok, Nodes: nodeRows(r.Nodes), Findings: scripts.Findings, UserData: map[string]string{}}
	if err := a.printLaunch(f, row.with(&checked)); err != nil {
		return err
	}
	if !ok {
		a.reportUnfinished(&r, f.wait || spec.Console)
		return exit.With(exit.Failed)
	}
	return nil
}

// checkLaunch asks the clouds whether they would start the nodes, and prints what they say. The launch id of an earlier try is
// gone on with, whatever its clouds would refuse now.
func (a *commands) checkLaunch(ctx context.Context, s *launcher.Launcher, id string, spec *launch.Spec, profiles []launcher.ProfileToMake) (launch.Checked, error) {
	if id != "" {
		if begun, err := s.EntriesOf(id); err != nil || len(begun) > 0 {
			return launch.Checked{}, err
		}
	}
	checked := s.Check(ctx, *spec, !slices.ContainsFunc(profiles, func(p launcher.ProfileToMake) bool { return len(p.Missing) > 0 }))
	for _, l := range slices.Concat(checked.Refused, checked.Unknown) {
		a.Logf("rollcall: %s", words.Clean(l))
	}
	for _, l := range checked.Unchecked {
		a.Notef("%s", words.Clean(l))
	}
	return checked, nil
}

// with returns the row with what the clouds said before the launch.
func (r launchRow) with(c *launch.Checked) launchRow {
	clean := func(list []string) []string {
		out := []string{}
		for _, s := range list {
			out = append(out, words.Clean(s))
		}
		return out
	}
	r.Refused, r.Unknown, r.Unchecked = clean(c.Refused), clean(c.Unknown), clean(c.Unchecked)
	return r
}

// reportUnfinished prints what to do about unfinished nodes. It suggests the same command only for nodes that the
// command can bring further.
func (a *commands) reportUnfinished(r *launch.Report, wait bool) {
	carries, refused := 0, 0
	for _, p := range r.Problems {
		a.Logf("rollcall: %s", words.Clean(p))
	}
	for i := range r.Nodes {
		n := &r.Nodes[i]
		switch {
		case n.Done(), !wait && n.Stage == launch.StagePending: // this was all that was requested
		case n.CanContinue():
			carries++
		case n.Ended():
			a.Logf("rollcall: %s (%s) in %s has ended and does not come back; a launch without --id starts another", words.Clean(n.Name), words.Clean(n.Instance.ID), words.Clean(n.Cloud))
		case n.Instance.ID != "":
			a.Logf("rollcall: %s (%s) in %s runs; once what is said above is mended, rollcall register %s puts it into DNS", words.Clean(n.Name), words.Clean(n.Instance.ID), words.Clean(n.Cloud), words.Clean(n.Instance.ID))
		default:
			refused++
		}
	}
	if refused > 0 {
		a.Logf("rollcall: %s refused, and would be again: correct the command, and launch what is missing without --id", providers.CountOf(refused, "node")+map[bool]string{true: " was", false: " were"}[refused == 1])
	}
	if carries > 0 {
		a.Logf("rollcall: not every node is up; the same command with --id %s carries on, and launches nothing twice", words.Clean(r.Spec.ID))
	}
}

// runLaunch launches and reports the progress of each node. Without wait it returns once every cloud has accepted its
// nodes.
func (a *commands) runLaunch(ctx context.Context, s *launcher.Launcher, spec launch.Spec, wait bool) (launch.Report, bool) {
	o := s.Follow(&spec)
	o.AcceptedOnly = !wait
	entries, err := s.EntriesOf(spec.ID)
	if err != nil {
		return launch.Report{Spec: spec, Problems: launch.Problems{"nothing was launched: " + err.Error()}}, false
	}
	o.Earlier = launcher.Earlier(entries)
	surviveClosedPipes()
	r := launch.Run(ctx, spec, s.LaunchClouds(), o, func(n launch.Node) {
		line := fmt.Sprintf("%s in %s: %s", n.Name, n.Cloud, n.Stage)
		if n.Message != "" {
			line += ": " + n.Message
		}
		a.Notef("%s", words.Clean(line))
	})
	if wait {
		return r, r.OK()
	}
	return r, r.Accepted()
}

// parsePairs parses k=v arguments.
func parsePairs(args []string) (map[string]string, error) {
	out := map[string]string{}
	for _, arg := range args {
		k, v, ok := strings.Cut(arg, "=")
		if !ok || k == "" {
			return nil, exit.Usagef("--set %q: write NAME=VALUE", words.Clean(arg))
		}
		out[k] = v
	}
	return out, nil
}

func nodeRows(nodes []launch.Node) []nodeRow {
	list := []nodeRow{}
	for i := range nodes {
		n := &nodes[i]
		list = append(list, nodeRow{
			Cloud: words.Clean(n.Cloud), Name: words.Clean(n.Name), ID: words.Clean(n.Instance.ID), Stage: string(n.Stage), State: string(n.Instance.State),
			IPs: rows.Addresses(n.Instance.PublicIPs), Message: words.Clean(n.Message), Reason: words.Clean(n.Instance.Reason),
		})
	}
	return list
}

func (a *commands) printLaunch(f *launchFlags, r launchRow) error {
	if f.format.Form != output.Text {
		return output.Data(a.Out, f.format.Form, r)
	}
	cells := [][]string{{"CLOUD", "NAME", "ID", "STAGE", "ADDRESS", "MESSAGE"}}
	for _, n := range r.Nodes {
		line := []string{n.Cloud, n.Name, n.ID, n.Stage, strings.Join(n.IPs, ","), n.Message}
		for i := range line {
			line[i] = cmp.Or(line[i], "-")
		}
		cells = append(cells, line)
	}
	text := fmt.Sprintf("launch %s of %s\n%s", r.ID, cmp.Or(r.Service, r.Template), output.Align(cells))
	for _, cloud := range slices.Sorted(maps.Keys(r.UserData)) {
		text += fmt.Sprintf("\n# user data for %s, %d bytes\n%s", cloud, len(r.UserData[cloud]), r.UserData[cloud])
	}
	return output.String(a.Out, text)
}

// printProfile prints what will be created.
func (a *commands) printProfile(p *launcher.ProfileToMake) {
	if len(p.Missing) == 0 {
		a.Logf("AWS account %s has the instance profile %s already, with this policy", words.Clean(p.Account), words.Clean(p.Profile.Name))
		return
	}
	a.Logf("in AWS account %s this will be created:", words.Clean(p.Account))
	for _, m := range p.Missing {
		a.Logf("  %s", words.Clean(m))
	}
	a.Logf("the policy of the role:")
	for l := range strings.Lines(p.Profile.Policy) {
		a.Logf("  %s", strings.TrimRight(l, "\n"))
	}
}

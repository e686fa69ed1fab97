package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/cli/output"
	"rollcall/cmd/rollcall/config"
	"rollcall/cmd/rollcall/exit"
	"rollcall/cmd/rollcall/launcher"
	"rollcall/dnsview/index"
	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/providers/journal"
)

func (a *commands) teamCommand() *cobra.Command {
	dryRun := false
	join := &cobra.Command{
		Use:   "join",
		Short: "Carry journal, snoozes and notes of this machine to the team",
		Long: `join copies what the journal of this machine has from before the config named a
team into the journal of the team, where it stands among the changes of the
others by its times. So it does with snoozes and notes, but for those about
which the team has a later one. Then the files are renamed and not read any
more. A join that was stopped is gone on with by the next one, and copies
nothing twice.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.joinTeam(cmd.Context(), dryRun) },
	}
	join.Flags().BoolVar(&dryRun, "dry-run", false, "only say what would be copied")
	return group("team", "The journal that the members of a team share", join, a.teamSetAside(), a.teamSigners())
}

func (a *commands) teamSetAside() *cobra.Command {
	return &cobra.Command{
		Use:   "set-aside",
		Short: "Put what this machine has read of the team's store away",
		Long: `set-aside renames the folder of what this machine has read of the store that the
config names, so that the store is read anew. It is for a store that was emptied
or replaced on purpose: until then nothing is changed from this machine, and its
snoozes and notes wait on it. It does not write to the store. What waits in that
folder for the old store is not sent.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := a.teamConfig(cmd.Context())
			if err != nil {
				return err
			}
			to, waiting, err := a.SetStoreAside(cfg)
			switch {
			case err != nil:
				return err
			case to == "":
				a.Logf("rollcall: this machine has read nothing of %s yet", cfg.Team.Store())
				return nil
			}
			a.Logf("rollcall: what this machine had read of %s is in %s now, and the store is read anew", cfg.Team.Store(), to)
			if waiting != "" {
				a.Logf("rollcall: %s as it was, and will not be sent", waiting)
			}
			return nil
		},
	}
}

func (a *commands) teamConfig(ctx context.Context) (*config.Config, error) {
	cfg, err := a.ConfigOrEmpty(ctx)
	if err == nil && cfg.Team.Store() == "" {
		err = exit.Usagef("the config has no team: add team: {store: s3://BUCKET/PREFIX}, or a folder that all members reach")
	}
	return cfg, err
}

func (a *commands) joinTeam(ctx context.Context, dryRun bool) error {
	cfg, err := a.teamConfig(ctx)
	if err != nil {
		return err
	}
	if err := a.joinAnnotations(ctx, cfg, dryRun); err != nil {
		return fmt.Errorf("join the team: %w", err)
	}
	path := filepath.Join(config.StateDir(a.Env), cfg.StateName(), app.JournalName)
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		a.Logf("rollcall: this machine has no journal from before the team")
		return nil
	}
	entries, err := a.localEntries(path)
	if err != nil {
		return err
	}
	if dryRun {
		a.Logf("rollcall: %s of %s would be copied to %s", entriesOf(len(entries)), path, cfg.Team.Store())
		return nil
	}
	var n int
	if err := a.WithJournal(cfg, func(j *journal.Journal) (err error) {
		n, err = j.CarryIn(entries)
		return err
	}); err != nil {
		return fmt.Errorf("join the team: %w", err)
	}
	joined := path + ".joined"
	if err := os.Rename(path, joined); err != nil && !errors.Is(err, fs.ErrNotExist) { // another join may have put it aside
		return fmt.Errorf("put the journal of this machine aside: %w", err)
	}
	if n == 0 {
		a.Logf("rollcall: nothing of this machine is left to carry in: the journal of the team at %s has it", cfg.Team.Store())
		return nil
	}
	a.Logf("rollcall: %s of this machine went into the journal of the team at %s; the file is %s now", entriesOf(n), cfg.Team.Store(), joined)
	return nil
}

// joinAnnotations carries the snoozes and notes of this machine into those of the team.
func (a *commands) joinAnnotations(ctx context.Context, cfg *config.Config, dryRun bool) error {
	s := &app.Session{Program: a.Program, Config: cfg, State: filepath.Join(config.StateDir(a.Env), cfg.StateName())}
	if _, err := os.Stat(filepath.Join(s.State, app.AnnotationsName)); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if dryRun {
		a.Logf("rollcall: the snoozes and notes of this machine would be copied to %s", cfg.Team.Store())
		return nil
	}
	n, err := s.CarryAnnotations(ctx)
	if err == nil {
		a.Logf("rollcall: %s of this machine are the team's now", index.Plural(n, "snooze or note", "snoozes and notes"))
	}
	return err
}

func entriesOf(n int) string { return index.Plural(n, "entry", "entries") }

// localEntries returns the entries of the journal of this machine, which no other rollcall writes to now.
func (a *commands) localEntries(path string) ([]journal.Entry, error) {
	j, err := journal.Open(path, a.Clock, a.Interrupted)
	if err != nil {
		return nil, fmt.Errorf("open the journal: %w", err)
	}
	entries, err := j.Entries()
	abandoned, abandonedErr := j.Abandoned(0)
	problems := j.Problems()
	if err = errors.Join(err, abandonedErr, j.Close()); err != nil {
		return nil, fmt.Errorf("read the journal: %w", err)
	}
	for _, p := range problems {
		a.Logf("rollcall: journal: %s", rows.ProblemText(p))
	}
	open := 0
	for i := range entries {
		if entries[i].State == journal.Begun {
			open++
		}
	}
	for i := range abandoned {
		if abandoned[i].State == journal.Begun {
			open--
		}
	}
	if open > 0 {
		return nil, fmt.Errorf("another rollcall on this machine has %s under way: let it end, and try again", providers.CountOf(open, "change"))
	}
	return entries, nil
}

// statement is one statement of an IAM policy.
type statement struct {
	Sid       string
	Effect    string
	Action    []string
	Resource  []string
	Condition map[string]map[string]string `json:",omitempty"`
}

// storePolicy is what rollcall policy store prints.
type storePolicy struct {
	Policy struct {
		Version   string
		Statement []statement
	} `json:"policy"`
	Lifecycle struct {
		Rules []lifecycleRule
	} `json:"lifecycle"`
	Notes []string `json:"notes"`
}

type lifecycleRule struct {
	ID         string
	Status     string
	Filter     map[string]string
	Expiration map[string]int
}

func newStorePolicy(t *config.Team) *storePolicy {
	arn := "arn:aws:s3:::" + t.Bucket
	prefix := ""
	if t.Prefix != "" {
		prefix = t.Prefix + "/"
	}
	under := func(name string) string { return arn + "/" + prefix + name + "/*" }
	one := func(name string) string { return arn + "/" + prefix + name }
	p := &storePolicy{}
	p.Policy.Version = "2012-10-17"
	p.Policy.Statement = []statement{
		{Sid: "List", Effect: "Allow", Action: []string{"s3:ListBucket"}, Resource: []string{arn}},
		{Sid: "CheckTheBucket", Effect: "Allow", Action: []string{"s3:GetBucketVersioning", "s3:GetLifecycleConfiguration"}, Resource: []string{arn}},
		{Sid: "Read", Effect: "Allow", Action: []string{"s3:GetObject"}, Resource: []string{under("journal"), under("fleet"), under("annotations"), under("members"), under("writers"), under("trial"), under("rows"), one("reader"), one("pause"), one(app.SignersKey)}},
		{
			Sid: "AddToTheJournal", Effect: "Allow", Action: []string{"s3:PutObject"}, Resource: []string{under("journal"), under("fleet")},
			Condition: map[string]map[string]string{"Null": {"s3:if-none-match": "false"}},
		},
		{Sid: "Work", Effect: "Allow", Action: []string{"s3:PutObject", "s3:DeleteObject"}, Resource: []string{under("members"), under("writers"), under("trial")}},
		{Sid: "WatchForTheTeam", Effect: "Allow", Action: []string{"s3:PutObject", "s3:DeleteObject"}, Resource: []string{under("rows"), one("reader")}},
		{Sid: "PauseRemedies", Effect: "Allow", Action: []string{"s3:PutObject", "s3:DeleteObject"}, Resource: []string{one("pause")}},
		{Sid: "Annotate", Effect: "Allow", Action: []string{"s3:PutObject"}, Resource: []string{under("annotations")}},
	}
	for _, name := range []string{"members", "writers", "trial"} {
		p.Lifecycle.Rules = append(p.Lifecycle.Rules, lifecycleRule{
			ID: "rollcall-" + name, Status: "Enabled", Filter: map[string]string{"Prefix": prefix + name + "/"}, Expiration: map[string]int{"Days": 7},
		})
	}
	p.Notes = []string{
		"objects below " + prefix + "journal/ must never expire and are never deleted, nor those below " + prefix + "fleet/ and " + prefix + "annotations/: the lifecycle names the other prefixes only; do not add a rule for the whole bucket",
		"without s3:ListBucket S3 answers 403 for an object that is not there yet, and nothing can be written",
		"every member can read the whole journal and the inventory of every source: addresses, names, tags and who changed what",
		"CheckTheBucket is for rollcall config check, and may be left out",
		"WatchForTheTeam is for machines that run rollcall watch; leave it out for others",
		"no member may write " + prefix + app.SignersKey + ", the list of who may sign: put it there with other credentials and rollcall team signers FILE",
		"turn versioning on: a journal object that was removed by other means can then be restored",
	}
	if t.Endpoint != "" {
		p.Notes = append(p.Notes, "this is in Amazon's form; "+t.Endpoint+" may call it otherwise, and may not know the condition s3:if-none-match")
	}
	return p
}

func (a *commands) policyStore() *cobra.Command {
	c := &cobra.Command{
		Use:   "store",
		Short: "Policy and lifecycle of the bucket of the team",
		Long: `store prints the IAM policy of a member for the bucket that team: of the config
names, and the lifecycle of the bucket. It changes nothing. By the policy a
member adds objects to the journal, and can neither replace nor remove them.`,
		Args: noArgs,
	}
	form := output.Flag(c, output.Text, output.JSON, output.YAML)
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := a.teamConfig(cmd.Context())
		if err != nil {
			return err
		}
		if cfg.Team.Bucket == "" {
			return exit.Usagef("the store of the team is the folder %s: give its members the right to read and write there", cfg.Team.Folder)
		}
		p := newStorePolicy(&cfg.Team)
		if form.Form != output.Text {
			return output.Data(a.Out, form.Form, p)
		}
		var b strings.Builder
		launcher.Section(&b, "Each member: policy (member.json)", asJSONText(p.Policy), "aws iam put-user-policy --user-name NAME --policy-name rollcall-team --policy-document file://member.json")
		launcher.Section(&b, "The bucket: lifecycle (lifecycle.json)", asJSONText(p.Lifecycle), "aws s3api put-bucket-lifecycle-configuration --bucket "+cfg.Team.Bucket+" --lifecycle-configuration file://lifecycle.json")
		for _, n := range p.Notes {
			fmt.Fprintf(&b, "# note: %s\n", n)
		}
		return output.String(a.Out, b.String())
	}
	return c
}

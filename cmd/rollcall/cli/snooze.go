package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/cli/output"
	"rollcall/cmd/rollcall/exit"
	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview"
	"rollcall/dnsview/filter"
	"rollcall/dnsview/index"
	"rollcall/dnsview/rows"
	"rollcall/providers"
)

// snoozeFlags are the flags of rollcall snooze.
type snoozeFlags struct {
	wait   time.Duration
	reason string
	class  string
	end    bool
}

func (a *commands) snoozeCommand() *cobra.Command {
	f := &snoozeFlags{}
	c := &cobra.Command{
		Use:   "snooze RECORD|ID|NAME...",
		Short: "Keep findings out of alarms for a time, with a reason",
		Long: `snooze takes what is found about records, instances, names, services, zones or
clouds out of the console's alarms, of ls findings and of what watch reports,
until the time is over. It changes nothing in DNS or a cloud, no exit code and
no guard: drift still exits with 3, and no finding is said to be resolved.

A snoozed finding comes back by itself when its time is over, when its evidence
or severity changes, and when it ends and begins anew. ls findings --all lists
the snoozed ones too, --filter snoozed:yes only those.`,
		Example: `  rollcall snooze www.example.com/A/192.0.2.1 --for 2h \
    --reason "vendor replaces the host at 5"
  rollcall snooze v1._theservice._tcp.example.net --class thin \
    --for 3d --reason "half of it moves on Monday"
  rollcall snooze --end www.example.com/A/192.0.2.1`,
		Args: named("what the findings are about, as ls findings shows it"),
	}
	c.Flags().Var((*days)(&f.wait), "for", "how long, such as 2h or 3d")
	c.Flags().StringVar(&f.reason, "reason", "", "why, for those who are on call next")
	c.Flags().StringVar(&f.class, "class", "", "only findings of this class")
	c.Flags().BoolVar(&f.end, "end", false, "end the snooze")
	c.RunE = func(cmd *cobra.Command, args []string) error { return a.snooze(cmd.Context(), args, f) }
	return c
}

func (a *commands) snooze(ctx context.Context, args []string, f *snoozeFlags) error {
	switch {
	case f.end && (f.wait != 0 || f.reason != ""):
		return exit.Usagef("--end takes neither --for nor --reason")
	case f.class != "" && !slices.Contains(classNames(), f.class):
		return exit.Usagef("--class %s is no class of finding: the classes are %s", words.Clean(f.class), strings.Join(classNames(), ", "))
	case !f.end:
		if err := app.CheckSnooze(f.wait, f.reason); err != nil {
			return err
		}
	}
	s, v, err := a.read(ctx)
	if err != nil {
		return err
	}
	var found []*dnsview.Finding
	for _, arg := range args {
		about, err := findingsAbout(v, arg)
		if err != nil {
			return err
		}
		about = slices.DeleteFunc(about, func(x *dnsview.Finding) bool {
			return f.class != "" && string(x.Class) != f.class || f.end && v.Snooze(x) == nil
		})
		switch {
		case len(about) > 0:
		case f.end:
			return fmt.Errorf("nothing about %s is snoozed", words.Clean(arg))
		case f.class != "":
			return fmt.Errorf("nothing of class %s is found about %s", f.class, words.Clean(arg))
		default:
			return fmt.Errorf("nothing is found about %s", words.Clean(arg))
		}
		found = append(found, about...)
	}
	if f.end {
		err = s.Unsnooze(found)
	} else {
		err = s.Snooze(found, f.wait, f.reason)
	}
	if err != nil {
		return err
	}
	for _, x := range found {
		row := rows.NewFinding(v, x)
		if f.end {
			a.Notef("%s counts again", row.ID())
		} else {
			a.Notef("%s is snoozed until %s", row.ID(), a.Now().Add(f.wait).UTC().Format(time.RFC3339))
		}
	}
	return nil
}

// findingsAbout returns the findings about a record, an instance, or a name as ls findings shows it.
func findingsAbout(v *dnsview.View, arg string) ([]*dnsview.Finding, error) {
	if isRecord(arg) {
		ids, err := findRecords(v, []string{arg})
		if err != nil {
			return nil, err
		}
		return slices.Clone(v.FindingsOf(ids[0])), nil
	}
	var out []*dnsview.Finding
	for i := range v.Findings {
		f := &v.Findings[i]
		if f.Record == nil && f.Instance == nil && slices.Contains([]string{f.Name, f.Service, f.Zone, f.Cloud}, arg) {
			out = append(out, f)
		}
	}
	if len(out) > 0 {
		return out, nil
	}
	if x := v.Index; v.Service(arg) != nil || x.ZonesByName[arg] != nil || slices.ContainsFunc(x.Clouds, func(c *index.CloudState) bool { return c.Name == arg }) {
		return nil, nil // it is well
	}
	refs, err := findInstances(v, []string{arg})
	if err != nil {
		return nil, err
	}
	return slices.Clone(v.FindingsOfInstance(refs[0].Key, refs[0].ID)), nil
}

// days is a duration that may be written in days.
type days time.Duration

func (d *days) String() string { return words.Short(time.Duration(*d)) }
func (d *days) Type() string   { return "duration" }

func (d *days) Set(s string) error {
	t, err := filter.Duration(s)
	if err != nil {
		return fmt.Errorf("%q is no time: write one such as 2h or 3d", s)
	}
	*d = days(t)
	return nil
}

func (a *commands) noteCommand() *cobra.Command {
	remove := false
	c := &cobra.Command{
		Use:   "note RECORD|ID [TEXT]",
		Short: "Show, write or remove a note about a record or an instance",
		Long: `note writes a text about a record or an instance, which the console's detail,
ls -o wide and JSON show with its author. It changes nothing in DNS or a cloud.
Without a text it prints the note that is there.`,
		Example: `  rollcall note i-0123456789abcdef0 "panic under load, kept for the vendor"
  rollcall note --remove i-0123456789abcdef0`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) < 1 || len(args) > 2 || strings.TrimSpace(args[0]) == "" {
				return exit.Usagef("%s needs a record or an instance, and a text; see %s --help", cmd.CommandPath(), cmd.CommandPath())
			}
			return nil
		},
	}
	c.Flags().BoolVar(&remove, "remove", false, "remove the note")
	c.RunE = func(cmd *cobra.Command, args []string) error { return a.note(cmd.Context(), args, remove) }
	return c
}

func (a *commands) note(ctx context.Context, args []string, remove bool) error {
	if remove && len(args) == 2 {
		return exit.Usagef("--remove takes no text")
	}
	s, v, err := a.read(ctx)
	if err != nil {
		return err
	}
	subject, note, err := noteAbout(v, args[0])
	switch {
	case err != nil:
		return err
	case remove && note == nil:
		return fmt.Errorf("there is no note about %s", subject)
	case remove:
		return s.Note(subject, "")
	case len(args) == 2 && args[1] == "":
		return exit.Usagef("the note has no text; --remove takes one away")
	case len(args) == 2:
		return s.Note(subject, args[1])
	case note == nil:
		a.Logf("there is no note about %s", subject)
		return nil
	}
	return output.String(a.Out, fmt.Sprintf("%s\n(%s, %s)\n", note.Text, note.By, note.At.UTC().Format(time.RFC3339)))
}

// noteAbout returns the subject of a note about what arg names, and the note, or nil.
func noteAbout(v *dnsview.View, arg string) (subject string, note *rows.NoteObject, err error) {
	if note = rows.NoteAbout(v, arg); note != nil { // what it is about may be gone
		return arg, note, nil
	}
	if isRecord(arg) {
		ids, err := findRecords(v, []string{arg})
		if err != nil {
			return "", nil, err
		}
		r := rows.NewRecord(v, v.Record(ids[0]))
		return r.Subject(), r.Note(), nil
	}
	refs, err := findInstances(v, []string{arg})
	if err != nil {
		return "", nil, err
	}
	r := rows.NewInstance(v, v.Instance(refs[0].Key, refs[0].ID))
	return r.ID(), r.Note(), nil
}

// withoutSnoozed returns the findings that are not snoozed, and says how many it left out.
func (a *commands) withoutSnoozed(list []rows.Finding) []rows.Finding {
	all := len(list)
	list = slices.DeleteFunc(list, func(r rows.Finding) bool { return r.Snooze() != nil })
	if n := all - len(list); n > 0 {
		a.Logf("rollcall: %s not listed; ls findings --all lists them", providers.CountOf(n, "snoozed finding"))
	}
	return list
}

package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"rollcall/cmd/rollcall/cli/output"
)

// term is a word with its meaning in a section of the manual page.
type term struct{ word, meaning string }

// exitStatus is the section about exit codes, of the manual page and of the root command's help.
var exitStatus = []term{
	{"0", "It is done, or there was nothing to do."},
	{"1", "It failed, was refused by a guard, or was stopped; what was done by then is said, and stands in the journal."},
	{"2", "The command line, the config or a file that was given is wrong. Nothing was done."},
	{"3", "Clouds and DNS disagree (drift --exit-code), or a zone and its file differ."},
	{"4", "The answer is unknown, because a source for it could not be read completely."},
}

var environmentTerms = []term{
	{"ROLLCALL_CONFIG", "The config file; --config goes before it."},
	{"ROLLCALL_RESOLVERS", "Resolvers that are asked for names, where the config has none."},
	{"ROLLCALL_WEBHOOK, ROLLCALL_WEBHOOK_SECRET", "The webhook of watch, and the secret that signs what it is sent."},
	{"CLOUDFLARE_API_TOKEN, CF_API_TOKEN", "The token of Cloudflare accounts that name no other variable."},
	{"AWS_PROFILE, AWS_ACCESS_KEY_ID, ...", "The credentials of AWS, as the AWS CLI reads them."},
	{"TRITON_PROFILE, TRITON_URL, TRITON_ACCOUNT, TRITON_KEY_ID, SDC_*", "The credentials of Triton, as the triton CLI reads them."},
	{"XDG_CONFIG_HOME, XDG_STATE_HOME, XDG_CACHE_HOME", "Where files lie; see below."},
	{"NO_COLOR, TERM, COLORFGBG", "How the console paints: NO_COLOR takes colours away, and TERM=dumb all control sequences."},
	{"SSH_AUTH_SOCK", "The agent that holds the key of Triton, and the one that signs the journal of a team."},
}

var fileTerms = []term{
	{"$XDG_CONFIG_HOME/rollcall/config.yaml", "The config: clouds, zones, services, guards. It holds no secret."},
	{"$XDG_CONFIG_HOME/rollcall/templates/", "Your boot templates; rollcall userdata new writes one."},
	{"$XDG_STATE_HOME/rollcall/FLEET/", "The journal of all changes, the rows of the last run, snoozes and notes. Copy it as a whole."},
}

func (a *commands) manCommand() *cobra.Command {
	return &cobra.Command{
		Use: "man", Short: "Print the manual page", Args: noArgs, Example: "  rollcall man | man -l -",
		RunE: func(cmd *cobra.Command, _ []string) error { return output.String(a.Out, manualPage(cmd.Root())) },
	}
}

// manual is a manual page in the making, in the macros of man(7).
type manual struct{ strings.Builder }

// manualPage returns the manual page of the program, with all its commands.
func manualPage(root *cobra.Command) string {
	m := &manual{}
	v := buildVersion()
	date, _, _ := strings.Cut(v.Time, "T")
	fmt.Fprintf(m, ".TH %s 1 %q %q %q\n", strings.ToUpper(root.Name()), date, "rollcall "+v.Version, "User Commands")
	m.section("NAME")
	m.text(root.Name() + " - " + strings.ToLower(root.Short[:1]) + root.Short[1:])
	m.section("SYNOPSIS")
	fmt.Fprintf(m, "\\fB%s\\fR [\\fIOPTION\\fR]... [\\fICOMMAND\\fR [\\fIARGUMENT\\fR]...]\n", root.Name())
	m.section("DESCRIPTION")
	m.prose(root.Long)
	m.section("OPTIONS")
	m.flags(root.LocalFlags())
	m.section("COMMANDS")
	m.commands(root)
	for _, s := range []struct {
		name  string
		terms []term
	}{{"EXIT STATUS", exitStatus}, {"ENVIRONMENT", environmentTerms}, {"FILES", fileTerms}} {
		m.section(s.name)
		for _, t := range s.terms {
			m.item(bold(t.word), t.meaning)
		}
	}
	m.section("EXAMPLES")
	m.prose(root.Example)
	m.section("SEE ALSO")
	m.text("dig(1), ssh-agent(1), named-checkzone(1), cloud-init(1)")
	return m.String()
}

// commands writes the commands below c that can be run, each with what it prints as help.
func (m *manual) commands(c *cobra.Command) {
	for _, sub := range c.Commands() {
		if !sub.IsAvailableCommand() || sub.Name() == "help" {
			continue
		}
		if !sub.HasAvailableSubCommands() {
			fmt.Fprintf(m, ".SS %q\n", escaped(strings.TrimSuffix(sub.UseLine(), " [flags]")))
			m.text(sub.Short + ".")
			if sub.Long != "" {
				m.WriteString(".PP\n")
				m.prose(sub.Long)
			}
			m.flags(sub.LocalNonPersistentFlags())
			m.prose(sub.Example)
		} else if sub.Long != "" { // sim can be run, and has commands below it
			fmt.Fprintf(m, ".SS %q\n", escaped(sub.CommandPath()))
			m.prose(sub.Long)
			m.flags(sub.LocalNonPersistentFlags())
			m.prose(sub.Example)
		}
		m.commands(sub)
	}
}

func (m *manual) section(name string) { fmt.Fprintf(m, ".SH %s\n", name) }

// flags writes flags with their values and defaults.
func (m *manual) flags(set *pflag.FlagSet) {
	set.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		value, usage := pflag.UnquoteUsage(f)
		head := bold("--" + f.Name)
		if f.Shorthand != "" {
			head = bold("-"+f.Shorthand) + ", " + head
		}
		if value != "" {
			head += " \\fI" + escaped(value) + "\\fR"
		}
		switch f.DefValue {
		case "", "false", "0", "0s", "[]":
		default:
			if !strings.Contains(usage, "default") {
				usage += " (default " + f.DefValue + ")"
			}
		}
		m.item(head, usage)
	})
}

// item writes a term, which is escaped already, and its meaning.
func (m *manual) item(head, meaning string) {
	m.WriteString(".TP\n" + head + "\n")
	m.text(meaning)
}

// prose writes paragraphs. Those that are indented stand as they are.
func (m *manual) prose(text string) {
	for i, p := range strings.Split(strings.Trim(text, "\n"), "\n\n") {
		switch {
		case p == "":
		case strings.HasPrefix(p, " "):
			m.WriteString(".PP\n.RS 4\n.nf\n")
			for line := range strings.SplitSeq(p, "\n") {
				m.text(strings.TrimPrefix(strings.TrimPrefix(line, "  "), "  "))
			}
			m.WriteString(".fi\n.RE\n")
		default:
			if i > 0 {
				m.WriteString(".PP\n")
			}
			for line := range strings.SplitSeq(p, "\n") {
				m.text(strings.TrimSpace(line))
			}
		}
	}
}

// text writes one line, which roff must not take for a request.
func (m *manual) text(line string) {
	if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
		m.WriteString(`\&`)
	}
	m.WriteString(escaped(line) + "\n")
}

func bold(s string) string { return `\fB` + escaped(s) + `\fR` }

// escaped returns a text in which roff changes nothing: hyphens stay what one can copy.
func escaped(s string) string {
	return strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "`", `\(ga`, "~", `\(ti`, "^", `\(ha`, `"`, `\(dq`).Replace(s)
}

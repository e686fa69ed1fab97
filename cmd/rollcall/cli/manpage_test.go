package cli

import (
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"rollcall/cmd/rollcall/app"
)

func TestTheManualPageHasEveryCommandAndFlagAndNothingThatRoffChanges(t *testing.T) {
	page := must(t, "man")
	for _, section := range []string{"NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "COMMANDS", "EXIT STATUS", "ENVIRONMENT", "FILES", "EXAMPLES", "SEE ALSO"} {
		if strings.Count(page, ".SH "+section+"\n") != 1 {
			t.Errorf("the section %s is not there once", section)
		}
	}
	for _, line := range strings.Split(page, "\n") {
		if strings.HasPrefix(line, "'") || regexp.MustCompile(`^\.[^A-Za-z]`).MatchString(line) || strings.Contains(line, `\-\-o `) {
			t.Errorf("%q", line)
		}
	}
	for _, want := range []string{`.SS "rollcall ls instances"`, `\fB\-o\fR, \fB\-\-output\fR \fIform\fR`, `.SS "rollcall evacuate CLOUD"`, `\fB\-\-metrics\fR \fIaddress\fR`} {
		if !strings.Contains(page, want) {
			t.Errorf("it lacks %s", want)
		}
	}
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		for _, sub := range c.Commands() {
			if sub.Name() == "help" || !sub.IsAvailableCommand() {
				continue
			}
			if _, rest, ok := strings.Cut(page, fmt.Sprintf(".SS %q", escaped(strings.TrimSuffix(sub.UseLine(), " [flags]")))); ok {
				section, _, _ := strings.Cut(rest, "\n.S")
				sub.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) {
					if !f.Hidden && f.Name != "help" && !strings.Contains(section, "\n"+bold("--"+f.Name)) && !strings.Contains(section, ", "+bold("--"+f.Name)) {
						t.Errorf("%s: it lacks --%s", sub.CommandPath(), f.Name)
					}
				})
			} else if sub.Runnable() && !sub.HasAvailableSubCommands() {
				t.Errorf("it lacks %s", sub.CommandPath())
			}
			walk(sub)
		}
	}
	walk((&commands{Program: &app.Program{}}).rootCommand())
	groff, err := exec.LookPath("groff")
	if err != nil {
		return // the text above was checked
	}
	c := exec.CommandContext(t.Context(), groff, "-man", "-Tutf8", "-ww", "-z")
	c.Stdin = strings.NewReader(page)
	if out, err := c.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("groff says %s (%v)", out, err)
	}
}

package cli

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"
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

package cli

import (
	"regexp"
	"strings"
	"testing"

	"rollcall/cmd/rollcall/exit"
)

func TestALaunchTellsHowFarANodeHasBootedWhereItsCloudHasAConsoleLog(t *testing.T) {
	newWorld(t, atLeisure)
	r := rollcall(t, "launch", "--cloud", "aws-use1,joyent-east", "--service", "www.scalability.expert", "--wait", "--yes")
	if r.code != exit.Done {
		t.Fatalf("exit code %d: %s%s", r.code, r.out, r.err)
	}
	for line := range strings.Lines(r.err) {
		if strings.Contains(line, " in joyent-east: booting") || strings.Contains(line, " in joyent-east: healthy") {
			t.Errorf("Triton has no console log, and it says %q", line)
		}
	}
	if !regexp.MustCompile(`(?s)in aws-use1: running\n.*in aws-use1: (?:booting: waiting for the health check: 0 of 1 passed|healthy)\n.*in aws-use1: registered\n`).MatchString(r.err) {
		t.Errorf("it says\n%s", r.err)
	}
}

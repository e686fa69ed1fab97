package cli

import (
	"regexp"
	"testing"
)

// TestTheRowOfANodeShowsWhatWasDoneWhileItsDrainStillWaits drains a node while the regular refresh is paused, so that only
// the change itself has the zone read again before the drain ends.
func TestTheRowOfANodeShowsWhatWasDoneWhileItsDrainStillWaits(t *testing.T) {
	_, env := apart(t)
	x := newTerminal(t, env, "rollcall --demo")
	x.see("Instances 67", "DNS 95")
	x.keys("p", "/")
	x.text("www-03")
	x.keys("Enter")
	row := func(want string) {
		t.Helper()
		x.until(want, regexp.MustCompile(`joyent-east +www-03 +.*`+want).MatchString)
	}
	row(`165.225.128.1 .*✓ 1`)
	x.keys("x")
	x.see("type the name to terminate it", "Wait 60 s")
	x.read()
	x.text("www-03")
	x.keys("Enter")
	x.see("until resolvers forget", "s skip the wait")
	x.keys("Escape")
	x.see("1 RUNNING", "PAUSED", "was taken out of www.scalability.expert on purpose")
	row(`draining .*○`)
}

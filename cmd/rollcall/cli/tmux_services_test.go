package cli

import (
	"regexp"
	"testing"
)

// TestTheServicesInARealTerminal changes a weight from the view of services, takes a node out
// and returns it: a Triton node, whose marker has no room for the SRV value that it remembers.
func TestTheServicesInARealTerminal(t *testing.T) {
	_, env := apart(t)
	x := newTerminal(t, env, "rollcall --demo")
	x.see("Instances 67", "DNS 95")
	// row is the line of the node once the screen shows it like this.
	row := func(want string) {
		t.Helper()
		match := regexp.MustCompile(`svc-v2-01 .*` + want)
		x.until(want, match.MatchString)
	}

	x.keys("V")
	x.see("Services 3", "www.scalability.expert", "24 live, min 2")
	x.keys("/")
	x.text("name=svc-v2-01")
	x.keys("Enter")
	x.see("Services 3/", "/name=svc-v2-01", "8 live, min 2")
	row(`joyent-east +✓ running +10 +10 +4218`)
	x.keys("G", "e")
	x.see("Priority and weight of svc-v2-01", "weight    10")
	x.keys("Tab", "BSpace", "BSpace")
	x.text("70000")
	x.keys("Enter")
	x.see(`weight: "70000" is no number from 0 to 65535`)
	x.keys("C-u")
	x.text("77")
	x.keys("Enter")
	x.see("balance svc-v2-01", "to 10 77 4218", "y do it")
	x.read()
	x.keys("y")
	x.see("✓ Change v2._theservice._tcp.unilans.net SRV 10 10 4218")
	x.keys("Escape")
	row(`✓ running +10 +77 +4218`)

	x.keys("Q")
	x.see("quiesce svc-v2-01 in joyent-east", "y do it")
	x.read()
	x.keys("y")
	x.see("✓ Take v2._theservice._tcp.unilans.net SRV 10 77 4218")
	x.keys("Escape")
	row(`○ quiesced`)
	x.see("7 live, min 2", "quiesced by ", "b return")

	x.keys("b")
	x.see("return svc-v2-01 in joyent-east", "Create v2._theservice._tcp.unilans.net SRV 10 77 4218 svc-v2-01", "y do it")
	x.read()
	x.keys("y")
	x.see("✓ Create v2._theservice._tcp.unilans.net SRV 10 77 4218")
	x.keys("Escape")
	row(`✓ running +10 +77 +4218`)
	x.keys("q")
	x.see("exit code 0")
}

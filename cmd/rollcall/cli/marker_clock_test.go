package cli

import (
	"testing"
	"time"

	"rollcall/cmd/rollcall/exit"
)

// By a marker that is dated by this machine's clock a host that joined just now would look old, or be of the future.
func TestAHostThatJoinsByHandIsDatedByTheClockOfTheDNSProvider(t *testing.T) {
	newWorld(t)
	for host, off := range map[string]time.Duration{"late": -30 * time.Hour, "early": 30 * time.Hour, "right": 0} {
		r := rollcallAt(t, off, "service", "join", "--service", theV1, "--host", host, "--address", "203.0.113.77", "--port", "4218")
		if r.code != exit.Done {
			t.Fatalf("%s off: exit code %d: %s", off, r.code, r.err)
		}
		dated := 0
		for _, rec := range objects(t, "ls", "records", "--filter", "203.0.113.77", "-o", "json") {
			owner, ok := rec["owner"].(map[string]any)
			if !ok || owner["instance"] != "host:"+host {
				continue
			}
			at, err := time.Parse(time.RFC3339, owner["registered"].(string))
			if err != nil {
				t.Fatal(err)
			}
			dated++
			if age := time.Since(at); age < -5*time.Second || age > time.Minute {
				t.Errorf("%s off: dated %s, which is %s ago", off, at, age)
			}
		}
		if dated == 0 {
			t.Errorf("%s off: no record of %s", off, host)
		}
	}
}

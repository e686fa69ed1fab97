package cli

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"rollcall/cmd/rollcall/exit"
	"rollcall/providers"
	"rollcall/providers/providertest"
	"rollcall/providers/sim/world"
)

// rollcallAt runs one command line on a machine whose clock is off.
func rollcallAt(t *testing.T, off time.Duration, args ...string) result {
	t.Helper()
	in, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	var out, errw bytes.Buffer
	code := run(environment(t), providers.Clock{Time: func() time.Time { return time.Now().Add(off) }}, args, in, &out, &errw)
	t.Logf("rollcall %s, %s off: exit code %d\n%s", strings.Join(args, " "), off, code, errw.String())
	return result{code: code, out: out.String(), err: errw.String()}
}

func TestAMachineWhoseClockIsWrongDeletesNothingAndSaysSo(t *testing.T) {
	newWorld(t)
	before := must(t, "ls", "records", "--all", "-o", "name")
	for n, off := range []time.Duration{-24 * time.Hour, -time.Hour, time.Hour, 2 * time.Minute, 24 * time.Hour} {
		if !providertest.InPart(n, 3) {
			continue
		}
		r := rollcallAt(t, off, "deregister", "--dead")
		if r.code != exit.Unknown || !strings.Contains(r.err, "the clock of this machine is wrong") {
			t.Errorf("%s off: exit code %d\n%s%s", off, r.code, r.out, r.err)
		}
		if r := rollcallAt(t, off, "drift", "--exit-code"); r.code != exit.Unknown {
			t.Errorf("%s off: drift ends in %d", off, r.code)
		}
	}
	if after := must(t, "ls", "records", "--all", "-o", "name"); after != before {
		t.Errorf("it has changed:\n%s", after)
	}
	must(t, "deregister", "--dead")
}

// The agent of a new node whose clock is a day behind writes a marker that looks old, while EC2 does not find
// the node yet. What earlier commands have seen is kept in the state folder.
func TestDeregisterDeadKeepsTheRecordOfANewNodeWhoseClockIsADayBehind(t *testing.T) {
	s := newWorld(t)
	must(t, "deregister", "--dead")
	w := s.World()
	for _, zone := range w.Zones("") {
		cloud, _ := w.CloudIn(providers.EC2, "us-east-1")
		o := providers.Owner{Fleet: w.FleetID, Cloud: cloud.Key, Instance: "i-0123456789abcdef0", Registered: time.Now().Add(-24 * time.Hour)} // EC2 has not heard of it
		name, value := "pool."+zone.Name, "203.0.113.9"
		if _, err := zone.Update(func(tx *world.Tx) error {
			if zone.Provider == providers.Cloudflare {
				comment, err := o.Encode()
				tx.AddRecord(&world.Record{Name: name, Type: "A", Content: value, TTL: 60, Comment: comment, Created: tx.Now()})
				return err
			}
			text, err := o.For("A", value).Encode()
			tx.Put(&world.Set{Name: name, Type: "A", TTL: 60, Values: []string{value}})
			tx.Put(&world.Set{Name: providers.MarkerName(o.Instance, name), Type: "TXT", TTL: 60, Values: []string{providers.FormatTXT([]string{text})}})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			rollcall(t, "deregister", "--dead", "--confirm", name)
			if got := must(t, "ls", "records", "--filter", "name="+name, "-o", "name"); !strings.Contains(got, value) {
				t.Errorf("%s is gone", name)
			}
		}
		for _, f := range objects(t, "ls", "findings", "-o", "json") {
			if strings.Contains(toText(f), name+" A ") && f["class"] != "in-flight" {
				t.Errorf("%v", f)
			}
		}
	}
}

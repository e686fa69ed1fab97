package cli

import (
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/cmd/rollcall/exit"
	"rollcall/providers"
	"rollcall/providers/sim"
	"rollcall/providers/sim/simtest"
	"rollcall/providers/sim/world"
)

// evacuation is what the commands that evacuate print as JSON.
type evacuation struct {
	OK        bool
	Skipped   []string
	Evacuated struct {
		Confirm string
		Key     string `json:"cloud_key"`
		Remains []struct {
			Service              string
			Leave, Stay, Minimum int
		}
	}
}

// dnsOf returns the values that lead to nodes of joyent-ams in the embedded clouds, the markers of the cloud, and all other
// records.
func dnsOf(s *sim.Sim, key string) (values, markers, others []string) {
	const addresses = "37.153."
	hosts := map[string]bool{}
	for _, line := range allRecords(s) {
		if f := strings.Split(line, ","); f[2] == "A" && strings.HasPrefix(f[4], addresses) {
			hosts[f[1]+"."] = true
		}
	}
	for _, line := range allRecords(s) {
		f := strings.Split(line, ",")
		v := strings.Fields(f[4])
		switch {
		case f[2] == "A" && strings.HasPrefix(f[4], addresses), f[2] == "SRV" && hosts[v[3]]:
			values = append(values, f[1]+" "+f[2]+" "+f[4])
		case strings.Contains(line, key):
			markers = append(markers, line)
		case f[2] != "SOA":
			others = append(others, line)
		}
	}
	return values, markers, others
}

// typedFor returns the text that the evacuation of a cloud asks for.
func typedFor(t *testing.T, cloud string) string {
	t.Helper()
	return decode[evacuation](t, rollcall(t, "evacuate", cloud, "--dry-run", "-o", "json").out).Evacuated.Confirm
}

// evacuated breaks the API of joyent-ams, evacuates it, and returns what was printed before.
func evacuated(t *testing.T, s *sim.Sim, args ...string) evacuation {
	t.Helper()
	if err := s.World().SetFault("joyent-ams", world.AuthError); err != nil {
		t.Fatal(err)
	}
	p := decode[evacuation](t, rollcall(t, "evacuate", "joyent-ams", "--dry-run", "-o", "json").out)
	if r := rollcall(t, append([]string{"evacuate", "joyent-ams", "--confirm", p.Evacuated.Confirm}, args...)...); r.code != exit.Done || !strings.Contains(r.err, "db.unilans.net A 37.153.96.6 leads to joyent-ams and is not moved: it has no owner marker") {
		t.Fatalf("with an entry without a marker: exit code %d, %s%s", r.code, r.out, r.err)
	}
	return p
}

func TestACloudWhoseAPIIsDownIsEvacuatedInFewWrites(t *testing.T) {
	var calls simtest.Calls
	s := newWorld(t, func(o *sim.Options) { o.Requested = calls.Count })
	must(t, "ls", "instances") // who it is must have been said once
	before := allRecords(s)
	if err := s.World().SetFault("joyent-ams", world.AuthError); err != nil {
		t.Fatal(err)
	}
	p := decode[evacuation](t, rollcall(t, "evacuate", "joyent-ams", "--dry-run", "-o", "json").out)
	if len(p.Evacuated.Remains) != 3 || p.Evacuated.Remains[0].Stay == 0 || p.Evacuated.Remains[0].Leave == 0 || p.Evacuated.Remains[0].Minimum == 0 {
		t.Errorf("what remains: %+v", p.Evacuated.Remains)
	}
	if r := rollcall(t, "evacuate", "joyent-ams"); r.code != exit.Failed || !strings.Contains(r.err, "--confirm '"+p.Evacuated.Confirm+"'") || !strings.Contains(r.err, "is not known") {
		t.Errorf("without the typed text: exit code %d, %s", r.code, r.err)
	}
	if !slices.Equal(allRecords(s), before) {
		t.Error("a refused evacuation has changed DNS")
	}
	_, _, others := dnsOf(s, p.Evacuated.Key)
	calls.Reset()
	evacuated(t, s, "--for", "2h", "--reason", "packet loss")
	if cf, r53 := calls.Of(simtest.ToCloudflare), calls.Of(simtest.ToRoute53); cf != 3 || r53 != 2 {
		t.Errorf("%d writes to Cloudflare and %d to Route 53", cf, r53)
	}
	values, markers, now := dnsOf(s, p.Evacuated.Key)
	if !slices.Equal(values, []string{"db.unilans.net A 37.153.96.6"}) {
		t.Errorf("still in DNS: %q", values)
	}
	if !slices.Equal(now, others) {
		t.Errorf("others have\n%s\nand had\n%s", strings.Join(now, "\n"), strings.Join(others, "\n"))
	}
	if slices.ContainsFunc(markers, func(m string) bool { return strings.Contains(m, "packet loss") }) {
		t.Errorf("the reason is in DNS: %q", markers)
	}
	if journal := must(t, "journal"); !strings.Contains(journal, "evacuate") {
		t.Errorf("journal: %s", journal)
	}
	must(t, "journal", "--verify")
	found := rollcall(t, "ls", "findings", "--filter", "finding:evacuated")
	if strings.Count(found.out, "joyent-ams was evacuated from") != 2 || !strings.Contains(found.out, "as intended for") {
		t.Errorf("findings: %s", found.out)
	}
	if err := s.World().SetFault("joyent-ams", world.NoFault); err != nil {
		t.Fatal(err)
	}
	// What ran is back, and what was gone or stopped when it was taken out is not put into DNS again.
	if r := rollcall(t, "undo"); r.code != exit.Failed || !strings.Contains(r.err+r.out, "is gone") {
		t.Errorf("undo: exit code %d, %s%s", r.code, r.out, r.err)
	}
	after := allRecords(s)
	if _, _, now := dnsOf(s, p.Evacuated.Key); !slices.Equal(now, others) {
		t.Errorf("after the undo others have\n%s\nand had\n%s", strings.Join(now, "\n"), strings.Join(others, "\n"))
	}
	all, _ := s.World().Instances("joyent-ams", nil, 0, 0)
	for _, line := range withoutSOA(before) {
		f := strings.Split(line, ",")
		i := slices.IndexFunc(all, func(i world.Instance) bool { return f[2] == "A" && i.Public.String() == f[4] })
		if runs := i >= 0 && all[i].State == providers.StateRunning; runs && !slices.Contains(after, line) || i >= 0 && !runs && slices.Contains(after, line) {
			t.Errorf("the node runs: %v, and after the undo it is in DNS: %v: %s\n%s", runs, !runs, line, strings.Join(slices.DeleteFunc(slices.Clone(after), func(l string) bool { return !strings.Contains(l, f[4]) }), "\n"))
		}
	}
}

func TestTwoCloudsThatFailAtOnceAreBothEvacuated(t *testing.T) {
	s := newWorld(t)
	must(t, "ls", "instances")
	both := []string{"joyent-ams", "joyent-east"}
	for _, cloud := range both {
		if err := s.World().SetFault(cloud, world.Unreachable); err != nil {
			t.Fatal(err)
		}
	}
	before := allRecords(s)
	for n, cloud := range both {
		typed := typedFor(t, cloud)
		r := rollcall(t, "evacuate", cloud)
		if r.code != exit.Failed || !strings.Contains(r.err, "--confirm '"+typed+"'") || !strings.Contains(r.err, "no node of "+both[1-n]+" counts as one that stays") {
			t.Errorf("%s without the typed text: exit code %d, %s", cloud, r.code, r.err)
		}
		if n == 0 && !slices.Equal(allRecords(s), before) {
			t.Error("a refused evacuation has changed DNS")
		}
		if r := rollcall(t, "evacuate", cloud, "--confirm", typed); strings.Contains(r.out+r.err, "refused") {
			t.Errorf("%s: exit code %d, %s%s", cloud, r.code, r.out, r.err)
		}
	}
	for _, part := range []string{"37.153.", "165.225."} {
		if in := recordsInCloud(s, part); len(in) > 1 {
			t.Errorf("still in DNS: %q", in)
		}
	}
}

func withoutSOA(records []string) []string {
	return slices.DeleteFunc(slices.Clone(records), func(r string) bool { return strings.Contains(r, ",SOA,") })
}

func TestNodesOfAnEvacuatedCloudThatBootStayOutUntilItIsReturned(t *testing.T) {
	s := newWorld(t)
	must(t, "evacuate", "aws-euw1", "--confirm", typedFor(t, "aws-euw1"), "--for", "1h")
	if r := rollcall(t, "launch", "--cloud", "aws-use1,aws-euw1", "--service", theWWW, "--dry-run"); strings.Count(r.err, "is evacuated") != 1 || !strings.Contains(r.err, "rollcall return --cloud aws-euw1") {
		t.Errorf("a launch does not say that its nodes stay out: %s", r.err)
	}
	must(t, "launch", "--cloud", "aws-euw1", "--service", theWWW, "--yes")
	id := ""
	for until := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		all, _ := s.World().Instances("aws-euw1", nil, 0, 0)
		id = slices.MaxFunc(all, func(a, b world.Instance) int { return a.Launched.Compare(b.Launched) }).ID
		log, _, err := s.World().Console("aws-euw1", id, time.Now().Add(time.Hour))
		if err == nil && strings.Contains(log, "quiesced by an operator: not registered") {
			break
		}
		if time.Now().After(until) {
			t.Fatalf("the node says %q, %v", log, err)
		}
	}
	if in := recordsInCloud(s, "34.244."); len(in) > 0 {
		t.Errorf("in DNS: %q", in)
	}
	if r := rollcall(t, "ls", "findings", "--filter", "finding:missing cloud:aws-euw1", "-o", "name"); r.out != "" {
		t.Errorf("missing: %s", r.out)
	}
	if r := rollcall(t, "register", id); r.code != exit.Failed || !strings.Contains(r.err, "aws-euw1 is evacuated") {
		t.Errorf("register: exit code %d, %s", r.code, r.err)
	}
	if r := rollcall(t, "return", "www-02"); r.code != exit.Failed || !strings.Contains(r.err, "rollcall return --cloud aws-euw1") {
		t.Errorf("return of one node: exit code %d, %s", r.code, r.err)
	}
	var stopped world.Instance
	all, _ := s.World().Instances("aws-euw1", func(i *world.Instance) bool { return i.Name == "www-02" }, 0, 1)
	stopped = all[0]
	if _, _, err := s.World().Do("aws-euw1", stopped.ID, world.PowerLoss); err != nil {
		t.Fatal(err)
	}
	r := rollcall(t, "return", "--cloud", "aws-euw1")
	if r.code != exit.Done || !strings.Contains(r.err, "www-02") || !strings.Contains(r.err, "so it stays out") || !strings.Contains(r.err, "was started meanwhile") {
		t.Errorf("return: exit code %d, %s%s", r.code, r.out, r.err)
	}
	if in := recordsInCloud(s, "34.244."); len(in) < 5 || slices.Contains(in, stopped.Public.String()) {
		t.Errorf("in DNS: %q", in)
	}
	if slices.ContainsFunc(allRecords(s), func(m string) bool { return strings.Contains(m, "cloud-") }) {
		t.Error("the cloud is still marked")
	}
	must(t, "register", id)
}

func TestANodeThatWasStoppedAtTheReturnOfItsCloudIsPutBackWhenItRuns(t *testing.T) {
	s := newWorld(t)
	must(t, "evacuate", "aws-euw1", "--confirm", typedFor(t, "aws-euw1"))
	all, _ := s.World().Instances("aws-euw1", func(i *world.Instance) bool { return i.Name == "www-06" }, 0, 1)
	id := all[0].ID
	if _, _, err := s.World().Do("aws-euw1", id, world.Stop); err != nil {
		t.Fatal(err)
	}
	if r := rollcall(t, "return", "--cloud", "aws-euw1"); !strings.Contains(r.err, "so it stays out until it runs again: then its agent registers it, or rollcall register "+id) {
		t.Errorf("return: exit code %d, %s%s", r.code, r.out, r.err)
	}
	if slices.ContainsFunc(allRecords(s), func(m string) bool { return strings.Contains(m, id) }) {
		t.Error("it is still marked as taken out on purpose")
	}
	end := time.Now().Add(20 * time.Second)
	_, _, err := s.World().Do("aws-euw1", id, world.Start)
	for ; err != nil; _, _, err = s.World().Do("aws-euw1", id, world.Start) { // it is stopping
		if time.Now().After(end) {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond)
	}
	for {
		r := rollcall(t, "ls", "findings", "--filter", "finding:missing cloud:aws-euw1")
		if strings.Contains(r.out, "www-06") && strings.Contains(r.out, "is missing from "+theWWW) {
			break
		}
		if slices.ContainsFunc(allRecords(s), func(m string) bool { return strings.Contains(m, id) }) {
			return // its agent was first, with the address of now
		}
		if time.Now().After(end) {
			t.Fatalf("it runs, and is neither missing nor back: %s%s", r.out, r.err)
		}
	}
	must(t, "register", id)
}

// recordsInCloud returns the values of A records that begin with a part.
func recordsInCloud(s *sim.Sim, part string) (values []string) {
	for _, line := range allRecords(s) {
		if f := strings.Split(line, ","); f[2] == "A" && strings.HasPrefix(f[4], part) {
			values = append(values, f[4])
		}
	}
	return values
}

func TestANameWithoutARecordOfThisFleetIsNotEvacuated(t *testing.T) {
	s := newWorld(t)
	before := allRecords(s)
	for _, name := range []string{"shop.scalability.expert", "legacy.unilans.net"} { // of another fleet, and without a marker
		if r := rollcall(t, "evacuate", "joyent-ams", "--service", name); r.code != exit.Failed || !strings.Contains(r.err, name+" is left alone: no record of this fleet there") {
			t.Errorf("%s: exit code %d, %s%s", name, r.code, r.out, r.err)
		}
	}
	if !slices.Equal(allRecords(s), before) {
		t.Error("DNS was changed")
	}
	if err := s.World().SetFault("scalability.expert", world.ServerError); err != nil {
		t.Fatal(err)
	}
	if r := rollcall(t, "evacuate", "joyent-ams", "--service", "nothing.scalability.expert"); r.code != exit.Unknown || !strings.Contains(r.err, "whether it exists is unknown") {
		t.Errorf("in a zone that cannot be read: exit code %d, %s%s", r.code, r.out, r.err)
	}
}

func TestBadArgumentsOfAnEvacuationGetOneClearLine(t *testing.T) {
	newWorld(t)
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"evacuate"}, "needs the name of one cloud"},
		{[]string{"evacuate", "nowhere"}, `there is no cloud "nowhere"; the clouds are aws-euw1, aws-use1, joyent-ams, joyent-east`},
		{[]string{"evacuate", "joyent-ams", "--for", "-1h"}, "--for takes a time that is not negative"},
		{[]string{"evacuate", "joyent-ams", "--service", "nothing.scalability.expert"}, `there is no service "nothing.scalability.expert" in the zones that are read here`},
		{[]string{"evacuate", "joyent-ams", "--service", "nothing.example"}, `there is no service "nothing.example"`},
		{[]string{"return"}, "needs the id of an instance"},
		{[]string{"return", "www-01", "--cloud", "joyent-ams"}, "return takes instances or --cloud, not both"},
		{[]string{"return", "www-01", "--service", theWWW}, "return --service goes with --cloud"},
	} {
		if r := rollcall(t, c.args...); r.code != exit.Usage || !strings.Contains(r.err, c.want) {
			t.Errorf("%q: exit code %d, %s", c.args, r.code, r.err)
		}
	}
	if r := rollcall(t, "return", "--cloud", "joyent-ams"); r.code != exit.Failed || !strings.Contains(r.err, "joyent-ams is not evacuated") {
		t.Errorf("exit code %d, %s", r.code, r.err)
	}
	if r := rollcall(t, "__complete", "evacuate", ""); !strings.Contains(r.out, "joyent-ams") {
		t.Errorf("completion: %s%s", r.out, r.err)
	}
}

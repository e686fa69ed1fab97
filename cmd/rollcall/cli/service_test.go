package cli

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"rollcall/cmd/rollcall/cli/output"
	"rollcall/cmd/rollcall/exit"
	"rollcall/providers/providertest"
	"rollcall/providers/sim/world"
)

const (
	theService = "_theservice._tcp.unilans.net"
	theV1      = "v1." + theService
	theV3      = "v3." + theService
)

// inZone are the rows of the API whose name ends in one of these, as name type value.
func inZone(t *testing.T, names ...string) []string {
	t.Helper()
	var out []string
	for l := range strings.Lines(must(t, "ls", "records", "--all", "-o", "name")) {
		_, l, _ = strings.Cut(strings.TrimSpace(l), ":")
		if name, _, _ := strings.Cut(l, "/"); slices.Contains(names, name) {
			out = append(out, l)
		}
	}
	slices.Sort(out)
	return out
}

func TestAHostJoinsMovesAndLeavesOnRoute53AndOnCloudflare(t *testing.T) {
	newWorld(t)
	for n, zone := range []string{"unilans.net", "scalability.expert"} {
		if !providertest.InPart(n, 2) {
			continue
		}
		service, host := map[string]string{"unilans.net": theV1, "scalability.expert": "v1._nsd._tcp.scalability.expert"}[zone], "web1."+zone
		join := func(addr, port string) {
			t.Helper()
			must(t, "service", "join", "--service", service, "--host", "web1", "--address", addr, "--port", port, "--priority", "5", "--weight", "7")
		}
		mine := func() []string {
			return slices.DeleteFunc(inZone(t, service, host), func(l string) bool {
				return strings.Contains(l, "/TXT/") || strings.Contains(l, "/SRV/") && !strings.Contains(l, " "+host)
			})
		}
		for range 2 { // the second time changes nothing
			join("203.0.113.7", "80")
			if got, want := mine(), []string{service + "/SRV/5 7 80 " + host, host + "/A/203.0.113.7"}; !slices.Equal(got, want) {
				t.Fatalf("%s: after a join %q, want %q", zone, got, want)
			}
		}
		join("203.0.113.8", "81")
		if got, want := mine(), []string{service + "/SRV/5 7 81 " + host, host + "/A/203.0.113.8"}; !slices.Equal(got, want) {
			t.Errorf("%s: after a move %q, want %q", zone, got, want)
		}
		for _, r := range objects(t, "ls", "records", "--filter", "name="+host, "-o", "json") {
			if o, ok := r["owner"].(map[string]any); !ok || !strings.Contains(toText(o), "host:web1") {
				t.Errorf("%s: the owner of %s is %v", zone, host, r["owner"])
			}
		}
		for range 2 {
			must(t, "service", "leave", "--service", service, "--host", "web1")
			if got := mine(); len(got) > 0 {
				t.Errorf("%s: after a leave %q", zone, got)
			}
		}
		if got := inZone(t, "host:web1._rollcall."+service, "host:web1._rollcall."+host); len(got) > 0 {
			t.Errorf("%s: left behind: %q", zone, got)
		}
	}
}

func toText(o map[string]any) string {
	var b strings.Builder
	for _, v := range o {
		if s, ok := v.(string); ok {
			b.WriteString(s + " ")
		}
	}
	return b.String()
}

func TestIncarnationsAreCreatedBesideOthersAndRetiredWithoutNodesOnly(t *testing.T) {
	newWorld(t)
	names := []string{theV3, theService, "_services._dns-sd._udp.unilans.net"}
	before := inZone(t, names...)
	r := rollcall(t, "service", "create", theV3, "--txt", "proto=3", "--txt", "txtvers=1")
	if r.code != exit.Done || !strings.Contains(r.err, "anyone can read the TXT values") {
		t.Errorf("exit code %d, %q", r.code, r.err)
	}
	want := append(slices.Clone(before), theService+"/PTR/"+theV3, theV3+`/TXT/"txtvers=1" "proto=3"`)
	slices.Sort(want)
	if got := inZone(t, names...); !slices.Equal(got, want) {
		t.Errorf("created:\n%q, want\n%q", got, want)
	}
	must(t, "service", "create", theV3)
	if got := must(t, "service", "browse", theService, "-o", "name"); !strings.Contains(got, theV1+"\n") || !strings.Contains(got, theV3+"\n") {
		t.Errorf("browse: %q", got)
	}
	must(t, "service", "join", "--service", theV3, "--host", "web3", "--address", "203.0.113.3", "--port", "80")
	if r := rollcall(t, "service", "retire", theV3); r.code != exit.Failed || !strings.Contains(r.err, "still has 1 node") {
		t.Errorf("retire with a node: exit code %d, %q", r.code, r.err)
	}
	must(t, "service", "leave", "--service", theV3, "--host", "web3")
	must(t, "service", "retire", theV3)
	if got := inZone(t, names...); !slices.Equal(got, before) {
		t.Errorf("retired:\n%q, want\n%q", got, before)
	}
	if r := rollcall(t, "service", "retire", theV3); r.code != exit.Failed || !strings.Contains(r.err, "there is no incarnation") {
		t.Errorf("retire again: exit code %d, %q", r.code, r.err)
	}
}

func TestWhatAClientSeesIsBrowsedResolvedAndPicked(t *testing.T) {
	newWorld(t)
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := l.Addr().(*net.TCPAddr).Port
	closed, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closedPort := closed.Addr().(*net.TCPAddr).Port
	closed.Close()
	must(t, "service", "create", theV3, "--txt", "txtvers=1", "--txt", "path=/x")
	must(t, "service", "join", "--service", theV3, "--host", "good", "--address", "127.0.0.1", "--port", strconv.Itoa(port), "--priority", "20")
	must(t, "service", "join", "--service", theV3, "--host", "bad", "--address", "127.0.0.1", "--port", strconv.Itoa(closedPort), "--priority", "10")

	types := decode[[]typeRow](t, must(t, "service", "browse", "unilans.net", "-o", "json"))
	if len(types) != 1 || types[0].Name != theService || !types[0].Listed || len(types[0].Incarnations) != 3 {
		t.Fatalf("%+v", types)
	}
	one := decode[[]typeRow](t, must(t, "service", "resolve", theV3, "-o", "json"))[0].Incarnations[0]
	if len(one.Nodes) != 2 || one.Nodes[0].Target != "bad.unilans.net" || !slices.Equal(one.Nodes[0].Addresses, []string{"127.0.0.1"}) || one.TXT[1].Key != "path" || *one.TXT[1].Value != "/x" {
		t.Errorf("%+v", one)
	}
	if got := must(t, "service", "resolve", theV3, "-o", "name"); got != "bad.unilans.net:"+strconv.Itoa(closedPort)+"\ngood.unilans.net:"+strconv.Itoa(port)+"\n" {
		t.Errorf("%q", got)
	}
	if got := must(t, "service", "pick", theV3, "-o", "name"); got != "127.0.0.1:"+strconv.Itoa(closedPort)+"\n" {
		t.Errorf("without --try: %q", got)
	}
	r := rollcall(t, "service", "pick", theV3, "--try", "-o", "json")
	row := decode[pickRow](t, r.out)
	if r.code != exit.Done || row.Target != "good.unilans.net" || int(row.Port) != port || len(row.Failed) != 1 || row.Failed[0].Target != "bad.unilans.net" || !strings.Contains(r.err, "bad.unilans.net") {
		t.Errorf("--try: exit code %d, %+v, %q", r.code, row, r.err)
	}
	l.Close()
	if r := rollcall(t, "service", "pick", theV3, "--try"); r.code != exit.Failed || r.out != "" || !strings.Contains(r.err, "none of the 2 nodes") {
		t.Errorf("nobody there: exit code %d, %q", r.code, r.err)
	}
	if r := rollcall(t, "service", "resolve", "v9."+theService); r.code != exit.Failed {
		t.Errorf("an incarnation that is not there: exit code %d", r.code)
	}
	if r := rollcall(t, "service", "pick", theService); r.code != exit.Usage || !strings.Contains(r.err, "has 3 incarnations") {
		t.Errorf("pick of a type: exit code %d, %q", r.code, r.err)
	}
}

func TestBadInputForAServiceIsOneLineAndExitCode2AndChangesNothing(t *testing.T) {
	s := newWorld(t)
	before := allRecords(s)
	join := func(service string, more ...string) []string {
		args := []string{"service", "join", "--service", service, "--host", "web1", "--address", "203.0.113.7", "--port", "80"}
		return append(args, more...) // a flag given again counts instead
	}
	long := strings.Repeat("x", 64)
	for want, args := range map[string][]string{
		"64 bytes, and 63 is the most":     join(long + "." + theService),
		"has 64 bytes, and 63":             join(theV1, "--host", long),
		`"0" for "--port"`:                 join(theV1, "--port", "0"),
		`"70000" for "--port"`:             join(theV1, "--port", "70000"),
		`"heavy" for "--weight"`:           join(theV1, "--weight", "heavy"),
		`"-1" for "--weight"`:              join(theV1, "--weight", "-1"),
		`"65536" for "--priority"`:         join(theV1, "--priority", "65536"),
		`no key before its "="`:            join(theV1, "--txt", "=v"),
		`a key cannot hold "="`:            join(theV1, "--txt", `a\=b=c`),
		"lies in none of the zones":        join("v1._x._tcp.example.com"),
		"does not lie in unilans.net":      join(theV1, "--host", "web1.example.com"),
		"is no IP address":                 join(theV1, "--address", "example.com"),
		"is no address of a host":          join(theV1, "--address", "0.0.0.0"),
		"is no incarnation":                join(theService),
		"declares no round-robin service":  join("www.unilans.net"),
		"letters, digits":                  join("v1._the_service._tcp.unilans.net"),
		"needs --service":                  {"service", "join", "--host", "web1"},
		"needs --host":                     {"service", "leave", "--service", theV1},
		"needs --address":                  {"service", "join", "--service", theV1, "--host", "web1"},
		"needs --port":                     {"service", "join", "--service", theV3, "--host", "web1", "--address", "203.0.113.7"},
		"needs the name of an incarnation": {"service", "create"},
		"is no DNS-SD name":                {"service", "create", "unilans.net"},
		`"-1" for "--ttl"`:                 join(theV1, "--ttl", "-1"),
		`"2147483648" for "--ttl"`:         {"service", "create", theV3, "--ttl", "2147483648"},
		`\999 is no byte`:                  {"service", "retire", `a\999.` + theService},
		"a subtype is empty":               {"service", "create", theV3, "--subtype", ""},
		"does not answer for that domain":  {"service", "pick", "v1._x._tcp.example.com"},
		"example.com PTR: ":                {"service", "browse", "example.com"},
		"257 bytes":                        {"service", "create", theV3, "--txt", "k=" + strings.Repeat("x", 255)},
		"service needs a command":          {"service"},
		`did you mean "join"?`:             {"service", "joi"},
		"is no TCP service":                {"service", "pick", "v1._x._udp.unilans.net", "--try"},
	} {
		r := rollcall(t, args...)
		if r.code != exit.Usage || strings.Count(r.err, "\n") != 1 || !strings.Contains(r.err, want) || r.out != "" {
			t.Errorf("%v: exit code %d, %q, want one line with %q", args, r.code, r.err, want)
		}
	}
	for zone, in := range map[string]string{"unilans.net": theV1, "scalability.expert": "v1._http._tcp.scalability.expert"} {
		if err := s.World().SetFault(zone, world.AuthError); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{join(in), {"service", "leave", "--service", in, "--host", "web1"}, {"service", "create", in}, {"service", "retire", in}} {
			if r := rollcall(t, args...); r.code != exit.Unknown || !strings.Contains(r.err, "auth") || !strings.Contains(r.err, zone) || strings.Count(r.err, "\n") != 1 || r.out != "" {
				t.Errorf("%v in a zone that refuses: exit code %d, %q", args, r.code, r.err)
			}
		}
	}
	if err := s.World().SetFault("all", world.NoFault); err != nil {
		t.Fatal(err)
	}
	if after := allRecords(s); !slices.Equal(after, before) {
		t.Error("the zones have changed")
	}
}

func TestAHostNeedsTheCredentialsOfItsZoneAlone(t *testing.T) {
	s := newWorld(t)
	for _, name := range []string{"TRITON_ACCOUNT", "TRITON_KEY_ID", "SSH_AUTH_SOCK", "CLOUDFLARE_API_TOKEN"} {
		setenv(t, name, "")
	}
	for _, cloud := range []string{"aws-use1", "aws-euw1", "joyent-east", "joyent-ams"} {
		if err := s.World().SetFault(cloud, world.Unreachable); err != nil {
			t.Fatal(err)
		}
	}
	must(t, "service", "join", "--service", theV1, "--host", "web1", "--address", "203.0.113.7")
	must(t, "service", "leave", "--service", theV1, "--host", "web1")
}

func TestTheLastHostTakesTheWholeRecordSetWithIt(t *testing.T) {
	s := newWorld(t)
	must(t, "service", "create", theV3)
	for _, h := range []string{"a", "b"} {
		must(t, "service", "join", "--service", theV3, "--host", h, "--address", "203.0.113.7", "--port", "80")
	}
	must(t, "service", "leave", "--service", theV3, "--host", "a")
	must(t, "service", "leave", "--service", theV3, "--host", "b")
	z, err := s.World().Zone("unilans.net")
	if err != nil {
		t.Fatal(err)
	}
	z.View(func(tx *world.Tx) {
		if tx.Set(theV3, "SRV", "") != nil {
			t.Error("an SRV record set is left")
		}
		if tx.Set(theV3, "TXT", "") == nil {
			t.Error("the TXT record has gone with the nodes")
		}
	})
}

func TestADryRunOfAJoinWritesNothing(t *testing.T) {
	s := newWorld(t)
	before := allRecords(s)
	rep := decode[output.Report](t, must(t, "service", "join", "--service", theV1, "--host", "web1", "--address", "203.0.113.7", "--dry-run", "-o", "json"))
	if len(rep.Steps) != 2 || !rep.DryRun || rep.Steps[0].State != "ready" {
		t.Errorf("%+v", rep)
	}
	if after := allRecords(s); !slices.Equal(after, before) {
		t.Error("the zones have changed")
	}
}

func TestWhatAJoinMadeIsTakenBackWhenItDidNotSucceed(t *testing.T) {
	s := newWorld(t)
	// The name of the service is an alias that only Route 53 knows of: its SRV value is refused, the host's name is not.
	z, err := s.World().Zone("unilans.net")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := z.Update(func(tx *world.Tx) error {
		weight := int64(1)
		tx.Put(&world.Set{Name: theV3, Type: "SRV", TTL: 60, SetID: "one", Weight: &weight, Values: []string{"0 0 80 x.unilans.net."}})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	before := allRecords(s)
	r := rollcall(t, "service", "join", "--service", theV3, "--host", "web1", "--address", "203.0.113.7", "--port", "80")
	if r.code != exit.Usage || !strings.Contains(r.err, "routing policy") {
		t.Errorf("exit code %d, %q", r.code, r.err)
	}
	if after := allRecords(s); !slices.Equal(after, before) || strings.Count(r.err, "\n") != 1 {
		t.Errorf("half a node is left, or it is not told in one line: %q", r.err)
	}
}

func TestWhatACreateMadeIsTakenBackWhenItDidNotSucceed(t *testing.T) {
	s := newWorld(t)
	z, err := s.World().Zone("unilans.net")
	if err != nil {
		t.Fatal(err)
	}
	// The PTR of a subtype is refused, for its name has a routing policy; TXT, PTR and the listed type are not.
	if _, err := z.Update(func(tx *world.Tx) error {
		weight := int64(1)
		tx.Put(&world.Set{Name: "_printer._sub._http._tcp.unilans.net", Type: "PTR", TTL: 60, SetID: "one", Weight: &weight, Values: []string{"x.unilans.net."}})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	before := allRecords(s)
	r := rollcall(t, "service", "create", "v1._http._tcp.unilans.net", "--subtype", "_printer")
	if r.code != exit.Usage || !strings.Contains(r.err, "routing policy") || strings.Count(r.err, "\n") != 1 {
		t.Errorf("exit code %d, %q", r.code, r.err)
	}
	if after := allRecords(s); !slices.Equal(after, before) {
		t.Errorf("half an incarnation is left: %v", after)
	}
}

func TestNamesWithDotsSpacesAndUmlautsWorkAsAnyOther(t *testing.T) {
	s := newWorld(t)
	before := allRecords(s)
	for _, zone := range []string{"unilans.net", "scalability.expert"} {
		in := `Foo\.Bar Büro (3\. OG)._http._tcp.` + zone
		must(t, "service", "create", in, "--subtype", "_printer", "--txt", "note=Grüße", "--txt", "flag", "--txt", "empty=", "--txt", "txtvers=1")
		must(t, "service", "join", "--service", in, "--host", "web1", "--address", "203.0.113.7", "--address", "2001:db8::7", "--port", "8080")
		for _, from := range []string{zone, "_http._tcp." + zone, "_printer._sub._http._tcp." + zone, in} {
			types := decode[[]typeRow](t, must(t, "service", "browse", from, "-o", "json"))
			var found []incarnationRow
			for _, ty := range types {
				if ty.Name == "_http._tcp."+zone && ty.Listed && len(ty.Problems) == 0 {
					found = ty.Incarnations
				}
			}
			if len(found) != 1 || !strings.EqualFold(found[0].Label, "Foo.Bar Büro (3. OG)") || !found[0].Listed || len(found[0].Nodes) != 1 || len(found[0].Problems) != 0 {
				t.Errorf("browse %s: %+v", from, types)
				continue
			}
			var txt []string
			for _, p := range found[0].TXT {
				v := "(none)"
				if p.Value != nil {
					v = *p.Value
				}
				txt = append(txt, p.Key+":"+v)
			}
			if want := []string{"txtvers:1", "note:Grüße", "flag:(none)", "empty:"}; !slices.Equal(txt, want) {
				t.Errorf("browse %s: TXT %q, want %q", from, txt, want)
			}
		}
		if out := must(t, "service", "pick", "_http._tcp."+zone, "-o", "name"); out != "203.0.113.7:8080\n" {
			t.Errorf("pick: %q", out)
		}
		must(t, "service", "leave", "--service", in, "--host", "web1")
		must(t, "service", "retire", in)
	}
	if after := allRecords(s); !slices.Equal(after, before) {
		t.Errorf("something is left: %v", after)
	}
}

func TestAFullServiceIsRefusedBeforeTheCall(t *testing.T) {
	s := newWorld(t)
	z, err := s.World().Zone("unilans.net")
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	for i := range 400 {
		values = append(values, "10 10 80 h"+strconv.Itoa(i)+".unilans.net.")
	}
	if _, err := z.Update(func(tx *world.Tx) error {
		tx.Put(&world.Set{Name: theV3, Type: "SRV", TTL: 60, Values: values})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	before := allRecords(s)
	r := rollcall(t, "service", "join", "--service", theV3, "--host", "web1", "--address", "203.0.113.7", "--port", "80")
	if r.code != exit.Usage || !strings.Contains(r.err, "400 is the most") || !strings.Contains(r.err, "no more nodes fit") || strings.Count(r.err, "\n") != 1 {
		t.Errorf("exit code %d, %q", r.code, r.err)
	}
	if after := allRecords(s); !slices.Equal(after, before) {
		t.Error("the zones have changed")
	}
}

func TestAJoinIsInTheJournalAndWithoutAFleetThereIsNone(t *testing.T) {
	newWorld(t)
	must(t, "service", "join", "--service", theV1, "--host", "web1", "--address", "203.0.113.7")
	var verbs []string
	for _, e := range objects(t, "journal", "-o", "json") {
		verbs = append(verbs, e["verb"].(string)+" "+e["state"].(string))
	}
	if !slices.Equal(verbs, []string{"join done", "join done"}) {
		t.Errorf("%q", verbs)
	}
	good, err := os.ReadFile(getenv(t, "ROLLCALL_CONFIG"))
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(good), "fleet:", "# fleet:", 1)
	path := filepath.Join(t.TempDir(), "c.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	r := rollcall(t, "--config", path, "service", "join", "--service", theV1, "--host", "web2", "--address", "203.0.113.8")
	if r.code != exit.Usage || !strings.Contains(r.err, "fleet id") || strings.Count(r.err, "\n") != 1 {
		t.Errorf("exit code %d, %q", r.code, r.err)
	}
	if len(inZone(t, "web1.unilans.net")) != 1 || len(inZone(t, "web2.unilans.net")) != 0 {
		t.Error("not what was joined is in DNS")
	}
}

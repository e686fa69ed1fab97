package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"rollcall/cmd/rollcall/exit"
	"rollcall/providers"
	"rollcall/providers/sim/world"
)

func TestAZoneIsExportedAsBINDLoadsItAndIsTheSameAsItsFile(t *testing.T) {
	need(t, "named-checkzone")
	newWorld(t)
	for _, zone := range []string{"scalability.expert", "unilans.net"} {
		file := filepath.Join(t.TempDir(), zone)
		text := must(t, "zone", "export", zone)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command("named-checkzone", zone, file).CombinedOutput(); err != nil {
			t.Errorf("BIND says %s", out)
		}
		if r := rollcall(t, "zone", "diff", zone, file); r.code != exit.Done || r.out != "" {
			t.Errorf("%s differs from its own file: exit code %d\n%s%s", zone, r.code, r.out, r.err)
		}
		o := decode[zoneExportObject](t, must(t, "zone", "export", zone, "-o", "json"))
		if o.Zone != zone || o.ID == "" || len(o.NameServers) != 2 || len(o.Records) == 0 || !strings.Contains(text, ": "+providers.CountOf(len(o.Records), "record")+"\n") {
			t.Errorf("%s: %d records as JSON, and the file begins with %.120s", zone, len(o.Records), text)
		}
		changed := strings.Replace(text, "\tA\t", "\tAAAA\t::1\nnew."+zone+". 60 IN A 192.0.2.1\n;", 1)
		if err := os.WriteFile(file, []byte(changed), 0o600); err != nil {
			t.Fatal(err)
		}
		r := rollcall(t, "zone", "diff", zone, file)
		if r.code != exit.Drift || strings.Count(r.out, "\n") != 3 || !strings.Contains(r.out, "+ new."+zone+" 60 A 192.0.2.1\n") || strings.Count(r.out, "- ") != 1 {
			t.Errorf("exit code %d: %s%s", r.code, r.out, r.err)
		}
		if d := decode[zoneDiffObject](t, rollcall(t, "zone", "diff", zone, file, "-o", "json").out); len(d.InZone) != 1 || len(d.InFile) != 2 {
			t.Errorf("%+v", d)
		}
	}
}

func TestAZoneThatIsUnknownOrNotReadIsNotExported(t *testing.T) {
	s := newWorld(t)
	if r := rollcall(t, "zone", "export", "example.org"); r.code != exit.Usage || !strings.Contains(r.err, "there is no zone example.org; see rollcall ls sources") {
		t.Errorf("exit code %d: %s", r.code, r.err)
	}
	if r := rollcall(t, "zone", "diff", "unilans.net", "/no/such/file"); r.code != exit.Usage || !strings.Contains(r.err, "read the file: open /no/such/file") {
		t.Errorf("exit code %d: %s", r.code, r.err)
	}
	if err := s.World().SetFault("unilans.net", world.Unreachable); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"zone", "export", "unilans.net"}, {"zone", "export", "unilans.net", "-o", "json"}} {
		if r := rollcall(t, args...); r.code != exit.Unknown || r.out != "" {
			t.Errorf("%v: exit code %d, %d bytes: %s", args, r.code, len(r.out), r.err)
		}
	}
}

package watcher

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/config"
	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/providers"
)

// checked writes a text into a file and runs a program on it; without the program the rest of the test is skipped, and
// CI has it.
func checked(t *testing.T, file, text, program string, args ...string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is not installed, and CI requires it", program)
		}
		t.Skipf("%s is not installed", program)
	}
	file = filepath.Join(t.TempDir(), file)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), path, append(args, file)...).CombinedOutput()
	if err != nil {
		t.Errorf("%s: %v: %s", program, err, out)
	}
	return string(out)
}

func TestTheAlertRulesAreAboutMetricsThatThereAre(t *testing.T) {
	s := app.NewSession(&app.Program{Err: io.Discard}, config.Empty(), nil, nil)
	s.State = t.TempDir()
	s.Start(time.Second)
	m := newMetrics(s, "")
	view := dnsview.Inspect(&providers.Snapshot{}, index.Options{})
	labels := map[string][]string{}
	for _, f := range slices.Concat([]*family{m.scans, m.refresh, m.deliveries, m.build}, m.works(), m.sources(), m.budgets(), findingMetrics(view), wireMetrics(view)) {
		labels[f.name] = f.labels
	}
	found := regexp.MustCompile(`(rollcall_[a-z_]+)(?:\{([^}]*)\})?`).FindAllStringSubmatch(Rules, -1)
	if len(found) < 8 {
		t.Fatalf("%d metrics", len(found))
	}
	for _, m := range found {
		has, ok := labels[m[1]]
		if !ok {
			t.Errorf("there is no metric %s", m[1])
		}
		for _, l := range regexp.MustCompile(`([a-z]+)=`).FindAllStringSubmatch(m[2], -1) {
			if !slices.Contains(has, l[1]) {
				t.Errorf("%s has no label %s", m[1], l[1])
			}
		}
	}
	if out := checked(t, "rules.yaml", Rules, "promtool", "check", "rules"); !strings.Contains(out, "9 rules found") {
		t.Errorf("promtool says %s", out)
	}
}

func TestTheUnitIsOneThatSystemdTakes(t *testing.T) {
	program, err := os.Executable() // systemd looks whether it is there
	if err != nil {
		t.Fatal(err)
	}
	text := Unit(program)
	if !strings.Contains(text, "\nExecStart="+program+" watch --metrics ") {
		t.Errorf("the unit runs another program:\n%s", text)
	}
	if out := checked(t, "rollcall-watch.service", text, "systemd-analyze", "verify", "--man=no"); strings.Contains(out, "rollcall-watch.service:") {
		t.Errorf("systemd says %s", out)
	}
}

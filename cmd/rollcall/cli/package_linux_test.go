package cli

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"rollcall/providers/sim/boot"
)

// inPackage is what a newcomer does with the package, in a machine without a network.
const inPackage = `set -e
dpkg --path-include='/usr/share/man/*' -i /rollcall.deb >/dev/null
rollcall --version
man rollcall | sed -n '1,4p'
bash -c '. /usr/share/bash-completion/completions/rollcall; complete -p rollcall'
rollcall --demo ls instances -o name | wc -l
grep '^ExecStart=' /usr/lib/systemd/system/rollcall-watch.service
dpkg -r rollcall >/dev/null
test ! -e /usr/bin/rollcall && echo gone
`

func TestThePackageIsInstalledAndWorksWithItsManualCompletionAndDemo(t *testing.T) {
	t.Parallel()
	found, err := filepath.Glob("../../../bin/release/*_" + runtime.GOARCH + ".deb")
	if err == nil && len(found) == 0 {
		err = errors.New("there is no .deb: make release first")
	}
	if err == nil {
		err = boot.Check()
	}
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	root, err := boot.Root(t.Context(), "", nil)
	if err != nil {
		t.Fatal(err)
	}
	deb, err := filepath.Abs(found[len(found)-1])
	if err != nil {
		t.Fatal(err)
	}
	script := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(script, []byte(inPackage), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "systemd-nspawn", "-q", "--register=no", "--keep-unit", "--as-pid2", "--private-network", "--pipe",
		"--directory="+root, "--volatile=overlay", "--bind-ro="+deb+":/rollcall.deb", "--bind-ro="+script+":/script", "/bin/sh", "/script").CombinedOutput()
	got := string(out)
	if err != nil {
		t.Fatalf("%v\n%s", err, got)
	}
	for _, want := range []string{
		"rollcall version ", "ROLLCALL(1)", "NAME\n       rollcall - the roll call", " -F __start_rollcall rollcall\n", fmt.Sprintf("\n%d\n", strings.Count(must(t, "--demo", "ls", "instances", "-o", "name"), "\n")), "\nExecStart=/usr/bin/rollcall watch ", "\ngone\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("it lacks %q:\n%s", want, got)
		}
	}
}

package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/cmd/rollcall/exit"
)

// simProcess is a rollcall sim that runs during a test, and the environment of a person who starts its clients.
type simProcess struct {
	t    *testing.T
	file string // with its environment
	env  []string
}

// startSim starts rollcall sim as a process, for a test that runs beside others.
func startSim(t *testing.T, args ...string) *simProcess {
	t.Helper()
	dir, env := apart(t)
	return startSimIn(t, dir, env, args...)
}

// startSimIn starts rollcall sim with its file in a folder.
func startSimIn(t *testing.T, dir string, env []string, args ...string) *simProcess {
	t.Helper()
	p := &simProcess{t: t, file: filepath.Join(dir, "sim.env"), env: env}
	if err := os.MkdirAll(filepath.Join(dir, ".ssh"), 0o700); err != nil { // the triton CLI fails without the folder
		t.Fatal(err)
	}
	cmd := exec.Command("rollcall", append([]string{"sim", "--env-file", p.file}, args...)...)
	var errw bytes.Buffer
	cmd.Env, cmd.Stderr = env, &errw
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("rollcall sim: %v\n%s", err, errw.String())
			}
		case <-time.After(20 * time.Second):
			_ = cmd.Process.Kill()
			t.Errorf("rollcall sim did not end after an interrupt\n%s", errw.String())
		}
	})
	for range 600 {
		if _, err := os.Stat(p.file); err == nil {
			return p
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("no environment file after 30 s\n%s", errw.String())
	return nil
}

// command returns a shell's command in the environment of the world.
func (p *simProcess) command(script string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(p.t.Context(), "sh", append([]string{"-c", ". " + p.file + "\n" + script, "sh"}, args...)...)
	cmd.Env = p.env
	return cmd
}

// client returns a rollcall that is not started yet.
func (p *simProcess) client(args ...string) *exec.Cmd {
	return p.command(`exec rollcall "$@"`, args...)
}

// run runs a command to its end.
func (p *simProcess) run(what string, cmd *exec.Cmd) result {
	p.t.Helper()
	var o, e bytes.Buffer
	cmd.Stdout, cmd.Stderr = &o, &e
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		p.t.Error(err)
		return result{code: -1}
	}
	r := result{code: cmd.ProcessState.ExitCode(), out: o.String(), err: e.String()}
	p.t.Logf("%s: exit code %d\n%s", what, r.code, r.err)
	return r
}

// shell runs a script as a person would.
func (p *simProcess) shell(script string) (out string, code int) {
	p.t.Helper()
	r := p.run(script, p.command(script))
	return r.out, r.code
}

// rollcall runs one command line in a process.
func (p *simProcess) rollcall(args ...string) result {
	p.t.Helper()
	return p.run("rollcall "+strings.Join(args, " "), p.client(args...))
}

// must runs a command line that has to end in exit code 0 and returns its stdout.
func (p *simProcess) must(args ...string) string {
	p.t.Helper()
	r := p.rollcall(args...)
	if r.code != exit.Done {
		p.t.Fatalf("rollcall %s: exit code %d\n%s%s", strings.Join(args, " "), r.code, r.out, r.err)
	}
	return r.out
}

// reconfigure replaces parts of the config of the world.
func (p *simProcess) reconfigure(oldnew ...string) {
	p.t.Helper()
	path, _ := p.shell(`printf %s "$ROLLCALL_CONFIG"`)
	text, err := os.ReadFile(path)
	if err != nil {
		p.t.Fatal(err)
	}
	changed := strings.NewReplacer(oldnew...).Replace(string(text))
	if changed == string(text) {
		p.t.Fatalf("nothing to replace by %q in\n%s", oldnew, text)
	}
	if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// need skips a test whose program is not installed; CI has to have it.
func need(t *testing.T, program string) {
	t.Helper()
	if testing.Short() {
		t.Skip("make quick leaves this to make test")
	}
	if _, err := exec.LookPath(program); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is not installed, and CI requires it", program)
		}
		t.Skipf("%s is not installed", program)
	}
}

func TestASimServesOtherProcessesUntilItIsInterrupted(t *testing.T) {
	sim := startSim(t, "--seed", "7")
	text, err := os.ReadFile(sim.file)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_EC2", "AWS_ENDPOINT_URL_ROUTE_53", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION",
		"TRITON_URL", "TRITON_ACCOUNT", "TRITON_KEY_ID", "SSH_AUTH_SOCK", "CLOUDFLARE_BASE_URL", "CLOUDFLARE_API_TOKEN", "ROLLCALL_RESOLVERS", "ROLLCALL_SIM", "ROLLCALL_CONFIG",
	} {
		if !strings.Contains(string(text), "export "+name+"=") {
			t.Errorf("no %s in\n%s", name, text)
		}
	}
	if out, code := sim.shell("rollcall ls instances -o name"); code != 0 || strings.Count(out, "\n") < 60 {
		t.Errorf("exit code %d, %d instances", code, strings.Count(out, "\n"))
	}
	if _, code := sim.shell("rollcall sim fault joyent-ams error && rollcall drift --exit-code >/dev/null"); code != exit.Unknown {
		t.Errorf("with a fault: exit code %d, want 4", code)
	}
	if _, code := sim.shell("rollcall sim fault all none && rollcall drift --exit-code >/dev/null"); code != exit.Drift {
		t.Errorf("without the fault: exit code %d, want 3", code)
	}
	for _, bad := range []string{"nowhere error", "joyent-ams bogus"} {
		if _, code := sim.shell("rollcall sim fault " + bad); code != exit.Usage {
			t.Errorf("fault %s: exit code %d, want 2", bad, code)
		}
	}
}

func TestAShellsOwnCredentialsDoNotMixIntoTheEnvironmentOfASim(t *testing.T) {
	sim := startSim(t)
	// They are set in the shell that reads the file, not where the sim was started.
	for _, own := range []string{
		"AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_CREDENTIAL_EXPIRATION", "AWS_ROLE_ARN", "AWS_CA_BUNDLE",
		"TRITON_USER", "TRITON_ACT_AS", "TRITON_ROLE", "TRITON_TLS_INSECURE", "SDC_URL", "SDC_ACCOUNT", "SDC_USER", "SDC_KEY_ID", "SDC_TESTING",
	} {
		sim.env = append(sim.env, own+"=mine")
		if out, code := sim.shell("printf %s \"${" + own + "-unset}\""); code != 0 || out != "unset" {
			t.Errorf("%s is %q behind the environment of the sim, exit code %d", own, out, code)
		}
	}
	if out, code := sim.shell("rollcall ls sources -o name"); code != 0 || strings.Count(out, "\n") != 6 {
		t.Errorf("rollcall with a shell's own variables: exit code %d\n%s", code, out)
	}
}

func TestTwoSimsAreTheSameWorldForOneSeedAndKeepApart(t *testing.T) {
	_, env := apart(t)
	list := func(seed string) string {
		out, _ := startSimIn(t, t.TempDir(), env, "--seed", seed).shell("rollcall ls instances -o name")
		return out
	}
	first, second := list("7"), list("7")
	if first != second || first == "" {
		t.Errorf("one seed, two worlds:\n%s\n%s", first, second)
	}
	if list("8") == first {
		t.Error("two seeds, one world")
	}
}

func TestTheAWSCLIWorksUnchanged(t *testing.T) {
	need(t, "aws")
	sim := startSim(t)
	out, code := sim.shell(`aws ec2 describe-instances --output json --query 'length(Reservations[].Instances[])'`)
	if code != 0 || strings.TrimSpace(out) == "0" {
		t.Errorf("describe-instances: exit code %d, %q", code, out)
	}
	out, code = sim.shell(`aws route53 list-hosted-zones --output json`)
	if code != 0 || !strings.Contains(out, "unilans.net.") {
		t.Errorf("list-hosted-zones: exit code %d, %q", code, out)
	}
	if _, code = sim.shell(`AWS_SECRET_ACCESS_KEY=wrong aws ec2 describe-instances`); code == 0 {
		t.Error("a wrong secret was taken")
	}
}

func TestTheTritonCLIWorksUnchanged(t *testing.T) {
	need(t, "triton")
	sim := startSim(t)
	out, code := sim.shell(`triton instance list -j`)
	if code != 0 {
		t.Fatalf("instance list: exit code %d, %q", code, out)
	}
	n := 0
	for l := range strings.Lines(out) {
		var m map[string]any
		if err := json.Unmarshal([]byte(l), &m); err != nil || m["id"] == "" {
			t.Errorf("%q: %v", l, err)
		}
		n++
	}
	if n == 0 {
		t.Error("no instances")
	}
	if out, code := sim.shell(`triton package list -o name && triton image list -o name && triton network list -o name`); code != 0 || len(strings.Fields(out)) < 4 {
		t.Errorf("catalogue: exit code %d, %q", code, out)
	}
}

func TestDigAndCurlSeeTheSameRecords(t *testing.T) {
	need(t, "dig")
	need(t, "curl")
	sim := startSim(t)
	const dig = `dig @${ROLLCALL_RESOLVERS%:*} -p ${ROLLCALL_RESOLVERS##*:} +short `
	var want []string
	out, _ := sim.shell(`rollcall ls records --filter 'name=www.scalability.expert type=A' -o name`)
	for l := range strings.Lines(out) {
		want = append(want, strings.TrimSpace(l[strings.LastIndex(l, "/")+1:]))
	}
	slices.Sort(want)
	for _, proto := range []string{"+notcp +bufsize=4096 ", "+tcp "} {
		out, code := sim.shell(dig + proto + "www.scalability.expert A")
		got := strings.Fields(out)
		slices.Sort(got)
		if code != 0 || !slices.Equal(got, want) || len(got) == 0 {
			t.Errorf("dig %s: exit code %d, %d addresses, rollcall has %d", proto, code, len(got), len(want))
		}
	}
	out, code := sim.shell(`curl -sS -H "Authorization: Bearer $CLOUDFLARE_API_TOKEN" "$CLOUDFLARE_BASE_URL/zones?name=scalability.expert"`)
	if code != 0 || !strings.Contains(out, `"success":true`) {
		t.Errorf("curl: exit code %d, %.200s", code, out)
	}
	out, _ = sim.shell(`curl -sS -H "Authorization: Bearer wrong" "$CLOUDFLARE_BASE_URL/zones"`)
	if !strings.Contains(out, `"success":false`) {
		t.Errorf("a wrong token was taken: %.200s", out)
	}
}

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

// startSim starts rollcall sim as a process and returns the file with its environment.
func startSim(t *testing.T, args ...string) (envFile string, cmd *exec.Cmd) {
	t.Helper()
	dir := blank(t)
	envFile = filepath.Join(dir, "sim.env")
	if err := os.MkdirAll(filepath.Join(dir, ".ssh"), 0o700); err != nil { // the triton CLI fails without the folder
		t.Fatal(err)
	}
	cmd = exec.Command("rollcall", append([]string{"sim", "--env-file", envFile}, args...)...)
	var errw bytes.Buffer
	cmd.Stderr = &errw
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
		if _, err := os.Stat(envFile); err == nil {
			return envFile, cmd
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("no environment file after 30 s\n%s", errw.String())
	return "", nil
}

// shell runs a script in the environment of a world, as a person would.
func shell(t *testing.T, envFile, script string) (out string, code int) {
	t.Helper()
	cmd := exec.Command("sh", "-c", ". "+envFile+"\n"+script)
	var o, e bytes.Buffer
	cmd.Stdout, cmd.Stderr = &o, &e
	err := cmd.Run()
	if err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	t.Logf("%s: exit code %d\n%s", script, cmd.ProcessState.ExitCode(), e.String())
	return o.String(), cmd.ProcessState.ExitCode()
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
	env, _ := startSim(t, "--seed", "7")
	text, err := os.ReadFile(env)
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
	if out, code := shell(t, env, "rollcall ls instances -o name"); code != 0 || strings.Count(out, "\n") < 60 {
		t.Errorf("exit code %d, %d instances", code, strings.Count(out, "\n"))
	}
	if _, code := shell(t, env, "rollcall sim fault joyent-ams error && rollcall drift --exit-code >/dev/null"); code != exit.Unknown {
		t.Errorf("with a fault: exit code %d, want 4", code)
	}
	if _, code := shell(t, env, "rollcall sim fault all none && rollcall drift --exit-code >/dev/null"); code != exit.Drift {
		t.Errorf("without the fault: exit code %d, want 3", code)
	}
	for _, bad := range []string{"nowhere error", "joyent-ams bogus"} {
		if _, code := shell(t, env, "rollcall sim fault "+bad); code != exit.Usage {
			t.Errorf("fault %s: exit code %d, want 2", bad, code)
		}
	}
}

func TestAShellsOwnCredentialsDoNotMixIntoTheEnvironmentOfASim(t *testing.T) {
	env, _ := startSim(t)
	// They are set in the shell that reads the file, not where the sim was started.
	for _, own := range []string{
		"AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_CREDENTIAL_EXPIRATION", "AWS_ROLE_ARN",
		"TRITON_PROFILE", "TRITON_USER", "TRITON_TLS_INSECURE", "SDC_URL", "SDC_ACCOUNT", "SDC_USER", "SDC_KEY_ID", "SDC_TESTING",
	} {
		t.Setenv(own, "mine")
		if out, code := shell(t, env, "printf %s \"${"+own+"-unset}\""); code != 0 || out != "unset" {
			t.Errorf("%s is %q behind the environment of the sim, exit code %d", own, out, code)
		}
	}
	if out, code := shell(t, env, "rollcall ls sources -o name"); code != 0 || strings.Count(out, "\n") != 6 {
		t.Errorf("rollcall with a shell's own variables: exit code %d\n%s", code, out)
	}
}

func TestTwoSimsAreTheSameWorldForOneSeedAndKeepApart(t *testing.T) {
	one, _ := startSim(t, "--seed", "7")
	first, _ := shell(t, one, "rollcall ls instances -o name")
	two, _ := startSim(t, "--seed", "7")
	second, _ := shell(t, two, "rollcall ls instances -o name")
	if first != second || first == "" {
		t.Errorf("one seed, two worlds:\n%s\n%s", first, second)
	}
	third, _ := startSim(t, "--seed", "8")
	if other, _ := shell(t, third, "rollcall ls instances -o name"); other == first {
		t.Error("two seeds, one world")
	}
}

func TestTheAWSCLIWorksUnchanged(t *testing.T) {
	need(t, "aws")
	env, _ := startSim(t)
	out, code := shell(t, env, `aws ec2 describe-instances --output json --query 'length(Reservations[].Instances[])'`)
	if code != 0 || strings.TrimSpace(out) == "0" {
		t.Errorf("describe-instances: exit code %d, %q", code, out)
	}
	out, code = shell(t, env, `aws route53 list-hosted-zones --output json`)
	if code != 0 || !strings.Contains(out, "unilans.net.") {
		t.Errorf("list-hosted-zones: exit code %d, %q", code, out)
	}
	if _, code = shell(t, env, `AWS_SECRET_ACCESS_KEY=wrong aws ec2 describe-instances`); code == 0 {
		t.Error("a wrong secret was taken")
	}
}

func TestTheTritonCLIWorksUnchanged(t *testing.T) {
	need(t, "triton")
	env, _ := startSim(t)
	out, code := shell(t, env, `triton instance list -j`)
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
	if out, code := shell(t, env, `triton package list -o name && triton image list -o name && triton network list -o name`); code != 0 || len(strings.Fields(out)) < 4 {
		t.Errorf("catalogue: exit code %d, %q", code, out)
	}
}

func TestDigAndCurlSeeTheSameRecords(t *testing.T) {
	need(t, "dig")
	need(t, "curl")
	env, _ := startSim(t)
	const dig = `dig @${ROLLCALL_RESOLVERS%:*} -p ${ROLLCALL_RESOLVERS##*:} +short `
	var want []string
	out, _ := shell(t, env, `rollcall ls records --filter 'name=www.scalability.expert type=A' -o name`)
	for l := range strings.Lines(out) {
		want = append(want, strings.TrimSpace(l[strings.LastIndex(l, "/")+1:]))
	}
	slices.Sort(want)
	for _, proto := range []string{"+notcp +bufsize=4096 ", "+tcp "} {
		out, code := shell(t, env, dig+proto+"www.scalability.expert A")
		got := strings.Fields(out)
		slices.Sort(got)
		if code != 0 || !slices.Equal(got, want) || len(got) == 0 {
			t.Errorf("dig %s: exit code %d, %d addresses, rollcall has %d", proto, code, len(got), len(want))
		}
	}
	out, code := shell(t, env, `curl -sS -H "Authorization: Bearer $CLOUDFLARE_API_TOKEN" "$CLOUDFLARE_BASE_URL/zones?name=scalability.expert"`)
	if code != 0 || !strings.Contains(out, `"success":true`) {
		t.Errorf("curl: exit code %d, %.200s", code, out)
	}
	out, _ = shell(t, env, `curl -sS -H "Authorization: Bearer wrong" "$CLOUDFLARE_BASE_URL/zones"`)
	if !strings.Contains(out, `"success":false`) {
		t.Errorf("a wrong token was taken: %.200s", out)
	}
}

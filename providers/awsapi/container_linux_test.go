package awsapi

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// insideVariable is set in the process of a test that runs in a network of its own.
const insideVariable = "ROLLCALL_TEST_NETWORK"

// inOwnNetwork runs the calling test once more, by a process in a network namespace that has only a loopback device, and reports
// whether this is that process.
func inOwnNetwork(t *testing.T) bool {
	t.Helper()
	if os.Getenv(insideVariable) != "" {
		return true
	}
	var out []byte
	var err error
	for _, attr := range []*syscall.SysProcAttr{
		{Cloneflags: syscall.CLONE_NEWNET}, // as root
		{
			Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET,
			UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}, GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
		},
	} {
		c := exec.CommandContext(t.Context(), "/proc/self/exe", "-test.run=^"+t.Name()+"$", "-test.v")
		c.Env, c.SysProcAttr = append(os.Environ(), insideVariable+"=1"), attr
		out, err = c.CombinedOutput()
		if c.Process != nil { // the kernel has made the namespace
			break
		}
	}
	switch {
	case err == nil && strings.Contains(string(out), "--- PASS: "+t.Name()):
	case len(out) > 0 || os.Getenv("CI") == "true":
		t.Errorf("in a network of its own: %v\n%s", err, out)
	default:
		t.Skipf("this system has no network namespaces: %v", err)
	}
	return false
}

// addLoopback turns the loopback device on and adds an address to it.
func addLoopback(t *testing.T, address string) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Close(fd) }()
	on, err := unix.NewIfreq("lo")
	if err != nil {
		t.Fatal(err)
	}
	on.SetUint16(unix.IFF_UP)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, on); err != nil {
		t.Fatal(err)
	}
	more, err := unix.NewIfreq("lo:1")
	if err != nil {
		t.Fatal(err)
	}
	if err := more.SetInet4Addr(net.ParseIP(address).To4()); err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFADDR, more); err != nil {
		t.Fatal(err)
	}
}

func TestAContainerOnECSGetsItsCredentialsFromTheAddressThatECSHas(t *testing.T) {
	t.Parallel()
	if !inOwnNetwork(t) {
		return
	}
	addLoopback(t, "169.254.170.2")
	a := newAccount(t)
	of := a.metadata(t)
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "169.254.170.2:80")
	if err != nil {
		t.Fatal(err)
	}
	var asked []string
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.URL.String())
		if r.URL.Path != "/v2/credentials/7f3a" {
			http.Error(w, `{"code":"AccessDenied","message":"no such task"}`, http.StatusForbidden)
			return
		}
		answer, err := http.Get(of + "/latest/meta-data/iam/security-credentials/node") //nolint:noctx // of this test
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = answer.Body.Close() }()
		_, _ = io.Copy(w, answer.Body)
	}))
	_ = srv.Listener.Close()
	srv.Listener = l
	srv.Start()
	t.Cleanup(srv.Close)

	const variable = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
	env := files(t, a.profiles("none"), "", variable+"=/v2/credentials/7f3a", "AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:1/never")
	for profile, c := range map[string]struct{ who, from string }{
		"":            {"arn:aws:iam::123456789012:user/ops", variable},
		"ofcontainer": {"arn:aws:sts::123456789012:assumed-role/ops/tester", "profile ofcontainer, role " + roleOf + "ops with " + variable},
	} {
		if who, s, err := a.who(t, Options{Profile: profile, Env: env}); err != nil || who != c.who || s.From() != c.from {
			t.Errorf("profile %q: %s, %v", profile, who, err)
		}
	}
	if len(asked) != 2 || asked[0] != "GET /v2/credentials/7f3a" {
		t.Errorf("asked %q", asked)
	}
	if _, _, err := a.who(t, Options{Env: env.With(variable + "=/v2/credentials/other")}); err == nil || !strings.Contains(err.Error(), "no credentials from "+variable) || !strings.Contains(err.Error(), "no such task") {
		t.Errorf("error %v", err)
	}
}

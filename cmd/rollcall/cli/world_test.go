package cli

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"rollcall/cmd/rollcall/exit"
	"rollcall/providers/sim"
	"rollcall/providers/sim/world"
)

func TestMain(m *testing.M) {
	testscript.Main(suite{m}, map[string]func(){
		"rollcall":        func() { os.Exit(Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) },
		"hold-journal":    holdJournal,
		"changing-clouds": changingClouds,
	})
}

// suite is the tests in this process, which is not one of the rollcalls that they start.
type suite struct{ *testing.M }

// Run collects garbage less often: worlds are small and soon gone, and under the race detector collecting costs more than their memory.
// They run in UTC, whatever the time zone of the machine. Parallel tests mostly wait for processes, so four run at once.
func (s suite) Run() int {
	if err := flag.Set("test.parallel", "4"); err != nil { // unless the command line says otherwise
		panic(err)
	}
	time.Local = time.UTC
	debug.SetGCPercent(400)
	end, err := checkOnce()
	if err != nil {
		panic(err)
	}
	defer end()
	return s.M.Run()
}

// personal reports whether a variable of the environment may hold credentials, config or state.
func personal(kv string) bool {
	return slices.ContainsFunc([]string{"AWS_", "TRITON_", "SDC_", "CLOUDFLARE_", "ROLLCALL_", "XDG_", "SSH_"}, func(prefix string) bool { return strings.HasPrefix(kv, prefix) })
}

// homeEnv is the environment whose config and state lie in a folder.
func homeEnv(dir string) []string {
	return []string{"HOME=" + dir, "XDG_CONFIG_HOME=" + filepath.Join(dir, "config"), "XDG_STATE_HOME=" + filepath.Join(dir, "state")}
}

// blank sets up an environment without any credentials, config or state.
func blank(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for _, kv := range os.Environ() {
		if name, _, _ := strings.Cut(kv, "="); personal(kv) {
			t.Setenv(name, "") // so that it is restored
			if err := os.Unsetenv(name); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, kv := range homeEnv(dir) {
		name, value, _ := strings.Cut(kv, "=")
		t.Setenv(name, value)
	}
	return dir
}

// apart returns such an environment for the processes of a test, which runs beside others: it leaves this process as it is.
func apart(t *testing.T) (dir string, env []string) {
	t.Helper()
	t.Parallel()
	dir = t.TempDir()
	return dir, append(slices.DeleteFunc(os.Environ(), personal), homeEnv(dir)...)
}

// worldSize is about how many instances a world has: enough of each service in each cloud. Each command reads them all.
const worldSize = 30

// quick are the delays of a world whose instances boot, register and stop in less than a second.
var quick = world.Delays{Boot: 300 * time.Millisecond, Agent: 300 * time.Millisecond, Stop: 200 * time.Millisecond, Forget: time.Hour, Delegate: 2 * time.Second, Propagate: 20 * time.Millisecond}

// atLeisure sets the delays of a world to those that an operator notices: a launch shows each stage, and a change is waited for.
func atLeisure(o *sim.Options) { o.Delays = world.DefaultDelays() }

// newWorld starts embedded clouds and makes this process a client of them.
func newWorld(t *testing.T, with ...func(*sim.Options)) *sim.Sim {
	t.Helper()
	if testing.Short() {
		t.Skip("make quick leaves this to make test")
	}
	dir := blank(t)
	before := os.Environ()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader) // under the race detector an RSA key signs for long
	if err != nil {
		t.Fatal(err)
	}
	with = append([]func(*sim.Options){func(o *sim.Options) { o.Key, o.Delays = key, quick }}, with...)
	s, err := startWorld(context.Background(), dir, 1, worldSize, func(format string, args ...any) { t.Logf(format, args...) }, with...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close the world: %v", err)
		}
		for _, kv := range os.Environ() {
			if name, _, _ := strings.Cut(kv, "="); !slices.ContainsFunc(before, func(b string) bool { return strings.HasPrefix(b, name+"=") }) {
				_ = os.Unsetenv(name)
			}
		}
	})
	return s
}

// result is what one command line came to.
type result struct {
	code     int
	out, err string
}

// rollcall runs one command line in this process, without a terminal.
func rollcall(t *testing.T, args ...string) result {
	t.Helper()
	in, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	var out, errw bytes.Buffer
	code := Main(args, in, &out, &errw)
	t.Logf("rollcall %s: exit code %d\n%s", strings.Join(args, " "), code, errw.String())
	return result{code: code, out: out.String(), err: errw.String()}
}

// must runs a command line that has to end in exit code 0 and returns its stdout.
func must(t *testing.T, args ...string) string {
	t.Helper()
	r := rollcall(t, args...)
	if r.code != exit.Done {
		t.Fatalf("rollcall %s: exit code %d\n%s%s", strings.Join(args, " "), r.code, r.out, r.err)
	}
	return r.out
}

// decode reads JSON into a value of type T.
func decode[T any](t *testing.T, text string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v in %.200q", err, text)
	}
	return v
}

// object is a JSON object as a script sees it.
type object = map[string]any

func objects(t *testing.T, args ...string) []object {
	t.Helper()
	return decode[[]object](t, must(t, args...))
}

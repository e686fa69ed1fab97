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
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"rollcall/cmd/rollcall/exit"
	"rollcall/providers"
	"rollcall/providers/sim"
	"rollcall/providers/sim/world"
	"rollcall/userdata"
)

func TestMain(m *testing.M) {
	testscript.Main(suite{m}, map[string]func(){
		"rollcall":        func() { os.Exit(Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) },
		"hold-journal":    holdJournal,
		"changing-clouds": changingClouds,
		"far-clouds":      farClouds,
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
	for _, kv := range os.Environ() { // what libraries read by themselves
		if name, _, _ := strings.Cut(kv, "="); personal(kv) && !strings.HasPrefix(name, "ROLLCALL_") {
			if err := os.Unsetenv(name); err != nil {
				panic(err)
			}
		}
	}
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

// environments holds the environment of every test that runs in this process, by the name of the test.
var environments sync.Map

// environment returns what a command line of the test finds in its environment: what the test itself has set, or the test
// that it is part of.
func environment(t testing.TB) providers.Environment {
	for name := t.Name(); ; {
		if e, ok := environments.Load(name); ok {
			return e.(providers.Environment)
		}
		i := strings.LastIndexByte(name, '/')
		if i < 0 {
			return providers.Environment{}
		}
		name = name[:i]
	}
}

// setEnvironment replaces the environment of a test until its end.
func setEnvironment(t testing.TB, e providers.Environment) {
	if _, again := environments.Swap(t.Name(), e); !again {
		t.Cleanup(func() { environments.Delete(t.Name()) })
	}
}

func getenv(t testing.TB, name string) string { return environment(t).Getenv(name) }

// setenv sets a variable of the test's environment until the end of the test.
func setenv(t testing.TB, name, value string) {
	setEnvironment(t, environment(t).With(name+"="+value))
}

// blank returns a folder of a test that runs beside others, and makes it the home of an environment without any
// credentials, config or state.
func blank(t *testing.T) (dir string) {
	t.Helper()
	t.Parallel()
	return home(t)
}

// home is blank for a benchmark, too.
func home(t testing.TB) (dir string) {
	t.Helper()
	dir = t.TempDir()
	setEnvironment(t, providers.EnvironmentOf(append(slices.DeleteFunc(os.Environ(), personal), homeEnv(dir)...)...))
	return dir
}

// apart returns such a folder, and the environment for the processes of the test.
func apart(t *testing.T) (dir string, env []string) {
	t.Helper()
	return blank(t), environment(t).List()
}

// worldSize is about how many instances a world has: enough of each service in each cloud. Each command reads them all.
const worldSize = 30

// quick are the delays of a world whose instances boot, register and stop in less than a second.
var quick = world.Delays{Boot: 300 * time.Millisecond, Agent: 300 * time.Millisecond, Stop: 200 * time.Millisecond, Forget: time.Hour, Delegate: 2 * time.Second, Propagate: 20 * time.Millisecond}

// atLeisure sets the delays of a world to those that an operator notices: a launch shows each stage, and a change is waited for.
func atLeisure(o *sim.Options) { o.Delays = world.DefaultDelays() }

// seedScripts are the boot scripts of the nodes that a world begins with, by service and provider. They are those of every
// world.
var seedScripts sync.Map

// agentConfigs returns of the boot scripts of these nodes the lines with the agent's config. Triton lists the script of each
// machine to every command, and byte for byte that is a third of a command's work under the race detector. A launch still
// sends the whole script, and so has a world in a process of its own.
func agentConfigs(whole func(service string, p providers.Provider) []byte) func(service string, p providers.Provider) []byte {
	return func(service string, p providers.Provider) []byte {
		key := service + " " + string(p)
		if have, ok := seedScripts.Load(key); ok {
			return have.([]byte)
		}
		config := regexp.MustCompile(`(?ms)^[^\n]*<<'ROLLCALL_NODE_CONFIG'\n.*?^ROLLCALL_NODE_CONFIG$`).Find(userdata.Readable(whole(service, p)))
		have, _ := seedScripts.LoadOrStore(key, append([]byte("#!/bin/sh\n"), config...))
		return have.([]byte)
	}
}

// newWorld starts embedded clouds and makes the test, which runs beside others, a client of them.
func newWorld(t *testing.T, with ...func(*sim.Options)) *sim.Sim {
	t.Helper()
	if testing.Short() {
		t.Skip("make quick leaves this to make test")
	}
	dir := blank(t)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader) // under the race detector an RSA key signs for long
	if err != nil {
		t.Fatal(err)
	}
	with = append([]func(*sim.Options){func(o *sim.Options) { o.Key, o.Delays, o.UserData = key, quick, agentConfigs(o.UserData) }}, with...)
	s, err := startWorld(context.Background(), dir, 1, worldSize, func(format string, args ...any) { t.Logf(format, args...) }, with...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close the world: %v", err)
		}
	})
	setEnvironment(t, clientOf(environment(t), s.Env()))
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
	return rollcallFrom(t, in, args...)
}

// rollcallFrom is rollcall with a stdin.
func rollcallFrom(t *testing.T, in *os.File, args ...string) result {
	t.Helper()
	var out, errw bytes.Buffer
	code := run(environment(t), providers.Clock{}, args, in, &out, &errw)
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

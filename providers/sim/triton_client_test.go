package sim

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"rollcall/providers"
	"rollcall/providers/sim/world"
)

// triton runs the real client with a home of its own.
func triton(t *testing.T, env []string, args ...string) (stdout string, err error) {
	t.Helper()
	if testing.Short() {
		t.Skip("make quick leaves this to make test")
	}
	path, err := exec.LookPath("triton")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("the triton client is not installed (npm package triton)")
		}
		t.Skip("the triton client is not installed")
	}
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH")}, env...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return out.String(), errors.New(errs.String())
	}
	return out.String(), nil
}

func TestTheTritonClientSignsWithAnECDSAKeyToo(t *testing.T) {
	t.Parallel()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, Options{Seed: 1, Key: key})
	home := t.TempDir()
	if err := os.Mkdir(filepath.Join(home, ".ssh"), 0o700); err != nil {
		t.Fatal(err)
	}
	if out, err := triton(t, append(s.Env(), "HOME="+home), "account", "get"); err != nil || !strings.Contains(out, "login: ops") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestTheTritonClientWorksUnchanged(t *testing.T) {
	t.Parallel() // it spends its time waiting for the client
	s := start(t, Options{Seed: 1, Delays: quick})
	home := t.TempDir()
	if err := os.Mkdir(filepath.Join(home, ".ssh"), 0o700); err != nil { // it wants one to be there
		t.Fatal(err)
	}
	env := append(s.Env(), "HOME="+home)
	run := func(args ...string) string {
		t.Helper()
		out, err := triton(t, env, args...)
		if err != nil {
			t.Fatalf("triton %v: %v", args, err)
		}
		return out
	}
	_, total := s.World().Instances("joyent-east", nil, 0, 1)
	if out := run("instance", "list", "-H", "-o", "name,state,img"); strings.Count(out, "\n") != total || !strings.Contains(out, "debian-12@") {
		t.Errorf("%d instances:\n%s", total, out)
	}
	for want, args := range map[string][]string{
		"ubuntu-certified-24.04": {"image", "list"},
		"g4-highcpu-1G":          {"package", "list"},
		"My-Fabric-Network":      {"network", "list"},
		"eu-ams-1":               {"datacenters"},
		"login: ops":             {"account", "get"},
	} {
		if out := run(args...); !strings.Contains(out, want) {
			t.Errorf("triton %v lacks %s:\n%s", args, want, out)
		}
	}
	script := filepath.Join(home, "script")
	if err := os.WriteFile(script, []byte("#!/bin/sh\necho <&>\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	run("instance", "create", "-w", "-n", "fresh", "-t", "role=www", "-t", "port=8080", "-t", "on=true", "-t", "triton.cns.disable=true", "--script", script, "debian-12", "g4-highcpu-1G")
	page, n := s.World().Instances("joyent-east", func(i *world.Instance) bool { return i.Name == "fresh" }, 0, 0)
	if n != 1 || page[0].State != providers.StateRunning || page[0].Tags["role"] != "www" || string(page[0].UserData) != "#!/bin/sh\necho <&>\n" {
		t.Fatalf("%+v", page)
	}
	var m struct{ ID, State, PrimaryIP string }
	if err := json.Unmarshal([]byte(run("instance", "get", "fresh")), &m); err != nil || m.ID != page[0].ID || m.State != "running" {
		t.Errorf("%+v, %v", m, err)
	}
	state := func() providers.InstanceState {
		i, _ := s.World().Instance("joyent-east", m.ID)
		return i.State
	}
	if run("instance", "stop", "-w", "fresh"); state() != providers.StateStopped {
		t.Errorf("after stop: %s", state())
	}
	if run("instance", "start", "-w", "fresh"); state() != providers.StateRunning {
		t.Errorf("after start: %s", state())
	}
	run("instance", "delete", "-f", "-w", "fresh")
	if out, err := triton(t, env, "instance", "get", m.ID); err == nil || !strings.Contains(err.Error(), "deleted") {
		t.Errorf("a deleted instance: %v\n%s", err, out)
	}
	if out := run("instance", "list", "-H", "-o", "name"); strings.Contains(out, "fresh") {
		t.Error("a deleted instance is listed")
	}
}

// strangeAgent is an ssh-agent with a key that no account has.
func strangeAgent(t *testing.T) (socket, keyID string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	public, err := ssh.NewPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	ring := agent.NewKeyring()
	if err := ring.Add(agent.AddedKey{PrivateKey: key}); err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "agent") // the path of a socket is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	l, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { _ = agent.ServeAgent(ring, c) }()
		}
	}()
	return l.Addr().String(), ssh.FingerprintLegacyMD5(public)
}

func TestTheTritonClientIsRefusedWithAKeyThatTheAccountDoesNotHave(t *testing.T) {
	t.Parallel()
	s := start(t, Options{Seed: 1})
	home := t.TempDir()
	if err := os.Mkdir(filepath.Join(home, ".ssh"), 0o700); err != nil {
		t.Fatal(err)
	}
	e := s.Endpoints()
	e.AgentSocket, e.TritonKeyID = strangeAgent(t)
	if out, err := triton(t, append(e.Env(), "HOME="+home), "instance", "list"); err == nil || !strings.Contains(err.Error(), "InvalidCredentials") {
		t.Errorf("%v\n%s", err, out)
	}
}

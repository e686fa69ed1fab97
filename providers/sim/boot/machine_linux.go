package boot

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"rollcall/providers/sim/world"
)

// powerTimeout is how long an orderly shutdown may take before the power is cut: twice systemd's limit for stopping a
// unit.
const powerTimeout = 180 * time.Second

// Machine is the machine of one instance. Its disk lasts until the instance is terminated, its processes until it is
// switched off. Its methods are safe for concurrent use.
type Machine struct {
	cluster *Cluster
	cloud   world.Cloud
	id      string
	name    string // of its container and control group
	disk    string
	link    string // its network interface in the router namespace
	ns      *namespace

	mu        sync.Mutex
	instance  world.Instance // as of its last start
	todo      []world.MachineEvent
	wake      chan struct{}
	run       *process // nil while it is off
	boots     int
	powerLost bool // it ended by a power loss
}

func newMachine(r *Cluster, ev world.MachineEvent, number int) *Machine {
	name := r.name + "-" + strconv.Itoa(number)
	return &Machine{
		cluster: r, cloud: ev.Cloud, id: ev.Instance.ID, instance: ev.Instance, name: name,
		disk: filepath.Join(r.dir, strconv.Itoa(number)), link: "m" + strconv.Itoa(number), wake: make(chan struct{}, 1),
	}
}

// ID returns the id of the machine's instance.
func (m *Machine) ID() string { return m.id }

// Boots returns how often it has been booted, including reboots.
func (m *Machine) Boots() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.boots
}

// On reports whether it has power.
func (m *Machine) On() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.run != nil
}

// Console returns all that the machine has written to its console.
func (m *Machine) Console() string {
	text, err := os.ReadFile(filepath.Join(m.disk, "console"))
	if err != nil {
		return ""
	}
	return string(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")))
}

// lastOutput returns when it last wrote to its console.
func (m *Machine) lastOutput() time.Time {
	fi, err := os.Stat(filepath.Join(m.disk, "console"))
	if err != nil {
		return time.Time{}
	}
	return fi.ModTime()
}

// ReadFile reads a file that the machine has written to its disk, even while it is off. It does not follow links, and
// does not see files of the root file system.
func (m *Machine) ReadFile(path string) ([]byte, error) {
	root, err := os.OpenRoot(filepath.Join(m.disk, "upper"))
	if err != nil {
		return nil, err
	}
	defer root.Close() //nolint:errcheck // it was only read
	return root.ReadFile(strings.TrimPrefix(path, "/"))
}

// WriteFile writes a file to the machine's disk and creates missing folders. While the machine is on, it may not see
// the file.
func (m *Machine) WriteFile(path, text string, mode fs.FileMode) error {
	return writeInto(filepath.Join(m.disk, "upper"), path, text, mode)
}

// Run runs a command on the machine as root and returns its output.
func (m *Machine) Run(ctx context.Context, command ...string) (string, error) {
	m.mu.Lock()
	run := m.run
	m.mu.Unlock()
	if run == nil {
		return "", errNotUp
	}
	leader, err := run.leader()
	if err != nil {
		return "", err
	}
	args := []string{"--target", strconv.Itoa(leader), "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--root", "--wd", "--"}
	c := exec.CommandContext(ctx, "nsenter", append(args, command...)...)
	c.Env = []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "HOME=/root"}
	c.WaitDelay = time.Second
	out, err := c.CombinedOutput()
	if err != nil {
		return string(out), fmt.Errorf("%s on %s: %w: %s", command[0], m.id, err, oneLine(string(out)))
	}
	return string(out), nil
}

// request queues a change of power. A power loss takes effect immediately.
func (m *Machine) request(ev world.MachineEvent) {
	m.mu.Lock()
	m.todo = append(m.todo, ev)
	if ev.Power == world.PowerLoss {
		m.powerLost = true
		if m.run != nil {
			m.run.kill()
		}
	}
	m.mu.Unlock()
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

func (m *Machine) next() (ev world.MachineEvent, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.todo) == 0 {
		return ev, false
	}
	ev, m.todo = m.todo[0], m.todo[1:]
	return ev, true
}

// handleEvents carries out the power changes of the machine until it is terminated or ctx ends.
func (m *Machine) handleEvents(ctx context.Context) {
	defer m.powerOff()
	for {
		var ended chan struct{}
		if m.run != nil { // only this goroutine changes it
			ended = m.run.ended
		}
		select {
		case <-ctx.Done():
			return
		case <-ended:
			m.handleExit(ctx)
		case <-m.wake:
			for ev, ok := m.next(); ok; ev, ok = m.next() {
				if gone := m.carryOut(ctx, ev); gone {
					m.powerOff()
					m.removeDisk()
					return
				}
			}
		}
	}
}

// carryOut carries out one event, and reports whether it was the last one.
func (m *Machine) carryOut(ctx context.Context, ev world.MachineEvent) (gone bool) {
	switch ev.Power {
	case world.Start:
		if m.run == nil {
			m.mu.Lock()
			m.instance = ev.Instance
			m.mu.Unlock()
			if err := m.powerOn(ctx, true); err != nil && !errors.Is(err, errPowerLost) {
				m.cluster.say("instance %s does not boot: %v", m.id, err)
				m.powerOff()
				m.cluster.world.Halted(m.cloud.Name, m.id)
			}
		}
	case world.Reboot:
		if m.run != nil {
			m.pressButton(ctx, signalReboot)
			m.handleExit(ctx)
		}
	case world.Stop, world.Terminate:
		if m.run != nil {
			m.pressButton(ctx, signalPoweroff)
			m.powerOff()
		}
		m.cluster.world.Halted(m.cloud.Name, m.id)
	}
	return ev.Power == world.Terminate || ev.Power == world.PowerLoss
}

// removeDisk removes the disk and keeps the console log.
func (m *Machine) removeDisk() {
	for _, d := range []string{"upper", "work", "merged"} {
		_ = os.RemoveAll(filepath.Join(m.disk, d)) // Close tries again
	}
}

// pressButton presses a button until the machine goes down, and cuts the power after patience. A system that has just
// started to boot ignores the button.
func (m *Machine) pressButton(ctx context.Context, button unix.Signal) {
	deadline, again := time.NewTimer(powerTimeout), time.NewTicker(2*time.Second)
	defer deadline.Stop()
	defer again.Stop()
	for {
		_ = m.run.signal(button)
		select {
		case <-m.run.ended:
			return
		case <-again.C:
		case <-deadline.C:
			m.cluster.say("instance %s does not go down in %s: its plug is pulled", m.id, powerTimeout)
			m.run.kill()
			<-m.run.ended
			return
		case <-ctx.Done():
			m.run.kill()
			<-m.run.ended
			return
		}
	}
}

// handleExit handles the end of a run: a reboot, or a machine that has switched itself off.
func (m *Machine) handleExit(ctx context.Context) {
	m.mu.Lock()
	code, cut := m.run.code, m.powerLost
	m.run = nil
	m.mu.Unlock()
	if code == exitReboot && !cut && ctx.Err() == nil {
		err := m.powerOn(ctx, false)
		if err == nil || errors.Is(err, errPowerLost) {
			return
		}
		m.cluster.say("instance %s does not boot again: %v", m.id, err)
	} else if code != 0 && !cut && ctx.Err() == nil {
		m.cluster.say("instance %s: systemd-nspawn ends with exit code %d: %s", m.id, code, oneLine(lastOf(m.Console(), 300)))
	}
	m.cluster.disconnect(m)
	if !cut {
		m.cluster.world.Halted(m.cloud.Name, m.id)
	}
}

// powerOn boots the machine; fresh means that it was off, and has new addresses.
func (m *Machine) powerOn(ctx context.Context, fresh bool) error {
	if fresh {
		for _, d := range []string{"upper", "work", "merged"} {
			if err := os.MkdirAll(filepath.Join(m.disk, d), 0o755); err != nil { //nolint:gosec // the machine's own root is one of them
				return err
			}
		}
		if err := m.cluster.connect(m); err != nil {
			return err
		}
		for path, f := range seed(&m.instance, m.cloud, m.cluster.authority.pem) {
			if err := m.WriteFile(path, f.text, f.mode); err != nil {
				return err
			}
		}
		if m.cluster.prepare != nil {
			if err := m.cluster.prepare(m); err != nil {
				return err
			}
		}
	}
	console, err := os.OpenFile(filepath.Join(m.disk, "console"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer console.Close() //nolint:errcheck // the machine has its own copy
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.powerLost || ctx.Err() != nil {
		return errPowerLost
	}
	// The name differs between boots, because the kernel may still use the groups of the last one.
	m.run, err = start(m.cluster.root, m.disk, m.name+"-"+strconv.Itoa(m.boots), m.ns, console, m.cluster.command)
	if err == nil {
		m.boots++
	}
	return err
}

// powerOff cuts the power.
func (m *Machine) powerOff() {
	m.mu.Lock()
	run := m.run
	m.mu.Unlock()
	if run != nil {
		run.kill()
		<-run.ended
		m.mu.Lock()
		m.run = nil
		m.mu.Unlock()
	}
	m.cluster.disconnect(m)
}

// errPowerLost is the error of a machine whose power was cut before it was on.
var errPowerLost = errors.New("its plug was pulled")

func lastOf(s string, n int) string { return s[max(0, len(s)-n):] }

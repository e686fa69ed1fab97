package boot

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// process is one run of a machine, from power on to power off or reboot.
type process struct {
	cmd    *exec.Cmd
	cgroup *cgroup
	ended  chan struct{} // closed when it has ended
	code   int           // exit code, valid after ended
}

// exitReboot is the exit code of systemd-nspawn if the machine reboots under a supervisor (systemd-nspawn(1),
// --keep-unit).
const exitReboot = 133

// supervisorScript is the first process of a machine's run. It has its own mount and process namespaces, so its mounts
// and all that it starts end with it. /run is hidden because systemd-nspawn stores files there. File descriptor 3 is
// the machine's network namespace.
const supervisorScript = `set -e
root=$1 disk=$2 name=$3
shift 3
for g in "$@"; do echo 0 >"$g/cgroup.procs"; done
mount -t proc proc /proc
mount -t tmpfs tmpfs /run
mount -t overlay overlay -o "lowerdir=$root,upperdir=$disk/upper,workdir=$disk/work" "$disk/merged"
set -- --quiet --boot
if [ -n "$ROLLCALL_BOOT_COMMAND" ]; then set -- --quiet --as-pid2; fi
exec systemd-nspawn "$@" --register=no --keep-unit --network-namespace-path=/proc/self/fd/3 --console=read-only \
	--directory="$disk/merged" --machine="$name" --resolv-conf=off --timezone=off --link-journal=no $ROLLCALL_BOOT_COMMAND`

// start switches a machine on. disk contains its upper, work and merged folders.
func start(root, disk, name string, ns *namespace, console *os.File, command string) (*process, error) {
	g, err := newCgroup(name)
	if err != nil {
		return nil, err
	}
	p := &process{cgroup: g, ended: make(chan struct{})}
	p.cmd = exec.Command("sh", append([]string{"-c", supervisorScript, "sh", root, disk, name}, g.dirs...)...)
	p.cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "ROLLCALL_BOOT_COMMAND=" + command}
	p.cmd.Dir = "/"
	p.cmd.Stdout, p.cmd.Stderr = console, console
	p.cmd.ExtraFiles = []*os.File{ns.file}
	p.cmd.SysProcAttr = &syscall.SysProcAttr{
		Setsid: true, Cloneflags: syscall.CLONE_NEWPID, Unshareflags: syscall.CLONE_NEWNS,
		Pdeathsig: syscall.SIGKILL, // the machine ends with this process
	}
	started := make(chan error)
	go func() {
		// Pdeathsig is sent when the starting thread ends, so this thread must stay.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := p.cmd.Start()
		started <- err
		if err != nil {
			return
		}
		err = p.cmd.Wait()
		p.code = p.cmd.ProcessState.ExitCode()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			p.code = -1
		}
		p.cgroup.remove()
		close(p.ended)
	}()
	if err := <-started; err != nil {
		g.remove()
		return nil, fmt.Errorf("start systemd-nspawn: %w", err)
	}
	return p, nil
}

// kill ends the machine immediately, as a power loss does: its processes cannot clean up.
func (p *process) kill() { _ = p.cmd.Process.Kill() }

// Signals at which systemd as the first process starts a target (systemd(1)): poweroff and reboot.
const (
	signalPoweroff = unix.Signal(34 + 4)
	signalReboot   = unix.Signal(34 + 5)
)

// signal presses a button of the machine.
func (p *process) signal(s unix.Signal) error {
	leader, err := p.leader()
	if err != nil {
		return err
	}
	return unix.Kill(leader, s)
}

var errNotUp = errors.New("the machine is not up")

// leader returns the id, in this namespace, of the machine's first process.
func (p *process) leader() (int, error) {
	select {
	case <-p.ended:
		return 0, errNotUp
	default:
	}
	pid := p.cmd.Process.Pid
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return 0, errNotUp
	}
	for _, f := range strings.Fields(string(text)) {
		child, err := strconv.Atoi(f)
		if err != nil {
			continue
		}
		// It has three process namespaces: ours, that of the run, and its own.
		status, err := os.ReadFile(filepath.Join("/proc", f, "status"))
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(status)) {
			if ids, ok := strings.CutPrefix(line, "NSpid:"); ok {
				if in := strings.Fields(ids); len(in) >= 3 && in[len(in)-1] == "1" {
					return child, nil
				}
			}
		}
	}
	return 0, errNotUp
}

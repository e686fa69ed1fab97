package boot

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// suite is the machines' Debian release.
const suite = "bookworm"

// packages are those of a cloud's image, and nginx, which a boot script would otherwise download. python3-cffi-backend
// is listed because debootstrap misses that python3-cryptography needs it.
const packages = "systemd,systemd-sysv,dbus,cloud-init,python3,python3-cffi-backend,iproute2,curl,openssl,nginx,man-db"

// rootFiles are written into the root file system, which all machines share.
var rootFiles = map[string]string{
	// A network namespace has its addresses before the boot, and locales are not installed.
	"etc/cloud/cloud.cfg.d/90_boot.cfg": "locale: false\nnetwork: {config: disabled}\nmanage_etc_hosts: true\n",
	"etc/hostname":                      "debian\n",
	"etc/machine-id":                    "",
	"etc/resolv.conf":                   "nameserver " + resolverAddress + "\n",
}

// rootWithout is removed again: there is no DHCP server and nothing to download, and the boot script starts nginx.
var rootWithout = []string{
	"usr/sbin/dhclient", "etc/systemd/system/multi-user.target.wants/nginx.service",
	"etc/systemd/system/timers.target.wants/apt-daily.timer", "etc/systemd/system/timers.target.wants/apt-daily-upgrade.timer",
	"etc/systemd/system/timers.target.wants/e2scrub_all.timer", "etc/systemd/system/timers.target.wants/man-db.timer", "var/log/bootstrap.log",
}

// CacheDir returns the default folder of Root's results.
func CacheDir() string {
	if dir, err := os.UserCacheDir(); err == nil {
		return filepath.Join(dir, "rollcall", "boot")
	}
	return "/var/cache/rollcall/boot"
}

// Root returns the machines' root file system. If it is missing it is made in one or two minutes, from the Debian
// mirror of this machine's package manager. It is stored below cacheDir (CacheDir() if empty) and never modified again.
// The output of debootstrap goes to progress, which may be nil.
func Root(ctx context.Context, cacheDir string, progress io.Writer) (string, error) {
	if cacheDir == "" {
		cacheDir = CacheDir()
	}
	if err := os.MkdirAll(cacheDir, 0o755); err != nil { //nolint:gosec // others may look
		return "", fmt.Errorf("make a root file system: %w", err)
	}
	dir := filepath.Join(cacheDir, "debian-"+suite+"-"+recipe())
	unlock, err := lockFile(ctx, dir+".lock")
	if err != nil {
		return "", fmt.Errorf("make a root file system: %w", err)
	}
	defer unlock()
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	half := dir + ".part" // only the holder of the lock writes there
	if err := os.RemoveAll(half); err != nil {
		return "", fmt.Errorf("make a root file system: %w", err)
	}
	if err := bootstrap(ctx, half, progress); err != nil {
		_ = os.RemoveAll(half)
		return "", fmt.Errorf("make a root file system: %w", err)
	}
	if err := os.Rename(half, dir); err != nil {
		return "", fmt.Errorf("make a root file system: %w", err)
	}
	return dir, nil
}

// recipe returns a short hash of all inputs of the root file system.
func recipe() string {
	sum := sha256.Sum256(fmt.Append(nil, runtime.GOARCH, suite, packages, rootFiles, rootWithout, dpkgConfig)) // maps print sorted
	return hex.EncodeToString(sum[:6])
}

// dpkgConfig makes the root file system small, and fast to build.
const dpkgConfig = "force-unsafe-io\npath-exclude=/usr/share/doc/*\npath-exclude=/usr/share/man/*\npath-exclude=/usr/share/locale/*\n"

func bootstrap(ctx context.Context, dir string, progress io.Writer) error {
	if err := writeInto(dir, "etc/dpkg/dpkg.cfg.d/boot", dpkgConfig, 0o644); err != nil {
		return err
	}
	args := []string{"--variant=minbase", "--include=" + packages, suite, dir}
	if m := mirror(ctx); m != "" {
		args = append(args, m)
	}
	c := exec.CommandContext(ctx, "debootstrap", args...)
	c.Env = append(os.Environ(), "LC_ALL=C", "DEBIAN_FRONTEND=noninteractive")
	c.Cancel = func() error { return c.Process.Signal(unix.SIGTERM) } // it unmounts what it has mounted
	c.WaitDelay = 30 * time.Second
	last := &tail{n: 2000}
	c.Stdout = last
	if progress != nil {
		c.Stdout = io.MultiWriter(last, progress)
	}
	c.Stderr = c.Stdout
	if err := c.Run(); err != nil {
		return fmt.Errorf("debootstrap: %w: %s", err, oneLine(last.b.String()))
	}
	for _, path := range rootWithout {
		if err := os.RemoveAll(filepath.Join(dir, path)); err != nil {
			return err
		}
	}
	for path, text := range rootFiles {
		if err := os.RemoveAll(filepath.Join(dir, path)); err != nil { // it may be a link
			return err
		}
		if err := writeInto(dir, path, text, 0o644); err != nil {
			return err
		}
	}
	old, err := filepath.Glob(filepath.Join(dir, "var/cache/apt/archives/*.deb"))
	if err != nil {
		return err
	}
	lists, err := filepath.Glob(filepath.Join(dir, "var/lib/apt/lists/*"))
	if err != nil {
		return err
	}
	for _, path := range append(old, lists...) {
		if err := os.RemoveAll(path); err != nil {
			return err
		}
	}
	return nil
}

// mirror returns this machine's Debian mirror, or "" for debootstrap's default.
func mirror(ctx context.Context) string {
	out, err := exec.CommandContext(ctx, "apt-get", "indextargets", "--format", "$(ORIGIN) $(LABEL) $(COMPONENT) $(REPO_URI)", "Created-By: Packages").Output()
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		if len(f) == 4 && f[0] == "Debian" && f[1] == "Debian" && f[2] == "main" && (strings.HasPrefix(f[3], "http") || strings.HasPrefix(f[3], "file:")) {
			return f[3]
		}
	}
	return ""
}

// lockFile takes a lock shared with other processes; it waits until ctx ends.
func lockFile(ctx context.Context, path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644) //nolint:gosec // a lock of a cache
	if err != nil {
		return nil, err
	}
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return func() { _ = f.Close() }, nil
		}
		select {
		case <-ctx.Done():
			_ = f.Close()
			return nil, fmt.Errorf("another process is making it: %w", ctx.Err())
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// writeInto writes a file below a root file system.
func writeInto(root, path, text string, mode os.FileMode) error {
	path = filepath.Join(root, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // as in any root file system
		return err
	}
	return os.WriteFile(path, []byte(text), mode)
}

// tail keeps the last bytes written to it.
type tail struct {
	b bytes.Buffer
	n int
}

func (t *tail) Write(p []byte) (int, error) {
	t.b.Write(p)
	if over := t.b.Len() - t.n; over > 0 {
		t.b.Next(over)
	}
	return len(p), nil
}

// oneLine returns a program's output as one line for an error.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

package boot

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// cgroup is a control group of one machine, in each hierarchy that systemd uses. Two systemds in one group would kill
// each other's services.
type cgroup struct{ dirs []string }

const cgroupRoot = "/sys/fs/cgroup"

// cgroupParents returns where groups can be created: below the group of this process, in the unified hierarchy and in
// that of systemd if there is one.
func cgroupParents() ([]string, error) {
	text, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return nil, fmt.Errorf("look at the control groups: %w", err)
	}
	var out []string
	for line := range strings.Lines(string(text)) {
		f := strings.SplitN(strings.TrimSpace(line), ":", 3) // id:controllers:path
		if len(f) != 3 {
			continue
		}
		switch f[1] {
		case "name=systemd":
			out = append(out, filepath.Join(cgroupRoot, "systemd", f[2]))
		case "":
			for _, mount := range []string{"unified", "."} { // hybrid, or the only one
				dir := filepath.Join(cgroupRoot, mount)
				if _, err := os.Stat(filepath.Join(dir, "cgroup.controllers")); err == nil {
					out = append(out, filepath.Join(dir, f[2]))
					break
				}
			}
		}
	}
	if len(out) == 0 {
		return nil, errors.New("look at the control groups: there is neither cgroup2 nor the hierarchy of systemd")
	}
	return out, nil
}

func newCgroup(name string) (*cgroup, error) {
	parents, err := cgroupParents()
	if err != nil {
		return nil, err
	}
	g := &cgroup{}
	for _, p := range parents {
		dir := filepath.Join(p, name)
		if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) { //nolint:gosec // as the kernel makes them
			g.remove()
			return nil, fmt.Errorf("make a control group: %w", err)
		}
		g.dirs = append(g.dirs, dir)
	}
	return g, nil
}

// remove removes the groups once they are empty, which the kernel may notice a moment late.
func (g *cgroup) remove() {
	for range 50 {
		left := false
		for _, top := range g.dirs {
			var dirs []string
			_ = filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
				if err == nil && d.IsDir() {
					dirs = append(dirs, path)
				}
				return nil
			})
			for _, dir := range slices.Backward(dirs) {
				left = os.Remove(dir) != nil || left
			}
		}
		if !left {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

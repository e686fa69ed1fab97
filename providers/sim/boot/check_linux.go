package boot

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// tools are the programs that a Cluster runs, with the Debian package of each.
var tools = map[string]string{
	"debootstrap": "debootstrap", "systemd-nspawn": "systemd-container", "ip": "iproute2",
	"nsenter": "util-linux", "mount": "mount", "sh": "dash",
}

// Check returns why no machine can be booted here, or nil.
func Check() error {
	var why []string
	if os.Geteuid() != 0 {
		why = append(why, "it takes root")
	}
	var packages []string
	for _, tool := range []string{"debootstrap", "systemd-nspawn", "ip", "nsenter", "mount", "sh"} {
		if _, err := exec.LookPath(tool); err != nil {
			packages = append(packages, tools[tool])
		}
	}
	if len(packages) > 0 {
		why = append(why, "install "+strings.Join(packages, " "))
	}
	if len(why) == 0 {
		ns, err := newNamespace()
		if err != nil {
			why = append(why, err.Error())
		} else {
			ns.close()
		}
	}
	if len(why) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %s", ErrUnable, strings.Join(why, "; "))
}

package world

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"rollcall/providers"
)

// ConsoleKept is how much of a console EC2 keeps: the last 64 KB.
const ConsoleKept = 64 << 10

// consoleLine is a part of an instance's console. The lines of a boot are made only when read, so a hundred thousand
// instances cost nothing.
type consoleLine struct {
	at   time.Time
	kind consoleKind
	text string
}

type consoleKind int

const (
	textLine consoleKind = iota // text
	bootLine                    // a whole boot that started then
	haltLine                    // a text, if any, and the end of a boot in progress
)

// goodbye returns what a system writes when it goes down.
func goodbye(p Power) string {
	switch p {
	case PowerLoss:
		return ""
	case Reboot:
		return "systemd-logind[318]: System is rebooting."
	}
	return "systemd-logind[318]: System is powering down."
}

// maxLines is the most lines kept of one console.
const maxLines = 1000

// write adds a line to the console of an instance. Triton has no consoles.
func (w *World) write(c *cloud, i *Instance, l consoleLine) {
	if c.Provider != providers.EC2 || i.real {
		return
	}
	if c.consoles == nil {
		c.consoles = map[string][]consoleLine{}
	}
	lines := c.consoles[i.ID]
	if lines == nil && i.seeded {
		lines = []consoleLine{{at: i.Launched, kind: bootLine}}
	}
	lines = append(lines, l)
	c.consoles[i.ID] = lines[max(len(lines)-maxLines, 0):]
}

// Write adds a line to the console of an instance, as a program on it would. It does nothing for an instance that is
// gone.
func (w *World) Write(cloudName, id, text string) {
	w.lock()
	defer w.unlock()
	c := w.cloud(cloudName)
	if i, ok := c.byID[id]; ok {
		w.write(c, i, consoleLine{at: w.clock.Now(), text: text})
	}
}

// Console returns the last 64 KB that an instance had written to its console until a time, and when it wrote last. It
// is empty before the instance runs, and in a cloud without consoles.
func (w *World) Console(cloudName, id string, until time.Time) (text string, at time.Time, err error) {
	w.lock()
	c := w.cloud(cloudName)
	i, ok := c.byID[id]
	if !ok {
		w.unlock()
		return "", time.Time{}, ErrNoInstance
	}
	inst, lines, takes := copyOf(i), slices.Clone(c.consoles[id]), w.delays.Agent
	if lines == nil && i.seeded && i.State != providers.StatePending {
		lines = []consoleLine{{at: i.Launched, kind: bootLine}}
	}
	w.unlock()
	if inst.real && w.console != nil {
		text, at = w.console(id)
		return lastOf(text, ConsoleKept), at, nil
	}
	var said []string
	if w.consoleText != nil {
		said = w.consoleText(inst)
	}
	var all []consoleLine
	for n, l := range lines {
		if l.kind != bootLine {
			all = append(all, l)
			continue
		}
		whole := bootLines(&inst, l.at, takes, said)
		if end := slices.IndexFunc(lines[n+1:], func(l consoleLine) bool { return l.kind != textLine }); end >= 0 {
			whole = slices.DeleteFunc(whole, func(x consoleLine) bool { return x.at.After(lines[n+1+end].at) })
		}
		all = append(all, whole...)
	}
	slices.SortStableFunc(all, func(a, b consoleLine) int { return a.at.Compare(b.at) })
	var b strings.Builder
	at = inst.Launched
	for _, l := range all {
		if l.at.After(until) {
			break
		}
		if l.kind == haltLine && l.text == "" {
			continue
		}
		at = l.at
		b.WriteString(l.text + "\r\n") // a serial line
	}
	return lastOf(b.String(), ConsoleKept), at, nil
}

func lastOf(s string, n int) string { return s[max(0, len(s)-n):] }

// bootLines returns the lines of a boot from kernel, systemd, cloud-init and the boot script, spread over the time
// until the agent acts.
func bootLines(i *Instance, began time.Time, takes time.Duration, said []string) []consoleLine {
	host := "ip-" + strings.ReplaceAll(i.Private.String(), ".", "-")
	stamp := func(share float64) time.Time { return began.Add(time.Duration(share * float64(takes))) }
	up := func(share float64) float64 { return share * takes.Seconds() }
	var out []consoleLine
	add := func(share float64, format string, args ...any) {
		out = append(out, consoleLine{at: stamp(share), text: fmt.Sprintf(format, args...)})
	}
	kernel := func(share float64, text string) { add(share, "[%12.6f] %s", up(share), text) }
	kernel(0, "Linux version 6.1.0-25-cloud-amd64 (debian-kernel@lists.debian.org) (gcc-12 (Debian 12.2.0-14) 12.2.0)")
	kernel(0.02, "DMI: Amazon EC2 "+i.Type+"/, BIOS 1.0 10/16/2017")
	kernel(0.05, "EXT4-fs (nvme0n1p1): mounted filesystem with ordered data mode. Quota mode: none.")
	kernel(0.1, "systemd[1]: Detected virtualization amazon.")
	kernel(0.12, "systemd[1]: Hostname set to <"+host+">.")
	init := func(share float64, what string) {
		add(share, "[%12.6f] cloud-init[412]: Cloud-init v. 22.4.2 %s at %s. Up %.2f seconds.", up(share), what, stamp(share).UTC().Format(time.RFC1123), up(share))
	}
	init(0.2, "running 'init'")
	init(0.3, "running 'modules:final'")
	for n, line := range said {
		share := 0.35 + 0.45*float64(n)/float64(max(len(said), 2)-1)
		add(share, "%s %s", stamp(share).UTC().Format(consoleTime), line)
	}
	init(0.9, "finished")
	add(0.9, "")
	add(0.9, "Debian GNU/Linux 12 %s ttyS0", host)
	add(0.9, "")
	add(0.9, "%s login: ", host)
	return out
}

// consoleTime is the time format of programs on an instance.
const consoleTime = "2006-01-02T15:04:05Z"

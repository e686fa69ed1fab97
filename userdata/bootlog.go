package userdata

import (
	"regexp"
	"strings"
)

// BootStep is the progress of a boot.
type BootStep string

// The steps of a boot that a console log can show.
const (
	BootSilent     BootStep = ""           // nothing was written yet
	BootBegun      BootStep = "booting"    // something was written; the health check has not passed, or no longer passes
	BootHealthy    BootStep = "healthy"    // the agent reports that the health check has passed
	BootRegistered BootStep = "registered" // the agent reports that the node is in DNS
)

// BootLog is what a node's console log shows of its last boot.
type BootLog struct {
	Step    BootStep
	Message string // the agent's last line; empty if there is none
	// Ended means that cloud-init has finished the boot with its user data, Failed that the user data failed.
	Ended, Failed bool
}

// agentLog matches a line of the node agent on a console that others write to as well.
var agentLog = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ rollcall-node: (.*)`)

// bootBegins matches the start of a boot: the kernel's first line, or systemd's in a container. Earlier lines belong to
// another boot.
var bootBegins = regexp.MustCompile(`^\[ *0\.0{6}\] Linux version |^Welcome to .+!$`)

// What cloud-init writes when it has finished, and when a script of the user data failed.
var (
	initEnded  = regexp.MustCompile(`Cloud-init v\. \S+ finished at `)
	initFailed = regexp.MustCompile(`Failed to run module scripts[-_]user|Running module scripts[-_]user .* failed|Runparts: \d+ failures`)
)

// ReadBootLog parses the console log of a node. Only lines of the node agent count; without an agent it shows no more
// than that the node boots.
func ReadBootLog(console string) BootLog {
	var b BootLog
	for line := range strings.Lines(console) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		if bootBegins.MatchString(line) {
			b = BootLog{}
		}
		if b.Step == BootSilent {
			b.Step = BootBegun
		}
		b.Ended = b.Ended || initEnded.MatchString(line)
		b.Failed = b.Failed || initFailed.MatchString(line)
		if m := agentLog.FindStringSubmatch(line); m != nil {
			b.Message = oneLine(m[1])
			b.Step = agentStep(b.Step, b.Message)
		}
	}
	return b
}

// agentStep returns the step after a line of the agent. Reports of failed calls do not change it, because the node is
// as healthy as before.
func agentStep(was BootStep, says string) BootStep {
	for _, x := range []struct {
		begins string
		step   BootStep
	}{
		{"waiting for the health check:", BootBegun},
		{"healthy:", BootHealthy},
		{"unhealthy:", BootBegun},
		{"registered ", BootRegistered},
		{"already registered ", BootRegistered},
		{"quiesced by an operator:", BootHealthy},
		{"deregistered ", BootBegun},
		{"nothing of this node is in DNS", BootBegun},
	} {
		if strings.HasPrefix(says, x.begins) {
			return x.step
		}
	}
	return was
}

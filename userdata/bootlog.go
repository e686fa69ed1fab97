package userdata

import (
	"regexp"
	"strings"
)

// BootStep says how far a boot has come.
type BootStep string

// The steps of a boot, as far as a console log can tell them.
const (
	BootSilent     BootStep = ""           // nothing was written yet
	BootBegun      BootStep = "booting"    // something was; the health check has not passed, or passes no more
	BootHealthy    BootStep = "healthy"    // the agent says that the health check has passed
	BootRegistered BootStep = "registered" // the agent says that the node is in DNS
)

// BootLog is what a node's console log reports its last boot.
type BootLog struct {
	Step BootStep
	Says string // what the agent wrote last; empty when it wrote nothing
	// Ended says that cloud-init is through with the boot, its user data included; Failed that the user data failed there.
	Ended, Failed bool
}

// agentLog is a line of the node agent, wherever it stands on a console that
// others write to as well.
var agentLog = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ rollcall-node: (.*)`)

// A kernel that starts, or a systemd where the kernel is another's, begins a
// boot: what was written before says nothing of it.
var bootBegins = regexp.MustCompile(`^\[ *0\.0{6}\] Linux version |^Welcome to .+!$`)

// What cloud-init writes to the console when it is through, and when a script of the user data failed.
var (
	initEnded  = regexp.MustCompile(`Cloud-init v\. \S+ finished at `)
	initFailed = regexp.MustCompile(`Failed to run module scripts[-_]user|Running module scripts[-_]user .* failed|Runparts: \d+ failures`)
)

// ReadBootLog reads the console log of a node. It believes the node agent and
// no one else; of a node without one it shows no more than that it boots.
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
			b.Says = oneLine(m[1])
			b.Step = agentStep(b.Step, b.Says)
		}
	}
	return b
}

// agentStep is the step after a line of the agent. What it reports calls that
// fail changes nothing: the node is as healthy as before.
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

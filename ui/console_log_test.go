package ui_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"rollcall/ui"
)

// onInstance puts the cursor on an instance by its name, and returns its id.
func (r *rig) onInstance(name string) string {
	r.t.Helper()
	r.press("/")
	r.typeText("name:" + name)
	r.press("enter")
	r.until("Instances 1/")
	for _, c := range r.f.Snapshot().Clouds {
		for _, i := range c.Instances {
			if i.Name == name {
				return i.ID
			}
		}
	}
	r.t.Fatalf("there is no instance %s", name)
	return ""
}

// openLog opens the console log of the instance under the cursor by the palette.
func (r *rig) openLog() {
	r.press(":")
	r.typeText("console log")
	r.press("enter")
}

func (f *fake) write(id, text string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.logs == nil {
		f.logs = map[string]string{}
	}
	f.logs[id] += text
}

func TestAConsoleLogIsReadAgainWhileItIsOpenAndShowsItsEnd(t *testing.T) {
	r := newRig(t, 100, 24).ready()
	id := r.onInstance("use1-build-07")
	for n := range 60 {
		r.f.write(id, fmt.Sprintf("[   %d.000000] line %d\r\n", n, n))
	}
	r.openLog()
	r.until("Console log of use1-build-07 in aws-use1", "line 59", "60 lines, read")
	r.hasNot("line 10")
	r.f.write(id, "2026-11-22T03:00:00Z rollcall-node: \x1b[31mhealthy: 2 of 3 health checks passed\r\n")
	r.clock.Advance(6 * time.Second)
	r.until("rollcall-node: [31mhealthy: 2 of 3", "61 lines")
	r.press("g")
	r.has("line 0 ", "the end is not followed")
	r.f.write(id, "one more\n")
	r.clock.Advance(6 * time.Second)
	r.until("62 lines")
	r.has("line 0 ")
	r.hasNot("one more")
	r.press("G")
	r.has("one more")
	r.press("esc")
	r.hasNot("Console log of")
}

func TestACloudWithoutAConsoleLogSaysWhatToDoInstead(t *testing.T) {
	r := newRig(t, 80, 24).ready()
	r.onInstance("east-www-01")
	r.openLog()
	r.until("joyent-east has no console log: Triton's CloudAPI has no console log.", "Look on the node itself", "ssh 54.1.60.1", "tail -f /var/log/rollcall-node.log")
	r.hasNot("read again")
}

func TestAConsoleLogThatCannotBeReadKeepsWhatWasReadBefore(t *testing.T) {
	r := newRig(t, 100, 24).ready()
	id := r.onInstance("use1-build-07")
	r.openLog()
	r.until("nothing was written yet")
	r.f.write(id, "Linux version 6.1\n")
	r.press("r")
	r.until("Linux version 6.1")
	r.f.mu.Lock()
	r.f.logErr = errors.New("aws-use1: throttled\x1b[2J")
	r.f.mu.Unlock()
	r.press("r")
	r.until("aws-use1: throttled[2J", "Linux version 6.1")
}

func TestALateConsoleLogIsNotShownInAnotherDialog(t *testing.T) {
	r := newRig(t, 100, 24).ready()
	id := r.onInstance("use1-build-07")
	r.f.write(id, "the log of a dialog that is closed\n")
	r.hold("logMsg")
	r.openLog()
	r.untilTrue("the answer is there", func() bool { return len(r.kept) == 1 })
	r.press("esc")
	r.f.mu.Lock()
	r.f.logs[id] = "another\n"
	r.f.mu.Unlock()
	r.openLog()
	r.late()
	r.until("another")
	r.hasNot("is closed")
}

func TestTheDetailOfAnInstanceLeadsToItsConsoleLog(t *testing.T) {
	r := newRig(t, 100, 30).ready()
	r.f.write(r.onInstance("use1-build-07"), "Linux version 6.1\n")
	r.press("enter")
	r.has("l console log")
	r.press("l")
	r.until("Console log of use1-build-07", "Linux version 6.1")
}

func TestTheConsoleLogOfANodeIsOpenedFromItsLaunch(t *testing.T) {
	r := newRig(t, 140, 40, func(_ *ui.Options, f *fake) { f.hold = make(chan struct{}) }).ready()
	r.f.write("i-new-1", "Linux version of the second\n")
	r.press("L")
	r.until("t3.micro", "of 16384 bytes")
	r.press("down", "right") // aws-use1: two
	r.until("launch 2 nodes")
	r.toButton()
	r.press("enter", "enter")
	r.until("www-0a1b-1", "pending", "enter console log")
	r.read()
	r.press("down", "enter")
	r.has("this node is no instance yet")
	close(r.f.hold)
	r.until("2 of 2 registered")
	if l := r.line("www-0a1b-2"); !strings.Contains(l, "▌") {
		t.Errorf("the cursor is not on the second node: %q", l)
	}
	r.press("enter")
	r.until("Console log of www-0a1b-2 in aws-use1", "Linux version of the second")
	r.press("esc")
	r.has("2 of 2 registered")
	r.press("esc")
	r.hasNot("2 of 2 registered")
}

func TestTheStageOfANodeIsSeenOnATinyScreen(t *testing.T) {
	r := newRig(t, 40, 10, func(_ *ui.Options, f *fake) { f.hold = make(chan struct{}) })
	r.until("Instances 30")
	r.press("L")
	r.until("aws-use1")
	r.toButton()
	r.until("launch 1 node")
	r.press("enter", "enter")
	r.until("www-0a1b-1", "pending")
	r.read()
	close(r.f.hold)
	r.until("registered", "1 of 1 registered")
}

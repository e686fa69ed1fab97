package ui_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"rollcall/ui"
	"rollcall/userdata"
)

// formWith opens the launch form with what lint says of aws-use1, checked.
func formWith(t *testing.T, w, h int, found ...userdata.LintFinding) *rig {
	t.Helper()
	r := newRig(t, w, h, func(_ *ui.Options, f *fake) { f.lints = map[string][]userdata.LintFinding{"aws-use1": found} }).ready()
	r.press("L")
	r.until("t3.micro")
	return r
}

func (f *fake) launched() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.launches)
}

func TestWhatLintSaysStandsAboveTheBootScriptWithWhoSaysIt(t *testing.T) {
	r := formWith(t, 140, 44,
		userdata.LintFinding{File: "nginx.sh", Line: 12, Level: userdata.LevelWarning, Tool: "shellcheck", Text: "Double quote to prevent globbing\x1b[2J. (SC2086)"},
		userdata.LintFinding{Level: userdata.LevelWarning, Tool: "cloud-init", Text: "cloud-init is not installed: nobody has checked", Missing: true})
	r.until("▲ Double quote to prevent globbing[2J. (SC2086)", "(shellcheck,", "nginx.sh:12)", "cloud-init is not installed: nobody has checked")
	r.hasNot("▲ cloud-init")
	r.toButton()
	r.has("launch 1 node", "▲ 1 warning  beside the boot script")
	r.press("enter", "enter")
	r.until("1 of 1 registered")
}

func TestAnErrorOfLintKeepsTheLaunchFromStarting(t *testing.T) {
	r := formWith(t, 80, 24, userdata.LintFinding{File: "nginx.sh", Line: 3, Level: userdata.LevelError, Tool: "rollcall", Text: "a password seems to stand here; user data is no place for secrets"})
	r.toButton()
	r.until("aws-use1: a password seems to stand here", "✖ 1 error")
	r.press("enter", "enter", "y")
	if r.f.launched() != 0 {
		t.Error("it launched")
	}
	r.press("ctrl+p")
	r.has("✖ a password seems to stand here; user data is no place for secrets", "(rollcall, nginx.sh:3)")
}

func TestASecretInTheScriptIsTakenOnByAKeyOfItsOwn(t *testing.T) {
	r := formWith(t, 140, 44, userdata.LintFinding{Level: userdata.LevelWarning, Tool: "rollcall", Text: "the token stands in the script", Asks: true})
	r.toButton()
	r.until("launch 1 node")
	r.press("y")
	r.hasNot("all the same")
	r.press("enter", "enter", "enter")
	r.has("y launches 1 node all the same")
	if r.f.launched() != 0 {
		t.Fatal("it launched without a word")
	}
	r.press("y")
	r.until("1 of 1 registered")
}

func TestNothingStartsBeforeTheLatestTextIsChecked(t *testing.T) {
	r := formWith(t, 140, 44)
	r.until("lint has nothing against it")
	r.hold("lintedMsg")
	r.press("ctrl+o")
	r.toButton()
	r.press("up", "up", "8") // the port
	r.untilTrue("the check is there", func() bool { return len(r.kept) == 1 })
	r.toButton()
	r.has("the boot script is being checked")
	r.press("enter", "enter")
	if r.f.launched() != 0 {
		t.Fatal("it launched")
	}
	r.press("up", "up", "0")
	r.until("PORT=8080")
	r.late() // it is about port 808
	r.toButton()
	r.until("launch 1 node")
	r.f.mu.Lock()
	defer r.f.mu.Unlock()
	if last := r.f.linted[len(r.f.linted)-1]; last != "aws-use1 8080" {
		t.Errorf("linted last: %q", last)
	}
}

func TestWhoTypesIsCheckedOnceAtTheEnd(t *testing.T) {
	r := formWith(t, 140, 44)
	r.until("lint has nothing against it")
	r.press("ctrl+o")
	r.toButton()
	r.press("up", "up", "backspace", "backspace")
	r.typeText("8080")
	r.until("PORT=8080", "lint has nothing against it")
	r.f.mu.Lock()
	defer r.f.mu.Unlock()
	if !slices.Equal(r.f.linted, []string{"aws-use1 80", "aws-use1 8080"}) {
		t.Errorf("linted %q", r.f.linted)
	}
}

func TestACheckThatFailsIsSaidAndNothingStarts(t *testing.T) {
	r := newRig(t, 140, 44, func(_ *ui.Options, f *fake) { f.lintErr = errors.New("there is no template nginx") }).ready()
	r.press("L")
	r.until("t3.micro")
	r.toButton()
	r.until("there is no template nginx")
	r.press("enter", "enter")
	if r.f.launched() != 0 {
		t.Error("it launched")
	}
}

func TestAProfileIsCreatedFirstAndWhatThatIsIsSaidBefore(t *testing.T) {
	r := newRig(t, 80, 24, func(_ *ui.Options, f *fake) {
		f.missing = []string{"the role www-nodes", "the policy rollcall-node of it"}
	}).ready()
	r.press("L")
	r.until("t3.micro")
	r.press("ctrl+o")
	r.toButton()
	r.until("launch 1 node")
	r.press("up", "up", "up", "up", "right") // create it: yes
	r.toButton()
	r.has("name the profile that is to be created")
	r.press("up", "up", "up", "up", "up")
	r.send(tea.PasteMsg{Content: "www-nodes\x1b\n"})
	r.press("backspace") // what was a line break
	r.toButton()
	r.until("in AWS account 123456789012 this is created first:", "the role www-nodes", "the policy rollcall-node of it")
	r.press("enter")
	r.has("enter again creates www-nodes and launches 1 node")
	if len(r.f.made) != 0 {
		t.Fatal("it was created on the first enter")
	}
	r.read()
	r.press("enter")
	r.until("1 of 1 registered")
	if !slices.Equal(r.f.made, []string{"www-nodes"}) || r.f.launches[0].Nodes[0].Profile != "www-nodes" {
		t.Errorf("created %v, launched %+v", r.f.made, r.f.launches[0].Nodes)
	}
}

func TestAProfileThatCannotBeCreatedStartsNothing(t *testing.T) {
	r := newRig(t, 100, 40, func(_ *ui.Options, f *fake) {
		f.missing, f.makeErr = []string{"the role www-nodes"}, errors.New("IAM answers AccessDenied")
	}).ready()
	r.press("L")
	r.until("t3.micro")
	r.press("ctrl+o")
	r.toButton()
	r.press("up", "up", "up", "up", "right", "up")
	r.typeText("taken")
	r.toButton()
	r.until("the role taken is not rollcall's own")
	r.press("enter", "enter", "up", "up", "up", "up", "up")
	for range "taken" {
		r.press("backspace")
	}
	r.typeText("www-nodes")
	r.toButton()
	r.until("launch 1 node")
	r.press("enter", "enter")
	r.until("IAM answers AccessDenied", "nothing was started")
	if r.f.launched() != 0 {
		t.Error("it launched")
	}
}

func TestAnOperatorsTemplateAppearsWithTypesDefaultsHelpAndItsSecretUnseen(t *testing.T) {
	r := newRig(t, 140, 44).ready()
	r.press("L")
	r.until("t3.micro")
	r.press("down", "down", "down", "down", "down", "down", "down", "right")
	r.until("‹ own ›", "use \"$key\" \"$hosts\"", "a template of an operator")
	r.press("ctrl+o")
	r.toButton()
	r.press("up")
	r.has("a help that is so long that one line", "when it is too small (int; default 3)")
	r.press("backspace", "0")
	r.until(`"0" does not match [1-9]`)
	if l := r.line("hosts  "); !strings.Contains(l, "0") {
		t.Errorf("the line of the field: %q", l)
	}
	r.press("backspace", "7")
	r.until("hosts='7'")
	r.press("up", "right")
	r.has("IPv6 too (bool; default false)", "yes")
	r.press("up")
	r.has("a key that nobody is to see (string; secret, so that")
	r.typeText("S3CRET")
	r.until("key='********'")
	r.hasNot("S3CRET")
	r.toButton()
	r.until("launch 1 node")
	r.hasNot("S3CRET")
	r.press("enter", "enter")
	r.until("1 of 1 registered")
	r.hasNot("S3CRET")
	if !strings.Contains(string(r.f.launches[0].Nodes[0].UserData), "key='S3CRET'") {
		t.Error("the node is not given what was typed")
	}
}

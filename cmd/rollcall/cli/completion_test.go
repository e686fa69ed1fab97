package cli

import (
	"slices"
	"strings"
	"testing"
)

// completed returns what completes the last of these words, without the descriptions.
func completed(t *testing.T, words ...string) []string {
	t.Helper()
	var out []string
	for line := range strings.Lines(must(t, append([]string{"__complete"}, words...)...)) {
		if value, _, _ := strings.Cut(strings.TrimSpace(line), "\t"); value != "" && !strings.HasPrefix(value, ":") {
			out = append(out, value)
		}
	}
	return out
}

func TestEveryWordIsCompletedFromTheConfigAndTheRowsOfTheLastRun(t *testing.T) {
	newWorld(t)
	must(t, "ls", "instances") // which leaves its rows
	for line, want := range map[string]string{
		"terminate www-0": "www-01", "deregister www.scalability.expert/A/165.225.128.": "www.scalability.expert/A/165.225.128.1", "quiesce svc-v1-0": "svc-v1-01",
		"evacuate joyent-a": "joyent-ams", "launch --cloud aws-use1=2,joyent-e": "aws-use1=2,joyent-east", "launch --service www": "www.scalability.expert",
		"launch --template nginx-roundrobin-": "nginx-roundrobin-cloudconfig", "userdata render ba": "bare", "zone export uni": "unilans.net",
		"ls instances --sort st": "state", "ls instances --columns name,st": "name,state", "ls instances -o wi": "wide", "sim fault joyent-ams thr": "throttle", "sim fault sca": "scalability.expert",
		"remedy dang": "dangling", "watch --severity cri": "critical", "service retire v2": "v2._theservice._tcp.unilans.net", "timeline svc-v1-01": "svc-v1-01",
	} {
		if got := completed(t, strings.Fields(line)...); !slices.Contains(got, want) {
			t.Errorf("%s: %q, want %s", line, got, want)
		}
	}
	for _, line := range []string{"launch --name", "ls instances --filter", "drift --filter", "snooze --reason", "evacuate --for"} {
		out := must(t, append(append([]string{"__complete"}, strings.Fields(line)...), "")...)
		if !strings.Contains(out, ":4\n") { // no file names
			t.Errorf("%s is completed with file names: %q", line, out)
		}
	}
	if out := must(t, "__complete", "zone", "diff", "unilans.net", ""); !strings.Contains(out, ":0\n") {
		t.Errorf("a file is not completed with file names: %q", out)
	}
	if got := completed(t, "terminate", "www-01", "www-0"); slices.Contains(got, "www-01") {
		t.Error("what was given is offered again")
	}
}

func TestCompletionInLiveShells(t *testing.T) {
	for shell, start := range map[string]string{
		"bash": "PS1='ready> ' bash --norc -i", "zsh": "PS1='ready> ' zsh -f -i", "fish": "fish --no-config -i -C 'function fish_prompt; echo \"ready> \"; end'",
	} {
		t.Run(shell, func(t *testing.T) {
			need(t, shell)
			_, env := apart(t)
			x := newTerminal(t, env, start)
			x.see("ready>") // what is typed before is lost
			switch shell {
			case "bash":
				x.text(". /usr/share/bash-completion/bash_completion; . <(rollcall completion bash); echo loaded")
			case "zsh":
				x.text("autoload -Uz compinit; compinit -D; . <(rollcall completion zsh); echo loaded")
			case "fish":
				x.text("rollcall completion fish | source; echo loaded")
			}
			x.keys("Enter")
			x.see("\nloaded")
			x.text("rollcall --demo terminate i-0301")
			x.keys("Tab")
			x.see("terminate i-0301b457905978657")
			x.keys("C-u")
			x.text("rollcall --demo evacuate joyent-a")
			x.keys("Tab")
			x.see("evacuate joyent-ams")
			if shell == "bash" { // the others insert what several words have in common one by one
				x.keys("C-u")
				x.text("rollcall --demo deregister v1._theservice._tcp.unilans.net/SR")
				x.keys("Tab")
				x.see(`SRV/10\ 10\ 4218\ svc-v1-`)
				x.text("91")
				x.keys("Tab")
				x.see(`SRV/10\ 10\ 4218\ svc-v1-91.unilans.net`)
			}
		})
	}
}

package ui_test

import (
	"strings"
	"testing"
	"time"

	"rollcall/providers"
	"rollcall/ui"
	"rollcall/ui/common"
)

// question lets a source ask for an MFA code. What is answered comes from the channel.
func (r *rig) question(note string) <-chan string {
	answers := make(chan string, 8)
	r.f.asks <- common.Question{
		Question: providers.Question{Text: "MFA code of arn:aws:iam::123456789012:mfa/ops for profile prod", Note: note},
		Answer:   func(text string) { answers <- text },
	}
	return answers
}

func TestASourceAsksForACodeInTheConsole(t *testing.T) {
	for _, size := range [][2]int{{40, 10}, {80, 24}, {120, 40}, {200, 60}} {
		r := newRig(t, size[0], size[1], func(o *ui.Options, _ *fake) { o.Theme.NoColor = true })
		answers := r.question("that code was not accepted")
		r.until("A source asks", "MFA code of", "profile prod", "that code was not accepted", "answer", "esc leave it")
		r.press("9", "enter", "esc")
		r.has("A source asks") // it opened by itself
		r.clock.Advance(time.Second)
		r.press("enter")
		r.until("type it, or leave it")
		r.press("1", "2", "3", "4", "5", "6", "enter")
		if got := <-answers; got != "123456" {
			t.Errorf("answered %q", got)
		}
		r.untilTrue("the dialog is closed", func() bool { return !strings.Contains(r.screen(), "A source asks") })
	}
}

func TestAQuestionWaitsForOtherDialogsAndMayBeLeft(t *testing.T) {
	r := newRig(t, 120, 40)
	r.press("?")
	answers := r.question("")
	others := r.question("")
	r.hasNot("A source asks")
	r.press("esc")
	r.until("A source asks")
	r.clock.Advance(time.Second)
	r.press("esc")
	if got := <-answers; got != "" {
		t.Errorf("answered %q", got)
	}
	r.until("A source asks")
	r.clock.Advance(time.Second)
	r.press("7", "enter")
	if got := <-others; got != "7" {
		t.Errorf("the second question was answered %q", got)
	}
}

package ui_test

import (
	"context"
	"errors"
	"maps"
	"os/exec"
	"slices"
	"time"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/ui/common"
)

// annotate replaces the annotations by copies with a change.
func (f *fake) annotate(change func(a *index.Annotations)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	next := &index.Annotations{Snoozes: map[string]index.Snooze{}, Notes: map[string]index.Note{}}
	if f.annotations != nil {
		maps.Copy(next.Snoozes, f.annotations.Snoozes)
		maps.Copy(next.Notes, f.annotations.Notes)
	}
	change(next)
	f.annotations = next
}

func (f *fake) Snooze(found []*dnsview.Finding, d time.Duration, reason string) error {
	if reason == "" {
		return errors.New("a snooze needs a reason")
	}
	f.annotate(func(a *index.Annotations) {
		for _, x := range found {
			a.Snoozes[x.Key()] = index.Snooze{Until: epoch().Add(d), Reason: reason, Who: "me@here", At: epoch(), Evidence: x.SnoozeEvidence()}
		}
	})
	return nil
}

func (f *fake) Unsnooze(found []*dnsview.Finding) error {
	f.annotate(func(a *index.Annotations) {
		for _, x := range found {
			delete(a.Snoozes, x.Key())
		}
	})
	return nil
}

func (f *fake) Note(subject, text string) error {
	f.annotate(func(a *index.Annotations) { a.Notes[subject] = index.Note{Text: text, Who: "me@here", At: epoch()} })
	return nil
}

func (f *fake) Page(i *providers.Instance, zone string) (string, error) {
	switch {
	case i != nil && i.Provider == providers.EC2:
		return "https://console.example/" + i.ID, nil
	case i != nil:
		return "", errors.New("no page is known in a web console of Triton")
	}
	return "https://console.example/zone/" + zone, nil
}

func (f *fake) Program(args []string) *exec.Cmd {
	if f.looksUp != nil {
		<-f.looksUp
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.programs = append(f.programs, args)
	return exec.Command("true")
}

func (f *fake) OpenPage(address string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.opened = append(f.opened, address)
	return nil
}

func (f *fake) History() (map[common.Prompt]common.History, error) { return f.typedBefore, nil }

func (f *fake) Remember(at common.Prompt, line string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.remembered = append(f.remembered, string(at)+": "+line)
	return nil
}

func (f *fake) LastHour() ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.lastHour, nil
}

func (f *fake) KeepLastHour(text []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lastHour = text
	return nil
}

func (f *fake) Condition(_ context.Context, i providers.InstanceRef) (providers.Condition, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.conditions++
	return f.condition[i.ID], f.conditionErr
}

func (f *fake) ConsoleLog(_ context.Context, i providers.InstanceRef) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if i.Cloud == "joyent-ams" || i.Cloud == "joyent-east" {
		return "", providers.Errorf(providers.KindInvalid, "read console log", "Triton's CloudAPI has no console log")
	}
	return f.logs[i.ID], f.logErr
}

func (f *fake) SourceAPI(name string) common.SourceAPI {
	return common.SourceAPI{Endpoint: "https://api.example/" + name, Account: name, Budget: "40 calls can be sent at once; 7 calls since the start"}
}

func (f *fake) Calls() []rows.Call { return f.calls }

func (f *fake) Timeline(_ context.Context, name string) ([]rows.Event, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(f.events), func(e rows.Event) bool { return !e.About(name) }), f.eventsErr
}

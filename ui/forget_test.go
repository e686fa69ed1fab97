package ui_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"rollcall/providers"
	"rollcall/ui"
	"rollcall/ui/common"
)

// departed is a rig with a cloud that left the config, on the sources.
func departed(t *testing.T, change ...func(*ui.Options, *fake)) *rig {
	t.Helper()
	change = append(change, func(_ *ui.Options, f *fake) {
		v := f.snap.Clouds[0]
		v.Cloud.Name, v.Cloud.Key, v.Unconfigured = "joyent-gone", "0123456789", true
		v.Coverage = providers.Failed(epoch(), epoch(), errors.New("it is no longer in the config"))
		f.snap.Clouds = append(f.snap.Clouds, v)
	})
	r := newRig(t, 140, 40, change...)
	r.until("joyent-gone ▲")
	r.press(common.DefaultKeys()[common.ActSources].Keys()[0])
	r.until("Sources 7")
	for range 4 {
		r.press("down")
	}
	r.has("it is no longer in the config")
	if strings.Contains(r.screen(), "d forget") == r.m.ReadOnly {
		t.Errorf("the key is offered where it does nothing, or not where it works:\n%s", r.screen())
	}
	return r
}

func TestACloudThatLeftTheConfigIsForgottenFromTheSourcesOnceItsNameIsTyped(t *testing.T) {
	for _, way := range []string{"key", "palette"} {
		r := departed(t)
		if way == "key" {
			r.press("d")
		} else {
			r.press(":")
			r.typeText("forget cloud")
			r.press("enter")
		}
		r.has("Forget joyent-gone", "type joyent-gone", "rollcall config forget joyent-gone --undo")
		r.typeText("joyent")
		r.press("enter")
		r.has("type joyent-gone")
		r.f.forgetErr = errors.New("no space left on device")
		r.typeText("-gone")
		r.press("enter")
		r.until("no space left on device")
		r.f.mu.Lock()
		r.f.forgetErr = nil
		r.f.mu.Unlock()
		r.press("enter")
		r.until("joyent-gone is forgotten; rollcall config forget joyent-gone --undo takes it back")
		r.hasNot("type joyent-gone")
		if !slices.Equal(r.f.forgotten, []providers.CloudKey{"0123456789"}) {
			t.Errorf("%s: %v", way, r.f.forgotten)
		}
	}
}

func TestOnlyACloudThatLeftTheConfigIsForgotten(t *testing.T) {
	r := departed(t, func(o *ui.Options, _ *fake) { o.ReadOnly = true })
	r.press("d")
	r.has("read-only")
	r.hasNot("type joyent-gone")
	r = departed(t)
	r.press("d", "esc")
	r.hasNot("type joyent-gone")
	r.press("up", "d")
	r.has("there is no record here to deregister")
	r.press("esc", "esc", ":")
	r.typeText("forget cloud")
	r.press("enter")
	r.has("there is no cloud here that left the config")
	if len(r.f.forgotten) > 0 {
		t.Error(r.f.forgotten)
	}
}

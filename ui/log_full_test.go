package ui_test

import (
	"errors"
	"testing"

	"rollcall/providers"
	"rollcall/ui"
)

func TestALogFileThatCannotBeWrittenIsSaidOnce(t *testing.T) {
	r := newRig(t, 140, 40, func(_ *ui.Options, f *fake) { f.logFull = errors.New("--log-file: no space left on device") })
	r.until("--log-file: no space left on device", "Instances 30")
	r.press("j", "p")
	r.hasNot("no space left")
	r.f.publish(func(s *providers.Snapshot) { s.Clouds[0].Instances = s.Clouds[0].Instances[1:] })
	r.until("Instances 29")
	r.hasNot("no space left")
}

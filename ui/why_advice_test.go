package ui_test

import "testing"

func TestWhySaysWhatIsToBeDone(t *testing.T) {
	r := newRig(t, 140, 60).ready()
	r.onDead()
	r.press("w")
	r.until("advice", "rollcall remedy ")
}

package providers

import (
	"slices"
	"testing"
)

func TestAnEnvironmentOfItsOwnIsNeitherReadFromTheProcessNorWrittenToIt(t *testing.T) {
	t.Setenv("ROLLCALL_TEST", "of the process")
	var process Environment
	if got := process.Getenv("ROLLCALL_TEST"); got != "of the process" || !process.OfProcess() {
		t.Errorf("the zero value reads %q", got)
	}
	more := process.With("ROLLCALL_TEST=another", "HOME=/nowhere", "HOME=/home/x")
	home, err := more.Home()
	if got := more.Getenv("ROLLCALL_TEST"); got != "another" || home != "/home/x" || err != nil || more.OfProcess() {
		t.Errorf("ROLLCALL_TEST=%q HOME=%q, %v", got, home, err)
	}
	if got := process.Getenv("ROLLCALL_TEST"); got != "of the process" {
		t.Errorf("the process has %q", got)
	}
	less := more.Without("ROLLCALL_TEST", "HOME")
	if _, err := less.Home(); less.Getenv("ROLLCALL_TEST") != "" || err == nil || slices.Contains(less.List(), "HOME=/home/x") {
		t.Errorf("left: %q", less.List())
	}
	if none := EnvironmentOf(); none.OfProcess() || none.Getenv("ROLLCALL_TEST") != "" || len(none.List()) != 0 {
		t.Errorf("without variables: %q", none.List())
	}
}

package cli

import (
	"strings"
	"testing"

	"rollcall/cmd/rollcall/exit"
	"rollcall/providers/sim/world"
)

func TestALaunchThatOneCloudWouldRefuseStartsNothingInAnyAndADryRunSaysSo(t *testing.T) {
	newWorld(t)
	before := len(objects(t, "ls", "instances", "--all", "-o", "json"))
	for _, x := range []struct{ flag, value, want string }{
		{"--image", "aws-use1=ami-00000000", "aws-use1: the launch would be refused: The image id '[ami-00000000]' does not exist; choose an image of this region"},
		{"--key-pair", "aws-use1=none", "choose a key pair"},
		{"--size", "joyent-east=nope", "joyent-east: it has no package nope for this account"},
	} {
		args := []string{"launch", "--cloud", "aws-use1,joyent-east", "--service", theWWW, x.flag, x.value}
		r := rollcall(t, append(args, "--dry-run")...)
		if r.code != exit.Failed || strings.Count(r.err, x.want) != 1 {
			t.Errorf("%s, dry run: exit code %d: %s", x.value, r.code, r.err)
		}
		if l := decode[launchRow](t, rollcall(t, append(args, "--dry-run", "-o", "json")...).out); l.OK || len(l.Refused) != 1 || !strings.Contains(l.Refused[0], x.want) || len(l.Unchecked) != 1 {
			t.Errorf("%s: %+v", x.value, l)
		}
		if r := rollcall(t, append(args, "--yes")...); r.code != exit.Failed || r.out != "" || !strings.Contains(r.err, x.want) || !strings.Contains(r.err, "nothing was launched") {
			t.Errorf("%s: exit code %d: %s%s", x.value, r.code, r.out, r.err)
		}
	}
	if after := len(objects(t, "ls", "instances", "--all", "-o", "json")); after != before {
		t.Errorf("%d instances before, %d after", before, after)
	}
}

func TestADryRunOfALaunchThatACloudDoesNotAnswerEndsUnknown(t *testing.T) {
	s := newWorld(t)
	args := []string{"launch", "--cloud", "joyent-ams", "--service", theWWW, "--image", "8f3b1c2d-0000-4000-8000-000000000000", "--size", "g4-highcpu-1G", "--dry-run"}
	if err := s.World().SetFault("joyent-ams", world.AuthError); err != nil {
		t.Fatal(err)
	}
	if r := rollcall(t, args...); r.code != exit.Unknown || !strings.Contains(r.err, "joyent-ams: whether it would launch is not known") {
		t.Errorf("exit code %d: %s", r.code, r.err)
	}
}

func TestAReplacementWhoseLaunchTheCloudWouldRefuseLeavesTheOldNode(t *testing.T) {
	s := newWorld(t)
	name := wwwIn(t, "aws-use1")[0]
	records, before := allRecords(s), len(objects(t, "ls", "instances", "--all", "-o", "json"))
	for _, how := range []string{"--dry-run", "--yes"} {
		r := rollcall(t, "replace", name, "--template", nginx, "--image", "aws-use1=ami-00000000", how)
		if r.code != exit.Failed || !strings.Contains(r.out, "guard power") || !strings.Contains(r.out, "The image id '[ami-00000000]' does not exist; choose an image of this region") {
			t.Errorf("%s: exit code %d: %s%s", how, r.code, r.out, r.err)
		}
	}
	if after := len(objects(t, "ls", "instances", "--all", "-o", "json")); after != before || strings.Join(allRecords(s), "\n") != strings.Join(records, "\n") {
		t.Errorf("%d instances before, %d after, or DNS changed", before, after)
	}
}

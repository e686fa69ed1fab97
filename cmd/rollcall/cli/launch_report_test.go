package cli

import (
	"bytes"
	"strings"
	"testing"

	"rollcall/cmd/rollcall/exit"
	"rollcall/providers/sim/world"
	"rollcall/userdata"
)

func TestALaunchThatDoesNotWaitSaysNothingOfHavingBeenLeft(t *testing.T) {
	newWorld(t)
	for range 3 {
		r := rollcall(t, "launch", "--cloud", "aws-use1=3,joyent-east=2", "--service", "www.scalability.expert", "--yes", "-o", "json")
		if r.code != exit.Done {
			t.Fatalf("exit code %d", r.code)
		}
		for _, word := range []string{"context", "unreachable", "stopped", "followed", "carries on"} {
			if strings.Contains(r.err, word) || strings.Contains(r.out, word) {
				t.Errorf("%q is said", word)
			}
		}
		row := decode[launchRow](t, r.out)
		if !row.OK || len(row.Nodes) != 5 {
			t.Fatalf("%+v", row)
		}
		for _, n := range row.Nodes {
			if n.ID == "" || n.Stage != "pending" || n.Message != "" {
				t.Errorf("%+v", n)
			}
		}
	}
}

func TestWhyANodeEndedIsToldInTheCloudsOwnWordsEverywhere(t *testing.T) {
	s := newWorld(t)
	for cloud, want := range map[string]string{
		"aws-use1":    "Server.InsufficientInstanceCapacity: There was insufficient capacity available to satisfy the launch request.",
		"joyent-east": "server: NoAllocatableServers: No compute resources available",
	} {
		if err := s.World().SetFault(cloud, world.NoCapacity); err != nil {
			t.Fatal(err)
		}
		r := rollcall(t, "launch", "--cloud", cloud, "--service", "www.scalability.expert", "--yes", "--wait", "-o", "json")
		row := decode[launchRow](t, r.out)
		if r.code != exit.Failed || len(row.Nodes) != 1 || row.Nodes[0].Reason != want || !strings.Contains(row.Nodes[0].Message, want) || !strings.Contains(r.err, want) {
			t.Fatalf("exit code %d: %+v", r.code, row)
		}
		if strings.Contains(r.err, "carries on") {
			t.Errorf("a node that has ended is said to be carried on with: %s", r.err)
		}
		found := false
		for _, o := range objects(t, "ls", "instances", "--all", "-o", "json") {
			found = found || o["id"] == row.Nodes[0].ID && o["reason"] == want
		}
		if wide := must(t, "ls", "instances", "--all", "-o", "wide"); cloud == "aws-use1" && (!found || !strings.Contains(wide, want) || !strings.Contains(wide, "REASON")) {
			t.Errorf("%s: ls does not show the reason", cloud)
		}
	}
}

func TestALaunchByConsoleSaysThatItsNodesWereNotChecked(t *testing.T) {
	newWorld(t)
	r := rollcall(t, "launch", "--cloud", "aws-use1,joyent-east", "--service", "www.scalability.expert", "--set", "register=console", "--wait", "--yes")
	if r.code != exit.Done || strings.Count(r.out, "it was not checked from here") != 2 || !strings.Contains(r.out, "its console log says that its boot script is through") || !strings.Contains(r.out, "its cloud has no console log") {
		t.Errorf("exit code %d: %s%s", r.code, r.out, r.err)
	}
}

func TestWhatAnInstanceBootedWithIsShownUnpackedByEitherCloud(t *testing.T) {
	s := newWorld(t)
	r := rollcall(t, "launch", "--cloud", "aws-use1,joyent-east", "--service", "www.scalability.expert", "--set", "register=agent", "--yes", "-o", "json")
	row := decode[launchRow](t, r.out)
	if r.code != exit.Done || len(row.Nodes) != 2 {
		t.Fatalf("exit code %d: %s", r.code, r.err)
	}
	for _, n := range row.Nodes {
		i, err := s.World().Instance(n.Cloud, n.ID)
		if err != nil {
			t.Fatal(err)
		}
		if packed := bytes.HasPrefix(i.UserData, []byte{0x1f, 0x8b}); packed != (n.Cloud == "aws-use1") {
			t.Errorf("%s: it was sent as gzip: %v", n.Cloud, packed)
		}
		if got := must(t, "userdata", "show-of", n.ID); got != string(userdata.Readable(i.UserData)) || !strings.HasPrefix(got, "#!/bin/sh\n") || !strings.Contains(got, "\nclass Node:\n") {
			t.Errorf("%s: it booted with\n%.300s\nand shown is\n%.300s", n.Cloud, userdata.Readable(i.UserData), got)
		}
	}
	if r := rollcall(t, "userdata", "show-of", "nope-01"); r.code == exit.Done || !strings.Contains(r.err, "nope-01") {
		t.Errorf("exit code %d: %s", r.code, r.err)
	}
}

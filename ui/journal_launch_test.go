package ui_test

import (
	"strings"
	"testing"
	"time"

	"rollcall/providers"
	"rollcall/providers/journal"
	"rollcall/ui"
)

func TestALaunchInTheJournalIsFilteredByItsCloudAndItsDetailTellsAllOfIt(t *testing.T) {
	end := strings.Repeat("4GIOHlTkIaWHQD0Q0m6XSnuUMCm", 40) + "TheEnd"
	r := newRig(t, 140, 90, func(_ *ui.Options, f *fake) {
		f.entries = append(written(), journal.Entry{
			ID: "0", Run: "r0", Time: epoch().Add(-3 * time.Hour), Who: "ops@desk", Verb: "launch", Kind: journal.KindLaunch, Sentence: "Launch www-0123-01 in aws-use1", State: journal.Failed, Error: end,
			Launch:   &journal.Launch{Cloud: "aws-use1", ID: "0123456789ab", Index: 4, Name: "www-0123-01", Image: "ami-1", Size: "t3.small", Network: "subnet-7", Profile: "www-nodes"},
			Instance: &providers.InstanceRef{Cloud: "aws-use1", ID: "i-0new", Name: "www-0123-01"},
		})
	}).ready()
	r.press("J")
	r.until("Journal 4", "Launch www-0123-01")
	r.press("/")
	r.typeText("cloud:aws-use1")
	r.until("Journal 1/4")
	r.press("enter", "enter")
	r.has("0123456789ab, node 4", "ami-1", "t3.small", "subnet-7", "www-nodes", "i-0new", "TheEnd")
}

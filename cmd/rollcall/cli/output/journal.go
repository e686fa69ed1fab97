package output

import (
	"fmt"
	"strings"
	"time"

	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview/plan"
	"rollcall/dnsview/rows"
	"rollcall/providers/journal"
)

// launchText returns what a launch requested.
func launchText(l *journal.Launch) string {
	if l == nil {
		return ""
	}
	text := fmt.Sprintf("%s/%d in %s: %s, image %s, size %s", l.ID, l.Index, l.Cloud, l.Name, l.Image, l.Size)
	for _, f := range [][2]string{{"network", l.Network}, {"key pair", l.KeyPair}, {"profile", l.Profile}} {
		if f[1] != "" {
			text += ", " + f[0] + " " + f[1]
		}
	}
	return text
}

// JournalText returns all fields of entries as text.
func JournalText(entries []rows.Entry) string {
	var b strings.Builder
	for i := range entries {
		e := &entries[i]
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "entry %s of run %s: %s\n", words.Clean(e.ID), words.Clean(e.Run), e.State)
		for _, f := range [][2]string{
			{"what", e.Sentence},
			{"when", e.Time.Local().Format(time.DateTime)},
			{"who", e.Who},
			{"plan", strings.TrimSpace(e.Verb + " " + e.Checksum + " " + e.Title)},
			{"zone", e.Zone},
			{"launch", launchText(e.Launch)},
			{"reason", e.Reason},
			{"undoes", e.Undoes},
			{"ticket", e.Ticket},
			{"error", e.Error},
			{"note", e.Note},
			{"team", e.Late()},
			{"proof", e.ProvedBy},
		} {
			if f[1] != "" {
				fmt.Fprintf(&b, "  %-7s %s\n", f[0], words.Clean(f[1]))
			}
		}
		if e.Change != nil {
			for _, l := range plan.Diff(e.Change) {
				fmt.Fprintf(&b, "  %c %s\n", l.Sign, l.Text)
			}
		}
		for _, g := range e.Guards {
			word := "fails"
			if g.Pass {
				word = "passes"
			}
			if g.Typed != "" {
				word += fmt.Sprintf(", since %q was typed", words.Clean(g.Typed))
			}
			fmt.Fprintf(&b, "  guard %s %s: %s\n", g.Guard, word, words.Clean(g.Why))
		}
	}
	return b.String()
}

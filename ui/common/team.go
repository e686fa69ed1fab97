package common

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"rollcall/dnsview/rows"
)

// Team is what a console knows of the other members of its team. It is not changed once it is made; its texts are clean.
type Team struct {
	Members []TeamMember // the others that are here, by name
	Work    []TeamWork   // what the others change now
	// Doing is the work on instances.
	Doing      map[rows.InstanceKey]Doing
	Unfinished []UnfinishedDrain // drains of members that are gone
	Away       string            // why the store of the team cannot be used now, or ""
	Waiting    int               // snoozes and notes on this machine that the store does not have yet
}

// TeamMember is another rollcall of the team that runs.
type TeamMember struct {
	Name, Host string
	Since      time.Time
	Heard      time.Time // when it was last heard of, if that is longer ago than it should be; else zero
}

// TeamWork is a change of another member.
type TeamWork struct {
	Who, What, Text string
	Since           time.Time
	Until           time.Time // of the present wait, or zero
	Heard           time.Time // that of its member
}

// Line returns the change in one line, as of now.
func (w *TeamWork) Line(now time.Time) string {
	if !w.Heard.IsZero() {
		return w.Who + " was " + w.What + " " + w.Text + ", " + NotHeard(w.Heard, now)
	}
	line := w.Who + " is " + w.What + " " + w.Text
	if left := w.Until.Sub(now); !w.Until.IsZero() && left > 0 {
		return line + ", " + seconds(left) + " left"
	}
	return line + ", since " + rows.Age(now.Sub(w.Since))
}

// NotHeard returns that a member was last heard of at a time.
func NotHeard(at, now time.Time) string { return "not heard of for " + rows.Age(now.Sub(at)) }

// Count returns how many others are here that were heard of as they should be.
func (t *Team) Count() (n int) {
	for i := range t.Members {
		if t.Members[i].Heard.IsZero() {
			n++
		}
	}
	return n
}

// Names returns the names of those that Count counts, each once.
func (t *Team) Names() (names []string) {
	for _, m := range t.Members {
		if m.Heard.IsZero() && !slices.Contains(names, m.Name) {
			names = append(names, m.Name)
		}
	}
	return names
}

// Here returns how many are here with whom, in at most room cells: "3 here: ana, ben", "3 here: ana +1" or "3 here". It
// is empty if there is not the room for that, or no other is here.
func (t *Team) Here(room int) string {
	if t == nil || t.Count() == 0 {
		return ""
	}
	head, names := strconv.Itoa(t.Count()+1)+" here", t.Names()
	for n := len(names); n > 0; n-- {
		text := head + ": " + strings.Join(names[:n], ", ")
		if n < len(names) {
			text += " +" + strconv.Itoa(len(names)-n)
		}
		if ansi.StringWidth(text) <= room {
			return text
		}
	}
	if len(head) <= room {
		return head
	}
	return ""
}

func seconds(d time.Duration) string { return strconv.Itoa(int((d+time.Second-1)/time.Second)) + " s" }

package apply

import (
	"fmt"
	"strings"

	"rollcall/dnsview/index"
	"rollcall/providers/journal"
)

// cannotTakeBack returns an error if an entry or a run only made a launch or an instance profile. It names what was
// started, and the command that ends it.
func cannotTakeBack(entries []journal.Entry, id string) error {
	var ids, profiles []string
	for i := range entries {
		e := &entries[i]
		if e.ID != id && e.Run != id || e.State != journal.Done {
			continue
		}
		switch {
		case e.Kind == journal.KindLaunch && e.Instance != nil:
			ids = append(ids, index.Clean(e.Instance.ID))
		case e.Kind == journal.KindProfile && e.Profile != nil:
			profiles = append(profiles, index.Clean(e.Profile.Name))
		case e.Kind != journal.KindLaunch && e.Kind != journal.KindProfile:
			return nil
		}
	}
	switch {
	case len(ids) > 0:
		return fmt.Errorf("a launch cannot be taken back; rollcall terminate %s ends what it started", strings.Join(ids, " "))
	case len(profiles) > 0:
		return fmt.Errorf("an instance profile that was created is not taken back: remove the profile and the role %s in IAM", strings.Join(profiles, ", "))
	}
	return nil
}

// launchedBy returns a line about what a run launched, which an undo of the run leaves; none if it launched nothing.
func launchedBy(entries []journal.Entry, run string) []string {
	var ids []string
	for i := range entries {
		if e := &entries[i]; e.Run == run && e.Kind == journal.KindLaunch && e.State == journal.Done && e.Instance != nil {
			ids = append(ids, index.Clean(e.Instance.ID))
		}
	}
	if len(ids) == 0 {
		return nil
	}
	return []string{"what was launched stays: rollcall terminate " + strings.Join(ids, " ") + " ends it"}
}

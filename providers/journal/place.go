package journal

import (
	"rollcall/providers"
)

// Place is the place of a node in which a replacement launches another one. It is for one goroutine.
type Place struct {
	j     *Journal
	old   providers.InstanceRef
	known map[string]bool // ids of the launches in it that were there when it was looked at, and of its own
}

// Place looks at the place of a node. It returns the last launch in it that may have been made, or nil. An error of kind
// providers.KindConflict means that a process that lives launches another node in it now.
func (j *Journal) Place(old providers.InstanceRef) (p *Place, last *Entry, err error) {
	p = &Place{j: j, old: old, known: map[string]bool{}}
	err = j.locked(func() error {
		entries := j.allEntries()
		for i := range entries {
			if r := entries[i].Replaces(); r != nil && keyOf(r.Old) == keyOf(old) {
				p.known[entries[i].ID] = true
			}
		}
		last = ReplacementOf(entries, old)
		if last == nil || last.State != Begun {
			return nil
		}
		alive := j.isAway() // whether its writer lives cannot be asked
		if !alive {
			if alive, err = j.writerAlive(last.Writer); err != nil {
				return err
			}
		}
		if alive {
			return PlaceTaken(last)
		}
		return nil
	})
	return p, last, err
}

// Begin is Journal.Begin for a launch in the place. If another launch in it has begun since it was looked at, nothing is
// written, and the error is of kind providers.KindConflict.
func (p *Place) Begin(e Entry) (Entry, error) {
	written, err := p.j.BeginIf(func(before []Entry) error {
		if last := ReplacementOf(before, p.old); last != nil && !p.known[last.ID] {
			return PlaceTaken(last)
		}
		return nil
	}, e)
	if err != nil {
		return Entry{}, err
	}
	p.known[written[0].ID] = true
	return written[0], nil
}

// PlaceTaken returns the error, of kind providers.KindConflict, for a launch in the place in which e launches a node.
func PlaceTaken(e *Entry) error {
	old := e.Launch.Replaces.Old
	name := old.Name
	if name == "" {
		name = old.ID
	}
	return providers.Errorf(providers.KindConflict, "", "%s launches another node in the place of %s already, as journal entry %s says", providers.Clean(e.Who), providers.Clean(name), e.ID)
}

// Replaces returns the replacement that the entry is a launch of, or nil.
func (e *Entry) Replaces() *Replaces {
	if e.Launch == nil {
		return nil
	}
	return e.Launch.Replaces
}

package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"

	"rollcall/dnsview/index"
	"rollcall/providers"
)

// effect is what a step does, without its sentences and the time of a new marker, which differ from one plan to the
// next.
type effect struct {
	Kind     StepKind
	Zone     string
	Change   *providers.Change
	Wait     time.Duration
	Action   PowerAction
	Cloud    providers.CloudKey
	Instance string
	Undoes   string
	Launch   *Launch `json:",omitempty"`
}

func (s *Step) effect() effect {
	d := effect{Kind: s.Kind, Zone: s.Zone, Wait: s.Wait, Action: s.Action, Cloud: s.Instance.Key, Instance: s.Instance.ID, Undoes: s.Undoes}
	if s.Launch != nil {
		l := *s.Launch
		d.Launch = &l
		if l.Started == "" {
			d.Launch.ID, d.Launch.Name = "", "" // others after a launch that failed
		}
	}
	if s.Change == nil {
		return d
	}
	c := *s.Change
	c.Before.Modified, c.After.Modified = c.Before.Modified.UTC(), time.Time{}
	if o, err := providers.DecodeOwner(c.After.Comment); err == nil {
		o.Registered = time.Time{}
		c.After.Comment, c.After.Owners = "", append(slices.Clone(c.After.Owners), o)
	} else {
		c.After.Owners = slices.Clone(c.After.Owners)
	}
	for i := range c.After.Owners {
		c.After.Owners[i].Registered = time.Time{}
	}
	c.After.Value = withoutTimes(&c.After)
	d.Change = &c
	return d
}

// withoutTimes returns the value of a record. That of a marker of an evacuation is without since when and until when.
func withoutTimes(r *providers.Record) string {
	o, ok := index.OwnerInMarker(r)
	if !ok || !r.IsMarker() || !o.Evacuates() {
		return r.Value
	}
	if o.IsBefore() {
		return o.Type + " " + o.Value
	}
	return o.Type
}

// Checksum returns 16 hex digits over what the step does.
func (s *Step) Checksum() string { return checksum(s.effect()) }

// Checksum returns 16 hex digits over the verb and the effect of all steps. Plans with the same checksum do the same.
func (p Plan) Checksum() string {
	type step struct {
		ID    int
		Deed  effect
		Needs []int
	}
	steps := make([]step, len(p.Steps))
	for i := range p.Steps {
		s := &p.Steps[i]
		steps[i] = step{s.ID, s.effect(), s.Needs}
	}
	return checksum(struct {
		Verb  index.Verb
		Steps []step
	}{p.Verb, steps})
}

func checksum(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return "" // cannot happen: a plan is plain data
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}

// AsShown returns the plan without the steps that d, the plan that was shown, does not have in the same form, and
// without all that need them. Skipped names these, and the steps of d that the plan does not have. Steps are compared
// by all fields that are shown, so a step that was edited in d is left out.
func (p Plan) AsShown(d *Doc) Plan {
	shown := map[string]int{}
	for i := range d.Steps {
		shown[d.Steps[i].effect()]++
	}
	now := p.Doc(nil).Steps
	deed := map[int]string{}
	for i := range now {
		deed[now[i].ID] = now[i].effect()
	}
	out := p
	out.Skipped = slices.Clone(p.Skipped)
	out.Steps = keepSteps(p.Steps, func(s *Step) string {
		if shown[deed[s.ID]] == 0 {
			return "this is not as the plan showed it, and is left alone: " + s.Sentence
		}
		shown[deed[s.ID]]--
		return ""
	}, func(why string) { out.Skipped = append(out.Skipped, why) })
	for i := range d.Steps {
		if s := &d.Steps[i]; shown[s.effect()] > 0 {
			shown[s.effect()]--
			out.Skipped = append(out.Skipped, "this was in the plan that was shown, and is not to be done any more, or is another change now: "+index.Clean(s.Sentence))
		}
	}
	return out
}

// effect returns a digest of what the step does: its checksum and its shown fields, without those that Step.Checksum
// leaves out.
func (s *StepDoc) effect() string {
	x := StepDoc{Kind: s.Kind, Zone: s.Zone, Op: s.Op, Wait: s.Wait, Action: s.Action, Launch: s.Launch, Checksum: s.Checksum}
	if s.Instance != nil {
		x.Instance = &providers.InstanceRef{Cloud: s.Instance.Cloud, ID: s.Instance.ID}
	}
	if s.Launch != nil {
		l := *s.Launch
		l.Name = ""
		x.Launch = &l
	}
	x.Before, x.After = s.Before.effect(), s.After.effect()
	return checksum(x)
}

// effect returns the record without the times of its markers.
func (r *RecordDoc) effect() *RecordDoc {
	if r == nil {
		return nil
	}
	x := *r
	if _, err := providers.DecodeOwner(x.Comment); err == nil {
		x.Comment = ""
	}
	x.Owners = slices.Clone(x.Owners)
	for i := range x.Owners {
		x.Owners[i].Registered = time.Time{}
	}
	x.Value = withoutTimes(&providers.Record{Name: x.Name, Type: x.Type, Value: x.Value})
	return &x
}

// keepSteps returns the steps for which why returns "", renumbered, without those that need a step that is left out. It
// calls left with each reason. If only waits remain, it returns none.
func keepSteps(steps []Step, why func(*Step) string, left func(string)) []Step {
	id := map[int]int{}
	var kept []Step
	for _, s := range steps {
		reason := why(&s)
		for _, n := range s.Needs {
			if id[n] == 0 && reason == "" {
				reason = "it needs a step that is not taken: " + s.Sentence
			}
		}
		if reason != "" {
			left(reason)
			continue
		}
		old := s.ID
		s.ID = len(kept) + 1
		id[old] = s.ID
		needs := s.Needs
		s.Needs = nil
		for _, n := range needs {
			s.Needs = append(s.Needs, id[n])
		}
		kept = append(kept, s)
	}
	if !slices.ContainsFunc(kept, func(s Step) bool { return s.Kind != StepWait }) {
		return nil
	}
	return kept
}

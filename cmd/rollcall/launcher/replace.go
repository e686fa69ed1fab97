package launcher

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"rollcall/cmd/rollcall/exit"
	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview"
	"rollcall/dnsview/plan"
	"rollcall/providers"
	"rollcall/providers/journal"
	"rollcall/providers/launch"
)

// PlanReplace plans to replace nodes, each by one that is launched as it was: in the same cloud, from the same template,
// with the same size and image. What that was is in the journal, in the config (boot.template of the service) and in the cloud's
// list; what Asked names, or what a stopped replacement of the node was asked for, counts instead. A launch that an earlier, stopped replacement made in the place of a node is
// gone on with. The error is a usage error that says what is not known, and how to give it.
func (s *Launcher) PlanReplace(ctx context.Context, v *dnsview.View, replacements ...journal.Replacement) (plan.Plan, error) {
	j, err := s.OpenJournal()
	if err != nil {
		return plan.Plan{}, err
	}
	entries, err := j.Entries()
	if err != nil {
		return plan.Plan{}, fmt.Errorf("read the journal: %w", err)
	}
	stopped, err := s.UnfinishedDrains()
	if err != nil {
		return plan.Plan{}, fmt.Errorf("read the journal: %w", err)
	}
	var parts []plan.Replacement
	var lacks lacking
	for _, r := range replacements {
		part := plan.Replacement{MaxOut: r.MaxOut}
		for _, ref := range r.Nodes {
			l := plan.Launch{Cloud: ref.Cloud, Key: ref.Key, Old: ref}
			if i := v.Instance(ref.Key, ref.ID); i != nil && !i.State.Dead() && s.Config.Declared(v.ServiceOfInstance(i)) != nil {
				l.Service = v.ServiceOfInstance(i)
				lacks.add(&l, s.asBefore(&l, i, v, entries, s.askedFor(ref, stopped)))
			}
			part.Launches = append(part.Launches, l)
		}
		parts = append(parts, part)
	}
	if err := s.concerns(parts); err != nil {
		return plan.Plan{}, err
	}
	if err := lacks.err(); err != nil {
		return plan.Plan{}, err
	}
	p := plan.Replace(v, parts...)
	for i := range p.Steps {
		if l := p.Steps[i].Launch; l != nil && l.Started == "" {
			spec, err := s.launchSpec(ctx, v, l)
			if err != nil {
				return plan.Plan{}, err
			}
			will, err := launch.Prepare(spec, s.LaunchClouds())
			if err != nil {
				return plan.Plan{}, err
			}
			l.Name = will[0].Name
			p.Steps[i].Sentence = l.Sentence()
		}
	}
	return p, nil
}

// AskedWith returns what a command asks for, with the given values of template variables, but for secret ones. It returns an
// error if there is no such template, or no such cloud.
func (s *Launcher) AskedWith(asked journal.Asked) (*journal.Asked, error) {
	if asked.Template != "" {
		if _, err := TemplatesOf(s.Program).Get(asked.Template); err != nil {
			return nil, exit.Usagef("--template: %w", err)
		}
	}
	if err := s.checkClouds(cloudFlags(&asked), s.cloudNames()); err != nil {
		return nil, err
	}
	asked.Set, asked.Withheld = s.keptValues(asked.Template, s.Given)
	return &asked, nil
}

// concerns returns a usage error for what was given on the command line and concerns none of the nodes to replace.
func (s *Launcher) concerns(parts []plan.Replacement) error {
	var clouds []string
	takes := false
	for _, p := range parts {
		for _, l := range p.Launches {
			if !slices.Contains(clouds, l.Cloud) {
				clouds = append(clouds, l.Cloud)
				takes = takes || s.hasMetadata(l.Cloud)
			}
		}
	}
	switch {
	case len(clouds) == 0:
		return nil
	case len(s.Metadata) > 0 && !takes:
		return exit.Usagef("--metadata is for Triton, and no node is replaced there")
	case s.Asked == nil:
		return nil
	}
	return s.checkClouds(cloudFlags(s.Asked), clouds)
}

// lacking is what is not known of nodes that are to be replaced, by what is missing.
type lacking struct {
	names map[string][]string
	order []string
}

func (k *lacking) add(l *plan.Launch, missing []string) {
	if k.names == nil {
		k.names = map[string][]string{}
	}
	for _, m := range missing {
		if k.names[m] == nil {
			k.order = append(k.order, m)
		}
		k.names[m] = append(k.names[m], words.Clean(cmp.Or(l.Old.Name, l.Old.ID)))
	}
}

func (k *lacking) err() error {
	var parts []string
	for _, m := range k.order {
		parts = append(parts, strings.Join(k.names[m], ", ")+": "+m)
	}
	if len(parts) == 0 {
		return nil
	}
	return exit.Usagef("nothing was planned: %s", strings.Join(parts, "; "))
}

// asBefore sets in l how a node was launched, and returns what is not known of it.
func (s *Launcher) asBefore(l *plan.Launch, i *providers.Instance, v *dnsview.View, entries []journal.Entry, over *journal.Asked) (missing []string) {
	from := s.placeOf(l, v, entries)
	l.ID = cmp.Or(l.ID, launchID(entries, l.Old))
	if l.Started != "" {
		return nil // it is launched, as it was then
	}
	at := slices.IndexFunc(entries, func(e journal.Entry) bool {
		return e.Launch != nil && e.Instance != nil && e.Instance.Key == l.Key && e.Instance.ID == l.Old.ID
	})
	if from == nil && at >= 0 {
		from = entries[at].Launch
	}
	if from == nil {
		from = &journal.Launch{}
	}
	l.Template = cmp.Or(from.Template, s.Config.BootOf(l.Service).Template)
	l.Image, l.Size = cmp.Or(i.Image, from.Image), cmp.Or(i.Type, from.Size)
	l.Network, l.KeyPair, l.Profile = from.Network, from.KeyPair, from.Profile
	l.Unrecorded = from.Set == nil
	l.Set = map[string]string{}
	maps.Copy(l.Set, from.Set)
	maps.Copy(l.Set, over.Set)
	l.Prefix = namePrefix(from)
	if l.Prefix == "" {
		l.Prefix = strings.TrimRight(strings.TrimRight(i.Name, "0123456789"), "-_.")
	}
	flags := cloudFlags(over)
	for n, dst := range []*string{&l.Image, &l.Size, &l.Network, &l.KeyPair, &l.Profile} {
		f := &flags[n]
		f.forCloud(l.Cloud, dst)
		if *dst == "" && (f.name == "--image" || f.name == "--size") {
			missing = append(missing, "which "+strings.TrimPrefix(f.name, "--")+" it has is not known: give "+f.name)
		}
	}
	if l.Template = cmp.Or(over.Template, l.Template); l.Template == "" && s.AssumeTemplate {
		if t, ok := TemplateFor(TemplatesOf(s.Program), s.Config.Declared(l.Service), s.Config.BootOf(l.Service)); ok {
			l.Template, l.Assumed = t.Name, true
		}
	}
	if l.Template == "" {
		missing = append(missing, "the journal does not know from which template it was launched: give --template, or boot: {template: ...} of "+words.Clean(l.Service)+" in the config")
	}
	for _, name := range slices.Compact(slices.Sorted(slices.Values(slices.Concat(from.Withheld, over.Withheld)))) {
		if _, given := s.Given[name]; !given && s.Metadata[name] == "" {
			missing = append(missing, "it was launched with a secret value of "+words.Clean(name)+", which is not kept: give it again with --set or --values")
		}
	}
	return missing
}

// launchID returns the id of the next launch in the place of a node. It stays the same until there was one, so that a node
// gets the name with which it was shown.
func launchID(entries []journal.Entry, old providers.InstanceRef) string {
	n := 0
	for i := range entries {
		if r := entries[i].Replaces(); r != nil && r.Old.Key == old.Key && r.Old.ID == old.ID {
			n++
		}
	}
	return launch.IDOf("replace", string(old.Key), old.ID, strconv.Itoa(n))
}

// askedFor returns what was asked for the node in the place of another: by this command, and else by a replacement that was
// stopped.
func (s *Launcher) askedFor(ref providers.InstanceRef, stopped []journal.Unfinished) *journal.Asked {
	var out journal.Asked
	for i := range stopped {
		if u := &stopped[i]; u.Asked != nil && u.Instance.Key == ref.Key && u.Instance.ID == ref.ID {
			out = *u.Asked
		}
	}
	now := s.Asked
	if now == nil {
		return &out
	}
	out.Template = cmp.Or(now.Template, out.Template)
	for _, x := range []struct{ dst, now *[]string }{{&out.Image, &now.Image}, {&out.Size, &now.Size}, {&out.Network, &now.Network}, {&out.KeyPair, &now.KeyPair}, {&out.Profile, &now.Profile}} {
		if len(*x.now) > 0 {
			*x.dst = *x.now
		}
	}
	if len(now.Set)+len(now.Withheld) > 0 {
		out.Set, out.Withheld = now.Set, now.Withheld
	}
	return &out
}

// placeOf returns the launch in the place of a node that an earlier replacement began, or nil if there is none or its instance
// is gone. It sets in l what was launched.
func (s *Launcher) placeOf(l *plan.Launch, v *dnsview.View, entries []journal.Entry) *journal.Launch {
	e := journal.ReplacementOf(entries, l.Old)
	if e == nil {
		return nil
	}
	if e.Instance != nil {
		if i := v.Instance(e.Instance.Key, e.Instance.ID); i != nil && i.State.Dead() || i == nil && s.isGone(v, *e.Instance) {
			return nil
		}
		l.Started = e.Instance.ID
		l.Template, l.Image, l.Size, l.Prefix, l.Set = e.Launch.Template, e.Launch.Image, e.Launch.Size, namePrefix(e.Launch), e.Launch.Set
	}
	l.ID = e.Launch.ID
	return e.Launch
}

// isGone reports whether a complete list of the cloud of an instance does not have it.
func (s *Launcher) isGone(v *dnsview.View, ref providers.InstanceRef) bool {
	c := v.CloudByKey(ref.Key)
	if c == nil || c.Coverage.State != providers.CoverageComplete {
		return false
	}
	l, _ := c.Lookup(ref.ID)
	return l.Gone
}

// launchSpec returns the spec of the launch of one node in the place of another.
func (s *Launcher) launchSpec(ctx context.Context, v *dnsview.View, l *plan.Launch) (launch.Spec, error) {
	r := Request{
		Service: l.Service, Template: l.Template, ID: l.ID, Name: l.Prefix, counts: map[string]int{l.Cloud: 1}, order: []string{l.Cloud},
		Given: maps.Clone(l.Set), Image: one(l.Image), Size: one(l.Size), Network: one(l.Network), KeyPair: one(l.KeyPair), Profile: one(l.Profile),
	}
	if r.Given == nil {
		r.Given = map[string]string{}
	}
	maps.Copy(r.Given, s.Given)
	spec, scripts, err := s.Spec(ctx, v, &r)
	if err != nil {
		return spec, err
	}
	if why := v.WhyServiceHidden(spec.Service); why != "" {
		return spec, fmt.Errorf("nothing was launched: a node of %s could not be registered: %s", words.Clean(spec.Service), why)
	}
	if n := LintErrors(scripts.Findings); n > 0 {
		return spec, fmt.Errorf("nothing was launched: lint has %s in the boot script; rollcall userdata lint %s shows them", providers.CountOf(n, "error"), words.Clean(l.Template))
	}
	given := s.Metadata
	if !s.hasMetadata(l.Cloud) {
		given = nil // it is for nodes of the plan in other clouds
	}
	if spec, err = s.WithMetadata(spec, given); err != nil {
		return spec, err
	}
	return spec, s.RefuseCredentials(ctx, &spec, spec.Given)
}

func one(value string) []string {
	if value == "" {
		return nil
	}
	return []string{value}
}

// Launch implements apply.Launcher.
func (s *Launcher) Launch(ctx context.Context, l *plan.Launch, entry journal.Entry, progress func(stage, text string)) (providers.Instance, string, error) {
	spec, err := s.launchSpec(ctx, s.Update(s.Fleet.Snapshot()), l)
	if err != nil {
		return providers.Instance{}, "", err
	}
	place, err := s.place(ctx, l)
	if err != nil {
		return providers.Instance{}, "", err
	}
	earlier, err := s.EntriesOf(spec.ID)
	if err != nil {
		return providers.Instance{}, "", err
	}
	o := s.Follow(&spec)
	stopped, err := s.UnfinishedDrains()
	if err != nil {
		return providers.Instance{}, "", fmt.Errorf("read the journal: %w", err)
	}
	begun := &launchJournal{s: s, run: entry.Run, spec: &spec, part: &entry, place: place, asked: s.askedFor(l.Old, stopped)}
	o.Journal, o.Earlier = begun, Earlier(earlier)
	r := launch.Run(ctx, spec, s.LaunchClouds(), o, func(n launch.Node) {
		line := fmt.Sprintf("%s in %s: %s", n.Name, n.Cloud, n.Stage)
		if n.Message != "" {
			line += ": " + n.Message
		}
		progress(stageWord(n.Stage), words.Clean(line))
	})
	if len(r.Problems) > 0 || len(r.Nodes) != 1 {
		return providers.Instance{}, "", r.Problems
	}
	n := &r.Nodes[0]
	inst := n.Instance
	inst.Cloud, inst.Key = l.Cloud, l.Key
	switch {
	case n.Done():
		return inst, begun.entry, nil
	case n.Stage == launch.StageUnknown:
		return inst, begun.entry, providers.Errorf(providers.KindUncertain, "launch", "%s", n.Message)
	}
	return inst, begun.entry, errors.New(cmp.Or(n.Message, string(n.Stage)))
}

// stageWord returns what a node does in a stage of its launch; see apply.Event.
func stageWord(s launch.Stage) string {
	switch s {
	case launch.StageRunning, launch.StageBooting:
		return "booting"
	case launch.StageHealthy, launch.StageRegistered:
		return "registering"
	}
	return "launching"
}

// place returns the place of the node that a launch comes in. It returns an error if another launch in it was made, or is
// being made, since this one was planned.
func (s *Launcher) place(ctx context.Context, l *plan.Launch) (*journal.Place, error) {
	j, err := s.OpenJournal()
	if err != nil {
		return nil, err
	}
	p, last, err := j.Place(l.Old)
	if err != nil || last == nil || last.Launch.ID == l.ID && (l.Started != "" || last.State != journal.Done) {
		return p, err
	}
	if c, ok := s.Cloud(last.Launch.Cloud); ok && c.Err == nil && last.Instance != nil {
		i, err := c.Compute.Instance(ctx, last.Instance.ID)
		if k := providers.KindOf(err); k == providers.KindGone || err == nil && i.State.Dead() {
			return p, nil
		}
	}
	return nil, journal.PlaceTaken(last)
}

package launcher

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview/apply"
	"rollcall/providers"
	"rollcall/providers/journal"
	"rollcall/providers/launch"
	"rollcall/ui/common"
	"rollcall/userdata"
)

// launchJournal records the nodes of one launch in the session's journal.
type launchJournal struct {
	s    *Launcher
	run  string // the same for all entries of a command
	spec *launch.Spec

	part  *journal.Entry // of the plan that the launch is a step of; nil for a launch of its own
	place *journal.Place // in which that plan launches
	asked *journal.Asked // of that plan
	entry string         // id of the last entry; read once the launch has ended
}

var _ launch.Journal = (*launchJournal)(nil)

// newRun returns a new run id for the journal.
func newRun() string {
	var id [4]byte
	_, _ = rand.Read(id[:]) // never fails
	return "r" + hex.EncodeToString(id[:])
}

// Begin implements launch.Journal.
func (l *launchJournal) Begin(ctx context.Context, n launch.Node, req providers.LaunchRequest) (string, error) {
	key, err := l.s.cloudKey(ctx, n.Cloud)
	if err != nil {
		return "", err
	}
	total := 0
	for i := range l.spec.Nodes {
		total += l.spec.Nodes[i].Count
	}
	set, withheld := l.s.keptValues(l.spec.Template, l.spec.Given)
	e := journal.Entry{
		Run: l.run, Who: app.Who(), Verb: "launch", Kind: journal.KindLaunch, Title: fmt.Sprintf("launch %s of %s", providers.CountOf(total, "node"), cmp.Or(l.spec.Service, l.spec.Template)),
		Sentence: fmt.Sprintf("Launch %s in %s: image %s, size %s", req.Name, n.Cloud, req.Image, req.Size),
		Launch: &journal.Launch{
			Cloud: n.Cloud, Key: key, ID: req.LaunchID, Index: req.Index, Name: req.Name, Service: l.spec.Service,
			Image: req.Image, Size: req.Size, Network: req.Network, KeyPair: req.KeyPair, Profile: req.Profile, Template: l.spec.Template,
			Set: set, Withheld: withheld,
		},
	}
	if l.part == nil {
		return l.s.begin(e)
	}
	part, replaces := *l.part, l.part.Launch.Replaces
	part.Launch, part.Sentence = e.Launch, e.Sentence+", in the place of "+words.Clean(cmp.Or(replaces.Old.Name, replaces.Old.ID))
	with := *replaces
	with.Asked = l.asked
	part.Launch.Replaces = &with
	begun, err := l.place.Begin(part)
	l.entry = begun.ID
	return l.entry, err
}

// keptValues returns the given values of a template that the journal keeps, and the names of those that are secret or look
// so. Without a template, a value is secret if it is in any template.
func (s *Launcher) keptValues(template string, values map[string]string) (set map[string]string, withheld []string) {
	all := TemplatesOf(s.Program)
	list := all.List()
	if t, err := all.Get(template); err == nil {
		list = []userdata.Template{t}
	}
	set = map[string]string{}
	for name, value := range values {
		known, secret := false, userdata.LooksSecret(name, value)
		for i := range list {
			for _, v := range list[i].Variables {
				known, secret = known || v.Name == name, secret || v.Name == name && v.Secret
			}
		}
		switch {
		case known && secret:
			withheld = append(withheld, name)
		case known:
			set[name] = value
		}
	}
	slices.Sort(withheld)
	return set, append(withheld, slices.Sorted(maps.Keys(s.Metadata))...)
}

// End implements launch.Journal.
func (l *launchJournal) End(entry string, o launch.Outcome) error {
	out := journal.Outcome{ID: entry, State: journal.Done}
	switch {
	case o.Err != nil:
		out.State, out.Error = journal.Failed, words.Clean(o.Err.Error())
		if o.Lost {
			out.State, out.Note = journal.Unknown, "the answer was lost; it is looked up by the next rollcall"
		}
	default:
		ref := o.Instance.Ref()
		out.Instance, out.Note = &ref, "it is "+words.Clean(ref.ID)
	}
	return l.s.end(out)
}

// begin writes one entry. It returns the entry's id once it is on disk.
func (s *Launcher) begin(e journal.Entry) (string, error) {
	j, err := s.OpenJournal()
	if err != nil {
		return "", err
	}
	written, err := j.Begin(e)
	if ask := apply.JournalAsk(err); ask != nil {
		if _, away := errors.AsType[*journal.AwayError](err); away && s.SaidAway() {
			err = errors.New("the store of the team is away")
		}
		err = fmt.Errorf("%w; to launch all the same, try again in the console, which asks, or give rollcall launch --confirm %s", err, providers.ShellQuote(ask.Text))
	}
	if err != nil {
		return "", fmt.Errorf("the journal cannot be written: %w", err)
	}
	return written[0].ID, nil
}

func (s *Launcher) end(o journal.Outcome) error {
	j, err := s.OpenJournal()
	if err != nil {
		return err
	}
	if err := j.End(o); err != nil {
		return fmt.Errorf("write the journal: %w", err)
	}
	return nil
}

// cloudKey returns the key of a cloud: from the latest own read, else by asking the cloud, else as last known.
func (s *Launcher) cloudKey(ctx context.Context, name string) (providers.CloudKey, error) {
	snap := s.Fleet.Own()
	var last providers.CloudKey
	for i := range snap.Clouds {
		if c := &snap.Clouds[i]; c.Cloud.Name == name {
			if last = cmp.Or(c.Coverage.Key, c.Cloud.Key); last != "" && c.Coverage.State == providers.CoverageComplete {
				return last, nil
			}
		}
	}
	who, err := s.Identify(ctx, name)
	switch {
	case err == nil:
		return who.Cloud.Key, nil
	case last != "":
		return last, nil
	}
	return "", fmt.Errorf("ask which account it is: %w", err)
}

// EntriesOf returns the entries of a launch by all processes, oldest first.
func (s *Launcher) EntriesOf(id string) ([]journal.Entry, error) {
	j, err := s.OpenJournal()
	if err != nil {
		return nil, err
	}
	all, err := j.Entries()
	if err != nil {
		return nil, fmt.Errorf("read the journal: %w", err)
	}
	var out []journal.Entry
	for i := range all {
		if l := all[i].Launch; l != nil && l.ID == id {
			out = append(out, all[i])
		}
	}
	return out, nil
}

// Earlier returns a function that returns the instance which an earlier try of the launch started for a node.
func Earlier(entries []journal.Entry) func(n launch.Node) string {
	ids := map[string]string{}
	at := func(cloud string, index int) string { return fmt.Sprintf("%s/%d", cloud, index) }
	for i := range entries {
		if e := &entries[i]; e.State == journal.Done && e.Instance != nil {
			ids[at(e.Launch.Cloud, e.Launch.Index)] = e.Instance.ID
		}
	}
	return func(n launch.Node) string { return ids[at(n.Cloud, n.Index)] }
}

// keepChoices sets the values that an earlier try of the launch chose: the name prefix, the image and the size. The
// defaults may have changed since, even because of that try.
func keepChoices(entries []journal.Entry, cloud string, t *launch.Target, prefix *string) {
	for i := range entries {
		l := entries[i].Launch
		*prefix = cmp.Or(*prefix, namePrefix(l))
		if l.Cloud == cloud {
			t.Image, t.Size = l.Image, l.Size
		}
	}
}

// namePrefix returns the start of the name of a launched node, before its launch id, or "".
func namePrefix(l *journal.Launch) string {
	if p := strings.LastIndex(l.Name, "-"+l.ID[:min(4, len(l.ID))]+"-"); p > 0 {
		return l.Name[:p]
	}
	return ""
}

// LastLaunch returns the latest launch of a service that the journal holds, with what was asked for: nodes that did not
// start count too.
func (s *Launcher) LastLaunch(service string) common.LastLaunch {
	j, err := s.OpenJournal()
	if err != nil {
		return common.LastLaunch{Why: "the journal cannot be read: " + words.Clean(err.Error())}
	}
	all, err := j.Entries()
	if err != nil {
		return common.LastLaunch{Why: "the journal cannot be read: " + words.Clean(err.Error())}
	}
	at := -1
	for i := range all {
		if l := all[i].Launch; l != nil && l.Service == service && (at < 0 || !all[i].Time.Before(all[at].Time)) {
			at = i
		}
	}
	if at < 0 {
		return common.LastLaunch{Why: "the journal has no launch of " + cmp.Or(words.Clean(service), "nodes without a service")}
	}
	last := all[at].Launch
	out := common.LastLaunch{
		Time: all[at].Time, Who: words.Clean(all[at].Who), Template: last.Template, Values: last.Set, Withheld: last.Withheld, NamePrefix: words.Clean(namePrefix(last)), Clouds: map[string]common.CloudDefaults{},
	}
	nodes := map[string]map[int]bool{} // by cloud; a retry has entries of its own
	for i := range all {
		l := all[i].Launch
		if l == nil || l.ID != last.ID {
			continue
		}
		if nodes[l.Cloud] == nil {
			nodes[l.Cloud] = map[int]bool{}
		}
		nodes[l.Cloud][l.Index] = true
		out.Clouds[l.Cloud] = common.CloudDefaults{Count: len(nodes[l.Cloud]), Image: l.Image, Size: l.Size, Network: l.Network, KeyPair: l.KeyPair, Profile: l.Profile}
	}
	return out
}

// MakeProfile records the missing parts of a profile and creates them. It asks each cloud, so that each knows that its
// profile is new.
func (s *Launcher) MakeProfile(ctx context.Context, p *ProfileToMake) error {
	if len(p.Missing) == 0 {
		return nil
	}
	key, err := s.cloudKey(ctx, p.names[0])
	if err != nil {
		return err
	}
	entry, err := s.begin(journal.Entry{
		Run: newRun(), Who: app.Who(), Verb: "launch", Kind: journal.KindProfile, Title: "create the instance profile " + p.Profile.Name,
		Sentence: fmt.Sprintf("Create in AWS account %s: %s", p.Account, strings.Join(p.Missing, "; ")),
		Profile: &journal.Profile{
			Cloud: p.names[0], Key: key, Account: p.Account, Name: p.Profile.Name, Description: p.Profile.Description, Trust: p.Profile.Trust, Policy: p.Profile.Policy,
		},
	})
	if err != nil {
		return fmt.Errorf("nothing was created or launched: %w", err)
	}
	o := journal.Outcome{ID: entry, State: journal.Done}
	for _, c := range p.clouds {
		if err = c.CreateProfile(ctx, p.Profile); err != nil {
			o.State, o.Error = journal.Failed, words.Clean(err.Error())
			if providers.KindOf(err).MayHaveHappened() {
				o.State, o.Note = journal.Unknown, "some of it may be there; it is looked up by the next rollcall"
			}
			break
		}
	}
	if endErr := s.end(o); endErr != nil {
		s.Report("rollcall: %s", words.Clean(endErr.Error()))
	}
	return err
}

package plan

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/providers"
)

// Doc is a plan as it is shown: as text, as Markdown, and by its tags as JSON. It has no control characters.
type Doc struct {
	Verb     index.Verb `json:"verb"`     // of the command
	Title    string     `json:"title"`    // one line for a person
	Checksum string     `json:"checksum"` // of the plan; what is applied must have the same
	Steps    []StepDoc  `json:"steps"`    // in order
	Skipped  []string   `json:"skipped"`  // what is not planned, and why
	// Evacuated is, of an evacuation, the cloud and what remains of its services.
	Evacuated *Evacuated `json:"evacuated,omitempty"`
}

// StepDoc is one step of a plan as it is shown.
type StepDoc struct {
	ID       int                    `json:"id"`                     // its number in the plan
	Kind     StepKind               `json:"kind"`                   // change, wait, power or launch
	Sentence string                 `json:"sentence"`               // what it does, for a person
	Zone     string                 `json:"zone,omitempty"`         // of a change
	Op       providers.Op           `json:"op,omitempty"`           // of a change: create, delete or update
	Before   *RecordDoc             `json:"before,omitempty"`       // the record as it was read
	After    *RecordDoc             `json:"after,omitempty"`        // the record as it will be
	Wait     int                    `json:"wait_seconds,omitempty"` // how long to wait after what was taken out last
	Until    time.Time              `json:"wait_until,omitzero"`    // before when the wait does not end, since resolvers may hold a longer TTL from before
	Action   PowerAction            `json:"action,omitempty"`       // of a power step: terminate, stop, start or reboot
	Instance *providers.InstanceRef `json:"instance,omitempty"`     // the node that it is about
	Launch   *LaunchDoc             `json:"launch,omitempty"`       // what a launch step launches
	Reason   dnsview.Class          `json:"reason,omitempty"`       // the finding that asked for it
	Needs    []int                  `json:"needs,omitempty"`        // the numbers of the steps that have to be done before
	Checksum string                 `json:"checksum"`               // of this step alone
	Guards   []index.GuardResult    `json:"guards"`                 // none when they were not asked
	State    string                 `json:"state,omitempty"`        // what became of it, or of its check
	Why      string                 `json:"why,omitempty"`          // why it is not done, or what there is to say of it
	Waits    bool                   `json:"-"`                      // it is refused only until what its guards ask for is typed
}

// LaunchDoc is a launch as a plan shows it.
type LaunchDoc struct {
	Cloud      string                `json:"cloud"`                // where
	Name       string                `json:"name"`                 // of the node
	Service    string                `json:"service"`              // that the node will serve
	Template   string                `json:"template"`             // of the boot script
	Image      string                `json:"image"`                // its id
	Size       string                `json:"size"`                 // instance type or package
	Network    string                `json:"network,omitempty"`    // its id
	KeyPair    string                `json:"key_pair,omitempty"`   // name of the key pair
	Profile    string                `json:"profile,omitempty"`    // instance profile
	Set        map[string]string     `json:"set,omitempty"`        // values of the template's variables that were given, without secret ones
	Unrecorded bool                  `json:"unrecorded,omitempty"` // the journal does not have such values of the replaced node: those of the config count
	Assumed    bool                  `json:"assumed,omitempty"`    // from which template the replaced node was launched is not known: the default of the service counts
	Started    string                `json:"started,omitempty"`    // the instance that an earlier run launched
	Replaces   providers.InstanceRef `json:"replaces"`             // the node in whose place it comes
}

// RecordDoc is a record as a plan shows it.
type RecordDoc struct {
	Name    string     `json:"name"`               // fully qualified, without the last dot
	Type    string     `json:"type"`               // such as A
	TTL     uint32     `json:"ttl"`                // in seconds
	AutoTTL bool       `json:"auto_ttl,omitempty"` // the provider chooses the TTL
	Value   string     `json:"value"`              // as dig +short prints it, without the last dot
	Proxied bool       `json:"proxied,omitempty"`  // the provider answers with its own addresses
	Weight  int64      `json:"weight,omitempty"`   // of weighted routing
	SetID   string     `json:"set_id,omitempty"`   // set identifier of Route 53
	Policy  string     `json:"policy,omitempty"`   // routing policy of Route 53
	Comment string     `json:"comment,omitempty"`  // of Cloudflare
	Owners  []OwnerDoc `json:"owners,omitempty"`   // its owner markers
}

// OwnerDoc is an owner marker as a plan shows it.
type OwnerDoc struct {
	Fleet      string    `json:"fleet"`              // id of the fleet
	CloudKey   string    `json:"cloud_key"`          // key of the cloud of the instance
	Instance   string    `json:"instance"`           // its id
	Registered time.Time `json:"registered"`         // when the node was registered
	Quiesced   bool      `json:"quiesced,omitempty"` // the node was taken out on purpose
}

// DiffLine is one line of a change as a diff.
type DiffLine struct {
	Sign byte // '+' or '-'
	Text string
}

// Doc returns the plan as it is shown. guards returns the guards of a step with their state; it may be nil.
func (p Plan) Doc(guards func(*Step) []index.GuardResult) Doc {
	d := Doc{Verb: p.Verb, Title: index.Clean(p.Title), Checksum: p.Checksum(), Steps: []StepDoc{}, Skipped: []string{}, Evacuated: p.Evacuated.clean()}
	for i := range p.Steps {
		s := &p.Steps[i]
		x := StepDoc{
			ID: s.ID, Kind: s.Kind, Sentence: index.Clean(s.Sentence), Zone: index.Clean(s.Zone), Wait: int(s.Wait / time.Second), Until: s.Until,
			Action: s.Action, Reason: s.Reason, Needs: s.Needs, Checksum: s.Checksum(), Guards: []index.GuardResult{},
		}
		if s.Instance.ID != "" {
			ref := cleanRef(s.Instance)
			x.Instance = &ref
		}
		if l := s.Launch; l != nil {
			x.Launch = &LaunchDoc{
				Cloud: index.Clean(l.Cloud), Name: index.Clean(l.Name), Service: index.Clean(l.Service), Template: index.Clean(l.Template), Image: index.Clean(l.Image), Size: index.Clean(l.Size),
				Network: index.Clean(l.Network), KeyPair: index.Clean(l.KeyPair), Profile: index.Clean(l.Profile), Set: cleanValues(l.Set), Unrecorded: l.Unrecorded, Assumed: l.Assumed, Started: index.Clean(l.Started), Replaces: cleanRef(l.Old),
			}
		}
		if s.Change != nil {
			x.change(s.Change)
		}
		if guards != nil {
			for _, g := range guards(s) {
				g.Why, g.Satisfy, g.Confirm = index.Clean(g.Why), index.Clean(g.Satisfy), index.Clean(g.Confirm)
				x.Guards = append(x.Guards, g)
			}
		}
		d.Steps = append(d.Steps, x)
	}
	for _, s := range p.Skipped {
		d.Skipped = append(d.Skipped, index.Clean(s))
	}
	return d
}

func cleanValues(set map[string]string) map[string]string {
	out := map[string]string{}
	for name, value := range set {
		out[index.Clean(name)] = index.Clean(value)
	}
	return out
}

func cleanRef(r providers.InstanceRef) providers.InstanceRef {
	return providers.InstanceRef{Cloud: index.Clean(r.Cloud), Key: providers.CloudKey(index.Clean(string(r.Key))), ID: index.Clean(r.ID), Name: index.Clean(r.Name)}
}

func recordDoc(r *providers.Record) *RecordDoc {
	d := &RecordDoc{
		Name: index.Clean(r.Name), Type: index.Clean(r.Type), TTL: r.TTL, AutoTTL: r.AutoTTL, Value: index.Clean(r.Value), Proxied: r.Proxied,
		Weight: r.Weight, SetID: index.Clean(r.SetID), Policy: index.Clean(r.Policy), Comment: index.Clean(r.Comment),
	}
	for _, o := range r.Owners {
		d.Owners = append(d.Owners, OwnerDoc{index.Clean(o.Fleet), index.Clean(string(o.Cloud)), index.Clean(o.Instance), o.Registered, o.Quiesced})
	}
	return d
}

// Diff returns a change as removed and added lines, without control characters.
func Diff(c *providers.Change) []DiffLine {
	var s StepDoc
	s.change(c)
	return s.Diff()
}

// change sets the records before and after a change.
func (s *StepDoc) change(c *providers.Change) {
	s.Op = c.Op
	if c.Op != providers.OpCreate || c.Before.IsMarker() {
		s.Before = recordDoc(&c.Before)
	}
	// A delete on Route 53 can leave the marker of a quiesced value.
	if c.Op != providers.OpDelete {
		s.After = recordDoc(&c.After)
	}
}

// Diff returns the change of a step as removed and added lines.
func (s *StepDoc) Diff() []DiffLine {
	var out []DiffLine
	if s.Before != nil {
		out = append(out, DiffLine{'-', s.Before.line()})
	}
	if s.After != nil {
		out = append(out, DiffLine{'+', s.After.line()})
	}
	return out
}

// line returns a record as in a zone file, with its other fields after a semicolon.
func (r *RecordDoc) line() string {
	ttl := strconv.Itoa(int(r.TTL))
	if r.AutoTTL {
		ttl = "auto"
	}
	line := r.Name + " " + ttl + " " + r.Type + " " + r.Value
	var more []string
	if r.Proxied {
		more = append(more, "proxied")
	}
	if r.SetID != "" {
		more = append(more, "set "+r.SetID)
	}
	if r.Weight != 0 {
		more = append(more, "weight "+strconv.FormatInt(r.Weight, 10))
	}
	if r.Policy != "" {
		more = append(more, r.Policy)
	}
	for _, o := range r.Owners {
		w := "owner " + o.Instance + " of fleet " + o.Fleet
		if o.Quiesced {
			w += ", quiesced"
		}
		more = append(more, w)
	}
	if len(r.Owners) == 0 && r.Comment != "" {
		more = append(more, "comment "+strconv.Quote(r.Comment))
	}
	if len(more) > 0 {
		line += " ; " + strings.Join(more, "; ")
	}
	return line
}

// guardLine returns a guard of the step in one line.
func (s *StepDoc) guardLine(g *index.GuardResult) string {
	switch {
	case g.Pass:
		return "guard " + string(g.Guard) + " passes: " + g.Why
	case s.Waits:
		return "guard " + string(g.Guard) + " " + waitsFor(g) + ": " + g.Why
	case g.NoEvidence:
		return "guard " + string(g.Guard) + " fails, since nothing is known: " + g.Why
	}
	return "guard " + string(g.Guard) + " fails: " + g.Why
}

// waitsFor returns the state of a guard that is answered by its text.
func waitsFor(g *index.GuardResult) string {
	return "waits for the typed text " + strconv.Quote(g.Confirm)
}

// satisfies returns what would satisfy a guard of the step that fails, or "". The text of one that waits is in its line.
func (s *StepDoc) satisfies(g *index.GuardResult) string {
	switch {
	case g.Pass, s.Waits:
		return ""
	case g.Confirm != "":
		return "type " + strconv.Quote(g.Confirm)
	}
	return g.Satisfy
}

// needsLine returns the steps that a step needs.
func (s *StepDoc) needsLine() string {
	if len(s.Needs) == 0 {
		return ""
	}
	var ids []string
	for _, n := range s.Needs {
		ids = append(ids, strconv.Itoa(n))
	}
	if len(ids) == 1 {
		return "only after step " + ids[0]
	}
	return "only after steps " + strings.Join(ids, ", ")
}

// stateLine returns the state of a step, with the reason unless a guard states it.
func (s *StepDoc) stateLine() string {
	explained := slices.ContainsFunc(s.Guards, func(g index.GuardResult) bool { return !g.Pass })
	switch {
	case s.Waits:
		return "waits for the typed text"
	case s.State == "" || s.Why == "" || explained:
		return s.State
	}
	return s.State + ": " + s.Why
}

// Text returns the plan as text for a terminal.
func (d *Doc) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", d.Title)
	if len(d.Steps) > 0 {
		fmt.Fprintf(&b, "%s, checksum %s\n", index.Plural(len(d.Steps), "step", "steps"), d.Checksum)
	}
	first := map[string]int{} // step below which a reason is written
	for i := range d.Steps {
		s := &d.Steps[i]
		fmt.Fprintf(&b, "\n%3d. %s\n", s.ID, s.Sentence)
		for _, l := range s.Diff() {
			fmt.Fprintf(&b, "     %c %s\n", l.Sign, l.Text)
		}
		if w := s.needsLine(); w != "" {
			fmt.Fprintf(&b, "     %s\n", w)
		}
		for g := range s.Guards {
			line, satisfy := s.guardLine(&s.Guards[g]), s.satisfies(&s.Guards[g])
			reason := string(s.Guards[g].Guard) + s.Guards[g].Why
			if at := first[reason]; at > 0 && !s.Guards[g].Pass {
				state := "fails"
				if s.Waits {
					state = waitsFor(&s.Guards[g])
				}
				fmt.Fprintf(&b, "     guard %s %s, as for step %d\n", s.Guards[g].Guard, state, at)
				continue
			}
			first[reason] = s.ID
			fmt.Fprintf(&b, "     %s\n", line)
			if satisfy != "" {
				fmt.Fprintf(&b, "       what would satisfy it: %s\n", satisfy)
			}
		}
		if w := s.stateLine(); w != "" {
			fmt.Fprintf(&b, "     %s\n", w)
		}
	}
	if lines := d.Evacuated.Lines(); len(lines) > 0 {
		b.WriteString("\nwhat remains:\n")
		for _, s := range lines {
			fmt.Fprintf(&b, "  - %s\n", s)
		}
	}
	if len(d.Skipped) > 0 {
		b.WriteString("\nleft alone:\n")
		for _, s := range d.Skipped {
			fmt.Fprintf(&b, "  - %s\n", s)
		}
	}
	return b.String()
}

// Markdown returns the plan as Markdown for a ticket or a pull request.
func (d *Doc) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n", EscapeMarkdown(d.Title))
	if len(d.Steps) > 0 {
		fmt.Fprintf(&b, "\n%s, checksum `%s`.\n", index.Plural(len(d.Steps), "step", "steps"), d.Checksum)
	}
	for i := range d.Steps {
		s := &d.Steps[i]
		fmt.Fprintf(&b, "\n%d. %s\n", s.ID, EscapeMarkdown(s.Sentence))
		if diff := s.Diff(); len(diff) > 0 {
			b.WriteString("\n   ```diff\n")
			for _, l := range diff {
				fmt.Fprintf(&b, "   %c %s\n", l.Sign, l.Text)
			}
			b.WriteString("   ```\n")
		}
		if w := s.needsLine(); w != "" {
			fmt.Fprintf(&b, "\n   %s\n", w)
		}
		if w := s.stateLine(); w != "" {
			fmt.Fprintf(&b, "\n   %s\n", EscapeMarkdown(w))
		}
		if len(s.Guards) == 0 {
			continue
		}
		b.WriteString("\n   | guard | state | why | what would satisfy it |\n   |---|---|---|---|\n")
		for n := range s.Guards {
			g := &s.Guards[n]
			state := "fails"
			switch {
			case g.Pass:
				state = "passes"
			case s.Waits:
				state = EscapeMarkdown(waitsFor(g))
			case g.NoEvidence:
				state = "not known"
			}
			fmt.Fprintf(&b, "   | %s | %s | %s | %s |\n", g.Guard, state, EscapeMarkdown(g.Why), EscapeMarkdown(s.satisfies(g)))
		}
	}
	if lines := d.Evacuated.Lines(); len(lines) > 0 {
		b.WriteString("\n## What remains\n\n")
		for _, s := range lines {
			fmt.Fprintf(&b, "- %s\n", EscapeMarkdown(s))
		}
	}
	if len(d.Skipped) > 0 {
		b.WriteString("\n## Left alone\n\n")
		for _, s := range d.Skipped {
			fmt.Fprintf(&b, "- %s\n", EscapeMarkdown(s))
		}
	}
	return b.String()
}

// EscapeMarkdown returns text that Markdown shows unchanged.
func EscapeMarkdown(s string) string {
	return strings.NewReplacer(
		`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "<", `\<`, ">", `\>`, "|", `\|`, "#", `\#`, "~", `\~`, "&", "&amp;",
	).Replace(s)
}

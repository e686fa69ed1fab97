package output

import (
	"fmt"
	"io"
	"strings"

	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview/apply"
	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/dnsview/rows"
)

// Step is one step of a plan in JSON, with its outcome.
type Step struct {
	plan.StepDoc
	State    string          `json:"state"`    // what became of it, or of its check
	Why      string          `json:"why"`      // why it is not done, or what there is to say of it
	Entry    string          `json:"entry"`    // number of its journal entry
	Wire     string          `json:"wire"`     // what the name servers answered
	Record   *rows.RecordRef `json:"record"`   // the record that it is about
	Instance *rows.Ref       `json:"instance"` // the node that it is about
}

// Report is the outcome of a plan in JSON.
type Report struct {
	Verb     string   `json:"verb"`     // of the command
	Title    string   `json:"title"`    // one line for a person
	Checksum string   `json:"checksum"` // of the plan; what is applied must have the same
	DryRun   bool     `json:"dry_run"`  // nothing was changed
	Run      string   `json:"run"`      // number of the run in the journal; empty for a dry run
	OK       bool     `json:"ok"`       // every step was done, or can be
	Steps    []Step   `json:"steps"`    // in order
	Skipped  []string `json:"skipped"`  // what is not planned, and why
	Nodes    []Node   `json:"nodes"`    // nodes that the run has left half way
	Notes    []string `json:"notes"`    // what else there is to say
	// Evacuated is, of an evacuation, the cloud and what remains of its services.
	Evacuated *plan.Evacuated `json:"evacuated,omitempty"`
	// Incomplete are the sources that the answer depends on and that were not read completely.
	Incomplete []rows.Basis `json:"incomplete"`
}

// Node is a node that a run has left half way, in JSON.
type Node struct {
	Instance rows.Ref `json:"instance"` // the node
	State    string   `json:"state"`    // of its instance
	DNS      string   `json:"dns"`      // what of it is in DNS
	Back     string   `json:"back"`     // the command that puts it back
	Text     string   `json:"text"`     // all of that in a sentence
}

// Doc returns the plan of a report for display, with the guards and the state of each step.
func Doc(r *apply.Report) plan.Doc {
	guards := map[int][]index.GuardResult{}
	for i := range r.Steps {
		guards[r.Steps[i].Step.ID] = r.Steps[i].Guards
	}
	d := r.Plan.Doc(func(s *plan.Step) []index.GuardResult { return guards[s.ID] })
	for i := range r.Steps {
		d.Steps[i].State, d.Steps[i].Why = string(r.Steps[i].State), words.Clean(r.Steps[i].Why)
		d.Steps[i].Waits = r.Steps[i].WaitsForText()
	}
	return d
}

// NewReport returns the outcome of a plan, or of its check with dryRun, as JSON has it.
func NewReport(r *apply.Report, dryRun bool) Report {
	d := Doc(r)
	row := Report{
		Verb: string(d.Verb), Title: d.Title, Checksum: d.Checksum, DryRun: dryRun, Run: r.Run, OK: r.OK(),
		Steps: []Step{}, Skipped: d.Skipped, Nodes: []Node{}, Notes: []string{}, Incomplete: []rows.Basis{}, Evacuated: d.Evacuated,
	}
	for _, n := range r.Nodes {
		ref := rows.NewRef(n.Instance)
		row.Nodes = append(row.Nodes, Node{ref, words.Clean(n.State), words.Clean(n.DNS), words.Clean(n.Back), words.Clean(n.Text)})
	}
	for _, n := range r.Notes {
		row.Notes = append(row.Notes, words.Clean(n))
	}
	for i := range r.Steps {
		st := &r.Steps[i]
		x := Step{StepDoc: d.Steps[i], State: string(st.State), Why: words.Clean(st.Why), Entry: st.Entry, Wire: words.Clean(st.Wire)}
		if st.Step.Change != nil {
			rec := st.Step.Change.Record()
			x.Record = rows.NewRecordRef(&rec)
		}
		if st.Step.Instance.ID != "" {
			ref := rows.NewRef(st.Step.Instance)
			x.Instance = &ref
		}
		row.Steps = append(row.Steps, x)
	}
	return row
}

// WriteReport prints the outcome of a plan, or of its check with dryRun, in a form. The sources that are lacking are
// listed as incomplete, and the outcome is not OK then. Forms for a person pass through readable.
func WriteReport(w io.Writer, form string, readable func(string) string, r *apply.Report, dryRun bool, lacking []rows.Source) error {
	switch d := Doc(r); {
	case form == JSON || form == YAML:
		row := NewReport(r, dryRun)
		for _, l := range lacking {
			row.OK = false
			row.Incomplete = append(row.Incomplete, rows.Basis{Source: l.Name, State: l.State, AgeSeconds: rows.Seconds(l.Age()), Error: l.Error})
		}
		return Data(w, form, row)
	case form == Markdown:
		var nodes []string
		for _, n := range r.Nodes {
			nodes = append(nodes, n.Text)
		}
		return String(w, readable(d.Markdown()+markdownList("What the clouds could not be asked", r.Notes)+markdownList("Left half way", nodes)))
	case dryRun:
		return String(w, readable(d.Text()+notesText(r.Notes)))
	}
	row := NewReport(r, dryRun)
	return String(w, readable(row.Text()))
}

// markdownList returns a section with one line per text; "" if there are none.
func markdownList(title string, texts []string) string {
	if len(texts) == 0 {
		return ""
	}
	b := "\n## " + title + "\n\n"
	for _, s := range texts {
		b += "- " + plan.EscapeMarkdown(words.Clean(s)) + "\n"
	}
	return b
}

// notesText returns the lines about what the clouds could not be asked.
func notesText(notes []string) string {
	b := ""
	for _, n := range notes {
		b += "note: " + words.Clean(n) + "\n"
	}
	return b
}

// Text returns the outcome of each step as text. A reason that several steps have is written below the first, with their
// number.
func (r *Report) Text() string {
	var b strings.Builder
	b.WriteString(r.Title + "\n")
	count := map[string]int{}
	for i := range r.Steps {
		for _, why := range r.Steps[i].reasons() {
			count[why]++
		}
	}
	for i := range r.Steps {
		st := &r.Steps[i]
		fmt.Fprintf(&b, "  %-8s %s\n", st.State, st.Sentence)
		for _, why := range st.reasons() {
			switch n := count[why]; {
			case n > 1:
				fmt.Fprintf(&b, "           for this step and %d more: %s\n", n-1, why)
			case n == 1:
				b.WriteString("           " + why + "\n")
			}
			count[why] = 0
		}
		if st.Wire != "" {
			b.WriteString("           " + st.Wire + "\n")
		}
	}
	for _, n := range r.Nodes {
		b.WriteString(n.Text + "\n")
	}
	b.WriteString(notesText(r.Notes))
	return b.String()
}

// reasons returns why a step was not done, with what would satisfy each guard that fails; or a remark about it.
func (s *Step) reasons() (out []string) {
	for _, g := range s.Guards {
		if g.Pass {
			continue
		}
		why := fmt.Sprintf("guard %s: %s", g.Guard, g.Why)
		if g.Satisfy != "" {
			why += "\n           what would satisfy it: " + g.Satisfy
		}
		out = append(out, why)
	}
	if len(out) == 0 && s.Why != "" {
		out = append(out, s.Why)
	}
	return out
}

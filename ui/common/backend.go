// Package common is what the parts of the console share: the Backend that reads and changes
// things for it, the Context that the root model lends to screens and dialogs, the Dialog
// interface, the key map, and how lines, frames and texts are drawn. It imports no other part
// of the console but theme.
//
// Read Context first, then Dialog, then Backend.
package common

import (
	"context"
	"os/exec"

	"rollcall/dnsview"
	"rollcall/dnsview/apply"
	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
	"rollcall/providers/journal"
	"rollcall/providers/launch"
	"rollcall/userdata"
)

// Backend is all that the console needs of the rest of the house. Its methods
// are called from commands, never from Update or View, unless they say
// otherwise, and from several goroutines at once. A context that ends when the
// console quits is handed to whatever may take long.
type Backend interface {
	Reader
	Changer
	Starter

	// Shell returns the command that opens a shell on an instance, e.g. ssh
	// with user and address. The console leaves the screen to it while it runs.
	Shell(ctx context.Context, i providers.Instance) (*exec.Cmd, error)
	// ConsoleLog reads the tail of an instance's console log. The error of a
	// cloud that has none is of providers.KindInvalid.
	ConsoleLog(ctx context.Context, i providers.InstanceRef) (string, error)
}

// Reader is the way from the clouds to the screen.
type Reader interface {
	// Snapshot is the latest picture of all sources; never nil. It returns at once.
	Snapshot() *providers.Snapshot
	// Updates receives a value after the snapshot has changed; it is coalesced.
	Updates() <-chan struct{}
	// Inspect joins a snapshot and finds its disagreements, with the services
	// and the options of the config. It does no I/O, but may take a while.
	Inspect(s *providers.Snapshot) *dnsview.View
	// Files returns what is wrong with local files that a view rests on, such as a list of public
	// ranges that cannot be read, by name; empty when nothing is. It returns at once.
	Files() map[string]error
	// Visible says which records are on the screen, so that name servers are
	// asked for their names first. It returns at once.
	Visible(records []providers.Identity)
	// Refresh reads the named sources now, all of them without a name, and
	// returns when they have ended.
	Refresh(ctx context.Context, sources ...string)
	// SetPaused stops and resumes the regular refresh. It returns at once.
	SetPaused(paused bool)
}

// Changer is the way from the operator to DNS and to running instances.
type Changer interface {
	// Plan turns a request into a plan, on the latest snapshot. What it leaves
	// alone it names in Plan.Skipped. Nothing is written.
	Plan(ctx context.Context, w ChangeRequest) (plan.Plan, error)
	// Check runs every guard of the plan on fresh evidence. Nothing is written.
	Check(ctx context.Context, p plan.Plan) *apply.Report
	// Run carries the plan out: fresh evidence, guards, journal, steps. progress is
	// called from one goroutine at a time. The sources that changed are read again afterwards.
	Run(ctx context.Context, p plan.Plan, c apply.Confirm, progress func(apply.Event)) *apply.Report
	// Forget lets a cloud that left the config count no longer. It is an error while the cloud is in the config.
	Forget(ctx context.Context, cloud providers.CloudKey) error
	// Journal returns the latest entries, at most limit of them, and what is wrong with the file.
	Journal(ctx context.Context, limit int) (JournalPage, error)
	// RecoverJournal looks up what rollcalls that were stopped have left open in the journal, and
	// returns a line for each entry. Called again it returns none.
	RecoverJournal(ctx context.Context) ([]string, error)
}

// Starter is the way from the operator to new nodes.
type Starter interface {
	// Services are the declared services. It returns at once.
	Services() []index.Service
	// Templates are the boot templates. It returns at once.
	Templates() []userdata.Template
	// Defaults proposes how a node of a service is launched.
	Defaults(ctx context.Context, service string) LaunchDefaults
	// Catalogue lists what can be chosen from in one cloud, by its name.
	Catalogue(ctx context.Context, cloud string) (providers.Catalogue, error)
	// Render returns the boot script for one cloud.
	Render(ctx context.Context, r RenderRequest) (userdata.Rendered, error)
	// Lint looks at the boot script of one cloud as it was rendered for a launch.
	// It runs programs that look too.
	Lint(ctx context.Context, r RenderRequest, text userdata.Rendered) (userdata.LintReport, error)
	// Profiles says what has to be created for a launch with a new EC2 instance
	// profile of that name, account by account. Nothing is created.
	Profiles(ctx context.Context, spec launch.Spec, name string) ([]ProfilePlan, error)
	// MakeProfiles creates what is missing, and returns the spec that launches with it.
	MakeProfiles(ctx context.Context, spec launch.Spec, name string) (launch.Spec, error)
	// Launch starts all nodes of the spec and follows each until it is
	// registered. progress is called from one goroutine at a time.
	Launch(ctx context.Context, spec launch.Spec, progress func(launch.Progress)) launch.Report
	// Relaunch carries on with what a report says is missing, under the same launch id.
	Relaunch(ctx context.Context, r launch.Report, progress func(launch.Progress)) launch.Report
}

// ChangeRequest is what an operator wants done, before it is a plan.
type ChangeRequest struct {
	Verb index.Verb // empty when Findings are given
	// Records are what a deregister, quiesce, retarget, update or adopt is about.
	Records []providers.Identity
	// Instances are what a drain, register, quiesce, return or power is about, and
	// whom a retarget of one record gives it to.
	Instances []providers.InstanceRef
	// Findings ask for their remedies; the verb follows from them. See dnsview.PlanRemedy.
	Findings []*dnsview.Finding
	// NoDrain terminates without the wait: out of DNS, then terminate.
	NoDrain bool
	// Priority and Weight are what a balance gives to the nodes of Records; nil leaves
	// what each of them has.
	Priority, Weight *uint16
	// Name is the incarnation that a create or retire is about, and TXT are the
	// attributes of a new one, written key=value.
	Name string
	TXT  []string
	// Action is what a power verb does.
	Action plan.PowerAction
	// Run is what an undo takes back: the id of a run or the number of an
	// entry in the journal; empty for the last run that is not undone yet.
	Run string
}

// LaunchDefaults is what the launch form begins with.
type LaunchDefaults struct {
	Template   string
	NamePrefix string
	Values     map[string]string        // template variables that the service decides
	Clouds     map[string]CloudDefaults // by cloud name
}

// CloudDefaults is what the launch form begins with in one cloud.
type CloudDefaults struct {
	Count                                  int
	Image, Size, Network, KeyPair, Profile string
}

// RenderRequest asks for one boot script.
type RenderRequest struct {
	Template string
	Service  string
	Cloud    string // cloud name: decides the provider, its limit and its endpoints
	Values   map[string]string
}

// ProfilePlan is the instance profile of a launch in one AWS account.
type ProfilePlan struct {
	Account, Name string
	Missing       []string // sentences: what is created; empty when all is there
	Policy        string   // of its role, in JSON
}

// JournalPage is the journal as the console shows it.
type JournalPage struct {
	Entries  []journal.Entry   // newest first
	Problems []journal.Problem // where the file is not what was written
}

// Package common is shared by the parts of the console: the Backend that reads and changes things, the Context that
// screens and dialogs get from the root model, the Dialog interface, the key map, and the drawing of lines, frames and
// texts. Of the console it imports only theme.
//
// Read Context first, then Dialog, then Backend.
package common

import (
	"context"
	"os/exec"
	"time"

	"rollcall/dnsview"
	"rollcall/dnsview/apply"
	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/providers/journal"
	"rollcall/providers/launch"
	"rollcall/userdata"
)

// Backend is the console's access to everything else. Unless they say otherwise, its methods are called from commands,
// never from Update or View, and concurrently. Methods that may take long get a context that ends when the console
// quits.
type Backend interface {
	Reader
	Changer
	Annotator
	Starter
	Historian

	// Shell returns the command that opens a shell on an instance, e.g. ssh with user and address. The console suspends
	// itself while the command runs.
	Shell(ctx context.Context, i providers.Instance) (*exec.Cmd, error)
	// Page returns the address of the page of an instance, or else of a zone, in the web console of its provider; an error
	// if there is none. It returns at once.
	Page(i *providers.Instance, zone string) (string, error)
	// Program returns a program of the config with its arguments, to run in the terminal without a shell and without
	// rollcall's credentials. It looks the program up in the folders of PATH.
	Program(args []string) *exec.Cmd
	// OpenPage shows a page in a browser if this machine has a display.
	OpenPage(address string) error
	// Condition returns what a cloud says of one instance: status checks, scheduled events, protection.
	Condition(ctx context.Context, i providers.InstanceRef) (providers.Condition, error)
	// ConsoleLog returns the end of an instance's console log. For a cloud without console logs the error is of kind
	// providers.KindInvalid.
	ConsoleLog(ctx context.Context, i providers.InstanceRef) (string, error)
}

// Reader reads sources for the screen.
type Reader interface {
	// Snapshot returns the latest snapshot; never nil. It returns at once.
	Snapshot() *providers.Snapshot
	// Updates receives after the snapshot has changed; several changes may cause one receive.
	Updates() <-chan struct{}
	// Questions receives what a source asks the operator, such as for the code of an MFA device. The source waits for the
	// answer.
	Questions() <-chan Question
	// Inspect joins a snapshot and finds its disagreements, with the services and the options of the config. It does no
	// I/O but may take a while.
	Inspect(s *providers.Snapshot) *dnsview.View
	// Files returns, by name, the errors of local files that a view depends on, such as an unreadable list of public
	// ranges. It returns at once.
	Files() map[string]error
	// LogErr returns why lines are missing in the log file, or nil. It returns at once.
	LogErr() error
	// Team returns what is known of the other members of the team; nil without a team, and before it was asked. It returns
	// at once. Updates receives after it has changed.
	Team() *Team
	// Visible sets the records that are on the screen, so that their names are asked of name servers first. It returns
	// at once.
	Visible(records []providers.Identity)
	// SourceAPI returns how the named source is asked. It returns at once.
	SourceAPI(name string) SourceAPI
	// Calls returns the latest calls to APIs, oldest first, with clean texts. It returns at once.
	Calls() []rows.Call
	// Timeline returns what is recorded of a name in the last day, oldest first, with clean texts; see rows.Event.About.
	Timeline(ctx context.Context, name string) ([]rows.Event, error)
	// Refresh reads the named sources, or all, and returns when the reads have ended.
	Refresh(ctx context.Context, sources ...string)
	// SetPaused stops and resumes the regular refresh. It returns at once.
	SetPaused(paused bool)
}

// Changer changes DNS and running instances.
type Changer interface {
	// Plan returns the plan of a request on the latest snapshot. Plan.Skipped lists what it leaves alone. It writes
	// nothing.
	Plan(ctx context.Context, w ChangeRequest) (plan.Plan, error)
	// Check runs every guard of the plan on fresh evidence. It writes nothing.
	Check(ctx context.Context, p plan.Plan) *apply.Report
	// Run carries out the plan: fresh evidence, guards, journal, steps. progress is called from one goroutine at a
	// time. The changed sources are read again afterwards.
	Run(ctx context.Context, p plan.Plan, c apply.Confirm, progress func(apply.Event)) *apply.Report
	// Forget makes a cloud that left the config count no longer. It fails while the cloud is in the config.
	Forget(ctx context.Context, cloud providers.CloudKey) error
	// Journal returns the latest entries, at most limit, and the problems of the file.
	Journal(ctx context.Context, limit int) (JournalPage, error)
	// RecoverJournal resolves what stopped rollcalls have left open in the journal, and returns a line for each entry.
	// Later calls return none.
	RecoverJournal(ctx context.Context) ([]string, error)
	// UnfinishedDrains returns the drains of stopped rollcalls that took nodes out of DNS and did not terminate them, and
	// the nodes that their replacements have not replaced.
	UnfinishedDrains(ctx context.Context) ([]UnfinishedDrain, error)
	// LeaveDrained records that drains are not to be finished, so that UnfinishedDrains does not return them again.
	LeaveDrained(ctx context.Context, drains []journal.Unfinished) error
}

// Annotator writes what operators want to be known. It changes no cloud and no DNS.
type Annotator interface {
	// Snooze keeps findings out of alarms for a time. A time or reason that is not possible is an error.
	Snooze(found []*dnsview.Finding, d time.Duration, reason string) error
	// Unsnooze ends the snoozes of findings.
	Unsnooze(found []*dnsview.Finding) error
	// Note writes a note about a record or instance, in the form of the command line; an empty text removes it.
	Note(subject, text string) error
}

// Historian keeps what was typed at prompts for later runs.
type Historian interface {
	// History returns what was typed in earlier runs.
	History() (map[Prompt]History, error)
	// Remember keeps a line. One that looks like a secret is left out.
	Remember(at Prompt, line string) error
	// LastHour returns what was kept by KeepLastHour, nil if nothing.
	LastHour() ([]byte, error)
	// KeepLastHour keeps what the overview shows of the last hour, as rows.Trends encodes it.
	KeepLastHour(text []byte) error
}

// Question is a question of a source to the operator.
type Question struct {
	providers.Question
	Answer func(text string) // returns at once; an empty text leaves the question unanswered, and later calls do nothing
}

// UnfinishedDrain is a drain or a replacement that ended before its node was terminated.
type UnfinishedDrain struct {
	journal.Unfinished
	Text string // which node, since when, and by whom
}

// Starter starts new nodes.
type Starter interface {
	// Services returns the declared services. It returns at once.
	Services() []index.Service
	// Templates returns the boot templates. It returns at once.
	Templates() []userdata.Template
	// Defaults returns the launch defaults for nodes of a service.
	Defaults(ctx context.Context, service string) LaunchDefaults
	// Catalogue returns what a launch can choose from in the named cloud.
	Catalogue(ctx context.Context, cloud string) (providers.Catalogue, error)
	// Render returns the boot script for one cloud.
	Render(ctx context.Context, r RenderRequest) (userdata.Rendered, error)
	// Lint checks the boot script of one cloud as rendered for a launch, with external programs too.
	Lint(ctx context.Context, r RenderRequest, text userdata.Rendered) (userdata.LintReport, error)
	// Profiles returns, by account, what has to be created for a launch with a new EC2 instance profile of that name.
	// It creates nothing.
	Profiles(ctx context.Context, spec launch.Spec, name string) ([]ProfilePlan, error)
	// MakeProfiles creates what is missing, and returns the spec with the profile.
	MakeProfiles(ctx context.Context, spec launch.Spec, name string) (launch.Spec, error)
	// JournalAsk returns what an operator has to type before a launch, because the store of the team is away or nothing can
	// be signed, or nil.
	JournalAsk(ctx context.Context) *apply.Ask
	// AnswerJournal passes on that it was typed.
	AnswerJournal(text string) error
	// Launch starts all nodes of the spec and follows each until it is registered. progress is called from one
	// goroutine at a time.
	Launch(ctx context.Context, spec launch.Spec, progress func(launch.Node)) launch.Report
	// Relaunch continues a launch from its report, under the same launch id.
	Relaunch(ctx context.Context, r launch.Report, progress func(launch.Node)) launch.Report
}

// SourceAPI is how a source is asked.
type SourceAPI struct {
	Endpoint string // URL of the API, clean
	Account  string // name of its account among the calls
	Budget   string // in words
}

// ChangeRequest is a change that the operator requests; Plan makes a plan of it.
type ChangeRequest struct {
	Verb index.Verb // empty if Findings are given
	// Announced is how many records a change that runs without a question was said to remove. One that would remove
	// more asks.
	Announced int
	// Records are the objects of a deregister, quiesce, retarget, update or adopt.
	Records []providers.Identity
	// Instances are the objects of a drain, register, quiesce, return or power, or the new target of a retarget of one
	// record.
	Instances []providers.InstanceRef
	// Replacements are the objects of a replace, each with a limit of its own. Instances are their nodes.
	Replacements []journal.Replacement
	// Cloud is the object of an evacuate, or of a return of what an evacuation took out.
	Cloud providers.CloudKey
	// Findings request their remedies, which determine the verb. See dnsview.PlanRemedy.
	Findings []*dnsview.Finding
	// NoDrain terminates without the wait after the removal from DNS.
	NoDrain bool
	// Priority and Weight are the values of a balance for the nodes of Records; nil keeps each node's own.
	Priority, Weight *uint16
	// Name is the incarnation to create or retire, and TXT the attributes of a new one as key=value.
	Name string
	TXT  []string
	// Action is the action of a power verb.
	Action plan.PowerAction
	// Run is what an undo reverts: the id of a run or the number of a journal entry; empty for the last run that is not
	// undone yet.
	Run string
}

// ReplaceRequest returns a request to replace nodes, of which one at a time is out of DNS.
func ReplaceRequest(nodes []providers.InstanceRef) ChangeRequest {
	return ChangeRequest{Verb: index.VerbReplace, Instances: nodes, Replacements: []journal.Replacement{{Nodes: nodes, MaxOut: 1}}}
}

// LaunchDefaults are the initial values of the launch form.
type LaunchDefaults struct {
	Template   string
	NamePrefix string
	Values     map[string]string        // template variables that follow from the service
	Clouds     map[string]CloudDefaults // by cloud name
	Last       LastLaunch
}

// LastLaunch is the latest launch of a service in the journal.
type LastLaunch struct {
	Why      string // why there is none; then the rest is empty
	Time     time.Time
	Who      string
	Template string // empty if the journal does not have it
	// Values are the given values of the template's variables without secret ones, whose names are in Withheld. They are
	// nil if the journal does not have them.
	Values     map[string]string
	Withheld   []string
	NamePrefix string
	Clouds     map[string]CloudDefaults // by cloud name
}

// CloudDefaults are the initial values of the launch form for one cloud.
type CloudDefaults struct {
	Count                                  int
	Image, Size, Network, KeyPair, Profile string
}

// RenderRequest selects one boot script.
type RenderRequest struct {
	Template string
	Service  string
	Cloud    string // decides the provider, its limit and its endpoints
	Values   map[string]string
}

// ProfilePlan is the instance profile of a launch in one AWS account.
type ProfilePlan struct {
	Account, Name string
	Missing       []string // one sentence per object to create; empty if nothing is missing
	Policy        string   // of its role, in JSON
}

// JournalPage is the part of the journal that the console shows.
type JournalPage struct {
	Entries  []journal.Entry   // newest first
	Problems []journal.Problem // damage to the file
}

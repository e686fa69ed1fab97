package providers

import (
	"context"
	"net/netip"
	"time"
)

// The interfaces of a cloud account, one capability each. Every method is safe for concurrent use and returns errors of
// type *Error.
type (
	// Identifier identifies the account. Identify returns account id, region and key. It asks the cloud each time,
	// because credentials can change while rollcall runs; see WithOneIdentity for what is asked within one read.
	Identifier interface {
		Identify(ctx context.Context) (Cloud, error)
	}

	// InstanceLister lists every instance, including terminated ones for as long as the cloud shows them. page is
	// called from one goroutine at a time and may hold its slice, whose rows must not be modified: later reads may share them. It is
	// empty for an answer whose rows come later.
	// Coverage.Key is the key that Identify returned within this read (IdentityOf); when Identify fails, the read is
	// failed.
	InstanceLister interface {
		Instances(ctx context.Context, page func([]Instance)) Coverage
	}

	// AddressLister lists the addresses that count as inventory beside the instances' own: elastic addresses and
	// network interfaces. A cloud that has neither yields no addresses and a complete coverage.
	AddressLister interface {
		Addresses(ctx context.Context, page func([]Address)) Coverage
	}

	// AddressHolder finds the holders of addresses. Holders returns the elastic addresses and network interfaces that
	// hold one of the public IPv4 addresses addrs. An empty result with a nil error is the cloud's statement that there
	// are none. Clouds where only instances hold addresses do not implement it.
	AddressHolder interface {
		Holders(ctx context.Context, addrs []netip.Addr) ([]Address, error)
	}

	// InstanceGetter reads one instance. An instance that the cloud reports as absent is KindNotFound (EC2
	// InvalidInstanceID.NotFound, Triton 404) or KindGone (Triton 410). An empty answer without such a report is
	// KindIncomplete.
	InstanceGetter interface {
		Instance(ctx context.Context, id string) (Instance, error)
	}

	// InstancesGetter reads several instances in few calls. InstancesByID returns for each of ids, which holds none twice,
	// what Instance would return; an id is KindNotFound only if the cloud itself named it as absent. Clouds where each
	// instance takes a call of its own do not implement it.
	InstancesGetter interface {
		InstancesByID(ctx context.Context, ids []string) map[string]InstanceAnswer
	}

	// Launcher starts one instance. Calls with the same LaunchID and Index start only one: EC2 ensures this by
	// ClientToken, Triton by a tag that is searched for before every retry.
	Launcher interface {
		Launch(ctx context.Context, req LaunchRequest) (Instance, error)
	}

	// LaunchChecker reports what a cloud would refuse of a launch. CheckLaunch starts nothing. An error means that the cloud
	// did not answer, so nothing is known. An adapter need not implement it.
	LaunchChecker interface {
		CheckLaunch(ctx context.Context, req LaunchRequest) (LaunchCheck, error)
	}

	// LaunchFinder finds the instance of a launch. FindLaunch returns it in any state, or KindNotFound when the cloud
	// shows none; a new instance may not be shown for a while.
	LaunchFinder interface {
		FindLaunch(ctx context.Context, launchID string, index int) (Instance, error)
	}

	// Power changes the state of one instance. Terminating an instance that is already gone is no error.
	//
	// CheckPower returns what the cloud would do with an action, without carrying it out. An error means that the cloud
	// did not answer, so nothing is known.
	Power interface {
		CheckPower(ctx context.Context, id string, action PowerAction) (PowerCheck, error)
		Start(ctx context.Context, id string) error
		Stop(ctx context.Context, id string) error
		Reboot(ctx context.Context, id string) error
		Terminate(ctx context.Context, id string) error
	}

	// Cataloguer lists the images, sizes and networks that a launch can choose from.
	Cataloguer interface {
		Catalogue(ctx context.Context) (Catalogue, error)
	}

	// ConsoleReader reads the end of an instance's console log. A cloud without console logs returns KindInvalid.
	ConsoleReader interface {
		ConsoleLog(ctx context.Context, id string) (string, error)
	}

	// ConditionReader reads what a cloud says of one instance beyond its list. An adapter need not implement it.
	ConditionReader interface {
		Condition(ctx context.Context, id string) (Condition, error)
	}

	// StatusReader reads the status checks and scheduled events of all instances of a cloud, by id: Checks and Notices of
	// their Condition. Instances that do not run may be missing. An adapter need not implement it.
	StatusReader interface {
		Statuses(ctx context.Context) (map[string]Condition, error)
	}

	// TargetReader reads the target groups of a cloud's load balancers. TargetGroups returns those of which the instances
	// with ids are targets, by their ids or their addresses. An adapter need not implement it.
	TargetReader interface {
		TargetGroups(ctx context.Context, ids []string) TargetGroups
	}

	// UserDataReader reads the user data that an instance boots with, as the cloud holds it: it may be compressed. It is
	// empty if the instance has none. An adapter need not implement it.
	UserDataReader interface {
		UserData(ctx context.Context, id string) ([]byte, error)
	}

	// Compute is all that an adapter of a cloud implements.
	Compute interface {
		Identifier
		InstanceLister
		AddressLister
		InstanceGetter
		Launcher
		Power
		Cataloguer
		ConsoleReader
	}
)

// InstanceAnswer is what Instance returns about one id.
type InstanceAnswer struct {
	Instance Instance
	Err      error
}

// Condition is what a cloud says of one instance when it is asked for it alone. Texts are those of the cloud.
type Condition struct {
	Checks    string   // its status checks in one line; empty if the cloud makes none
	Notices   []string // what an operator should know before a change, a sentence each: failing checks, scheduled events
	Protected []string // what keeps it from being stopped or terminated, and how that is taken off
	Targets   []string // the target groups of load balancers that it is in, a phrase each
	Unchecked []string // what could not be asked, and why
}

// PowerAction is a change of an instance's power state.
type PowerAction string

// The power actions.
const (
	PowerStart     PowerAction = "start"
	PowerStop      PowerAction = "stop"
	PowerReboot    PowerAction = "reboot"
	PowerTerminate PowerAction = "terminate"
)

// PowerCheck is a cloud's answer to whether it would carry out an action. The zero value means that it would.
type PowerCheck struct {
	// Refused is the reason why the cloud would refuse, in its own words if it has some; empty if it would not.
	Refused string
	// Satisfy is what would make the cloud carry out the action; empty if Refused is.
	Satisfy string
	// Unchecked lists what could not be checked, one sentence each, such as a missing permission or an operation that
	// this endpoint does not have. It counts neither for nor against the action.
	Unchecked []string
	// Notices are those of the instance's Condition, if the cloud has any. They speak for or against nothing.
	Notices []string
}

// LaunchCheck is a cloud's answer to whether it would start an instance. The zero value means that it would, as far as it
// can say: capacity and quotas show at the launch itself.
type LaunchCheck struct {
	Refused   []string // what the cloud would refuse and why, each with what to do instead
	Unchecked []string // what could not be checked, a phrase each
}

// Tags of instances that rollcall launches. On Triton they are machine tags of the same names.
const (
	TagLaunch  = "rollcall.launch"  // "<launch id>/<index>"
	TagFleet   = "rollcall.fleet"   // fleet id
	TagService = "rollcall.service" // service name
)

// LaunchRequest describes one instance to start.
type LaunchRequest struct {
	LaunchID string // the same for all instances of a launch and for retries
	Index    int    // 0-based number of the node within the launch and cloud
	Name     string // node name; unique within the launch
	Image    string // image id
	Size     string // instance type or package name
	Network  string // subnet or network id; empty for the cloud's default
	KeyPair  string // EC2 key pair name; empty for none
	Profile  string // EC2 instance profile name; empty for none
	UserData []byte // raw; at most 16,384 bytes on EC2
	Tags     map[string]string
	Metadata map[string]string // Triton metadata beside user-script; may hold secrets, never logged
}

// Catalogue lists what a launch can choose from in one cloud.
type Catalogue struct {
	Images   []Image
	Sizes    []Size
	Networks []Network
	KeyPairs []string
}

// Image is a machine image.
type Image struct {
	ID, Name, OS, Version, Arch string
	Published                   time.Time
}

// Size is an EC2 instance type or a Triton package.
type Size struct {
	ID        string // the type's name, or the package's name or id
	Name      string
	VCPUs     int
	MemoryMiB int
	DiskGiB   int
}

// Network is a subnet or a Triton network.
type Network struct {
	ID, Name string
	Public   bool
}

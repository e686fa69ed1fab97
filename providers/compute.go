package providers

import (
	"context"
	"net/netip"
	"time"
)

// The small interfaces of a cloud. A consumer asks for those that it needs.
// Every method is safe for concurrent use. Errors are *Error.
type (
	// Identifier asks the cloud who it is: account, place and hence key. The
	// answer is never cached: credentials can change while rollcall runs.
	Identifier interface {
		Identify(ctx context.Context) (Cloud, error)
	}

	// InstanceLister lists every instance, terminated ones included as long
	// as the cloud shows them. page is called from one goroutine at a time
	// and owns its slice. Coverage.Key is the key that Identify gave in this
	// very read; when the account could not be asked the read is failed.
	InstanceLister interface {
		Instances(ctx context.Context, page func([]Instance)) Coverage
	}

	// AddressLister lists addresses that are inventory beside the instances'
	// own: elastic addresses and network interfaces. A cloud that has no such
	// thing yields nothing and a complete coverage.
	AddressLister interface {
		Addresses(ctx context.Context, page func([]Address)) Coverage
	}

	// AddressHolder finds who has some public IPv4 addresses. A cloud where an instance holds
	// every address does not have it. Holders returns the elastic addresses and network interfaces
	// that have one of addrs. An empty result with a nil error is the cloud's word that there are none.
	AddressHolder interface {
		Holders(ctx context.Context, addrs []netip.Addr) ([]Address, error)
	}

	// InstanceGetter asks for one instance by id. An instance that the cloud
	// says is not there is KindNotFound (EC2 InvalidInstanceID.NotFound,
	// Triton 404) or KindGone (Triton 410); an empty answer without the
	// cloud's word for it is KindIncomplete.
	InstanceGetter interface {
		Instance(ctx context.Context, id string) (Instance, error)
	}

	// Launcher starts one instance. The same LaunchID and Index never start
	// two: EC2 by ClientToken, Triton by a tag that is looked for before
	// every retry.
	Launcher interface {
		Launch(ctx context.Context, req LaunchRequest) (Instance, error)
	}

	// LaunchFinder finds the instance that was launched under an id and index,
	// in whatever state it is. When the cloud shows none the error is KindNotFound; a new
	// instance may not be shown for a while.
	LaunchFinder interface {
		FindLaunch(ctx context.Context, launchID string, index int) (Instance, error)
	}

	// Power changes the state of one instance. Terminating one that is gone
	// already is no error.
	//
	// CheckPower returns what the cloud says of an action without carrying it out. An
	// error means that the cloud gave no answer at all, so that nothing is known.
	Power interface {
		CheckPower(ctx context.Context, id string, action PowerAction) (PowerCheck, error)
		Start(ctx context.Context, id string) error
		Stop(ctx context.Context, id string) error
		Reboot(ctx context.Context, id string) error
		Terminate(ctx context.Context, id string) error
	}

	// Cataloguer lists what a launch can choose from.
	Cataloguer interface {
		Catalogue(ctx context.Context) (Catalogue, error)
	}

	// ConsoleReader reads the tail of an instance's console log. A cloud
	// without one answers KindInvalid.
	ConsoleReader interface {
		ConsoleLog(ctx context.Context, id string) (string, error)
	}

	// Compute is a whole cloud, as an adapter returns it.
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

// PowerAction is what Power does to an instance.
type PowerAction string

// The power actions.
const (
	PowerStart     PowerAction = "start"
	PowerStop      PowerAction = "stop"
	PowerReboot    PowerAction = "reboot"
	PowerTerminate PowerAction = "terminate"
)

// PowerCheck is what a cloud says of an action on an instance before it is carried out.
// The zero value says that nothing speaks against it.
type PowerCheck struct {
	// Refused says why the cloud would refuse, in the cloud's own words where it has some; empty when it would not.
	Refused string
	// Satisfy says what would have the cloud carry it out; empty when Refused is.
	Satisfy string
	// Unchecked says what could not be asked, one sentence for each: a permission that the
	// credentials lack, or something that this endpoint does not know. It speaks neither for the action nor against it.
	Unchecked []string
}

// Tags that rollcall puts on what it launches. On Triton they are machine
// tags of the same names.
const (
	TagLaunch  = "rollcall.launch"  // "<launch id>/<index>"
	TagFleet   = "rollcall.fleet"   // fleet id
	TagService = "rollcall.service" // service name
)

// LaunchRequest asks for one instance.
type LaunchRequest struct {
	LaunchID string // one for a whole launch, the same in a retry
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

// Catalogue is what a launch can choose from in one cloud.
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
	ID        string // what a launch takes: the type's or package's name or id
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

package providers

import (
	"context"
	"time"
)

// Object is one object of a Store.
type Object struct {
	Key  string
	Data []byte
	// Version changes with every write of the object: the ETag of S3.
	Version string
	// Modified is when the object was written, and Asked when it was read, both by the clock of the store. A zero Asked
	// means that the store did not say.
	Modified, Asked time.Time
}

// MaxObject is the largest size in bytes of an object that a Store reads. A larger one is KindIncomplete.
const MaxObject = 256 << 20

// Store holds small objects that several rollcalls share, such as the journal of a team. Keys consist of letters,
// digits, dots, dashes and slashes. A store is safe for concurrent use by goroutines and processes; of several writers
// that state the same condition at once, one succeeds. Errors are an *Error:
//
//   - KindNotFound: there is no such object.
//   - KindConflict: the condition of a write does not hold, or another writer writes the object now. Nothing was written.
//   - KindUncertain: the write was sent and its reply was lost, so it may have happened.
//   - KindThrottled, KindUnreachable: nothing was written, and the same call may succeed later.
//   - KindAuth, KindInvalid: nothing was written, and the settings or permissions are wrong.
type Store interface {
	// Name returns the place of the store as an operator writes it: s3://bucket/prefix or a folder.
	Name() string

	// Get returns an object. A read that begins after a write has ended returns what was written.
	Get(ctx context.Context, key string) (Object, error)

	// GetChanged is Get for an object that was read before. While it still has this version, the answer has the version, and
	// neither Data nor times, and costs next to nothing.
	GetChanged(ctx context.Context, key, version string) (Object, error)

	// PutIfAbsent creates an object and returns its version.
	PutIfAbsent(ctx context.Context, key string, data []byte) (version string, err error)

	// PutIfMatch replaces an object that still has this version and returns the new version. The error for an object
	// that does not exist is KindConflict or KindNotFound.
	PutIfMatch(ctx context.Context, key string, data []byte, version string) (newVersion string, err error)

	// ListAfter returns, in ascending order of bytes, at most most keys that begin with prefix and follow after. A list
	// may lack what was written last.
	ListAfter(ctx context.Context, prefix, after string, most int) (keys []string, err error)

	// ListObjects returns, in ascending order of bytes of their keys, at most most objects whose keys begin with prefix,
	// without their data. A list may lack what was written last.
	ListObjects(ctx context.Context, prefix string, most int) ([]Object, error)

	// Delete removes an object. Removing one that does not exist is no error.
	Delete(ctx context.Context, key string) error
}

package store

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"rollcall/providers"
)

// Folder is a Store of files in a folder that all members reach: on one machine, or on a file system with locks and
// hard links, such as NFS version 4.
type Folder struct {
	root     string
	modified func(fs.FileInfo) time.Time // when a file was written, by the clock of the file system
	sync     func(path string) error     // writes the names in a folder to disk
	link     func(old, name string) error

	mu      sync.Mutex
	ahead   time.Duration // of the clock of the file system, against this machine's
	askedAt time.Time     // when that was asked for, by the wall clock of this machine; zero if it was not yet
}

// clockEvery is how often the clock of the file system is asked for.
const clockEvery = 30 * time.Second

var _ providers.Store = (*Folder)(nil)

// temporary is the prefix of files that are being written. Keys do not begin with it.
const temporary = ".write-"

// NewFolder returns the store in a folder. A folder that does not exist is unreachable, and not made, so that a file
// system that is not mounted is not taken for an empty store.
func NewFolder(root string) *Folder {
	return &Folder{root: root, modified: fs.FileInfo.ModTime, sync: syncFolder, link: os.Link}
}

// Name returns the folder.
func (f *Folder) Name() string { return f.root }

// now returns the time of the file system that the folder is on, as the time of a file that is written there. If none can be
// written, it is the time of this machine.
func (f *Folder) now(ctx context.Context) time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.askedAt.IsZero() || time.Since(f.askedAt).Abs() > clockEvery {
		f.askedAt = time.Now().Round(0)
		if path, err := f.write(ctx, "clock", nil); err == nil {
			if info, err := os.Stat(path); err == nil {
				f.ahead = time.Until(f.modified(info))
			}
			_ = os.Remove(path) // what is left behind is not listed
		}
	}
	return time.Now().Add(f.ahead)
}

// Get implements providers.Store. The clock of the store is that of its file system.
func (f *Folder) Get(ctx context.Context, key string) (providers.Object, error) {
	if err := ctx.Err(); err != nil {
		return providers.Object{}, f.failed("read "+key, err)
	}
	file, err := os.Open(f.path(key))
	if err != nil {
		return providers.Object{}, f.failed("read "+key, err)
	}
	defer func() { _ = file.Close() }() // it was only read
	info, err := file.Stat()
	if err != nil {
		return providers.Object{}, f.failed("read "+key, err)
	}
	if info.Size() > providers.MaxObject {
		return providers.Object{}, f.error(providers.KindIncomplete, "read "+key, fmt.Errorf("it has %d bytes, and %d is the most", info.Size(), providers.MaxObject))
	}
	var data bytes.Buffer
	if _, err := data.ReadFrom(file); err != nil {
		return providers.Object{}, f.failed("read "+key, err)
	}
	return providers.Object{Key: key, Data: data.Bytes(), Version: versionOf(data.Bytes()), Modified: f.modified(info), Asked: f.now(ctx)}, nil
}

// GetChanged implements providers.Store. It reads the file all the same.
func (f *Folder) GetChanged(ctx context.Context, key, version string) (providers.Object, error) {
	o, err := f.Get(ctx, key)
	if err == nil && o.Version == version {
		return providers.Object{Key: key, Version: version}, nil
	}
	return o, err
}

// PutIfAbsent implements providers.Store. The file gets its name by a hard link, which fails if the name exists.
func (f *Folder) PutIfAbsent(ctx context.Context, key string, data []byte) (string, error) {
	op := "create " + key
	written, err := f.write(ctx, key, data)
	if err != nil {
		return "", f.failed(op, err)
	}
	err = f.link(written, f.path(key))
	if err != nil && sameFile(written, f.path(key)) {
		err = nil // NFS sends a request again whose reply was lost
	}
	_ = os.Remove(written) // what is left behind is not listed
	if errors.Is(err, fs.ErrExist) {
		return "", f.error(providers.KindConflict, op, errors.New("it exists"))
	}
	if err != nil {
		return "", f.failed(op, err)
	}
	return f.synced(op, key, data)
}

// PutIfMatch implements providers.Store. Writers that replace an object follow each other by a lock beside it.
func (f *Folder) PutIfMatch(ctx context.Context, key string, data []byte, version string) (string, error) {
	op := "replace " + key
	unlock, err := lockFile(ctx, filepath.Join(f.root, ".lock"))
	if err != nil {
		return "", f.failed(op, err)
	}
	defer unlock()
	is, err := f.Get(ctx, key)
	if err != nil {
		return "", err
	}
	if is.Version != version {
		return "", f.error(providers.KindConflict, op, errors.New("it has changed"))
	}
	written, err := f.write(ctx, key, data)
	if err != nil {
		return "", f.failed(op, err)
	}
	if err := os.Rename(written, f.path(key)); err != nil {
		return "", f.failed(op, err)
	}
	return f.synced(op, key, data)
}

// synced returns the version of an object that has its name, once that is on disk. Some file systems, such as those of SMB
// and FUSE, do not sync folders.
func (f *Folder) synced(op, key string, data []byte) (string, error) {
	err := f.sync(filepath.Dir(f.path(key)))
	if err == nil || errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		return versionOf(data), nil
	}
	return "", f.error(providers.KindUncertain, op, err)
}

// ListAfter implements providers.Store.
func (f *Folder) ListAfter(ctx context.Context, prefix, after string, most int) ([]string, error) {
	if _, err := os.Stat(f.root); err != nil {
		return nil, f.failed("list "+prefix, err)
	}
	var keys []string
	err := filepath.WalkDir(filepath.Dir(f.path(prefix+"x")), func(path string, d fs.DirEntry, err error) error {
		if err == nil {
			err = context.Cause(ctx)
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil // it was removed meanwhile
		}
		if err != nil || d.IsDir() || strings.HasPrefix(d.Name(), ".") {
			return err
		}
		rel, err := filepath.Rel(f.root, path)
		if key := filepath.ToSlash(rel); strings.HasPrefix(key, prefix) && key > after {
			keys = append(keys, key)
		}
		return err
	})
	if err != nil {
		return nil, f.failed("list "+prefix, err)
	}
	slices.Sort(keys) // a folder is walked in the order of its parts
	return keys[:min(most, len(keys))], nil
}

// ListObjects implements providers.Store.
func (f *Folder) ListObjects(ctx context.Context, prefix string, most int) ([]providers.Object, error) {
	keys, err := f.ListAfter(ctx, prefix, "", most)
	var out []providers.Object
	for _, key := range keys {
		o, err := f.Get(ctx, key)
		if providers.KindOf(err) == providers.KindNotFound {
			continue // it was removed meanwhile
		}
		if err != nil {
			return nil, err
		}
		o.Data = nil
		out = append(out, o)
	}
	return out, err
}

// Delete implements providers.Store.
func (f *Folder) Delete(_ context.Context, key string) error {
	if err := os.Remove(f.path(key)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return f.failed("delete "+key, err)
	}
	return nil
}

func (f *Folder) path(key string) string { return filepath.Join(f.root, filepath.FromSlash(key)) }

// write writes data to a file beside that of the key, and returns its path once it is on disk.
func (f *Folder) write(ctx context.Context, key string, data []byte) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	if _, err := os.Stat(f.root); err != nil {
		return "", err // it was unmounted
	}
	folder := filepath.Dir(f.path(key))
	if err := os.MkdirAll(folder, 0o770); err != nil {
		return "", err
	}
	path := filepath.Join(folder, temporary+rand.Text())
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o660)
	if err != nil {
		return "", err
	}
	_, err = file.Write(data)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		_ = os.Remove(path)
		return "", err
	}
	return path, nil
}

func (f *Folder) error(kind providers.Kind, op string, err error) error {
	return &providers.Error{Kind: kind, Source: "team store " + f.root, Op: op, Err: err}
}

// failed returns an error of the file system in the words of providers.Store.
func (f *Folder) failed(op string, err error) error {
	kind := providers.KindUnreachable
	switch {
	case errors.Is(err, fs.ErrNotExist):
		kind = providers.KindNotFound
		if _, gone := os.Stat(f.root); gone != nil {
			kind, err = providers.KindUnreachable, gone
		}
	case errors.Is(err, fs.ErrPermission):
		kind = providers.KindAuth
	}
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		err = pathError.Err
	}
	return f.error(kind, op, err)
}

func versionOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func sameFile(a, b string) bool {
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return errX == nil && errY == nil && os.SameFile(x, y)
}

func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

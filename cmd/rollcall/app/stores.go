package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"rollcall/cmd/rollcall/config"
	"rollcall/dnsview/index"
	"rollcall/providers"
	"rollcall/providers/journal"
	"rollcall/providers/s3"
	"rollcall/providers/store"
	"rollcall/providers/team"
)

// What this machine has read of a team's store, and what waits for it, is in a folder of its own for each store, so that a
// config can name another store and later this one again. The folder is named by the place of the store and not by its id,
// which cannot be asked while the store is away; the journal compares the id.

// TeamJournalName is the file of what this machine has read of the team's journal.
const TeamJournalName = "team-journal.jsonl"

const storesName = "stores"

// StoreFolder returns the folder of the store of the config's team in a state folder. All spellings of the place of a store
// have the same one.
func StoreFolder(c *config.Config, state string) string {
	if c.Team.Folder != "" {
		return storeFolder(state, "", realPath(c.Team.Folder))
	}
	return storeFolder(state, plainEndpoint(c.Team.Endpoint), c.Team.Store())
}

func storeFolder(state, endpoint, place string) string {
	sum := sha256.Sum256([]byte(endpoint + " " + place))
	return filepath.Join(state, storesName, hex.EncodeToString(sum[:8]))
}

// maxLinks is how many symbolic links are followed, as on Linux.
const maxLinks = 40

// realPath returns an absolute path without symbolic links, also if nothing is there, as while a store is away.
func realPath(path string) string {
	path = filepath.Clean(path)
	for range maxLinks {
		if real, err := filepath.EvalSymlinks(path); err == nil {
			return real
		}
		to, err := os.Readlink(path)
		if err != nil {
			break
		}
		if !filepath.IsAbs(to) {
			to = filepath.Join(filepath.Dir(path), to)
		}
		path = filepath.Clean(to)
	}
	if dir := filepath.Dir(path); dir != path {
		return filepath.Join(realPath(dir), filepath.Base(path))
	}
	return path
}

// plainEndpoint returns the URL of a server without what does not distinguish it: capitals in its host, the default port, a
// slash at the end.
func plainEndpoint(endpoint string) string {
	u, err := url.Parse(endpoint)
	if err != nil {
		return endpoint
	}
	u.Scheme, u.Host = strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	if port := map[string]string{"http": ":80", "https": ":443"}[u.Scheme]; port != "" {
		u.Host = strings.TrimSuffix(u.Host, port)
	}
	u.Path = strings.TrimRight(u.Path, "/")
	return u.String()
}

// moveEarlier moves what an earlier release has kept in the state folder for any store into that of the present one.
func moveEarlier(c *config.Config, state string) error {
	to := StoreFolder(c, state)
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return fmt.Errorf("make the folder of the team's store: %w", err)
	}
	for _, from := range []string{filepath.Join(state, "team"), storeFolder(state, c.Team.Endpoint, c.Team.Store())} { // the latter by how the place is spelled
		if err := moveIfFree(from, to); err != nil {
			return err
		}
	}
	path := filepath.Join(state, TeamJournalName)
	if !exists(path) && !exists(path+".writers") || exists(filepath.Join(to, TeamJournalName)) {
		return nil
	}
	if err := os.MkdirAll(to, 0o700); err != nil {
		return fmt.Errorf("make the folder of the team's store: %w", err)
	}
	for _, end := range []string{".writers", ".lock", ".lock.holder", ""} { // the journal last: it shows that all is there
		if err := moveIfFree(path+end, filepath.Join(to, TeamJournalName+end)); err != nil {
			return err
		}
	}
	return nil
}

// moveIfFree renames a file or folder, unless there is none or the new name is taken.
func moveIfFree(from, to string) error {
	if exists(to) {
		return nil
	}
	if err := os.Rename(from, to); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("move what an earlier release kept of the team's store: %w", err)
	}
	return nil
}

// WaitingElsewhere returns a line for each store, other than the one of the config, that entries of this machine wait for.
func (a *Program) WaitingElsewhere(c *config.Config) []string {
	state := filepath.Join(config.StateDir(a.Env), c.StateName())
	var out []string
	for _, f := range otherFolders(c, state) {
		w, err := journal.WaitingAt(filepath.Join(f, TeamJournalName), a.Interrupted)
		switch {
		case err == nil && isStoreOf(c, state, w.Store, w.ID): // they are sent to it
		case err != nil:
			out = append(out, "what waits in "+f+" for another store of the team cannot be read: "+err.Error())
		case w.Entries+w.Outcomes > 0:
			out = append(out, waitingText(w, 0)+"; they are sent when team: names it again")
		}
	}
	return out
}

// waitingText returns what waits on this machine for a store, with a number of snoozes and notes.
func waitingText(w journal.Waiting, notes int) string {
	var what []string
	if w.Entries > 0 {
		what = append(what, index.Plural(w.Entries, "entry", "entries"))
	}
	if w.Outcomes > 0 {
		what = append(what, providers.CountOf(w.Outcomes, "outcome"))
	}
	if notes > 0 {
		what = append(what, index.Plural(notes, "snooze or note", "snoozes and notes"))
	}
	verb := "wait"
	if w.Entries+w.Outcomes+notes == 1 {
		verb = "waits"
	}
	return fmt.Sprintf("%s %s for the store %s", strings.Join(what, " and "), verb, w.Store)
}

// CheckStore reads the store of the config's team and tries its conditional writes, as the first write of each session
// does. It returns lines about the store, and why it cannot be used. Nothing of the team's is written.
func (a *Program) CheckStore(ctx context.Context, c *config.Config) (lines []string, err error) {
	s := a.TeamStore(c)
	name := "team store " + s.Name()
	objects, err := s.ListObjects(ctx, "journal/", 1)
	if err != nil {
		return nil, err
	}
	if len(objects) == 0 {
		lines = append(lines, name+": it can be read, and has no journal yet")
	} else {
		lines = append(lines, name+": it can be read, and has a journal")
	}
	raw, err := a.openStore(&c.Team)
	if err != nil {
		return nil, err
	}
	if a.WritesNothing() {
		lines = append(lines, name+": with --read-only it is not tried whether "+Who()+" can write to it")
	} else {
		if err := store.Try(ctx, raw); err != nil {
			return nil, err
		}
		lines = append(lines, name+": "+Who()+" can write to it, and it honours the conditions of writes")
	}
	if bucket, ok := raw.(*s3.Store); ok {
		for _, l := range bucketLines(bucket.Bucket(ctx, "journal/")) {
			lines = append(lines, name+": "+l)
		}
	}
	return lines, nil
}

// bucketLines returns what is to be said of a bucket that has a journal.
func bucketLines(b s3.Bucket) (lines []string) {
	if b.Account != "" {
		lines = append(lines, "account "+b.Account)
	}
	if b.From != "" {
		lines = append(lines, "credentials from "+b.From)
	}
	switch b.Versioning {
	case "Enabled":
		lines = append(lines, "versioning is on")
	case "":
		line := "whether versioning is on could not be read: " + Cause(b.VersioningErr)
		if s3.IsNotImplemented(b.VersioningErr) {
			line = "its server has no versioning: a journal object that is removed by other means is gone"
		}
		lines = append(lines, line)
	default:
		lines = append(lines, "versioning is off: turn it on, so that a journal object that was removed by other means can be restored")
	}
	switch {
	case s3.IsNotImplemented(b.LifecycleErr):
		return append(lines, "its server does not say its lifecycle: no rule may expire what is below journal/")
	case b.LifecycleErr != nil:
		return append(lines, "its lifecycle, of which no rule may expire what is below journal/, could not be read: "+Cause(b.LifecycleErr))
	}
	if len(b.Archives) > 0 {
		lines = append(lines, "its lifecycle archives journal objects, which every member reads: change the rule "+strings.Join(b.Archives, ", "))
	}
	if len(b.Expires) > 0 {
		return append(lines, "its lifecycle removes journal objects, which must never expire: change the rule "+strings.Join(b.Expires, ", ")+" as rollcall policy store says")
	}
	return append(lines, "no rule of its lifecycle expires the journal")
}

// SetStoreAside renames the folder of what this machine has read of the team's store, so that the store is read anew, and
// returns its new name, and what waited in it as text or "". It fails while another rollcall of this machine changes
// something.
func (a *Program) SetStoreAside(c *config.Config) (to, waiting string, err error) {
	state := filepath.Join(config.StateDir(a.Env), c.StateName())
	if err := moveEarlier(c, state); err != nil {
		return "", "", err
	}
	from := StoreFolder(c, state)
	if !exists(from) {
		return "", "", nil
	}
	w, err := journal.WaitingAt(filepath.Join(from, TeamJournalName), a.Interrupted)
	if err != nil {
		return "", "", err
	}
	if w.Alive > 0 {
		return "", "", errors.New("another rollcall of this machine has changes under way: end it first")
	}
	to = from + ".aside-" + a.Now().UTC().Format("20060102T150405")
	if err := os.Rename(from, to); err != nil {
		return "", "", fmt.Errorf("set what this machine has read of the team's store aside: %w", err)
	}
	notes, err := filepath.Glob(filepath.Join(team.WaitingFolder(to), "*.json"))
	if w.Entries+w.Outcomes+len(notes) > 0 {
		waiting = waitingText(w, len(notes))
	}
	return to, waiting, err
}

package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"rollcall/cmd/rollcall/config"
	"rollcall/providers"
	"rollcall/providers/sshkey"
	"rollcall/providers/textfile"
)

// SignersKey is the key of the object in the store of a team that says who may sign, in the form of ssh-keygen's file of allowed
// signers.
const SignersKey = "signers"

// AllowedSigners returns who may sign for a team: by the file that the config names, or else the object in its store. Without
// either the list is empty.
func (a *Program) AllowedSigners(ctx context.Context, c *config.Config) (*sshkey.Allowed, error) {
	if file := c.Team.AllowedSigners; file != "" {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read allowed_signers of the config, the file of who may sign: %w", err)
		}
		return sshkey.ParseAllowed(data, file)
	}
	data, err := a.publishedSigners(ctx, c)
	if err != nil {
		return nil, err
	}
	return parsePublished(c, data)
}

// publishedSigners returns the object that says who may sign, which is empty if there is none.
func (a *Program) publishedSigners(ctx context.Context, c *config.Config) ([]byte, error) {
	o, err := a.TeamStore(c).Get(ctx, SignersKey)
	switch kind := providers.KindOf(err); {
	case kind == providers.KindNotFound, kind == providers.KindAuth && !c.Team.Sign: // an earlier policy of the bucket does not name it
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read who may sign: %w", err)
	}
	return o.Data, nil
}

func parsePublished(c *config.Config, data []byte) (*sshkey.Allowed, error) {
	if len(data) == 0 {
		return &sshkey.Allowed{}, nil
	}
	return sshkey.ParseAllowed(data, "the object "+SignersKey+" in "+c.Team.Store())
}

const (
	// signersSize is the most that is read of the copy of that list, in bytes.
	signersSize = 1 << 20
	// signersAge is how long a list that was read from the store is used.
	signersAge = 10 * time.Second
	// signersPatience limits how long that read takes.
	signersPatience = 10 * time.Second
)

// allowedNow returns AllowedSigners for the signer of the journal in a folder. While the store does not answer, the last list
// that this machine has read from it holds, of which the folder has a copy.
func (a *Program) allowedNow(c *config.Config, folder string) func() (*sshkey.Allowed, error) {
	var mu sync.Mutex
	var last []byte
	var readAt time.Time
	copied := filepath.Join(folder, SignersKey)
	return func() (*sshkey.Allowed, error) {
		mu.Lock()
		defer mu.Unlock()
		ctx, cancel := context.WithTimeout(context.Background(), signersPatience)
		defer cancel()
		if c.Team.AllowedSigners != "" {
			return a.AllowedSigners(ctx, c)
		}
		if !readAt.IsZero() && a.Now().Sub(readAt).Abs() < signersAge {
			return parsePublished(c, last)
		}
		data, err := a.publishedSigners(ctx, c)
		switch kind := providers.KindOf(err); {
		case err == nil:
			err = textfile.Write(copied, func(f *os.File) error { _, err := f.Write(data); return err })
		case kind != providers.KindInvalid && kind != providers.KindAuth: // the store is away
			if data, err = textfile.Read(copied, signersSize); errors.Is(err, fs.ErrNotExist) {
				err = nil // no list was read there
			}
		}
		if err != nil {
			return nil, err
		}
		last, readAt = data, a.Now()
		return parsePublished(c, data)
	}
}

// signer returns what signs entries, with the list of who may sign.
func (a *Program) signer(c *config.Config, allowed func() (*sshkey.Allowed, error)) *sshkey.Signer {
	return &sshkey.Signer{Socket: a.Env.Getenv("SSH_AUTH_SOCK"), Key: c.Team.SignKey, Clock: a.Clock, Allowed: allowed}
}

// CheckSigner returns why changes of this person cannot be signed, or nil. It signs nothing.
func (a *Program) CheckSigner(ctx context.Context, c *config.Config) error {
	return a.signer(c, func() (*sshkey.Allowed, error) { return a.AllowedSigners(ctx, c) }).Check(Who())
}

package cloudflare

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"rollcall/providers"
	"rollcall/providers/helper"
	"rollcall/providers/textfile"
)

// renewAfter is how old a token from a file or a command is at least before a refusal makes it be fetched again.
const renewAfter = time.Minute

// maxTokenFile is the largest size of a token file in bytes.
const maxTokenFile = 64 << 10

// token is an API token and where it comes from. It is safe for concurrent use.
type token struct {
	from  string                                // where it comes from, in words
	fetch func(context.Context) (string, error) // nil if value never changes
	clock providers.Clock

	mu      sync.Mutex // held while the token is fetched, so that concurrent calls fetch it once
	value   string
	err     error     // of the last fetch, or nil
	fetched time.Time // when the last fetch ended
}

// get returns the token. The error is that of a file or a command that has none, as KindAuth.
func (t *token) get(ctx context.Context) (string, error) {
	called := t.clock.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.value != "":
		return t.value, nil
	case t.err != nil && called.Before(t.fetched): // it waited for a fetch that failed
		return "", t.err
	}
	return t.renew(ctx)
}

// after returns the token to use after a refusal of used; it is used itself if there is no other.
func (t *token) after(ctx context.Context, used string) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.value != used || t.fetch == nil || t.clock.Now().Sub(t.fetched) < renewAfter {
		return t.value, nil
	}
	return t.renew(ctx)
}

func (t *token) renew(ctx context.Context) (string, error) {
	text, err := t.fetch(ctx)
	if err == nil {
		text = strings.TrimSpace(strings.TrimPrefix(text, "\ufeff")) // some editors begin a file with a byte order mark
		err = checkToken(text)
	}
	t.value, t.err, t.fetched = text, nil, t.clock.Now()
	if err != nil {
		t.value, t.err = "", providers.Errorf(providers.KindAuth, "get the API token", "%w", err)
	}
	return t.value, t.err
}

func checkToken(text string) error {
	switch {
	case text == "":
		return errors.New("the Cloudflare API token is empty")
	case strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r >= 0x7f }):
		return errors.New("the Cloudflare API token has a character that no token has: copy it again")
	}
	return nil
}

// fromFile reads a token from a file.
func fromFile(path string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) {
		data, err := textfile.Read(path, maxTokenFile)
		switch {
		case err != nil && strings.Contains(err.Error(), path):
			err = fmt.Errorf("token_file: %w", err)
		case err != nil:
			err = fmt.Errorf("token_file %s: %w", path, err)
		}
		if err == nil && len(strings.TrimSpace(string(data))) == 0 {
			err = fmt.Errorf("%s is empty: it should hold an API token", path)
		}
		return string(data), err
	}
}

// fromCommand runs a command that prints a token; see helper.Run.
func fromCommand(env providers.Environment, command string) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		out, err := helper.Run(ctx, env, command)
		switch {
		case err != nil:
			return "", fmt.Errorf("token_command: %w", err)
		case len(strings.TrimSpace(string(out))) == 0:
			return "", errors.New("token_command printed nothing: it should print an API token")
		}
		return string(out), nil
	}
}

// tokenVariables are the environment variables that may hold the token, the first that is set counts.
var tokenVariables = []string{"CLOUDFLARE_API_TOKEN", "CF_API_TOKEN"}

// globalKeys are the environment variables of global keys. Such a key opens the whole account and cannot be narrowed.
var globalKeys = []string{"CLOUDFLARE_API_KEY", "CF_API_KEY"}

// tokenOf returns the token that settings or the environment lead to.
func tokenOf(s providers.Settings, env providers.Environment, clock providers.Clock) (t *token, err error) {
	t = &token{clock: clock}
	switch path, command := s.Get("token_file"), s.Get("token_command"); {
	case path != "":
		t.from, t.fetch = path, fromFile(path)
		return t, nil
	case command != "":
		t.from, t.fetch = "token_command", fromCommand(env, command)
		return t, nil
	}
	names := tokenVariables
	if name := s.Get("token_env"); name != "" {
		names = []string{name}
	}
	for _, t.from = range names {
		if t.value = strings.TrimSpace(env.Getenv(t.from)); t.value != "" {
			return t, checkToken(t.value)
		}
	}
	for _, key := range globalKeys {
		if t.from = key; len(names) > 1 && env.Getenv(key) != "" {
			return t, fmt.Errorf("%s is a global key, which opens the whole account, and is not used: make an API token with Zone:Read and DNS:Edit for your zones "+
				"(in the dashboard under My Profile, API Tokens, Create Token, Edit zone DNS), and set %s to it", key, names[0])
		}
	}
	t.from = names[0]
	return t, fmt.Errorf("no Cloudflare API token: set %s to one with Zone:Read and DNS:Edit, or token_file or token_command in the config", names[0])
}

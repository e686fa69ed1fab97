package main

import (
	"context"
	"fmt"
	"os"
	"sync"

	"rollcall/cmd/rollcall/exit"
	"rollcall/cmd/rollcall/words"
	"rollcall/ui"
	"rollcall/ui/theme"
)

// console starts the screen.
func (a *commands) console(ctx context.Context) error {
	if !a.interactive() {
		return exit.Usagef("the console needs a terminal, and there is none here; rollcall --demo ls instances shows the embedded clouds without one, rollcall ls instances your own")
	}
	s, err := a.open(ctx)
	if err != nil {
		return err
	}
	s.silent = true
	keys, errs := ui.MergeKeys(s.config.Keys)
	if len(errs) > 0 { // the config was checked, so these are the console's own
		return fmt.Errorf("bind the keys: %w", errs[0])
	}
	s.observer = s.newObserver()
	s.start(consolePatience)
	b := newBackend(s)
	ctx, cancel := context.WithCancel(ctx)
	a.interrupted = ctx.Done()
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	wg.Go(func() { s.fleet.Run(ctx) })
	wg.Go(func() { s.observer.run(ctx) })
	wg.Go(func() { b.run(ctx) })

	err = ui.Run(ctx, ui.Options{
		Backend: b, Fleet: s.config.Fleet, ReadOnly: a.readOnly, Demo: a.demo, Keys: keys, Now: a.now,
		Theme: theme.Environment(os.Getenv), StaleAfter: s.staleAfter(),
	})
	if e := s.save(s.fleet.Snapshot()); e != nil {
		a.say("rollcall: the rows of this run cannot be kept for the next: %s", words.Clean(e.Error()))
	}
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("run the console: %w", err)
	}
	return nil
}

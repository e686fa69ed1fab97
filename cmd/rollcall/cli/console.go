package cli

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"

	"rollcall/cmd/rollcall/exit"
	"rollcall/cmd/rollcall/words"
	"rollcall/ui"
	"rollcall/ui/common"
	"rollcall/ui/theme"
)

// console runs the console.
func (a *commands) console(ctx context.Context) error {
	if !a.Interactive() {
		return exit.Usagef("the console needs a terminal, and there is none here; rollcall --demo ls instances shows the embedded clouds without one, rollcall ls instances your own")
	}
	if a.Env.Getenv("TERM") == "dumb" {
		return exit.Usagef("the console needs a terminal that can move its cursor, and TERM=dumb cannot; rollcall ls and the other commands work there, and rollcall drift shows what needs a person")
	}
	s, err := a.Open(ctx)
	if err != nil {
		return err
	}
	s.Silent = true
	keys, errs := common.MergeKeys(s.Config.Keys)
	if len(errs) > 0 { // the config was checked, so this is the console's own mistake
		return fmt.Errorf("bind the keys: %w", errs[0])
	}
	s.Observer = s.NewObserver()
	b := newBackend(s)
	a.Console = b.ask
	s.StartConsole()
	ctx, cancel := context.WithCancel(ctx)
	a.Interrupted = ctx.Done()
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	if a.Env.Getenv("GOGC") == "" {
		debug.SetGCPercent(consoleGCPercent)
		wg.Go(func() { newMemory().run(ctx) })
	}
	wg.Go(func() { s.RunFleet(ctx) })
	wg.Go(func() { s.Observer.Run(ctx) })
	wg.Go(func() { b.run(ctx) })
	wg.Go(func() { s.RunPresence(ctx, b.changed) })

	var own []common.UserCommand
	for _, c := range s.Config.Commands {
		own = append(own, common.UserCommand{Name: c.Name, Key: c.Key, Run: c.Run, Dangerous: c.Dangerous})
	}
	err = ui.Run(ctx, ui.Options{
		Backend: b, Commands: own, Fleet: s.Config.Fleet, ReadOnly: a.readOnly, AllowWrites: func() { a.WriteNothing(false) }, Demo: a.Demo, Keys: keys, Now: a.Now,
		Theme: theme.Environment(a.Env.Getenv).WithSetting(s.Config.Theme), StaleAfter: s.StaleAfter(), Foreground: a.child.Store, NoMouse: !s.Config.Mouse, FirstScreen: s.Config.FirstScreen, Columns: s.Config.Columns,
	})
	if e := s.Save(s.Fleet.Own()); e != nil {
		a.Logf("rollcall: the rows of this run cannot be kept for the next: %s", words.Clean(e.Error()))
	}
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("run the console: %w", err)
	}
	return nil
}

package world

import "rollcall/providers"

// agent makes the agent of a started instance act after a moment.
func (w *World) agent(c *cloud, i *Instance) {
	w.write(c, i, consoleLine{at: i.Changed, kind: bootLine})
	booted := i.Changed
	w.after(w.delays.Agent, func() {
		if i.State == providers.StateRunning && i.Changed.Equal(booted) {
			w.act(c, i, true)
		}
	})
}

// act makes the agent of an instance act once the lock is released.
func (w *World) act(c *cloud, i *Instance, up bool) {
	name, id := c.Name, i.ID
	w.pending = append(w.pending, NodeEvent{Up: up, Cloud: c.Cloud, Instance: copyOf(i), Log: func(text string) {
		w.Write(name, id, w.clock.Now().UTC().Format(consoleTime)+" "+text)
	}})
}

// Package probe looks from this machine whether the nodes of services are well:
// the health check that a service declares, over HTTP or TCP, Need of the
// last Of looks, as the node agent counts them.
//
// It is off unless Options.On is set, and then contacts every node that it is
// given. It must stay off for the embedded clouds: their instances
// have addresses that belong to someone else out there, and nothing of a demo
// may knock at those doors. What looks from here cannot say is not held against a
// node: that this machine has no way to it, or that nothing at all could be
// reached, which is how it looks when this machine is cut off.
package probe

// Package probe runs the declared HTTP and TCP health checks of nodes from this machine. As in the node agent, Need of
// the last Of checks decide.
//
// It contacts nodes only if Options.On is set. It must stay off for the embedded clouds, whose instances have addresses
// that belong to other people on the internet. Checks that fail because this machine has no route to a node, or because
// no node at all can be reached, do not count.
package probe

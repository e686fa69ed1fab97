// Package boot boots instances of the embedded clouds: a Debian root file system with systemd, cloud-init and the user
// data runs in containers of systemd-nspawn.
//
// A Cluster is a set of machines. Its network consists of network namespaces without a route to the outside: each
// machine has one, with the public address that its cloud assigned, and the router namespace stands for the internet
// and for the clouds' services at 169.254.169.254. Through it machines reach the embedded clouds by the names of the
// real ones, over TLS, so that user data needs no changes for tests.
//
// It requires root on Linux; Check returns what is missing. Close removes everything that a Cluster creates, and the
// machines end with the process even if it is killed.
package boot

import "errors"

// ErrUnable is the error of Check: this machine cannot boot others.
var ErrUnable = errors.New("this machine cannot boot others")

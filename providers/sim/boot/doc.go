// Package boot runs instances of the embedded clouds as real machines' worth of
// user land: a Debian root file system, systemd, cloud-init and whatever the
// user data does, in containers of systemd-nspawn.
//
// A Cluster is the set of the machines. It has a network of its own, made of
// network namespaces, from which nothing leads out: every machine has one, with
// the public address that its cloud gave it, and the router namespace stands for
// the internet and for what a cloud has at 169.254.169.254. Through it a machine
// reaches the embedded clouds under the names of the real ones, over TLS, so that
// user data needs nothing that was made for a test.
//
// It takes root on Linux; Check says what is missing. Everything that a Cluster
// makes is gone after Close, and the machines end with the process even when it is killed.
package boot

import "errors"

// ErrUnable is the error of Check: this machine cannot boot others.
var ErrUnable = errors.New("this machine cannot boot others")

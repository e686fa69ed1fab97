//go:build !race

package dnssd_test

// crowd is how many hosts join and leave at once.
const crowd = 200

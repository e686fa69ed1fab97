// Package index joins the sources of a snapshot into one picture: which instance a record belongs to, who holds an
// address, which services are declared, and how far each source can be believed. It is
// pure and finds no fault with what it joins: package dnsview does. It imports providers only.
//
// Read Options and Service (what is declared), Index with Node, Link and Holder (the join), CloudState and ZoneState
// (coverage), then Verb, GuardID and GuardResult, the words that findings, plans and guards share.
package index

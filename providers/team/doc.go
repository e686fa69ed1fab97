// Package team keeps in a store what the members of a team share besides the journal: Board has their snoozes and notes.
//
// Of rollcall it imports providers and textfile only.
package team

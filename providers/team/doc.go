// Package team keeps in a store what the members of a team share besides the journal: Board has their
// snoozes and notes, Presence who is here and what they change now.
//
// Of rollcall it imports providers and textfile only.
package team

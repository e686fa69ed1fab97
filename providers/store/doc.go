// Package store holds what implementations of providers.Store share: Folder keeps the objects of a team as files of a
// folder, and Checked refuses a store that does not honour the conditions of writes. Amazon's S3 and what is compatible
// with it is in package s3.
//
// Of rollcall it imports package providers only.
package store

// Package wire queries name servers and returns what they answer. It is the third source beside
// the clouds and the DNS APIs.
//
// For a zone it finds the delegation and every authoritative server, by IPv4 and
// IPv6, and asks each of them, and the resolvers of the config, for each name: over UDP with
// EDNS, over TCP where an answer does not fit. It returns plain
// data: a ZoneResult for the zone and a Result for each name.
//
// # How the authoritative servers are found
//
// In this order; the first that finds servers which can be queried is used:
//
//  1. Options.Servers names them for the zone.
//  2. The parent zone's own servers say to whom the zone is delegated. They, and the addresses
//     of the name servers, are found through Options.Finders.
//  3. The finders say which NS records the zone has, when no server of the parent can be asked.
//  4. The DNS provider's API says which name servers the zone has.
//  5. A resolver that answers for the zone with authority (AA) is itself an
//     authoritative server. That is how a zone is found whose name servers have no addresses here: behind a split
//     horizon, in a laboratory, and in the embedded clouds, where one server on loopback answers for all zones.
//
// Addresses are sought for the names of 2, 3 and 4; where none has one, 5 is tried.
package wire

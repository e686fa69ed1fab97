// Package wire queries name servers and returns their answers. It is the third source beside the clouds and the DNS
// APIs.
//
// For a zone it finds the delegation and every authoritative server, by IPv4 and IPv6. It queries each of them, and the
// resolvers of the config, for each name: over UDP with EDNS, or over TCP if an answer does not fit. It returns plain
// data: a ZoneResult for the zone and a Result for each name.
//
// # How the authoritative servers are found
//
// The first of these ways that finds servers which can be queried is used:
//
//  1. Options.Servers has them.
//  2. The parent zone's servers return the delegation. They, and the addresses of the name servers, are found
//     through Options.Finders.
//  3. If no server of the parent can be queried, the finders return the zone's NS records.
//  4. The DNS provider's API returns the zone's name servers.
//  5. A resolver that answers for the zone with authority (AA) is an authoritative server. This finds zones whose name
//     servers have no addresses here: behind a split horizon, in a laboratory, and in the embedded clouds, where one
//     server on loopback answers for all zones.
//
// Addresses are looked up for the names of 2, 3 and 4. If none has one, 5 is tried.
package wire

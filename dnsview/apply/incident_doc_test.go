// Package apply_test plays the incidents that DNS automation has had, one named test for each. What goes
// wrong is played by the embedded clouds; the adapters that meet it are the real ones, through the real SDKs,
// and so are fleet, Inspect, the plans and the engine. Each test holds rollcall to four things: no live record is
// lost; what cannot be known is unknown; the reason names the source; and once all is well again the dead
// entry is found and goes, and nothing else does. What no list of incidents foresees is for two rollcalls, the
// agents of their nodes and a stranger to find, who all write at once while everything fails (writers_test.go).
//
// With the variable ROLLCALL_BIND a BIND serves the zone that is Route 53's otherwise, and the incidents and the kill points
// (kill_test.go) are played there (bind_rig_test.go).
//
//	incident                                               test
//	an error taken for an empty list                       TestIncidentAnErrorIsNotAnEmptyList
//	an empty 200                                           TestIncidentAnEmpty200IsNotAnEmptyList
//	a short last page                                      TestIncidentAShortLastPageIsNotTheWholeList
//	a page token that repeats                              TestIncidentAPageTokenThatRepeatsEndsTheReadAsIncomplete
//	one region of an account unreadable                    TestIncidentOneRegionOfAnAccountIsUnreadable
//	expired credentials halfway through a listing          TestIncidentCredentialsThatExpireHalfwayThroughAListing
//	a throttle storm                                       TestIncidentAThrottleStormIsWaitedOut
//	one bad record in a batch                              TestIncidentOneBadRecordInABatchDoesNotTakeTheOthersWithIt
//	limits counted wrongly                                 TestIncidentLimitsAreCountedAsTheProviderCountsThem
//	two owners with the same id                            TestIncidentTwoOwnersWithTheSameIDAreToldApartByTheirCloud
//	several markers                                        TestIncidentARecordWithSeveralMarkersIsNobodys
//	markers without records                                TestIncidentAMarkerWithoutARecordGoesAfterTwoScans
//	an address that moved to another instance              TestIncidentAnAddressThatMovedToAnotherInstanceIsNotDeleted
//	an instance that is NotFound because it is too new     TestIncidentAnInstanceThatIsTooNewToBeFoundIsNotDead
//	a stopped instance that comes back with another address  TestIncidentAStoppedInstanceComesBackWithAnotherAddress
//	IPv6 and case spelled differently                      TestIncidentIPv6AndCaseSpelledDifferentlyAreTheSame
//	a second writer between read and write                 TestIncidentASecondWriterBetweenReadAndWrite
//	a reply lost after the commit                          TestIncidentAReplyLostAfterTheCommit
//	the clock of this machine five minutes off             TestIncidentTheClockOfThisMachineIsFiveMinutesOff
//	credentials of another, empty account                  TestIncidentCredentialsOfAnotherEmptyAccount
//	fifty single deletes in a row                          TestIncidentFiftySingleDeletesInARow
//	a node that reboots while it is quiesced               TestIncidentANodeThatRebootsWhileItIsQuiescedStaysOut, in userdata and here
//	an address held by a load balancer or an elastic address  TestIncidentAnAddressHeldByALoadBalancerOrAnElasticAddress
//	PriorRequestNotComplete from Route 53                  TestIncidentPriorRequestNotCompleteFromRoute53
package apply_test

// Package providermock has a gomock double of each role of package provider, and of Provider as a whole, for tests that
// say which calls they expect:
//
//	vms := providermock.NewMockVMReader(gomock.NewController(t))
//	vms.EXPECT().GetVM(gomock.Any(), "east-1", "team-a", "web").Return(vm, nil)
//
// A double answers what it was told and knows nothing of virtual machines. A test that needs one that lives, starts and
// refuses as on a cluster takes provider/mock; a test of a failure takes provider/mock behind provider.Wrap. A role of one
// or two methods is often a struct of three lines, without any of these.
//
// The doubles are generated: make generate.
package providermock

package providermock_test

import (
	"context"
	"errors"
	"fmt"

	"go.uber.org/mock/gomock"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/provider"
	"github.com/kv-shepherd/shepherd-go/provider/providermock"
)

// nightOff is a host's function: it stops the VMs of a namespace that are labelled for it, and counts them. One that is
// off already is no error, and does not count.
func nightOff(ctx context.Context, p provider.PowerReader, cluster, namespace string) (stopped int, err error) {
	for vm, err := range provider.VMs(ctx, p, cluster, namespace, provider.ListOptions{LabelSelector: "night=off"}) {
		if err != nil {
			return stopped, err
		}
		err = p.StopVM(ctx, cluster, namespace, vm.Name, provider.StopOptions{UID: vm.UID})
		switch {
		case err == nil:
			stopped++
		case !errors.Is(err, domain.CodeVMNotRunning):
			return stopped, err
		}
	}
	return stopped, nil
}

// The double says which calls the function must make, with which options, and what they are answered.
func Example() {
	ctrl := gomock.NewController(reporter{}) // in a test: gomock.NewController(t)
	p := providermock.NewMockPowerReader(ctrl)

	p.EXPECT().ListVMs(gomock.Any(), "east-1", "team-a", provider.ListOptions{LabelSelector: "night=off"}).
		Return(&domain.VMList{Items: []*domain.VM{{Name: "web", UID: "uid-1"}, {Name: "db", UID: "uid-2"}}}, nil)
	p.EXPECT().StopVM(gomock.Any(), "east-1", "team-a", "web", provider.StopOptions{UID: "uid-1"}).Return(nil)
	p.EXPECT().StopVM(gomock.Any(), "east-1", "team-a", "db", provider.StopOptions{UID: "uid-2"}).
		Return(domain.E(domain.CodeVMNotRunning, nil, nil))

	fmt.Println(nightOff(context.Background(), p, "east-1", "team-a"))
	ctrl.Finish() // a test does that by itself
	// Output:
	// 1 <nil>
}

// reporter stands in for a *testing.T, which an example has not.
type reporter struct{}

func (reporter) Errorf(format string, args ...any) { fmt.Printf(format+"\n", args...) }
func (reporter) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

package vmspec

import (
	"slices"
	"strings"

	"github.com/kv-shepherd/shepherd-go/domain"
	"github.com/kv-shepherd/shepherd-go/internal/names"
)

// MaxCloudInit is the size in bytes up to which KubeVirt takes user data and network data inside the VM
// (vmi-create-admitter.go, cloudInitUserMaxLen); longer documents go into a Kubernetes secret.
const MaxCloudInit = 2048

// secretKeys are the fields of a VirtualMachine that hold secrets themselves (kubevirt.io/api core/v1 schema.go, v1.9.0), and
// the annotation that holds first-boot configuration (IgnitionAnnotation of its types.go), in lower case.
var secretKeys = []string{"userdata", "userdatabase64", "networkdata", "networkdatabase64", "kubevirt.io/ignitiondata"}

// IsSecretKey says whether a field of a VirtualMachine's JSON holds a secret itself. Case does not count, as it does not
// when Go reads JSON.
func IsSecretKey(key string) bool { return slices.Contains(secretKeys, strings.ToLower(key)) }

func (c *checker) cloudInit(spec domain.VMSpec) {
	ci := spec.CloudInit
	if ci == nil {
		return
	}
	c.document("cloudInit.userData", ci.UserData, "cloudInit.userDataSecret", ci.UserDataSecret)
	c.document("cloudInit.networkData", ci.NetworkData, "cloudInit.networkDataSecret", ci.NetworkDataSecret)
	if ci.UserData.IsZero() && ci.NetworkData.IsZero() && ci.UserDataSecret == "" && ci.NetworkDataSecret == "" {
		c.add("cloudInit", domain.FieldRequired, "user data or network data")
	}
}

// document checks one document and the reference that may stand in its place. No detail repeats the document.
func (c *checker) document(field string, document domain.Secret, refField, ref string) {
	if len(document.Reveal()) > MaxCloudInit {
		c.add(field, domain.FieldTooLong, "at most 2048 bytes; longer ones go into a secret")
	}
	if ref == "" {
		return
	}
	c.report(names.Object(refField, ref))
	if !document.IsZero() {
		c.add(refField, domain.FieldContradicts, "with "+field)
	}
}

package controlplane

import (
	"fmt"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// clusterName is the name of cluster, user and context in the kubeconfigs.
const clusterName = "shepherd-e2e"

// RESTConfig returns a configuration for the administrator, a member of
// system:masters. It is a copy: change what you like. The client-side rate
// limit is off, since the server is nobody else's.
func (c *ControlPlane) RESTConfig() *rest.Config { return rest.CopyConfig(c.admin) }

// Kubeconfig returns the administrator's kubeconfig with all certificates in it.
func (c *ControlPlane) Kubeconfig() []byte { return append([]byte(nil), c.kubeconfig...) }

// UserConfig returns a configuration for a user with the given name and
// groups, authenticated by a client certificate. The user may do what RBAC
// objects in the cluster allow, to begin with nothing but discovery.
func (c *ControlPlane) UserConfig(name string, groups ...string) (*rest.Config, error) {
	id, err := c.ca.client(name, groups...)
	if err != nil {
		return nil, fmt.Errorf("make user %s: %w", name, err)
	}
	return c.configFor(id), nil
}

func (c *ControlPlane) configFor(id identity) *rest.Config {
	return &rest.Config{
		Host:            "https://" + loopback(c.ports.apiServer),
		TLSClientConfig: rest.TLSClientConfig{CAData: c.ca.pem, CertData: id.cert, KeyData: id.key},
		QPS:             -1,
	}
}

func (c *ControlPlane) kubeconfigFor(id identity) ([]byte, error) {
	config := clientcmdapi.NewConfig()
	config.Clusters[clusterName] = &clientcmdapi.Cluster{
		Server:                   "https://" + loopback(c.ports.apiServer),
		CertificateAuthorityData: c.ca.pem,
	}
	config.AuthInfos[clusterName] = &clientcmdapi.AuthInfo{ClientCertificateData: id.cert, ClientKeyData: id.key}
	config.Contexts[clusterName] = &clientcmdapi.Context{Cluster: clusterName, AuthInfo: clusterName}
	config.CurrentContext = clusterName
	text, err := clientcmd.Write(*config)
	if err != nil {
		return nil, fmt.Errorf("encode a kubeconfig: %w", err)
	}
	return text, nil
}

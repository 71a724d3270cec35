package controlplane

import (
	"fmt"
	"os"
	"path/filepath"
)

// writeKeys signs a certificate for everyone and writes what the servers read
// from files. Each of KubeVirt's servers gets its own account with the roles
// of a real installation, so that a missing permission shows.
func (c *ControlPlane) writeKeys() error {
	if err := os.WriteFile(filepath.Join(c.dir, "ca.crt"), c.ca.pem, 0o600); err != nil {
		return fmt.Errorf("write the authority's certificate: %w", err)
	}
	if err := c.writeServerKeys(); err != nil {
		return err
	}
	if err := c.writeClientKeys(); err != nil {
		return err
	}
	admin, err := c.ca.client("shepherd-e2e-admin", "system:masters")
	if err != nil {
		return err
	}
	c.admin = c.configFor(admin)
	c.kubeconfig, err = c.kubeconfigFor(admin)
	return err
}

func (c *ControlPlane) writeServerKeys() error {
	for file, subject := range map[string][]string{
		"apiserver":       {apiServerName, "kubernetes", "kubernetes.default.svc"},
		"virt-api":        {virtAPIName, virtAPIHost},
		"virt-controller": {virtControllerName},
		"serviceaccount":  {"shepherd-e2e-service-accounts"}, // only its key is used
	} {
		id, err := c.ca.server(subject[0], subject[1:]...)
		if err != nil {
			return err
		}
		if err := id.write(c.dir, file); err != nil {
			return fmt.Errorf("write the keys of %s: %w", file, err)
		}
	}
	return nil
}

func (c *ControlPlane) writeClientKeys() error {
	for file, user := range map[string]string{"proxy": proxyUser, "handler-client": handlerClient} {
		id, err := c.ca.client(user)
		if err != nil {
			return err
		}
		if err := id.write(c.dir, file); err != nil {
			return fmt.Errorf("write the keys of %s: %w", file, err)
		}
	}
	for file, user := range map[string]string{virtAPIName: virtAPIUser, virtControllerName: controllerUser} {
		id, err := c.ca.client(user, serviceAccountGroups()...)
		if err != nil {
			return err
		}
		kubeconfig, err := c.kubeconfigFor(id)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(c.dir, file+".kubeconfig"), kubeconfig, 0o600); err != nil {
			return fmt.Errorf("write the kubeconfig of %s: %w", file, err)
		}
	}
	return nil
}

package controlplane

import (
	"context"
	"errors"
	"fmt"
)

// StopVirtAPI kills virt-api, as when all its replicas crash: power operations
// answer 503, writes of machines 500, reads still work. It does nothing when
// virt-api is stopped already.
func (c *ControlPlane) StopVirtAPI() error {
	c.operation.Lock()
	defer c.operation.Unlock()
	if c.stopped {
		return errStopped
	}
	c.virtAPI.stop(0)
	c.virtAPIDown = true
	return nil
}

// RecheckVirtAPI has the API server look whether virt-api answers. It does so by
// itself every 30 seconds, more rarely the longer virt-api is away, and tells
// clients by other words that it is not there once it knows.
func (c *ControlPlane) RecheckVirtAPI(ctx context.Context) error {
	install, err := c.newInstaller()
	if err != nil {
		return err
	}
	return install.recheck(ctx)
}

// StartVirtAPI starts virt-api again and returns when everything that goes
// through it answers. It does nothing when virt-api runs.
func (c *ControlPlane) StartVirtAPI(ctx context.Context) error {
	c.operation.Lock()
	defer c.operation.Unlock()
	if c.stopped {
		return errStopped
	}
	if !c.virtAPIDown {
		return nil
	}
	if err := errors.Join(c.virtAPI.start(), c.virtAPIHealthy(ctx)); err != nil {
		return fmt.Errorf("start virt-api: %w", err)
	}
	c.virtAPIDown = false
	return c.serving(ctx)
}

func (c *ControlPlane) virtAPIHealthy(ctx context.Context) error {
	return c.virtAPI.until(ctx, "it is healthy", c.probe("https://"+loopback(c.ports.virtAPI)+"/healthz", ""))
}

package controlplane

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
	"go.uber.org/zap"
)

// database is the etcd server. It runs in this process: alone among the
// servers it leaves nothing of itself in the process when it is closed, and
// an own process would cost three seconds and 300 MB.
type database struct{ server *embed.Etcd }

// startEtcd also forks kube-apiserver, on hold.
func (c *ControlPlane) startEtcd(ctx context.Context) error {
	if err := c.apiServer.start(); err != nil {
		return err
	}
	server, err := embed.StartEtcd(etcdConfig(filepath.Join(c.dir, "etcd"), c.logFile("etcd"), c.ports.etcd, c.ports.etcdPeer))
	if err != nil {
		return fmt.Errorf("start: %w", err)
	}
	c.etcd.server = server
	select {
	case <-server.Server.ReadyNotify():
		return nil
	case err := <-server.Err():
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// stop returns when nothing of the server runs any more.
func (d *database) stop() {
	if d.server != nil {
		d.server.Close()
		<-d.server.Server.StopNotify()
	}
}

// etcdConfig is one member that listens on the loopback address only.
func etcdConfig(dir, log string, clientPort, peerPort int) *embed.Config {
	client := url.URL{Scheme: "http", Host: loopback(clientPort)}
	peer := url.URL{Scheme: "http", Host: loopback(peerPort)}
	config := embed.NewConfig()
	config.Dir = dir
	config.ListenClientUrls, config.AdvertiseClientUrls = []url.URL{client}, []url.URL{client}
	config.ListenPeerUrls, config.AdvertisePeerUrls = []url.URL{peer}, []url.URL{peer}
	config.InitialCluster = config.Name + "=" + peer.String()
	// The database dies with its directory, so surviving a power cut is worth
	// nothing here, and waiting for the disk would make every write slower.
	config.UnsafeNoFsync = true
	config.LogLevel = zap.ErrorLevel.String()
	config.LogOutputs = []string{log}
	return config
}

// Compact drops the history of every object up to the present, as a busy
// cluster's API server does every five minutes. Watches and continue tokens
// from before it are expired then, except where the API server answers from
// its own cache; Options.APIServerArgs can switch that off with
// "--feature-gates=ListFromCacheSnapshot=false".
func (c *ControlPlane) Compact(ctx context.Context) error {
	client, err := c.etcdClient()
	if err != nil {
		return err
	}
	err = compact(ctx, client)
	return errors.Join(err, client.Close())
}

func compact(ctx context.Context, client *clientv3.Client) error {
	// The answer to any read carries the store's revision.
	answer, err := client.Get(ctx, "compact", clientv3.WithCountOnly())
	if err != nil {
		return fmt.Errorf("ask etcd for its revision: %w", err)
	}
	_, err = client.Compact(ctx, answer.Header.Revision, clientv3.WithCompactPhysical())
	if err != nil && !errors.Is(err, rpctypes.ErrCompacted) { // which says that nothing was written since the last time
		return fmt.Errorf("compact etcd at revision %d: %w", answer.Header.Revision, err)
	}
	return nil
}

func (c *ControlPlane) etcdClient() (*clientv3.Client, error) {
	client, err := clientv3.New(clientv3.Config{
		Endpoints:   []string{"http://" + loopback(c.ports.etcd)},
		DialTimeout: 10 * time.Second,
		Logger:      zap.NewNop(),
	})
	if err != nil {
		return nil, fmt.Errorf("dial etcd: %w", err)
	}
	return client, nil
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/kv-shepherd/shepherd-go/bench/internal/bodyserver"
	"github.com/kv-shepherd/shepherd-go/bench/internal/child"
)

// plan is what is to be done.
type plan struct {
	Clusters, VMs int
	Idle          time.Duration
	Rate          int
	Sustained     time.Duration
	BurstRate     int
	Burst         time.Duration
	Hosts         []string
	Control       string
	report        string
}

const (
	roleServer = "server"
	roleFleet  = "fleet"
)

var roles = map[string]child.Role{roleServer: serve, roleFleet: follow}

// addresses are the answer of the server.
type addresses struct {
	Hosts   []string
	Control string
}

func serve(_ context.Context, orders []byte, answer *json.Encoder) error {
	var opts bodyserver.Options
	if err := json.Unmarshal(orders, &opts); err != nil {
		return err
	}
	site, err := bodyserver.Listen(opts)
	if err != nil {
		return err
	}
	defer site.Close()
	if err := answer.Encode(addresses{site.Hosts(), site.Control()}); err != nil {
		return err
	}
	child.UntilParentGone()
	return nil
}

// run starts the two processes, tells what the fleet found, step by step, and writes the report.
func (p plan) run(ctx context.Context, out io.Writer) (err error) {
	server, err := child.Start(ctx, roleServer, bodyserver.Options{Clusters: p.Clusters, VMs: p.VMs, TLS: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	var at addresses
	if err := server.Answer(&at); err != nil {
		return err
	}
	p.Hosts, p.Control = at.Hosts, at.Control
	fleet, err := child.Start(ctx, roleFleet, p)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, fleet.Stop()) }()
	var seen []step
	for range steps() {
		var s step
		if err := fleet.Answer(&s); err != nil {
			return err
		}
		for _, row := range s.Rows {
			fmt.Fprintf(out, "%-14s %-46s %14s  %s\n", s.Name, row.What, row.Got, row.Bound)
		}
		seen = append(seen, s)
	}
	if p.report == "" {
		return nil
	}
	const readable = 0o644
	return os.WriteFile(p.report, p.document(seen), readable) //nolint:gosec // a report is for all to read
}

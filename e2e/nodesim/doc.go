// Package nodesim stands in for everything that runs on the nodes of a
// cluster, and for the parts of kube-controller-manager that a test needs: it
// is scheduler, kubelet, virt-handler, guest, volume binder and garbage
// collector at once, for an API server, virt-api and virt-controller that are
// real.
//
// Start with [New] and [Simulator.Run]; package controlplane does both.
//
// # What it does
//
//   - Nodes are registered Ready, with KubeVirt's labels and heartbeats, and a
//     virt-handler pod each.
//   - Pods are bound to the least used node that their selectors, affinity and
//     the nodes' cordon allow, run at once, and end when they are deleted. No
//     capacity is counted.
//   - Machine instances go from Scheduled to Running with addresses, conditions
//     and guest information, end gracefully when deleted, and migrate.
//   - Pause, unpause, reset, reboot, freeze, guest information, the serial
//     console (an echo) and the VNC greeting are answered to virt-api over TLS.
//   - Claims are bound; hotplugged volumes are attached and detached.
//   - New namespaces get their default service account.
//   - Dependents of deleted objects are collected, with background, foreground
//     and orphan propagation, and deleted namespaces are emptied and removed.
//
// # What it cannot show
//
// Guests do not exist, so nothing here proves what one does, nor what
// virt-handler refuses, nor whether a node has room.
//
// # Knobs
//
// Annotations with the prefix [KnobPrefix] change how a machine fares. They
// are read from the instance and, where that has none, from its VirtualMachine,
// each time something happens: one in spec.template.metadata.annotations works
// from the start, one put on the VirtualMachine's or the instance's own metadata
// works at once. A duration is Go's, such as "1.5s"; a switch is on when its value is "true".
//
//	unschedulable      switch    no node takes the machine's pods
//	image-pull         reason    the pods wait with ErrImagePull or ImagePullBackOff
//	start-delay        duration  time the guest takes from Scheduled to Running
//	stop-delay         duration  time the guest takes to shut down; with more than the
//	                             machine's grace period it is killed and ends Failed
//	crash              switch    the guest crashes: Failed
//	shutdown           switch    the guest powers itself off: Succeeded
//	io-error           switch    the guest is paused by an I/O error
//	no-agent           switch    no guest agent is connected
//	not-migratable     switch    the LiveMigratable condition is False
//	no-address         switch    interfaces have no IP address
//	hold-migration     switch    a migration stays Running until this is removed
//	migration-delay    duration  time each stage of a migration takes
//	fail-migration     switch    a migration fails after it has started
//	block-target       switch    no node takes the target pod of a migration
//
// On a PersistentVolumeClaim, the switch unbound keeps it Pending. On a Node,
// the switch down stops the node: it is not Ready, its heartbeat is old, and its
// pods are gone.
package nodesim

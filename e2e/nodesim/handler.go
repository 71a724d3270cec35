package nodesim

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/retry"
	kubevirtv1 "kubevirt.io/api/core/v1"
)

// handlerServer is the server that virt-api finds behind every virt-handler pod.
type handlerServer struct {
	sim      *Simulator
	listener net.Listener
	http     *http.Server

	mu       sync.Mutex
	sessions map[*session]bool // open consoles; http.Server forgets hijacked connections
	closed   bool
	open     sync.WaitGroup
}

func (s *Simulator) newHandlerServer() (*handlerServer, error) {
	listener, err := tls.Listen("tcp", s.opts.HandlerAddress, s.opts.HandlerTLS)
	if err != nil {
		return nil, fmt.Errorf("listen for virt-api: %w", err)
	}
	h := &handlerServer{sim: s, listener: listener, sessions: map[*session]bool{}}
	h.http = &http.Server{
		Handler:           h.routes(),
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          slog.NewLogLogger(s.logger.Handler(), slog.LevelDebug),
	}
	return h, nil
}

// run serves until ctx ends and every connection is closed.
func (h *handlerServer) run(ctx context.Context) error {
	done := make(chan error, 1)
	go func() { done <- h.http.Serve(h.listener) }()
	select {
	case err := <-done:
		return fmt.Errorf("serve virt-api: %w", err)
	case <-ctx.Done():
	}
	err := h.http.Close()
	if served := <-done; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	h.closeSessions()
	return err
}

func (h *handlerServer) routes() http.Handler {
	mux := http.NewServeMux()
	const base = "/v1/namespaces/{namespace}/virtualmachineinstances/{name}/"
	for verb, change := range map[string]func(*kubevirtv1.VirtualMachineInstance){
		"pause": func(instance *kubevirtv1.VirtualMachineInstance) { setPaused(instance, pausedByUser) },
		"unpause": func(instance *kubevirtv1.VirtualMachineInstance) {
			removeCondition(instance, kubevirtv1.VirtualMachineInstancePaused)
		},
		"freeze":     func(instance *kubevirtv1.VirtualMachineInstance) { instance.Status.FSFreezeStatus = "frozen" },
		"unfreeze":   func(instance *kubevirtv1.VirtualMachineInstance) { instance.Status.FSFreezeStatus = "" },
		"softreboot": nil, // nothing of a reboot shows outside the guest
		"reset":      nil,
	} {
		mux.HandleFunc("PUT "+base+verb, h.changing(verb, change))
	}
	mux.HandleFunc("GET "+base+"guestosinfo", h.telling(guestInfo))
	mux.HandleFunc("GET "+base+"userlist", h.telling(users))
	mux.HandleFunc("GET "+base+"filesystemlist", h.telling(filesystems))
	mux.HandleFunc("GET "+base+"console", h.console)
	mux.HandleFunc("GET "+base+"vnc", h.vnc)
	return mux
}

// changing answers a request to do something to a running guest. The real
// virt-handler answers before the instance shows the change; this one after,
// so that a test that reads at once sees it.
func (h *handlerServer) changing(verb string, change func(*kubevirtv1.VirtualMachineInstance)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		h.sim.logger.Debug("asked by virt-api", "verb", verb, "namespace", r.PathValue("namespace"), "name", r.PathValue("name"))
		if change == nil {
			change = func(*kubevirtv1.VirtualMachineInstance) {}
		}
		if err := h.sim.change(r.Context(), r.PathValue("namespace"), r.PathValue("name"), change); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.WriteHeader(http.StatusAccepted)
	}
}

// change writes to the newest version of an instance, again when it was outrun.
func (s *Simulator) change(ctx context.Context, namespace, name string, change func(*kubevirtv1.VirtualMachineInstance)) error {
	return retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		instance, err := s.virt.KubevirtV1().VirtualMachineInstances(namespace).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if !instance.IsRunning() {
			return fmt.Errorf("instance %s/%s is %s", namespace, name, instance.Status.Phase)
		}
		change(instance)
		_, err = s.virt.KubevirtV1().VirtualMachineInstances(namespace).Update(ctx, instance, metav1.UpdateOptions{})
		return err
	})
}

// telling answers what the agent in the guest would say.
func (h *handlerServer) telling(what func(*kubevirtv1.VirtualMachineInstance) any) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		instance := h.sim.cache.instance(r.PathValue("namespace"), r.PathValue("name"))
		if instance == nil {
			http.Error(w, "VMI not found", http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(what(instance)); err != nil {
			h.sim.logger.Debug("cannot answer virt-api", "error", err)
		}
	}
}

func guestInfo(instance *kubevirtv1.VirtualMachineInstance) any {
	return kubevirtv1.VirtualMachineInstanceGuestAgentInfo{
		GAVersion: "9.2.0",
		Hostname:  instance.Name,
		OS:        instance.Status.GuestOSInfo,
		Timezone:  "UTC, 0",
		FSInfo:    kubevirtv1.VirtualMachineInstanceFileSystemInfo{Filesystems: rootFilesystem()},
	}
}

func users(*kubevirtv1.VirtualMachineInstance) any {
	return kubevirtv1.VirtualMachineInstanceGuestOSUserList{Items: []kubevirtv1.VirtualMachineInstanceGuestOSUser{
		{UserName: "fedora", LoginTime: float64(time.Now().Add(-time.Hour).Unix())},
	}}
}

func filesystems(*kubevirtv1.VirtualMachineInstance) any {
	return kubevirtv1.VirtualMachineInstanceFileSystemList{Items: rootFilesystem()}
}

func rootFilesystem() []kubevirtv1.VirtualMachineInstanceFileSystem {
	return []kubevirtv1.VirtualMachineInstanceFileSystem{{
		DiskName: "vda1", MountPoint: "/", FileSystemType: "ext4", UsedBytes: 1 << 30, TotalBytes: 5 << 30,
	}}
}

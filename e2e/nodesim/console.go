package nodesim

import (
	"fmt"
	"net/http"
	"time"

	"github.com/gorilla/websocket"
)

// session is one open console.
type session struct{ connection *websocket.Conn }

// upgrader takes the subprotocol virt-api asks for, which carries plain bytes.
var upgrader = websocket.Upgrader{Subprotocols: []string{"plain.kubevirt.io"}}

// console is a serial console: a login prompt, then an echo.
func (h *handlerServer) console(w http.ResponseWriter, r *http.Request) {
	h.serve(w, r, fmt.Sprintf("\r\nFedora Linux 42 (Cloud Edition)\r\n\r\n%s login: ", r.PathValue("name")))
}

// vnc greets as a VNC server does, then echoes.
func (h *handlerServer) vnc(w http.ResponseWriter, r *http.Request) {
	h.serve(w, r, "RFB 003.008\n")
}

func (h *handlerServer) serve(w http.ResponseWriter, r *http.Request, greeting string) {
	connection, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // Upgrade has answered
	}
	one := &session{connection: connection}
	if !h.opened(one) {
		one.close()
		return
	}
	defer h.ended(one)
	if err := connection.WriteMessage(websocket.BinaryMessage, []byte(greeting)); err != nil {
		return
	}
	for {
		kind, text, err := connection.ReadMessage()
		if err != nil {
			return
		}
		if err := connection.WriteMessage(kind, text); err != nil {
			return
		}
	}
}

// close tells the peer, but does not wait for its answer.
func (s *session) close() {
	farewell := websocket.FormatCloseMessage(websocket.CloseGoingAway, "the node stops")
	// The connection is given up either way.
	_ = s.connection.WriteControl(websocket.CloseMessage, farewell, time.Now().Add(time.Second))
	_ = s.connection.Close()
}

// opened registers a console, unless the server is closing.
func (h *handlerServer) opened(one *session) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return false
	}
	h.sessions[one] = true
	h.open.Add(1)
	return true
}

func (h *handlerServer) ended(one *session) {
	h.mu.Lock()
	delete(h.sessions, one)
	h.mu.Unlock()
	one.close()
	h.open.Done()
}

// closeSessions ends every console and waits for it.
func (h *handlerServer) closeSessions() {
	h.mu.Lock()
	h.closed = true
	for one := range h.sessions {
		one.close()
	}
	h.mu.Unlock()
	h.open.Wait()
}

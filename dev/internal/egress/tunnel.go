package egress

import (
	"io"
	"net"
	"time"
)

// tunnel is one carried connection.
type tunnel struct {
	client net.Conn
	early  io.Reader // client, after what the HTTP server had read ahead
	server net.Conn
}

// run answers the CONNECT and copies both ways until both are done. The end
// of one way is handed on as such, since the other may still have much to
// say; a fault on either way ends both. When run returns, both connections
// are closed and no goroutine is left.
func (t *tunnel) run() {
	defer t.cut()
	// The HTTP server may have set deadlines for the request's own reading.
	if err := t.client.SetDeadline(time.Time{}); err != nil {
		return
	}
	if _, err := io.WriteString(t.client, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		return
	}
	up := make(chan struct{})
	go func() {
		defer close(up)
		t.copy(t.server, t.early)
	}()
	t.copy(t.client, t.server)
	<-up
}

// copy ends with the end of to handed on, or with the tunnel cut.
func (t *tunnel) copy(to net.Conn, from io.Reader) {
	if _, err := io.Copy(to, from); err != nil {
		t.cut()
		return
	}
	half, ok := to.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		t.cut()
	}
}

// cut closes both connections. It may be called more than once.
func (t *tunnel) cut() {
	t.client.Close()
	t.server.Close()
}

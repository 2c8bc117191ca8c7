// Command health says whether this NATS server is fit to be counted on, and if not, why.
//
// It knows two states, by a marker in the data volume. A server that has never been part of a complete cluster is
// healthy when it serves with JetStream on: the servers of a new cluster start one after the other, and the first
// cannot wait for a quorum that does not exist yet. Once the full check has passed, only the full check counts
// (JetStream caught up with its peers): that holds back the next step of a rolling change until redundancy is back.
// The marker names the cluster's routes, so that a cluster which grows counts as a new one.
//
// It reads no credentials; the server's certificate is verified against the stack's own CA and the name below.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"
)

const (
	timeout   = 4 * time.Second
	bodyLimit = 1 << 20
)

type probe struct {
	client *http.Client
	base   string
	marker string
}

func main() {
	p, err := newProbe(env("AINP_CA_FILE", "/etc/ainp/tls/ca.crt"), env("AINP_HEALTH_NAME", "localhost"),
		env("AINP_MONITORING_PORT", "8222"), env("AINP_DATA_DIR", "/data"))
	if err == nil {
		var state string
		if state, err = p.check(); err == nil {
			fmt.Println(state)
			return
		}
	}
	fmt.Println("unhealthy:", err)
	os.Exit(1)
}

func newProbe(caFile, name, port, dataDir string) (*probe, error) {
	pem, err := os.ReadFile(caFile)
	if err != nil {
		return nil, fmt.Errorf("cannot read the CA: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no certificate", caFile)
	}
	address := net.JoinHostPort("127.0.0.1", port)
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: name, MinVersion: tls.VersionTLS13},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, address)
		},
	}
	return &probe{
		client: &http.Client{Transport: transport, Timeout: timeout},
		base:   "https://" + net.JoinHostPort(name, port),
		marker: filepath.Join(dataDir, ".formed"),
	}, nil
}

// check returns what to say of a healthy server.
func (p *probe) check() (string, error) {
	routes, err := p.routes()
	if err != nil {
		return "", err
	}
	full := p.get("/healthz", nil)
	if full == nil {
		return "healthy: JetStream is current", p.mark(routes)
	}
	if p.marked(routes) {
		return "", full
	}
	if err := p.get("/healthz?js-enabled-only=true", nil); err != nil {
		return "", err
	}
	return "healthy: serving, the cluster is not complete yet (" + full.Error() + ")", nil
}

// routes returns the cluster's configured routes in one line; a single server has none.
func (p *probe) routes() (string, error) {
	var varz struct {
		Cluster struct {
			URLs []string `json:"urls"`
		} `json:"cluster"`
	}
	if err := p.get("/varz", &varz); err != nil {
		return "", err
	}
	sort.Strings(varz.Cluster.URLs)
	return "routes: " + strings.Join(varz.Cluster.URLs, " ") + "\n", nil
}

func (p *probe) marked(routes string) bool {
	found, err := os.ReadFile(p.marker)
	return err == nil && string(found) == routes
}

func (p *probe) mark(routes string) error {
	if p.marked(routes) {
		return nil
	}
	temporary := p.marker + ".new"
	if err := os.WriteFile(temporary, []byte(routes), 0o600); err != nil {
		return fmt.Errorf("cannot note that the cluster is complete: %w", err)
	}
	return os.Rename(temporary, p.marker)
}

// get requests a path of the monitoring port; anything but 200 is an error that says what the server said.
func (p *probe) get(path string, into any) error {
	response, err := p.client.Get(p.base + path)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, bodyLimit))
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return errors.New(path + ": " + response.Status + ": " + reason(body))
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(body, into)
}

// reason returns the server's own words from an answer such as {"status":"unavailable","error":"…"}.
func reason(body []byte) string {
	var answer struct {
		Error string `json:"error"`
	}
	if json.Unmarshal(body, &answer) == nil && answer.Error != "" {
		return answer.Error
	}
	return strings.TrimSpace(string(body))
}

func env(name, fallback string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return fallback
}

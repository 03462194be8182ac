package funchost

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

const (
	defaultFunctionTimeout       = 30 * time.Minute
	defaultInitializationTimeout = 30 * time.Second
	minFunctionTimeout           = time.Second
)

// hostKeys are the top-level keys of host.json that the host knows.
var hostKeys = []string{
	"version", "functionTimeout", "retry", "functions", "http", "watchDirectories", "watchFiles", "queues",
	"serviceBus", "eventHub", "singleton", "logging", "aggregator", "healthMonitor", "extensionBundle",
	"managedDependencies", "customHandler", "extensions", "concurrency", "sendCanceledInvocationsToWorker",
	"metadataProviderTimeout", "$schema",
}

// app is what host.json says about the handler.
type app struct {
	dir            string // absolute
	executable     string // as written
	arguments      []string
	workingDir     string
	port           int           // 0 picks a free one
	timeout        time.Duration // 0 means none
	initialization time.Duration
	errorsOnly     bool // every stderr line without "warn" is an error
}

type customHandler struct {
	Description *struct {
		DefaultExecutablePath          string   `json:"defaultExecutablePath"`
		Arguments                      []string `json:"arguments"`
		WorkingDirectory               string   `json:"workingDirectory"`
		UseStdErrorStreamForErrorsOnly *bool    `json:"useStdErrorStreamForErrorsOnly"`
	} `json:"description"`
	EnableForwardingHTTPRequest bool            `json:"enableForwardingHttpRequest"`
	EnableProxyingHTTPRequest   bool            `json:"enableProxyingHttpRequest"`
	InitializationTimeout       *string         `json:"initializationTimeout"`
	Port                        int             `json:"port"`
	HTTP                        json.RawMessage `json:"http"`
}

// readApp reads host.json. What the real host would silently ignore, an
// unknown key or a value that is not what it looks like, is an error here.
func readApp(dir string, expand func(string) string) (app, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return app{}, fmt.Errorf("app folder: %w", err)
	}
	path := filepath.Join(dir, "host.json")
	data, err := os.ReadFile(path)
	if err != nil {
		return app{}, fmt.Errorf("host.json: %w", err)
	}
	a, err := parseHostJSON(data)
	if err != nil {
		return app{}, fmt.Errorf("%s: %w", path, err)
	}
	a.dir = dir
	a.executable = expand(a.executable)
	a.workingDir = filepath.Join(dir, expand(a.workingDir))
	for i, arg := range a.arguments {
		a.arguments[i] = expand(arg)
		if strings.ContainsAny(a.arguments[i], " \t\"") || a.arguments[i] == "" {
			return app{}, fmt.Errorf(
				"%s: customHandler.description.arguments: %q would not reach the handler as one argument: the host "+
					"joins them with spaces",
				path,
				a.arguments[i],
			)
		}
	}
	return a, nil
}

func parseHostJSON(data []byte) (app, error) {
	var top map[string]json.RawMessage
	if err := json.Unmarshal(data, &top); err != nil {
		return app{}, err
	}
	for key := range top {
		if !slices.Contains(hostKeys, key) {
			return app{}, fmt.Errorf("unknown key %q", key)
		}
	}
	if string(top["version"]) != `"2.0"` {
		return app{}, fmt.Errorf("version: %s, want \"2.0\"", orNothing(top["version"]))
	}
	timeout, err := parseFunctionTimeout(top["functionTimeout"])
	if err != nil {
		return app{}, fmt.Errorf("functionTimeout: %w", err)
	}
	a, err := parseCustomHandler(top["customHandler"])
	if err != nil {
		return app{}, fmt.Errorf("customHandler: %w", err)
	}
	a.timeout = timeout
	return a, nil
}

func parseFunctionTimeout(raw json.RawMessage) (time.Duration, error) {
	if raw == nil {
		return defaultFunctionTimeout, nil
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return 0, fmt.Errorf("%s is not a string such as \"00:10:00\"", raw)
	}
	return readFunctionTimeout(text)
}

func readFunctionTimeout(text string) (time.Duration, error) {
	if text == "-1" {
		return 0, nil
	}
	timeout, err := parseTimeSpan(text)
	if err == nil && timeout < minFunctionTimeout {
		err = fmt.Errorf("%q is less than one second", text)
	}
	return timeout, err
}

func parseCustomHandler(raw json.RawMessage) (app, error) {
	var c customHandler
	if raw == nil {
		return app{}, errors.New("missing")
	}
	if err := unmarshalStrict(raw, &c); err != nil {
		return app{}, err
	}
	if c.Description == nil || c.Description.DefaultExecutablePath == "" {
		return app{}, errors.New("description.defaultExecutablePath: missing")
	}
	if c.Port < 0 || c.Port > 65535 {
		return app{}, fmt.Errorf("port: %d is not a port", c.Port)
	}
	a := app{
		executable:     c.Description.DefaultExecutablePath,
		arguments:      c.Description.Arguments,
		workingDir:     c.Description.WorkingDirectory,
		port:           c.Port,
		initialization: defaultInitializationTimeout,
		errorsOnly: c.Description.UseStdErrorStreamForErrorsOnly == nil ||
			*c.Description.UseStdErrorStreamForErrorsOnly,
	}
	if c.InitializationTimeout != nil {
		limit, err := parseTimeSpan(*c.InitializationTimeout)
		if err == nil && limit == 0 {
			err = errors.New("it is zero")
		}
		if err != nil {
			return app{}, fmt.Errorf("initializationTimeout: %w", err)
		}
		a.initialization = limit
	}
	return a, nil
}

// path returns the executable as it is started: a file of the app folder, or
// else a command to be looked up.
func (a app) path() string {
	inApp := filepath.Join(a.dir, a.executable)
	if _, err := os.Stat(inApp); err == nil && !filepath.IsAbs(a.executable) {
		return inApp
	}
	return a.executable
}

// choosePort returns the port that the handler must listen on, the same one
// for every handler of this host.
func (a app) choosePort() (int, error) {
	if a.port != 0 {
		return a.port, nil
	}
	var err error
	for range lastPort - firstPort {
		port := firstPort + (os.Getpid()*97+int(ports.Add(1)))%(lastPort-firstPort)
		l, listenErr := net.Listen("tcp4", "127.0.0.1:"+strconv.Itoa(port))
		if listenErr == nil {
			return port, l.Close()
		}
		err = listenErr
	}
	return 0, fmt.Errorf("free port: %w", err)
}

// Handlers' ports are not among those that the system gives to whoever asks for
// any: one of those could be taken while a handler starts or is replaced.
const firstPort, lastPort = 20_000, 30_000

// ports counts what this process has chosen; another process begins elsewhere.
var ports atomic.Uint32

var settingForm = regexp.MustCompile(`%([^%\s]+)%`)

// setting looks a name up as the host's configuration does.
func (h *Host) setting(name string) (string, bool) {
	if v, ok := h.cfg.Settings[name]; ok {
		return v, true
	}
	for _, pair := range slices.Backward(h.cfg.Environ) {
		if key, value, ok := strings.Cut(pair, "="); ok && key == name {
			return value, true
		}
	}
	return "", false
}

// expand replaces each %NAME% that is set, and leaves the rest as written.
func (h *Host) expand(text string) string {
	return settingForm.ReplaceAllStringFunc(text, func(match string) string {
		if v, ok := h.setting(strings.Trim(match, "%")); ok {
			return v
		}
		return match
	})
}

func unmarshalStrict(data []byte, v any) error {
	d := json.NewDecoder(strings.NewReader(string(data)))
	d.DisallowUnknownFields()
	return d.Decode(v)
}

func orNothing(raw json.RawMessage) string {
	if raw == nil {
		return "nothing"
	}
	return strconv.Quote(string(raw))
}
